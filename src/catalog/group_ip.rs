//! Causes of the prerequisite `ip` that are about `group_ip` and `group_label`.

use super::{patience, sources};
use crate::model::{Cause, Prerequisite, Severity, Text};

/// `group_ip` is not the address that the server group has for this host.
pub static GROUP_IP_MISMATCH: Cause = Cause {
    id: "group_ip_mismatch",
    prerequisite: Prerequisite::Ip,
    severity: Severity::Critical,
    title: Text {
        en: "The agent reports {group_ip}, but the server group contains {expected}",
        zh: "客户端上报的 IP 为 {group_ip}，而机器组中填写的是 {expected}",
    },
    meaning: Text {
        en: "CLS matches the heartbeat to a server group by group_ip, so it must be the IP that was \
            entered in the console. LogListener sets it during installation and does not follow later changes.",
        zh: "CLS 通过 group_ip 将心跳匹配到机器组，因此它必须与控制台机器组中填写的 IP 一致。LogListener \
            仅在安装时自动获取，之后 IP 变化不会自动更新。",
    },
    remedy: Text {
        en: "1. See which addresses this host has: `ip -4 addr show`\n\
            2. If {expected} is right, set {address_setting} in {config_file}, then restart the agent: \
            {restart_command}\n\
            3. If {group_ip} is right, enter it in the server group in the CLS console, set `server_group_ip: \
            {group_ip}` for the agent {agent} in the exporter's config, and reload the exporter: `sudo systemctl \
            reload logagent-exporter`\n\
            4. Verify that `logagent-exporter check` no longer reports it. The console shows a normal heartbeat \
            after about two minutes.",
        zh: "1. 查看本机的地址：`ip -4 addr show`\n\
            2. 如果 {expected} 正确，请在 {config_file} 中设置 {address_setting}，然后重启客户端：\
            {restart_command}\n\
            3. 如果 {group_ip} 正确，请在 CLS 控制台的机器组中填写该 IP，在 exporter 配置中为 {agent} 设置 \
            `server_group_ip: {group_ip}`，然后重新加载 exporter：`sudo systemctl reload logagent-exporter`\n\
            4. 执行 `logagent-exporter check`，确认问题已消失。约两分钟后，控制台显示心跳正常。",
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
        en: "1. In the CLS console, enter each host of the server group as a single IPv4 address on a line of its \
            own.\n\
            2. Set `server_group_ip: {address}` for the agent {agent} in the exporter's config, the address of \
            this host in that list, and reload the exporter: `sudo systemctl reload logagent-exporter`\n\
            3. For many or changing hosts, use a server group by label instead: set a label in {config_file} and \
            `server_group_label` in the exporter's config.\n\
            4. Verify that `logagent-exporter check` no longer reports it. The console shows a normal heartbeat \
            after about two minutes.",
        zh: "1. 在 CLS 控制台的机器组中，每台机器单独一行填写一个 IPv4 地址。\n\
            2. 在 exporter 配置中为 {agent} 设置 `server_group_ip: {address}`（列表中本机的地址），然后重新加载 \
            exporter：`sudo systemctl reload logagent-exporter`\n\
            3. 如果机器较多或经常变化，建议改用标签型机器组：在 {config_file} 中设置标签，并在 exporter 配置中设\
            置 `server_group_label`。\n\
            4. 执行 `logagent-exporter check`，确认问题已消失。约两分钟后，控制台显示心跳正常。",
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
        en: "The agent reports the non-private address {group_ip} to the internal server {server}",
        zh: "客户端向内网服务端 {server} 上报的 IP {group_ip} 不是内网地址",
    },
    meaning: Text {
        en: "A CVM in the region of CLS talks to it over the private network and joins its server group \
            with its private address. A public address is most likely not the one in the console.",
        zh: "与 CLS 同地域的 CVM 通过内网通信，应以内网 IP 加入机器组。此处使用公网 IP，很可能与控制台填写\
            的不一致。",
    },
    remedy: Text {
        en: "1. Compare with the IP of this host in the server group in the CLS console; `ip -4 addr show` lists \
            its addresses.\n\
            2. On a CVM of that region, set {address_setting} in {config_file}, and enter the same in the \
            console.\n\
            3. [public_server_setting] On any other host, set {public_server_setting} instead; public traffic is \
            charged.\n\
            4. Restart the agent: {restart_command}\n\
            5. Verify that `logagent-exporter check` no longer reports it. The console shows a normal heartbeat \
            after about two minutes.",
        zh: "1. 与 CLS 控制台机器组中本机的 IP 对比；`ip -4 addr show` 列出本机的地址。\n\
            2. 如果是该地域的 CVM，请在 {config_file} 中设置 {address_setting}，并在控制台填写相同的 IP。\n\
            3. [public_server_setting] 其他机器请改为设置 {public_server_setting}，会产生公网流量费用。\n\
            4. 重启客户端：{restart_command}\n\
            5. 执行 `logagent-exporter check`，确认问题已消失。约两分钟后，控制台显示心跳正常。",
    },
    evidence: &["group_ip", "server"],
    source: sources::CLS_COLLECTION,
    patience: patience::TICKET,
    summary: Text {
        en: "LogListener reports a public address over the internal network.",
        zh: "LogListener 通过内网域名上报了公网 IP。",
    },
};

