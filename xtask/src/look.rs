//! A run up to a place, and the whole state there.

use std::panic::{AssertUnwindSafe, catch_unwind};

use anyhow::{Result, bail};
use serde_json::{Value, json};
use winddown_core::{Moment, Span, UnitId};
use winddown_sim::{
    Arena, Outcome, Place, Setup, run_while,
    story::Story,
    sweep::panic_message,
    timeline::{self, End},
};

use crate::{
    cli::{Format, SimArguments},
    json::{self, SCHEMA},
    output::{Code, complain, painted, print, print_json},
    play::{self, Subject},
    replay,
};

/// A timeline shows no less than this.
const MILLISECOND: Span = Span::from_millis(1);

/// The run that the arguments name.
pub(crate) fn subject(arguments: &SimArguments) -> Result<Subject> {
    match (&arguments.replay, arguments.seed) {
        (Some(file), _) => replay::subject(file, &replay::read(file)?),
        (None, Some(seed)) => play::subject(arguments, &play::source(arguments)?, seed),
        (None, None) => bail!("say which run: --seed or --replay"),
    }
}

pub(crate) fn run(arguments: &SimArguments) -> Result<Code> {
    let mut subject = subject(arguments)?;
    let held = match (arguments.until, arguments.at) {
        (Some(step), _) => {
            let held = Held::after(&subject, &mut |place| place.steps < step);
            if held.is_over() && held.place.steps < step {
                bail!("there is no step {step}: the run is over after step {}", held.place.steps);
            }
            subject.heading.replay += &format!(" --until {step}");
            held
        }
        (None, at) => {
            let at = at.unwrap_or_default();
            let shown = Moment::from_nanos(at.nanos() - at.nanos() % MILLISECOND.nanos());
            let (turns, last) = turns(&subject, shown.after(MILLISECOND));
            if let Some(last) = last.filter(|last| *last < shown) {
                bail!("nothing happens at {at}: the run is over at {last}");
            }
            let mut done = 0;
            subject.heading.replay += &format!(" --at {at}");
            Held::after(&subject, &mut |_| {
                done += 1;
                done <= turns
            })
        }
    };
    match arguments.format {
        Format::Text => print(&held.text(&subject))?,
        Format::Json => held.print_json(&subject)?,
    }
    if let Some(step) = arguments.until.filter(|step| held.place.steps > *step) {
        complain(&format!(
            "steps {step} to {} come of one thing: this is the state after it",
            held.place.steps
        ));
    }
    Ok(held.code())
}

/// How many things happen before `end`; and when the run is over, if it is by then.
fn turns(subject: &Subject, end: Moment) -> (u64, Option<Moment>) {
    let mut turns = 0_u64;
    let held = Held::after(subject, &mut |place| {
        turns += u64::from(place.now < end);
        place.now < end
    });
    let last = held.place.now;
    // What happened last was too late.
    if last >= end { (turns.saturating_sub(1), None) } else { (turns, Some(last)) }
}

/// A run that was held.
struct Held {
    place: Place,
    /// What came out, if it was over by then, or what was said by the panic that ended it.
    end: Result<Option<Outcome>, String>,
    story: Story,
    arena: Arena,
}

impl Held {
    /// Plays as long as `go_on` says so.
    fn after(subject: &Subject, go_on: &mut dyn FnMut(&Place) -> bool) -> Self {
        let Subject { setup, answers, .. } = subject;
        let (mut answers, mut arena, mut story) = (answers.clone(), Arena::new(setup), Story::default());
        let mut place = Place { now: Moment::START, steps: 0, up: true, calm: false };
        let played = catch_unwind(AssertUnwindSafe(|| {
            let mut watch = |at: &Place| {
                place = *at;
                go_on(at)
            };
            run_while(setup, &mut answers, &mut arena, Some(&mut story), &mut watch)
        }));
        match played {
            Ok((place, outcome)) => Self { place, end: Ok(outcome), story, arena },
            Err(panic) => Self { place, end: Err(panic_message(panic.as_ref())), story, arena },
        }
    }

    const fn is_over(&self) -> bool {
        !matches!(self.end, Ok(None))
    }

    fn code(&self) -> Code {
        let held = matches!(&self.end, Ok(outcome) if outcome.as_ref().is_none_or(|it| it.breach.is_none()));
        if held { Code::Clean } else { Code::Broken }
    }

    fn text(&self, subject: &Subject) -> String {
        let Subject { setup, heading, .. } = subject;
        let engine = self.arena.engine();
        let end = match &self.end {
            Ok(None) => End::Held(&self.place, &self.arena),
            Ok(Some(outcome)) => End::Over(outcome),
            Err(message) => End::Panicked(message),
        };
        let mut lines = timeline::lines(setup, heading, &self.story, end, engine);
        if self.is_over() {
            lines.extend(timeline::state(setup, &self.place, &self.arena));
        }
        painted(&lines)
    }

    fn print_json(&self, subject: &Subject) -> std::io::Result<()> {
        let Subject { setup, heading, .. } = subject;
        print_json(&json::head(setup, heading))?;
        json::entries(setup, &self.story).iter().try_for_each(print_json)?;
        print_json(&state(setup, &self.place, &self.arena))
    }
}

/// The state for programs. What is in no state is `null`; times are nanoseconds, and a moment that never
/// comes is the largest of them.
fn state(setup: &Setup, place: &Place, arena: &Arena) -> Value {
    let engine = arena.engine();
    let units = (0..setup.unit_count()).map(|place| UnitId(u32::try_from(place).unwrap_or(u32::MAX)));
    let unit = |unit: UnitId| {
        let view = engine.unit(unit);
        let bodies = arena.bodies().iter().filter(|body| body.unit == unit && body.alive).count();
        json!({
            "unit": unit, "status": view.map(|it| it.status), "incarnation": view.map(|it| it.incarnation),
            "stop": engine.stop_of(unit), "timer": engine.deadline_of(unit), "bodies": bodies,
            "row": arena.store().row(unit), "final_row": engine.row_of(unit),
            "recorded": view.map(|it| it.recorded), "saved": view.map(|it| it.saved),
            "leaked": view.map(|it| it.leaked), "callers": engine.callers_of(unit),
        })
    };
    let clients = engine.clients().map(|(client, view)| json!({"client": client, "state": view}));
    let pending = arena.pending(setup).into_iter().map(|it| json!({"at": it.at, "what": it.what}));
    let phase = engine.present_phase().map(|(phase, until)| json!({"phase": phase, "until": until}));
    json!({
        "type": "state", "schema": SCHEMA, "at": place.now, "step": place.steps, "up": place.up,
        "calm": place.calm, "deadline": engine.shutdown_deadline(), "units_deadline": engine.units_deadline(),
        "phase": phase, "units": units.map(unit).collect::<Vec<_>>(),
        "clients": clients.collect::<Vec<_>>(), "pending": pending.collect::<Vec<_>>(),
    })
}
