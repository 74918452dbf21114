//! Kinds of tokens, by how they begin.

/// A kind of token: how it begins, how many characters follow at the least, and which.
pub(super) struct Shape {
    pub(super) start: &'static str,
    pub(super) min: usize,
    pub(super) alphabet: fn(u8) -> bool,
    /// At least one digit is among them: the beginning alone could be a word's.
    pub(super) has_digit: bool,
    /// So many bytes at least have no `$` between them.
    pub(super) unbroken: usize,
}

const fn shape(start: &'static str, min: usize) -> Shape {
    Shape {
        start,
        min,
        alphabet: is_token_byte,
        has_digit: false,
        unbroken: 0,
    }
}

const fn with_digit(start: &'static str, min: usize) -> Shape {
    Shape {
        has_digit: true,
        ..shape(start, min)
    }
}

const fn capitals(start: &'static str, min: usize) -> Shape {
    Shape {
        alphabet: |byte| byte.is_ascii_uppercase() || byte.is_ascii_digit(),
        ..shape(start, min)
    }
}

/// Letters and digits alone.
const fn plain(start: &'static str, min: usize) -> Shape {
    Shape {
        alphabet: |byte| byte.is_ascii_alphanumeric(),
        ..with_digit(start, min)
    }
}

/// A password's hash as crypt(3) has it.
const fn hash(start: &'static str) -> Shape {
    Shape {
        alphabet: |byte| byte.is_ascii_alphanumeric() || b"./$=,+".contains(&byte),
        ..with_digit(start, 20)
    }
}

/// The same, where a script's arguments would look like the beginning: `$5$6`.
const fn hash_after_number(start: &'static str) -> Shape {
    Shape {
        alphabet: |byte| byte.is_ascii_alphanumeric() || b"./$".contains(&byte),
        unbroken: 20,
        ..hash(start)
    }
}

pub(super) const SHAPES: &[Shape] = &[
    // GitHub, GitLab.
    shape("ghp_", 16),
    shape("gho_", 16),
    shape("ghu_", 16),
    shape("ghs_", 16),
    shape("ghr_", 16),
    shape("github_pat_", 16),
    shape("glpat-", 16),
    shape("glrt-", 16),
    shape("glptt-", 16),
    shape("gldt-", 16),
    // Slack.
    with_digit("xoxa-", 8),
    with_digit("xoxb-", 8),
    with_digit("xoxc-", 8),
    with_digit("xoxd-", 8),
    with_digit("xoxe-", 8),
    with_digit("xoxo-", 8),
    with_digit("xoxp-", 8),
    with_digit("xoxr-", 8),
    with_digit("xoxs-", 8),
    with_digit("xapp-", 8),
    // AWS, Google.
    capitals("AKIA", 16),
    capitals("ASIA", 16),
    shape("AIza", 35),
    shape("ya29.", 16),
    // OpenAI, Anthropic, Hugging Face.
    with_digit("sk-", 20),
    with_digit("hf_", 20),
    // Stripe, SendGrid, Shopify.
    shape("sk_live_", 10),
    shape("sk_test_", 10),
    shape("rk_live_", 10),
    shape("rk_test_", 10),
    shape("whsec_", 16),
    with_digit("SG.", 30),
    shape("shpat_", 16),
    shape("shpss_", 16),
    // Registries.
    with_digit("npm_", 30),
    with_digit("pypi-", 30),
    shape("dckr_pat_", 16),
    // DigitalOcean, Linear, Vault, age.
    shape("dop_v1_", 16),
    shape("lin_api_", 16),
    with_digit("hvs.", 20),
    with_digit("hvb.", 20),
    with_digit("hvr.", 20),
    capitals("AGE-SECRET-KEY-1", 16),
    // Shopify's, Docker's, Google's and Hugging Face's others.
    shape("shpca_", 16),
    shape("dckr_oat_", 16),
    shape("GOCSPX-", 16),
    // More of models, hosts and tools.
    with_digit("gsk_", 20),
    with_digit("xai-", 20),
    with_digit("r8_", 20),
    with_digit("pplx-", 20),
    with_digit("nvapi-", 20),
    with_digit("tskey-", 10),
    with_digit("dp.st.", 16),
    shape("sntrys_", 16),
    with_digit("sbp_", 20),
    with_digit("PMAK-", 20),
    with_digit("NRAK-", 16),
    with_digit("figd_", 16),
    with_digit("ntn_", 20),
    with_digit("nfp_", 20),
    with_digit("pul-", 20),
    with_digit("ATATT3", 20),
    with_digit("SWMTKN-1-", 10),
    with_digit("sqa_", 16),
    with_digit("squ_", 16),
    with_digit("sqp_", 16),
    // Those that Vault once made, and Cargo's.
    plain("s.", 24),
    plain("cio", 32),
    // Hashes, with which a password can be guessed. That of `$1$` would be a script's arguments too.
    hash("$2a$"),
    hash("$2b$"),
    hash("$2y$"),
    hash_after_number("$5$"),
    hash_after_number("$5$rounds="),
    hash_after_number("$6$"),
    hash_after_number("$6$rounds="),
    hash("$y$"),
    hash("$apr1$"),
    hash("$argon2"),
];

pub(super) fn is_token_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.')
}
