//! The startup parameters of every generation, in one form; and those that the agent derives from a path.

use std::{collections::BTreeMap, path::Path, time::Duration};

use serde_json::{Map, Value};

use super::{json, regions};
use crate::{
    agents::{ConfigFiles, windows},
    model::{
        NetworkType,
        authority::without_user_info,
        snapshot::{DataServer, Parameter, Parameters, Rejection},
    },
};

/// The merged content of a config and its parts, and the part of each top-level key.
struct Merged<'a> {
    root: Map<String, Value>,
    of_part: BTreeMap<String, &'a Path>,
}

impl Merged<'_> {
    /// The location of the top-level `key`, for people.
    fn path_of(&self, key: &str) -> String {
        self.of_part.get(key).map_or_else(|| key.to_owned(), |part| format!("{}: {key}", part.display()))
    }
}

/// Reads `ilogtail_config.json` or `loongcollector_config.json` and what is merged over it: top-level keys are
/// replaced, later parts take precedence, parts that are not valid JSON are skipped (agent source,
/// `LoadIncludeConfig`). Values of a wrong type count as absent, as for the agent.
pub(super) fn parse(files: ConfigFiles<'_>) -> Result<Parameters, Rejection> {
    let read = |bytes: &[u8]| json::read_object(&windows::as_opened(bytes, files.system));
    let mut merged = Merged { root: read(files.bytes)?, of_part: BTreeMap::new() };
    for (path, bytes) in files.parts {
        for (key, value) in read(bytes).unwrap_or_default() {
            merged.of_part.insert(key.clone(), path);
            merged.root.insert(key, value);
        }
    }
    let root = &merged.root;
    Ok(Parameters {
        config_servers: config_servers(&merged),
        data_servers: ["data_server_list", "data_servers"]
            .into_iter()
            .flat_map(|key| data_servers(&merged, key))
            .collect(),
        working_ip: written(&merged, "working_ip"),
        bind_interface: written(&merged, "bind_interface"),
        log_time_auto_adjust: root.get("enable_log_time_auto_adjust").and_then(Value::as_bool),
        data_server_port: root
            .get("data_server_port")
            .and_then(Value::as_u64)
            .and_then(|port| u16::try_from(port).ok())
            .filter(|&port| port != 0),
        memory_limit: limit(&merged, "mem_usage_limit", BYTES_OF_A_MEGABYTE),
        cpu_limit: limit(&merged, "cpu_usage_limit", THOUSANDTHS),
        sys_conf_dir: text(root, "logtail_sys_conf_dir", "").map(|parameter| parameter.value),
        include_dir: text(root, "include_config_path", "").map(|parameter| parameter.value),
        canonical: Some(json::canonical(root)),
        ..Parameters::default()
    })
}

/// The string at the top-level `key`, blank or not: a blank one is a value too, and hides the environment's.
fn written(merged: &Merged<'_>, key: &str) -> Option<Parameter> {
    let value = merged.root.get(key)?.as_str()?;
    Some(Parameter { key: merged.path_of(key), value: without_user_info(value) })
}

/// The limit of memory is in megabytes, that of processors in processors.
pub(super) const BYTES_OF_A_MEGABYTE: f64 = 1_048_576.0;
pub(super) const THOUSANDTHS: f64 = 1000.0;

/// The positive number at the top-level `key`, in the unit that is wanted.
fn limit(merged: &Merged<'_>, key: &str, unit: f64) -> Option<(String, u64)> {
    let limit = in_unit(merged.root.get(key)?.as_f64()?, unit)?;
    Some((merged.path_of(key), limit))
}

/// A positive number as whole units; `None` for less than one, and for absurdly large numbers.
pub(super) fn in_unit(number: f64, unit: f64) -> Option<u64> {
    let whole = Duration::try_from_secs_f64(number * unit).ok()?.as_secs();
    (whole > 0).then_some(whole)
}

/// The string at `key`, if it is one and not empty; `path` is its location, for people.
fn text(object: &Map<String, Value>, key: &str, path: &str) -> Option<Parameter> {
    parameter(object.get(key)?, path)
}

fn parameter(value: &Value, path: &str) -> Option<Parameter> {
    let value = value.as_str().filter(|value| !value.is_empty())?;
    Some(Parameter { key: path.to_owned(), value: without_user_info(value) })
}

