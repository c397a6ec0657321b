//! Counts an agent's collection configs: those delivered by the service, and local ones.

use std::path::Path;

use super::{agent::locate, file::Files};
use crate::{
    agents::{Layout, Profile},
    model::{
        Reading, Why,
        snapshot::{Collection, FileState},
    },
};

/// The maximum number of names read from one directory of configs.
const MOST_CONFIGS: usize = 10_000;

/// The collection configs; `Known(None)`: nothing shows their number.
pub fn observe(
    files: Files<'_>,
    profile: &dyn Profile,
    layout: &Layout,
    identifiers: Option<&Path>,
) -> Reading<Option<Collection>> {
    let Some((path, state)) = locate(files, &layout.collection) else {
        return Reading::Known(None);
    };
    let delivered = state.map(|state| match state {
        FileState::Present(file) => file.content.ok().and_then(|bytes| profile.parse_collection(&bytes.0)),
        FileState::Missing | FileState::NotAFile(_) => None,
    });
    delivered.and_then(|delivered| match delivered {
        None => Reading::Known(None),
        Some(0) => {
            // Identity files and configs are in the same directory.
            let own = identifiers.and_then(Path::parent).into_iter();
            let names =
                own.flat_map(|directory| layout.collection_names.iter().map(|name| directory.join(name)));
            let directories = layout.collection_dirs.iter().cloned().chain(names);
            let found: Result<Vec<usize>, Why> =
                directories.map(|directory| configs_in(files, &directory, true)).collect();
            found.map(|counts| Some(Collection { path, configs: counts.iter().sum() })).into()
        }
        Some(configs) => Reading::Known(Some(Collection { path, configs })),
    })
}

/// Config files in a directory and its subdirectories.
fn configs_in(files: Files<'_>, directory: &Path, deeper: bool) -> Result<usize, Why> {
    let names = Result::from(files.list(directory, MOST_CONFIGS))?.unwrap_or_default();
    let mut count = 0;
    for name in names {
        match name.extension().and_then(|extension| extension.to_str()) {
            Some("json" | "yaml" | "yml") => count += 1,
            None if deeper && files.is_directory(&directory.join(&name)) => {
                count += configs_in(files, &directory.join(&name), false)?;
            }
            Some(_) | None => {}
        }
    }
    Ok(count)
}

#[cfg(test)]
#[cfg(target_os = "linux")]
mod tests {
    use super::*;
    use crate::{
        agents::{Files as _, logtail::Logtail},
        config::AgentSettings,
        model::{Reason, snapshot::Invocation},
        observe::host::testing::Host,
    };

    const CONFIGS: &str = "/usr/local/ilogtail/user_log_config.json";

    fn observed(host: &Host) -> Reading<Option<usize>> {
        let settings =
            AgentSettings { install_dir: Some("/usr/local/ilogtail".into()), ..AgentSettings::default() };
        let layout = Logtail.layout(&settings, &Invocation::default());
        let identifiers = Some(Path::new("/etc/ilogtail/user_defined_id"));
        host.look(|files| observe(files, &Logtail, &layout, identifiers))
            .map(|found| found.map(|found| found.configs))
    }

    #[test]
    fn what_was_delivered_counts_and_what_does_not_tell_is_no_absence() {
        for (content, configs) in [
            (r#"{"metrics": {}}"#, Some(0)),
            ("{}", Some(0)),
            (r#"{"metrics": {"a": {}, "b": {}}}"#, Some(2)),
            (r#"{"other": {"a": {}}}"#, None),
            ("", None),
            ("{\"metrics\": ", None),
        ] {
            let host = Host::new();
            host.file(CONFIGS, content);
            assert_eq!(observed(&host), Reading::Known(configs), "{content}");
        }
        assert_eq!(observed(&Host::new()), Reading::Known(None));
    }

    #[test]
    fn what_was_put_beside_it_counts_too() {
        for path in [
            "/usr/local/ilogtail/user_config.d/a.json",
            "/usr/local/ilogtail/user_yaml_config.d/a.yaml",
            "/etc/ilogtail/config.d/a.json",
            "/etc/ilogtail/config/local/a.yaml",
            "/etc/ilogtail/config/remote/a.yml",
        ] {
            let host = Host::new();
            host.file(CONFIGS, "{}");
            host.dir("/etc/ilogtail/config/local");
            assert_eq!(observed(&host), Reading::Known(Some(0)));
            host.file(path, "");
            assert_eq!(observed(&host), Reading::Known(Some(1)), "{path}");
        }
    }

    #[test]
    fn what_is_too_large_is_unread() {
        let host = Host::new();
        host.file(CONFIGS, vec![b' '; 2 << 20]);
        assert_eq!(observed(&host).why().map(|why| why.reason), Some(Reason::TooLarge));
    }
}
