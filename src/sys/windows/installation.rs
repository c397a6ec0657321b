//! The exporter's own service, in the service manager: installed, upgraded, started, stopped, removed.

use std::{
    env,
    ffi::{OsStr, OsString},
    fs, io,
    path::{Path, PathBuf},
    thread,
    time::Duration,
};

use windows_service::{
    Error,
    service::{
        Service, ServiceAccess, ServiceAction, ServiceActionType, ServiceErrorControl, ServiceFailureActions,
        ServiceFailureResetPeriod, ServiceInfo, ServiceStartType, ServiceState, ServiceType,
    },
    service_manager::{ServiceManager, ServiceManagerAccess},
};

use super::{event_log, service::NAME};
use crate::sys::{CONFIG_FILE, ServiceRequest};

/// A separate account, with only the rights that every service has. The system creates it together with the service.
const ACCOUNT: &str = r"NT SERVICE\logagent-exporter";
const DISPLAY_NAME: &str = "Log agent exporter";
const DESCRIPTION: &str = "Heartbeat prerequisites of log-collection agents, for Prometheus";
/// After the installation nothing is expected yet.
const FIRST_CONFIG: &str = "# Agents are detected. Expectations for this host: docs/configuration.md\r\n";
/// The flag that names the config.
const CONFIG_FLAG: &str = "--config.file=";

/// There is no such service (`ERROR_SERVICE_DOES_NOT_EXIST`).
const ABSENT: i32 = 1060;
/// It is already running (`ERROR_SERVICE_ALREADY_RUNNING`).
const RUNS: i32 = 1056;
/// It is not running (`ERROR_SERVICE_NOT_ACTIVE`).
const RUNS_NOT: i32 = 1062;
/// Access is denied (`ERROR_ACCESS_DENIED`).
const DENIED: i32 = 5;

/// How often the state of a service is polled.
const STEP: Duration = Duration::from_millis(100);
/// The number of polls: as long as the manager itself waits for a service.
const STEPS: u32 = 300;

/// Executes the request through the service manager; returns what was done, as lines.
///
/// # Errors
/// The error of the service manager or the file system.
pub fn manage_service(request: &ServiceRequest) -> io::Result<Vec<String>> {
    match request {
        ServiceRequest::Install(flags) => install(flags),
        ServiceRequest::Uninstall => uninstall(),
        ServiceRequest::Start => {
            start(&existing(ServiceAccess::START | ServiceAccess::QUERY_STATUS)?)?;
            Ok(vec![format!("{NAME} is running")])
        }
        ServiceRequest::Stop => {
            stop(&existing(ServiceAccess::STOP | ServiceAccess::QUERY_STATUS)?)?;
            Ok(vec![format!("{NAME} is stopped")])
        }
    }
}

/// The error of the service manager, and what to do about it.
fn refusal(error: Error) -> io::Error {
    let code = is_code(&error);
    let advice = match code {
        Some(DENIED) => "; run it in a PowerShell that was started as an administrator",
        Some(ABSENT) => "; install it with logagent-exporter service install",
        Some(_) | None => "",
    };
    match error {
        Error::Winapi(error) => io::Error::new(error.kind(), format!("{error}{advice}")),
        other => io::Error::other(other),
    }
}

fn is_code(error: &Error) -> Option<i32> {
    if let Error::Winapi(error) = error { error.raw_os_error() } else { None }
}

fn manager(access: ServiceManagerAccess) -> io::Result<ServiceManager> {
    ServiceManager::local_computer(None::<&str>, access | ServiceManagerAccess::CONNECT).map_err(refusal)
}

fn existing(access: ServiceAccess) -> io::Result<Service> {
    manager(ServiceManagerAccess::CONNECT)?.open_service(NAME, access).map_err(refusal)
}

/// The process that the service manager has started; `None` while the service does not run.
pub(super) fn process_id() -> io::Result<Option<u32>> {
    Ok(existing(ServiceAccess::QUERY_STATUS)?.query_status().map_err(refusal)?.process_id)
}

