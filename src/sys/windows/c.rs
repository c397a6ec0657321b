//! Windows calls that no safe crate offers.
#![expect(unsafe_code, reason = "system calls that no safe crate offers; each states why it is sound")]

use std::{
    collections::BTreeMap,
    fs::File,
    io,
    os::windows::{
        ffi::{OsStrExt as _, OsStringExt as _},
        io::{AsRawHandle, FromRawHandle as _, OwnedHandle},
    },
    path::{Path, PathBuf},
    time::Duration,
};

#[cfg(any(test, fuzzing))]
use windows_sys::Win32::System::Threading::{GetCurrentThread, GetThreadTimes};
use windows_sys::Win32::{
    Foundation::{FILETIME, HANDLE, INVALID_HANDLE_VALUE},
    Storage::FileSystem::{
        BY_HANDLE_FILE_INFORMATION, FILE_NAME_NORMALIZED, GetDiskFreeSpaceExW, GetFileInformationByHandle,
        GetFinalPathNameByHandleW,
    },
    System::{
        Console::{
            CONSOLE_SCREEN_BUFFER_INFO, GetConsoleScreenBufferInfo, GetStdHandle, STD_OUTPUT_HANDLE,
            SetConsoleOutputCP,
        },
        Diagnostics::ToolHelp::{
            CreateToolhelp32Snapshot, PROCESSENTRY32W, Process32FirstW, Process32NextW, TH32CS_SNAPPROCESS,
        },
        EventLog::{
            DeregisterEventSource, EVENTLOG_ERROR_TYPE, EVENTLOG_INFORMATION_TYPE, EVENTLOG_WARNING_TYPE,
            RegisterEventSourceW, ReportEventW,
        },
        Pipes::GetNamedPipeServerProcessId,
        SystemInformation::GetTickCount64,
        Threading::{GetCurrentProcess, GetProcessTimes},
    },
};

use crate::{model::snapshot::Space, sys::Importance};

/// The longest path on Windows, in units of two bytes.
const LONGEST: usize = 32_768;
/// UTF-8 as a code page.
const UTF_8: u32 = 65001;

/// The time since the system was started, suspend included, in steps of 10 to 16 ms.
pub(super) fn since_boot() -> Duration {
    // SAFETY: takes no argument and returns a number.
    Duration::from_millis(unsafe { GetTickCount64() })
}

/// User and system time of this process.
pub(super) fn cpu_time() -> Option<Duration> {
    // SAFETY: the handle is the pseudo handle of this process, and each pointer points to a local of the required type.
    spent(|[created, ended, kernel, user]| unsafe {
        GetProcessTimes(GetCurrentProcess(), created, ended, kernel, user)
    })
}

/// User and system time of this thread.
#[cfg(any(test, fuzzing))]
pub(super) fn thread_time() -> Option<Duration> {
    // SAFETY: the handle is the pseudo handle of this thread, and each pointer points to a local of the required type.
    spent(|[created, ended, kernel, user]| unsafe {
        GetThreadTimes(GetCurrentThread(), created, ended, kernel, user)
    })
}

/// The last two of the four times that a call returns, unless it fails.
fn spent(call: impl FnOnce(&mut [FILETIME; 4]) -> i32) -> Option<Duration> {
    let mut times = [FILETIME::default(); 4];
    let told = call(&mut times);
    let [_, _, kernel, user] = &times;
    (told != 0).then(|| sum(kernel, user))
}

/// The sum of two durations, which are in units of 100 ns.
fn sum(one: &FILETIME, other: &FILETIME) -> Duration {
    let ticks = |time: &FILETIME| u64::from(time.dwHighDateTime) << 32 | u64::from(time.dwLowDateTime);
    Duration::from_nanos(ticks(one).saturating_add(ticks(other)).saturating_mul(100))
}

