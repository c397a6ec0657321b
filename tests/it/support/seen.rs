//! What a scrape shows.

use std::collections::{BTreeMap, BTreeSet};

/// Whether the kernel's clock is disciplined is a fact that no namespace hides: it depends on where the tests run.
const OF_THE_REAL_MACHINE: &str = "clock_unsynchronized";

/// One sample.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Sample {
    pub(crate) name: String,
    pub(crate) labels: BTreeMap<String, String>,
    pub(crate) value: f64,
}

impl Sample {
    /// The value of a label, or nothing.
    pub(crate) fn label(&self, name: &str) -> &str {
        self.labels.get(name).map(String::as_str).unwrap_or_default()
    }
}

/// The samples of one scrape.
#[derive(Debug, Clone)]
pub(crate) struct Seen {
    pub(crate) samples: Vec<Sample>,
}

impl Seen {
    /// Reads the text format.
    pub(crate) fn parse(text: &str) -> Self {
        let lines = text.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
        Self {
            samples: lines
                .map(|line| sample(line).unwrap_or_else(|| panic!("not a sample: {line}")))
                .collect(),
        }
    }

    /// The samples of this name.
    pub(crate) fn of<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a Sample> {
        self.samples.iter().filter(move |sample| sample.name == name)
    }

    /// The one sample of this name with these labels, if there is one.
    pub(crate) fn value(&self, name: &str, labels: &[(&str, &str)]) -> Option<f64> {
        let mut found =
            self.of(name).filter(|sample| labels.iter().all(|(name, value)| sample.label(name) == *value));
        let value = found.next()?.value;
        assert_eq!(found.next(), None, "more than one {name} with {labels:?}");
        Some(value)
    }

    /// The sum over all samples of this name.
    pub(crate) fn sum(&self, name: &str) -> f64 {
        self.of(name).map(|sample| sample.value).sum()
    }

    /// One line for each prerequisite that is not simply ok: its status, and its problems; a warning is marked `(w)`.
    /// With several agents each line begins with the agent's name.
    pub(crate) fn verdict(&self) -> Vec<String> {
        let agents: BTreeSet<&str> = self.of("logagent_status").map(|sample| sample.label("agent")).collect();
        let mut lines = BTreeMap::new();
        for sample in self.of("logagent_prerequisite_status").filter(|sample| sample.value == 1.0) {
            let line = sample.label("status").to_owned();
            lines.insert((sample.label("agent"), sample.label("prerequisite")), line);
        }
        for sample in self.of("logagent_problem") {
            if sample.label("cause") == OF_THE_REAL_MACHINE {
                continue;
            }
            let key = (sample.label("agent"), sample.label("prerequisite"));
            let line =
                lines.get_mut(&key).unwrap_or_else(|| panic!("a problem without a status: {sample:?}"));
            let mark = if sample.label("severity") == "warning" { "(w)" } else { "" };
            *line = format!("{line} {}{mark}", sample.label("cause"));
        }
        lines
            .into_iter()
            .filter(|(_, line)| line != "ok")
            .map(|((agent, prerequisite), line)| {
                let agent = if agents.len() > 1 { format!("{agent}: ") } else { String::new() };
                format!("{agent}{prerequisite} {line}")
            })
            .collect()
    }
}

fn sample(line: &str) -> Option<Sample> {
    let Some((name, rest)) = line.split_once('{') else {
        let (name, value) = line.split_once(' ')?;
        return Some(Sample { name: name.to_owned(), labels: BTreeMap::new(), value: value.parse().ok()? });
    };
    let mut labels = BTreeMap::new();
    let mut rest = rest;
    while !rest.starts_with('}') {
        let (label, after) = rest.split_once("=\"")?;
        let mut value = String::new();
        let mut characters = after.char_indices();
        loop {
            match characters.next()? {
                (_, '\\') => value.push(match characters.next()?.1 {
                    'n' => '\n',
                    other => other,
                }),
                (at, '"') => {
                    rest = after[at + 1..].trim_start_matches(',');
                    break;
                }
                (_, other) => value.push(other),
            }
        }
        labels.insert(label.to_owned(), value);
    }
    let value = rest[1..].trim().parse().ok()?;
    Some(Sample { name: name.to_owned(), labels, value })
}
