//! One report in the forms that the HTTP server hands out, encoded before anybody asks.

use std::{
    io::Write as _,
    sync::{Arc, OnceLock},
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

/// A report, rendered. The metrics are encoded at publication, so that a scrape costs a copy of a pointer. The page and the
/// JSON document, which few ask for, are rendered when first asked for, once for each report.
#[derive(Debug)]
pub struct Published {
    report: Arc<Report>,
    evaluated_at: Duration,
    text: Encoded,
    openmetrics: Encoded,
    json: [OnceLock<Bytes>; 2],
    page: [OnceLock<Bytes>; 2],
}

/// A body, plain and compressed.
#[derive(Debug, Clone)]
pub struct Encoded {
    /// As it is.
    pub plain: Bytes,
    /// Compressed by gzip.
    pub gzip: Bytes,
}

impl Published {
    /// Renders the metrics of a report. `evaluated_at` is the time of its evaluation on the boot clock; `own` is what the
    /// exporter's process uses.
    pub fn new(report: Arc<Report>, own: Option<&SelfFacts>, evaluated_at: Duration) -> Self {
        let families = metrics::families(View { report: &report, own });
        let text = Encoded::new(metrics::text(&families));
        let openmetrics = Encoded::new(openmetrics::encode(&families).into_bytes());
        Self {
            report,
            evaluated_at,
            text,
            openmetrics,
            json: [const { OnceLock::new() }; 2],
            page: [const { OnceLock::new() }; 2],
        }
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
    pub fn text(&self) -> &Encoded {
        &self.text
    }

    /// Metrics in `OpenMetrics` 1.0.
    pub fn openmetrics(&self) -> &Encoded {
        &self.openmetrics
    }

    /// The report as a JSON document.
    pub fn json(&self, language: Language) -> Bytes {
        in_language(&self.json, language, || {
            format!("{:#}\n", json::document(&self.report, language)).into_bytes()
        })
    }

    /// The landing page. `telemetry_path` is where it says that the metrics are; always the same for one process.
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
    fn new(plain: Vec<u8>) -> Self {
        let mut encoder = GzBuilder::new().write(Vec::with_capacity(plain.len() / 4), Compression::fast());
        let gzip = encoder
            .write_all(&plain)
            .and_then(|()| encoder.finish())
            .expect("compressing from memory into memory cannot fail");
        Self { plain: plain.into(), gzip: gzip.into() }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Read as _;

    use flate2::read::MultiGzDecoder;

    use super::{super::sample, *};

    #[test]
    fn compressed_bodies_are_the_plain_ones() {
        let published = Published::new(Arc::new(sample::failing()), None, Duration::ZERO);
        for body in [published.text(), published.openmetrics()] {
            let mut plain = Vec::new();
            MultiGzDecoder::new(&*body.gzip).read_to_end(&mut plain).expect("gzip");
            assert_eq!(plain, body.plain);
            assert!(body.gzip.len() < body.plain.len() / 2, "compressed to {}", body.gzip.len());
        }
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
