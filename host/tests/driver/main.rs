//! The host's own code, around the same engine: in real time where a real thing is waited for, and under
//! tokio's paused clock where time itself is the matter.

#![expect(clippy::unwrap_used, reason = "a test stops where the world is not as it says")]

mod bodies;
mod clock;
mod findings;
mod harness;
mod lifecycle;
mod processes;
mod recorder;
mod recovery;
mod trees;
