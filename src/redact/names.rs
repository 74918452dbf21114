//! Whether a name is that of a secret: `--db-password`, `API_KEY`, `keyStorePassword`.
//!
//! A name is taken apart into words, and the words are judged: `--tokenizer`, `--bypass` and
//! `--keyboard` have secrets' letters and none of their words.

use super::values::Holds;
use super::words::*;

/// Every name of a secret has one of these in it, small or capital: what is sought first.
pub(super) const STEMS: [&[u8]; 21] = [
    b"pass",
    b"pwd",
    b"pw",
    b"kennwort",
    b"secret",
    b"token",
    b"cred",
    b"key",
    b"bearer",
    b"auth",
    b"cookie",
    b"jwt",
    b"psk",
    b"otp",
    b"pat",
    b"pswd",
    b"mnemonic",
    b"pin",
    b"license",
    b"kek",
    b"dek",
];

/// What the value of a name holds, if that is a secret.
pub(super) fn judge(name: &[u8]) -> Option<Holds<'static>> {
    if !has_stem(name) {
        return None;
    }
    // User and password of npm(1) in base64.
    if name == b"_auth" {
        return Some(Holds::Password);
    }
    let mut lower = [0; MAX_NAME];
    let words = Words::of(name, &mut lower);
    words.judge(!name.iter().any(u8::is_ascii_lowercase))
}

/// Whether an option of this name has no value: `--no-password`.
pub(super) fn is_switch(name: &[u8]) -> bool {
    let mut lower = [0; MAX_NAME];
    let words = Words::of(name, &mut lower);
    let words = &words.list[..words.len];
    // wget(1) keeps cookies.
    let is_kept = matches!(words, [b"keep", .., b"cookies"]);
    is_kept || words.first().is_some_and(|word| is_one_of(word, SWITCH))
}

/// Whether it is what signs a request: a secret as a parameter of a URL, and elsewhere a key's kind.
pub(super) fn is_signature(name: &[u8]) -> bool {
    let end = &name[name.len().saturating_sub(b"signature".len())..];
    name.eq_ignore_ascii_case(b"sig") || end.eq_ignore_ascii_case(b"signature")
}

/// Whether a stem of a secret's name begins a text.
pub(super) fn starts_with_stem(text: &[u8]) -> bool {
    let [first, second, ..] = *text else {
        return false;
    };
    let first = first | 0x20;
    let second = second | 0x20;
    let mut alike = STEMS
        .iter()
        .filter(|stem| (stem[0], stem[1]) == (first, second));
    alike.any(|stem| {
        text.get(..stem.len())
            .is_some_and(|start| start.eq_ignore_ascii_case(stem))
    })
}

fn has_stem(name: &[u8]) -> bool {
    let is_start =
        |byte: &u8| matches!(byte | 0x20, b'a'..=b'd' | b'j'..=b'm' | b'o' | b'p' | b's' | b't');
    (0..name.len()).any(|at| is_start(&name[at]) && starts_with_stem(&name[at..]))
}

