//! One client: lines come in, each is a request that is asked in its turn and then carried out by itself, and
//! what comes of all of them goes out in the order in which it comes.

use std::{
    future::{Future as _, pending, poll_fn},
    sync::Arc,
    task::Poll,
    time::Duration,
};

use futures_util::{SinkExt, StreamExt as _};
use tokio::{
    net::{
        UnixStream,
        unix::{OwnedReadHalf, OwnedWriteHalf},
    },
    sync::{
        broadcast::{
            self,
            error::{RecvError, TryRecvError},
        },
        mpsc,
    },
    task::JoinSet,
    time::{Instant, sleep_until, timeout},
};
use tokio_util::codec::{FramedRead, FramedWrite, LinesCodec, LinesCodecError};
use tracing::{debug, warn};
use winddown_core::Outcome;

use crate::{
    Client, ClientOrder, News,
    ipc::{
        Answer, Ask, LINE_LIMIT, Part, Problem, ProblemCode, Reply, Request, Said, UnitName, read_request,
        write_line,
    },
};

use super::{requests, run, server, shared::Shared};

/// So many requests of one client may be under way; then its next line has to wait.
const UNDER_WAY: usize = 64;
/// So many replies may wait for a client that reads slowly; then its requests wait as well.
const WAITING: usize = 256;
/// How long a client may take to make room for a reply. One that does not read is gone.
const READ_PATIENCE: Duration = Duration::from_secs(5);
/// How long a client may take for that once the host goes down, and how long answers may take to reach it
/// when it is disconnected: well within the patience of either phase.
const LAST_WORDS: Duration = Duration::from_millis(300);

type Lines = FramedRead<OwnedReadHalf, LinesCodec>;
type Writer = FramedWrite<OwnedWriteHalf, LinesCodec>;

/// Serves a client until it is gone or has to go.
pub(super) async fn serve(stream: UnixStream, shared: Shared) {
    // A process that is not seen from this PID namespace has the number 0.
    let peer = stream.peer_cred().ok().and_then(|peer| peer.pid()).filter(|pid| *pid != 0);
    let client = match shared.host.attach().await {
        Ok(client) => client,
        Err(error) => {
            server::turn_away(&stream, &requests::problem(&error));
            return;
        }
    };
    let (incoming, outgoing) = stream.into_split();
    let (replies, outbox) = mpsc::channel(WAITING);
    let connection = Connection {
        shared: Arc::new(shared),
        client,
        ordered: None,
        patience: READ_PATIENCE,
        lines: Some(FramedRead::new(incoming, LinesCodec::new_with_max_length(LINE_LIMIT))),
        writer: FramedWrite::new(outgoing, LinesCodec::new()),
        replies,
        outbox,
        requests: JoinSet::new(),
        follows: None,
        peer,
    };
    if let Err(Gone(why)) = connection.run().await {
        debug!(peer, why, "a client is gone");
    }
}

