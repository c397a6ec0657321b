//! Causes of the prerequisite `processes`.

use super::{
    patience,
    services::{SERVICE_DISABLED, SERVICE_NOT_RUNNING},
    sources,
    surroundings::{DISK_FILLING, DISK_FULL, RESOURCE_LIMIT},
};
use crate::model::{Cause, Prerequisite, Severity, Text};

/// The agent is installed and none of its processes is alive.
pub static NOT_RUNNING: Cause = Cause {
    id: "not_running",
    prerequisite: Prerequisite::Processes,
    severity: Severity::Critical,
    title: Text {
        en: "No process of the agent is running (expected: {expected})",
        zh: "客户端没有任何进程在运行（应有：{expected}）",
    },
    meaning: Text {
        en: "The agent is installed but stopped, so this host sends no heartbeat and collects nothing.",
        zh: "客户端已安装但未运行，因此本机没有心跳，也不会采集任何日志。",
    },
    remedy: Text {
        en: "1. Start the agent: {start_command}\n\
            2. [log_file] If it stops again, look for the reason in its log, {log_file}, and check that the \
            kernel did not kill it for lack of memory: `sudo dmesg -T | grep -i 'killed process'`\n\
            3. [!log_file] If it stops again, look for the reason in its log, and check that the kernel did not \
            kill it for lack of memory: `sudo dmesg -T | grep -i 'killed process'`\n\
            4. Verify that it is running: {status_command}",
        zh: "1. 启动客户端：{start_command}\n\
            2. [log_file] 如果再次退出，请在日志 {log_file} 中查找原因，并确认进程是否因内存不足被内核终止：\
            `sudo dmesg -T | grep -i 'killed process'`\n\
            3. [!log_file] 如果再次退出，请在其日志中查找原因，并确认进程是否因内存不足被内核终止：`sudo dmesg \
            -T | grep -i 'killed process'`\n\
            4. 确认客户端正在运行：{status_command}",
    },
    evidence: &["expected"],
    source: sources::PROCESSES,
    patience: patience::PROCESS,
    summary: Text { en: "A log-collection agent is not running.", zh: "日志采集客户端未运行。" },
};

/// The collecting process is alive without the daemon that restarts it.
pub static DAEMON_MISSING: Cause = Cause {
    id: "daemon_missing",
    prerequisite: Prerequisite::Processes,
    severity: Severity::Critical,
    title: Text {
        en: "The daemon process is missing (running: {running}; expected: {expected})",
        zh: "守护进程缺失（运行中：{running}；应有：{expected}）",
    },
    meaning: Text {
        en: "The daemon supervises the collecting process and starts it again after a crash, a resource \
            limit or an address change. Without it the next exit of the collecting process ends the \
            heartbeat for good.",
        zh: "守护进程负责监控采集进程，在其崩溃、超出资源限制或 IP 变化后重新拉起。缺少守护进程时，采集进\
            程一旦退出，心跳将彻底中断。",
    },
    remedy: Text {
        en: "1. Restart the agent (collection pauses for some seconds and continues from its checkpoint): \
            {restart_command}\n\
            2. If a process from before the restart is left (`ps -eo pid,ppid,lstart,args` shows when each was \
            started), end it with `kill` and restart once more.\n\
            3. Verify that all processes are running: {status_command}",
        zh: "1. 重启客户端（采集会暂停数秒，之后从检查点继续）：{restart_command}\n\
            2. 如果仍残留重启前的进程（可用 `ps -eo pid,ppid,lstart,args` 查看启动时间），请用 `kill` 结束该进程\
            后再重启一次。\n\
            3. 确认所有进程均在运行：{status_command}",
    },
    evidence: &["running", "expected"],
    source: sources::PROCESSES,
    patience: patience::PROCESS,
    summary: Text {
        en: "A log-collection agent runs without the daemon that restarts it.",
        zh: "日志采集客户端缺少守护进程。",
    },
};

