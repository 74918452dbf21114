//! Options that mean what their program says: `-p` is a password to mysql(1) and a path to mkdir(1).

use super::values::Holds;

/// How an option has its value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    /// In the next argument.
    Next,
    /// Right after its letter.
    Attached,
    /// Either way.
    Both,
}

struct Rule {
    /// Programs that have it; one that ends in `*` stands for all that begin so.
    programs: &'static [&'static str],
    options: &'static [&'static str],
    form: Form,
    holds: Holds,
}

const fn rule(
    programs: &'static [&'static str],
    options: &'static [&'static str],
    form: Form,
    holds: Holds,
) -> Rule {
    Rule {
        programs,
        options,
        form,
        holds,
    }
}

const RULES: &[Rule] = &[
    rule(
        &["mysql*", "mariadb*"],
        &["-p"],
        Form::Attached,
        Holds::Password,
    ),
    rule(&["sshpass"], &["-p"], Form::Both, Holds::Password),
    rule(&["redis-cli"], &["-a"], Form::Both, Holds::Password),
    rule(&["curl"], &["-u", "-U"], Form::Both, Holds::Login),
    rule(&["curl"], &["-b"], Form::Both, Holds::Cookie),
    rule(&["http", "https", "xh"], &["-a"], Form::Next, Holds::Login),
    rule(&["ab"], &["-A", "-P"], Form::Both, Holds::Login),
    rule(&["ldap*"], &["-w"], Form::Both, Holds::Password),
    rule(&["mongo*"], &["-p"], Form::Next, Holds::Password),
    rule(LOGIN, &["-p"], Form::Both, Holds::Password),
    rule(&["mosquitto_*"], &["-P"], Form::Next, Holds::Password),
    rule(
        &["sqlcmd", "bcp", "zip", "unzip", "ipmitool"],
        &["-P"],
        Form::Both,
        Holds::Password,
    ),
    rule(&["7z*"], &["-p"], Form::Attached, Holds::Password),
    rule(
        &["rar", "unrar"],
        &["-hp", "-p"],
        Form::Attached,
        Holds::Password,
    ),
    rule(
        &["plink", "pscp", "psftp", "putty", "kitty"],
        &["-pw"],
        Form::Next,
        Holds::Password,
    ),
    rule(&["snmp*"], &["-A", "-X", "-c"], Form::Both, Holds::Password),
    rule(
        &["smbclient", "smbget", "rpcclient"],
        &["-U"],
        Form::Both,
        Holds::After(b'%'),
    ),
    rule(
        &["smbclient", "smbget", "rpcclient"],
        &["--user"],
        Form::Next,
        Holds::After(b'%'),
    ),
    rule(
        &["xfreerdp*", "wfreerdp*", "sdl-freerdp*"],
        &["/p:"],
        Form::Attached,
        Holds::Password,
    ),
    rule(&["lftp"], &["-u"], Form::Both, Holds::After(b',')),
    rule(&["openssl"], &["-k"], Form::Next, Holds::Password),
];

/// What stands for `docker login`, since `docker run -p` is a port.
const LOGIN: &[&str] = &["login of a container tool"];

#[rustfmt::skip]
const CONTAINER: &[&str] = &[
    "buildah", "docker*", "helm", "nerdctl", "oras", "podman*", "skopeo",
];

#[rustfmt::skip]
const SHELLS: &[&str] = &[
    "ash", "bash", "busybox", "dash", "fish", "ksh", "sh", "su", "zsh",
];

/// Programs that start the one that follows.
#[rustfmt::skip]
const WRAPPERS: &[&str] = &[
    "chroot", "command", "doas", "dumb-init", "env", "exec", "ionice", "nice", "node", "nohup",
    "nsenter", "numactl", "perl", "python", "ruby", "runuser", "setpriv", "setsid", "sshpass", "stdbuf",
    "sudo", "taskset", "time", "timeout", "tini", "unshare", "xargs",
];

/// Programs whose `-p` is something else, and no secret.
#[rustfmt::skip]
const OTHER_P: &[&str] = &[
    "ansible*", "apachectl", "apt*", "ar", "awk", "buildah", "busctl", "bzip", "cargo", "cat",
    "celery", "chown", "chrt", "clang", "cmake", "containerd", "cp", "cpio", "createdb", "ctest",
    "date", "diff", "dig", "dnf", "docker*", "dockerd", "dpkg", "dropdb", "emacs", "find", "fio",
    "fuser", "gawk", "gcc", "gdb*", "git", "gmake", "go", "grep", "gunicorn", "gzip", "helm",
    "htop", "httpd", "initdb", "install", "ionice", "iostat", "iotop", "ip*", "java", "javac",
    "jcmd", "jmap", "journalctl", "jstack", "kill", "kubectl", "less", "lldb", "loginctl", "ls",
    "lsof", "ltrace", "make", "man", "mkdir", "more", "mosh", "mount", "mpstat", "mv", "nc", "ncat",
    "nerdctl", "netstat", "nft", "nginx", "ninja", "nmap", "node", "npm", "npx", "nsenter", "patch",
    "perf", "perl", "pg_*", "pgbench", "pgrep", "pidof", "pidstat", "pip", "pkill", "pmap", "pnpm",
    "podman*", "poetry", "postgres", "prlimit", "ps", "psql", "pwdx", "pytest", "python", "qemu*",
    "read", "redis-cli", "redis-server", "reindexdb", "renice", "rmdir", "rpm", "rsync", "ruby",
    "rustc", "scp", "screen", "sed", "sftp", "skopeo", "ss", "ssh", "ssh-*", "strace", "su", "sudo",
    "supervisord", "systemctl", "systemd*", "tail", "tar", "taskset", "tcpdump", "tee", "telnet",
    "terraform", "tmux", "top", "touch", "tshark", "udevadm", "umount", "unzip", "uvicorn", "uwsgi",
    "vacuumdb", "vagrant", "valgrind", "vi", "vim", "virsh", "wget", "xargs", "xz", "yarn", "yum",
    "zstd",
];

