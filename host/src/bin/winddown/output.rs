//! What is printed: answers on standard output, everything else on standard error.

use std::{
    io::{self, IsTerminal as _, Write as _},
    time::Duration,
};

use anstyle::{AnsiColor, Style};
use serde::Serialize;
use winddown_core::{Notice, Status};
use winddown_host::ipc::{Answer, Ask, Data, Part, ShutdownRecord, UnitLine, VERSION};

use crate::{cli::Format, complaint::Complaint, postmortem};

pub(crate) struct Output {
    format: Format,
    /// Whether the head of a table was printed.
    headed: bool,
    /// Whether a countdown stands in the last line of the terminal.
    counting: bool,
}

type Result<T> = std::result::Result<T, Complaint>;

impl Output {
    pub(crate) const fn new(format: Format) -> Self {
        Self { format, headed: false, counting: false }
    }

    fn print(&mut self, text: &str) -> Result<()> {
        self.clear_countdown()?;
        let mut out = anstream::stdout().lock();
        out.write_all(text.as_bytes()).and_then(|()| out.flush()).map_err(Complaint::Output)
    }

    fn json<T: Serialize>(&mut self, what: &T) -> Result<()> {
        let text = serde_json::to_string(what).map_err(|error| Complaint::Output(error.into()))?;
        self.print(&format!("{text}\n"))
    }

    /// How a request ended well.
    pub(crate) fn answer(&mut self, ask: &Ask, answer: &Answer, took: Duration) -> Result<()> {
        if self.format == Format::Json {
            return self.json(answer);
        }
        let name = name(ask);
        let took = short(took);
        let text = match answer {
            Answer::Accepted => format!("{name}: {}, {took}\n", accepted(ask)),
            Answer::Stopped { status, leaked } => {
                let left = if *leaked { "; a body was left that is not proven gone" } else { "" };
                format!("{name}: {}, on record{left}, {took}\n", painted(*status, ""))
            }
            Answer::Cancelled(true) => {
                format!("{name}: {}, on record, {took}\n", painted(Status::Cancelled, ""))
            }
            Answer::Cancelled(false) => format!("{name}: it was not running\n"),
            Answer::Unit(unit) => details(unit),
            Answer::Listed { count: 0 } => "nothing\n".to_owned(),
            Answer::Listed { .. } => String::new(),
            Answer::ShuttingDown { instance } => format!("instance {instance} shuts down\n"),
        };
        self.print(&text)
    }

    /// One of many.
    pub(crate) fn part(&mut self, part: &Part, since: Duration) -> Result<()> {
        if self.format == Format::Json {
            return self.json(part);
        }
        let text = match part {
            Part::Unit(unit) => {
                let head = if self.headed { "" } else { HEAD };
                self.headed = true;
                format!("{head}{}", row(unit))
            }
            Part::Finding(finding) => match &finding.data {
                Data::Text(text) => format!("{}  {}\n", finding.id, plain(text)),
                Data::Hex(hex) => format!("{}  0x{hex}\n", finding.id),
            },
            Part::Notice(happened) => {
                let text = plain(happened.text.as_deref().unwrap_or(""));
                let notice = painted(terminal(happened.notice), happened.notice.words());
                format!("{:>9} {} #{} {notice}  {text}", seconds(since), happened.unit, happened.incarnation)
                    .trim_end()
                    .to_owned()
                    + "\n"
            }
            Part::Missed(count) => {
                format!("{:>9} {count} notices were left out: this reads too slowly\n", seconds(since))
            }
            Part::DaemonShutdown { .. } => format!("{:>9} {}\n", seconds(since), announcement(part)),
        };
        self.print(&text)
    }

    /// What the daemon says beside the answer.
    pub(crate) fn aside(&mut self, part: &Part) -> Result<()> {
        let Part::DaemonShutdown { .. } = part else { return Ok(()) };
        self.clear_countdown()?;
        let text = match self.format {
            Format::Human => announcement(part),
            Format::Json => serde_json::to_string(part).map_err(|error| Complaint::Output(error.into()))?,
        };
        writeln!(anstream::stderr(), "{text}").map_err(Complaint::Output)
    }

