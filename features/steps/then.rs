//! How it went.

use cucumber::then;
use winddown_core::{Action, Answer, Effect, Input, Notice, Outcome, Phase, Span, Status};
use winddown_sim::Ended;

use crate::{Played, Stage, span};

fn status(word: &str) -> Status {
    Status::ALL.into_iter().find(|status| status.name() == word).unwrap()
}

fn answers(played: &Played) -> Vec<Answer> {
    let replies = played.effects().filter_map(|(_, effect)| match effect {
        Effect::Reply { answer, .. } => Some(answer),
        _ => None,
    });
    replies.filter(|answer| *answer != Answer::Accepted).collect()
}

#[then(regex = r#"^the stop of "([^"]+)" takes (\S+)$"#)]
fn stop_takes(stage: &mut Stage, name: String, time: String) {
    let played = stage.played();
    let report = played.arena.engine().unit_report(played.id(&name)).unwrap();
    assert_eq!(report.took, span(&time));
}

#[then(regex = r"^(every|\d+) callers? (?:is|are) told that it is (\S+)$")]
fn told(stage: &mut Stage, count: String, word: String) {
    let answers = answers(stage.played());
    let expected = Answer::Stopped { status: status(&word), leaked: false };
    assert!(!answers.is_empty(), "nobody was told anything");
    assert!(answers.iter().all(|answer| *answer == expected), "{answers:?}");
    assert!(
        count.parse().is_ok_and(|count: usize| count == answers.len()) || count == "every",
        "{answers:?}"
    );
}

#[then(regex = r"^(\d+) caller is told (true|false)$")]
fn told_whether(stage: &mut Stage, count: usize, truth: String) {
    let expected = Answer::Cancelled(truth == "true");
    assert_eq!(answers(stage.played()).into_iter().filter(|answer| *answer == expected).count(), count);
}

#[then(regex = r#"^the row of "([^"]+)" says (\S+)$"#)]
fn row_says(stage: &mut Stage, name: String, word: String) {
    let played = stage.played();
    assert_eq!(played.arena.store().row(played.id(&name)).unwrap().status, status(&word));
}

#[then(regex = r#"^the row of "([^"]+)" is written once$"#)]
fn written_once(stage: &mut Stage, name: String) {
    let played = stage.played();
    let unit = played.id(&name);
    let final_row = |effect: &Effect| matches!(effect, Effect::Persist { unit: of, row, .. } if *of == unit && row.status.is_terminal());
    assert_eq!(played.places(final_row).len(), 1);
}

#[then(regex = r#"^the row of "([^"]+)" is asked for in the instant of the stop$"#)]
fn row_at_once(stage: &mut Stage, name: String) {
    let played = stage.played();
    let unit = played.id(&name);
    let stop = played.steps().find(|(_, input, _)| matches!(input, Input::StopRequested { .. })).unwrap();
    let asked = |effect: &Effect| matches!(effect, Effect::Persist { unit: of, .. } if *of == unit);
    assert!(stop.2.iter().any(asked));
}

#[then(regex = r#"^nobody is told before the row of "([^"]+)" is durable$"#)]
fn told_after_row(stage: &mut Stage, name: String) {
    let played = stage.played();
    let unit = played.id(&name);
    for (_, input, effects) in played.steps() {
        let told = effects.iter().any(|effect| matches!(effect, Effect::Reply { .. }));
        let written =
            matches!(input, Input::Persisted { unit: of, outcome: Outcome::Done, .. } if of == unit);
        assert!(!told || written, "{input:?} led to an answer");
    }
}

#[then(regex = r#"^"([^"]+)" is (never started|started once)$"#)]
fn started(stage: &mut Stage, name: String, how_often: String) {
    let played = stage.played();
    let unit = played.id(&name);
    let starts = played.places(|effect| matches!(effect, Effect::Start { unit: of, .. } if *of == unit));
    assert_eq!(starts.len(), usize::from(how_often == "started once"));
}

