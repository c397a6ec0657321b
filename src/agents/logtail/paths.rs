//! Where the files of each generation are, and how the command line and the environment change their paths.

use std::path::{Path, PathBuf};

use super::{DEFAULT_DIR, config, windows};
use crate::{
    agents::{
        IdentityLayout, Layout, Located,
        arguments::{flag, is_true, resolve, value_of},
    },
    model::{
        Reading, System, Why,
        settings::AgentSettings,
        snapshot::{Invocation, Parameters},
    },
};

/// Where the vendor's installer puts the identity files.
const SYSTEM_CONFIG_DIR: &str = "/etc/ilogtail";

/// Directories of local collection configs, next to the program or the identity files.
const COLLECTION_DIRS: [&str; 5] =
    ["user_config.d", "user_yaml_config.d", "config.d", "config", "conf/continuous_pipeline_config"];

/// The file to which agents before 3.0 write their state each minute.
const STATUS_LOG: &str = "snapshot/ilogtail_status.LOG";

/// Where the vendor's installer puts the agent.
pub(super) fn default_dir(system: System) -> &'static str {
    match system {
        System::Linux => DEFAULT_DIR,
        System::Windows => windows::DEFAULT_DIR,
    }
}

/// The installation directory.
pub(super) fn install_dir(settings: &AgentSettings) -> PathBuf {
    settings.install_dir.clone().unwrap_or_else(|| PathBuf::from(default_dir(settings.system)))
}

/// The suffix that the installer appends to names for a further instance: `-2` of `/usr/local/ilogtail-2`.
pub(super) fn instance_suffix(dir: &Path) -> Option<&str> {
    (dir.parent()? == Path::new("/usr/local")).then(|| dir.file_name()?.to_str()?.strip_prefix("ilogtail"))?
}

/// True if the directory is laid out as the community's LoongCollector is: `conf/`, `data/`, `log/`, `run/`.
pub(super) fn is_community_tree(dir: &Path, invocation: &Invocation) -> Result<bool, Why> {
    let named_so =
        dir.file_name().and_then(|name| name.to_str()).is_some_and(|name| name.starts_with("loongcollector"));
    Ok(named_so && !in_logtail_mode(invocation)?)
}

fn in_logtail_mode(invocation: &Invocation) -> Result<bool, Why> {
    if let Some(mode) = flag(invocation.arguments.as_result()?, "logtail_mode") {
        return Ok(mode);
    }
    Ok(invocation.variable("LOGTAIL_MODE")?.is_some_and(is_true))
}

/// The config file that the command line or the environment names: then the agent reads no other.
pub(super) fn named_config(dir: &Path, invocation: &Invocation) -> Result<Option<PathBuf>, Why> {
    for variable in ["LOONG_CONFIG", "ALIYUN_LOGTAIL_CONFIG"] {
        if let Some(path) = invocation.variable(variable)? {
            return Ok(Some(resolve(dir, path)));
        }
    }
    let arguments = invocation.arguments.as_result()?;
    Ok(value_of(arguments, "ilogtail_config").map(|path| resolve(dir, path)))
}

/// A directory of the community's tree, which an option and a variable can change.
fn tree_dir(dir: &Path, invocation: &Invocation, name: &str, plural: &str) -> Located {
    let moved = || -> Result<Option<&str>, Why> {
        match value_of(invocation.arguments.as_result()?, &format!("{plural}_dir")) {
            Some(path) => Ok(Some(path)),
            None => Ok(invocation.variable(&format!("LOONG_{}_DIR", plural.to_ascii_uppercase()))?),
        }
    };
    match moved() {
        Ok(Some(path)) => Located::named(resolve(dir, path)),
        Ok(None) => Located::by_layout([dir.join(name)]),
        Err(why) => Located::by_layout([dir.join(name)]).unless(why),
    }
}

