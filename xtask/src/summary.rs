//! What a sweep found, for people: numbers first, what was never seen, and last what is broken.

use std::{collections::BTreeSet, fmt::Write as _, time::Duration};

use winddown_core::Status;
use winddown_sim::{
    claims::{Breach, Claim, Sight},
    coverage::UNIT_INPUTS,
    fault::Fault,
    sweep::Campaign,
};

use crate::{
    breach::{self, Shelf},
    cli::SimArguments,
    output::{BAD, Code, GOOD, styled},
};

/// From so many seeds on, a sweep over all kinds of scenarios that never saw something has stopped
/// testing it: the simulator's own tests see everything within 60,000.
const CAMPAIGN: u64 = 100_000;

/// More blocks than this are a wall of text; the rest is a line each.
const BLOCKS: usize = 10;

/// Writing to a string cannot fail.
macro_rules! line {
    ($to:expr, $($text:tt)*) => {{ let _always_fits = writeln!($to, $($text)*); }};
}

pub(crate) struct Summary<'a> {
    pub(crate) arguments: &'a SimArguments,
    pub(crate) shelf: &'a Shelf<'a>,
    pub(crate) first: u64,
    pub(crate) campaign: &'a Campaign,
    pub(crate) elapsed: Duration,
    pub(crate) interrupted: bool,
}