/// The maximum number of servers of one list, and of endpoints of one server: the service has some dozens of regions,
/// and a megabyte of entries would take sixty of memory.
const MOST_SERVERS: usize = 256;
const MOST_ENDPOINTS: usize = 16;

/// The strings of the list at `key`.
fn texts(object: &Map<String, Value>, key: &str, path: &str) -> Vec<Parameter> {
    let values = object.get(key).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    values
        .iter()
        .enumerate()
        .filter_map(|(index, value)| parameter(value, &format!("{path}[{index}]")))
        .take(MOST_SERVERS)
        .collect()
}

/// The objects of the list at the top-level `key`, each with its path.
fn objects<'a>(merged: &'a Merged<'_>, key: &str) -> impl Iterator<Item = (String, &'a Map<String, Value>)> {
    let values = merged.root.get(key).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let key = merged.path_of(key);
    values
        .iter()
        .enumerate()
        .filter_map(move |(index, value)| Some((format!("{key}[{index}]"), value.as_object()?)))
        .take(MOST_SERVERS)
}

/// `endpoint` and `endpoint_list` of one entry.
fn entry_endpoints(entry: &Map<String, Value>, path: &str) -> Vec<Parameter> {
    text(entry, "endpoint", &format!("{path}.endpoint"))
        .into_iter()
        .chain(texts(entry, "endpoint_list", &format!("{path}.endpoint_list")))
        .take(MOST_ENDPOINTS)
        .collect()
}

fn config_servers(merged: &Merged<'_>) -> Vec<Parameter> {
    let root = &merged.root;
    let key = "config_server_address";
    let mut servers: Vec<_> = text(root, key, &merged.path_of(key)).into_iter().collect();
    for key in ["config_server_address_list", "config_servers"] {
        servers.extend(texts(root, key, &merged.path_of(key)));
    }
    for (path, entry) in objects(merged, "config_server_list") {
        servers.extend(entry_endpoints(entry, &path));
    }
    let key = "ilogtail_configserver_address";
    servers.extend(texts(root, key, &merged.path_of(key)));
    servers
}

/// A key without the file that it is in.
pub(super) fn bare_key(key: &str) -> &str {
    key.rsplit(": ").next().unwrap_or(key)
}

/// True for the keys of the community edition's own config servers, which are not part of SLS.
pub(super) fn is_community_server(key: &str) -> bool {
    let key = bare_key(key);
    key.starts_with("config_server_list") || key.starts_with("ilogtail_configserver_address")
}

fn data_servers(merged: &Merged<'_>, key: &str) -> Vec<DataServer> {
    let mut servers = Vec::new();
    for (path, entry) in objects(merged, key) {
        let region =
            ["cluster", "region"].into_iter().find_map(|name| text(entry, name, &format!("{path}.{name}")));
        for endpoint in entry_endpoints(entry, &path) {
            servers.push(DataServer { region: region.clone(), endpoint });
        }
    }
    servers
}

/// The parameters that the commercial agent generates for `…/conf/<channel>/ilogtail_config.json` if it does not exist.
pub(super) fn implied(path: &Path) -> Option<Parameters> {
    let mut names = path.iter().rev().map(|name| name.to_str());
    let (file, channel, conf) = (names.next()??, names.next()??, names.next()??);
    if file != "ilogtail_config.json" || conf != "conf" {
        return None;
    }
    let (region, network, suffix) = channel_of(channel)?;
    let (config_server, data_server) = match network {
        NetworkType::Intranet | NetworkType::Internet => {
            let endpoint = format!("{region}{suffix}.log.aliyuncs.com");
            (format!("http://logtail.{endpoint}"), endpoint)
        }
        NetworkType::Acceleration => regions::servers_for(&region, network)?,
    };
    let key = format!("directory {channel}");
    let parameter = |value: String| Parameter { key: key.clone(), value };
    Some(Parameters {
        config_servers: vec![parameter(config_server)],
        data_servers: vec![DataServer {
            region: Some(parameter(region.clone())),
            endpoint: parameter(data_server),
        }],
        implied: Some((region, network)),
        ..Parameters::default()
    })
}

