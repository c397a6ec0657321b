//! `LogListener` on Windows (2.9.7 and later): one program, one service.

use std::path::{Path, PathBuf};

use crate::{
    agents::{Place, Recognition, windows},
    model::Role,
};

/// Where the installer puts it, on 32-bit and 64-bit systems.
pub(super) const DEFAULT_DIR: &str = r"C:\Program Files (x86)\Tencent\LogListener";

pub(super) const PLACES: &[Place] =
    &[Place::Directory(DEFAULT_DIR), Place::Directory(r"C:\Program Files\Tencent\LogListener")];

/// The vendor's document on installing it there.
pub(super) const INSTALL_DOCUMENT: &str = "https://cloud.tencent.com/document/product/614/96677";

/// The service that runs it.
pub(super) const SERVICE: &str = "LogListener";
pub(super) const SERVICES: &[&str] = &[SERVICE];

/// The process that collects. Its installer and tools have other names.
pub(super) fn recognise(base_name: &str) -> Recognition {
    match windows::program(base_name).as_str() {
        "loglistener_work" => Recognition::Role(Role::MAIN),
        _ => Recognition::Foreign,
    }
}

/// The installation of a program with a drive letter; `None` for other paths.
pub(super) fn install_dir_of(executable: &Path) -> Option<PathBuf> {
    windows::has_drive(executable)
        .then(|| windows::install_dir_of(executable, |name| name.eq_ignore_ascii_case("bin")))?
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        agents::{Identification as _, Operation as _, loglistener::LogListener},
        model::{System, settings::AgentSettings},
    };

    #[test]
    fn it_is_one_process_and_one_service_and_its_tools_are_none() {
        let settings = AgentSettings { system: System::Windows, ..AgentSettings::default() };
        assert_eq!(LogListener.recognise("LogListener_Work.exe", &settings).role(), Some(Role::MAIN));
        for foreign in ["loglistener_installer.exe", "loglistener", "loglistenerm"] {
            assert_eq!(LogListener.recognise(foreign, &settings), Recognition::Foreign, "{foreign}");
        }
        let program = Path::new(r"C:\Program Files (x86)\Tencent\LogListener\bin\loglistener_work.exe");
        assert_eq!(LogListener.install_dir_of(program), Some(PathBuf::from(DEFAULT_DIR)));
        let commands = LogListener.commands(&settings, None);
        assert_eq!(commands["restart_command"], "Restart-Service LogListener");
        assert_eq!(LogListener.service(&settings, None), "LogListener");
    }
}
