//! Golden timelines live in `snap/`; the test beside it draws them anew. A timeline that changes is
//! reviewed in the diff, and gets a line in CHANGELOG.md under *Semantics*.
//!
//! To accept what is drawn: `INSTA_UPDATE=always cargo test --package winddown-snapshots`.
