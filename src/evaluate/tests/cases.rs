//! Cases of `installed`, `processes`, `clock`, `restart`.

use std::time::Duration;

use crate::model::{
    Reading, Role,
    snapshot::{ClockSource, Installation, KernelClock, LoadedConfig, ProcessState},
};

use super::scenario::{Scenario, custom, loglistener, logtail, named, now, process};

/// A cause, a sequence of snapshots that ends with it active, and one that ends just short of it.
pub(super) struct Case {
    pub(super) cause: &'static str,
    pub(super) fires: Vec<Scenario>,
    pub(super) silent: Vec<Scenario>,
}

pub(super) fn case(cause: &'static str, fires: Scenario, silent: Scenario) -> Case {
    Case { cause, fires: vec![fires], silent: vec![silent] }
}

const ILOGTAIL: &str = "/usr/local/ilogtail/ilogtail";

fn bare(traces: &[&str]) -> Installation {
    Installation {
        leads_to: None,
        binary: None,
        looked_for: vec!["/usr/local/ilogtail/ilogtail".into()],
        traces: traces.iter().map(Into::into).collect(),
        location_unknown: false,
    }
}

pub(super) fn cases() -> Vec<Case> {
    let mut cases = installed();
    cases.extend(processes());
    cases.extend(clock());
    cases.extend(restart());
    cases
}

fn installed() -> Vec<Case> {
    let gone = |traces: &'static [&'static str]| {
        logtail().with(|w| {
            w.agent().installation = Reading::Known(bare(traces));
            w.processes().clear();
        })
    };
    vec![
        case("not_installed", gone(&[]), gone(&["/usr/local/ilogtail"])),
        case("installation_incomplete", gone(&["/usr/local/ilogtail"]), logtail()),
        case("agent_version_defective", of_version("1.3.0"), of_version("1.3.1")),
        case(
            "agent_version_defective",
            accelerated(of_version("1.0.21")),
            // Without acceleration it is harmless.
            of_version("1.0.21"),
        ),
        Case {
            cause: "agent_version_defective",
            fires: looping(4, 30).into_iter().map(|w| versioned(w, "2.0.5")).collect(),
            silent: looping(3, 30).into_iter().map(|w| versioned(w, "2.0.5")).collect(),
        },
        Case {
            cause: "agent_version_defective",
            fires: looping(4, 30).into_iter().map(|w| versioned(w, "1.8.10")).collect(),
            silent: looping(4, 30).into_iter().map(|w| versioned(w, "2.0.7")).collect(),
        },
    ]
}

fn versioned(scenario: Scenario, version: &str) -> Scenario {
    scenario.with(|w| w.record().version = Some(version.into()))
}

fn of_version(version: &str) -> Scenario {
    versioned(logtail(), version)
}

fn accelerated(scenario: Scenario) -> Scenario {
    scenario.with(|w| {
        w.parameters().data_servers[0].endpoint.value = "log-global.aliyuncs.com".into();
        w.derive_endpoints();
    })
}

/// A worker that restarts this often, at this interval.
fn looping(starts: u64, seconds: u64) -> Vec<Scenario> {
    (0..starts)
        .map(|start| {
            logtail().later(start * seconds).with(|w| {
                let pid = 100 + u32::try_from(start).unwrap();
                let mut worker = process(pid, 12, ILOGTAIL, 86_400);
                worker.start_ticks += (86_400 - 1 + start * seconds) * 100;
                worker.started_at = w.snapshot.taken_at - Duration::from_secs(1);
                w.processes()[1] = worker;
            })
        })
        .collect()
}

