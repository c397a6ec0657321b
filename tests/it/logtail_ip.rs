//! The address that Logtail reports: each way in which it can be wrong, and corrected.

use crate::support::{Host, fault, fault_at_start, layouts::*};

/// Expects what is shown of a Logtail that reports this address, and no finding once it reports the right one.
#[track_caller]
fn reports(host: &Host, ip: &str, config: Option<&str>, expected: &[&str]) {
    host.kill_all("ilogtail");
    host.start_logtail_at(ip);
    fault_at_start(host, config, expected, Host::restart_logtail);
}

#[test]
fn it_reports_an_address_that_the_group_does_not_have() {
    let host = Host::with_logtail();
    host.add_interface("eth1", "10.9.0.5/24");
    reports(&host, "10.9.0.5", Some(EXPECT_ALL), &["ip failing ip_not_first_interface(w) ip_not_in_group"]);
}

#[test]
fn it_reports_an_address_that_no_interface_has() {
    reports(&Host::with_logtail(), "172.16.2.99", None, &["ip failing ip_not_on_host"]);
}

#[test]
fn it_reports_no_address() {
    reports(&Host::with_logtail(), "", Some(EXPECT_ALL), &["ip failing ip_empty"]);
}

#[test]
fn it_reports_a_loopback_address() {
    reports(&Host::with_logtail(), "127.0.1.1", Some(EXPECT_ALL), &["ip failing ip_loopback"]);
}

#[test]
fn it_reports_the_address_of_a_virtual_interface() {
    let host = Host::with_logtail();
    host.add_interface("docker0", "172.17.0.1/16");
    reports(&host, "172.17.0.1", None, &["ip ok ip_on_virtual_interface(w)"]);
}

#[test]
fn its_record_was_edited() {
    let host = Host::with_logtail();
    let record = host.read(APP_INFO);
    let edit = |host: &Host| host.edit(APP_INFO, "\"ip\" : \"172.16.2.200\"", "\"ip\" : \"172.16.2.99\"");
    let undo = |host: &Host| host.write(APP_INFO, &record);
    fault(&host, None, edit, &["ip failing ip_not_on_host ip_record_edited(w)"], undo);
}

#[test]
fn its_record_is_missing() {
    let host = Host::with_logtail();
    let remove = |host: &Host| host.remove(APP_INFO);
    fault(&host, None, remove, &["ip failing ip_record_missing"], Host::restart_logtail);
}

#[test]
fn its_record_is_cut_off() {
    let host = Host::with_logtail();
    let cut = |host: &Host| host.write(APP_INFO, "{\n\t\"UUID\" : \"\",\n\t\"host");
    fault(&host, None, cut, &["ip failing ip_record_invalid"], Host::restart_logtail);
}

#[test]
fn working_ip_was_set_and_it_was_not_restarted() {
    let host = Host::with_logtail();
    let edit = |host: &Host| host.add_parameter(r#""working_ip" : "10.1.2.3""#);
    let undo = |host: &Host| host.write(CONFIG, CONFIG_TEXT);
    fault(&host, Some(EXPECT_ALL), edit, &["ip failing ip_differs_from_working_ip"], undo);
}

#[test]
fn the_hosts_file_binds_the_host_name_to_another_address() {
    let host = Host::with_logtail();
    let hosts = host.read("/etc/hosts");
    let bind = |host: &Host| host.write("/etc/hosts", format!("{hosts}10.9.9.9 web-1\n"));
    let undo = |host: &Host| host.write("/etc/hosts", &hosts);
    fault(
        &host,
        None,
        bind,
        &["ip failing hosts_binding_not_on_host(w) ip_differs_from_hosts_binding"],
        undo,
    );
}

#[test]
fn the_machines_address_changed() {
    let host = Host::with_logtail();
    let undo = |host: &Host| {
        host.ip("address add 172.16.2.200/24 dev eth0");
        host.ip("address del 172.16.2.201/23 dev eth0");
        host.ip("route replace default via 172.16.2.1");
    };
    fault(&host, Some(EXPECT_ALL), Host::change_address, &["ip failing ip_not_on_host"], undo);
}

#[test]
fn the_machine_has_no_address() {
    let host = Host::with_logtail();
    host.kill_all("ilogtail");
    host.ip("address del 172.16.2.200/24 dev eth0");
    host.start_logtail_at("");
    let expected = ["clock unknown", "ip failing ip_missing", "network failing network_unreachable"];
    fault_at_start(&host, None, &expected, |host| {
        host.ip("address add 172.16.2.200/24 dev eth0");
        host.ip("route add default via 172.16.2.1");
        host.restart_logtail();
    });
}
