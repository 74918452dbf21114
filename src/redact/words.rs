//! The words that names are judged by.
//!
//! Each list is in order of the alphabet.

/// A name that ends in one of these is about a secret and is not its own.
#[rustfmt::skip]
pub(super) const ABOUT_IT: &[&str] = &[
    "account", "age", "agent", "alg", "algo", "algorithm", "alias", "arn", "attempts", "audience",
    "audiences", "authentication", "backend", "bits", "bucket", "budget", "bytes", "cache", "check",
    "cipher", "class", "column", "command", "complexity", "config", "controller", "count", "days",
    "delimiter", "dir", "directory", "disabled", "domain", "enabled", "encoding", "endpoint", "env",
    "exec", "expiration", "expires", "expiry", "fd", "field", "file", "filename", "files", "folder",
    "format", "generator", "group", "handler", "header", "headers", "helper", "history", "host",
    "hours", "id", "ids", "index", "interval", "issuer", "issuers", "jar", "kind", "label", "len",
    "length", "lifetime", "limit", "location", "lock", "manager", "max", "method", "min", "minutes",
    "mode", "model", "name", "names", "namespace", "operator", "path", "paths", "plugin", "policy",
    "port", "prefix", "processor", "prompt", "provider", "providers", "ref", "regex", "region",
    "renewal", "required", "review", "rotation", "rules", "samesite", "schema", "scope", "scopes",
    "script", "sec", "second", "seconds", "secs", "secure", "selector", "separator", "server",
    "service", "size", "socket", "source", "src", "stdin", "storage", "store", "strength", "suffix",
    "support", "table", "template", "timeout", "ttl", "type", "types", "uri", "url", "urls",
    "usage", "user", "username", "validation", "validator", "vault", "verification", "version",
    "webhook",
];

/// A name that begins with one of these is a switch.
#[rustfmt::skip]
pub(super) const SWITCH: &[&str] = &[
    "ask", "disable", "no", "prompt", "skip", "without",
];

/// `--n-tokens`, `--tokens-per-batch`, `--token-count`: a number.
#[rustfmt::skip]
pub(super) const NUMBER: &[&str] = &[
    "avg", "budget", "completion", "count", "limit", "n", "new", "number", "per", "total",
];

/// `--eos-token`, `--pad-token`: a language model's.
#[rustfmt::skip]
pub(super) const NOT_BEFORE_TOKEN: &[&str] = &[
    "bos", "cls", "end", "eos", "fim", "image", "mask", "pad", "sep", "special", "start", "stop",
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
    "distribution", "doc", "document", "edit", "entry", "env", "escape", "event", "export",
    "feature", "fetch", "field", "flag", "foreign", "function", "gen", "generate", "group", "hash",
    "host", "hot", "idempotency", "import", "index", "join", "json", "known", "kv", "label", "list",
    "locale", "lookup", "map", "message", "meta", "metric", "modifier", "msg", "natural", "node",
    "object", "option", "order", "partition", "prefix", "press", "primary", "prop", "property",
    "pub", "public", "range", "receive", "record", "recv", "refresh", "reg", "registry", "routing",
    "row", "search", "send", "sequence", "setting", "shard", "shift", "shortcut", "show", "sign",
    "sort", "super", "surrogate", "tag", "topology", "translation", "unique", "var", "variable",
    "xml",
];
