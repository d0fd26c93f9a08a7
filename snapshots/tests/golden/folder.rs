//! A folder of accepted snapshots. One that nothing draws any more is an error, like one that has changed.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

/// What is drawn for one folder below `snap/`.
pub(crate) struct Folder {
    path: PathBuf,
    drawn: BTreeSet<String>,
}

impl Folder {
    /// The folder with that name; `""` is `snap/` itself.
    pub(crate) fn named(name: &str) -> Self {
        Self { path: package().join("snap").join(name), drawn: BTreeSet::new() }
    }

    /// Compares what is drawn with what was accepted under that name.
    #[track_caller]
    pub(crate) fn draw(&mut self, name: &str, text: &str) {
        self.drawn.insert(format!("{name}.snap"));
        let mut settings = insta::Settings::clone_current();
        settings.set_snapshot_path(&self.path);
        settings.set_prepend_module_to_snapshot(false);
        settings.set_omit_expression(true);
        settings.bind(|| insta::assert_snapshot!(name, text));
    }

    /// Says whether there are snapshots that nothing has drawn.
    #[track_caller]
    pub(crate) fn close(self) {
        let found = files(&self.path, "");
        let left_over: Vec<_> = found.difference(&self.drawn).collect();
        assert!(
            left_over.is_empty(),
            "nothing draws these any more, or they were never accepted; remove them from snap/: {left_over:?}"
        );
    }
}

/// The folder of this package.
pub(crate) fn package() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The names of a folder's files that end so.
pub(crate) fn files(folder: &Path, end: &str) -> BTreeSet<String> {
    let entries = fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let files = entries.map(|entry| entry.expect("an entry")).filter(|entry| entry.path().is_file());
    let names = files.map(|file| file.file_name().to_string_lossy().into_owned());
    names.filter(|name| name.ends_with(end)).collect()
}
