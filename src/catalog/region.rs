//! Causes of the prerequisite `startup_parameters` that are about regions and network types.

use super::{patience, sources};
use crate::model::{Cause, Prerequisite, Severity, Text};

/// The servers of the config are those of another region than expected.
pub static REGION_MISMATCH: Cause = Cause {
    id: "region_mismatch",
    prerequisite: Prerequisite::StartupParameters,
    severity: Severity::Critical,
    title: Text {
        en: "The config's servers are in region {configured}, expected {expected}",
        zh: "配置中服务器的地域为 {configured}，预期为 {expected}",
    },
    meaning: Text {
        en: "Machine groups and log topics belong to one region. An agent that reports to another has no \
            heartbeat in its group and gets no collection config.",
        zh: "机器组、Project 和日志主题都属于特定地域。客户端连接到其他地域时，在机器组中没有心跳，也无法获取采集配置。",
    },
    remedy: Text {
        en: "1. Check that {expected} is the region of the project or log topic. The region of the host does not \
            matter.\n\
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
            6. [logtail] In a container, the path in ALIYUN_LOGTAIL_CONFIG decides instead.\n\
            7. Restart the agent: {restart_command}\n\
            8. Verify that `logagent-exporter check` no longer reports it. The console shows a normal heartbeat \
            after about two minutes.",
        zh: "1. 确认 {expected} 是 Project 或日志主题所在的地域；与机器所在的地域无关。\n\
            2. [logtail right_config_server] 在 {config_file} 中设置 {config_server_setting} 和 \
            {data_server_setting}。\n\
            3. [loglistener right_config_server] 在 {config_file} 中设置 {config_server_setting}。\n\
            4. [logtail !right_config_server] 在 {config_file} 中设置 Project 所在地域的地址：\
            `\"config_server_address\" : \"http://logtail.REGION-intranet.log.aliyuncs.com\"`，以及 \
            `data_server_list` 中的 `\"endpoint\" : \"REGION-intranet.log.aliyuncs.com\"`。公网则去掉 \
            `-intranet`。\n\
            5. [loglistener !right_config_server] 在 {config_file} 中设置日志主题所在地域的地址：`proxy_host = \
            REGION.cls.tencentyun.com`，公网为 `proxy_host = REGION.cls.tencentcs.com`。\n\
            6. [logtail] 如果在容器中，则由环境变量 ALIYUN_LOGTAIL_CONFIG 中的路径决定。\n\
            7. 重启客户端：{restart_command}\n\
            8. 执行 `logagent-exporter check`，确认问题已消失。约两分钟后，控制台显示心跳正常。",
    },
    evidence: &["configured", "expected"],
    source: sources::SLS_3_CLS_2,
    patience: patience::EDIT,
    summary: Text {
        en: "A log-collection agent reports to another region than expected.",
        zh: "日志采集客户端的地域与预期不一致。",
    },
};

/// Config server and data server are in different regions.
pub static REGION_INCONSISTENT: Cause = Cause {
    id: "region_inconsistent",
    prerequisite: Prerequisite::StartupParameters,
    severity: Severity::Critical,
    title: Text {
        en: "Config server {config_server} and data server {data_server} differ in region",
        zh: "配置服务器 {config_server} 与数据服务器 {data_server} 的地域不一致",
    },
    meaning: Text {
        en: "Collection configs come from one region and logs go to another, where the project does not \
            exist: the heartbeat or the logs get lost.",
        zh: "采集配置来自一个地域，日志却发往另一个没有该 Project 的地域，心跳或日志会丢失。",
    },
    remedy: Text {
        en: "1. See the region of the project in the console.\n\
            2. [logtail right_config_server] Set {config_server_setting} and {data_server_setting} in \
            {config_file}.\n\
            3. [logtail !right_config_server] Set the servers of the project's region in {config_file}: \
            `\"config_server_address\" : \"http://logtail.REGION-intranet.log.aliyuncs.com\"`, and `\"endpoint\" \
            : \"REGION-intranet.log.aliyuncs.com\"` in `data_server_list`. Leave out `-intranet` over the \
            internet.\n\
            4. Restart the agent: {restart_command}\n\
            5. Verify that `logagent-exporter check` no longer reports it. The console shows a normal heartbeat \
            after about two minutes.",
        zh: "1. 在控制台查看 Project 所在的地域。\n\
            2. [logtail right_config_server] 在 {config_file} 中设置 {config_server_setting} 和 \
            {data_server_setting}。\n\
            3. [logtail !right_config_server] 在 {config_file} 中设置 Project 所在地域的地址：\
            `\"config_server_address\" : \"http://logtail.REGION-intranet.log.aliyuncs.com\"`，以及 \
            `data_server_list` 中的 `\"endpoint\" : \"REGION-intranet.log.aliyuncs.com\"`。公网则去掉 \
            `-intranet`。\n\
            4. 重启客户端：{restart_command}\n\
            5. 执行 `logagent-exporter check`，确认问题已消失。约两分钟后，控制台显示心跳正常。",
    },
    evidence: &["config_server", "data_server"],
    source: sources::SLS_3,
    patience: patience::EDIT,
    summary: Text {
        en: "A log-collection agent's servers are in different regions.",
        zh: "日志采集客户端的两个服务器不在同一地域。",
    },
};

