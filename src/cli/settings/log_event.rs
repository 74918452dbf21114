//! Which events are sent as log records.

use std::fmt;

use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use toml::Value;

/// An event that is sent as a log record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum LogEvent {
    Birth,
    /// Another name or program of a process.
    Exec,
    Exit,
    /// An exit by a signal, or with another code than 0. [`Exit`](Self::Exit) has these too.
    FailedExit,
    /// A failed scan, or lost events.
    Failure,
}

impl LogEvent {
    /// All but those that others include.
    pub(super) const DEFAULT: [Self; 4] = [Self::Birth, Self::Exec, Self::Exit, Self::Failure];

    const ALL: [Self; 5] = [
        Self::Birth,
        Self::Exec,
        Self::Exit,
        Self::FailedExit,
        Self::Failure,
    ];

    fn as_str(self) -> &'static str {
        match self {
            Self::Birth => "birth",
            Self::Exec => "exec",
            Self::Exit => "exit",
            Self::FailedExit => "failed_exit",
            Self::Failure => "failure",
        }
    }

    fn parse(word: &str) -> Result<Self, String> {
        if let Some(event) = Self::ALL.into_iter().find(|event| event.as_str() == word) {
            return Ok(event);
        }
        let all = Self::ALL.map(Self::as_str).join(", ");
        let tip = Self::meant(word).map(|event| format!("; did you mean {event}?"));
        let tip = tip.unwrap_or_default();
        Err(format!("a word is no event: there are {all}{tip}"))
    }

    /// Returns the event that was probably meant.
    fn meant(word: &str) -> Option<Self> {
        /// As for mistyped commands.
        const SIMILAR: f64 = 0.7;
        let word = word.to_ascii_lowercase().replace(['-', ' '], "_");
        match word.as_str() {
            "created" | "fork" | "start" => return Some(Self::Birth),
            "exited" | "death" | "end" => return Some(Self::Exit),
            "failed" | "failed_exits" => return Some(Self::FailedExit),
            "error" | "lost" => return Some(Self::Failure),
            _ => {}
        }
        let similar = Self::ALL.map(|event| (strsim::jaro(event.as_str(), &word), event));
        let similar = similar.into_iter().filter(|(value, _)| *value > SIMILAR);
        let best = similar.max_by(|(one, _), (other, _)| one.total_cmp(other));
        best.map(|(_, event)| event)
    }
}

impl fmt::Display for LogEvent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Serialize for LogEvent {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

/// Reads an event, or a list of them. An error quotes no value.
pub(super) fn log_events<'de, D>(deserializer: D) -> Result<Vec<LogEvent>, D::Error>
where
    D: Deserializer<'de>,
{
    let values = match Value::deserialize(deserializer)? {
        Value::Array(values) => values,
        value => vec![value],
    };
    let events = values.iter().map(|value| {
        let word = value.as_str();
        let word =
            word.ok_or_else(|| D::Error::custom("it must be an event, or a list of them"))?;
        LogEvent::parse(word).map_err(D::Error::custom)
    });
    events.collect()
}

#[cfg(test)]
mod tests {
    use super::super::Settings;
    use super::*;

    fn read(value: &str) -> Result<Vec<LogEvent>, String> {
        let text = format!("[otlp]\nlog_events = {value}\n");
        let settings = toml::from_str::<Settings>(&text);
        settings
            .map(|settings| settings.otlp.log_events)
            .map_err(|error| error.message().to_owned())
    }

    #[test]
    fn events_have_the_names_that_they_are_printed_with() {
        let all = LogEvent::ALL.map(LogEvent::as_str);
        assert_eq!(read(&format!("{all:?}")), Ok(LogEvent::ALL.to_vec()));
        assert_eq!(read("\"failed_exit\""), Ok(vec![LogEvent::FailedExit]));
        assert_eq!(read("[]"), Ok(Vec::new()));
    }

    #[test]
    fn an_unknown_word_is_an_error_with_a_tip() {
        for (word, meant) in [
            ("exits", "exit"),
            ("Created", "birth"),
            ("failed-exit", "failed_exit"),
            ("failures", "failure"),
        ] {
            let error = read(&format!("[\"{word}\"]")).expect_err(word);
            assert!(
                error.ends_with(&format!("did you mean {meant}?")),
                "{error}"
            );
            assert!(error.contains("birth, exec, exit, failed_exit, failure"));
        }
        let error = read("[\"\"]").expect_err("no word");
        assert!(!error.contains("mean"), "{error}");
    }
}
