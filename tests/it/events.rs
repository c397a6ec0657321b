//! Changes are detected at once: evaluations here are triggered only by events, as the timer runs once an hour.

use crate::{
    storms::{by_event, settles},
    support::{Exporter, Host, Seen, User, eventually, layouts::*},
};

const HOURLY: &str = "--evaluation.interval=1h";
/// Triggers that are events, each rarer than those before.
const RARER: [&str; 4] = ["file", "process", "address", "clock"];

pub(crate) fn evaluations(seen: &Seen, trigger: &str) -> f64 {
    seen.value("logagent_evaluations_total", &[("trigger", trigger)]).unwrap()
}

/// Waits until nothing is wrong or unknown. No further evaluation is expected.
fn is_well(exporter: &Exporter<'_>) {
    exporter.until("all is well", |seen| seen.verdict().is_empty());
}

pub(crate) fn hourly(host: &Host) -> Exporter<'_> {
    let exporter = host.exporter_with(User::Root, Some(EXPECT_ALL), &[HOURLY]);
    is_well(&exporter);
    let sources: Vec<_> = ["process_exit", "process_start", "file", "address", "clock"]
        .into_iter()
        .filter(|source| {
            exporter.scrape().value("logagent_event_source_up", &[("source", source)]) != Some(1.0)
        })
        .collect();
    assert_eq!(sources, [""; 0], "{}", exporter.log());
    exporter
}

/// Performs an action, and expects an evaluation with this trigger after which the condition holds, and none by the
/// timer.
#[track_caller]
pub(crate) fn shows_by(
    exporter: &Exporter<'_>,
    trigger: &str,
    act: impl FnOnce(),
    what: &str,
    condition: impl Fn(&Seen) -> bool,
) {
    // An evaluation with several triggers is named after the rarest: duplicate address detection, or a step of the
    // shared clock by another test, may coincide.
    let rarest = RARER.iter().position(|rarer| *rarer == trigger).unwrap();
    let by_event =
        |seen: &Seen| RARER[rarest..].iter().map(|trigger| evaluations(seen, trigger)).sum::<f64>();
    let before = exporter.scrape();
    act();
    let after = exporter.until(what, |seen| condition(seen) && by_event(seen) > by_event(&before));
    assert_eq!(evaluations(&after, "timer"), evaluations(&before, "timer"));
}

pub(crate) fn workers(seen: &Seen) -> Option<f64> {
    seen.value("logagent_processes", &[("agent", "logtail"), ("role", "worker")])
}

/// Kills Logtail, which shows.
#[track_caller]
pub(crate) fn a_kill_shows(exporter: &Exporter<'_>, host: &Host) {
    shows_by(
        exporter,
        "process",
        || host.kill_all("ilogtail"),
        "no worker",
        |seen| workers(seen) == Some(0.0),
    );
}

/// Starts Logtail, which shows.
#[track_caller]
pub(crate) fn a_start_shows(exporter: &Exporter<'_>, host: &Host) {
    shows_by(exporter, "process", || host.start_logtail(), "a worker", |seen| workers(seen) == Some(1.0));
}

fn verdict_of(seen: &Seen, prerequisite: &str) -> String {
    seen.verdict().into_iter().filter(|line| line.starts_with(prerequisite)).collect()
}

#[test]
fn processes_that_die_and_start_show_without_the_timer() {
    let host = Host::with_logtail();
    let exporter = hourly(&host);
    for _ in 0..2 {
        a_kill_shows(&exporter, &host);
        a_start_shows(&exporter, &host);
    }
    // The program itself is replaced, as by an upgrade.
    host.kill_all("ilogtail");
    host.install_stand_in(ILOGTAIL);
    exporter.until("no worker", |seen| workers(seen) == Some(0.0));
    a_start_shows(&exporter, &host);
}

#[test]
fn files_that_are_edited_replaced_and_removed_show_without_the_timer() {
    let host = Host::with_logtail();
    let exporter = hourly(&host);
    let broken = |seen: &Seen| !verdict_of(seen, "startup_parameters").is_empty();
    let good = host.read(CONFIG);
    shows_by(&exporter, "file", || host.write(CONFIG, "{"), "a broken config", broken);
    let draft = format!("{CONFIG}.new");
    host.write(&draft, &good);
    shows_by(&exporter, "file", || host.rename(&draft, CONFIG), "a repaired config", |seen| !broken(seen));
    shows_by(&exporter, "file", || host.remove(CONFIG), "no config", broken);
    shows_by(&exporter, "file", || host.write(CONFIG, &good), "a late config", |seen| !broken(seen));

    let unidentified = |seen: &Seen| !verdict_of(seen, "user_identifier").is_empty();
    let user = format!("{USERS}/1234567890123456");
    shows_by(&exporter, "file", || host.remove(&user), "no user", |seen| unidentified(seen));
    shows_by(&exporter, "file", || host.remove(USERS), "no directory", |_| true);
    shows_by(&exporter, "file", || host.write(&user, ""), "a user", |seen| !unidentified(seen));
}

