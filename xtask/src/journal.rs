//! Journals of real hosts: their inputs, given to the engine again.

use std::{
    borrow::Cow,
    collections::{HashMap, HashSet},
    fs::File,
    io::BufReader,
    path::Path,
};

use anyhow::{Context as _, Result, anyhow};
use serde_json::json;
use winddown_core::{Action, Effect, Input, KindId, UnitId};
use winddown_journal::{Difference, Journal};
use winddown_sim::{
    plain, quoted,
    story::{Entry, Story},
    timeline::{self, Cast, Kind, Line},
};

use crate::{
    cli::Format,
    json::SCHEMA,
    output::{Code, painted, print, print_json},
};

/// Who is in a journal.
struct People<'a> {
    journal: &'a Journal,
    /// By number.
    units: Vec<Numbered<'a>>,
}

/// Who had a number: it is given again. Each is so from the step on that has this place.
#[derive(Default)]
struct Numbered<'a> {
    names: Vec<(usize, &'a str)>,
    kinds: Vec<(usize, KindId)>,
}

/// What it was at that step.
fn at<T>(those: &[(usize, T)], step: usize) -> Option<&T> {
    let before = those.partition_point(|(from, _)| *from <= step);
    those.get(before.checked_sub(1)?).map(|(_, what)| what)
}

impl<'a> People<'a> {
    fn of(journal: &'a Journal) -> Self {
        let mut units: Vec<Numbered<'_>> = Vec::new();
        for (place, step) in journal.steps.iter().enumerate() {
            let Input::UnitDeclared { unit, kind, .. } = step.input else { continue };
            // A number that leaves others out is no journal of ours, but it can be told.
            let room = unit.index().min(units.len()) + 1;
            units.resize_with(units.len().max(room), Default::default);
            if let Some(unit) = units.get_mut(unit.index()) {
                unit.kinds.push((place, kind));
            }
        }
        for (place, name) in &journal.names {
            if let Some(unit) = units.get_mut(name.unit.index()) {
                unit.names.push((*place, name.name.as_str()));
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

    fn unit_name(&self, unit: UnitId, entry: usize) -> Cow<'_, str> {
        let name = self.units.get(unit.index()).and_then(|unit| at(&unit.names, entry));
        name.map_or_else(|| format!("unit-{unit}").into(), |name| Cow::Borrowed(*name))
    }

    fn action(&self, unit: UnitId, entry: usize, rung: u8) -> Option<Action> {
        let kind = at(&self.units.get(unit.index())?.kinds, entry)?;
        let kind = self.journal.head.plan.kinds.get(usize::from(kind.0))?;
        kind.ladder.rung(rung).map(|rung| rung.action)
    }
}

pub(crate) fn run(file: &Path, format: Format) -> Result<Code> {
    let source = File::open(file).with_context(|| format!("cannot read the journal {}", file.display()))?;
    let journal = Journal::read(BufReader::new(source))
        .map_err(|error| anyhow!("{}: {}", file.display(), plain(&error.to_string())))?;
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
            lines.push(Line::new(Kind::Report, format!("replay: {}", command(file))));
            print(&painted(&lines))?;
        }
        Format::Json => print_objects(file, &people, &story, played.difference.as_ref())?,
    }
    Ok(if played.difference.is_none() { Code::Clean } else { Code::Broken })
}

fn command(file: &Path) -> String {
    format!("cargo xtask sim --journal {}", quoted(&file.to_string_lossy()))
}

fn heading(file: &Path, people: &People<'_>) -> Vec<Line> {
    let head = &people.journal.head;
    let (format, semantics) = (head.format, head.semantics);
    let title = format!("journal of a host: {}   (format {format}, semantics {semantics})", file.display());
    let mut lines = vec![Line::new(Kind::Heading, title), Line::new(Kind::Heading, String::new())];
    for (place, unit) in people.units.iter().enumerate() {
        let id = UnitId(u32::try_from(place).unwrap_or(u32::MAX));
        for (time, (from, kind)) in unit.kinds.iter().enumerate() {
            let name = timeline::name_words(&people.unit_name(id, *from));
            let kind = timeline::name_words(people.kind_name(*kind));
            let head = if (place, time) == (0, 0) { "units" } else { "" };
            let (number, since) = match time {
                0 => ((place + 1).to_string(), String::new()),
                _ => (String::new(), format!(", from step {} on", from + 1)),
            };
            lines.push(Line::new(Kind::Heading, format!("{head:7} {number:>5}  {name} ({kind}){since}")));
        }
    }
    lines.push(Line::new(Kind::Heading, String::new()));
    lines
}

