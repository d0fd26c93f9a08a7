//! From a line to what it says, and back.

use serde::{Deserialize, Serialize, de::DeserializeOwned};

use super::{
    VERSION,
    wire::{Problem, ProblemCode, Reply, Request},
};

/// A line that says nothing that can be answered otherwise.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("{problem}", problem = problem.why)]
pub struct BadLine {
    /// The request's id, where there is one: the error is its answer.
    pub id: u64,
    /// What is wrong with it.
    pub problem: Problem,
}

impl BadLine {
    fn new(id: u64, code: ProblemCode, why: String) -> Self {
        Self { id, problem: Problem { code, why } }
    }
}

/// What every version has in common: it is read before anything else, so that a client of another version
/// hears about the version and not about a field.
#[derive(Deserialize)]
struct Envelope {
    v: u32,
    #[serde(default)]
    id: u64,
}

/// Reads what a client says.
///
/// # Errors
/// What is wrong with the line, ready to be sent back.
pub fn read_request(line: &str) -> Result<Request, BadLine> {
    let request: Request = read(line)?;
    if request.id == 0 {
        let why = "the id is 0, which answers nothing; number requests from 1".to_owned();
        return Err(BadLine::new(0, ProblemCode::BadLine, why));
    }
    Ok(request)
}

/// Reads what a daemon says.
///
/// # Errors
/// What is wrong with the line.
pub fn read_reply(line: &str) -> Result<Reply, BadLine> {
    read(line)
}

fn read<T: DeserializeOwned>(line: &str) -> Result<T, BadLine> {
    let bad = |id, error: serde_json::Error| {
        let why = format!("not a line of this protocol: {error}");
        BadLine::new(id, ProblemCode::BadLine, why)
    };
    let Envelope { v, id } = serde_json::from_str(line).map_err(|error| bad(0, error))?;
    if v != VERSION {
        let why = format!("version {v} is not spoken here; use version {VERSION}");
        return Err(BadLine::new(id, ProblemCode::Version, why));
    }
    serde_json::from_str(line).map_err(|error| bad(id, error))
}

/// The line that says `what`, without its end.
///
/// # Errors
/// Never for the types of this module: all of them can be written as JSON.
pub fn write_line<T: Serialize>(what: &T) -> Result<String, serde_json::Error> {
    serde_json::to_string(what)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use winddown_core::Status;

    use super::*;
    use crate::ipc::{Answer, Ask, Said, Time};

    fn code(line: &str) -> (u64, ProblemCode) {
        let bad = read_request(line).expect_err(line);
        (bad.id, bad.problem.code)
    }

    #[test]
    fn a_request_is_read_as_the_manual_has_it() {
        let request = read_request(r#"{"v":1,"id":7,"do":{"stop":{"unit":"nav"}}}"#).expect("it is one");
        let stop = Ask::Stop { unit: "nav".parse().expect("a name"), force: false, within: None };
        assert_eq!(request, Request::new(7, stop));
        let request =
            read_request(r#"{"v":1,"id":1,"do":{"shutdown":{"within":"1.5s"}}}"#).expect("it is one");
        let time = "1.5s".parse::<Time>().expect("a time");
        assert_eq!(request.ask, Ask::Shutdown { force: false, within: Some(time) });
    }

    #[test]
    fn a_bad_line_is_told_apart_and_answered_under_its_id() {
        assert_eq!(code(""), (0, ProblemCode::BadLine));
        assert_eq!(code("{}"), (0, ProblemCode::BadLine));
        assert_eq!(code(r#"{"v":2,"id":9,"perform":[]}"#), (9, ProblemCode::Version));
        assert_eq!(code(r#"{"v":1,"id":9,"do":{"fly":{}}}"#), (9, ProblemCode::BadLine));
        assert_eq!(code(r#"{"v":1,"id":9,"do":{"list":{}},"also":1}"#), (9, ProblemCode::BadLine));
        assert_eq!(
            code(r#"{"v":1,"id":9,"do":{"stop":{"unit":"nav","hard":true}}}"#),
            (9, ProblemCode::BadLine)
        );
        assert_eq!(code(r#"{"v":1,"id":9,"do":{"stop":{"unit":"../x"}}}"#), (9, ProblemCode::BadLine));
        assert_eq!(
            code(r#"{"v":1,"id":9,"do":{"stop":{"unit":"a","within":"5"}}}"#),
            (9, ProblemCode::BadLine)
        );
        assert_eq!(code(r#"{"v":1,"id":0,"do":{"list":{}}}"#), (0, ProblemCode::BadLine));
        assert_eq!(code(r#"{"v":1,"v":1,"id":3,"do":{"list":{}}}"#), (0, ProblemCode::BadLine));
    }

    #[test]
    fn nesting_costs_nothing() {
        let deep = format!(r#"{{"v":1,"id":9,"do":{}"#, "[".repeat(60_000));
        assert_eq!(code(&deep), (0, ProblemCode::BadLine));
    }

    #[test]
    fn a_reply_reads_as_it_was_written() {
        let said = Said::Ok(Answer::Stopped { status: Status::Stopped, leaked: false });
        let line = write_line(&Reply::new(7, said.clone())).expect("it can be written");
        assert_eq!(line, r#"{"v":1,"id":7,"ok":{"stopped":{"status":"stopped","leaked":false}}}"#);
        assert_eq!(read_reply(&line).expect("it can be read"), Reply::new(7, said));
    }

    proptest! {
        #[test]
        fn any_bytes_give_a_request_or_an_error(bytes: Vec<u8>) {
            let text = String::from_utf8_lossy(&bytes);
            let bad = read_request(&text);
            prop_assert!(bad.is_err());
        }

        #[test]
        fn a_request_with_a_byte_changed_is_a_request_or_an_error(place in 0_usize..64, byte: u8) {
            let mut line = br#"{"v":1,"id":7,"do":{"stop":{"unit":"nav","within":"20ms"}}}"#.to_vec();
            let place = place % line.len();
            line[place] = byte;
            match read_request(&String::from_utf8_lossy(&line)) {
                Ok(request) => prop_assert_eq!(request.v, VERSION),
                Err(bad) => prop_assert!(!bad.problem.why.is_empty()),
            }
        }
    }
}
