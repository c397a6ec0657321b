//! Checks the repository's documents and examples: flags, metrics, causes, links, configurations.
#![expect(clippy::unwrap_used, clippy::panic, reason = "helpers of tests; a panic is the test's failure")]

#[path = "docs/policy.rs"]
mod policy;

use std::{
    collections::BTreeSet,
    fmt::Write as _,
    fs,
    path::{Path, PathBuf},
    process::{Command, Output},
};

use logagent_exporter::{
    catalog,
    publish::metrics::{Kind, METRICS},
};

const READMES: [&str; 2] = ["README.md", "README.zh-CN.md"];

fn repository(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

fn read(path: &str) -> String {
    fs::read_to_string(repository(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// Runs the exporter without any of its variables.
fn exporter(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_logagent-exporter")).env_clear().args(arguments).output().unwrap()
}

/// The cells of each row of a table whose first cell is code.
fn rows(text: &str) -> impl Iterator<Item = Vec<&str>> {
    text.lines()
        .filter(|line| line.starts_with("| `"))
        .map(|line| line.trim_matches('|').split(" | ").map(|cell| cell.trim().trim_matches('`')).collect())
}

/// Words in backticks.
fn code(text: &str) -> impl Iterator<Item = &str> {
    text.lines().flat_map(|line| line.split('`').skip(1).step_by(2))
}

/// The text between two markers.
fn between<'a>(text: &'a str, from: &str, to: &str) -> &'a str {
    text.split_once(from).and_then(|(_, rest)| rest.split_once(to)).map(|(inner, _)| inner).unwrap()
}

#[test]
fn flags_of_the_readme_are_those_of_the_binary() {
    let help = exporter(&["--help"]);
    let help = String::from_utf8(help.stdout).unwrap();
    let said = |lines: &str| -> Option<(String, String)> {
        let flag = lines.split_whitespace().next()?;
        let words = lines.split_whitespace().collect::<Vec<_>>().join(" ");
        let default =
            words.split_once("default: ").and_then(|(_, rest)| rest.split(';').next()).unwrap_or("none");
        Some((format!("--{flag}"), default.to_owned()))
    };
    // The text of a flag continues on the lines below it.
    let options = between(&help, "\nOptions:\n", "\n\n");
    let real: Vec<_> = options
        .split(" --")
        .skip(1)
        .filter_map(said)
        .filter(|(flag, _)| !["--version", "--help"].contains(&&**flag))
        .collect();
    assert!(real.len() >= 10, "{help}");
    for readme in READMES {
        let text = read(readme);
        let table: Vec<_> = rows(&text)
            .filter(|cells| cells.first().is_some_and(|flag| flag.starts_with("--")))
            .map(|cells| (cells[0].to_owned(), cells[1].replace('无', "none")))
            .collect();
        assert_eq!(table, real, "{readme}");
    }
}

#[test]
fn readmes_are_short_and_name_only_metrics_and_causes_that_exist() {
    let metrics: BTreeSet<_> = METRICS.iter().map(|metric| metric.name).collect();
    for readme in READMES {
        let text = read(readme);
        assert!(text.lines().count() <= 170, "{readme} has {} lines", text.lines().count());
        let named: Vec<_> = code(&text).filter(|word| word.starts_with("logagent_")).collect();
        assert!(named.len() > 10, "{readme} names only {named:?}");
        for name in named {
            let name = name.split([' ', '{']).next().unwrap();
            assert!(metrics.contains(name), "{readme}: {name} is no metric");
        }
        let causes: Vec<_> = text
            .lines()
            .filter_map(|line| line.trim().split_once(" · "))
            .map(|(id, _)| id)
            .filter(|id| id.bytes().all(|b| b.is_ascii_lowercase() || b == b'_'))
            .collect();
        assert!(!causes.is_empty(), "{readme} shows no diagnosis");
        for id in causes {
            assert!(catalog::find(id).is_some(), "{readme}: {id} is no cause");
        }
    }
}

#[test]
fn the_reference_of_metrics_is_the_table_of_the_exporter() {
    const BEGIN: &str = "<!-- Rendered from src/publish/metrics.rs. Edit there, then: make bless -->\n";
    const END: &str = "<!-- end -->";
    let mut table = String::from("\n| metric | type | labels | meaning |\n|---|---|---|---|\n");
    for metric in METRICS {
        let kind = match metric.kind {
            Kind::Counter => "counter",
            Kind::Gauge => "gauge",
        };
        let labels = metric.labels.join(", ");
        writeln!(table, "| `{}` | {kind} | {labels} | {} |", metric.name, metric.help).unwrap();
    }
    table.push('\n');
    let text = read("docs/metrics.md");
    let committed = between(&text, BEGIN, END);
    if std::env::var_os("UPDATE").is_some() {
        let new = text.replace(&format!("{BEGIN}{committed}{END}"), &format!("{BEGIN}{table}{END}"));
        fs::write(repository("docs/metrics.md"), new).unwrap();
    } else {
        assert_eq!(committed, table, "`make bless` renders docs/metrics.md anew");
    }
    let rest = text.replace(committed, "");
    for name in code(&rest).filter(|word| word.starts_with("logagent_")) {
        assert!(METRICS.iter().any(|metric| metric.name == name), "docs/metrics.md: {name} is no metric");
    }
    let queries = between(&rest, "```promql\n", "```");
    for word in
        queries.split(|c: char| !c.is_alphanumeric() && c != '_').filter(|word| word.starts_with("logagent_"))
    {
        assert!(METRICS.iter().any(|metric| metric.name == word), "a query asks for {word}");
    }
}

#[test]
fn the_page_about_the_diagnosis_shows_what_check_prints() {
    let page = read("docs/check.md");
    let mut new = page.clone();
    let mut shown = 0;
    for part in page.split("<!-- ").skip(1) {
        let (golden, rest) = part.split_once(" -->\n```text\n").unwrap();
        let (committed, _) = rest.split_once("```").unwrap();
        let printed = read(&format!("tests/golden/e2e/{golden}"));
        let before = format!("<!-- {golden} -->\n```text\n{committed}```");
        new = new.replace(&before, &format!("<!-- {golden} -->\n```text\n{}\n```", printed.trim_end()));
        shown += 1;
    }
    assert_eq!(shown, 6, "three hosts in two languages");
    if std::env::var_os("UPDATE").is_some() {
        fs::write(repository("docs/check.md"), new).unwrap();
    } else {
        assert_eq!(new, page, "`make bless` renders docs/check.md anew");
    }
}

#[test]
fn example_configurations_are_valid() {
    let dir = tempfile::tempdir().unwrap();
    let mut files = vec![
        repository("deploy/logagent-exporter.yml"),
        repository("deploy/alertmanager/logagent-exporter.yml"),
    ];
    for (number, document) in
        ["docs/configuration.md", "README.md", "README.zh-CN.md"].into_iter().enumerate()
    {
        let file = dir.path().join(format!("{number}.yml"));
        fs::write(&file, between(&read(document), "```yaml\n", "```")).unwrap();
        files.push(file);
    }
    let web = read("docs/web.md");
    logagent_exporter::config::web::parse(between(&web, "```yaml\n", "```").as_bytes(), Path::new("web.yml"))
        .unwrap();
    for file in files {
        let output = exporter(&["config", "check", file.to_str().unwrap()]);
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success() && said.is_empty(), "{}: {said}", file.display());
    }
}

#[test]
fn the_errors_that_the_reference_shows_are_those_of_the_binary() {
    let text = read("docs/configuration.md");
    let shown = between(&text, "config check bad.yml\n", "```");
    let dir = tempfile::tempdir().unwrap();
    let bad = "agents:\n  - kind: logtail\n    expcet: {}\n    \
               expect: { network: intrnet, machine_group_ips: [10.0.0.300] }\n  \
               - kind: fluentd\nclock: { warn_offset: 5 }\n";
    fs::write(dir.path().join("bad.yml"), bad).unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_logagent-exporter"))
        .current_dir(dir.path())
        .args(["config", "check", "bad.yml"])
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(String::from_utf8(output.stderr).unwrap(), shown);
}

#[test]
fn keys_of_the_reference_are_those_of_the_example() {
    let reference = read("docs/configuration.md");
    let example = read("deploy/logagent-exporter.yml");
    for cells in rows(&reference).filter(|cells| cells.len() >= 3) {
        for key in cells[0].split("`, `") {
            let key = key.rsplit('.').next().unwrap().trim_end_matches("[]");
            assert!(example.contains(&format!("{key}:")), "deploy/logagent-exporter.yml does not show {key}");
        }
    }
}

#[test]
fn links_between_documents_lead_somewhere() {
    let mut checked = 0;
    for file in markdown(&repository("")) {
        let text = fs::read_to_string(&file).unwrap();
        for target in text.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
            if target.contains("://") || target.starts_with("mailto:") {
                continue;
            }
            let (path, anchor) = target.split_once('#').unwrap_or((target, ""));
            let aim = if path.is_empty() { file.clone() } else { file.parent().unwrap().join(path) };
            assert!(aim.exists(), "{}: nothing at {target}", file.display());
            if !anchor.is_empty() {
                let headings = fs::read_to_string(&aim).unwrap();
                let there = headings.lines().any(|line| slug(line).is_some_and(|slug| slug == anchor))
                    || headings.contains(&format!("<a id=\"{anchor}\">"));
                assert!(there, "{}: no heading for {target}", file.display());
            }
            checked += 1;
        }
    }
    assert!(checked > 30, "only {checked} links found");
}

