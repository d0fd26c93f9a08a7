//! What callers are told, and when.

use cucumber::then;
use winddown_core::{Answer, Effect, Input, Moment, Outcome, Status};

use super::takes;
use crate::{Stage, played::Played};

fn status(word: &str) -> Status {
    Status::ALL.into_iter().find(|status| status.name() == word).unwrap()
}

fn replies(played: &Played) -> impl Iterator<Item = (Moment, Answer)> {
    played.effects().filter_map(|(at, effect)| match effect {
        Effect::Reply { answer, .. } => Some((at, answer)),
        _ => None,
    })
}

fn answers(played: &Played) -> Vec<Answer> {
    replies(played).map(|(_, answer)| answer).filter(|answer| *answer != Answer::Accepted).collect()
}

#[then(regex = r"^(every|\d+) callers? (?:is|are) told that it is (\S+?)(, and leaked)?$")]
fn told(stage: &mut Stage, count: String, word: String, leaked: String) {
    let answers = answers(stage.played());
    let expected = Answer::Stopped { status: status(&word), leaked: !leaked.is_empty() };
    assert!(!answers.is_empty(), "nobody was told anything");
    let as_expected = answers.iter().filter(|answer| **answer == expected).count();
    let wanted = count.parse().unwrap_or(answers.len());
    assert_eq!(as_expected, wanted, "{answers:?}");
}

#[then(regex = r"^(\d+) callers? (?:is|are) told (true|false)$")]
fn told_whether(stage: &mut Stage, count: usize, truth: String) {
    let expected = Answer::Cancelled(truth == "true");
    let answers = answers(stage.played());
    assert_eq!(answers.iter().filter(|answer| **answer == expected).count(), count, "{answers:?}");
}

#[then(regex = r"^(\d+) callers? (?:is|are) told: (restarted|not recorded)$")]
fn told_otherwise(stage: &mut Stage, count: usize, what: String) {
    let expected = if what == "restarted" { Answer::Restarted } else { Answer::NotRecorded };
    let answers = answers(stage.played());
    assert_eq!(answers.iter().filter(|answer| **answer == expected).count(), count, "{answers:?}");
}

#[then(regex = r"^(\d+) callers? (?:is|are) refused: (.+)$")]
fn refused(stage: &mut Stage, count: usize, why: String) {
    let answers = answers(stage.played());
    let same = |answer: &&Answer| matches!(answer, Answer::Refused(given) if given.words() == why);
    assert_eq!(answers.iter().filter(same).count(), count, "{answers:?}");
}

#[then(regex = r"^(\d+) callers? (?:is|are) accepted$")]
fn accepted(stage: &mut Stage, count: usize) {
    let accepted = replies(stage.played()).filter(|(_, answer)| *answer == Answer::Accepted);
    assert_eq!(accepted.count(), count);
}

#[then(regex = r"^the last answer comes (about \S+|\S+) after the start$")]
fn answered_at(stage: &mut Stage, when: String) {
    let played = stage.played();
    let (at, _) = replies(played).last().expect("nobody was told anything");
    let took = Moment::START.until(at);
    assert!(takes(played, &when, took), "answered after {took}");
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
