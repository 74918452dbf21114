//! Secrets with a recognisable form, wherever they stand: tokens, hashes, keys, paths of URLs.

use std::ops::Range;
use std::sync::OnceLock;

use super::spans::Spans;
use super::text::{pair, run, starts_with};

/// A line has a class, the least number of bytes, and how such secrets begin, with `^` for a blank.
const TABLE: &str = "
any 16 ghp_ gho_ ghu_ ghs_ ghr_ github_pat_ glpat- glrt- glptt- gldt- glsoat- glcbt- glft- glimt- glagent- gloas- ya29. GOCSPX- 1//0 whsec_ shpat_
any 16 shpss_ shpca_ shppa_ dckr_pat_ dckr_oat_ dop_v1_ doo_v1_ dor_v1_ lin_api_ lin_oauth_
any 10 sk_live_ sk_test_ rk_live_ rk_test_ sk_prod_ shippo_live_ shippo_test_
any 35 AIza
token 8 xoxa- xoxb- xoxc- xoxd- xoxe- xoxe. xoxo- xoxp- xoxr- xoxs- xapp- xwfp-
token 10 tskey- SWMTKN-1- K10
token 16 dp.st. dp.pt. dp.ct. dp.sa. dp.scim. sntrys_ sntryu_ NRAK- NRII- NRJS- figd_ sqa_ squ_ sqp_ pnu_ pnb_ HRKU- pscale_tkn_ pscale_pw_
token 16 pscale_oauth_ CFPAT- dt0c01. glsa_ glc_ xkeysib- xsmtpsib- mlsn. rdme_ pat-na1- pat-eu1- snyk_uat. snyk_sat. ops_eyJ sq0csp- sq0atp- EZAK
token 16 EZTK duffel_live_ flb_live_ PRIVATE_KEY_ patM patU
token 20 sk- hf_ gsk_ xai- r8_ pplx- nvapi- csk- tvly- lsv2_pt_ lsv2_sk_ apify_api_ e2b_ jina_ tgp_v1_ sk_ant_ wandb_v1_ hvs. hvb. hvr. sbp_
token 20 sb_secret_ PMAK- ntn_ nfp_ pul- ATATT3 ATCTT3 ATBB BBDC- fo1_ fm2_ rnd_ phx_ bkua_ CCIPAT_ CCIPRJ_ sha256~ dapi cfat_ cfut_ v1.0- re_ key-
token 30 SG. npm_ pypi- rubygems_
plain 16 LTAI
plain 24 s.
plain 32 cio oy2 AKID
capitals 16 AKIA ASIA ABIA ACCA AGE-SECRET-KEY-1
jwt 12 eyJ
hash 20 $2a$ $2b$ $2y$ $y$ $apr1$ $argon2 $5$ $6$
all 1 PRIVATE^KEY----- PRIVATE^KEY^BLOCK-----
scheme 5 bearer^ basic^
bearer 6 Bearer^
path 1 hooks.slack.com/services/ hooks.slack.com/workflows/ hooks.slack.com/triggers/ discord.com/api/webhooks/ discordapp.com/api/webhooks/
path 1 hc-ping.com/ healthchecks.io/ping/ cronitor.link/p/ nosnch.in/ hooks.zapier.com/hooks/catch/ webhook.office.com/webhookb2/
path 1 outlook.office.com/webhook/ outlook.office365.com/webhook/ events.pagerduty.com/integration/ loggly.com/inputs/ loggly.com/bulk/
path 1 feishu.cn/open-apis/bot/v2/hook/ larksuite.com/open-apis/bot/v2/hook/ api.day.app/ heartbeat.uptimerobot.com/ betterstack.com/api/v1/heartbeat/
path 1 betteruptime.com/api/v1/heartbeat/ sctapi.ftqq.com/ infura.io/v3/ infura.io/ws/v3/ alchemy.com/v2/ alchemyapi.io/v2/ quiknode.pro/ p2pify.com/
path 1 blastapi.io/ nodereal.io/v1/ getblock.io/ pokt.network/v1/lb/ rpc.ankr.com/eth/ drpc.org/ogrpc?network youtube.com/live2/ youtube.com/live/
path 1 live.twitch.tv/app/ live-video.net/app/ facebook.com:443/rtmp/ facebook.com/rtmp/ live.restream.io/live/ live.cloudflare.com:443/live/
path 1 live.cloudflare.com/live/ mux.com:5222/app/ mux.com/app/ rtmp.t.me/s/ slack:// discord:// tgram:// pbul:// pover:// msteams:// teams://
path 1 telegram:// pushover:// pushbullet:// ifttt:// join:// vmess:// ss:// ssr:// otpauth://totp/
segment 1 api.telegram.org/bot api.telegram.org/file/bot trojan:// vless:// hysteria:// hysteria2:// hy2:// tuic:// anytls://
like 16 /hooks/ /hook/ /webhook/ /webhooks/ /heartbeat/ /ping/ /push/ /token/ /with/key/ /apikey/ /invite/
single 1 mysql_native_password^by^' caching_sha2_password^by^' sha256_password^by^' plaintext_password^by^' ed25519'^by^' identified^by^'
single 1 identified^by^password^' password^' password(' convertto-securestring^' convertto-securestring^-string^'
double 1 identified^by^\" identified^by^password^\" password^\" password(\" convertto-securestring^\" convertto-securestring^-string^\"
";

/// The bytes of a secret, and what else it must have.
struct Class {
    name: &'static str,
    /// The secret includes how it begins.
    is_token: bool,
    /// Its bytes besides letters and digits; after `^` all bytes but these.
    bytes: &'static str,
    is_secret: fn(&[u8]) -> bool,
}

#[rustfmt::skip]
static CLASSES: [Class; 14] = [
    Class { name: "any", is_token: true, bytes: "-_.", is_secret: |_| true },
    Class { name: "token", is_token: true, bytes: "-_.", is_secret: has_digit },
    Class { name: "plain", is_token: true, bytes: "", is_secret: has_digit },
    Class { name: "capitals", is_token: true, bytes: "", is_secret: |text| !text.iter().any(u8::is_ascii_lowercase) },
    Class { name: "jwt", is_token: true, bytes: "-_.", is_secret: |text| text.contains(&b'.') },
    Class { name: "hash", is_token: true, bytes: "./$=,+", is_secret: is_hash },
    Class { name: "all", is_token: false, bytes: "^", is_secret: |_| true },
    Class { name: "scheme", is_token: false, bytes: "-_.+/=~", is_secret: is_mixed },
    Class { name: "bearer", is_token: false, bytes: "-_.+/=~", is_secret: |text| !text.starts_with(b"auth") },
    Class { name: "path", is_token: false, bytes: "^ \t\n\r\"'`<>|;,?#", is_secret: |_| true },
    Class { name: "segment", is_token: false, bytes: "^ \t\n\r\"'`<>|;,?#/@", is_secret: |_| true },
    Class { name: "like", is_token: false, bytes: "^ \t\n\r\"'`<>|;,?#/", is_secret: is_token_like },
    Class { name: "single", is_token: false, bytes: "^'", is_secret: |_| true },
    Class { name: "double", is_token: false, bytes: "^\"", is_secret: |text| !text.starts_with(b"$") },
];

impl Class {
    fn has(&self, byte: u8) -> bool {
        // Faster than `contains`, which calls a search for long texts.
        let is_in = |bytes: &[u8]| {
            bytes
                .iter()
                .fold(false, |is_in, other| is_in | (*other == byte))
        };
        match self.bytes.as_bytes() {
            [b'^', others @ ..] => !is_in(others),
            bytes => byte.is_ascii_alphanumeric() || is_in(bytes),
        }
    }
}

fn has_digit(text: &[u8]) -> bool {
    text.iter().any(u8::is_ascii_digit)
}

/// Returns `false` for a word, such as in `bearer authentication`.
fn is_mixed(text: &[u8]) -> bool {
    let is_inner = |byte: &u8| byte.is_ascii_uppercase() || matches!(byte, b'0'..=b'9' | b'=');
    text[0] != b'-' && text[1..].iter().any(is_inner)
}

/// Returns `false` for the fields of awk(1): `$5$6`.
fn is_hash(text: &[u8]) -> bool {
    text.split(|&byte| byte == b'$')
        .any(|part| part.len() >= 16 && !part.contains(&b','))
}

struct Shape {
    start: Box<[u8]>,
    class: &'static Class,
    min: usize,
}

/// All shapes by their first two bytes.
fn shapes() -> &'static [Vec<Shape>] {
    static SHAPES: OnceLock<Vec<Vec<Shape>>> = OnceLock::new();
    SHAPES.get_or_init(|| {
        let mut lists: Vec<Vec<Shape>> = (0..1024).map(|_| Vec::new()).collect();
        for line in TABLE.lines().filter(|line| !line.is_empty()) {
            let mut words = line.split(' ');
            let name = words.next().unwrap_or_default();
            let class = CLASSES.iter().find(|class| class.name == name);
            let class = class.expect("BUG: a class that is not known");
            let min = words.next().and_then(|min| min.parse().ok());
            let min = min.expect("BUG: a shape without a number");
            for word in words {
                let start: Box<[u8]> = word.replace('^', " ").into_bytes().into();
                lists[pair(&start)].push(Shape { start, class, min });
            }
        }
        lists
    })
}

