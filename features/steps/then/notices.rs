//! What subscribers hear.

use cucumber::then;
use winddown_core::Effect;

use crate::{Stage, played::Played};

fn heard(played: &Played, name: &str) -> Vec<&'static str> {
    let unit = played.id(name);
    played
        .effects()
        .filter_map(|(_, effect)| match effect {
            Effect::Notify { unit: of, notice, .. } if of == unit => Some(notice.words()),
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
