//! Secrets that are known by what they look like, wherever they stand.

use std::ops::Range;
use std::sync::OnceLock;

use super::spans::{MARK, Spans};
use super::text::{is_blank, is_quote, run, starts_with};

/// How they begin.
///
/// `token`: so many letters, digits, `-`, `_` and `.`, a digit among them; `any`: the same, without a digit; `plain`:
/// letters and digits alone, with a digit; `capitals`: capitals and digits; `hash`: a password's as crypt(3) has it,
/// with so many letters between two `$`; `url`: the rest of a path, `segment` up to the next slash, `skip` after one
/// more segment, `like` the next segment if it looks like a token, `user` up to the `@`; `quoted`: the text in quotes
/// that follows.
const TABLE: &str = "
any 16 ghp_ gho_ ghu_ ghs_ ghr_ github_pat_ glpat- glrt- glptt- gldt- glsoat- glcbt- glft- glimt- glagent- gloas-
token 8 xoxa- xoxb- xoxc- xoxd- xoxe- xoxe. xoxo- xoxp- xoxr- xoxs- xapp- xwfp-
capitals 16 AKIA ASIA ABIA ACCA AGE-SECRET-KEY-1
any 35 AIza
any 16 ya29. GOCSPX- 1//0
token 20 sk- hf_ gsk_ xai- r8_ pplx- nvapi- csk- tvly- lsv2_pt_ lsv2_sk_ apify_api_ e2b_ jina_ tgp_v1_ sk_ant_ wandb_v1_
any 10 sk_live_ sk_test_ rk_live_ rk_test_ sk_prod_ shippo_live_ shippo_test_
any 16 whsec_ shpat_ shpss_ shpca_ shppa_ dckr_pat_ dckr_oat_ dop_v1_ doo_v1_ dor_v1_ lin_api_ lin_oauth_
token 30 SG. npm_ pypi- rubygems_
token 20 hvs. hvb. hvr. sbp_ sb_secret_ PMAK- ntn_ nfp_ pul- ATATT3 ATCTT3 ATBB BBDC- fo1_ fm2_ rnd_ phx_ bkua_ CCIPAT_ CCIPRJ_
token 16 dp.st. dp.pt. dp.ct. dp.sa. dp.scim. sntrys_ sntryu_ NRAK- NRII- NRJS- figd_ sqa_ squ_ sqp_ pnu_ pnb_ HRKU-
token 16 pscale_tkn_ pscale_pw_ pscale_oauth_ CFPAT- dt0c01. glsa_ glc_ xkeysib- xsmtpsib- mlsn. rdme_ pat-na1- pat-eu1-
token 16 snyk_uat. snyk_sat. ops_eyJ sq0csp- sq0atp- EZAK EZTK duffel_live_ flb_live_ PRIVATE_KEY_ patM patU
token 10 tskey- SWMTKN-1- K10
token 20 sha256~ dapi cfat_ cfut_ v1.0- re_ key-
plain 24 s.
plain 32 cio oy2 AKID
plain 16 LTAI
hash 1 $2a$ $2b$ $2y$ $y$ $apr1$ $argon2
hash 20 $5$ $6$ $5$rounds= $6$rounds=
url hooks.slack.com/services/ hooks.slack.com/workflows/ hooks.slack.com/triggers/ discord.com/api/webhooks/
url discordapp.com/api/webhooks/ hc-ping.com/ healthchecks.io/ping/ cronitor.link/p/ nosnch.in/ hooks.zapier.com/hooks/catch/
url webhook.office.com/webhookb2/ outlook.office.com/webhook/ outlook.office365.com/webhook/ events.pagerduty.com/integration/
url loggly.com/inputs/ loggly.com/bulk/ feishu.cn/open-apis/bot/v2/hook/ larksuite.com/open-apis/bot/v2/hook/ api.day.app/
url heartbeat.uptimerobot.com/ betterstack.com/api/v1/heartbeat/ betteruptime.com/api/v1/heartbeat/ sctapi.ftqq.com/
url segment api.telegram.org/bot api.telegram.org/file/bot
url infura.io/v3/ infura.io/ws/v3/ alchemy.com/v2/ alchemyapi.io/v2/ quiknode.pro/ p2pify.com/ blastapi.io/ nodereal.io/v1/
url getblock.io/ pokt.network/v1/lb/ drpc.org/ogrpc?network
url skip rpc.ankr.com/ gotify:// gotifys:// ntfys:// chainnodes.org/
url youtube.com/live2/ youtube.com/live/ live.twitch.tv/app/ live-video.net/app/ facebook.com:443/rtmp/ facebook.com/rtmp/
url live.restream.io/live/ live.cloudflare.com:443/live/ live.cloudflare.com/live/ mux.com:5222/app/ mux.com/app/ rtmp.t.me/s/
url slack:// discord:// tgram:// pbul:// pover:// msteams:// teams:// telegram:// pushover:// pushbullet:// ifttt:// join://
url vmess:// ss:// ssr:// otpauth://totp/
url user trojan:// vless:// hysteria:// hysteria2:// hy2:// tuic:// anytls://
url like /hooks/ /hook/ /webhook/ /webhooks/ /heartbeat/ /ping/ /push/ /token/ /with/key/ /apikey/ /invite/
quoted identified_by_ identified_by_password_ password_ password( convertto-securestring_ convertto-securestring_-string_
";

/// Others, small or capital: keys, JSON web tokens, and what a statement has at the end.
const OTHERS: [&[u8]; 5] = [b"-----begin ", b"eyj", b"bearer ", b"basic ", b"by '"];

#[derive(Clone, Copy)]
enum Kind {
    /// At least so many bytes of an alphabet, maybe with a digit among them.
    Token(usize, fn(u8) -> bool, bool),
    Hash(usize),
    Path,
    Segment,
    Skip,
    Like,
    User,
    Quoted,
}

struct Shape {
    start: Box<[u8]>,
    kind: Kind,
}

/// All shapes by their first byte.
fn shapes() -> &'static [Vec<Shape>] {
    static SHAPES: OnceLock<Vec<Vec<Shape>>> = OnceLock::new();
    SHAPES.get_or_init(|| {
        let mut lists: Vec<Vec<Shape>> = (0..256).map(|_| Vec::new()).collect();
        for line in TABLE.lines().filter(|line| !line.is_empty()) {
            let mut words = line.split(' ').peekable();
            let name = words.next().unwrap_or_default();
            let number = words.next_if(|word| word.bytes().all(|byte| byte.is_ascii_digit()));
            let min = number.and_then(|number| number.parse().ok()).unwrap_or(1);
            let is_kind = |word: &&str| matches!(*word, "segment" | "skip" | "like" | "user");
            let kind = match words.next_if(is_kind).unwrap_or(name) {
                "token" => Kind::Token(min, is_token_byte, true),
                "any" => Kind::Token(min, is_token_byte, false),
                "plain" => Kind::Token(min, |byte| byte.is_ascii_alphanumeric(), true),
                "capitals" => Kind::Token(
                    min,
                    |byte| byte.is_ascii_uppercase() || byte.is_ascii_digit(),
                    false,
                ),
                "hash" => Kind::Hash(min),
                "segment" => Kind::Segment,
                "skip" => Kind::Skip,
                "like" => Kind::Like,
                "user" => Kind::User,
                "quoted" => Kind::Quoted,
                _ => Kind::Path,
            };
            for word in words {
                let start = match kind {
                    Kind::Quoted => word.replace('_', " "),
                    _ => word.to_owned(),
                };
                let start: Box<[u8]> = start.into_bytes().into();
                let first = usize::from(start[0]);
                lists[first].push(Shape { start, kind });
            }
        }
        lists
    })
}

