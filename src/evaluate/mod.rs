//! 2. Evaluate. Pure: no clock of its own, no I/O, no async. `(settings, snapshot, engine_state) → verdicts, engine_state`.
//!
//! First, values are derived from the facts, then each rule judges its prerequisite, then what could not be
//! judged is carried over, and last, root causes are separated from their consequences.

mod context;
mod derived;
mod engine;
mod loaded;
mod report;
mod roles;
mod rules;
mod values;
mod words;

#[cfg(test)]
mod tests;

use std::sync::Arc;

pub use derived::{endpoints, proxies};
pub use engine::engine_state::EngineState;

use crate::{
    agents,
    config::{AgentSettings, ClockSettings},
    model::{
        Cause, Reading,
        report::{AgentReport, ClockReport, NotEvaluated},
        snapshot::{AgentFacts, Snapshot},
    },
};

use context::Context;
use derived::Derived;
use engine::{engine_state::Weights, findings::Outcome};
use rules::{RULES, Rule};

/// Judges one snapshot. `watched` holds the settings of `snapshot.agents`, in the same order.
pub fn evaluate(
    snapshot: &Snapshot,
    watched: &[AgentSettings],
    clock: &ClockSettings,
    engine_state: &mut EngineState,
) -> (Vec<AgentReport>, ClockReport) {
    engine_state.clock.advance(snapshot);
    let agents = snapshot
        .agents
        .iter()
        .zip(watched)
        .filter_map(|(agent, settings)| judge_agent(snapshot, agent, settings, clock, engine_state))
        .collect();
    (agents, rules::clock::report(&snapshot.clock, &engine_state.clock))
}

fn judge_agent(
    snapshot: &Snapshot,
    agent: &AgentFacts,
    settings: &AgentSettings,
    clock: &ClockSettings,
    engine_state: &mut EngineState,
) -> Option<AgentReport> {
    let profile = agents::profile(agent.kind)?;
    let place = snapshot.place(&agent.place)?;
    let derived = Derived::of(profile, settings, place, agent);
    let clock_history = engine_state.clock.clone();
    let memory = engine_state.agents.entry(Arc::clone(&agent.name)).or_default();
    memory.history.advance(snapshot, agent, &derived);
    let history = memory.history.clone();
    let context = Context {
        snapshot,
        place,
        agent,
        derived: &derived,
        settings,
        clock,
        profile,
        history: &history,
        clock_history: &clock_history,
    };
    let judged = RULES.iter().map(|rule| (rule.prerequisite, judge(rule, &context))).collect();
    let supplementary = |cause: &'static Cause| RULES.iter().any(|rule| rule.supplementary.contains(&cause));
    let weights =
        Weights { ignored: &|cause| settings.ignore.contains(cause.id), supplementary: &supplementary };
    let (carried, not_evaluated) = memory.carry(snapshot.taken_at, judged, &weights);
    Some(report::assemble(&context, carried, not_evaluated))
}

/// One rule, where its prerequisite applies.
fn judge(rule: &Rule, context: &Context<'_>) -> Outcome {
    if !context.profile.described(rule.prerequisite, context.settings) {
        return Outcome::Not(NotEvaluated::NotExpected);
    }
    match context.profile.applies(rule.prerequisite, &context.derived.edition) {
        Reading::Known(true) => (rule.judge)(context),
        Reading::Known(false) => Outcome::Not(not_of(context)),
        Reading::Unknown(why) => Outcome::Not(NotEvaluated::Undecided(why)),
    }
}

/// A prerequisite that does not apply to this edition, or to any edition of the kind.
fn not_of(context: &Context<'_>) -> NotEvaluated {
    let community = context.derived.edition.known().is_some_and(|edition| edition.community);
    if community { NotEvaluated::Edition } else { NotEvaluated::Kind }
}
