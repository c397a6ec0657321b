//! `etc/loglistener.conf` (before 3.4): lines of `key = value`.

use std::collections::HashMap;

use super::{credentials, host_parameter, labels, port, rejection};
use crate::model::snapshot::{Parameter, Parameters, Rejection};

/// Reads the file; the last of several lines with one key counts.
pub(super) fn parse(bytes: &[u8]) -> Result<Parameters, Rejection> {
    let text = super::text(bytes)?;
    if text.starts_with('\u{feff}') {
        return Err(rejection(Some(1), "begins with a UTF-8 byte order mark, which corrupts its first key"));
    }
    let values: HashMap<&str, &str> = text
        .lines()
        .map(str::trim)
        .filter_map(|line| line.split_once('='))
        .map(|(key, value)| (key.trim(), value.trim()))
        .filter(|(key, _)| is_key(key))
        .collect();
    if values.is_empty() {
        return Err(rejection(None, "has no line of the form key = value"));
    }
    let value = |key: &str| values.get(key).copied();
    let encrypted = value("encryption").is_some_and(|value| value.eq_ignore_ascii_case("true"));
    Ok(Parameters {
        config_servers: value("proxy_host")
            .and_then(|host| host_parameter("proxy_host", host))
            .into_iter()
            .collect(),
        data_server_port: value("port").or_else(|| value("proxy_port")).and_then(port),
        group_ip: value("group_ip").map(|ip| Parameter { key: "group_ip".to_owned(), value: ip.to_owned() }),
        group_labels: value("group_label").map(|list| ("group_label".to_owned(), labels(list.split(',')))),
        instance_id: value("instance_id").filter(|id| !id.is_empty()).map(ToOwned::to_owned),
        credentials: Some(credentials::judge(value("secret_id"), value("secret_key"), encrypted)),
        ..Parameters::default()
    })
}

/// A `#` cannot be part of a key, so comments are not keys.
fn is_key(key: &str) -> bool {
    !key.is_empty() && key.bytes().all(|b| b.is_ascii_alphanumeric() || b"_.-".contains(&b))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::model::snapshot::KeyState;

    const SAMPLE: &str = "# loglistener.conf
proxy_host = ap-guangzhou.cls.tencentyun.com
secret_id = AKIDxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx
secret_key = xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx
encryption = false
group_ip = 10.0.0.5
group_label =
instance_id = loglistener-26bc356e-833f-d69d-0000-5254001a2b3c
memory_tight_mode = false
";

    fn parsed(text: &str) -> Parameters {
        parse(text.as_bytes()).expect("accepted")
    }

    #[test]
    fn the_sample_is_read() {
        let parameter = |key: &str, value: &str| Parameter { key: key.to_owned(), value: value.to_owned() };
        let expected = Parameters {
            config_servers: vec![parameter("proxy_host", "ap-guangzhou.cls.tencentyun.com")],
            group_ip: Some(parameter("group_ip", "10.0.0.5")),
            group_labels: Some(("group_label".to_owned(), Vec::new())),
            instance_id: Some("loglistener-26bc356e-833f-d69d-0000-5254001a2b3c".to_owned()),
            credentials: Some(vec![
                ("secret_id", KeyState::Placeholder),
                ("secret_key", KeyState::Placeholder),
            ]),
            ..Parameters::default()
        };
        assert_eq!(parsed(SAMPLE), expected);
        assert_eq!(parsed(&SAMPLE.replace('\n', "\r\n")), expected);
        assert_eq!(parsed(&SAMPLE.replace(" = ", "=")), expected);
    }

    #[test]
    fn labels_are_split_and_trimmed_and_empty_values_are_kept_apart_from_missing_keys() {
        let parameters = parsed("group_label = web , db,,\ngroup_ip =\n");
        assert_eq!(parameters.group_labels.expect("set").1, ["web", "db"]);
        assert_eq!(parameters.group_ip.expect("set").value, "");
        let parameters = parsed("a = b\n#group_ip = 1\n");
        assert_eq!((parameters.group_ip, parameters.group_labels), (None, None));
        assert_eq!(
            parameters.credentials,
            Some(vec![("secret_id", KeyState::Missing), ("secret_key", KeyState::Missing)])
        );
        assert!(parsed("proxy_host =\n").config_servers.is_empty());
        assert_eq!(parsed("group_ip = 1\ngroup_ip = 2\n").group_ip.expect("set").value, "2");
        assert_eq!(parsed("port = 443\n").data_server_port, Some(443));
    }

    #[test]
    fn what_is_no_config_is_rejected() {
        let table: [(&[u8], Option<u32>, &str); 7] = [
            (b"", None, "empty"),
            (b" \n\n", None, "empty"),
            (b"group_ip\n# a = b\n", None, "key = value"),
            (b"a = b\nc\0 = d\n", Some(2), "NUL"),
            (b"\xef\xbb\xbfgroup_ip = 1\n", Some(1), "byte order mark"),
            (b"\xff\xfeg\0", Some(1), "UTF-16"),
            (b"\x7fELF = \x01\xff\xfe\n", None, "key = value"),
        ];
        for (bytes, line, part) in table {
            let rejection = parse(bytes).expect_err("rejected");
            assert_eq!(rejection.line, line, "{rejection:?}");
            assert!(rejection.reason.contains(part), "{rejection:?}");
        }
    }

    #[test]
    fn no_secret_is_kept() {
        let text = format!(
            "secret_id = AKID{0}\nsecret_key = {0}\nproxy_host = http://u:{0}@h\n",
            "S3cret".repeat(5)
        );
        let parameters = parsed(&text);
        assert_eq!(parameters.config_servers[0].value, "http://h");
        assert!(!format!("{parameters:?}").contains("S3cret"));
    }

    proptest! {
        #[test]
        fn arbitrary_content_never_panics(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _parameters = parse(&bytes);
        }
    }
}