/// How all begin that have a form.
pub(super) fn starts() -> impl Iterator<Item = &'static [u8]> {
    let known = shapes().iter().flatten().map(|shape| &*shape.start);
    known.chain(OTHERS)
}

/// Whether something with a form may begin here.
pub(super) fn may_start(text: &[u8], at: usize) -> bool {
    let rest = &text[at..];
    let is_word = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    (at == 0 || !is_word(text[at - 1]) || !is_word(text[at]))
        && (known(rest).next().is_some() || OTHERS.iter().any(|start| starts_with(rest, start)))
}

fn known(text: &[u8]) -> impl Iterator<Item = (&'static Shape, &[u8])> {
    let first = text.first().copied().unwrap_or_default();
    let lists = [first.to_ascii_lowercase(), first.to_ascii_uppercase()];
    let len = 1 + usize::from(lists[0] != lists[1]);
    let alike = lists
        .into_iter()
        .take(len)
        .flat_map(|first| &shapes()[usize::from(first)]);
    alike.filter_map(move |shape| {
        let is_start = match shape.kind {
            Kind::Quoted => starts_with(text, &shape.start),
            _ => text.starts_with(&shape.start),
        };
        is_start.then(|| (shape, &text[shape.start.len()..]))
    })
}

/// Hides every secret in `text` that looks like one.
pub(super) fn hide(text: &[u8], spans: &mut Spans) {
    let mut at = 0;
    while at < text.len() {
        if may_start(text, at)
            && let Some(secret) = secret_at(text, at)
        {
            spans.push(at + secret.start..at + secret.end);
            at += secret.end;
        } else {
            at += 1;
        }
    }
}

