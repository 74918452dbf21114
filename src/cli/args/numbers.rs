//! Parses numeric arguments.

use std::ops::RangeInclusive;

pub(super) fn at_least_one(text: &str) -> Result<u64, String> {
    match text.parse() {
        Ok(number) if number > 0 => Ok(number),
        _ if text.len() > 19 && text.bytes().all(|byte| byte.is_ascii_digit()) => {
            Err(format!("must be at most {}", u64::MAX))
        }
        _ => Err("must be a whole number of at least 1".into()),
    }
}

/// Limits of the speed of a replay.
pub(crate) const SPEEDS: RangeInclusive<f64> = 0.001..=1e6;

pub(super) fn speed(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(speed) if SPEEDS.contains(&speed) => Ok(speed),
        _ => Err("must be a number from 0.001 to 1000000".into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn speed_accepts_positive_finite_numbers_alone() {
        assert_eq!(speed("0.5"), Ok(0.5));
        for given in ["0", "-1", "NaN", "inf", "1e300", "fast", ""] {
            speed(given).expect_err(given);
        }
    }
}
