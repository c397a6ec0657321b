//! Texts that more than one format of the report uses, in every language, and how values are written.

mod clock;

use std::{fmt, time::Duration};

pub use self::clock::clock;
use self::clock::offset;

use crate::model::{
    Language, Prerequisite, Severity, Status, Text,
    phrase::label,
    report::{AgentReport, ClockReport, PrerequisiteReport, Problem, TransitionTo},
    snapshot::{ContainerName, Phases},
    text::{is_plain, visible},
};

/// The exporter's name.
pub const NAME: &str = "logagent-exporter";
/// The exporter's version.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");
/// The commit that it was built from, or `unknown`.
pub const REVISION: &str = env!("LOGAGENT_REVISION");
/// The compiler that built it.
pub const RUSTC: &str = env!("LOGAGENT_RUSTC");
/// The target that it was built for.
pub const TARGET: &str = env!("LOGAGENT_TARGET");

/// Before the first full evaluation.
pub const NOT_YET: Text =
    Text { en: "The first evaluation is still running.", zh: "首次检查尚未完成。" };
/// Introduces the fix.
pub const FIX: Text = Text { en: "fix:", zh: "修复：" };
/// Replaces a remedy that was just given.
pub const AS_ABOVE: Text = Text { en: "as above", zh: "同上" };
/// Where a value comes from.
pub const FROM: Text = Text { en: "from", zh: "来自" };
/// When a problem was first seen.
pub const SINCE: Text = Text { en: "since", zh: "始于" };
/// Heading of the consequences under their root cause.
pub const ALSO: Text = Text { en: "also, because of this:", zh: "由此还导致：" };
/// Heading of the other endpoints with the same finding.
pub const THE_SAME_OF: Text = Text { en: "the same of:", zh: "同样的还有：" };
/// Heading of the prerequisites affected by an unread fact.
pub const LEAVES_OPEN: Text = Text { en: "not fully evaluated:", zh: "因此无法完整判断：" };
/// The source of a diagnosis from the running exporter.
pub const ASKED: Text = Text {
    en: "as the running exporter saw it at {at}",
    zh: "以上为正在运行的 logagent-exporter 于 {at} 的检查结果",
};
/// The source of a diagnosis for which no exporter was asked.
pub const EVALUATED_ANEW: Text = Text {
    en: "a new evaluation at {at}, not what a running exporter has found",
    zh: "以上为本命令于 {at} 重新检查的结果，并非正在运行的 logagent-exporter 的检查结果",
};
/// Not everything is shown.
pub const LIMITS: Text = Text {
    en: "not everything is shown; limits reached: {limits}",
    zh: "内容未全部显示，已达到上限：{limits}",
};
/// Introduces a prerequisite that has only consequences.
pub const FOLLOWS: Text = Text { en: "follows from", zh: "起因是" };
/// Marks a finding that could not be checked again.
pub const CARRIED: Text =
    Text { en: "as last seen: could not be checked again", zh: "为上次所见：本次无法重新检查" };
/// Which container the agent runs in.
const IN_CONTAINER: Text = Text { en: ", container {name}", zh: "，容器 {name}" };
/// Where the agent is installed.
pub const IN: Text = Text { en: "in", zh: "位于" };
/// Processes that have an agent's name but are not trusted.
pub const NOT_BELIEVED: Text = Text {
    en: "not trusted: {executable} (pids {pids}) has the name of a {kind} agent, but runs as uid {user}, whose processes do not count. \
         If it is an agent, add this user in the config file: run_as: [{user}]",
    zh: "不予采信：{executable}（进程 {pids}）与 {kind} 客户端同名，但以 uid {user} 运行，该用户不能代表客户端。\
         若确为客户端，请在配置文件中写明：run_as: [{user}]",
};
/// Between a name and its description.
pub const COLON: Text = Text { en: ": ", zh: "：" };
/// The host's clock.
pub const CLOCK: Text = Text { en: "clock", zh: "时钟" };
/// A clock without any reference.
pub const NO_REFERENCE: Text = Text { en: "no time reference", zh: "无时间参考源" };
/// The kernel's clock status.
pub const SYNCHRONIZED: Text = Text { en: "kernel says synchronized", zh: "内核显示已同步" };
/// The kernel's opinion of the clock.
pub const UNSYNCHRONIZED: Text = Text { en: "kernel says not synchronized", zh: "内核显示未同步" };
/// How many endpoints answer.
pub const ENDPOINTS_ANSWER: Text =
    Text { en: "{up} of {all} endpoints answer", zh: "{all} 个服务地址中 {up} 个应答正常" };