fn secret_at(text: &[u8], at: usize) -> Option<Range<usize>> {
    let rest = &text[at..];
    let found = match rest[0] {
        b'-' => private_key(rest),
        b'b' | b'B' if starts_with(rest, b"by '") => {
            let before = &text[at.saturating_sub(TELLING)..at];
            let has = |sought: &[u8]| {
                before
                    .windows(sought.len())
                    .any(|part| part.eq_ignore_ascii_case(sought))
            };
            let start = b"by '".len();
            has(b"identified with ")
                .then(|| start..start + run(&rest[start..], |byte| byte != b'\''))
        }
        b'b' | b'B' => after_scheme(rest),
        b'e' => json_web_token(rest).map(|len| 0..len),
        _ => None,
    };
    let found = found.or_else(|| known_token(rest).map(|len| 0..len));
    found
        .or_else(|| in_place(text, at))
        .filter(|secret| !secret.is_empty())
}

/// Whether something is a token is said by so many bytes of it, so that text that goes on and on
/// like one is not read to its end from each of its letters.
const TELLING: usize = 128;

/// The same for a JSON web token, whose first part can be long.
const TELLING_JSON: usize = 512;

fn is_token_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.')
}

fn known_token(text: &[u8]) -> Option<usize> {
    known(text).find_map(|(shape, rest)| {
        let begin = &rest[..rest.len().min(TELLING)];
        let is_hash = |byte: u8| byte.is_ascii_alphanumeric() || b"./$=,+".contains(&byte);
        let (alphabet, min, has_digit) = match shape.kind {
            Kind::Token(min, alphabet, has_digit) => (alphabet, min, has_digit),
            Kind::Hash(_) => (is_hash as fn(u8) -> bool, 20, true),
            _ => return None,
        };
        let found = &begin[..run(begin, alphabet)];
        let is_token = match shape.kind {
            Kind::Hash(min) => found
                .split(|&byte| byte == b'$')
                .any(|part| part.len() >= min),
            _ => found.len() >= min,
        };
        let is_token = is_token && found.len() >= min;
        (is_token && (!has_digit || found.iter().any(u8::is_ascii_digit)))
            .then(|| shape.start.len() + run(rest, alphabet))
    })
}

/// Whether all of it can be the beginning of a token that is known.
pub(super) fn may_begin(text: &[u8]) -> bool {
    known(text).any(|(shape, rest)| match shape.kind {
        Kind::Token(_, alphabet, has_digit) => {
            run(rest, alphabet) == rest.len() && (!has_digit || rest.iter().any(u8::is_ascii_digit))
        }
        _ => false,
    })
}

