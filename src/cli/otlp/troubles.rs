//! Messages about a receiver that fails or rejects, with what is lost meanwhile.

use std::time::{Duration, Instant};

use super::request_queue::Signal;

/// Shortest time between two messages about the same trouble.
const BETWEEN_MESSAGES: Duration = Duration::from_secs(600);

/// What is wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Trouble {
    /// Requests fail, and are repeated.
    Outage,
    /// Requests are refused.
    Refused,
    /// A part of a request is rejected.
    Partial,
    /// The oldest requests make room, although the receiver accepts others.
    Slow,
}

/// What the receiver did with a request.
#[derive(Debug, Clone, Copy)]
pub(super) enum Finding<'t> {
    Accepted,
    Failed(&'t str),
    /// The trouble, the number of data points or records that were rejected, and the reason.
    Rejected(Trouble, u64, &'t str),
}

/// The troubles of a signal.
#[derive(Debug)]
pub(super) struct Troubles {
    signal: Signal,
    /// What was lost when a request was last looked at.
    seen_lost: u64,
    episodes: [Episode; 4],
}

/// A trouble from its begin to its end.
#[derive(Debug, Default)]
struct Episode {
    /// The first and the last time; `None` while there is none.
    times: Option<(Instant, Instant)>,
    lost: u64,
    /// It has been reported.
    is_printed: bool,
    printed_at: Option<Instant>,
}

impl Troubles {
    pub(super) fn new(signal: Signal) -> Self {
        Self {
            signal,
            seen_lost: 0,
            episodes: Default::default(),
        }
    }

    /// Returns the messages that are due after a request.
    ///
    /// `lost`: all data points or records that are lost since the start.
    pub(super) fn after(&mut self, finding: Finding<'_>, now: Instant, lost: u64) -> Vec<String> {
        let mut overflow = lost - self.seen_lost;
        self.seen_lost = lost;
        let mut messages = Vec::new();
        if let Finding::Failed(reason) = finding {
            messages.extend(self.trouble(Trouble::Outage, overflow, reason, now));
            return messages;
        }
        if let Finding::Rejected(_, count, _) = finding {
            overflow = overflow.saturating_sub(count);
        }
        let outage = &mut self.episodes[Trouble::Outage as usize];
        if outage.times.is_some() {
            outage.lost += std::mem::take(&mut overflow);
            messages.extend(self.end(Trouble::Outage, now));
        }
        if overflow > 0 {
            messages.extend(self.trouble(Trouble::Slow, overflow, "", now));
        }
        if let Finding::Rejected(trouble, count, reason) = finding {
            messages.extend(self.trouble(trouble, count, reason, now));
        }
        for trouble in [Trouble::Refused, Trouble::Partial, Trouble::Slow] {
            let times = self.episodes[trouble as usize].times;
            let is_over = |last: Instant| now.duration_since(last) >= BETWEEN_MESSAGES;
            if times.is_some_and(|(_, last)| is_over(last)) {
                messages.extend(self.end(trouble, now));
            }
        }
        messages
    }

    /// Notes a trouble. Its begin is reported unless the same was reported recently, and so is its duration.
    fn trouble(
        &mut self,
        trouble: Trouble,
        lost: u64,
        reason: &str,
        now: Instant,
    ) -> Option<String> {
        let episode = &mut self.episodes[trouble as usize];
        let (began, _) = episode.times.unwrap_or((now, now));
        episode.times = Some((began, now));
        episode.lost += lost;
        let is_recent = |at: Instant| now.duration_since(at) < BETWEEN_MESSAGES;
        if episode.printed_at.is_some_and(is_recent) {
            return None;
        }
        (episode.is_printed, episode.printed_at) = (true, Some(now));
        let lost = episode.lost;
        let mut text = self.text(trouble, reason);
        let time = now.duration_since(began);
        if time >= BETWEEN_MESSAGES {
            text.push_str(&format!("; for {} now", minutes(time)));
        }
        if lost > 0 {
            text.push_str(&format!("; dropped: {}", self.amount(lost)));
        }
        Some(text)
    }

    /// Notes the end of a trouble. It is reported if its begin was, or if something was lost.
    fn end(&mut self, trouble: Trouble, now: Instant) -> Option<String> {
        let episode = std::mem::take(&mut self.episodes[trouble as usize]);
        let (began, last) = episode.times?;
        let kept = &mut self.episodes[trouble as usize];
        kept.printed_at = episode.printed_at;
        if !episode.is_printed {
            // The next message about it has the number.
            kept.lost = episode.lost;
            return None;
        }
        let (signal, lost) = (self.signal.as_str(), self.amount(episode.lost));
        Some(match trouble {
            Trouble::Outage => {
                let time = minutes(now.duration_since(began));
                format!(
                    "the receiver of OTLP answers again after {time}; {signal} dropped meanwhile: {lost}"
                )
            }
            _ => {
                let calm = minutes(now.duration_since(last));
                format!(
                    "the receiver of OTLP has accepted all {signal} for {calm}; dropped before: {lost}"
                )
            }
        })
    }

    fn text(&self, trouble: Trouble, reason: &str) -> String {
        let signal = self.signal.as_str();
        match trouble {
            Trouble::Outage => format!(
                "cannot send {signal} to the receiver of OTLP, and will try again: {reason}"
            ),
            Trouble::Refused => format!("the receiver of OTLP refuses {signal}: {reason}"),
            Trouble::Partial => {
                format!("the receiver of OTLP rejects a part of the {signal}: {reason}")
            }
            Trouble::Slow => {
                format!("the receiver of OTLP is too slow for the {signal}: the oldest make room")
            }
        }
    }

    /// Returns a number of what the signal consists of.
    fn amount(&self, count: u64) -> String {
        let unit = match self.signal {
            Signal::Metrics => "data point",
            Signal::Logs => "log record",
        };
        let end = if count == 1 { "" } else { "s" };
        format!("{count} {unit}{end}")
    }
}

fn minutes(time: Duration) -> String {
    match time.as_secs() {
        seconds @ 0..120 => format!("{seconds} s"),
        seconds => format!("{} min", seconds / 60),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Returns the messages after findings at these times in seconds, with what is lost.
    fn messages(signal: Signal, findings: &[(u64, Finding<'_>, u64)]) -> Vec<String> {
        let begin = Instant::now();
        let mut troubles = Troubles::new(signal);
        let messages = findings.iter().flat_map(|&(seconds, finding, lost)| {
            troubles.after(finding, begin + Duration::from_secs(seconds), lost)
        });
        messages.collect()
    }

    #[test]
    fn an_outage_is_reported_at_its_begin_now_and_then_and_at_its_end() {
        let failed = Finding::Failed("503");
        let found = messages(
            Signal::Logs,
            &[
                (0, Finding::Accepted, 0),
                (1, failed, 0),
                (30, failed, 0),
                (599, failed, 7),
                (601, failed, 7),
                (1000, failed, 9),
                (1201, failed, 9),
                (1260, Finding::Accepted, 10),
                (1270, Finding::Accepted, 10),
            ],
        );
        let begin = "cannot send logs to the receiver of OTLP, and will try again: 503";
        assert_eq!(
            found,
            [
                begin.to_owned(),
                format!("{begin}; for 10 min now; dropped: 7 log records"),
                format!("{begin}; for 20 min now; dropped: 9 log records"),
                "the receiver of OTLP answers again after 20 min; logs dropped meanwhile: 10 log records"
                    .to_owned(),
            ]
        );
    }

    #[test]
    fn a_receiver_that_fails_again_and_again_fills_no_journal() {
        let mut findings = Vec::new();
        for seconds in (0..900).step_by(10) {
            findings.push((seconds, Finding::Failed("503"), seconds / 100));
            findings.push((seconds + 1, Finding::Accepted, seconds / 100));
        }
        let found = messages(Signal::Metrics, &findings);
        assert_eq!(found.len(), 4, "{found:#?}");
        assert!(found[1].ends_with("after 1 s; metrics dropped meanwhile: 0 data points"));
        assert!(found[2].ends_with("dropped: 6 data points"), "{found:#?}");
    }

    #[test]
    fn losses_are_reported_with_numbers_until_they_end() {
        let refused = |count| Finding::Rejected(Trouble::Refused, count, "400");
        let found = messages(
            Signal::Metrics,
            &[
                (0, refused(5), 5),
                (10, refused(5), 10),
                // Another kind is not too soon.
                (20, Finding::Rejected(Trouble::Partial, 1, "too old"), 11),
                (30, Finding::Accepted, 15),
                (600, refused(5), 20),
                (700, Finding::Accepted, 20),
                (1200, Finding::Accepted, 20),
            ],
        );
        assert_eq!(
            found,
            [
                "the receiver of OTLP refuses metrics: 400; dropped: 5 data points",
                "the receiver of OTLP rejects a part of the metrics: too old; dropped: 1 data point",
                "the receiver of OTLP is too slow for the metrics: the oldest make room; dropped: 4 data points",
                "the receiver of OTLP refuses metrics: 400; for 10 min now; dropped: 15 data points",
                "the receiver of OTLP has accepted all metrics for 11 min; dropped before: 1 data point",
                "the receiver of OTLP has accepted all metrics for 11 min; dropped before: 4 data points",
                "the receiver of OTLP has accepted all metrics for 10 min; dropped before: 15 data points",
            ]
        );
    }
}