#[then(regex = r#"^the exit of "([^"]+)" leads to nothing$"#)]
fn exit_is_quiet(stage: &mut Stage, name: String) {
    let played = stage.played();
    let unit = played.id(&name);
    let exit = |input: &Input| matches!(input, Input::UnitExited { unit: of, .. } if *of == unit);
    let (_, _, effects) = played.steps().find(|(_, input, _)| exit(input)).unwrap();
    assert_eq!(effects, []);
}

#[then(regex = r#"^subscribers of "([^"]+)" are told once how it ended: (cancelled|timed out)$"#)]
fn one_terminal_notice(stage: &mut Stage, name: String, how: String) {
    let played = stage.played();
    let unit = played.id(&name);
    let told: Vec<Notice> = played
        .effects()
        .filter_map(|(_, effect)| match effect {
            Effect::Notify { unit: of, notice, .. } if of == unit && notice.is_terminal() => Some(notice),
            _ => None,
        })
        .collect();
    assert_eq!(told, [if how == "cancelled" { Notice::Cancelled } else { Notice::TimedOut }]);
}

#[then(regex = r"^the exit code is (\d)$")]
fn exit_code(stage: &mut Stage, code: u8) {
    assert_eq!(stage.played().outcome.ended, Ended::Exited(code));
}

#[then(regex = r"^the host is down within (\S+)$")]
fn down_within(stage: &mut Stage, limit: String) {
    let signalled = stage.signalled.unwrap();
    let took = stage.played().outcome.took;
    assert!(took <= signalled.plus(span(&limit)), "down after {}", took.minus(signalled));
}

#[then("every finding is preserved")]
fn preserved(stage: &mut Stage) {
    let played = stage.played();
    let report = played.arena.engine().report();
    assert!(report.units.iter().map(|unit| unit.recorded).sum::<u32>() > 0, "something was found at all");
    for unit in report.units {
        assert_eq!(played.arena.store().row(unit.unit).unwrap().findings, unit.recorded);
    }
}

#[then("the report names what was not preserved")]
fn named(stage: &mut Stage) {
    let report = stage.played().arena.engine().report();
    assert!(report.unsaved().count() > 0 && report.overran);
}

#[then("the socket and the PID file are removed")]
fn artifacts_gone(stage: &mut Stage) {
    let played = stage.played();
    for wanted in [Phase::CloseListener, Phase::UnlinkSocket, Phase::RemovePidFile] {
        let done = played.places(|effect| matches!(effect, Effect::Wind { phase, .. } if *phase == wanted));
        assert_eq!(done.len(), 1, "{}", wanted.name());
    }
}

#[then("all clients are told before any unit is asked to pause")]
fn told_first(stage: &mut Stage) {
    let played = stage.played();
    let told = played.places(|effect| matches!(effect, Effect::Tell { .. }));
    let paused = played.places(|effect| matches!(effect, Effect::Perform { action: Action::Pause, .. }));
    assert!(!told.is_empty() && told.last() < paused.first());
}

#[then("nothing is checkpointed before all hold still")]
fn paused_first(stage: &mut Stage) {
    let played = stage.played();
    let asked = played.places(|effect| matches!(effect, Effect::Perform { action: Action::Pause, .. }));
    let saved = played.places(|effect| matches!(effect, Effect::Checkpoint { .. }));
    assert!(!asked.is_empty() && asked.last() < saved.first());
}

#[then("clients are disconnected after the last checkpoint")]
fn disconnected_last(stage: &mut Stage) {
    let played = stage.played();
    let saved = played.places(|effect| matches!(effect, Effect::Checkpoint { .. }));
    let gone = played.places(|effect| matches!(effect, Effect::Disconnect { .. }));
    assert!(!gone.is_empty() && saved.last() < gone.first());
    assert!(Span::ZERO < stage.played().outcome.took);
}
