//! Checks the format of an API key pair, without keeping it. Nothing here returns any part of a secret.

use crate::model::snapshot::KeyState;

/// Both keys of a config file. The format of encrypted keys cannot be checked.
pub(super) fn judge(
    secret_id: Option<&str>,
    secret_key: Option<&str>,
    encrypted: bool,
) -> Vec<(&'static str, KeyState)> {
    vec![
        ("secret_id", state(secret_id, encrypted, id_form)),
        ("secret_key", state(secret_key, encrypted, key_form)),
    ]
}

fn state(written: Option<&str>, encrypted: bool, form: fn(&str) -> Result<(), &'static str>) -> KeyState {
    let Some(value) = written.map(str::trim).filter(|value| !value.is_empty()) else {
        return KeyState::Missing;
    };
    if is_placeholder(value) {
        return KeyState::Placeholder;
    }
    if encrypted {
        return KeyState::Set;
    }
    match characters(value).and_then(|()| form(value)) {
        Ok(()) => KeyState::Set,
        Err(reason) => KeyState::Malformed(reason),
    }
}

/// True for placeholders of documents and templates.
fn is_placeholder(value: &str) -> bool {
    let bare = value.trim_matches(['"', '\'']);
    let body = bare.strip_prefix("AKID").or_else(|| bare.strip_prefix("IKID")).unwrap_or(bare);
    let lower = bare.to_ascii_lowercase();
    let stands_in = |c: char| matches!(c, 'x' | 'X' | '*');
    (!body.is_empty() && body.chars().all(stands_in))
        || bare.contains("***")
        || bare.contains(['<', '>', '{', '}'])
        || bare
            .strip_prefix('$')
            .is_some_and(|name| name.bytes().all(|b| b.is_ascii_uppercase() || b == b'_'))
        || bare.ends_with("EXAMPLE")
        || lower.starts_with("your")
        || matches!(lower.as_str(), "secretid" | "secretkey" | "secret_id" | "secret_key" | "akid" | "ikid")
}

fn characters(value: &str) -> Result<(), &'static str> {
    if value.contains(['"', '\'']) {
        Err("has quotes, which the agent treats as part of the key")
    } else if value.contains(char::is_whitespace) {
        Err("has a blank inside")
    } else if !value.bytes().all(|b| b.is_ascii_alphanumeric()) {
        Err("has characters other than letters and digits")
    } else {
        Ok(())
    }
}

/// Longer than any key that was ever issued.
const LONGEST: usize = 80;

fn id_form(value: &str) -> Result<(), &'static str> {
    if !value.starts_with("AKID") && !value.starts_with("IKID") {
        Err("does not begin with AKID or IKID: not the SecretId of an API key")
    } else if !(20..=LONGEST).contains(&value.len()) {
        Err("does not have the length of a SecretId")
    } else {
        Ok(())
    }
}

fn key_form(value: &str) -> Result<(), &'static str> {
    if value.starts_with("AKID") || value.starts_with("IKID") {
        Err("begins like a SecretId: the two keys may be swapped")
    } else if !(16..=LONGEST).contains(&value.len()) {
        Err("does not have the length of a SecretKey")
    } else {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    // Assembled from parts; not real keys.
    fn id() -> String {
        format!("AKID{}", "z8krbsJ5yKBZQpn74WFkmLPx3abcdefg")
    }
    fn key() -> String {
        format!("Gu5t9xGARNpq86cd{}", "98joQYCN3abcdefg")
    }

    fn states(id: Option<&str>, key: Option<&str>, encrypted: bool) -> (KeyState, KeyState) {
        let judged = judge(id, key, encrypted);
        assert_eq!((judged[0].0, judged[1].0), ("secret_id", "secret_key"));
        (judged[0].1, judged[1].1)
    }

    #[test]
    fn a_pair_of_keys_is_set_and_none_is_missing() {
        assert_eq!(states(Some(&id()), Some(&key()), false), (KeyState::Set, KeyState::Set));
        assert_eq!(states(None, Some("  "), false), (KeyState::Missing, KeyState::Missing));
        assert_eq!(states(Some(""), None, true), (KeyState::Missing, KeyState::Missing));
    }

    #[test]
    fn stand_ins_are_placeholders_even_if_encryption_is_on() {
        for value in [
            "AKIDxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
            "xxxxxxxxxxxxxxxx",
            "XXXX",
            "********",
            "AKID********************************",
            "<SecretId>",
            "${SECRET_ID}",
            "$SECRET_ID",
            "your_secret_id",
            "YourSecretKey",
            "AKIDz8krbsJ5yKBZQpn74WFkmLPx3EXAMPLE",
            "SecretKey",
            "\"xxxx\"",
            "AKID",
            "{{ secret }}",
        ] {
            for encrypted in [false, true] {
                assert_eq!(
                    states(Some(value), Some(value), encrypted),
                    (KeyState::Placeholder, KeyState::Placeholder),
                    "{value}"
                );
            }
        }
    }

    #[test]
    fn what_has_not_the_form_of_a_key_is_malformed() {
        let malformed = |state| matches!(state, KeyState::Malformed(_));
        let (good_id, good_key) = (id(), key());
        for value in [
            "LTAI5tAbcdefghijklmnop",
            "AKIDshort",
            &format!("AKID{}", "a".repeat(90)),
            &format!("\"{good_id}\""),
            &format!("{good_id}-"),
            "AKID abcdefghijklmnopqrstuv",
        ] {
            assert!(malformed(states(Some(value), None, false).0), "{value}");
        }
        for value in [
            "short",
            &"a".repeat(81),
            &good_id,
            &format!("{good_key}="),
            "abcdefgh ijklmnopqrstuv",
            &format!("'{good_key}'"),
        ] {
            assert!(malformed(states(None, Some(value), false).1), "{value}");
        }
    }

    #[test]
    fn encrypted_keys_count_by_presence() {
        assert_eq!(states(Some("$a+/="), Some("b c"), true), (KeyState::Set, KeyState::Set));
    }

    proptest! {
        #[test]
        fn no_part_of_a_key_is_told(value in "[a-z0-9/+]{8,60}") {
            let judged = format!("{:?}", judge(Some(&value), Some(&value), false));
            prop_assert!(!judged.contains(&value));
        }
    }
}
