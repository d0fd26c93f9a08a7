//! Building and running the cases, each question in a process of its own.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context as _, Result, anyhow, bail};
use serde_json::Value;

use crate::{breach::workspace, output::complain};

/// What is said where nothing counts instructions.
pub(super) const NO_VALGRIND: &str = "\
valgrind is not there, so instructions are not counted: install it (Debian, Ubuntu: apt install valgrind;
Fedora: dnf install valgrind). Exact counters and ratios are compared all the same.";

/// Figures by name.
pub(super) type Figures = BTreeMap<String, u64>;

/// What was measured now.
#[derive(Debug)]
pub(super) struct Measured {
    /// By `case/counter`.
    pub(super) counters: Figures,
    /// By case; `None` where nothing counts them.
    pub(super) instructions: Option<Figures>,
    /// In thousandths.
    pub(super) ratios: Figures,
    /// The compiler and the target that it builds for: instruction counts are only the same for the same.
    pub(super) compiler: String,
}

/// The program that has the cases.
#[derive(Debug)]
pub(super) struct Cases {
    program: PathBuf,
}

impl Cases {
    /// Builds it, for release.
    pub(super) fn build() -> Result<Self> {
        let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
        let mut build = Command::new(cargo);
        build.args(["build", "--release", "--locked", "--quiet", "--package", "winddown-benches"]);
        build.args(["--bin", "winddown-cases", "--message-format", "json-render-diagnostics"]);
        let output = build.current_dir(workspace()).stderr(std::process::Stdio::inherit()).output();
        let output = output.context("cargo cannot be run")?;
        if !output.status.success() {
            bail!("the cases cannot be built: {}", output.status);
        }
        // Cargo says where it put the program: the target directory may be anywhere.
        let messages = String::from_utf8_lossy(&output.stdout).into_owned();
        let program = messages
            .lines()
            .filter_map(|line| serde_json::from_str::<Value>(line).ok())
            .filter_map(|message| message["executable"].as_str().map(PathBuf::from))
            .next_back();
        Ok(Self { program: program.ok_or_else(|| anyhow!("cargo did not say where winddown-cases is"))? })
    }

    pub(super) fn measure(&self) -> Result<Measured> {
        let counters = self.ask("counters")?;
        let mut flat = Figures::new();
        for (case, of_case) in counters.as_object().into_iter().flatten() {
            for (name, figure) in of_case.as_object().into_iter().flatten() {
                flat.insert(format!("{case}/{name}"), number(figure)?);
            }
        }
        let names = counters.as_object().map(|cases| cases.keys().cloned().collect()).unwrap_or_default();
        let instructions = self.instructions(names)?;
        if instructions.is_none() {
            complain(NO_VALGRIND);
        }
        let ratios = self.ask("pairs")?;
        let ratios = ratios.as_object().into_iter().flatten();
        let ratios = ratios.map(|(name, figure)| Ok((name.clone(), number(figure)?)));
        Ok(Measured {
            counters: flat,
            instructions,
            ratios: ratios.collect::<Result<_>>()?,
            compiler: compiler()?,
        })
    }

    /// Times against sizes, for the report.
    pub(super) fn curves(&self) -> Result<Value> {
        self.ask("curves")
    }

    fn ask(&self, question: &str) -> Result<Value> {
        let output = Command::new(&self.program).arg(question).env_clear().output();
        let output = output.with_context(|| self.program.display().to_string())?;
        if !output.status.success() {
            bail!(
                "winddown-cases {question}: {}\n{}",
                output.status,
                String::from_utf8_lossy(&output.stderr)
            );
        }
        serde_json::from_slice(&output.stdout).with_context(|| format!("winddown-cases {question}"))
    }

    /// Instructions of each case, from where it is measured to where that ends.
    fn instructions(&self, names: Vec<String>) -> Result<Option<Figures>> {
        let mut figures = Figures::new();
        for name in names {
            match count_instructions(&self.program, &name)? {
                Some(count) => figures.insert(name, count),
                None => return Ok(None),
            };
        }
        Ok(Some(figures))
    }
}

fn count_instructions(program: &Path, case: &str) -> Result<Option<u64>> {
    let mut valgrind = Command::new("valgrind");
    valgrind.args(["--tool=callgrind", "--callgrind-out-file=/dev/null"]);
    valgrind.arg("--toggle-collect=winddown_benches::cases::measured::*");
    // Nothing of this shell's surroundings moves the stack or changes what the C library does.
    let path = std::env::var_os("PATH").unwrap_or_default();
    valgrind.env_clear().env("PATH", path).env("GLIBC_TUNABLES", "glibc.malloc.tcache_count=0");
    let output = match valgrind.arg(program).args(["run", case]).output() {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        other => other.context("valgrind cannot be run")?,
    };
    let said = String::from_utf8_lossy(&output.stderr);
    let collected = said.lines().find_map(|line| line.split_once("Collected : "));
    let count = collected.and_then(|(_, count)| count.trim().parse().ok()).filter(|count| *count > 0);
    match count {
        Some(count) if output.status.success() => Ok(Some(count)),
        _ => bail!("valgrind says nothing about {case} ({}):\n{said}", output.status),
    }
}

fn compiler() -> Result<String> {
    let rustc = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let output = Command::new(rustc).arg("-vV").output().context("rustc cannot be run")?;
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    let value = |key: &str| said.lines().find_map(|line| line.strip_prefix(key)).map(str::trim);
    match (value("release:"), value("host:")) {
        (Some(release), Some(host)) => Ok(format!("rustc {release} {host}")),
        _ => bail!("rustc -vV does not say which one it is:\n{said}"),
    }
}

fn number(figure: &Value) -> Result<u64> {
    figure.as_u64().ok_or_else(|| anyhow!("{figure} should be a whole number"))
}
