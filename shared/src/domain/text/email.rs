//! E-mail addresses.

use idna::uts46::{AsciiDenyList, DnsLength, Hyphens, Uts46};
use serde::{Deserialize, Serialize};

use super::{canonical_text, is_invisible};

/// RFC 5321 §4.5.3.1.1: the part before the `@`, in octets.
const MAX_LOCAL: usize = 64;
/// RFC 5321 §4.5.3.1.3 less the angle brackets (RFC 3696, erratum 1690): the whole address, in octets.
const MAX_WHOLE: usize = 254;

/// An e-mail address: `dot-atom@domain` of RFC 5321, without what no mailbox needs (quoted local part, comments,
/// domain literals), and with a domain of two labels or more.
///
/// # The canonical form
///
/// **The local part in ASCII lower case, an `@`, and the domain as UTS #46 (non-transitional, STD3) maps it to ASCII.**
/// Mail always goes to the stored address as it was given, never to what somebody typed later (CVE-2019-19844).
/// What follows from the one rule:
///
/// | typed | local part | domain |
/// | --- | --- | --- |
/// | letter case | no difference | no difference |
/// | homograph (Cyrillic `о`) | refused | another domain, `xn--…` |
/// | dotless `ı` | refused | another domain, `xn--…` |
/// | Kelvin sign `K`, fullwidth letters, `。` | refused | `k`, the ASCII letters, `.`: as every resolver maps them |
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
        let canonical = format!("{}@{}", local.to_ascii_lowercase(), ascii_domain(domain)?);
        if canonical.len() > MAX_WHOLE {
            return Err(format!(
                "the e-mail address is over {MAX_WHOLE} bytes, its domain written in ASCII"
            ));
        }
        Ok(Self {
            as_given: text.to_owned(),
            canonical,
        })
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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn key(text: &str) -> String {
        Email::parse(text)
            .unwrap_or_else(|why| panic!("{text:?}: {why}"))
            .canonical()
            .to_owned()
    }

    fn refused(text: &str) -> String {
        Email::parse(text).expect_err(text)
    }

    #[test]
    fn i08_letter_case_makes_no_difference_and_the_spelling_is_kept() {
        let email = Email::parse("Jane@Example.ORG").unwrap();
        assert_eq!(email.canonical(), "jane@example.org");
        assert_eq!(email.as_given(), "Jane@Example.ORG");
        assert_eq!(email, Email::parse("jane@example.org").unwrap());
    }

    #[test]
    fn i08_a_homograph_is_another_domain_and_no_local_part() {
        assert_eq!(key("a@ex\u{430}mple.org"), "a@xn--exmple-4nf.org");
        assert!(refused("j\u{43e}e@example.org").contains("before the @"));
    }

    #[test]
    fn i08_a_dotless_i_is_never_an_i() {
        assert!(refused("m\u{131}ke@example.org").contains("before the @"));
        assert!(refused("m\u{130}ke@example.org").contains("before the @"));
        assert_ne!(key("a@ma\u{131}l.example"), key("a@mail.example"));
        assert_ne!(key("a@ma\u{130}l.example"), key("a@mail.example"));
    }

    #[test]
    fn i08_a_kelvin_sign_is_a_k_in_a_domain_and_nothing_in_a_local_part() {
        assert!(refused("mi\u{212a}e@example.org").contains("before the @"));
        assert_eq!(key("a@\u{212a}iel.example"), "a@kiel.example");
    }

    #[test]
    fn i08_fullwidth_is_mapped_in_a_domain_and_refused_elsewhere() {
        assert!(refused("\u{ff41}@example.org").contains("before the @"));
        assert_eq!(key("a@\u{ff45}xample\u{3002}org"), "a@example.org");
        refused("a\u{ff20}example.org");
        refused("a@b\u{ff20}example.org");
    }

    #[test]
    fn i08_a_sharp_s_is_not_two_s() {
        assert_eq!(key("a@fa\u{df}.example"), "a@xn--fa-hia.example");
        assert_eq!(key("a@FA\u{1e9e}.example"), "a@xn--fa-hia.example");
        assert_ne!(key("a@fa\u{df}.example"), key("a@fass.example"));
        refused("gro\u{df}@example.org");
    }

    #[test]
    fn i08_nfc_and_nfd_are_one_address() {
        assert_eq!(key("a@b\u{fc}cher.example"), key("a@bu\u{308}cher.example"));
        assert_eq!(
            Email::parse("a@bu\u{308}cher.example").unwrap().as_given(),
            "a@bu\u{308}cher.example"
        );
        refused("u\u{308}@example.org");
    }

    #[test]
    fn i08_an_idn_and_its_punycode_are_one_address() {
        assert_eq!(key("a@B\u{fc}cher.example"), "a@xn--bcher-kva.example");
        assert_eq!(key("a@XN--Bcher-KVA.example"), "a@xn--bcher-kva.example");
    }

    #[test]
    fn i08_punycode_that_is_none_is_refused() {
        refused("a@xn--a-.example");
        // Decodes to `A`, which no one would encode.
        refused("a@xn--a.example");
        refused("a@xn--\u{fc}.example");
    }

    #[test]
    fn i08_what_cannot_be_seen_is_refused_everywhere() {
        for c in [
            "\u{200b}", "\u{200c}", "\u{200d}", "\u{2060}", "\u{feff}", "\u{ad}", "\u{fe0f}", "\u{202e}", "\u{0}",
        ] {
            for text in [
                format!("ja{c}ne@example.org"),
                format!("jane@exa{c}mple.org"),
                format!("jane@example.org{c}"),
            ] {
                assert!(refused(&text).contains("cannot be seen"), "{text:?}");
            }
        }
    }

    #[test]
    fn i08_white_space_is_refused_and_not_trimmed() {
        for text in [
            " a@b.org",
            "a@b.org ",
            "a @b.org",
            "a@b.org\r\nBcc: c@d.org",
            "a@b\u{a0}c.org",
            "a@b.org\n",
            "\ta@b.org",
        ] {
            assert!(refused(text).contains("space"), "{text:?}");
        }
    }

    #[test]
    fn i08_right_to_left_is_taken_where_the_bidi_rule_allows_it() {
        assert_eq!(key("a@\u{5d0}\u{5d1}.example"), "a@xn--4dbc.example");
        refused("a@\u{5d0}b.example");
        refused("\u{5d0}@example.org");
    }

    #[test]
    fn i08_a_tag_and_dots_make_another_address() {
        assert_eq!(key("Jane+News@example.org"), "jane+news@example.org");
        assert_ne!(key("j.ane@example.org"), key("jane@example.org"));
    }

    #[test]
    fn i08_quoted_names_comments_and_network_addresses_are_refused() {
        for text in [
            "\"jane\"@example.org",
            "\"a@b\"@example.org",
            "jane(x)@example.org",
            "(x)jane@example.org",
            "jane@[127.0.0.1]",
            "jane@[IPv6:::1]",
            "jane@127.0.0.1",
            "Jane<jane@example.org>",
            "jane@example.org(x)",
        ] {
            refused(text);
        }
    }

    #[test]
    fn i08_a_local_part_has_64_bytes_at_most() {
        assert_eq!(key(&format!("{}@b.org", "a".repeat(64))).len(), 70);
        assert!(refused(&format!("{}@b.org", "a".repeat(65))).contains("64"));
    }

    #[test]
    fn i08_an_address_has_254_bytes_at_most_in_both_forms() {
        let domain = format!("{0}.{0}.{1}.org", "d".repeat(63), "e".repeat(57));
        let longest = format!("{}@{domain}", "a".repeat(64));
        assert_eq!(longest.len(), 254);
        assert_eq!(key(&longest), longest);
        assert!(refused(&format!("{}@d{domain}", "a".repeat(64))).contains("254"));
        // Each label is three bytes as it is typed and seven as DNS has it, `xn--tda`.
        let idn = format!("{}@{}org", "a".repeat(64), "\u{fc}.".repeat(30));
        assert!(idn.len() < 254 && refused(&idn).contains("ASCII"), "{}", refused(&idn));
    }

    #[test]
    fn i08_a_label_has_63_bytes_at_most() {
        key(&format!("a@{}.org", "d".repeat(63)));
        refused(&format!("a@{}.org", "d".repeat(64)));
    }

    #[test]
    fn i08_a_domain_has_a_dot_inside_and_none_at_its_ends() {
        for text in [
            "a@localhost",
            "a@example.org.",
            "a@.example.org",
            "a@example..org",
            "a@",
            "a@.",
            "a@org\u{3002}",
        ] {
            assert!(refused(text).contains("domain"), "{text}");
        }
    }

    #[test]
    fn i08_a_domain_has_letters_digits_and_inner_hyphens() {
        key("a@gauth.local");
        key("a@my--host.1-2.example");
        for text in [
            "a@-b.org",
            "a@b-.org",
            "a@b_c.org",
            "a@b/c.org",
            "a@b%2ec.org",
            "a@b,c.org",
            "a@b:25.org",
        ] {
            refused(text);
        }
    }

    #[test]
    fn i08_a_local_part_is_a_dot_atom() {
        key("!#$%&'*+-/=?^_`{|}~@example.org");
        for text in [
            "@b.org",
            ".a@b.org",
            "a.@b.org",
            "a..b@b.org",
            "a@b@c.org",
            "a,b@c.org",
            "a\\b@c.org",
            "plain",
            "",
        ] {
            refused(text);
        }
    }

    #[test]
    fn both_forms_survive_being_written_and_read() {
        let email = Email::parse("Jane@B\u{fc}cher.example").unwrap();
        let json = serde_json::to_string(&email).unwrap();
        assert_eq!(json, "\"Jane@B\u{fc}cher.example\"");
        let read: Email = serde_json::from_str(&json).unwrap();
        assert_eq!(
            (read.as_given(), read.canonical()),
            (email.as_given(), email.canonical())
        );
    }

    #[test]
    fn what_is_read_is_parsed_again() {
        assert!(serde_json::from_str::<Email>("\"jane\"").is_err());
    }

    proptest! {
        #[test]
        fn i08_the_canonical_form_is_a_fixed_point(
            local in "[A-Za-z0-9+_.-]{1,8}",
            label in "[a-zA-Z0-9\u{fc}\u{308}\u{df}\u{131}\u{130}\u{212a}\u{ff21}-\u{ff3a}\u{430}-\u{44f}\u{5d0}-\u{5ea}\u{1100}-\u{1112}\u{3c2}\u{3a3}-]{1,8}|\\PC{1,4}",
            dot in "[.\u{3002}\u{ff0e}]",
        ) {
            if let Ok(email) = Email::parse(&format!("{local}@{label}{dot}Org")) {
                let again = Email::parse(email.canonical()).expect("its own canonical form is an address");
                prop_assert_eq!(again.canonical(), email.canonical());
                prop_assert_eq!(again.as_given(), email.canonical());
                prop_assert!(email.canonical().is_ascii());
            }
        }

        #[test]
        fn no_text_makes_it_panic(text in "\\PC{0,40}@?\\PC{0,40}|.{0,300}") {
            let _ = Email::parse(&text);
        }
    }
}
