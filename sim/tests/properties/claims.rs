//! Arbitrary interleavings: whatever is asked for and whatever goes wrong, every claim holds.

use crate::{law::law, make};

#[test]
fn every_claim_holds_in_every_interleaving() {
    law!("every_claim_holds_in_every_interleaving", 2_000)
        .holds(&make::case(), |case| case.play_well().map(|_| ()));
}

#[test]
fn every_claim_holds_when_nothing_goes_wrong() {
    law!("every_claim_holds_when_nothing_goes_wrong", 1_000)
        .holds(&make::calm_case(), |case| case.play_well().map(|_| ()));
}
