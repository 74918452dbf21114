//! Births and exits for any number of HTTP clients: server-sent events, each a line of JSON.
//!
//! One callback serves all clients. Each begins with all processes; one that is too slow gets a line
//! `resync` with the number of lost batches, and all processes again, as from `pscan watch --json`.
//!
//! `cargo run --example event_stream -- [ADDRESS]`; without ADDRESS it is its own client, and ends.

// Examples print.
#![allow(clippy::print_stdout)]

use std::io::{BufRead, BufReader, Write};
use std::process::{Command, Stdio};
use std::{convert::Infallible, env, error::Error, net::TcpStream, sync::Arc};

use axum::{Router, body::Body, http::header::CONTENT_TYPE, routing::get};
use process_scanner::{Batch, ConsumerOptions, Consumers, JsonLine, Scanner};
use tokio::sync::broadcast::{Receiver, channel, error::RecvError};
use tokio::{net::TcpListener, runtime::Builder, sync::mpsc, task::spawn_blocking};

type Client = mpsc::Sender<Result<String, Infallible>>;
/// Number of a batch, and its lines.
type News = (u64, String);

/// Formats all lines of a batch but those of updates.
fn news(mut batch: Batch) -> News {
    batch.events.retain(|event| event.kind() != "updated");
    let lines = JsonLine::of_batch(&batch);
    let lines = lines.map(|line| format!("data: {line}\n\n")).collect();
    (batch.seq, lines)
}

/// Sends all processes, and then each batch, until the client or the scanner ends.
async fn feed(client: Client, consumers: Consumers, mut batches: Receiver<News>) -> Option<()> {
    let (mut last, mut next) = (None, Err(RecvError::Lagged(0)));
    loop {
        let (seq, lines) = match next {
            Ok(batch) => batch,
            Err(RecvError::Closed) => return None,
            Err(RecvError::Lagged(_)) => {
                // A consumer begins with all processes.
                let consumer = consumers.subscribe(ConsumerOptions::default());
                let all = spawn_blocking(move || consumer.recv()).await.ok()?.ok()?;
                let mut all = Batch::clone(&all);
                all.lost_batches = last.map_or(0, |last| all.seq.saturating_sub(last));
                news(all)
            }
        };
        // Older ones are a part of all processes already.
        if Some(seq) > last {
            last = Some(seq);
            client.send(Ok(lines)).await.ok()?;
        }
        next = batches.recv().await;
    }
}

/// Prints birth and exit of a child, as a client receives them.
fn read(mut stream: TcpStream) -> Result<(), Box<dyn Error + Send + Sync>> {
    stream.write_all(b"GET / HTTP/1.0\r\n\r\n")?;
    let mut lines = BufReader::new(stream).lines().map_while(Result::ok);
    // The child is born after the first line, so it is none of the processes at the beginning.
    lines.find(|line| line.starts_with("data:"));
    let mut child = Command::new("sort").stdin(Stdio::piped()).spawn()?;
    let pid = format!("\"process\":{{\"pid\":{},", child.id());
    let mut own = lines.filter(|line| line.contains(&pid));
    println!("{}", own.next().ok_or("no birth")?);
    // The end of its input ends it.
    child.wait()?;
    println!("{}", own.next().ok_or("no exit")?);
    Ok(())
}

fn main() -> Result<(), Box<dyn Error + Send + Sync>> {
    let scanner = Scanner::builder().start()?;
    let consumers = scanner.consumers().clone();
    let (sender, batches) = channel(256);
    let send = move |batch: &Arc<Batch>| _ = sender.send(news(Batch::clone(batch)));
    consumers.register(ConsumerOptions::default(), send)?;
    let batches = Arc::new(batches);
    let serve = async move || {
        let (sender, mut chunks) = mpsc::channel(1);
        tokio::spawn(feed(sender, consumers.clone(), batches.resubscribe()));
        let chunks = futures_util::stream::poll_fn(move |context| chunks.poll_recv(context));
        let kind = [(CONTENT_TYPE, "text/event-stream")];
        (kind, Body::from_stream(chunks))
    };
    let app = Router::new().route("/", get(serve));
    let runtime = Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let address = env::args().nth(1);
        let listener = TcpListener::bind(address.as_deref().unwrap_or("127.0.0.1:0")).await?;
        let own = listener.local_addr()?;
        let server = tokio::spawn(axum::serve(listener, app).into_future());
        match address {
            Some(_) => Ok(server.await??),
            None => spawn_blocking(move || read(TcpStream::connect(own)?)).await?,
        }
    })
}
