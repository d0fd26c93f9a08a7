//! What is on record, and what is listed.

use cucumber::then;
use winddown_core::{Effect, Input, Moment, Reason, Row, Span, Status};
use winddown_sim::story::Entry;

use super::is_about;
use crate::{Stage, span};

fn reason(words: &str) -> Reason {
    match words {
        "a user asked for it" => Reason::ByUser,
        "its time was up" => Reason::RunBudgetOver,
        "it did not come up" => Reason::StartOverdue,
        "the host shut down" => Reason::Shutdown,
        "its host was gone" => Reason::Interrupted,
        "it asked for it itself" => Reason::Stated(1),
        other => panic!("nothing ever ends because `{other}`"),
    }
}

fn row(stage: &mut Stage, name: &str) -> Option<Row> {
    stage.played().row(name)
}

#[then(regex = r#"^the row of "([^"]+)" says (\w+)(?:, because (.+))?$"#)]
fn row_says(stage: &mut Stage, name: String, word: String, because: String) {
    let row = row(stage, &name).expect("no row was ever written");
    assert_eq!(row.status.name(), word);
    if !because.is_empty() {
        assert_eq!(row.reason, reason(&because));
    }
}

/// A checkpoint that a crash tore is there as a whole, or not at all.
#[then(regex = r#"^the row of "([^"]+)" says (\w+) with (\d+) findings, or (\w+) with none$"#)]
fn row_says_either(stage: &mut Stage, name: String, whole: String, findings: u32, nothing: String) {
    let row = row(stage, &name).expect("no row was ever written");
    let found = (row.status.name(), row.findings);
    assert!(found == (whole.as_str(), findings) || found == (nothing.as_str(), 0), "{found:?}");
}

#[then(regex = r#"^"([^"]+)" has no row$"#)]
fn no_row(stage: &mut Stage, name: String) {
    assert_eq!(row(stage, &name), None);
}

#[then(regex = r#"^the row of "([^"]+)" says that it is leaked$"#)]
fn row_leaked(stage: &mut Stage, name: String) {
    assert!(row(stage, &name).unwrap().leaked);
}

#[then(regex = r#"^the (?:last )?row of "([^"]+)" is written (once|twice|\d+ times)$"#)]
fn written(stage: &mut Stage, name: String, count: String) {
    let played = stage.played();
    let unit = played.id(&name);
    let final_row = |effect: &Effect| matches!(effect, Effect::Persist { unit: of, row, .. } if *of == unit && row.status.is_terminal());
    let expected = match count.as_str() {
        "once" => 1,
        "twice" => 2,
        more => more.split(' ').next().unwrap().parse().unwrap(),
    };
    assert_eq!(played.places(final_row).len(), expected);
}

#[then(regex = r#"^the row of "([^"]+)" is asked for in the instant of the (stop|cancellation)$"#)]
fn row_at_once(stage: &mut Stage, name: String, what: String) {
    let played = stage.played();
    let unit = played.id(&name);
    let is_request = |input: &Input| match input {
        Input::StopRequested { .. } => what == "stop",
        Input::CancelRequested { .. } => what == "cancellation",
        _ => false,
    };
    let request = played.steps().find(|(_, input, _)| is_request(input)).unwrap();
    let asked = |effect: &Effect| matches!(effect, Effect::Persist { unit: of, .. } if *of == unit);
    assert!(request.2.iter().any(asked));
}

#[then(regex = r#"^"([^"]+)" is (never started|started once|started twice|started \d+ times)$"#)]
fn started(stage: &mut Stage, name: String, how_often: String) {
    let played = stage.played();
    let unit = played.id(&name);
    let starts = played.places(|effect| matches!(effect, Effect::Start { unit: of, .. } if *of == unit));
    let expected = match how_often.as_str() {
        "never started" => 0,
        "started once" => 1,
        "started twice" => 2,
        more => more.split(' ').nth(1).unwrap().parse().unwrap(),
    };
    assert_eq!(starts.len(), expected);
}

#[then(regex = r#"^the starts of "([^"]+)" are at (.+)$"#)]
fn start_times(stage: &mut Stage, name: String, times: String) {
    let played = stage.played();
    let unit = played.id(&name);
    let starts = played
        .effects()
        .filter(|(_, effect)| matches!(effect, Effect::Start { unit: of, .. } if *of == unit));
    let starts: Vec<Span> = starts.map(|(at, _)| Moment::START.until(at)).collect();
    let expected: Vec<Span> = times.replace(" and ", ", ").split(", ").map(span).collect();
    let same = |(at, wanted): (&Span, &Span)| is_about(played, *wanted, *at);
    assert!(starts.len() == expected.len() && starts.iter().zip(&expected).all(same), "{starts:?}");
}

/// Whoever asks at that moment sees this.
#[then(regex = r#"^at (\S+) "([^"]+)" is listed as (\w+)( with a body that lives)?$"#)]
fn listed(stage: &mut Stage, at: String, name: String, word: String, alive: String) {
    let played = stage.played();
    let unit = played.id(&name);
    let at = Moment::START.after(span(&at));
    let mut shown: Vec<(Moment, (Status, bool))> = vec![(Moment::START, (Status::Pending, false))];
    for (when, entry) in &played.story.entries {
        if let Entry::Step { units, .. } = entry {
            shown.extend(units.get(unit.index()).map(|it| (*when, *it)));
        }
    }
    // Where times mean nothing, somebody who asks at the right moment sees it.
    let mut before = shown.iter().filter(|(when, _)| *when <= at);
    let seen = if played.exact {
        before.next_back().into_iter().collect()
    } else {
        shown.iter().collect::<Vec<_>>()
    };
    let expected = |(_, (status, lives)): &&(Moment, (Status, bool))| {
        status.name() == word && (alive.is_empty() || *lives)
    };
    assert!(seen.iter().any(expected), "{seen:?}");
}