/// The programs that a command line has named so far.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Programs {
    /// Which of [`RULES`] hold.
    rules: u32,
    /// Words that were no options.
    words: u32,
    /// Only wrappers so far: what comes may be the program that they start.
    is_wrapped: bool,
    has_other_p: bool,
    is_container: bool,
    is_htpasswd: bool,
    is_shell: bool,
}

const _: () = assert!(RULES.len() <= u32::BITS as usize);

impl Programs {
    /// Takes in a word that is no option.
    pub(super) fn see(&mut self, word: &[u8]) {
        let is_first = self.words == 0;
        self.words = self.words.saturating_add(1);
        let mut name = [0; 24];
        let Some(name) = program(word, &mut name) else {
            self.is_wrapped &= !is_first;
            return;
        };
        let plain = without_version(name);
        let is_in = |list: &[&str]| list.iter().any(|known| fits(name, plain, known));
        // A wrapper has options with values and a file or two; what comes later is an argument.
        let may_start = is_first || self.is_wrapped && self.words <= 5;
        let has_other_p = may_start && is_in(OTHER_P);
        if has_other_p {
            // What sshpass(1) starts has options of its own.
            self.rules = 0;
        }
        for (at, rule) in RULES.iter().enumerate() {
            if is_in(rule.programs) {
                self.rules |= 1 << at;
            }
        }
        if self.is_container && name == b"login" {
            let login = RULES.iter().position(|rule| rule.programs == LOGIN);
            self.rules |= login.map_or(0, |at| 1 << at);
        }
        self.is_container |= is_in(CONTAINER);
        self.is_htpasswd |= name == b"htpasswd";
        let is_wrapper = is_in(WRAPPERS);
        if may_start {
            self.is_wrapped = is_wrapper || !is_first;
            self.has_other_p |= has_other_p;
            self.is_shell |= is_in(SHELLS);
        }
    }

    /// Whether its words after `-c` are a script.
    pub(super) fn are_shell(&self) -> bool {
        self.is_shell
    }

    /// Whether the last argument is a password.
    pub(super) fn is_htpasswd(&self) -> bool {
        self.is_htpasswd
    }

    /// What a word says that begins like an option: where in it a value begins, or that it is all of the
    /// next word; and what that value holds. Only in a command is `-p` that of a program not known.
    pub(super) fn option(&self, word: &[u8], is_command: bool) -> Option<(Place, Holds)> {
        for (at, rule) in RULES.iter().enumerate() {
            if self.rules & 1 << at == 0 {
                continue;
            }
            for option in rule.options {
                if let Some(place) = place(word, option, rule.form) {
                    return Some((place, rule.holds));
                }
            }
        }
        // Where it starts processes, it is who they run as: user:group.
        if !self.is_container
            && let Some(place) = ["--user", "--userpwd", "--proxy-user"]
                .iter()
                .find_map(|option| place(word, option, Form::Next))
        {
            return Some((place, Holds::Login));
        }
        if self.has_other_p || !is_command {
            return None;
        }
        match word {
            b"-p" => Some((Place::Next, Holds::P)),
            [b'-', b'p', b'=', _, ..] => Some((Place::At(3), Holds::P)),
            _ => None,
        }
    }
}

/// Where the value of an option is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    Next,
    /// From this byte of the word on.
    At(usize),
}

fn place(word: &[u8], option: &str, form: Form) -> Option<Place> {
    let letters = option.as_bytes();
    if let Some(rest) = word.strip_prefix(letters) {
        let is_long = letters.starts_with(b"--");
        return match rest {
            [] => (form != Form::Attached).then_some(Place::Next),
            [b'=', ..] if is_long || form != Form::Attached => Some(Place::At(letters.len() + 1)),
            _ if !is_long && form != Form::Next => Some(Place::At(letters.len())),
            _ => None,
        };
    }
    // `-sSu x`: letters without values before it.
    let is_cluster = form == Form::Both
        && letters.len() == 2
        && word.len() > 2
        && word.len() <= 6
        && word[0] == b'-'
        && word.last() == letters.last()
        && word[1..].iter().all(u8::is_ascii_alphabetic);
    is_cluster.then_some(Place::Next)
}

/// The name of a program in small letters, without its folder and `.exe`; `None` for what is too long
/// for one that is known.
fn program<'n>(word: &[u8], name: &'n mut [u8; 24]) -> Option<&'n [u8]> {
    let start = word.iter().rposition(|byte| matches!(byte, b'/' | b'\\'));
    let base = &word[start.map_or(0, |at| at + 1)..];
    let name = name.get_mut(..base.len())?;
    name.copy_from_slice(base);
    name.make_ascii_lowercase();
    let name = &*name;
    let name = name.strip_suffix(b".exe").unwrap_or(name);
    // An interactive shell's own name begins with a dash; a title ends in a colon.
    let name = name.strip_suffix(b":").unwrap_or(name);
    (!name.is_empty()).then_some(name)
}

/// `python3.11`, `psql-15`, `mysql8.0`.
fn without_version(name: &[u8]) -> &[u8] {
    let version = name
        .iter()
        .rev()
        .take_while(|byte| byte.is_ascii_digit() || matches!(byte, b'.' | b'-'));
    &name[..name.len() - version.count()]
}

fn fits(name: &[u8], plain: &[u8], known: &str) -> bool {
    match known.strip_suffix('*') {
        Some(start) => name.starts_with(start.as_bytes()),
        None => name == known.as_bytes() || plain == known.as_bytes(),
    }
}