fn processes() -> Vec<Case> {
    vec![
        case("not_running", logtail().with(|w| w.processes().clear()), logtail()),
        case(
            "daemon_missing",
            // An orphan that started when instance_id says the worker did.
            logtail().with(|w| {
                w.processes().remove(0);
                w.processes()[0].parent = 1;
            }),
            logtail(),
        ),
        case(
            "worker_missing",
            // The daemon started long before the last worker.
            logtail().with(|w| {
                w.processes().truncate(1);
                w.processes()[0] = process(12, 1, ILOGTAIL, 200_000);
            }),
            loglistener(),
        ),
        case(
            "update_process_missing",
            loglistener().with(|w| w.processes().retain(|p| p.role_by_name != Some(Role::UPDATE))),
            loglistener(),
        ),
        case(
            "multiple_instances",
            logtail().with(|w| w.processes().push(process(99, 1, ILOGTAIL, 50))),
            logtail(),
        ),
        case(
            "process_defunct",
            logtail().with(|w| w.processes()[1].state = ProcessState::Defunct),
            // A zombie in addition to a complete set is only waiting for its parent.
            logtail().with(|w| {
                let mut zombie = process(15, 12, ILOGTAIL, 500);
                zombie.state = ProcessState::Defunct;
                w.processes().push(zombie);
            }),
        ),
        case(
            "process_stopped",
            logtail().with(|w| w.processes()[1].state = ProcessState::Stopped),
            logtail(),
        ),
        // The first is a start, each further one a restart.
        Case { cause: "crash_loop", fires: looping(4, 30), silent: looping(3, 30) },
        Case { cause: "crash_loop", fires: looping(4, 1), silent: looping(4, 160) },
        Case {
            cause: "crash_loop",
            fires: looping(5, 60),
            // Three instances started at once are not a loop.
            silent: vec![logtail().with(|w| {
                for pid in 50..53 {
                    w.processes().push(process(pid, 12, ILOGTAIL, 2));
                }
            })],
        },
    ]
}

fn skewed(low: f64, high: f64) -> Scenario {
    logtail().with(|w| w.offset(ClockSource::HttpDate, low, high))
}

fn clock() -> Vec<Case> {
    let limit = 900.0;
    let adjusted =
        || skewed(limit + 1.0, limit + 2.0).with(|w| w.parameters().log_time_auto_adjust = Some(true));
    let stepped = |seconds: f64, uptime_ok: bool| {
        let before = logtail();
        let after = before.later(15).with(|w| w.snapshot.clock.wall_minus_boot += seconds);
        let mut scenarios = vec![before, after];
        if !uptime_ok {
            for (index, scenario) in scenarios.iter_mut().enumerate() {
                scenario.snapshot.uptime = Duration::from_secs(60 + 15 * u64::try_from(index).unwrap());
            }
        }
        scenarios
    };
    let unsynchronized = |low: f64, high: f64| {
        skewed(low, high).with(|w| {
            w.snapshot.clock.kernel =
                Reading::Known(KernelClock { synchronized: false, offset: 4.29, estimated_error: 16.0 });
        })
    };
    vec![
        // Only if the whole interval is beyond the limit.
        case("clock_skewed", skewed(-limit - 3.0, -limit - 1.0), skewed(-limit - 3.0, -limit + 0.1)),
        case(
            "clock_skewed",
            loglistener().with(|w| w.offset(ClockSource::HttpDate, 301.0, 302.0)),
            logtail().with(|w| w.offset(ClockSource::HttpDate, 301.0, 302.0)),
        ),
        case(
            "clock_skewed",
            // A contradiction prefers NTP.
            skewed(-0.5, 0.5).with(|w| w.offset(ClockSource::Ntp, 1000.0, 1000.1)),
            skewed(1000.0, 1001.0).with(|w| w.offset(ClockSource::Ntp, 0.0, 0.1)),
        ),
        case(
            "clock_skewed",
            skewed(31.0, 32.0).with(|w| w.clock.max_offset = Some(Duration::from_secs(30))),
            skewed(1e5, 1e5 + 1.0).with(|w| w.clock.max_offset = Some(Duration::ZERO)),
        ),
        case("clock_offset_high", skewed(60.5, 61.5), skewed(59.5, 60.5)),
        case("clock_skewed_adjusted", adjusted(), skewed(limit + 1.0, limit + 2.0)),
        // A release that does not know the setting ignores it.
        case("clock_skewed", versioned(adjusted(), "1.0.20"), versioned(adjusted(), "1.0.21")),
        case("clock_skewed_adjusted", versioned(adjusted(), "1.0.21"), versioned(adjusted(), "1.0.20")),
        case("clock_unsynchronized", unsynchronized(-61.0, 61.0), unsynchronized(-1.0, 1.0)),
        case(
            "clock_unsynchronized",
            unsynchronized(-61.0, 61.0),
            unsynchronized(-61.0, 61.0).with(|w| w.clock.warn_offset = Duration::ZERO),
        ),
        Case { cause: "clock_stepped", fires: stepped(1.5, true), silent: stepped(0.9, true) },
        Case { cause: "clock_stepped", fires: stepped(-2.0, true), silent: stepped(-2.0, false) },
    ]
}

