//! The text formats, and which one a client prefers.

/// A text format of metrics.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Format {
    /// Prometheus, version 0.0.4.
    Prometheus,
    /// OpenMetrics, version 1.0.0.
    OpenMetrics,
    /// Prometheus without the metrics of this process: node_exporter has its own under the same names.
    Textfile,
}

impl Format {
    /// All formats.
    pub(crate) const ALL: [Self; 3] = [Self::Prometheus, Self::OpenMetrics, Self::Textfile];

    /// Returns the value of the header Content-Type.
    pub(crate) fn content_type(self) -> &'static str {
        match self {
            Self::Prometheus | Self::Textfile => "text/plain; version=0.0.4; charset=utf-8",
            Self::OpenMetrics => "application/openmetrics-text; version=1.0.0; charset=utf-8",
        }
    }

    /// Chooses by the header Accept: OpenMetrics if the client requests it, and prefers nothing else.
    pub(crate) fn accepted(accept: &str) -> Self {
        let best = |wanted: &str| {
            let ranges = accept.split(',').filter_map(weighted);
            let weights = ranges.filter(|(name, _)| *name == wanted);
            weights.map(|(_, weight)| weight).fold(0.0, f64::max)
        };
        let open_metrics = best("application/openmetrics-text");
        match open_metrics > 0.0 && open_metrics >= best("text/plain") {
            true => Self::OpenMetrics,
            false => Self::Prometheus,
        }
    }
}

/// Returns what a client accepts, such as a media type, and its weight `q`: RFC 9110, section 12.4.2.
///
/// `None` for a version of OpenMetrics that is not written here.
pub(crate) fn weighted(range: &str) -> Option<(&str, f64)> {
    let mut parts = range.split(';').map(str::trim);
    let name = parts.next()?;
    let mut weight = 1.0;
    for part in parts {
        match part.split_once('=') {
            Some(("q", value)) => weight = value.parse().unwrap_or(0.0),
            Some(("version", version)) if name == "application/openmetrics-text" => {
                let is_known = matches!(version.trim_matches('"'), "1.0.0" | "0.0.1");
                is_known.then_some(())?;
            }
            _ => {}
        }
    }
    Some((name, weight))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn open_metrics_is_for_clients_that_ask_for_it() {
        for accept in [
            "application/openmetrics-text;version=1.0.0,text/plain;version=0.0.4;q=0.5,*/*;q=0.1",
            "application/openmetrics-text",
            "application/openmetrics-text; version=0.0.1; q=0.75,text/plain;q=0.5",
            "application/vnd.google.protobuf;q=0.9, application/openmetrics-text;version=\"1.0.0\";q=0.8",
        ] {
            assert_eq!(Format::accepted(accept), Format::OpenMetrics, "{accept}");
        }
        for accept in [
            "",
            "*/*",
            "text/plain",
            "text/html,application/xhtml+xml,*/*;q=0.8",
            "application/openmetrics-text;q=0",
            "application/openmetrics-text;q=x",
            "application/openmetrics-text;version=2.0.0",
            "application/openmetrics-text;q=0.2,text/plain;q=0.8",
        ] {
            assert_eq!(Format::accepted(accept), Format::Prometheus, "{accept}");
        }
    }
}
