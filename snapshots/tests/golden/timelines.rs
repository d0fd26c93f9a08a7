//! The timeline and the report of every scenario that comes with winddown.

use std::{collections::BTreeSet, fs, path::Path};

use winddown_sim::{
    Setup,
    scenario::{Scenario, catalog::SHIPPED},
    story::Story,
    sweep::Source,
    timeline::{Heading, render},
};

const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/snap");

#[test]
fn every_scenario_draws_its_golden_timeline() {
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path(FOLDER);
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings.bind(|| {
        for (name, text) in SHIPPED {
            let scenario = Scenario::parse(text).expect("what is shipped can be read");
            let source = Source::Fixed(Box::new(Setup::new(scenario).expect("and run")));
            let (mut arena, mut story) = (None, Story::default());
            let (setup, outcome) = source.play(1, &mut arena, Some(&mut story)).expect("it is run");
            let replay = format!("cargo xtask sim --scenario {name} --seed 1");
            let heading = Heading { seed: Some(1), scenario: format!("scenario {name}"), replay };
            let engine = arena.as_ref().expect("a run leaves an arena").engine();
            insta::assert_snapshot!(name, render(&setup, &heading, &story, &outcome, engine));
        }
    });
}

#[test]
fn no_snapshot_is_left_over() {
    let wanted: BTreeSet<String> = SHIPPED.iter().map(|(name, _)| format!("{name}.snap")).collect();
    let files = fs::read_dir(Path::new(FOLDER)).expect("the folder of snapshots");
    let found: BTreeSet<String> =
        files.map(|file| file.expect("an entry").file_name().to_string_lossy().into_owned()).collect();
    assert_eq!(found, wanted, "a snapshot without a scenario, or one that was never accepted");
}
