//! Whether a name is that of a secret: `--db-password`, `API_KEY`, `keyStorePassword`.
//!
//! A name is taken apart into words, and the words are judged: `--tokenizer`, `--bypass` and
//! `--keyboard` have secrets' letters and none of their words.

use super::text::starts_with;
use super::values::Holds;

/// Every name of a secret has one of these in it, small or capital: what is sought first.
pub(super) const STEMS: &str = "pass pwd pw kennwort secret token cred key bearer auth cookie jwt psk otp pat pswd \
    mnemonic pin license kek dek";

/// A name that ends in one of these is about a secret and is not its own.
const ABOUT_IT: &str = "age alg algo algorithm alias allowed arn attempts audience authentication bits bytes callback change changed \
    characters chars check cipher count delimiter description dir directory disabled driver enabled encoding \
    encryption endpoint env event events expiration expires expiry fd field fields file filename files filter form \
    format generator grace grant header headers hint history id ids include index interval issuer iterations kind \
    label labels len length level lifetime limit log logs match max message method min mode module name names only \
    path paths pattern patterns period policies policy position prefix prompt provider question questions rate realm \
    ref refresh regex required reset retries rotate rounds rules schema scheme sec second seconds secs secure \
    separator size state status stdin store style suffix supported tag tags threshold timeout title ttl type types \
    uri url urls usage validation verification version";

/// An option that ends in one of these names a user or a place of a secret. A variable in capitals can be
/// the secret itself: `PASSWORD_SERVER`.
const ABOUT_WHO: &str = "account agent audience audiences backend bucket cache command config controller domain exec folder group handler \
    helper host issuer issuers label location manager model namespace operator plugin port processor providers \
    region review scope scopes script server service socket source src storage support user username validator vault \
    webhook";

/// An option that begins with one of these is a switch.
const SWITCH: &str = "ask disable no prompt skip without";

/// `--n-tokens`, `--tokens-per-batch`, `--token-count`: a number.
const NUMBER: &str = "avg budget completion count limit n new number per total";

/// `--eos-token`, `--pad-token`: a language model's.
const NOT_BEFORE_TOKEN: &str =
    "bos cls end eos fim image mask next pad sep special start starting stop unk";

/// `--two-pass`, `--low-pass`.
const NOT_BEFORE_PASS: &str = "all band by first high low multi one render second single two";

/// Words that end in `pass`.
const NO_PASS: &str = "allpass bandpass bypass compass highpass impass lowpass multipass overpass singlepass surpass trespass twopass \
    underpass";

/// These make a key a secret wherever in the name they stand: `SECRET_KEY_BASE`, `API_KEY_PROD`.
const BEFORE_SECRET_KEY: &str =
    "access account admin api app auth encryption master private secret service shared signing";

/// Keys that are none of a lock: those of tables, maps and keyboards, and those that are public.
const NOT_BEFORE_KEY: &str = "alt annotation any arrow attr attribute bind binding cache check by col column composite config ctrl dedup \
    default delete dict distribution doc document edit entry escape event export feature fetch field flag foreign \
    function gen generate group hash host hot idempotency import index join json known kv label list locale lookup \
    map message meta metric modifier msg natural node object option order partition prefix press primary project \
    prop property pub public range receive record recv refresh reg registry routing row search send sequence setting \
    shard shift shortcut show sign socket sort super surrogate tag topology translation unique var variable xml";

/// With one of these it is no number.
const NO_NUMBER: &str = "access api auth client private secret";

const PASSWORDS: &str = "password passwords passwd passwds passwordd passwordo passwort kennwort passphrase passphrases \
    passcode pwd pswd passw mnemonic";

const WEAK: &str = "secret secrets token tokens credential credentials apikey apikeys authkey accesskey secretkey \
    privatekey signingkey encryptionkey accountkey";

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
    text.len() > 1
        && matches!(text[0] | 0x20, b'a'..=b'd' | b'j'..=b'm' | b'o' | b'p' | b's' | b't')
        && STEMS
            .split(' ')
            .any(|stem| starts_with(text, stem.as_bytes()))
}

fn has_stem(name: &[u8]) -> bool {
    (0..name.len()).any(|at| starts_with_stem(&name[at..]))
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
            (_, b"id") if is_one_of(previous, "secret") => return Some(Holds::Password),
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
        let is_halved = words
            .windows(2)
            .any(|pair| pair[0] == b"pass" && is_one_of(pair[1], "word words phrase code wd"));
        if is_halved || words.iter().any(|word| is_password(word)) {
            return Some(Holds::Password);
        }
        if is_one_of(last, "cookie cookies setcookie") {
            return Some(Holds::Token);
        }
        if is_one_of(last, "authorization bearer jwt psk otp totp") {
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
        if !is_variable && is_page && is_one_of(last, "token tokens") {
            return Some(Holds::Long);
        }
        self.judge_weak(last, previous)
    }

    /// Tokens, secrets, credentials and keys.
    fn judge_weak(&self, last: &[u8], previous: &[u8]) -> Option<Holds<'static>> {
        let words = &self.list[..self.len];
        let is_any = |list| words.iter().any(|word| is_one_of(word, list));
        let is_counted = is_any("max min num") || is_any("tokens keys") && is_any(NUMBER);
        let is_counted = is_counted && is_any("key keys token tokens") && !is_any(NO_NUMBER);
        if is_counted {
            return None;
        }
        if is_one_of(last, "token tokens") && is_one_of(previous, NOT_BEFORE_TOKEN) {
            return Some(Holds::Long);
        }
        let is_many = is_any("tokens") || is_any("token") && last != b"token";
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
        let is_public =
            is_one_of(previous, "idempotency pub public") || is_table_key && last == b"keys";
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
        [.., last] => is_one_of(last, "name key"),
    }
}

fn is_one_of(word: &[u8], list: &str) -> bool {
    list.split(' ').any(|other| other.as_bytes() == word)
}

fn ends_in(word: &[u8], list: &str) -> bool {
    list.split(' ').any(|end| word.ends_with(end.as_bytes()))
}

fn is_password(word: &[u8]) -> bool {
    is_one_of(word, "pw bindpw rootpw adminpw userpw dbpw unixpw opw upw")
        || ends_in(word, PASSWORDS)
}

fn is_weak(word: &[u8]) -> bool {
    is_one_of(word, "cred creds masterauth") || ends_in(word, WEAK)
}

/// No name of a secret is longer; of a longer one its end is judged.
const MAX_NAME: usize = 128;

const MAX_WORDS: usize = 16;

/// The words of a name in small letters, without those that are numbers.
struct Words<'n> {
    list: [&'n [u8]; MAX_WORDS],
    len: usize,
}

impl<'n> Words<'n> {
    fn of(name: &[u8], lower: &'n mut [u8; MAX_NAME]) -> Self {
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
