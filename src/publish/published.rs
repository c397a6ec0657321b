//! One report in the formats that the HTTP server serves; formats that were requested before are encoded in advance.

use std::{
    io::Write as _,
    sync::{
        Arc, OnceLock,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use flate2::{Compression, GzBuilder};
use hyper::body::Bytes;

use super::{json, metrics, metrics::View, openmetrics, page};
use crate::model::{
    Language,
    own::SelfFacts,
    report::{MOST_ON_PAGE, Report},
};

/// A report, rendered. Metrics are encoded at publication in the formats that were requested for the last
/// report, so that a scrape costs a copy of a pointer. All other formats are rendered on the first request,
/// once for each report.
#[derive(Debug)]
pub struct Published {
    report: Arc<Report>,
    own: Option<SelfFacts>,
    evaluated_at: Duration,
    text: Encoded,
    openmetrics: Encoded,
    json: [OnceLock<Bytes>; 2],
    page: [OnceLock<Bytes>; 2],
}

/// The bodies of one format, and whether they were requested.
#[derive(Debug, Default)]
struct Encoded {
    plain: OnceLock<Bytes>,
    gzip: OnceLock<Bytes>,
    is_wanted: AtomicBool,
    is_wanted_compressed: AtomicBool,
}

impl Published {
    /// A report that has not been rendered yet. `evaluated_at` is the time of its evaluation on the boot
    /// clock; `own` is the resource usage of the exporter's process.
    pub fn new(report: Arc<Report>, own: Option<SelfFacts>, evaluated_at: Duration) -> Self {
        Self {
            report,
            own,
            evaluated_at,
            text: Encoded::default(),
            openmetrics: Encoded::default(),
            json: [const { OnceLock::new() }; 2],
            page: [const { OnceLock::new() }; 2],
        }
    }

    /// Renders the metrics in the formats that were requested for the previous report.
    #[must_use]
    pub fn after(self, before: &Self) -> Self {
        self.text.prepare(&before.text, || self.render_text());
        self.openmetrics.prepare(&before.openmetrics, || self.render_openmetrics());
        self
    }

    /// The report.
    pub fn report(&self) -> &Arc<Report> {
        &self.report
    }

    /// Time of the evaluation on the boot clock.
    pub fn evaluated_at(&self) -> Duration {
        self.evaluated_at
    }

    /// Metrics in text format 0.0.4.
    pub fn text(&self, compressed: bool) -> Bytes {
        self.text.asked(compressed, || self.render_text())
    }

    /// Metrics in `OpenMetrics` 1.0.
    pub fn openmetrics(&self, compressed: bool) -> Bytes {
        self.openmetrics.asked(compressed, || self.render_openmetrics())
    }

    fn view(&self) -> View<'_> {
        View { report: &self.report, own: self.own.as_ref() }
    }

    fn render_text(&self) -> Vec<u8> {
        metrics::text(&metrics::families(self.view()))
    }

    fn render_openmetrics(&self) -> Vec<u8> {
        openmetrics::encode(&metrics::families(self.view())).into_bytes()
    }

    /// The report as a JSON document.
    pub fn json(&self, language: Language) -> Bytes {
        in_language(&self.json, language, || {
            format!("{:#}\n", json::document(&self.report, language)).into_bytes()
        })
    }

    /// The landing page. `telemetry_path` is the path in its link to the metrics; constant for a process.
    pub fn page(&self, language: Language, telemetry_path: &str) -> Bytes {
        in_language(&self.page, language, || {
            page::render(&self.report.within(MOST_ON_PAGE), language, telemetry_path).into_bytes()
        })
    }
}

fn in_language(slots: &[OnceLock<Bytes>; 2], language: Language, render: impl FnOnce() -> Vec<u8>) -> Bytes {
    let [english, chinese] = slots;
    let slot = match language {
        Language::English => english,
        Language::Chinese => chinese,
    };
    slot.get_or_init(|| render().into()).clone()
}

impl Encoded {
    fn asked(&self, compressed: bool, render: impl FnOnce() -> Vec<u8>) -> Bytes {
        let wanted = if compressed { &self.is_wanted_compressed } else { &self.is_wanted };
        wanted.store(true, Ordering::Relaxed);
        self.body(compressed, render)
    }

    fn prepare(&self, before: &Self, render: impl Fn() -> Vec<u8>) {
        for (compressed, wanted) in [(false, &before.is_wanted), (true, &before.is_wanted_compressed)] {
            if wanted.load(Ordering::Relaxed) {
                self.body(compressed, &render);
            }
        }
    }

    fn body(&self, compressed: bool, render: impl FnOnce() -> Vec<u8>) -> Bytes {
        let plain = || self.plain.get_or_init(|| render().into());
        if compressed { self.gzip.get_or_init(|| gzip(plain()).into()).clone() } else { plain().clone() }
    }
}

fn gzip(plain: &[u8]) -> Vec<u8> {
    let mut encoder = GzBuilder::new().write(Vec::with_capacity(plain.len() / 4), Compression::fast());
    let compressed = encoder.write_all(plain).and_then(|()| encoder.finish());
    compressed.expect("compressing from memory into memory cannot fail")
}

#[cfg(test)]
mod tests {
    use std::io::Read as _;

    use flate2::read::MultiGzDecoder;

    use super::{super::sample, *};

    #[test]
    fn compressed_bodies_are_the_plain_ones() {
        let published = Published::new(Arc::new(sample::failing()), None, Duration::ZERO);
        for body in [Published::text, Published::openmetrics] {
            let (expected, compressed) = (body(&published, false), body(&published, true));
            let mut plain = Vec::new();
            MultiGzDecoder::new(&*compressed).read_to_end(&mut plain).expect("gzip");
            assert_eq!(plain, expected);
            assert!(compressed.len() < plain.len() / 2, "compressed to {}", compressed.len());
        }
    }

    #[test]
    fn what_was_asked_for_of_one_report_is_ready_in_the_next() {
        let new = || Published::new(Arc::new(sample::failing()), None, Duration::ZERO);
        let first = new();
        let ready = |published: &Published| {
            let forms = [&published.text, &published.openmetrics];
            forms.map(|form| (form.plain.get().is_some(), form.gzip.get().is_some()))
        };
        assert_eq!(ready(&first), [(false, false), (false, false)]);
        let _scrape = first.openmetrics(true);
        let second = new().after(&first);
        assert_eq!(ready(&second), [(false, false), (true, true)]);
        let _scrape = second.text(false);
        let third = new().after(&second);
        assert_eq!(ready(&third), [(true, false), (false, false)]);
    }

    #[test]
    fn each_form_is_rendered_once_and_in_its_language() {
        let published = Published::new(Arc::new(sample::failing()), None, Duration::ZERO);
        let (first, second) = (published.json(Language::English), published.json(Language::English));
        assert_eq!(first.as_ptr(), second.as_ptr());
        assert_ne!(first, published.json(Language::Chinese));
        assert_ne!(
            published.page(Language::English, "/metrics"),
            published.page(Language::Chinese, "/metrics")
        );
    }
}
