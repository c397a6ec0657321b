//! `network`: every endpoint answers as the document says.

use std::{
    net::IpAddr,
    time::{Duration, SystemTime},
};

use crate::{
    catalog::network::{
        ADMIN_ENDPOINT_UNREACHABLE, CAUSES, CERTIFICATE_EXPIRED, CERTIFICATE_EXPIRING, CERTIFICATE_UNTRUSTED,
        CONNECTION_REFUSED, CONNECTION_TIMEOUT, DNS_FAILURE, HTTPS_UNREACHABLE,
        INTRANET_ENDPOINT_UNREACHABLE, NETWORK_UNREACHABLE, RESPONSE_TIMEOUT, TLS_FAILURE,
        UNEXPECTED_RESPONSE,
    },
    model::{
        Cause, NetworkType, Purpose, Reading, Severity,
        snapshot::{EndpointFact, Failure, FailureKind, Probe, Scheme},
    },
};

use super::{
    check::Context,
    findings::{Finding, Findings, Undecided},
    startup_parameters, timestamp,
};

/// A certificate that ends this soon is a warning (DESIGN contract: 14 days).
const EXPIRING: Duration = Duration::from_secs(14 * 24 * 3600);

/// The rule.
pub(super) fn judge(context: &Context<'_>) -> Option<Findings> {
    let mut findings = Findings::new();
    if let Some(why) = startup_parameters::unread(context) {
        findings.all_undecided(CAUSES, why);
    }
    for fact in &context.agent.endpoints {
        match &fact.probe {
            Reading::Known(probe) => endpoint(context, fact, probe, &mut findings),
            Reading::Unknown(why) => {
                let only_admin = fact.endpoint.purpose == Purpose::Admin;
                for cause in
                    CAUSES.iter().filter(|cause| (**cause == &ADMIN_ENDPOINT_UNREACHABLE) == only_admin)
                {
                    findings.undecided.push(Undecided {
                        cause,
                        subject: Some(fact.endpoint.url.clone()),
                        why: why.clone(),
                    });
                }
            }
        }
    }
    Some(findings)
}

fn endpoint(context: &Context<'_>, fact: &EndpointFact, probe: &Probe, findings: &mut Findings) {
    let endpoint = &fact.endpoint;
    let about = |cause: &'static Cause| {
        Finding::of(cause).about(&endpoint.url).keys(endpoint.parameter.as_deref()).seen(
            "url",
            &endpoint.url,
            &endpoint.from,
        )
    };
    if let Some(certificate) = &probe.certificate
        && let Ok(left) = certificate.not_after.duration_since(context.snapshot.taken_at)
        && left <= EXPIRING
        && certificate_is_accepted(probe)
    {
        findings.add(about(&CERTIFICATE_EXPIRING).seen(
            "not_after",
            timestamp(certificate.not_after),
            "the server's certificate",
        ));
    }
    let Err(failure) = &probe.outcome else { return };
    let cause = cause(context, fact, probe, failure);
    let mut finding = about(cause).seen("failure", &failure.detail, where_it_failed(probe, failure));
    if let Some(assumed) = &probe.assumed {
        finding = finding.seen("assumed", assumed, "the exporter's probe");
    }
    findings.add(finding);
}

/// True unless the certificate itself is what is wrong: that is a cause of its own.
fn certificate_is_accepted(probe: &Probe) -> bool {
    let refused = [FailureKind::CertificateUntrusted, FailureKind::CertificateExpired, FailureKind::Tls];
    probe.outcome.as_ref().err().is_none_or(|failure| !refused.contains(&failure.kind))
}

fn where_it_failed(probe: &Probe, failure: &Failure) -> String {
    let target = match (failure.address, failure.kind) {
        (Some(address), _) => address.to_string(),
        (None, FailureKind::Resolve) => "the system's resolver".to_owned(),
        (None, _) => "the exporter's probe".to_owned(),
    };
    match &probe.proxy {
        Some((proxy, variable)) => format!("{target}, through the proxy {proxy} of {variable}"),
        None => target,
    }
}

