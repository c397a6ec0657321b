//! A random fleet and what happens to it: the truth, and what a Prometheus sees of it.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write as _,
};

use logagent_exporter::catalog;

/// Between scrapes and between evaluations lie 15 seconds: a step. A history is 50 minutes; what happens ends after 27.
pub(crate) const STEPS: usize = 200;
const EVENTS_END: u64 = 108;

/// Critical causes of all kinds of patience; the last one is newer than the rules.
const CAUSES: [&str; 6] =
    ["connection_timeout", "dns_failure", "worker_missing", "config_invalid", "crash_loop", "of_the_future"];

/// How many steps a cause must stand before anyone is told; `None`: the rules do not know it.
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

/// Something that happens to some hosts from a step until before another one.
#[derive(Debug, Clone)]
pub(crate) struct Event {
    hosts: Vec<usize>,
    from: usize,
    until: usize,
    what: What,
}

#[derive(Debug, Clone)]
enum What {
    Stands(&'static str),
    /// One, then the other, each for so many steps.
    Alternate(&'static str, &'static str, usize),
    /// Present for so many steps, then absent for as many.
    Flaps(&'static str, usize),
    /// Each host of the list fails some steps after the one before it.
    Spreads(&'static str, usize),
    /// Each so-many-th scrape fails.
    Misses(usize),
    Down,
    Vanishes,
    /// Prometheus neither scrapes, nor evaluates for Alertmanager.
    Restart,
}

#[derive(Debug, Clone)]
pub(crate) struct History {
    pub(crate) seed: u64,
    pub(crate) hosts: usize,
    /// Hosts are scraped by two jobs.
    pub(crate) two_jobs: bool,
    /// Two Prometheus servers send, the second one a step later.
    pub(crate) pair: bool,
    /// The cluster is an external label of Prometheus, no label of the targets.
    pub(crate) external: bool,
    pub(crate) events: Vec<Event>,
}

/// What Prometheus sees of a host at a step.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Seen {
    /// Service discovery has it.
    listed: bool,
    /// There is a Prometheus to scrape it.
    looked: bool,
    up: bool,
    causes: BTreeSet<&'static str>,
}

impl History {
    pub(crate) fn random(seed: u64) -> Self {
        let mut random = Random(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1);
        let hosts = 2 + random.index(24);
        let count = 1 + random.index(5);
        let events = (0..count).map(|_| event(&mut random, hosts)).collect();
        let (two_jobs, pair) = (random.below(6) == 0, random.below(4) == 0);
        Self { seed, hosts, two_jobs, pair, external: random.below(5) == 0, events }
    }

    pub(crate) fn cluster(&self) -> String {
        format!("c{}", self.seed)
    }

    /// Steps at which Prometheus is away.
    pub(crate) fn away(&self, step: usize) -> bool {
        self.events
            .iter()
            .any(|event| matches!(event.what, What::Restart) && (event.from..event.until).contains(&step))
    }

    /// Nothing but one cause that stands at once on all hosts.
    pub(crate) fn is_one_outage(&self) -> bool {
        matches!(self.events.as_slice(), [event] if matches!(event.what, What::Stands(_)) && event.hosts.len() > 4)
    }

    pub(crate) fn seen(&self, host: usize, step: usize) -> Seen {
        let mut seen = Seen { listed: true, looked: !self.away(step), up: true, causes: BTreeSet::new() };
        for event in &self.events {
            let Some(place) = event.hosts.iter().position(|one| *one == host) else { continue };
            if !(event.from..event.until).contains(&step) {
                continue;
            }
            let since = step - event.from;
            let stands = match event.what {
                What::Stands(cause) => Some(cause),
                What::Alternate(a, b, period) => Some(if (since / period).is_multiple_of(2) { a } else { b }),
                What::Flaps(cause, period) => (since / period).is_multiple_of(2).then_some(cause),
                What::Spreads(cause, delay) => (since >= place * delay).then_some(cause),
                What::Misses(_) | What::Down | What::Vanishes | What::Restart => None,
            };
            seen.causes.extend(stands);
            if let What::Misses(each) = event.what {
                seen.up &= !step.is_multiple_of(each);
            }
            seen.up &= !matches!(event.what, What::Down);
            seen.listed &= !matches!(event.what, What::Vanishes);
        }
        seen
    }

    /// The series of a test of promtool, with samples each five seconds: each host is scraped in a phase of its own.
    pub(crate) fn series(&self, out: &mut String) {
        let cluster = if self.external { String::new() } else { format!("cluster=\"{}\",", self.cluster()) };
        let jobs: &[&str] = if self.two_jobs { &["logagent-exporter", "second"] } else { &["any"] };
        for host in 0..self.hosts {
            let seen: Vec<Seen> = (0..STEPS).map(|step| self.seen(host, step)).collect();
            let causes: BTreeSet<&str> = seen.iter().flat_map(|seen| seen.causes.iter().copied()).collect();
            for (number, job) in jobs.iter().enumerate() {
                let labels = format!("{cluster}job=\"{job}\",instance=\"h{host}:10077\"");
                let phase = (host + number + usize::try_from(self.seed % 3).unwrap()) % 3;
                let mut write = |series: &str, value: &dyn Fn(&Seen) -> Option<u8>| {
                    let _infallible = writeln!(
                        out,
                        "      - {{series: '{series}', values: {}}}",
                        values(&seen, phase, value)
                    );
                };
                write(&format!("up{{{labels}}}"), &|seen| Some(u8::from(seen.up)));
                write(&format!("logagent_agents{{{labels}}}"), &|seen| seen.up.then_some(1));
                write(
                    &format!("logagent_status{{{labels},agent=\"logtail\",status=\"failing\"}}"),
                    &|seen| seen.up.then_some(u8::from(!seen.causes.is_empty())),
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

    /// What is known of each host's causes at each step: as last seen, while it cannot be scraped, and for ten minutes after it
    /// has left service discovery.
    pub(crate) fn known(&self) -> BTreeMap<usize, Vec<BTreeSet<&'static str>>> {
        let of = |host: usize| {
            let (mut known, mut gone) = (BTreeSet::new(), 0);
            (0..STEPS)
                .map(|step| {
                    let seen = self.seen(host, step);
                    gone = if seen.listed { 0 } else { gone + 1 };
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

    /// The same history without one of its events, for each of them.
    pub(crate) fn smaller(&self) -> impl Iterator<Item = Self> {
        (0..self.events.len()).map(|left_out| {
            let mut smaller = self.clone();
            smaller.events.remove(left_out);
            smaller
        })
    }
}

fn event(random: &mut Random, hosts: usize) -> Event {
    let from = 4 + random.below(50);
    let until = (from + 1 + random.below(70)).min(EVENTS_END);
    let cause = CAUSES[random.index(CAUSES.len())];
    let other = CAUSES[random.index(CAUSES.len())];
    let what = match random.below(12) {
        0..=2 => What::Stands(cause),
        3 => What::Alternate(cause, other, 1 + random.index(6)),
        4 => What::Flaps(cause, 1 + random.index(8)),
        5 | 6 => What::Spreads(cause, random.index(4)),
        7 | 8 => What::Misses(2 + random.index(8)),
        9 => What::Down,
        10 => What::Vanishes,
        _ => What::Restart,
    };
    let share = random.below(3);
    let hosts: Vec<usize> = (0..hosts).filter(|_| share == 0 || random.below(3) < share).collect();
    // Prometheus is away for at most three minutes.
    let until = if matches!(what, What::Restart) { from + 1 + until % 12 } else { until };
    Event { hosts, from: usize::try_from(from).unwrap(), until: usize::try_from(until).unwrap(), what }
}

fn values(seen: &[Seen], phase: usize, value: &dyn Fn(&Seen) -> Option<u8>) -> String {
    let mut out = "_ ".repeat(phase);
    let mut stood = false;
    for seen in seen {
        let sample = if seen.looked && seen.listed { value(seen) } else { None };
        match sample {
            Some(value) => {
                let _infallible = write!(out, "{value}");
                stood = true;
            }
            // What a scrape no longer has ends; without a Prometheus nothing is written.
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
