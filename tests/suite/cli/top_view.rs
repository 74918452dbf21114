//! `pscan top` on a pseudoterminal: keys, sizes, and every way to end.

mod replays;
mod screen;
mod stops;

use std::fs::File;
use std::io::{Read, Write};
use std::process::{Child, Command, ExitStatus};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{Pid, Signal, kill_process};
use rustix::termios::{Winsize, tcgetattr, tcsetwinsize};

use self::screen::Screen;
use super::super::support::Made;
use super::{eventful, failure_of, is_ignored, pscan, pty, record, text, without_settings};

/// `pscan top` with its terminal.
struct Running {
    child: Child,
    terminal: File,
    /// Its end of the terminal, so that the modes can be read after its end.
    _theirs: File,
    modes: String,
    screen: Screen,
}

/// Seconds without output after which a test fails instead of hanging. None of them decides how a test ends.
const MOST_SILENT: u32 = 120;

/// Options that make scans cheap.
const LIVE: [&str; 4] = ["top", "--poll-only", "--interval", "1h"];

impl Running {
    /// Starts it on a terminal of 80 columns and 30 lines.
    fn start(args: &[&str]) -> Self {
        Self::start_as(pscan(args))
    }

    fn start_as(mut command: Command) -> Self {
        let (terminal, theirs) = pty::open(80).unwrap();
        let modes = modes(&terminal);
        command
            .env("TERM", "xterm-256color")
            .env("LC_ALL", "C.UTF-8")
            .stdin(theirs.try_clone().unwrap())
            .stdout(theirs.try_clone().unwrap())
            .stderr(theirs.try_clone().unwrap());
        Self {
            child: command.spawn().unwrap(),
            terminal,
            _theirs: theirs,
            modes,
            screen: Screen::new(80, 30),
        }
    }

    /// Waits until the screen is as expected.
    fn wait_for(&mut self, what: &str, is_there: impl Fn(&Screen) -> bool) {
        let mut silent = 0;
        while !is_there(&self.screen) {
            if self.read() {
                silent = 0;
                continue;
            }
            silent += 1;
            let has_ended = self.child.try_wait().unwrap().is_some();
            if (has_ended && !self.read()) || silent == MOST_SILENT {
                let text = String::from_utf8_lossy(&self.screen.bytes);
                panic!("no {what}: {}\n{text:?}", self.screen.text());
            }
        }
    }

    /// Reads what the terminal gets in a second at most; returns false if that is nothing.
    fn read(&mut self) -> bool {
        let mut ready = [PollFd::new(&self.terminal, PollFlags::IN)];
        let second = Timespec {
            tv_sec: 1,
            tv_nsec: 0,
        };
        if poll(&mut ready, Some(&second)).unwrap() == 0 {
            return false;
        }
        let mut buffer = [0; 4096];
        let len = self.terminal.read(&mut buffer).unwrap_or(0);
        self.screen.write(&buffer[..len]);
        len > 0
    }

    fn wait_for_text(&mut self, text: &str) {
        self.wait_for(text, |screen| screen.text().contains(text));
    }

    fn press(&self, keys: &str) {
        (&self.terminal).write_all(keys.as_bytes()).unwrap();
    }

    fn resize(&mut self, columns: u16, lines: u16) {
        let size = Winsize {
            ws_row: lines,
            ws_col: columns,
            ws_xpixel: 0,
            ws_ypixel: 0,
        };
        tcsetwinsize(&self.terminal, size).unwrap();
        self.screen.resize(columns, lines);
        // The kernel sends it where this is the controlling terminal.
        self.send(Signal::WINCH);
    }

    fn pid(&self) -> Pid {
        Pid::from_raw(self.child.id().cast_signed()).unwrap()
    }

    fn send(&self, signal: Signal) {
        kill_process(self.pid(), signal).unwrap();
    }

    /// Waits for the end, which must give the terminal back.
    fn end(mut self) -> (ExitStatus, String) {
        let is_given_back =
            |screen: &Screen| !screen.is_alternate && !screen.has_mouse && !screen.is_cursor_hidden;
        self.wait_for("end", |screen| {
            !screen.bytes.is_empty() && is_given_back(screen)
        });
        let status = self.child.wait().unwrap();
        assert_eq!(modes(&self.terminal), self.modes);
        assert!(is_given_back(&self.screen));
        let text = String::from_utf8_lossy(&self.screen.bytes).into_owned();
        let (_, after) = text.rsplit_once("\x1b[?1049l").unwrap();
        (status, after.replace("\r\n", "\n"))
    }
}

