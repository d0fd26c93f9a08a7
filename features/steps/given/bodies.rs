//! What bodies do, and how they react to what they are told.

use cucumber::given;
use winddown_sim::{
    fault::Fault,
    scenario::{BodyPlan, Range, Reaction},
};

use crate::{Stage, span};

/// Where a body's reaction to something is kept.
fn reaction<'a>(body: &'a mut BodyPlan, to: &str) -> &'a mut Reaction {
    match to {
        "its cancellation" => &mut body.on_cancel,
        "SIGTERM" => &mut body.on_terminate,
        "SIGKILL" => &mut body.on_kill,
        "a pause" => &mut body.on_pause,
        "its disconnection" => &mut body.on_disconnect,
        "a health check" => &mut body.on_probe,
        "its checkpoint" => &mut body.on_checkpoint,
        "its removal" => body.on_remove.insert(body.on_kill),
        other => panic!("no body is ever told `{other}`"),
    }
}

#[given(regex = r#"^"([^"]+)" does not react to (.+)$"#)]
fn ignores(stage: &mut Stage, name: String, to: String) {
    *reaction(&mut stage.unit(&name).body, &to) = Reaction::Ignores;
}

#[given(regex = r#"^"([^"]+)" answers (.+) with an error$"#)]
fn fails(stage: &mut Stage, name: String, to: String) {
    *reaction(&mut stage.unit(&name).body, &to) = Reaction::Fails;
}

#[given(regex = r#"^"([^"]+)" needs (\S+) for (.+)$"#)]
fn needs(stage: &mut Stage, name: String, time: String, to: String) {
    *reaction(&mut stage.unit(&name).body, &to) = Reaction::Obeys(Range::exactly(span(&time)));
}

#[given(regex = r#"^"([^"]+)" is up after (\S+)$"#)]
fn up_after(stage: &mut Stage, name: String, time: String) {
    stage.unit(&name).body.up_after = Range::exactly(span(&time));
}

#[given(regex = r#"^"([^"]+)" waits until each finding is durable$"#)]
fn durable(stage: &mut Stage, name: String) {
    stage.unit(&name).body.durable = true;
}

#[given(regex = r#"^"([^"]+)" cancels itself after (\S+)$"#)]
fn cancels_itself(stage: &mut Stage, name: String, after: String) {
    stage.unit(&name).body.cancels_itself_after = Some(Range::exactly(span(&after)));
}

#[given("findings still come in while their engagement holds still")]
fn finds_while_paused(stage: &mut Stage) {
    stage.scenario.faults.set(Fault::FindsWhilePaused, 1_000);
}

#[given("children outlive what started them")]
fn leaves_children(stage: &mut Stage) {
    stage.scenario.faults.set(Fault::LeavesChildren, 1_000);
}

#[given("bodies panic when they are cancelled")]
fn panics(stage: &mut Stage) {
    stage.scenario.faults.set(Fault::PanicsOnCancel, 1_000);
}

#[given("no body can be started")]
fn start_fails(stage: &mut Stage) {
    stage.scenario.faults.set(Fault::StartFails, 1_000);
}

#[given("what an earlier host left cannot be ended")]
fn reap_fails(stage: &mut Stage) {
    stage.scenario.faults.set(Fault::ReapFails, 1_000);
}
