//! From a defect to the notification, and to its resolution: exporter, Prometheus, the rules, Alertmanager, its routes.

use crate::support::{Host, breakages::BREAKAGES, layouts::EXPECT_ALL};

#[test]
fn each_defect_is_paged_with_host_agent_cause_and_fix_and_resolves() {
    let host = Host::with_logtail();
    let paging = host.paging();
    assert!(BREAKAGES.len() >= 6, "nothing was looked at");
    for breakage in BREAKAGES {
        let cause = breakage.cause;
        // Another exporter each time: restarts that undo one defect must not count towards a crash loop with the next.
        let exporter = host.exporter_of(EXPECT_ALL);
        exporter.shows(&[]);
        (breakage.provoke)(&host);
        let page = paging.until(cause, "firing").unwrap_or_else(|error| panic!("{}: {error}", breakage.what));
        for (label, value) in [
            ("alertname", breakage.alert),
            ("severity", breakage.severity),
            ("cluster", "demo"),
            ("instance", "web-1:10077"),
            ("agent", "logtail"),
        ] {
            assert_eq!(page["labels"][label], value, "{cause}: {label}");
        }
        let told = |annotation: &str| page["annotations"][annotation].as_str().unwrap_or_default().to_owned();
        let description = told("description");
        for word in ["web-1:10077", "logtail", "demo", cause] {
            assert!(description.contains(word), "{cause}: no {word} in {description}");
        }
        assert!(told("fix").starts_with("1. "), "{cause}: {}", told("fix"));
        assert!(told("runbook_url").ends_with(&format!("/runbooks/{cause}.md")), "{cause}");
        (breakage.undo)(&host);
        paging.until(cause, "resolved").unwrap_or_else(|error| panic!("{cause}: {error}"));
        exporter.shows(&[]);
        paging.clear();
    }
}

#[test]
fn the_readmes_list_what_the_demo_can_break() {
    let causes: Vec<String> = BREAKAGES.iter().map(|breakage| format!("`{}`", breakage.cause)).collect();
    for (name, comma) in [("README.md", ", "), ("README.zh-CN.md", "、")] {
        let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join(name);
        let list = causes.join(comma);
        let readme = std::fs::read_to_string(path).unwrap().replace('\n', " ");
        assert!(readme.contains(&list), "{name} does not list {list}");
    }
}