/// A prerequisite, as a heading.
pub fn prerequisite(id: Prerequisite) -> Text {
    match id {
        Prerequisite::Installed => Text { en: "Installed", zh: "安装" },
        Prerequisite::Processes => Text { en: "Processes", zh: "进程" },
        Prerequisite::Ip => Text { en: "IP address", zh: "IP 地址" },
        Prerequisite::StartupParameters => Text { en: "Startup parameters", zh: "启动参数" },
        Prerequisite::Network => Text { en: "Network", zh: "网络" },
        Prerequisite::Clock => Text { en: "Clock", zh: "系统时间" },
        Prerequisite::UserIdentifier => Text { en: "User identifier", zh: "用户标识" },
        Prerequisite::CustomIdentifier => Text { en: "Custom identifier", zh: "自定义标识" },
        Prerequisite::Credentials => Text { en: "Credentials", zh: "密钥" },
        Prerequisite::Restart => Text { en: "Restart", zh: "重启" },
    }
}

/// The phrase for a fulfilled prerequisite.
fn fulfilled(id: Prerequisite) -> Text {
    match id {
        Prerequisite::Installed => Text { en: "the agent is installed", zh: "客户端已安装" },
        Prerequisite::Processes => Text { en: "as expected", zh: "符合预期" },
        Prerequisite::Ip => {
            Text { en: "real, and chosen as documented", zh: "真实有效，取值符合文档" }
        }
        Prerequisite::StartupParameters => Text { en: "complete and consistent", zh: "完整且一致" },
        Prerequisite::Network => Text { en: "every endpoint answers", zh: "所有服务地址应答正常" },
        Prerequisite::Clock => Text { en: "right", zh: "准确" },
        Prerequisite::UserIdentifier => {
            Text { en: "the account's file exists", zh: "账号标识文件存在" }
        }
        Prerequisite::CustomIdentifier => {
            Text { en: "well-formed, and as expected", zh: "格式正确且符合预期" }
        }
        Prerequisite::Credentials => Text { en: "an API key pair is set", zh: "已设置 API 密钥" },
        Prerequisite::Restart => Text {
            en: "the running processes have loaded what is on disk",
            zh: "运行中的进程已加载磁盘上的配置",
        },
    }
}

/// A status, as a word.
pub fn status(status: Status) -> Text {
    match status {
        Status::Ok => Text { en: "ok", zh: "正常" },
        Status::Failing => Text { en: "failing", zh: "异常" },
        Status::Unknown => Text { en: "unknown", zh: "未知" },
    }
}

/// A transition of a cause, as a word.
pub fn transition(to: TransitionTo) -> Text {
    match to {
        TransitionTo::Failing => Text { en: "failing", zh: "异常" },
        TransitionTo::Warning => Text { en: "warning", zh: "警告" },
        TransitionTo::Explained => Text { en: "explained by another", zh: "由其他问题导致" },
        TransitionTo::Ok => Text { en: "gone", zh: "已消除" },
    }
}

/// A severity, as a word.
pub fn severity(severity: Severity) -> Text {
    match severity {
        Severity::Critical => Text { en: "critical", zh: "严重" },
        Severity::Warning => Text { en: "warning", zh: "警告" },
    }
}

/// How a prerequisite or agent is marked in a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mark {
    /// Fulfilled.
    Good,
    /// Fulfilled, with a warning.
    Warned,
    /// Failing.
    Bad,
    /// Unknown.
    Unknown,
}

