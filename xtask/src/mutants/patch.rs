//! A planted bug: a small patch under `sim/mutants`, and what its head says about it.

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, Result, bail, ensure};
use winddown_sim::claims::Claim;

use crate::breach::workspace;

/// Where the patches are, below the workspace.
pub(super) const PLACE: &str = "sim/mutants";

/// A bug that can be planted.
#[derive(Debug)]
pub(super) struct Planted {
    /// What it is called: the name of its file.
    pub(super) name: String,
    /// What is wrong, in words.
    pub(super) title: String,
    /// What really had it.
    pub(super) system: String,
    /// Where that can be read, if it is public.
    pub(super) reference: Option<String>,
    /// The claims that speak of it. One of them has to be the one that is found broken.
    pub(super) claims: Vec<Claim>,
    /// The patch, by its absolute path.
    pub(super) file: PathBuf,
}

impl Planted {
    fn read(file: &Path) -> Result<Self> {
        let text = fs::read_to_string(file)?;
        let stem = file.file_stem().context("it has no name")?;
        let (head, _) = text.split_once("\n--- ").context("it changes nothing")?;
        let mut bug = Self {
            name: stem.to_string_lossy().into_owned(),
            title: String::new(),
            system: String::new(),
            reference: None,
            claims: Vec::new(),
            file: file.to_owned(),
        };
        for line in head.lines().filter(|line| !line.is_empty()) {
            let (key, value) =
                line.split_once(": ").with_context(|| format!("`{line}` is no `Key: value`"))?;
            match key {
                "Title" => value.clone_into(&mut bug.title),
                "System" => value.clone_into(&mut bug.system),
                "Reference" => bug.reference = Some(value.to_owned()),
                "Claims" => bug.claims = value.split(", ").map(claim).collect::<Result<_>>()?,
                _ => bail!("`{key}` is none of Title, System, Reference, Claims"),
            }
        }
        let complete = !bug.title.is_empty() && !bug.system.is_empty() && !bug.claims.is_empty();
        ensure!(complete, "its head needs all of Title, System and Claims");
        Ok(bug)
    }
}

fn claim(name: &str) -> Result<Claim> {
    let found = Claim::ALL.iter().find(|claim| claim.name() == name);
    found.copied().with_context(|| format!("there is no claim `{name}`; sim/src/claims/mod.rs has them all"))
}

/// All of them, by name.
pub(super) fn all() -> Result<Vec<Planted>> {
    let place = workspace().join(PLACE);
    let mut files = Vec::new();
    for entry in fs::read_dir(&place).with_context(|| format!("failed to list {}", place.display()))? {
        let file = entry?.path();
        if file.extension().is_some_and(|extension| extension == "patch") {
            files.push(file);
        }
    }
    files.sort();
    let read = |file: &PathBuf| {
        let name = || file.file_name().unwrap_or_default().to_string_lossy().into_owned();
        Planted::read(file).with_context(|| format!("failed to read {PLACE}/{}", name()))
    };
    files.iter().map(read).collect()
}

/// Those with these names, or all of them without any.
pub(super) fn named(names: &[String]) -> Result<Vec<Planted>> {
    let mut bugs = all()?;
    for name in names {
        if !bugs.iter().any(|bug| bug.name == *name) {
            bail!("no planted bug is called `{name}`; cargo xtask mutants --list shows them all");
        }
    }
    bugs.retain(|bug| names.is_empty() || names.contains(&bug.name));
    Ok(bugs)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_patch_has_a_head_and_a_title_of_its_own() {
        let bugs = all().unwrap();
        assert!(bugs.len() >= 40, "{} planted bugs", bugs.len());
        let titles: BTreeSet<&str> = bugs.iter().map(|bug| bug.title.as_str()).collect();
        assert_eq!(titles.len(), bugs.len());
    }

    /// A claim that was never red is not checked.
    #[test]
    fn every_claim_catches_something() {
        let mut caught: BTreeSet<Claim> = all().unwrap().into_iter().flat_map(|bug| bug.claims).collect();
        // What a scenario expects is about the service that it describes, and no bug of the engine.
        caught.insert(Claim::AsExpected);
        let idle: Vec<&str> =
            Claim::ALL.iter().filter(|claim| !caught.contains(claim)).map(|claim| claim.name()).collect();
        assert!(idle.is_empty(), "no planted bug is caught by {idle:?}");
    }

    #[test]
    fn names_are_those_of_files() {
        assert_eq!(named(&["stop-awaits-body".to_owned()]).unwrap().len(), 1);
        let error = named(&["no-such-bug".to_owned()]).unwrap_err().to_string();
        assert!(error.contains("no-such-bug") && error.contains("--list"), "{error}");
    }
}
