//! What a store promises, of both stores, and what only a disk can break.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test stops where the world is not as it says"
)]

mod behaviour;
mod child;
mod crashes;
mod faults;
mod groups;
mod harness;
mod kill;
mod opening;
mod power;
mod properties;
mod versions;
mod vfs;
mod workload;