/// Waits until the service has reached a state.
#[expect(
    clippy::disallowed_methods,
    reason = "a command that does nothing else; the manager does not report changes"
)]
fn wait_for(service: &Service, state: ServiceState) -> io::Result<()> {
    for _ in 0..STEPS {
        if service.query_status().map_err(refusal)?.current_state == state {
            return Ok(());
        }
        thread::sleep(STEP);
    }
    let message = format!("{NAME} did not reach the state {state:?} within {:?}", STEP * STEPS);
    Err(io::Error::new(io::ErrorKind::TimedOut, message))
}

fn start(service: &Service) -> io::Result<()> {
    match service.start::<&OsStr>(&[]) {
        Err(error) if is_code(&error) != Some(RUNS) => return Err(refusal(error)),
        Ok(()) | Err(_) => {}
    }
    wait_for(service, ServiceState::Running)
}

fn stop(service: &Service) -> io::Result<()> {
    match service.stop() {
        Err(error) if is_code(&error) != Some(RUNS_NOT) => return Err(refusal(error)),
        Ok(_) | Err(_) => {}
    }
    wait_for(service, ServiceState::Stopped)
}

/// Where the program is installed: only administrators may write there.
fn program() -> io::Result<PathBuf> {
    let directory = env::var_os("ProgramFiles").map(PathBuf::from).filter(|path| path.is_absolute());
    let directory = directory.ok_or_else(|| io::Error::other("the variable ProgramFiles is not set"))?;
    Ok(directory.join(NAME).join(format!("{NAME}.exe")))
}

fn is_same(one: &Path, other: &Path) -> bool {
    matches!((one.canonicalize(), other.canonicalize()), (Ok(one), Ok(other)) if one == other)
}

/// Writes a config without expectations if there is none: otherwise any user could create one.
fn first_config() -> io::Result<()> {
    let config = Path::new(CONFIG_FILE);
    if let Some(directory) = config.parent() {
        fs::create_dir_all(directory)?;
    }
    match fs::File::options().write(true).create_new(true).open(config) {
        Ok(mut file) => io::Write::write_all(&mut file, FIRST_CONFIG.as_bytes()),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        Err(error) => Err(error),
    }
}

/// The flags of the service: those that were given, and the config.
fn launch_arguments(flags: &[OsString]) -> Vec<OsString> {
    let names_config = |flag: &OsString| flag.to_string_lossy().starts_with(CONFIG_FLAG);
    let config =
        (!flags.iter().any(names_config)).then(|| OsString::from(format!("{CONFIG_FLAG}{CONFIG_FILE}")));
    config.into_iter().chain(flags.iter().cloned()).collect()
}

