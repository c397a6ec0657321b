//! Causes of the prerequisite `startup_parameters`.

pub use super::collection::NO_COLLECTION_CONFIG;
pub use super::region::{
    NETWORK_TYPE_INCONSISTENT, NETWORK_TYPE_MISMATCH, REGION_INCONSISTENT, REGION_MISMATCH, REGION_UNKNOWN,
};
use super::{patience, sources};
use crate::model::{Cause, Prerequisite, Severity, Text};

/// The config file does not exist, although the agent needs it.
pub static CONFIG_MISSING: Cause = Cause {
    id: "config_missing",
    prerequisite: Prerequisite::StartupParameters,
    severity: Severity::Critical,
    title: Text { en: "The config file {config} is missing", zh: "配置文件 {config} 不存在" },
    meaning: Text {
        en: "The agent does not start without its config, or starts without knowing its servers. A \
            process that is already running fails at its next start.",
        zh: "没有配置文件，客户端无法启动，或启动后不知道服务端地址。已在运行的进程下次启动时会失败。",
    },
    remedy: Text {
        en: "1. [!custom] Restore {config} from a backup, or install the agent again, with the parameters for the \
            region and network type of your project or log topic: {install_document}\n\
            2. [custom] Restore {config} from a backup.\n\
            3. [!custom] If the file is elsewhere, set `install_dir` of the agent {agent} in the exporter's \
            config and reload the exporter: `sudo systemctl reload logagent-exporter`\n\
            4. [custom] If the file is elsewhere, set `files` of the agent {agent} in the exporter's config and \
            reload the exporter: `sudo systemctl reload logagent-exporter`\n\
            5. Restart the agent: {restart_command}\n\
            6. Verify that it is running: {status_command}",
        zh: "1. [!custom] 从备份恢复 {config}，或重新安装客户端，安装参数必须与 Project 或日志主题所在的地域和网\
            络类型一致：{install_document}\n\
            2. [custom] 从备份恢复 {config}。\n\
            3. [!custom] 如果文件在其他位置，请在 exporter 配置中设置 {agent} 的 `install_dir`，并重新加载 \
            exporter：`sudo systemctl reload logagent-exporter`\n\
            4. [custom] 如果文件在其他位置，请在 exporter 配置中设置 {agent} 的 `files`，并重新加载 exporter：\
            `sudo systemctl reload logagent-exporter`\n\
            5. 重启客户端：{restart_command}\n\
            6. 确认客户端正在运行：{status_command}",
    },
    evidence: &["config"],
    source: sources::STARTUP,
    patience: patience::EDIT,
    summary: Text {
        en: "A log-collection agent's config file is missing.",
        zh: "日志采集客户端的配置文件不存在。",
    },
};

/// In place of the config there is something that no process can read as a file.
pub static CONFIG_UNREADABLE: Cause = Cause {
    id: "config_unreadable",
    prerequisite: Prerequisite::StartupParameters,
    severity: Severity::Critical,
    title: Text {
        en: "The config {config} is not a file: it is {found}", zh: "配置 {config} 不是普通文件"
    },
    meaning: Text {
        en: "The agent finds no config there and does not start. A container mount whose source does not \
            exist creates such a directory.",
        zh: "客户端在该路径读不到配置，因此无法启动。容器挂载的源文件不存在时，就会自动创建这样的目录。",
    },
    remedy: Text {
        en: "1. See what is there: `ls -ld {config}`. In a container, check the mount that provides it.\n\
            2. Move it away, or correct the mount: `sudo mv {config} {config}.wrong`\n\
            3. [!custom] Restore {config} from a backup, or install the agent again, with the parameters for the \
            region and network type of your project or log topic: {install_document}\n\
            4. [custom] Restore {config} from a backup.\n\
            5. Restart the agent: {restart_command}\n\
            6. Verify that it is running: {status_command}",
        zh: "1. 查看该路径：`ls -ld {config}`。如果是容器，请检查对应的挂载。\n\
            2. 将其移走，或更正挂载：`sudo mv {config} {config}.wrong`\n\
            3. [!custom] 从备份恢复 {config}，或重新安装客户端，安装参数必须与 Project 或日志主题所在的地域和网\
            络类型一致：{install_document}\n\
            4. [custom] 从备份恢复 {config}。\n\
            5. 重启客户端：{restart_command}\n\
            6. 确认客户端正在运行：{status_command}",
    },
    evidence: &["config", "found"],
    source: sources::STARTUP,
    patience: patience::EDIT,
    summary: Text {
        en: "A log-collection agent's config is not a regular file.",
        zh: "日志采集客户端的配置路径不是普通文件。",
    },
};