/// The anchor that a heading gets on the forges.
fn slug(line: &str) -> Option<String> {
    let heading = line.strip_prefix('#')?.trim_start_matches('#').trim().to_lowercase();
    let kept = heading.chars().filter(|c| c.is_alphanumeric() || [' ', '-', '_'].contains(c));
    Some(kept.map(|c| if c == ' ' { '-' } else { c }).collect())
}

/// Every Markdown file of the repository, without build output and tools.
fn markdown(dir: &Path) -> Vec<PathBuf> {
    let mut out = Vec::new();
    for entry in fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap();
        if path.is_dir() && !["target", "node_modules"].contains(&name) && !name.starts_with('.') {
            out.extend(markdown(&path));
        } else if path.extension().is_some_and(|extension| extension == "md") {
            out.push(path);
        }
    }
    out
}

#[test]
fn tests_that_the_architecture_names_exist() {
    let text = read("ARCHITECTURE.md");
    let named: Vec<_> = code(&text).filter_map(|word| word.split_once(".rs::")).collect();
    assert!(named.len() > 10, "{named:?}");
    for (file, test) in named {
        assert!(read(&format!("{file}.rs")).contains(&format!("fn {test}(")), "{file}.rs has no {test}");
    }
    for path in code(&text).filter(|word| word.ends_with('/')) {
        assert!(repository("src").join(path).is_dir() || repository(path).is_dir(), "there is no {path}");
    }
}

