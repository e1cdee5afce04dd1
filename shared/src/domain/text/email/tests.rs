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
fn an_address_in_another_letter_case_has_the_same_mailbox_and_one_with_a_final_sigma_another() {
    let email = Email::parse("Jane@B\u{fc}cher.example").unwrap();
    for same in [
        "jane@b\u{fc}cher.example",
        "JANE@B\u{dc}CHER.EXAMPLE",
        "jane@xn--bcher-kva.example",
    ] {
        assert!(email.has_mailbox_of(same), "{same}");
    }
    for other in ["jane+x@b\u{fc}cher.example", "jane@bucher.example", "---", ""] {
        assert!(!email.has_mailbox_of(other), "{other}");
    }
    // One key, and two domains: the holder of one need not be that of the other.
    let sigma = Email::parse("a@\u{3c3}\u{3c3}.example").unwrap();
    assert!(!sigma.has_mailbox_of("a@\u{3c3}\u{3c2}.example"));
}

#[test]
fn i08_a_final_sigma_is_a_sigma_and_mail_goes_to_the_address_as_given() {
    let small = Email::parse("a@\u{3bd}\u{3b9}\u{3ba}\u{3bf}\u{3c2}.example").unwrap();
    let capitals = Email::parse("A@\u{39d}\u{399}\u{39a}\u{39f}\u{3a3}.EXAMPLE").unwrap();
    assert_eq!(small, capitals);
    assert_ne!(small.former(), capitals.former());
    assert!(small.as_given().ends_with("\u{3c2}.example"));
    // As DNS has it.
    assert_eq!(Email::parse(&small.former().unwrap()).unwrap(), capitals);
    assert_eq!(Email::parse("jane@b\u{fc}cher.example").unwrap().former(), None);
}

#[test]
fn i08_nfc_and_nfd_are_one_address() {
    assert_eq!(key("a@b\u{fc}cher.example"), key("a@bu\u{308}cher.example"));
    assert_eq!(
        Email::parse("a@bu\u{308}cher.example").unwrap().as_given(),
        "a@bu\u{308}cher.example"
    );
    refused("u\u{308}@example.org");
    // Marks are the same in any order of those that do not touch: an iota subscript is one, and is mapped to a letter.
    assert_eq!(key("a@x\u{345}\u{322}.example"), key("a@x\u{322}\u{345}.example"));
    assert_eq!(key("a@\u{1fb3}\u{302}.example"), key("a@\u{3b1}\u{302}\u{345}.example"));
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
fn two_domains_that_share_a_key_are_two_mailboxes() {
    let [end, middle, capitals] = [
        "\u{3bd}\u{3bf}\u{3c2}",
        "\u{3bd}\u{3bf}\u{3c3}",
        "\u{39d}\u{39f}\u{3a3}",
    ]
    .map(|label| Email::parse(&format!("V@{label}.gr")).unwrap());
    assert_eq!(end, middle);
    assert_eq!(
        [end.mailbox(), middle.mailbox(), capitals.mailbox()],
        ["v@xn--yxaej.gr", "v@xn--yxaem.gr", "v@xn--yxaem.gr"]
    );
    assert_eq!(Email::parse("V@Example.org").unwrap().mailbox(), "v@example.org");
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