fn edit(scenario: &mut Scenario, digest: u64, seconds_after_start: i64) {
    let start = now() - Duration::from_secs(86_400);
    let config = scenario.agent().config.as_mut().unwrap();
    if let Reading::Known(crate::model::snapshot::FileState::Present(file)) = &mut config.state {
        file.digest = digest;
        file.modified = if seconds_after_start >= 0 {
            start + Duration::from_secs(seconds_after_start.unsigned_abs())
        } else {
            start - Duration::from_secs(seconds_after_start.unsigned_abs())
        };
    }
}

fn restart() -> Vec<Case> {
    let edited = |digest: u64, seconds: i64| {
        let after = logtail().later(15).with(|w| edit(w, digest, seconds));
        vec![logtail(), after]
    };
    let at_first_sight = |seconds: i64| logtail().with(|w| edit(w, 1, seconds));
    let logged = |canonical: &str| {
        at_first_sight(3600).with(|w| {
            w.agent().loaded_config = Reading::Known(Some(LoadedConfig {
                path: "/usr/local/ilogtail/ilogtail.LOG".into(),
                canonical: Some(canonical.into()),
                at: None,
            }));
        })
    };
    // Started by the link's name; the link now leads to `on_disk`.
    let linked = |runs: &str, on_disk: &str| {
        let path = |name: &str| std::path::PathBuf::from(format!("/usr/local/ilogtail/{name}"));
        logtail().with(|w| {
            for process in w.processes() {
                if let Reading::Known(Some(executable)) = &mut process.executable {
                    executable.path = path(runs);
                }
            }
            if let Reading::Known(installation) = &mut w.agent().installation {
                installation.binary = Some(path("ilogtail"));
                installation.leads_to = Some(path(on_disk));
            }
        })
    };
    let replaced = |deleted: bool| {
        logtail().with(|w| {
            for process in w.processes() {
                if let Reading::Known(Some(executable)) = &mut process.executable {
                    executable.deleted = deleted;
                }
            }
        })
    };
    vec![
        // A touch keeps the content.
        Case { cause: "restart_required", fires: edited(2, 90_000), silent: edited(1, 90_000) },
        case("restart_required", at_first_sight(3), at_first_sight(2)),
        case("restart_required", logged("{\"a\":1}"), logged("{}")),
        Case {
            cause: "restart_required",
            fires: vec![
                custom(),
                custom().later(15).with(|w| {
                    if let Reading::Known(crate::model::snapshot::FileState::Present(file)) =
                        &mut w.agent().files[0].state
                    {
                        file.digest = 7;
                    }
                }),
            ],
            // A new process has loaded what is there.
            silent: vec![
                custom(),
                custom().later(15).with(|w| {
                    if let Reading::Known(crate::model::snapshot::FileState::Present(file)) =
                        &mut w.agent().files[0].state
                    {
                        file.digest = 7;
                    }
                    w.agent().processes =
                        Reading::Known(vec![named(Role::named("worker"), process(31, 1, "fluent-bit", 5))]);
                }),
            ],
        },
        case("restart_required_binary", replaced(true), replaced(false)),
        case(
            "restart_required_binary",
            linked("loongcollector_3.1.4", "loongcollector_3.2.0"),
            linked("loongcollector_3.2.0", "loongcollector_3.2.0"),
        ),
        // The leftover of an upgrade from the previous generation is another program.
        case(
            "restart_required_binary",
            linked("loongcollector_3.1.4", "loongcollector_3.2.0"),
            linked("loongcollector_3.2.0", "ilogtail_1.8.8"),
        ),
    ]
}
