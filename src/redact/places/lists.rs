//! Which programs have passwords at which places, and what may stand before and beside them.

pub(super) struct Row {
    pub(super) program: &'static str,
    /// The words that have to come first; one that ends in `*` stands for all that begin so.
    pub(super) verbs: &'static [&'static str],
    /// Which of the words after them is the password.
    pub(super) nth: u8,
}

const fn row(program: &'static str, verbs: &'static [&'static str], nth: u8) -> Row {
    Row {
        program,
        verbs,
        nth,
    }
}

pub(super) const ROWS: &[Row] = &[
    row("bw", &["unlock"], 1),
    row("bw", &["login"], 2),
    row("cargo", &["login"], 1),
    row(IWCONFIG, &["*", "enc*"], 1),
    row(IWCONFIG, &["*", "key"], 1),
    row("mc", &["alias", "set"], 4),
    row("mc", &["config", "host", "add"], 4),
    row("mkpasswd", &[], 1),
    row("openssl", &["passwd"], 1),
    row("poetry", &["config", "http-basic*"], 2),
    row("poetry", &["config", "pypi-token*"], 1),
    row("rabbitmqctl", &["add_user"], 2),
    row("rabbitmqctl", &["change_password"], 2),
    row("rclone", &["obscure"], 1),
    row("samba-tool", &["user", "add"], 2),
    row("samba-tool", &["user", "create"], 2),
    row("vault", VAULT_LOGIN, 1),
    row("vault", &["operator", "unseal"], 1),
    row("vault", &["unseal"], 1),
    row("wandb", &["login"], 1),
    row("wpa_passphrase", &[], 2),
    row(HTPASSWD, &[], 3),
    row(NET, &["user"], 2),
    row(NET, &["use", r"\\*"], 1),
    row(NET, &["use", "http*"], 1),
];

/// It has a password only with `-b`, and no file before the user with `-n`.
pub(super) const HTPASSWD: &str = "htpasswd";

/// An interface comes first, other settings may stand before the key, and how it is used beside it.
pub(super) const IWCONFIG: &str = "iwconfig";

/// Parameters may stand beside the token, or instead of it.
pub(super) const VAULT_LOGIN: &[&str] = &["login"];

/// Its switches begin with a slash, and a device may stand before a share.
pub(super) const NET: &str = "net";

const _: () = assert!(ROWS.len() <= u32::BITS as usize);

/// Options of those programs that are followed by a value. Any other may be or not.
#[rustfmt::skip]
pub(super) const WITH_VALUE: &[&str] = &[
    "--api", "--config", "--directory", "--host", "--method", "--node", "--passwordenv", "--passwordfile", "--registry",
    "--vhost", "-S", "-address", "-ca-cert", "-in", "-m", "-method", "-namespace", "-path", "-salt",
];

/// Oracle's, to which user and password are one word: `me/x@db`.
pub(super) const ORACLE: &[&str] = &["expdp", "impdp", "sqlldr", "sqlplus"];

/// The same; but these names are other programs' too, to which `a/b` is a path.
pub(super) const EXP: &[&str] = &["exp", "imp"];

/// After these rman(1) has user and password.
pub(super) const OF_RMAN: &[&str] = &["auxiliary", "catalog", "rcvcat", "target"];

/// Words of shells that a command follows, and shells of Windows.
#[rustfmt::skip]
pub(super) const BEFORE: &[&str] = &[
    "!", "cmd", "do", "elif", "else", "if", "powershell", "pwsh", "then", "until", "while", "{",
];

/// Programs that a command follows after a word of their own.
pub(super) const BEFORE_WITH_WORD: &[&str] = &["chroot", "psexec*", "runuser", "ssh", "su"];

/// `docker exec x`, `kubectl exec x`.
pub(super) const EXEC: &[&str] = &["docker", "kubectl", "nerdctl", "oc", "podman"];
