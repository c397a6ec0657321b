//! `network`: every endpoint gives the documented answer.

use std::{
    collections::BTreeMap,
    net::IpAddr,
    time::{Duration, SystemTime},
};

use crate::{
    catalog::{
        family,
        network::{
            ADMIN_ENDPOINT_UNREACHABLE, CERTIFICATE_EXPIRED, CERTIFICATE_EXPIRING, CERTIFICATE_UNTRUSTED,
            CONNECTION_REFUSED, CONNECTION_TIMEOUT, DNS_FAILURE, HTTPS_UNREACHABLE,
            INTRANET_ENDPOINT_UNREACHABLE, NETWORK_UNREACHABLE, PROXY_UNREACHABLE, RESOLVER_FAILURE,
            RESPONSE_TIMEOUT, SERVER_REJECTS, TLS_FAILURE, UNEXPECTED_RESPONSE,
        },
    },
    evaluate::{
        context::Context,
        derived::{self, endpoints_of},
        engine::findings::{Finding, Findings, Outcome},
        words::list,
    },
    model::{
        Cause, NetworkType, Prerequisite, Purpose, Reading, Reason, Why,
        report::NotEvaluated,
        snapshot::{EndpointFact, Failure, FailureKind, Probe, Scheme},
        time::rfc3339,
    },
};

use super::{own_words, server::tie};

/// A certificate that ends this soon is a warning (contract: 14 days).
const EXPIRING: Duration = Duration::from_secs(14 * 24 * 3600);

/// The rule.
pub(super) fn judge(context: &Context<'_>) -> Outcome {
    let wanted = endpoints_of(context.profile, context.settings, context.agent, context.derived);
    let unread = match &wanted {
        Reading::Known(wanted) if !wanted.is_empty() => None,
        Reading::Known(_) if needs_endpoints(context) => {
            let detail = "no endpoint is known: neither the agent's config nor an expectation names one";
            Some(Why::new(Reason::NoSource, "endpoints", detail))
        }
        Reading::Known(_) => return Outcome::Not(NotEvaluated::NoEndpoint),
        Reading::Unknown(why) if needs_endpoints(context) => Some(why.clone()),
        // It is unknown even whether endpoints are needed.
        Reading::Unknown(why) => return Outcome::Not(NotEvaluated::Undecided(why.clone())),
    };
    let mut findings = Findings::of(Prerequisite::Network);
    for cause in family(Prerequisite::Network).iter().copied() {
        if cause == &SERVER_REJECTS {
            // The answers that the agent received do not depend on which endpoints are known.
            findings.judge(cause, || own_words::server_rejects(context));
            continue;
        }
        if cause == &RESOLVER_FAILURE {
            findings.judge(cause, || resolver_failure(context));
        } else if cause == &PROXY_UNREACHABLE {
            proxies(context, &mut findings);
        } else {
            let verdict = |fact| (url(fact), of_endpoint(context, cause, fact));
            findings.judge_each(cause, context.agent.endpoints.iter().map(verdict));
        }
        if let Some(why) = &unread {
            findings.leave_open(cause, why);
        }
    }
    Outcome::Judged(findings)
}

fn needs_endpoints(context: &Context<'_>) -> bool {
    context.derived.edition.known().is_some_and(|edition| context.profile.needs_endpoints(edition))
}

fn url(fact: &EndpointFact) -> String {
    fact.endpoint.url.clone()
}

/// The probe, if it took the agent's route: without the agent's environment its proxy is not known. A TCP
/// probe never goes through one.
fn probe_of<'a>(context: &Context<'a>, fact: &'a EndpointFact) -> Result<&'a Probe, Why> {
    if fact.endpoint.scheme != Scheme::Tcp {
        derived::proxies(context.agent).as_result()?;
    }
    Ok(fact.probe.as_result()?)
}

/// The ruling of one cause on one endpoint.
fn of_endpoint(
    context: &Context<'_>,
    cause: &'static Cause,
    fact: &EndpointFact,
) -> Result<Option<Finding>, Why> {
    let admin = fact.endpoint.purpose == Purpose::Admin;
    // Any failure of the self-monitoring project's endpoint is only this one warning.
    if admin != (cause == &ADMIN_ENDPOINT_UNREACHABLE) && cause != &CERTIFICATE_EXPIRING {
        return Ok(None);
    }
    let probe = probe_of(context, fact)?;
    if cause == &CERTIFICATE_EXPIRING {
        return Ok(expiring(context, fact, probe));
    }
    let Err(failure) = &probe.outcome else { return Ok(None) };
    let found = if admin { &ADMIN_ENDPOINT_UNREACHABLE } else { cause_of(context, fact, probe, failure)? };
    Ok((found == cause).then(|| failed(context, found, fact, probe, failure)))
}

