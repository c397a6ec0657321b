//! Logtail's processes and installation: each way in which they can be wrong, and right again.

use crate::support::{Host, eventually, fault, layouts::*};

#[test]
fn a_healthy_logtail_is_silent() {
    let host = Host::with_logtail();
    host.exporter().shows(&[]);
}

#[test]
fn a_healthy_logtail_meets_every_expectation() {
    let host = Host::with_logtail();
    host.exporter_of(EXPECT_ALL).shows(&[]);
}

#[test]
fn nothing_runs() {
    let host = Host::with_logtail();
    fault(
        &host,
        None,
        |host| host.kill_all("ilogtail"),
        &["processes failing not_running"],
        Host::start_logtail,
    );
}

#[test]
fn the_daemon_was_killed() {
    let host = Host::with_logtail();
    let kill = |host: &Host| host.signal("KILL", host.daemon());
    fault(&host, None, kill, &["processes failing daemon_missing"], Host::restart_logtail);
}

#[test]
fn the_daemon_was_killed_before_the_exporter_started() {
    let host = Host::with_logtail();
    host.signal("KILL", host.daemon());
    let exporter = host.exporter();
    exporter.shows(&["processes failing daemon_missing"]);
    host.restart_logtail();
    exporter.shows(&[]);
}

#[test]
fn the_worker_was_killed() {
    let host = Host::with_logtail();
    let kill = |host: &Host| host.signal("KILL", host.worker());
    fault(&host, None, kill, &["processes failing worker_missing"], Host::restart_logtail);
}

#[test]
fn the_worker_is_a_zombie() {
    let host = Host::with_logtail();
    host.restart_logtail_with(&[("STAND_IN_REAP", "0")]);
    let kill = |host: &Host| host.signal("KILL", host.worker());
    fault(&host, None, kill, &["processes failing process_defunct"], Host::restart_logtail);
}

#[test]
fn the_worker_is_stopped() {
    let host = Host::with_logtail();
    let worker = host.worker();
    let stop = |host: &Host| host.signal("STOP", worker);
    let go_on = |host: &Host| host.signal("CONT", worker);
    fault(&host, None, stop, &["processes failing process_stopped"], go_on);
}

#[test]
fn a_third_process_runs() {
    let host = Host::with_logtail();
    let both = host.pids("ilogtail");
    let start = |host: &Host| {
        host.start(&[ILOGTAIL, "-ilogtail_daemon_flag=false"], []);
        host.until_running("ilogtail", 3);
    };
    let stop = |host: &Host| {
        let third = host.pids("ilogtail").into_iter().find(|pid| !both.contains(pid));
        host.signal("KILL", third.expect("a third"));
    };
    fault(&host, None, start, &["processes ok multiple_instances(w)"], stop);
}

#[test]
fn a_third_process_that_is_intended_is_silent() {
    let host = Host::with_logtail();
    let exporter = host.exporter_of("agents: [{ kind: logtail, ignore: [multiple_instances] }]");
    host.start(&[ILOGTAIL, "-ilogtail_daemon_flag=false"], []);
    exporter.until("a third process", |seen| seen.sum("logagent_processes") == 3.0);
    exporter.shows(&[]);
}

#[test]
fn it_starts_again_and_again() {
    let host = Host::with_logtail();
    let exporter = host.exporter();
    exporter.shows(&[]);
    // A version that is known to crash is reported only then.
    let looping = ["installed ok agent_version_defective(w)", "processes failing crash_loop"];
    // A start counts only if it was seen, and includes what follows it at once.
    eventually("a crash loop is seen", || {
        if exporter.scrape().verdict() == looping {
            return Ok(());
        }
        host.restart_logtail();
        exporter.until_evaluated();
        Err(format!("{:?}", exporter.scrape().verdict()))
    });
    exporter.shows(&looping);
}

#[test]
fn it_was_removed_while_watched() {
    let host = Host::with_logtail();
    let exporter = host.exporter();
    exporter.shows(&[]);
    host.kill_all("ilogtail");
    host.remove(LOGTAIL);
    host.remove("/etc/ilogtail");
    exporter.until("not installed", |seen| {
        seen.verdict().iter().any(|line| line == "installed failing not_installed")
    });
    let causes: Vec<_> =
        exporter.scrape().of("logagent_problem").map(|sample| sample.label("cause").to_owned()).collect();
    assert_eq!(causes, ["not_installed"], "it explains everything else");
}

#[test]
fn its_binary_was_removed() {
    let host = Host::with_logtail();
    let expected = ["installed failing installation_incomplete"];
    let undo = |host: &Host| {
        host.install_stand_in(ILOGTAIL);
        host.restart_logtail();
    };
    fault(&host, None, |host| host.remove(ILOGTAIL), &expected, undo);
}

#[test]
fn its_binary_was_replaced() {
    let host = Host::with_logtail();
    let replace = |host: &Host| host.install_stand_in(ILOGTAIL);
    fault(&host, None, replace, &["restart ok restart_required_binary(w)"], Host::restart_logtail);
}

#[test]
fn its_config_was_edited_while_it_ran() {
    let host = Host::with_logtail();
    let edit = |host: &Host| host.edit(CONFIG, "\"cpu_usage_limit\" : 0.4", "\"cpu_usage_limit\" : 0.8");
    fault(&host, None, edit, &["restart ok restart_required(w)"], Host::restart_logtail);
}

#[test]
fn its_config_was_edited_and_edited_back() {
    let host = Host::with_logtail();
    let edit = |host: &Host| host.edit(CONFIG, "\"cpu_usage_limit\" : 0.4", "\"cpu_usage_limit\" : 0.8");
    let back = |host: &Host| host.write(CONFIG, CONFIG_TEXT);
    fault(&host, None, edit, &["restart ok restart_required(w)"], back);
}