impl Summary<'_> {
    pub(crate) fn code(&self) -> Code {
        let campaign = self.campaign;
        if self.interrupted {
            Code::Interrupted
        } else if !campaign.divergences.is_empty() {
            Code::Divergent
        } else if campaign.has_failed() || self.has_gaps() {
            Code::Broken
        } else if campaign.runs == 0 {
            Code::Nothing
        } else {
            Code::Clean
        }
    }

    /// Whether it should have seen everything, and has not.
    pub(crate) fn has_gaps(&self) -> bool {
        let all_kinds = self.arguments.system.is_none() && self.arguments.scenario.is_none();
        all_kinds && self.campaign.runs >= CAMPAIGN && self.campaign.coverage.unseen().next().is_some()
    }

    /// The breaches that are shown as blocks: the first one of each claim, and then the first ones.
    pub(crate) fn shown_breaches(&self) -> Vec<&(u64, Breach)> {
        let mut claims = BTreeSet::new();
        let all = &self.campaign.breaches;
        let mut shown: Vec<_> = all.iter().filter(|(_, breach)| claims.insert(breach.claim)).collect();
        let of_each: BTreeSet<u64> = shown.iter().map(|(seed, _)| *seed).collect();
        let others = all.iter().filter(|(seed, _)| !of_each.contains(seed));
        shown.extend(others.take(BLOCKS.saturating_sub(of_each.len())));
        shown.sort_by_key(|(seed, _)| *seed);
        shown
    }

    pub(crate) fn text(&self) -> String {
        let mut text = String::new();
        self.numbers(&mut text);
        if self.campaign.runs > 0 {
            self.coverage(&mut text);
        }
        self.verdict(&mut text);
        self.blocks(&mut text);
        text
    }

    fn numbers(&self, text: &mut String) {
        let Campaign { runs, end, steps, virtual_nanos, exits, crashes, killed, hash, .. } = self.campaign;
        let nanos = self.elapsed.as_nanos().max(1);
        let per_second = |count: u128| count * 1_000_000_000 / nanos;
        line!(
            text,
            "  runs          {runs} in {:.1?}, {} a second",
            self.elapsed,
            per_second((*runs).into())
        );
        line!(text, "  steps         {steps}, {} a second", per_second((*steps).into()));
        let hours = virtual_nanos / (3_600 * 1_000_000_000);
        let rate = per_second(*virtual_nanos) / (3_600 * 1_000_000_000);
        let (days, hours) = (hours / 24, hours % 24);
        line!(text, "  virtual time  {days} days and {hours} hours, {rate} hours a second");
        line!(text, "  exits         {} with code 0, {} with code 1", exits[0], exits[1]);
        line!(text, "  host died     {crashes} times; {killed} runs had it killed from outside");
        line!(text, "  hash of all   {hash:016x} for seeds {}..{end}", self.first);
    }

    fn coverage(&self, text: &mut String) {
        let seen = &self.campaign.coverage;
        let (met, of) = seen.pairs();
        line!(text, "  coverage      {met} of {of} pairs of a status and an input");
        // As long as most are missing, naming them is a list of everything.
        if met > of / 2 {
            for status in Status::ALL {
                let met: BTreeSet<&str> = seen.inputs_met(status).collect();
                let names: Vec<&str> = UNIT_INPUTS.into_iter().filter(|name| !met.contains(name)).collect();
                if !names.is_empty() {
                    line!(text, "                {status} never met: {}", names.join(", "));
                }
            }
        }
        line!(text, "                actions taken: {}", seen.actions().join(", "));
        let idle: Vec<&str> =
            Fault::ALL.iter().filter(|fault| !seen.has_struck(**fault)).map(|fault| fault.name()).collect();
        let (struck, faults) = (Fault::ALL.len() - idle.len(), Fault::ALL.len());
        line!(text, "                {struck} of {faults} faults struck");
        if !idle.is_empty() && struck > 0 {
            line!(text, "                never struck: {}", idle.join(", "));
        }
        let unseen: Vec<&str> = seen.unseen().map(Sight::name).collect();
        let sights = Sight::ALL.len();
        line!(text, "                {} of {sights} sometimes-claims seen", sights - unseen.len());
        // As long as most are missing, naming them is a list of everything, unless all have to be there.
        let named = self.has_gaps() || unseen.len() <= sights / 2;
        for name in unseen.into_iter().filter(|_| named) {
            let name = format!("not seen: {name}");
            let name = if self.has_gaps() { styled(BAD, &name) } else { name };
            line!(text, "                {name}");
        }
    }

    fn verdict(&self, text: &mut String) {
        let campaign = self.campaign;
        let runs = campaign.runs;
        let mut bad = Vec::new();
        if campaign.breach_count > 0 {
            bad.push(format!("{} of {runs} runs broke a claim", campaign.breach_count));
        }
        if campaign.panic_count > 0 {
            bad.push(format!("{} of {runs} runs panicked", campaign.panic_count));
        }
        if !campaign.divergences.is_empty() {
            bad.push(format!("{} seeds are NOT DETERMINISTIC", campaign.divergences.len()));
        }
        if self.has_gaps() {
            bad.push(format!("{} sometimes-claims were never seen", campaign.coverage.unseen().count()));
        }
        let verdict = match (runs, bad.is_empty()) {
            (0, true) => "nothing ran".to_owned(),
            (_, true) => styled(GOOD, "all claims held"),
            (_, false) => styled(BAD, &bad.join(", ")),
        };
        line!(text, "  verdict       {verdict}");
        if self.interrupted {
            line!(text, "                interrupted: this is what there is so far");
        }
        for (claim, count) in &campaign.broken {
            line!(text, "                {count} × {} ({})", Claim::name(*claim), claim.id());
        }
    }

    fn blocks(&self, text: &mut String) {
        let campaign = self.campaign;
        let shown = self.shown_breaches();
        let blocks: BTreeSet<u64> = shown.iter().map(|(seed, _)| *seed).collect();
        let others: Vec<_> = campaign.breaches.iter().filter(|(seed, _)| !blocks.contains(seed)).collect();
        if !others.is_empty() {
            text.push('\n');
        }
        for (seed, breach) in others.iter().take(BLOCKS) {
            line!(text, "  also broken: seed {seed}, {} ({})", breach.claim.name(), breach.claim.id());
        }
        let told = (blocks.len() + others.len().min(BLOCKS)) as u64;
        if campaign.breach_count > told {
            line!(text, "  … and {} more", campaign.breach_count - told);
        }
        for divergence in campaign.divergences.iter().take(BLOCKS) {
            text.push_str(&breach::divergence_block(self.arguments, divergence.seed, divergence.hashes));
        }
        for (seed, message) in campaign.panics.iter().take(BLOCKS) {
            text.push_str(&self.shelf.panic_block(*seed, message));
        }
        for (seed, found) in shown {
            text.push_str(&self.shelf.block(*seed, found));
        }
    }
}
