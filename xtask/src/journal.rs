//! Journals of real hosts: their inputs, given to the engine again.

use std::{fs::File, io::BufReader, path::Path};

use anyhow::{Context as _, Result, anyhow};
use serde_json::json;
use winddown_core::{Action, Effect, Input, KindId, UnitId};
use winddown_journal::{Difference, Journal};
use winddown_sim::{
    story::{Entry, Story},
    timeline::{self, Cast, Kind, Line},
};

use crate::{
    cli::{Format, quoted},
    json::SCHEMA,
    output::{Code, painted, print, print_json},
};

/// Who is in a journal.
struct People<'a> {
    journal: &'a Journal,
    /// By number: the names, several if the number was given again, and the kind.
    units: Vec<(Vec<&'a str>, KindId)>,
}

impl<'a> People<'a> {
    fn of(journal: &'a Journal) -> Self {
        let mut units: Vec<(Vec<&str>, KindId)> = Vec::new();
        let mut names = journal.names.iter().peekable();
        for step in &journal.steps {
            let Input::UnitDeclared { unit, kind, .. } = step.input else { continue };
            // A number without a name is no journal of ours, but it can be told.
            let room = unit.index().min(units.len()) + 1;
            units.resize_with(units.len().max(room), Default::default);
            let name = names.next_if(|name| name.unit == unit);
            if let Some(place) = units.get_mut(unit.index()) {
                place.0.extend(name.map(|name| name.name.as_str()));
                place.1 = kind;
            }
        }
        Self { journal, units }
    }

    fn kind_name(&self, kind: KindId) -> &str {
        self.journal.head.kinds.get(usize::from(kind.0)).map_or("?", String::as_str)
    }
}

impl Cast for People<'_> {
    fn unit_count(&self) -> usize {
        self.units.len()
    }

    fn unit_name(&self, unit: UnitId) -> String {
        match self.units.get(unit.index()) {
            Some((names, _)) if !names.is_empty() => names.join("/"),
            Some(_) | None => format!("unit-{unit}"),
        }
    }

    fn action(&self, unit: UnitId, rung: u8) -> Option<Action> {
        let kind = self.units.get(unit.index())?.1;
        let kind = self.journal.head.plan.kinds.get(usize::from(kind.0))?;
        kind.ladder.rung(rung).map(|rung| rung.action)
    }
}

pub(crate) fn run(file: &Path, format: Format) -> Result<Code> {
    let source = File::open(file).with_context(|| format!("cannot read the journal {}", file.display()))?;
    let journal =
        Journal::read(BufReader::new(source)).map_err(|error| anyhow!("{}: {error}", file.display()))?;
    if journal.steps.is_empty() {
        crate::output::complain(&format!("{}: there is no step in this journal", file.display()));
        return Ok(Code::Nothing);
    }
    let mut story = Story::default();
    let played = journal.replay(|step, disposition, effects, engine| {
        story.step(step.at, step.input, disposition, effects, engine);
    });
    let played = played.map_err(|error| anyhow!("{}: the plan cannot be used: {error}", file.display()))?;
    let people = People::of(&journal);
    match format {
        Format::Text => {
            let mut lines = heading(file, &people);
            lines.extend(timeline::told(&people, &story, &played.engine));
            lines.extend(verdict(&people, played.difference.as_ref()));
            lines.push(line(Kind::Report, format!("replay: {}", command(file))));
            print(&painted(&lines))?;
        }
        Format::Json => print_objects(file, &people, &story, played.difference.as_ref())?,
    }
    Ok(if played.difference.is_none() { Code::Clean } else { Code::Broken })
}

fn command(file: &Path) -> String {
    format!("cargo xtask sim --journal {}", quoted(&file.to_string_lossy()))
}

const fn line(kind: Kind, text: String) -> Line {
    Line { kind, text }
}

fn heading(file: &Path, people: &People<'_>) -> Vec<Line> {
    let head = &people.journal.head;
    let (format, semantics) = (head.format, head.semantics);
    let title = format!("journal of a host: {}   (format {format}, semantics {semantics})", file.display());
    let mut lines = vec![line(Kind::Heading, title), line(Kind::Heading, String::new())];
    for (place, (_, kind)) in people.units.iter().enumerate() {
        let head = if place == 0 { "units" } else { "" };
        let unit = UnitId(u32::try_from(place).unwrap_or(u32::MAX));
        let (name, kind) = (people.unit_name(unit), people.kind_name(*kind));
        lines.push(line(Kind::Heading, format!("{head:7} {:>5}  {name} ({kind})", place + 1)));
    }
    lines.push(line(Kind::Heading, String::new()));
    lines
}

fn verdict(people: &People<'_>, difference: Option<&Difference>) -> Vec<Line> {
    let journal = people.journal;
    let mut lines = Vec::new();
    match difference {
        None => {
            let steps = journal.steps.len();
            let text = format!("verdict: the engine does the same again, in all {steps} steps");
            lines.push(line(Kind::Held, text));
        }
        Some(Difference { place, disposition, effects }) => {
            let step = &journal.steps[*place];
            let number = place + 1;
            let text = format!("verdict: DIFFERENT in step {number}, the last one above: {:?}", step.input);
            lines.push(line(Kind::Broken, text));
            if *disposition != step.disposition {
                let (then, now) = (step.disposition, disposition);
                lines.push(line(Kind::Broken, format!("  it was {then:?}, and is {now:?} here")));
            }
            let told = |effect: &Effect| timeline::effect_words(people, effect, step.at);
            for effect in step.effects.iter().filter(|effect| !effects.contains(effect)) {
                lines.push(line(Kind::Broken, format!("  only then: {}", told(effect))));
            }
            for effect in effects.iter().filter(|effect| !step.effects.contains(effect)) {
                lines.push(line(Kind::Broken, format!("  only here: {}", told(effect))));
            }
            let text =
                "  a line of the journal is lost or damaged, or the engine's rules are not what they were";
            lines.push(line(Kind::Broken, text.to_owned()));
        }
    }
    if journal.is_torn {
        let text = "the last line of the journal is torn off: the host was killed while it wrote";
        lines.push(line(Kind::Note, text.to_owned()));
    }
    lines
}

fn print_objects(
    file: &Path,
    people: &People<'_>,
    story: &Story,
    difference: Option<&Difference>,
) -> Result<()> {
    let journal = people.journal;
    let units: Vec<_> = people
        .units
        .iter()
        .map(|(names, kind)| json!({"names": names, "kind": people.kind_name(*kind)}))
        .collect();
    print_json(&json!({
        "type": "journal", "schema": SCHEMA, "semantics": journal.head.semantics, "units": units,
        "torn": journal.is_torn, "replay": command(file),
    }))?;
    for (place, (at, entry)) in story.entries.iter().enumerate() {
        let Entry::Step { input, disposition, effects, .. } = entry else { continue };
        print_json(&json!({
            "type": "step", "schema": SCHEMA, "at": at.nanos(), "step": place + 1, "input": input,
            "disposition": disposition, "effects": effects,
        }))?;
    }
    let recorded = difference.map(|difference| &journal.steps[difference.place]);
    print_json(&json!({
        "type": "verdict", "schema": SCHEMA, "steps": journal.steps.len(), "same": difference.is_none(),
        "recorded": recorded,
    }))?;
    Ok(())
}
