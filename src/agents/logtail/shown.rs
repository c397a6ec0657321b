//! The parts of the agent's files that may be shown: the values of keys that are not secrets.

use super::json;
use crate::agents::outline;

/// Keys of the agent's files whose values are not secrets: of its config, and of its record.
const SHOWN_KEYS: &[&str] = &[
    "UUID",
    "bind_interface",
    "buffer_file_num",
    "buffer_file_path",
    "buffer_file_size",
    "buffer_map_num",
    "build_date",
    "bytes_per_sec",
    "check_point_filename",
    "cluster",
    "compiler",
    "config_server_address",
    "config_server_address_list",
    "config_servers",
    "cpu_usage_limit",
    "data_endpoint_policy",
    "data_server_port",
    "endpoint",
    "endpoint_list",
    "git_hash",
    "host_id",
    "hostname",
    "ilogtail_configserver_address",
    "include_config_path",
    "instance_id",
    "ip",
    "logtail_sys_conf_dir",
    "logtail_version",
    "loongcollector_version",
    "max_bytes_per_sec",
    "max_read_buffer_size",
    "mem_usage_limit",
    "monitor_interval",
    "oas_connect_timeout",
    "oas_request_timeout",
    "os",
    "primary_region",
    "process_thread_count",
    "region",
    "send_request_concurrency",
    "update_time",
    "user_config_file_path",
    "working_hostname",
    "working_interface",
    "working_ip",
];

/// The keys of a JSON file, with the values that may be shown.
pub(super) fn outline(bytes: &[u8]) -> Option<String> {
    let root = json::first_value(&String::from_utf8_lossy(bytes)).ok()?;
    Some(outline::lines(&outline::json(&root), |keys| outline::named(keys, SHOWN_KEYS)))
}
