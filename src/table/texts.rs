//! Names and command lines as the table holds them: without secrets, as text, each kept once.

use std::sync::Arc;

use super::strings::{Strings, Wording};
use crate::config::Config;
use crate::model::CommandLine;
use crate::redact::Redactor;
use crate::source::Reading;

/// What the system's bytes become, and where that is kept.
///
/// Secrets are hidden before a text is cut, since what is cut off can be what tells a secret: the `@`
/// of a URL. Bytes that are what is held already are not looked at again: what went through the
/// redactor goes through it unchanged.
#[derive(Debug)]
pub(super) struct Texts {
    strings: Strings,
    wording: Wording,
    redactor: Redactor,
}

impl Texts {
    pub(super) fn new(config: &Config) -> Self {
        Self {
            strings: Strings::default(),
            wording: Wording {
                max_bytes: config.max_text_bytes,
            },
            redactor: Redactor::from(config),
        }
    }

    /// The name of a process that is new.
    pub(super) fn take_name(&mut self, name: &[u8]) -> Arc<str> {
        let redacted = self.redactor.name(name);
        self.strings.take(&self.wording.to_text(&redacted))
    }

    /// The command line of a process that is new.
    pub(super) fn take_command(&mut self, command: &[u8]) -> CommandLine {
        let redacted = self.redactor.command_up_to(command, self.wording.max_bytes);
        CommandLine::from_terminated(self.strings.take(&self.wording.to_text(&redacted)))
    }

    /// Brings a name up to what was read; whether it was another.
    pub(super) fn renew_name(&mut self, told: &mut Option<Arc<str>>, name: Reading<&[u8]>) -> bool {
        let Reading::Known(name) = name else {
            return false;
        };
        if told.as_deref().is_some_and(|old| self.is_name(old, name)) {
            return false;
        }
        if let Some(old) = told.replace(self.take_name(name)) {
            self.strings.give_back(&old);
        }
        true
    }

    /// Brings a command line up to what was read; whether it was another.
    pub(super) fn renew_command(
        &mut self,
        told: &mut Option<CommandLine>,
        command: Reading<&[u8]>,
    ) -> bool {
        let Reading::Known(command) = command else {
            return false;
        };
        if told
            .as_ref()
            .is_some_and(|old| self.is_command(old, command))
        {
            return false;
        }
        if let Some(old) = told.replace(self.take_command(command)) {
            self.strings.give_back(old.as_terminated());
        }
        true
    }

    /// Brings a command line up to not being known any more; whether it was.
    pub(super) fn forget_command(&mut self, told: &mut Option<CommandLine>) -> bool {
        let old = told.take();
        self.give_back(None, old.as_ref());
        old.is_some()
    }

    /// Whether `name` becomes what is held.
    pub(super) fn is_name(&self, held: &str, name: &[u8]) -> bool {
        self.is_held(held, name) || self.wording.is_text(held, &self.redactor.name(name))
    }

    /// Whether `command` becomes what is held.
    pub(super) fn is_command(&self, held: &CommandLine, command: &[u8]) -> bool {
        let held = held.as_terminated();
        let redacted = || self.redactor.command_up_to(command, self.wording.max_bytes);
        self.is_held(held, command) || self.wording.is_text(held, &redacted())
    }

    fn is_held(&self, held: &str, bytes: &[u8]) -> bool {
        bytes.len() <= self.wording.max_bytes && held.as_bytes() == bytes
    }

    /// A name and a command line less.
    pub(super) fn give_back(&mut self, name: Option<&Arc<str>>, command: Option<&CommandLine>) {
        for text in name
            .into_iter()
            .chain(command.map(CommandLine::as_terminated))
        {
            self.strings.give_back(text);
        }
    }

    /// How many different ones there are.
    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.strings.len()
    }

    pub(super) fn heap_bytes(&self) -> usize {
        self.strings.heap_bytes()
    }

    /// Lets go of room that a crowd left behind.
    pub(super) fn shrink(&mut self) {
        self.strings.shrink();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::redact::Pattern;

    #[test]
    fn bytes_that_are_held_are_not_looked_through_again() {
        let config = Config {
            redact_patterns: vec![Pattern::new(".").expect("it is one")],
            ..Config::default()
        };
        let texts = Texts::new(&config);
        // No output of this redactor, so that it would tell the two apart if it were asked.
        let held = CommandLine::from_terminated("app\0--verbose\0".into());
        assert!(texts.is_name("app", b"app"));
        assert!(texts.is_command(&held, b"app\0--verbose\0"));
        assert!(!texts.is_name("app", b"apq"));
        assert!(!texts.is_command(&held, b"app\0--verbosf\0"));
    }
}
