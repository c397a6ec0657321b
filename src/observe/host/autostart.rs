//! What starts an agent after a reboot: links and units of the init system, and everything else that is known to start
//! programs. Anything that is not understood counts as starting it: an unusual host must not be reported as defective.

use std::path::{Path, PathBuf};

use super::file::{Files, Kind, Standing};
use crate::model::{
    Reading, Why,
    snapshot::{Autostart, FileState},
};

/// Files that show that this is the root of a container, which its runtime restarts.
const CONTAINER_MARKS: [&str; 2] = ["/.dockerenv", "/run/.containerenv"];
/// Where systemd is if it is the init system (`sd_booted(3)`).
const SYSTEMD: &str = "/run/systemd/system";
const OPENRC: &str = "/run/openrc";
/// Init's own table; only System V's init (and busybox's, which is similar) reads it.
const INITTAB: &str = "/etc/inittab";
/// Where systemd's units are.
const UNITS: [&str; 4] = [
    "/etc/systemd/system",
    "/usr/local/lib/systemd/system",
    "/usr/lib/systemd/system",
    "/lib/systemd/system",
];
/// Directories in which links start a unit together with another.
const WANTED: [&str; 3] = ["wants", "requires", "upholds"];
/// Directories with links for each runlevel in which services run.
const RUNLEVELS: [&str; 8] = [
    "/etc/rc2.d",
    "/etc/rc3.d",
    "/etc/rc4.d",
    "/etc/rc5.d",
    "/etc/rc.d/rc2.d",
    "/etc/rc.d/rc3.d",
    "/etc/rc.d/rc4.d",
    "/etc/rc.d/rc5.d",
];
const OPENRC_LEVELS: &str = "/etc/runlevels";
/// Files that name programs to start.
const TABLES: [&str; 8] = [
    "/etc/rc.local",
    "/etc/rc.d/rc.local",
    INITTAB,
    "/etc/crontab",
    "/etc/anacrontab",
    "/etc/supervisord.conf",
    "/etc/supervisor/supervisord.conf",
    "/etc/monitrc",
];
/// Directories of such files.
const DIRECTORIES: [&str; 12] = [
    "/etc/cron.d",
    "/etc/cron.hourly",
    "/var/spool/cron",
    "/var/spool/cron/crontabs",
    "/var/spool/cron/tabs",
    "/etc/supervisor/conf.d",
    "/etc/supervisord.d",
    "/etc/init",
    "/etc/local.d",
    "/etc/monit/conf.d",
    "/etc/monit.d",
    "/var/lib/cloud/scripts/per-boot",
];
/// The maximum number of names in a directory; with more the result is unknown.
const MOST_NAMES: usize = 2000;

/// Looks for what starts an agent, identified by these words: parts of service names, its directory.
pub(super) fn autostart(files: Files<'_>, words: &[String]) -> Reading<Option<Autostart>> {
    if words.is_empty() {
        return Reading::Known(None);
    }
    let init = match init_system(files) {
        Reading::Known(Some(init)) => init,
        Reading::Known(None) => return Reading::Known(None),
        Reading::Unknown(why) => return Reading::Unknown(why),
    };
    let mut search = Search { files, words, unread: None };
    let by = search.run();
    match (by, search.unread) {
        (None, Some(why)) => Reading::Unknown(why),
        (by, _) => Reading::Known(Some(Autostart { init, by })),
    }
}

