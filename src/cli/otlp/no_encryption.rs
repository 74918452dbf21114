//! What a pscan without TLS has in its place.

use process_scanner::Result;

use crate::cli::settings::Otlp;

/// Nothing: settings whose URL begins with `https` are refused.
#[derive(Debug, Clone)]
pub(crate) struct Encryption;

impl Encryption {
    /// Reads nothing.
    ///
    /// # Errors
    ///
    /// None, in contrast to that of a pscan with TLS.
    pub(crate) fn read(_: &Otlp) -> Result<Self> {
        Ok(Self)
    }
}
