//! Where the files of each generation are, and how the command line and the environment move them.

use std::path::{Path, PathBuf};

use super::{DEFAULT_DIR, config};
use crate::{
    agents::{
        IdentityLayout, Layout, Running,
        arguments::{flag, is_true, resolve, value_of},
    },
    model::{settings::AgentSettings, snapshot::Parameters},
};

/// Where the vendor's installer puts the identity files.
const SYSTEM_CONFIG_DIR: &str = "/etc/ilogtail";

/// The installation directory.
pub(super) fn install_dir(settings: &AgentSettings) -> PathBuf {
    settings.install_dir.clone().unwrap_or_else(|| PathBuf::from(DEFAULT_DIR))
}

/// What the installer was told to append to names, for a further instance: `-2` of `/usr/local/ilogtail-2`.
pub(super) fn instance_suffix(dir: &Path) -> Option<&str> {
    (dir.parent()? == Path::new("/usr/local")).then(|| dir.file_name()?.to_str()?.strip_prefix("ilogtail"))?
}

/// True if the directory is laid out as the community's LoongCollector is: `conf/`, `data/`, `log/`, `run/`.
pub(super) fn is_community_tree(dir: &Path, running: Running<'_>) -> bool {
    let named_so =
        dir.file_name().and_then(|name| name.to_str()).is_some_and(|name| name.starts_with("loongcollector"));
    named_so && !in_logtail_mode(running)
}

fn in_logtail_mode(running: Running<'_>) -> bool {
    flag(running.arguments, "logtail_mode")
        .or_else(|| variable(running, "LOGTAIL_MODE").map(is_true))
        .unwrap_or(false)
}

fn variable<'a>(running: Running<'a>, name: &str) -> Option<&'a str> {
    running.environment.get(name).map(String::as_str).filter(|value| !value.is_empty())
}

/// The config file that the command line or the environment names: the agent looks nowhere else then.
pub(super) fn named_config(dir: &Path, running: Running<'_>) -> Option<PathBuf> {
    variable(running, "LOONG_CONFIG")
        .or_else(|| variable(running, "ALIYUN_LOGTAIL_CONFIG"))
        .or_else(|| value_of(running.arguments, "ilogtail_config"))
        .map(|path| resolve(dir, path))
}

/// A directory of the community's tree, which option and variable can move.
fn tree_dir(dir: &Path, running: Running<'_>, name: &str, plural: &str) -> PathBuf {
    let moved = value_of(running.arguments, &format!("{plural}_dir"))
        .or_else(|| variable(running, &format!("LOONG_{}_DIR", plural.to_ascii_uppercase())));
    resolve(dir, moved.unwrap_or(name))
}

pub(super) fn layout(settings: &AgentSettings, running: Running<'_>) -> Layout {
    let dir = install_dir(settings);
    let community_tree = is_community_tree(&dir, running);
    let flat_config = dir.join("ilogtail_config.json");
    let tree_config =
        tree_dir(&dir, running, "conf", "conf").join("instance_config/local/loongcollector_config.json");
    let flat_record = dir.join("app_info.json");
    let tree_record = tree_dir(&dir, running, "run", "run").join("app_info.json");
    let logs = tree_dir(&dir, running, "log", "logs");
    let tree_logs = [logs.join("loongcollector.LOG"), logs.join("ilogtail.LOG")];
    // An upgrade leaves the old generation's log behind; the program's own name tells which one it writes.
    let runs_as_ilogtail = running
        .arguments
        .first()
        .and_then(|argument| argument.rsplit('/').next())
        .is_some_and(|name| name.starts_with("ilogtail"));
    let mut flat_logs = [dir.join("loongcollector.LOG"), dir.join("ilogtail.LOG")];
    if runs_as_ilogtail {
        flat_logs.reverse();
    }

    let named = named_config(&dir, running);
    let generated = named.as_deref().is_some_and(|path| config::implied(path).is_some());
    let config_optional = generated || (community_tree && named.is_none());
    let (configs, records, logs) = if community_tree {
        (
            vec![tree_config, flat_config],
            vec![tree_record, flat_record],
            tree_logs.into_iter().chain(flat_logs).collect(),
        )
    } else {
        (
            vec![flat_config, tree_config],
            vec![flat_record, tree_record],
            flat_logs.into_iter().chain(tree_logs).collect(),
        )
    };
    Layout {
        binary_dirs: vec![dir],
        configs: named.map_or(configs, |path| vec![path]),
        config_optional,
        records,
        logs,
        ..Layout::default()
    }
}