    /// How much time the daemon has left, where somebody is there to see it.
    pub(crate) fn countdown(&mut self, left: Duration) -> Result<()> {
        if self.format == Format::Json || !io::stderr().is_terminal() {
            return Ok(());
        }
        self.counting = true;
        let mut err = anstream::stderr();
        write!(err, "\r  {:>3} s left ", left.as_secs()).and_then(|()| err.flush()).map_err(Complaint::Output)
    }

    fn clear_countdown(&mut self) -> Result<()> {
        if std::mem::take(&mut self.counting) {
            write!(anstream::stderr(), "\r{:20}\r", "").map_err(Complaint::Output)?;
        }
        Ok(())
    }

    /// What happens from now on is seen.
    pub(crate) fn attached(&mut self) -> Result<()> {
        if self.format == Format::Json {
            return writeln!(anstream::stderr(), "{{\"type\":\"attached\",\"v\":{VERSION}}}")
                .map_err(Complaint::Output);
        }
        writeln!(anstream::stderr(), "attached; Ctrl-C ends it").map_err(Complaint::Output)
    }

    /// The daemon is gone.
    pub(crate) fn gone(&mut self) -> Result<()> {
        self.clear_countdown()?;
        if self.format == Format::Json {
            // The exit code says it, and an error where it is one.
            return Ok(());
        }
        writeln!(anstream::stderr(), "the daemon has closed the connection").map_err(Complaint::Output)
    }

    /// How a shutdown went.
    pub(crate) fn record(&mut self, record: &ShutdownRecord) -> Result<()> {
        if self.format == Format::Json { self.json(record) } else { self.print(&postmortem::of(record)) }
    }
}

const HEAD: &str = "UNIT                     KIND            OWNER     STATUS     START  FINDINGS  NOTES\n";

fn row(unit: &UnitLine) -> String {
    let mut notes = Vec::new();
    if unit.leaked {
        notes.push("left a body that is not proven gone".to_owned());
    }
    if unit.lingers {
        notes.push("its body still lives".to_owned());
    }
    notes.extend(unit.starts_again_in_nanos.map(|nanos| format!("starts again in {}", in_nanos(nanos))));
    notes.extend(unit.error.iter().chain(&unit.progress).map(|text| plain(text)));
    let status = painted(unit.status, &format!("{:<9}", unit.status.name()));
    let (name, kind, owner) = (&unit.unit, &unit.kind, &unit.owner);
    let line = format!(
        "{name:<24} {kind:<15} {owner:<9} {status}  {:>5}  {:>8}  {}",
        unit.incarnation,
        unit.recorded,
        notes.join("; ")
    );
    line.trim_end().to_owned() + "\n"
}

fn details(unit: &UnitLine) -> String {
    let mut text = String::new();
    let mut line = |what: &str, value: &str| text.push_str(&format!("{what:<12} {value}\n"));
    line("unit", &unit.unit);
    line("kind", &unit.kind);
    line("owner", &unit.owner);
    line("status", &painted(unit.status, ""));
    line("start", &unit.incarnation.to_string());
    line("findings", &format!("{} recorded, {} known to be durable", unit.recorded, unit.saved));
    if let Some(pid) = unit.pid {
        line("process", &pid.to_string());
    }
    if unit.lingers {
        line("body", "lives on although the status is final");
    }
    if unit.leaked {
        line("leaked", "a body was left that is not proven gone");
    }
    if let Some(nanos) = unit.starts_again_in_nanos {
        line("starts again", &format!("in {}", in_nanos(nanos)));
    }
    for (what, value) in [("reason", &unit.reason), ("progress", &unit.progress), ("error", &unit.error)] {
        if let Some(value) = value {
            line(what, &plain(value));
        }
    }
    text
}