/// A process that collects and sends is missing while others of the agent are alive.
pub static WORKER_MISSING: Cause = Cause {
    id: "worker_missing",
    prerequisite: Prerequisite::Processes,
    severity: Severity::Critical,
    title: Text {
        en: "A collecting process is missing (running: {running}; expected: {expected})",
        zh: "采集进程缺失（运行中：{running}；应有：{expected}）",
    },
    meaning: Text {
        en: "Only the collecting process (Logtail's worker, LogListener's main process) sends heartbeat \
            and logs. If it does not come back within seconds, it cannot start or nothing is left to \
            start it.",
        zh: "只有采集进程（Logtail 的工作进程、LogListener 的主进程）才会发送心跳和日志。如果几秒内没有恢\
            复，说明它无法启动，或已没有进程负责拉起它。",
    },
    remedy: Text {
        en: "1. [log_file] Look for the reason at the end of the agent's log, {log_file}.\n\
            2. [!died_of] Check that the kernel did not kill the process for lack of memory: `sudo dmesg -T | grep \
            -i 'killed process'`\n\
            3. Restart the agent: {restart_command}\n\
            4. Verify that all processes are running: {status_command}",
        zh: "1. [log_file] 在日志 {log_file} 末尾查找原因。\n\
            2. [!died_of] 确认进程是否因内存不足被内核终止：`sudo dmesg -T | grep -i 'killed process'`\n\
            3. 重启客户端：{restart_command}\n\
            4. 确认所有进程均在运行：{status_command}",
    },
    evidence: &["running", "expected"],
    source: sources::PROCESSES,
    patience: patience::PROCESS,
    summary: Text {
        en: "A log-collection agent's collecting process is missing.",
        zh: "日志采集客户端的采集进程缺失。",
    },
};

/// The update process is missing while the main process is alive.
pub static UPDATE_PROCESS_MISSING: Cause = Cause {
    id: "update_process_missing",
    prerequisite: Prerequisite::Processes,
    severity: Severity::Warning,
    title: Text {
        en: "The update process is missing (running: {running}; expected: {expected})",
        zh: "更新进程缺失（运行中：{running}；应有：{expected}）",
    },
    meaning: Text {
        en: "Heartbeat and collection continue, but LogListener no longer updates itself. The document asks \
            for a restart if any of its processes fails.",
        zh: "心跳和采集不受影响，但 LogListener 无法再自动更新。按照文档，任一进程异常都需要重启。",
    },
    remedy: Text {
        en: "1. Restart the agent (collection pauses for some seconds and continues from its checkpoint): \
            {restart_command}\n\
            2. Verify that all processes are running: {status_command}",
        zh: "1. 重启客户端（采集会暂停数秒，之后从检查点继续）：{restart_command}\n\
            2. 确认所有进程均在运行：{status_command}",
    },
    evidence: &["running", "expected"],
    source: sources::CLS_3,
    patience: patience::TICKET,
    summary: Text {
        en: "LogListener's update process is missing.", zh: "LogListener 的更新进程缺失。"
    },
};

