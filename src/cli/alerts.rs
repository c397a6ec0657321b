//! `alerts test`: prints how each Alertmanager answered a test alert.

use std::fmt::Write;

use crate::{
    alerting::Tested,
    model::{Language, Text, text::visible},
};

/// No Alertmanager is configured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("no Alertmanager is configured; list them under alertmanagers in the config file (--config.file)")]
pub struct Nobody;

const TAKEN: Text = Text { en: "accepted the test alert", zh: "已接收测试告警" };
const NOT_TAKEN: Text = Text { en: "did not accept the test alert", zh: "未接收测试告警" };
const FORGETS: Text = Text {
    en: "its resolve_timeout is {time}: firing alerts would be resolved whenever a request is late; set it to 3m or more",
    zh: "其 resolve_timeout 为 {time}：只要有一次请求延迟，仍在触发的告警就会被当作已恢复；请设为 3m 或更长",
};
const NEXT: Text = Text {
    en: "Look for the alert LogAgentTest where its receiver shows alerts. It resolves by itself after the Alertmanager's resolve_timeout (5 minutes by default).",
    zh: "请在接收方查看告警 LogAgentTest。超过 Alertmanager 的 resolve_timeout（默认 5 分钟）后，它会自行恢复。",
};

/// Writes one line for each member. True if all accepted the alert.
///
/// # Errors
/// If there is no member.
pub fn tell(tested: &[Tested], language: Language, out: &mut String) -> Result<bool, Nobody> {
    if tested.is_empty() {
        return Err(Nobody);
    }
    let colon = match language {
        Language::English => ": ",
        Language::Chinese => "：",
    };
    let mut all = true;
    for Tested { url, outcome, forgets_after } in tested {
        let said = match outcome {
            Ok(()) => TAKEN.in_language(language).to_owned(),
            Err(why) => format!("{}{colon}{}", NOT_TAKEN.in_language(language), visible(why)),
        };
        all &= outcome.is_ok();
        let _infallible = writeln!(out, "{url}  {said}");
        if let Some(after) = forgets_after {
            let time = humantime::format_duration(*after).to_string();
            let said = FORGETS.fill(language, |name| (name == "time").then_some(time.as_str()));
            let _infallible = writeln!(out, "{url}  {said}");
        }
    }
    if tested.iter().any(|tested| tested.outcome.is_ok()) {
        let _infallible = writeln!(out, "{}", NEXT.in_language(language));
    }
    Ok(all)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(outcomes: &[Result<(), &str>], language: Language) -> (Result<bool, Nobody>, String) {
        let tested: Vec<Tested> = outcomes
            .iter()
            .map(|outcome| Tested {
                url: "http://am:9093/api/v2/alerts".to_owned(),
                outcome: outcome.map_err(str::to_owned),
                forgets_after: outcome.is_ok().then_some(std::time::Duration::from_secs(30)),
            })
            .collect();
        let mut out = String::new();
        (tell(&tested, language, &mut out), out)
    }

    #[test]
    fn each_member_has_its_line_and_one_that_refuses_fails_the_test() {
        let (all, out) = told(&[Ok(()), Err("status 401: no\u{1b}[31m")], Language::English);
        assert_eq!(all, Ok(false));
        assert!(out.starts_with("http://am:9093/api/v2/alerts  accepted the test alert\n"), "{out}");
        assert!(out.contains("http://am:9093/api/v2/alerts  its resolve_timeout is 30s: "), "{out}");
        assert!(out.contains("did not accept the test alert: status 401: no\\u{1b}[31m\n"), "{out}");
        let (all, out) = told(&[Ok(())], Language::Chinese);
        assert!(all == Ok(true) && out.contains("已接收测试告警\n") && out.contains("LogAgentTest"), "{out}");
        assert_eq!(told(&[], Language::English).0, Err(Nobody));
    }
}
