//! What is said about scenario files that cannot be read: one file in `bad/` for each mistake.

use crate::{
    folder::{Folder, files, package},
    program::{XTASK, said},
};

#[test]
fn every_bad_scenario_file_gets_its_golden_answer() {
    let mut golden = Folder::named("errors");
    for file in files(&package().join("bad"), ".toml") {
        let path = format!("snapshots/bad/{file}");
        let output = XTASK.run(&["sim", "--scenario", &path, "--seed", "1"]);
        assert_eq!(output.status.code(), Some(2), "{file}: bad input is exit code 2");
        assert_eq!(said(&output.stdout), "", "{file}: what is wrong is told where errors are told");
        golden.draw(file.trim_end_matches(".toml"), &said(&output.stderr));
    }
    golden.close();
}
