//! From addresses to a connection: each address gets a share of the remaining time.

use std::{io, net::SocketAddr};

use tokio::{
    net::TcpStream,
    time::{Instant, timeout},
};

use super::Error;
use crate::{
    model::snapshot::{Failure, FailureKind},
    sys::error::is_own_shortage,
};

/// The first connection that succeeds. If none does: the most informative failure, with a detail that lists
/// every address.
pub(crate) async fn connect(addresses: &[SocketAddr], deadline: Instant) -> Result<TcpStream, Error> {
    let mut attempts: Vec<Failure> = Vec::new();
    let mut shortage = None;
    for (tried, &address) in addresses.iter().enumerate() {
        let left = deadline.saturating_duration_since(Instant::now());
        let share = left / u32::try_from(addresses.len().saturating_sub(tried)).unwrap_or(1).max(1);
        let (kind, detail) = match timeout(share, TcpStream::connect(address)).await {
            Ok(Ok(stream)) => return Ok(stream),
            Ok(Err(error)) if is_own_shortage(&error) => {
                shortage = Some(Error::own(format!("connecting to {address}"), &error));
                continue;
            }
            Ok(Err(error)) => classify(&error),
            Err(_) => (
                FailureKind::ConnectTimeout,
                format!("no answer to the connection request within {:.1} s", share.as_secs_f64()),
            ),
        };
        attempts.push(Failure { kind, address: Some(address), detail: format!("{address}: {detail}") });
    }
    if let Some(shortage) = shortage {
        return Err(shortage);
    }
    let detail = attempts.iter().map(|attempt| attempt.detail.as_str()).collect::<Vec<_>>().join("; ");
    let telling = attempts.into_iter().min_by_key(|attempt| rank(attempt.kind));
    Err(Error::Peer(match telling {
        Some(telling) => Failure { detail, ..telling },
        None => Failure {
            kind: FailureKind::Resolve,
            address: None,
            detail: "no address to connect to".to_owned(),
        },
    }))
}

/// Lower is more informative: a refusal proves that the host exists; an unreachable address family is often
/// just not configured.
fn rank(kind: FailureKind) -> u8 {
    match kind {
        FailureKind::Refused => 0,
        FailureKind::ConnectTimeout => 1,
        FailureKind::Unreachable
        | FailureKind::Resolve
        | FailureKind::NoResolver
        | FailureKind::Tls
        | FailureKind::CertificateUntrusted
        | FailureKind::CertificateExpired
        | FailureKind::ResponseTimeout
        | FailureKind::UnexpectedResponse
        | FailureKind::Proxy => 2,
    }
}

/// Errors of a connect, and what they mean for the endpoint.
const KNOWN: [(io::ErrorKind, FailureKind, &str); 6] = [
    (io::ErrorKind::ConnectionRefused, FailureKind::Refused, "connection refused"),
    (io::ErrorKind::ConnectionReset, FailureKind::Refused, "connection reset instead of accepted"),
    (
        io::ErrorKind::TimedOut,
        FailureKind::ConnectTimeout,
        "no answer to the connection request (the kernel gave up)",
    ),
    (
        io::ErrorKind::PermissionDenied,
        FailureKind::Unreachable,
        "the local kernel forbids the connection (a firewall rule of this host, or a security module)",
    ),
    (io::ErrorKind::HostUnreachable, FailureKind::Unreachable, "no route to host (or a firewall rejects it)"),
    (io::ErrorKind::NetworkUnreachable, FailureKind::Unreachable, "no route to the network"),
];

fn classify(error: &io::Error) -> (FailureKind, String) {
    KNOWN.iter().find(|(kind, ..)| *kind == error.kind()).map_or_else(
        || (FailureKind::Unreachable, error.to_string()),
        |(_, failure, words)| (*failure, (*words).to_owned()),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sys::testing;

    #[test]
    fn each_error_of_the_system_has_its_kind() {
        let kind = |errno| classify(&io::Error::from_raw_os_error(errno)).0;
        assert_eq!(kind(testing::REFUSED), FailureKind::Refused);
        assert_eq!(kind(testing::TIMED_OUT), FailureKind::ConnectTimeout);
        for errno in testing::UNREACHABLE {
            assert_eq!(kind(errno), FailureKind::Unreachable, "{errno}");
        }
    }
}
