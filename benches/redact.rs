//! How much is leaked and damaged of realistic command lines, and the time to redact one, beside the time to copy its
//! bytes.
//!
//! The group `repeated` has texts that were made so that a redactor reads them many times. Its throughput
//! must be the same for 64 KiB and for 256 KiB, otherwise the time grows faster than the text.
//!
//! `cargo bench --bench redact`

#[path = "../tests/suite/redact/lines.rs"]
mod lines;

use std::hint::black_box;
use std::time::Duration;

use criterion::measurement::WallTime;
use criterion::{
    BenchmarkGroup, BenchmarkId, Criterion, Throughput, criterion_group, criterion_main,
};
use process_scanner::{Pattern, Redact, Redactor};

/// Returns the arguments as the bytes of a command line.
fn command(args: &[String]) -> Vec<u8> {
    args.iter().flat_map(|arg| arg.bytes().chain([0])).collect()
}

/// Returns 60 arguments, 3 KB: paths, options and numbers, without a secret.
fn long_args() -> Vec<String> {
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

/// Returns command lines and their names.
fn commands() -> [(&'static str, Vec<u8>); 6] {
    let own = |args: &[&str]| args.iter().map(|&arg| arg.to_owned()).collect::<Vec<_>>();
    let mut with_secrets = long_args();
    with_secrets[20] = "-Djavax.net.ssl.keyStorePassword=changeit".to_owned();
    with_secrets[40] = "https://me:hunter2@host.example.org/".to_owned();
    let short = ["/usr/sbin/sshd", "-D", "--config=/etc/ssh/sshd_config"];
    let secret = ["mysql", "--password", "hunter2 hunter3", "-h", "db"];
    // The last two are the worst lines that a process can have.
    [
        ("3 arguments, 48 bytes, no secret", command(&own(&short))),
        ("60 arguments, no secret", command(&long_args())),
        ("5 arguments, 1 secret", command(&own(&secret))),
        ("60 arguments, 2 secrets", command(&with_secrets)),
        (
            "1 MiB, a secret in each argument",
            command(&vec!["--password=a".to_owned(); 80_660]),
        ),
        (
            "1 MiB, all like tokens",
            command(&["sk-".repeat((1 << 20) / 3)]),
        ),
    ]
}

/// Texts that were made so that a redactor reads them many times: the start of the text, and what is repeated.
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
    ("", "echo 'a "),
    ("", "<<<"),
    ("", "crypt(\"a\","),
    ("", "s/password/"),
    ("", "mysql -u x -p y "),
    ("", "docker exec "),
    ("", "value="),
];

/// Keeps a run of all lines within minutes.
fn shorten(group: &mut BenchmarkGroup<'_, WallTime>) {
    group
        .sample_size(10)
        .warm_up_time(Duration::from_millis(200))
        .measurement_time(Duration::from_secs(1));
}

/// Prints the rates of the lines in `fixtures/redact`.
#[allow(clippy::print_stdout)]
fn print_rates(_: &mut Criterion) {
    let rates = lines::rates(&Redactor::default(), &lines::read());
    let print = |name: &str, rate: lines::Rate| {
        println!(
            "{name:20} {:4} of {:4}, {:4.1} %",
            rate.bad,
            rate.all,
            rate.percent()
        );
    };
    print("leaked", rates.leaked);
    for (kind, rate) in &rates.kinds {
        print(&format!("  {kind}"), *rate);
    }
    print("changed, no secret", rates.changed);
    print("damaged", rates.damaged);
}

fn redact_lines(criterion: &mut Criterion) {
    let pattern = Pattern::new("^--customer=(.*)$").expect("the pattern is valid");
    let default = Redactor::default();
    let with_pattern = Redactor::new(Redact::Secrets, vec![pattern]);
    for (name, command) in commands() {
        let mut group = criterion.benchmark_group(name);
        shorten(&mut group);
        group.throughput(Throughput::Bytes(command.len() as u64));
        group.bench_function("copy", |bencher| {
            bencher.iter(|| black_box(&command[..]).to_vec());
        });
        for (name, redactor) in [("redact", &default), ("redact, 1 pattern", &with_pattern)] {
            group.bench_function(name, |bencher| {
                bencher.iter(|| drop(black_box(redactor.command(black_box(&command)))));
            });
        }
        group.finish();
    }
}

fn redact_repeated(criterion: &mut Criterion) {
    let redactor = Redactor::default();
    let mut group = criterion.benchmark_group("repeated");
    shorten(&mut group);
    for (first, repeated) in REPEATED {
        for (kind, before) in [("argument 0", &[][..]), ("a script", &["sh", "-c"])] {
            for kib in [64, 256] {
                let text = first.to_string() + &repeated.repeat((kib << 10) / repeated.len());
                let mut args: Vec<String> = before.iter().map(|&arg| arg.to_owned()).collect();
                args.push(text);
                let command = command(&args);
                group.throughput(Throughput::Bytes(command.len() as u64));
                let id = BenchmarkId::new(format!("{first}{repeated} as {kind}"), kib);
                group.bench_function(id, |bencher| {
                    bencher.iter(|| drop(black_box(redactor.command(black_box(&command)))));
                });
            }
        }
    }
    group.finish();
}

criterion_group!(benches, print_rates, redact_lines, redact_repeated);
criterion_main!(benches);
