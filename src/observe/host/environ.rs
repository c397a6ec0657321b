//! The environment of a process: only the variables that a profile lists, without the passwords of proxies.

use crate::model::{authority::with_hidden_user_info, snapshot::Environment};

/// The maximum length of a value, in bytes.
const LONGEST: usize = 4 << 10;
/// The maximum number of variables that are kept: an agent has a few dozen.
const MOST: usize = 256;

/// The variables of a process's environment that may be kept.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Kept {
    /// The requested variables.
    pub variables: Environment,
    /// `TZ`, which determines the times in its log.
    pub zone: Option<String>,
    /// True if Kubernetes started it.
    pub kubernetes: bool,
    /// True if not all requested variables could be kept.
    pub cut: bool,
}

/// Reads `/proc/<pid>/environ`. If a name occurs twice, the first counts, as with `getenv`.
pub fn parse(bytes: &[u8], wants: impl Fn(&str) -> bool) -> Kept {
    let mut kept = Kept::default();
    for entry in bytes.split(|byte| *byte == 0) {
        let Some(equals) = entry.iter().position(|byte| *byte == b'=') else { continue };
        let (name, value) = entry.split_at(equals);
        let Ok(name) = std::str::from_utf8(name) else { continue };
        let value = value.get(1..).unwrap_or_default();
        match name {
            "TZ" if kept.zone.is_none() => kept.zone = Some(text(value)),
            "KUBERNETES_SERVICE_HOST" => kept.kubernetes = true,
            _ => {}
        }
        if wants(name) && !kept.variables.contains_key(name) {
            kept.cut |= value.len() > LONGEST || kept.variables.len() == MOST;
            if kept.variables.len() == MOST {
                continue;
            }
            let value = if name.to_ascii_lowercase().ends_with("proxy") {
                // Before truncation: the `@` that ends a password may be far from the start.
                text(with_hidden_user_info(&String::from_utf8_lossy(value)).as_bytes())
            } else {
                text(value)
            };
            kept.variables.insert(name.to_owned(), value);
        }
    }
    kept
}

fn text(value: &[u8]) -> String {
    let mut text = String::from_utf8_lossy(value.get(..LONGEST).unwrap_or(value)).into_owned();
    // Replacement characters are longer than what they replace.
    text.truncate(text.floor_char_boundary(LONGEST));
    text
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn only_wanted_variables_are_kept_and_the_first_of_a_name_counts() {
        let kept = parse(
            b"PATH=/bin\0working_ip=10.0.0.7\0working_ip=10.0.0.8\0AWS_SECRET=x\0broken\0=odd\0TZ=UTC\0\
              KUBERNETES_SERVICE_HOST=10.0.0.1\0BAD\xff=1\0LOONG_X=a=b\xff\0",
            |name| name == "working_ip" || name.starts_with("LOONG_"),
        );
        let variables: Vec<_> =
            kept.variables.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        assert_eq!(variables, [("LOONG_X", "a=b\u{fffd}"), ("working_ip", "10.0.0.7")]);
        assert_eq!((kept.zone.as_deref(), kept.kubernetes), (Some("UTC"), true));
    }

    #[test]
    fn proxy_passwords_are_never_kept() {
        let redacted = |value: &str| {
            let entry = format!("HTTPS_PROXY={value}\0");
            parse(entry.as_bytes(), |_| true).variables.remove("HTTPS_PROXY").unwrap()
        };
        assert_eq!(redacted("http://user:pw@proxy:3128/"), "http://***@proxy:3128/");
        assert_eq!(redacted("http://user:p@ss/w://@proxy:3128"), "http://***@proxy:3128");
        assert_eq!(redacted("user:pw@proxy:3128"), "***@proxy:3128");
        assert_eq!(redacted("us@er:p://w@proxy:3128"), "***@proxy:3128");
        assert_eq!(redacted("http://proxy:3128"), "http://proxy:3128");
        assert_eq!(redacted(""), "");
        assert_eq!(redacted(&format!("http://user:{}@proxy", "x".repeat(2 * LONGEST))), "http://***@proxy");
    }

    #[test]
    fn a_long_value_is_cut() {
        let entry = [b"A=".to_vec(), vec![b'x'; 1 << 20]].concat();
        assert_eq!(parse(&entry, |_| true).variables["A"].len(), LONGEST);
        let entry = [b"A=".to_vec(), vec![0xff; 1 << 20]].concat();
        assert!(parse(&entry, |_| true).variables["A"].len() <= LONGEST);
    }

    proptest! {
        #[test]
        fn arbitrary_bytes_never_panic_or_leak(bytes in proptest::collection::vec(any::<u8>(), 0..600), value in ".*") {
            parse(&bytes, |_| true);
            let entry = format!("http_proxy=http://secret:{value}@h\0").into_bytes();
            if !value.contains('\0') {
                let kept = parse(&entry, |_| true);
                prop_assert!(!kept.variables["http_proxy"].contains("secret"));
            }
        }
    }
}
