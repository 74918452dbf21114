//! What is known of programs: which of their options hold a secret, and which start others.

use super::values::Holds;

/// How an option has its value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// In the next argument.
    Next,
    /// Right after its letter.
    Attached,
    /// Either way.
    Both,
}

pub(super) struct Rule {
    /// Programs that have it; one that ends in `*` stands for all that begin so.
    pub(super) programs: &'static [&'static str],
    pub(super) options: &'static [&'static str],
    pub(super) form: Form,
    pub(super) holds: Holds,
    pub(super) stands: Stands,
}

/// Where a rule's programs have to stand for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stands {
    Anywhere,
    /// Where a program can: its name is an everyday word too.
    First,
    /// After this one, whose command it is.
    After(&'static str),
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
        stands: Stands::Anywhere,
    }
}

impl Rule {
    const fn first(self) -> Self {
        Self {
            stands: Stands::First,
            ..self
        }
    }

    const fn after(self, program: &'static str) -> Self {
        Self {
            stands: Stands::After(program),
            ..self
        }
    }
}

#[rustfmt::skip]
pub(super) const RULES: &[Rule] = &[
    rule(&["mysql*", "mariadb*"], &["-p"], Form::Attached, Holds::Password),
    rule(&["sshpass"], &["-p"], Form::Both, Holds::Password),
    rule(REDIS, &["-a"], Form::Both, Holds::Password),
    rule(&["curl"], &["-u", "-U"], Form::Both, Holds::Login),
    rule(&["curl"], &["-E", "--cert", "--user", "--proxy-user"], Form::Both, Holds::Login),
    rule(&["curl"], &["-b"], Form::Both, Holds::Cookie),
    rule(&["http", "https", "xh"], &["-a"], Form::Next, Holds::Auth),
    rule(&["hey"], &["-a"], Form::Next, Holds::Login),
    rule(&["transmission-remote"], &["-n"], Form::Both, Holds::Login),
    rule(&["ttyd"], &["-c"], Form::Both, Holds::Login),
    rule(&["ab"], &["-A", "-P"], Form::Both, Holds::Login),
    rule(&["ldap*", "kadmin", "ipa-client-install"], &["-w"], Form::Both, Holds::Password),
    rule(&["ldappasswd"], &["-a", "-s"], Form::Both, Holds::Password),
    rule(&["slappasswd"], &["-s"], Form::Both, Holds::Password),
    rule(&["mongo*"], &["-p"], Form::Both, Holds::Password),
    rule(LOGIN, &["-p"], Form::Both, Holds::Password),
    rule(&["mosquitto_*"], &["-P"], Form::Next, Holds::Password),
    rule(SQL, &["-P"], Form::Both, Holds::Password),
    rule(&["ssh-keygen"], &["-N", "-P"], Form::Both, Holds::Password),
    rule(&["7z*"], &["-p"], Form::Attached, Holds::Password),
    // A pattern for secrets may well be one.
    rule(&["pscan"], &["--redact"], Form::Next, Holds::Password),
    rule(&["rar", "unrar"], &["-hp", "-p"], Form::Attached, Holds::Password),
    rule(PUTTY, &["-pw"], Form::Next, Holds::Password),
    rule(&["snmp*"], &["-A", "-X", "-c"], Form::Both, Holds::Password),
    rule(SAMBA, &["-U"], Form::Both, Holds::After(b'%')),
    rule(SAMBA, &["--user"], Form::Next, Holds::After(b'%')),
    rule(&["xfreerdp*", "wfreerdp*", "sdl-freerdp*"], &["/p:", "/gp:"], Form::Attached, Holds::Password),
    rule(&["mount", "mount.*"], &["-o"], Form::Both, Holds::Mount).first(),
    rule(&["qemu*"], &["-object", "--object"], Form::Next, Holds::Object),
    rule(&["doctl"], &["-t"], Form::Both, Holds::Password),
    rule(&["signtool"], &["/p"], Form::Next, Holds::Password),
    rule(&["schtasks"], &["/rp", "/RP"], Form::Next, Holds::Password),
    rule(&["swaks"], &["-ap"], Form::Next, Holds::Password),
    rule(&["sc"], &["password="], Form::Next, Holds::Password).first(),
    rule(&["sendemail"], &["-xp"], Form::Next, Holds::Password),
    rule(&["dotnet", "nuget"], &["-k"], Form::Next, Holds::Token),
    rule(&["lftp"], &["-u"], Form::Both, Holds::After(b',')),
    // What kubectl(1) makes a secret of; of a configmap it may be shown.
    rule(&["secret", "secrets"], &["--from-literal"], Form::Both, Holds::After(b'=')),
    rule(&["openssl"], &["-k", "-K", "-hmac"], Form::Next, Holds::Password),
    rule(&["lego"], &["--hmac"], Form::Next, Holds::Password),
    rule(&["consul", "nomad", "serf"], &["-encrypt"], Form::Next, Holds::Password),
    rule(&["elasticsearch-users", "veracrypt"], &["-p"], Form::Next, Holds::Password),
    rule(&["certutil"], &["-p"], Form::Next, Holds::Password).first(),
    rule(&["dig", "nsupdate"], &["-y"], Form::Next, Holds::After(b':')).first(),
    // What security(1) is told to do: its options differ by that.
    rule(&["create-keychain", "unlock-keychain"], &["-p"], Form::Next, Holds::Password),
    rule(&["set-key-partition-list"], &["-k"], Form::Next, Holds::Password),
    rule(&["add-generic-password", "add-internet-password"], &["-w"], Form::Next, Holds::Password),
    rule(&["security"], &["-P"], Form::Next, Holds::Password).first(),
    rule(&["duplicity", "gpg*"], WHICH_KEY, Form::Next, Holds::Nothing),
    // Which secret, which row, and which part of an entry is meant.
    rule(&["secretsmanager"], &["--secret-id"], Form::Next, Holds::Nothing).after("aws"),
    rule(&["dynamodb"], &["--key"], Form::Next, Holds::Nothing).after("aws"),
    rule(&["show"], &["--password"], Form::Next, Holds::Nothing).after("lpass"),
    rule(&["secret"], &["--body", "-b"], Form::Both, Holds::Password).after("gh"),
    // What aws(1) and az(1) are told to keep.
    rule(&["put-parameter"], &["--value"], Form::Next, Holds::Password),
    rule(&["keyvault"], &["--value"], Form::Next, Holds::Password).after("az"),
];

