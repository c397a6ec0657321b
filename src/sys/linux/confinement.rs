//! What the process gives up permanently at startup: system calls that an exporter never makes, and
//! privileges that it could gain by executing another program. A refused call fails with EPERM and does not
//! end the process.
//!
//! Calls that are not listed are allowed: a later C library or kernel may use new ones, which must not break
//! the exporter.

use std::io;

use rustix::io::Errno;
use seccompiler::{
    BpfProgram, SeccompAction, SeccompCmpArgLen, SeccompCmpOp, SeccompCondition, SeccompFilter, SeccompRule,
    TargetArch, sock_filter,
};

/// Running programs, acting on other processes, changing users and groups, what is mounted, swap, accounting and quotas, keys,
/// modules, the clock, the host's name, rebooting, other ways to open files, and kernel interfaces with a history of
/// vulnerabilities.
const REFUSED: &[libc::c_long] = &[
    libc::SYS_execve,
    libc::SYS_execveat,
    libc::SYS_ptrace,
    libc::SYS_process_vm_readv,
    libc::SYS_process_vm_writev,
    libc::SYS_process_madvise,
    libc::SYS_pidfd_getfd,
    libc::SYS_kcmp,
    libc::SYS_kill,
    libc::SYS_pidfd_send_signal,
    libc::SYS_rt_sigqueueinfo,
    libc::SYS_unshare,
    libc::SYS_chroot,
    libc::SYS_pivot_root,
    libc::SYS_mount,
    libc::SYS_umount2,
    libc::SYS_move_mount,
    libc::SYS_open_tree,
    libc::SYS_mount_setattr,
    libc::SYS_fsopen,
    libc::SYS_fsconfig,
    libc::SYS_fsmount,
    libc::SYS_fspick,
    libc::SYS_name_to_handle_at,
    libc::SYS_open_by_handle_at,
    libc::SYS_bpf,
    libc::SYS_perf_event_open,
    libc::SYS_userfaultfd,
    libc::SYS_io_uring_setup,
    libc::SYS_io_uring_enter,
    libc::SYS_io_uring_register,
    libc::SYS_add_key,
    libc::SYS_request_key,
    libc::SYS_keyctl,
    libc::SYS_init_module,
    libc::SYS_finit_module,
    libc::SYS_delete_module,
    libc::SYS_kexec_load,
    libc::SYS_reboot,
    libc::SYS_swapon,
    libc::SYS_swapoff,
    libc::SYS_acct,
    libc::SYS_quotactl,
    libc::SYS_syslog,
    libc::SYS_vhangup,
    libc::SYS_personality,
    libc::SYS_sethostname,
    libc::SYS_setdomainname,
    libc::SYS_settimeofday,
    libc::SYS_clock_settime,
    libc::SYS_setuid,
    libc::SYS_setgid,
    libc::SYS_setgroups,
    libc::SYS_setreuid,
    libc::SYS_setregid,
    libc::SYS_setresuid,
    libc::SYS_setresgid,
];

/// The same, for one architecture: `fork`, `vfork`, `uselib`, `modify_ldt`, `iopl`, `ioperm`,
/// `kexec_file_load`.
const REFUSED_ON_X86_64: &[libc::c_long] = &[57, 58, 134, 154, 172, 173, 320];
/// `kexec_file_load`.
const REFUSED_ON_AARCH64: &[libc::c_long] = &[294];

/// Without this flag, `clone` makes a process and not a thread.
const CLONE_THREAD: u64 = 0x0001_0000;

/// From this number on, `x86_64` has the calls of its x32 ABI, which do the same and would bypass a list of the others.
const X32: u32 = 0x4000_0000;

/// Gives up what the process never needs, for all its threads. Must be called while there is only one thread.
///
/// # Errors
/// The kernel's error, or `Unsupported` on an architecture that has no list. Then nothing has been
/// given up.
pub fn confine() -> io::Result<()> {
    let (refusal, absence) = programs(std::env::consts::ARCH)?;
    for program in [refusal, absence] {
        seccompiler::apply_filter(&program).map_err(io::Error::other)?;
    }
    Ok(())
}

/// The filter that refuses calls, and one that reports `clone3`, whose flags a filter cannot read, as not
/// implemented: C libraries then use `clone`.
fn programs(architecture: &str) -> io::Result<(BpfProgram, BpfProgram)> {
    let target = TargetArch::try_from(architecture).map_err(unsupported)?;
    let (audit, others, last) = match target {
        TargetArch::x86_64 => (0xc000_003e, REFUSED_ON_X86_64, X32),
        TargetArch::aarch64 => (0xc000_00b7, REFUSED_ON_AARCH64, u32::MAX),
        TargetArch::riscv64 => return Err(unsupported("no list of its calls")),
    };
    let a_process =
        SeccompCondition::new(0, SeccompCmpArgLen::Qword, SeccompCmpOp::MaskedEq(CLONE_THREAD), 0)
            .and_then(|condition| SeccompRule::new(vec![condition]))
            .map_err(unsupported)?;
    let whole = REFUSED.iter().chain(others).map(|call| (*call, Vec::new()));
    let rules = whole.chain([(libc::SYS_clone, vec![a_process])]);
    let refusal = compile(rules, Errno::PERM, target)?;
    let absence = compile([(libc::SYS_clone3, Vec::new())], Errno::NOSYS, target)?;
    let guarded = |program: BpfProgram| foreign_refused(audit, last).into_iter().chain(program).collect();
    Ok((guarded(refusal), guarded(absence)))
}

