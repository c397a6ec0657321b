//! `/proc/<pid>/stat` and `/proc/<pid>/status`: the few fields that matter, from any bytes.

use crate::{model::snapshot::ProcessState, observe::trust::Credentials};

/// `PF_KTHREAD` of the kernel's `sched.h`.
const KERNEL_THREAD: u64 = 0x0020_0000;

/// How many fields after the name are of interest.
const FIELDS: usize = 22;

/// The fields of `stat`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Stat {
    /// The command name as the kernel keeps it: at most 15 bytes, any bytes.
    pub comm: Vec<u8>,
    /// Scheduling state.
    pub state: ProcessState,
    /// Parent process id.
    pub parent: u32,
    /// True for a kernel thread.
    pub kernel_thread: bool,
    /// User and system time, in clock ticks.
    pub cpu_ticks: u64,
    /// Threads.
    pub threads: u64,
    /// Start, in clock ticks since boot.
    pub start_ticks: u64,
    /// Address space, in bytes.
    pub virtual_bytes: u64,
    /// Resident memory, in pages.
    pub resident_pages: u64,
}

impl Stat {
    /// Parses the file; `None` if it is not a `stat` file.
    pub(super) fn parse(bytes: &[u8]) -> Option<Self> {
        // The name may contain blanks and parentheses; nothing after it does.
        let open = bytes.iter().position(|byte| *byte == b'(')?;
        let close = bytes.iter().rposition(|byte| *byte == b')')?;
        let comm = bytes.get(open + 1..close)?.to_vec();
        let rest = std::str::from_utf8(bytes.get(close + 1..)?).ok()?;
        let fields: Vec<&str> = rest.split_ascii_whitespace().take(FIELDS).collect();
        // Numbered from 1 as in proc(5); the third is the first after the name.
        let field = |number: usize| fields.get(number - 3).copied();
        let number = |at: usize| field(at)?.parse::<u64>().ok();
        Some(Self {
            comm,
            state: match field(3)? {
                "Z" | "X" | "x" => ProcessState::Defunct,
                "T" => ProcessState::Stopped,
                _ => ProcessState::Alive,
            },
            parent: field(4)?.parse().ok()?,
            kernel_thread: number(9)? & KERNEL_THREAD != 0,
            cpu_ticks: number(14)?.saturating_add(number(15)?),
            threads: number(20)?,
            start_ticks: number(22)?,
            virtual_bytes: number(23)?,
            resident_pages: field(24)?.parse::<i64>().ok()?.try_into().unwrap_or(0),
        })
    }
}

/// The number of nested PID namespaces of the process in `status`, starting with the procfs' own. `None`: the kernel
/// (before 4.1) does not report it.
pub(super) fn pid_namespaces(status: &[u8]) -> Option<usize> {
    let line = status.split(|byte| *byte == b'\n').find_map(|line| line.strip_prefix(b"NSpid:"))?;
    Some(line.split(u8::is_ascii_whitespace).filter(|word| !word.is_empty()).count())
}

/// The process's id in its innermost PID namespace; `None`: an old kernel does not report it.
pub(super) fn id_in_own_namespace(status: &[u8]) -> Option<u32> {
    line_of(status, b"NSpid:")?.last().copied()
}

/// The user that the process runs as; `None`: not reported.
pub(super) fn credentials(status: &[u8]) -> Option<Credentials> {
    let mut groups = line_of(status, b"Gid:")?.into_iter();
    Some(Credentials {
        users: line_of(status, b"Uid:")?.try_into().ok()?,
        group: groups.nth(3)?,
        groups: line_of(status, b"Groups:")?,
    })
}

/// The numbers in the first line with this prefix: a process chooses its name, in which line breaks are escaped.
fn line_of(status: &[u8], name: &[u8]) -> Option<Vec<u32>> {
    let line = status.split(|byte| *byte == b'\n').find_map(|line| line.strip_prefix(name))?;
    std::str::from_utf8(line).ok()?.split_ascii_whitespace().map(|number| number.parse().ok()).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// A line of `stat` with the given name and state.
    fn line(comm: &[u8], state: &str) -> Vec<u8> {
        let rest = format!(
            ") {state} 41 42 42 0 -1 4194560 100 0 0 0 150 50 0 0 20 0 7 0 123456 999999 256 18446744073709551615 0 0\n"
        );
        [b"42 (", comm, rest.as_bytes()].concat()
    }

    #[test]
    fn fields_are_read_whatever_the_name_holds() {
        for comm in [&b"ilogtail"[..], b"a) R 1 (b", b"", b"x y", b"\xff\xfe(", b"))"] {
            let stat = Stat::parse(&line(comm, "S")).unwrap();
            let expected = Stat {
                comm: comm.to_vec(),
                state: ProcessState::Alive,
                parent: 41,
                kernel_thread: false,
                cpu_ticks: 200,
                threads: 7,
                start_ticks: 123_456,
                virtual_bytes: 999_999,
                resident_pages: 256,
            };
            assert_eq!(stat, expected);
        }
    }

    #[test]
    fn states_are_told_apart() {
        let state = |word| Stat::parse(&line(b"a", word)).unwrap().state;
        assert_eq!(["Z", "X"].map(state), [ProcessState::Defunct; 2]);
        assert_eq!(state("T"), ProcessState::Stopped);
        assert_eq!(["R", "S", "D", "I", "t"].map(state), [ProcessState::Alive; 5]);
    }

    #[test]
    fn kernel_threads_are_known_by_their_flag() {
        let kernel = b"2 (kthreadd) S 0 0 0 0 -1 2129984 0 0 0 0 0 6 0 0 20 0 1 0 50 0 0 0 0 0";
        assert!(Stat::parse(kernel).unwrap().kernel_thread);
    }

    #[test]
    fn namespaces_are_counted() {
        assert_eq!(pid_namespaces(b"Name:\ta\nNSpid:\t42\nX:\n"), Some(1));
        assert_eq!(pid_namespaces(b"Name:\ta\nNSpid:\t42\t7\t1\n"), Some(3));
        assert_eq!(pid_namespaces(b"Name:\tNSpid: 3 4\nPid:\t1\n"), None);
    }

    #[test]
    fn credentials_are_all_that_the_kernel_tells() {
        let status =
            b"Name:\tUid: 0\\n\nUid:\t1000\t0\t0\t1001\nGid:\t1\t2\t3\t4\nFDSize:\t64\nGroups:\t4 24 \n";
        let expected = Credentials { users: [1000, 0, 0, 1001], group: 4, groups: vec![4, 24] };
        assert_eq!(credentials(status), Some(expected));
        assert_eq!(credentials(b"Uid:\t0\t0\t0\nGid:\t0\t0\t0\t0\nGroups:\t\n"), None);
        assert_eq!(credentials(b"Name:\ta\n"), None);
    }

    proptest! {
        #[test]
        fn arbitrary_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300), cut in 0_usize..100) {
            Stat::parse(&bytes);
            pid_namespaces(&bytes);
            credentials(&bytes);
            let line = line(&bytes, "S");
            Stat::parse(line.get(..cut.min(line.len())).unwrap());
        }
    }
}