/// Why a connection cannot go on.
struct Gone(&'static str);

struct Connection {
    shared: Arc<Shared>,
    client: Client,
    /// What the host wants, where that came while something else was being done.
    ordered: Option<ClientOrder>,
    /// How long the client may take to make room for what it is told.
    patience: Duration,
    /// The lines that come in. `None`: the client has said all it wants to say.
    lines: Option<Lines>,
    writer: Writer,
    /// Handed to each request.
    replies: mpsc::Sender<Reply>,
    outbox: mpsc::Receiver<Reply>,
    requests: JoinSet<()>,
    /// What is followed, and on whose behalf.
    follows: Option<(u64, broadcast::Receiver<News>)>,
    /// The client's process.
    peer: Option<i32>,
}

/// One thing that a connection has to do.
enum Turn {
    Order(ClientOrder),
    News(u64, Result<News, RecvError>),
    Reply(Reply),
    Line(Option<Result<String, LinesCodecError>>),
    /// A request has come to its end.
    Settled,
}

impl Connection {
    async fn run(mut self) -> Result<(), Gone> {
        while self.lines.is_some() || !self.requests.is_empty() || !self.outbox.is_empty() {
            match self.next().await {
                Turn::Order(ClientOrder::Tell { by }) => self.tell(by).await?,
                Turn::Order(ClientOrder::Leave) => return self.leave().await,
                Turn::News(id, news) => self.pass_on(id, news).await?,
                Turn::Reply(reply) => self.write(reply).await?,
                Turn::Line(Some(Ok(line))) => self.read(&line).await?,
                Turn::Line(Some(Err(error))) => return self.cannot_read(&error).await,
                // It follows nothing more, but may still wait for answers.
                Turn::Line(None) => (self.lines, self.follows) = (None, None),
                Turn::Settled => {}
            }
        }
        Ok(())
    }

    async fn next(&mut self) -> Turn {
        if let Some(order) = self.ordered.take() {
            return Turn::Order(order);
        }
        let Self { client, lines, outbox, requests, follows, .. } = self;
        let has_room = requests.len() < UNDER_WAY;
        let line = async {
            match lines {
                Some(lines) if has_room => lines.next().await,
                Some(_) | None => pending().await,
            }
        };
        let news = async {
            match follows {
                Some((id, news)) => (*id, news.recv().await),
                None => pending().await,
            }
        };
        tokio::select! {
            biased;
            order = client.order() => Turn::Order(order),
            (id, news) = news => Turn::News(id, news),
            Some(reply) = outbox.recv() => Turn::Reply(reply),
            Some(_) = requests.join_next() => Turn::Settled,
            line = line => Turn::Line(line),
        }
    }

    async fn read(&mut self, line: &str) -> Result<(), Gone> {
        let Request { id, ask, .. } = match read_request(line) {
            Ok(request) => request,
            Err(bad) => return self.write(Reply::new(bad.id, Said::Error(bad.problem))).await,
        };
        debug!(peer = self.peer, id, ?ask, "asked");
        if let Ask::Attach { unit } = ask {
            let said = self.follow(id, unit).await;
            return self.write(Reply::new(id, said)).await;
        }
        let (shared, replies) = (Arc::clone(&self.shared), self.replies.clone());
        let mut request = Box::pin(requests::carry_out(id, ask, shared, replies, self.peer));
        // It is on its way before the next line is read: what is asked on one connection is asked in order.
        if poll_fn(|context| Poll::Ready(request.as_mut().poll(context))).await.is_pending() {
            self.requests.spawn(request);
        }
        Ok(())
    }

    /// From now on, everything that happens is passed on.
    async fn follow(&mut self, id: u64, unit: Option<UnitName>) -> Said {
        if self.follows.is_some() {
            let why = "this connection is attached already; open another one".to_owned();
            return Said::Error(Problem { code: ProblemCode::Refused, why });
        }
        let news = match unit {
            None => self.shared.host.news(),
            Some(unit) => match self.shared.host.subscribe(unit.shared()).await {
                Ok(news) => news,
                Err(error) => return requests::problem(&error),
            },
        };
        self.follows = Some((id, news));
        Said::Ok(Answer::Accepted)
    }

    async fn pass_on(&mut self, id: u64, news: Result<News, RecvError>) -> Result<(), Gone> {
        let part = match news {
            Ok(news) => Part::Notice(requests::happened(&news)),
            Err(RecvError::Lagged(missed)) => Part::Missed(missed),
            Err(RecvError::Closed) => {
                self.follows = None;
                return Ok(());
            }
        };
        self.write(Reply::new(id, Said::Part(part))).await
    }

    /// The rest of such a line may be endless, so it is not read.
    async fn cannot_read(&mut self, error: &LinesCodecError) -> Result<(), Gone> {
        let (code, why) = match error {
            LinesCodecError::MaxLineLengthExceeded => {
                (ProblemCode::TooLong, format!("a line has at most {LINE_LIMIT} bytes; this connection ends"))
            }
            LinesCodecError::Io(error) => {
                (ProblemCode::BadLine, format!("the line could not be read: {error}; this connection ends"))
            }
        };
        self.write(Reply::new(0, Said::Error(Problem { code, why }))).await
    }

    async fn tell(&mut self, by: Option<Instant>) -> Result<(), Gone> {
        self.patience = LAST_WORDS;
        let left = by.map(|by| by.saturating_duration_since(Instant::now()));
        let part = Part::DaemonShutdown {
            reason: self.shared.why.words(),
            shutdown_in_seconds: left.map(run::seconds),
        };
        let told = self.write(Reply::new(0, Said::Part(part))).await;
        self.client.told(if told.is_ok() { Outcome::Done } else { Outcome::Failed });
        told
    }

    /// What has happened and what was answered is said; what was not is not waited for any longer.
    async fn leave(mut self) -> Result<(), Gone> {
        self.patience = LAST_WORDS;
        timeout(LAST_WORDS, self.say_the_rest()).await.unwrap_or(Ok(()))
    }

    async fn say_the_rest(&mut self) -> Result<(), Gone> {
        while let Some((id, news)) = &mut self.follows {
            let (id, news) = match (*id, news.try_recv()) {
                (id, Ok(news)) => (id, Ok(news)),
                (id, Err(TryRecvError::Lagged(missed))) => (id, Err(RecvError::Lagged(missed))),
                (_, Err(TryRecvError::Empty | TryRecvError::Closed)) => break,
            };
            self.pass_on(id, news).await?;
        }
        self.follows = None;
        loop {
            tokio::select! {
                biased;
                Some(reply) = self.outbox.recv() => self.write(reply).await?,
                next = self.requests.join_next() => if next.is_none() { return Ok(()) },
            }
        }
    }

    /// Writes a reply, and those that are ready behind it. An order that comes meanwhile is kept, and
    /// leaves the client less time: one that does not read must not hold up a shutdown.
    async fn write(&mut self, reply: Reply) -> Result<(), Gone> {
        let Self { client, ordered, patience, writer, outbox, .. } = self;
        let all = async {
            let mut next = Some(reply);
            while let Some(reply) = next {
                writer.feed(line(&reply)).await?;
                next = outbox.try_recv().ok();
            }
            SinkExt::<String>::flush(writer).await
        };
        tokio::pin!(all);
        let mut by = Instant::now() + *patience;
        loop {
            tokio::select! {
                biased;
                written = all.as_mut() => {
                    return written.map_err(|_| Gone("it does not listen any more"));
                }
                order = client.order(), if ordered.is_none() => {
                    *ordered = Some(order);
                    *patience = LAST_WORDS;
                    by = by.min(Instant::now() + LAST_WORDS);
                }
                () = sleep_until(by) => return Err(Gone("it does not read")),
            }
        }
    }
}

fn line(reply: &Reply) -> String {
    write_line(reply).unwrap_or_else(|error| {
        // Everything that is said here can be written as JSON; a client is better off with a broken line
        // than with none.
        warn!(%error, "a reply could not be written");
        String::new()
    })
}