fn modes(terminal: &File) -> String {
    format!("{:?}", tcgetattr(terminal).unwrap())
}

#[test]
fn it_displays_this_host_until_q() {
    let mut top = Running::start(&LIVE);
    top.wait_for_text(" processes");
    top.wait_for_text("COMMAND");
    let screen = &top.screen;
    assert!(screen.is_alternate && screen.has_mouse);
    assert_ne!(modes(&top.terminal), top.modes);
    top.press("h");
    top.wait_for_text("Pick the line above");
    top.press("q");
    top.wait_for_text("COMMAND");
    top.press("q");
    let (status, after) = top.end();
    assert_eq!((status.code(), &*after), (Some(0), ""));
}

#[test]
fn it_fits_any_size_of_the_terminal() {
    let mut top = Running::start(&LIVE);
    top.wait_for_text("COMMAND");
    for (columns, lines) in [(200, 50), (20, 5), (80, 24), (19, 4), (1, 1), (300, 100)] {
        top.resize(columns, lines);
        let wanted = usize::from(columns);
        let is_drawn = |screen: &Screen| match columns {
            20.. => screen.width() > wanted * 3 / 4,
            _ => screen.width() > 0,
        };
        top.wait_for("frame", is_drawn);
    }
    top.press("q");
    assert_eq!(top.end().0.code(), Some(0));
}

#[test]
fn signals_end_it_and_give_the_terminal_back() {
    for signal in [Signal::INT, Signal::TERM, Signal::HUP, Signal::QUIT] {
        if is_ignored(signal) {
            eprintln!("skipped: {signal:?} is ignored here");
            continue;
        }
        let mut top = Running::start(&LIVE);
        top.wait_for_text("COMMAND");
        top.send(signal);
        let (status, after) = top.end();
        assert_eq!((status.code(), &*after), (Some(0), ""), "{signal:?}");
    }
}

#[test]
fn ctrl_c_ends_it_also_while_text_is_typed() {
    let mut top = Running::start(&LIVE);
    top.wait_for_text("COMMAND");
    top.press("/nonsense");
    top.wait_for_text("nonsense");
    let clears = |screen: &Screen| {
        screen
            .bytes
            .windows(4)
            .filter(|part| part == b"\x1b[2J")
            .count()
    };
    let before = clears(&top.screen);
    top.press("\x0c");
    top.wait_for("whole frame", |screen| {
        clears(screen) > before && screen.text().contains("nonsense")
    });
    top.press("\x03");
    assert_eq!(top.end().0.code(), Some(0));
}

#[test]
fn it_ends_when_the_terminal_has_gone() {
    let mut top = Running::start(&LIVE);
    top.wait_for_text("COMMAND");
    let Running {
        mut child,
        terminal,
        _theirs,
        ..
    } = top;
    drop((terminal, _theirs));
    assert_eq!(child.wait().unwrap().code(), Some(0));
}

#[test]
fn a_terminal_that_takes_no_output_does_not_delay_the_end() {
    if is_ignored(Signal::TERM) {
        return eprintln!("skipped: SIGTERM is ignored here");
    }
    let mut top = Running::start(&LIVE);
    top.wait_for_text("COMMAND");
    // Each draws the whole screen, and nothing reads.
    top.press(&"\x0c".repeat(500));
    top.send(Signal::TERM);
    assert_eq!(top.child.wait().unwrap().code(), Some(0));
    // A reader that comes later gets the terminal back too.
    top.end();
}

#[test]
fn many_keys_at_once_are_all_read() {
    let mut top = Running::start(&LIVE);
    top.wait_for_text("COMMAND");
    let typing = (0..40).map(|_| "j".repeat(500));
    for keys in typing {
        top.press(&keys);
        // Frames must not fill the terminal meanwhile.
        top.read();
    }
    top.press("h");
    top.wait_for_text("Pick the line above");
    top.press("qq");
    assert_eq!(top.end().0.code(), Some(0));
}

#[test]
fn signals_for_other_commands_have_no_effect() {
    let mut top = Running::start(&LIVE);
    top.wait_for_text("COMMAND");
    top.send(Signal::USR1);
    top.send(Signal::USR2);
    top.press("h");
    top.wait_for_text("Pick the line above");
    top.press("qq");
    assert_eq!(top.end().0.code(), Some(0));
}

