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
    refuse_wrapped_twice(&help);
    golden.draw(&[&[program.name], command].concat().join("-"), &help);
    for below in commands(&help) {
        draw(golden, program, &[command, &[below]].concat());
    }
}

/// A line of prose that was broken by hand is broken again where there is less room, and leaves a word or two on a line
/// of their own.
fn refuse_wrapped_twice(help: &str) {
    let lines: Vec<&str> = help.lines().collect();
    for pair in lines.windows(2) {
        let is_prose = |line: &str| line.starts_with(char::is_alphabetic);
        let is_stray = pair[0].split_whitespace().count() < 3 && !pair[0].ends_with(':');
        assert!(
            !(is_prose(pair[0]) && is_prose(pair[1]) && is_stray),
            "broken twice:\n{}\n{}",
            pair[0],
            pair[1]
        );
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