/// The candidates of `preferred` before those of `other`; the result is uncertain only if `preferred` is.
fn before(preferred: Located, other: Located) -> Located {
    let undecided = preferred.undecided;
    let candidates = preferred.candidates.into_iter().chain(other.candidates).collect();
    Located { candidates, undecided }
}

pub(super) fn layout(settings: &AgentSettings, invocation: &Invocation) -> Layout {
    let dir = install_dir(settings);
    if settings.system == System::Windows {
        return windows::layout(&dir, invocation);
    }
    let community_tree = is_community_tree(&dir, invocation);
    let named = named_config(&dir, invocation);
    let tree_config =
        tree_dir(&dir, invocation, "conf", "conf").join("instance_config/local/loongcollector_config.json");
    let tree_record = tree_dir(&dir, invocation, "run", "run").join("app_info.json");
    let logs = tree_dir(&dir, invocation, "log", "logs");
    let tree_logs = before(logs.join("loongcollector.LOG"), logs.join("ilogtail.LOG"));
    let tree_status = logs.join(STATUS_LOG);
    let flat_status = Located::by_layout([dir.join(STATUS_LOG)]);
    let flat_config = Located::by_layout([dir.join("ilogtail_config.json")]);
    let flat_record = Located::by_layout([dir.join("app_info.json")]);
    let flat_logs = flat_logs(&dir, invocation);

    let config_optional = match (&named, &community_tree) {
        (Ok(Some(path)), _) => Reading::Known(config::implied(path).is_some()),
        (Ok(None), Ok(community_tree)) => Reading::Known(*community_tree),
        (Err(why), _) | (_, Err(why)) => Reading::Unknown(why.clone()),
    };
    // If it is unknown how it was started, the paths of the tree are the better guess, marked as uncertain.
    let (config, record, log) = if *community_tree.as_ref().unwrap_or(&true) {
        (before(tree_config, flat_config), before(tree_record, flat_record), before(tree_logs, flat_logs))
    } else {
        (before(flat_config, tree_config), before(flat_record, tree_record), before(flat_logs, tree_logs))
    };
    let unless_tree = |located: Located| match &community_tree {
        Ok(_) => located,
        Err(why) => located.unless(why.clone()),
    };
    Layout {
        config: match named {
            Ok(Some(path)) => Located::named(path),
            Ok(None) => unless_tree(config),
            Err(why) => config.unless(why),
        },
        config_optional,
        record: unless_tree(record),
        own_log: unless_tree(log.clone()),
        log: unless_tree(log),
        collection: Located::by_layout([dir.join("user_log_config.json")]),
        collection_dirs: COLLECTION_DIRS.iter().map(|name| dir.join(name)).collect(),
        collection_names: &COLLECTION_DIRS,
        status_log: unless_tree(if *community_tree.as_ref().unwrap_or(&true) {
            before(tree_status, flat_status)
        } else {
            flat_status
        }),
        binary_dirs: vec![dir],
        ..Layout::default()
    }
}

/// An upgrade leaves the old generation's log behind; the program's name shows which one it writes.
fn flat_logs(dir: &Path, invocation: &Invocation) -> Located {
    let program = invocation.arguments.known().and_then(|arguments| arguments.first());
    let runs_as_ilogtail = program
        .and_then(|program| program.rsplit('/').next())
        .is_some_and(|name| name.starts_with("ilogtail"));
    let mut logs = [dir.join("loongcollector.LOG"), dir.join("ilogtail.LOG")];
    if runs_as_ilogtail {
        logs.reverse();
    }
    let located = Located::by_layout(logs);
    match invocation.arguments.why() {
        Some(why) => located.unless(why.clone()),
        None => located,
    }
}

