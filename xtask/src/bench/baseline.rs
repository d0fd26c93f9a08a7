//! The committed figures, and why they are what they are.

use std::{collections::BTreeMap, fs, path::Path};

use anyhow::{Context as _, Result, bail};
use serde::{Deserialize, Serialize};

use super::measure::{Figures, Measured};

/// The version of the file's own form.
const SCHEMA: u32 = 1;

/// What is in `benches/baseline.json`.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Baseline {
    schema: u32,
    /// Why the figures were changed, the latest last.
    why: Vec<String>,
    /// By `case/counter`.
    pub(super) counters: Figures,
    /// By compiler and target, then by case.
    pub(super) instructions: BTreeMap<String, Figures>,
    /// In thousandths.
    pub(super) ratios: Figures,
}

impl Default for Baseline {
    fn default() -> Self {
        Self {
            schema: SCHEMA,
            why: Vec::new(),
            counters: Figures::new(),
            instructions: BTreeMap::new(),
            ratios: Figures::new(),
        }
    }
}

impl Baseline {
    pub(super) fn read(file: &Path) -> Result<Self> {
        let name = file.display();
        let text = fs::read_to_string(file).with_context(|| {
            format!("{name}: write it with `cargo xtask bench --bless --why \"the first figures\"`")
        })?;
        let baseline: Self = serde_json::from_str(&text)
            .with_context(|| format!("{name}: take it from the last commit, or mend it by hand"))?;
        if baseline.schema != SCHEMA {
            bail!(
                "{name} has schema {}, and this program reads {SCHEMA}: update one of them",
                baseline.schema
            );
        }
        Ok(baseline)
    }

    /// The same with new figures. Those of other compilers stay.
    pub(super) fn with(mut self, measured: &Measured, why: &str) -> Self {
        self.why.push(why.to_owned());
        self.counters = measured.counters.clone();
        self.ratios = measured.ratios.clone();
        if let Some(instructions) = &measured.instructions {
            self.instructions.insert(measured.compiler.clone(), instructions.clone());
        }
        self
    }

    pub(super) fn write(&self, file: &Path) -> Result<()> {
        let text = serde_json::to_string_pretty(self)?;
        fs::write(file, text + "\n").with_context(|| file.display().to_string())
    }
}