fn about(cause: &'static Cause, fact: &EndpointFact) -> Finding {
    let endpoint = &fact.endpoint;
    let finding = Finding::of(cause).depends_on(endpoint.parameter.as_deref().map(tie));
    finding.seen("url", &endpoint.url, &endpoint.from)
}

fn failed(
    context: &Context<'_>,
    cause: &'static Cause,
    fact: &EndpointFact,
    probe: &Probe,
    failure: &Failure,
) -> Finding {
    let mut finding = about(cause, fact).seen("failure", &failure.detail, where_it_failed(probe, failure));
    if let Some((proxy, _)) = &probe.proxy {
        finding = finding.depends_on([format!("proxy {proxy}")]);
    }
    if is_loopback(&fact.endpoint.host) {
        finding = finding.depends_on(["loopback".to_owned()]);
    }
    // The self-monitoring project is a host below the data server: what blocks one blocks the other.
    let as_data_server = format!("data server: {:?}", failure.kind);
    match fact.endpoint.purpose {
        Purpose::DataServer => finding.explains([as_data_server]),
        Purpose::Admin if has_data_server(context) => finding.depends_on([as_data_server]),
        Purpose::Admin | Purpose::ConfigServer | Purpose::Project | Purpose::Custom => finding,
    }
}

fn has_data_server(context: &Context<'_>) -> bool {
    context.agent.endpoints.iter().any(|fact| fact.endpoint.purpose == Purpose::DataServer)
}

fn is_loopback(host: &str) -> bool {
    host == "localhost" || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

fn expiring(context: &Context<'_>, fact: &EndpointFact, probe: &Probe) -> Option<Finding> {
    let certificate = probe.certificate.as_ref().filter(|_| certificate_is_accepted(probe))?;
    let left = certificate.not_after.duration_since(context.snapshot.taken_at).ok()?;
    (left <= EXPIRING && fact.endpoint.purpose != Purpose::Admin).then(|| {
        let not_after = rfc3339(certificate.not_after);
        about(&CERTIFICATE_EXPIRING, fact).seen("not_after", not_after, "the server's certificate")
    })
}

/// True unless the certificate itself is at fault: that is a separate cause.
fn certificate_is_accepted(probe: &Probe) -> bool {
    let refused = [FailureKind::CertificateUntrusted, FailureKind::CertificateExpired, FailureKind::Tls];
    probe.outcome.as_ref().err().is_none_or(|failure| !refused.contains(&failure.kind))
}

fn where_it_failed(probe: &Probe, failure: &Failure) -> String {
    let target = match (failure.address, failure.kind) {
        (Some(address), _) => address.to_string(),
        (None, FailureKind::Resolve | FailureKind::NoResolver) => "the system's resolver".to_owned(),
        (None, _) => "the exporter's probe".to_owned(),
    };
    match &probe.proxy {
        Some((proxy, variable)) => format!("{target}, through the proxy {proxy} of {variable}"),
        None => target,
    }
}

fn cause_of(
    context: &Context<'_>,
    fact: &EndpointFact,
    probe: &Probe,
    failure: &Failure,
) -> Result<&'static Cause, Why> {
    let not_connected =
        matches!(failure.kind, FailureKind::Refused | FailureKind::ConnectTimeout | FailureKind::Unreachable);
    let https_of_config_server =
        fact.endpoint.scheme == Scheme::Https && fact.endpoint.purpose == Purpose::ConfigServer;
    if not_connected && https_of_config_server && answers_by_http(context, fact)? {
        return Ok(&HTTPS_UNREACHABLE);
    }
    let no_way = matches!(failure.kind, FailureKind::ConnectTimeout | FailureKind::Unreachable);
    if no_way && evidently_outside(context, fact, probe)? {
        return Ok(&INTRANET_ENDPOINT_UNREACHABLE);
    }
    Ok(match failure.kind {
        FailureKind::Resolve | FailureKind::NoResolver => &DNS_FAILURE,
        FailureKind::Refused => &CONNECTION_REFUSED,
        FailureKind::ConnectTimeout => &CONNECTION_TIMEOUT,
        FailureKind::Unreachable => &NETWORK_UNREACHABLE,
        FailureKind::Tls => &TLS_FAILURE,
        FailureKind::CertificateUntrusted => &CERTIFICATE_UNTRUSTED,
        FailureKind::CertificateExpired => &CERTIFICATE_EXPIRED,
        FailureKind::ResponseTimeout => &RESPONSE_TIMEOUT,
        FailureKind::UnexpectedResponse | FailureKind::Proxy => &UNEXPECTED_RESPONSE,
    })
}

