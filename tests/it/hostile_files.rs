//! Unusual entries in place of files: each results in the right status of its prerequisite, with a reason if it is
//! unknown, and affects nothing else.

use std::fs::File;

use serde_json::Value;

use crate::support::{Exporter, Host, User, eventually, layouts::*};

/// Entries in place of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Oddity {
    /// A file of 1 GiB that takes no space.
    Huge,
    Binary,
    Empty,
    Fifo,
    Directory,
    Loop,
    Dangling,
}

use Oddity::{Binary, Dangling, Directory, Empty, Fifo, Huge, Loop};

/// Puts it in place of the file, which is not missing in between.
fn put(host: &Host, path: &str, oddity: Oddity) {
    let draft = format!("{path}.new");
    match oddity {
        Huge => File::create(host.at(&draft)).unwrap().set_len(1 << 30).unwrap(),
        Binary => {
            let bytes: Vec<u8> = (0..=255).cycle().take(4096).collect();
            host.write(&draft, bytes);
        }
        Empty => host.write(&draft, ""),
        Fifo => drop(host.sh(&format!("mkfifo {draft}"))),
        Directory => host.create_dir(&draft),
        Loop => host.link(&draft, path),
        Dangling => host.link(&draft, "/nowhere/at/all"),
    }
    replace(host, path, &draft);
}

/// Renames the draft over what is at `path`; only a directory has to be removed first.
fn replace(host: &Host, path: &str, draft: &str) {
    let is_directory = |path: &str| std::fs::symlink_metadata(host.at(path)).unwrap().is_dir();
    if is_directory(path) || is_directory(draft) {
        host.remove(path);
    }
    host.rename(draft, path);
}

/// Replaces the entry at `path` by a file with this content.
fn restore(host: &Host, path: &str, content: impl AsRef<[u8]>) {
    let draft = format!("{path}.new");
    host.write(&draft, content);
    replace(host, path, &draft);
}

/// The reasons in the report for unknown facts of a prerequisite.
fn reasons(report: &Value, prerequisite: &str) -> Vec<String> {
    let all = report["agents"][0]["prerequisites"].as_array().unwrap();
    let of = all.iter().find(|entry| entry["id"] == prerequisite).unwrap();
    let unknown = of["unknown"].as_array().unwrap();
    unknown.iter().map(|why| why["reason"].as_str().unwrap().to_owned()).collect()
}

/// Puts each unusual entry in place of the file, expects the verdict, and no finding when the file is back.
#[track_caller]
fn each(host: &Host, exporter: &Exporter<'_>, path: &str, cases: &[(Oddity, &[&str])]) {
    let content = std::fs::read(host.at(path)).unwrap();
    exporter.shows(&[]);
    for (oddity, expected) in cases {
        println!("{path}: {oddity:?}");
        put(host, path, *oddity);
        exporter.shows(expected);
        let report = exporter.report();
        for line in *expected {
            if let Some(prerequisite) = line.strip_suffix(" unknown") {
                let reasons = reasons(&report, prerequisite);
                let reason = if *oddity == Huge { "too_large" } else { "not_a_regular_file" };
                let told = reasons.iter().any(|told| told == reason);
                // Without a config no endpoint is known, and without an endpoint no time.
                let follows = prerequisite == "clock" || reasons == ["no_source"];
                assert!(told || follows, "{prerequisite}: {reasons:?}");
            }
        }
        exporter.until_evaluated();
        restore(host, path, &content);
        exporter.shows(&[]);
    }
}

#[test]
fn in_place_of_the_config() {
    let host = Host::with_logtail();
    let exporter = host.exporter_of(EXPECT_ALL);
    let unknown: &[&str] = &["ip unknown", "network unknown", "startup_parameters unknown"];
    let invalid: &[&str] = &["clock unknown", "network unknown", "startup_parameters failing config_invalid"];
    let unreadable: &[&str] =
        &["clock unknown", "network unknown", "startup_parameters failing config_unreadable"];
    let missing: &[&str] = &["clock unknown", "network unknown", "startup_parameters failing config_missing"];
    each(
        &host,
        &exporter,
        CONFIG,
        &[
            (Huge, unknown),
            (Fifo, unknown),
            (Binary, invalid),
            (Empty, invalid),
            (Directory, unreadable),
            (Loop, unreadable),
            (Dangling, missing),
        ],
    );
}

