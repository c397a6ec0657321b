//! A new kind of agent added as CONTRIBUTING describes: only this file, its `mod`, and a list of profiles refer to it,
//! and it is detected and evaluated like the others.

#[cfg(test)]
#[cfg(target_os = "linux")]
mod on_linux;

use std::path::{Path, PathBuf};

use super::{
    Commands, ConfigFiles, EditionFacts, Files, Identification, Layout, LocalTime, Located, Operation, Place,
    Profile, Recognition, Service,
    address::{EndpointList, Origin, ServerAddress},
};
use crate::model::{
    Prerequisite, Purpose, Reading, Role,
    settings::AgentSettings,
    snapshot::{
        AddressRecord, Edition, Endpoint, ExpectedAnswer, ExpectedRole, Invocation, Parameter, Parameters,
        Rejection, Scheme,
    },
};

/// A shipper with one process, a config of one line, and a file with the address that it reports.
#[derive(Debug)]
pub(super) struct Shipper;

/// In addition to those of the product.
pub(super) static PROFILES: &[&dyn Profile] = &[&Shipper];

impl Identification for Shipper {
    fn kind(&self) -> &'static str {
        "shipper"
    }
    fn places(&self, _: crate::model::System) -> &'static [Place] {
        &[Place::Directory("/opt/shipper")]
    }
    fn recognise(&self, base_name: &str, _: &AgentSettings) -> Recognition {
        if base_name == "shipperd" { Recognition::Role(Role::MAIN) } else { Recognition::Foreign }
    }
    fn install_dir_of(&self, executable: &Path) -> Option<PathBuf> {
        executable.parent().map(Path::to_owned)
    }
    fn default_install_dir(&self, _: crate::model::System) -> Option<PathBuf> {
        Some("/opt/shipper".into())
    }
    fn wants_variable(&self, _: &str) -> bool {
        false
    }
}

impl Files for Shipper {
    fn layout(&self, settings: &AgentSettings, _: &Invocation) -> Layout {
        let dir = settings.install_dir.clone().unwrap_or_default();
        Layout {
            binary_dirs: vec![dir.clone()],
            config: Located::by_layout([dir.join("shipper.conf")]),
            record: Located::by_layout([dir.join("address")]),
            ..Layout::default()
        }
    }
    fn parse_parameters(&self, files: ConfigFiles<'_>) -> Result<Parameters, Rejection> {
        let reason = "no server".to_owned();
        let text = String::from_utf8_lossy(files.bytes);
        let server = text.trim_end().strip_prefix("server=").ok_or(Rejection { line: Some(1), reason })?;
        let server = Parameter { key: "server".to_owned(), value: server.to_owned() };
        Ok(Parameters { config_servers: vec![server], ..Parameters::default() })
    }
    fn parse_record(&self, bytes: &[u8], _: LocalTime<'_>) -> Result<AddressRecord, Rejection> {
        let ip = String::from_utf8_lossy(bytes).trim_end().to_owned();
        Ok(AddressRecord { ip: Some(ip), ..AddressRecord::default() })
    }
}

impl Service for Shipper {
    fn endpoints(
        &self,
        _: &AgentSettings,
        _: &Edition,
        parameters: Option<&Parameters>,
        config_file: &Path,
    ) -> Vec<Endpoint> {
        let mut list = EndpointList::default();
        for server in parameters.map_or(&[][..], |parameters| &parameters.config_servers) {
            let Some(address) = ServerAddress::parse(&server.value) else { continue };
            let origin =
                Origin { from: config_file.display().to_string(), parameter: Some(server.key.clone()) };
            let at = (Scheme::Tcp, address.host.as_str(), 514);
            list.add(Purpose::ConfigServer, at, ExpectedAnswer::Connected, &origin);
        }
        list.into_endpoints()
    }
}

impl Operation for Shipper {
    fn applies(&self, prerequisite: Prerequisite, _: &Reading<Edition>) -> Reading<bool> {
        Reading::Known(matches!(
            prerequisite,
            Prerequisite::Installed
                | Prerequisite::Processes
                | Prerequisite::Ip
                | Prerequisite::StartupParameters
                | Prerequisite::Network
        ))
    }
    fn edition(&self, _: EditionFacts<'_>) -> Reading<Edition> {
        Reading::Known(Edition { label: "shipper", community: false, keyless: true })
    }
    fn expected_roles(&self, _: EditionFacts<'_>, _: &Reading<Edition>) -> Reading<Vec<ExpectedRole>> {
        Reading::Known(vec![ExpectedRole { role: Role::MAIN, count: 1, only_if_ever_seen: false }])
    }
    fn roles(&self, _: &AgentSettings) -> Vec<Role> {
        vec![Role::MAIN]
    }
    fn commands(&self, _: &AgentSettings, _: Option<&str>) -> Commands {
        let commands = ["start_command", "restart_command", "status_command", "install_document"];
        commands.into_iter().map(|name| (name, format!("shipperctl {name}"))).collect()
    }
}
