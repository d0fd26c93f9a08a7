//! What is left of a body: until it is gone, it is looked for again and again.

use std::{io, time::Duration};

use rustix::process::Signal;
use tokio::time::sleep;

use super::{
    census::{Census, Member, Tree},
    errand::signal_all,
};

/// How often it is looked whether what was left behind is gone, and after a look that failed: soon at first, then
/// more rarely.
pub(crate) const LOOK_FIRST: Duration = Duration::from_millis(2);
pub(crate) const LOOK_LATER: Duration = Duration::from_millis(100);

/// The pause after this one.
pub(crate) fn longer(pause: Duration) -> Duration {
    (pause * 2).clamp(LOOK_FIRST, LOOK_LATER)
}

/// Adds those who were not known.
pub(crate) fn add_new(all: &mut Vec<Member>, members: &[Member]) {
    for member in members {
        if !all.iter().any(|known| known.is(member)) {
            all.push(*member);
        }
    }
}

/// "process 41" or "processes 41, 42".
pub(crate) fn numbers(members: &[Member]) -> String {
    let numbers: Vec<String> = members.iter().map(|member| member.pid.to_string()).collect();
    let noun = if numbers.len() == 1 { "process" } else { "processes" };
    format!("{noun} {}", numbers.join(", "))
}

/// Ends what an earlier host left of a body, and waits until it is gone. Says who that was, if anybody.
pub(crate) async fn reap(census: &Census, tree: Tree) -> io::Result<Option<String>> {
    let mut left: Vec<Member> = Vec::new();
    let mut pause = LOOK_FIRST;
    loop {
        let members = census.look(tree.clone()).await?;
        if members.is_empty() {
            return Ok((!left.is_empty()).then(|| numbers(&left)));
        }
        signal_all(&members, Signal::KILL)?;
        add_new(&mut left, &members);
        sleep(pause).await;
        pause = longer(pause);
    }
}
