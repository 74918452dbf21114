//! Names signals.

/// Names of the signals 1 to 31 on Linux, as in signal(7).
///
/// Exits with status come from Linux alone. Numbers from 32 on are printed as such: the names of
/// real-time signals depend on the C library.
const SIGNALS: [&str; 31] = [
    "SIGHUP",
    "SIGINT",
    "SIGQUIT",
    "SIGILL",
    "SIGTRAP",
    "SIGABRT",
    "SIGBUS",
    "SIGFPE",
    "SIGKILL",
    "SIGUSR1",
    "SIGSEGV",
    "SIGUSR2",
    "SIGPIPE",
    "SIGALRM",
    "SIGTERM",
    "SIGSTKFLT",
    "SIGCHLD",
    "SIGCONT",
    "SIGSTOP",
    "SIGTSTP",
    "SIGTTIN",
    "SIGTTOU",
    "SIGURG",
    "SIGXCPU",
    "SIGXFSZ",
    "SIGVTALRM",
    "SIGPROF",
    "SIGWINCH",
    "SIGIO",
    "SIGPWR",
    "SIGSYS",
];

/// These architectures have numbers of their own.
const HAS_OTHER_NUMBERS: bool = cfg!(any(
    target_arch = "mips",
    target_arch = "mips32r6",
    target_arch = "mips64",
    target_arch = "mips64r6",
    target_arch = "sparc",
    target_arch = "sparc64",
));

/// Returns the name of a signal, or its number.
pub(crate) fn signal(number: u8) -> String {
    let index = usize::from(number).wrapping_sub(1);
    match SIGNALS.get(index).filter(|_| !HAS_OTHER_NUMBERS) {
        Some(name) => (*name).to_owned(),
        None => format!("signal {number}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signals_have_the_names_of_the_system() {
        assert_eq!(["SIGHUP", "SIGSYS"], [signal(1), signal(31)]);
        assert_eq!(
            ["signal 0", "signal 32", "signal 127"],
            [signal(0), signal(32), signal(127)]
        );
    }
}
