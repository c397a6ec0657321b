//! States of `network` and `clock`.

use super::{Case, by, commands::UNSYNCHRONIZED};
use crate::{
    custom,
    support::{Answer, Certificate, Host, layouts::*},
};

const PROXY: &str = "203.0.113.40:3128";

fn forget(host: &Host) {
    host.edit("/etc/hosts", "100.115.4.11 ", "# 100.115.4.11 ");
}

fn remember(host: &Host) {
    host.edit("/etc/hosts", "# 100.115.4.11 ", "100.115.4.11 ");
}

pub(super) fn cases() -> Vec<Case> {
    let mut cases = ways();
    cases.extend(answers());
    cases.extend(clocks());
    cases
}

fn ways() -> Vec<Case> {
    let logtail = |cause, state| Case::of(cause, state, Host::with_logtail);
    vec![
        Case {
            provoke: |host, _| forget(host),
            people: by("the name is made known", remember),
            ..logtail("dns_failure", "the name of the data server is unknown")
        },
        Case {
            provoke: |host, _| {
                host.write("/etc/nsswitch.conf", "hosts: files dns\n");
                // Nothing listens there.
                host.write("/etc/resolv.conf", "nameserver 127.0.0.1\n");
                host.rename("/etc/hosts", "/etc/hosts.lost");
            },
            people: by("the name server is repaired", |host| host.rename("/etc/hosts.lost", "/etc/hosts")),
            ..logtail("resolver_failure", "no name server answers")
        },
        Case {
            provoke: |host, _| {
                host.add_site("203.0.113.40", &["proxy.example.com"]);
                host.restart_logtail_with(&[
                    ("HTTP_PROXY", "http://203.0.113.40:3128"),
                    ("STAND_IN_VERSION", "logtail_version=1.5.1"),
                ]);
            },
            people: by("the proxy is started", |host| host.serve(PROXY, Answer::LogService)),
            ..logtail("proxy_unreachable", "the proxy in the environment of Logtail is down")
        },
        Case {
            provoke: |host, _| host.refuse(DATA),
            people: by("the server is started", |host| host.serve(DATA, Answer::LogService)),
            ..logtail("connection_refused", "the data server is down")
        },
        Case {
            provoke: |host, _| host.refuse(CLS),
            people: by("the server is started", |host| host.serve(CLS, Answer::Status(404))),
            ..Case::of("connection_refused", "the server of LogListener is down", Host::with_loglistener)
        },
        Case {
            provoke: |host, _| host.block(DATA),
            people: by("the firewall lets them pass", Host::unblock),
            ..logtail("connection_timeout", "a firewall drops packets to the data server")
        },
        Case {
            provoke: |host, _| host.ip("route add unreachable 100.115.4.11"),
            people: by("the route is added", |host| host.ip("route del unreachable 100.115.4.11")),
            ..logtail("network_unreachable", "there is no route to the data server")
        },
        Case {
            provoke: |host, _| host.block(CONFIG_HTTPS),
            people: by("the firewall lets them pass", Host::unblock),
            ..logtail("https_unreachable", "a firewall drops packets to port 443")
        },
        Case {
            provoke: |host, _| {
                host.write("/sys/class/dmi/id/sys_vendor", "Dell Inc.\n");
                host.write("/sys/class/dmi/id/product_name", "PowerEdge R740\n");
                host.ip("-n internet rule add pref 10 to 100.115.4.0/24 blackhole");
                host.add_site(
                    "203.0.113.10",
                    &["logtail.cn-hangzhou.log.aliyuncs.com", "cn-hangzhou.log.aliyuncs.com"],
                );
                host.serve("203.0.113.10:80", Answer::LogService);
            },
            ..logtail("intranet_endpoint_unreachable", "a host outside of the cloud has internal addresses")
        },
        Case {
            provoke: |host, _| host.refuse(ADMIN),
            people: by("the project answers again", |host| host.serve(ADMIN, Answer::LogService)),
            ..logtail("admin_endpoint_unreachable", "the project of self-monitoring is down")
        },
    ]
}

