//! Who may read an archive, and links in its place.

use std::os::unix::fs::{PermissionsExt as _, symlink};

use super::*;

#[test]
fn nobody_else_may_read_it_and_no_link_is_followed() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("a.tar.gz");
    let mut destination = Destination::open(&path).unwrap();
    destination.write(&Members::default(), "top", 1).unwrap();
    drop(destination);
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    let link = directory.path().join("link");
    symlink(directory.path().join("elsewhere"), &link).unwrap();
    assert_eq!(Destination::open(&link).unwrap_err().kind(), io::ErrorKind::AlreadyExists);
}
