//! What is left on a disk when the power goes.
//!
//! What was synced is there. Of what was not, each sector of each write is there or is not, whatever was
//! written first. A name is there once a file of its directory was made and synced (SQLite syncs the
//! directory then). A sync that failed leaves what it was for to chance, and for good: the kernel takes it
//! for written, and no later sync brings it to the disk.

use std::{collections::BTreeMap, fs, path::Path, sync::Arc};

use super::Happened;
use crate::harness::Random;

/// Files by the last part of their names.
pub(crate) type Files = BTreeMap<Arc<str>, Vec<u8>>;

/// Written whole or not at all.
pub(super) const SECTOR: u64 = 512;

/// What becomes of that which was not synced.
#[derive(Clone, Debug)]
pub(crate) enum Loss {
    /// All of it is gone.
    All,
    /// All of it is there.
    Nothing,
    /// What was written first is there, up to some sector.
    After(Random),
    /// Any of it is there.
    Any(Random),
}

impl Loss {
    /// One of them, by chance.
    pub(crate) fn random(random: &mut Random) -> Self {
        let own = Random(random.next());
        match random.below(8) {
            0 => Self::All,
            1 => Self::Nothing,
            2 | 3 => Self::After(own),
            _ => Self::Any(own),
        }
    }

    /// Whether the next thing that was not synced is there.
    fn keeps(&mut self) -> bool {
        match self {
            Self::All => false,
            Self::Nothing => true,
            Self::After(random) => {
                if random.below(6) == 0 {
                    *self = Self::All;
                    return false;
                }
                true
            }
            Self::Any(random) => random.below(2) == 0,
        }
    }
}

/// A disk as the power finds it.
#[derive(Clone, Default, Debug)]
pub(crate) struct Power {
    files: BTreeMap<Arc<str>, File>,
    /// Deleted, but the directory still has the name.
    ghosts: Files,
    /// What was not synced, in order.
    waiting: Vec<(Arc<str>, Change)>,
}

#[derive(Clone, Default, Debug)]
struct File {
    bytes: Vec<u8>,
    /// Whether the directory has the name.
    named: bool,
}

#[derive(Clone, Debug)]
enum Change {
    Write(u64, Vec<u8>),
    Resize(u64),
}

impl Power {
    /// A disk with these files on it, all of them synced.
    pub(crate) fn on(files: Files) -> Self {
        let files = files.into_iter().map(|(name, bytes)| (name, File { bytes, named: true })).collect();
        Self { files, ..Self::default() }
    }

    /// Goes on with what happened next. `loss` says what a sync that fails leaves behind.
    pub(crate) fn happen(&mut self, happened: &Happened, loss: &mut Loss) {
        match happened {
            Happened::Made(name) => drop(self.files.insert(Arc::clone(name), File::default())),
            Happened::Written(name, at, bytes) => {
                self.waiting.push((Arc::clone(name), Change::Write(*at, bytes.clone())));
            }
            Happened::Resized(name, size) => {
                self.waiting.push((Arc::clone(name), Change::Resize(*size)));
            }
            Happened::Rewritten(name, bytes) => {
                self.waiting.retain(|(of, _)| of != name);
                self.files.entry(Arc::clone(name)).or_default().bytes.clone_from(bytes);
                self.sync_directory();
            }
            Happened::Synced(name) => {
                self.settle(Some(name), &mut Loss::Nothing);
                if self.files.get(name).is_some_and(|file| !file.named) {
                    self.sync_directory();
                }
            }
            Happened::SyncFailed(name) => self.settle(Some(name), loss),
            Happened::Deleted(name) => {
                self.waiting.retain(|(of, _)| of != name);
                if let Some(file) = self.files.remove(name).filter(|file| file.named) {
                    self.ghosts.insert(Arc::clone(name), file.bytes);
                }
            }
            Happened::DirectorySynced => self.sync_directory(),
            Happened::Failed | Happened::Acknowledged(_) => {}
        }
    }

    /// What is there when the power comes back.
    pub(crate) fn fail(mut self, loss: &mut Loss) -> Files {
        self.settle(None, loss);
        let mut left: Files = self.ghosts.into_iter().filter(|_| !loss.keeps()).collect();
        for (name, file) in self.files {
            if file.named || loss.keeps() {
                left.insert(name, file.bytes);
            }
        }
        left
    }

    /// Brings to the disk what is not there of one file, or of all: so much of it as `loss` leaves.
    fn settle(&mut self, of: Option<&Arc<str>>, loss: &mut Loss) {
        let (settled, waiting) = std::mem::take(&mut self.waiting)
            .into_iter()
            .partition(|(name, _)| of.is_none_or(|of| of == name));
        self.waiting = waiting;
        let settled: Vec<_> = settled;
        for (name, change) in settled {
            // SQLite never writes to a file after it has deleted it.
            let Some(file) = self.files.get_mut(&name) else { continue };
            change.carry_out(&mut file.bytes, loss);
        }
    }

    fn sync_directory(&mut self) {
        self.files.values_mut().for_each(|file| file.named = true);
        self.ghosts.clear();
    }
}

impl Change {
    fn carry_out(&self, file: &mut Vec<u8>, loss: &mut Loss) {
        match self {
            Self::Resize(size) => {
                if loss.keeps() {
                    file.resize(index(*size), 0);
                }
            }
            Self::Write(at, bytes) => {
                let end = *at + bytes.len() as u64;
                let mut from = *at;
                while from < end {
                    let to = end.min((from / SECTOR + 1) * SECTOR);
                    if loss.keeps() {
                        file.resize(file.len().max(index(to)), 0);
                        file[index(from)..index(to)]
                            .copy_from_slice(&bytes[index(from - at)..index(to - at)]);
                    }
                    from = to;
                }
            }
        }
    }
}

fn index(place: u64) -> usize {
    usize::try_from(place).expect("files of tests are small")
}

/// Puts files into a directory that is empty.
pub(crate) fn put(files: &Files, directory: &Path) {
    for (name, bytes) in files {
        fs::write(directory.join(&**name), bytes).unwrap();
    }
}
