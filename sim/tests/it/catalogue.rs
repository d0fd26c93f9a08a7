//! The claims that are documented are the claims that are checked.

use std::collections::BTreeSet;

use winddown_sim::claims::{Claim, Sight};

const SEMANTICS: &str = include_str!("../../../core/SEMANTICS.md");

#[test]
fn the_table_and_the_code_list_the_same_claims() {
    let documented: Vec<(&str, &str)> = SEMANTICS
        .lines()
        .filter_map(|line| line.strip_prefix("| ")?.split_once(" | `"))
        .filter_map(|(id, rest)| Some((id, rest.split_once('`')?.0)))
        .collect();
    let checked: Vec<(&str, &str)> = Claim::ALL.iter().map(|claim| (claim.id(), claim.name())).collect();
    assert_eq!(documented, checked);
    for number in 1..=24 {
        let id = format!("I{number}");
        assert!(checked.iter().any(|(of, _)| *of == id), "{id} has no claim");
    }
}

#[test]
fn the_list_and_the_code_have_the_same_sights() {
    let documented: Vec<&str> =
        SEMANTICS.lines().filter_map(|line| line.strip_prefix("- `")?.strip_suffix('`')).collect();
    let looked_for: Vec<&str> = Sight::ALL.iter().map(|sight| sight.name()).collect();
    assert_eq!(documented, looked_for);
}

#[test]
fn no_two_have_the_same_name() {
    let names: BTreeSet<&str> = Claim::ALL
        .iter()
        .map(|claim| claim.name())
        .chain(Sight::ALL.iter().map(|sight| sight.name()))
        .collect();
    assert_eq!(names.len(), Claim::ALL.len() + Sight::ALL.len());
}