/// Returns how all shapes begin.
pub(super) fn starts() -> impl Iterator<Item = &'static [u8]> {
    shapes().iter().flatten().map(|shape| &*shape.start)
}

/// Returns whether a shape may begin at `at`.
pub(super) fn may_start(text: &[u8], at: usize) -> bool {
    let is_word = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    (at == 0 || !is_word(text[at - 1]) || !is_word(text[at])) && known(&text[at..]).next().is_some()
}

/// Returns the shapes that `text` begins with. Words of SQL and HTTP may be in capitals.
fn known(text: &[u8]) -> impl Iterator<Item = &'static Shape> {
    shapes()[pair(text)].iter().filter(move |shape| {
        let is_any_case = || matches!(shape.class.name, "scheme" | "single" | "double");
        starts_with(text, &shape.start) && (text.starts_with(&shape.start) || is_any_case())
    })
}

/// Hides every secret with a form in `text`.
pub(super) fn hide(text: &[u8], spans: &mut Spans) {
    let mut at = 0;
    while at < text.len() {
        let secret = match may_start(text, at) {
            true => known(&text[at..]).find_map(|shape| shape.secret_at(text, at)),
            false => None,
        };
        at = secret.as_ref().map_or(at + 1, |secret| secret.end);
        spans.extend(secret);
    }
}