fn verdict(people: &People<'_>, difference: Option<&Difference>) -> Vec<Line> {
    let journal = people.journal;
    let mut lines = Vec::new();
    match difference {
        None => {
            let steps = journal.steps.len();
            let text = format!("verdict: the engine does the same again, in all {steps} steps");
            lines.push(Line::new(Kind::Held, text));
        }
        Some(Difference { place, disposition, effects }) => {
            let step = &journal.steps[*place];
            let number = place + 1;
            let text = format!("verdict: DIFFERENT in step {number}, the last one above: {:?}", step.input);
            lines.push(Line::new(Kind::Broken, text));
            if *disposition != step.disposition {
                let (then, now) = (step.disposition, disposition);
                lines.push(Line::new(Kind::Broken, format!("  it was {then:?}, and is {now:?} here")));
            }
            let words = |effect: &Effect| timeline::effect_words(people, *place, effect, step.at);
            for text in differing(&step.effects, effects, words) {
                lines.push(Line::new(Kind::Broken, format!("  {text}")));
            }
            let text =
                "  a line of the journal is lost or damaged, or the engine's rules are not what they were";
            lines.push(Line::new(Kind::Broken, text.to_owned()));
        }
    }
    if journal.is_torn {
        let text = "the last line of the journal is torn off: the host was killed while it wrote";
        lines.push(Line::new(Kind::Note, text.to_owned()));
    }
    lines
}

/// What was asked for then and what is asked for here, where that is not the same: how often, and in which order.
fn differing(then: &[Effect], here: &[Effect], words: impl Fn(&Effect) -> String) -> Vec<String> {
    let mut counts: HashMap<Effect, [usize; 2]> = HashMap::new();
    for (side, effects) in [then, here].into_iter().enumerate() {
        effects.iter().for_each(|effect| counts.entry(*effect).or_default()[side] += 1);
    }
    let as_often = |effect: &&Effect| matches!(counts.get(*effect), Some([then, here]) if then == here);
    let mut order = then.iter().filter(as_often).zip(here.iter().filter(as_often));
    let swapped = order.find(|(one, other)| one != other);

    let mut seen = HashSet::new();
    let differs = |effect: &&Effect| !as_often(effect) && seen.insert(**effect);
    let often: Vec<&Effect> = then.iter().chain(here).filter(differs).collect();
    let told = often.iter().copied().chain(swapped.into_iter().flat_map(|(one, other)| [one, other]));
    let mut alike: HashMap<String, usize> = HashMap::new();
    told.for_each(|effect| *alike.entry(words(effect)).or_default() += 1);
    // What looks the same as another one is told as the journal has it, too: with every nanosecond.
    let exact = |effect: &Effect| match words(effect) {
        text if alike.get(&text).is_some_and(|count| *count > 1) => {
            format!("{text}, exactly {}", json!(effect))
        }
        text => text,
    };
    let times = |count| if count == 1 { "once".to_owned() } else { format!("{count} times") };
    let often = often.into_iter().map(|effect| match counts.get(effect).copied().unwrap_or_default() {
        [1, 0] => format!("only then: {}", exact(effect)),
        [0, 1] => format!("only here: {}", exact(effect)),
        [then, 0] => format!("only then, {}: {}", times(then), exact(effect)),
        [0, here] => format!("only here, {}: {}", times(here), exact(effect)),
        [then, here] => format!("{} then, {} here: {}", times(then), times(here), exact(effect)),
    });
    let order = swapped.map(|(one, other)| {
        format!(
            "in another order: `{}` came before `{}` then, and comes after it here",
            exact(one),
            exact(other)
        )
    });
    often.chain(order).collect()
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
        .map(|unit| {
            let names: Vec<_> = unit.names.iter().map(|(_, name)| name).collect();
            let kind = unit.kinds.last().map_or("?", |(_, kind)| people.kind_name(*kind));
            json!({"names": names, "kind": kind})
        })
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
