//! The arguments of a process: [`CommandLine`].

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A command line: a list of arguments.
///
/// The first argument is usually the program. Equal command lines share their memory. Bytes that
/// are not UTF-8 are U+FFFD.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct CommandLine {
    /// Each argument followed by a NUL, which no argument can contain.
    terminated: Arc<str>,
}

impl CommandLine {
    pub(crate) fn from_terminated(terminated: Arc<str>) -> Self {
        Self { terminated }
    }

    pub(crate) fn as_terminated(&self) -> &Arc<str> {
        &self.terminated
    }

    /// Returns the arguments in order, which can be empty; none for a kernel thread.
    pub fn args(&self) -> impl DoubleEndedIterator<Item = &str> + Clone {
        self.terminated.split_terminator('\0')
    }

    /// Returns whether there are no arguments.
    pub fn is_empty(&self) -> bool {
        self.terminated.is_empty()
    }
}

/// Creates a command line from its arguments, in order.
///
/// A NUL becomes U+FFFD, so that each argument stays one. No argument of a real process can contain a NUL.
///
/// ```
/// use process_scanner::CommandLine;
///
/// let command: CommandLine = ["sh", "-c", "a\0b"].iter().collect();
/// assert_eq!(command.args().collect::<Vec<_>>(), ["sh", "-c", "a\u{fffd}b"]);
/// ```
impl<S: AsRef<str>> FromIterator<S> for CommandLine {
    fn from_iter<I: IntoIterator<Item = S>>(args: I) -> Self {
        let mut terminated = String::new();
        for arg in args {
            terminated.extend(arg.as_ref().chars().map(|c| match c {
                '\0' => char::REPLACEMENT_CHARACTER,
                c => c,
            }));
            terminated.push('\0');
        }
        Self::from_terminated(terminated.into())
    }
}

impl fmt::Debug for CommandLine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.args()).finish()
    }
}

/// Serialises the arguments as a list of strings.
impl Serialize for CommandLine {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.args())
    }
}

impl<'de> Deserialize<'de> for CommandLine {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Vec::<String>::deserialize(deserializer)?.iter().collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn command(terminated: &str) -> CommandLine {
        CommandLine::from_terminated(terminated.into())
    }

    #[test]
    fn arguments_may_be_empty_and_there_may_be_none() {
        assert_eq!(command("").args().count(), 0);
        assert!(command("").is_empty());
        let args: Vec<_> = command("sh\0-c\0\0").args().map(str::to_owned).collect();
        assert_eq!(args, ["sh", "-c", ""]);
    }

    #[test]
    fn a_command_keeps_its_arguments() {
        for args in [&[][..], &[""], &["sh", "-c", ""]] {
            let command: CommandLine = args.iter().collect();
            assert_eq!(command.args().collect::<Vec<_>>(), args);
        }
    }

    #[test]
    fn a_command_is_a_list_in_json() {
        let json = serde_json::to_string(&command("a b\0\"\0")).expect("serialises");
        assert_eq!(json, r#"["a b","\""]"#);
        let read: CommandLine = serde_json::from_str(&json).expect("reads back");
        assert_eq!(read, command("a b\0\"\0"));
    }
}