/// The directory of the agent's own files: identity, and parts of the config.
fn system_config_dir(
    settings: &AgentSettings,
    invocation: &Invocation,
    parameters: &Reading<Option<&Parameters>>,
) -> Result<Located, Why> {
    let dir = install_dir(settings);
    // The file takes precedence over the environment, as for most keys.
    if let Some(path) = parameters.as_result()?.and_then(|parameters| parameters.sys_conf_dir.as_deref()) {
        return Ok(Located::named(resolve(&dir, path)));
    }
    let variables = [
        "LOONG_LOGTAIL_SYS_CONF_DIR",
        "LOONG_SYS_CONF_DIR",
        "ALIYUN_LOGTAIL_SYS_CONF_DIR",
        "logtail_sys_conf_dir",
    ];
    for variable in variables {
        if let Some(path) = invocation.variable(variable)? {
            return Ok(Located::named(resolve(&dir, path)));
        }
    }
    if settings.system == System::Windows {
        return Ok(windows::data_dir());
    }
    // A config given from outside means the commercial image.
    if is_community_tree(&dir, invocation)? && named_config(&dir, invocation)?.is_none() {
        return Ok(tree_dir(&dir, invocation, "conf", "conf"));
    }
    Ok(default_system_config_dir(&dir))
}

fn default_system_config_dir(dir: &Path) -> Located {
    let suffix = instance_suffix(dir).unwrap_or_default();
    Located::by_layout([PathBuf::from(format!("{SYSTEM_CONFIG_DIR}{suffix}"))])
}

fn or_default(dir: &Path, found: Result<Located, Why>) -> Located {
    found.unwrap_or_else(|why| default_system_config_dir(dir).unless(why))
}

/// `config.d`, whose `*.json` are merged over the config; `include_config_path` changes it (agent source,
/// `LoadIncludeConfig`).
pub(super) fn config_parts(
    settings: &AgentSettings,
    invocation: &Invocation,
    parameters: &Parameters,
) -> Located {
    let dir = install_dir(settings);
    if let Some(path) = &parameters.include_dir {
        return Located::named(resolve(&dir, path));
    }
    let known = Reading::Known(Some(parameters));
    if settings.system == System::Windows {
        let found = system_config_dir(settings, invocation, &known);
        return found.unwrap_or_else(|why| windows::data_dir().unless(why)).join("config.d");
    }
    or_default(&dir, system_config_dir(settings, invocation, &known)).join("config.d")
}

