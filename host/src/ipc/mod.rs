//! What the daemon and its clients say to each other: JSON lines over a Unix socket.
//!
//! A request is one line, `{"v":1,"id":7,"do":{"stop":{"unit":"nav"}}}`. Its answer has the same id: any
//! number of lines with a `part`, where there is something to list, and then one line with either `ok` or
//! `error`. What `attach` follows comes after its `ok`. Lines with the id 0 are not answers: the daemon says by itself that it shuts
//! down, or that it could not read a line.
//!
//! Requests may follow each other without waiting; answers come as they are ready. A daemon takes no
//! line that is longer than [`LINE_LIMIT`], no field that it does not know, and no other version.

mod line;
mod record;
mod wire;

pub use crate::name::{NAME_FORM, NoName, UnitName};
pub use line::{BadLine, read_reply, read_request, write_line};
pub use record::{NamedReport, ShutdownRecord};
pub use wire::{
    Answer, Ask, Data, FindingLine, Happened, Part, Problem, ProblemCode, Reply, Request, Said, Time,
    UnitLine,
};

/// The version that both sides have to speak.
pub const VERSION: u32 = 1;

/// How long a request's line may be, in bytes.
pub const LINE_LIMIT: usize = 64 * 1024;

/// How long an answer's line may be, in bytes: a finding is on one line, however long it is.
pub const ANSWER_LIMIT: usize = 64 * 1024 * 1024;
