//! The CPU use and the memory of one process over the last minutes.

/// Length of a step, in milliseconds.
pub(super) const STEP_MS: u64 = 2000;

/// Steps that a curve keeps: five minutes.
pub(super) const STEPS: u32 = 150;

/// Points that a curve has too many before it is cut, so that it is rarely cut.
const SLACK: usize = 16;

/// A value; NaN is unknown, which takes half the memory of an `Option`.
#[derive(Debug, Clone, Copy)]
struct Known(f32);

impl Known {
    fn new(value: Option<f32>) -> Self {
        Self(value.filter(|value| value.is_finite()).unwrap_or(f32::NAN))
    }

    fn get(self) -> Option<f32> {
        (!self.0.is_nan()).then_some(self.0)
    }

    /// Returns the greater one; a known one is greater than an unknown one.
    fn max(self, other: Self) -> Self {
        Self(self.0.max(other.0))
    }
}

impl PartialEq for Known {
    fn eq(&self, other: &Self) -> bool {
        self.get() == other.get()
    }
}

/// What one step had. It holds for the steps after it, until the next point.
#[derive(Debug, Clone, Copy)]
struct Point {
    step: u32,
    /// The most in the step, so that a short peak is seen.
    cpu: Known,
    /// The last in the step.
    rss: Known,
}

/// The curves of a process. A process that does not change takes no further memory.
#[derive(Debug, Clone, Default)]
pub(super) struct Curve {
    points: Vec<Point>,
    /// The last CPU use, where the last point has a greater one.
    cpu: Option<Known>,
}

/// What a curve is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Measure {
    /// Percent of one core.
    Cpu,
    /// Resident memory in bytes.
    Rss,
}

impl Curve {
    /// Adds a reading. Steps do not decrease.
    pub(super) fn see(&mut self, step: u32, cpu_percent: Option<f32>, rss_bytes: Option<u64>) {
        let cpu = Known::new(cpu_percent);
        let rss = Known::new(rss_bytes.map(|bytes| bytes as f32));
        match self.points.last_mut() {
            Some(last) if last.step >= step => {
                last.cpu = last.cpu.max(cpu);
                last.rss = rss;
                self.cpu = (last.cpu != cpu).then_some(cpu);
            }
            Some(last) => {
                let last = *last;
                let before = self.cpu.take();
                if let Some(before) = before.filter(|_| last.step + 1 < step) {
                    let (step, rss) = (last.step + 1, last.rss);
                    let cpu = before;
                    self.points.push(Point { step, cpu, rss });
                }
                if (before.unwrap_or(last.cpu), last.rss) != (cpu, rss) || before.is_some() {
                    self.points.push(Point { step, cpu, rss });
                }
            }
            None => self.points.push(Point { step, cpu, rss }),
        }
        let old = self
            .points
            .partition_point(|point| point.step.saturating_add(STEPS) <= step);
        // The last of the old ones holds at the begin of the window.
        if old > SLACK {
            self.points.drain(..old - 1);
        }
    }

    /// Returns the values of the last `steps` steps up to `now`; `None` where it is unknown.
    pub(super) fn values(&self, measure: Measure, now: u32, steps: u32) -> Vec<Option<f32>> {
        let first = i64::from(now) - i64::from(steps) + 1;
        let mut next = 0;
        let mut value = Known(f32::NAN);
        let all = (first..=i64::from(now)).map(|step| {
            let mut is_here = false;
            while let Some(point) = self.points.get(next)
                && i64::from(point.step) <= step
            {
                value = match measure {
                    Measure::Cpu => point.cpu,
                    Measure::Rss => point.rss,
                };
                is_here = i64::from(point.step) == step;
                next += 1;
            }
            // Only the step of the last point had its peak.
            match (measure, self.cpu) {
                (Measure::Cpu, Some(cpu)) if next == self.points.len() && !is_here => cpu.get(),
                _ => value.get(),
            }
        });
        all.collect()
    }

    /// Returns the heap bytes that it uses.
    #[cfg(test)]
    pub(super) fn heap_bytes(&self) -> usize {
        self.points.capacity() * size_of::<Point>()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cpu(curve: &Curve, now: u32, steps: u32) -> Vec<Option<f32>> {
        curve.values(Measure::Cpu, now, steps)
    }

    #[test]
    fn a_step_has_its_peak_and_the_steps_after_it_the_last_value() {
        let mut curve = Curve::default();
        assert_eq!(cpu(&curve, 3, 2), [None, None]);
        curve.see(10, Some(1.0), Some(1 << 20));
        curve.see(12, Some(90.0), Some(1 << 20));
        curve.see(12, Some(2.0), Some(2 << 20));
        let known = [None, Some(1.0), Some(1.0), Some(90.0), Some(2.0), Some(2.0)];
        assert_eq!(cpu(&curve, 14, 6), known);
        curve.see(16, Some(4.0), None);
        let known = [Some(90.0), Some(2.0), Some(2.0), Some(2.0), Some(4.0)];
        assert_eq!(cpu(&curve, 16, 5), known);
        curve.see(17, None, None);
        assert_eq!(cpu(&curve, 18, 3), [Some(4.0), None, None]);
        let rss = curve.values(Measure::Rss, 16, 5);
        let two = Some(2_097_152.0);
        assert_eq!(rss, [two, two, two, two, None]);
    }

    #[test]
    fn a_peak_is_over_in_the_next_step() {
        let mut curve = Curve::default();
        curve.see(1, Some(90.0), None);
        curve.see(1, Some(0.0), None);
        curve.see(2, Some(0.0), None);
        curve.see(3, Some(0.0), None);
        let zero = Some(0.0);
        assert_eq!(cpu(&curve, 4, 4), [Some(90.0), zero, zero, zero]);
    }

    #[test]
    fn an_idle_process_takes_no_more_memory_and_a_busy_one_has_a_limit() {
        let (mut idle, mut busy) = (Curve::default(), Curve::default());
        for step in 0..100_000 {
            idle.see(step, Some(0.0), Some(4096));
            busy.see(step, Some(step as f32), Some(u64::from(step)));
        }
        assert!(idle.heap_bytes() <= 64, "{}", idle.heap_bytes());
        assert!(busy.heap_bytes() <= 4096, "{}", busy.heap_bytes());
        let values = cpu(&busy, 99_999, STEPS);
        assert_eq!(values.len(), STEPS as usize);
        assert_eq!([values[0], values[149]], [Some(99_850.0), Some(99_999.0)]);
        assert_eq!(cpu(&idle, 100_000_000, 2), [Some(0.0); 2]);
    }

    #[test]
    fn values_are_exact_or_unknown() {
        for value in [0.0, 0.1, 6400.0, f32::MAX, u64::MAX as f32] {
            assert_eq!(Known::new(Some(value)).get(), Some(value));
        }
        for value in [f32::NAN, f32::INFINITY] {
            assert_eq!(Known::new(Some(value)).get(), None);
        }
    }
}