/// More processes of the agent are alive than one installation starts.
pub static MULTIPLE_INSTANCES: Cause = Cause {
    id: "multiple_instances",
    prerequisite: Prerequisite::Processes,
    severity: Severity::Warning,
    title: Text {
        en: "More processes than expected are running: {running} (expected: {expected})",
        zh: "运行的进程多于预期：{running}（应有：{expected}）",
    },
    meaning: Text {
        en: "Several instances of the agent on one host can collect every log twice, and they compete for \
            the same checkpoint and lock files.",
        zh: "同一台机器上运行多个客户端实例可能导致日志重复采集，并会争用相同的检查点文件和锁文件。",
    },
    remedy: Text {
        en: "1. See which process belongs to which instance: `ps -eo pid,ppid,lstart,args`\n\
            2. If that is not intended, end the superfluous instance with `kill`: its daemon first, then its \
            collecting process. Logs that only that instance collects are then no longer collected. Disable its service as \
            well, or it returns at the next boot.\n\
            3. If it is intended, list the second installation in `agents` with its own `install_dir`, or set \
            `ignore: [multiple_instances]` for the agent {agent} in the exporter's config, and reload the \
            exporter: `sudo systemctl reload logagent-exporter`\n\
            4. Verify that `logagent-exporter check` no longer reports it.",
        zh: "1. 查看每个进程属于哪个实例：`ps -eo pid,ppid,lstart,args`\n\
            2. 如果并非有意运行多个实例，请用 `kill` 先结束多余实例的守护进程，再结束其采集进程。仅由该实例采集\
            的日志将不再采集。同时请停用对应的服务，否则下次开机会再次启动。\n\
            3. 如果是有意为之，请在 exporter 配置的 `agents` 中以各自的 `install_dir` 增加第二个安装，或为 \
            {agent} 设置 `ignore: [multiple_instances]`，然后重新加载 exporter：`sudo systemctl reload \
            logagent-exporter`\n\
            4. 执行 `logagent-exporter check`，确认问题已消失。",
    },
    evidence: &["running", "expected"],
    source: sources::SLS_1,
    patience: patience::TICKET,
    summary: Text {
        en: "More processes of a log-collection agent run than expected.",
        zh: "日志采集客户端的进程多于预期。",
    },
};

/// A process of the agent has ended and only its entry in the process table is left (state Z).
pub static PROCESS_DEFUNCT: Cause = Cause {
    id: "process_defunct",
    prerequisite: Prerequisite::Processes,
    severity: Severity::Critical,
    title: Text {
        en: "The {role} process (pid {pid}) is defunct: it exited, but its parent has not reaped it",
        zh: "{role} 进程（pid {pid}）是僵尸进程：进程已退出，但父进程未回收",
    },
    meaning: Text {
        en: "A zombie sends and collects nothing, although `ps` still lists it and a count by name includes it.",
        zh: "僵尸进程不发送心跳也不采集日志，但 `ps` 仍会列出它，按进程名计数会误认为它还活着。",
    },
    remedy: Text {
        en: "1. See its state and its parent: `ps -o pid,ppid,stat,args -p {pid}`\n\
            2. Restart the agent: {restart_command}\n\
            3. If the entry stays, restart its parent as well (in a container: the container). A zombie itself \
            cannot be killed.\n\
            4. Verify that all processes are running: {status_command}",
        zh: "1. 查看进程状态及其父进程：`ps -o pid,ppid,stat,args -p {pid}`\n\
            2. 重启客户端：{restart_command}\n\
            3. 如果该进程仍然存在，请重启其父进程（容器内则重启容器）。僵尸进程本身无法被终止。\n\
            4. 确认所有进程均在运行：{status_command}",
    },
    evidence: &["pid", "role"],
    source: sources::PROCESSES,
    patience: patience::PROCESS,
    summary: Text {
        en: "A process of a log-collection agent is defunct.",
        zh: "日志采集客户端的进程是僵尸进程。",
    },
};

/// A process of the agent is stopped by a signal (state T).
pub static PROCESS_STOPPED: Cause = Cause {
    id: "process_stopped",
    prerequisite: Prerequisite::Processes,
    severity: Severity::Critical,
    title: Text {
        en: "The {role} process (pid {pid}) is stopped by a signal",
        zh: "{role} 进程（pid {pid}）被信号暂停",
    },
    meaning: Text {
        en: "A stopped process stays in the process list but does nothing: no heartbeat, no collection. \
            `kill -STOP`, Ctrl-Z in a terminal or a script that suspends processes causes this.",
        zh: "被暂停的进程仍在进程列表中，但不做任何工作：没有心跳，也不采集。通常由 `kill -STOP`、在终端\
            按 Ctrl-Z 或会挂起进程的脚本造成。",
    },
    remedy: Text {
        en: "1. Resume it: `sudo kill -CONT {pid}`\n\
            2. Check that its state is no longer T: `ps -o pid,stat,args -p {pid}`\n\
            3. If the heartbeat does not return within two minutes, restart the agent: {restart_command}\n\
            4. Verify that all processes are running: {status_command}",
        zh: "1. 恢复运行：`sudo kill -CONT {pid}`\n\
            2. 确认其状态不再是 T：`ps -o pid,stat,args -p {pid}`\n\
            3. 如果两分钟内心跳未恢复，请重启客户端：{restart_command}\n\
            4. 确认所有进程均在运行：{status_command}",
    },
    evidence: &["pid", "role"],
    source: sources::PROCESSES,
    patience: patience::PROCESS,
    summary: Text {
        en: "A process of a log-collection agent is stopped by a signal.",
        zh: "日志采集客户端的进程被信号暂停。",
    },
};