/// Every source and test in which a test may be, as one text.
fn all_tests() -> String {
    let mut open = vec![repository("src"), repository("tests/installs")];
    let mut all = String::new();
    while let Some(path) = open.pop() {
        if path.is_dir() {
            let is_foreign = path.ends_with("node_modules") || path.ends_with("__pycache__");
            let entries = fs::read_dir(path).unwrap().map(|entry| entry.unwrap().path());
            open.extend(entries.filter(|_| !is_foreign));
        } else if path.extension().is_some_and(|extension| extension == "rs" || extension == "py") {
            all += &fs::read_to_string(path).unwrap();
        }
    }
    all
}

#[test]
fn tests_that_the_page_about_windows_names_exist() {
    let text = read("docs/windows.md");
    let steps = between(&text, "| step | case | test |", "\n## ");
    let all = all_tests();
    let rows: Vec<_> =
        steps.lines().filter(|line| line.starts_with("| ") && !line.starts_with("| -")).collect();
    assert!(rows.len() > 15, "{rows:?}");
    for row in rows {
        let cell = row.trim_end_matches(" |").rsplit(" | ").next().unwrap();
        assert!(cell.starts_with('`') || cell.starts_with("the same"), "no test: {row}");
        for test in code(cell) {
            let defined = [format!("fn {test}("), format!("def {test}(")];
            assert!(
                defined.iter().any(|defined| all.contains(defined.as_str())),
                "there is no {test}: {row}"
            );
        }
    }
    let mut shared = code(&text).filter(|word| word.starts_with("assert_"));
    assert!(shared.all(|name| all.contains(&format!("fn {name}("))));
}

