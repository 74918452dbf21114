//! What a scan costs for each process, from a thousand of them to twenty thousand: our source on Linux,
//! the bare system calls that it makes, and the refresh of sysinfo.
//!
//! `cargo bench --bench scale -- [--quick] [--write] [SIZES…]`
//!
//! A size is a number of idle children, which this bench starts; whatever else runs on the host is scanned
//! too. A size that there is no room for is skipped, and standard error says so.
//!
//! Ours takes turns with one other at a time, and who begins changes. With three in a ring each would
//! always follow the same one, and whoever follows sysinfo, which reads far more than the others, would
//! find the caches full of what it left.
//!
//! `--write` keeps the figures in `docs/scale.csv`. The bench `scale_plot` makes the picture of them.

// A bench prints its figures.
#![allow(clippy::print_stdout, clippy::print_stderr)]

#[cfg(target_os = "linux")]
mod contenders;
#[cfg(target_os = "linux")]
mod crowd;
#[cfg(target_os = "linux")]
mod measure;

#[cfg(target_os = "linux")]
#[path = "scale/figures.rs"]
mod figures;
#[cfg(target_os = "linux")]
#[path = "scale/plan.rs"]
mod plan;
#[cfg(target_os = "linux")]
#[path = "scale/room.rs"]
mod room;
#[cfg(target_os = "linux")]
#[path = "scale/size.rs"]
mod size;

#[cfg(not(target_os = "linux"))]
fn main() {
    println!("SKIPPED: what is measured here is how Linux is scanned");
}

#[cfg(target_os = "linux")]
fn main() -> Result<(), Box<dyn std::error::Error>> {
    crowd::child::be_child_if_told();
    let plan = plan::Plan::from_args();
    let mut figures = Vec::new();
    for &children in &plan.sizes {
        eprintln!("starting {children} children");
        match size::measure(children, &plan) {
            Ok(figure) => figures.push(figure),
            Err(error) => eprintln!("SKIPPED: {children} children: {error}"),
        }
    }
    if figures.is_empty() {
        return Err("nothing could be measured".into());
    }
    print!("{}", figures::to_markdown(&figures));
    if plan.writes {
        std::fs::write(figures::CSV_PATH, figures::to_csv(&figures))?;
        println!("\nWritten to {}", figures::CSV_PATH);
    }
    Ok(())
}
