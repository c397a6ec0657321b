//! A configured NTP server's time.

use std::{
    io,
    net::{Ipv4Addr, Ipv6Addr, SocketAddr},
    time::{Duration, UNIX_EPOCH},
};

use rsntp::{AsyncSntpClient, Config, ProtocolError, SynchronizationError, SynchronizationResult};
use tokio::time::Instant;

use crate::{
    model::{
        Reason, Why,
        authority::Authority,
        snapshot::{ClockReference, ClockSource, DateReference},
        text::quoted,
    },
    net::{Error, resolve::Resolver},
    observe::time::{self, Now},
};

/// The port for a server address without one.
const PORT: u16 = 123;

/// How far a synchronized server may itself be off. The client library does not return its root dispersion; public and
/// cloud servers stay far below this, and the thresholds in use are a minute and more.
const SERVER_ERROR: f64 = 0.1;

/// A wall clock that moved by more than this against the boot clock during the exchange was stepped, not slewed.
const LARGEST_SLEW: f64 = 0.01;

/// The meaning of timestamps of zero and of all ones: the start of NTP's second era, 2036-02-07 06:28:16 UTC. A server
/// whose clock really shows this time is not trusted for two seconds.
const NEVER_SET: f64 = 2_085_978_496.0;

/// A local clock beyond 2100 cannot be compared with an NTP timestamp of the second era.
const LATEST_COMPARABLE: u64 = 4_102_444_800;

/// One answer of an NTP server, tied to the boot clock.
#[derive(Debug, Clone, PartialEq)]
pub struct ClockSample {
    /// The server, as configured.
    pub server: String,
    /// The interval of (server wall clock − boot clock): half the round trip plus the server's own error to either
    /// side.
    pub reference: DateReference,
    /// The server's distance from a reference clock.
    pub stratum: u8,
}

impl ClockSample {
    /// The local clock's offset at a time with this (wall clock − boot clock), in seconds.
    pub fn clock_reference(&self, wall_minus_boot: f64) -> ClockReference {
        time::clock_reference(ClockSource::Ntp, self.server.clone(), &self.reference, wall_minus_boot)
    }
}

/// Asks `server` (`host[:port]`), trying its addresses in turn until one answers.
pub(super) async fn ask(resolver: &Resolver, server: &str, deadline: Instant) -> Result<ClockSample, Why> {
    let fact = || format!("NTP server {server}");
    let why = |reason, detail: String| Why::new(reason, fact(), detail);
    let Some(Authority { host, port }) = Authority::parse_lenient(server) else {
        return Err(why(Reason::Failed, format!("{} is not of the form host:port", quoted(server))));
    };
    let addresses = match resolver.resolve(&host, port.unwrap_or(PORT), deadline).await {
        Ok(addresses) => addresses,
        Err(Error::Peer(failure)) => return Err(why(Reason::Failed, failure.detail)),
        Err(Error::Own(own)) => return Err(Why { fact: fact(), ..own }),
    };
    let mut problems = Vec::new();
    let mut reason = Reason::Failed;
    for (tried, address) in addresses.iter().enumerate() {
        let left = deadline.saturating_duration_since(Instant::now());
        let share = left / u32::try_from(addresses.len().saturating_sub(tried)).unwrap_or(1).max(1);
        match query(*address, share).await {
            Ok((reference, stratum)) => {
                return Ok(ClockSample { server: server.to_owned(), reference, stratum });
            }
            Err((kind, detail)) => {
                reason = kind;
                problems.push(format!("{address}: {detail}"));
            }
        }
    }
    Err(why(reason, problems.join("; ")))
}

async fn query(address: SocketAddr, share: Duration) -> Result<(DateReference, u8), (Reason, String)> {
    let before = time::now();
    if before.wall.duration_since(UNIX_EPOCH).is_ok_and(|since| since.as_secs() < LATEST_COMPARABLE) {
        let local: SocketAddr = match address {
            SocketAddr::V4(_) => (Ipv4Addr::UNSPECIFIED, 0).into(),
            SocketAddr::V6(_) => (Ipv6Addr::UNSPECIFIED, 0).into(),
        };
        let config = Config::default().bind_address(local).timeout(share);
        let answer = AsyncSntpClient::with_config(config).synchronize(address).await;
        interpret(before, time::now(), &answer.map_err(describe)?)
    } else {
        Err((Reason::Failed, "the local clock is too far off to compare it by NTP".to_owned()))
    }
}

fn interpret(
    before: Now,
    after: Now,
    answer: &SynchronizationResult,
) -> Result<(DateReference, u8), (Reason, String)> {
    let elapsed = after.boot.saturating_sub(before.boot).as_secs_f64();
    let (offset, delay) = (answer.clock_offset().as_secs_f64(), answer.round_trip_delay().as_secs_f64());
    if (after.wall_minus_boot() - before.wall_minus_boot()).abs() > LARGEST_SLEW {
        return Err((Reason::Contradictory, "the local clock was stepped during the exchange".to_owned()));
    }
    if !offset.is_finite() || !(-LARGEST_SLEW..=elapsed + LARGEST_SLEW).contains(&delay) {
        return Err((Reason::Failed, "the answer's times contradict each other".to_owned()));
    }
    let middle = after.wall_minus_boot() + offset;
    if (middle + after.boot.as_secs_f64() - NEVER_SET).abs() <= 1.0 {
        return Err((
            Reason::Failed,
            "the server returned a time of zero: its clock was never set".to_owned(),
        ));
    }
    let half_width = delay.max(0.0) / 2.0 + SERVER_ERROR;
    let reference = DateReference { low: middle - half_width, high: middle + half_width, taken: after.boot };
    Ok((reference, answer.stratum()))
}

fn describe(error: SynchronizationError) -> (Reason, String) {
    match error {
        SynchronizationError::IOError(error) if error.kind() == io::ErrorKind::TimedOut => {
            (Reason::TimedOut, "no answer (is UDP port 123 open?)".to_owned())
        }
        SynchronizationError::IOError(error) => (Reason::Failed, error.to_string()),
        SynchronizationError::ProtocolError(ProtocolError::KissODeath(code)) => {
            (Reason::Denied, format!("the server declines to answer: {code}"))
        }
        SynchronizationError::ProtocolError(ProtocolError::ServerNotSynchronized) => {
            (Reason::Failed, "the server itself is not synchronized".to_owned())
        }
        SynchronizationError::ProtocolError(error) => {
            (Reason::Failed, format!("not a usable answer: {error}"))
        }
    }
}