/// Region, network type and the suffix of the region in host names, as the installer derives them from its argument.
fn channel_of(channel: &str) -> Option<(String, NetworkType, &'static str)> {
    let channel = channel.replace('_', "-");
    let channel = channel.strip_suffix("-vpc").unwrap_or(&channel);
    let table = [
        ("-internet", NetworkType::Internet, ""),
        ("-acceleration", NetworkType::Acceleration, ""),
        ("-intranet", NetworkType::Intranet, "-intranet"),
        ("-internal", NetworkType::Intranet, "-internal"),
        ("-inner", NetworkType::Intranet, "-share"),
        ("", NetworkType::Intranet, "-intranet"),
    ];
    let (region, network, suffix) = table
        .into_iter()
        .find_map(|(end, network, suffix)| Some((channel.strip_suffix(end)?, network, suffix)))?;
    // The vendor's internal network has servers in another domain.
    let is_corp = region.ends_with("-corp");
    (regions::has_form(region) && !is_corp).then(|| (region.to_owned(), network, suffix))
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use proptest::prelude::*;

    use super::*;
    use crate::model::System;

    fn parse_alone(bytes: &[u8]) -> Result<Parameters, Rejection> {
        parse(ConfigFiles { path: Path::new("/c.json"), bytes, parts: &[], system: System::Linux })
    }

    #[test]
    fn lines_that_end_as_on_windows_may_stand_before_the_opening_brace_there() {
        let read = |bytes: &[u8], system| {
            let parts = [(PathBuf::from("/p.json"), bytes.to_vec())];
            parse(ConfigFiles { path: Path::new("/c.json"), bytes, parts: &parts, system })
        };
        let text = b"\r\n{\r\n\"working_ip\": \"10.0.0.1\"\r\n}\r\n";
        let parameters = read(text, System::Windows).expect("accepted");
        assert_eq!(parameters.working_ip.expect("from the part").key, "/p.json: working_ip");
        let rejected = read(text, System::Linux).expect_err("a carriage return");
        assert!(rejected.reason.contains("carriage return"), "{}", rejected.reason);
        let alone = read(b"\r{}", System::Windows).expect_err("no end of a line");
        assert!(alone.reason.contains("carriage return"), "{}", alone.reason);
        let empty = read(b"\x1a{}", System::Windows).expect_err("ends before it begins");
        assert!(empty.reason.contains("is empty"), "{}", empty.reason);
    }

    fn pairs(parameters: &[Parameter]) -> Vec<(&str, &str)> {
        parameters.iter().map(|p| (p.key.as_str(), p.value.as_str())).collect()
    }

    fn data(parameters: &Parameters) -> Vec<(Option<&str>, &str, &str)> {
        parameters
            .data_servers
            .iter()
            .map(|s| {
                (
                    s.region.as_ref().map(|p| p.value.as_str()),
                    s.endpoint.key.as_str(),
                    s.endpoint.value.as_str(),
                )
            })
            .collect()
    }

    #[test]
    fn the_installers_first_form_is_read() {
        let parameters = parse_alone(
            br#"{"config_server_address" : "http://logtail.cn-hangzhou-intranet.log.aliyuncs.com", "data_server_list" : [{"cluster" : "cn-hangzhou", "endpoint" : "cn-hangzhou-intranet.log.aliyuncs.com"}], "cpu_usage_limit" : 0.4, "mem_usage_limit" : 384, "max_bytes_per_sec" : 20971520, "bytes_per_sec" : 1048576, "buffer_file_num" : 25, "buffer_file_size" : 20971520, "buffer_map_num" : 5, "streamlog_open" : false}"#,
        )
        .expect("accepted");
        assert_eq!(
            pairs(&parameters.config_servers),
            [("config_server_address", "http://logtail.cn-hangzhou-intranet.log.aliyuncs.com")]
        );
        assert_eq!(
            data(&parameters),
            [(Some("cn-hangzhou"), "data_server_list[0].endpoint", "cn-hangzhou-intranet.log.aliyuncs.com")]
        );
        assert_eq!(
            parameters.data_servers[0].region.as_ref().expect("region").key,
            "data_server_list[0].cluster"
        );
        assert_eq!((parameters.data_server_port, parameters.log_time_auto_adjust), (None, None));
    }

    #[test]
    fn the_installers_second_form_is_read() {
        let parameters = parse_alone(
            br#"{"primary_region" : "cn-beijing", "config_servers" : ["http://logtail.cn-beijing.log.aliyuncs.com"], "data_servers" : [{"region" : "cn-beijing", "endpoint_list": ["cn-beijing.log.aliyuncs.com", "b"]}], "cpu_usage_limit" : 0.4}"#,
        )
        .expect("accepted");
        assert_eq!(
            pairs(&parameters.config_servers),
            [("config_servers[0]", "http://logtail.cn-beijing.log.aliyuncs.com")]
        );
        assert_eq!(
            data(&parameters),
            [
                (Some("cn-beijing"), "data_servers[0].endpoint_list[0]", "cn-beijing.log.aliyuncs.com"),
                (Some("cn-beijing"), "data_servers[0].endpoint_list[1]", "b"),
            ]
        );
    }

    #[test]
    fn the_plural_and_the_community_forms_are_read() {
        let parameters = parse_alone(
            br#"{"config_server_address_list": ["a"], "config_server_list": [{"cluster":"community","endpoint_list":["127.0.0.1:8899"]}], "ilogtail_configserver_address": ["h:1"],
                "data_server_list": [{"cluster": "r", "endpoint_list": ["d"]}]}"#,
        )
        .expect("accepted");
        assert_eq!(
            pairs(&parameters.config_servers),
            [
                ("config_server_address_list[0]", "a"),
                ("config_server_list[0].endpoint_list[0]", "127.0.0.1:8899"),
                ("ilogtail_configserver_address[0]", "h:1"),
            ]
        );
        let community: Vec<_> =
            parameters.config_servers.iter().map(|p| is_community_server(&p.key)).collect();
        assert_eq!(community, [false, true, true]);
        assert_eq!(data(&parameters), [(Some("r"), "data_server_list[0].endpoint_list[0]", "d")]);
    }

    #[test]
    fn values_of_a_wrong_type_or_empty_are_as_absent() {
        let parameters = parse_alone(
            br#"{"config_server_address": 5, "config_servers": "http://x", "config_server_address_list": ["", 1],
                "data_server_list": [{"endpoint": null}, "x", {"cluster": "only"}], "working_ip": 7, "bind_interface": null,
                "enable_log_time_auto_adjust": "true", "data_server_port": "443", "logtail_sys_conf_dir": false}"#,
        )
        .expect("accepted");
        assert_eq!(Parameters { canonical: None, ..parameters }, Parameters::default());
    }

    #[test]
    fn blanks_and_false_are_values() {
        let parameters =
            parse_alone(br#"{"working_ip": "", "bind_interface": "", "enable_log_time_auto_adjust": false}"#)
                .expect("accepted");
        assert_eq!(parameters.working_ip.expect("a value").value, "");
        assert_eq!(parameters.bind_interface.expect("a value").value, "");
        assert_eq!(parameters.log_time_auto_adjust, Some(false));
    }

    #[test]
    fn parts_replace_top_level_keys_and_later_ones_win() {
        let part = |name: &str, text: &str| {
            (Path::new("/etc/ilogtail/config.d").join(name), text.as_bytes().to_vec())
        };
        let parts = [
            part("a.json", r#"{"config_servers": ["a"], "working_ip": "10.0.0.1"}"#),
            part("b.json", "not json"),
            part("c.json", r#"{"working_ip": "10.0.0.2"}"#),
        ];
        let bytes = br#"{"config_servers": ["x", "y"], "bind_interface": "eth1"}"#;
        let files = ConfigFiles { path: Path::new("/c.json"), bytes, parts: &parts, system: System::Linux };
        let parameters = parse(files).expect("accepted");
        let key = |part: usize, key: &str| format!("{}: {key}", parts[part].0.display());
        assert_eq!(pairs(&parameters.config_servers), [(key(0, "config_servers[0]").as_str(), "a")]);
        let working_ip = parameters.working_ip.expect("set");
        assert_eq!((working_ip.key, working_ip.value.as_str()), (key(2, "working_ip"), "10.0.0.2"));
        assert_eq!(parameters.bind_interface.expect("set").key, "bind_interface");
        assert!(parameters.canonical.expect("set").contains(r#""config_servers":["a"]"#));
    }

    #[test]
    fn overrides_are_read() {
        let parameters = parse_alone(
            br#"{"working_ip": "10.0.0.1", "bind_interface": "eth1", "enable_log_time_auto_adjust": true, "data_server_port": 443,
                "logtail_sys_conf_dir": "/etc/ilogtail2/"}"#,
        )
        .expect("accepted");
        assert_eq!(parameters.working_ip.expect("set").value, "10.0.0.1");
        assert_eq!(parameters.bind_interface.expect("set").key, "bind_interface");
        assert_eq!(parameters.log_time_auto_adjust, Some(true));
        assert_eq!(parameters.data_server_port, Some(443));
        assert_eq!(parameters.sys_conf_dir.as_deref(), Some("/etc/ilogtail2/"));
    }

    #[test]
    fn no_secret_is_kept() {
        let parameters = parse_alone(
            br#"{"access_key": "S3CRET", "config_server_address": "http://u:S3CRET@h", "proxy": "http://u:S3CRET@h:1"}"#,
        )
        .expect("accepted");
        assert!(!format!("{parameters:?}").contains("S3CRET"), "{parameters:?}");
    }

    #[test]
    fn of_a_flood_of_servers_a_bounded_part_is_kept() {
        let many = |entry: &str| vec![entry; 5_000].join(",");
        let endpoints = format!("{{\"endpoint_list\": [{}]}}", vec![r#""b""#; 20].join(","));
        let text = format!(
            "{{\"config_servers\": [{}], \"data_servers\": [{}]}}",
            many(r#""!a""#),
            many(&endpoints)
        );
        let parameters = parse_alone(text.as_bytes()).unwrap();
        assert_eq!(parameters.config_servers.len(), MOST_SERVERS);
        assert_eq!(parameters.data_servers.len(), MOST_SERVERS * MOST_ENDPOINTS);
    }

    #[test]
    fn a_containers_path_implies_region_network_and_servers() {
        let table = [
            (
                "cn-hangzhou",
                "cn-hangzhou",
                NetworkType::Intranet,
                "http://logtail.cn-hangzhou-intranet.log.aliyuncs.com",
                "cn-hangzhou-intranet.log.aliyuncs.com",
            ),
            (
                "cn_shanghai_vpc",
                "cn-shanghai",
                NetworkType::Intranet,
                "http://logtail.cn-shanghai-intranet.log.aliyuncs.com",
                "cn-shanghai-intranet.log.aliyuncs.com",
            ),
            (
                "cn_shanghai_internet",
                "cn-shanghai",
                NetworkType::Internet,
                "http://logtail.cn-shanghai.log.aliyuncs.com",
                "cn-shanghai.log.aliyuncs.com",
            ),
            (
                "us-west-1-acceleration",
                "us-west-1",
                NetworkType::Acceleration,
                "http://logtail.us-west-1.log.aliyuncs.com",
                "log-global.aliyuncs.com",
            ),
            (
                "cn-beijing-internal",
                "cn-beijing",
                NetworkType::Intranet,
                "http://logtail.cn-beijing-internal.log.aliyuncs.com",
                "cn-beijing-internal.log.aliyuncs.com",
            ),
            (
                "cn-beijing-inner",
                "cn-beijing",
                NetworkType::Intranet,
                "http://logtail.cn-beijing-share.log.aliyuncs.com",
                "cn-beijing-share.log.aliyuncs.com",
            ),
        ];
        for (channel, region, network, config_server, data_server) in table {
            let path = format!("/etc/ilogtail/conf/{channel}/ilogtail_config.json");
            let parameters = implied(Path::new(&path)).expect(channel);
            assert_eq!(parameters.implied, Some((region.to_owned(), network)), "{channel}");
            assert_eq!(parameters.config_servers[0].value, config_server);
            assert_eq!(
                data(&parameters)[0],
                (Some(region), format!("directory {channel}").as_str(), data_server)
            );
        }
        for path in [
            "/usr/local/ilogtail/ilogtail_config.json",
            "/etc/ilogtail/conf/cn-hangzhou/other.json",
            "/etc/ilogtail/conf/${region}/ilogtail_config.json",
            "/etc/ilogtail/conf/cn-hangzhou-corp/ilogtail_config.json",
            "/x/cn-hangzhou/ilogtail_config.json",
            "ilogtail_config.json",
        ] {
            assert_eq!(implied(Path::new(path)), None, "{path}");
        }
    }

    proptest! {
        #[test]
        fn arbitrary_content_never_panics(bytes in proptest::collection::vec(any::<u8>(), 0..200), path in ".{0,40}") {
            let _parameters = parse_alone(&bytes);
            let _implied = implied(Path::new(&format!("/conf/{path}/ilogtail_config.json")));
        }
    }
}
