//! The exporter as a Windows service: started and stopped by the service manager.

use std::{
    ffi::OsString,
    sync::{
        LazyLock, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use tokio::sync::watch;
use windows_service::{
    service::{
        ServiceControl, ServiceControlAccept, ServiceExitCode, ServiceState, ServiceStatus, ServiceType,
    },
    service_control_handler::{self, ServiceControlHandlerResult},
    service_dispatcher,
};

/// The name that it is installed under.
pub(super) const NAME: &str = "logagent-exporter";
/// How long the manager waits for a start or a stop.
const PATIENCE: Duration = Duration::from_secs(20);
/// The program was not started by the service manager (`ERROR_FAILED_SERVICE_CONTROLLER_CONNECT`).
const NOT_A_SERVICE: i32 = 1063;

/// The work of the service; true if it ended normally.
type Work = Box<dyn FnOnce() -> bool + Send>;

static WORK: Mutex<Option<Work>> = Mutex::new(None);
static ENDED_WELL: Mutex<Option<bool>> = Mutex::new(None);
static STOP: LazyLock<watch::Sender<bool>> = LazyLock::new(|| watch::Sender::new(false));

static IS_ONE: AtomicBool = AtomicBool::new(false);

/// True if the service manager has started this process.
pub(super) fn is_one() -> bool {
    IS_ONE.load(Ordering::Relaxed)
}

/// True once the service manager has requested a stop.
pub(super) fn stop() -> watch::Receiver<bool> {
    STOP.subscribe()
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Does the work as a service, if the service manager has started this process; true if it ended normally.
///
/// # Errors
/// The work itself, if this process is not a service.
pub fn as_service(work: Work) -> Result<bool, Work> {
    *lock(&WORK) = Some(work);
    match service_dispatcher::start(NAME, service_main) {
        Ok(()) => Ok(lock(&ENDED_WELL).unwrap_or(false)),
        Err(error) => match lock(&WORK).take() {
            Some(work) if is_no_service(&error) => Err(work),
            Some(_) | None => Ok(false),
        },
    }
}

fn is_no_service(error: &windows_service::Error) -> bool {
    matches!(error, windows_service::Error::Winapi(error) if error.raw_os_error() == Some(NOT_A_SERVICE))
}

windows_service::define_windows_service!(service_main, serve);

fn serve(_: Vec<OsString>) {
    IS_ONE.store(true, Ordering::Relaxed);
    let handler = service_control_handler::register(NAME, |control| match control {
        ServiceControl::Stop | ServiceControl::Shutdown | ServiceControl::Preshutdown => {
            STOP.send_replace(true);
            ServiceControlHandlerResult::NoError
        }
        ServiceControl::Interrogate => ServiceControlHandlerResult::NoError,
        _ => ServiceControlHandlerResult::NotImplemented,
    });
    let Ok(handler) = handler else { return };
    let tell = |state: ServiceState, code: u32| {
        let accepts = match state {
            ServiceState::Running => ServiceControlAccept::STOP | ServiceControlAccept::SHUTDOWN,
            _ => ServiceControlAccept::empty(),
        };
        let status = ServiceStatus {
            service_type: ServiceType::OWN_PROCESS,
            current_state: state,
            controls_accepted: accepts,
            exit_code: if code == 0 {
                ServiceExitCode::Win32(0)
            } else {
                ServiceExitCode::ServiceSpecific(code)
            },
            checkpoint: 0,
            wait_hint: PATIENCE,
            process_id: None,
        };
        // A manager that no longer listens is no reason to stop.
        let _told = handler.set_service_status(status);
    };
    tell(ServiceState::Running, 0);
    let work = lock(&WORK).take();
    let well = work.is_some_and(|work| work());
    *lock(&ENDED_WELL) = Some(well);
    // With a code, so that recovery settings count it as a failure.
    tell(ServiceState::Stopped, u32::from(!well));
}
