//! What the agent writes about itself and reads about its identity: `app_info.json`, `user_defined_id`, `instance_identity`.

use serde_json::{Map, Value};

use super::json;
use crate::{
    agents::{LocalTime, windows},
    model::{
        System,
        snapshot::{AddressRecord, Rejection},
    },
};

/// Reads `app_info.json`.
pub(super) fn parse(bytes: &[u8], local_time: LocalTime<'_>) -> Result<AddressRecord, Rejection> {
    let root = json::read_object(bytes)?;
    let instance_id = text(&root, "instance_id");
    let (started_with_ip, started_at) = instance_id.as_deref().and_then(split_instance_id).unzip();
    let update_time = text(&root, "update_time");
    Ok(AddressRecord {
        ip: text(&root, "ip"),
        hostname: text(&root, "hostname"),
        version: ["loongcollector_version", "logtail_version", "ilogtail_version"]
            .into_iter()
            .find_map(|key| text(&root, key)),
        update_time_candidates: update_time.as_deref().map(local_time).unwrap_or_default(),
        instance_id,
        instance_ip: started_with_ip,
        instance_epoch: started_at,
        update_time,
    })
}

fn text(object: &Map<String, Value>, key: &str) -> Option<String> {
    object.get(key)?.as_str().map(ToOwned::to_owned)
}

/// Address and start of `<UUID>_<ip>_<epoch>`; the UUID may be empty, so this counts from the right.
fn split_instance_id(instance_id: &str) -> Option<(String, u64)> {
    let mut parts = instance_id.rsplitn(3, '_');
    let (epoch, ip, _uuid) = (parts.next()?, parts.next()?, parts.next()?);
    Some((ip.to_owned(), epoch.parse().ok()?))
}

/// Splits `user_defined_id` as the agent does: at line feeds, trimming blanks only. A carriage return, a tab or a byte
/// order mark becomes part of the identifier, and breaks it. On Windows the agent opens it as text
/// ([`windows::as_opened`]).
pub(super) fn parse_identifiers(bytes: &[u8], system: System) -> Vec<String> {
    let mut identifiers: Vec<String> = Vec::new();
    let mut seen = std::collections::HashSet::new();
    let bytes = windows::as_opened(bytes, system);
    for line in String::from_utf8_lossy(&bytes).split('\n') {
        let identifier = line.trim_matches(' ');
        if !identifier.is_empty() && seen.insert(identifier.to_owned()) {
            identifiers.push(identifier.to_owned());
        }
    }
    identifiers
}

/// Reads the owner account of this cloud instance from the cached identity document.
pub(super) fn parse_owner_account(bytes: &[u8]) -> Option<String> {
    let root = json::read_object(bytes).ok()?;
    text(&root, "owner-account-id").filter(|account| !account.is_empty())
}

/// How many collection configs were delivered: the entries of `metrics` (agent source, `USER_CONFIG_NODE`). `None`: it
/// does not have that form.
pub(super) fn parse_collection(bytes: &[u8]) -> Option<usize> {
    let text = String::from_utf8_lossy(bytes);
    let serde_json::Value::Object(whole) = json::first_value(text.trim_start()).ok()? else { return None };
    match whole.get("metrics") {
        Some(serde_json::Value::Object(configs)) => Some(configs.len()),
        None if whole.is_empty() => Some(0),
        Some(_) | None => None,
    }
}

