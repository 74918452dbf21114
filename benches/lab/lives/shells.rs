//! Shells that fork without `exec`: thousands of births a second, each with a known pid and exit code.

use std::collections::HashMap;
use std::error::Error;
use std::io::{BufRead, BufReader, Write};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use super::seen::Seen;

/// Shells that fork in turns.
const SHELLS: u32 = 2;

/// Forks that are requested together.
const STEP: Duration = Duration::from_millis(10);

/// Forks once for each line, which is the exit code.
const PACED: &str = r#"while read x; do (exit $x) & echo "$! $x"; wait $!; done; exit 0"#;

/// Forks as fast as it can. All children wait for the end of the input, and then exit together.
const AT_ONCE: &str = r#"exec 3<&0; i=0
while [ $i -lt $1 ]; do
    (read x <&3; exit $((i % 251))) & echo "$! $((i % 251))"; i=$((i + 1))
done
echo; wait"#;

/// The truth about the children of some shells: pids and exit codes, in the order of their births.
#[derive(Debug, Default)]
pub(super) struct Forks {
    parents: Vec<u32>,
    children: Vec<(u32, u8)>,
    pub(super) took: Duration,
}

/// What was reported of them.
#[derive(Debug, Default)]
pub(super) struct Heard {
    pub(super) births: usize,
    pub(super) exits: usize,
    pub(super) statuses: usize,
    pub(super) wrong_statuses: usize,
    /// Births and exits that did not happen.
    pub(super) false_events: usize,
}

/// Forks at this rate for a time.
pub(super) fn paced(per_second: u32, time: Duration) -> Result<Forks, Box<dyn Error>> {
    let begun = Instant::now();
    let mut shells = Vec::new();
    for _ in 0..SHELLS {
        let mut shell = shell(PACED, "paced")?;
        let input = shell.stdin.take().ok_or("no input")?;
        shells.push((input, Reader::new(shell)?));
    }
    let (mut requested, mut code) = (0, 0_u8);
    while begun.elapsed() < time {
        let due = (begun.elapsed().as_secs_f64() * f64::from(per_second)) as u32;
        for (input, _) in &mut shells {
            let mut lines = String::new();
            for _ in 0..due.saturating_sub(requested).div_ceil(SHELLS) {
                lines += &format!("{code}\n");
                code = (code + 1) % 251;
                requested += 1;
            }
            input.write_all(lines.as_bytes())?;
        }
        thread::sleep(STEP);
    }
    let mut forks = Forks::default();
    for (input, reader) in shells {
        drop(input);
        forks.add(reader.end()?);
    }
    forks.took = begun.elapsed();
    Ok(forks)
}

/// Starts so many processes as fast as possible. They exit together when all are there.
pub(super) fn at_once(count: u32) -> Result<Forks, Box<dyn Error>> {
    let begun = Instant::now();
    let mut shell = shell(AT_ONCE, &count.to_string())?;
    let input = shell.stdin.take();
    let mut reader = Reader::new(shell)?;
    reader.until_empty_line()?;
    let took = begun.elapsed();
    drop(input);
    let mut forks = Forks::default();
    forks.add(reader.end()?);
    forks.took = took;
    Ok(forks)
}

fn shell(script: &str, arg: &str) -> std::io::Result<Child> {
    Command::new("sh")
        .args(["-c", script, "sh", arg])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
}

/// Reads pids and codes on a thread of its own, so that the shell does not wait.
struct Reader {
    shell: Child,
    lines: std::sync::mpsc::Receiver<String>,
    children: Vec<(u32, u8)>,
}

impl Reader {
    fn new(mut shell: Child) -> Result<Self, Box<dyn Error>> {
        let output = BufReader::new(shell.stdout.take().ok_or("no output")?);
        let (send, lines) = std::sync::mpsc::channel();
        thread::spawn(move || {
            let mut lines = output.lines().map_while(Result::ok);
            lines.all(|line| send.send(line).is_ok())
        });
        Ok(Self {
            shell,
            lines,
            children: Vec::new(),
        })
    }

    fn until_empty_line(&mut self) -> Result<(), Box<dyn Error>> {
        while let Ok(line) = self.lines.recv() {
            let Some((pid, code)) = line.split_once(' ') else {
                return Ok(());
            };
            self.children.push((pid.parse()?, code.parse()?));
        }
        Ok(())
    }

    /// Waits for the end of the shell.
    fn end(mut self) -> Result<Self, Box<dyn Error>> {
        self.until_empty_line()?;
        if !self.shell.wait()?.success() {
            return Err("a shell failed".into());
        }
        Ok(self)
    }
}

impl Forks {
    fn add(&mut self, reader: Reader) {
        self.parents.push(reader.shell.id());
        self.children.extend(reader.children);
    }

    pub(super) fn len(&self) -> usize {
        self.children.len()
    }

    /// Compares what was reported with the truth.
    pub(super) fn judge(&self, seen: &Seen) -> Heard {
        let mut heard = Heard::default();
        let is_ours = |parent: Option<u32>| parent.is_some_and(|of| self.parents.contains(&of));
        // Pids can be used again within a run: each occurrence is one process.
        let mut born: HashMap<u32, usize> = HashMap::new();
        let mut codes: HashMap<u32, Vec<u8>> = HashMap::new();
        for (pid, code) in &self.children {
            *born.entry(*pid).or_default() += 1;
            codes.entry(*pid).or_default().push(*code);
        }
        for birth in seen.births.iter().filter(|birth| is_ours(birth.parent)) {
            match born.get_mut(&birth.pid).filter(|left| **left > 0) {
                Some(left) => (*left, heard.births) = (*left - 1, heard.births + 1),
                None => heard.false_events += 1,
            }
        }
        for exit in seen.exits.iter().filter(|exit| is_ours(exit.parent)) {
            let Some(codes) = codes.get_mut(&exit.pid).filter(|codes| !codes.is_empty()) else {
                heard.false_events += 1;
                continue;
            };
            heard.exits += 1;
            let Some(status) = exit.status else { continue };
            // After a loss, an earlier one may be missing.
            match codes.iter().position(|code| status.code == Some(*code)) {
                Some(index) => {
                    codes.drain(..=index);
                    heard.statuses += 1;
                }
                None => heard.wrong_statuses += 1,
            }
        }
        heard
    }
}
