//! Causes of the prerequisite `ip` that are about `group_ip` and `group_label`.

use super::{patience, sources};
use crate::model::{Cause, Prerequisite, Severity, Text};

/// `group_ip` is not the address that the server group has for this host.
pub static GROUP_IP_MISMATCH: Cause = Cause {
    id: "group_ip_mismatch",
    prerequisite: Prerequisite::Ip,
    severity: Severity::Critical,
    title: Text {
        en: "group_ip is {group_ip}, but the server group has {expected}",
        zh: "group_ip 为 {group_ip}，而机器组中填写的是 {expected}",
    },
    meaning: Text {
        en: "CLS matches the heartbeat to a server group by group_ip, so it must be the IP that was \
            entered in the console. LogListener fills it at its installation and does not follow later \
            changes.",
        zh: "CLS 通过 group_ip 将心跳匹配到机器组，因此它必须与控制台机器组中填写的 IP 一致。LogListener \
            仅在安装时自动获取，之后 IP 变化不会自动更新。",
    },
    remedy: Text {
        en: "1. Find out which address is right: `ip -4 addr show`\n\
            2. If {expected} is right, set `group_ip = {expected}` in {config_file} (3.4 and later: \
            `agent_ip`), then restart: {restart_command}\n\
            3. If {group_ip} is right, enter it in the server group in the CLS console and as \
            `server_group_ip` of the agent {agent} in the exporter's config.\n\
            4. Verify that the server group shows this host as normal after about a minute.",
        zh: "1. 确认哪个地址正确：`ip -4 addr show`\n\
            2. 如果 {expected} 正确，请在 {config_file} 中设置 `group_ip = {expected}`（3.4 及以上版本为 \
            `agent_ip`），然后重启：{restart_command}\n\
            3. 如果 {group_ip} 正确，请在 CLS 控制台的机器组中填写该 IP，并在 exporter 配置中将 {agent} \
            的 `server_group_ip` 改为该 IP。\n\
            4. 约一分钟后确认机器组中本机状态正常。",
    },
    evidence: &["group_ip", "expected"],
    source: sources::CLS_1_4,
    patience: patience::EDIT,
    summary: Text {
        en: "LogListener's group_ip is not the address in the server group.",
        zh: "LogListener 的 group_ip 与机器组中的 IP 不一致。",
    },
};

/// The expected address of the server group is a range or a list.
pub static GROUP_IP_IS_RANGE: Cause = Cause {
    id: "group_ip_is_range",
    prerequisite: Prerequisite::Ip,
    severity: Severity::Critical,
    title: Text {
        en: "The server group's IP {expected} is a range or list, which CLS does not support",
        zh: "机器组的 IP {expected} 是网段或列表，CLS 不支持",
    },
    meaning: Text {
        en: "CLS compares each line of the server group with group_ip as one address. A range matches no \
            host.",
        zh: "CLS 将机器组中的每一行作为单个 IP 与 group_ip 比较，网段无法匹配任何机器。",
    },
    remedy: Text {
        en: "1. In the CLS console, enter each host of the server group as a single IPv4 address on a \
            line of its own.\n\
            2. Set `server_group_ip` of the agent {agent} in the exporter's config to this host's own \
            address in that list, which must equal `group_ip` in {config_file}, and reload the exporter \
            (SIGHUP or POST /-/reload).\n\
            3. For many or changing hosts, use a server group by label instead: `group_label` in \
            {config_file} and `server_group_label` in the exporter's config.",
        zh: "1. 在 CLS 控制台的机器组中，每台机器单独一行填写一个 IPv4 地址。\n\
            2. 在 exporter 配置中将 {agent} 的 `server_group_ip` 设为列表中本机的地址（必须与 \
            {config_file} 中的 `group_ip` 一致），然后重新加载 exporter（发送 SIGHUP 或 POST /-/reload）。\n\
            3. 如果机器较多或经常变化，建议改用标签型机器组：{config_file} 中的 `group_label` 和 exporter \
            配置中的 `server_group_label`。",
    },
    evidence: &["expected"],
    source: sources::CLS_COLLECTION,
    patience: patience::EDIT,
    summary: Text {
        en: "A server group's IP is a range or list, which CLS does not support.",
        zh: "机器组的 IP 是网段或列表，CLS 不支持。",
    },
};