#[test]
fn real_cases_name_causes_and_tests_that_exist() {
    let text = read("docs/real-cases.md");
    let rows: Vec<Vec<&str>> = text
        .lines()
        .filter(|line| line.starts_with("| ") && !line.starts_with("| #"))
        .map(|line| line.trim_matches('|').split(" | ").map(str::trim).collect())
        .collect();
    let numbers: Vec<_> = rows.iter().map(|cells| cells[0].to_owned()).collect();
    assert_eq!(numbers, (1..=33).map(|number: u32| number.to_string()).collect::<Vec<_>>());
    for cells in rows {
        let [number, _report, _what, before, now, tests] = cells[..] else { panic!("{cells:?}") };
        for named in [before, now] {
            let is_id =
                |word: &&str| word.contains('_') && word.bytes().all(|b| b.is_ascii_lowercase() || b == b'_');
            for id in code(named).filter(is_id) {
                assert!(catalog::find(id).is_some(), "{number}: {id} is no cause");
            }
        }
        if tests == "none" {
            assert!(now.starts_with("not "), "{number}: named, and no test shows it");
            continue;
        }
        assert!(code(now).next().is_some(), "{number}: tested, and nothing is named");
        for test in code(tests) {
            let (file, function) = test.split_once("::").unwrap_or((test, ""));
            let there = read(file);
            assert!(
                function.is_empty() || there.contains(&format!("fn {function}(")),
                "{number}: {file} has no {function}"
            );
            let alerts = code(now).filter(|name| name.starts_with("LogAgent"));
            for alert in alerts.filter(|_| function.is_empty()) {
                assert!(there.contains(alert), "{number}: {file} has no {alert}");
            }
        }
    }
}

#[test]
fn every_dependency_has_its_reason() {
    let manifest = read("Cargo.toml");
    let real: BTreeSet<_> = manifest
        .split("\n[")
        .filter(|section| section.lines().next().is_some_and(|head| head.ends_with("dependencies]")))
        .flat_map(|section| section.lines().skip(1))
        .filter_map(|line| line.split_once(" = ").map(|(name, _)| name))
        .collect();
    let text = read("docs/dependencies.md");
    let told: BTreeSet<_> = rows(&text).map(|cells| cells[0]).collect();
    assert_eq!(told, real);
    let lock = read("Cargo.lock");
    for cells in rows(&text) {
        let version = cells[3].split(',').next().unwrap();
        let locked = format!("name = \"{}\"\nversion = \"{version}\"", cells[0]);
        assert!(lock.contains(&locked), "{} is not locked at {version}", cells[0]);
    }
}

#[test]
fn the_changelog_has_a_place_for_this_version() {
    let text = read("CHANGELOG.md");
    let version = concat!("## [", env!("CARGO_PKG_VERSION"), "]");
    assert!(text.contains("\n## [Unreleased]\n") || text.contains(version));
}

