//! `OpenMetrics` 1.0 over the same families as text 0.0.4 (the `prometheus` crate encodes only the latter).
//!
//! Source: <https://github.com/prometheus/OpenMetrics/blob/main/specification/OpenMetrics.md>

use std::fmt::Write as _;

use prometheus::proto::{MetricFamily, MetricType};

/// Unit suffixes of metric names in the standard.
const UNITS: [&str; 2] = ["seconds", "bytes"];

/// The families as one exposition, `# EOF` included. Counters and gauges only: nothing else is published.
pub fn encode(families: &[MetricFamily]) -> String {
    let mut out = String::with_capacity(16 * 1024);
    for family in families {
        // The family of a counter is named without the suffix that its sample carries.
        let (name, kind) = match family.get_field_type() {
            MetricType::COUNTER => (family.name().strip_suffix("_total").unwrap_or(family.name()), "counter"),
            MetricType::GAUGE => (family.name(), "gauge"),
            MetricType::SUMMARY | MetricType::HISTOGRAM | MetricType::UNTYPED => continue,
        };
        push(&mut out, format_args!("# TYPE {name} {kind}\n"));
        if let Some(unit) =
            UNITS.iter().find(|unit| name.strip_suffix(**unit).is_some_and(|stem| stem.ends_with('_')))
        {
            push(&mut out, format_args!("# UNIT {name} {unit}\n"));
        }
        push(&mut out, format_args!("# HELP {name} "));
        escape(&mut out, family.help());
        out.push('\n');
        for sample in family.get_metric() {
            out.push_str(name);
            let value = if kind == "counter" {
                out.push_str("_total");
                sample.get_counter().get_value()
            } else {
                sample.get_gauge().get_value()
            };
            let mut separator = '{';
            for label in sample.get_label() {
                out.push(separator);
                out.push_str(label.name());
                out.push_str("=\"");
                escape(&mut out, label.value());
                out.push('"');
                separator = ',';
            }
            if separator == ',' {
                out.push('}');
            }
            push(&mut out, format_args!(" {value}\n"));
        }
    }
    out.push_str("# EOF\n");
    out
}

fn push(out: &mut String, arguments: std::fmt::Arguments<'_>) {
    let _infallible = out.write_fmt(arguments);
}

fn escape(out: &mut String, value: &str) {
    for c in value.chars() {
        match c {
            '\\' => out.push_str("\\\\"),
            '"' => out.push_str("\\\""),
            '\n' => out.push_str("\\n"),
            c => out.push(c),
        }
    }
}