#[test]
fn in_place_of_the_address_record() {
    let host = Host::with_logtail();
    let exporter = host.exporter_of(EXPECT_ALL);
    let unknown: &[&str] = &["ip unknown"];
    let invalid: &[&str] = &["ip failing ip_record_invalid"];
    let missing: &[&str] = &["ip failing ip_record_missing"];
    each(
        &host,
        &exporter,
        APP_INFO,
        &[
            (Huge, unknown),
            (Fifo, unknown),
            (Binary, invalid),
            (Empty, invalid),
            (Directory, invalid),
            (Loop, invalid),
            (Dangling, missing),
        ],
    );
}

#[test]
fn in_place_of_the_custom_identifier() {
    let host = Host::with_logtail();
    let exporter = host.exporter_of(EXPECT_ALL);
    let unknown: &[&str] = &["custom_identifier unknown"];
    let missing: &[&str] = &["custom_identifier failing custom_identifier_missing"];
    each(
        &host,
        &exporter,
        IDENTIFIERS,
        &[
            (Huge, unknown),
            (Fifo, unknown),
            (Binary, &["custom_identifier failing custom_identifier_mismatch"]),
            (Empty, &["custom_identifier failing custom_identifier_empty"]),
            (Directory, missing),
            (Loop, missing),
            (Dangling, missing),
        ],
    );
}

#[test]
fn in_place_of_the_user_identifiers() {
    let host = Host::with_logtail();
    let exporter = host.exporter_of(EXPECT_ALL);
    exporter.shows(&[]);
    for oddity in [Huge, Binary, Empty, Fifo, Loop, Dangling] {
        println!("{oddity:?}");
        put(&host, USERS, oddity);
        exporter.shows(&["user_identifier failing user_identifier_missing"]);
        host.remove(USERS);
        host.write(&format!("{USERS}/1234567890123456"), "");
        exporter.shows(&[]);
    }
}

#[test]
fn more_user_identifiers_than_are_read() {
    let host = Host::with_logtail();
    let exporter = host.exporter_of(EXPECT_ALL);
    exporter.shows(&[]);
    host.sh(&format!("cd {USERS} && touch $(seq 100000 103000)"));
    exporter.shows(&["user_identifier unknown"]);
    assert!(reasons(&exporter.report(), "user_identifier").iter().any(|reason| reason == "too_large"));
    host.sh(&format!("cd {USERS} && rm $(seq 100000 103000)"));
    exporter.shows(&[]);
}

