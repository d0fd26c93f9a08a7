use std::{
    fs,
    io::Write as _,
    net::TcpStream,
    time::{Duration, Instant},
};

use rustix::process::Signal;

use crate::{
    harness::{Home, exchange, http, until},
    signals::DEAF,
};

const TASK: &str = r#"
[[unit]]
name = "shop/small/42"
kind = "task"
owner = "alice"
demo = "countdown"
"#;

fn cancel(path: &str, token: &str) -> String {
    format!("POST /cancel/{path} HTTP/1.1\r\nAuthorization: Bearer {token}")
}

const ALICE: &str = "alices-token-0001";
const BOB: &str = "bobs-token-000002";

#[test]
fn a_task_is_cancelled_by_its_owner_and_by_nobody_else() {
    let home = Home::with_http(TASK);
    let daemon = home.start();
    let address = daemon.address();
    home.ask(&["start", "shop/small/42"]);
    let path = "shop/small/42";
    let bare = "POST /cancel/shop/small/42 HTTP/1.1";
    for (head, body, code, status) in [
        (bare.to_owned(), "", 401, "unauthorized"),
        (cancel(path, "alices-token-0002"), "", 401, "unauthorized"),
        (format!("{bare}\r\nAuthorization: Basic {ALICE}"), "", 401, "unauthorized"),
        (format!("{}\r\nAuthorization: Bearer {BOB}", cancel(path, ALICE)), "", 401, "unauthorized"),
        (cancel(path, BOB), "", 403, "forbidden"),
        (cancel("shop/small/43", ALICE), "", 404, "unknown"),
        (cancel("shop/..%2f..%2fetc/42", ALICE), "", 400, "bad_path"),
        (cancel("shop/%ff/42", ALICE), "", 400, "bad_path"),
        (cancel("shop/-rf/42", ALICE), "", 400, "bad_path"),
        (cancel(path, ALICE), "{\"reason\":", 400, "bad_body"),
        (cancel(path, ALICE), "{\"because\":\"x\"}", 400, "bad_body"),
        (cancel(path, ALICE), &format!("{{\"reason\":\"{}\"}}", "x".repeat(1_025)), 400, "bad_body"),
        (cancel(path, ALICE), &"x".repeat(5_000), 413, "too_large"),
    ] {
        let (got, text) = http(address, &head, body);
        assert_eq!(got, code, "{head}: {text}");
        assert!(text.contains(&format!("\"status\":\"{status}\"")), "{head}: {text}");
    }
    assert!(home.ask(&["inspect", path]).contains("running"), "none of these did anything");
    let (code, text) = http(address, &cancel(path, ALICE), r#"{"reason":"too slow"}"#);
    assert_eq!((code, text.as_str()), (200, r#"{"reason":"too slow","status":"cancelled","task_id":"42"}"#));
    let unit = home.ask(&["inspect", path]);
    assert!(unit.contains("cancelled") && unit.contains("too slow"), "{unit}");
    let (code, text) = http(address, &cancel(path, ALICE), "");
    assert!(code == 404 && text.contains(r#""status":"not_running""#), "{code} {text}");
    let (code, _) = http(address, "GET /cancel/shop/small/42 HTTP/1.1", "");
    assert_eq!(code, 405);
    let (code, _) = http(address, &format!("GET /ready HTTP/1.1\r\nX-Long: {}", "x".repeat(10_000)), "");
    assert_eq!(code, 431);
    assert!(!home.log().contains(ALICE), "no token is logged");
}

#[test]
fn a_probe_sees_the_daemon_drain_and_metrics_say_what_was_stopped() {
    let home = Home::with_http(&format!("{TASK}{DEAF}"));
    let mut daemon = home.start();
    let address = daemon.address();
    home.ask(&["start", "shop/small/42"]);
    home.ask(&["cancel", "shop/small/42"]);
    assert_eq!(http(address, "GET /health HTTP/1.1", "").0, 200);
    assert_eq!(http(address, "GET /ready HTTP/1.1", "").0, 200);
    let (code, text) = http(address, "GET /nothing HTTP/1.1", "");
    assert!(code == 404 && text.contains("nothing is at /nothing; there are /cancel/"), "{code} {text}");
    let metrics = || http(address, "GET /metrics HTTP/1.1", "").1;
    until("the stop is counted", || metrics().contains("winddown_stops_total{"));
    let text = metrics();
    assert!(
        text.contains("winddown_active_units 1\n") && text.contains("winddown_leaked_units 0\n"),
        "{text}"
    );
    assert!(text.contains("winddown_shutdown_seconds 0.0\n"), "{text}");
    daemon.signal(Signal::TERM);
    until("it is not ready", || http(address, "GET /ready HTTP/1.1", "").0 == 503);
    assert_eq!(http(address, "GET /health HTTP/1.1", "").0, 200, "it is still alive");
    let text = metrics();
    let seconds = text.lines().find_map(|line| line.strip_prefix("winddown_shutdown_seconds "));
    assert!(seconds.and_then(|text| text.parse::<f64>().ok()).is_some_and(|seconds| seconds > 0.0), "{text}");
    daemon.signal(Signal::TERM);
    daemon.wait();
    let daemon = home.start();
    let text = http(daemon.address(), "GET /metrics HTTP/1.1", "").1;
    assert!(
        !text.contains("winddown_last_shutdown_seconds 0.0\n"),
        "it knows how long the last one took: {text}"
    );
}

#[test]
fn a_unit_that_waits_for_its_next_start_is_not_counted_as_active() {
    const FLEETING: &str = r#"
        [ladder.brisk]
        rungs = [{ do = "kill", patience = "5s" }]
        [kind.fleeting]
        ladder = "brisk"
        body = "process"
        restart = { always = { backoff = "1h" } }
        [[unit]]
        name = "fleeting"
        kind = "fleeting"
        command = ["true"]
        start = true
    "#;
    let home = Home::with_http(&format!("{FLEETING}{DEAF}"));
    let daemon = home.start();
    until("it waits", || home.ask(&["inspect", "fleeting"]).contains("starts again"));
    let (_, text) = http(daemon.address(), "GET /metrics HTTP/1.1", "");
    assert!(text.contains("winddown_active_units 1\n"), "only the deaf one is: {text}");
}

#[test]
fn of_ten_thousand_stops_at_once_none_is_missing_in_the_metrics() {
    const UNITS: usize = 10_000;
    let unit = |number| {
        format!("[[unit]]\nname = \"unit-{number}\"\nkind = \"task\"\ndemo = \"countdown\"\nstart = true\n")
    };
    // The deaf one keeps the daemon from being gone before anybody has looked.
    let home = Home::with_http(&format!("{DEAF}{}", (0..UNITS).map(unit).collect::<String>()));
    let mut daemon = home.start();
    let address = daemon.address();
    daemon.signal(Signal::TERM);
    let stops = || {
        let text = http(address, "GET /metrics HTTP/1.1", "").1;
        let counts = text.lines().filter_map(|line| line.strip_prefix("winddown_stops_total{"));
        counts.filter_map(|line| line.split_once("} ")?.1.parse::<usize>().ok()).sum::<usize>()
    };
    until("all are counted", || stops() >= UNITS);
    assert_eq!(stops(), UNITS);
    daemon.signal(Signal::TERM);
    daemon.wait();
}

#[test]
fn connections_that_are_half_open_hold_up_nobody() {
    let home = Home::with_http(TASK);
    let mut daemon = home.start();
    let address = daemon.address();
    let half_open: Vec<TcpStream> = (0..100)
        .map(|_| {
            let mut stream = TcpStream::connect(address).expect("it listens");
            stream.write_all(b"POST /cancel/shop/small/42 HTTP/1.1\r\nHost: he").expect("it can be sent");
            stream
        })
        .collect();
    let mut body_missing = TcpStream::connect(address).expect("it listens");
    let head = format!("{}\r\nHost: here\r\nContent-Length: 9\r\n\r\n{{", cancel("shop/small/42", ALICE));
    body_missing.write_all(head.as_bytes()).expect("it can be sent");
    assert_eq!(http(address, "GET /ready HTTP/1.1", "").0, 200);
    let began = Instant::now();
    daemon.signal(Signal::TERM);
    assert_eq!(daemon.wait().code(), Some(0), "{}", daemon.log());
    assert!(began.elapsed() < Duration::from_secs(4), "less than a head may take: {:?}", began.elapsed());
    drop((half_open, body_missing));
}

#[test]
fn a_hangup_reads_the_tokens_again_and_a_bad_file_changes_nothing() {
    let home = Home::with_http(TASK);
    let daemon = home.start();
    let address = daemon.address();
    let code = |token| http(address, &cancel("shop/small/43", token), "").0;
    assert_eq!((code(ALICE), code("alices-newer-token")), (404, 401));
    home.write_tokens("alice alices-newer-token\n");
    daemon.signal(Signal::HUP);
    until("the new token is known", || code("alices-newer-token") == 404);
    assert_eq!(code(ALICE), 401, "the old one is not");
    home.write_tokens("alice\n");
    daemon.signal(Signal::HUP);
    until("the error is told", || daemon.log().contains("not reloaded"));
    assert!(daemon.log().contains("tokens:1: expected an owner and a token"), "{}", daemon.log());
    assert_eq!(code("alices-newer-token"), 404);
    home.write_tokens("alice alices-third-token\n");
    let text = fs::read_to_string(home.config()).expect("it is there");
    fs::write(home.config(), format!("deadline = \"7s\"\n{text}")).expect("it can be written");
    daemon.signal(Signal::HUP);
    until("the token is known", || code("alices-third-token") == 404);
    // Log lines are written on a thread of their own.
    let told = "take effect with the next start changed=\"deadline\"";
    until("what did not change is told", || daemon.log().contains(told));
}

#[test]
fn a_method_that_a_path_is_not_for_is_told_like_every_error() {
    let home = Home::with_http(TASK);
    let daemon = home.start();
    for (request, allowed) in [
        ("DELETE /cancel/shop/small/43 HTTP/1.1", "POST"),
        ("GET /cancel/shop/small/43 HTTP/1.1", "POST"),
        ("POST /health HTTP/1.1", "GET,HEAD"),
        ("PUT /metrics HTTP/1.1", "GET,HEAD"),
        ("POST /ready HTTP/1.1", "GET,HEAD"),
    ] {
        let (head, body) = exchange(daemon.address(), request, "");
        assert!(head.starts_with("HTTP/1.1 405 "), "{request}: {head}");
        let fields: Vec<String> = head.lines().map(str::to_ascii_lowercase).collect();
        assert!(fields.contains(&format!("allow: {}", allowed.to_ascii_lowercase())), "{request}: {head}");
        assert!(fields.contains(&"content-type: application/json".to_owned()), "{request}: {head}");
        let body: serde_json::Value = serde_json::from_str(&body).expect("it is JSON");
        assert_eq!(body["status"], "method_not_allowed", "{request}: {body}");
        assert!(body["why"].as_str().is_some_and(|why| why.contains("Allow")), "{request}: {body}");
    }
    let (code, _) = http(daemon.address(), "HEAD /health HTTP/1.1", "");
    assert_eq!(code, 200, "who asks for the head only is answered");
}

#[test]
fn a_hangup_without_http_in_the_configuration_takes_no_token_away() {
    let home = Home::with_http(TASK);
    let daemon = home.start();
    let address = daemon.address();
    let code = || http(address, &cancel("shop/small/43", ALICE), "").0;
    assert_eq!(code(), 404);
    let with_http = fs::read_to_string(home.config()).expect("it is there");
    fs::write(home.config(), TASK).expect("it can be written");
    daemon.signal(Signal::HUP);
    until("it is told", || daemon.log().contains("take effect with the next start changed=\"no http\""));
    let told = "HTTP goes on with the tokens that it has until the daemon is started again";
    assert!(daemon.log().contains(told), "{}", daemon.log());
    assert_eq!(code(), 404, "the token is known as before");
    // What takes a token back at once.
    fs::write(home.config(), with_http).expect("it can be written");
    home.write_tokens("");
    daemon.signal(Signal::HUP);
    until("no token is known", || code() == 401);
}
