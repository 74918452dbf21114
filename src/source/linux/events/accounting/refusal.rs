//! Why the kernel's records cannot be received, and whether that lasts.

use rustix::io::Errno;

/// Why no records can be received.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Refusal {
    /// For people.
    pub(super) why: String,
    /// Another attempt would fail too: rights are missing, or the kernel has no records.
    pub(super) is_lasting: bool,
}

impl Refusal {
    /// Creates it from the error of an action.
    pub(super) fn new(action: &str, errno: Errno) -> Self {
        let (why, is_lasting) = match errno {
            Errno::PERM | Errno::ACCESS => ("CAP_NET_ADMIN is required".into(), true),
            Errno::NOENT | Errno::PROTONOSUPPORT | Errno::AFNOSUPPORT => {
                ("this kernel does not have it".into(), true)
            }
            Errno::TIMEDOUT => ("the kernel does not answer".into(), false),
            errno => (std::io::Error::from(errno).to_string(), false),
        };
        Self {
            why: format!("cannot {action} the kernel's taskstats: {why}"),
            is_lasting,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_missing_rights_and_a_missing_family_last() {
        for (errno, is_lasting) in [
            (Errno::PERM, true),
            (Errno::NOENT, true),
            (Errno::MFILE, false),
            (Errno::NOMEM, false),
            (Errno::TIMEDOUT, false),
        ] {
            let refusal = Refusal::new("receive", errno);
            assert_eq!(refusal.is_lasting, is_lasting, "{refusal:?}");
            assert!(
                refusal
                    .why
                    .starts_with("cannot receive the kernel's taskstats: ")
            );
        }
    }
}
