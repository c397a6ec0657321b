//! NTP against a real socket that answers, returns a wrong time, or does not answer.

use tokio::net::UdpSocket;

use super::*;
use crate::{model::Reason, observe::time};

/// Seconds between the NTP and the Unix epoch.
const NTP_EPOCH: f64 = 2_208_988_800.0;

/// A fake server's answer to a request.
type Reply = fn(&[u8; 48]) -> Vec<u8>;

async fn server(reply: Reply) -> (SocketAddr, tokio::task::JoinHandle<()>) {
    let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let address = socket.local_addr().unwrap();
    let task = tokio::spawn(async move {
        let mut request = [0; 48];
        while let Ok((_, client)) = socket.recv_from(&mut request).await {
            socket.send_to(&reply(&request), client).await.unwrap();
        }
    });
    (address, task)
}

/// A server whose clock is `ahead` seconds ahead of this host's.
fn reply(request: &[u8; 48], ahead: f64, stratum: u8, leap: u8) -> Vec<u8> {
    let mut packet = vec![0; 48];
    packet[0] = leap << 6 | 4 << 3 | 4;
    packet[1] = stratum;
    packet[24..32].copy_from_slice(&request[40..48]);
    let now = time::seconds_since_epoch(time::now().wall) + ahead + NTP_EPOCH;
    let stamp = Duration::from_secs_f64(now);
    let seconds = u32::try_from(stamp.as_secs()).unwrap();
    for at in [32, 40] {
        packet[at..at + 4].copy_from_slice(&seconds.to_be_bytes());
        packet[at + 4..at + 8].copy_from_slice(&(stamp.subsec_nanos() * 4).to_be_bytes());
    }
    packet
}

async fn ask(reply: Reply) -> Result<ClockSample, Why> {
    let (address, task) = server(reply).await;
    let answer = prober(PATIENT, Path::new("/")).ntp(&address.to_string()).await;
    task.abort();
    answer
}

#[tokio::test]
async fn the_sample_holds_the_true_offset() {
    let sample = ask(|request| reply(request, 1000.0, 2, 0)).await.unwrap();
    let clock = sample.clock_reference(time::now().wall_minus_boot());
    assert!(clock.low <= -1000.0 && -1000.0 <= clock.high, "the local clock is 1000 s behind: {clock:?}");
    assert!(clock.high - clock.low < 2.0 * PATIENT.as_secs_f64(), "{clock:?}");
    assert_eq!(sample.stratum, 2);
}

#[tokio::test]
async fn an_unsynchronized_or_declining_server_gives_no_time() {
    let unsynchronized = ask(|request| reply(request, 0.0, 2, 3)).await.unwrap_err();
    assert!(unsynchronized.detail.contains("not synchronized"), "{unsynchronized}");
    let kiss = ask(|request| {
        let mut packet = reply(request, 0.0, 0, 0);
        packet[12..16].copy_from_slice(b"RATE");
        packet
    });
    assert_eq!(kiss.await.unwrap_err().reason, Reason::Denied);
}

#[tokio::test]
async fn garbage_and_replays_give_no_time() {
    let lies: [Reply; 5] = [
        |_: &[u8; 48]| Vec::new(),
        |_: &[u8; 48]| vec![0xff; 48],
        |_: &[u8; 48]| vec![0; 200],
        |_: &[u8; 48]| reply(&[7; 48], 0.0, 2, 0),
        |request: &[u8; 48]| {
            let mut early = reply(request, 0.0, 2, 0);
            early[32..40].fill(1);
            early
        },
    ];
    for lie in lies {
        let why = ask(lie).await.unwrap_err();
        assert_eq!(why.reason, Reason::Failed, "{why}");
    }
}

#[tokio::test]
async fn a_clock_that_was_never_set_gives_no_time() {
    let unset: [Reply; 4] = [
        |request: &[u8; 48]| with_times(request, [0x00; 8], [0x00; 8]),
        |request: &[u8; 48]| with_times(request, [0xff; 8], [0xff; 8]),
        // As above, plus the fraction of a second added by a counter.
        |request: &[u8; 48]| with_times(request, [0, 0, 0, 0, 0x80, 0, 0, 0], [0, 0, 0, 0, 0x80, 0, 0, 1]),
        |request: &[u8; 48]| with_times(request, [0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0], [0xff; 8]),
    ];
    for reply in unset {
        let why = ask(reply).await.unwrap_err();
        assert_eq!(why.reason, Reason::Failed, "{why}");
    }
}

/// A right answer with these times of arrival and departure.
fn with_times(request: &[u8; 48], received: [u8; 8], transmitted: [u8; 8]) -> Vec<u8> {
    let mut packet = reply(request, 0.0, 2, 0);
    packet[32..40].copy_from_slice(&received);
    packet[40..48].copy_from_slice(&transmitted);
    packet
}

#[tokio::test]
async fn a_silent_server_times_out_and_a_malformed_address_is_refused() {
    let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let address = socket.local_addr().unwrap().to_string();
    let prober = prober(SHORT, Path::new("/"));
    assert_eq!(prober.ntp(&address).await.unwrap_err().reason, Reason::TimedOut);
    assert_eq!(prober.ntp("a:b").await.unwrap_err().reason, Reason::Failed);
}
