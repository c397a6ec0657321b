//! Runbooks of `startup_parameters`.

use logagent_exporter::model::Text;

use super::{AT_NEXT_START, NO_HEARTBEAT, Runbook};

const SERVERS: Text = Text {
    en: "Compare region and network type of each server with those of the project or log topic in the console: `-intranet` \
        (Logtail) and `tencentyun.com` (LogListener) are internal. `logagent-exporter check` names the right servers \
        where region and network are expected in its config.",
    zh: "将各服务器的地域和网络类型与控制台中的 Project 或日志主题对照：`-intranet`（Logtail）和 `tencentyun.com`\
        （LogListener）为内网。如果 exporter 配置了预期的地域和网络，`logagent-exporter check` 会给出正确的服务器。",
};

const WRONG_SERVER: Text = Text {
    en: "Heartbeat, collection configs or logs go to a server that does not have this host's project, or that it cannot \
        reach. The machine group shows this host without heartbeat, or logs do not arrive.",
    zh: "心跳、采集配置或日志被送往没有本机 Project 或无法访问的服务器。机器组中本机没有心跳，或日志无法上传。",
};

static CONFIG_MISSING: Runbook = Runbook {
    cause: "config_missing",
    impact: NO_HEARTBEAT,
    sample: &[("config", "/usr/local/ilogtail/ilogtail_config.json")],
    session: "$ ls -l /usr/local/ilogtail/ilogtail_config.json\n\
        ls: cannot access '/usr/local/ilogtail/ilogtail_config.json': No such file or directory",
    reading: Text {
        en: "The file is gone, or is a dangling link.", zh: "文件不存在，或是失效的符号链接。"
    },
};

static CONFIG_UNREADABLE: Runbook = Runbook {
    cause: "config_unreadable",
    impact: NO_HEARTBEAT,
    sample: &[("config", "/usr/local/ilogtail/ilogtail_config.json"), ("found", "directory")],
    session: "$ ls -ld /usr/local/ilogtail/ilogtail_config.json\n\
        drwxr-xr-x 2 root root 4096 Jul  1 08:00 /usr/local/ilogtail/ilogtail_config.json",
    reading: Text {
        en: "`d` at the start of the line: a directory, as a container runtime creates it for a mount without source.",
        zh: "行首的 `d` 表示目录；挂载源不存在时，容器运行时会创建这样的目录。",
    },
};

static CONFIG_INVALID: Runbook = Runbook {
    cause: "config_invalid",
    impact: NO_HEARTBEAT,
    sample: &[
        ("config", "/usr/local/ilogtail/ilogtail_config.json"),
        ("defect", "line 3: expected ',' or '}'"),
    ],
    session: "$ head -c 3 /usr/local/ilogtail/ilogtail_config.json | od -c | head -n 1\n0000000   {  \\n\n\
        $ cat -A /usr/local/ilogtail/ilogtail_config.json | sed -n 1,4p\n{$\n\
        \x20   \"config_server_address\" : \"http://logtail.cn-hangzhou.log.aliyuncs.com\"$\n\
        \x20   \"data_server_list\" :$\n    [$",
    reading: Text {
        en: "The exporter names the line. `357 273 277` as first bytes is a byte order mark; in the sample a comma is \
            missing at the end of line 2.",
        zh: "exporter 会指出行号。开头字节为 `357 273 277` 表示有 BOM；示例中第 2 行末尾缺少逗号。",
    },
};

static CONFIG_SERVER_MISSING: Runbook = Runbook {
    cause: "config_server_missing",
    impact: NO_HEARTBEAT,
    sample: &[("config", "/usr/local/ilogtail/ilogtail_config.json")],
    session: "$ grep -nE 'config_server|proxy_host' /usr/local/ilogtail/ilogtail_config.json\n\
        2:    \"config_server_address\" : \"\",",
    reading: SERVERS,
};

