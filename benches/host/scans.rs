//! The table of all scans.

use crate::contenders::turns::Compared;

pub(super) fn print_head() {
    println!(
        "| between two rounds | processes | what | CPU, ms | time, ms | CPU, times bare | \
         time, times bare | failed scans |"
    );
    println!("|---|---|---|---|---|---|---|---|");
}

pub(super) fn print(story: &str, all: &[Compared]) {
    for compared in all {
        let Compared {
            name,
            processes,
            wall_ratio,
            failed,
            ..
        } = compared;
        let or_dash = |value: Option<f64>, digits: usize| {
            value.map_or("-".into(), |value| format!("{value:.digits$}"))
        };
        let cpu_ms = or_dash(compared.cpu_us.map(|us| us / 1000.0), 2);
        let cpu_ratio = or_dash(compared.cpu_ratio, 3);
        let wall_ms = compared.wall_us / 1000.0;
        println!(
            "| {story} | {processes:.0} | {name} | {cpu_ms} | {wall_ms:.2} | {cpu_ratio} | \
             {wall_ratio:.3} | {failed} |"
        );
    }
}
