//! What a process writes, line by line, as progress.

use std::sync::{Arc, Mutex, PoisonError};

use tokio::{
    io::{AsyncRead, AsyncReadExt},
    sync::Semaphore,
};

use crate::{context::Shared, driver::Word};

/// A longer line is cut off there: it is for people who look on.
pub(crate) const LINE: usize = 4096;
/// How much is read at a time.
const PIECE: usize = 8192;

/// Where lines go.
pub(crate) struct Teller {
    shared: Arc<Shared>,
    /// A line that finds no room waits, and whoever writes waits with it.
    room: Arc<Semaphore>,
    last: Option<Arc<Mutex<String>>>,
}

impl Teller {
    pub(crate) fn new(shared: &Arc<Shared>, room: &Arc<Semaphore>, last: Option<Arc<Mutex<String>>>) -> Self {
        Self { shared: Arc::clone(shared), room: Arc::clone(room), last }
    }

    async fn tell(&self, line: &Line) {
        let text = line.text();
        if text.trim().is_empty() {
            return;
        }
        // Nobody closes it.
        let Ok(place) = Arc::clone(&self.room).acquire_owned().await else { return };
        if let Some(last) = &self.last {
            last.lock().unwrap_or_else(PoisonError::into_inner).clone_from(&text);
        }
        self.shared.say(Word::Progress { text: Arc::from(text), place: Some(place) });
    }
}

/// The present line, as far as it is kept.
#[derive(Debug, Default)]
struct Line {
    bytes: Vec<u8>,
    is_cut: bool,
}

impl Line {
    fn add(&mut self, bytes: &[u8]) {
        let room = LINE - self.bytes.len();
        self.is_cut |= bytes.len() > room;
        self.bytes.extend_from_slice(&bytes[..bytes.len().min(room)]);
    }

    fn text(&self) -> String {
        let bytes = self.bytes.strip_suffix(b"\r").unwrap_or(&self.bytes);
        let text = String::from_utf8_lossy(bytes);
        if self.is_cut { format!("{text}…") } else { text.into_owned() }
    }

    fn clear(&mut self) {
        self.bytes.clear();
        self.is_cut = false;
    }
}

/// Reads until the end, or until it cannot be read.
pub(crate) async fn read(mut source: impl AsyncRead + Unpin, teller: Teller) {
    let mut piece = vec![0; PIECE];
    let mut line = Line::default();
    loop {
        let count = source.read(&mut piece).await.unwrap_or(0);
        if count == 0 {
            return teller.tell(&line).await;
        }
        let mut rest = &piece[..count];
        while let Some(end) = rest.iter().position(|byte| *byte == b'\n') {
            line.add(&rest[..end]);
            teller.tell(&line).await;
            line.clear();
            rest = &rest[end + 1..];
        }
        line.add(rest);
    }
}
