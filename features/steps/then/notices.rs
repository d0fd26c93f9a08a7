//! What subscribers hear.

use cucumber::then;
use winddown_core::{Effect, Notice};

use crate::{Stage, played::Played};

const fn words(notice: Notice) -> &'static str {
    match notice {
        Notice::Started => "started",
        Notice::Progress => "progress",
        Notice::Paused => "paused",
        Notice::Resumed => "resumed",
        Notice::CancellationRequested => "cancellation requested",
        Notice::Completed => "completed",
        Notice::Failed => "failed",
        Notice::Cancelled => "cancelled",
        Notice::TimedOut => "timed out",
        Notice::Stopped => "stopped",
    }
}

fn heard(played: &Played, name: &str) -> Vec<&'static str> {
    let unit = played.id(name);
    played
        .effects()
        .filter_map(|(_, effect)| match effect {
            Effect::Notify { unit: of, notice, .. } if of == unit => Some(words(notice)),
            _ => None,
        })
        .collect()
}

#[then(regex = r#"^subscribers of "([^"]+)" hear: (.+)$"#)]
fn hear(stage: &mut Stage, name: String, list: String) {
    assert_eq!(heard(stage.played(), &name), list.split(", ").collect::<Vec<_>>());
}

#[then(regex = r#"^subscribers of "([^"]+)" hear nothing$"#)]
fn hear_nothing(stage: &mut Stage, name: String) {
    assert_eq!(heard(stage.played(), &name), Vec::<&str>::new());
}