/// Options of gpg(1) and its like that are followed by which key is meant.
const WHICH_KEY: &[&str] = &[
    "--default-key",
    "--delete-secret-key",
    "--delete-secret-keys",
    "--encrypt-key",
    "--export-secret-key",
    "--export-secret-keys",
    "--export-secret-subkeys",
    "--hidden-encrypt-key",
    "--sign-key",
    "--trusted-key",
];

const REDIS: &[&str] = &["redis-cli", "redis-benchmark", "valkey-cli", "keydb-cli"];

const SQL: &[&str] = &[
    "sqlcmd", "bcp", "isql", "osql", "tsql", "p4", "zip", "unzip", "ipmitool",
];

const PUTTY: &[&str] = &["plink", "pscp", "psftp", "putty", "kitty", "nodetool"];

const SAMBA: &[&str] = &[
    "smbclient",
    "smbget",
    "smbcacls",
    "rpcclient",
    "net",
    "winexe",
];

/// What stands for `docker login`, since `docker run -p` is a port.
pub(super) const LOGIN: &[&str] = &["login of a container tool"];

#[rustfmt::skip]
pub(super) const CONTAINER: &[&str] = &[
    "buildah", "docker*", "helm", "nerdctl", "oras", "podman*", "skopeo",
];

#[rustfmt::skip]
pub(super) const SHELLS: &[&str] = &[
    "ash", "bash", "busybox", "dash", "fish", "ksh", "sh", "su", "zsh",
];

/// Programs that start the one that follows.
#[rustfmt::skip]
pub(super) const WRAPPERS: &[&str] = &[
    "chroot", "command", "doas", "dumb-init", "env", "exec", "ionice", "nice", "node", "nohup",
    "nsenter", "numactl", "perl", "python", "ruby", "runuser", "setpriv", "setsid", "sshpass", "stdbuf",
    "sudo", "taskset", "time", "timeout", "tini", "unshare", "xargs",
];

/// Programs that have `-u` or its like, and whose `-p` is something else.
#[rustfmt::skip]
pub(super) const OTHER_P: &[&str] = &[
    "cargo", "cp", "diff", "docker-compose", "git", "install", "journalctl", "kubectl", "loginctl", "ls",
    "mkdir", "mount", "patch", "pytest", "rsync", "sacct", "scancel", "sinfo", "squeue", "ssh",
    "systemctl", "systemd*", "tar",
];
