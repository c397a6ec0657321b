//! A member that answers, fails, refuses, restarts and has its own clock.

use std::sync::{Mutex, PoisonError};

use tokio::time::{advance, sleep};

use super::*;

/// A model of Alertmanager's API: it keeps alerts until their end, or for five minutes after they were last sent.
#[derive(Default)]
struct Alertmanager {
    down: bool,
    /// Answers 400 to alerts that contain this.
    refuses: Option<&'static str>,
    /// Answers this instead.
    status: Option<u16>,
    /// How far its clock is ahead of ours, in seconds.
    skew: i64,
    requests: usize,
    bodies: Vec<Value>,
    /// By labels: start, end, and expiry.
    alerts: BTreeMap<String, (String, Option<String>, Instant)>,
}

#[derive(Clone, Default)]
struct Handle(Arc<Mutex<Alertmanager>>);

const EPOCH: u64 = 1_795_000_000;

impl Handle {
    fn with<T>(&self, f: impl FnOnce(&mut Alertmanager) -> T) -> T {
        f(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Names of the alerts that it considers firing.
    fn firing(&self) -> Vec<String> {
        self.with(|am| {
            let now = Instant::now();
            let active = am.alerts.iter().filter(|(_, (_, end, until))| end.is_none() && *until > now);
            active.map(|(labels, _)| labels.clone()).collect()
        })
    }
}

impl Post for Handle {
    async fn post(&mut self, body: Vec<u8>) -> Result<Answer, String> {
        sleep(Duration::from_millis(3)).await;
        self.with(|am| {
            am.requests += 1;
            if am.down {
                return Err("connection refused".to_owned());
            }
            let text = String::from_utf8(body).unwrap();
            let seconds = EPOCH.saturating_add_signed(am.skew) + began().elapsed().as_secs();
            let date = Some(SystemTime::UNIX_EPOCH + Duration::from_secs(seconds));
            let refused = am.refuses.is_some_and(|word| text.contains(word));
            let status = am.status.unwrap_or(if refused { 400 } else { 200 });
            if status == 200 {
                let body: Value = serde_json::from_str(&text).unwrap();
                for alert in body.as_array().unwrap() {
                    let labels = alert["labels"]["alertname"].as_str().unwrap().to_owned();
                    let end = alert["endsAt"].as_str().map(str::to_owned);
                    let start = alert["startsAt"].as_str().unwrap_or_default().to_owned();
                    am.alerts.insert(labels, (start, end, Instant::now() + Duration::from_mins(5)));
                }
                am.bodies.push(body);
            }
            Ok(Answer { status, date, detail: "said".to_owned() })
        })
    }
}

tokio::task_local! { static BEGAN: Instant; }

fn began() -> Instant {
    BEGAN.try_with(|began| *began).unwrap_or_else(|_| Instant::now())
}

struct World {
    am: Handle,
    counters: Counters,
    state: watch::Sender<Arc<State>>,
    task: tokio::task::JoinHandle<()>,
}

fn state(alerts: &[(Subject, Alert)]) -> State {
    let settings = AlertingSettings {
        labels: BTreeMap::from([("instance".to_owned(), "web-1:10077".to_owned())]),
        ..AlertingSettings::default()
    };
    State { alerts: alerts.iter().cloned().collect(), settings: Arc::new(settings), closing: false }
}

fn cause(id: &'static str) -> Subject {
    Subject::Cause("logtail".into(), id)
}

fn fires() -> Alert {
    Alert { fired: Instant::now(), resolved: None }
}

impl World {
    fn new(am: Handle) -> Self {
        let counters = Counters::default();
        let (sender, receiver) = watch::channel(Arc::new(state(&[(Subject::Watchdog, fires())])));
        let wall = || SystemTime::UNIX_EPOCH + Duration::from_secs(7);
        let member = Member::new(am.clone(), "http://am/api/v2/alerts".into(), counters.clone(), wall);
        let task = tokio::spawn(BEGAN.scope(Instant::now(), member.run(receiver)));
        Self { am, counters, state: sender, task }
    }

    fn set(&self, alerts: &[(Subject, Alert)]) {
        self.state.send_replace(Arc::new(state(alerts)));
    }

    /// A counter, which is an integer.
    fn counted(&self, metric: &'static str) -> u64 {
        let key = (metric, vec!["http://am/api/v2/alerts".to_owned()]);
        self.counters.counts()[&key].to_string().parse().unwrap()
    }
}

async fn later(seconds: u64) {
    sleep(Duration::from_secs(seconds)).await;
}

#[tokio::test(start_paused = true)]
async fn what_fires_is_told_at_once_and_each_minute_without_an_end() {
    let world = World::new(Handle::default());
    later(10).await;
    let first = world.am.with(|am| am.requests);
    world.set(&[(Subject::Watchdog, fires()), (cause("not_running"), fires())]);
    sleep(Duration::from_millis(10)).await;
    assert_eq!(world.am.firing(), ["LogAgentHostWatchdog", "LogAgentNotRunning"]);
    world.am.with(|am| assert_eq!(am.requests, first + 1));
    later(600).await;
    world.am.with(|am| {
        assert_eq!(am.requests, first + 11);
        let told = am.bodies.iter().flat_map(|body| body.as_array().unwrap());
        assert!(told.clone().all(|alert| alert.get("endsAt").is_none()));
        assert!(told.clone().count() >= 22);
    });
    assert_eq!(world.counted(ERRORS), 0);
    assert_eq!(world.counted(SUCCESS), 7);
}

#[tokio::test(start_paused = true)]
async fn times_are_in_the_receivers_clock_however_wrong_the_local_one_is() {
    for skew in [0, 86_400, -86_400] {
        let am = Handle::default();
        am.with(|am| am.skew = skew);
        let world = World::new(am);
        later(100).await;
        let alert = fires();
        world.set(&[(cause("not_running"), alert)]);
        later(120).await;
        world.set(&[(cause("not_running"), Alert { resolved: Some(Instant::now()), ..alert })]);
        later(1).await;
        let expected = |after: u64| {
            let at = EPOCH.saturating_add_signed(skew) + after;
            // Its clock has a resolution of one second.
            [at - 1, at]
                .map(|at| rfc3339_millis(SystemTime::UNIX_EPOCH + Duration::from_secs(at))[..19].to_owned())
        };
        world.am.with(|am| {
            let starts: Vec<_> = am.bodies.iter().filter_map(|body| body[0]["startsAt"].as_str()).collect();
            let of_cause: Vec<_> = am
                .bodies
                .iter()
                .filter(|body| body[0]["labels"]["alertname"] == "LogAgentNotRunning")
                .filter_map(|body| body[0]["startsAt"].as_str())
                .collect();
            assert!(of_cause.len() >= 2 && starts.len() > of_cause.len(), "{:?}", am.bodies);
            assert!(of_cause.iter().all(|at| expected(100).contains(&at[..19].to_owned())), "{of_cause:?}");
            let (_, end, _) = &am.alerts["LogAgentNotRunning"];
            assert!(expected(220).contains(&end.clone().unwrap()[..19].to_owned()), "{end:?}");
            let last = am.bodies.last().unwrap();
            assert!(last[0].get("startsAt").is_none(), "an end needs no start, which may lie after it");
        });
    }
}

#[tokio::test(start_paused = true)]
async fn ten_hours_without_alertmanager_lose_nothing_and_leave_nothing_stale() {
    let world = World::new(Handle::default());
    later(5).await;
    world.am.with(|am| am.down = true);
    let began = Instant::now();
    let stands = fires();
    for minute in 0..600u64 {
        // One active cause, and one that comes and goes.
        let flaps = Alert { resolved: (minute % 2 == 0).then(Instant::now), ..fires() };
        world.set(&[
            (Subject::Watchdog, fires()),
            (cause("not_running"), stands),
            (cause("dns_failure"), flaps),
        ]);
        later(60).await;
    }
    let tries = world.am.with(|am| am.requests);
    assert!((550..1_300).contains(&tries), "{tries} tries in ten hours");
    assert!(world.counted(ERRORS) > 1_000 && world.counted(DROPPED) == 0);
    world.set(&[(Subject::Watchdog, fires()), (cause("not_running"), stands)]);
    world.am.with(|am| (am.down, am.bodies) = (false, Vec::new()));
    later(80).await;
    assert_eq!(world.am.firing(), ["LogAgentHostWatchdog", "LogAgentNotRunning"]);
    world.am.with(|am| {
        assert!(am.bodies.iter().all(|body| !body.to_string().contains("LogAgentDnsFailure")));
        let since = EPOCH + (stands.fired - began).as_secs() + 4;
        let (start, ..) = &am.alerts["LogAgentNotRunning"];
        let near =
            |at| start.starts_with(&rfc3339_millis(SystemTime::UNIX_EPOCH + Duration::from_secs(at))[..18]);
        assert!(near(since) || near(since + 1), "{start}");
    });
}

#[tokio::test(start_paused = true)]
async fn a_failure_is_tried_again_soon_and_then_more_rarely_never_twice_at_once() {
    for status in [500, 503, 401, 404, 429] {
        let am = Handle::default();
        am.with(|am| am.status = Some(status));
        let world = World::new(am);
        later(8).await;
        let soon = world.am.with(|am| am.requests);
        assert!((3..=5).contains(&soon), "{soon} requests in 8 s");
        // Changes in the meantime do not shorten it.
        for _ in 0..50 {
            world.set(&[(cause("not_running"), fires())]);
            tokio::task::yield_now().await;
        }
        assert!(world.am.with(|am| am.requests) <= soon + 1);
        later(3_600).await;
        let hour = world.am.with(|am| am.requests);
        assert!((48..=90).contains(&hour), "{hour} requests in an hour");
        world.am.with(|am| am.status = None);
        later(76).await;
        assert_eq!(world.am.firing(), ["LogAgentNotRunning"]);
        assert!(world.counted(DROPPED) == 0 && world.counted(ERRORS) > 40);
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_refused_is_found_left_out_and_counted_once() {
    let am = Handle::default();
    am.with(|am| am.refuses = Some("LogAgentDnsFailure"));
    let world = World::new(am);
    later(5).await;
    let ids = ["not_running", "dns_failure", "ip_empty", "config_invalid", "crash_loop"];
    let alerts: Vec<_> = ids.map(|id| (cause(id), fires())).to_vec();
    world.set(&alerts);
    later(1).await;
    let taken = [
        "LogAgentConfigInvalid",
        "LogAgentCrashLoop",
        "LogAgentHostWatchdog",
        "LogAgentIpEmpty",
        "LogAgentNotRunning",
    ];
    assert_eq!(world.am.firing(), taken);
    assert_eq!((world.counted(DROPPED), world.counted(ERRORS)), (1, 1));
    let before = world.am.with(|am| am.requests);
    later(1_800).await;
    world
        .am
        .with(|am| assert_eq!(am.requests, before + 30, "one request a minute, the refused one left out"));
    world.am.with(|am| am.refuses = None);
    later(1_900).await;
    assert!(world.am.firing().contains(&"LogAgentDnsFailure".to_owned()));
    assert_eq!(world.counted(DROPPED), 1);
}

#[tokio::test(start_paused = true)]
async fn an_end_is_told_only_of_what_was_told_to_fire() {
    let world = World::new(Handle::default());
    later(5).await;
    world.am.with(|am| am.down = true);
    let unknown = Alert { fired: Instant::now(), resolved: Some(Instant::now()) };
    world.set(&[(cause("not_running"), fires())]);
    later(5).await;
    world.set(&[(cause("not_running"), unknown)]);
    later(30).await;
    world.am.with(|am| am.down = false);
    later(90).await;
    world.am.with(|am| assert!(!am.alerts.contains_key("LogAgentNotRunning")));
}

#[tokio::test(start_paused = true)]
async fn at_the_end_what_was_not_told_is_tried_once_more() {
    let world = World::new(Handle::default());
    later(5).await;
    world.state.send_replace(Arc::new(State { closing: true, ..state(&[(cause("not_running"), fires())]) }));
    world.task.await.unwrap();
    assert!(world.am.firing().contains(&"LogAgentNotRunning".to_owned()));
    // A member that is down does not delay the shutdown.
    let world = World::new(Handle::default());
    world.am.with(|am| am.down = true);
    later(5).await;
    let before = world.am.with(|am| am.requests);
    world.state.send_replace(Arc::new(State { closing: true, ..state(&[]) }));
    world.task.await.unwrap();
    assert!(world.am.with(|am| am.requests) <= before + 1);
    advance(Duration::from_secs(1)).await;
}
