//! The flight recorder: every step of the engine goes to a journal, on a thread of its own.
//!
//! The driver never waits for it. What is written is in the kernel's hands as soon as nothing more is
//! there to be written, so it outlives the host's process, and not a power loss. If the journal cannot be
//! written, the host goes on without, and its report says so.

use std::{
    fs::OpenOptions,
    io::{self, BufWriter, Write},
    path::PathBuf,
    sync::{
        Arc, Mutex, PoisonError,
        mpsc::{self, Receiver, SyncSender, TryRecvError, TrySendError},
    },
    thread,
    time::Duration,
};

use winddown_core::{Disposition, Effect, Input, Moment, Plan, UnitId};
use winddown_journal::{Name, Step, Writer};

use crate::error::StartError;

/// So many lines may wait for the disk: some 20 MB. A disk that is further behind does not keep up.
const BACKLOG: usize = 1 << 16;

type Out = Box<dyn Write + Send>;

enum Line {
    Name(Name),
    Step(Step),
}

/// Where a journal is written.
pub(crate) enum Place {
    File(PathBuf),
    Other(Out),
}

#[derive(Debug)]
pub(crate) struct Recorder {
    /// What it is called in the report.
    name: String,
    lines: Option<SyncSender<Line>>,
    closed: Receiver<()>,
    trouble: Trouble,
}

/// What ended the recording before its time. The first one counts.
#[derive(Clone, Debug, Default)]
struct Trouble(Arc<Mutex<Option<String>>>);

impl Trouble {
    fn is(&self, what: impl Into<String>) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert_with(|| what.into());
    }

    fn what(&self) -> Option<String> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Recorder {
    /// Begins a journal. A file that is there already is the only copy of another run.
    pub(crate) fn begin(place: Place, kinds: Vec<String>, plan: Plan) -> Result<Self, StartError> {
        match place {
            Place::File(file) => {
                let out = OpenOptions::new().write(true).create_new(true).open(&file);
                let recorder = out.and_then(|out| {
                    let name = format!("the journal {}", file.display());
                    Self::on(name, Box::new(out), kinds, plan)
                });
                recorder.map_err(|error| StartError::Journal { file, error })
            }
            Place::Other(out) => Self::on("the journal".to_owned(), out, kinds, plan)
                .map_err(|error| StartError::Journal { file: PathBuf::new(), error }),
        }
    }

    fn on(name: String, out: Out, kinds: Vec<String>, plan: Plan) -> io::Result<Self> {
        let mut writer = Writer::begin(BufWriter::new(out), kinds, plan)?;
        writer.flush()?;
        let (lines, inbox) = mpsc::sync_channel(BACKLOG);
        let (close, closed) = mpsc::sync_channel(1);
        let trouble = Trouble::default();
        let told = trouble.clone();
        thread::Builder::new().name("winddown-journal".to_owned()).spawn(move || {
            if let Err(error) = write(&mut writer, &inbox) {
                told.is(error.to_string());
            }
            drop(inbox);
            let _nobody_waits = close.send(());
        })?;
        Ok(Self { name, lines: Some(lines), closed, trouble })
    }

    /// If the journal ends here, before its time, says so.
    pub(crate) fn name(&mut self, unit: UnitId, name: &str) -> Option<String> {
        self.line(|| Line::Name(Name { unit, name: name.to_owned() }))
    }

    /// If the journal ends here, before its time, says so.
    pub(crate) fn step(
        &mut self,
        at: Moment,
        input: Input,
        disposition: Disposition,
        effects: &[Effect],
    ) -> Option<String> {
        self.line(|| Line::Step(Step { at, input, disposition, effects: effects.to_vec() }))
    }

    fn line(&mut self, line: impl FnOnce() -> Line) -> Option<String> {
        match self.lines.as_ref()?.try_send(line()) {
            Ok(()) => return None,
            // The thread has said why.
            Err(TrySendError::Disconnected(_)) => {}
            Err(TrySendError::Full(_)) => self.trouble.is("the disk did not keep up"),
        }
        // A journal with a hole in it is none: what was written stays, and nothing follows.
        self.lines = None;
        self.ends_early()
    }

    fn ends_early(&self) -> Option<String> {
        let trouble = self.trouble.what()?;
        Some(format!("{} ends early: {trouble}", self.name))
    }

    /// Waits until what was recorded is written, and says what went wrong, if anything did. Blocks.
    pub(crate) fn close(mut self, within: Duration) -> Option<String> {
        self.lines = None;
        if self.closed.recv_timeout(within).is_err() {
            self.trouble.is("the disk did not keep up");
        }
        self.ends_early()
    }
}

/// Writes what comes, and hands it over whenever nothing more is there.
fn write(writer: &mut Writer<BufWriter<Out>>, inbox: &Receiver<Line>) -> io::Result<()> {
    loop {
        let line = match inbox.try_recv() {
            Ok(line) => line,
            Err(TryRecvError::Empty) => {
                writer.flush()?;
                let Ok(line) = inbox.recv() else { return writer.flush() };
                line
            }
            Err(TryRecvError::Disconnected) => return writer.flush(),
        };
        match line {
            Line::Name(name) => writer.name(name)?,
            Line::Step(step) => writer.step(step)?,
        }
    }
}