fn answers() -> Vec<Case> {
    let logtail = |cause, state| Case::of(cause, state, Host::with_logtail);
    vec![
        Case {
            provoke: |host, _| host.serve(CONFIG_HTTPS, Answer::LogService),
            people: by("the server is repaired", |host| host.serve_config_https(Certificate::Good)),
            ..logtail("tls_failure", "plain HTTP answers on port 443")
        },
        Case {
            provoke: |host, _| host.serve_config_https(Certificate::SelfSigned),
            people: by("a certificate of a known authority is installed there", |host| {
                host.serve_config_https(Certificate::Good);
            }),
            ..logtail("certificate_untrusted", "the certificate is self-signed")
        },
        Case {
            provoke: |host, _| host.serve_config_https(Certificate::Expired),
            people: by("the certificate is renewed there", |host| host.serve_config_https(Certificate::Good)),
            ..logtail("certificate_expired", "the certificate has expired")
        },
        Case {
            provoke: |host, _| host.serve_config_https(Certificate::Expiring),
            people: by("the certificate is renewed there", |host| host.serve_config_https(Certificate::Good)),
            ..logtail("certificate_expiring", "the certificate expires within 14 days")
        },
        Case {
            provoke: |host, _| host.serve(DATA, Answer::Silence),
            people: by("the server is repaired", |host| host.serve(DATA, Answer::LogService)),
            ..logtail("response_timeout", "the data server accepts connections and does not answer")
        },
        Case {
            provoke: |host, _| host.serve(DATA, Answer::Portal),
            people: by("the server is repaired", |host| host.serve(DATA, Answer::LogService)),
            ..logtail("unexpected_response", "a login portal answers")
        },
        Case {
            config: Some(custom::EXPECT),
            provoke: |host, _| custom::answer(host, 503),
            people: by("the server is repaired", |host| custom::answer(host, 200)),
            ..Case::of("unexpected_response", "the endpoint of a custom agent fails", custom::with_fluent_bit)
        },
    ]
}

/// Seconds after boot from which on a jump of the clock is no longer part of booting.
const UPTIME: i64 = 200;

fn clocks() -> Vec<Case> {
    let logtail = |cause, state| Case::of(cause, state, Host::with_logtail);
    vec![
        Case {
            provoke: |host, _| host.set_services_ahead(1200),
            not: &["enable_log_time_auto_adjust"],
            ..logtail("clock_skewed", "the clock is off by twenty minutes")
        },
        Case {
            provoke: |host, _| host.set_services_ahead(-120),
            ..logtail("clock_offset_high", "the clock is off by two minutes")
        },
        Case {
            config: Some("agents: [{ kind: logtail, expect: { region: cn-hangzhou } }]"),
            provoke: |host, _| {
                host.add_parameter(r#""enable_log_time_auto_adjust" : true"#);
                host.restart_logtail();
                host.set_services_ahead(1200);
            },
            not: &["ignore"],
            ..logtail(
                "clock_skewed_adjusted",
                "the clock is off by twenty minutes, and Logtail adjusts for it",
            )
        },
        Case {
            provoke: |host, _| host.step_exporters_clock(-37),
            people: by("ten minutes pass", |host| host.passed(UPTIME + 660)),
            ..Case::of("clock_stepped", "the clock has jumped back by 37 seconds", || {
                let host = Host::with_logtail();
                host.make_time_pass();
                host.passed(UPTIME);
                host
            })
        },
        Case {
            provoke: |host, _| {
                host.write(UNSYNCHRONIZED, "");
                host.kernels_clock_is(false);
            },
            ..Case::of(
                "clock_unsynchronized",
                "the kernel's clock is not synchronized, and no endpoint returns a date",
                || {
                    let host = Host::with_loglistener();
                    host.serve(CLS, Answer::Silence);
                    host.make_time_pass();
                    host.kernels_clock_is(true);
                    host
                },
            )
        },
    ]
}