/// The init system; none in the root of a container.
fn init_system(files: Files<'_>) -> Reading<Option<&'static str>> {
    let mut unread = None;
    let mut kind = |path: &str| match files.look(Path::new(path)) {
        Reading::Known(standing) => standing.map(|standing| standing.kind),
        Reading::Unknown(why) => {
            unread.get_or_insert(why);
            None
        }
    };
    let directory = Some(Kind::Directory);
    let init = if CONTAINER_MARKS.iter().any(|mark| kind(mark).is_some()) {
        None
    } else if kind(SYSTEMD) == directory {
        Some("systemd")
    } else if kind(OPENRC) == directory {
        Some("OpenRC")
    } else if kind(INITTAB).is_some() && RUNLEVELS.iter().any(|level| kind(level) == directory) {
        Some("SysV init")
    } else {
        None
    };
    unread.map_or(Reading::Known(init), Reading::Unknown)
}

struct Search<'a> {
    files: Files<'a>,
    words: &'a [String],
    unread: Option<Why>,
}

impl Search<'_> {
    fn run(&mut self) -> Option<PathBuf> {
        let links = self.links();
        // By name first: that finds most, without reading any file.
        let named = links.iter().find(|path| self.names(path) && self.starts(path));
        if let Some(path) = named {
            return Some(path.clone());
        }
        links
            .into_iter()
            .chain(TABLES.iter().map(PathBuf::from))
            .chain(self.tables())
            .find(|path| self.tells(path) && self.starts(path))
    }

    /// Everything that an init system starts at boot.
    fn links(&mut self) -> Vec<PathBuf> {
        let mut links = Vec::new();
        for units in UNITS {
            for directory in self.list(Path::new(units)) {
                let ending = directory.extension().and_then(|ending| ending.to_str());
                if ending.is_some_and(|ending| WANTED.contains(&ending)) {
                    links.extend(self.list(&directory));
                }
            }
        }
        for level in RUNLEVELS {
            let started = |path: &PathBuf| {
                path.file_name().and_then(|name| name.to_str()).is_some_and(|name| name.starts_with('S'))
            };
            links.extend(self.list(Path::new(level)).into_iter().filter(started));
        }
        for level in self.list(Path::new(OPENRC_LEVELS)) {
            links.extend(self.list(&level));
        }
        links
    }

    fn tables(&mut self) -> Vec<PathBuf> {
        DIRECTORIES.iter().flat_map(|directory| self.list(Path::new(directory))).collect()
    }

    fn list(&mut self, directory: &Path) -> Vec<PathBuf> {
        match self.files.list(directory, MOST_NAMES) {
            Reading::Known(names) => {
                names.unwrap_or_default().into_iter().map(|name| directory.join(name)).collect()
            }
            Reading::Unknown(why) => {
                self.unread.get_or_insert(why);
                Vec::new()
            }
        }
    }

    /// True if the name of a link or a unit is that of the agent's service.
    fn names(&self, path: &Path) -> bool {
        let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        self.words.iter().any(|word| name.contains(word.as_str()))
    }

    /// True if a file starts the agent.
    fn tells(&mut self, path: &Path) -> bool {
        match self.files.read(path) {
            Reading::Known(FileState::Present(file)) => {
                let text = file.content.map(|bytes| String::from_utf8_lossy(&bytes.0).into_owned());
                text.is_ok_and(|text| text.lines().any(|line| is_about(line, self.words)))
            }
            Reading::Known(FileState::Missing | FileState::NotAFile(_)) => false,
            Reading::Unknown(why) => {
                self.unread.get_or_insert(why);
                false
            }
        }
    }

    /// True unless a link is dangling, or the unit of its name is masked.
    fn starts(&mut self, path: &Path) -> bool {
        match self.files.look(path) {
            Reading::Known(Some(Standing { kind: Kind::File | Kind::Directory, .. })) => {}
            Reading::Known(None | Some(_)) => return false,
            Reading::Unknown(why) => {
                self.unread.get_or_insert(why);
                return false;
            }
        }
        let mask = path.file_name().map(|name| Path::new("/etc/systemd/system").join(name));
        let masked = mask.is_some_and(|mask| {
            matches!(self.files.look(&mask), Reading::Known(Some(Standing { kind: Kind::Other, .. })))
        });
        !masked
    }
}

