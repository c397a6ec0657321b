//! Chinese phrases about containers.

use crate::model::Text;

const fn text(en: &'static str, zh: &'static str) -> Text {
    Text { en, zh }
}

pub(super) const CONTAINERS: &[Text] = &[
    text("the container's host name", "容器的主机名"),
    text(
        "the container has a network namespace of its own, and the exporter may not join it; grant CAP_SYS_ADMIN and CAP_SYS_CHROOT, give the container the host's network, or run an exporter in its pod",
        "容器有自己的网络命名空间，exporter 无权进入；请授予 CAP_SYS_ADMIN 与 CAP_SYS_CHROOT，或让容器使用主机网络，或在其 Pod 中运行 exporter",
    ),
    text("the exporter may not join its network", "exporter 无权进入其网络"),
    text("the request could not be built", "无法构造请求"),
    text("its network could not be joined", "无法进入其网络"),
    text("the answer is not readable", "应答无法解析"),
    text("no answer in time", "超时无应答"),
    text("probed from inside its container: {}", "从容器内部探测：{}"),
    text("the container of {}", "{} 所在的容器"),
    text(
        "no process runs in its container, and its files can only be read through a process",
        "其容器中没有运行中的进程，而容器内的文件只能通过进程读取",
    ),
    text("the container's runtime has not recorded it", "容器运行时没有写入该文件"),
    text(
        "its hosts file does not bind it, and the container's resolver is not asked",
        "其 hosts 文件没有绑定主机名，且不会使用容器的域名解析",
    ),
    text(
        "it is in another container, whose PID namespace the exporter shares, but whose files it may not read; grant CAP_SYS_PTRACE and CAP_DAC_READ_SEARCH, to user 0",
        "它在另一个容器中，exporter 与该容器共享进程，但无权查看其文件；请授予 CAP_SYS_PTRACE 与 CAP_DAC_READ_SEARCH（用户 0）",
    ),
];