#[test]
fn in_place_of_the_hosts_file() {
    let host = Host::with_logtail();
    // A separate root, so that the exporter's own resolver still has a good hosts file.
    host.sh("mkdir -p /run/root
         mount --bind / /run/root
         mount -t tmpfs tmpfs /run/root/etc
         mkdir -p /run/root/etc/ssl /run/root/etc/ilogtail
         mount --bind /usr/local /run/root/usr/local
         mount --bind /etc/ssl /run/root/etc/ssl
         mount --bind /etc/ilogtail /run/root/etc/ilogtail
         mount --bind /proc /run/root/proc
         echo '172.16.2.200 web-1' >/run/root/etc/hosts");
    let exporter = host.exporter_with(User::Root, Some(EXPECT_ALL), &["--path.rootfs=/run/root"]);
    let unknown: &[&str] = &["ip unknown"];
    each(
        &host,
        &exporter,
        "/run/root/etc/hosts",
        &[
            (Huge, unknown),
            (Fifo, unknown),
            (Binary, &[]),
            (Empty, &[]),
            (Directory, &[]),
            (Loop, &[]),
            (Dangling, &[]),
        ],
    );
}

#[test]
fn in_place_of_loglisteners_config() {
    let host = Host::with_loglistener();
    let exporter = host.exporter_of(EXPECT_CLS);
    let unknown: &[&str] =
        &["credentials unknown", "ip unknown", "network unknown", "startup_parameters unknown"];
    let invalid: &[&str] = &["clock unknown", "network unknown", "startup_parameters failing config_invalid"];
    let unreadable: &[&str] =
        &["clock unknown", "network unknown", "startup_parameters failing config_unreadable"];
    let missing: &[&str] = &["clock unknown", "network unknown", "startup_parameters failing config_missing"];
    each(
        &host,
        &exporter,
        CONF,
        &[
            (Huge, unknown),
            (Fifo, unknown),
            (Binary, invalid),
            (Empty, invalid),
            (Directory, unreadable),
            (Loop, unreadable),
            (Dangling, missing),
        ],
    );
}

/// An unread file clears nothing: the fault existed, and its end was not observed.
#[test]
fn a_fault_stands_while_its_facts_cannot_be_read() {
    let host = Host::with_logtail();
    let exporter = host.exporter_of(EXPECT_ALL);
    host.refuse(DATA);
    host.write(IDENTIFIERS, "another\n");
    let standing = "custom_identifier failing custom_identifier_mismatch";
    exporter.shows(&[standing, "network failing connection_refused"]);
    put(&host, IDENTIFIERS, Fifo);
    put(&host, CONFIG, Fifo);
    let unread = [standing, "ip unknown", "network failing connection_refused", "startup_parameters unknown"];
    exporter.shows(&unread);
    restore(&host, IDENTIFIERS, "web-fleet\n");
    restore(&host, CONFIG, CONFIG_TEXT);
    host.serve(DATA, crate::support::Answer::LogService);
    exporter.shows(&[]);
}

/// A file that comes and goes: the exporter may see it or not, but keeps running, and reports nothing else.
#[test]
fn files_that_vanish_and_return_all_the_time() {
    let host = Host::with_logtail();
    let exporter = host.exporter_of(EXPECT_ALL);
    exporter.shows(&[]);
    let mut mover = host.command("/", "sh");
    let script = format!(
        "while :; do
            for file in {CONFIG} {APP_INFO} {IDENTIFIERS} {USERS}; do mv $file $file.away; done
            for file in {CONFIG} {APP_INFO} {IDENTIFIERS} {USERS}; do mv $file.away $file; done
         done"
    );
    let mut mover = mover.args(["-c", &format!("echo $$ >/run/mover.pid; {script}")]).spawn().unwrap();
    let mut seen_missing = false;
    for _ in 0..10 {
        exporter.until_evaluated();
        let seen = exporter.scrape();
        for line in seen.verdict() {
            let allowed = [
                "startup_parameters failing config_missing",
                "ip failing ip_record_missing",
                "custom_identifier failing custom_identifier_missing",
                "user_identifier failing user_identifier_missing",
                // Without a config there is no endpoint to probe, not even for the time; with one, none has been probed
                // yet.
                "clock unknown",
                "network unknown",
            ];
            assert!(allowed.contains(&line.as_str()), "{line}");
            seen_missing = true;
        }
    }
    assert!(seen_missing, "the files were never away");
    let pid = eventually("the mover's id", || {
        std::fs::read_to_string(host.at("/run/mover.pid")).map_err(|e| e.to_string())
    });
    host.sh(&format!("kill -9 {pid}"));
    mover.wait().unwrap();
    host.until_running("mv", 0);
    for file in [CONFIG, APP_INFO, IDENTIFIERS, USERS] {
        if host.at(&format!("{file}.away")).exists() {
            host.rename(&format!("{file}.away"), file);
        }
    }
    exporter.shows(&[]);
}

/// The same as [`each`], for an exporter that runs as the same user as the agent and may not read the file.
#[track_caller]
fn denied(path: &str, expected: &[&str]) {
    let host = Host::with_logtail();
    host.run_logtail_as_nobody();
    let exporter = host.exporter_with(User::Nobody, Some(EXPECT_ALL), &[]);
    exporter.shows(&[]);
    host.sh(&format!("chown 0:0 {path} && chmod 000 {path}"));
    exporter.shows(expected);
    let report = exporter.report();
    for line in expected {
        let Some(prerequisite) =
            line.strip_suffix(" unknown").filter(|prerequisite| *prerequisite != "clock")
        else {
            continue;
        };
        let reasons = reasons(&report, prerequisite);
        assert!(reasons.iter().any(|reason| reason == "denied"), "{prerequisite}: {reasons:?}");
    }
    host.sh(&format!("chmod 755 {path}"));
    exporter.shows(&[]);
}

#[test]
fn the_config_is_not_for_the_exporter() {
    let expected = ["ip unknown", "network unknown", "startup_parameters unknown"];
    denied(CONFIG, &expected);
}

#[test]
fn the_address_record_is_not_for_the_exporter() {
    denied(APP_INFO, &["ip unknown"]);
}

#[test]
fn the_custom_identifier_is_not_for_the_exporter() {
    denied(IDENTIFIERS, &["custom_identifier unknown"]);
}

#[test]
fn the_user_identifiers_are_not_for_the_exporter() {
    denied(USERS, &["user_identifier unknown"]);
}
