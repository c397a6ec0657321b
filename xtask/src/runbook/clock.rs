//! Runbooks of `clock`.

use logagent_exporter::model::Text;

use super::Runbook;

const TRACKING: Text = Text {
    en: "`System time` is the distance to the time servers, `Leap status : Not synchronised` means that the clock is not synchronized. `logagent_clock_offset_seconds` shows what the exporter measured, by source.",
    zh: "`System time` 是与时间服务器的偏差；`Leap status : Not synchronised` 表示没有任何时间源在校准时钟。\
        `logagent_clock_offset_seconds` 是 exporter 按来源测得的偏差。",
};

static CLOCK_SKEWED: Runbook = Runbook {
    cause: "clock_skewed",
    impact: Text {
        en: "The service rejects heartbeat and logs (`RequestTimeExpired`, `AuthFailure.SignatureExpire`). Logs wait on \
            the host until they are rotated away, and then they are lost.",
        zh: "服务端会拒绝心跳和日志（`RequestTimeExpired`、`AuthFailure.SignatureExpire`）。日志滞留在本机，被轮转删除后将丢失。",
    },
    sample: &[("offset", "+1260.4 s"), ("limit", "900 s")],
    session: "$ date -u; curl -sI http://cn-hangzhou.log.aliyuncs.com | grep -i '^date'\n\
        Wed Jul  1 08:21:00 UTC 2026\nDate: Wed, 01 Jul 2026 08:00:00 GMT\n\
        $ chronyc tracking | grep -E 'System time|Leap'\nSystem time     : 1260.4 seconds fast of NTP time\n\
        Leap status     : Not synchronised",
    reading: TRACKING,
};

static CLOCK_OFFSET_HIGH: Runbook = Runbook {
    cause: "clock_offset_high",
    impact: Text {
        en: "Logs carry wrong times, so searches by time and alerts on logs miss them. If the offset grows, the \
            service rejects heartbeats and logs.",
        zh: "日志时间有误，按时间查询和基于日志的告警会遗漏。如果继续漂移，服务端会拒绝心跳和日志。",
    },
    sample: &[("offset", "-95.2 s"), ("limit", "60 s")],
    session: "$ chronyc tracking | grep -E 'System time|Leap'\nSystem time     : 95.2 seconds slow of NTP time\n\
        Leap status     : Not synchronised",
    reading: TRACKING,
};

static CLOCK_SKEWED_ADJUSTED: Runbook = Runbook {
    cause: "clock_skewed_adjusted",
    impact: Text {
        en: "Heartbeat and logs get through, with an occasional rejected request. Other programs on this host have \
            the wrong time.",
        zh: "心跳和日志可以送达，但偶尔会有请求被拒绝；本机其他程序的时间仍然是错的。",
    },
    sample: &[("offset", "+1260.4 s"), ("limit", "900 s")],
    session: "$ grep -n enable_log_time_auto_adjust /usr/local/ilogtail/ilogtail_config.json\n\
        7:    \"enable_log_time_auto_adjust\" : true,\n\
        $ chronyc tracking | grep 'System time'\nSystem time     : 1260.4 seconds fast of NTP time",
    reading: TRACKING,
};

static CLOCK_UNSYNCHRONIZED: Runbook = Runbook {
    cause: "clock_unsynchronized",
    impact: Text {
        en: "None yet. The clock drifts, often by seconds a day, until log times are wrong and requests are rejected.",
        zh: "暂无影响。时钟会不断漂移（通常每天数秒），直到日志时间错误、请求被拒绝。",
    },
    sample: &[("kernel", "STA_UNSYNC")],
    session: "$ timedatectl | grep -E 'synchronized|NTP'\nSystem clock synchronized: no\n              NTP service: inactive",
    reading: TRACKING,
};

static CLOCK_STEPPED: Runbook = Runbook {
    cause: "clock_stepped",
    impact: Text {
        en: "Logs around the jump carry wrong times; timers of running programs can be early or late.",
        zh: "跳变前后的日志时间有误，正在运行的程序的定时器可能提前或延后。",
    },
    sample: &[("step", "-37.0 s")],
    session: "$ sudo journalctl --since '15 min ago' -u chronyd -u chrony -u ntpd -u systemd-timesyncd | tail -n 1\n\
        Jul 01 08:00:00 web-1 chronyd[641]: System clock was stepped by -37.012345 seconds",
    reading: Text {
        en: "The time service logs what it did. If it logs nothing, a person, another program or the hypervisor set the time.",
        zh: "时间服务会记录校准操作；如果没有记录，则是人工、其他程序或虚拟化平台修改了时间。",
    },
};

pub(super) static RUNBOOKS: &[&Runbook] =
    &[&CLOCK_SKEWED, &CLOCK_OFFSET_HIGH, &CLOCK_SKEWED_ADJUSTED, &CLOCK_UNSYNCHRONIZED, &CLOCK_STEPPED];
