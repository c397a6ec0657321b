//! One config file for a fleet: the expectations for this host.

use crate::support::Host;

#[test]
fn what_is_expected_of_this_host_overrides_what_is_expected_of_all() {
    let host = Host::with_logtail();
    let common = "agents: [{ kind: logtail, expect: { machine_group_ips: [10.99.99.99] } }]\n";
    let exporter = host.exporter_of(common);
    exporter.shows(&["ip failing ip_not_in_group"]);
    drop(exporter);
    for entry in ["web-1", "172.16.2.200"] {
        let exporter = host.exporter_of(&format!(
            "{common}hosts:\n  web-2: {{ logtail: {{ machine_group_ips: [10.0.0.9] }} }}\n  \
             {entry}: {{ logtail: {{ machine_group_ips: [172.16.2.200] }} }}\n"
        ));
        exporter.shows(&[]);
    }
}
