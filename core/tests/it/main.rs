//! The engine itself, with no world around it: contracts, races, and inputs that make no sense.

mod bench;
mod contracts;
mod shutdown;
mod totality;
