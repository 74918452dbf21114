//! Optional fields that could not be read: counted, and logged once.

use crate::model::{Detail, ErrorClass};
use crate::source::linux::proc::procfs::Unread;

/// The fields that could not be read, by class.
#[derive(Debug, Default)]
pub(super) struct Denials {
    logged: Vec<(&'static str, ErrorClass)>,
    /// Those of this scan.
    count: u32,
}

impl Denials {
    /// Counts a field that a living process has and that could not be read.
    pub(super) fn add(&mut self, detail: Detail, unread: Unread) {
        let class = match unread {
            // It has exited.
            Unread::Gone => return,
            Unread::Denied => ErrorClass::Permission,
            Unread::Failed => ErrorClass::ResourcesExhausted,
            Unread::NotAFile => ErrorClass::BadData,
        };
        self.count += 1;
        let name = detail.field().collect.unwrap_or_default();
        if !self.logged.contains(&(name, class)) {
            self.logged.push((name, class));
            match class {
                ErrorClass::Permission => log::info!(
                    "{name} of some processes cannot be read without the rights of ptrace(2)"
                ),
                _ => log::warn!("{name} of some processes cannot be read: {class}"),
            }
        }
    }

    /// Takes the number of fields since the last call.
    pub(super) fn take(&mut self) -> u32 {
        std::mem::take(&mut self.count)
    }
}