/// `group_ip` is a public address while the server is an internal domain.
pub static GROUP_IP_NOT_PRIVATE: Cause = Cause {
    id: "group_ip_not_private",
    prerequisite: Prerequisite::Ip,
    severity: Severity::Warning,
    title: Text {
        en: "group_ip {group_ip} is not a private address, but {server} is an internal domain",
        zh: "group_ip {group_ip} 不是内网地址，但 {server} 是内网域名",
    },
    meaning: Text {
        en: "A CVM in the region of CLS talks to it over the private network and joins its server group \
            with its private address. A public one here is most likely not what the console has.",
        zh: "与 CLS 同地域的 CVM 通过内网通信，应以内网 IP 加入机器组。此处使用公网 IP，很可能与控制台填写\
            的不一致。",
    },
    remedy: Text {
        en: "1. Compare with the IP in the server group in the CLS console.\n\
            2. On a CVM of that region, set `group_ip` in {config_file} (3.4 and later: `agent_ip`) to \
            the private address that `ip -4 addr show` lists, and enter the same in the console. On any \
            other host, set `proxy_host` to the public domain, REGION.cls.tencentcs.com (public traffic \
            is charged).\n\
            3. Restart the agent: {restart_command}\n\
            4. Verify that the server group shows this host as normal after about a minute.",
        zh: "1. 与 CLS 控制台机器组中填写的 IP 对比。\n\
            2. 如果是该地域的 CVM，请将 {config_file} 中的 `group_ip`（3.4 及以上版本为 `agent_ip`）改为 \
            `ip -4 addr show` 中的内网 IP，并在控制台填写相同的 IP。其他机器请将 `proxy_host` 改为公网域\
            名 REGION.cls.tencentcs.com（会产生公网流量费用）。\n\
            3. 重启客户端：{restart_command}\n\
            4. 约一分钟后确认机器组中本机状态正常。",
    },
    evidence: &["group_ip", "server"],
    source: sources::CLS_COLLECTION,
    patience: patience::TICKET,
    summary: Text {
        en: "LogListener reports a public address over the internal network.",
        zh: "LogListener 通过内网域名上报了公网 IP。",
    },
};

/// A label is set while the expected server group goes by IP.
pub static GROUP_LABEL_CONFLICT: Cause = Cause {
    id: "group_label_conflict",
    prerequisite: Prerequisite::Ip,
    severity: Severity::Critical,
    title: Text {
        en: "group_label is {group_label}, but the server group goes by IP ({expected})",
        zh: "group_label 为 {group_label}，但机器组按 IP 标识（{expected}）",
    },
    meaning: Text {
        en: "A LogListener that has a label joins server groups by label only. It gets no collection \
            config from a group that goes by IP, and that group stays abnormal.",
        zh: "配置了标签的 LogListener 只能加入标签型机器组，无法从 IP 型机器组获取采集配置，该机器组会一直\
            显示异常。",
    },
    remedy: Text {
        en: "1. To join by IP, leave `group_label =` empty in {config_file} (3.4 and later: remove all \
            `agent_labels`); this host then leaves the groups of that label. To join by label, change the \
            server group in the CLS console to the label, and set `server_group_label` instead of \
            `server_group_ip` for the agent {agent} in the exporter's config.\n\
            2. Restart the agent: {restart_command}\n\
            3. Verify that the server group shows this host as normal after about a minute.",
        zh: "1. 如需按 IP 加入，请将 {config_file} 中的 `group_label =` 置空（3.4 及以上版本清空 \
            `agent_labels`），本机将随之退出该标签的机器组。如需按标签加入，请在 CLS 控制台将机器组改为标\
            签，并在 exporter 配置中为 {agent} 用 `server_group_label` 代替 `server_group_ip`。\n\
            2. 重启客户端：{restart_command}\n\
            3. 约一分钟后确认机器组中本机状态正常。",
    },
    evidence: &["group_label", "expected"],
    source: sources::CLS_FAQ,
    patience: patience::EDIT,
    summary: Text {
        en: "LogListener has a label, but its server group goes by IP.",
        zh: "LogListener 设置了标签，但机器组使用 IP。",
    },
};

/// The host has several addresses and no expectation tells which one `group_ip` should be.
pub static MULTIPLE_CANDIDATE_ADDRESSES: Cause = Cause {
    id: "multiple_candidate_addresses",
    prerequisite: Prerequisite::Ip,
    severity: Severity::Warning,
    title: Text {
        en: "The host has several addresses ({candidates}); group_ip is {group_ip}",
        zh: "本机有多个地址（{candidates}），group_ip 为 {group_ip}",
    },
    meaning: Text {
        en: "LogListener chooses one address by itself at its installation. On a host with several \
            interfaces that is often not the one entered in the console.",
        zh: "LogListener 安装时自动选取一个地址。机器绑定多网卡时，选取的地址往往与控制台填写的不一致。",
    },
    remedy: Text {
        en: "1. Compare {group_ip} with the IP of this host in the server group in the CLS console.\n\
            2. If they differ, set `group_ip` in {config_file} (3.4 and later: `agent_ip`) to the one in \
            the console, then restart: {restart_command}\n\
            3. Set `server_group_ip` (or `server_group_label`) of the agent {agent} in the exporter's \
            config: then it is compared all the time, and this warning goes.",
        zh: "1. 将 {group_ip} 与 CLS 控制台机器组中本机的 IP 对比。\n\
            2. 如果不一致，请将 {config_file} 中的 `group_ip`（3.4 及以上版本为 `agent_ip`）改为控制台中\
            的 IP，然后重启：{restart_command}\n\
            3. 在 exporter 配置中为 {agent} 设置 `server_group_ip`（或 `server_group_label`），之后将持续\
            比对，该告警也会消失。",
    },
    evidence: &["group_ip", "candidates"],
    source: sources::CLS_4,
    patience: patience::TICKET,
    summary: Text {
        en: "LogListener chose one of several addresses, and none is expected.",
        zh: "主机有多个 IP，无法确认 LogListener 选择的是否正确。",
    },
};
