//! Workloads that are measured: by criterion for people (`cargo bench`), and case by case for the gate
//! (`cargo xtask bench --gate`), which trusts exact counters and instruction counts, not clocks.

pub mod bare;
pub mod cases;
pub mod clock;
pub mod host;
pub mod paused;