/// Reads the id of the cloud instance for which the identity was cached.
pub(super) fn parse_instance(bytes: &[u8]) -> Option<String> {
    let root = json::read_object(bytes).ok()?;
    text(&root, "instance-id").filter(|id| !id.is_empty())
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, SystemTime};

    use proptest::prelude::*;

    use super::*;

    const COMMERCIAL_1_3_1: &[u8] = br#"{
	"UUID" : "",
	"hostname" : "iZ8vbdlzf0000000azuhZ",
	"instance_id" : "E9633380-85C2-11ED-9BAD-00163E1AA597_172.16.2.200_1672119513",
	"ip" : "172.16.2.200",
	"logtail_version" : "1.3.1",
	"os" : "Linux; 4.19.91-26.1.al7.x86_64; #1 SMP Tue Jul 26 17:52:28 CST 2022; x86_64",
	"update_time" : "2022-12-27 05:38:33"
}
"#;

    fn utc_and_cst(written: &str) -> Vec<SystemTime> {
        assert_eq!(written, "2022-12-27 05:38:33");
        [1_672_090_713, 1_672_119_513].map(|s| SystemTime::UNIX_EPOCH + Duration::from_secs(s)).to_vec()
    }

    fn no_time(_written: &str) -> Vec<SystemTime> {
        Vec::new()
    }

    #[test]
    fn the_documents_sample_is_read() {
        let record = parse(COMMERCIAL_1_3_1, &utc_and_cst).expect("accepted");
        assert_eq!(
            record,
            AddressRecord {
                ip: Some("172.16.2.200".to_owned()),
                hostname: Some("iZ8vbdlzf0000000azuhZ".to_owned()),
                instance_id: Some("E9633380-85C2-11ED-9BAD-00163E1AA597_172.16.2.200_1672119513".to_owned()),
                instance_ip: Some("172.16.2.200".to_owned()),
                instance_epoch: Some(1_672_119_513),
                version: Some("1.3.1".to_owned()),
                update_time: Some("2022-12-27 05:38:33".to_owned()),
                update_time_candidates: utc_and_cst("2022-12-27 05:38:33"),
            }
        );
    }

    #[test]
    fn every_generations_version_is_read() {
        let table = [
            (
                r#"{"build_date" : "20240327", "compiler" : "GCC 9.3.1", "git_hash" : "6a134a478", "logtail_version" : "1.8.8 Community Edition"}"#,
                "1.8.8 Community Edition",
            ),
            (
                r#"{"compiler" : "GCC", "host_id" : "i-bp1234567890abcdefgh", "loongcollector_version" : "3.1.4"}"#,
                "3.1.4",
            ),
            (
                r#"{"build_date" : "20260101", "git_hash" : "f02d9808", "loongcollector_version" : "3.3.2 Community Edition"}"#,
                "3.3.2 Community Edition",
            ),
            (r#"{"ilogtail_version" : "2.0.0"}"#, "2.0.0"),
        ];
        for (text, version) in table {
            assert_eq!(parse(text.as_bytes(), &no_time).expect("accepted").version.as_deref(), Some(version));
        }
    }

    #[test]
    fn address_and_start_are_split_from_the_right() {
        let table = [
            ("_10.0.0.1_1672119513", Some(("10.0.0.1", 1_672_119_513))),
            ("A_B_10.0.0.1_5", Some(("10.0.0.1", 5))),
            ("UUID__5", Some(("", 5))),
            ("10.0.0.1_5", None),
            ("U_10.0.0.1_now", None),
            ("U_10.0.0.1_-5", None),
            ("", None),
        ];
        for (instance_id, expected) in table {
            let expected = expected.map(|(ip, epoch)| (ip.to_owned(), epoch));
            assert_eq!(split_instance_id(instance_id), expected, "{instance_id}");
        }
    }

    #[test]
    fn an_empty_ip_is_told_from_a_missing_one_and_wrong_types_are_as_absent() {
        assert_eq!(parse(br#"{"ip": ""}"#, &no_time).expect("accepted").ip.as_deref(), Some(""));
        assert_eq!(parse(br#"{"ip": 5}"#, &no_time).expect("accepted").ip, None);
        assert!(parse(b"", &no_time).is_err());
        assert!(parse(br#"{"ip": "10.0."#, &no_time).is_err());
    }

    #[test]
    fn identifiers_are_split_and_trimmed_as_the_agent_does() {
        let table: [(&[u8], &[&str]); 7] = [
            (b"web-fleet\n", &["web-fleet"]),
            (b"  web-fleet  \n\n b c \nweb-fleet", &["web-fleet", "b c"]),
            (b"web\r\nb\r\n", &["web\r", "b\r"]),
            (b"\tweb\n", &["\tweb"]),
            (b"\xef\xbb\xbfweb", &["\u{feff}web"]),
            (b"\xff\n", &["\u{fffd}"]),
            (b" \n \n", &[]),
        ];
        for (bytes, expected) in table {
            assert_eq!(parse_identifiers(bytes, System::Linux), expected, "{bytes:?}");
        }
    }

    #[test]
    fn on_windows_the_end_of_a_line_is_that_of_windows_too() {
        for (bytes, expected) in [
            (&b"web\r\n b c \r\n"[..], &["web", "b c"][..]),
            (b"web\nb", &["web", "b"]),
            (b"web\r", &["web\r"]),
            (b"web\r\r\n", &["web\r"]),
            // UTF-16 is rejected.
            (b"w\0\r\0\n\0", &["w\0\r\0", "\0"]),
        ] {
            assert_eq!(parse_identifiers(bytes, System::Windows), expected, "{bytes:?}");
        }
    }

    #[test]
    fn the_owner_account_is_read() {
        let document = br#"{"instance-id": "i-bp1", "owner-account-id": "1234567890123456", "region-id": "cn-hangzhou"}"#;
        assert_eq!(parse_owner_account(document).as_deref(), Some("1234567890123456"));
        for document in [&br#"{"random-hostid": "x"}"#[..], br#"{"owner-account-id": ""}"#, b"", b"\xff"] {
            assert_eq!(parse_owner_account(document), None);
        }
    }

    #[test]
    fn the_instance_is_read() {
        let document = br#"{"instance-id": "i-bp1", "owner-account-id": "1234567890123456"}"#;
        assert_eq!(parse_instance(document).as_deref(), Some("i-bp1"));
        for document in [&br#"{"random-hostid": "x"}"#[..], br#"{"instance-id": ""}"#, b"", b"\xff"] {
            assert_eq!(parse_instance(document), None);
        }
    }

    proptest! {
        #[test]
        fn arbitrary_content_never_panics(bytes in proptest::collection::vec(any::<u8>(), 0..200), id in ".{0,40}") {
            let _record = parse(&bytes, &no_time);
            let _account = parse_owner_account(&bytes);
            let _split = split_instance_id(&id);
            for identifier in parse_identifiers(&bytes, System::Windows) {
                prop_assert!(!identifier.is_empty() && !identifier.contains('\n'));
            }
        }
    }
}
