//! The daemon and its client as they are: processes, sockets, signals and files.

#![expect(clippy::expect_used, clippy::wildcard_enum_match_arm, reason = "a test that cannot go on fails")]

mod at_once;
mod check;
mod client;
mod descriptors;
mod disk;
mod errors;
mod figures;
mod harness;
mod http;
mod life;
mod namespaces;
mod removed;
mod signals;
mod socket;
