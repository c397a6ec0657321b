//! Stub.
#![allow(unused_variables, clippy::todo, clippy::option_option)]
use super::{
    AddressRecord, AgentSettings, Commands, Duration, Edition, Endpoint, HostClass, IdentityLayout, Layout,
    LoadedConfig, LocalTime, NetworkType, Parameters, Path, PathBuf, Place, Prerequisite, Profile, Rejection,
    Role, Running,
};
/// Stub.
pub struct LogListener;
impl Profile for LogListener {
    fn kind(&self) -> &'static str {
        todo!()
    }
    fn prerequisites(&self, edition: &Edition) -> Vec<Prerequisite> {
        todo!()
    }
    fn places(&self) -> &'static [Place] {
        todo!()
    }
    fn recognise(&self, base_name: &str, settings: &AgentSettings) -> Option<Option<Role>> {
        todo!()
    }
    fn install_dir_of(&self, executable: &Path) -> Option<PathBuf> {
        todo!()
    }
    fn default_install_dir(&self) -> Option<PathBuf> {
        todo!()
    }
    fn wants_variable(&self, name: &str) -> bool {
        todo!()
    }
    fn layout(&self, settings: &AgentSettings, running: Running<'_>) -> Layout {
        todo!()
    }
    fn identity_layout(
        &self,
        settings: &AgentSettings,
        running: Running<'_>,
        parameters: Option<&Parameters>,
    ) -> IdentityLayout {
        todo!()
    }
    fn parse_parameters(&self, bytes: &[u8], path: &Path) -> Result<Parameters, Rejection> {
        todo!()
    }
    fn implied_parameters(&self, path: &Path) -> Option<Parameters> {
        todo!()
    }
    fn parse_record(&self, bytes: &[u8], local_time: LocalTime<'_>) -> Result<AddressRecord, Rejection> {
        todo!()
    }
    fn parse_identifiers(&self, bytes: &[u8]) -> Vec<String> {
        todo!()
    }
    fn parse_owner_account(&self, bytes: &[u8]) -> Option<String> {
        todo!()
    }
    fn parse_version(&self, bytes: &[u8]) -> Option<String> {
        todo!()
    }
    fn parse_loaded_config(
        &self,
        path: &Path,
        log: &[u8],
        local_time: LocalTime<'_>,
    ) -> Option<LoadedConfig> {
        todo!()
    }
    fn edition(
        &self,
        settings: &AgentSettings,
        version: Option<&str>,
        config: Option<&Path>,
        running: Running<'_>,
    ) -> Edition {
        todo!()
    }
    fn endpoints(
        &self,
        settings: &AgentSettings,
        edition: &Edition,
        parameters: Option<&Parameters>,
        config_file: &Path,
    ) -> Vec<Endpoint> {
        todo!()
    }
    fn classify_host(&self, host: &str) -> HostClass {
        todo!()
    }
    fn knows_region(&self, region: &str) -> bool {
        todo!()
    }
    fn servers_for(&self, region: &str, network: NetworkType) -> Option<(String, String)> {
        todo!()
    }
    fn clock_limit(&self) -> Duration {
        todo!()
    }
    fn commands(&self, settings: &AgentSettings, version: Option<&str>) -> Commands {
        todo!()
    }
}
