//! The words that names are judged by.
//!
//! Each list is in order of the alphabet.

/// A name that ends in one of these is about a secret and is not its own.
#[rustfmt::skip]
pub(super) const ABOUT_IT: &[&str] = &[
    "age", "alg", "algo", "algorithm", "alias", "allowed", "arn", "attempts", "audience", "authentication", "banner",
    "batch", "batches", "bits", "budget", "bytes", "callback", "change", "changed", "characters", "chars", "charset",
    "check", "cipher", "class", "color", "column", "columns", "complexity", "cooldown", "cost", "count", "days",
    "delay", "delimiter", "denied", "description", "detection", "detector", "dictionary", "digits", "dir",
    "directory", "disabled", "driver", "enabled", "encoding", "encryption", "endpoint", "entropy", "env", "event",
    "events", "example", "exclude", "expiration", "expires", "expiry", "fd", "feature", "features", "field", "fields",
    "file", "filename", "files", "filter", "flow", "form", "format", "generator", "grace", "grant", "grants",
    "header", "headers", "hint", "history", "hours", "icon", "id", "ids", "include", "index", "interval", "issuer",
    "iterations", "jar", "kind", "label", "labels", "landing", "language", "len", "length", "level", "lifetime",
    "limit", "locale", "lock", "log", "logs", "mapping", "mappings", "match", "max", "message", "method", "min",
    "minutes", "mode", "module", "name", "names", "notice", "only", "optional", "order", "page", "path", "paths",
    "pattern", "patterns", "period", "policies", "policy", "position", "prefix", "prompt", "provider", "quality",
    "question", "questions", "quota", "rate", "realm", "redirect", "ref", "refresh", "regex", "renew", "renewal",
    "required", "reset", "retries", "revocation", "rotate", "rotation", "rounds", "rules", "samesite", "scanner",
    "scanning", "schema", "scheme", "sec", "second", "seconds", "secs", "secure", "selector", "separator", "size",
    "sleep", "sources", "state", "status", "stdin", "store", "strategy", "strength", "style", "suffix", "supported",
    "table", "tag", "tags", "template", "test", "tests", "threads", "threshold", "timeout", "title", "ttl", "type",
    "types", "uri", "url", "urls", "usage", "validation", "verification", "version", "warning", "window", "wordlist",
    "workers",
];

/// An option that ends in one of these is about who has to do with a secret. A variable in capitals can be
/// that one's secret: `PASSWORD_SERVER`.
#[rustfmt::skip]
pub(super) const ABOUT_WHO: &[&str] = &[
    "account", "agent", "audience", "audiences", "backend", "bucket", "cache", "command", "config",
    "controller", "domain", "exec", "folder", "group", "handler", "helper", "host", "issuer",
    "issuers", "label", "location", "manager", "model", "namespace", "operator", "plugin", "port",
    "processor", "providers", "region", "review", "scope", "scopes", "script", "server", "service",
    "socket", "source", "src", "storage", "support", "user", "username", "validator", "vault",
    "webhook",
];

/// An option that begins with one of these is a switch.
#[rustfmt::skip]
pub(super) const SWITCH: &[&str] = &[
    "ask", "disable", "no", "prompt", "skip", "without",
];

/// `--n-tokens`, `--tokens-per-batch`, `--token-count`: a number.
#[rustfmt::skip]
pub(super) const NUMBER: &[&str] = &[
    "avg", "budget", "completion", "count", "limit", "n", "new", "number", "per", "total",
];

/// With one of these it is no number.
pub(super) const NO_NUMBER: &[&str] = &["access", "api", "auth", "client", "private", "secret"];

/// `--eos-token`, `--pad-token`: a language model's.
#[rustfmt::skip]
pub(super) const NOT_BEFORE_TOKEN: &[&str] = &[
    "bos", "cls", "end", "eos", "fim", "image", "mask", "next", "pad", "sep", "special", "start", "starting", "stop",
    "unk",
];

/// `--two-pass`, `--low-pass`.
#[rustfmt::skip]
pub(super) const NOT_BEFORE_PASS: &[&str] = &[
    "all", "band", "by", "first", "high", "low", "multi", "one", "render", "second", "single",
    "two",
];

#[rustfmt::skip]
pub(super) const NO_PASS: &[&str] = &[
    "allpass", "bandpass", "bypass", "compass", "highpass", "impass", "lowpass", "multipass",
    "overpass", "singlepass", "surpass", "trespass", "twopass", "underpass",
];

/// These make a key a secret wherever in the name they stand: `SECRET_KEY_BASE`, `API_KEY_PROD`.
#[rustfmt::skip]
pub(super) const BEFORE_SECRET_KEY: &[&str] = &[
    "access", "account", "admin", "api", "app", "auth", "encryption", "master", "private", "secret",
    "service", "shared", "signing",
];

