//! What nothing may break, tried with scenarios that proptest makes and makes smaller.

#![expect(
    clippy::unwrap_used,
    clippy::wildcard_enum_match_arm,
    reason = "in a test, what must not be is a panic, and most variants do not matter"
)]

mod case;
mod claims;
mod engine;
mod findings;
mod inputs;
mod keys;
mod law;
mod make;
mod runs;
mod text;