impl Words<'_> {
    fn judge(&self, is_variable: bool) -> Option<Holds<'static>> {
        let words = &self.list[..self.len];
        let (&last, before_last) = words.split_last()?;
        let previous = before_last.last().copied().unwrap_or_default();
        match (words, last) {
            ([b"pwd" | b"oldpwd"], _) => return Some(Holds::Pwd),
            ([.., b"pat"], _) if is_variable && words.len() > 1 => return Some(Holds::Token),
            ([b"pat"], _) | ([.., b"access", b"pat"], _) => return Some(Holds::Long),
            // What a cluster calls an object with secrets in it.
            (
                [
                    ..,
                    b"password" | b"tls" | b"pull" | b"cert",
                    b"secret" | b"secrets",
                ],
                _,
            ) if !is_variable => return None,
            ([b"keys"], _) | ([.., b"license"], _) => return Some(Holds::Long),
            ([.., b"kek" | b"dek"], _) => return Some(Holds::Token),
            // All members of a cluster have it, and it protects nothing.
            ([.., b"cluster", b"token"], _) => return None,
            // A program that prints it, and sometimes the secret itself.
            ([.., b"command" | b"cmd" | b"eval"], _) if is_password(previous) => {
                return Some(Holds::Command);
            }
            (_, b"passwordeval") => return Some(Holds::Command),
            // Which way to log in, a certificate's hash, and the name of a chart's secret.
            ([.., b"default", b"auth"] | [.., b"cert", b"hash"], _) if !is_variable => return None,
            (_, b"auth") if is_variable => return Some(Holds::Password),
            (_, b"auth") => return Some(Holds::Auth),
            // The password, or openvpn(8)'s file with it.
            (_, b"askpass") | ([.., b"user", b"pass"], _) => return Some(Holds::Pwd),
            (_, b"passin" | b"passout") => return Some(Holds::Pass),
            // Vault's secret_id is as good as a password.
            (_, b"id") if is_one_of(previous, &["secret"]) => return Some(Holds::Password),
            // A card's, and not that of a chip.
            ([b"pin"], _) => return Some(Holds::Pass),
            ([b"new" | b"old" | b"set" | b"so" | b"user", b"pin"], _) => return Some(Holds::Pass),
            // What this is to be is said, and not whose.
            ([.., b"root", b"token", b"id"], _) => return Some(Holds::Token),
            _ => {}
        }
        if !is_variable && is_existing_secret(words)
            || is_one_of(last, ABOUT_IT)
            || !is_variable && is_one_of(last, ABOUT_WHO)
        {
            return None;
        }
        let is_halved = words.windows(2).any(|pair| {
            pair[0] == b"pass" && is_one_of(pair[1], &["word", "words", "phrase", "code", "wd"])
        });
        if is_halved || words.iter().any(|word| is_password(word)) {
            return Some(Holds::Password);
        }
        if is_one_of(last, &["cookie", "cookies", "setcookie"]) {
            return Some(Holds::Token);
        }
        if is_one_of(
            last,
            &["authorization", "bearer", "jwt", "psk", "otp", "totp"],
        ) {
            return Some(Holds::Password);
        }
        if last == b"pass" && !is_one_of(previous, NOT_BEFORE_PASS)
            || last.ends_with(b"pass") && last != b"pass" && !ends_in(last, NO_PASS)
        {
            return Some(Holds::Pass);
        }
        // Of the pages of a list: no secret, unless a page of something else's has it.
        let is_page = matches!(
            words,
            [b"page" | b"continuation", _] | [b"next", b"page" | b"continuation", _]
        );
        if !is_variable && is_page && is_one_of(last, &["token", "tokens"]) {
            return Some(Holds::Long);
        }
        self.judge_weak(last, previous)
    }

    /// Tokens, secrets, credentials and keys.
    fn judge_weak(&self, last: &[u8], previous: &[u8]) -> Option<Holds<'static>> {
        let words = &self.list[..self.len];
        let is_any = |list| words.iter().any(|word| is_one_of(word, list));
        let is_counted =
            is_any(&["max", "min", "num"]) || is_any(&["tokens", "keys"]) && is_any(NUMBER);
        let is_counted =
            is_counted && is_any(&["key", "keys", "token", "tokens"]) && !is_any(NO_NUMBER);
        if is_counted {
            return None;
        }
        if is_one_of(last, &["token", "tokens"]) && is_one_of(previous, NOT_BEFORE_TOKEN) {
            return Some(Holds::Long);
        }
        let is_many = is_any(&["tokens"]) || is_any(&["token"]) && last != b"token";
        if is_many && !is_any(NO_NUMBER) {
            return Some(Holds::Count);
        }
        let is_key = |word: &[u8]| word == b"key" || word == b"keys";
        let has_secret_key = words
            .windows(2)
            .any(|pair| is_key(pair[1]) && is_one_of(pair[0], BEFORE_SECRET_KEY));
        if has_secret_key || words.iter().any(|word| is_weak(word)) {
            return Some(Holds::Token);
        }
        let is_table_key = is_one_of(previous, NOT_BEFORE_KEY);
        let is_public = is_one_of(previous, &["idempotency", "pub", "public"])
            || is_table_key && last == b"keys";
        if is_key(last) && !is_public {
            return Some(match words {
                [_] => Holds::Key,
                _ if is_table_key => Holds::Long,
                _ => Holds::Token,
            });
        }
        None
    }
}

/// `existingSecret`, `existingSecretName`, `existingSecretPasswordKey`: the name of a chart's secret, or of what is
/// in it.
fn is_existing_secret(words: &[&[u8]]) -> bool {
    let is_pair =
        |pair: &[&[u8]]| pair == [&b"existing"[..], b"secret"] || pair == [&b"secret"[..], b"ref"];
    let pair = words.windows(2).position(is_pair);
    let Some(pair) = pair else {
        return false;
    };
    match words[pair + 2..] {
        [] => true,
        [.., b"access" | b"secret" | b"private" | b"api", b"key"] => false,
        [.., last] => is_one_of(last, &["name", "key"]),
    }
}

pub(super) fn is_one_of(word: &[u8], list: &[&str]) -> bool {
    list.iter().any(|other| other.as_bytes() == word)
}

fn ends_in(word: &[u8], list: &[&str]) -> bool {
    list.iter().any(|end| word.ends_with(end.as_bytes()))
}

pub(super) fn is_password(word: &[u8]) -> bool {
    is_one_of(
        word,
        &[
            "pw", "bindpw", "rootpw", "adminpw", "userpw", "dbpw", "unixpw", "opw", "upw",
        ],
    ) || ends_in(
        word,
        &[
            "password",
            "passwords",
            "passwd",
            "passwds",
            // The one for a domain and the one for an object, to netdom(8).
            "passwordd",
            "passwordo",
            "passwort",
            "kennwort",
            "passphrase",
            "passphrases",
            "passcode",
            "pwd",
            "pswd",
            "passw",
            "mnemonic",
        ],
    )
}

fn is_weak(word: &[u8]) -> bool {
    is_one_of(word, &["cred", "creds", "masterauth"])
        || ends_in(
            word,
            &[
                "secret",
                "secrets",
                "token",
                "tokens",
                "credential",
                "credentials",
                "apikey",
                "apikeys",
                "authkey",
                "accesskey",
                "secretkey",
                "privatekey",
                "signingkey",
                "encryptionkey",
                "accountkey",
            ],
        )
}
