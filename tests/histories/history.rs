//! A random fleet and its history: the truth, and what each Prometheus sees of it.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write as _,
};

use logagent_exporter::catalog;

/// The interval of scrapes and of evaluations is 15 seconds: one step. A history lasts 50 minutes; its events end after
/// 35.
pub(crate) const STEPS: usize = 200;
const EVENTS_END: u64 = 140;

/// Critical causes of all kinds of patience; the last one is newer than the rules.
const CAUSES: [&str; 6] =
    ["connection_timeout", "dns_failure", "worker_missing", "config_invalid", "crash_loop", "of_the_future"];

/// How many steps a cause must be active before its alert fires; `None`: the rules do not know it.
pub(crate) fn patience(cause: &str) -> Option<usize> {
    catalog::find(cause).map(|cause| usize::try_from(cause.patience.as_secs() / 15).unwrap())
}

/// Numbers that look random and are the same for the same seed (xorshift64*).
struct Random(u64);

impl Random {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33) % limit
    }

    fn index(&mut self, limit: usize) -> usize {
        usize::try_from(self.below(limit as u64)).unwrap()
    }
}

/// An event on some hosts, from one step until before another.
#[derive(Debug, Clone)]
pub(crate) struct Event {
    pub(crate) hosts: Vec<usize>,
    pub(crate) from: usize,
    pub(crate) until: usize,
    pub(crate) what: What,
}

#[derive(Debug, Clone)]
pub(crate) enum What {
    Stands(&'static str),
    /// Alternating, each for this many steps.
    Alternate(&'static str, &'static str, usize),
    /// Present for this many steps, then absent for as many.
    Flaps(&'static str, usize),
    /// Each host of the list fails some steps after the one before it.
    Spreads(&'static str, usize),
    /// Every nth scrape fails, of all Prometheus servers or of one.
    Misses(usize, Option<usize>),
    Down,
    Vanishes,
    /// The exporter restarts at this interval of steps.
    Loops(usize),
    /// Prometheus neither scrapes nor evaluates: all servers, or one of a pair.
    Restart(Option<usize>),
}

/// Where the cluster is a label.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Cluster {
    OfTargets,
    /// An external label of Prometheus, not a label of the targets.
    External,
    /// There is no such label: all hosts are one fleet.
    Absent,
}

#[derive(Debug, Clone)]
pub(crate) struct History {
    pub(crate) seed: u64,
    pub(crate) hosts: usize,
    /// Hosts are scraped by two jobs.
    pub(crate) two_jobs: bool,
    /// Two Prometheus servers scrape, evaluate and send, each at different phases.
    pub(crate) pair: bool,
    pub(crate) cluster: Cluster,
    pub(crate) events: Vec<Event>,
}

/// What a Prometheus sees of a host at a step.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Seen {
    /// Service discovery has it.
    pub(crate) listed: bool,
    /// There is a Prometheus to scrape it.
    pub(crate) looked: bool,
    pub(crate) up: bool,
    /// How often the exporter has restarted.
    pub(crate) restarts: usize,
    pub(crate) causes: BTreeSet<&'static str>,
}

impl History {
    pub(crate) fn random(seed: u64) -> Self {
        let mut random = Random(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1);
        let hosts = 2 + random.index(24);
        let count = 1 + random.index(5);
        let events = (0..count).map(|_| event(&mut random, hosts)).collect();
        let (two_jobs, pair) = (random.below(6) == 0, random.below(4) == 0);
        // Clusters that are not a label of targets need a separate Prometheus, which takes most of the time.
        let cluster = match random.below(12) {
            0 => Cluster::External,
            1 => Cluster::Absent,
            _ => Cluster::OfTargets,
        };
        Self { seed, hosts, two_jobs, pair, cluster, events }
    }

    /// Identifies the history; the cluster's name, if it has one.
    pub(crate) fn key(&self) -> String {
        format!("c{}", self.seed)
    }

    /// The Prometheus servers.
    pub(crate) fn servers(&self) -> std::ops::Range<usize> {
        0..1 + usize::from(self.pair)
    }

