//! One glyph for each unit at its place; with very many units, how many there are of each glyph.

use winddown_core::Status;

/// Up to so many units each has a column: with their times and words they fit into 120 columns.
const COLUMNS_MAX: usize = 40;

/// Columns stand in groups of so many, so that a place can be counted.
const GROUP: usize = 10;

/// The columns as the last line showed them.
pub(super) struct Columns {
    count: usize,
    shown: String,
}

impl Columns {
    pub(super) fn new(count: usize) -> Self {
        let mut columns = Self { count, shown: String::new() };
        columns.show(&vec![(Status::Pending, false); count]);
        columns
    }

    pub(super) fn shown(&self) -> &str {
        &self.shown
    }

    pub(super) fn show(&mut self, units: &[(Status, bool)]) {
        self.shown = if self.count > COLUMNS_MAX {
            counted(units, self.count)
        } else {
            grouped(units.iter().map(|(status, lives)| glyph(*status, *lives)))
        };
    }

    /// Nobody promises anything until a new process comes up.
    pub(super) fn host_is_down(&mut self) {
        self.shown = self.shown.chars().map(|glyph| if glyph == ' ' { ' ' } else { '-' }).collect();
    }

    /// What stands above the columns: the units' numbers, read from top to bottom.
    pub(super) fn head(&self) -> Vec<String> {
        if self.count > COLUMNS_MAX {
            return vec![format!("{:1$}  what", "units", self.shown.chars().count())];
        }
        let digit = |number: usize| char::from_digit(u32::try_from(number).unwrap_or_default(), 10);
        let mut head = Vec::new();
        if self.count >= 10 {
            let tens = (1..=self.count).map(|place| match place / 10 {
                0 => ' ',
                tens => digit(tens % 10).unwrap_or(' '),
            });
            head.push(grouped(tens));
        }
        let ones = grouped((1..=self.count).map(|place| digit(place % 10).unwrap_or(' ')));
        head.push(format!("{ones}  what"));
        head
    }
}

fn grouped(glyphs: impl Iterator<Item = char>) -> String {
    let mut text = String::new();
    for (place, glyph) in glyphs.enumerate() {
        if place > 0 && place % GROUP == 0 {
            text.push(' ');
        }
        text.push(glyph);
    }
    text
}

/// How many units have each glyph: those that have not ended by status, those that have as `=`, and as
/// `!` how many of these still have a body.
fn counted(units: &[(Status, bool)], count: usize) -> String {
    let width = count.to_string().len();
    let of = |test: &dyn Fn(Status, bool) -> bool| {
        units.iter().filter(|(status, lives)| test(*status, *lives)).count()
    };
    let live = [Status::Pending, Status::Running, Status::Paused, Status::Stopping];
    let live = live.map(|status| (of(&|other, _| other == status), glyph(status, false)));
    let over = [
        (of(&|status, _| status.is_terminal()), '='),
        (of(&|status, lives| status.is_terminal() && lives), '!'),
    ];
    let parts: Vec<String> =
        live.into_iter().chain(over).map(|(count, glyph)| format!("{count:>width$}{glyph}")).collect();
    parts.join(" ")
}

/// The legend for so many units.
pub(super) const fn legend(count: usize) -> [&'static str; 2] {
    if count > COLUMNS_MAX {
        [
            "how many units are: . pending  r running  p paused  x stopping  = ended",
            "                    ! ended, but the body still lives         - the host is down",
        ]
    } else {
        [
            ". pending  r running  p paused  x stopping  s stopped  c completed  f failed  k cancelled",
            "S C F K: the status is final, but the body still lives    - the host is down",
        ]
    }
}

const fn glyph(status: Status, lives: bool) -> char {
    let letter = match status {
        Status::Pending => '.',
        Status::Running => 'r',
        Status::Paused => 'p',
        Status::Stopping => 'x',
        Status::Stopped => 's',
        Status::Completed => 'c',
        Status::Failed => 'f',
        Status::Cancelled => 'k',
    };
    if lives && status.is_terminal() { letter.to_ascii_uppercase() } else { letter }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn few_units_have_a_column_each() {
        let mut columns = Columns::new(12);
        assert_eq!(columns.head(), ["         1 11", "1234567890 12  what"]);
        let mut units = vec![(Status::Running, true); 11];
        units.push((Status::Stopped, true));
        columns.show(&units);
        assert_eq!(columns.shown(), "rrrrrrrrrr rS");
        columns.host_is_down();
        assert_eq!(columns.shown(), "---------- --");
    }

    #[test]
    fn many_units_are_counted() {
        let mut columns = Columns::new(100);
        let mut units = vec![(Status::Running, true); 97];
        units.extend([(Status::Stopping, true), (Status::Failed, false), (Status::Stopped, true)]);
        columns.show(&units);
        assert_eq!(columns.shown(), "  0.  97r   0p   1x   2=   1!");
    }
}