/// True for a line that is not a comment and contains one of the words.
fn is_about(line: &str, words: &[String]) -> bool {
    !line.trim_start().starts_with('#') && words.iter().any(|word| line.contains(word.as_str()))
}

#[cfg(test)]
#[cfg(target_os = "linux")]
mod tests {
    use std::{fs::Permissions, os::unix::fs::PermissionsExt as _};

    use super::*;
    use crate::observe::host::testing::{Host, as_nobody};

    fn words() -> Vec<String> {
        ["logtail", "loongcollector", "/usr/local/ilogtail"].map(str::to_owned).to_vec()
    }

    type Preparation<'a> = &'a dyn Fn(&Host);

    /// What starts the agent on a host with systemd.
    fn of(prepare: impl FnOnce(&Host)) -> Reading<Option<Autostart>> {
        let host = Host::new();
        host.dir("/run/systemd/system");
        host.file("/usr/lib/systemd/system/cron.service", "[Service]\nExecStart=/usr/sbin/cron -f\n");
        host.link(
            "/etc/systemd/system/multi-user.target.wants/cron.service",
            "/usr/lib/systemd/system/cron.service",
        );
        prepare(&host);
        host.look(|files| autostart(files, &words()))
    }

    fn by(reading: &Reading<Option<Autostart>>) -> Option<String> {
        let found = reading.known().expect("read").clone().expect("an init system");
        assert_eq!(found.init, "systemd");
        found.by.map(|path| path.display().to_string())
    }

