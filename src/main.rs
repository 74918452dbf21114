//! The `pscan` command: lists processes, or prints, records and replays their events.

mod cli;

fn main() -> std::process::ExitCode {
    cli::main()
}
