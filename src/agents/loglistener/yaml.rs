//! `conf/loglistener.yaml` (since 3.4). How its keys are nested is not documented, so they are found by name wherever they are.

use saphyr::{LoadableYamlNode as _, Yaml};

use super::{credentials, host_parameter, labels, port, rejection};
use crate::model::snapshot::{Parameter, Parameters, Rejection};

/// No config is indented further, or opens more entries on one line; deeper nesting would exhaust the stack.
const DEEPEST: usize = 200;

/// Reads the file. API keys are usually not in it; if they are, they are checked.
pub(super) fn parse(bytes: &[u8]) -> Result<Parameters, Rejection> {
    let text = super::text(bytes)?;
    let text = text.strip_prefix('\u{feff}').unwrap_or(&text);
    if let Some(line) = text.lines().position(is_too_deep) {
        return Err(rejection(u32::try_from(line + 1).ok(), "is nested too deeply for a config"));
    }
    // The scanner's message may quote the file.
    let documents = Yaml::load_from_str(text)
        .map_err(|error| rejection(u32::try_from(error.marker().line()).ok(), "is not valid YAML"))?;
    let root = documents
        .first()
        .filter(|root| root.is_mapping())
        .ok_or_else(|| rejection(None, "has no key at its top level"))?;

    let mut found = Found::default();
    found.collect(root, "");
    if found.secret_id.is_some() || found.secret_key.is_some() {
        let keys = (found.secret_id.as_deref(), found.secret_key.as_deref());
        found.parameters.credentials = Some(credentials::judge(keys.0, keys.1, found.encrypted));
    }
    Ok(found.parameters)
}

fn is_too_deep(line: &str) -> bool {
    let indent = line.bytes().take_while(|&b| b == b' ' || b == b'\t').count();
    let opened = line.split([' ', '\t']).filter(|word| matches!(*word, "-" | "?")).count();
    indent > DEEPEST || opened > DEEPEST
}

#[derive(Default)]
struct Found {
    parameters: Parameters,
    secret_id: Option<String>,
    secret_key: Option<String>,
    encrypted: bool,
}

impl Found {
    /// Collects the known keys of a mapping; the outermost and first of each name counts.
    fn collect(&mut self, node: &Yaml<'_>, path: &str) {
        if let Some(mapping) = node.as_mapping() {
            let named = |key: &Yaml<'_>| key.as_str().map(|key| join(path, key));
            for (key, value) in mapping {
                if let (Some(key), Some(path)) = (key.as_str(), named(key)) {
                    self.take(key, &path, value);
                }
            }
            for (key, value) in mapping {
                if let Some(path) = named(key) {
                    self.collect(value, &path);
                }
            }
        } else if let Some(values) = node.as_sequence() {
            for (index, value) in values.iter().enumerate() {
                self.collect(value, &format!("{path}[{index}]"));
            }
        }
    }

    fn take(&mut self, key: &str, path: &str, value: &Yaml<'_>) {
        let parameters = &mut self.parameters;
        match key {
            "agent_ip" if parameters.group_ip.is_none() => {
                parameters.group_ip = scalar(value).map(|value| Parameter { key: path.to_owned(), value });
            }
            "agent_labels" if parameters.group_labels.is_none() => {
                parameters.group_labels = agent_labels(value).map(|labels| (path.to_owned(), labels));
            }
            "dynamic_ip" => parameters.dynamic_ip |= value.as_bool() == Some(true),
            "instance_id" if parameters.instance_id.is_none() => {
                parameters.instance_id = scalar(value).filter(|id| !id.is_empty());
            }
            "proxy_host" | "host" | "domain" | "endpoint" if parameters.config_servers.is_empty() => {
                parameters.config_servers =
                    scalar(value).and_then(|host| host_parameter(path, &host)).into_iter().collect();
            }
            "secret_id" if self.secret_id.is_none() => self.secret_id = scalar(value),
            "secret_key" if self.secret_key.is_none() => self.secret_key = scalar(value),
            "encryption" => self.encrypted |= value.as_bool() == Some(true),
            "port" if parameters.data_server_port.is_none() => {
                parameters.data_server_port = scalar(value).as_deref().and_then(port);
            }
            _ => {}
        }
    }
}

fn join(path: &str, key: &str) -> String {
    if path.is_empty() { key.to_owned() } else { format!("{path}.{key}") }
}

/// A string, number or null as text.
fn scalar(value: &Yaml<'_>) -> Option<String> {
    if value.is_null() {
        return Some(String::new());
    }
    value
        .as_str()
        .map(|text| text.trim().to_owned())
        .or_else(|| value.as_integer().map(|number| number.to_string()))
        .or_else(|| value.as_floating_point().map(|number| number.to_string()))
}