#[test]
fn the_unit_grants_two_capabilities_and_blinds_nothing() {
    let unit = read("deploy/systemd/logagent-exporter.service");
    let set: Vec<_> =
        unit.lines().filter(|line| !line.starts_with('#')).filter_map(|line| line.split_once('=')).collect();
    let value = |key: &str| set.iter().find(|(name, _)| *name == key).map(|(_, value)| *value);
    let capabilities = Some("CAP_SYS_PTRACE CAP_DAC_READ_SEARCH");
    assert_eq!(value("AmbientCapabilities"), capabilities);
    assert_eq!(value("CapabilityBoundingSet"), capabilities);
    assert_eq!(value("ProtectHome"), Some("read-only"), "an agent may be installed below a home directory");
    assert_eq!(value("ExecReload"), Some("/bin/kill -HUP $MAINPID"));
    for key in
        ["ProtectClock", "ProtectProc", "ProcSubset", "PrivateUsers", "PrivateNetwork", "ProtectHostname"]
    {
        assert_eq!(value(key), None, "{key} blinds the exporter");
        assert!(
            unit.contains(&format!("#   {key}")) || unit.contains(key),
            "why {key} is not set is not said"
        );
    }
}

#[test]
fn every_cause_has_its_alert_and_its_runbooks() {
    let rules = read("alerts/logagent-causes.rules.yml");
    for cause in catalog::causes() {
        assert!(rules.contains(&format!("cause: {}\n", cause.id)), "{} has no alert: make bless", cause.id);
        for page in [format!("{}.md", cause.id), format!("{}.zh.md", cause.id)] {
            let path = repository("alerts/runbooks").join(&page);
            assert!(path.is_file(), "{page} is missing: add a Runbook in xtask/src/runbook, then make bless");
        }
    }
}

/// The commands of a text's blocks, each with the lines that continue it.
fn typed(text: &str) -> Vec<String> {
    let blocks = text.split("```console\n").skip(1).map(|rest| rest.split("```").next().unwrap());
    let commands = blocks.flat_map(|block| block.split("$ ").skip(1).map(str::trim).map(str::to_owned));
    commands.collect()
}

/// Tests below `tests/installs` ask this function for a command by a word of its first line, and run the result.
fn words_asked_of(function: &str) -> BTreeSet<String> {
    let tests = fs::read_dir(repository("tests/installs")).unwrap().map(|entry| entry.unwrap().path());
    let tests =
        tests.filter(|path| path.file_name().is_some_and(|name| name.to_string_lossy().starts_with("test_")));
    let call = format!("{function}(");
    tests
        .flat_map(|path| {
            let source = fs::read_to_string(path).unwrap();
            let named = source.split(&call).skip(1);
            let words = named.filter_map(|rest| rest.split(['"', '\'']).nth(1).map(str::to_owned));
            words.collect::<Vec<_>>()
        })
        .collect()
}

#[test]
fn each_command_that_removes_is_typed_by_a_test() {
    let text = read("docs/installing.md");
    let commands = typed(text.split("\n## Uninstall\n").nth(1).unwrap());
    assert!(commands.len() >= 6, "{commands:?}");
    let words = words_asked_of("uninstalls");
    for command in commands {
        let of = words.iter().filter(|word| command.lines().next().unwrap().contains(word.as_str())).count();
        // Helm's requires a cluster.
        assert_eq!(of, usize::from(!command.starts_with("helm ")), "{of} tests type {command}");
    }
}

#[test]
fn each_command_of_the_readmes_is_typed_by_a_test() {
    let words = words_asked_of("printed");
    for readme in READMES {
        let commands = typed(&read(readme));
        assert!(commands.len() >= 9, "{readme}: {commands:?}");
        for command in &commands {
            let first = command.lines().next().unwrap();
            // The diagnosis further below uses the same command, in Chinese with a flag.
            let of = words.iter().filter(|word| first.contains(word.as_str())).count();
            assert_eq!(of, 1, "{readme}: {of} tests type {command}");
        }
        for word in &words {
            assert!(
                commands.iter().any(|command| command.contains(word.as_str())),
                "{readme} prints no {word}"
            );
        }
    }
}
