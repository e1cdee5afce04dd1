//! E-mail addresses.

use icu_normalizer::ComposingNormalizerBorrowed;
use idna::uts46::{AsciiDenyList, DnsLength, Hyphens, Uts46};
use serde::{Deserialize, Serialize};

use super::{canonical_text, former_form, is_invisible, may_have_former};

/// RFC 5321 §4.5.3.1.1: the part before the `@`, in octets.
const MAX_LOCAL: usize = 64;
/// RFC 5321 §4.5.3.1.3 less the angle brackets (RFC 3696, erratum 1690): the whole address, in octets.
const MAX_WHOLE: usize = 254;

/// An e-mail address: `dot-atom@domain` of RFC 5321, without what no mailbox needs (quoted local part, comments,
/// domain literals), and with a domain of two labels or more.
///
/// # The canonical form
///
/// **The local part in ASCII lower case, an `@`, and the domain as UTS #46 (non-transitional, STD3) maps it to ASCII, a
/// final sigma as any other.** (DNS has a domain for each of the two, so this one form is a key and no address: where mail
/// goes, and whether what was shown of one address holds for another, is a question to [`Email::mailbox`].)
/// Mail always goes to the stored address as it was given, never to what somebody typed later (CVE-2019-19844).
/// What follows from the one rule:
///
/// | typed | local part | domain |
/// | --- | --- | --- |
/// | letter case | no difference | no difference |
/// | homograph (Cyrillic `о`) | refused | another domain, `xn--…` |
/// | dotless `ı` | refused | another domain, `xn--…` |
/// | Kelvin sign `K`, fullwidth letters, `。` | refused | `k`, the ASCII letters, `.`: as every resolver maps them |
/// | final `ς` | refused | `σ`: in capitals the two are one |
/// | `ß` | refused | itself, not `ss` (IDNA 2008); `ẞ` is `ß` |
/// | NFD | refused | the same as NFC |
/// | IDN and its punycode | | the same |
/// | zero-width and other invisible characters, joiners, white space, controls | refused | refused |
/// | right-to-left | refused | where the Bidi rule (RFC 5893) allows it |
/// | `+tag`, dots | kept: another address | |
///
/// Local parts are ASCII: those that RFC 6531 adds have no folding that all mail systems agree on, and every known
/// takeover by "the same" address went through one (`ı`, `K`).
///
/// Equality and hash are those of the canonical form.
///
/// ```
/// # use usher::domain::text::Email;
/// let email = Email::parse("Jane+news@Bücher.example")?;
/// assert_eq!(email.as_given(), "Jane+news@Bücher.example");
/// assert_eq!(email.canonical(), "jane+news@xn--bcher-kva.example");
/// # Ok::<(), String>(())
/// ```
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Email {
    as_given: String,
    canonical: String,
}

canonical_text!(Email);
former_form!(Email);

impl Email {
    pub fn parse(text: &str) -> Result<Self, String> {
        if text.len() > MAX_WHOLE {
            return Err(format!("the e-mail address is over {MAX_WHOLE} bytes"));
        }
        // Before anything is mapped: UTS #46 would drop a zero-width space, and the address would look like another's.
        if text.contains(is_invisible) {
            return Err("the e-mail address has a space or a character that cannot be seen".to_owned());
        }
        let (local, domain) = text
            .rsplit_once('@')
            .ok_or("an e-mail address has the form name@example.org")?;
        check_local(local)?;
        let domain = ascii_domain(domain)?;
        let local = local.to_ascii_lowercase();
        if local.len() + 1 + domain.len() > MAX_WHOLE {
            return Err(format!(
                "the e-mail address is over {MAX_WHOLE} bytes, its domain written in ASCII"
            ));
        }
        Ok(Self {
            as_given: text.to_owned(),
            canonical: format!("{local}@{}", folded(domain)),
        })
    }

    /// Where mail to it goes, in lower case: the domain as DNS has it. Two addresses of one key can have two of these, of
    /// which the owner of one need not be that of the other.
    pub fn mailbox(&self) -> String {
        self.former().unwrap_or_else(|| self.canonical.clone())
    }

    /// Whether mail to this text, as an address, goes to the same mailbox, however it is spelled (rule 2).
    pub fn has_mailbox_of(&self, text: &str) -> bool {
        Self::parse(text).is_ok_and(|other| self.mailbox() == other.mailbox())
    }

    fn lower_case(text: &str) -> Result<String, String> {
        let (local, domain) = text.rsplit_once('@').unwrap_or_default();
        Ok(format!("{}@{}", local.to_ascii_lowercase(), ascii_domain(domain)?))
    }
}

/// RFC 5321 §4.1.2 `Dot-string`: atoms with single dots between them.
fn check_local(local: &str) -> Result<(), String> {
    let refusal = if local.len() > MAX_LOCAL {
        "the part before the @ is over 64 bytes"
    } else if local.contains(['"', '(', ')']) {
        "quoted names and comments are not taken in an e-mail address"
    } else if local.split('.').any(str::is_empty) {
        "the part before the @ must not be empty, start or end with a dot, or have two dots in a row"
    } else if !local.bytes().all(|b| b == b'.' || is_atext(b)) {
        "the part before the @ may have only a-z, 0-9 and !#$%&'*+-/=?^_`{|}~ and dots"
    } else {
        return Ok(());
    };
    Err(refusal.to_owned())
}

/// RFC 5322 §3.2.3.
fn is_atext(b: u8) -> bool {
    b.is_ascii_alphanumeric() || b"!#$%&'*+-/=?^_`{|}~".contains(&b)
}

/// The domain as DNS has it. UTS #46 folds case, normalises to NFC and checks labels and lengths.
fn ascii_domain(domain: &str) -> Result<String, String> {
    if domain.starts_with('[') {
        return Err("an e-mail address at a bare network address is not taken".to_owned());
    }
    // UTS #46 maps first, and so makes two domains of one: an iota subscript is mapped to a letter, which marks that came
    // behind it then stand on.
    let domain = ComposingNormalizerBorrowed::new_nfc().normalize(domain);
    let ascii = Uts46::new()
        .to_ascii(
            domain.as_bytes(),
            AsciiDenyList::STD3,
            Hyphens::CheckFirstLast,
            DnsLength::Verify,
        )
        .map_err(|_| "the domain of the e-mail address is not a domain name")?;
    match ascii.rsplit_once('.') {
        None => Err("the domain of the e-mail address must have a dot".to_owned()),
        // RFC 3696 §2: no top level is all digits, so this is an IPv4 address without its brackets.
        Some((_, top)) if top.bytes().all(|b| b.is_ascii_digit()) => {
            Err("an e-mail address at a bare network address is not taken".to_owned())
        }
        Some(_) => Ok(ascii.into_owned()),
    }
}

/// The domain with every final sigma as any other: what UTS #46 leaves of letter case, for it maps capitals alone.
fn folded(domain: String) -> String {
    if !domain.contains("xn--") {
        return domain;
    }
    let (unicode, _) = Uts46::new().to_unicode(domain.as_bytes(), AsciiDenyList::STD3, Hyphens::CheckFirstLast);
    // Written anew, a label at its limit can be one byte too long. Then it stays what it is, which is a name as well.
    match unicode.contains(FINAL_SIGMA) {
        true => ascii_domain(&unicode.replace(FINAL_SIGMA, "\u{3c3}")).unwrap_or(domain),
        false => domain,
    }
}

const FINAL_SIGMA: char = '\u{3c2}';

#[cfg(test)]
mod tests;