/// The servers of the config are for another network type than expected.
pub static NETWORK_TYPE_MISMATCH: Cause = Cause {
    id: "network_type_mismatch",
    prerequisite: Prerequisite::StartupParameters,
    severity: Severity::Critical,
    title: Text {
        en: "The config's servers are for the {configured} network, expected {expected}",
        zh: "配置中服务器的网络类型为 {configured}，预期为 {expected}",
    },
    meaning: Text {
        en: "Internal addresses answer only within the cloud's network of the same region; public ones need a route to the internet, and their traffic is charged. The wrong type leaves the agent without a \
            connection, or with an expensive one.",
        zh: "内网地址只能在同地域的云内网络中访问；公网地址需要公网出口并产生流量费用。网络类型错误会导致\
            无法连接，或产生不必要的费用。",
    },
    remedy: Text {
        en: "1. Check that {expected} suits this host: `intranet` for an ECS or CVM in the region of the project \
            or log topic, else `internet`, or `acceleration` where the project has it enabled.\n\
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
            6. [logtail] In a container, the path in ALIYUN_LOGTAIL_CONFIG decides instead.\n\
            7. Restart the agent: {restart_command}\n\
            8. Verify that `logagent-exporter check` no longer reports it. The console shows a normal heartbeat \
            after about two minutes.",
        zh: "1. 确认 {expected} 适合本机：与 Project 或日志主题同地域的 ECS、CVM 使用 `intranet`，其他情况使用 \
            `internet`，或使用已为 Project 开启的 `acceleration`。\n\
            2. [logtail right_config_server] 在 {config_file} 中设置 {config_server_setting} 和 \
            {data_server_setting}。\n\
            3. [loglistener right_config_server] 在 {config_file} 中设置 {config_server_setting}。\n\
            4. [logtail !right_config_server] 在 {config_file} 中设置 Project 所在地域的地址：\
            `\"config_server_address\" : \"http://logtail.REGION-intranet.log.aliyuncs.com\"`，以及 \
            `data_server_list` 中的 `\"endpoint\" : \"REGION-intranet.log.aliyuncs.com\"`。公网则去掉 \
            `-intranet`。\n\
            5. [loglistener !right_config_server] 在 {config_file} 中设置日志主题所在地域的地址：`proxy_host = \
            REGION.cls.tencentyun.com`，公网为 `proxy_host = REGION.cls.tencentcs.com`。\n\
            6. [logtail] 如果在容器中，则由环境变量 ALIYUN_LOGTAIL_CONFIG 中的路径决定。\n\
            7. 重启客户端：{restart_command}\n\
            8. 执行 `logagent-exporter check`，确认问题已消失。约两分钟后，控制台显示心跳正常。",
    },
    evidence: &["configured", "expected"],
    source: sources::SLS_3_CLS_COLLECTION,
    patience: patience::EDIT,
    summary: Text {
        en: "A log-collection agent's servers are for another network than expected.",
        zh: "日志采集客户端的网络类型与预期不一致。",
    },
};

