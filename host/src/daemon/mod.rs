//! The daemon `winddownd`: a host with a configuration file, a state directory, a socket and an HTTP
//! address.
//!
//! Everything here carries things to the host and back. What is decided about stopping is decided in the
//! engine, and what is waited for is in its ladders.

mod cancel;
pub mod config;
mod connection;
mod demo;
pub mod forget;
mod http;
pub mod log;
mod metrics;
mod news;
mod orphans;
mod patient;
mod probes;
mod record;
mod reload;
mod requests;
mod run;
mod server;
mod shared;
mod signals;
pub mod socket;
pub mod state_dir;
mod systemd;
pub mod tokens;

pub use run::{RunError, run};
pub use signals::Signals;
