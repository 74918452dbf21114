//! The processes in the picture, all of them this executable under other names.

use std::error::Error;
use std::os::unix::fs::symlink;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};
use std::{env, fs, io};

/// Names the part that a process plays: its share of a CPU in percent, megabytes, milliseconds to live.
pub(crate) const PART: &str = "PICTURE_PART";

/// A process: the words of its command line, and its part.
type Character = (&'static str, &'static str);

const FOR_EVER: &str = "3600000";

const RESIDENTS: [Character; 7] = [
    ("/usr/sbin/sshd -D", "0 9"),
    (
        "/usr/lib/postgresql/bin/postgres -D /var/lib/postgresql",
        "4 180",
    ),
    ("nginx: worker process", "2 24"),
    ("/usr/bin/node server.js --port 8080", "31 212"),
    ("/usr/bin/python3 -m celery worker -Q mail", "0 96"),
    ("/usr/bin/redis-server 127.0.0.1:6379", "1 41"),
    (
        "/usr/bin/pg_dump --dbname postgres://backup:hunter2@db/shop",
        "74 33",
    ),
];

/// They come and go while it watches. The number before each is when it comes, in milliseconds.
const VISITORS: [(u64, Character, &str); 5] = [
    (300, ("/usr/bin/make -j2", "3 12"), "2000"),
    (600, ("/usr/bin/cc -O2 -c main.c", "90 30"), "700"),
    (
        900,
        (
            "/usr/bin/curl -H Authorization:Bearer-hunter2 https://shop/ok",
            "0 8",
        ),
        "350",
    ),
    (1100, ("/usr/bin/cc -O2 -c shop.c", "90 30"), "900"),
    (1900, ("/usr/bin/ld -o shop", "60 20"), "300"),
];

/// The residents, until it is dropped.
pub(crate) struct Company {
    folder: tempfile::TempDir,
    residents: Vec<Child>,
}

impl Company {
    pub(crate) fn gather() -> Result<Self, Box<dyn Error>> {
        let mut company = Self {
            folder: tempfile::TempDir::new()?,
            residents: Vec::new(),
        };
        for (words, part) in RESIDENTS {
            let resident = start(company.folder.path(), words, &format!("{part} {FOR_EVER}"))?;
            company.residents.push(resident);
        }
        // They have found into their parts by then.
        thread::sleep(Duration::from_secs(2));
        Ok(company)
    }

    /// Has the visitors come and go from now on.
    pub(crate) fn send_visitors(&self) -> io::Result<JoinHandle<io::Result<()>>> {
        let folder = self.folder.path().to_owned();
        let began = Instant::now();
        thread::Builder::new().spawn(move || {
            let mut visits = Vec::new();
            for (when_ms, (words, part), lives_ms) in VISITORS {
                thread::sleep(Duration::from_millis(when_ms).saturating_sub(began.elapsed()));
                let mut visitor = start(&folder, words, &format!("{part} {lives_ms}"))?;
                visits.push(thread::spawn(move || visitor.wait().map(drop)));
            }
            for visit in visits {
                visit
                    .join()
                    .map_err(|_| io::Error::other("waiting has failed"))??;
            }
            Ok(())
        })
    }
}

impl Drop for Company {
    fn drop(&mut self) {
        for resident in &mut self.residents {
            // One that is gone already is as good.
            let _ = resident.kill();
            let _ = resident.wait();
        }
    }
}

fn start(folder: &Path, words: &str, part: &str) -> io::Result<Child> {
    // A title that a process gives itself is one argument, blanks and all.
    let args: Vec<&str> = match words.contains(": ") {
        true => vec![words],
        false => words.split(' ').collect(),
    };
    let program = args[0].rsplit('/').next().unwrap_or(args[0]);
    let program = program.split(':').next().unwrap_or(program);
    let path = folder.join(program);
    if !path.exists() {
        symlink(env::current_exe()?, &path)?;
    }
    Command::new(path)
        .arg0(args[0])
        .args(&args[1..])
        .env(PART, part)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .spawn()
}

/// Plays a part to its end.
pub(crate) fn play(part: &str) -> Result<(), Box<dyn Error>> {
    let numbers: Result<Vec<u64>, _> = part.split(' ').map(str::parse).collect();
    let [percent, megabytes, lives_ms] = numbers?[..] else {
        return Err(format!("{part} is no part").into());
    };
    let began = Instant::now();
    let room = vec![1_u8; usize::try_from(megabytes)? * 1_000_000];
    let slice = Duration::from_millis(20);
    while began.elapsed() < Duration::from_millis(lives_ms) {
        let busy = Instant::now();
        while busy.elapsed() < slice.mul_f64(percent as f64 / 100.0) {
            std::hint::black_box(&room);
        }
        thread::sleep(slice.saturating_sub(busy.elapsed()));
    }
    // What is not used until the end could be left out.
    fs::write("/dev/null", &room[..1])?;
    Ok(())
}
