//! The `--help` of every program and of each of its commands, as its own list of commands has them: a new
//! command has no snapshot yet, and fails.

use crate::{
    folder::Folder,
    program::{Program, WINDDOWN, WINDDOWND, XTASK, said},
};

#[test]
fn every_command_says_its_golden_help() {
    let mut golden = Folder::named("help");
    for program in [XTASK, WINDDOWND, WINDDOWN] {
        draw(&mut golden, program, &[]);
    }
    golden.close();
}

/// Draws the help of a command, and of all commands below it.
fn draw(golden: &mut Folder, program: Program, command: &[&str]) {
    let output = program.run(&[command, &["--help"]].concat());
    let help = said(&output.stdout);
    assert!(output.status.success(), "{} {command:?} --help: {}", program.name, said(&output.stderr));
    golden.draw(&[&[program.name], command].concat().join("-"), &help);
    for below in commands(&help) {
        draw(golden, program, &[command, &[below]].concat());
    }
}

/// The commands that a help lists, but for `help` itself.
fn commands(help: &str) -> impl Iterator<Item = &str> {
    let list = help.lines().skip_while(|line| *line != "Commands:").skip(1);
    // What an entry has to say goes on further to the right.
    let entries = list.take_while(|line| !line.is_empty()).filter_map(|line| line.strip_prefix("  "));
    let names = entries.filter(|line| !line.starts_with(' ')).filter_map(|line| line.split(' ').next());
    names.filter(|name| *name != "help")
}