static DATA_SERVER_MISSING: Runbook = Runbook {
    cause: "data_server_missing",
    impact: Text {
        en: "The heartbeat can be normal while no log arrives. Logs that are rotated away in the meantime are lost.",
        zh: "心跳可能正常，但日志无法上传。在此期间被轮转删除的日志将永久丢失。",
    },
    sample: &[("config", "/usr/local/ilogtail/ilogtail_config.json")],
    session: "$ grep -nA4 -E 'data_server' /usr/local/ilogtail/ilogtail_config.json\n3:    \"data_server_list\" : [],",
    reading: SERVERS,
};

static PLACEHOLDER_LEFT: Runbook = Runbook {
    cause: "placeholder_left",
    impact: WRONG_SERVER,
    sample: &[("value", "\"http://logtail.${region}.log.aliyuncs.com\"")],
    session: "$ grep -nE '\\$\\{|<[a-z_]+>|REGION' /usr/local/ilogtail/ilogtail_config.json\n\
        2:    \"config_server_address\" : \"http://logtail.${region}.log.aliyuncs.com\",",
    reading: SERVERS,
};

static REGION_MISMATCH: Runbook = Runbook {
    cause: "region_mismatch",
    impact: WRONG_SERVER,
    sample: &[("configured", "cn-shanghai"), ("expected", "cn-hangzhou")],
    session: "$ grep -nE 'config_server|endpoint' /usr/local/ilogtail/ilogtail_config.json\n\
        2:    \"config_server_address\" : \"http://logtail.cn-shanghai-intranet.log.aliyuncs.com\",\n\
        6:        \"endpoint\" : \"cn-shanghai-intranet.log.aliyuncs.com\"",
    reading: SERVERS,
};

static REGION_INCONSISTENT: Runbook = Runbook {
    cause: "region_inconsistent",
    impact: WRONG_SERVER,
    sample: &[
        ("config_server", "http://logtail.cn-hangzhou.log.aliyuncs.com"),
        ("data_server", "cn-shanghai.log.aliyuncs.com"),
    ],
    session: "$ grep -nE 'config_server|endpoint' /usr/local/ilogtail/ilogtail_config.json\n\
        2:    \"config_server_address\" : \"http://logtail.cn-hangzhou.log.aliyuncs.com\",\n\
        6:        \"endpoint\" : \"cn-shanghai.log.aliyuncs.com\"",
    reading: SERVERS,
};

static NETWORK_TYPE_MISMATCH: Runbook = Runbook {
    cause: "network_type_mismatch",
    impact: WRONG_SERVER,
    sample: &[("configured", "internet"), ("expected", "intranet")],
    session: "$ grep -nE 'config_server|endpoint' /usr/local/ilogtail/ilogtail_config.json\n\
        2:    \"config_server_address\" : \"http://logtail.cn-hangzhou.log.aliyuncs.com\",\n\
        6:        \"endpoint\" : \"cn-hangzhou.log.aliyuncs.com\"",
    reading: SERVERS,
};

static NETWORK_TYPE_INCONSISTENT: Runbook = Runbook {
    cause: "network_type_inconsistent",
    impact: WRONG_SERVER,
    sample: &[
        ("config_server", "http://logtail.cn-hangzhou-intranet.log.aliyuncs.com"),
        ("data_server", "cn-hangzhou.log.aliyuncs.com"),
    ],
    session: "$ grep -nE 'config_server|endpoint' /usr/local/ilogtail/ilogtail_config.json\n\
        2:    \"config_server_address\" : \"http://logtail.cn-hangzhou-intranet.log.aliyuncs.com\",\n\
        6:        \"endpoint\" : \"cn-hangzhou.log.aliyuncs.com\"",
    reading: SERVERS,
};

static ENDPOINT_MALFORMED: Runbook = Runbook {
    cause: "endpoint_malformed",
    impact: WRONG_SERVER,
    sample: &[("value", "\"https//cn-hangzhou.log.aliyuncs.com/\"")],
    session: "$ grep -nE 'config_server|endpoint' /usr/local/ilogtail/ilogtail_config.json\n\
        2:    \"config_server_address\" : \"http://logtail.cn-hangzhou.log.aliyuncs.com\",\n\
        6:        \"endpoint\" : \"https//cn-hangzhou.log.aliyuncs.com/\"",
    reading: SERVERS,
};

