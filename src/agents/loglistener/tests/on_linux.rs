//! Linux paths, and commands that contain them.

use super::*;

#[test]
fn its_scripts_start_the_first_generation() {
    let wanted = |config: &'static str| Wanted { config: Some(Path::new(config)), ..Wanted::default() };
    let restart = |config| LogListener.settings(&wanted(config)).remove("restart_command");
    assert_eq!(
        restart("/data/loglistener/etc/loglistener_dcc.conf").as_deref(),
        Some("cd /data/loglistener/tools/op && sudo ./stop.sh; sudo ./start.sh")
    );
    assert_eq!(restart("/data/loglistener/etc/loglistener.conf"), None);
}

#[test]
fn the_installation_is_above_bin() {
    let dir = |path: &str| LogListener.install_dir_of(Path::new(path));
    assert_eq!(
        dir("/usr/local/loglistener-2.2.8/bin/loglistenerm"),
        Some(PathBuf::from("/usr/local/loglistener-2.2.8"))
    );
    assert_eq!(dir("/opt/loglistener/loglistener"), Some(PathBuf::from("/opt/loglistener")));
    assert_eq!(dir("bin/loglistener"), None);
}

#[test]
fn commands_are_those_of_the_release() {
    let restart = |dir: &str, version| {
        LogListener.commands(&settings(dir), version).remove("restart_command").expect("a command")
    };
    assert_eq!(
        restart("/data/loglistener", Some("2.2.4")),
        "cd /data/loglistener/tools && sudo ./stop.sh; sudo ./start.sh"
    );
    assert_eq!(
        restart("/data/loglistener", Some("1.1.2")),
        "cd /data/loglistener/tools/op && sudo ./stop.sh; sudo ./start.sh"
    );
    assert_eq!(restart("/usr/local/loglistener", Some("2.2.5")), "sudo /etc/init.d/loglistenerd restart");
    assert_eq!(restart("/usr/local/loglistener", None), "sudo /etc/init.d/loglistenerd restart");
}
