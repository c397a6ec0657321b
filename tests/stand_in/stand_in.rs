//! A program that stands in for log-collection agents in tests: copied under an agent's name, it arranges its processes as
//! that agent does, and does nothing else.
//!
//! * `ilogtail…`, `loongcollector…`: leaves a daemon behind, and its child of the same command line; with
//!   `-ilogtail_daemon_flag=false` one process.
//! * any other name: leaves one process behind.
//! * any of them with `--version` alone: ends at once.
//! * `stand-in init`: the first process of a PID namespace; collects orphans, and ends when its standard input does.
//! * `stand-in sntp ADDRESS SECONDS`: a time server whose clock is off by this much.
//!
//! Further behaviour is set by its environment:
//!
//! * `STAND_IN_IP`: the worker writes `app_info.json` with this address into the directory of its executable.
//! * `STAND_IN_VERSION`: the version in it, as `key=value`.
//! * `STAND_IN_REAP=0`: the daemon leaves a dead worker as a zombie.
//! * `STAND_IN_EATS`: a FIFO; once something has been written to it, the worker uses more and more memory.

#![expect(clippy::print_stderr, reason = "a program for tests speaks to whoever runs the tests")]
#![expect(clippy::disallowed_methods, reason = "no asynchronous runtime, and time is what it stands in for")]

use std::{
    env,
    ffi::{OsStr, OsString},
    io::{self, Read as _},
    net::UdpSocket,
    os::unix::process::CommandExt as _,
    path::{Path, PathBuf},
    process::{Child, Command, ExitCode, Stdio},
    thread,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

/// Tells a process which role to take; not set for the process that was started by the user.
const STAGE: &str = "STAND_IN_STAGE";

fn main() -> ExitCode {
    let arguments: Vec<OsString> = env::args_os().collect();
    let name = arguments.first().and_then(|argv0| Path::new(argv0).file_name()).unwrap_or_default();
    let words: Vec<_> = arguments.iter().skip(1).filter_map(|argument| argument.to_str()).collect();
    let done = match (name.to_str(), words.as_slice()) {
        (Some("stand-in"), ["init"]) => init(),
        (Some("stand-in"), ["sntp", address, seconds]) => sntp(address, seconds),
        (Some("stand-in"), _) => {
            Err(io::Error::other("usage: stand-in init | stand-in sntp ADDRESS SECONDS"))
        }
        (_, ["--version"]) => Ok(()),
        _ => agent(name, &arguments),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{}: {error}", name.display());
            ExitCode::FAILURE
        }
    }
}

/// Waits for orphans until standard input ends; the whole namespace ends with the first process.
fn init() -> io::Result<()> {
    thread::spawn(|| {
        loop {
            if rustix::process::wait(rustix::process::WaitOptions::empty()).is_err() {
                // No child at the moment: nothing that can be waited for announces the next orphan.
                thread::sleep(Duration::from_millis(5));
            }
        }
    });
    io::stdin().read_to_end(&mut Vec::new()).map(drop)
}

/// Takes the role that the stage and the name determine.
fn agent(name: &OsStr, arguments: &[OsString]) -> io::Result<()> {
    let name = name.to_string_lossy();
    let by_two = (name.starts_with("ilogtail") || name.starts_with("loongcollector"))
        && !arguments
            .iter()
            .any(|argument| argument.to_string_lossy().ends_with("ilogtail_daemon_flag=false"));
    match env::var(STAGE).as_deref() {
        Ok("daemon") => {
            let mut worker = again(arguments, "worker")?;
            if env::var("STAND_IN_REAP").as_deref() != Ok("0") {
                worker.wait()?;
            }
        }
        Ok(_) => {
            write_record()?;
            if let Ok(fifo) = env::var("STAND_IN_EATS") {
                eat(&fifo)?;
            }
        }
        // Its parent is gone at once, so that it is adopted by the first process, as daemons are.
        Err(_) => return again(arguments, if by_two { "daemon" } else { "worker" }).map(drop),
    }
    loop {
        thread::park();
    }
}

