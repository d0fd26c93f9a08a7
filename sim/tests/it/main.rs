//! The simulated world: scenario files, laws that any run obeys, seeds that once found something.

mod contracts;
mod files;
mod laws;
mod regressions;