fn cause(context: &Context<'_>, fact: &EndpointFact, probe: &Probe, failure: &Failure) -> &'static Cause {
    if fact.endpoint.purpose == Purpose::Admin {
        return &ADMIN_ENDPOINT_UNREACHABLE;
    }
    let not_connected =
        matches!(failure.kind, FailureKind::Refused | FailureKind::ConnectTimeout | FailureKind::Unreachable);
    let https_of_config_server =
        fact.endpoint.scheme == Scheme::Https && fact.endpoint.purpose == Purpose::ConfigServer;
    if not_connected && https_of_config_server && answers_by_http(context, fact) {
        return &HTTPS_UNREACHABLE;
    }
    let no_way = matches!(failure.kind, FailureKind::ConnectTimeout | FailureKind::Unreachable);
    if no_way && evidently_outside(context, fact, probe) {
        return &INTRANET_ENDPOINT_UNREACHABLE;
    }
    match failure.kind {
        FailureKind::Resolve => &DNS_FAILURE,
        FailureKind::Refused => &CONNECTION_REFUSED,
        FailureKind::ConnectTimeout => &CONNECTION_TIMEOUT,
        FailureKind::Unreachable => &NETWORK_UNREACHABLE,
        FailureKind::Tls => &TLS_FAILURE,
        FailureKind::CertificateUntrusted => &CERTIFICATE_UNTRUSTED,
        FailureKind::CertificateExpired => &CERTIFICATE_EXPIRED,
        FailureKind::ResponseTimeout => &RESPONSE_TIMEOUT,
        FailureKind::UnexpectedResponse | FailureKind::Proxy => &UNEXPECTED_RESPONSE,
    }
}

fn answers_by_http(context: &Context<'_>, https: &EndpointFact) -> bool {
    context.agent.endpoints.iter().any(|other| {
        other.endpoint.scheme == Scheme::Http
            && other.endpoint.purpose == https.endpoint.purpose
            && other.endpoint.host == https.endpoint.host
            && other.probe.known().is_some_and(|probe| probe.outcome.is_ok())
    })
}

/// An internal endpoint resolves to the cloud's own address ranges from anywhere, but answers only inside. The host is
/// evidently outside if no internal endpoint of the agent gets as far as a connection, all of them resolve to such ranges,
/// and the machine is not known to be one of that cloud.
fn evidently_outside(context: &Context<'_>, fact: &EndpointFact, probe: &Probe) -> bool {
    let internal = |fact: &EndpointFact| {
        context.profile.classify_host(&fact.endpoint.host).network == Some(NetworkType::Intranet)
    };
    if !internal(fact) || probe.proxy.is_some() || is_cloud_instance(context) {
        return false;
    }
    context.agent.endpoints.iter().filter(|other| internal(other)).all(|other| {
        other.probe.known().is_some_and(|probe| {
            probe.phases.connect.is_none()
                && !probe.addresses.is_empty()
                && probe.addresses.iter().all(|address| is_cloud_internal(*address))
        })
    })
}

fn is_cloud_instance(context: &Context<'_>) -> bool {
    context
        .snapshot
        .host
        .product
        .known()
        .is_some_and(|product| product.contains("Alibaba Cloud") || product.contains("Tencent Cloud"))
}

/// RFC 6598 (Alibaba Cloud's internal service addresses) and link-local (Tencent Cloud's).
fn is_cloud_internal(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => {
            let [first, second, ..] = v4.octets();
            (first == 100 && (64..128).contains(&second)) || v4.is_link_local()
        }
        IpAddr::V6(_) => false,
    }
}

/// True if a certificate that the local clock finds expired is valid at this time: then the clock is the cause.
pub(super) fn valid_at(probe: &Probe, time: SystemTime) -> bool {
    probe
        .certificate
        .as_ref()
        .is_some_and(|certificate| certificate.not_before <= time && time <= certificate.not_after)
}

/// Causes that a wrong clock brings about.
pub(super) fn depends_on_clock(cause: &'static Cause) -> bool {
    cause == &CERTIFICATE_EXPIRED || cause == &CERTIFICATE_UNTRUSTED
}

/// True for every cause of this prerequisite of at most this severity that a fault of a startup parameter explains.
pub(super) fn explained_by_parameters(cause: &'static Cause, severity: Severity) -> bool {
    CAUSES.contains(&cause) && cause != &CERTIFICATE_EXPIRING && severity <= Severity::Critical
}
