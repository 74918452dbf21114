//! Builds a scanner from settings and a source.

use std::fmt;
use std::time::Duration;

use super::by_hand::Scanner;
use super::core::Core;
use super::handle::ScannerHandle;
use crate::config::Config;
use crate::dispatch::{Dispatch, Watchdog};
use crate::metrics::Observation;
use crate::model::Result;
use crate::source::{Source, live_source};

/// Builds a [`Scanner`] or starts one. [`Scanner::builder`] returns it.
#[derive(Default)]
#[must_use = "a builder does nothing until `build` or `start` is called"]
pub struct ScannerBuilder {
    config: Config,
    source: Option<Box<dyn Source>>,
    second_scan_after: Option<Duration>,
}

impl Scanner {
    /// Creates a builder with default settings, for the live host.
    pub fn builder() -> ScannerBuilder {
        ScannerBuilder::default()
    }
}

impl ScannerBuilder {
    /// Sets the settings.
    pub fn config(mut self, config: Config) -> Self {
        self.config = config;
        self
    }

    /// Sets a source in place of the live host.
    pub fn source(mut self, source: impl Source + 'static) -> Self {
        self.source = Some(Box::new(source));
        self
    }

    /// Sets the time from the first scan of a running scanner to the second one.
    ///
    /// The others follow at the interval. By default the second one does too. If many hosts start at
    /// once, a random part of the interval keeps them from scanning at the same moments.
    ///
    /// The second scan comes at least 50 ms after the end of the first one, and at most an interval
    /// after it. If the first scan makes the interval longer, because it is expensive, the second one
    /// comes after that interval.
    pub fn second_scan_after(mut self, wait: Duration) -> Self {
        self.second_scan_after = Some(wait);
        self
    }

    /// Builds a scanner to be driven by hand with [`Scanner::scan_once`].
    ///
    /// The scanner has threads from now on. It does not survive fork(2), because a child has none
    /// of them. A program that becomes a daemon must fork first.
    ///
    /// # Errors
    ///
    /// Returns an error of class [`Config`](crate::ErrorClass::Config) if a setting is outside its
    /// limits, an error of [`live_source`] if this host cannot be scanned, and an error of class
    /// [`ResourcesExhausted`](crate::ErrorClass::ResourcesExhausted) if no thread can be started.
    pub fn build(self) -> Result<Scanner> {
        self.config.validate()?;
        let source = match self.source {
            Some(source) => source,
            None => live_source(&self.config)?,
        };
        let watchdog = Watchdog::new(self.config.scan_deadline());
        let info = source.info();
        let core = Core::new(&self.config, source, watchdog.clone());
        let dispatch = Dispatch::start(&self.config, info.collects, watchdog)?;
        if let Some(reason) = &info.not_listening {
            let meter = dispatch.registry().meter();
            meter.observe(Observation::NotListening { reason });
        }
        let scanner = Scanner::new(self.config, core, dispatch);
        Ok(scanner.with_second_scan_after(self.second_scan_after))
    }

    /// Starts a scanner that runs on its own thread.
    ///
    /// It does not survive fork(2), as with [`build`](Self::build).
    ///
    /// # Errors
    ///
    /// Returns the errors of [`build`](Self::build) and of [`Scanner::start`].
    pub fn start(self) -> Result<ScannerHandle> {
        self.build()?.start()
    }
}

impl fmt::Debug for ScannerBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ScannerBuilder")
            .field("config", &self.config)
            .field("source", &self.source.as_ref().map(|source| source.info()))
            .field("second_scan_after", &self.second_scan_after)
            .finish()
    }
}
