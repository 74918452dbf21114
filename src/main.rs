//! The `pscan` command: which processes this host runs, once or as events, live or recorded.

mod cli;

fn main() -> std::process::ExitCode {
    cli::main()
}