/// The agent's own parser would reject the config.
pub static CONFIG_INVALID: Cause = Cause {
    id: "config_invalid",
    prerequisite: Prerequisite::StartupParameters,
    severity: Severity::Critical,
    title: Text { en: "The agent rejects {config}: {defect}", zh: "客户端无法解析 {config}" },
    meaning: Text {
        en: "An agent that cannot parse its config does not start, or starts without its servers. A \
            process that is already running fails at its next start.",
        zh: "客户端无法解析配置时不能启动，或启动后没有服务端地址。已在运行的进程下次启动时会失败。",
    },
    remedy: Text {
        en: "1. [logtail] Correct {config}: JSON (comments are allowed) in UTF-8 without a byte order mark. To \
            remove a byte order mark: `sudo sed -i '1s/^\\xEF\\xBB\\xBF//' {config}`\n\
            2. [loglistener] Correct {config}: each line must have the form `key = value`, in UTF-8 without a \
            byte order mark. To remove a byte order mark: `sudo sed -i '1s/^\\xEF\\xBB\\xBF//' {config}`\n\
            3. Restart the agent: {restart_command}\n\
            4. Verify that it is running: {status_command}",
        zh: "1. [logtail] 修正 {config}：要求 JSON 格式（允许注释）、UTF-8 编码且不带 BOM。去除 BOM：`sudo sed -i \
            '1s/^\\xEF\\xBB\\xBF//' {config}`\n\
            2. [loglistener] 修正 {config}：每行为 `key = value`，UTF-8 编码且不带 BOM。去除 BOM：`sudo sed -i \
            '1s/^\\xEF\\xBB\\xBF//' {config}`\n\
            3. 重启客户端：{restart_command}\n\
            4. 确认客户端正在运行：{status_command}",
    },
    evidence: &["config", "defect"],
    source: sources::STARTUP_SOURCE,
    patience: patience::EDIT,
    summary: Text {
        en: "A log-collection agent rejects its config file.",
        zh: "日志采集客户端无法解析其配置文件。",
    },
};

/// The config names no server that takes the heartbeat.
pub static CONFIG_SERVER_MISSING: Cause = Cause {
    id: "config_server_missing",
    prerequisite: Prerequisite::StartupParameters,
    severity: Severity::Critical,
    title: Text {
        en: "{config} names no server for the heartbeat",
        zh: "{config} 中没有配置接收心跳的服务器",
    },
    meaning: Text {
        en: "The agent sends its heartbeat to this server and gets its collection configs from it. \
            Without the address it does neither.",
        zh: "客户端向该服务器发送心跳并获取采集配置。没有地址，两者都无法进行。",
    },
    remedy: Text {
        en: "1. [logtail right_config_server] Set {config_server_setting} and {data_server_setting} in \
            {config_file}.\n\
            2. [loglistener right_config_server] Set {config_server_setting} in {config_file}.\n\
            3. [logtail !right_config_server] Set the servers of the project's region in {config_file}: \
            `\"config_server_address\" : \"http://logtail.REGION-intranet.log.aliyuncs.com\"`, and `\"endpoint\" \
            : \"REGION-intranet.log.aliyuncs.com\"` in `data_server_list`. Leave out `-intranet` over the \
            internet.\n\
            4. [loglistener !right_config_server] Set the server of the log topic's region in {config_file}: \
            `proxy_host = REGION.cls.tencentyun.com`, or `proxy_host = REGION.cls.tencentcs.com` over the \
            internet.\n\
            5. Restart the agent: {restart_command}\n\
            6. Verify that `logagent-exporter check` no longer reports it. The console shows a normal heartbeat \
            after about two minutes.",
        zh: "1. [logtail right_config_server] 在 {config_file} 中设置 {config_server_setting} 和 \
            {data_server_setting}。\n\
            2. [loglistener right_config_server] 在 {config_file} 中设置 {config_server_setting}。\n\
            3. [logtail !right_config_server] 在 {config_file} 中设置 Project 所在地域的地址：\
            `\"config_server_address\" : \"http://logtail.REGION-intranet.log.aliyuncs.com\"`，以及 \
            `data_server_list` 中的 `\"endpoint\" : \"REGION-intranet.log.aliyuncs.com\"`。公网则去掉 \
            `-intranet`。\n\
            4. [loglistener !right_config_server] 在 {config_file} 中设置日志主题所在地域的地址：`proxy_host = \
            REGION.cls.tencentyun.com`，公网为 `proxy_host = REGION.cls.tencentcs.com`。\n\
            5. 重启客户端：{restart_command}\n\
            6. 执行 `logagent-exporter check`，确认问题已消失。约两分钟后，控制台显示心跳正常。",
    },
    evidence: &["config"],
    source: sources::STARTUP,
    patience: patience::EDIT,
    summary: Text {
        en: "A log-collection agent's config names no server for the heartbeat.",
        zh: "日志采集客户端的配置中没有接收心跳的服务器。",
    },
};