pub(super) fn identity_layout(
    settings: &AgentSettings,
    invocation: &Invocation,
    parameters: &Reading<Option<&Parameters>>,
) -> IdentityLayout {
    let dir = install_dir(settings);
    if settings.system == System::Windows {
        let sys = system_config_dir(settings, invocation, parameters)
            .unwrap_or_else(|why| windows::data_dir().unless(why));
        let instance_identity = sys.join("checkpoint/instance_identity");
        return IdentityLayout {
            users: sys.join("users"),
            identifiers: sys.join("user_defined_id"),
            instance_identity,
        };
    }
    let sys = or_default(&dir, system_config_dir(settings, invocation, parameters));
    let in_tree = || -> Result<bool, Why> {
        Ok(is_community_tree(&dir, invocation)? && named_config(&dir, invocation)?.is_none())
    };
    let instance_identity = match in_tree() {
        Ok(true) => tree_dir(&dir, invocation, "data", "data").join("instance_identity"),
        Ok(false) => sys.join("checkpoint/instance_identity"),
        Err(why) => sys.join("checkpoint/instance_identity").unless(why),
    };
    IdentityLayout { users: sys.join("users"), identifiers: sys.join("user_defined_id"), instance_identity }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::snapshot::Environment;

    type Variables<'a> = &'a [(&'a str, &'a str)];

    fn settings(dir: &str) -> AgentSettings {
        AgentSettings { install_dir: Some(PathBuf::from(dir)), ..AgentSettings::default() }
    }

    fn with<R>(line: &str, variables: Variables<'_>, judge: impl FnOnce(&Invocation) -> R) -> R {
        let arguments: Vec<String> =
            line.split(' ').filter(|word| !word.is_empty()).map(ToOwned::to_owned).collect();
        let environment: Environment =
            variables.iter().map(|&(name, value)| (name.to_owned(), value.to_owned())).collect();
        judge(&Invocation {
            arguments: Reading::Known(arguments),
            environment: Reading::Known(environment),
            in_container: Reading::Known(false),
        })
    }

    fn paths(located: &Located) -> Vec<&Path> {
        assert_eq!(located.undecided, None);
        located.candidates.iter().map(PathBuf::as_path).collect()
    }

    fn first_config(dir: &str, line: &str, variables: Variables<'_>) -> (PathBuf, usize, bool) {
        let layout = with(line, variables, |invocation| layout(&settings(dir), invocation));
        let optional = layout.config_optional == Reading::Known(true);
        (paths(&layout.config)[0].to_owned(), paths(&layout.config).len(), optional)
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
        let layout_of =
            |dir: &str, line: &str| with(line, &[], |invocation| layout(&settings(dir), invocation));
        let flat = layout_of("/usr/local/ilogtail", "");
        assert_eq!(flat.binary_dirs, [PathBuf::from("/usr/local/ilogtail")]);
        assert_eq!(paths(&flat.record)[0], Path::new("/usr/local/ilogtail/app_info.json"));
        assert_eq!(paths(&flat.log)[0], Path::new("/usr/local/ilogtail/loongcollector.LOG"));
        let old = layout_of("/usr/local/ilogtail", "/usr/local/ilogtail/ilogtail");
        assert_eq!(paths(&old.log)[0], Path::new("/usr/local/ilogtail/ilogtail.LOG"));
        let tree = layout_of("/usr/local/loongcollector", "l --logs_dir=/var/log/l");
        assert_eq!(paths(&tree.record)[0], Path::new("/usr/local/loongcollector/run/app_info.json"));
        assert_eq!(paths(&tree.log)[0], Path::new("/var/log/l/loongcollector.LOG"));
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
            let found = with("", variables, |invocation| {
                identity_layout(&settings(dir), invocation, &Reading::Known(parameters))
            });
            let sys = Path::new(sys);
            assert_eq!(paths(&found.users), [sys.join("users")], "{dir} {variables:?}");
            assert_eq!(paths(&found.identifiers), [sys.join("user_defined_id")], "{dir} {variables:?}");
            assert_eq!(
                paths(&found.instance_identity),
                [Path::new(instance_identity)],
                "{dir} {variables:?}"
            );
        }
    }

    #[test]
    fn the_config_may_move_its_parts() {
        let configured = Parameters { sys_conf_dir: Some("/etc/b/".to_owned()), ..Parameters::default() };
        let parts = with("", &[], |invocation| {
            config_parts(&settings("/usr/local/ilogtail"), invocation, &configured)
        });
        assert_eq!(paths(&parts), [Path::new("/etc/b/config.d")]);
    }

    #[test]
    fn what_an_unread_fact_could_move_is_undecided() {
        let why = Why::new(crate::model::Reason::Denied, "pid 1: environ", "permission denied");
        let unread = Invocation { environment: Reading::Unknown(why.clone()), ..Invocation::default() };
        let flat = layout(&settings("/usr/local/ilogtail"), &unread);
        assert_eq!(flat.config.undecided.as_ref(), Some(&why));
        assert_eq!(flat.config_optional, Reading::Unknown(why.clone()));
        assert_eq!(flat.record.undecided, None, "no variable moves it out of this directory");
        let tree = layout(&settings("/opt/loongcollector"), &unread);
        assert_eq!(tree.record.undecided.as_ref(), Some(&why));
        let identity = |parameters: Reading<Option<&Parameters>>| {
            identity_layout(&settings("/usr/local/ilogtail"), &unread, &parameters)
        };
        assert_eq!(identity(Reading::Known(None)).users.undecided.as_ref(), Some(&why));
        let configured = Parameters { sys_conf_dir: Some("/etc/b/".to_owned()), ..Parameters::default() };
        assert_eq!(identity(Reading::Known(Some(&configured))).users.undecided, None, "the file wins");
    }
}
