//! Arbitrary interleavings: whatever is asked for and whatever goes wrong, every claim holds.

use proptest::{strategy::BoxedStrategy, test_runner::TestCaseError};

use crate::{
    case::Case,
    law::{Law, law},
    make,
};

#[test]
fn every_claim_holds_in_every_interleaving() {
    every_claim_holds(&law!("every_claim_holds_in_every_interleaving", 2_000), &make::case());
}

#[test]
fn every_claim_holds_when_nothing_goes_wrong() {
    every_claim_holds(&law!("every_claim_holds_when_nothing_goes_wrong", 1_000), &make::calm_case());
}

/// What breaks a claim is made smaller once more, by those who know what a scenario means.
#[track_caller]
fn every_claim_holds(law: &Law, cases: &BoxedStrategy<Case>) {
    let holds = |case: &Case| case.broken().map_or(Ok(()), |what| Err(TestCaseError::fail(what)));
    if let Some((reason, case)) = law.failing_case(cases, holds) {
        let case = case.smaller();
        panic!("{}", law.failure(&case.broken().unwrap_or(reason), &case));
    }
}