/// Logtail's config names no server that takes the logs.
pub static DATA_SERVER_MISSING: Cause = Cause {
    id: "data_server_missing",
    prerequisite: Prerequisite::StartupParameters,
    severity: Severity::Critical,
    title: Text {
        en: "{config} names no server for the logs", zh: "{config} 中没有配置接收日志的服务器"
    },
    meaning: Text {
        en: "The agent may send a heartbeat, but it does not know where to send the logs of its project.",
        zh: "客户端可能有心跳，但不知道应将日志发送到哪里。",
    },
    remedy: Text {
        en: "1. [logtail right_config_server] Set {config_server_setting} and {data_server_setting} in \
            {config_file}.\n\
            2. [loglistener right_config_server] Set {config_server_setting} in {config_file}.\n\
            3. [logtail !right_config_server] Set the servers of the project's region in {config_file}: \
            `\"config_server_address\" : \"http://logtail.REGION-intranet.log.aliyuncs.com\"`, and `\"endpoint\" \
            : \"REGION-intranet.log.aliyuncs.com\"` in `data_server_list`. Leave out `-intranet` over the \
            internet.\n\
            4. [loglistener !right_config_server] Set the server of the log topic's region in {config_file}: \
            `proxy_host = REGION.cls.tencentyun.com`, or `proxy_host = REGION.cls.tencentcs.com` over the \
            internet.\n\
            5. Restart the agent: {restart_command}\n\
            6. Verify that `logagent-exporter check` no longer reports it. The console shows a normal heartbeat \
            after about two minutes.",
        zh: "1. [logtail right_config_server] 在 {config_file} 中设置 {config_server_setting} 和 \
            {data_server_setting}。\n\
            2. [loglistener right_config_server] 在 {config_file} 中设置 {config_server_setting}。\n\
            3. [logtail !right_config_server] 在 {config_file} 中设置 Project 所在地域的地址：\
            `\"config_server_address\" : \"http://logtail.REGION-intranet.log.aliyuncs.com\"`，以及 \
            `data_server_list` 中的 `\"endpoint\" : \"REGION-intranet.log.aliyuncs.com\"`。公网则去掉 \
            `-intranet`。\n\
            4. [loglistener !right_config_server] 在 {config_file} 中设置日志主题所在地域的地址：`proxy_host = \
            REGION.cls.tencentyun.com`，公网为 `proxy_host = REGION.cls.tencentcs.com`。\n\
            5. 重启客户端：{restart_command}\n\
            6. 执行 `logagent-exporter check`，确认问题已消失。约两分钟后，控制台显示心跳正常。",
    },
    evidence: &["config"],
    source: sources::SLS_3,
    patience: patience::EDIT,
    summary: Text {
        en: "A log-collection agent's config names no server for the logs.",
        zh: "日志采集客户端的配置中没有接收日志的服务器。",
    },
};