fn answers_by_http(context: &Context<'_>, https: &EndpointFact) -> Result<bool, Why> {
    let plain = context.agent.endpoints.iter().filter(|other| {
        other.endpoint.scheme == Scheme::Http
            && other.endpoint.purpose == https.endpoint.purpose
            && other.endpoint.host == https.endpoint.host
    });
    for other in plain {
        if other.probe.as_result()?.outcome.is_ok() {
            return Ok(true);
        }
    }
    Ok(false)
}

/// An internal endpoint resolves to the cloud's address ranges from anywhere, but answers only inside the
/// cloud. The host is evidently outside if no internal endpoint of the agent gets as far as a connection, all
/// of them resolve to such ranges, and the machine is not known to be one of that cloud.
fn evidently_outside(context: &Context<'_>, fact: &EndpointFact, probe: &Probe) -> Result<bool, Why> {
    let internal = |fact: &EndpointFact| {
        context.profile.classify_host(&fact.endpoint.host).network == Some(NetworkType::Intranet)
    };
    if !internal(fact) || probe.proxy.is_some() {
        return Ok(false);
    }
    for other in context.agent.endpoints.iter().filter(|other| internal(other)) {
        let probe = other.probe.as_result()?;
        let kept_out = probe.phases.connect.is_none()
            && !probe.addresses.is_empty()
            && probe.addresses.iter().all(|address| is_cloud_internal(*address));
        if !kept_out {
            return Ok(false);
        }
    }
    Ok(!context.profile.is_instance(context.place.product.as_result()?))
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

/// No name resolves at all, and the reason is that no resolver answers: an answer that a name does not exist
/// proves that one does.
fn resolver_failure(context: &Context<'_>) -> Result<Option<Finding>, Why> {
    let named = |fact: &&EndpointFact| fact.endpoint.host.parse::<IpAddr>().is_err();
    let mut failed: BTreeMap<&str, &Failure> = BTreeMap::new();
    for fact in context.agent.endpoints.iter().filter(named) {
        match &probe_of(context, fact)?.outcome {
            Err(failure) if failure.kind == FailureKind::NoResolver => {
                failed.insert(&fact.endpoint.host, failure);
            }
            Ok(()) | Err(_) => return Ok(None),
        }
    }
    let Some((_, failure)) = failed.first_key_value() else { return Ok(None) };
    Ok(Some(Finding::of(&RESOLVER_FAILURE).seen("names", list(failed.keys()), "the agent's endpoints").seen(
        "failure",
        &failure.detail,
        "the system's resolver",
    )))
}

/// Proxies that do not answer, each with the endpoints behind it.
fn proxies(context: &Context<'_>, findings: &mut Findings) {
    let mut failures: BTreeMap<&str, Option<Finding>> = BTreeMap::new();
    let mut unread = None;
    for fact in &context.agent.endpoints {
        let probe = match probe_of(context, fact) {
            Ok(probe) => probe,
            // The proxy of this endpoint is not known.
            Err(why) => {
                unread = unread.or(Some(why));
                continue;
            }
        };
        let Some((proxy, variable)) = &probe.proxy else { continue };
        let found = failures.entry(proxy).or_default();
        if let (Err(failure), None) = (&probe.outcome, &found) {
            *found = proxy_failure(proxy, variable, probe, failure);
        }
    }
    let verdicts = failures.into_iter().map(|(proxy, finding)| (proxy.to_owned(), Ok(finding)));
    findings.judge_each(&PROXY_UNREACHABLE, verdicts);
    if let Some(why) = unread {
        findings.leave_open(&PROXY_UNREACHABLE, &why);
    }
}

fn proxy_failure(proxy: &str, variable: &str, probe: &Probe, failure: &Failure) -> Option<Finding> {
    let unanswered = match failure.kind {
        FailureKind::Resolve
        | FailureKind::NoResolver
        | FailureKind::Refused
        | FailureKind::ConnectTimeout
        | FailureKind::Unreachable
        | FailureKind::Proxy => probe.phases.connect.is_none(),
        FailureKind::Tls
        | FailureKind::CertificateUntrusted
        | FailureKind::CertificateExpired
        | FailureKind::ResponseTimeout
        | FailureKind::UnexpectedResponse => false,
    };
    unanswered.then(|| {
        Finding::of(&PROXY_UNREACHABLE)
            .explains([format!("proxy {proxy}")])
            .seen("proxy", proxy, format!("environment {variable}"))
            .seen("failure", &failure.detail, where_it_failed(probe, failure))
    })
}

/// True if a certificate that has expired by the local clock is valid at this time: then the clock is the cause.
pub(in crate::evaluate) fn valid_at(probe: &Probe, time: SystemTime) -> bool {
    probe
        .certificate
        .as_ref()
        .is_some_and(|certificate| certificate.not_before <= time && time <= certificate.not_after)
}
