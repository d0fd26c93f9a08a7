//! The host's own code, around the same engine: in real time where a real thing is waited for, and under
//! tokio's paused clock where time itself is the matter.

mod harness;
mod lifecycle;