fn announcement(part: &Part) -> String {
    match part {
        Part::DaemonShutdown { reason, shutdown_in_seconds: Some(seconds) } => {
            format!("the daemon shuts down ({}), in {seconds} s at most", plain(reason))
        }
        Part::DaemonShutdown { reason, shutdown_in_seconds: None } => {
            format!("the daemon shuts down ({})", plain(reason))
        }
        Part::Unit(_) | Part::Finding(_) | Part::Notice(_) | Part::Missed(_) => String::new(),
    }
}

fn name(ask: &Ask) -> &str {
    match ask {
        Ask::Start { unit }
        | Ask::Stop { unit, .. }
        | Ask::Restart { unit }
        | Ask::Cancel { unit, .. }
        | Ask::Pause { unit }
        | Ask::Resume { unit }
        | Ask::Inspect { unit }
        | Ask::Findings { unit, .. }
        | Ask::Attach { unit: Some(unit) } => unit.as_str(),
        Ask::List {} | Ask::Attach { unit: None } | Ask::Shutdown { .. } => "the daemon",
    }
}

const fn accepted(ask: &Ask) -> &'static str {
    match ask {
        Ask::Start { .. } => "asked to start",
        Ask::Restart { .. } => "stopped, and asked to start again",
        Ask::Pause { .. } => "asked to hold still",
        Ask::Resume { .. } => "goes on",
        Ask::Stop { .. }
        | Ask::Cancel { .. }
        | Ask::List {}
        | Ask::Inspect { .. }
        | Ask::Findings { .. }
        | Ask::Attach { .. }
        | Ask::Shutdown { .. } => "accepted",
    }
}

/// The status whose colour a notice has.
const fn terminal(notice: Notice) -> Status {
    match notice {
        Notice::Started | Notice::Progress | Notice::Resumed => Status::Running,
        Notice::Paused => Status::Paused,
        Notice::CancellationRequested => Status::Stopping,
        Notice::Completed => Status::Completed,
        Notice::Failed => Status::Failed,
        Notice::Cancelled | Notice::TimedOut => Status::Cancelled,
        Notice::Stopped => Status::Stopped,
    }
}

/// `text` in the colour of a status; the status itself if the text is empty.
pub(crate) fn painted(status: Status, text: &str) -> String {
    let text = if text.is_empty() { status.name() } else { text };
    let style = Style::new();
    let style = match status {
        Status::Pending => style.dimmed(),
        Status::Running | Status::Completed => style.fg_color(Some(AnsiColor::Green.into())),
        Status::Paused | Status::Stopping => style.fg_color(Some(AnsiColor::Yellow.into())),
        Status::Stopped => style.bold(),
        Status::Failed => style.fg_color(Some(AnsiColor::Red.into())),
        Status::Cancelled => style.fg_color(Some(AnsiColor::Magenta.into())),
    };
    format!("{style}{text}{style:#}")
}

/// Seconds since the beginning, to the millisecond.
fn seconds(since: Duration) -> String {
    format!("{}.{:03}s", since.as_secs(), since.subsec_millis())
}

/// What others wrote, on one line and without what a terminal would obey. Quotes are as they were.
pub(crate) fn plain(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '"' | '\'' => plain.push(letter),
            _ => plain.extend(letter.escape_debug()),
        }
    }
    plain
}

fn in_nanos(nanos: u64) -> String {
    short(Duration::from_nanos(nanos))
}

/// A time as a person reads it: three digits are enough.
pub(crate) fn short(time: Duration) -> String {
    let micros = time.as_micros();
    match micros {
        0..1_000 => format!("{micros} us"),
        1_000..1_000_000 => format!("{}.{} ms", micros / 1_000, micros % 1_000 / 100),
        1_000_000.. => format!("{}.{:02} s", time.as_secs(), time.subsec_millis() / 10),
    }
}
