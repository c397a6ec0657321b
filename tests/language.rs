//! What people read is in their language: no English in Chinese texts except identifiers and names, full-width
//! punctuation beside Chinese characters, and one word for each concept in both.
#![expect(clippy::unwrap_used, clippy::panic, reason = "helpers of tests; a panic is the test's failure")]

use std::{
    fs,
    path::{Path, PathBuf},
};

use serde_json::Value;

use logagent_exporter::{
    agents, catalog,
    catalog::remedy::{Reader, readable},
    model::{Language, phrase::phrase},
};

/// Names of products, protocols and things that have no other name in Chinese.
const NAMES: &[&str] = &[
    "ACL",
    "AKID",
    "API",
    "Alertmanager",
    "Alibaba",
    "Ansible",
    "BOM",
    "CA",
    "CLS",
    "CONNECT",
    "CPU",
    "CVM",
    "Cloud",
    "Ctrl",
    "DHCP",
    "DNS",
    "Debian",
    "Docker",
    "ECS",
    "English",
    "FAQ",
    "FIFO",
    "FUSE",
    "Grafana",
    "HTTP",
    "HTTPS",
    "Helm",
    "ID",
    "IKID",
    "IP",
    "JSON",
    "KiB",
    "Kubernetes",
    "Linux",
    "LogAgentTest",
    "LogListener",
    "Logstore",
    "Logtail",
    "LoongCollector",
    "MB",
    "MTU",
    "MiB",
    "NAT",
    "NFS",
    "NTP",
    "NUL",
    "NetworkManager",
    "OLSInvalidMethod",
    "PID",
    "POST",
    "Pod",
    "PowerShell",
    "Project",
    "Prometheus",
    "ProtectProc",
    "RAM",
    "RHEL",
    "RPM",
    "ReloadLogtailSysConf",
    "Rust",
    "SIGHUP",
    "SIGKILL",
    "SLS",
    "SecretId",
    "SecretKey",
    "Shell",
    "T",
    "TCP",
    "TLS",
    "TencentOS",
    "UDP",
    "URL",
    "UTF",
    "Ubuntu",
    "VPC",
    "VPN",
    "Web",
    "Windows",
    "YAML",
    "Z",
    "adjtimex",
    "cron",
    "daemon",
    "executable",
    "exporter",
    "gid",
    "hidepid",
    "host",
    "hosts",
    "http",
    "https",
    "iLogtail",
    "inode",
    "kB",
    "key",
    "loglistener",
    "logtail",
    "pid",
    "port",
    "proc",
    "procfs",
    "relabel",
    "root",
    "seccomp",
    "systemd",
    "uid",
    "value",
    "worker",
];

/// Words for a concept that has another word here.
const BANNED: &[(&str, &str)] = &[
    ("采集器", "客户端"),
    ("断点", "检查点"),
    ("代理端", "客户端"),
    ("mended", "fixed"),
    ("whoever", "who"),
    ("besides the", "in addition to the"),
    ("sudo -u logagent-exporter", "the unit has no such user"),
    ("/etc/logagent-exporter.yml", "/etc/logagent-exporter/logagent-exporter.yml"),
];

fn is_chinese(c: char) -> bool {
    matches!(c, '\u{3400}'..='\u{9fff}')
}