#[test]
fn addresses_and_the_hosts_file_show_without_the_timer() {
    let host = Host::with_logtail();
    let exporter = hourly(&host);
    let wrong = |seen: &Seen| !verdict_of(seen, "ip").is_empty();
    shows_by(
        &exporter,
        "address",
        || host.ip("address del 172.16.2.200/24 dev eth0"),
        "an address less",
        wrong,
    );
    shows_by(
        &exporter,
        "address",
        || host.ip("address add 172.16.2.200/24 dev eth0"),
        "the address again",
        |seen| !wrong(seen),
    );
    let hosts = host.read("/etc/hosts");
    let bound = |seen: &Seen| {
        seen.of("logagent_ip_info")
            .any(|info| info.label("source") == "hosts_binding" && info.label("ip") == "172.16.2.77")
    };
    shows_by(
        &exporter,
        "file",
        || host.write("/etc/hosts", format!("{hosts}172.16.2.77 web-1\n")),
        "a binding",
        bound,
    );
    shows_by(&exporter, "file", || host.write("/etc/hosts", &hosts), "no binding", |seen| !bound(seen));
}

#[test]
fn a_set_clock_shows_without_the_timer() {
    let host = Host::with_logtail();
    let exporter = hourly(&host);
    // To its current time, so that nothing else is affected.
    shows_by(&exporter, "clock", || drop(host.sh("date -s \"@$(date +%s.%N)\"")), "an evaluation", |_| true);
}

#[test]
fn a_storm_of_changes_costs_few_evaluations_and_its_end_shows() {
    let host = Host::with_logtail();
    let exporter = hourly(&host);
    let before = evaluations(&exporter.scrape(), "file");
    let good = host.read(CONFIG);
    for number in 0..2000 {
        host.write(CONFIG, format!("{{ {number}"));
    }
    host.write(CONFIG, good);
    is_well(&exporter);
    let evaluated = evaluations(&exporter.scrape(), "file") - before;
    assert!(evaluated < 400.0, "{evaluated} evaluations of 2001 changes");
}

#[test]
fn a_file_where_a_directory_is_expected_leads_to_one_evaluation_and_not_to_one_after_the_other() {
    let host = Host::with_logtail();
    let exporter = hourly(&host);
    host.remove("/etc/ilogtail");
    host.write("/etc/ilogtail", "");
    settles(&exporter);
    let seen = exporter.scrape();
    assert!(!verdict_of(&seen, "user_identifier").is_empty(), "{:?}", seen.verdict());
    assert_eq!(seen.value("logagent_event_source_up", &[("source", "file")]), Some(1.0));
    assert!(by_event(&seen) < 20.0, "{} evaluations", by_event(&seen));
}

#[test]
fn what_happens_while_it_is_stopped_shows_when_it_goes_on() {
    let host = Host::with_logtail();
    let exporter = hourly(&host);
    let meanwhile = || {
        exporter.signal("STOP");
        host.kill_all("ilogtail");
        host.write(CONFIG, "{");
        exporter.goes_on();
    };
    let gone = |seen: &Seen| workers(seen) == Some(0.0) && !verdict_of(seen, "startup_parameters").is_empty();
    shows_by(&exporter, "file", meanwhile, "no worker, and a broken config", gone);
}

#[test]
fn when_nothing_happens_nothing_is_looked_at() {
    let host = Host::with_logtail();
    let exporter = host.exporter_with(User::Root, None, &[HOURLY, "--probe.interval=1h"]);
    is_well(&exporter);
    let switches = || {
        let status = host.read(&format!("/proc/{}/status", exporter.pid));
        let line = status.lines().find_map(|line| line.strip_prefix("voluntary_ctxt_switches:")).unwrap();
        line.trim().parse::<u64>().unwrap()
    };
    // Startup is complete when a whole second passes without a wake-up.
    eventually("a second without any wake-up", || {
        let before = switches();
        #[expect(clippy::disallowed_methods, reason = "the very point is that nothing happens in this time")]
        std::thread::sleep(std::time::Duration::from_secs(1));
        if switches() == before { Ok(()) } else { Err(format!("{} in a second", switches() - before)) }
    });
}
