//! Server-sent events: the lines of `watch --json`, for one client.

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::task::{Context, Poll};
use std::time::Duration;

use hyper::body::{Body, Bytes, Frame};
use hyper::{Method, StatusCode};
use process_scanner::{Batch, ConsumerId, ConsumerOptions, Event, Result};
use tokio::sync::{OwnedSemaphorePermit, mpsc};
use tokio::time::{Interval, MissedTickBehavior, interval};

use super::marks::Marks;
use super::parameters::OfEvents;
use super::responses::{Answer, Refusal, answer};
use super::site::Site;
use crate::cli::format::chosen_events::ChosenEvents;
use crate::cli::format::json;

/// Time between comments that keep proxies from closing the connection, and that find dead ones.
const KEEP_ALIVE: Duration = Duration::from_secs(15);

/// Batches that wait as text. More of them wait in the queue of the consumer.
const WAITING_TEXTS: usize = 1;

const KIND: &str = "text/event-stream";

/// Returns a stream of events, or why there is none.
pub(super) fn stream(
    method: &Method,
    parameters: &OfEvents,
    site: &Arc<Site>,
    marks: Arc<Marks>,
) -> std::result::Result<Answer, Refusal> {
    if method == Method::HEAD {
        return Ok(answer(StatusCode::OK, KIND, String::new()));
    }
    let Ok(permit) = Arc::clone(&site.event_clients).try_acquire_owned() else {
        return Err(Refusal::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "too many clients of /events: close one, or raise serve.max_event_clients",
        ));
    };
    let stream = EventStream::begin(parameters, site, marks, permit);
    let stream = stream
        .map_err(|error| Refusal::new(StatusCode::SERVICE_UNAVAILABLE, error.full_message()))?;
    Ok(answer(StatusCode::OK, KIND, stream))
}

/// The body of the response. Dropping it removes the consumer.
struct EventStream {
    texts: mpsc::Receiver<Bytes>,
    keep_alive: Interval,
    site: Arc<Site>,
    id: ConsumerId,
    marks: Arc<Marks>,
    _permit: OwnedSemaphorePermit,
}

impl EventStream {
    fn begin(
        parameters: &OfEvents,
        site: &Arc<Site>,
        marks: Arc<Marks>,
        permit: OwnedSemaphorePermit,
    ) -> Result<Self> {
        let (sender, texts) = mpsc::channel(WAITING_TEXTS);
        let mut chosen = ChosenEvents::new(parameters.chosen(), &parameters.filter, None, false);
        // A slow client makes this wait. Then the queue fills, and the client gets `resync` with the number of
        // lost batches, and all processes again.
        let send = move |batch: &Arc<Batch>| {
            let text = text(batch, &mut chosen);
            if !text.is_empty() {
                // An error: the client has left, and so does this consumer.
                let _ = sender.blocking_send(text.into());
            }
        };
        let options = ConsumerOptions::default().with_name("events");
        let id = site.published.consumers().register(options, send)?;
        site.stream_began(id);
        marks.is_stream.store(true, Ordering::Relaxed);
        let mut keep_alive = interval(KEEP_ALIVE);
        keep_alive.set_missed_tick_behavior(MissedTickBehavior::Delay);
        Ok(Self {
            texts,
            keep_alive,
            site: Arc::clone(site),
            id,
            marks,
            _permit: permit,
        })
    }
}

impl Drop for EventStream {
    fn drop(&mut self) {
        self.site.stream_ended(self.id);
        self.marks.is_stream.store(false, Ordering::Relaxed);
    }
}

impl Body for EventStream {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<std::result::Result<Frame<Bytes>, Infallible>>> {
        let frame = |text| Poll::Ready(Some(Ok(Frame::data(text))));
        match self.texts.poll_recv(context) {
            Poll::Ready(Some(text)) => frame(text),
            Poll::Ready(None) => Poll::Ready(None),
            Poll::Pending => match self.keep_alive.poll_tick(context) {
                Poll::Ready(_) => frame(Bytes::from_static(b":\n\n")),
                Poll::Pending => Poll::Pending,
            },
        }
    }
}

/// Returns the chosen events of a batch, each line as one server-sent event.
fn text(batch: &Batch, chosen: &mut ChosenEvents) -> Vec<u8> {
    let events = chosen.take(batch).events;
    let events: Vec<&Event> = events
        .iter()
        .filter(|event| chosen.has(event, true, batch.full))
        .collect();
    let mut lines = Vec::new();
    json::write_events(&mut lines, batch, &events).expect("BUG: memory is writable");
    let mut text = Vec::with_capacity(lines.len() + 7 * (events.len() + 1));
    for line in lines.split_inclusive(|byte| *byte == b'\n') {
        text.extend_from_slice(b"data: ");
        text.extend_from_slice(line);
        text.push(b'\n');
    }
    text
}
