//! What is told: a line for each bug as it comes, and the figures of all of them.

use std::{collections::BTreeSet, io};

use anyhow::Result;
use serde_json::{Value, json};

use super::{
    hunt::{End, Search, Size, Told, median},
    patch::Planted,
};
use crate::{
    cli::Format,
    json::SCHEMA,
    output::{BAD, Code, GOOD, print, print_json, styled},
};

/// The ways to look for a bug, each with what its effort is counted in.
const METHODS: [(&str, &str); 3] = [("random", "runs"), ("exhaustive", "states"), ("pct", "runs")];

/// What is told of all bugs.
#[derive(Debug)]
pub(super) struct Table<'a> {
    format: Format,
    /// How wide the names are.
    width: usize,
    methods: &'static [(&'static str, &'static str)],
    told: Vec<Told<'a>>,
}

impl<'a> Table<'a> {
    /// `pct`: bugs are looked for with priorities, too.
    pub(super) fn new(format: Format, width: usize, pct: bool) -> Self {
        let methods = &METHODS[..2 + usize::from(pct)];
        Self { format, width, methods, told: Vec::new() }
    }

    pub(super) fn head(&self) -> io::Result<()> {
        if self.format == Format::Json {
            return Ok(());
        }
        let methods: Vec<String> = self
            .methods
            .iter()
            .map(|(method, unit)| format!("{:>20}{:>9}", format!("{method} {unit}"), "seconds"))
            .collect();
        print(&format!(
            "{:width$}  {:46}{}  units  steps\n",
            "bug",
            "caught by",
            methods.concat(),
            width = self.width
        ))
    }

    /// Tells of one bug.
    pub(super) fn row(&mut self, told: Told<'a>) -> io::Result<()> {
        match self.format {
            Format::Text => print(&self.line(&told))?,
            Format::Json => print_json(&object(&told))?,
        }
        self.told.push(told);
        Ok(())
    }

    fn line(&self, told: &Told<'_>) -> String {
        let name = format!("{:width$}", told.bug.name, width = self.width);
        if let Some(failure) = &told.failure {
            let failure = failure.replace('\n', "\n    ");
            return format!("{}  {failure}\n", styled(BAD, &name));
        }
        let claim = told.claim().map_or("", |claim| claim.name());
        let cost = |(method, _): &(&str, &str)| match told.cost(method) {
            Some((effort, micros)) => format!("{effort:>20}{:>9}", seconds(micros)),
            None => format!("{:>20}{:>9}", "-", ""),
        };
        let costs: Vec<String> = self.methods.iter().map(cost).collect();
        let size = told.shrunk.map_or_else(
            || format!("{:>7}", "-"),
            |Size { units, steps, .. }| format!("{units:>7}{steps:>6}"),
        );
        format!("{name}  {claim:46}{}{size}\n", costs.concat())
    }

    /// Tells of all of them.
    pub(super) fn summary(&self) -> Result<Code> {
        let failed: Vec<&str> = names(&self.told, |told| told.failure.is_some());
        match self.format {
            Format::Text => print(&self.summary_text(&failed))?,
            Format::Json => print_json(&self.summary_object(&failed))?,
        }
        Ok(if failed.is_empty() { Code::Clean } else { Code::Broken })
    }

    fn summary_text(&self, failed: &[&str]) -> String {
        let caught = self.told.len() - failed.len();
        let claims: BTreeSet<_> = self.told.iter().filter_map(Told::claim).collect();
        let mut text = format!("\n{caught} of {} caught, by {} claims\n", self.told.len(), claims.len());
        for (method, unit) in self.methods {
            let costs = self.sorted(|told| told.cost(method));
            if let (Some((middle, _)), Some((worst, _))) = (median(&costs), costs.last()) {
                let found = costs.len();
                text += &format!("{method}: {found} caught; {unit}: median {middle}, worst {worst}\n");
            }
        }
        let (units, steps) = self.sizes();
        if let (Some(units), Some(steps)) = (median(&units), median(&steps)) {
            text += &format!("small runs: median {units} units and {steps} steps\n");
        }
        text + &match failed {
            [] => format!("{}\n", styled(GOOD, "every bug is caught by a claim that its patch names")),
            _ => format!("{}\n", styled(BAD, &format!("not so: {}", failed.join(", ")))),
        }
    }