static REGION_UNKNOWN: Runbook = Runbook {
    cause: "region_unknown",
    impact: Text {
        en: "None if the region is new and right. A misspelled one leaves the host without heartbeat.",
        zh: "如果是新开服的正确地域则没有影响；如果是拼写错误，则没有心跳。",
    },
    sample: &[("region", "cn-hangzhou-b")],
    session: "$ getent ahosts logtail.cn-hangzhou-b.log.aliyuncs.com; echo \"exit status $?\"\nexit status 2",
    reading: Text {
        en: "A region that exists resolves; `cn-hangzhou-b` is a zone, not a region.",
        zh: "存在的地域可以解析；`cn-hangzhou-b` 是可用区，不是地域。",
    },
};

static DOMAIN_DEPRECATED: Runbook = Runbook {
    cause: "domain_deprecated",
    impact: AT_NEXT_START,
    sample: &[("server", "ap-guangzhou.cls.myqcloud.com")],
    session: "$ grep -n proxy_host /usr/local/loglistener/etc/loglistener.conf\n2:proxy_host = ap-guangzhou.cls.myqcloud.com",
    reading: SERVERS,
};

static COMMUNITY_EDITION: Runbook = Runbook {
    cause: "community_edition",
    impact: Text {
        en: "No machine group ever shows this host. Its own pipelines collect what they are configured to.",
        zh: "任何机器组都不会显示本机；社区版按自身的采集配置工作。",
    },
    sample: &[("version", "3.0.8")],
    session: "$ cat /usr/local/loongcollector/app_info.json | grep version\n   \"loongcollector_version\" : \"3.0.8\",",
    reading: Text {
        en: "The edition of Simple Log Service has another version scheme and is installed by its own script.",
        zh: "日志服务商业版的版本号规则不同，并由其专用脚本安装。",
    },
};

static CONFIG_FORMAT_UNSUPPORTED: Runbook = Runbook {
    cause: "config_format_unsupported",
    impact: NO_HEARTBEAT,
    sample: &[
        ("version", "1.8.8"),
        ("key", "config_servers[0]"),
        ("since", "3.0.0"),
        ("instead", "config_server_address"),
    ],
    session: "$ grep version /usr/local/ilogtail/app_info.json\n\t\"logtail_version\" : \"1.8.8\",\n\
        $ grep -nE 'config_server|data_server' /usr/local/ilogtail/ilogtail_config.json\n\
        3:    \"config_servers\" : [\"http://logtail.cn-hangzhou-intranet.log.aliyuncs.com\"],\n\
        4:    \"data_servers\" : [{\"region\" : \"cn-hangzhou\", \"endpoint_list\" : [\"cn-hangzhou-intranet.log.aliyuncs.com\"]}],",
    reading: Text {
        en: "Before 3.0 the keys are `config_server_address` and `data_server_list`; the others are not known to the agent.",
        zh: "3.0 之前的配置项是 `config_server_address` 和 `data_server_list`，客户端不识别其他写法。",
    },
};

static NO_COLLECTION_CONFIG: Runbook = Runbook {
    cause: "no_collection_config",
    impact: Text {
        en: "Nothing is collected, as nothing is configured to be collected. The machine group can show the host without heartbeat.",
        zh: "没有需要采集的内容，因此不会采集。机器组可能显示本机心跳异常。",
    },
    sample: &[("configs", "0")],
    session: "$ cat /usr/local/ilogtail/user_log_config.json\n{\n   \"metrics\" : {}\n}",
    reading: Text {
        en: "`metrics` holds one entry for each collection config that the service delivered: there is none.",
        zh: "`metrics` 中每一项对应服务端下发的一个采集配置：这里为空。",
    },
};

pub(super) static RUNBOOKS: &[&Runbook] = &[
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
