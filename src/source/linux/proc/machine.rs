//! The host's name, kernel, CPUs and memory on Linux.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use rustix::fs::{PROC_SUPER_MAGIC, statfs};

use super::stat::number;
use crate::source::HostInfo;

/// Largest part of a file that is read. The lines of CPUs are the first ones of `stat`.
const READ_BYTES: u64 = 1 << 20;

/// Longest text that is kept; the kernel's own limit is 64.
const KEPT_BYTES: usize = 256;

/// Reads the facts from a folder with the files of proc(5).
///
/// `is_ours`: it is the `/proc` of our own pid namespace.
pub(in crate::source) fn host_info(proc: &Path, is_ours: bool) -> HostInfo {
    // In a mounted proc(5) this file has the name of the reader's container, whichever /proc it is.
    // A copy of the files has the name of its own host.
    let has_name = is_ours || !is_mounted(proc);
    let text = |file: &str| text_of(&read(proc, file)?);
    let kernel = text("sys/kernel/osrelease");
    let system = text("sys/kernel/ostype").unwrap_or_else(|| "Linux".to_owned());
    HostInfo {
        name: text("sys/kernel/hostname").filter(|name| has_name && name != "(none)"),
        kernel: kernel.map(|version| format!("{system} {version}")),
        cpus: read(proc, "stat").and_then(|stat| cpus(&stat)),
        memory_bytes: read(proc, "meminfo").and_then(|meminfo| memory_bytes(&meminfo)),
    }
}

/// Returns whether a proc(5) is mounted here; true if that is unknown.
fn is_mounted(proc: &Path) -> bool {
    statfs(proc).map_or(true, |found| found.f_type == PROC_SUPER_MAGIC)
}

fn read(proc: &Path, file: &str) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    let file = File::open(proc.join(file)).ok()?;
    file.take(READ_BYTES).read_to_end(&mut bytes).ok()?;
    Some(bytes)
}

fn text_of(bytes: &[u8]) -> Option<String> {
    let text = bytes.trim_ascii();
    let text = String::from_utf8_lossy(&text[..text.len().min(KEPT_BYTES)]);
    (!text.is_empty()).then(|| text.into_owned())
}

/// Counts the lines `cpu0`, `cpu1` and so on; `cpu` is their sum (proc_stat(5)).
fn cpus(stat: &[u8]) -> Option<u32> {
    let lines = stat.split(|&byte| byte == b'\n');
    let names = lines.filter_map(|line| line.strip_prefix(b"cpu"));
    let count = names.filter(|rest| rest.first().is_some_and(u8::is_ascii_digit));
    u32::try_from(count.count()).ok().filter(|&count| count > 0)
}

/// Returns `MemTotal` (proc_meminfo(5)), which is in units of 1024 bytes.
fn memory_bytes(meminfo: &[u8]) -> Option<u64> {
    let mut lines = meminfo.split(|&byte| byte == b'\n');
    let total = lines.find_map(|line| line.strip_prefix(b"MemTotal:"))?;
    let kib = number(total.trim_ascii().strip_suffix(b"kB")?.trim_ascii())?;
    kib.checked_mul(1024).filter(|&bytes| bytes > 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn facts_are_counted_or_unknown() {
        let stat = b"cpu  1 2\ncpu0 1 1\ncpu11 0 1\nintr 5\ncpufreq 7\nbtime 3\n";
        assert_eq!(cpus(stat), Some(2));
        for nothing in [&b""[..], b"cpu  1 2\nbtime 3\n", b"\xff\n"] {
            assert_eq!(cpus(nothing), None);
        }
        let meminfo = b"MemTotal:       16316412 kB\nMemFree: 5 kB\n";
        assert_eq!(memory_bytes(meminfo), Some(16_316_412 * 1024));
        for nothing in [
            &b""[..],
            b"MemTotal: 0 kB\n",
            b"MemTotal: 18446744073709551615 kB\n",
            b"MemTotal: 5\n",
            b"MemTotal: -5 kB\n",
        ] {
            assert_eq!(memory_bytes(nothing), None);
        }
        assert_eq!(text_of(b"web1\n"), Some("web1".into()));
        assert_eq!(text_of(b" \n"), None);
    }

    #[test]
    fn a_copied_proc_has_the_facts_of_its_own_host() {
        let dir = tempfile::TempDir::new().expect("a folder can be made");
        assert!(host_info(dir.path(), false).is_unknown());
        std::fs::create_dir_all(dir.path().join("sys/kernel")).expect("it can be made");
        for (file, text) in [
            ("sys/kernel/hostname", "elsewhere\n"),
            ("sys/kernel/ostype", "Linux\n"),
            ("sys/kernel/osrelease", "4.4.0\n"),
            ("stat", "cpu  1\ncpu0 1\n"),
            ("meminfo", "MemTotal: 4 kB\n"),
        ] {
            std::fs::write(dir.path().join(file), text).expect("it can be written");
        }
        let host = host_info(dir.path(), false);
        assert_eq!(host.name.as_deref(), Some("elsewhere"));
        assert_eq!(host.kernel.as_deref(), Some("Linux 4.4.0"));
        assert_eq!((host.cpus, host.memory_bytes), (Some(1), Some(4096)));
    }

    #[test]
    fn this_host_is_known_and_its_name_in_another_proc_is_not() {
        let proc = Path::new("/proc");
        let host = host_info(proc, true);
        let uname = rustix::system::uname();
        let name = uname.nodename().to_str().expect("it is text");
        assert_eq!(
            host.name.as_deref(),
            Some(name).filter(|name| *name != "(none)")
        );
        let kernel = format!("Linux {}", uname.release().to_str().expect("it is text"));
        assert_eq!(host.kernel, Some(kernel));
        assert!(host.cpus >= Some(1) && host.memory_bytes > Some(1 << 20));
        let other = host_info(proc, false);
        assert_eq!(other.name, None);
        assert_eq!(other.kernel, host.kernel);
    }
}