fn install(flags: &[OsString]) -> io::Result<Vec<String>> {
    let manager = manager(ServiceManagerAccess::CREATE_SERVICE)?;
    let program = program()?;
    let mut info = ServiceInfo {
        name: NAME.into(),
        display_name: DISPLAY_NAME.into(),
        service_type: ServiceType::OWN_PROCESS,
        start_type: ServiceStartType::AutoStart,
        error_control: ServiceErrorControl::Normal,
        executable_path: program.clone(),
        launch_arguments: launch_arguments(flags),
        dependencies: Vec::new(),
        account_name: Some(ACCOUNT.into()),
        account_password: None,
    };
    let access = ServiceAccess::QUERY_STATUS
        | ServiceAccess::QUERY_CONFIG
        | ServiceAccess::CHANGE_CONFIG
        | ServiceAccess::START
        | ServiceAccess::STOP;
    let before = match manager.open_service(NAME, access) {
        Ok(service) => {
            stop(&service)?;
            Some(service)
        }
        Err(error) if is_code(&error) == Some(ABSENT) => None,
        Err(error) => return Err(refusal(error)),
    };
    let own = env::current_exe()?;
    if !is_same(&own, &program) {
        if let Some(directory) = program.parent() {
            fs::create_dir_all(directory)?;
        }
        fs::copy(&own, &program)?;
    }
    first_config()?;
    let service = match before {
        Some(service) => {
            let config = service.query_config().map_err(refusal)?;
            let line = config.executable_path.to_string_lossy().into_owned();
            let is_ours = line.contains(&*program.to_string_lossy());
            // What an administrator has set stays as it is: account, start type, and flags, unless others are given.
            info.account_name = None;
            info.start_type = config.start_type;
            if !is_ours || !flags.is_empty() {
                service.change_config(&info).map_err(refusal)?;
            }
            service
        }
        None => manager.create_service(&info, access).map_err(refusal)?,
    };
    let mut said = settings(&service);
    start(&service)?;
    let config = service.query_config().map_err(refusal)?;
    let account = config.account_name.unwrap_or_else(|| ACCOUNT.into());
    let line = config.executable_path.display();
    said.push(format!("{NAME} is running as {}: {line}", account.display()));
    said.push(format!("config: {CONFIG_FILE}"));
    Ok(said)
}

/// Applies the settings that the service can run without; returns what was refused, as lines.
fn settings(service: &Service) -> Vec<String> {
    let again = |seconds| ServiceAction {
        action_type: ServiceActionType::Restart,
        delay: Duration::from_secs(seconds),
    };
    let recovery = ServiceFailureActions {
        reset_period: ServiceFailureResetPeriod::After(Duration::from_hours(24)),
        reboot_msg: None,
        command: None,
        actions: Some(vec![again(5), again(5), again(60)]),
    };
    let told = |what: &str, error: String| format!("warning: {what} could not be set: {error}");
    let set = |what, outcome: windows_service::Result<()>| {
        outcome.err().map(|error| told(what, refusal(error).to_string()))
    };
    let refused = [
        set("the description", service.set_description(DESCRIPTION)),
        set("the restart after a failure", service.update_failure_actions(recovery)),
        set("the restart after an error", service.set_failure_actions_on_non_crash_failures(true)),
        event_log::register().err().map(|error| told("the source of events", error.to_string())),
    ];
    refused.into_iter().flatten().collect()
}

fn uninstall() -> io::Result<Vec<String>> {
    let service = existing(ServiceAccess::STOP | ServiceAccess::QUERY_STATUS | ServiceAccess::DELETE)?;
    stop(&service)?;
    service.delete().map_err(refusal)?;
    let mut said = vec![format!("{NAME} is removed")];
    if let Err(error) = event_log::forget() {
        said.push(format!("warning: the source of events could not be removed: {error}"));
    }
    let program = program()?;
    if is_same(&env::current_exe()?, &program) {
        // On Windows a running program cannot be removed.
        said.push(format!("remove it once this process has exited: {}", program.display()));
    } else {
        match fs::remove_file(&program) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            Ok(()) | Err(_) => {}
        }
        // Kept if it contains anything else.
        let _left = program.parent().map(fs::remove_dir);
    }
    said.push(format!("kept: {CONFIG_FILE}"));
    Ok(said)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_service_reads_the_usual_config_unless_a_flag_names_another() {
        let arguments = |flags: &[&str]| -> Vec<String> {
            let flags: Vec<OsString> = flags.iter().map(OsString::from).collect();
            launch_arguments(&flags).iter().map(|flag| flag.display().to_string()).collect()
        };
        let usual = format!("{CONFIG_FLAG}{CONFIG_FILE}");
        assert_eq!(arguments(&[]), [usual.as_str()]);
        assert_eq!(arguments(&["--log.level=warn"]), [usual.as_str(), "--log.level=warn"]);
        assert_eq!(arguments(&[r"--config.file=D:\a b.yml"]), [r"--config.file=D:\a b.yml"]);
    }
}
