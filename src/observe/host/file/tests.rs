//! The reading of each unusual entry in place of a file.

use std::{fs::Permissions, os::unix::fs::PermissionsExt as _};

use rustix::fs::{CWD, Mode, mkfifoat};

use super::*;
use crate::observe::host::testing::{Host, as_nobody, look_from};

fn read(host: &Host, path: &str) -> Reading<FileState<Bytes>> {
    host.look(|files| files.read(Path::new(path)))
}

fn bytes(reading: Reading<FileState<Bytes>>) -> Vec<u8> {
    let Reading::Known(FileState::Present(file)) = reading else { panic!("not a present file: {reading:?}") };
    file.content.unwrap().0
}

fn reason<T>(reading: &Reading<T>) -> Option<Reason> {
    reading.why().map(|why| why.reason)
}

#[test]
fn a_regular_file_is_read_with_time_and_digest() {
    let host = Host::new();
    let path = host.file("/etc/a", "one");
    let Reading::Known(FileState::Present(first)) = read(&host, "/etc/a") else { panic!("not read") };
    assert_eq!(first.modified, std::fs::metadata(&path).unwrap().modified().unwrap());
    host.file("/etc/b", "one");
    host.file("/etc/c", "two");
    let digest = |path| {
        let Reading::Known(FileState::Present(file)) = read(&host, path) else {
            panic!("{path} is not read")
        };
        file.digest
    };
    assert_eq!(first.digest, digest("/etc/b"));
    assert_ne!(first.digest, digest("/etc/c"));
    assert_eq!(format!("{:?}", first.content), "Ok(3 bytes)", "content may be secret");
}

#[test]
fn nothing_a_dangling_link_and_a_file_as_directory_are_absence() {
    let host = Host::new();
    host.file("/plain", "");
    host.link("/dangling", "/nowhere/at/all");
    for path in ["/missing", "/missing/below", "/dangling", "/plain/below"] {
        assert_eq!(read(&host, path), Reading::Known(FileState::Missing), "{path}");
        assert_eq!(host.look(|files| files.look(Path::new(path))), Reading::Known(None), "{path}");
    }
}

#[test]
fn a_directory_or_a_link_loop_is_no_file() {
    let host = Host::new();
    host.dir("/dir");
    host.link("/loop", "/pool");
    host.link("/pool", "loop");
    assert_eq!(read(&host, "/dir"), Reading::Known(FileState::NotAFile("directory")));
    assert_eq!(read(&host, "/loop"), Reading::Known(FileState::NotAFile("symbolic link loop")));
}

#[test]
fn fifos_sockets_and_devices_are_not_opened() {
    let host = Host::new();
    mkfifoat(CWD, host.at("/fifo"), Mode::RUSR).unwrap();
    let _socket = std::os::unix::net::UnixListener::bind(host.at("/socket")).unwrap();
    host.link("/linked", "fifo");
    for path in ["/fifo", "/socket", "/linked"] {
        assert_eq!(reason(&read(&host, path)), Some(Reason::NotARegularFile), "{path}");
    }
    let device = look_from(Path::new("/"), |files| files.read(Path::new("/dev/zero")));
    assert_eq!(reason(&device), Some(Reason::NotARegularFile));
}

#[test]
fn a_huge_file_is_refused_unread_but_a_log_gives_its_head() {
    let host = Host::new();
    let sparse = host.file("/sparse", "start");
    File::options().write(true).open(sparse).unwrap().set_len(1 << 30).unwrap();
    assert_eq!(reason(&read(&host, "/sparse")), Some(Reason::TooLarge));
    let head = |known| host.look(|files| files.head(Path::new("/sparse"), known)).known().cloned().flatten();
    let Some(Head::Read(beginning, Some(mark))) = head(None) else { panic!("it is long, and not known") };
    assert_eq!(u64::try_from(beginning.0.len()).unwrap(), LOG_HEAD);
    assert!(beginning.0.starts_with(b"start"));
    assert_eq!(head(Some(mark)), Some(Head::Same));
    host.file("/sparse", "start");
    assert_eq!(head(Some(mark)), Some(Head::Read(Bytes(b"start".to_vec()), None)), "it may still grow");
    host.file("/fits", vec![b'x'; 1 << 20]);
    assert_eq!(bytes(read(&host, "/fits")).len(), 1 << 20);
    host.file("/one-more", vec![b'x'; (1 << 20) + 1]);
    assert_eq!(reason(&read(&host, "/one-more")), Some(Reason::TooLarge));
}

#[test]
fn a_file_whose_size_the_kernel_does_not_tell_is_read() {
    let status = look_from(Path::new("/"), |files| files.read(Path::new("/proc/self/status")));
    assert!(bytes(status).starts_with(b"Name:"));
}

