//! The real world of winddown: the same engine as in the simulator, around tokio, SQLite, sockets,
//! signals and processes.
//!
//! One driver task owns the engine. It takes an input, calls `handle`, and carries the effects out.
//! No decision about stopping is taken anywhere else, and no deadline is kept anywhere else.

pub mod store;
