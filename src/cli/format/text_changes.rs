//! Decides which changes of a process a line of text has.

use process_scanner::{Changes, FIELDS, ProcessInfo, Status};

/// Returns the changes that a line of text has. `has_measures`: CPU use and memory too.
///
/// A process that has ended has no memory, so that is no news. Optional fields have no text.
pub(super) fn in_text(process: &ProcessInfo, changed: Changes, has_measures: bool) -> Changes {
    let fields = FIELDS.iter().filter(|field| field.detail().is_none());
    let in_text: Changes = fields.map(Changes::of).collect();
    let changed = changed.without(Changes::ALL.without(in_text));
    let changed = match has_measures {
        true => changed,
        false => changed.without(Changes::MEASURES),
    };
    let has_ended = matches!(process.status, Some(Status::Zombie | Status::Dead));
    match has_ended && process.resources.rss_bytes == Some(0) {
        true => changed.without(Changes::RSS),
        false => changed,
    }
}

#[cfg(test)]
mod tests {
    use process_scanner::ProcessKey;

    use super::*;

    #[test]
    fn the_memory_of_a_zombie_is_no_news() {
        let mut process = ProcessInfo::unknown(ProcessKey {
            pid: 7,
            start_time_ms: None,
        });
        let changed = Changes::STATUS | Changes::RSS;
        process.resources.rss_bytes = Some(0);
        assert_eq!(in_text(&process, changed, true), changed);
        process.status = Some(Status::Zombie);
        assert_eq!(in_text(&process, changed, true), Changes::STATUS);
        assert_eq!(in_text(&process, Changes::RSS, true), Changes::default());
        process.resources.rss_bytes = Some(4096);
        assert_eq!(in_text(&process, changed, true), changed);
        assert_eq!(in_text(&process, changed, false), Changes::STATUS);
    }
}
