//! Who is alive of what a torment has started. Every daemon gets a mark into its environment, and so does
//! every process that it starts, and every one that those start.

use std::{fs, path::Path};

/// The variable that marks them.
pub(super) const MARK: &str = "WINDDOWN_TORTURE";

/// A process that a torment has started, or that was started by one.
#[derive(Clone, Debug)]
pub(super) struct Marked {
    pub(super) pid: i32,
    /// Which start of the daemon it belongs to.
    pub(super) life: u32,
    /// What it runs.
    pub(super) words: String,
}

/// All living processes whose mark begins with `tag`. One that is dead and not yet waited for has no
/// environment, and is not alive.
pub(super) fn alive(tag: &str) -> Vec<Marked> {
    let Ok(entries) = fs::read_dir("/proc") else { return Vec::new() };
    entries.filter_map(|entry| marked(entry.ok()?.file_name().to_str()?.parse().ok()?, tag)).collect()
}

fn marked(pid: i32, tag: &str) -> Option<Marked> {
    let place = Path::new("/proc").join(pid.to_string());
    let environment = fs::read(place.join("environ")).ok()?;
    let prefix = format!("{MARK}={tag}");
    let mut entries = environment.split(|byte| *byte == 0);
    let rest = entries.find_map(|entry| entry.strip_prefix(prefix.as_bytes()))?;
    let life = std::str::from_utf8(rest).ok()?.rsplit('.').next()?.parse().ok()?;
    let words = fs::read(place.join("cmdline")).unwrap_or_default();
    Some(Marked { pid, life, words: String::from_utf8_lossy(&words).replace('\0', " ").trim().to_owned() })
}

/// How much memory a process has, in KiB: `VmRSS` for what it has, `VmHWM` for the most that it had.
pub(super) fn memory(pid: u32, field: &str) -> Option<u64> {
    let text = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix(field))?;
    line.trim_start_matches(':').split_whitespace().next()?.parse().ok()
}
