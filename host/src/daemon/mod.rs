//! The daemon `winddownd`: a host with a configuration file, a state directory, a socket and an HTTP
//! address.
//!
//! Everything here carries things to the host and back. What is decided about stopping is decided in the
//! engine, and what is waited for is in its ladders.

pub mod config;
pub mod socket;
pub mod state_dir;
pub mod tokens;
