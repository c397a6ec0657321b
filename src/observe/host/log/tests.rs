//! The facts of a log: the times of events in the right zone, and nothing else.

use std::collections::BTreeSet;

use super::*;
use crate::{
    agents::{Files as _, logtail::Logtail},
    config::AgentSettings,
    model::snapshot::{Invocation, LoggedExit},
    observe::host::testing::Host,
};

const LOG: &str = "/usr/local/ilogtail/ilogtail.LOG";
/// 2026-11-21 20:10:00 UTC, ten days after boot.
const NOW: u64 = 1_795_291_800;
const BOOT: Duration = Duration::from_secs(10 * 86_400);

fn wall(second: u64) -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(second)
}

fn refused(time: &str) -> String {
    format!(
        "[2026-11-21 {time}.000001]\t[warning]\t[11]\t/src/FlusherSLS.cpp:1\t\tfailed to send request:write unauthorized\t\
         operation:retry later\trequest id:1\tstatus code:401\terror code:Unauthorized\terrMsg:AKID of no concern\n"
    )
}

struct Agent {
    host: Host,
    followed: Followed,
    now: Now,
    /// The agent's variable `TZ`.
    zone: Option<&'static str>,
}

impl Agent {
    fn new() -> Self {
        let now = Now { wall: wall(NOW), boot: BOOT };
        Self { host: Host::new(), followed: Followed::default(), now, zone: None }
    }

    fn write(&self, path: &str, content: &str, modified: u64) {
        let path = self.host.file(path, content);
        std::fs::File::options().append(true).open(path).unwrap().set_modified(wall(modified)).unwrap();
    }

