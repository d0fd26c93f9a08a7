//! Writing a journal.

use std::io::{self, Write};

use winddown_core::{Plan, SEMANTICS_VERSION};

use crate::{FORMAT, Head, Line, Name, Step};

/// Writes a journal, line by line. A line is handed over whole.
#[derive(Debug)]
pub struct Writer<W> {
    out: W,
}

impl<W: Write> Writer<W> {
    /// Begins a journal with the plan that the engine follows, and what its kinds are called.
    ///
    /// # Errors
    /// What `out` says.
    pub fn begin(out: W, kinds: Vec<String>, plan: Plan) -> io::Result<Self> {
        let mut writer = Self { out };
        writer.line(&Line::Head(Head { format: FORMAT, semantics: SEMANTICS_VERSION, kinds, plan }))?;
        Ok(writer)
    }

    /// Says what a unit is called from now on.
    ///
    /// # Errors
    /// What `out` says.
    pub fn name(&mut self, name: Name) -> io::Result<()> {
        self.line(&Line::Name(name))
    }

    /// Writes down one step.
    ///
    /// # Errors
    /// What `out` says.
    pub fn step(&mut self, step: Step) -> io::Result<()> {
        self.line(&Line::Step(step))
    }

    /// Hands over what has been written so far.
    ///
    /// # Errors
    /// What `out` says.
    pub fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }

    /// Where it is written.
    #[must_use]
    pub const fn written(&self) -> &W {
        &self.out
    }

    fn line(&mut self, line: &Line) -> io::Result<()> {
        let mut text = serde_json::to_vec(line)?;
        text.push(b'\n');
        self.out.write_all(&text)
    }
}
