//! What goes out: text, exit codes, and what to do when nobody reads any more.

use std::{
    io::{self, Write as _},
    process::ExitCode,
};

use anstyle::{AnsiColor, Style};
use winddown_sim::{
    plain,
    timeline::{Kind, Line},
};

/// How a command ends.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Code {
    /// All claims held.
    Clean,
    /// A claim is broken.
    Broken,
    /// Usage, or bad input.
    Usage,
    /// Not deterministic.
    Divergent,
    /// Nothing ran.
    Nothing,
    /// Interrupted.
    Interrupted,
}

impl Code {
    pub(crate) const fn number(self) -> u8 {
        match self {
            Self::Clean => 0,
            Self::Broken => 1,
            Self::Usage => 2,
            Self::Divergent => 3,
            Self::Nothing => 4,
            Self::Interrupted => 130,
        }
    }
}

impl From<Code> for ExitCode {
    fn from(code: Code) -> Self {
        Self::from(code.number())
    }
}

/// Prints to standard output, with colour only where it is wanted and understood. A reader who has seen
/// enough and closed the pipe is no failure, and changes no exit code.
pub(crate) fn print(text: &str) -> io::Result<()> {
    let mut out = anstream::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        Err(error) => Err(io::Error::new(error.kind(), format!("cannot write to standard output: {error}"))),
        Ok(()) => Ok(()),
    }
}

/// Prints one JSON object on a line of its own.
pub(crate) fn print_json(value: &serde_json::Value) -> io::Result<()> {
    print(&(json_line(value) + "\n"))
}

/// One JSON object. JSON leaves the second set of controls as they are, and some terminals obey them.
pub(crate) fn json_line(value: &serde_json::Value) -> String {
    let text = value.to_string();
    if !text.contains(char::is_control) {
        return text;
    }
    let escaped = |letter: char| format!("\\u{:04x}", u32::from(letter));
    text.chars().map(|it| if it.is_control() { escaped(it) } else { it.to_string() }).collect()
}

/// Tells standard error. If even that is closed, there is nobody to tell.
pub(crate) fn complain(text: &str) {
    let mut out = anstream::stderr().lock();
    drop(writeln!(out, "{text}"));
}

/// Lines that quote somebody else's file, without what a terminal would obey.
pub(crate) fn plain_lines(text: &str) -> String {
    let lines: Vec<String> = text.split('\n').map(plain).collect();
    lines.join("\n")
}

/// Bad news.
pub(crate) const BAD: Style = AnsiColor::Red.on_default().bold();
/// Good news.
pub(crate) const GOOD: Style = AnsiColor::Green.on_default();
/// What a reader may skip.
const FAINT: Style = Style::new().dimmed();
/// What comes from outside.
const NOTE: Style = AnsiColor::Yellow.on_default();

/// Text in a style, ended on each line, so that a cut-off output leaves no terminal in colour.
pub(crate) fn styled(style: Style, text: &str) -> String {
    format!("{style}{text}{style:#}")
}

/// A timeline in colour.
pub(crate) fn painted(lines: &[Line]) -> String {
    let mut text = String::new();
    for line in lines {
        let style = match line.kind {
            Kind::Heading | Kind::Step | Kind::Effect | Kind::Report => None,
            Kind::Idle => Some(FAINT),
            Kind::Note => Some(NOTE),
            Kind::Held => Some(GOOD),
            Kind::Broken => Some(BAD),
        };
        match style.filter(|_| !line.text.is_empty()) {
            Some(style) => text.push_str(&styled(style, &line.text)),
            None => text.push_str(&line.text),
        }
        text.push('\n');
    }
    text
}