/// Starts this program again with the same command line, in another role.
fn again(arguments: &[OsString], stage: &str) -> io::Result<Child> {
    let argv0 = arguments.first().map(OsString::as_os_str).unwrap_or_default();
    // By the path that was typed, if there is one: the kernel names a process after the path that it was started by.
    let program =
        if Path::new(argv0).components().count() > 1 { PathBuf::from(argv0) } else { env::current_exe()? };
    Command::new(program)
        .arg0(argv0)
        .args(arguments.iter().skip(1))
        .env(STAGE, stage)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .process_group(0)
        .spawn()
}

/// Waits for a writer of the FIFO, and uses memory until it is stopped.
fn eat(fifo: &str) -> io::Result<()> {
    let _told = std::fs::read(fifo)?;
    let mut eaten = Vec::new();
    loop {
        // Pages that are never written to use no memory.
        eaten.push(vec![1_u8; 1 << 20]);
    }
}

/// Writes `app_info.json` as the agent does at the start of its worker.
fn write_record() -> io::Result<()> {
    let Ok(ip) = env::var("STAND_IN_IP") else { return Ok(()) };
    let version = env::var("STAND_IN_VERSION").unwrap_or_else(|_| "logtail_version=1.3.1".to_owned());
    let (version_key, version) = version.split_once('=').unwrap_or(("logtail_version", &version));
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
    let hostname = rustix::system::uname().nodename().to_string_lossy().into_owned();
    let record = format!(
        "{{\n\t\"UUID\" : \"\",\n\t\"hostname\" : \"{hostname}\",\n\
         \t\"instance_id\" : \"E9633380-85C2-11ED-9BAD-00163E1AA597_{ip}_{now}\",\n\t\"ip\" : \"{ip}\",\n\
         \t\"{version_key}\" : \"{version}\",\n\
         \t\"os\" : \"Linux; 4.19.91-26.1.al7.x86_64; #1 SMP Tue Jul 26 17:52:28 CST 2022; x86_64\",\n\
         \t\"update_time\" : \"{}\"\n}}\n",
        civil(now)
    );
    let executable = env::current_exe()?;
    let path = executable.with_file_name("app_info.json");
    let draft = executable.with_file_name(".app_info.json");
    std::fs::write(&draft, record)?;
    std::fs::rename(draft, path)
}

/// Seconds since 1970 as `2022-12-27 05:38:33` (UTC).
fn civil(seconds: u64) -> String {
    let time = jiff::Timestamp::from_second(i64::try_from(seconds).unwrap_or_default()).unwrap_or_default();
    time.strftime("%Y-%m-%d %H:%M:%S").to_string()
}

/// Seconds between 1900, where NTP counts from, and 1970.
const NTP_EPOCH: u64 = 2_208_988_800;

/// Answers every request of a time client with a clock that is off.
fn sntp(address: &str, seconds: &str) -> io::Result<()> {
    let off: i64 = seconds.parse().map_err(io::Error::other)?;
    let socket = UdpSocket::bind(address)?;
    let mut request = [0_u8; 48];
    loop {
        let (length, client) = socket.recv_from(&mut request)?;
        if length < request.len() {
            continue;
        }
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let seconds = (now.as_secs() + NTP_EPOCH).saturating_add_signed(off);
        let fraction = (u64::from(now.subsec_nanos()) << 32) / 1_000_000_000;
        let stamp = ((seconds << 32) | fraction).to_be_bytes();
        // No warning, version 4, server; stratum 1; poll 6; precision about a microsecond.
        let mut answer = vec![0x24, 1, 6, 0xec];
        answer.extend([0; 8]);
        answer.extend(b"GPS\0");
        answer.extend(stamp);
        answer.extend(request.get(40..48).unwrap_or_default());
        answer.extend(stamp);
        answer.extend(stamp);
        socket.send_to(&answer, client)?;
    }
}
