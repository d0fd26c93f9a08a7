//! What there is.

use cucumber::given;
use winddown_core::{Restart, Span};
use winddown_sim::{
    fault::Fault,
    scenario::{Range, Reaction, System},
};

use crate::{Stage, span};

fn system(word: &str) -> System {
    match word {
        "container" => System::Container,
        "task" => System::Task,
        _ => System::Daemon,
    }
}

#[given(regex = r#"^an? (container|task|engagement) "([^"]+)" that runs for ever$"#)]
fn runs_for_ever(stage: &mut Stage, kind: String, name: String) {
    stage.add(system(&kind), &name, 1);
}

#[given(regex = r#"^an? (container|task) "([^"]+)" that (runs for|completes after|fails after) (\d\S*)$"#)]
fn ends_by_itself(stage: &mut Stage, kind: String, name: String, how: String, after: String) {
    let unit = stage.add(system(&kind), &name, 1);
    unit.body.lasts = Some(Range::exactly(span(&after)));
    unit.body.fails = how == "fails after";
}

#[given(regex = r#"^a container "([^"]+)" that is never started$"#)]
fn never_started(stage: &mut Stage, name: String) {
    stage.add(System::Container, &name, 1).starts = None;
}

#[given(regex = r#"^a container "([^"]+)" that starts at (\S+)$"#)]
fn starts_at(stage: &mut Stage, name: String, at: String) {
    stage.add(System::Container, &name, 1).starts = Some(Range::exactly(span(&at)));
}

#[given(regex = r#"^(an|\d+) engagements? "([^"]+)" that finds? something every (\S+)$"#)]
fn engagements(stage: &mut Stage, count: String, name: String, every: String) {
    let unit = stage.add(System::Daemon, &name, count.parse().unwrap_or(1));
    unit.body.finds_every = Some(Range::exactly(span(&every)));
}

#[given(regex = r#"^"([^"]+)" does not react to its cancellation$"#)]
fn ignores_cancel(stage: &mut Stage, name: String) {
    stage.unit(&name).body.on_cancel = Reaction::Ignores;
}

#[given(regex = r#"^"([^"]+)" never holds still$"#)]
fn never_pauses(stage: &mut Stage, name: String) {
    stage.unit(&name).body.on_pause = Reaction::Ignores;
}

#[given(regex = r#"^"([^"]+)" may run for (\S+)$"#)]
fn run_budget(stage: &mut Stage, name: String, budget: String) {
    stage.unit(&name).run_budget = Some(span(&budget));
}

#[given(regex = r#"^"([^"]+)" restarts (on failure|always)$"#)]
fn restarts(stage: &mut Stage, name: String, policy: String) {
    let backoff = Span::from_secs(1);
    stage.unit(&name).restart = if policy == "always" {
        Restart::Always { backoff }
    } else {
        Restart::OnFailure { limit: 3, backoff, backoff_max: Span::from_secs(9) }
    };
}

#[given(regex = r"^(\d+) clients$")]
fn clients(stage: &mut Stage, count: u16) {
    stage.scenario.host.clients = count;
}

#[given(regex = r"^a deadline of (\S+)$")]
fn deadline(stage: &mut Stage, limit: String) {
    stage.scenario.host.deadline = span(&limit);
}

#[given("a disk that never answers")]
fn disk_hangs(stage: &mut Stage) {
    stage.scenario.faults.set(Fault::DiskHangs, 1_000);
    // It hangs from a moment within the storm; a year-long row makes it hang from the first write on.
    let year = Span::from_secs(365 * 86_400);
    stage.scenario.host.row_takes = Range::exactly(year);
    stage.scenario.host.checkpoint_takes = Range::exactly(year);
}
