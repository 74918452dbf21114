//! What it costs to hide the secrets of one command line, in turns with copying the same bytes.
//!
//! It is done once for a command line that is new; the last two lines of the first table are the worst that a
//! process can ask for. The second table has texts that were made to have it read again and again, and whether
//! four times as much of one takes more than about four times as long.

// A bench prints its figures.
#![allow(clippy::print_stdout)]

use std::hint::black_box;
use std::time::{Duration, Instant};

use process_scanner::{Pattern, Redact, Redactor};

/// Each turn takes about this long.
const TURN: Duration = Duration::from_millis(2);

struct Line {
    name: &'static str,
    command: Vec<u8>,
}

fn line(name: &'static str, args: &[String]) -> Line {
    let mut command = Vec::new();
    for arg in args {
        command.extend_from_slice(arg.as_bytes());
        command.push(0);
    }
    Line { name, command }
}

/// 60 arguments, 3 KB: paths, options, numbers, and no secret.
fn long() -> Vec<String> {
    let mut args = vec!["/usr/lib/jvm/java-21/bin/java".to_owned()];
    for at in 0..15 {
        args.push(format!("-Dorg.example.service.module{at}.threads.max={at}"));
        args.push(format!(
            "--enable-features=FeatureNumber{at},AnotherFeature{at}"
        ));
        args.push(format!(
            "--field-trial-handle={at},i,1234567890123456789,262144"
        ));
        args.push(format!(
            "/opt/suite/lib/component-{at}.jar:/opt/suite/lib/other-{at}.jar"
        ));
    }
    args.truncate(60);
    args
}

fn lines() -> Vec<Line> {
    let own = |args: &[&str]| args.iter().map(|&arg| arg.to_owned()).collect::<Vec<_>>();
    let mut with_secrets = long();
    with_secrets[20] = "-Djavax.net.ssl.keyStorePassword=changeit".to_owned();
    with_secrets[40] = "https://me:hunter2@host.example.org/".to_owned();
    let short = ["/usr/sbin/sshd", "-D", "--config=/etc/ssh/sshd_config"];
    let secret = ["mysql", "--password", "hunter2 hunter3", "-h", "db"];
    vec![
        line("3 arguments, nothing to hide", &own(&short)),
        line("60 arguments, nothing to hide", &long()),
        line("5 arguments, a secret", &own(&secret)),
        line("60 arguments, two secrets", &with_secrets),
        line(
            "1 MiB, a secret in each argument",
            &vec!["--password=a".to_owned(); 80_660],
        ),
        line(
            "1 MiB, all that looks like tokens",
            &["sk-".repeat((1 << 20) / 3)],
        ),
    ]
}

/// What is repeated in one argument, alone or as a script, and what stands before it.
const REPEATED: &[(&str, &str)] = &[
    ("", "-p > "),
    ("", "-p < "),
    ("", "=key='1';"),
    ("", r"--password \\\\\\\\\\' "),
    ("", r"PASSWORD=\\\\\\\\\\' "),
    ("docker ", r"-a \\\\\\\\\\' "),
    ("", "`-p={ "),
    ("", "[-p={ "),
    ("x ", "|-p=["),
    ("x ", "|-p=/"),
    ("x x1", "|&-p=[||={"),
];

/// That much of each repeated text, and four times as much, in turns.
fn growth(redactor: &Redactor, rounds: usize) {
    const SHORT: usize = 64 << 10;
    println!();
    println!("| repeated | as | 64 KiB, µs | 256 KiB, µs | times |");
    println!("|---|---|---|---|---|");
    for (first, repeated) in REPEATED {
        for (kind, before) in [("argument 0", &[][..]), ("a script", &["sh", "-c"])] {
            let of = |len: usize| {
                let mut args: Vec<_> = before.iter().map(|&arg| arg.to_owned()).collect();
                args.push(first.to_string() + &repeated.repeat(len / repeated.len()));
                line(repeated, &args).command
            };
            let (short, long) = (of(SHORT), of(4 * SHORT));
            let redact =
                |command: &[u8]| time(1, || drop(black_box(redactor.command(black_box(command)))));
            let (mut shorts, mut longs, mut ratios) = (Vec::new(), Vec::new(), Vec::new());
            for _ in 0..rounds {
                let (short, long) = (redact(&short), redact(&long));
                shorts.push(short / 1e3);
                longs.push(long / 1e3);
                ratios.push(long / short);
            }
            println!(
                "| `{first}{repeated}` | {kind} | {:.0} | {:.0} | {:.1} |",
                median(shorts),
                median(longs),
                median(ratios),
            );
        }
    }
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

/// Nanoseconds for one of `count` calls.
fn time(count: u32, mut call: impl FnMut()) -> f64 {
    let begun = Instant::now();
    for _ in 0..count {
        call();
    }
    begun.elapsed().as_nanos() as f64 / f64::from(count)
}

fn main() {
    let is_quick = std::env::args().any(|arg| arg == "--quick");
    let rounds = if is_quick { 20 } else { 200 };
    let redactors = [
        ("", Redactor::default()),
        (
            ", one pattern",
            Redactor::new(
                Redact::Secrets,
                vec![Pattern::new("^--customer=(.*)$").expect("it is one")],
            ),
        ),
    ];
    println!("| command line | bytes | copy, ns | redact, ns | times the copy |");
    println!("|---|---|---|---|---|");
    for line in lines() {
        for (with, redactor) in &redactors {
            let command = &line.command[..];
            let redact = || drop(black_box(redactor.command(black_box(command))));
            let copy = || drop(black_box(black_box(command).to_vec()));
            let once = time(3, redact);
            let count = (TURN.as_nanos() as f64 / once).clamp(1.0, 100_000.0) as u32;
            let rounds = if once > 1e6 { rounds / 10 } else { rounds };
            let (mut copies, mut redactions, mut ratios) = (Vec::new(), Vec::new(), Vec::new());
            for _ in 0..rounds {
                let copied = time(count, copy);
                let redacted = time(count, redact);
                copies.push(copied);
                redactions.push(redacted);
                ratios.push(redacted / copied);
            }
            println!(
                "| {}{with} | {} | {:.0} | {:.0} | {:.0} |",
                line.name,
                command.len(),
                median(copies),
                median(redactions),
                median(ratios),
            );
        }
    }
    growth(&redactors[0].1, rounds / 10);
}
