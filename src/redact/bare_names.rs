//! Names that stand without a sign: words before a value, functions, and options in one word.

use super::names::{is_one_of, is_password, judge};
use super::values::Holds;
use super::words::*;

/// What the argument after a bare word holds: `private-key x`, `password x`.
pub(super) fn judge_bare(word: &[u8]) -> Option<Holds<'static>> {
    let is_name = |&byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
    let is_bare = word.first().is_some_and(u8::is_ascii_alphabetic) && word.iter().all(is_name);
    // passwd(1) and its like are programs, and rabbitmqctl(8) has a user next.
    let is_other = is_one_of(word, &["AUTH", "auth", "wpa_passphrase", "user-secrets"]);
    // What to do with one: the next word is its user.
    let is_command = VERBS.iter().any(|verb| {
        word.len() > verb.len() && word[..verb.len()].eq_ignore_ascii_case(verb.as_bytes())
    });
    if !is_bare || is_other || is_command || word.ends_with(b"passwd") {
        return None;
    }
    let is_compound = word.contains(&b'-')
        || word.contains(&b'_')
        || is_one_of(word, &["authtoken", "setapikey"]);
    match judge(word)? {
        Holds::Password => Some(Holds::Pwd),
        Holds::Token if is_compound => Some(Holds::Pwd),
        _ => None,
    }
}

/// Whether a function of this name gets a password: `setPassword`, and not `getpass`, which asks for one.
pub(super) fn sets_password(name: &[u8]) -> bool {
    let mut lower = [0; MAX_NAME];
    let words = Words::of(name, &mut lower);
    let words = &words.list[..words.len];
    let asks = [
        "ask", "get", "getpass", "prompt", "read", "input", "is", "has", "no", "without",
    ];
    words.last().is_some_and(|word| is_password(word))
        && !words.first().is_some_and(|word| is_one_of(word, &asks))
}

/// Whether a word is the whole name of an option, such as the `password` of `-password`.
pub(super) fn is_option_name(word: &[u8]) -> bool {
    let starts = [
        &b"pass"[..],
        b"pw",
        b"token",
        b"key",
        b"secret",
        b"cookie",
        b"cred",
    ];
    is_one_of(word, OPTIONS)
        || starts.iter().any(|start| word.starts_with(start)) && judge(word).is_some()
}

/// Whether a word is what to do, such as the `add` of `ssh-key add`.
pub(super) fn is_verb(word: &[u8]) -> bool {
    is_one_of(word, VERBS)
        || is_one_of(
            word,
            &["edit", "export", "import", "ls", "new", "rm", "set", "view"],
        )
}

/// Whether what follows is looked for or at, and no value.
pub(super) fn is_lookup(word: &[u8]) -> bool {
    is_one_of(word, LOOKUP)
}

/// Whether what is installed comes after this one.
pub(super) fn is_installer(word: &[u8]) -> bool {
    let name = word.rsplit(|&byte| byte == b'/').next();
    name.is_some_and(|name| is_one_of(name, INSTALLERS))
}
