//! Names and command lines of the table: redacted, decoded and stored once.

use std::sync::Arc;

use super::strings::{Strings, TextDecoder};
use crate::config::Config;
use crate::model::{CommandLine, Detail, Details, ProcessInfo, Unit};
use crate::redact::Redactor;
use crate::source::{DetailReading, DetailValue, Reading};

/// Redacts, decodes and stores names and command lines.
///
/// Redacting comes before cutting: the part that reveals a secret, such as the `@` of a URL, can be behind
/// the cut. Bytes equal to the stored text are not redacted again: redacted text stays unchanged when
/// redacted again.
#[derive(Debug)]
pub(super) struct Texts {
    strings: Strings,
    decoder: TextDecoder,
    redactor: Redactor,
}

impl Texts {
    pub(super) fn new(config: &Config) -> Self {
        Self {
            strings: Strings::default(),
            decoder: TextDecoder {
                max_bytes: config.max_text_bytes,
            },
            redactor: Redactor::from(config),
        }
    }

    /// Returns the stored name of a new process.
    pub(super) fn intern_name(&mut self, name: &[u8]) -> Arc<str> {
        let redacted = self.redactor.name(name);
        self.strings.intern(&self.decoder.decode(&redacted))
    }

    /// Returns the stored command line of a new process.
    pub(super) fn intern_command(&mut self, command: &[u8]) -> CommandLine {
        let redacted = self.redactor.command_up_to(command, self.decoder.max_bytes);
        CommandLine::from_terminated(self.strings.intern(&self.decoder.decode(&redacted)))
    }

    /// Updates a name, and returns whether it changed. An unread one stays.
    pub(super) fn update_name(&mut self, process: &mut ProcessInfo, name: Reading<&[u8]>) -> bool {
        let Reading::Known(name) = name else {
            return false;
        };
        let known = process.name.as_deref();
        if known.is_some_and(|old| self.is_name(old, name)) {
            return false;
        }
        if let Some(old) = process.name.replace(self.intern_name(name)) {
            self.strings.release(&old);
        }
        true
    }

    /// Updates a command line, and returns whether it changed. An unread one stays.
    pub(super) fn update_command(
        &mut self,
        process: &mut ProcessInfo,
        command: Reading<&[u8]>,
    ) -> bool {
        let Reading::Known(command) = command else {
            return false;
        };
        let known = process.command.as_ref();
        if known.is_some_and(|old| self.is_command(old, command)) {
            return false;
        }
        if let Some(old) = process.command.replace(self.intern_command(command)) {
            self.strings.release(old.as_terminated());
        }
        true
    }

    /// Makes a name unknown, and returns whether it was known.
    pub(super) fn clear_name(&mut self, process: &mut ProcessInfo) -> bool {
        if process.name.is_none() {
            return false;
        }
        let old = process.name.take();
        self.release(old.as_ref(), None);
        true
    }

    /// Makes a command line unknown, and returns whether it was known.
    pub(super) fn clear_command(&mut self, process: &mut ProcessInfo) -> bool {
        if process.command.is_none() {
            return false;
        }
        let old = process.command.take();
        self.release(None, old.as_ref());
        true
    }

