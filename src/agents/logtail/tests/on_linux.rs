//! Linux paths, which are not absolute on other systems.

use super::*;

#[test]
fn the_installation_is_where_the_executable_is() {
    let dir = |path: &str| Logtail.install_dir_of(Path::new(path));
    assert_eq!(dir("/usr/local/ilogtail/ilogtail_1.3.1"), Some(PathBuf::from("/usr/local/ilogtail")));
    assert_eq!(dir("ilogtail"), None);
    assert_eq!(dir("./ilogtail"), None);
}
