//! From what a client asks for to what the host does, and back.

use std::sync::Arc;

use tokio::sync::mpsc;
use winddown_core::{Span, Why};

use crate::{
    Error, Host, News, Shutdown, Stop, UnitInfo,
    ipc::{Answer, Ask, FindingLine, Happened, Part, Problem, ProblemCode, Reply, Said, Time, UnitLine},
    store::Finding,
};

use super::shared::Shared;

/// So many findings are read at a time.
const PAGE: u32 = 1000;

/// The client is gone.
struct Left;

impl<T> From<mpsc::error::SendError<T>> for Left {
    fn from(_: mpsc::error::SendError<T>) -> Self {
        Self
    }
}

/// Carries a request out, and says everything that comes of it.
pub(super) async fn carry_out(
    id: u64,
    ask: Ask,
    shared: Arc<Shared>,
    replies: mpsc::Sender<Reply>,
    peer: Option<i32>,
) {
    let reply = Replier { id, replies };
    // A client that is gone needs no answer.
    let _ = match ask {
        Ask::List {} => reply.list(&shared.host).await,
        Ask::Findings { unit, after, limit } => {
            reply.findings(&shared.host, unit.shared(), after, limit).await
        }
        ask @ (Ask::Start { .. }
        | Ask::Stop { .. }
        | Ask::Restart { .. }
        | Ask::Cancel { .. }
        | Ask::Pause { .. }
        | Ask::Resume { .. }
        | Ask::Inspect { .. }
        | Ask::Attach { .. }
        | Ask::Shutdown { .. }) => {
            let answer = once(ask, &shared, peer).await;
            reply.last(answer).await
        }
    };
}

/// What is answered with one line.
async fn once(ask: Ask, shared: &Shared, peer: Option<i32>) -> Result<Answer, Error> {
    let host = &shared.host;
    match ask {
        Ask::Start { unit } => host.start(unit.shared()).await.map(|()| Answer::Accepted),
        Ask::Restart { unit } => host.restart(unit.shared()).await.map(|()| Answer::Accepted),
        Ask::Pause { unit } => host.pause(unit.shared()).await.map(|()| Answer::Accepted),
        Ask::Resume { unit } => host.resume(unit.shared()).await.map(|()| Answer::Accepted),
        Ask::Stop { unit, force, within } => {
            let stopped = host.stop_as(unit.shared(), Stop { force, within: Time::within(within) }).await?;
            Ok(Answer::Stopped { status: stopped.status, leaked: stopped.leaked })
        }
        Ask::Cancel { unit, reason } => {
            host.cancel(unit.shared(), reason.unwrap_or_default()).await.map(Answer::Cancelled)
        }
        Ask::Inspect { unit } => host.inspect(unit.shared()).await.map(|info| Answer::Unit(line(&info))),
        Ask::Shutdown { force, within } => {
            shared.why.note(|| match peer {
                Some(pid) => format!("asked for over the socket by process {pid}"),
                None => "asked for over the socket".to_owned(),
            });
            let shutdown = Shutdown { graceful: !force, within: Time::within(within) };
            let host = host.clone();
            // Whoever asks hears at once that it was heard, and sees the end when the connection ends.
            drop(tokio::spawn(async move { drop(host.shutdown(shutdown).await) }));
            Ok(Answer::ShuttingDown { instance: shared.instance.to_string() })
        }
        // Carried out elsewhere: what they say is more than one line.
        Ask::List {} | Ask::Findings { .. } | Ask::Attach { .. } => Ok(Answer::Accepted),
    }
}

/// Where the answers to one request go.
struct Replier {
    id: u64,
    replies: mpsc::Sender<Reply>,
}

impl Replier {
    async fn part(&self, part: Part) -> Result<(), Left> {
        Ok(self.replies.send(Reply::new(self.id, Said::Part(part))).await?)
    }

    async fn last(&self, answer: Result<Answer, Error>) -> Result<(), Left> {
        let said = answer.map_or_else(|error| problem(&error), Said::Ok);
        Ok(self.replies.send(Reply::new(self.id, said)).await?)
    }

    async fn list(&self, host: &Host) -> Result<(), Left> {
        let units = match host.list().await {
            Ok(units) => units,
            Err(error) => return self.last(Err(error)).await,
        };
        for info in &units {
            self.part(Part::Unit(line(info))).await?;
        }
        self.last(Ok(Answer::Listed { count: count(units.len()) })).await
    }

    async fn findings(
        &self,
        host: &Host,
        unit: Arc<str>,
        after: u32,
        limit: Option<u32>,
    ) -> Result<(), Left> {
        if let Err(error) = host.inspect(Arc::clone(&unit)).await {
            return self.last(Err(error)).await;
        }
        let limit = limit.unwrap_or(u32::MAX);
        let mut said = 0;
        loop {
            let page = PAGE.min(limit - said);
            let found = match host.findings(Arc::clone(&unit), after.saturating_add(said), page).await {
                Ok(found) => found,
                Err(error) => return self.last(Err(error)).await,
            };
            for finding in &found {
                self.part(Part::Finding(finding_line(finding))).await?;
            }
            said += count(found.len());
            if count(found.len()) < page || said >= limit {
                return self.last(Ok(Answer::Listed { count: said })).await;
            }
        }
    }
}

/// An error as it is said.
pub(super) fn problem(error: &Error) -> Said {
    Said::Error(Problem { code: code(error), why: error.to_string() })
}

/// What kind of problem an error is.
const fn code(error: &Error) -> ProblemCode {
    match error {
        Error::UnknownUnit(_) | Error::Refused(Why::UnknownUnit) => ProblemCode::UnknownUnit,
        Error::Full(_) => ProblemCode::Busy,
        Error::UnknownKind(_)
        | Error::NotForProcesses(_)
        | Error::BadName(_)
        | Error::UnknownNeed(_)
        | Error::NameTaken(_)
        | Error::LongReason(_)
        | Error::Refused(_) => ProblemCode::Refused,
        Error::NotRecorded | Error::Unexpected(_) => ProblemCode::NotRecorded,
        Error::Store(_) => ProblemCode::Store,
        Error::Gone => ProblemCode::Gone,
    }
}

fn count(length: usize) -> u32 {
    u32::try_from(length).unwrap_or(u32::MAX)
}

fn text(text: Option<&Arc<str>>) -> Option<String> {
    text.map(|text| text.as_ref().to_owned())
}

fn line(info: &UnitInfo) -> UnitLine {
    UnitLine {
        unit: info.name.as_ref().to_owned(),
        kind: info.kind.as_ref().to_owned(),
        owner: info.owner.as_ref().to_owned(),
        status: info.status,
        incarnation: info.incarnation,
        lingers: info.body_lives && info.status.is_terminal(),
        leaked: info.leaked,
        pid: info.pid,
        recorded: info.recorded,
        saved: info.saved,
        reason: text(info.reason.as_ref()),
        progress: text(info.progress.as_ref()),
        error: text(info.error.as_ref()),
        starts_again_in_nanos: info.starts_again_in.map(Span::nanos),
    }
}

fn finding_line(finding: &Finding) -> FindingLine {
    FindingLine { id: finding.id.as_ref().to_owned(), data: (&*finding.data).into() }
}

pub(super) fn happened(news: &News) -> Happened {
    Happened {
        unit: news.unit.as_ref().to_owned(),
        incarnation: news.incarnation,
        notice: news.notice,
        text: text(news.text.as_ref()),
    }
}
