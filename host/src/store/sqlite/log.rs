//! What is asked of a log (`-wal`) before SQLite may add to it.
//!
//! SQLite takes the first frame that does not fit its sum for the end of the log. That is right for the last
//! transaction, which a power loss may tear. It is wrong for one in the middle, which was synced before the
//! one behind it was begun: there the log is damaged, and what was acknowledged would be gone without a word.

use std::{
    fs::{File, OpenOptions},
    io::{self, BufReader, Read},
    os::unix::fs::FileExt,
    path::{Path, PathBuf},
};

/// The log of a database.
pub(super) fn log_of(database: &Path) -> PathBuf {
    let mut name = database.as_os_str().to_owned();
    name.push("-wal");
    name.into()
}

/// Says what is wrong with the log of a database, or, if nothing is, writes it over itself and syncs it.
///
/// When a sync failed and the process before this one ended, the kernel may have the log in memory only and
/// take it for written: what is added to it would hang on a part that a power loss takes away.
pub(super) fn make_sound(database: &Path) -> io::Result<Option<String>> {
    let log = match OpenOptions::new().read(true).write(true).open(log_of(database)) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        opened => opened?,
    };
    let damage = damage(&log)?;
    if damage.is_none() {
        rewrite(&log)?;
    }
    Ok(damage)
}

/// How much of a log is read at once.
const PART: usize = 1 << 20;

/// Writes a file over itself, in parts, and syncs it.
fn rewrite(file: &File) -> io::Result<()> {
    let mut part = vec![0; PART];
    let mut place = 0;
    loop {
        let length = file.read_at(&mut part, place)?;
        if length == 0 {
            return file.sync_all();
        }
        file.write_all_at(&part[..length], place)?;
        place += length as u64;
    }
}

const HEADER: usize = 32;
const FRAME_HEADER: usize = 24;
/// The lowest bit says that sums are of big-endian words.
const MAGIC: u32 = 0x377F_0682;
const VERSION: u32 = 3_007_000;

/// So many transactions behind a frame that does not fit its sum, and the frame was synced. One can be of the
/// transaction that the frame is in, which need not have been.
const PROOF: u32 = 2;

/// What is wrong in the middle of a log. Nothing can be said of its end: see [`PROOF`].
fn damage(log: &File) -> io::Result<Option<String>> {
    let mut reader = BufReader::with_capacity(PART, log);
    let mut header = [0; HEADER];
    if !fill(&mut reader, &mut header)? {
        return Ok(None);
    }
    let page = word(&header, 8) as usize;
    let mut sums = Sums { of: [0; 2], big_endian: word(&header, 0) & 1 == 1 };
    sums.add(&header[..24]);
    let is_known = word(&header, 0) & !1 == MAGIC && word(&header, 4) == VERSION;
    if !is_known || !(512..=65_536).contains(&page) || sums.of != pair(&header, 24) {
        // It is synced before anything is written behind it, and it is too small to be torn by a power
        // loss: disks write 512 bytes as a whole.
        let is_more = log.metadata()?.len() > (HEADER + FRAME_HEADER) as u64;
        return Ok(is_more.then(|| "the header of its log is damaged".to_owned()));
    }
    let mut frame = vec![0; FRAME_HEADER + page];
    let mut place = 0_u32;
    while fill(&mut reader, &mut frame)? {
        place += 1;
        let stored = pair(&frame, 16);
        sums.add_frame(&frame);
        if sums.of == stored && frame[8..16] == header[16..24] {
            continue;
        }
        // Either the frame is damaged, or its sum is. Frames behind it show which.
        let (by_sum, by_frame) = (Sums { of: stored, ..sums }, sums);
        let behind = transactions(&mut reader, &mut frame, &header, [by_sum, by_frame])?;
        let text = || format!("frame {place} of its log does not fit its sum, and those behind it do");
        return Ok((behind >= PROOF).then(text));
    }
    Ok(None)
}

/// How many transactions come next whose frames fit the sums of the frames before them, if those before the
/// first were one of `sums`.
fn transactions(
    reader: &mut impl Read,
    frame: &mut [u8],
    header: &[u8; HEADER],
    mut sums: [Sums; 2],
) -> io::Result<u32> {
    let mut count = 0;
    while fill(reader, frame)? && frame[8..16] == header[16..24] {
        let stored = pair(frame, 16);
        sums.iter_mut().for_each(|sums| sums.add_frame(frame));
        let Some(fits) = sums.into_iter().find(|sums| sums.of == stored) else { break };
        sums = [fits; 2];
        // The size of the database, in the last frame of a transaction only.
        count += u32::from(word(frame, 4) != 0);
    }
    Ok(count)
}

/// The sums of all that came so far.
#[derive(Clone, Copy)]
struct Sums {
    of: [u32; 2],
    big_endian: bool,
}

impl Sums {
    /// The number and the size in front of a page, and the page.
    fn add_frame(&mut self, frame: &[u8]) {
        self.add(&frame[..8]);
        self.add(&frame[FRAME_HEADER..]);
    }

    fn add(&mut self, bytes: &[u8]) {
        let read = if self.big_endian { u32::from_be_bytes } else { u32::from_le_bytes };
        let [mut first, mut second] = self.of;
        let (words, _) = bytes.as_chunks::<4>();
        for pair in words.chunks_exact(2) {
            first = first.wrapping_add(read(pair[0])).wrapping_add(second);
            second = second.wrapping_add(read(pair[1])).wrapping_add(first);
        }
        self.of = [first, second];
    }
}

/// Reads until `into` is full. Says whether there was enough.
fn fill(reader: &mut impl Read, into: &mut [u8]) -> io::Result<bool> {
    match reader.read_exact(into) {
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Ok(false),
        read => read.map(|()| true),
    }
}

fn word(bytes: &[u8], place: usize) -> u32 {
    bytes[place..].first_chunk().map_or(0, |word| u32::from_be_bytes(*word))
}

fn pair(bytes: &[u8], place: usize) -> [u32; 2] {
    [word(bytes, place), word(bytes, place + 4)]
}
