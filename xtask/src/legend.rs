//! The meaning of the names in angle brackets in a remedy.

use logagent_exporter::{
    catalog::remedy::{self, Agents, Reader},
    model::{Cause, Language, Text},
};

use crate::runbook::runbook;

/// The names in angle brackets in a cause's remedy, with their meaning.
pub(crate) fn legend(cause: &'static Cause, language: Language) -> Vec<(String, String)> {
    let names = remedy::in_brackets(cause, language, Reader::Runbook).into_iter();
    names.map(|name| (name.clone(), meaning(cause, &name, language))).collect()
}

fn meaning(cause: &Cause, name: &str, language: Language) -> String {
    if let Some((_, sample)) = runbook(cause).sample.iter().find(|(known, _)| *known == name) {
        let from = Text { en: "from the finding, such as", zh: "取自诊断结果，例如" };
        return format!("{} `{sample}`", from.in_language(language));
    }
    let (logtail, loglistener) = match name {
        "install_dir" => ("/usr/local/ilogtail", "/usr/local/loglistener"),
        "config_file" => {
            ("/usr/local/ilogtail/ilogtail_config.json", "/usr/local/loglistener/etc/loglistener.conf")
        }
        "identifiers_file" => {
            ("/etc/ilogtail/user_defined_id", "/usr/local/loglistener/etc/loglistener.conf")
        }
        "log_file" => ("/usr/local/ilogtail/ilogtail.LOG", "/usr/local/loglistener/log/"),
        "record_file" => return "`/usr/local/ilogtail/app_info.json`".to_owned(),
        "users_dir" => return "`/etc/ilogtail/users`".to_owned(),
        "hosts_file" => return "`/etc/hosts`".to_owned(),
        _ => return of_the_host(name).in_language(language).to_owned(),
    };
    let agents = Agents::of(cause);
    let of = |path: &str, product: &str| match language {
        Language::English => format!("`{path}` ({product})"),
        Language::Chinese => format!("`{path}`（{product}）"),
    };
    let mut list = Vec::new();
    if agents.logtail {
        list.push(of(logtail, "Logtail"));
    }
    if agents.loglistener {
        list.push(of(loglistener, "LogListener"));
    }
    list.join(Text { en: ", ", zh: "、" }.in_language(language))
}

fn of_the_host(name: &str) -> Text {
    match name {
        "agent" => Text { en: "the label `agent` of the alert", zh: "告警的 `agent` 标签" },
        "hostname" => Text { en: "the host's name", zh: "主机名" },
        "account_id" => Text {
            en: "the ID of the main account that owns the project",
            zh: "Project 所属主账号的 ID",
        },
        "expected_region" => Text {
            en: "the region of the project or log topic",
            zh: "Project 或日志主题所在的地域",
        },
        "right_config_server" => Text {
            en: "the config server of the expected region and network",
            zh: "预期地域和网络类型的配置服务器",
        },
        "right_data_server" => Text {
            en: "the data server of the expected region and network",
            zh: "预期地域和网络类型的数据服务器",
        },
        _ => Text { en: "from the finding", zh: "取自诊断结果" },
    }
}
