//! What can exist in place of a file.

use super::*;

#[test]
fn what_stands_in_place_of_the_file_never_blocks() {
    let dir = tempfile::tempdir().unwrap();
    let path = |name: &str| dir.path().join(name);
    std::fs::write(path("good"), EXAMPLE).unwrap();
    assert!(load(&path("good")).is_ok());
    std::fs::write(path("large"), vec![b'#'; document::LARGEST_FILE * 2]).unwrap();
    rustix::fs::mknodat(rustix::fs::CWD, path("fifo"), rustix::fs::FileType::Fifo, 0o600.into(), 0).unwrap();
    std::os::unix::fs::symlink(path("loop"), path("loop")).unwrap();
    for (name, expected) in [
        ("fifo", "is a FIFO; it must be a regular file"),
        ("", "is a directory; it must be a regular file"),
        ("missing", "cannot be read: No such file or directory (os error 2)"),
        ("loop", "cannot be read: Too many levels of symbolic links (os error 40)"),
    ] {
        let error = load(&path(name)).unwrap_err();
        assert_eq!(error.to_string(), format!("{}: {expected}", path(name).display()));
    }
    assert_eq!(load(&path("large")).unwrap_err().problems[0].message, "is larger than 1024 KiB");
    assert_eq!(
        load(Path::new("/dev/zero")).unwrap_err().to_string(),
        "/dev/zero: is a device; it must be a regular file"
    );
}