fn compile(
    rules: impl IntoIterator<Item = (libc::c_long, Vec<SeccompRule>)>,
    error: Errno,
    target: TargetArch,
) -> io::Result<BpfProgram> {
    let rules = rules.into_iter().collect();
    let filter = SeccompFilter::new(rules, SeccompAction::Allow, refuse(error), target);
    filter.and_then(TryInto::try_into).map_err(unsupported)
}

fn refuse(error: Errno) -> SeccompAction {
    SeccompAction::Errno(error.raw_os_error().unsigned_abs())
}

/// Calls of another architecture are refused, before the compiled filter would kill the process for them.
fn foreign_refused(audit: u32, last: u32) -> [sock_filter; 5] {
    let step = |code, jt, jf, k| sock_filter { code, jt, jf, k };
    [
        step(LOAD, 0, 0, ARCHITECTURE),
        step(JUMP_IF_EQUAL, 0, 2, audit),
        step(LOAD, 0, 0, NUMBER),
        step(JUMP_IF_AT_LEAST, 0, 1, last),
        step(RETURN, 0, 0, u32::from(refuse(Errno::PERM))),
    ]
}

/// Instructions of the classic packet filter, and the offsets of the call's number and architecture in its input.
const LOAD: u16 = 0x20;
const JUMP_IF_EQUAL: u16 = 0x15;
const JUMP_IF_AT_LEAST: u16 = 0x35;
const RETURN: u16 = 0x06;
const NUMBER: u32 = 0;
const ARCHITECTURE: u32 = 4;

fn unsupported(why: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> io::Error {
    io::Error::new(io::ErrorKind::Unsupported, why)
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALLOW: u32 = 0x7fff_0000;
    const REFUSE: u32 = 0x0005_0000;
    const X86_64: u32 = 0xc000_003e;

    /// The filter's result for a call with this first argument.
    fn run(program: &[sock_filter], architecture: u32, number: u32, argument: u64) -> u32 {
        let half = |bits: u64| u32::try_from(bits & 0xffff_ffff).unwrap();
        let (low, high) = (half(argument), half(argument >> 32));
        let (mut at, mut value) = (0, 0);
        loop {
            let sock_filter { code, jt, jf, k } = &program[at];
            let jump = |taken: bool| usize::from(if taken { *jt } else { *jf });
            at += 1 + match *code {
                LOAD => {
                    value = match *k {
                        NUMBER => number,
                        ARCHITECTURE => architecture,
                        16 => low,
                        20 => high,
                        other => panic!("no such input: {other}"),
                    };
                    0
                }
                JUMP_IF_EQUAL => jump(value == *k),
                JUMP_IF_AT_LEAST => jump(value >= *k),
                0x05 => usize::try_from(*k).unwrap(),
                0x54 => {
                    value &= *k;
                    0
                }
                RETURN => return *k,
                other => panic!("no such instruction: {other:#x}"),
            };
        }
    }

    #[test]
    fn what_is_refused_is_refused_by_every_number_and_nothing_ends_the_process() {
        let (refusal, absence) = programs("x86_64").unwrap();
        let answer = |architecture, number, argument| run(&refusal, architecture, number, argument);
        let (execve, clone, openat, adjtimex, setns) = (59, 56, 257, 159, 308);
        for number in [execve, 57, 58, 101, 165, 272, 321] {
            assert_eq!(answer(X86_64, number, 0), REFUSE | 1, "{number}");
        }
        for number in [openat, adjtimex, setns, 0, 9_999] {
            assert_eq!(answer(X86_64, number, 0), ALLOW, "{number}");
        }
        assert_eq!(answer(X86_64, clone, CLONE_THREAD | 0x3d_0f00), ALLOW, "a thread");
        assert_eq!(answer(X86_64, clone, 17), REFUSE | 1, "a process");
        assert_eq!(answer(X86_64, clone, 0x1000_0000), REFUSE | 1, "a user namespace");
        assert_eq!(answer(X86_64, X32 | 0x208, 0), REFUSE | 1, "execve of x32");
        assert_eq!(answer(0x4000_0003, 11, 0), REFUSE | 1, "execve of i386");
        assert_eq!(run(&absence, X86_64, 435, 0), REFUSE | 0x26, "clone3");
        assert_eq!(run(&absence, X86_64, openat, 0), ALLOW);
        assert!(programs("s390x").is_err());
    }

    #[test]
    fn a_confined_thread_runs_no_program_and_does_what_an_exporter_does() {
        let confined = || {
            confine().expect("a kernel with seccomp");
            assert!(rustix::thread::no_new_privs().unwrap());
            let refused = std::process::Command::new("/bin/true").spawn().map(|_| ()).unwrap_err();
            assert_eq!(refused.kind(), io::ErrorKind::PermissionDenied);
            assert_eq!(rustix::process::chroot("/"), Err(Errno::PERM));
            std::thread::spawn(|| ()).join().unwrap();
            crate::sys::kernel_clock().unwrap();
            std::fs::read("/proc/self/status").unwrap();
            let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
            std::net::TcpStream::connect(listener.local_addr().unwrap()).unwrap();
            let own = rustix::process::getpid();
            rustix::process::pidfd_open(own, rustix::process::PidfdFlags::empty()).unwrap();
            let _resolved = std::net::ToSocketAddrs::to_socket_addrs(&("localhost", 80));
        };
        // The filter applies only to this thread, and ends with it.
        std::thread::spawn(confined).join().unwrap();
    }
}
