//! Settings and a source made into a scanner.

use std::fmt;

use super::by_hand::Scanner;
use super::core::Core;
use super::handle::ScannerHandle;
use crate::config::Config;
use crate::dispatch::{Dispatch, Watchdog};
use crate::model::Result;
use crate::source::{Source, live_source};

/// Makes a [`Scanner`] or starts one; from [`Scanner::builder`].
#[derive(Default)]
#[must_use = "a builder makes nothing until it is built or started"]
pub struct ScannerBuilder {
    config: Config,
    source: Option<Box<dyn Source>>,
}

impl Scanner {
    /// Returns a builder: of a scanner of the live host with default settings, unless it is given others.
    pub fn builder() -> ScannerBuilder {
        ScannerBuilder::default()
    }
}

impl ScannerBuilder {
    /// Takes these settings in place of the defaults.
    pub fn config(mut self, config: Config) -> Self {
        self.config = config;
        self
    }

    /// Scans this source in place of the live host.
    pub fn source(mut self, source: impl Source + 'static) -> Self {
        self.source = Some(Box::new(source));
        self
    }

    /// A scanner to be driven by hand with [`Scanner::scan_once`].
    ///
    /// It has threads from now on, and a child that this process makes by fork(2) has none of them: a scanner
    /// does not survive that. A program that makes itself a daemon does so first.
    ///
    /// # Errors
    ///
    /// Of class [`Config`](crate::ErrorClass::Config) when a setting is outside its limits; those of
    /// [`live_source`] when this host cannot be scanned; of class
    /// [`ResourcesExhausted`](crate::ErrorClass::ResourcesExhausted) when no thread can be started.
    pub fn build(self) -> Result<Scanner> {
        self.config.validate()?;
        let source = match self.source {
            Some(source) => source,
            None => live_source(&self.config)?,
        };
        let watchdog = Watchdog::new(self.config.scan_deadline());
        let core = Core::new(&self.config, source, watchdog.clone());
        let dispatch = Dispatch::start(&self.config, watchdog)?;
        Ok(Scanner::new(self.config, core, dispatch))
    }

    /// A scanner that runs on a thread of its own from now on. It does not survive fork(2), as that of
    /// [`build`](Self::build).
    ///
    /// # Errors
    ///
    /// Those of [`build`](Self::build) and of [`Scanner::start`].
    pub fn start(self) -> Result<ScannerHandle> {
        self.build()?.start()
    }
}

impl fmt::Debug for ScannerBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ScannerBuilder")
            .field("config", &self.config)
            .field("source", &self.source.as_ref().map(|source| source.info()))
            .finish()
    }
}
