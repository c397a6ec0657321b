//! Additional first steps for findings that show more than their cause, such as why a process died.

use crate::model::Text;

/// The kernel killed it for lack of memory.
pub static OUT_OF_MEMORY: Text = Text {
    en: "It was killed for lack of memory. Raise the limit of its control group or the memory of the host (systemd: \
        `MemoryMax=`, Kubernetes: `resources.limits.memory`), or lower `mem_usage_limit` in {config_file} so that the agent \
        restarts itself before that. Otherwise it will happen again.",
    zh: "进程因内存不足被终止。请提高其控制组的内存上限或主机内存（systemd：`MemoryMax=`，Kubernetes：\
        `resources.limits.memory`），或降低 {config_file} 中的 `mem_usage_limit`，使客户端在此之前自行重启；否则问题会再次出现。",
};

/// It accessed invalid memory, or aborted.
pub static CRASHED: Text = Text {
    en: "It crashed because of a defect of its own. Keep `backtrace.dat` and the end of its log in {install_dir} for the vendor, and \
        upgrade to the latest release ({install_document}): crashes at the start are mostly fixed there.",
    zh: "进程因自身缺陷崩溃。请保留 {install_dir} 中的 `backtrace.dat` 和日志末尾供厂商分析，并升级到最新版本\
        （{install_document}），启动时的崩溃通常已在新版本中修复。",
};

/// The processor does not support one of its instructions.
pub static ILLEGAL_INSTRUCTION: Text = Text {
    en: "The processor does not support an instruction that this build uses (SSE4.2 or AVX2: `grep -oE 'sse4_2|avx2' /proc/cpuinfo | sort -u`). Pass the host's processor through to the virtual machine, or install a release that does not need it: {install_document}",
    zh: "处理器不支持该版本使用的指令（SSE4.2 或 AVX2：`grep -oE 'sse4_2|avx2' /proc/cpuinfo | sort -u`）。请为虚拟机启用 CPU \
        直通，或安装不需要该指令的版本：{install_document}",
};

/// A library is missing, or is incompatible.
pub static NOT_LOADED: Text = Text {
    en: "It could not be loaded: a library is missing, or of another version or architecture. See which: `ldd {binary}`, `uname -m`. \
        Install the package for this architecture and distribution: {install_document}",
    zh: "程序无法加载：缺少动态库，或其版本、架构不匹配。请查看：`ldd {binary}`、`uname -m`，并安装适用于本机架构和发行版的安装包：\
        {install_document}",
};

/// Somebody killed it.
pub static KILLED: Text = Text {
    en: "It was killed (SIGKILL), by a user, a program or the kernel: `sudo dmesg -T | grep -i -E 'killed process|out of memory'`. Look for \
        security software, scripts of watchdogs, and the limits of its control group.",
    zh: "进程被 SIGKILL 终止，可能是人为操作或内核所为：`sudo dmesg -T | grep -i -E 'killed process|out of memory'`。请检查安全软件、\
        看护脚本以及控制组的限制。",
};

/// It runs in a container, and its files are inside.
pub static IN_A_CONTAINER: Text = Text {
    en: "It runs in a container, and the files below are inside it: {enter_command}. Make permanent changes in the container's definition (image, environment, mounted files), because a recreated container loses all others.",
    zh: "客户端运行在容器中，以下文件均指容器内的文件：{enter_command}。需要长期生效的修改请写入容器的定义（镜像、环境变量、挂载的文件），\
        因为容器重建后其余修改都会丢失。",
};

/// Its container is not running.
pub static NOT_IN_ITS_CONTAINER: Text = Text {
    en: "It belongs to a container. See why that container is not running: {inspect_command}",
    zh: "客户端应运行在容器中。请查看容器为何没有运行：{inspect_command}",
};

/// All of them.
pub static ALL: &[Text] =
    &[IN_A_CONTAINER, NOT_IN_ITS_CONTAINER, OUT_OF_MEMORY, CRASHED, ILLEGAL_INSTRUCTION, NOT_LOADED, KILLED];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{catalog::CONTEXT, model::Language};

    #[test]
    fn advice_is_one_step_in_both_languages_that_any_finding_can_fill() {
        for text in ALL {
            let names = text.placeholders(Language::English);
            assert_eq!(names, text.placeholders(Language::Chinese), "{}", text.en);
            assert!(names.iter().all(|name| CONTEXT.contains(name)), "{}", text.en);
            assert!(!text.en.contains('\n') && !text.zh.contains('\n'), "{}", text.en);
            for words in [text.en, text.zh] {
                assert!(!words.contains("  ") && words.matches('`').count() % 2 == 0, "{words}");
            }
        }
    }
}
