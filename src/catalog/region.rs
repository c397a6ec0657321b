//! Causes of the prerequisite `startup_parameters` that are about regions and network types.

use super::{patience, sources};
use crate::model::{Cause, Prerequisite, Severity, Text};

/// The servers of the config are those of another region than expected.
pub static REGION_MISMATCH: Cause = Cause {
    id: "region_mismatch",
    prerequisite: Prerequisite::StartupParameters,
    severity: Severity::Critical,
    title: Text {
        en: "The config's servers are in region {configured}, expected is {expected}",
        zh: "配置的服务端地域为 {configured}，预期为 {expected}",
    },
    meaning: Text {
        en: "Machine groups and log topics belong to one region. An agent that reports to another has no \
            heartbeat in its group and gets no collection config.",
        zh: "机器组、Project 和日志主题都属于特定地域。客户端连接到其他地域时，在机器组中没有心跳，也拿不\
            到采集配置。",
    },
    remedy: Text {
        en: "1. Check that {expected} is the region of the project (SLS) or log topic (CLS); the region \
            of the host does not matter.\n\
            2. Edit {config_file}. Logtail: set the config server to {right_config_server}, the data \
            server's `endpoint` to {right_data_server} and its `cluster` to {expected_region} (files of \
            newer installers: `config_servers`, `endpoint_list`, `region`). LogListener: set `proxy_host` \
            to {right_config_server}. In a Logtail container, the path in ALIYUN_LOGTAIL_CONFIG decides \
            instead.\n\
            3. Restart the agent: {restart_command}\n\
            4. Verify that the heartbeat in the console is normal after about two minutes.",
        zh: "1. 确认 {expected} 是 Project（SLS）或日志主题（CLS）所在的地域；与机器所在的地域无关。\n\
            2. 修改 {config_file}。Logtail：将配置服务端设为 {right_config_server}，数据服务端的 \
            `endpoint` 设为 {right_data_server}，`cluster` 设为 {expected_region}（新版安装脚本生成的文件\
            对应 `config_servers`、`endpoint_list`、`region`）。LogListener：将 `proxy_host` 设为 \
            {right_config_server}。Logtail 容器则由环境变量 ALIYUN_LOGTAIL_CONFIG 中的路径决定。\n\
            3. 重启客户端：{restart_command}\n\
            4. 约两分钟后，在控制台确认心跳正常。",
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
        zh: "配置服务端 {config_server} 与数据服务端 {data_server} 的地域不一致",
    },
    meaning: Text {
        en: "Collection configs come from one region and logs go to another, where the project does not \
            exist: the heartbeat or the logs get lost.",
        zh: "采集配置来自一个地域，日志却发往另一个没有该 Project 的地域，心跳或日志会丢失。",
    },
    remedy: Text {
        en: "1. Find out the region of the project in the console.\n\
            2. Make both servers in {config_file} those of this region, \
            `http://logtail.REGION-intranet.log.aliyuncs.com` and `REGION-intranet.log.aliyuncs.com` \
            (over the internet without `-intranet`), and `cluster` (or `region`) as well. Expected of \
            this host: {right_config_server} and {right_data_server}\n\
            3. Restart the agent: {restart_command}\n\
            4. Verify that the heartbeat in the console is normal after about two minutes.",
        zh: "1. 在控制台查看 Project 所在的地域。\n\
            2. 将 {config_file} 中的两个地址改为该地域的地址：\
            `http://logtail.REGION-intranet.log.aliyuncs.com` 和 `REGION-intranet.log.aliyuncs.com`（公网\
            去掉 `-intranet`），并同步修改 `cluster`（或 `region`）。按本机的预期应为：\
            {right_config_server} 和 {right_data_server}\n\
            3. 重启客户端：{restart_command}\n\
            4. 约两分钟后，在控制台确认心跳正常。",
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
        en: "The config's servers are for the {configured} network, expected is {expected}",
        zh: "配置的服务端网络类型为 {configured}，预期为 {expected}",
    },
    meaning: Text {
        en: "Internal addresses answer only within the cloud's network of the same region; public ones \
            need a way to the internet and cost traffic. The wrong type leaves the agent without a \
            connection, or with an expensive one.",
        zh: "内网地址只能在同地域的云内网络中访问；公网地址需要公网出口并产生流量费用。网络类型错误会导致\
            无法连接，或产生不必要的费用。",
    },
    remedy: Text {
        en: "1. Choose the network: intranet for an ECS or CVM in the region of the project or log topic, \
            else internet (or acceleration, where it is enabled for the project).\n\
            2. Edit {config_file}. Logtail: set the config server to {right_config_server} and the data \
            server's `endpoint` (or `endpoint_list`) to {right_data_server}. LogListener: set \
            `proxy_host` to {right_config_server}. In a Logtail container, the path in \
            ALIYUN_LOGTAIL_CONFIG decides instead.\n\
            3. Restart the agent: {restart_command}\n\
            4. Verify that the heartbeat in the console is normal after about two minutes.",
        zh: "1. 选择网络类型：与 Project 或日志主题同地域的 ECS、CVM 使用内网（intranet），其他情况使用公\
            网（internet），或使用已为 Project 开启的传输加速（acceleration）。\n\
            2. 修改 {config_file}。Logtail：将配置服务端设为 {right_config_server}，数据服务端的 \
            `endpoint`（或 `endpoint_list`）设为 {right_data_server}。LogListener：将 `proxy_host` 设为 \
            {right_config_server}。Logtail 容器则由环境变量 ALIYUN_LOGTAIL_CONFIG 中的路径决定。\n\
            3. 重启客户端：{restart_command}\n\
            4. 约两分钟后，在控制台确认心跳正常。",
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
        zh: "配置服务端 {config_server} 与数据服务端 {data_server} 的网络类型不一致",
    },
    meaning: Text {
        en: "A host that reaches the one address may well not reach the other: heartbeat without logs, or \
            logs without heartbeat.",
        zh: "能访问其中一个地址的机器未必能访问另一个：会出现有心跳没日志，或有日志没心跳。",
    },
    remedy: Text {
        en: "1. Make both servers in {config_file} of one network type: \
            `http://logtail.REGION-intranet.log.aliyuncs.com` and `REGION-intranet.log.aliyuncs.com` for \
            an ECS in the region of the project, both without `-intranet` elsewhere. Expected of this \
            host: {right_config_server} and {right_data_server}\n\
            2. Restart the agent: {restart_command}\n\
            3. Verify that the heartbeat in the console is normal after about two minutes.",
        zh: "1. 将 {config_file} 中的两个地址改为同一种网络类型：与 Project 同地域的 ECS 使用 \
            `http://logtail.REGION-intranet.log.aliyuncs.com` 和 `REGION-intranet.log.aliyuncs.com`，其他\
            情况两者均去掉 `-intranet`。按本机的预期应为：{right_config_server} 和 {right_data_server}\n\
            2. 重启客户端：{restart_command}\n\
            3. 约两分钟后，在控制台确认心跳正常。",
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
        en: "1. Compare {region} in {config_file} with the region of the project or log topic in the \
            console. Correct it if it differs, then restart: {restart_command}\n\
            2. If the region is right and the exporter only does not know it, add `ignore: \
            [region_unknown]` to the agent {agent} in the exporter's config.",
        zh: "1. 将 {config_file} 中的 {region} 与控制台中 Project 或日志主题的地域对比。如果不一致请修改，\
            然后重启：{restart_command}\n\
            2. 如果地域正确、只是 exporter 尚未收录，请在 exporter 配置中为 {agent} 添加 `ignore: \
            [region_unknown]`。",
    },
    evidence: &["region"],
    source: sources::SLS_3_CLS_2,
    patience: patience::TICKET,
    summary: Text {
        en: "A log-collection agent's config names an unknown region.",
        zh: "日志采集客户端的配置中有未知地域。",
    },
};