    #[test]
    fn whatever_starts_it_is_found() {
        let unit = "[Service]\nExecStart=/usr/local/ilogtail/ilogtail\n";
        let table: [(&str, Preparation<'_>); 9] = [
            ("/etc/systemd/system/multi-user.target.wants/ilogtaild.service", &|host| {
                host.file("/etc/systemd/system/ilogtaild.service", unit);
                host.link(
                    "/etc/systemd/system/multi-user.target.wants/ilogtaild.service",
                    "/etc/systemd/system/ilogtaild.service",
                );
            }),
            ("/etc/systemd/system/graphical.target.wants/collector.service", &|host| {
                host.file("/etc/systemd/system/collector.service", unit);
                host.link(
                    "/etc/systemd/system/graphical.target.wants/collector.service",
                    "../collector.service",
                );
            }),
            ("/etc/rc3.d/S55ilogtaild", &|host| {
                host.file("/etc/init.d/ilogtaild", "#!/bin/sh\n");
                host.link("/etc/rc3.d/S55ilogtaild", "../init.d/ilogtaild");
            }),
            ("/etc/rc.d/rc5.d/S55loongcollectord", &|host| {
                host.file("/etc/rc.d/init.d/loongcollectord", "#!/bin/sh\n");
                host.link("/etc/rc.d/rc5.d/S55loongcollectord", "../init.d/loongcollectord");
            }),
            ("/etc/rc.local", &|host| {
                host.file("/etc/rc.local", "#!/bin/sh\n/etc/init.d/ilogtaild start\n");
            }),
            ("/var/spool/cron/crontabs/root", &|host| {
                host.file("/var/spool/cron/crontabs/root", "@reboot /usr/local/ilogtail/ilogtail\n");
            }),
            ("/etc/cron.d/agents", &|host| {
                host.file(
                    "/etc/cron.d/agents",
                    "* * * * * root pgrep ilogtail || /etc/init.d/ilogtaild start\n",
                );
            }),
            ("/etc/supervisor/conf.d/agents.conf", &|host| {
                host.file(
                    "/etc/supervisor/conf.d/agents.conf",
                    "[program:x]\ncommand=/usr/local/ilogtail/ilogtail\n",
                );
            }),
            ("/var/lib/cloud/scripts/per-boot/start.sh", &|host| {
                host.file("/var/lib/cloud/scripts/per-boot/start.sh", "service ilogtaild start\n");
            }),
        ];
        for (expected, prepare) in table {
            assert_eq!(by(&of(prepare)).as_deref(), Some(expected));
        }
    }

    #[test]
    fn what_does_not_start_it_does_not_count() {
        let table: [Preparation<'_>; 6] = [
            &|_| {},
            &|host| {
                // Stopped in every runlevel.
                host.file("/etc/init.d/ilogtaild", "#!/bin/sh\n");
                host.link("/etc/rc3.d/K55ilogtaild", "../init.d/ilogtaild");
            },
            &|host| host.link("/etc/rc3.d/S55ilogtaild", "../init.d/ilogtaild"),
            &|host| {
                host.file("/usr/lib/systemd/system/loongcollectord.service", "[Service]\n");
            },
            &|host| {
                host.link(
                    "/etc/systemd/system/multi-user.target.wants/ilogtaild.service",
                    "/gone/ilogtaild.service",
                );
            },
            &|host| {
                host.file("/etc/rc.local", "#!/bin/sh\n# /etc/init.d/ilogtaild start\nexit 0\n");
            },
        ];
        for prepare in table {
            assert_eq!(by(&of(prepare)), None);
        }
    }

    #[test]
    fn a_masked_unit_starts_nothing() {
        let found = of(|host| {
            host.file("/usr/lib/systemd/system/ilogtaild.service", "[Service]\n");
            host.link(
                "/etc/systemd/system/multi-user.target.wants/ilogtaild.service",
                "/usr/lib/systemd/system/ilogtaild.service",
            );
            // A mask for systemd: a link to `/dev/null`, which is neither a regular file nor a directory.
            let _listener =
                std::os::unix::net::UnixListener::bind(host.at("/etc/systemd/system/ilogtaild.service"));
        });
        assert_eq!(by(&found), None);
    }

    #[test]
    fn without_an_init_system_and_in_a_container_nothing_is_asked() {
        let host = Host::new();
        host.file("/etc/rc3.d/S01dbus", "");
        assert_eq!(host.look(|files| autostart(files, &words())), Reading::Known(None));
        let contained = of(|host| {
            host.file("/.dockerenv", "");
        });
        assert_eq!(contained, Reading::Known(None));
        let host = Host::new();
        host.dir("/etc/rc3.d");
        host.file("/etc/inittab", "id:3:initdefault:\n");
        let found = host.look(|files| autostart(files, &words()));
        assert_eq!(found, Reading::Known(Some(Autostart { init: "SysV init", by: None })));
    }

    #[test]
    fn what_cannot_be_read_leaves_it_open_unless_something_else_starts_it() {
        let fifo = |host: &Host| {
            let path = host.dir("/etc/cron.d").join("agents");
            rustix::fs::mknodat(
                rustix::fs::CWD,
                &path,
                rustix::fs::FileType::Fifo,
                rustix::fs::Mode::RUSR,
                0,
            )
            .unwrap();
        };
        assert!(of(fifo).why().is_some());
        let both = of(|host| {
            fifo(host);
            host.file("/etc/rc.local", "/usr/local/ilogtail/ilogtail\n");
        });
        assert_eq!(by(&both).as_deref(), Some("/etc/rc.local"));
    }

    #[test]
    fn if_the_init_system_cannot_be_determined_it_is_unknown_what_starts_the_agent() {
        for hidden in ["/run", "/run/systemd"] {
            let host = Host::new();
            host.dir("/run/systemd/system");
            std::fs::set_permissions(host.path(), Permissions::from_mode(0o755)).unwrap();
            std::fs::set_permissions(host.at(hidden), Permissions::from_mode(0o000)).unwrap();
            let found = as_nobody(|| host.look(|files| autostart(files, &words())));
            std::fs::set_permissions(host.at(hidden), Permissions::from_mode(0o755)).unwrap();
            assert!(found.why().is_some(), "{hidden}: {found:?}");
        }
    }
}
