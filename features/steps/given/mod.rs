//! What there is before anything happens.

mod bodies;
mod host;
mod units;