/// A role of the agent was started three times or more within five minutes.
pub static CRASH_LOOP: Cause = Cause {
    id: "crash_loop",
    prerequisite: Prerequisite::Processes,
    severity: Severity::Critical,
    title: Text {
        en: "The {role} process was restarted {restarts} times within 5 minutes",
        zh: "{role} 进程在 5 分钟内重启了 {restarts} 次",
    },
    meaning: Text {
        en: "A process that exits soon after each start rarely sends a heartbeat, and collects only fragments.",
        zh: "进程每次启动后很快退出，几乎来不及发送心跳，采集也断断续续。",
    },
    remedy: Text {
        en: "1. [logtail] Look for the reason at the end of the agent's log, {log_file}: `host ip changed during \
            running`, `exceeds upper limit`, `exceeds hard limit` or `last logtail crash stack`.\n\
            2. [loglistener] Look for the reason at the end of the agent's log, {log_file}.\n\
            3. [custom] Look for the reason at the end of the agent's log.\n\
            4. Check that the kernel does not kill it for lack of memory, and that no file system is full: `sudo \
            dmesg -T | grep -i 'killed process'` and `df -h`\n\
            5. [logtail] Remove the reason: set {address_setting} in {config_file} if the address changes, raise \
            `mem_usage_limit` there or the container's memory limit, free disk space, or undo the last change of \
            that file.\n\
            6. [!logtail] Remove the reason: raise a limit that is too low, free disk space, or undo the last \
            change of its config.\n\
            7. Restart the agent: {restart_command}\n\
            8. Verify that it keeps running: {status_command}",
        zh: "1. [logtail] 在日志 {log_file} 末尾查找原因：`host ip changed during running`、`exceeds upper limit`、\
            `exceeds hard limit` 或 `last logtail crash stack`。\n\
            2. [loglistener] 在日志 {log_file} 末尾查找原因。\n\
            3. [custom] 在客户端日志末尾查找原因。\n\
            4. 确认进程没有因内存不足被内核终止，且文件系统未满：`sudo dmesg -T | grep -i 'killed process'` 和 \
            `df -h`\n\
            5. [logtail] 消除原因：如果 IP 反复变化，请在 {config_file} 中设置 {address_setting}；调高其中的 \
            `mem_usage_limit` 或容器的内存限制；清理磁盘空间；或撤销该文件的最近一次修改。\n\
            6. [!logtail] 消除原因：调高过低的限制，清理磁盘空间，或撤销配置的最近一次修改。\n\
            7. 重启客户端：{restart_command}\n\
            8. 确认客户端持续运行：{status_command}",
    },
    evidence: &["restarts", "role"],
    source: sources::OWN_PROCESSES,
    patience: patience::NONE,
    summary: Text {
        en: "A log-collection agent keeps exiting soon after each start.",
        zh: "日志采集客户端反复启动后退出。",
    },
};