    fn read<T>(&mut self, regular: bool, read: impl FnOnce(&mut Followed, &Layout, Reader<'_>) -> T) -> T {
        let settings =
            AgentSettings { install_dir: Some("/usr/local/ilogtail".into()), ..AgentSettings::default() };
        let layout = Logtail.layout(&settings, &Invocation::default());
        let Self { host, followed, now, zone } = self;
        host.look(|files| {
            let zones = Zones::of_host(files).with_variable(files, *zone);
            read(followed, &layout, Reader { files, profile: &Logtail, zones: &zones, now: *now, regular })
        })
    }

    fn follow(&mut self, regular: bool) -> Reading<Option<LogFacts>> {
        self.read(regular, |followed, layout, reader| followed.follow("logtail", layout, reader))
    }

    /// The content of the config that the log says was loaded, and when.
    fn loaded(&mut self) -> Option<(Option<String>, Option<SystemTime>)> {
        let loaded = self
            .read(true, |followed, layout, reader| followed.loaded_config("logtail", &layout.log, reader));
        loaded.known().unwrap().clone().map(|loaded| (loaded.canonical, loaded.at))
    }

    fn facts(&mut self) -> LogFacts {
        self.follow(true).known().unwrap().clone().expect("a log")
    }
}

#[test]
fn no_log_is_a_known_fact() {
    assert_eq!(Agent::new().follow(true), Reading::Known(None));
}

#[test]
fn what_was_refused_is_told_with_its_age_and_without_its_line() {
    let mut agent = Agent::new();
    agent.write(LOG, &[refused("20:01:00"), refused("20:08:00")].concat(), NOW - 120);
    let facts = agent.facts();
    let told = facts.refused["Unauthorized"];
    assert_eq!(
        (told.count, told.last.wall, told.last.boot),
        (2, wall(NOW - 120), BOOT.checked_sub(Duration::from_secs(120)))
    );
    assert_eq!((facts.path.as_path(), facts.modified), (Path::new(LOG), Some(wall(NOW - 120))));
    assert!(!format!("{facts:?}").contains("AKID"));
}

#[test]
fn the_zone_is_the_one_in_which_the_last_line_is_as_old_as_the_file() {
    let tzif = jiff::tz::TimeZone::get("Asia/Shanghai")
        .ok()
        .and_then(|_| std::fs::read("/usr/share/zoneinfo/Asia/Shanghai").ok());
    let tzif = tzif.expect("the time zones of this machine (package tzdata)");
    // Written at 20:08 in Shanghai, which is eight hours before 20:08 in UTC.
    for (written, modified) in [(NOW - 120, NOW - 120), (NOW - 120, NOW - 120)] {
        let mut agent = Agent::new();
        agent.host.file("/etc/localtime", &tzif);
        agent.write(LOG, &refused("20:08:00"), modified);
        assert_eq!(agent.facts().refused["Unauthorized"].last.wall, wall(written));
    }
}

#[test]
fn nothing_was_written_in_the_future_nor_since_the_boot_that_was_before_it() {
    let mut agent = Agent::new();
    agent.write(LOG, &refused("20:30:00"), NOW);
    assert_eq!(agent.facts().refused["Unauthorized"].last, Moment { wall: wall(NOW), boot: Some(BOOT) });
    let mut agent = Agent::new();
    agent.now.boot = Duration::from_secs(60);
    agent.write(LOG, &refused("20:08:00"), NOW - 120);
    assert_eq!(agent.facts().refused["Unauthorized"].last.boot, None);
}

#[test]
fn between_the_timers_turns_nothing_is_read() {
    let mut agent = Agent::new();
    agent.write(LOG, &refused("20:08:00"), NOW - 120);
    agent.facts();
    agent.write(LOG, &[refused("20:08:00"), refused("20:09:00")].concat(), NOW - 60);
    let between = agent.follow(false).known().unwrap().clone().unwrap();
    assert_eq!(between.refused["Unauthorized"].count, 1);
    assert_eq!(agent.facts().refused["Unauthorized"].count, 2);
}

#[test]
fn a_rotated_log_leaves_what_it_told() {
    let mut agent = Agent::new();
    let words = "[2026-11-21 20:05:00.1]\t[error]\t[11]\t/src/Monitor.cpp:1\t\tResource used by program exceeds hard limit:prepare restart Logtail\n";
    agent.write(LOG, words, NOW - 300);
    agent.facts();
    std::fs::rename(agent.host.at(LOG), agent.host.at("/usr/local/ilogtail/ilogtail.1.LOG")).unwrap();
    agent.write(LOG, &refused("20:08:00"), NOW - 120);
    let facts = agent.facts();
    assert_eq!(facts.logged_exit.map(|(words, _)| words), Some(LoggedExit::LimitExceeded));
    assert_eq!(facts.refused.len(), 1);
}

#[test]
fn the_state_log_tells_of_the_last_update() {
    let mut agent = Agent::new();
    agent.write(LOG, &refused("20:08:00"), NOW - 120);
    let status = "[2026-11-21 20:09:00.1]\t[info]\t[11]\t/src/Monitor.cpp:1\t\t\n:\n####logtail status####\ncpu:0\nmetric_json:{\n\
                  \t\"config_update_last_time\" : \"2026-11-21 19:58:00\",\n}\n";
    agent.write("/usr/local/ilogtail/snapshot/ilogtail_status.LOG", status, NOW - 60);
    let facts = agent.facts();
    assert_eq!(facts.config_updated.map(|at| at.wall), Some(wall(NOW - 720)));
    assert_eq!(facts.state_modified, Some(wall(NOW - 60)));
}

#[test]
fn a_flood_costs_no_more_than_is_read_at_once() {
    let mut agent = Agent::new();
    agent.write(LOG, "", NOW);
    agent.facts();
    let line = refused("20:09:59");
    let lines = 150_000;
    agent.write(LOG, &line.repeat(lines), NOW);
    let facts = agent.facts();
    let length = u64::try_from(line.len()).unwrap();
    let most = super::super::tail::MOST;
    assert_eq!((facts.skipped, facts.skipping), (length * 150_000 - most, true));
    assert!(facts.refused["Unauthorized"].count <= most / length);
    assert!(!agent.facts().skipping);
    let kinds: BTreeSet<_> = facts.refused.keys().collect();
    assert_eq!(kinds.len(), 1);
}

#[test]
fn the_beginning_of_a_long_log_is_parsed_once_for_each_time_zone() {
    let mut agent = Agent::new();
    let line = |time: &str, number: u8| {
        format!(
            "[2026-11-21 {time}.1]\t[info]\t[11]\t/src/AppConfig.cpp:1\t\tload logtail config file, detail:{{\"a\":{number}}}\n"
        )
    };
    let rest = |line: &str| format!("{line}{}", "x".repeat(300 << 10));
    let loaded = |number: u8, second| Some((Some(format!("{{\"a\":{number}}}")), Some(wall(second))));
    // Nothing that an agent does: a log is only appended to, or begins again.
    let past_mark = format!("{}\n", "y".repeat(5000));
    agent.write(LOG, &rest(&format!("{past_mark}{}", line("20:00:00", 1))), NOW);
    assert_eq!(agent.loaded(), loaded(1, NOW - 600));
    agent.write(LOG, &rest(&format!("{past_mark}{}", line("20:00:00", 2))), NOW);
    assert_eq!(agent.loaded(), loaded(1, NOW - 600), "it is not read again");
    agent.zone = Some("CST-8");
    assert_eq!(agent.loaded(), loaded(2, NOW - 600));

    agent.write(LOG, &line("20:05:00", 3), NOW);
    assert_eq!(agent.loaded(), loaded(3, NOW - 300));
    agent.write(LOG, &format!("{}{}", line("20:05:00", 3), line("20:06:00", 4)), NOW);
    assert_eq!(agent.loaded(), loaded(4, NOW - 240), "a short log may grow");
    agent.write(LOG, &rest(&line("20:07:00", 5)), NOW);
    assert_eq!(agent.loaded(), loaded(5, NOW - 180));
    std::fs::remove_file(agent.host.at(LOG)).unwrap();
    assert_eq!(agent.loaded(), None);
}
