//! Random bytes as a recording: replay ends without a panic.

use std::sync::LazyLock;

use process_scanner::{ErrorClass, ReplaySource};
use proptest::prelude::*;
use proptest::sample::Index;

use super::{HEADER, play};
use crate::fixtures::STORIES;

/// The recordings of all stories but the large one.
static RECORDINGS: LazyLock<Vec<Vec<u8>>> = LazyLock::new(|| {
    let recordings = STORIES.iter().map(|(_, story)| story().record().0);
    recordings.filter(|bytes| bytes.len() < 10_000).collect()
});

#[derive(Debug, Clone)]
enum Edit {
    Flip(Index, u8),
    Insert(Index, Vec<u8>),
    Delete(Index, usize),
    /// Copies a line to another place.
    Repeat(Index, Index),
}

fn edit() -> impl Strategy<Value = Edit> {
    let byte = prop_oneof![
        any::<u8>(),
        proptest::sample::select(b"{}[]\",:0123456789-.\n\\nulltrue".to_vec()),
    ];
    prop_oneof![
        (any::<Index>(), 1_u8..).prop_map(|(at, mask)| Edit::Flip(at, mask)),
        (any::<Index>(), proptest::collection::vec(byte, 1..6))
            .prop_map(|(at, bytes)| Edit::Insert(at, bytes)),
        (any::<Index>(), 1_usize..40).prop_map(|(at, len)| Edit::Delete(at, len)),
        (any::<Index>(), any::<Index>()).prop_map(|(from, to)| Edit::Repeat(from, to)),
    ]
}

impl Edit {
    fn apply(&self, bytes: &mut Vec<u8>) {
        match self {
            Self::Flip(at, mask) if !bytes.is_empty() => {
                let at = at.index(bytes.len());
                bytes[at] ^= mask;
            }
            Self::Insert(at, inserted) => {
                let at = at.index(bytes.len() + 1);
                bytes.splice(at..at, inserted.iter().copied());
            }
            Self::Delete(at, len) if !bytes.is_empty() => {
                let at = at.index(bytes.len());
                bytes.drain(at..(at + len).min(bytes.len()));
            }
            Self::Repeat(from, to) => {
                let mut lines: Vec<_> = bytes.split_inclusive(|&byte| byte == b'\n').collect();
                if !lines.is_empty() {
                    let line = lines[from.index(lines.len())];
                    lines.insert(to.index(lines.len() + 1), line);
                    *bytes = lines.concat();
                }
            }
            Self::Flip(..) | Self::Delete(..) => {}
        }
    }
}

/// Plays a recording to its end. A line gives at most one batch, so there is an end.
fn assert_no_panic(bytes: &[u8]) {
    let lines = bytes.split(|&byte| byte == b'\n').count();
    match ReplaySource::new(std::io::Cursor::new(bytes.to_vec())) {
        Ok(source) => assert!(play(source).len() <= lines),
        Err(error) => assert_eq!(error.class(), ErrorClass::BadData),
    }
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 600,
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn a_mutated_recording_never_panics(
        which: Index,
        edits in proptest::collection::vec(edit(), 1..6),
    ) {
        let mut bytes = RECORDINGS[which.index(RECORDINGS.len())].clone();
        for edit in edits {
            edit.apply(&mut bytes);
        }
        assert_no_panic(&bytes);
    }

    #[test]
    fn random_bytes_never_panic(
        bytes in proptest::collection::vec(any::<u8>(), 0..300),
        has_header: bool,
    ) {
        let mut recording = Vec::new();
        if has_header {
            recording.extend_from_slice(HEADER.as_bytes());
            recording.push(b'\n');
        }
        recording.extend(bytes);
        assert_no_panic(&recording);
    }
}
