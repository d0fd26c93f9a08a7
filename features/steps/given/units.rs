//! Units, and the policies that they have.

use cucumber::given;
use winddown_core::{Restart, Span};
use winddown_sim::scenario::{Range, System, UnitPlan};

use crate::{Stage, span};

fn system(word: &str) -> System {
    match word {
        "container" => System::Container,
        "Docker container" => System::Provider,
        "engagement" => System::Daemon,
        "session" => System::Session,
        _ => System::Task,
    }
}

/// "that …": what is said about a unit where it is introduced.
fn that(unit: &mut UnitPlan, words: &str) {
    let (what, last) = words.rsplit_once(' ').unwrap();
    match what {
        "runs for" if last == "ever" => {}
        "runs for" | "completes after" => unit.body.lasts = Some(Range::exactly(span(last))),
        "fails after" => {
            unit.body.lasts = Some(Range::exactly(span(last)));
            unit.body.fails = true;
        }
        "is never" => unit.starts = None,
        "starts at" => unit.starts = Some(Range::exactly(span(last))),
        "finds something every" | "find something every" => {
            unit.body.finds_every = Some(Range::exactly(span(last)));
        }
        other => panic!("nothing is known about a unit that `{other} …`"),
    }
}

#[given(
    regex = r#"^(an?|\d+) (container|Docker container|engagement|session|task)s? "([^"]+)"(?: that (.+))?$"#
)]
fn units(stage: &mut Stage, count: String, kind: String, name: String, words: String) {
    let mut unit = system(&kind).unit(&name);
    unit.count = count.parse().unwrap_or(1);
    if !words.is_empty() {
        that(&mut unit, &words);
    }
    stage.scenario.units.push(unit);
}

#[given(regex = r#"^"([^"]+)" is asked for its health first$"#)]
fn probed(stage: &mut Stage, name: String) {
    stage.unit(&name).probed = true;
}

#[given(regex = r#"^"([^"]+)" depends on "([^"]+)"$"#)]
fn depends(stage: &mut Stage, name: String, on: String) {
    stage.unit(&name).depends_on.push(on);
}

#[given(regex = r#"^"([^"]+)" belongs to owner (\d+)$"#)]
fn belongs(stage: &mut Stage, name: String, owner: u16) {
    stage.unit(&name).owner = owner;
}

#[given(regex = r#"^"([^"]+)" may run for (\S+)$"#)]
fn run_budget(stage: &mut Stage, name: String, budget: String) {
    stage.unit(&name).run_budget = Some(span(&budget));
}

#[given(regex = r#"^"([^"]+)" has a grace of (\S+)$"#)]
fn has_grace(stage: &mut Stage, name: String, grace: String) {
    stage.unit(&name).grace = span(&grace);
}

#[given(regex = r#"^"([^"]+)" must be up within (\S+)$"#)]
fn start_patience(stage: &mut Stage, name: String, patience: String) {
    stage.unit(&name).start_patience = Some(span(&patience));
}

#[given(regex = r#"^"([^"]+)" restarts always, after (\S+)$"#)]
fn restarts_always(stage: &mut Stage, name: String, backoff: String) {
    stage.unit(&name).restart = Restart::Always { backoff: span(&backoff) };
}

#[given(regex = r#"^"([^"]+)" restarts on failure, at most (\d+) times?, after (\S+)$"#)]
fn restarts_on_failure(stage: &mut Stage, name: String, limit: u16, backoff: String) {
    let backoff_max = Span::from_secs(9);
    stage.unit(&name).restart = Restart::OnFailure { limit, backoff: span(&backoff), backoff_max };
}
