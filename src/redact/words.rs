//! The words that names are judged by.
//!
//! Each list is in order of the alphabet.

/// A name that ends in one of these is about a secret and is not its own.
#[rustfmt::skip]
pub(super) const ABOUT_IT: &[&str] = &[
    "age", "alg", "algo", "algorithm", "alias", "arn", "attempts", "authentication", "bits",
    "budget", "bytes", "check", "cipher", "class", "column", "complexity", "count", "days",
    "delimiter", "dir", "directory", "disabled", "enabled", "encoding", "encryption", "endpoint", "env",
    "expiration", "expires", "expiry", "fd", "field", "file", "filename", "files", "format",
    "generator", "header", "headers", "history", "hours", "id", "ids", "index", "interval", "jar",
    "kind", "len", "length", "lifetime", "limit", "lock", "max", "method", "min", "minutes", "mode",
    "name", "names", "path", "paths", "policies", "policy", "prefix", "prompt", "provider", "ref", "regex",
    "renewal", "required", "rotation", "rules", "samesite", "schema", "sec", "second", "seconds",
    "secs", "secure", "selector", "separator", "size", "stdin", "store", "strength", "suffix",
    "table", "template", "timeout", "ttl", "type", "types", "uri", "url", "urls", "usage",
    "validation", "verification", "version",
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
    "col", "column", "composite", "config", "ctrl", "dedup", "default", "delete", "dict",
    "distribution", "doc", "document", "edit", "entry", "escape", "event", "export",
    "feature", "fetch", "field", "flag", "foreign", "function", "gen", "generate", "group", "hash",
    "host", "hot", "idempotency", "import", "index", "join", "json", "known", "kv", "label", "list",
    "locale", "lookup", "map", "message", "meta", "metric", "modifier", "msg", "natural", "node",
    "object", "option", "order", "partition", "prefix", "press", "primary", "prop", "property",
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