/// A list, or a comma list in a string.
fn agent_labels(value: &Yaml<'_>) -> Option<Vec<String>> {
    match value.as_sequence() {
        Some(values) => {
            let values: Vec<_> = values.iter().filter_map(scalar).collect();
            Some(labels(values.iter().map(String::as_str)))
        }
        None => scalar(value).map(|list| labels(list.split(','))),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::model::snapshot::KeyState;

    fn parsed(text: &str) -> Parameters {
        parse(text.as_bytes()).expect("accepted")
    }

    #[test]
    fn keys_are_found_wherever_they_are_nested() {
        let flat = "agent_ip: 10.0.0.7\nagent_labels: [web, ' db ']\ndynamic_ip: true\ninstance_id: i-1\nproxy_host: ap-guangzhou.cls.tencentyun.com\nport: 443\n";
        let nested: String = std::iter::once("agent:\n  inner:\n".to_owned())
            .chain(flat.lines().map(|line| format!("    {line}\n")))
            .collect();
        for (text, prefix) in [(flat, ""), (nested.as_str(), "agent.inner.")] {
            let parameters = parsed(text);
            let parameter =
                |key: &str, value: &str| Parameter { key: format!("{prefix}{key}"), value: value.to_owned() };
            let expected = Parameters {
                config_servers: vec![parameter("proxy_host", "ap-guangzhou.cls.tencentyun.com")],
                data_server_port: Some(443),
                group_ip: Some(parameter("agent_ip", "10.0.0.7")),
                group_labels: Some((
                    format!("{prefix}agent_labels"),
                    vec!["web".to_owned(), "db".to_owned()],
                )),
                dynamic_ip: true,
                instance_id: Some("i-1".to_owned()),
                ..Parameters::default()
            };
            assert_eq!(parameters, expected);
            assert_eq!(parsed(&format!("\u{feff}{}", text.replace('\n', "\r\n"))), expected);
        }
    }

    #[test]
    fn values_may_be_empty_or_missing() {
        let parameters = parsed("agent_ip:\nagent_labels:\ndynamic_ip: \"true\"\nhost:\nport: x\n");
        assert_eq!(parameters.group_ip.expect("set").value, "");
        assert_eq!(parameters.group_labels.expect("set").1, Vec::<String>::new());
        assert!(!parameters.dynamic_ip && parameters.config_servers.is_empty());
        assert_eq!(parameters.data_server_port, None);
        assert_eq!(parsed("agent_labels: a, b\n").group_labels.expect("set").1, ["a", "b"]);
        let parameters = parsed("memory_limit: 314572800\n");
        assert_eq!(
            (parameters.group_ip, parameters.group_labels, parameters.credentials),
            (None, None, None)
        );
    }

    #[test]
    fn keys_in_the_file_are_judged_and_forgotten() {
        let parameters = parsed("auth:\n  secret_id: short\n");
        let states = parameters.credentials.expect("judged");
        assert!(matches!(
            states.as_slice(),
            [("secret_id", KeyState::Malformed(_)), ("secret_key", KeyState::Missing)]
        ));
    }

    #[test]
    fn the_outermost_key_counts() {
        let parameters = parsed("input:\n  host: inner.example\nproxy_host: outer.example\n");
        assert_eq!(parameters.config_servers[0].value, "outer.example");
    }

    #[test]
    fn what_is_no_config_is_rejected_without_quoting_it() {
        for text in ["", "# c\n", "- a\n", "S3CRET", "a: [S3CRET\n", "a: *S3CRET\n", "a: \"S3CRET", "a\0: b"]
        {
            let rejection = parse(text.as_bytes()).expect_err(text);
            assert!(!rejection.reason.contains("S3CRET"), "{rejection:?}");
        }
        assert_eq!(parse(b"a: 1\nb: [\n").expect_err("cut").reason, "is not valid YAML");
    }

    /// `steps` lines, each indented by one more.
    fn stairs(steps: usize, content: &str) -> String {
        let lines: Vec<_> = (0..steps).map(|depth| format!("{}{content}\n", " ".repeat(depth))).collect();
        lines.concat()
    }

    #[test]
    fn deep_nesting_is_rejected_and_not_followed() {
        let inline = format!("a:\n {}x\n", "- ".repeat(100_000));
        let flow = format!("a: {}\n", "[".repeat(100_000));
        let key_stairs = stairs(5_000, "a:");
        let list_stairs = stairs(5_000, "-");
        for text in [inline, flow, key_stairs, list_stairs] {
            assert!(parse(text.as_bytes()).is_err());
        }
        let fine = stairs(DEEPEST, "a:");
        assert!(parse(fine.as_bytes()).is_ok());
    }

    proptest! {
        #[test]
        fn arbitrary_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _parameters = parse(&bytes);
        }

        #[test]
        fn arbitrary_yaml_like_text_never_panics(text in r##"[a-c:\- \n\t\[\]{},&*!|>'"#%@?]{0,80}"##) {
            let _parameters = parse(text.as_bytes());
        }
    }
}
