//! Describes why a TLS connection to the receiver fails.

use jiff::Timestamp;
use rustls::CertificateError;
use rustls::pki_types::UnixTime;

/// Names of a certificate that a message has, at most.
const MAX_NAMES: usize = 3;

/// Describes an error of TLS; `None` for other errors.
pub(super) fn described(error: &ureq::Error) -> Option<String> {
    let error = match error {
        ureq::Error::Rustls(error) => error,
        ureq::Error::Io(error) => error.get_ref()?.downcast_ref()?,
        _ => return None,
    };
    Some(match error {
        rustls::Error::InvalidCertificate(error) => of_certificate(error),
        rustls::Error::InvalidMessage(_) => {
            "its answer is not TLS; does the endpoint begin with http://?".to_owned()
        }
        // The verifier of the platform has no other kind for it.
        rustls::Error::General(text) if text.contains("No CA certificates") => {
            "this host has no certificates of authorities; otlp.ca_file names some".to_owned()
        }
        error => format!("TLS: {error}"),
    })
}

fn of_certificate(error: &CertificateError) -> String {
    match error {
        CertificateError::ExpiredContext { time, not_after } => format!(
            "its certificate was valid until {}, and this host has {}",
            date(*not_after),
            date(*time)
        ),
        CertificateError::NotValidYetContext { time, not_before } => format!(
            "its certificate is valid from {}, and this host has {}",
            date(*not_before),
            date(*time)
        ),
        CertificateError::NotValidForNameContext {
            expected,
            presented,
        } => {
            let names = presented.iter().take(MAX_NAMES).map(String::as_str);
            let names = names.collect::<Vec<_>>().join(", ");
            format!(
                "its certificate is not for {}, but for {names}",
                expected.to_str()
            )
        }
        CertificateError::UnknownIssuer => {
            "no trusted authority has signed its certificate; otlp.ca_file names others".to_owned()
        }
        error => format!("its certificate is not accepted: {error}"),
    }
}

fn date(time: UnixTime) -> String {
    let seconds = i64::try_from(time.as_secs()).ok();
    let time = seconds.and_then(|seconds| Timestamp::from_second(seconds).ok());
    time.map_or_else(|| "an unknown time".to_owned(), |time| time.to_string())
}
