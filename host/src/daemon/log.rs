//! Log lines on their way to standard error. Whoever logs never waits: a reader that has stopped reading
//! (a pager, a logger that is stuck) must not hold up a shutdown.

use std::{
    io::{self, Write},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
        mpsc::{self, Receiver, SyncSender},
    },
    thread,
    time::Duration,
};

use tracing_subscriber::fmt::MakeWriter;

/// So many lines may wait for a slow reader. Those beyond that are counted and left out.
const BACKLOG: usize = 4096;

/// Where log lines go.
#[derive(Clone, Debug)]
pub struct Lines {
    sender: SyncSender<Line>,
    lost: Arc<AtomicU64>,
}

#[derive(Debug)]
enum Line {
    Text(Vec<u8>),
    /// Everything before this is written once it is heard of.
    Mark(SyncSender<()>),
}

impl Lines {
    /// Writes to `out` from now on, on a thread of its own.
    ///
    /// # Errors
    /// There is no thread.
    pub fn to(out: impl Write + Send + 'static) -> io::Result<Self> {
        let (sender, lines) = mpsc::sync_channel(BACKLOG);
        let lost = Arc::new(AtomicU64::new(0));
        let theirs = Arc::clone(&lost);
        thread::Builder::new().name("winddownd-log".to_owned()).spawn(move || write(out, &lines, &theirs))?;
        Ok(Self { sender, lost })
    }

    /// Waits until everything is written, and not longer than `patience`.
    pub fn finish(&self, patience: Duration) {
        let (mark, heard) = mpsc::sync_channel(1);
        if self.sender.try_send(Line::Mark(mark)).is_ok() {
            // Whoever does not read by then does not read.
            let _ = heard.recv_timeout(patience);
        }
    }
}

fn write(mut out: impl Write, lines: &Receiver<Line>, lost: &AtomicU64) {
    // A log that cannot be written cannot be told about either.
    while let Ok(line) = lines.recv() {
        match line {
            Line::Text(text) => drop(out.write_all(&text)),
            Line::Mark(heard) => drop(heard.try_send(())),
        }
        let lost = lost.swap(0, Ordering::Relaxed);
        if lost > 0 {
            drop(writeln!(out, "{lost} log lines were left out: nobody read them in time"));
        }
    }
}

/// Each call is one line.
impl Write for Lines {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        if self.sender.try_send(Line::Text(line.to_owned())).is_err() {
            self.lost.fetch_add(1, Ordering::Relaxed);
        }
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Lines {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}
