//! What happens in a run beside the service's own work: what the disk is like, who asks for what when, and how
//! it ends. All of it is drawn from the seed.

use std::time::Duration;

use winddown_sim::{chooser::Label, entropy::Stream};

/// At most so many times the host is started in one run.
const LIVES_MAX: usize = 3;

/// Where everything is drawn from.
#[derive(Debug)]
pub(crate) struct Dice(Stream);

impl Dice {
    pub(crate) const fn new(seed: u64, label: Label) -> Self {
        Self(Stream::new(seed, label))
    }

    /// A number below `count`.
    fn below(&mut self, count: u64) -> u64 {
        self.0.below(count)
    }

    /// So many whole milliseconds, `max` at the most.
    pub(crate) fn up_to(&mut self, max: Duration) -> Duration {
        let millis = u64::try_from(max.as_millis()).unwrap_or(u64::MAX - 1);
        Duration::from_millis(self.below(millis + 1))
    }

    /// A moment within `span`. Often a whole second, where much of what bodies wait for comes to its end, and
    /// sometimes the first one, when nothing is up yet.
    fn moment(&mut self, span: Duration) -> Duration {
        let moment = self.up_to(span);
        match self.below(16) {
            0 => Duration::ZERO,
            1..=4 => Duration::from_secs(moment.as_secs()),
            _ => moment,
        }
    }
}

/// What is asked of a unit.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Ask {
    Start,
    Stop,
    StopByForce,
    StopWithin(Duration),
    Cancel,
    Restart,
    /// And so long afterwards it may go on.
    Pause(Duration),
}

/// How a life of the host ends.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum End {
    Shutdown,
    Signal,
    /// And another one so long afterwards.
    Signals(Duration),
    ByForce,
    Within(Duration),
    /// As with `kill -9`: from one moment to the next.
    Crash,
}

impl End {
    /// The service had all the time that its plan gives it.
    pub(crate) const fn is_patient(self) -> bool {
        matches!(self, Self::Shutdown | Self::Signal)
    }
}

/// What the disk is like during one life of the host.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Disk {
    /// How long a write takes.
    pub(crate) takes: (Duration, Duration),
    /// From when to when it does not work, and whether it hangs then. Otherwise writes fail.
    pub(crate) trouble: Option<(Duration, Duration, bool)>,
}

impl Disk {
    pub(crate) const QUICK: Self = Self { takes: (Duration::ZERO, Duration::from_millis(5)), trouble: None };
    const SLOW: Self = Self { takes: (Duration::from_millis(20), Duration::from_millis(500)), trouble: None };

    fn draw(dice: &mut Dice, span: Duration) -> Self {
        match dice.below(20) {
            0..=13 => Self::QUICK,
            14..=16 => Self::SLOW,
            kind => {
                let from = dice.up_to(span);
                let until = from + dice.up_to(span);
                Self { trouble: Some((from, until, kind == 19)), ..Self::QUICK }
            }
        }
    }

    /// It is as fast and as reliable as disks are.
    pub(crate) fn is_kind(self) -> bool {
        self == Self::QUICK
    }
}

/// One life of the host.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Life {
    pub(crate) disk: Disk,
    /// When what is asked of which unit, as a number that stands for any of them.
    pub(crate) asks: Vec<(Duration, u64, Ask)>,
    pub(crate) end: (Duration, End),
}

impl Life {
    fn draw(dice: &mut Dice, span: Duration, is_last: bool) -> Self {
        let disk = Disk::draw(dice, span);
        let asks = (0..dice.below(5)).map(|_| Self::draw_ask(dice, span)).collect();
        let at = dice.moment(span);
        let end = match dice.below(20) {
            8..=12 => End::Signal,
            13..=14 => End::Signals(dice.up_to(Duration::from_secs(2))),
            15 => End::ByForce,
            16 => End::Within(dice.up_to(Duration::from_secs(5))),
            17..=19 if !is_last => End::Crash,
            _ => End::Shutdown,
        };
        Self { disk, asks, end: (at, end) }
    }

    fn draw_ask(dice: &mut Dice, span: Duration) -> (Duration, u64, Ask) {
        let (at, unit) = (dice.moment(span), dice.below(u64::MAX));
        let ask = match dice.below(8) {
            0 => Ask::Start,
            1..=2 => Ask::Stop,
            3 => Ask::StopByForce,
            4 => Ask::StopWithin(dice.up_to(Duration::from_secs(5))),
            5 => Ask::Cancel,
            6 => Ask::Restart,
            _ => Ask::Pause(dice.up_to(span)),
        };
        (at, unit, ask)
    }
}

/// All lives of a run's host, one after the other, on the same disk. `crashes`: not the last one may also end
/// from one moment to the next.
pub(crate) fn course(seed: u64, span: Duration, crashes: bool) -> Vec<Life> {
    let mut dice = Dice::new(seed, Label::Scenario);
    let mut lives = Vec::new();
    loop {
        let is_last = lives.len() + 1 == LIVES_MAX;
        let life = Life::draw(&mut dice, span, is_last || !crashes);
        let goes_on = !is_last && (life.end.1 == End::Crash || dice.below(4) == 0);
        lives.push(life);
        if !goes_on {
            return lives;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SPAN: Duration = Duration::from_secs(60);

    #[test]
    fn a_seed_is_a_course() {
        assert_eq!(course(7, SPAN, true), course(7, SPAN, true));
        assert_ne!(course(7, SPAN, true), course(8, SPAN, true));
    }

    #[test]
    fn every_end_and_every_ask_comes_and_the_last_life_never_crashes() {
        let courses: Vec<_> = (0..1_000).map(|seed| course(seed, SPAN, true)).collect();
        assert!(courses.iter().all(|lives| lives.last().is_some_and(|life| life.end.1 != End::Crash)));
        assert!(courses.iter().any(|lives| lives.len() == LIVES_MAX));
        let lives: Vec<_> = courses.iter().flatten().collect();
        let ends = |wanted: fn(End) -> bool| lives.iter().filter(|life| wanted(life.end.1)).count();
        for (end, wanted) in [
            ("shutdown", (|end| end == End::Shutdown) as fn(End) -> bool),
            ("signal", |end| end == End::Signal),
            ("signals", |end| matches!(end, End::Signals(_))),
            ("by force", |end| end == End::ByForce),
            ("within", |end| matches!(end, End::Within(_))),
            ("crash", |end| end == End::Crash),
        ] {
            assert!(ends(wanted) > 20, "{end}");
        }
        assert!(lives.iter().all(|life| life.end.0 <= SPAN && life.asks.iter().all(|ask| ask.0 <= SPAN)));
        let asked = |wanted: Ask| lives.iter().flat_map(|life| &life.asks).any(|ask| ask.2 == wanted);
        for ask in [Ask::Start, Ask::Stop, Ask::StopByForce, Ask::Cancel, Ask::Restart] {
            assert!(asked(ask), "{ask:?}");
        }
        assert!(lives.iter().any(|life| life.disk.trouble.is_some_and(|(_, _, hangs)| hangs)));
        assert!(lives.iter().any(|life| life.disk == Disk::SLOW));
    }

    #[test]
    fn nothing_crashes_if_nothing_may() {
        let mut lives = (0..1_000).flat_map(|seed| course(seed, SPAN, false));
        assert!(lives.all(|life| life.end.1 != End::Crash));
    }

    #[test]
    fn no_time_at_all_is_a_span_too() {
        for seed in 0..100 {
            let lives = course(seed, Duration::ZERO, true);
            assert!(lives.iter().all(|life| life.end.0.is_zero()));
        }
    }
}
