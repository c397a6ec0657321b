//! What runbooks and alerts say of each cause besides the entry itself.

mod clock;
mod credentials;
mod group_ip;
mod identifiers;
mod ip;
mod network;
mod processes;
mod restart;
mod startup_parameters;

pub(super) use clock::*;
pub(super) use credentials::*;
pub(super) use group_ip::*;
pub(super) use identifiers::*;
pub(super) use ip::*;
pub(super) use network::*;
pub(super) use processes::*;
pub(super) use restart::*;
pub(super) use startup_parameters::*;

use crate::model::Text;

/// Nothing works.
const NO_HEARTBEAT: Text = Text {
    en: "The machine group shows this host without heartbeat within about two minutes, and none of its logs is \
        collected. Logs that are rotated away in the meantime are lost.",
    zh: "约两分钟内机器组中本机心跳显示异常，日志不会被采集。在此期间被轮转删除的日志将永久丢失。",
};

/// The service cannot tell that this host belongs to the group.
const NOT_IN_GROUP: Text = Text {
    en: "The machine group does not recognise this host: its heartbeat is missing there, and the host gets no \
        collection config of that group. Logs that only that group collects stay uncollected.",
    zh: "机器组无法识别本机：组内没有本机心跳，本机也获取不到该机器组的采集配置，仅由该机器组采集的日志不会被采集。",
};

/// All goes well until the next start.
const AT_NEXT_START: Text = Text {
    en: "Nothing is lost while the running process goes on. After its next start (crash, upgrade, reboot) the \
        heartbeat can be gone.",
    zh: "当前进程运行期间没有损失；但进程下次启动（崩溃、升级、重启机器）后，心跳可能中断。",
};
