//! TLS to the receiver: which authorities are trusted.

use std::path::Path;
use std::sync::Arc;

use process_scanner::{Error, ErrorClass, Result};
use rustls::RootCertStore;
use rustls::crypto::ring::default_provider;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use ureq::tls::{Certificate, RootCerts, TlsConfig};

use crate::cli::settings::{Content, Otlp, read_small_file};

/// How connections to a receiver are encrypted, if its URL begins with `https`.
#[derive(Debug, Clone)]
pub(crate) struct Encryption(pub(super) TlsConfig);

impl Encryption {
    /// Reads the authorities that the settings name; without a file, those of the system are trusted.
    ///
    /// # Errors
    ///
    /// A file that cannot be read, or that has no certificates.
    pub(crate) fn read(settings: &Otlp) -> Result<Self> {
        let roots = match &settings.ca_file {
            Some(path) => {
                let certificates = authorities(path)?;
                let certificates = certificates.iter();
                certificates
                    .map(|certificate| Certificate::from_der(certificate).to_owned())
                    .into()
            }
            None => RootCerts::PlatformVerifier,
        };
        let config = TlsConfig::builder()
            .root_certs(roots)
            .unversioned_rustls_crypto_provider(Arc::new(default_provider()));
        Ok(Self(config.build()))
    }
}

/// Reads certificates in the format PEM (RFC 7468). Other items are skipped.
fn authorities(path: &Path) -> Result<Vec<CertificateDer<'static>>> {
    let bytes = read_small_file(path, "the certificates", Content::Plain)?;
    let wrong = |what: String| {
        let message = format!("the certificates in {} are wrong: {what}", path.display());
        Error::new(ErrorClass::Config, message)
            .with_advice("write those of the authorities of the receiver into it, as PEM")
    };
    let found = CertificateDer::pem_slice_iter(&bytes).collect::<std::result::Result<Vec<_>, _>>();
    let found = found.map_err(|error| wrong(error.to_string()))?;
    if found.is_empty() {
        return Err(wrong("there are none".to_owned()));
    }
    // Otherwise a wrong one would be left out later, without a message.
    let mut roots = RootCertStore::empty();
    for (number, certificate) in (1..).zip(&found) {
        let added = roots.add(certificate.clone());
        added.map_err(|error| wrong(format!("number {number}: {error}")))?;
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn read(text: &[u8]) -> Result<Encryption> {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("ca.pem");
        fs::write(&path, text).expect("a file");
        let ca_file = Some(path);
        Encryption::read(&Otlp {
            ca_file,
            ..Otlp::default()
        })
    }

    #[test]
    fn a_file_of_authorities_has_certificates() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/tls");
        let bytes = |name: &str| fs::read(folder.join(name)).expect("a fixture");
        let both = [bytes("authority.pem"), bytes("other_authority.pem")].concat();
        let Ok(Encryption(config)) = read(&both) else {
            panic!("two authorities");
        };
        let RootCerts::Specific(roots) = config.root_certs() else {
            panic!("they replace those of the system");
        };
        assert_eq!(roots.len(), 2);
        let no_certificate =
            b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n".as_slice();
        for (text, reason) in [
            (b"".as_slice(), "none"),
            (b"no PEM", "none"),
            (b"-----BEGIN CERTIFICATE-----\nMIIB", "wrong"),
            (&[both.as_slice(), no_certificate].concat(), "number 3"),
        ] {
            let error = read(text).expect_err(reason);
            assert!(error.to_string().contains(reason), "{error}");
        }
        let ca_file = Some("/does/not/exist".into());
        let missing = Otlp {
            ca_file,
            ..Otlp::default()
        };
        Encryption::read(&missing).expect_err("no file");
    }
}
