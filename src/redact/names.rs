//! Names of secrets: `--db-password`, `API_KEY`, `keyStorePassword`.
//!
//! A name is judged by its words: `--tokenizer`, `--bypass` and `--keyboard` have secrets' letters and none of their
//! words.

use std::sync::OnceLock;

use super::text::{pair, starts_with};
use super::values::{Holds, is_one_of};

/// Every name of a secret has one of these, small or capital.
#[rustfmt::skip]
pub(super) const STEMS: [&[u8]; 22] = [
    b"pass", b"pwd", b"pw", b"kennwort", b"secret", b"token", b"cred", b"key", b"bearer", b"auth", b"cookie",
    b"jwt", b"psk", b"otp", b"pat", b"pswd", b"mnemonic", b"pin", b"license", b"kek", b"dek", b"totp",
];

/// What names hold that end in these words, or are equal to them with a dash before. The first match counts.
#[rustfmt::skip]
const ENDS: [(Holds, &str); 8] = [
    (Holds::Nothing, "cluster-token cert-hash default-auth keep-session-cookies"),
    (Holds::Password, "secret-id authorization bearer psk otp totp"),
    (Holds::Command, "passwordeval password-command password-cmd password-eval passwd-command pass-command"),
    (Holds::Token, "-pwd -oldpwd kek dek root-token-id askpass user-pass cookie cookies setcookie jwt"),
    (Holds::Pass, "passin passout -pin new-pin old-pin set-pin so-pin user-pin"),
    (Holds::Long, "-pat access-pat -keys license -page-token -next-page-token bos-token cls-token end-token eos-token fim-token image-token \
        mask-token next-token pad-token sep-token special-token start-token starting-token stop-token unk-token \
        -continuation-token"),
    (Holds::Nothing, "first-pass one-pass two-pass multi-pass second-pass single-pass render-pass low-pass high-pass \
        band-pass all-pass allpass bandpass bypass compass highpass impass lowpass multipass overpass singlepass \
        surpass trespass twopass underpass"),
    (Holds::Nothing, "idempotency-key pub-key public-key pub-keys public-keys"),
];

/// More lists. The first two have ends of names, and the others ends of words.
const LISTS: [&str; 7] = [
    // About a secret. A variable with the first can be one: `PASSWORD_SERVER`.
    "account agent audience audiences backend bucket cache cert-secret command config controller domain exec \
    folder group handler helper host issuer issuers location manager model namespace operator password-secret \
    password-secrets plugin port processor providers pull-secret pull-secrets region review scope scopes script server \
    service socket source src storage support tls-secret user username validator vault webhook existing-secret \
    existing-secret-name existing-secret-key existing-secret-password-key secret-ref secret-ref-key secret-ref-name",
    "age alg algo algorithm alias allowed arn attempts audience authentication bits bytes callback change changed \
    characters chars check cipher count delimiter description dir directory disabled driver enabled encoding \
    encryption endpoint env event events expiration expires expiry fd field fields file filename files filter form \
    format generator grace grant header headers hint history id ids include index interval issuer iterations kind \
    label labels len length level lifetime limit log logs match max message method min mode module name names only \
    path paths pattern patterns period policies policy position prefix prompt provider question questions rate realm \
    ref refresh regex required reset retries rotate rounds rules schema scheme sec second seconds secs secure \
    separator size state status stdin store style suffix supported tag tags threshold timeout title ttl type types \
    uri url urls usage validation verification version",
    "password passwords passwd passwds passwordd passwordo passwort kennwort passphrase \
    passphrases pass-phrase passcode pwd pswd passw mnemonic -pw bindpw rootpw adminpw userpw dbpw unixpw opw upw",
    "secret secrets token credential credentials -cred -creds masterauth apikey apikeys authkey accesskey \
    secretkey privatekey signingkey encryptionkey accountkey api-key access-key private-key account-key",
    // With one of these `tokens` are secrets, and no number.
    "access api auth client private secret",
    "token",
    "tokens",
];

/// An option that begins with one of these has no value.
const SWITCH: &str = "ask disable no prompt skip without";

/// Keys of tables, maps and keyboards.
const NOT_BEFORE_KEY: &str = "alt annotation any arrow attr attribute bind binding cache check by col column composite config ctrl dedup \
    default delete dict distribution doc document edit entry escape event export feature fetch field flag foreign \
    function gen generate group hash host hot import index join json known kv label list locale lookup map message \
    meta metric modifier msg natural node object option order partition prefix press primary project prop property \
    range receive record recv refresh reg registry routing row search send sequence setting shard shift shortcut show \
    sign socket sort super surrogate tag topology translation unique var variable xml";

