//! The timeline and the report of every scenario that comes with winddown, and of every ladder on a happy,
//! a slow and a hopeless path.

use std::fs;

use winddown_sim::{
    Setup,
    scenario::{Scenario, System, catalog::SHIPPED},
    story::Story,
    sweep::Source,
    timeline::{Heading, render},
};

use crate::folder::{Folder, files, package};

/// How it goes for the body that a ladder is for.
const PATHS: [&str; 3] = ["happy", "slow", "hopeless"];

#[test]
fn every_scenario_draws_its_golden_timeline() {
    let mut golden = Folder::named("");
    for (name, text) in SHIPPED {
        golden.draw(name, &timeline(text, name, &format!("scenario {name}")));
    }
    golden.close();
}

#[test]
fn every_ladder_draws_its_happy_its_slow_and_its_hopeless_path() {
    let folder = package().join("ladders");
    let mut golden = Folder::named("ladders");
    let mut left = files(&folder, "");
    for system in System::ALL {
        for path in PATHS {
            let name = format!("{}-{path}", system.name());
            let file = format!("{name}.toml");
            assert!(left.remove(&file), "the {path} path of a {} has no scenario", system.name());
            let text = fs::read_to_string(folder.join(&file)).expect("it is there");
            let drawn = timeline(&text, &format!("snapshots/ladders/{file}"), &format!("scenario {name}"));
            golden.draw(&name, &drawn);
        }
    }
    assert!(left.is_empty(), "these are paths of no ladder: {left:?}");
    golden.close();
}

fn timeline(text: &str, replay: &str, title: &str) -> String {
    let scenario = Scenario::parse(text).unwrap_or_else(|error| panic!("{replay}: {error}"));
    let source = Source::Fixed(Box::new(Setup::new(scenario).expect("it can be run")));
    let (mut arena, mut story) = (None, Story::default());
    let (setup, outcome) = source.play(1, &mut arena, Some(&mut story)).expect("it is run");
    assert_eq!(outcome.breach, None, "{title}");
    let replay = format!("cargo xtask sim --scenario {replay} --seed 1");
    let heading = Heading { seed: Some(1), scenario: title.to_owned(), replay };
    let engine = arena.as_ref().expect("a run leaves an arena").engine();
    render(&setup, &heading, &story, &outcome, engine)
}