#[test]
fn what_the_exporter_may_not_read_is_unknown_and_says_what_to_grant() {
    let host = Host::new();
    let file = host.file("/conf/secret", "x");
    std::fs::set_permissions(host.path(), Permissions::from_mode(0o755)).unwrap();
    std::fs::set_permissions(&file, Permissions::from_mode(0o000)).unwrap();
    let unreadable = as_nobody(|| read(&host, "/conf/secret"));
    let why = unreadable.why().unwrap();
    assert_eq!(why.reason, Reason::Denied);
    assert!(why.detail.contains("CAP_DAC_READ_SEARCH") && why.detail.contains("/conf/secret"), "{why}");

    std::fs::set_permissions(host.at("/conf"), Permissions::from_mode(0o000)).unwrap();
    let hidden = as_nobody(|| host.look(|files| files.list(Path::new("/conf"), 10)));
    let below = as_nobody(|| read(&host, "/conf/secret"));
    std::fs::set_permissions(host.at("/conf"), Permissions::from_mode(0o755)).unwrap();
    assert_eq!((reason(&hidden), reason(&below)), (Some(Reason::Denied), Some(Reason::Denied)));
}

#[test]
fn links_resolve_inside_the_root_and_never_leave_it() {
    let host = Host::new();
    host.file("/etc/hostname", "inside");
    host.file("/usr/local/ilogtail_1/config.json", "config");
    host.link("/usr/local/ilogtail", "ilogtail_1");
    host.link("/absolute", "/etc/hostname");
    host.link("/escape", "../../../../../../../../etc/hostname");
    host.link("/up/and/down", "../../etc/../etc/hostname");
    host.link("/outside", "/proc/self/status");
    for path in ["/absolute", "/escape", "/up/and/down", "/../../etc/hostname"] {
        assert_eq!(bytes(read(&host, path)), b"inside", "{path}");
    }
    assert_eq!(bytes(read(&host, "/usr/local/ilogtail/config.json")), b"config");
    assert_eq!(read(&host, "/outside"), Reading::Known(FileState::Missing));
    let standing = host.look(|files| files.look(Path::new("/usr/local/ilogtail")));
    let standing = standing.known().unwrap().clone().unwrap();
    assert_eq!((standing.kind, standing.canonical), (Kind::Directory, "/usr/local/ilogtail_1".into()));
}

#[test]
fn directories_are_listed_sorted_and_bounded() {
    let host = Host::new();
    for name in ["b", "c", "a"] {
        host.file(&format!("/users/{name}"), "");
    }
    let list = |path: &str, most| host.look(|files| files.list(Path::new(path), most));
    assert_eq!(list("/users", 10), Reading::Known(Some(vec!["a".into(), "b".into(), "c".into()])));
    assert_eq!(list("/users", 3).known().unwrap().as_ref().unwrap().len(), 3);
    assert_eq!(list("/users", 2).why().unwrap().reason, Reason::TooLarge, "a part would hide the rest");
    assert_eq!(list("/users/a", 2), Reading::Known(None));
    assert_eq!(list("/nobody", 2), Reading::Known(None));
}

#[test]
fn parsing_keeps_what_is_no_content() {
    let host = Host::new();
    host.file("/a", "12");
    let number = |bytes: &[u8]| {
        let reason = "not a number".to_owned();
        String::from_utf8_lossy(bytes).parse::<u8>().map_err(|_| Rejection { line: None, reason })
    };
    assert_eq!(parsed(read(&host, "/missing"), number), Reading::Known(FileState::Missing));
    let Reading::Known(FileState::Present(file)) = parsed(read(&host, "/a"), number) else {
        panic!("not read")
    };
    assert_eq!(file.content, Ok(12));
}

#[test]
fn a_link_to_what_is_another_users_is_not_followed_unless_root_made_it() {
    let chown = |path: &Path| std::os::unix::fs::lchown(path, Some(65534), None).expect("tests run as root");
    // The last component as a link, and an earlier one.
    for (link, target, way) in [("id", "/etc/roots/id", "id"), ("dir", "/etc/roots", "dir/id")] {
        let host = Host::new();
        host.file("/etc/roots/id", "root's own");
        host.link(&format!("/etc/agent/{link}"), target);
        let path = format!("/etc/agent/{way}");
        let read = || read(&host, &path);
        assert!(matches!(read(), Reading::Known(FileState::Present(_))), "the target's owner made {link}");
        chown(&host.at(&format!("/etc/agent/{link}")));
        let Reading::Unknown(why) = read() else { panic!("another user's {link} was followed") };
        assert_eq!(why.reason, Reason::Denied);
        let list = host.look(|files| files.list(&Path::new("/etc/agent").join(link), 10));
        assert_eq!(reason(&list), Some(Reason::Denied));
        chown(&host.at(target));
        assert!(matches!(read(), Reading::Known(FileState::Present(_))), "{target} is that user's own");
    }
}
