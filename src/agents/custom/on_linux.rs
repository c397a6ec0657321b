//! Linux paths, which are not absolute on other systems.

use super::{tests::settings, *};

#[test]
fn files_and_executables_are_where_config_says() {
    let layout = Custom.layout(&settings(), &Invocation::default());
    assert_eq!(layout.binaries, [PathBuf::from("/opt/td/bin/a-very-long-program-name")]);
    assert_eq!(layout.files, settings().files);
    assert!(layout.config.candidates.is_empty() && layout.binary_dirs.is_empty());
}
