//! Whether a name is that of a secret: `--db-password`, `API_KEY`, `keyStorePassword`.
//!
//! A name is taken apart into words, and the words are judged: `--tokenizer`, `--bypass` and
//! `--keyboard` have secrets' letters and none of their words.

use super::name_words::{MAX_NAME, Words};
use super::values::Holds;
use super::words::*;

/// Every name of a secret has one of these in it, small or capital: what is sought first.
const STEMS: [&[u8]; 18] = [
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
];

/// What the value of a name holds, if that is a secret.
pub(super) fn judge(name: &[u8]) -> Option<Holds> {
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

/// What the argument after a bare word holds: `private-key x`, `password x`.
pub(super) fn judge_bare(word: &[u8]) -> Option<Holds> {
    let is_name = |&byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
    let is_bare = word.first().is_some_and(u8::is_ascii_alphabetic) && word.iter().all(is_name);
    // passwd(1) and its like are programs, and rabbitmqctl(8) has a user next.
    let is_other = is_one_of(word, &["change_password", "wpa_passphrase"]);
    if !is_bare || is_other || word.ends_with(b"passwd") {
        return None;
    }
    // set-credentials and user-secrets are what to do or with what.
    let is_command = is_one_of(
        word,
        &["set-credentials", "get-credentials", "user-secrets"],
    );
    let is_compound = word.contains(&b'-')
        || word.contains(&b'_')
        || is_one_of(word, &["authtoken", "setapikey"]);
    match judge(word)? {
        Holds::Password => Some(Holds::Pwd),
        Holds::Token if is_compound && !is_command => Some(Holds::Pwd),
        _ => None,
    }
}

/// Whether what follows is looked for or at, and no value.
pub(super) fn is_lookup(word: &[u8]) -> bool {
    is_one_of(word, LOOKUP)
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

fn has_stem(name: &[u8]) -> bool {
    name.windows(2).enumerate().any(|(at, pair)| {
        let is_start = match pair[0] | 0x20 {
            b'a' => pair[1] | 0x20 == b'u',
            b'b' | b'k' | b's' => pair[1] | 0x20 == b'e',
            b'c' => matches!(pair[1] | 0x20, b'r' | b'o'),
            b'm' => pair[1] | 0x20 == b'n',
            b'j' => pair[1] | 0x20 == b'w',
            b'o' => pair[1] | 0x20 == b't',
            b'p' => matches!(pair[1] | 0x20, b'a' | b'i' | b's' | b'w'),
            b't' => pair[1] | 0x20 == b'o',
            _ => false,
        };
        is_start
            && STEMS.iter().any(|stem| {
                name[at..]
                    .get(..stem.len())
                    .is_some_and(|start| start.eq_ignore_ascii_case(stem))
            })
    })
}

impl Words<'_> {
    fn judge(&self, is_variable: bool) -> Option<Holds> {
        let words = &self.list[..self.len];
        let (&last, before_last) = words.split_last()?;
        let previous = before_last.last().copied().unwrap_or_default();
        match (words, last) {
            ([b"pwd" | b"oldpwd"], _) => return Some(Holds::Pwd),
            ([.., b"pat"], _) if is_variable && words.len() > 1 => return Some(Holds::Token),
            ([b"pat"], _) | ([.., b"access", b"pat"], _) => return Some(Holds::Long),
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
    fn judge_weak(&self, last: &[u8], previous: &[u8]) -> Option<Holds> {
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
    let pair = words
        .windows(2)
        .position(|pair| pair == [&b"existing"[..], b"secret"]);
    let Some(pair) = pair else {
        return false;
    };
    match words[pair + 2..] {
        [] => true,
        [.., b"access" | b"secret" | b"private" | b"api", b"key"] => false,
        [.., last] => is_one_of(last, &["name", "key"]),
    }
}

/// Whether what is installed comes after this one.
pub(super) fn is_installer(word: &[u8]) -> bool {
    let name = word.rsplit(|&byte| byte == b'/').next();
    name.is_some_and(|name| is_one_of(name, INSTALLERS))
}

fn is_one_of(word: &[u8], list: &[&str]) -> bool {
    list.iter().any(|other| other.as_bytes() == word)
}

fn ends_in(word: &[u8], list: &[&str]) -> bool {
    list.iter().any(|end| word.ends_with(end.as_bytes()))
}

fn is_password(word: &[u8]) -> bool {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_secrets() {
        for name in "
            password db-password dbPassword PGPASSWORD MYSQL_PWD passWord PASSWORDs pass
            storepass passphrase api-key APIKey apikey AWSSecretKey aws_secret_access_key
            AccountKey token access.token SECRET_KEY_BASE API_KEY_PROD token2 secret_id x-api-key
            Authorization Cookie passin client_secret _auth _authToken bindpw
            javax.net.ssl.keyStorePassword key auth"
            .split_ascii_whitespace()
        {
            assert!(judge(name.as_bytes()).is_some(), "{name}");
        }
    }

    #[test]
    fn names_of_other_things() {
        for name in "
            tokenizer bypass keyboard keymap passthrough max-tokens max_new_tokens key-file
            token-ttl password-prompt password-stdin public-key
            secretKeyRef token-url key-id SSH_AUTH_SOCK monkey author two-pass
            tokens-per-second compass authorization-mode key-vault keyserver
            secret-name PATH patch spwn password_encryption token_policies"
            .split_ascii_whitespace()
        {
            assert!(judge(name.as_bytes()).is_none(), "{name}");
        }
    }
}