/// A label is set while the expected server group is IP-based.
pub static GROUP_LABEL_CONFLICT: Cause = Cause {
    id: "group_label_conflict",
    prerequisite: Prerequisite::Ip,
    severity: Severity::Critical,
    title: Text {
        en: "The agent has the label {group_label}, but the server group is IP-based ({expected})",
        zh: "客户端设置了标签 {group_label}，但机器组为 IP 地址型（{expected}）",
    },
    meaning: Text {
        en: "A LogListener that has a label joins server groups by label only. It gets no collection \
            config from an IP-based group, and that group stays abnormal.",
        zh: "配置了标签的 LogListener 只能加入标签型机器组，无法从 IP 地址型机器组获取采集配置，该机器组会一直\
            显示异常。",
    },
    remedy: Text {
        en: "1. To join by IP, set {no_identifier_setting} in {config_file}; this host then leaves the groups of \
            that label.\n\
            2. To join by label, change the server group in the CLS console to the label, and set \
            `server_group_label` instead of `server_group_ip` for the agent {agent} in the exporter's config.\n\
            3. Restart the agent: {restart_command}\n\
            4. Verify that `logagent-exporter check` no longer reports it. The console shows a normal heartbeat \
            after about two minutes.",
        zh: "1. 如需按 IP 加入，请在 {config_file} 中设置 {no_identifier_setting}，本机将随之退出该标签的机器组。\n\
            2. 如需按标签加入，请在 CLS 控制台将机器组改为标签型，并在 exporter 配置中为 {agent} 用 \
            `server_group_label` 代替 `server_group_ip`。\n\
            3. 重启客户端：{restart_command}\n\
            4. 执行 `logagent-exporter check`，确认问题已消失。约两分钟后，控制台显示心跳正常。",
    },
    evidence: &["group_label", "expected"],
    source: sources::CLS_FAQ,
    patience: patience::EDIT,
    summary: Text {
        en: "LogListener has a label, but its server group is IP-based.",
        zh: "LogListener 设置了标签，但机器组为 IP 地址型。",
    },
};

/// The host has several addresses and no expectation says which one `group_ip` should be.
pub static MULTIPLE_CANDIDATE_ADDRESSES: Cause = Cause {
    id: "multiple_candidate_addresses",
    prerequisite: Prerequisite::Ip,
    severity: Severity::Warning,
    title: Text {
        en: "The host has several addresses ({candidates}), of which the agent reports {group_ip}",
        zh: "本机有多个地址（{candidates}），客户端上报的是 {group_ip}",
    },
    meaning: Text {
        en: "LogListener chooses one address by itself at its installation. On a host with several \
            interfaces that is often not the one entered in the console.",
        zh: "LogListener 安装时自动选取一个地址。机器绑定多网卡时，选取的地址往往与控制台填写的不一致。",
    },
    remedy: Text {
        en: "1. Compare {group_ip} with the IP of this host in the server group in the CLS console.\n\
            2. If they differ, set the one in the console in {config_file}, such as {address_setting}, and \
            restart the agent: {restart_command}\n\
            3. Set `server_group_ip: {group_ip}` (or `server_group_label`) for the agent {agent} in the \
            exporter's config, so that it is compared from then on, and reload the exporter: `sudo systemctl \
            reload logagent-exporter`\n\
            4. Verify that `logagent-exporter check` no longer reports it. The console shows a normal heartbeat \
            after about two minutes.",
        zh: "1. 将 {group_ip} 与 CLS 控制台机器组中本机的 IP 对比。\n\
            2. 如果不一致，请在 {config_file} 中设置控制台中的 IP，例如 {address_setting}，然后重启客户端：\
            {restart_command}\n\
            3. 在 exporter 配置中为 {agent} 设置 `server_group_ip: {group_ip}`（或 `server_group_label`），之后\
            将持续比对；然后重新加载 exporter：`sudo systemctl reload logagent-exporter`\n\
            4. 执行 `logagent-exporter check`，确认问题已消失。约两分钟后，控制台显示心跳正常。",
    },
    evidence: &["group_ip", "candidates"],
    source: sources::CLS_4,
    patience: patience::TICKET,
    summary: Text {
        en: "LogListener chose one of several addresses, and none is expected.",
        zh: "主机有多个 IP，无法确认 LogListener 选择的是否正确。",
    },
};