/// A value of the config is still a placeholder from a document or template.
pub static PLACEHOLDER_LEFT: Cause = Cause {
    id: "placeholder_left",
    prerequisite: Prerequisite::StartupParameters,
    severity: Severity::Critical,
    title: Text {
        en: "A placeholder was left in the config: {value}", zh: "配置中遗留了占位符：{value}"
    },
    meaning: Text {
        en: "The agent takes the placeholder literally, as the name of a region or server that does not \
            exist.",
        zh: "客户端会把占位符当作真实的地域或服务端地址，而它并不存在。",
    },
    remedy: Text {
        en: "1. Replace {value} in {config_file}.\n\
            2. [logtail right_config_server] Set {config_server_setting} and {data_server_setting} in \
            {config_file}.\n\
            3. [loglistener right_config_server] Set {config_server_setting} in {config_file}.\n\
            4. [logtail !right_config_server] Set the servers of the project's region in {config_file}: \
            `\"config_server_address\" : \"http://logtail.REGION-intranet.log.aliyuncs.com\"`, and `\"endpoint\" \
            : \"REGION-intranet.log.aliyuncs.com\"` in `data_server_list`. Leave out `-intranet` over the \
            internet.\n\
            5. [loglistener !right_config_server] Set the server of the log topic's region in {config_file}: \
            `proxy_host = REGION.cls.tencentyun.com`, or `proxy_host = REGION.cls.tencentcs.com` over the \
            internet.\n\
            6. Restart the agent: {restart_command}\n\
            7. Verify that `logagent-exporter check` no longer reports it. The console shows a normal heartbeat \
            after about two minutes.",
        zh: "1. 替换 {config_file} 中的 {value}。\n\
            2. [logtail right_config_server] 在 {config_file} 中设置 {config_server_setting} 和 \
            {data_server_setting}。\n\
            3. [loglistener right_config_server] 在 {config_file} 中设置 {config_server_setting}。\n\
            4. [logtail !right_config_server] 在 {config_file} 中设置 Project 所在地域的地址：\
            `\"config_server_address\" : \"http://logtail.REGION-intranet.log.aliyuncs.com\"`，以及 \
            `data_server_list` 中的 `\"endpoint\" : \"REGION-intranet.log.aliyuncs.com\"`。公网则去掉 \
            `-intranet`。\n\
            5. [loglistener !right_config_server] 在 {config_file} 中设置日志主题所在地域的地址：`proxy_host = \
            REGION.cls.tencentyun.com`，公网为 `proxy_host = REGION.cls.tencentcs.com`。\n\
            6. 重启客户端：{restart_command}\n\
            7. 执行 `logagent-exporter check`，确认问题已消失。约两分钟后，控制台显示心跳正常。",
    },
    evidence: &["value"],
    source: sources::STARTUP,
    patience: patience::EDIT,
    summary: Text {
        en: "A template's placeholder was left in a log-collection agent's config.",
        zh: "日志采集客户端的配置中残留了占位符。",
    },
};

/// A server in the config is not an address that can be connected to.
pub static ENDPOINT_MALFORMED: Cause = Cause {
    id: "endpoint_malformed",
    prerequisite: Prerequisite::StartupParameters,
    severity: Severity::Critical,
    title: Text {
        en: "The config has an unusable server address: {value}",
        zh: "配置中的服务器地址无效：{value}",
    },
    meaning: Text {
        en: "The agent cannot turn this value into an address, so it never connects to that server.",
        zh: "客户端无法将该值解析为地址，因此无法连接该服务器。",
    },
    remedy: Text {
        en: "1. [logtail] Correct {value} in {config_file}. A config server is a URL without a path, a data \
            server a bare host name.\n\
            2. [loglistener] Correct {value} in {config_file}: a bare host name without scheme, path or blanks.\n\
            3. [logtail right_config_server] Set {config_server_setting} and {data_server_setting} in \
            {config_file}.\n\
            4. [loglistener right_config_server] Set {config_server_setting} in {config_file}.\n\
            5. [logtail !right_config_server] Set the servers of the project's region in {config_file}: \
            `\"config_server_address\" : \"http://logtail.REGION-intranet.log.aliyuncs.com\"`, and `\"endpoint\" \
            : \"REGION-intranet.log.aliyuncs.com\"` in `data_server_list`. Leave out `-intranet` over the \
            internet.\n\
            6. [loglistener !right_config_server] Set the server of the log topic's region in {config_file}: \
            `proxy_host = REGION.cls.tencentyun.com`, or `proxy_host = REGION.cls.tencentcs.com` over the \
            internet.\n\
            7. Restart the agent: {restart_command}\n\
            8. Verify that `logagent-exporter check` no longer reports it. The console shows a normal heartbeat \
            after about two minutes.",
        zh: "1. [logtail] 修正 {config_file} 中的 {value}。配置服务器是不带路径的 URL，数据服务器只填域名。\n\
            2. [loglistener] 修正 {config_file} 中的 {value}：只填域名，不带协议、路径和空格。\n\
            3. [logtail right_config_server] 在 {config_file} 中设置 {config_server_setting} 和 \
            {data_server_setting}。\n\
            4. [loglistener right_config_server] 在 {config_file} 中设置 {config_server_setting}。\n\
            5. [logtail !right_config_server] 在 {config_file} 中设置 Project 所在地域的地址：\
            `\"config_server_address\" : \"http://logtail.REGION-intranet.log.aliyuncs.com\"`，以及 \
            `data_server_list` 中的 `\"endpoint\" : \"REGION-intranet.log.aliyuncs.com\"`。公网则去掉 \
            `-intranet`。\n\
            6. [loglistener !right_config_server] 在 {config_file} 中设置日志主题所在地域的地址：`proxy_host = \
            REGION.cls.tencentyun.com`，公网为 `proxy_host = REGION.cls.tencentcs.com`。\n\
            7. 重启客户端：{restart_command}\n\
            8. 执行 `logagent-exporter check`，确认问题已消失。约两分钟后，控制台显示心跳正常。",
    },
    evidence: &["value"],
    source: sources::STARTUP,
    patience: patience::EDIT,
    summary: Text {
        en: "A log-collection agent's config has an unusable server address.",
        zh: "日志采集客户端的配置中有无效的服务器地址。",
    },
};

