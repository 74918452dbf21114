//! The [`Unit`] and the [`Value`] of a field.

use std::cmp::Ordering;
use std::sync::Arc;

use serde::{Serialize, Serializer};

use super::command_line::CommandLine;
use super::process::Status;

/// The unit of a field.
///
/// It determines how values are printed for people.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Unit {
    /// A process id.
    Pid,
    /// A moment in milliseconds since the Unix epoch. It is printed for people as an age.
    EpochMs,
    /// A text with any characters, control characters included.
    Text,
    /// The arguments of a command line.
    Arguments,
    /// A [`Status`].
    State,
    /// Percent of one core: 250 is two and a half cores.
    CorePercent,
    /// CPU time in milliseconds.
    CpuMs,
    /// Bytes.
    Bytes,
    /// A count.
    Count,
    /// A number that identifies something, such as a user.
    Id,
    /// A whole number that can be negative.
    Integer,
    /// True or false.
    Flag,
}

impl Unit {
    /// Returns whether values are numbers. Columns of numbers are right-aligned.
    pub const fn is_number(self) -> bool {
        matches!(self, Self::Pid | Self::EpochMs | Self::Id | Self::Integer) || self.is_measure()
    }

    /// Returns a number or a text as a value of this unit. Negative numbers are in two's
    /// complement.
    pub(super) fn value_of(self, number: Option<u64>, text: Option<&Arc<str>>) -> Value<'_> {
        match (number, text, self) {
            (_, Some(text), _) => Value::Text(text),
            (None, None, _) => Value::Unknown,
            (Some(ms), None, Self::CpuMs) => Value::Real(ms as f64),
            (Some(number), None, Self::Integer) => Value::Integer(number.cast_signed()),
            (Some(number), None, _) => Value::Count(number),
        }
    }

    /// Returns whether values are measured amounts, which change all the time.
    pub const fn is_measure(self) -> bool {
        matches!(
            self,
            Self::CorePercent | Self::CpuMs | Self::Bytes | Self::Count
        )
    }
}

/// The value of one field of one process.
///
/// It serialises as the field does; an unknown value is `null`.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub enum Value<'p> {
    /// The value is unknown.
    Unknown,
    /// True or false.
    Flag(bool),
    /// A whole number of at least 0.
    Count(u64),
    /// A whole number that can be negative.
    Integer(i64),
    /// A number that may have a fraction.
    Real(f64),
    /// A percentage. JSON prints it in single precision.
    Percent(f32),
    /// A text.
    Text(&'p str),
    /// The arguments of a command line.
    Arguments(&'p CommandLine),
    /// The state of a process.
    State(Status),
}

impl<'p> Value<'p> {
    /// Returns whether the value is unknown.
    pub fn is_unknown(self) -> bool {
        self == Self::Unknown
    }

    /// Returns the text, if it is one.
    pub fn as_text(self) -> Option<&'p str> {
        match self {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }

    /// Returns the number, if it is a count.
    pub fn as_count(self) -> Option<u64> {
        match self {
            Self::Count(count) => Some(count),
            _ => None,
        }
    }

    /// Compares two values of one field.
    ///
    /// `None` if one of them is unknown. Texts are compared without case, then by bytes; states as
    /// their names, command lines argument by argument. Values of different types have no order.
    pub fn compare(self, other: Self) -> Option<Ordering> {
        match (self, other) {
            (Self::Flag(a), Self::Flag(b)) => Some(a.cmp(&b)),
            (Self::Count(a), Self::Count(b)) => Some(a.cmp(&b)),
            (Self::Integer(a), Self::Integer(b)) => Some(a.cmp(&b)),
            (Self::Real(a), Self::Real(b)) => Some(a.total_cmp(&b)),
            (Self::Percent(a), Self::Percent(b)) => Some(a.total_cmp(&b)),
            (Self::Text(a), Self::Text(b)) => Some(compare_texts(a, b)),
            (Self::State(a), Self::State(b)) => Some(a.as_str().cmp(b.as_str())),
            (Self::Arguments(a), Self::Arguments(b)) => {
                let mut pairs = a.args().zip(b.args());
                let first = pairs.find(|(a, b)| a != b);
                Some(match first {
                    Some((a, b)) => compare_texts(a, b),
                    None => a.args().count().cmp(&b.args().count()),
                })
            }
            _ => None,
        }
    }
}

/// Compares without case, then by bytes.
fn compare_texts(a: &str, b: &str) -> Ordering {
    // Most texts have no other letters, and a list can have many.
    let order = match a.is_ascii() && b.is_ascii() {
        true => {
            let lower = |byte: u8| byte.to_ascii_lowercase();
            a.bytes().map(lower).cmp(b.bytes().map(lower))
        }
        false => a.to_lowercase().cmp(&b.to_lowercase()),
    };
    order.then_with(|| a.cmp(b))
}

impl Serialize for Value<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Unknown => serializer.serialize_none(),
            Self::Flag(flag) => flag.serialize(serializer),
            Self::Count(count) => count.serialize(serializer),
            Self::Integer(integer) => integer.serialize(serializer),
            Self::Real(real) => real.serialize(serializer),
            Self::Percent(percent) => percent.serialize(serializer),
            Self::Text(text) => text.serialize(serializer),
            Self::Arguments(command) => command.serialize(serializer),
            Self::State(status) => status.serialize(serializer),
        }
    }
}

