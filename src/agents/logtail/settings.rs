//! Lines of the config as remedies suggest them, in the format of the existing file.

use serde_json::json;

use crate::agents::remedy::{Commands, SOME_ADDRESS, Wanted};

/// `address_setting`, `config_server_setting`, `data_server_setting`.
pub(super) fn wanted(wanted: &Wanted<'_>) -> Commands {
    let address = wanted.address.unwrap_or(SOME_ADDRESS);
    let mut settings = Commands::from([("address_setting", line("working_ip", &json!(address)))]);
    let (Some((config_server, data_server)), Some(region)) = (wanted.servers, wanted.region) else {
        return settings;
    };
    let key = |key: Option<&str>| key.and_then(|key| key.split(['[', '.']).next()).map(str::to_owned);
    let parameters = wanted.parameters;
    let of_config = key(parameters.and_then(|p| p.config_servers.first()).map(|server| server.key.as_str()));
    let of_data =
        key(parameters.and_then(|p| p.data_servers.first()).map(|server| server.endpoint.key.as_str()));
    let config = match of_config.as_deref() {
        Some(key @ ("config_servers" | "config_server_address_list")) => line(key, &json!([config_server])),
        Some(_) | None => line("config_server_address", &json!(config_server)),
    };
    // A file without data servers gets those that match its config servers.
    let is_new = of_data.as_deref().or(of_config.as_deref()).is_some_and(|key| key.ends_with("_servers"));
    let data = if is_new {
        line("data_servers", &json!([{ "region": region, "endpoint_list": [data_server] }]))
    } else {
        line("data_server_list", &json!([{ "cluster": region, "endpoint": data_server }]))
    };
    settings.extend([("config_server_setting", config), ("data_server_setting", data)]);
    settings
}

fn line(key: &str, value: &serde_json::Value) -> String {
    format!("\"{key}\" : {value}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::snapshot::{DataServer, Parameter, Parameters};

    #[test]
    fn settings_keep_the_form_of_the_file() {
        let servers = (
            "http://logtail.cn-hangzhou.log.aliyuncs.com".to_owned(),
            "cn-hangzhou.log.aliyuncs.com".to_owned(),
        );
        let parameter = |key: &str| Parameter { key: key.to_owned(), value: "x".to_owned() };
        let of = |config: &str, data: &str| {
            let parameters = Parameters {
                config_servers: vec![parameter(config)],
                data_servers: vec![DataServer { region: None, endpoint: parameter(data) }],
                ..Parameters::default()
            };
            let wanted_now = Wanted {
                parameters: Some(&parameters),
                region: Some("cn-hangzhou"),
                servers: Some(&servers),
                ..Wanted::default()
            };
            wanted(&wanted_now)
        };
        let old = of("config_server_address", "data_server_list[0].endpoint");
        assert_eq!(old["address_setting"], "\"working_ip\" : \"ADDRESS\"");
        assert_eq!(
            old["config_server_setting"],
            "\"config_server_address\" : \"http://logtail.cn-hangzhou.log.aliyuncs.com\""
        );
        assert_eq!(
            old["data_server_setting"],
            "\"data_server_list\" : [{\"cluster\":\"cn-hangzhou\",\"endpoint\":\"cn-hangzhou.log.aliyuncs.com\"}]"
        );
        let new = of("config_servers[0]", "data_servers[0].endpoint_list[0]");
        assert_eq!(
            new["config_server_setting"],
            "\"config_servers\" : [\"http://logtail.cn-hangzhou.log.aliyuncs.com\"]"
        );
        assert!(new["data_server_setting"].starts_with("\"data_servers\" : [{\"region\":\"cn-hangzhou\""));
    }
}