impl Mark {
    /// The mark of a status.
    pub fn of(status: Status, warned: bool) -> Self {
        match status {
            Status::Failing => Self::Bad,
            Status::Unknown => Self::Unknown,
            Status::Ok if warned => Self::Warned,
            Status::Ok => Self::Good,
        }
    }

    /// The mark of a prerequisite.
    pub fn of_prerequisite(prerequisite: &PrerequisiteReport) -> Self {
        let unread = prerequisite.status == Status::Ok
            && prerequisite.problems.is_empty()
            && !prerequisite.unknown.is_empty();
        let status = if unread { Status::Unknown } else { prerequisite.status };
        Self::of(status, !prerequisite.problems.is_empty())
    }

    /// The mark of an agent.
    pub fn of_agent(agent: &AgentReport) -> Self {
        Self::of(agent.status, agent.prerequisites.iter().any(|p| !p.problems.is_empty()))
    }

    /// The mark of a finding.
    pub fn of_severity(severity: Severity) -> Self {
        match severity {
            Severity::Critical => Self::Bad,
            Severity::Warning => Self::Warned,
        }
    }

    /// The mark as one character.
    pub fn symbol(self) -> char {
        match self {
            Self::Good => '✓',
            Self::Warned => '!',
            Self::Bad => '✗',
            Self::Unknown => '?',
        }
    }
}

