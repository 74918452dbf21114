//! The exit status of a process, in a recording.

use serde::{Deserialize, Serialize};

use crate::model::ExitStatus;

/// An exit status: a code or a signal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Written")]
pub(super) struct StatusRecord {
    code: Option<u8>,
    signal: Option<u8>,
    core_dumped: bool,
}

/// The same before it is checked.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    code: Option<u8>,
    signal: Option<u8>,
    #[serde(default)]
    core_dumped: bool,
}

/// The greatest number of a signal in the status of wait(2).
const MAX_SIGNAL: u8 = 127;

impl TryFrom<Written> for StatusRecord {
    type Error = &'static str;

    fn try_from(written: Written) -> Result<Self, Self::Error> {
        match (written.code, written.signal) {
            (Some(_), Some(_)) => Err("an exit has a code or a signal, not both"),
            (None, None) => Err("an exit has a code or a signal, or is null"),
            (Some(_), None) if written.core_dumped => Err("only a signal dumps a core"),
            (None, Some(signal)) if !(1..=MAX_SIGNAL).contains(&signal) => {
                Err("a signal has a number from 1 to 127")
            }
            (code, signal) => Ok(Self {
                code,
                signal,
                core_dumped: written.core_dumped,
            }),
        }
    }
}

impl StatusRecord {
    /// Records a status; `None` for one that no process can have.
    pub(super) fn of(status: ExitStatus) -> Option<Self> {
        let ExitStatus {
            code,
            signal,
            core_dumped,
        } = status;
        let written = Written {
            code,
            signal,
            core_dumped,
        };
        written.try_into().ok()
    }

    /// Returns what was recorded.
    pub(super) fn status(self) -> ExitStatus {
        ExitStatus {
            code: self.code,
            signal: self.signal,
            core_dumped: self.core_dumped,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_status_of_wait_round_trips() {
        for status in 0..=u32::from(u16::MAX) {
            let status = ExitStatus::from_wait_status(status);
            let record = StatusRecord::of(status).expect("it is a code or a signal");
            assert_eq!(record.status(), status);
            let json = serde_json::to_string(&record).expect("plain data");
            assert_eq!(
                serde_json::from_str::<StatusRecord>(&json).ok(),
                Some(record)
            );
        }
    }

    #[test]
    fn a_status_that_no_process_can_have_is_refused() {
        for json in [
            r#"{"code":3,"signal":9,"core_dumped":false}"#,
            r#"{"code":null,"signal":null,"core_dumped":false}"#,
            r#"{"core_dumped":true}"#,
            r#"{"code":3,"core_dumped":true}"#,
            r#"{"signal":0}"#,
            r#"{"signal":128}"#,
            r#"{"signal":-9}"#,
            r#"{"code":256}"#,
            r#"{"code":3,"colour":1}"#,
            "3",
        ] {
            serde_json::from_str::<StatusRecord>(json).expect_err(json);
        }
        let mut both = ExitStatus::from_wait_status(9);
        both.code = Some(3);
        assert_eq!(StatusRecord::of(both), None);
    }
}
