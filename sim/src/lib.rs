//! winddown's simulated world: virtual time, seeds, faults and claims.
//!
//! A [`Scenario`](scenario::Scenario) says who does what when; a [`Chooser`](chooser::Chooser) answers
//! every question that is open; [`run`] plays it with the real engine and checks every claim. The same
//! seed gives the same run, on any machine.

pub mod chooser;
pub mod claims;
pub mod coverage;
mod digest;
pub mod entropy;
pub mod explore;
pub mod fault;
mod plain;
pub mod scenario;
pub mod search;
mod setup;
pub mod shrink;
pub mod story;
pub mod sweep;
pub mod timeline;
mod world;

pub use plain::{plain, quoted, without_mark};
pub use setup::{Setup, SetupError, UnitSetup};
pub use world::{Arena, Body, Ended, Outcome, Pending, Place, Store, run, run_while};
