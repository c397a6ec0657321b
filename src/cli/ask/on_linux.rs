//! Where the exporter listens for `check`.

use super::*;

#[test]
fn the_socket_is_in_the_directory_that_the_service_manager_made() {
    let at = |list: &str| socket(Some(list.into())).display().to_string();
    assert_eq!(at("/run/x:/run/y"), "/run/x/exporter.sock");
    assert_eq!(at("relative"), "/run/logagent-exporter/exporter.sock");
    assert_eq!(socket(None), Path::new("/run/logagent-exporter/exporter.sock"));
}
