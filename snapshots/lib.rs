//! What winddown draws and says, as it was accepted, in `snap/`: the timelines and reports of every scenario
//! that comes with it, in `ladders/` those of every ladder on a happy, a slow and a hopeless path, in `help/`
//! every `--help`, and in `errors/` what is said about the scenario files in `bad/`.
//!
//! One that changes fails, and so does one that nothing draws any more. A timeline that changes is reviewed
//! in the diff, and gets a line in CHANGELOG.md under *Semantics*.
//!
//! To accept what is drawn: `INSTA_UPDATE=always cargo test --package winddown-snapshots`.
