//! The engine itself, with no world around it: contracts, races, and inputs that make no sense.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::wildcard_enum_match_arm,
    reason = "in a test, what must not be is a panic, and most variants do not matter"
)]

mod alike;
mod bench;
mod contracts;
mod daemon;
mod edges;
mod kept;
mod leaks;
mod ledger;
mod looking;
mod order;
mod pauses;
mod phases;
mod plans;
mod races;
mod recovery;
mod removal;
mod restarts;
mod shutdown;
mod spans;
mod storm;
mod totality;
mod unalike;
mod units;
