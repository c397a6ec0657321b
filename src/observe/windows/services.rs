//! Services by name: whether they exist, their state, and how they are started.

use std::path::Path;

use windows_service::{
    Error,
    service::{ServiceAccess, ServiceStartType, ServiceState as State},
    service_manager::{ServiceManager, ServiceManagerAccess},
};

use crate::{
    model::{
        Reading, Reason, Why,
        snapshot::{Registered, ServiceFact, ServiceStart, ServiceState},
    },
    observe::host::blocking::Attempt,
};

/// There is no such service (`ERROR_SERVICE_DOES_NOT_EXIST`).
const ABSENT: i32 = 1060;
/// Access is denied (`ERROR_ACCESS_DENIED`).
const DENIED: i32 = 5;

/// The service manager's facts about each of these services.
pub(in crate::observe) fn read(attempt: &Attempt, names: &[&str]) -> Reading<Vec<ServiceFact>> {
    if names.is_empty() {
        return Reading::Known(Vec::new());
    }
    attempt.guard(Path::new("services"), || {
        let read = || -> windows_service::Result<Vec<ServiceFact>> {
            let manager = ServiceManager::local_computer(None::<&str>, ServiceManagerAccess::CONNECT)?;
            let fact = |name: &&str| {
                Ok(ServiceFact { name: (*name).to_owned(), registered: registered(&manager, name)? })
            };
            names.iter().map(fact).collect()
        };
        match read() {
            Ok(facts) => Reading::Known(facts),
            Err(error) => Reading::Unknown(refusal(&error)),
        }
    })
}

fn registered(manager: &ServiceManager, name: &str) -> windows_service::Result<Option<Registered>> {
    let access = ServiceAccess::QUERY_STATUS | ServiceAccess::QUERY_CONFIG;
    let service = match manager.open_service(name, access) {
        Err(Error::Winapi(error)) if error.raw_os_error() == Some(ABSENT) => return Ok(None),
        opened => opened?,
    };
    let state = match service.query_status()?.current_state {
        State::Running => ServiceState::Running,
        State::Stopped => ServiceState::Stopped,
        State::Paused => ServiceState::Paused,
        State::StartPending | State::StopPending | State::ContinuePending | State::PausePending => {
            ServiceState::Pending
        }
    };
    let start = match service.query_config()?.start_type {
        ServiceStartType::AutoStart | ServiceStartType::BootStart | ServiceStartType::SystemStart => {
            ServiceStart::Automatic
        }
        ServiceStartType::OnDemand => ServiceStart::Manual,
        ServiceStartType::Disabled => ServiceStart::Disabled,
    };
    Ok(Some(Registered { state, start }))
}

fn refusal(error: &Error) -> Why {
    let denied = matches!(error, Error::Winapi(error) if error.raw_os_error() == Some(DENIED));
    if denied {
        let detail = "permission denied; run the exporter as an account that may query services (the installed one may)";
        return Why::new(Reason::Denied, "services", detail);
    }
    let detail = match error {
        Error::Winapi(error) => error.to_string(),
        other => other.to_string(),
    };
    Why::new(Reason::Failed, "services", detail)
}