pub(super) fn identity_layout(
    settings: &AgentSettings,
    running: Running<'_>,
    parameters: Option<&Parameters>,
) -> IdentityLayout {
    let dir = install_dir(settings);
    // The file wins over the environment, as for most keys.
    let configured = parameters
        .and_then(|parameters| parameters.sys_conf_dir.as_deref())
        .or_else(|| variable(running, "LOONG_LOGTAIL_SYS_CONF_DIR"))
        .or_else(|| variable(running, "LOONG_SYS_CONF_DIR"))
        .or_else(|| variable(running, "ALIYUN_LOGTAIL_SYS_CONF_DIR"))
        .or_else(|| variable(running, "logtail_sys_conf_dir"));
    // A config named from outside is the commercial image's way.
    let community_tree = is_community_tree(&dir, running) && named_config(&dir, running).is_none();
    let sys = match configured {
        Some(path) => resolve(&dir, path),
        None if community_tree => tree_dir(&dir, running, "conf", "conf"),
        None => PathBuf::from(format!("{SYSTEM_CONFIG_DIR}{}", instance_suffix(&dir).unwrap_or_default())),
    };
    let instance_identity = if community_tree {
        tree_dir(&dir, running, "data", "data").join("instance_identity")
    } else {
        sys.join("checkpoint/instance_identity")
    };
    IdentityLayout {
        users: Some(sys.join("users")),
        identifiers: Some(sys.join("user_defined_id")),
        instance_identity: Some(instance_identity),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::snapshot::Environment;

    type Variables<'a> = &'a [(&'a str, &'a str)];

    fn settings(dir: &str) -> AgentSettings {
        AgentSettings { install_dir: Some(PathBuf::from(dir)), ..AgentSettings::default() }
    }

    fn with<R>(line: &str, variables: Variables<'_>, judge: impl FnOnce(Running<'_>) -> R) -> R {
        let arguments: Vec<String> =
            line.split(' ').filter(|word| !word.is_empty()).map(ToOwned::to_owned).collect();
        let environment: Environment =
            variables.iter().map(|&(name, value)| (name.to_owned(), value.to_owned())).collect();
        judge(Running { arguments: &arguments, environment: &environment, in_container: false })
    }

    fn first_config(dir: &str, line: &str, variables: Variables<'_>) -> (PathBuf, usize, bool) {
        let layout = with(line, variables, |running| layout(&settings(dir), running));
        (layout.configs[0].clone(), layout.configs.len(), layout.config_optional)
    }

    #[test]
    fn the_config_file_is_the_one_that_the_agent_would_take() {
        let container = "/etc/ilogtail/conf/cn-hangzhou/ilogtail_config.json";
        let table: [(&str, &str, Variables<'_>, &str, usize, bool); 10] = [
            ("/usr/local/ilogtail", "", &[], "/usr/local/ilogtail/ilogtail_config.json", 2, false),
            ("/var/ilogtail", "", &[], "/var/ilogtail/ilogtail_config.json", 2, false),
            (
                "/opt/loongcollector",
                "",
                &[],
                "/opt/loongcollector/conf/instance_config/local/loongcollector_config.json",
                2,
                true,
            ),
            (
                "/opt/loongcollector",
                "l --logtail_mode=true",
                &[],
                "/opt/loongcollector/ilogtail_config.json",
                2,
                false,
            ),
            (
                "/opt/loongcollector",
                "",
                &[("LOGTAIL_MODE", "true")],
                "/opt/loongcollector/ilogtail_config.json",
                2,
                false,
            ),
            (
                "/opt/loongcollector",
                "",
                &[("LOONG_CONF_DIR", "/c")],
                "/c/instance_config/local/loongcollector_config.json",
                2,
                true,
            ),
            (
                "/opt/loongcollector",
                "l --conf_dir=c",
                &[("LOONG_CONF_DIR", "/x")],
                "/opt/loongcollector/c/instance_config/local/loongcollector_config.json",
                2,
                true,
            ),
            ("/usr/local/ilogtail", "i -ilogtail_config /a.json", &[], "/a.json", 1, false),
            (
                "/usr/local/ilogtail",
                "i --ilogtail_config=b.json",
                &[("ALIYUN_LOGTAIL_CONFIG", container)],
                container,
                1,
                true,
            ),
            (
                "/usr/local/ilogtail",
                "",
                &[("ALIYUN_LOGTAIL_CONFIG", container), ("LOONG_CONFIG", "/l.json")],
                "/l.json",
                1,
                false,
            ),
        ];
        for (dir, line, variables, path, count, optional) in table {
            assert_eq!(
                first_config(dir, line, variables),
                (PathBuf::from(path), count, optional),
                "{dir} {line} {variables:?}"
            );
        }
    }

    #[test]
    fn records_and_logs_are_looked_for_where_each_generation_writes_them() {
        let layout_of = |dir: &str, line: &str| with(line, &[], |running| layout(&settings(dir), running));
        let flat = layout_of("/usr/local/ilogtail", "");
        assert_eq!(flat.binary_dirs, [PathBuf::from("/usr/local/ilogtail")]);
        assert_eq!(flat.records[0], Path::new("/usr/local/ilogtail/app_info.json"));
        assert_eq!(flat.logs[0], Path::new("/usr/local/ilogtail/loongcollector.LOG"));
        let old = layout_of("/usr/local/ilogtail", "/usr/local/ilogtail/ilogtail");
        assert_eq!(old.logs[0], Path::new("/usr/local/ilogtail/ilogtail.LOG"));
        let tree = layout_of("/usr/local/loongcollector", "l --logs_dir=/var/log/l");
        assert_eq!(tree.records[0], Path::new("/usr/local/loongcollector/run/app_info.json"));
        assert_eq!(tree.logs[0], Path::new("/var/log/l/loongcollector.LOG"));
        assert!(flat.files.is_empty() && flat.version_file.is_none());
    }

    #[test]
    fn identity_files_follow_config_environment_and_instance() {
        let configured = Parameters { sys_conf_dir: Some("/etc/b/".to_owned()), ..Parameters::default() };
        let relative = Parameters { sys_conf_dir: Some(".".to_owned()), ..Parameters::default() };
        let variables = [("ALIYUN_LOGTAIL_SYS_CONF_DIR", "/etc/c")];
        let container = [("ALIYUN_LOGTAIL_CONFIG", "/etc/ilogtail/conf/cn-hangzhou/ilogtail_config.json")];
        let table: [(&str, Variables<'_>, Option<&Parameters>, &str, &str); 8] = [
            ("/usr/local/ilogtail", &[], None, "/etc/ilogtail", "/etc/ilogtail/checkpoint/instance_identity"),
            (
                "/usr/local/ilogtail-2",
                &[],
                None,
                "/etc/ilogtail-2",
                "/etc/ilogtail-2/checkpoint/instance_identity",
            ),
            ("/var/ilogtail-2", &[], None, "/etc/ilogtail", "/etc/ilogtail/checkpoint/instance_identity"),
            ("/usr/local/ilogtail", &variables, None, "/etc/c", "/etc/c/checkpoint/instance_identity"),
            (
                "/usr/local/ilogtail",
                &variables,
                Some(&configured),
                "/etc/b",
                "/etc/b/checkpoint/instance_identity",
            ),
            (
                "/root/ilogtail-1.5.0",
                &[],
                Some(&relative),
                "/root/ilogtail-1.5.0",
                "/root/ilogtail-1.5.0/checkpoint/instance_identity",
            ),
            (
                "/opt/loongcollector",
                &[],
                None,
                "/opt/loongcollector/conf",
                "/opt/loongcollector/data/instance_identity",
            ),
            (
                "/usr/local/loongcollector",
                &container,
                None,
                "/etc/ilogtail",
                "/etc/ilogtail/checkpoint/instance_identity",
            ),
        ];
        for (dir, variables, parameters, sys, instance_identity) in table {
            let found = with("", variables, |running| identity_layout(&settings(dir), running, parameters));
            let expected = IdentityLayout {
                users: Some(Path::new(sys).join("users")),
                identifiers: Some(Path::new(sys).join("user_defined_id")),
                instance_identity: Some(PathBuf::from(instance_identity)),
            };
            assert_eq!(found, expected, "{dir} {variables:?}");
        }
    }
}