#[test]
fn log_lines_do_not_destroy_the_screen() {
    let mut command = pscan(&LIVE);
    command.env("RUST_LOG", "trace");
    let mut top = Running::start_as(command);
    top.wait_for_text("COMMAND");
    top.press("q");
    let bytes = top.screen.bytes.clone();
    let (status, _) = top.end();
    assert_eq!(status.code(), Some(0));
    // A frame has no line feeds.
    let begin = bytes.windows(8).position(|part| part == b"\x1b[?1049h");
    assert!(!bytes[begin.unwrap()..].contains(&b'\n'));
}

#[test]
fn without_a_terminal_it_names_what_works_there() {
    let failed = |mut command: Command| failure_of(&command.output().unwrap()).to_owned();
    let advice = "(use 'pscan' for one table, or 'pscan watch' for events)";
    let expected = format!("pscan: standard output is no terminal {advice}");
    assert_eq!(failed(pscan(&["top"])), expected);
    let (ours, theirs) = pty::open(200).unwrap();
    let end = || theirs.try_clone().unwrap();
    // A command holds its end of the terminal until it is dropped.
    let failed_there = |mut command: Command| {
        command.stdout(end()).stderr(std::process::Stdio::piped());
        let child = command.spawn().unwrap();
        failure_of(&child.wait_with_output().unwrap()).to_owned()
    };
    let expected = format!("pscan: standard input is no terminal, so there are no keys {advice}");
    assert_eq!(failed_there(pscan(&["top"])), expected);
    let mut dumb = pscan(&["top"]);
    dumb.stdin(end()).env("TERM", "dumb");
    assert!(failed_there(dumb).contains("TERM is dumb"));
    drop(theirs);
    assert_eq!(pty::shown(ours).unwrap(), "");
}

/// Returns whether bytes set the colour of text or of what is behind it: ECMA-48, SGR.
fn has_color(bytes: &[u8]) -> bool {
    let text = String::from_utf8_lossy(bytes);
    let mut sequences = text.split("\x1b[").skip(1);
    sequences.any(|part| {
        let parameters = part.split_once(|letter: char| letter.is_ascii_alphabetic());
        let Some((parameters, _)) = parameters.filter(|(of, _)| part[of.len()..].starts_with('m'))
        else {
            return false;
        };
        let numbers = parameters
            .split(';')
            .filter_map(|number| number.parse().ok());
        let is_color = |number: u8| matches!(number, 30..=38 | 40..=48 | 90..=97 | 100..=107);
        numbers.into_iter().any(is_color)
    })
}

#[test]
fn no_color_is_written_if_none_is_wanted() {
    let recording = eventful();
    let arg = recording.arg();
    for (no_color, has_colors) in [("", true), ("1", false)] {
        let mut command = pscan(&["top", "--replay", &arg]);
        command.env("NO_COLOR", no_color);
        let mut top = Running::start_as(command);
        top.press("E");
        top.wait_for_text("created");
        top.press("q");
        top.wait_for("end", |screen| {
            !screen.is_alternate && !screen.bytes.is_empty()
        });
        assert_eq!(has_color(&top.screen.bytes), has_colors, "{no_color:?}");
        assert_eq!(top.end().0.code(), Some(0));
    }
}

/// Checks that it ended with an error, and never took the terminal over.
fn assert_failed_before_the_screen(mut top: Running, error: &str) {
    let flat = |screen: &Screen| text(&screen.bytes).replace("\r\n  ", " ");
    top.wait_for(error, |screen| flat(screen).contains(error));
    assert_eq!(top.child.wait().unwrap().code(), Some(1));
    assert!(!top.screen.bytes.contains(&0x1b), "{}", flat(&top.screen));
}

#[test]
fn names_of_others_cannot_command_the_terminal() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/hostile_names.ndjson");
    let mut top = Running::start(&["top", "--replay", path]);
    top.press("E");
    top.wait_for_text("COMMAND");
    top.press("\r");
    // From the details, and then from the list.
    top.press("qq");
    top.wait_for("end", |screen| {
        !screen.is_alternate && !screen.bytes.is_empty()
    });
    for part in top.screen.bytes.split(|byte| *byte == 0x1b).skip(1) {
        let command = part.iter().find(|byte| byte.is_ascii_alphabetic());
        let is_ours = part[0] == b'[' && command.is_some_and(|byte| b"HJmhl".contains(byte));
        assert!(is_ours, "{:?}", String::from_utf8_lossy(part));
    }
    assert!(!top.screen.bytes.contains(&0x07));
    assert_eq!(top.end().0.code(), Some(0));
}
