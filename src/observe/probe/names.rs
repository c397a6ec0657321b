//! Sources of host names that the host asks and this program cannot: a static program uses only the hosts file and name
//! servers. A name that only such a source knows resolves for the agent, so nothing is known about it here.

use std::{
    io::{self, Read as _},
    path::Path,
};

use tokio::task;

use crate::{
    model::{Reason, Why},
    sys::{
        ASKS_EVERY_SOURCE_OF_NAMES, HOSTS_FILE,
        root::{Purpose, Root},
    },
};

/// Which sources of names the host asks, in which order.
const FILE: &str = "/etc/nsswitch.conf";
/// The files that a resolver reads.
const RESOLVED_BY: [&str; 2] = [HOSTS_FILE, "/etc/resolv.conf"];
/// Real files have a few lines.
const LARGEST: u64 = 64 << 10;
/// Sources that are used here too: the hosts file, name servers (`resolve` is systemd's way to them). `myhostname`
/// knows only the host's own names.
const ASKED: [&str; 4] = ["files", "dns", "resolve", "myhostname"];

/// Why the name may resolve after all for an agent on the host with this root; `None` if every source was asked.
pub(super) async fn unasked(root: &Root, host: &str) -> Option<Why> {
    let (root, host) = (root.clone(), host.to_owned());
    let sources = move || {
        unreadable(&host)
            .or_else(|| if ASKS_EVERY_SOURCE_OF_NAMES { None } else { unasked_of(&read(&root)?, &host) })
    };
    task::spawn_blocking(sources).await.ok().flatten()
}

/// A file with names that this process may not read, although the agent may. The C library reports only that the name
/// does not resolve.
fn unreadable(host: &str) -> Option<Why> {
    let own = Root::new(Path::new("/"));
    let denied = |file: &&str| {
        let opened = own.open(Path::new(file), Purpose::Read);
        opened.is_err_and(|error| error.kind() == io::ErrorKind::PermissionDenied)
    };
    RESOLVED_BY.iter().find(|file| denied(file)).map(|file| {
        let detail =
            format!("{file} cannot be read here: permission denied; the name may resolve for the agent");
        Why::new(Reason::Denied, host, detail)
    })
}

fn read(root: &Root) -> Option<String> {
    let mut text = String::new();
    root.open(Path::new(FILE), Purpose::Read).ok()?.take(LARGEST).read_to_string(&mut text).ok()?;
    Some(text)
}

fn unasked_of(text: &str, host: &str) -> Option<Why> {
    let sources = others(text, host);
    (!sources.is_empty()).then(|| {
        let detail = format!(
            "{FILE} has sources of names that this static program cannot ask: {}; use the dynamically linked one",
            sources.join(", ")
        );
        Why::new(Reason::Unsupported, host, detail)
    })
}

/// The sources other than [`ASKED`] that may know this name. Multicast DNS knows only names below `.local`.
fn others<'t>(text: &'t str, host: &str) -> Vec<&'t str> {
    let is_local = host.trim_end_matches('.').to_ascii_lowercase().ends_with(".local");
    let line = text.lines().find_map(|line| line.trim_start().strip_prefix("hosts:")).unwrap_or_default();
    let line = line.split('#').next().unwrap_or_default();
    line.split_whitespace()
        // An action such as `[NOTFOUND=return]`.
        .filter(|word| !word.starts_with('[') && !word.ends_with(']'))
        .filter(|word| !ASKED.contains(word) && (is_local || !word.starts_with("mdns")))
        .collect()
}

#[cfg(test)]
#[cfg(target_os = "linux")]
mod tests {
    use super::*;

    #[test]
    fn the_sources_are_those_of_the_watched_host() {
        let host = tempfile::tempdir().unwrap();
        let root = Root::new(host.path());
        assert_eq!(read(&root), None, "the exporter's own file says nothing about another host");
        std::fs::create_dir(host.path().join("etc")).unwrap();
        std::fs::write(host.path().join("etc/nsswitch.conf"), "hosts: files ldap\n").unwrap();
        let why = unasked_of(&read(&root).unwrap(), "logs.example.com").unwrap();
        assert!(why.detail.contains("ldap"), "{}", why.detail);
    }

    #[test]
    fn sources_that_cannot_be_asked_are_found_and_usual_ones_are_none() {
        for usual in [
            "",
            "passwd: files ldap\n",
            "hosts: files dns\n",
            "hosts: files mdns4_minimal [NOTFOUND=return] dns myhostname\n",
            "# x\n hosts:\tfiles resolve [!UNAVAIL=return] dns # ldap\n",
        ] {
            assert_eq!(others(usual, "logs.example.com"), [""; 0], "{usual}");
        }
        assert_eq!(
            others("hosts: files ldap [SUCCESS=return] mymachines dns\n", "a.b"),
            ["ldap", "mymachines"]
        );
        assert_eq!(others("hosts: files mdns4 dns\n", "printer.LOCAL."), ["mdns4"]);
    }
}