/// The phases of a probe with their label values, in order.
pub fn phases(phases: &Phases) -> [(&'static str, Option<Duration>); 4] {
    [
        ("resolve", phases.resolve),
        ("connect", phases.connect),
        ("tls", phases.tls),
        ("processing", phases.processing),
    ]
}

/// One phrase about a prerequisite without a finding, from the observations.
pub fn summary(agent: &AgentReport, id: Prerequisite, clock: &ClockReport, language: Language) -> String {
    let observed = match id {
        Prerequisite::Installed => agent.install_dir.as_ref().map(|dir| dir.display().to_string()),
        Prerequisite::Processes => agent
            .roles
            .iter()
            .filter(|role| {
                role.expected.is_some_and(|expected| expected > 0) || role.live.is_some_and(|live| live > 0)
            })
            .map(|role| role.live.map(|live| format!("{} {live}", role.role)))
            .collect::<Option<Vec<_>>>()
            .filter(|roles| !roles.is_empty())
            .map(|roles| roles.join(", ")),
        Prerequisite::Ip => agent.ips.first().map(|(source, ip)| match language {
            Language::English => format!("{ip} ({source})"),
            Language::Chinese => format!("{ip}（{}）", label(source, language)),
        }),
        Prerequisite::Network => endpoints(agent, language),
        // The kernel's own offset has no half-width, and so proves nothing.
        Prerequisite::Clock => {
            let measured = clock.offsets.iter().find(|(_, _, half_width)| half_width.is_some());
            measured.map(|reference| offset(reference, language))
        }
        Prerequisite::StartupParameters
        | Prerequisite::UserIdentifier
        | Prerequisite::CustomIdentifier
        | Prerequisite::Credentials
        | Prerequisite::Restart => None,
    };
    printable(&observed.unwrap_or_else(|| fulfilled(id).in_language(language).to_owned()))
}

/// The text of a prerequisite in a list: the observation, and the causes that are active or explain it.
pub fn row(
    prerequisite: &PrerequisiteReport,
    agent: &AgentReport,
    clock: &ClockReport,
    language: Language,
) -> String {
    let mut parts = Vec::new();
    let quiet = prerequisite.problems.is_empty();
    match prerequisite.status {
        Status::Unknown => parts.push(status(Status::Unknown).in_language(language).to_owned()),
        Status::Ok if quiet => parts.push(summary(agent, prerequisite.id, clock, language)),
        Status::Ok | Status::Failing if prerequisite.id == Prerequisite::Network => {
            parts.extend(endpoints(agent, language));
        }
        Status::Ok | Status::Failing => {}
    }
    let (mut own, mut follows): (Vec<(&str, usize)>, Vec<&str>) = Default::default();
    let all: Vec<&Problem> = agent.prerequisites.iter().flat_map(|p| &p.problems).collect();
    for problem in &prerequisite.problems {
        match root_of(problem, &all) {
            Some(root) if follows.contains(&root.cause.id) => {}
            Some(root) => follows.push(root.cause.id),
            None => match own.iter_mut().find(|(id, _)| *id == problem.cause.id) {
                Some((_, count)) => *count += 1,
                None => own.push((problem.cause.id, 1)),
            },
        }
    }
    let own_causes: Vec<String> = own
        .iter()
        .map(|(id, count)| if *count > 1 { format!("{id} ×{count}") } else { (*id).to_owned() })
        .collect();
    if !own_causes.is_empty() {
        parts.push(own_causes.join(", "));
    }
    follows.retain(|id| !own.iter().any(|(known, _)| known == id));
    if !follows.is_empty() {
        parts.push(format!("{} {}", FOLLOWS.in_language(language), follows.join(", ")));
    }
    parts.join(" · ")
}

/// How many findings an agent has, root causes and consequences; empty if none.
pub fn counts(agent: &AgentReport, language: Language) -> String {
    let roots = by_root(agent);
    let of = |severity| roots.iter().filter(|(root, _)| root.severity == severity).count();
    let (critical, warnings) = (of(Severity::Critical), of(Severity::Warning));
    let explained: usize = roots.iter().map(|(_, consequences)| consequences.len()).sum();
    let counted = |number: usize, one: &str, many: &str| match (language, number) {
        (_, 0) => None,
        (Language::English, 1) => Some(format!("1 {one}")),
        (Language::English, _) => Some(format!("{number} {many}")),
        (Language::Chinese, _) => Some(format!("{many} {number} 项")),
    };
    let parts = match language {
        Language::English => [
            counted(critical, "critical", "critical"),
            counted(warnings, "warning", "warnings"),
            counted(explained, "consequence", "consequences"),
        ],
        Language::Chinese => {
            [counted(critical, "", "严重"), counted(warnings, "", "警告"), counted(explained, "", "由此导致")]
        }
    };
    let comma = if language == Language::Chinese { "，" } else { ", " };
    parts.into_iter().flatten().collect::<Vec<_>>().join(comma)
}

/// The duration of a phase, for people.
pub fn milliseconds(took: Duration) -> String {
    let milliseconds = took.as_secs_f64() * 1000.0;
    if milliseconds < 10.0 { format!("{milliseconds:.1} ms") } else { format!("{milliseconds:.0} ms") }
}

/// The text after an agent's name: kind (unless the name is the kind), version, edition, installation directory.
pub fn what_and_where(agent: &AgentReport, language: Language) -> String {
    let mut out = what(agent, language);
    if let Some(dir) = &agent.install_dir {
        out.push(' ');
        out.push_str(IN.in_language(language));
        out.push(' ');
        out.push_str(&printable(&dir.to_string_lossy()));
    }
    if let Some(ContainerName { container, pod, namespace, .. }) = &agent.container {
        let parts = [namespace.as_deref(), pod.as_deref(), Some(container.as_str())];
        let name = parts.into_iter().flatten().filter(|part| !part.is_empty()).collect::<Vec<_>>().join("/");
        let fill = |wanted: &str| (wanted == "name").then_some(name.as_str());
        out.push_str(&IN_CONTAINER.fill(language, fill));
    }
    out
}

/// The text after an agent's name: kind (unless the name is the kind), version, edition.
pub fn what(agent: &AgentReport, language: Language) -> String {
    let mut out = String::new();
    if *agent.name != *agent.kind {
        out.push_str(" — ");
        out.push_str(agent.kind);
    }
    if !agent.version.is_empty() {
        out.push(' ');
        out.push_str(&agent.version);
    }
    if !agent.edition.is_empty() && agent.edition != agent.kind {
        let (open, close) = if language == Language::Chinese { ("（", "）") } else { (" (", ")") };
        out.push_str(open);
        out.push_str(label(agent.edition, language));
        out.push_str(close);
    }
    printable(&out)
}

/// How many endpoints answer, if there are any.
pub fn endpoints(agent: &AgentReport, language: Language) -> Option<String> {
    let all = agent.endpoints.len();
    let up = agent
        .endpoints
        .iter()
        .filter(|fact| fact.probe.known().is_some_and(|probe| probe.outcome.is_ok()))
        .count();
    let (all_text, up_text) = (all.to_string(), up.to_string());
    (all > 0).then(|| {
        ENDPOINTS_ANSWER.fill(language, |name| match name {
            "up" => Some(&up_text),
            "all" => Some(&all_text),
            _ => None,
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_lines_are_printable_and_whole() {
        let line = format!("{}\u{1b}[31m{}", "x".repeat(150), "文".repeat(150));
        let shown = printable(&line);
        assert_eq!(shown, format!("{}\\u{{1b}}[31m{}", "x".repeat(150), "文".repeat(150)));
    }
}

/// One line with all non-printing characters made visible: no text of a file or another program may control a
/// terminal or reorder a page. Unlike evidence, it is not truncated.
pub fn printable(line: &str) -> String {
    if is_plain(line) {
        return line.to_owned();
    }
    // `visible` truncates long values, so it gets short pieces.
    let characters: Vec<char> = line.chars().collect();
    characters.chunks(100).map(|chunk| visible(&chunk.iter().collect::<String>())).collect()
}

/// The lines of a text of the catalogue with its placeholders filled, each printable.
pub fn lines(text: &str) -> impl Iterator<Item = String> + '_ {
    text.trim_end().split('\n').map(|line| printable(line.trim_end_matches('\r')))
}

/// The active problems of an agent, roots before consequences: each unexplained one with everything that it
/// explains, directly or indirectly. A consequence whose root is not in the list is listed as a root.
pub fn by_root(agent: &AgentReport) -> Vec<(&Problem, Vec<&Problem>)> {
    let all: Vec<&Problem> = agent.prerequisites.iter().flat_map(|p| &p.problems).collect();
    let mut roots: Vec<(&Problem, Vec<&Problem>)> = all
        .iter()
        .filter(|problem| root_of(problem, &all).is_none())
        .map(|problem| (*problem, Vec::new()))
        .collect();
    for problem in &all {
        if let Some(root) = root_of(problem, &all)
            && let Some((_, consequences)) = roots.iter_mut().find(|(kept, _)| kept.cause.id == root.cause.id)
        {
            consequences.push(problem);
        }
    }
    roots
}

/// The unexplained problem at the end of the chain of explanations; `None` for a root itself.
pub fn root_of<'a>(problem: &Problem, all: &[&'a Problem]) -> Option<&'a Problem> {
    let mut explained_by = problem.explained_by?;
    // No chain has more links than there are problems, so a cycle ends here.
    for _ in 0..all.len() {
        // The same cause may be unexplained for one subject and explained for another.
        let candidates = || all.iter().filter(|candidate| candidate.cause.id == explained_by.id);
        if let Some(root) = candidates().find(|candidate| candidate.explained_by.is_none()) {
            return Some(root);
        }
        explained_by = candidates().find_map(|candidate| candidate.explained_by)?;
    }
    None
}

/// The number of columns that a text takes on a terminal: East Asian wide characters take two.
pub fn width(text: &str) -> usize {
    text.chars()
        .map(|c| match c {
            '\u{1100}'..='\u{115f}'
            | '\u{2e80}'..='\u{a4cf}'
            | '\u{ac00}'..='\u{d7a3}'
            | '\u{f900}'..='\u{faff}'
            | '\u{fe30}'..='\u{fe4f}'
            | '\u{ff00}'..='\u{ff60}'
            | '\u{ffe0}'..='\u{ffe6}'
            | '\u{20000}'..='\u{3fffd}' => 2,
            _ => 1,
        })
        .sum()
}

/// Blanks that pad `text` to `columns`.
pub fn padding(text: &str, columns: usize) -> Blanks {
    Blanks(columns.saturating_sub(width(text)))
}

/// This many blanks.
#[derive(Debug, Clone, Copy)]
pub struct Blanks(pub usize);

impl fmt::Display for Blanks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:1$}", "", self.0)
    }
}
