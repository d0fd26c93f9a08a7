//! What happens.

use cucumber::when;
use winddown_core::Within;
use winddown_sim::scenario::{Ask, Operator, Range, Target};

use crate::{Stage, span};

fn ask(stage: &mut Stage, at: &str, times: u32, ask: Ask) {
    stage.scenario.operators.push(Operator { at: Range::exactly(span(at)), times, ask });
}

/// The same for what stops the whole host; the first one counts.
fn ask_host(stage: &mut Stage, at: &str, what: Ask) {
    stage.signalled.get_or_insert_with(|| span(at));
    ask(stage, at, 1, what);
}

/// "" or "within 3s" or "however long it takes".
fn within(words: &str) -> Within {
    match words.trim().strip_prefix("within ") {
        Some(limit) => Within::For(span(limit)),
        None if words.is_empty() => Within::Unset,
        None => Within::Unlimited,
    }
}

#[when(
    regex = r#"^at (\S+) (somebody|\d+ callers) stops? "([^"]+)"( by force)?( within \S+| however long it takes)?$"#
)]
fn stop(stage: &mut Stage, at: String, who: String, name: String, force: String, limit: String) {
    let times = who.split(' ').next().unwrap().parse().unwrap_or(1);
    let unit = Target::Named(name);
    ask(stage, &at, times, Ask::Stop { unit, force: !force.is_empty(), within: within(&limit) });
}

#[when(regex = r#"^at (\S+) somebody (starts|cancels|pauses|resumes|restarts|removes) "([^"]+)"$"#)]
fn command(stage: &mut Stage, at: String, what: String, name: String) {
    let unit = Target::Named(name);
    let what = match what.as_str() {
        "starts" => Ask::Start(unit),
        "cancels" => Ask::Cancel(unit),
        "pauses" => Ask::Pause(unit),
        "resumes" => Ask::Resume(unit),
        "restarts" => Ask::Restart(unit),
        _ => Ask::Remove(unit),
    };
    ask(stage, &at, 1, what);
}

#[when(regex = r"^at (\S+) the host gets (SIGTERM|SIGINT)$")]
fn stop_signal(stage: &mut Stage, at: String, name: String) {
    ask_host(stage, &at, if name == "SIGTERM" { Ask::Terminate } else { Ask::Interrupt });
}

#[when(regex = r"^at (\S+) the host gets SIGHUP$")]
fn hangup(stage: &mut Stage, at: String) {
    ask(stage, &at, 1, Ask::Hangup);
}

#[when(regex = r"^at (\S+) somebody shuts the host down( within \S+)?( and preserves nothing)?$")]
fn shutdown(stage: &mut Stage, at: String, limit: String, nothing: String) {
    ask_host(stage, &at, Ask::Shutdown { graceful: nothing.is_empty(), within: within(&limit) });
}

#[when(regex = r"^at (\S+) the supervisor stops the host$")]
fn outer_stop(stage: &mut Stage, at: String) {
    ask_host(stage, &at, Ask::OuterStop);
}

#[when(regex = r"^at (\S+) the host's process dies$")]
fn crash(stage: &mut Stage, at: String) {
    ask(stage, &at, 1, Ask::Crash);
}

#[when(regex = r"^from (\S+) on the disk (is full|does not answer)$")]
fn disk(stage: &mut Stage, at: String, how: String) {
    ask(stage, &at, 1, if how == "is full" { Ask::FillDisk } else { Ask::HangDisk });
}