/// The path of an open file, with links resolved, and in the case that it was created with.
pub(super) fn path_of_open(file: &File) -> Option<PathBuf> {
    let mut buffer = vec![0_u16; LONGEST];
    let size = u32::try_from(buffer.len()).ok()?;
    // SAFETY: the handle is open as long as the borrow lasts, and the buffer has the length that is passed.
    let length = unsafe {
        GetFinalPathNameByHandleW(file.as_raw_handle(), buffer.as_mut_ptr(), size, FILE_NAME_NORMALIZED)
    };
    let written = buffer.get(..usize::try_from(length).ok()?).filter(|written| !written.is_empty())?;
    let path = std::ffi::OsString::from_wide(written);
    let path = path.to_str()?;
    Some(match path.strip_prefix(r"\\?\UNC\") {
        Some(share) => PathBuf::from(format!(r"\\{share}")),
        None => PathBuf::from(path.strip_prefix(r"\\?\").unwrap_or(path)),
    })
}

/// The volume of an open file, and its number there.
pub(super) fn identity(file: &File) -> Option<(u64, u64)> {
    let mut told = BY_HANDLE_FILE_INFORMATION::default();
    // SAFETY: the handle is open as long as the borrow lasts, and the pointer points to a local of the required type.
    let known = unsafe { GetFileInformationByHandle(file.as_raw_handle(), &raw mut told) };
    let number = u64::from(told.nFileIndexHigh) << 32 | u64::from(told.nFileIndexLow);
    (known != 0).then(|| (told.dwVolumeSerialNumber.into(), number))
}

/// The free space on the volume of a directory, as available to the exporter's user.
pub(super) fn space(directory: &Path) -> io::Result<Space> {
    let wide: Vec<u16> = directory.as_os_str().encode_wide().chain([0]).collect();
    let (mut left, mut size) = (0, 0);
    // SAFETY: the path is null-terminated, and the pointers point to locals; one may be null.
    let told =
        unsafe { GetDiskFreeSpaceExW(wide.as_ptr(), &raw mut left, &raw mut size, std::ptr::null_mut()) };
    if told == 0 {
        return Err(io::Error::last_os_error());
    }
    Ok(Space { bytes: size, bytes_left: left, inodes: 0, inodes_left: 0 })
}

/// Makes the output UTF-8, whatever the console's code page was.
pub(super) fn print_utf_8() {
    // SAFETY: takes a number. Without a console it does nothing.
    let _without_console = unsafe { SetConsoleOutputCP(UTF_8) };
}

/// Columns of the console on standard output.
pub(super) fn terminal_columns() -> Option<usize> {
    let mut info = CONSOLE_SCREEN_BUFFER_INFO::default();
    // SAFETY: the pointer points to a local of the required type; the handle may be invalid.
    let told = unsafe { GetConsoleScreenBufferInfo(GetStdHandle(STD_OUTPUT_HANDLE), &raw mut info) };
    let columns = i32::from(info.srWindow.Right) - i32::from(info.srWindow.Left) + 1;
    (told != 0).then_some(columns).and_then(|columns| usize::try_from(columns).ok())
}

/// The number of threads of each process, by its id.
pub(super) fn threads() -> BTreeMap<u32, u32> {
    let mut found = BTreeMap::new();
    // SAFETY: takes two numbers and returns a handle, which may be invalid.
    let snapshot = unsafe { CreateToolhelp32Snapshot(TH32CS_SNAPPROCESS, 0) };
    if snapshot == INVALID_HANDLE_VALUE {
        return found;
    }
    // SAFETY: the handle was just opened, has no other owner, and is closed on drop.
    let _closed_at_the_end = unsafe { OwnedHandle::from_raw_handle(snapshot) };
    let size = u32::try_from(size_of::<PROCESSENTRY32W>()).unwrap_or_default();
    let mut entry = PROCESSENTRY32W { dwSize: size, ..PROCESSENTRY32W::default() };
    // SAFETY: the handle is open, and the entry is a local that contains its own size.
    let mut is_one = unsafe { Process32FirstW(snapshot, &raw mut entry) };
    while is_one != 0 {
        found.insert(entry.th32ProcessID, entry.cntThreads);
        // SAFETY: as above.
        is_one = unsafe { Process32NextW(snapshot, &raw mut entry) };
    }
    found
}

/// The process that created the named pipe to which this end is connected.
pub(super) fn pipe_server(client: &impl AsRawHandle) -> io::Result<u32> {
    let mut pid = 0;
    // SAFETY: the handle is open as long as the borrow lasts, and the pointer points to a local.
    let told = unsafe { GetNamedPipeServerProcessId(client.as_raw_handle(), &raw mut pid) };
    if told == 0 { Err(io::Error::last_os_error()) } else { Ok(pid) }
}

/// A string in the form that Windows calls require.
fn wide(text: &str) -> Vec<u16> {
    text.encode_utf16().filter(|unit| *unit != 0).chain([0]).collect()
}

/// A source of events in the system's log.
#[derive(Debug)]
pub(super) struct EventSource(HANDLE);

// SAFETY: the handle is not bound to a thread, and calls with it may be made from any thread.
unsafe impl Send for EventSource {}

impl EventSource {
    /// Opens the source of this name.
    pub(super) fn open(name: &str) -> io::Result<Self> {
        // SAFETY: no server is passed, and the name is null-terminated.
        let handle = unsafe { RegisterEventSourceW(std::ptr::null(), wide(name).as_ptr()) };
        if handle.is_null() { Err(io::Error::last_os_error()) } else { Ok(Self(handle)) }
    }

    /// Adds an event with one text.
    pub(super) fn report(&self, importance: Importance, text: &str) -> io::Result<()> {
        let (kind, id) = match importance {
            Importance::Information => (EVENTLOG_INFORMATION_TYPE, 1),
            Importance::Warning => (EVENTLOG_WARNING_TYPE, 2),
            Importance::Error => (EVENTLOG_ERROR_TYPE, 3),
        };
        let text = wide(text);
        let texts = [text.as_ptr()];
        // SAFETY: the handle is open as long as this lives; one null-terminated string is passed, no user and no data.
        let told = unsafe {
            ReportEventW(self.0, kind, 0, id, std::ptr::null_mut(), 1, 0, texts.as_ptr(), std::ptr::null())
        };
        if told == 0 { Err(io::Error::last_os_error()) } else { Ok(()) }
    }
}

impl Drop for EventSource {
    fn drop(&mut self) {
        // SAFETY: it is open, and closed only here.
        let _closed = unsafe { DeregisterEventSource(self.0) };
    }
}