/// The worker is alive, but writes none of what it should.
pub static WORKER_HUNG: Cause = Cause {
    id: "worker_hung",
    prerequisite: Prerequisite::Processes,
    severity: Severity::Critical,
    title: Text {
        en: "Process {pid} does nothing: {sign} for {state_age}, nothing logged for {log_age}",
        zh: "采集进程（pid {pid}）没有工作：{sign}（{state_age}），日志无输出（{log_age}）",
    },
    meaning: Text {
        en: "Before 3.0 the agent writes its state each minute, even if there is nothing to collect; with `HTTP_PROBE_PORT` set it answers liveness requests. If that stops and nothing is logged while the process is alive, its threads are blocked: by a lock, or by a file system that does not answer.",
        zh: "3.0 之前的客户端无论是否有日志可采集，每分钟都会写入自身状态；设置了 `HTTP_PROBE_PORT` 的客户端会应答存活探测。\
            如果进程存活，而状态停止更新或探测无应答，日志也停止输出，说明其线程卡在锁或无响应的文件系统上。",
    },
    remedy: Text {
        en: "1. [!windows] Save what its threads wait for: `sudo cat /proc/{pid}/task/*/stack`, and `df -h`, which must return at \
            once\n\
            2. Restart the agent (what it has not sent is read again from its checkpoint): {restart_command}\n\
            3. If it recurs, upgrade the agent: {install_document}\n\
            4. Verify that it writes again: {status_command}",
        zh: "1. [!windows] 保存线程的等待位置：`sudo cat /proc/{pid}/task/*/stack`，并执行 `df -h`（应立即返回）\n\
            2. 重启客户端（未发送的日志会从检查点重新读取）：{restart_command}\n\
            3. 如果再次出现，请升级客户端：{install_document}\n\
            4. 确认客户端恢复工作：{status_command}",
    },
    evidence: &["pid", "sign", "state_age", "log_age"],
    source: sources::HUNG,
    patience: patience::PROCESS,
    summary: Text {
        en: "A log-collection agent's process is alive but does nothing.",
        zh: "日志采集客户端的进程存活但没有工作。",
    },
};

/// The agent says that its checkpoints cannot be used.
pub static CHECKPOINT_DAMAGED: Cause = Cause {
    id: "checkpoint_damaged",
    prerequisite: Prerequisite::Processes,
    severity: Severity::Critical,
    title: Text {
        en: "The agent could not use its checkpoints at {at}: they are damaged",
        zh: "客户端在 {at} 无法使用检查点文件：文件已损坏",
    },
    meaning: Text {
        en: "Checkpoints say how far each log was read. Without them logs are collected twice or not at all, and old \
            versions do not even start.",
        zh: "检查点文件记录每个日志文件的读取位置。损坏后日志会重复采集或遗漏，旧版本甚至无法启动。",
    },
    remedy: Text {
        en: "1. Find the file in the agent's message: `grep -iE 'check ?point' {log_file} | tail -n 5`\n\
            2. Look for what damaged it: a full disk (`df -h`), or the host's power (`last -x | head`).\n\
            3. Stop the agent, move that file away, and start the agent: {start_command}\n\
            4. Verify that it runs: {status_command}",
        zh: "1. 在客户端日志中找到对应的文件：`grep -iE 'check ?point' {log_file} | tail -n 5`\n\
            2. 排查损坏原因：磁盘写满（`df -h`）或主机断电（`last -x | head`）。\n\
            3. 停止客户端，移走该文件，再启动客户端：{start_command}\n\
            4. 确认客户端已运行：{status_command}",
    },
    evidence: &["at"],
    source: sources::CHECKPOINTS,
    patience: patience::PROCESS,
    summary: Text {
        en: "A log-collection agent's checkpoints are damaged.",
        zh: "日志采集客户端的检查点文件已损坏。",
    },
};

/// All of them, in the order of the contract.
pub static CAUSES: &[&Cause] = &[
    &SERVICE_DISABLED,
    &SERVICE_NOT_RUNNING,
    &NOT_RUNNING,
    &DAEMON_MISSING,
    &WORKER_MISSING,
    &UPDATE_PROCESS_MISSING,
    &MULTIPLE_INSTANCES,
    &PROCESS_DEFUNCT,
    &PROCESS_STOPPED,
    &CRASH_LOOP,
    &WORKER_HUNG,
    &CHECKPOINT_DAMAGED,
    &RESOURCE_LIMIT,
    &DISK_FULL,
    &DISK_FILLING,
];
