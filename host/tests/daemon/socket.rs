use std::{fs, time::Duration};

use winddown_host::ipc::{Answer, LINE_LIMIT, Part, ProblemCode, Reply, Said};
use winddown_host::{Notice, Status};

use crate::{
    harness::{Home, Line, until},
    life::{NAVIGATION, SURVEY},
};

#[track_caller]
fn problem(reply: Option<Reply>) -> (u64, ProblemCode) {
    match reply {
        Some(Reply { id, said: Said::Error(problem), .. }) => (id, problem.code),
        other => panic!("no error: {other:?}"),
    }
}

#[track_caller]
fn is_closed(line: &mut Line) {
    assert_eq!(line.hear(), None, "the connection is closed");
}

#[test]
fn a_line_that_is_too_long_ends_its_connection_and_nothing_else() {
    let home = Home::new(NAVIGATION);
    let _daemon = home.start();
    let mut line = home.connect();
    line.send(&vec![b'x'; LINE_LIMIT + 100]);
    assert_eq!(problem(line.hear()), (0, ProblemCode::TooLong));
    is_closed(&mut line);
    let mut line = home.connect();
    let name = "n".repeat(LINE_LIMIT);
    line.say(&format!(r#"{{"v":1,"id":7,"do":{{"stop":{{"unit":"{name}"}}}}}}"#));
    assert_eq!(problem(line.hear()), (0, ProblemCode::TooLong));
    home.ask(&["list"]);
}

#[test]
fn lines_that_are_no_requests_are_answered_and_change_nothing() {
    let home = Home::new(NAVIGATION);
    let _daemon = home.start();
    let mut line = home.connect();
    for (text, id, code) in [
        ("", 0, ProblemCode::BadLine),
        ("[]", 0, ProblemCode::BadLine),
        (r#"{"v":2,"id":5,"do":{"list":{}}}"#, 5, ProblemCode::Version),
        (r#"{"v":1,"id":6,"do":{"list":{"all":true}}}"#, 6, ProblemCode::BadLine),
        (r#"{"v":1,"id":7,"do":{"start":{"unit":"none"}}}"#, 7, ProblemCode::UnknownUnit),
        (r#"{"v":1,"id":8,"do":{"pause":{"unit":"navigation"}}}"#, 8, ProblemCode::Refused),
    ] {
        line.say(text);
        assert_eq!(problem(line.hear()), (id, code), "{text}");
    }
    line.say(r#"{"v":1,"id":9,"do":{"inspect":{"unit":"navigation"}}}"#);
    let reply = line.hear().expect("it goes on");
    assert!(matches!(reply.said, Said::Ok(Answer::Unit(unit)) if unit.status == Status::Pending));
}

#[test]
fn noise_kills_nothing() {
    let home = Home::new(NAVIGATION);
    let mut daemon = home.start();
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let mut noise = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        state.to_be_bytes()[1]
    };
    for round in 0..20 {
        let mut line = home.connect();
        let bytes: Vec<u8> = (0..2_000).map(|_| noise()).collect();
        line.send(&bytes);
        if round % 2 == 0 {
            line.send(b"\n");
            problem(line.hear());
        }
    }
    assert!(!daemon.is_gone(), "{}", daemon.log());
    assert!(!daemon.log().contains("panicked"), "{}", daemon.log());
    home.ask(&["shutdown"]);
    assert_eq!(daemon.wait().code(), Some(0));
}

#[test]
fn requests_of_one_connection_do_not_wait_for_each_other() {
    let home = Home::new(&format!("{NAVIGATION}{SURVEY}"));
    let _daemon = home.start();
    let mut line = home.connect();
    let mut all = String::new();
    for id in 1..=40 {
        let ask = if id % 2 == 0 { "inspect" } else { "stop" };
        all += &format!("{{\"v\":1,\"id\":{id},\"do\":{{\"{ask}\":{{\"unit\":\"navigation\"}}}}}}\n");
    }
    line.send(all.as_bytes());
    let mut ids: Vec<u64> = (0..40).map(|_| line.hear().expect("an answer").id).collect();
    ids.sort_unstable();
    assert_eq!(ids, (1..=40).collect::<Vec<_>>());
}

#[test]
fn there_are_as_many_connections_as_there_may_be() {
    let home = Home::new(&format!("clients = 2\n{NAVIGATION}"));
    let _daemon = home.start();
    let ask = |line: &mut Line| {
        line.say(r#"{"v":1,"id":1,"do":{"inspect":{"unit":"navigation"}}}"#);
        line.hear()
    };
    let (mut one, mut two) = (home.connect(), home.connect());
    assert!(ask(&mut one).is_some() && ask(&mut two).is_some());
    let mut three = home.connect();
    assert_eq!(problem(three.hear()), (0, ProblemCode::Busy));
    is_closed(&mut three);
    drop(one);
    until("there is room again", || matches!(ask(&mut home.connect()), Some(Reply { id: 1, .. })));
}

#[test]
fn who_is_attached_sees_everything_up_to_the_end() {
    let home = Home::new(&format!("{NAVIGATION}{SURVEY}"));
    let mut daemon = home.start();
    let mut line = home.connect();
    line.say(r#"{"v":1,"id":3,"do":{"attach":{}}}"#);
    assert_eq!(line.hear().expect("it is attached").said, Said::Ok(Answer::Accepted));
    line.say(r#"{"v":1,"id":4,"do":{"attach":{"unit":"survey"}}}"#);
    assert_eq!(problem(line.hear()), (4, ProblemCode::Refused));
    home.ask(&["start", "survey"]);
    std::thread::sleep(Duration::from_millis(250));
    home.ask(&["shutdown", "--within", "20s"]);
    let mut notices = Vec::new();
    let mut told = None;
    while let Some(reply) = line.hear() {
        match reply.said {
            Said::Part(Part::Notice(happened)) => notices.push(happened.notice),
            Said::Part(Part::DaemonShutdown { shutdown_in_seconds, .. }) => {
                assert_eq!(reply.id, 0);
                told = shutdown_in_seconds;
            }
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(told, Some(20), "it is told how long it takes at most");
    assert_eq!(
        (notices.first(), notices.last()),
        (Some(&Notice::Started), Some(&Notice::Stopped)),
        "{notices:?}"
    );
    assert_eq!(daemon.wait().code(), Some(0));
    let second = 1_000_000_000;
    assert!(
        home.record().took_nanos < second,
        "the patience with a client that cannot be told was not needed"
    );
}

#[test]
fn a_client_that_does_not_read_holds_up_nobody() {
    let home = Home::new(&format!("{NAVIGATION}{SURVEY}"));
    let mut daemon = home.start();
    let mut stuck = home.connect();
    stuck.say(r#"{"v":1,"id":1,"do":{"attach":{}}}"#);
    // More answers than fit into the socket's buffer, of which not one is read.
    let asked = std::thread::spawn(move || {
        for id in 2..20_000 {
            stuck.say(&format!(r#"{{"v":1,"id":{id},"do":{{"list":{{}}}}}}"#));
        }
        stuck
    });
    std::thread::sleep(Duration::from_millis(500));
    let began = std::time::Instant::now();
    home.ask(&["start", "survey"]);
    home.ask(&["shutdown"]);
    assert!(began.elapsed() < Duration::from_secs(4), "{:?}", began.elapsed());
    assert_eq!(daemon.wait().code(), Some(0), "{:?}", home.record());
    let second_and_a_half = 1_500_000_000;
    assert!(home.record().took_nanos < second_and_a_half, "nobody had to wait for the end of their patience");
    drop(asked.join());
}

#[test]
fn who_has_said_everything_is_still_answered() {
    let home = Home::new(NAVIGATION);
    let _daemon = home.start();
    let mut line = home.connect();
    line.say(r#"{"v":1,"id":1,"do":{"start":{"unit":"navigation"}}}"#);
    line.say(r#"{"v":1,"id":2,"do":{"attach":{}}}"#);
    line.say(r#"{"v":1,"id":3,"do":{"stop":{"unit":"navigation"}}}"#);
    line.end();
    let mut ids = Vec::new();
    while let Some(reply) = line.hear() {
        if let Said::Ok(_) = reply.said {
            ids.push(reply.id);
        }
    }
    ids.sort_unstable();
    assert_eq!(ids, [1, 2, 3], "all are answered, and the connection ends");
}

#[test]
fn a_daemon_whose_lock_was_removed_keeps_its_socket() {
    let home = Home::new(NAVIGATION);
    let mut daemon = home.start();
    let pid_file = fs::read_to_string(home.state("winddownd.pid")).expect("it is there");
    fs::remove_file(home.state("winddownd.lock")).expect("it can be removed");
    let mut second = home.spawn();
    assert_eq!(second.wait().code(), Some(1));
    let told = format!("another winddownd (process {}, instance ", daemon.pid());
    assert!(second.log().contains(&told), "{}", second.log());
    assert!(home.ask(&["list"]).contains("navigation"), "the first one answers");
    assert_eq!(fs::read_to_string(home.state("winddownd.pid")).expect("it is there"), pid_file);
    home.ask(&["shutdown"]);
    assert_eq!(daemon.wait().code(), Some(0));
}
