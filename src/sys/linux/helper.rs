//! Tasks in other network namespaces, which the exporter itself can no longer enter: a helper process is started
//! before it gives up its capabilities, and starts a short-lived process for each task. That process enters the
//! namespace, gives up all privileges, and answers over a socket.
//!
//! The helper and its processes are this very program, executed again: they share no memory with the exporter.

use std::{
    fs::File,
    io::{self, IoSlice, IoSliceMut, Read as _, Write as _},
    mem::MaybeUninit,
    os::{
        fd::{AsFd, BorrowedFd, OwnedFd},
        unix::net::UnixStream,
    },
    process::{Child, Command, Stdio},
    sync::OnceLock,
    time::Duration,
};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use rustix::{
    event::{PollFd, PollFlags, poll},
    net::{
        AddressFamily, RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, SendAncillaryBuffer,
        SendAncillaryMessage, SendFlags, SocketFlags, SocketType, recvmsg, sendmsg, socketpair,
    },
    process::{Gid, Uid, chroot, fchdir},
    thread::{CapabilitySet, CapabilitySets, LinkNameSpaceType},
    time::Timespec,
};

use super::{boot_time, confine};

/// The only argument of the helper, and that of the processes that it starts. They are not meant for users.
const HELPER: &str = "--helper";
const TASK: &str = "--helper-task";
/// The maximum number of concurrent tasks; further ones are rejected.
const AT_ONCE: usize = 32;
/// The user and group `nobody`.
const NOBODY: u32 = 65534;
/// The maximum size of a request or an answer, in bytes; typical ones have a few hundred.
const MOST_BYTES: u64 = 256 << 10;
/// The descriptors passed for a task: the socket for the answer, the network, the root directory.
const DESCRIPTORS: usize = 3;

/// What this process is, if it is not the exporter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// The helper.
    Helper,
    /// A process for one task.
    Task,
}

/// The role of this process, according to its only argument.
pub fn role() -> Option<Role> {
    let mut arguments = std::env::args_os().skip(1);
    let first = arguments.next()?;
    if arguments.next().is_some() {
        return None;
    }
    [(HELPER, Role::Helper), (TASK, Role::Task)]
        .into_iter()
        .find_map(|(argument, role)| (first == argument).then_some(role))
}

/// The one helper of the process.
static CONNECTION: OnceLock<Helper> = OnceLock::new();

/// Starts the helper, if this process has the capabilities that tasks need. Must be called once, before [`confine`].
///
/// # Errors
/// The kernel's error.
pub fn start() -> io::Result<()> {
    if let Some(helper) = Helper::start()? {
        let _first = CONNECTION.set(helper);
    }
    Ok(())
}

/// The connection to the helper, if there is one.
pub fn connection() -> Option<&'static Helper> {
    CONNECTION.get()
}

/// The connection to the helper.
#[derive(Debug)]
pub struct Helper {
    socket: OwnedFd,
    pid: u32,
}

impl Helper {
    fn start() -> io::Result<Option<Self>> {
        let needed = CapabilitySet::SYS_ADMIN | CapabilitySet::SYS_CHROOT;
        if !rustix::thread::capabilities(None)?.effective.contains(needed) {
            return Ok(None);
        }
        let (own, other) =
            socketpair(AddressFamily::UNIX, SocketType::SEQPACKET, SocketFlags::CLOEXEC, None)?;
        // The helper ends when this end of the socket is closed, and is not waited for.
        let helper = spawn_self(HELPER, Stdio::from(other), Stdio::null(), Stdio::null())?;
        Ok(Some(Self { socket: own, pid: helper.id() }))
    }

    /// The helper's process id.
    pub fn pid(&self) -> u32 {
        self.pid
    }

    /// Starts a process in this network namespace and root directory, with this request and time limit; returns
    /// its answer, which is empty if it could not join them.
    ///
    /// # Errors
    /// If the helper is gone or accepts no more tasks; `TimedOut`.
    pub async fn run(
        &self,
        (network, root): (&File, &File),
        request: &[u8],
        patience: Duration,
    ) -> io::Result<Vec<u8>> {
        let response = async {
            let socket = self.send(network.as_fd(), root.as_fd(), patience)?;
            socket.set_nonblocking(true)?;
            let mut socket = tokio::net::UnixStream::from_std(socket)?;
            socket.write_all(request).await?;
            socket.shutdown().await?;
            let mut answer = Vec::new();
            socket.take(MOST_BYTES).read_to_end(&mut answer).await?;
            Ok(answer)
        };
        tokio::time::timeout(patience, response).await.unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()))
    }

    fn send(
        &self,
        network: BorrowedFd<'_>,
        root: BorrowedFd<'_>,
        patience: Duration,
    ) -> io::Result<UnixStream> {
        let (own, other) = UnixStream::pair()?;
        let descriptors = [other.as_fd(), network, root];
        let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(DESCRIPTORS))];
        let mut control = SendAncillaryBuffer::new(&mut space);
        if !control.push(SendAncillaryMessage::ScmRights(&descriptors)) {
            return Err(io::ErrorKind::OutOfMemory.into());
        }
        let patience = u64::try_from(patience.as_millis()).unwrap_or(u64::MAX).to_le_bytes();
        let flags = SendFlags::DONTWAIT | SendFlags::NOSIGNAL;
        sendmsg(&self.socket, &[IoSlice::new(&patience)], &mut control, flags)?;
        Ok(own)
    }
}

