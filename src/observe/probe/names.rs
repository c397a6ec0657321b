//! Sources of host names that the host asks and this program does not, and the other way round: a static program uses the
//! hosts file and name servers, whatever the host's configuration says. A name that only another source knows resolves for
//! the agent, so nothing is known about it here; one that only name servers know does not, if the host asks none.

use std::{
    io::{self, Read as _},
    net::IpAddr,
    path::Path,
};

use tokio::task;

use crate::{
    model::{Reason, Why},
    observe::host::hosts,
    sys::{
        ASKS_EVERY_SOURCE_OF_NAMES, HOSTS_FILE,
        root::{Purpose, Root},
    },
};

/// Which sources of names the host asks, in which order.
const FILE: &str = "/etc/nsswitch.conf";
/// The files that a resolver reads.
const RESOLVED_BY: [&str; 2] = [HOSTS_FILE, "/etc/resolv.conf"];
/// Real files have a few lines; a hosts file may have some thousand.
const LARGEST: u64 = 1 << 20;
/// Sources that are used here too: the hosts file, name servers (`resolve` is systemd's way to them). `myhostname`
/// knows only the host's own names.
const ASKED: [&str; 4] = ["files", "dns", "resolve", "myhostname"];

/// Why the name may resolve after all for an agent on the host with this root; `None` if every source was asked.
pub(super) async fn unasked(root: &Root, host: &str) -> Option<Why> {
    let (root, host) = (root.clone(), host.to_owned());
    let sources = move || {
        unreadable(&host).or_else(|| {
            if ASKS_EVERY_SOURCE_OF_NAMES { None } else { unasked_of(&read(&root, FILE)?, &host) }
        })
    };
    task::spawn_blocking(sources).await.ok().flatten()
}

/// Why a name that resolved here does not resolve for an agent on the host with this root: the host asks no name server,
/// and its hosts file does not have the name. `None` if it resolves there, too.
pub(super) async fn unresolved(root: &Root, host: &str) -> Option<String> {
    if ASKS_EVERY_SOURCE_OF_NAMES || host.trim_matches(['[', ']']).parse::<IpAddr>().is_ok() {
        return None;
    }
    let (root, host) = (root.clone(), host.to_owned());
    let sources = move || unresolved_by(&read(&root, FILE)?, &read(&root, HOSTS_FILE)?, &host);
    task::spawn_blocking(sources).await.ok().flatten()
}

fn unresolved_by(sources: &str, hosts: &str, host: &str) -> Option<String> {
    let mut asked = asked(sources).peekable();
    let asks_files_only = asked.peek().is_some() && asked.all(|source| source == "files");
    let hosts = hosts::parse(hosts.as_bytes());
    let mut names = hosts.lines.iter().flat_map(|line| &line.names);
    let may_be_bound = hosts.rest.known().is_none() || names.any(|name| name.eq_ignore_ascii_case(host));
    (asks_files_only && !may_be_bound).then(|| {
        format!(
            "{host} does not resolve: {FILE} asks no name server, and {HOSTS_FILE} does not have the name"
        )
    })
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

/// `None` if there is no such file, or not all of it can be read.
fn read(root: &Root, file: &str) -> Option<String> {
    let mut bytes = Vec::new();
    let file = root.open(Path::new(file), Purpose::Read).ok()?;
    let length = file.take(LARGEST).read_to_end(&mut bytes).ok()?;
    (u64::try_from(length).ok()? < LARGEST).then(|| String::from_utf8_lossy(&bytes).into_owned())
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
    asked(text).filter(|word| !ASKED.contains(word) && (is_local || !word.starts_with("mdns"))).collect()
}

/// The sources that the host asks, in this order.
fn asked(text: &str) -> impl Iterator<Item = &str> {
    let line = text.lines().find_map(|line| line.trim_start().strip_prefix("hosts:")).unwrap_or_default();
    let line = line.split('#').next().unwrap_or_default();
    // Without actions such as `[NOTFOUND=return]`.
    line.split_whitespace().filter(|word| !word.starts_with('[') && !word.ends_with(']'))
}

#[cfg(test)]
#[cfg(target_os = "linux")]
mod tests {
    use super::*;

    #[test]
    fn the_sources_are_those_of_the_watched_host() {
        let host = tempfile::tempdir().unwrap();
        let root = Root::new(host.path());
        assert_eq!(read(&root, FILE), None, "the exporter's own file says nothing about another host");
        std::fs::create_dir(host.path().join("etc")).unwrap();
        std::fs::write(host.path().join("etc/nsswitch.conf"), "hosts: files ldap\n").unwrap();
        let why = unasked_of(&read(&root, FILE).unwrap(), "logs.example.com").unwrap();
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
    #[test]
    fn a_name_that_only_name_servers_know_does_not_resolve_where_none_is_asked() {
        let hosts = "127.0.0.1 localhost\n10.0.0.9 Logs.example.com # bound\n";
        let unresolved = |sources, host| unresolved_by(sources, hosts, host);
        let said = "other.example.com does not resolve: /etc/nsswitch.conf asks no name server, and /etc/hosts does not have the name";
        for sources in ["hosts: files\n", "hosts:\tfiles [NOTFOUND=return] # dns\n"] {
            assert_eq!(unresolved(sources, "other.example.com").as_deref(), Some(said), "{sources}");
            assert_eq!(unresolved(sources, "logs.example.com"), None, "{sources}");
        }
        // The C library's default, another database, and sources that ask a name server or may know the name.
        for sources in
            ["", "passwd: files\n", "hosts: files dns\n", "hosts: resolve\n", "hosts: files myhostname\n"]
        {
            assert_eq!(unresolved(sources, "other.example.com"), None, "{sources}");
        }
    }
}