    fn summary_object(&self, failed: &[&str]) -> Value {
        let cost = |(method, unit): &(&str, &str)| {
            let costs = self.sorted(|told| told.cost(method));
            let middle = median(&costs).map(|(effort, _)| effort);
            let worst = costs.last().map(|(effort, _)| effort);
            json!({"method": method, "unit": unit, "caught": costs.len(), "median": middle, "worst": worst})
        };
        let (units, steps) = self.sizes();
        json!({
            "type": "mutants", "schema": SCHEMA, "bugs": self.told.len(), "failed": failed,
            "methods": self.methods.iter().map(cost).collect::<Vec<_>>(),
            "shrunk": {"units": median(&units), "steps": median(&steps)},
        })
    }

    fn sizes(&self) -> (Vec<u64>, Vec<u64>) {
        let of = |part: fn(Size) -> u64| self.sorted(|told| told.shrunk.map(part));
        (of(|size| size.units), of(|size| size.steps))
    }

    fn sorted<T: Ord>(&self, of: impl Fn(&Told<'a>) -> Option<T>) -> Vec<T> {
        let mut all: Vec<T> = self.told.iter().filter_map(of).collect();
        all.sort_unstable();
        all
    }
}

fn names<'t>(all: &'t [Told<'_>], which: impl Fn(&Told<'_>) -> bool) -> Vec<&'t str> {
    all.iter().filter(|told| which(told)).map(|told| told.bug.name.as_str()).collect()
}

/// Microseconds as seconds, with as many places as mean something.
fn seconds(micros: u64) -> String {
    format!("{}.{:03}", micros / 1_000_000, micros / 1_000 % 1_000)
}

fn object(told: &Told<'_>) -> Value {
    let bug = told.bug;
    let searches: Vec<Value> = told.searches.iter().map(search_object).collect();
    let shrunk = told.shrunk.map(|Size { units, asks, faults, steps }| {
        json!({"units": units, "asks": asks, "faults": faults, "steps": steps})
    });
    json!({
        "type": "mutant", "schema": SCHEMA, "name": bug.name, "title": bug.title, "system": bug.system,
        "reference": bug.reference, "caught": told.failure.is_none(), "failure": told.failure,
        "claim": told.claim().map(|claim| claim.name()), "searches": searches, "shrunk": shrunk,
    })
}

fn search_object(search: &Search) -> Value {
    let Search { method, end, effort, micros } = search;
    let (claim, place, message) = match end {
        End::Caught { claim, place, message } => (Some(claim.name()), Some(place), Some(message)),
        End::Panicked(message) => (None, None, Some(message)),
        End::Nothing => (None, None, None),
    };
    json!({
        "method": method, "effort": effort, "micros": micros, "claim": claim, "place": place,
        "message": message,
    })
}

/// Says which bugs there are.
pub(super) fn list(bugs: &[Planted], format: Format) -> io::Result<()> {
    for bug in bugs {
        let claims: Vec<&str> = bug.claims.iter().map(|claim| claim.name()).collect();
        match format {
            Format::Text => {
                let reference = bug.reference.as_deref().map_or_else(String::new, |at| format!(", {at}"));
                print(&format!("{}\n    {} ({}{reference})\n", bug.name, bug.title, bug.system))?;
            }
            Format::Json => print_json(&json!({
                "type": "planted", "schema": SCHEMA, "name": bug.name, "title": bug.title,
                "system": bug.system, "reference": bug.reference, "claims": claims,
            }))?,
        }
    }
    Ok(())
}