/// Returns what the value of a name holds, if that is a secret.
pub(super) fn judge(name: &[u8]) -> Option<Holds> {
    if !(0..name.len()).any(|at| starts_with_stem(&name[at..])) {
        return None;
    }
    // User and password of npm(1) in base64.
    if name == b"_auth" {
        return Some(Holds::Password);
    }
    let mut buffer = [0; 2 * MAX_NAME];
    let words = words(name, &mut buffer);
    let is_variable = !name.iter().any(u8::is_ascii_lowercase);
    let lists = lists_of(words);
    let [option, about, password, weak, no_number, token, tokens] =
        std::array::from_fn(|at| lists >> (ENDS.len() + at) & 1 != 0);
    if let Some((holds, _)) = ENDS.get(lists.trailing_zeros() as usize) {
        return Some(holds.clone()).filter(|holds| *holds != Holds::Nothing);
    }
    match words {
        [.., b'-', b'a', b'u', b't', b'h'] if is_variable => return Some(Holds::Password),
        [.., b'-', b'a', b'u', b't', b'h'] => return Some(Holds::Auth),
        [_, .., b'-', b'p', b'a', b't'] if is_variable => return Some(Holds::Token),
        _ if about || !is_variable && option => return None,
        _ if password => return Some(Holds::Password),
        _ if words.ends_with(b"pass") => return Some(Holds::Pass),
        _ => {}
    }
    let mut list = words.rsplit(|&byte| byte == b'-');
    let last = list.next().unwrap_or_default();
    let previous = list.next().unwrap_or_default();
    let is_many = tokens || token && last != b"token";
    let is_table = || is_one_of(previous, NOT_BEFORE_KEY);
    match last {
        _ if is_many && !no_number => Some(Holds::Long),
        _ if is_many || weak => Some(Holds::Token),
        b"keys" if is_table() => None,
        b"key" if previous.is_empty() => Some(Holds::Key),
        b"key" if is_table() => Some(Holds::Long),
        b"key" => Some(Holds::Token),
        b"keys" => Some(Holds::Key),
        _ => None,
    }
}

/// Returns whether an option of this name has no value: `--no-password`.
pub(super) fn is_switch(name: &[u8]) -> bool {
    let mut buffer = [0; 2 * MAX_NAME];
    let first = words(name, &mut buffer).split(|&byte| byte == b'-').nth(1);
    first.is_some_and(|word| is_one_of(word, SWITCH))
}

/// Returns whether it signs a request, which is a secret as a parameter of a URL.
pub(super) fn is_signature(name: &[u8]) -> bool {
    let end = &name[name.len().saturating_sub(b"signature".len())..];
    name.eq_ignore_ascii_case(b"sig") || end.eq_ignore_ascii_case(b"signature")
}

/// The second letters of stems, as bits, by their first letter.
const SECONDS: [u32; 32] = {
    let mut seconds = [0; 32];
    let mut at = 0;
    while at < STEMS.len() {
        seconds[(STEMS[at][0] & 31) as usize] |= 1 << (STEMS[at][1] & 31);
        at += 1;
    }
    seconds
};

/// Returns whether a stem of a secret's name begins a text.
pub(super) fn starts_with_stem(text: &[u8]) -> bool {
    matches!(text, [first, next, ..] if SECONDS[usize::from(first & 31)] >> (next & 31) & 1 != 0)
        && STEMS.iter().any(|stem| starts_with(text, stem))
}

/// The end of a name, and the number of its list.
type Ending = (&'static [u8], usize);

/// Returns a bit for each list that a name is in.
fn lists_of(words: &[u8]) -> u32 {
    /// The words of all lists by their last two bytes, so that a name is compared with few of them.
    static ENDINGS: OnceLock<Vec<Vec<Ending>>> = OnceLock::new();
    let place = |end: &[u8]| pair(&end[end.len().saturating_sub(2)..]);
    let endings = ENDINGS.get_or_init(|| {
        let mut endings = vec![Vec::new(); 1 << 10];
        let lists = ENDS.iter().map(|(_, list)| list).chain(&LISTS);
        for (at, list) in lists.enumerate() {
            for end in list.split(' ') {
                endings[place(end.as_bytes())].push((end.as_bytes(), at));
            }
        }
        endings
    });
    let is_end = |&at: &usize| words.get(at).is_none_or(|&byte| byte == b'-');
    let mut lists = 0;
    for part in (1..=words.len()).filter(is_end).map(|at| &words[..at]) {
        for &(end, list) in &endings[place(part)] {
            if let Some(before) = part.strip_suffix(end) {
                let is_whole = before.is_empty() || end[0] != b'-' && before.ends_with(b"-");
                let is_in = list >= ENDS.len() + 2 || is_whole && part.len() == words.len();
                lists |= u32::from(is_in) << list;
            }
        }
    }
    lists
}

/// The end of a longer name is judged.
const MAX_NAME: usize = 128;

/// Writes the words of a name in small letters, each after a dash and without the digits at its end: `-db-password`.
fn words<'b>(name: &[u8], buffer: &'b mut [u8; 2 * MAX_NAME]) -> &'b [u8] {
    let name = &name[name.len().saturating_sub(MAX_NAME)..];
    let mut len = 0;
    for (at, &byte) in name.iter().enumerate() {
        let is_word_start = at == 0 || !name[at - 1].is_ascii_alphanumeric() || is_hump(name, at);
        if !byte.is_ascii_alphanumeric() {
            continue;
        }
        if is_word_start {
            len = without_digits(&buffer[..len]);
            buffer[len] = b'-';
            len += 1;
        }
        buffer[len] = byte.to_ascii_lowercase();
        len += 1;
    }
    let len = without_digits(&buffer[..len]);
    &buffer[..len]
}

/// Returns the length without the digits at the end, and without a word that has only digits.
fn without_digits(words: &[u8]) -> usize {
    let digits = words.iter().rev().take_while(|byte| byte.is_ascii_digit());
    let len = words.len() - digits.count();
    len - usize::from(words[..len].ends_with(b"-"))
}

/// Returns whether a word begins within letters: `dbPassword`, `APIKey`, and not the `s` of `PASSWORDs`.
fn is_hump(name: &[u8], at: usize) -> bool {
    let is_lower = |at: usize| name.get(at).is_some_and(u8::is_ascii_lowercase);
    let is_plural = is_lower(at + 1) && name[at + 1] == b's' && !is_lower(at + 2);
    name[at].is_ascii_uppercase()
        && (!name[at - 1].is_ascii_uppercase() || is_lower(at + 1) && !is_plural)
}