/// Implements `From` for a type and for its `Option`.
macro_rules! from {
    ($type:ty, $variant:ident) => {
        impl<'p> From<$type> for Value<'p> {
            fn from(value: $type) -> Self {
                Self::$variant(value.into())
            }
        }

        impl<'p> From<Option<$type>> for Value<'p> {
            fn from(value: Option<$type>) -> Self {
                value.map_or(Self::Unknown, Self::from)
            }
        }
    };
}

from!(bool, Flag);
from!(u32, Count);
from!(u64, Count);
from!(i64, Integer);
from!(f64, Real);
from!(f32, Percent);
from!(&'p str, Text);
from!(&'p CommandLine, Arguments);
from!(Status, State);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_of_one_type_have_an_order_and_others_have_none() {
        let count = Value::from(7_u64);
        assert_eq!(Value::Unknown.compare(Value::Unknown), None);
        assert_eq!(count.compare(Value::from(None::<u64>)), None);
        assert_eq!(count.compare(Value::Real(7.0)), None);
        assert_eq!(count.compare(Value::Count(8)), Some(Ordering::Less));
        let (idle, zombie) = (Value::State(Status::Idle), Value::State(Status::Zombie));
        assert_eq!(idle.compare(zombie), Some(Ordering::Less));
        let lines = [
            &["sh"][..],
            &["sh", "-c"],
            &["SH", "-d"],
            &["zsh"],
            &["żsh"],
        ];
        let lines = lines.map(|args| args.iter().collect::<CommandLine>());
        let values: Vec<_> = lines.iter().map(Value::Arguments).collect();
        let less = |pair: &[Value<'_>]| pair[0].compare(pair[1]) == Some(Ordering::Less);
        assert!(less(&values[..2]) && less(&[values[2], values[1]]) && less(&values[3..]));
        assert_eq!(values[0].compare(values[0]), Some(Ordering::Equal));
        let texts = Value::Text("zsh").compare(Value::Text("Bash"));
        assert_eq!(texts, Some(Ordering::Greater));
        let case = Value::Text("bash").compare(Value::Text("Bash"));
        assert_eq!(case, Some(Ordering::Greater));
    }

    #[test]
    fn a_value_serialises_like_its_type() {
        let command: CommandLine = ["sh", "-c"].iter().collect();
        for (value, expected) in [
            (Value::Unknown, "null"),
            (Value::from(true), "true"),
            (Value::from(u64::MAX), "18446744073709551615"),
            (Value::from(1_234.567_891), "1234.567891"),
            (Value::from(12.7_f32), "12.7"),
            (Value::from("a\n"), r#""a\n""#),
            (Value::from(&command), r#"["sh","-c"]"#),
            (Value::from(Status::DiskSleep), r#""disk_sleep""#),
        ] {
            let json = serde_json::to_string(&value).expect("plain data");
            assert_eq!(json, expected);
        }
    }
}
