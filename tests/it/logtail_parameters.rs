//! Logtail's startup parameters and identifiers: each way in which they can be wrong, and right again.

use crate::support::{Host, fault, layouts::*};

/// Replaces the right config with this one, as an edit of a config that is in use.
#[track_caller]
fn config(text: &[u8], expectation: Option<&str>, expected: &[&str]) {
    let host = Host::with_logtail();
    fault(
        &host,
        expectation,
        |host| host.write(CONFIG, text),
        expected,
        |host| host.write(CONFIG, CONFIG_TEXT),
    );
}

#[test]
fn the_config_is_missing() {
    let host = Host::with_logtail();
    let remove = |host: &Host| host.remove(CONFIG);
    let undo = |host: &Host| host.write(CONFIG, CONFIG_TEXT);
    fault(
        &host,
        None,
        remove,
        &["clock unknown", "network unknown", "startup_parameters failing config_missing"],
        undo,
    );
}

#[test]
fn the_config_is_broken_json() {
    let broken = CONFIG_TEXT.replace("\"cpu_usage_limit\" : 0.4,", "\"cpu_usage_limit\" 0.4,");
    config(
        broken.as_bytes(),
        None,
        &["clock unknown", "network unknown", "startup_parameters failing config_invalid"],
    );
}

#[test]
fn the_config_begins_with_a_byte_order_mark() {
    let marked = [b"\xef\xbb\xbf", CONFIG_TEXT.as_bytes()].concat();
    config(&marked, None, &["clock unknown", "network unknown", "startup_parameters failing config_invalid"]);
}

#[test]
fn the_config_is_empty() {
    config(b"", None, &["clock unknown", "network unknown", "startup_parameters failing config_invalid"]);
}

#[test]
fn the_cluster_is_of_another_region_than_its_endpoint() {
    config(
        CONFIG_TEXT.replace("\"cluster\" : \"cn-hangzhou\"", "\"cluster\" : \"cn-beijing\"").as_bytes(),
        Some(EXPECT_ALL),
        &["startup_parameters failing region_mismatch"],
    );
}

#[test]
fn the_config_is_for_another_region() {
    config(
        CONFIG_TEXT.replace("cn-hangzhou", "cn-beijing").as_bytes(),
        Some(EXPECT_ALL),
        &["clock unknown", "network failing", "startup_parameters failing region_mismatch"],
    );
}

#[test]
fn the_config_is_for_another_network() {
    config(
        CONFIG_TEXT.replace("-intranet", "").as_bytes(),
        Some(EXPECT_ALL),
        &["clock unknown", "network failing", "startup_parameters failing network_type_mismatch"],
    );
}

#[test]
fn the_config_is_for_two_regions() {
    let mixed = CONFIG_TEXT.replace("\"cn-hangzhou\"", "\"cn-beijing\"");
    config(mixed.as_bytes(), None, &["startup_parameters failing region_inconsistent"]);
}

#[test]
fn the_config_names_no_config_server() {
    let without = CONFIG_TEXT.replace("config_server_address", "config_server_adress");
    config(without.as_bytes(), None, &["startup_parameters failing config_server_missing"]);
}

#[test]
fn the_config_has_a_placeholder() {
    let template = CONFIG_TEXT.replace("logtail.cn-hangzhou-intranet", "logtail.${your_region_name}");
    config(template.as_bytes(), None, &["startup_parameters failing placeholder_left"]);
}

#[test]
fn the_account_has_no_user_identifier() {
    let host = Host::with_logtail();
    let path = format!("{USERS}/1234567890123456");
    let expected = ["user_identifier failing user_identifier_missing"];
    fault(&host, Some(EXPECT_ALL), |host| host.remove(&path), &expected, |host| host.write(&path, ""));
}

#[test]
fn there_are_no_user_identifiers() {
    let host = Host::with_logtail();
    let undo = |host: &Host| host.write(&format!("{USERS}/1234567890123456"), "");
    let expected = ["user_identifier failing user_identifier_missing"];
    fault(&host, Some(EXPECT_ALL), |host| host.remove(USERS), &expected, undo);
}

#[test]
fn the_user_identifier_is_of_another_account() {
    let host = Host::with_logtail();
    let (right, wrong) = (format!("{USERS}/1234567890123456"), format!("{USERS}/6543210987654321"));
    let expected = ["user_identifier failing user_identifier_mismatch"];
    fault(
        &host,
        Some(EXPECT_ALL),
        |host| host.rename(&right, &wrong),
        &expected,
        |host| host.rename(&wrong, &right),
    );
}

#[test]
fn the_user_identifier_has_a_suffix() {
    let host = Host::with_logtail();
    let (right, wrong) = (format!("{USERS}/1234567890123456"), format!("{USERS}/1234567890123456.txt"));
    let expected = ["user_identifier failing user_identifier_malformed"];
    fault(
        &host,
        Some(EXPECT_ALL),
        |host| host.rename(&right, &wrong),
        &expected,
        |host| host.rename(&wrong, &right),
    );
}

/// Replaces the right custom identifier with this one.
#[track_caller]
fn identifier(content: &str, expectation: Option<&str>, expected: &[&str]) {
    let host = Host::with_logtail();
    let undo = |host: &Host| host.write(IDENTIFIERS, "web-fleet\n");
    fault(&host, expectation, |host| host.write(IDENTIFIERS, content), expected, undo);
}

#[test]
fn the_custom_identifier_is_missing() {
    let host = Host::with_logtail();
    let undo = |host: &Host| host.write(IDENTIFIERS, "web-fleet\n");
    let expected = ["custom_identifier failing custom_identifier_missing"];
    fault(&host, Some(EXPECT_ALL), |host| host.remove(IDENTIFIERS), &expected, undo);
}

#[test]
fn the_custom_identifier_is_empty() {
    identifier("", Some(EXPECT_ALL), &["custom_identifier failing custom_identifier_empty"]);
}

#[test]
fn the_custom_identifier_is_another() {
    identifier("web-flet\n", Some(EXPECT_ALL), &["custom_identifier failing custom_identifier_mismatch"]);
}

#[test]
fn the_custom_identifier_ends_with_a_carriage_return() {
    identifier("web-fleet\r\n", Some(EXPECT_ALL), &["custom_identifier failing custom_identifier_mismatch"]);
}

#[test]
fn a_carriage_return_is_told_without_an_expectation() {
    identifier("web-fleet\r\n", None, &["custom_identifier ok custom_identifier_malformed(w)"]);
}
