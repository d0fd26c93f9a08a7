//! What happens.

use cucumber::when;
use winddown_core::Within;
use winddown_sim::scenario::{Ask, Operator, Range, Target};

use crate::{Stage, span};

fn ask(stage: &mut Stage, at: &str, times: u32, ask: Ask) {
    stage.operator(Operator { at: Range::exactly(span(at)), times, ask });
}

#[when(regex = r#"^at (\S+) (somebody|\d+ callers) stops? "([^"]+)"$"#)]
fn stop(stage: &mut Stage, at: String, who: String, name: String) {
    let times = who.split(' ').next().unwrap().parse().unwrap_or(1);
    let unit = Target::Named(name);
    ask(stage, &at, times, Ask::Stop { unit, force: false, within: Within::Unset });
}

#[when(regex = r#"^at (\S+) somebody (cancels|pauses) "([^"]+)"$"#)]
fn cancel_or_pause(stage: &mut Stage, at: String, what: String, name: String) {
    let unit = Target::Named(name);
    ask(stage, &at, 1, if what == "cancels" { Ask::Cancel(unit) } else { Ask::Pause(unit) });
}

#[when(regex = r"^at (\S+) the host gets (SIGTERM|SIGINT|SIGHUP)$")]
fn signal(stage: &mut Stage, at: String, name: String) {
    let what = match name.as_str() {
        "SIGTERM" => Ask::Terminate,
        "SIGINT" => Ask::Interrupt,
        _ => Ask::Hangup,
    };
    if what != Ask::Hangup {
        stage.signalled.get_or_insert_with(|| span(&at));
    }
    ask(stage, &at, 1, what);
}
