//! Chinese phrases for why a fact is unknown, and for the names of facts.

use crate::model::Text;

use super::text;

/// Phrases.
pub(super) const PHRASES: &[Text] = &[
    // Reasons why something could not be read.
    text("not probed yet", "尚未探测"),
    text("not looked up yet", "尚未查询"),
    text("the first full cycle is not complete yet", "首次检查尚未完成"),
    text("no rule has evaluated it", "尚无规则对其作出判断"),
    text("endpoints", "服务地址"),
    text("running processes", "运行中的进程"),
    text("processes", "进程"),
    text("processes were not read", "未读取进程"),
    text("host name", "主机名"),
    text("interface addresses", "网卡地址"),
    text("the host name's addresses", "主机名的地址"),
    text("the host name's addresses ({})", "主机名（{}）的地址"),
    text("the hosts file", "hosts 文件"),
    text("{#} bytes", "{} 字节"),
    text(
        "its mode bits do not allow uid {}, which the agent runs as, to read it",
        "按权限位，运行客户端的 uid {} 无权读取",
    ),
    text(
        "a file system of the kernel; agents' files are not read from it",
        "属于内核自身的文件系统，不会在其中读取客户端的文件",
    ),
    text(
        "a file system that a process serves (FUSE); those of users are not read",
        "由进程提供的文件系统（FUSE），不读取普通用户的此类文件系统",
    ),
    text("symbolic link loop", "符号链接成环"),
    text("larger than the {} bytes that are read of such a file", "超过此类文件的读取上限 {} 字节"),
    text("more than the {} names that are read of such a directory", "超过此类目录的读取上限 {} 项"),
    text(
        "a symbolic link in its path leads to another user's file or directory, and is owned neither by root nor by that user; create the link as root",
        "路径中的符号链接指向其他用户的文件或目录，且既不属于 root 也不属于该用户；请以 root 创建该链接",
    ),
    text("it is a FIFO, socket or device, which is not read", "该路径是 FIFO、套接字或设备，不予读取"),
    text("permission denied", "权限不足"),
    text(
        "permission denied; grant CAP_DAC_READ_SEARCH, or read permission on {}",
        "权限不足；请授予 CAP_DAC_READ_SEARCH，或授予对 {} 的读权限",
    ),
    text(
        "a FUSE file system, which the kernel shows only to the user that mounted it, whatever capabilities others have; mount it with the option allow_other",
        "该 FUSE 文件系统只对挂载它的用户可见，其他用户即使拥有特权也无法读取；请以 allow_other 选项挂载",
    ),
    text("permission denied; run as root or grant {}", "权限不足；请以 root 运行或授予 {}"),
    text("permission denied; grant read access", "权限不足；请授予读权限"),
    text(
        "another user's process: permission denied; grant CAP_SYS_PTRACE and CAP_DAC_READ_SEARCH, or run as root",
        "其他用户的进程，权限不足；请授予 CAP_SYS_PTRACE 和 CAP_DAC_READ_SEARCH，或以 root 运行",
    ),
    text("grant {}", "请授予 {}"),
    text(
        "too many earlier reads have not returned (a hung file system?)",
        "过多的读取仍未返回（文件系统可能挂起）",
    ),
    text("no answer within the deadline (a hung file system?)", "未在时限内返回（文件系统可能挂起）"),
    text(
        "an earlier read has not returned (a hung file system?); it is read again once that one returns",
        "上一次读取仍未返回（文件系统可能挂起），返回后会再次读取",
    ),
    text("has more than {} lines; further ones are not read", "超过 {} 行，其后的内容未读取"),
    text("there is no such directory", "目录不存在"),
    text("this is not a procfs", "这不是 procfs"),
    text("no proc is mounted at /proc", "/proc 未挂载 proc"),
    text(
        "the exporter sees only its own processes, as it runs in a separate PID namespace (--pid host, hostPID: true \
         or PrivatePIDs=no would end that)",
        "exporter 运行在自己的 PID 命名空间中，只能看到自身进程（请让它共用宿主机的 PID 命名空间）",
    ),
    text("{}; mount /proc there, or correct --path.procfs", "{}；请在该处挂载 /proc，或修正 --path.procfs"),
    text(
        "only the exporter's own processes are visible: /proc is mounted with hidepid, or the service runs with ProtectProc; grant CAP_SYS_PTRACE, add the exporter to the group of the mount's gid option, or remove that option",
        "只能看到 exporter 自己的进程：/proc 挂载时使用了 hidepid，或服务启用了 ProtectProc；请授予 CAP_SYS_PTRACE，或将 exporter 加入挂载选项 gid 指定的组，或去掉该选项",
    ),
    text("it does not contain the user of the process", "其中没有说明进程以哪个用户运行"),
    text(
        "its root directory is not known to be that of --path.rootfs, so its paths are not followed",
        "无法确认其根目录就是 --path.rootfs，因此不跟随其路径",
    ),
    text(
        "all processes together have more than the {} bytes that are kept",
        "所有进程合计超过可保留的 {} 字节",
    ),
    text("its role cannot be determined", "无法得知其角色"),
    text(
        "the executable was not found in the usual directories and never seen running; configure install_dir or an absolute executable",
        "在常见目录中未找到可执行文件，也从未见其运行；请配置 install_dir 或绝对路径的 executable",
    ),
    text(
        "no endpoint is known: neither the agent's config nor an expectation names one",
        "没有已知的服务地址：客户端配置和预期中都没有",
    ),
    text("reading them is not supported on this operating system", "在此操作系统上不支持读取"),
    text("reading this is not supported on this operating system", "在此操作系统上不支持读取"),
    text("reading it is not supported on this operating system", "在此操作系统上不支持读取"),
    text("no time source answers; set clock.ntp_servers", "没有时间源应答，请设置 clock.ntp_servers"),
    text("clock", "系统时间"),
    text("Permission denied", "权限不足"),
    text("No such file or directory", "文件或目录不存在"),
    text("Is a directory", "是一个目录"),
    text("Not a directory", "不是目录"),
    text("Input/output error", "输入输出错误"),
    text("an earlier lookup has not returned", "上一次解析仍未返回"),
    text("check /etc/resolv.conf", "请检查 /etc/resolv.conf"),
    text("the resolver did not answer within 1 s", "域名解析 1 秒内无应答"),
];