    /// The jobs that scrape each host.
    pub(crate) fn jobs(&self) -> &'static [&'static str] {
        if self.two_jobs { &["logagent-exporter", "second"] } else { &["any"] }
    }

    /// Steps at which a Prometheus is away.
    pub(crate) fn away(&self, server: usize, step: usize) -> bool {
        self.events.iter().any(|event| {
            matches!(event.what, What::Restart(of) if of.is_none_or(|of| of == server))
                && (event.from..event.until).contains(&step)
        })
    }

    /// Only one cause, active on all hosts from the same time.
    pub(crate) fn is_one_outage(&self) -> bool {
        matches!(self.events.as_slice(), [event] if matches!(event.what, What::Stands(_)) && event.hosts.len() > 4)
    }

    pub(crate) fn seen(&self, server: usize, host: usize, step: usize) -> Seen {
        let looked = !self.away(server, step);
        let mut seen = Seen { listed: true, looked, up: true, restarts: 0, causes: BTreeSet::new() };
        for event in &self.events {
            let Some(place) = event.hosts.iter().position(|one| *one == host) else { continue };
            if let What::Loops(period) = event.what {
                let until = step.min(event.until);
                seen.restarts += until.saturating_sub(event.from).div_ceil(period);
            }
            if !(event.from..event.until).contains(&step) {
                continue;
            }
            let since = step - event.from;
            let stands = match event.what {
                What::Stands(cause) => Some(cause),
                What::Alternate(a, b, period) => Some(if (since / period).is_multiple_of(2) { a } else { b }),
                What::Flaps(cause, period) => (since / period).is_multiple_of(2).then_some(cause),
                What::Spreads(cause, delay) => (since >= place * delay).then_some(cause),
                What::Misses(..) | What::Down | What::Vanishes | What::Loops(_) | What::Restart(_) => None,
            };
            seen.causes.extend(stands);
            if let What::Misses(each, of) = event.what {
                seen.up &= !step.is_multiple_of(each) || of.is_some_and(|of| of != server);
            }
            seen.up &= !matches!(event.what, What::Down);
            seen.listed &= !matches!(event.what, What::Vanishes);
        }
        seen
    }

    /// The series of a test of promtool, with samples every five seconds: each server scrapes each host at a separate
    /// phase.
    pub(crate) fn series(&self, server: usize, out: &mut String) {
        let cluster = match self.cluster {
            Cluster::OfTargets => format!("cluster=\"{}\",", self.key()),
            Cluster::External | Cluster::Absent => String::new(),
        };
        for host in 0..self.hosts {
            let seen: Vec<Seen> = (0..STEPS).map(|step| self.seen(server, host, step)).collect();
            let causes: BTreeSet<&str> = seen.iter().flat_map(|seen| seen.causes.iter().copied()).collect();
            for (number, job) in self.jobs().iter().enumerate() {
                let labels = format!("{cluster}job=\"{job}\",instance=\"h{host}:10077\"");
                let phase = (host + number + server + usize::try_from(self.seed % 3).unwrap()) % 3;
                let mut write = |series: &str, value: &dyn Fn(&Seen) -> Option<usize>| {
                    let _infallible = writeln!(
                        out,
                        "      - {{series: '{series}', values: {}}}",
                        values(&seen, phase, value)
                    );
                };
                write(&format!("up{{{labels}}}"), &|seen| Some(usize::from(seen.up)));
                for series in ["logagent_exporter_build_info", "logagent_agents"] {
                    write(&format!("{series}{{{labels}}}"), &|seen| seen.up.then_some(1));
                }
                if seen.iter().any(|seen| seen.restarts > 0) {
                    write(&format!("process_start_time_seconds{{{labels}}}"), &|seen| {
                        seen.up.then_some(seen.restarts)
                    });
                }
                write(
                    &format!("logagent_status{{{labels},agent=\"logtail\",status=\"failing\"}}"),
                    &|seen| seen.up.then_some(usize::from(!seen.causes.is_empty())),
                );
                for cause in &causes {
                    let prerequisite =
                        catalog::find(cause).map_or("network", |cause| cause.prerequisite.as_str());
                    let series = format!(
                        "logagent_problem{{{labels},agent=\"logtail\",prerequisite=\"{prerequisite}\",cause=\"{cause}\",severity=\"critical\"}}"
                    );
                    write(&series, &|seen| (seen.up && seen.causes.contains(cause)).then_some(1));
                }
            }
        }
    }