/// Config server and data server are for different network types.
pub static NETWORK_TYPE_INCONSISTENT: Cause = Cause {
    id: "network_type_inconsistent",
    prerequisite: Prerequisite::StartupParameters,
    severity: Severity::Critical,
    title: Text {
        en: "Config server {config_server} and data server {data_server} differ in network type",
        zh: "配置服务器 {config_server} 与数据服务器 {data_server} 的网络类型不一致",
    },
    meaning: Text {
        en: "A host that reaches one of them may not reach the other: heartbeat without logs, or \
            logs without heartbeat.",
        zh: "能访问其中一个地址的机器未必能访问另一个：会出现有心跳没日志，或有日志没心跳。",
    },
    remedy: Text {
        en: "1. [logtail right_config_server] Set {config_server_setting} and {data_server_setting} in \
            {config_file}.\n\
            2. [logtail !right_config_server] Set the servers of the project's region in {config_file}: \
            `\"config_server_address\" : \"http://logtail.REGION-intranet.log.aliyuncs.com\"`, and `\"endpoint\" \
            : \"REGION-intranet.log.aliyuncs.com\"` in `data_server_list`. Leave out `-intranet` over the \
            internet.\n\
            3. Restart the agent: {restart_command}\n\
            4. Verify that `logagent-exporter check` no longer reports it. The console shows a normal heartbeat \
            after about two minutes.",
        zh: "1. [logtail right_config_server] 在 {config_file} 中设置 {config_server_setting} 和 \
            {data_server_setting}。\n\
            2. [logtail !right_config_server] 在 {config_file} 中设置 Project 所在地域的地址：\
            `\"config_server_address\" : \"http://logtail.REGION-intranet.log.aliyuncs.com\"`，以及 \
            `data_server_list` 中的 `\"endpoint\" : \"REGION-intranet.log.aliyuncs.com\"`。公网则去掉 \
            `-intranet`。\n\
            3. 重启客户端：{restart_command}\n\
            4. 执行 `logagent-exporter check`，确认问题已消失。约两分钟后，控制台显示心跳正常。",
    },
    evidence: &["config_server", "data_server"],
    source: sources::SLS_3,
    patience: patience::EDIT,
    summary: Text {
        en: "A log-collection agent's servers are of different network types.",
        zh: "日志采集客户端的两个服务器网络类型不一致。",
    },
};

/// The region in the config is in no list of the vendor's documents.
pub static REGION_UNKNOWN: Cause = Cause {
    id: "region_unknown",
    prerequisite: Prerequisite::StartupParameters,
    severity: Severity::Warning,
    title: Text {
        en: "The config names the region {region}, which the vendor's documents do not list",
        zh: "配置中的地域 {region} 不在官方文档的地域列表中",
    },
    meaning: Text {
        en: "A misspelled region, or a zone such as cn-hangzhou-b in its place, gives a server name that \
            does not exist. A region newer than this exporter's list is fine.",
        zh: "地域拼写错误，或误填了可用区（如 cn-hangzhou-b），会得到不存在的域名。如果只是比本 exporter \
            的列表更新的地域，则没有问题。",
    },
    remedy: Text {
        en: "1. Compare {region} in {config_file} with the region of the project or log topic in the console. If \
            it differs, correct it and restart the agent: {restart_command}\n\
            2. If the region is right and only the exporter does not know it, set `ignore: [region_unknown]` for \
            the agent {agent} in the exporter's config, and reload the exporter: `sudo systemctl reload \
            logagent-exporter`\n\
            3. Verify that `logagent-exporter check` no longer reports it. The console shows a normal heartbeat \
            after about two minutes.",
        zh: "1. 将 {config_file} 中的 {region} 与控制台中 Project 或日志主题的地域对比。如果不一致，请修改并重启\
            客户端：{restart_command}\n\
            2. 如果地域正确、只是 exporter 尚未收录，请在 exporter 配置中为 {agent} 设置 `ignore: \
            [region_unknown]`，并重新加载 exporter：`sudo systemctl reload logagent-exporter`\n\
            3. 执行 `logagent-exporter check`，确认问题已消失。约两分钟后，控制台显示心跳正常。",
    },
    evidence: &["region"],
    source: sources::SLS_3_CLS_2,
    patience: patience::TICKET,
    summary: Text {
        en: "A log-collection agent's config names an unknown region.",
        zh: "日志采集客户端的配置中有未知地域。",
    },
};
