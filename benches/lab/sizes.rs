//! The sizes of hosts that an experiment measures, as numbers of children.

const QUICK: [usize; 1] = [100];

/// Returns the requested sizes, or the default ones if there are none.
pub(crate) fn or_default(requested: Vec<usize>, defaults: &[usize], is_quick: bool) -> Vec<usize> {
    match requested.is_empty() {
        true if is_quick => QUICK.to_vec(),
        true => defaults.to_vec(),
        false => requested,
    }
}
