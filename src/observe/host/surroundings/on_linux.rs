//! Control groups below a root directory.

use super::*;
use crate::observe::host::testing::Host;

#[test]
fn a_group_of_the_second_version_is_read_without_its_page_cache() {
    let host = Host::new();
    let place = "/sys/fs/cgroup/system.slice/a.service";
    host.file(&format!("{place}/memory.max"), "104857600\n");
    host.file(&format!("{place}/memory.current"), "100000000\n");
    host.file(&format!("{place}/memory.stat"), "anon 1\ninactive_file 30000000\nactive_file 20000000\n");
    host.file(&format!("{place}/memory.events"), "low 0\nhigh 0\nmax 9\noom 3\noom_kill 2\n");
    let found = host.look(|files| bounds(files, Path::new(place))).unwrap().expect("a group");
    assert_eq!(
        (found.memory_limit, found.memory_used, found.kills),
        (Some(104_857_600), 50_000_000, Some(2))
    );
    host.file(&format!("{place}/memory.max"), "max\n");
    let found = host.look(|files| bounds(files, Path::new(place))).unwrap().expect("a group");
    assert_eq!(found.memory_limit, None);
}

#[test]
fn a_group_of_the_first_version_is_read_too_and_one_that_is_gone_is_none() {
    let host = Host::new();
    let place = "/sys/fs/cgroup/memory/docker/b";
    host.file(&format!("{place}/memory.limit_in_bytes"), "9223372036854771712\n");
    host.file(&format!("{place}/memory.usage_in_bytes"), "5000\n");
    host.file(&format!("{place}/memory.stat"), "total_inactive_file 1000\ntotal_active_file 500\n");
    host.file(&format!("{place}/memory.oom_control"), "oom_kill_disable 0\nunder_oom 0\noom_kill 1\n");
    let found = host.look(|files| bounds(files, Path::new(place))).unwrap().expect("a group");
    assert_eq!((found.memory_limit, found.memory_used, found.kills), (None, 3500, Some(1)));
    assert_eq!(host.look(|files| bounds(files, Path::new("/sys/fs/cgroup/gone"))), Ok(None));
}