    /// What a server knows of each host's causes at each step: as last seen, while it cannot be scraped, and for ten minutes after
    /// it has left service discovery, which a Prometheus that is away does not notice.
    pub(crate) fn known(&self, server: usize) -> BTreeMap<usize, Vec<BTreeSet<&'static str>>> {
        let of = |host: usize| {
            let (mut known, mut gone) = (BTreeSet::new(), 0);
            (0..STEPS)
                .map(|step| {
                    let seen = self.seen(server, host, step);
                    gone = if seen.listed { 0 } else { gone + usize::from(seen.looked) };
                    if seen.listed && seen.looked && seen.up {
                        known = seen.causes;
                    } else if gone > 40 {
                        known.clear();
                    }
                    known.clone()
                })
                .collect()
        };
        (0..self.hosts).map(|host| (host, of(host))).collect()
    }

    /// The same history without one of its events, for each of them, and with half of its hosts.
    pub(crate) fn smaller(&self) -> impl Iterator<Item = Self> {
        let without_event = (0..self.events.len()).map(|left_out| {
            let mut smaller = self.clone();
            smaller.events.remove(left_out);
            smaller
        });
        let half = (self.hosts > 2).then(|| {
            let mut smaller = Self { hosts: self.hosts.div_ceil(2), ..self.clone() };
            for event in &mut smaller.events {
                event.hosts.retain(|host| *host < smaller.hosts);
            }
            smaller
        });
        without_event.chain(half)
    }
}

fn event(random: &mut Random, hosts: usize) -> Event {
    let from = 4 + random.below(50);
    let short = (from + 1 + random.below(70)).min(EVENTS_END);
    let long = (from + 1 + random.below(120)).min(EVENTS_END);
    let cause = CAUSES[random.index(CAUSES.len())];
    let other = CAUSES[random.index(CAUSES.len())];
    let one = [None, Some(0), Some(1)][random.index(3)];
    let (what, until) = match random.below(14) {
        0..=2 => (What::Stands(cause), short),
        3 => (What::Alternate(cause, other, 1 + random.index(6)), short),
        4 => (What::Flaps(cause, 1 + random.index(8)), short),
        5 | 6 => (What::Spreads(cause, random.index(4)), short),
        7 | 8 => (What::Misses(2 + random.index(8), one), short),
        9 | 10 => (What::Down, long),
        11 => (What::Vanishes, long),
        12 => (What::Loops(2 + random.index(18)), long),
        // Prometheus is away for at most three minutes.
        _ => (What::Restart(one), from + 1 + short % 12),
    };
    let share = random.below(3);
    let hosts: Vec<usize> = (0..hosts).filter(|_| share == 0 || random.below(3) < share).collect();
    Event { hosts, from: usize::try_from(from).unwrap(), until: usize::try_from(until).unwrap(), what }
}

fn values(seen: &[Seen], phase: usize, value: &dyn Fn(&Seen) -> Option<usize>) -> String {
    let mut out = "_ ".repeat(phase);
    let mut stood = false;
    for seen in seen {
        let sample = if seen.looked && seen.listed { value(seen) } else { None };
        match sample {
            Some(value) => {
                let _infallible = write!(out, "{value}");
                stood = true;
            }
            // Series that a scrape no longer contains end; while Prometheus is down nothing is written.
            None if stood && seen.looked => {
                out.push_str("stale");
                stood = false;
            }
            None => out.push('_'),
        }
        out.push_str(" _ _ ");
    }
    out.trim_end().to_owned()
}