/// Keys that are none of a lock: those of tables, maps and keyboards, and those that are public.
#[rustfmt::skip]
pub(super) const NOT_BEFORE_KEY: &[&str] = &[
    "alt", "annotation", "any", "arrow", "attr", "attribute", "bind", "binding", "cache", "check",
    "by", "col", "column", "composite", "config", "ctrl", "dedup", "default", "delete", "dict",
    "distribution", "doc", "document", "edit", "entry", "escape", "event", "export",
    "feature", "fetch", "field", "flag", "foreign", "function", "gen", "generate", "group", "hash",
    "host", "hot", "idempotency", "import", "index", "join", "json", "known", "kv", "label", "list",
    "locale", "lookup", "map", "message", "meta", "metric", "modifier", "msg", "natural", "node",
    "object", "option", "order", "partition", "prefix", "press", "primary", "project", "prop", "property",
    "pub", "public", "range", "receive", "record", "recv", "refresh", "reg", "registry", "routing",
    "row", "search", "send", "sequence", "setting", "shard", "shift", "shortcut", "show", "sign", "socket",
    "sort", "super", "surrogate", "tag", "topology", "translation", "unique", "var", "variable",
    "xml",
];

/// What these install is named.
#[rustfmt::skip]
pub(super) const INSTALLERS: &[&str] = &[
    "apk", "apt", "apt-get", "brew", "cargo", "choco", "composer", "conda", "dnf", "gem", "go", "npm", "pacman",
    "pip", "pip3", "pnpm", "snap", "winget", "yarn", "yum", "zypper",
];

/// After one of these a bare word is the name of something.
#[rustfmt::skip]
pub(super) const LOOKUP: &[&str] = &[
    "ack", "ag", "apropos", "delete", "describe", "egrep", "fgrep", "find", "get", "grep", "list", "locate",
    "man", "rg", "secret", "secrets", "show", "which", "zgrep",
];

/// Options with one dash, whose first letter is no option of its own.
#[rustfmt::skip]
pub(super) const OPTIONS: &[&str] = &[
    "addr", "address", "admin", "agent", "all", "api", "app", "append", "arch", "async", "attach", "auth", "auto", "kill",
    "kind", "package", "parallel", "parent", "partition", "path", "pattern", "pid", "pidfile", "pipe", "platform",
    "plugin", "policy", "port", "prefix", "preset", "print", "priority", "prod", "profile", "project", "prompt", "proto",
    "protocol", "proxy", "public", "push", "table", "tag", "target", "test", "text", "threads", "time", "timeout", "title",
    "to", "topic", "trace", "tree", "tries", "type", "uid", "unit", "update", "uri", "url", "user", "username", "utf8",
    "wait", "watch", "web", "width", "work", "workdir", "write",
];

/// With one of these before it, a bare word is a command.
#[rustfmt::skip]
pub(super) const VERBS: &[&str] = &[
    "add", "change", "check", "clear", "create", "delete", "forgot", "generate", "get", "list", "load-", "lookup", "read",
    "remove", "reset", "revoke", "rotate", "set-", "set_", "show", "update", "verify", "with-",
];

/// No name of a secret is longer; of a longer one its end is judged.
pub(super) const MAX_NAME: usize = 128;

const MAX_WORDS: usize = 16;

/// The words of a name in small letters, without those that are numbers.
pub(super) struct Words<'n> {
    pub(super) list: [&'n [u8]; MAX_WORDS],
    pub(super) len: usize,
}

impl<'n> Words<'n> {
    pub(super) fn of(name: &[u8], lower: &'n mut [u8; MAX_NAME]) -> Self {
        let name = &name[name.len().saturating_sub(MAX_NAME)..];
        let lower = &mut lower[..name.len()];
        lower.copy_from_slice(name);
        lower.make_ascii_lowercase();
        let lower = &*lower;
        let mut words = Self {
            list: [b""; MAX_WORDS],
            len: 0,
        };
        let mut start = 0;
        for at in 0..=name.len() {
            let is_separator = name
                .get(at)
                .is_none_or(|byte| !byte.is_ascii_alphanumeric());
            if is_separator || is_hump(name, start, at) {
                words.push(&lower[start..at]);
                start = at + usize::from(is_separator);
            }
        }
        words
    }

    /// `password2` is `password`, and `2` is no word.
    fn push(&mut self, word: &'n [u8]) {
        let digits = word.iter().rev().take_while(|byte| byte.is_ascii_digit());
        let word = &word[..word.len() - digits.count()];
        if word.is_empty() {
            return;
        }
        if self.len == MAX_WORDS {
            self.list.rotate_left(1);
            self.len -= 1;
        }
        self.list[self.len] = word;
        self.len += 1;
    }
}

/// Where a word begins within letters: `dbPassword`, `APIKey`.
fn is_hump(name: &[u8], start: usize, at: usize) -> bool {
    if at <= start || !name[at].is_ascii_uppercase() {
        return false;
    }
    !name[at - 1].is_ascii_uppercase()
        // Not at the plural's `s` of PASSWORDs.
        || name.get(at + 1).is_some_and(u8::is_ascii_lowercase)
            && !(name[at + 1] == b's' && name.get(at + 2).is_none_or(|byte| !byte.is_ascii_lowercase()))
}
