//! Parts of configurations.

/// A kind for commands: SIGTERM first, SIGKILL soon after.
pub(super) const WORKER: &str = r#"
[ladder.brisk]
rungs = [
    { do = "terminate", grace = "300ms", patience = "1s" },
    { do = "kill", patience = "2s", always = true },
]
[kind.worker]
ladder = "brisk"
body = "process"
"#;

/// A body that finds something ten times a second.
pub(super) fn survey(name: &str) -> String {
    format!("[[unit]]\nname = \"{name}\"\nkind = \"engagement\"\ndemo = \"engagement\"\n")
}

/// A body that never yields.
pub(super) fn spin(name: &str) -> String {
    format!("[[unit]]\nname = \"{name}\"\nkind = \"container\"\ndemo = \"spin\"\n")
}

/// A body that counts for a minute, and can be cancelled by this owner.
pub(super) fn task(name: &str, owner: &str) -> String {
    format!("[[unit]]\nname = \"{name}\"\nkind = \"task\"\nowner = \"{owner}\"\ndemo = \"countdown\"\n")
}

/// A body that is a script for a shell.
pub(super) fn script(name: &str, script: &str) -> String {
    format!("[[unit]]\nname = \"{name}\"\nkind = \"worker\"\ncommand = ['sh', '-c', '''{script}''']\n")
}

/// Shapes of process trees: alone, with a child, with one in a session of its own, with one that has lost its
/// parent, deaf, and busy.
pub(super) const TREES: [&str; 6] = [
    "exec sleep 1000",
    "sleep 1000 & sleep 1000",
    "setsid sleep 1000 & exec sleep 1000",
    "(setsid sleep 1000 & sleep 1000 &) ; exec sleep 1000",
    "trap '' TERM HUP INT; sleep 1000 & while :; do sleep 1; done",
    "while :; do :; done & while :; do sleep 0.05; done",
];
