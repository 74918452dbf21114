//! What this project promises with a number.
//!
//! A test compares the table in `docs/acceptance.md` with this list, so that neither changes alone.

/// A promise, and the limit that keeps it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Promise {
    /// The name on the command line and in the table.
    pub(crate) name: &'static str,
    pub(crate) what: &'static str,
    /// The largest value that keeps it.
    pub(crate) at_most: f64,
    pub(crate) unit: &'static str,
}

impl Promise {
    /// Returns the first cells of its row, up to its limit.
    pub(crate) fn cells(&self) -> String {
        let Self {
            name,
            what,
            at_most,
            unit,
        } = self;
        let space = if unit.is_empty() { "" } else { " " };
        format!("| `{name}` | {what} | {at_most}{space}{unit} |")
    }
}

/// All promises, in the order of the table.
pub(crate) const PROMISES: [Promise; 15] = [
    Promise {
        name: "cpu",
        what: "CPU time of `pscan watch --json` at 3000 processes, in a minute that begins 30 s after its start",
        at_most: 0.75,
        unit: "% of a core",
    },
    Promise {
        name: "library-cpu",
        what: "the same of the library's scanner with one consumer",
        at_most: 0.75,
        unit: "% of a core",
    },
    Promise {
        name: "memory",
        what: "peak of the resident memory of `pscan watch --json` at 3000 processes",
        at_most: 30.0,
        unit: "MB",
    },
    Promise {
        name: "idle",
        what: "CPU time of a polling scan of 3000 idle processes, divided by that of a list of `/proc` and of the CPU clock of each",
        at_most: 1.25,
        unit: "",
    },
    Promise {
        name: "sysinfo",
        what: "CPU time of a polling scan of 3000 idle processes, divided by that of sysinfo's refresh",
        at_most: 0.0625,
        unit: "",
    },
    Promise {
        name: "over-sysinfo",
        what: "CPU time of a scan of 3000 idle processes with the source `sysinfo`, divided by that of the refresh under it",
        at_most: 1.1,
        unit: "",
    },
    Promise {
        name: "scan",
        what: "elapsed time of a scan of 1000 processes, all of which have worked since the scan before",
        at_most: 100.0,
        unit: "ms",
    },
    Promise {
        name: "consumers",
        what: "from the end of a scan of 3000 processes, all of which have worked, to its consumers, 99th percentile",
        at_most: 10.0,
        unit: "ms",
    },
    Promise {
        name: "failed",
        what: "failed scans of 1000 processes while others are born and exit",
        at_most: 0.1,
        unit: "%",
    },
    Promise {
        name: "births",
        what: "missing births and exits where a scanner listens and processes live 1 to 5 ms",
        at_most: 0.0,
        unit: "%",
    },
    Promise {
        name: "unseen",
        what: "births that a polling scanner neither reports nor counts in `unseen_at_most`; those of other programs are counted too, and can hide as many",
        at_most: 0.0,
        unit: "",
    },
    Promise {
        name: "loss",
        what: "births that a listening scanner neither reports nor counts while it is stopped and loses events, and births and exits that it misses afterwards",
        at_most: 0.0,
        unit: "",
    },
    Promise {
        name: "false",
        what: "births and exits that are false or of another process, also where pids are used again, and wrong totals of consumers",
        at_most: 0.0,
        unit: "",
    },
    Promise {
        name: "leaked",
        what: "secrets in realistic command lines that are not redacted",
        at_most: 3.6,
        unit: "%",
    },
    Promise {
        name: "damaged",
        what: "realistic command lines of which the redactor removes more than secrets",
        at_most: 0.5,
        unit: "%",
    },
];