/// A server in the config is under a domain that the vendor has retired or replaced.
pub static DOMAIN_DEPRECATED: Cause = Cause {
    id: "domain_deprecated",
    prerequisite: Prerequisite::StartupParameters,
    severity: Severity::Warning,
    title: Text {
        en: "The server {server} is under a domain that the vendor has replaced",
        zh: "服务器 {server} 使用了已被替代的域名",
    },
    meaning: Text {
        en: "Retired domains can stop answering at any time, and with them the heartbeat stops.",
        zh: "已被替代的域名随时可能停止服务，届时心跳也会中断。",
    },
    remedy: Text {
        en: "1. [logtail right_config_server] Set {config_server_setting} and {data_server_setting} in \
            {config_file}.\n\
            2. [loglistener right_config_server] Set {config_server_setting} in {config_file}.\n\
            3. [logtail !right_config_server] Set the servers of the project's region in {config_file}: \
            `\"config_server_address\" : \"http://logtail.REGION-intranet.log.aliyuncs.com\"`, and `\"endpoint\" \
            : \"REGION-intranet.log.aliyuncs.com\"` in `data_server_list`. Leave out `-intranet` over the \
            internet.\n\
            4. [loglistener !right_config_server] Set the server of the log topic's region in {config_file}: \
            `proxy_host = REGION.cls.tencentyun.com`, or `proxy_host = REGION.cls.tencentcs.com` over the \
            internet.\n\
            5. Restart the agent: {restart_command}\n\
            6. Verify that `logagent-exporter check` no longer reports it. The console shows a normal heartbeat \
            after about two minutes.",
        zh: "1. [logtail right_config_server] 在 {config_file} 中设置 {config_server_setting} 和 \
            {data_server_setting}。\n\
            2. [loglistener right_config_server] 在 {config_file} 中设置 {config_server_setting}。\n\
            3. [logtail !right_config_server] 在 {config_file} 中设置 Project 所在地域的地址：\
            `\"config_server_address\" : \"http://logtail.REGION-intranet.log.aliyuncs.com\"`，以及 \
            `data_server_list` 中的 `\"endpoint\" : \"REGION-intranet.log.aliyuncs.com\"`。公网则去掉 \
            `-intranet`。\n\
            4. [loglistener !right_config_server] 在 {config_file} 中设置日志主题所在地域的地址：`proxy_host = \
            REGION.cls.tencentyun.com`，公网为 `proxy_host = REGION.cls.tencentcs.com`。\n\
            5. 重启客户端：{restart_command}\n\
            6. 执行 `logagent-exporter check`，确认问题已消失。约两分钟后，控制台显示心跳正常。",
    },
    evidence: &["server"],
    source: sources::OWN_STARTUP,
    patience: patience::TICKET,
    summary: Text {
        en: "A log-collection agent uses a domain that the vendor has replaced.",
        zh: "日志采集客户端使用了已被厂商替代的域名。",
    },
};

