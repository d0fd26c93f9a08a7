//! Reading a journal.

use std::io::{self, BufRead};

use winddown_core::{Moment, SEMANTICS_VERSION};

use crate::{FORMAT, Head, Line, Name, Step};

/// A line that is longer belongs to no journal.
const LONGEST_LINE: usize = 64 << 20;

/// A byte order mark.
const MARK: &[u8] = "\u{feff}".as_bytes();

/// A journal that was read.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Journal {
    /// What it begins with.
    pub head: Head,
    /// What units are called, in the order in which they came to be: each from the step on that has this place.
    pub names: Vec<(usize, Name)>,
    /// What the engine took in, and what came of it.
    pub steps: Vec<Step>,
    /// Whether the last line is torn off: the host was killed while it wrote.
    pub is_torn: bool,
}

/// Why a journal cannot be used, and in which line that is.
#[derive(Debug, thiserror::Error)]
#[error("line {line}: {what}")]
pub struct JournalError {
    /// Counted from 1.
    pub line: usize,
    /// What is wrong.
    #[source]
    pub what: What,
}

/// What is wrong with a journal.
#[derive(Debug, thiserror::Error)]
pub enum What {
    /// It cannot be read.
    #[error("failed to read it: {0}")]
    Io(#[from] io::Error),
    /// There is no line of a journal.
    #[error("this is no line of a journal: {0}")]
    Json(#[from] serde_json::Error),
    /// It has no whole line.
    #[error(
        "the file ends before its first line does: it was cut off, and nothing of the run is left in it, or it \
         is no journal of a host"
    )]
    CutOff,
    /// It does not begin as a journal does.
    #[error(
        "this is no journal of a host, or its beginning is lost: the first line has to be a head, \
         {{\"head\":{{\"format\":…"
    )]
    NoHead,
    /// There is more than one head.
    #[error("a second head: these are several journals in one file; give each one its own")]
    SecondHead,
    /// A later form.
    #[error(
        "this journal has form {0}, and only form {FORMAT} can be read here: read it with the winddown that wrote it"
    )]
    Format(u32),
    /// The engine followed other rules.
    #[error(
        "this journal was written under semantics {0}, and the engine follows semantics \
         {SEMANTICS_VERSION} here: it would do something else. Replay it with a winddown of semantics {0}"
    )]
    Semantics(u32),
    /// Time goes backwards.
    #[error("this was at {at}, and the line before it at {before}: lines are lost or in another order")]
    Backwards {
        /// The moment of the line.
        at: Moment,
        /// The moment of the step before.
        before: Moment,
    },
    /// A line without an end.
    #[error("this line is longer than {LONGEST_LINE} bytes")]
    TooLong,
}

impl Journal {
    /// Reads a journal to its end. A last line that is torn off never was.
    ///
    /// # Errors
    /// What is wrong, and in which line.
    pub fn read(source: impl BufRead) -> Result<Self, JournalError> {
        let mut lines = Lines { source, text: Vec::new(), number: 0, is_torn: false };
        let head = match lines.next()? {
            Some(Line::Head(head)) => head,
            Some(Line::Name(_) | Line::Step(_)) => return Err(lines.error(What::NoHead)),
            None => return Err(lines.error(What::CutOff)),
        };
        let (mut names, mut steps) = (Vec::new(), Vec::<Step>::new());
        while let Some(line) = lines.next()? {
            match line {
                Line::Head(_) => return Err(lines.error(What::SecondHead)),
                Line::Name(name) => names.push((steps.len(), name)),
                Line::Step(step) => {
                    let before = steps.last().map_or(Moment::START, |step| step.at);
                    if step.at < before {
                        return Err(lines.error(What::Backwards { at: step.at, before }));
                    }
                    steps.push(step);
                }
            }
        }
        Ok(Self { head, names, steps, is_torn: lines.is_torn })
    }
}

struct Lines<R> {
    source: R,
    text: Vec<u8>,
    number: usize,
    is_torn: bool,
}

impl<R: BufRead> Lines<R> {
    fn next(&mut self) -> Result<Option<Line>, JournalError> {
        self.number += 1;
        self.text.clear();
        let mut limited = io::Read::take(&mut self.source, LONGEST_LINE as u64);
        let read = limited.read_until(b'\n', &mut self.text);
        let count = read.map_err(|error| self.error(error.into()))?;
        if self.text.last() != Some(&b'\n') {
            if count == LONGEST_LINE {
                return Err(self.error(What::TooLong));
            }
            self.is_torn = count > 0;
            return Ok(None);
        }
        if self.number == 1 {
            // An editor may have put a byte order mark before it.
            if self.text.starts_with(MARK) {
                self.text.drain(..MARK.len());
            }
            self.check_versions()?;
        }
        serde_json::from_slice(&self.text).map(Some).map_err(|error| self.error(error.into()))
    }

    /// Before all the rest: a head of another version may have other fields.
    fn check_versions(&self) -> Result<(), JournalError> {
        let any: serde_json::Value =
            serde_json::from_slice(&self.text).map_err(|_| self.error(What::NoHead))?;
        let version = |name: &str| {
            let version = any.get("head").and_then(|head| head.get(name)).and_then(serde_json::Value::as_u64);
            version.and_then(|version| u32::try_from(version).ok()).ok_or_else(|| self.error(What::NoHead))
        };
        let format = version("format")?;
        if format != FORMAT {
            return Err(self.error(What::Format(format)));
        }
        let semantics = version("semantics")?;
        if semantics != SEMANTICS_VERSION {
            return Err(self.error(What::Semantics(semantics)));
        }
        Ok(())
    }

    const fn error(&self, what: What) -> JournalError {
        JournalError { line: self.number, what }
    }
}
