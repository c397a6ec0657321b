//! The valid forms of single values.

use std::{net::Ipv4Addr, path::PathBuf};

use super::problem::{did_you_mean, said};
use crate::{
    catalog,
    model::{
        authority::{self, Authority},
        settings::{ContainerSelector, UserName},
    },
};

/// The longest name; names are label values of every series.
const LONGEST_NAME: usize = 100;

/// The kernel does not limit names; useradd allows 256 characters.
const LONGEST_USER: usize = 256;

/// Kubernetes limits container names to fewer characters; Docker does not limit them.
const LONGEST_CONTAINER: usize = 64;

/// The kernel's `PATH_MAX`.
const LONGEST_PATH: usize = 4096;

/// A name for the label `agent`.
pub(super) fn agent_name(text: &str) -> Result<String, String> {
    if text.trim() != text || text.chars().any(char::is_control) || text.chars().count() > LONGEST_NAME {
        return Err(format!(
            "{} is not a name; use up to {LONGEST_NAME} printable characters, no blank at either end",
            said(text)
        ));
    }
    Ok(text.to_owned())
}

/// An absolute path.
pub(super) fn absolute_path(text: &str) -> Result<PathBuf, String> {
    if !text.starts_with('/') {
        return Err(format!("{} is not an absolute path; begin it with /", said(text)));
    }
    if text.contains('\0') || text.len() > LONGEST_PATH {
        return Err(format!("{} cannot be a path", said(text)));
    }
    Ok(PathBuf::from(text))
}

/// A user: a number, or a name as `/etc/passwd` may hold it.
pub(super) fn user(text: &str) -> Result<UserName, String> {
    if text.bytes().all(|b| b.is_ascii_digit()) {
        return match text.parse() {
            Ok(65_534) => Err("65534 is nobody, which may be any user; use another one".to_owned()),
            Ok(id) => Ok(UserName::Id(id)),
            Err(_) => Err(format!("{} is not the number of a user", said(text))),
        };
    }
    let shaped = text.len() <= LONGEST_USER
        && !text.starts_with('-')
        && text.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | '-' | '.' | '$' | '\\' | '@'));
    if shaped {
        Ok(UserName::Name(text.to_owned()))
    } else {
        Err(format!("{} is not the name of a user", said(text)))
    }
}

/// A container: its name, or that of its pod's namespace and its own.
pub(super) fn container(text: &str) -> Result<ContainerSelector, String> {
    let is_name = |name: &str| {
        let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
        (1..=LONGEST_CONTAINER).contains(&name.len()) && name.chars().all(plain)
    };
    let (namespace, container) = match text.split_once('/') {
        Some((namespace, container)) => (Some(namespace), container),
        None => (None, text),
    };
    if is_name(container) && namespace.is_none_or(is_name) {
        return Ok(ContainerSelector {
            namespace: namespace.map(str::to_owned),
            container: container.to_owned(),
        });
    }
    Err(format!(
        "{} is not the name of a container; write name, or namespace/name of one in a pod",
        said(text)
    ))
}

/// The id of a cause.
pub(super) fn cause_id(text: &str) -> Result<&'static str, String> {
    catalog::find(text).map(|cause| cause.id).ok_or_else(|| {
        let near = did_you_mean(text, catalog::causes().map(|cause| cause.id));
        format!("{} is not the id of a cause{near}; `logagent-exporter explain` lists them", said(text))
    })
}

/// A region, known or not.
pub(super) fn region(text: &str) -> Result<String, String> {
    let shaped = text.split_once('-').is_some_and(|(area, place)| {
        (2..=4).contains(&area.len())
            && area.bytes().all(|b| b.is_ascii_lowercase())
            && !place.is_empty()
            && place.len() <= 59
            && place.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
    });
    if shaped {
        Ok(text.to_owned())
    } else {
        Err(format!("{} is not a region; write its id, like cn-hangzhou or ap-guangzhou", said(text)))
    }
}

/// An account id: digits, quoted or not.
pub(super) fn account_id(text: &str) -> Result<String, String> {
    if !text.is_empty() && text.len() <= 32 && text.bytes().all(|b| b.is_ascii_digit()) {
        Ok(text.to_owned())
    } else {
        Err(format!("{} is not an account id; it is digits only, like \"1234567890123456\"", said(text)))
    }
}

/// One IPv4 address.
pub(super) fn ipv4(text: &str) -> Result<String, String> {
    text.parse::<Ipv4Addr>()
        .map(|ip| ip.to_string())
        .map_err(|_| format!("{} is not an IPv4 address, like 172.16.2.200", said(text)))
}

/// The address of a server group as entered in the console: one address, or a range or list, which the rules report.
pub(super) fn group_address(text: &str) -> Result<String, String> {
    let numbers =
        text.trim().split('.').filter(|part| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit()));
    let looks_single = numbers.count() == text.trim().split('.').count();
    let holds_address = text.contains('.') && text.bytes().any(|b| b.is_ascii_digit());
    if text.trim().parse::<Ipv4Addr>().is_ok() || (holds_address && !looks_single) {
        Ok(text.to_owned())
    } else {
        Err(format!("{} is not an IPv4 address, like 10.0.0.7", said(text)))
    }
}

/// A project's name, as the service allows it.
pub(super) fn project(text: &str) -> Result<String, String> {
    let allowed = text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
    if allowed && (3..=63).contains(&text.len()) && !text.starts_with('-') && !text.ends_with('-') {
        Ok(text.to_owned())
    } else {
        Err(format!(
            "{} is not a project's name; it has 3 to 63 lower-case letters, digits and hyphens, no hyphen at either end",
            said(text)
        ))
    }
}

/// A role, for the label `role`.
pub(super) fn role(text: &str) -> Result<String, String> {
    let begins = text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
    if begins
        && text.len() <= LONGEST_NAME
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-')
    {
        Ok(text.to_owned())
    } else {
        Err(format!("{} is not a role; use letters, digits, _ and -, a letter or _ first", said(text)))
    }
}

/// An executable's base name, or its absolute path.
pub(super) fn executable(text: &str) -> Result<String, String> {
    let named = !matches!(text, "." | "..") && !text.contains('/') && text.len() <= 255;
    let placed = text.starts_with('/') && !text.ends_with('/') && text.len() <= LONGEST_PATH;
    let has_arguments =
        text.split_once(' ').is_some_and(|(_, rest)| rest.trim_start().starts_with(['-', '/']));
    if (named || placed) && !has_arguments && !text.chars().any(char::is_control) && text.trim() == text {
        Ok(text.to_owned())
    } else {
        Err(format!(
            "{} is not an executable; write its base name (fluent-bit) or absolute path, without arguments",
            said(text)
        ))
    }
}

/// A server: `host` or `host:port`.
pub(super) fn server(text: &str) -> Result<String, String> {
    if text.parse::<std::net::Ipv6Addr>().is_ok() {
        return Ok(text.to_owned());
    }
    match Authority::parse(text) {
        Ok(Authority { host, port: Some(port) }) => Ok(authority::written(&host, port, None)),
        Ok(Authority { host, port: None }) => Ok(host),
        Err(why) => {
            let shown = said(&authority::without_user_info(text));
            Err(format!("{shown} is not a server: {why}; write host or host:port"))
        }
    }
}

/// A label name that is not reserved.
pub(super) fn is_label_name(text: &str) -> bool {
    let begins = text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
    begins && !text.starts_with("__") && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
}