/// The version string is that of the community edition.
pub static COMMUNITY_EDITION: Cause = Cause {
    id: "community_edition",
    prerequisite: Prerequisite::StartupParameters,
    severity: Severity::Warning,
    title: Text {
        en: "This is a community edition ({version}), which has no machine group heartbeat",
        zh: "当前为社区版（{version}），没有机器组心跳",
    },
    meaning: Text {
        en: "The community editions of iLogtail and LoongCollector do not report to machine groups of \
            Simple Log Service. Only processes, config, network and restarts are watched here.",
        zh: "iLogtail 和 LoongCollector 社区版不会向日志服务的机器组上报心跳。此处只检查进程、启动参数、网\
            络和重启。",
    },
    remedy: Text {
        en: "1. If this host belongs to a machine group, stop and remove the community edition (its collection \
            ends with that), and install the edition of Simple Log Service: {install_document}\n\
            2. If the community edition is intended, set `ignore: [community_edition]` for the agent {agent} in \
            the exporter's config, and reload the exporter: `sudo systemctl reload logagent-exporter`\n\
            3. Verify that `logagent-exporter check` no longer reports it.",
        zh: "1. 如果本机应属于某个机器组，请停止并卸载社区版（其采集也随之停止），再安装日志服务的商业版：\
            {install_document}\n\
            2. 如果确实要使用社区版，请在 exporter 配置中为 {agent} 设置 `ignore: [community_edition]`，并重新加\
            载 exporter：`sudo systemctl reload logagent-exporter`\n\
            3. 执行 `logagent-exporter check`，确认问题已消失。",
    },
    evidence: &["version"],
    source: sources::COMMUNITY,
    patience: patience::TICKET,
    summary: Text {
        en: "A community edition runs, which has no machine group heartbeat.",
        zh: "运行的是社区版客户端，没有机器组心跳。",
    },
};

/// The config's servers are under keys, or in a form, that only later versions read.
pub static CONFIG_FORMAT_UNSUPPORTED: Cause = Cause {
    id: "config_format_unsupported",
    prerequisite: Prerequisite::StartupParameters,
    severity: Severity::Critical,
    title: Text {
        en: "Version {version} of the agent cannot read {key} in its config; {since} and later can",
        zh: "客户端版本 {version} 无法识别配置中的 {key}，{since} 及以上版本才支持",
    },
    meaning: Text {
        en: "The agent ignores keys that it does not know, so it has no server to report to, although the config names one.",
        zh: "客户端会忽略无法识别的配置项，因此即使配置中写了服务端地址，它也没有可上报的服务端。",
    },
    remedy: Text {
        en: "1. Either upgrade the agent to {since} or later, with the same installation parameters: \
            {install_document}\n\
            2. Or write what this version reads ({instead}) into {config_file}, and restart the agent: \
            {restart_command}\n\
            3. Verify that `logagent-exporter check` no longer reports it. The console shows a normal heartbeat \
            after about two minutes.",
        zh: "1. 使用相同的安装参数将客户端升级到 {since} 或更高版本：{install_document}\n\
            2. 或在 {config_file} 中改用该版本支持的写法（{instead}），然后重启客户端：{restart_command}\n\
            3. 执行 `logagent-exporter check`，确认问题已消失。约两分钟后，控制台显示心跳正常。",
    },
    evidence: &["version", "key", "since", "instead"],
    source: sources::CONFIG_FORMS,
    patience: patience::EDIT,
    summary: Text {
        en: "A log-collection agent is too old for the format of its config.",
        zh: "日志采集客户端版本过低，无法识别其配置格式。",
    },
};

/// All of them, in the order of the contract.
pub static CAUSES: &[&Cause] = &[
    &CONFIG_MISSING,
    &CONFIG_UNREADABLE,
    &CONFIG_INVALID,
    &CONFIG_SERVER_MISSING,
    &DATA_SERVER_MISSING,
    &PLACEHOLDER_LEFT,
    &REGION_MISMATCH,
    &REGION_INCONSISTENT,
    &NETWORK_TYPE_MISMATCH,
    &NETWORK_TYPE_INCONSISTENT,
    &ENDPOINT_MALFORMED,
    &REGION_UNKNOWN,
    &DOMAIN_DEPRECATED,
    &COMMUNITY_EDITION,
    &CONFIG_FORMAT_UNSUPPORTED,
    &NO_COLLECTION_CONFIG,
];
