//! Order statistics.

/// Returns the median, or NaN if there are no values.
pub(crate) fn median(values: Vec<f64>) -> f64 {
    quantile(values, 0.5)
}

/// Returns the value at this share of the sorted values, or NaN if there are none.
pub(crate) fn quantile(mut values: Vec<f64>, share: f64) -> f64 {
    values.sort_by(f64::total_cmp);
    let index = values.len().saturating_sub(1) as f64 * share;
    values
        .get(index.round() as usize)
        .copied()
        .unwrap_or(f64::NAN)
}
