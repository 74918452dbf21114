//! The sizes of hosts that an experiment measures, as numbers of children.

use std::error::Error;

const QUICK: [usize; 1] = [100];

/// Returns the requested sizes, or the default ones if there are none.
pub(crate) fn or_default(requested: Vec<usize>, defaults: &[usize], is_quick: bool) -> Vec<usize> {
    match requested.is_empty() {
        true if is_quick => QUICK.to_vec(),
        true => defaults.to_vec(),
        false => requested,
    }
}

/// Measures at each size. Returns what could be measured, and an error if that is not all.
///
/// The reasons are printed to standard error.
pub(crate) fn measure_each<T>(
    sizes: &[usize],
    mut measure: impl FnMut(usize) -> Result<T, Box<dyn Error>>,
) -> (Vec<T>, Result<(), Box<dyn Error>>) {
    let mut measured = Vec::new();
    for &children in sizes {
        eprintln!("starting {children} children");
        match measure(children) {
            Ok(result) => measured.push(result),
            Err(error) => eprintln!("skipped: {children} children: {error}"),
        }
    }
    let outcome = match measured.len() == sizes.len() {
        true => Ok(()),
        false => Err("some measurements are missing".into()),
    };
    (measured, outcome)
}
