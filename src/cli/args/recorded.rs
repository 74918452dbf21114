//! Options for the recordings that a command reads.

use std::path::PathBuf;

use clap::{Args, ValueHint};

use super::moments::Span;

/// The recordings, and the part of them that is wanted.
#[derive(Debug, Clone, Default, Args)]
pub(crate) struct Recorded {
    /// Recordings to read, compressed by gzip or not; `-` is standard input
    ///
    /// A name without a file stands for the files that `record --rotate` wrote under that name.
    /// Those of one recorder are read as one recording. Where another recording begins, all its
    /// processes are listed anew.
    #[arg(id = "file", value_name = "FILE", required = true, value_hint = ValueHint::FilePath)]
    pub(crate) files: Vec<PathBuf>,
    #[command(flatten)]
    pub(crate) span: Span,
}

impl Recorded {
    /// Returns what is wrong with the files and times together, and what to do.
    ///
    /// `needs_end`: a time counts from the end of the recording.
    pub(super) fn conflict(&self, needs_end: bool) -> Option<String> {
        let has_stdin = self.files.iter().any(|file| file.as_os_str() == "-");
        if has_stdin && self.files.len() > 1 {
            return Some("'-' cannot be one of several files; name it alone".into());
        }
        (has_stdin && needs_end).then(|| {
            "a time before the end needs a file, since the end of standard input comes last".into()
        })
    }
}