fn spawn_self(argument: &str, stdin: Stdio, stdout: Stdio, stderr: Stdio) -> io::Result<Child> {
    let mut command = Command::new("/proc/self/exe");
    command.arg(argument).env_clear().current_dir("/");
    command.stdin(stdin).stdout(stdout).stderr(stderr).spawn()
}

/// The running processes with their deadlines (boot clock).
struct Tasks(Vec<(Child, Duration)>);

impl Tasks {
    /// Kills processes past their deadline, and forgets those that have ended.
    fn end_overdue(&mut self, now: Duration) {
        self.0.retain_mut(|(child, until)| {
            if now >= *until {
                let _gone = child.kill();
                let _status = child.wait();
                return false;
            }
            matches!(child.try_wait(), Ok(None))
        });
    }

    /// The maximum wait for the next message, so that ended processes are reaped soon.
    fn patience(&self) -> Option<Timespec> {
        (!self.0.is_empty()).then_some(Timespec { tv_sec: 0, tv_nsec: 100_000_000 })
    }
}

impl Drop for Tasks {
    fn drop(&mut self) {
        self.end_overdue(Duration::MAX);
    }
}

/// The helper: starts a process for each message on standard input, until the exporter is gone.
///
/// # Errors
/// The kernel's error.
pub fn serve() -> io::Result<()> {
    rustix::thread::set_name(c"logagent-helper")?;
    let input = io::stdin();
    let mut tasks = Tasks(Vec::new());
    loop {
        let mut ready = [PollFd::new(&input, PollFlags::IN)];
        match poll(&mut ready, tasks.patience().as_ref()) {
            Ok(_) | Err(rustix::io::Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
        tasks.end_overdue(boot_time());
        if ready.iter().all(|each| each.revents().is_empty()) {
            continue;
        }
        let Some((patience, descriptors)) = receive(input.as_fd())? else { return Ok(()) };
        // A rejected caller reads end-of-file.
        if tasks.0.len() < AT_ONCE
            && let Ok([answer, network, root]) = <[OwnedFd; DESCRIPTORS]>::try_from(descriptors)
            && let Ok(child) = spawn_self(TASK, answer.into(), network.into(), root.into())
        {
            tasks.0.push((child, boot_time().saturating_add(patience)));
        }
    }
}

/// The next message; `None`: the sender is gone.
fn receive(from: BorrowedFd<'_>) -> io::Result<Option<(Duration, Vec<OwnedFd>)>> {
    let mut bytes = [0; 8];
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(DESCRIPTORS))];
    let mut control = RecvAncillaryBuffer::new(&mut space);
    let received = recvmsg(from, &mut [IoSliceMut::new(&mut bytes)], &mut control, RecvFlags::CMSG_CLOEXEC)?;
    let mut descriptors = Vec::new();
    for message in control.drain() {
        if let RecvAncillaryMessage::ScmRights(handed_over) = message {
            descriptors.extend(handed_over);
        }
    }
    let patience = Duration::from_millis(u64::from_le_bytes(bytes));
    Ok((received.bytes > 0).then_some((patience, descriptors)))
}

/// The caller that waits for the result of a task.
#[derive(Debug)]
pub struct Caller(UnixStream);

impl Caller {
    /// Reads the request.
    ///
    /// # Errors
    /// The kernel's error.
    pub fn request(&mut self) -> io::Result<Vec<u8>> {
        let mut bytes = Vec::new();
        (&self.0).take(MOST_BYTES).read_to_end(&mut bytes)?;
        Ok(bytes)
    }

    /// Sends the answer.
    ///
    /// # Errors
    /// If the caller is gone.
    pub fn answer(mut self, answer: &[u8]) -> io::Result<()> {
        self.0.write_all(answer)
    }
}

/// Joins the network namespace and root directory of the task, gives up all privileges permanently, and
/// returns the caller.
///
/// # Errors
/// The kernel's error; then the process must not continue.
pub fn join() -> io::Result<Caller> {
    let answer = UnixStream::from(io::stdin().as_fd().try_clone_to_owned()?);
    let network = io::stdout().as_fd().try_clone_to_owned()?;
    let root = io::stderr().as_fd().try_clone_to_owned()?;
    let null = File::options().read(true).write(true).open("/dev/null")?;
    rustix::stdio::dup2_stdin(&null)?;
    rustix::stdio::dup2_stdout(&null)?;
    rustix::stdio::dup2_stderr(&null)?;
    rustix::thread::move_into_link_name_space(network.as_fd(), Some(LinkNameSpaceType::Network))?;
    fchdir(&root)?;
    chroot(".")?;
    drop((network, root, null));
    // Without the capabilities to change its user, it keeps the current one.
    let _groups = rustix::thread::set_thread_groups(&[]);
    let _group = rustix::thread::set_thread_gid(Gid::from_raw(NOBODY));
    let _user = rustix::thread::set_thread_uid(Uid::from_raw(NOBODY));
    rustix::thread::clear_ambient_capability_set()?;
    let none = CapabilitySet::empty();
    let sets = CapabilitySets { effective: none, permitted: none, inheritable: none };
    rustix::thread::set_capabilities(None, sets)?;
    confine()?;
    Ok(Caller(answer))
}
