//! `cargo bench` runs everything here; the benchmarks are in `benches/`. Times are for people: machines
//! are noisy, so what is claimed elsewhere is a ratio of two of these in one run.
