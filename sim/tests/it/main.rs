//! The simulated world: scenario files, laws that any run obeys, seeds that once found something.

#![expect(
    clippy::unwrap_used,
    clippy::wildcard_enum_match_arm,
    reason = "in a test, what must not be is a panic, and most variants do not matter"
)]

mod catalogue;
mod contracts;
mod exploring;
mod files;
mod laws;
mod regressions;
mod running;
mod searching;
mod shrinking;
