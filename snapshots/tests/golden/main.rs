//! What is drawn and said, against what was accepted: see `lib.rs`.

#![expect(clippy::expect_used, reason = "in a test, what must not be is a panic")]

mod errors;
mod folder;
mod help;
mod program;
mod timelines;