    /// Updates the details that were read. Equal ones need no memory.
    pub(super) fn update_details(&mut self, known: &mut Details, read: &[DetailReading<'_>]) {
        for reading in read {
            self.update_detail(known, *reading);
        }
    }

    fn update_detail(&mut self, known: &mut Details, reading: DetailReading<'_>) {
        let DetailReading { detail, value } = reading;
        let is_text = detail.field().unit == Unit::Text;
        match value {
            DetailValue::Number(number) if !is_text => {
                if known.number(detail) != Some(number) {
                    known.set_number(detail, number);
                }
            }
            DetailValue::Text(text) if is_text => {
                let old = known.text(detail).cloned();
                if old
                    .as_deref()
                    .is_some_and(|old| self.is_detail(detail, old, text))
                {
                    return;
                }
                let redacted = self.redactor.detail(detail, text);
                let stored = self.strings.intern(&self.decoder.decode(&redacted));
                known.set_text(detail, stored);
                self.release_text(old);
            }
            DetailValue::Unknown | DetailValue::Number(_) | DetailValue::Text(_) => {
                let old = known.text(detail).cloned();
                if !known.has(detail) || !known.get(detail).is_unknown() {
                    known.set_unknown(detail);
                }
                self.release_text(old);
            }
        }
    }

    fn is_detail(&self, detail: Detail, stored: &str, text: &[u8]) -> bool {
        self.is_stored(stored, text)
            || self
                .decoder
                .matches(stored, &self.redactor.detail(detail, text))
    }

    fn release_text(&mut self, text: Option<Arc<str>>) {
        if let Some(text) = text {
            self.strings.release(&text);
        }
    }

    /// Releases the texts of the details of a process.
    pub(super) fn release_details(&mut self, details: &Details) {
        details.texts().for_each(|text| self.strings.release(text));
    }

    /// Returns whether `name` converts to the stored text.
    pub(super) fn is_name(&self, stored: &str, name: &[u8]) -> bool {
        self.is_stored(stored, name) || self.decoder.matches(stored, &self.redactor.name(name))
    }

    /// Returns whether `command` converts to the stored text.
    pub(super) fn is_command(&self, stored: &CommandLine, command: &[u8]) -> bool {
        let stored = stored.as_terminated();
        let redacted = || self.redactor.command_up_to(command, self.decoder.max_bytes);
        self.is_stored(stored, command) || self.decoder.matches(stored, &redacted())
    }

    fn is_stored(&self, stored: &str, bytes: &[u8]) -> bool {
        bytes.len() <= self.decoder.max_bytes && stored.as_bytes() == bytes
    }

    /// Releases the name and the command line of a process.
    pub(super) fn release(&mut self, name: Option<&Arc<str>>, command: Option<&CommandLine>) {
        for text in name
            .into_iter()
            .chain(command.map(CommandLine::as_terminated))
        {
            self.strings.release(text);
        }
    }

    /// Returns the number of different texts.
    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.strings.len()
    }

    pub(super) fn heap_bytes(&self) -> usize {
        self.strings.heap_bytes()
    }

    /// Frees unused memory.
    pub(super) fn shrink(&mut self) {
        self.strings.shrink();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::redact::Pattern;

    #[test]
    fn ids_of_containers_stay_and_secrets_in_paths_do_not() {
        let texts = Texts::new(&Config::default());
        let id = "0123456789abcdef".repeat(4);
        for path in [
            format!("/docker/{id}"),
            format!("/system.slice/docker-{id}.scope"),
            "/user.slice/user-1000.slice/user@1000.service/app.slice/x.scope".into(),
        ] {
            let redacted = texts.redactor.detail(Detail::Cgroup, path.as_bytes());
            assert_eq!(String::from_utf8_lossy(&redacted), path);
        }
        let key = b"/opt/AKIAIOSFODNN7EXAMPLE/tool";
        let redacted = texts.redactor.detail(Detail::Executable, key);
        let in_command = texts.redactor.command(b"/opt/AKIAIOSFODNN7EXAMPLE/tool\0");
        assert_eq!(&redacted[..], &in_command[..in_command.len() - 1]);
        let texts = Texts::new(&Config {
            redact_patterns: vec![Pattern::new("acme").expect("a valid pattern")],
            ..Config::default()
        });
        let redacted = texts
            .redactor
            .detail(Detail::SystemdUnit, b"acme-db.service");
        assert_eq!(&*redacted, b"[redacted]-db.service");
    }

    #[test]
    fn stored_bytes_are_not_redacted_again() {
        let config = Config {
            redact_patterns: vec![Pattern::new(".").expect("a valid pattern")],
            ..Config::default()
        };
        let texts = Texts::new(&config);
        // This redactor would change the text, so a comparison through it would fail.
        let stored = CommandLine::from_terminated("app\0--verbose\0".into());
        assert!(texts.is_name("app", b"app"));
        assert!(texts.is_command(&stored, b"app\0--verbose\0"));
        assert!(!texts.is_name("app", b"apq"));
        assert!(!texts.is_command(&stored, b"app\0--verbosf\0"));
    }
}
