//! How many arenas of glibc's malloc a command has: `src/cli/allocator.rs` limits them.

use std::fs;
use std::io::{BufRead, BufReader};
use std::process::{Child, Stdio};

use super::pscan;

/// The address space that each arena but the first one reserves, and uses little of: malloc/arena.c of glibc.
const RESERVED_BYTES: u64 = 64 << 20;

/// Environment variables that set malloc up in another way.
const CHOSEN_BY: [(&str, &str); 3] = [
    ("MALLOC_ARENA_MAX", "8"),
    ("MALLOC_TRIM_THRESHOLD_", "131072"),
    ("GLIBC_TUNABLES", "glibc.malloc.arena_max=8"),
];

/// Killed and reaped when dropped.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Returns the size of a part of an address space that is only reserved: a line of proc_pid_maps(5).
fn reserved_bytes(line: &str) -> Option<u64> {
    let (range, rest) = line.split_once(" ---p ")?;
    let (begin, end) = range.split_once('-')?;
    // Offset, device and inode: no file.
    let has_no_name = rest.split_whitespace().count() == 3;
    let address = |hex| u64::from_str_radix(hex, 16).unwrap();
    has_no_name.then(|| address(end) - address(begin))
}

/// Returns how many arenas beside the first one a `watch` has after its first line, when all its threads run.
fn more_arenas(variable: Option<(&str, &str)>) -> usize {
    let mut command = pscan(&["watch", "--json", "--interval", "1h"]);
    for (name, _) in CHOSEN_BY {
        command.env_remove(name);
    }
    command.envs(variable).stdout(Stdio::piped());
    let mut running = Running(command.spawn().unwrap());
    let mut out = BufReader::new(running.0.stdout.take().unwrap());
    assert!(out.read_line(&mut String::new()).unwrap() > 0);
    let maps = fs::read_to_string(format!("/proc/{}/maps", running.0.id())).unwrap();
    let reserved = maps.lines().filter_map(reserved_bytes);
    reserved.filter(|bytes| *bytes > RESERVED_BYTES / 2).count()
}

#[test]
fn a_command_has_one_arena_unless_a_variable_sets_malloc_up() {
    assert_eq!(more_arenas(None), 0);
    for variable in CHOSEN_BY {
        assert_ne!(more_arenas(Some(variable)), 0, "{variable:?}");
    }
}