/// Of a URL with a token in its path, and of a statement: where that begins and ends.
fn in_place(text: &[u8], at: usize) -> Option<Range<usize>> {
    known(&text[at..]).find_map(|(shape, rest)| {
        let start = shape.start.len();
        let is_end = |byte| is_blank(byte) || is_quote(byte) || b"<>|;,?#".contains(&byte);
        let path = &rest[..rest.len().min(TELLING_JSON)];
        let path = &path[..run(path, |byte| !is_end(byte))];
        let segment = run(path, |byte| byte != b'/');
        let secret = match shape.kind {
            Kind::Path => 0..path.len(),
            Kind::Segment => 0..segment,
            Kind::Skip => segment + 1..path.len(),
            Kind::Like if is_token_like(&path[..segment]) => 0..segment,
            Kind::User => 0..path.iter().position(|&byte| byte == b'@')?,
            // An option has its value by other rules.
            Kind::Quoted if at == 0 || text[at - 1] != b'-' => {
                let quote = *rest.first().filter(|byte| matches!(byte, b'"' | b'\''))?;
                1..1 + run(&rest[1..], |byte| byte != quote)
            }
            _ => return None,
        };
        (secret.start < secret.end && &rest[secret.clone()] != MARK.as_bytes())
            .then(|| start + secret.start..start + secret.end)
    })
}

/// Whether this alone, without a name, is more likely a token than a word.
pub(super) fn is_token_like(text: &[u8]) -> bool {
    let is_known = || known_token(text).or_else(|| json_web_token(text)) == Some(text.len());
    is_known()
        || text.len() >= 16
            && text.iter().any(u8::is_ascii_digit)
            && text.iter().any(u8::is_ascii_alphabetic)
            && text.iter().all(|&byte| is_token_byte(byte))
}

/// Parts of base64 with points between them, the first of which is JSON.
fn json_web_token(text: &[u8]) -> Option<usize> {
    let begin = &text[..text.len().min(TELLING_JSON)];
    let mut parts = begin[..run(begin, is_token_byte)].split(|&byte| byte == b'.');
    let is_token = begin.starts_with(b"eyJ")
        && parts.next().is_some_and(|part| part.len() >= 8)
        && parts.next().is_some_and(|part| part.len() >= 4);
    is_token.then(|| run(text, is_token_byte))
}

/// Where the key itself is in `-----BEGIN RSA PRIVATE KEY-----…`.
fn private_key(text: &[u8]) -> Option<Range<usize>> {
    let begin = &text[..text.len().min(TELLING)];
    let words = b"PRIVATE KEY";
    let title = begin.windows(words.len()).position(|part| part == words)?;
    let dashes = title
        + words.len()
        + begin[title + words.len()..]
            .windows(5)
            .position(|part| part == b"-----")?;
    Some(dashes + 5..text.len()).filter(|_| text.starts_with(b"-----BEGIN "))
}

/// `Bearer x`, `Basic x`: where the token begins and ends.
fn after_scheme(text: &[u8]) -> Option<Range<usize>> {
    let is_bearer = starts_with(text, b"bearer ");
    let scheme = if is_bearer { 6 } else { 5 };
    let start = scheme + run(text.get(scheme..)?, |byte| byte == b' ');
    let is_base64 = |byte: u8| byte.is_ascii_alphanumeric() || b"+/=".contains(&byte);
    let is_any = |byte| is_base64(byte) || is_bearer && (is_token_byte(byte) || byte == b'~');
    let token = &text[start..start + run(&text[start..], is_any)];
    let has_digit = token.iter().any(u8::is_ascii_digit);
    let is_token = match is_bearer {
        true => {
            text[0] == b'B' && !starts_with(token, b"token") && !starts_with(token, b"auth")
                || has_digit
        }
        false => {
            token.len() >= 6
                && (token.contains(&b'=')
                    || has_digit
                    || token[1..].iter().any(u8::is_ascii_uppercase))
        }
    };
    (is_token && start > scheme && !token.starts_with(b"-")).then_some(start..start + token.len())
}
