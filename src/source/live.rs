//! Selects the source of the live host.

#[cfg(target_os = "linux")]
use std::time::Duration;

use super::contract::Source;
#[cfg(target_os = "linux")]
use super::linux::{LinuxSource, ListenOptions};
use super::sysinfo::SysinfoSource;
#[cfg(target_os = "linux")]
use crate::config::Listen;
use crate::config::{Config, SourceChoice};
use crate::model::{Collect, Error, ErrorClass, Result};

/// The part of the CPU budget that events may cost.
#[cfg(target_os = "linux")]
const LISTEN_SHARE: f64 = 0.5;

/// Returns the source of the live host that the settings select.
///
/// A scanner uses it unless the builder is given another source.
///
/// # Errors
///
/// Returns an error of class [`Unsupported`](ErrorClass::Unsupported) if the selected source is
/// `Linux` on another system, of class [`Config`](ErrorClass::Config) if
/// [`proc_path`](Config::proc_path) is set for sysinfo, and of the class of the system's error if
/// the selected source cannot scan this host.
pub fn live_source(config: &Config) -> Result<Box<dyn Source>> {
    match config.source {
        SourceChoice::Sysinfo => sysinfo(config),
        SourceChoice::Linux => linux(config),
        SourceChoice::Auto if !cfg!(target_os = "linux") => sysinfo(config),
        // Only this source can read another folder than /proc.
        SourceChoice::Auto if config.proc_path.is_some() => linux(config),
        SourceChoice::Auto => linux(config).or_else(|error| {
            log::warn!(
                "the source linux cannot be used, using sysinfo: {}",
                error.full_message()
            );
            // If neither works, the first error is the more precise one.
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
                "proc_path is {}, but the source sysinfo can only read /proc",
                path.display()
            ),
        )
        .with_advice(match cfg!(target_os = "linux") {
            true => "select the source linux",
            false => "remove proc_path on this system",
        }));
    }
    let lacking = config.collect.without(SysinfoSource::HAS);
    // The defaults also have fields that only Linux has.
    let lacking = lacking.without(Collect::default());
    if !lacking.is_empty() {
        log::warn!("the source sysinfo does not have these fields on this system: {lacking}");
    }
    Ok(Box::new(SysinfoSource::new(config.collect)?))
}

#[cfg(target_os = "linux")]
fn linux(config: &Config) -> Result<Box<dyn Source>> {
    let path = config.proc_path.as_deref();
    let path = path.unwrap_or(std::path::Path::new("/proc"));
    let source = LinuxSource::with_proc(path, config.collect)?
        .with_pss_of(&config.pss_pids)
        .with_pss_wait(Duration::from_millis(config.pss_wait_ms));
    Ok(Box::new(match config.listen {
        Listen::Off => source,
        Listen::Auto => {
            let percent = config.cpu_budget_percent;
            source.listening(ListenOptions {
                raise_descriptor_limit: config.raise_descriptor_limit,
                cpu_percent: percent.map(|percent| percent * LISTEN_SHARE),
                ..ListenOptions::default()
            })
        }
    }))
}

#[cfg(not(target_os = "linux"))]
fn linux(_config: &Config) -> Result<Box<dyn Source>> {
    Err(Error::new(
        ErrorClass::Unsupported,
        "the source linux works only on Linux",
    )
    .with_advice("select the source sysinfo or auto"))
}
