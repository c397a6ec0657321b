//! How the service on this host is set up, for a command that runs in its place: its variables and its config file.

use std::{
    collections::HashMap,
    ffi::OsString,
    path::{Path, PathBuf},
};

use crate::{config, sys};

/// Files with the service's variables: of the Debian package, and of the RPM.
const VARIABLES: [&str; 2] = ["/etc/default/logagent-exporter", "/etc/sysconfig/logagent-exporter"];

/// The config file that the service would read, below `root`; `None`: it would read none.
pub fn config_file(root: &Path) -> Option<PathBuf> {
    let below = |path: &str| root.join(path.trim_start_matches('/'));
    let set =
        VARIABLES.iter().filter_map(|path| config::read(&below(path)).ok()).map(|text| variables(&text));
    let named = set.filter_map(|mut set| set.remove("LOGAGENT_EXPORTER_CONFIG_FILE")).next_back();
    let named = named.filter(|path| !path.is_empty()).map(|path| below(&path.to_string_lossy()));
    named.or_else(|| Some(below(sys::CONFIG_FILE)).filter(|path| path.exists()))
}

/// `NAME=value` lines, as systemd's `EnvironmentFile` has them; quotes around a whole value are removed.
fn variables(text: &[u8]) -> HashMap<String, OsString> {
    let text = String::from_utf8_lossy(text);
    let lines = text.lines().map(str::trim).filter(|line| !line.starts_with(['#', ';']));
    lines
        .filter_map(|line| line.split_once('='))
        .map(|(name, value)| {
            let value = value.trim();
            let quoted = |quote| value.strip_prefix(quote).and_then(|value: &str| value.strip_suffix(quote));
            (name.trim().to_owned(), quoted('"').or_else(|| quoted('\'')).unwrap_or(value).into())
        })
        .collect()
}

#[cfg(test)]
#[cfg(target_os = "linux")]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn the_services_config_is_the_one_that_its_variables_name_or_the_packages() {
        let root = tempfile::tempdir().unwrap();
        for directory in ["etc/default", "etc/sysconfig", "etc/logagent-exporter"] {
            fs::create_dir_all(root.path().join(directory)).unwrap();
        }
        let found =
            || config_file(root.path()).map(|path| path.strip_prefix(root.path()).unwrap().to_owned());
        assert_eq!(found(), None);
        fs::write(root.path().join("etc/logagent-exporter/logagent-exporter.yml"), "").unwrap();
        assert_eq!(found(), Some("etc/logagent-exporter/logagent-exporter.yml".into()));
        let variables =
            "# x\nLOGAGENT_EXPORTER_LOG_LEVEL=debug\n LOGAGENT_EXPORTER_CONFIG_FILE = \"/etc/a.yml\"\n";
        fs::write(root.path().join("etc/default/logagent-exporter"), variables).unwrap();
        assert_eq!(found(), Some("etc/a.yml".into()));
        fs::write(
            root.path().join("etc/sysconfig/logagent-exporter"),
            "LOGAGENT_EXPORTER_CONFIG_FILE=/etc/b.yml",
        )
        .unwrap();
        assert_eq!(found(), Some("etc/b.yml".into()), "as systemd reads them, the later file wins");
        let none = "#LOGAGENT_EXPORTER_CONFIG_FILE=/etc/b.yml\nLOGAGENT_EXPORTER_CONFIG_FILE=\n";
        fs::write(root.path().join("etc/sysconfig/logagent-exporter"), none).unwrap();
        assert_eq!(found(), Some("etc/logagent-exporter/logagent-exporter.yml".into()));
    }
}
