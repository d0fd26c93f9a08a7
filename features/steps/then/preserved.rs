//! Findings: what was recorded, what is in the store, and what comes back.

use cucumber::then;
use winddown_core::{Effect, Input};

use crate::Stage;

#[then("every finding is preserved")]
fn preserved(stage: &mut Stage) {
    let played = stage.played();
    let report = &played.report;
    assert!(report.units.iter().map(|unit| unit.recorded).sum::<u32>() > 0, "something was found at all");
    for unit in &report.units {
        assert_eq!(played.rows[unit.unit.index()].unwrap().findings, unit.recorded);
    }
}

#[then(regex = r#"^(\d+) findings? of "([^"]+)" (?:is|are) in the store$"#)]
fn in_the_store(stage: &mut Stage, count: u32, name: String) {
    let row = stage.played().row(&name);
    assert_eq!(row.map_or(0, |row| row.findings), count);
}

/// NFR12 across a crash: what a body was told to be durable is there when the host comes back.
#[then(regex = r#"^every acknowledged finding of "([^"]+)" comes back$"#)]
fn comes_back(stage: &mut Stage, name: String) {
    let played = stage.played();
    let unit = played.id(&name);
    let (mut acknowledged, mut came_back) = (0, 0);
    for (_, input, effects) in played.steps() {
        if let Input::UnitRecovered { unit: of, row } = input
            && of == unit
        {
            came_back += 1;
            assert!(row.findings >= acknowledged, "{} of {acknowledged}", row.findings);
        }
        for effect in effects {
            if let Effect::Acknowledge { unit: of, findings } = effect
                && *of == unit
            {
                acknowledged = acknowledged.max(*findings);
            }
        }
    }
    assert!(came_back > 0 && acknowledged > 0, "{acknowledged} acknowledged, {came_back} recoveries");
}

#[then(regex = r#"^(\d+) findings? of "([^"]+)" come back$"#)]
fn some_come_back(stage: &mut Stage, count: u32, name: String) {
    let played = stage.played();
    let unit = played.id(&name);
    let rows = played.steps().filter_map(|(_, input, _)| match input {
        Input::UnitRecovered { unit: of, row } if of == unit => Some(row.findings),
        _ => None,
    });
    assert_eq!(rows.last(), Some(count));
}

#[then(regex = r#"^the report names (\d+) findings? of "([^"]+)" as not preserved$"#)]
fn named(stage: &mut Stage, count: u32, name: String) {
    let report = stage.played().unit_report(&name);
    assert_eq!(report.unsaved(), count, "of {}", report.recorded);
}

#[then("the report names what was not preserved")]
fn names_something(stage: &mut Stage) {
    let report = &stage.played().report;
    assert!(report.unsaved().count() > 0 && report.overran);
}