impl Shape {
    fn secret_at(&self, text: &[u8], at: usize) -> Option<Range<usize>> {
        // So many bytes decide, so that no text is read to its end from each of its bytes.
        const MOST: usize = 256;
        let start = at + self.start.len();
        let rest = &text[start..];
        let begin = &rest[..rest.len().min(MOST)];
        let begin = &begin[..run(begin, |byte| self.class.has(byte))];
        // The value of an option has rules of its own.
        let is_option = at > 0 && text[at - 1] == b'-' && !self.class.is_token;
        let is_secret = begin.len() >= self.min && (self.class.is_secret)(begin) && !is_option;
        let from = if self.class.is_token { at } else { start };
        is_secret.then(|| from..start + run(rest, |byte| self.class.has(byte)))
    }
}

/// Returns whether all of it can be the beginning of a token.
pub(super) fn may_begin(text: &[u8]) -> bool {
    known(text).any(|shape| {
        let rest = &text[shape.start.len()..];
        shape.class.is_token
            && run(rest, |byte| shape.class.has(byte)) == rest.len()
            && (shape.class.is_secret)(rest)
    })
}

/// Returns whether this alone, without a name, is more likely a token than a word.
pub(super) fn is_token_like(text: &[u8]) -> bool {
    let is_letter = |byte: &u8| byte.is_ascii_alphabetic();
    text.len() >= 16
        && has_digit(text)
        && text.iter().any(is_letter)
        && text
            .iter()
            .all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(byte))
}
