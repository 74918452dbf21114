//! Which source shows the live host.

use super::contract::Source;
#[cfg(target_os = "linux")]
use super::linux::LinuxSource;
use super::sysinfo::SysinfoSource;
use crate::config::{Config, SourceChoice};
use crate::model::{Error, ErrorClass, Result};

/// The source of the live host that the settings ask for: what a scanner scans unless it is given
/// another one.
///
/// # Errors
///
/// When this host cannot be scanned, or not by the source asked for: of class
/// [`Unsupported`](ErrorClass::Unsupported) elsewhere than on Linux, and otherwise as the system says.
pub fn live_source(config: &Config) -> Result<Box<dyn Source>> {
    match config.source {
        SourceChoice::Sysinfo => sysinfo(config),
        SourceChoice::Linux => linux(config),
        SourceChoice::Auto if !cfg!(target_os = "linux") => sysinfo(config),
        // Nobody else could read the place that was named.
        SourceChoice::Auto if config.proc_path.is_some() => linux(config),
        SourceChoice::Auto => linux(config).or_else(|error| {
            log::warn!(
                "the source linux cannot be used, sysinfo is: {}",
                error.full_message()
            );
            // Where neither can be used, the first says why: sysinfo only goes by what it is left with.
            sysinfo(config).map_err(|_| match error.class() {
                ErrorClass::Unsupported => error.with_advice("mount proc(5) there"),
                _ => error,
            })
        }),
    }
}

fn sysinfo(config: &Config) -> Result<Box<dyn Source>> {
    if let Some(path) = &config.proc_path {
        return Err(Error::new(
            ErrorClass::Config,
            format!(
                "proc_path is {}, and sysinfo reads /proc alone",
                path.display()
            ),
        )
        .with_advice(match cfg!(target_os = "linux") {
            true => "choose the source linux",
            false => "leave it out on this system",
        }));
    }
    Ok(Box::new(SysinfoSource::new(config.collect)?))
}

#[cfg(target_os = "linux")]
fn linux(config: &Config) -> Result<Box<dyn Source>> {
    let path = config.proc_path.as_deref();
    let path = path.unwrap_or(std::path::Path::new("/proc"));
    Ok(Box::new(LinuxSource::with_proc(path, config.collect)?))
}

#[cfg(not(target_os = "linux"))]
fn linux(_config: &Config) -> Result<Box<dyn Source>> {
    Err(Error::new(
        ErrorClass::Unsupported,
        "the source linux is for Linux, and this is another system",
    )
    .with_advice("choose the source sysinfo, or let it be chosen"))
}