fn repository(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

/// The text without quoted parts: code, addresses, placeholders, comments, annotations' templates.
fn prose(line: &str) -> String {
    let mut out = String::new();
    // The key of an annotation.
    let line = line.trim_start();
    let is_key = |text: &str| text.bytes().all(|b| b.is_ascii_lowercase());
    let line = line.split_once(": '").filter(|(key, _)| is_key(key)).map_or(line, |(_, value)| value);
    for (index, part) in line.split('`').enumerate() {
        // A code span counts as a word.
        out.push_str(if index % 2 == 1 { "1" } else { part });
    }
    for (open, close) in
        [("{{", "}}"), ("<!--", "-->"), ("\\<", "\\>"), ("<", ">"), ("{", "}"), ("](", ")"), (". [", "]")]
    {
        while let Some((before, rest)) = out.split_once(open) {
            let Some((_, after)) = rest.split_once(close) else { break };
            out = format!("{before}1{after}");
        }
    }
    out
}

/// English words of a Chinese line, and half-width punctuation beside Chinese characters.
fn defects(line: &str) -> Vec<String> {
    if !line.chars().any(is_chinese) {
        return Vec::new();
    }
    let prose = prose(line);
    let mut found = Vec::new();
    let is_word = |c: char| c.is_ascii_alphanumeric() || "_./:@-".contains(c);
    for word in prose.split(|c: char| !is_word(c)) {
        let bare = word.trim_matches(|c: char| !c.is_ascii_alphanumeric());
        let is_identifier = bare.len() < 2
            || word.contains('/')
            || bare.contains(|c: char| c.is_ascii_digit() || "_./:@-".contains(c));
        if !is_identifier && !NAMES.contains(&bare) {
            found.push(bare.to_owned());
        }
    }
    let characters: Vec<char> = prose.chars().collect();
    for pair in characters.windows(2) {
        let [left, right] = pair else { continue };
        let half = |c: &char| ",;:?!()".contains(*c);
        if (is_chinese(*left) && half(right)) || (half(left) && *left != ')' && is_chinese(*right)) {
            found.push(pair.iter().collect());
        }
    }
    found
}

/// Chinese documents: their lines without fenced code.
fn lines_of(path: &Path) -> Vec<String> {
    let text = fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let mut fenced = false;
    let outside = text.lines().filter(|line| {
        fenced ^= line.trim_start().starts_with("```");
        !fenced
    });
    outside.map(str::to_owned).collect()
}

fn chinese(directory: &str) -> Vec<PathBuf> {
    let entries = fs::read_dir(repository(directory)).unwrap().map(|entry| entry.unwrap().path());
    entries.filter(|path| path.to_string_lossy().ends_with(".zh.md")).collect()
}

/// The sources below these directories or files, without their tests.
fn sources(paths: &[&str]) -> Vec<String> {
    let mut found = Vec::new();
    let mut left: Vec<PathBuf> = paths.iter().map(|path| repository(path)).collect();
    while let Some(path) = left.pop() {
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if path.is_dir() && name != "tests" {
            left.extend(fs::read_dir(path).unwrap().map(|entry| entry.unwrap().path()));
        } else if path.extension().is_some_and(|extension| extension == "rs")
            && !name.contains("test")
            && !["fault_server.rs", "on_linux.rs"].contains(&name.as_str())
        {
            let source = fs::read_to_string(&path).unwrap();
            found.push(source.split("mod tests {").next().unwrap().to_owned());
        }
    }
    found
}

/// The string literals of a source, unescaped as far as prose needs it.
fn strings(source: &str) -> Vec<String> {
    let mut found = Vec::new();
    for line in source.replace("\\\n", "\u{1}").lines() {
        if line.trim_start().starts_with("//") || line.trim_start().starts_with("reason") {
            continue;
        }
        let line = line.replace("'\"'", "").replace("'\\\"'", "").replace("\\\"", "'");
        for literal in line.split('"').skip(1).step_by(2) {
            let joined: Vec<&str> = literal
                .split('\u{1}')
                .enumerate()
                .map(|(index, part)| if index == 0 { part } else { part.trim_start() })
                .collect();
            found.push(joined.concat().replace("\\\\n", " ").replace("\\n", "\n"));
        }
    }
    found
}

/// Chinese sentences in the sources: those of the page, of `check`, of other commands.
fn literals() -> impl Iterator<Item = String> {
    let found: Vec<String> = sources(&["src", "xtask/src"])
        .iter()
        .flat_map(|source| strings(source))
        .filter(|text| text.contains(is_chinese) && !text.starts_with("Alibaba Cloud SLS: Logtail"))
        .collect();
    assert!(found.len() > 300, "only {} sentences were found", found.len());
    found.into_iter().flat_map(|text| text.lines().map(str::to_owned).collect::<Vec<_>>())
}

/// Texts that are not part of a diagnosis: lines of the log, defects of the exporter's config.
const NOT_TOLD: &[&str] = &[
    "it belongs to what looked at it",
    "this is the one place where time is observed",
    // Of the support bundle.
    "(not there)\n",
    "({} bytes, of which nothing can be shown)\n",
    // Two halves of one phrase.
    "the certificate store of the system is empty (looked for {} under {}",
    "); install the distribution's ca-certificates",
];

#[test]
fn what_an_observation_says_has_its_translation() {
    let is_word = |word: &str| word.len() > 1 && word.bytes().all(|b| b.is_ascii_lowercase());
    let mut complaints = Vec::new();
    for source in sources(&[
        "src/net",
        "src/observe/host",
        "src/observe/probe",
        "src/observe/linux/process",
        "src/observe/time.rs",
        "src/evaluate/rules",
    ]) {
        for text in strings(&source) {
            let words: Vec<&str> = text.split([' ', ',', ';', ':', '(', ')']).collect();
            let is_english = words.windows(2).any(|pair| pair.iter().all(|word| is_word(word)));
            let mut sample = String::new();
            for (index, part) in text.split('{').enumerate() {
                sample.push_str(if index == 0 {
                    part
                } else {
                    part.split_once('}').map_or(part, |(_, after)| after)
                });
                sample.push('1');
            }
            sample.pop();
            // A value follows.
            if sample.ends_with(' ') {
                sample.push('1');
            }
            if is_english
                && !NOT_TOLD.contains(&text.as_str())
                && !sample.starts_with("sudo ")
                && !phrase(sample.trim_matches([',', ';', ' ']), Language::Chinese).contains(is_chinese)
            {
                complaints.push(text);
            }
        }
    }
    assert!(complaints.is_empty(), "{}", complaints.join("\n"));
}

#[test]
fn chinese_texts_have_no_english_and_no_half_width_punctuation() {
    let mut complaints = Vec::new();
    for cause in catalog::causes() {
        let remedy = readable(cause, Language::Chinese, Reader::Runbook);
        let texts = [cause.title.zh, cause.meaning.zh, cause.summary.zh, remedy.as_str()];
        for line in texts.into_iter().flat_map(str::lines) {
            complaints
                .extend(defects(line).into_iter().map(|defect| format!("{}: {defect}: {line}", cause.id)));
        }
    }
    for line in agents::none_found(Language::Chinese).lines() {
        complaints.extend(defects(line));
    }
    complaints.extend(
        literals().flat_map(|text| defects(&text).into_iter().map(move |defect| format!("{defect}: {text}"))),
    );
    let mut documents = chinese("alerts/runbooks");
    documents.extend(chinese("alerts/runbooks/exporter"));
    documents.extend(chinese("docs"));
    documents.extend(["README.zh-CN.md", "alerts/zh/logagent-causes.rules.yml"].map(repository));
    assert!(documents.len() > 80, "{}", documents.len());
    for path in documents {
        for line in lines_of(&path) {
            let name = path.display();
            complaints.extend(defects(&line).into_iter().map(|defect| format!("{name}: {defect}: {line}")));
        }
    }
    assert!(complaints.is_empty(), "{}", complaints.join("\n"));
}

/// Titles, descriptions, legends and texts that are shown instead of a value.
fn texts(value: &Value, found: &mut Vec<String>) {
    match value {
        Value::Object(object) => {
            for (key, value) in object {
                let is_text =
                    ["title", "description", "noValue", "label", "text", "content"].contains(&key.as_str());
                found.extend(value.as_str().filter(|_| is_text).map(str::to_owned));
                texts(value, found);
            }
        }
        Value::Array(array) => array.iter().for_each(|value| texts(value, found)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// Dashboards are in English; their links lead to runbooks in either language.
#[test]
fn dashboards_are_in_english_with_the_words_of_the_catalogue() {
    let mut found = Vec::new();
    for name in ["fleet", "host", "exporter"] {
        let text = fs::read_to_string(repository(&format!("dashboards/{name}.json"))).unwrap();
        texts(&serde_json::from_str(&text).unwrap(), &mut found);
    }
    assert!(found.len() > 150, "only {} texts were found", found.len());
    for text in found {
        let is_language = text == "中文" || text == "简体中文";
        assert!(is_language || !text.contains(is_chinese), "{text}");
        for (banned, instead) in BANNED {
            assert!(!text.contains(banned), "{banned} (rather: {instead}): {text}");
        }
        for pair in text.split_whitespace().collect::<Vec<_>>().windows(2) {
            assert_ne!(pair.first(), pair.last(), "a word twice: {text}");
        }
    }
}

/// Commands of two systems may become one.
#[test]
fn no_line_offers_a_command_as_its_own_alternative() {
    let joints = [" or ", " and ", ", ", "、", " 或 ", " 和 "];
    let twice = |line: &str| {
        let parts: Vec<&str> = line.split('`').collect();
        parts
            .windows(3)
            .any(|three| matches!(three, [before, joint, after] if before == after && joints.contains(joint)))
    };
    assert!(twice("see `a` or `a`") && !twice("see `a` or `b`, then `a`"));
    let mut documents: Vec<PathBuf> = ["alerts/runbooks", "alerts/runbooks/exporter", "docs"]
        .iter()
        .flat_map(|directory| fs::read_dir(repository(directory)).unwrap())
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "md"))
        .collect();
    documents.extend(["README.md", "README.zh-CN.md"].map(repository));
    assert!(documents.len() > 150, "{}", documents.len());
    for path in documents {
        for line in lines_of(&path) {
            assert!(!twice(&line), "{}: {line}", path.display());
        }
    }
}

#[test]
fn defects_are_found_and_names_are_none() {
    assert!(
        defects("客户端 Logtail 在 `ls -l x` 之后，{value} 与 <name> 一致：https://x.example/a").is_empty()
    );
    assert_eq!(defects("读取 failure 之后"), ["failure"]);
    assert_eq!(defects("时钟: 正常"), ["钟:"]);
    assert!(defects("nothing Chinese: here").is_empty());
}

#[test]
fn one_word_for_each_concept() {
    for cause in catalog::causes() {
        let texts = [cause.title, cause.meaning, cause.summary, cause.remedy];
        for text in texts.iter().flat_map(|text| [text.en, text.zh]) {
            for (banned, instead) in BANNED {
                assert!(
                    !text.replace("{mended}", "").contains(banned),
                    "{}: {banned} (rather: {instead}): {text}",
                    cause.id
                );
            }
            let has_agent = text.chars().any(is_chinese)
                && prose(text)
                    .split(|c: char| !c.is_ascii_alphabetic())
                    .any(|word| word.eq_ignore_ascii_case("agent"));
            assert!(!has_agent, "{}: an agent is 客户端: {text}", cause.id);
        }
    }
}
