//! What stands in the list of the table's keys, and what the tests put in its place.

use usher::domain::tenant::TenantId;
use usher::domain::text::PermissionName;

/// What the samples stand for. The ids differ in one digit, so that no two are mixed up.
pub const SAMPLES: [(&str, &str); 37] = [
    ("<user>", "00000000-0000-7000-8000-000000000001"),
    ("<session>", "00000000-0000-7000-8000-000000000002"),
    ("<entry>", "00000000-0000-7000-8000-000000000003"),
    ("<role>", "00000000-0000-7000-8000-000000000004"),
    ("<grant>", "00000000-0000-7000-8000-000000000005"),
    ("<target>", "00000000-0000-7000-8000-000000000006"),
    ("<mail>", "00000000-0000-7000-8000-000000000007"),
    ("<key>", "00000000-0000-7000-8000-000000000008"),
    ("<due>", "1795334400000"),
    ("<end>", "001795334400000"),
    ("<moment>", "001795334400000"),
    ("<state>", "pending"),
    ("<tenant>", "main"),
    ("<status>", "locked"),
    ("<shard>", "3"),
    ("<counter>", "07"),
    ("<byte>", "07"),
    ("<part>", "1"),
    ("<copy>", "7"),
    ("<slot>", "07"),
    ("<permission>", "press.write"),
    ("<month>", "2026-11"),
    ("<sha256>", "ba7816bf"),
    ("<first character>", "ä"),
    ("<rest of an address or name>", "äne@example.org"),
    ("<rest of a domain>", "äne.example"),
    ("<domain>", "example.org"),
    ("<kid>", "a_kid"),
    ("<limit>", "login_by_address"),
    ("<subject>", "ba7816bf"),
    ("<number>", "1"),
    ("<form>", "2"),
    ("<chain>", "400-3"),
    ("<anchor>", "0000000007"),
    ("PERMISSION#<name>", "PERMISSION#admin.users"),
    ("FIRST#<name>", "FIRST#owner"),
    ("NAME#<canonical>", "NAME#jane"),
];

/// Whether a text is of a pattern: where `<…>` names an id there is one, and elsewhere there is something.
pub fn fits(pattern: &str, text: &str) -> bool {
    let Some((before, rest)) = pattern.split_once('<') else {
        return pattern == text;
    };
    let (name, after) = rest.split_once('>').unwrap();
    let Some(text) = text.strip_prefix(before) else {
        return false;
    };
    let is_id = ["user", "session", "entry", "role", "grant", "target", "mail", "key"].contains(&name);
    let ends = (1..=text.len()).filter(|end| text.is_char_boundary(*end));
    ends.into_iter().any(|end| {
        let (value, tail) = text.split_at(end);
        // What a change of a tenant, of its settings, or of a permission was done to has no other id than its name.
        let is_name = TenantId::parse(value).is_ok() || PermissionName::parse(value).is_ok();
        let right = !is_id || name == "target" && is_name || value.parse::<usher::id::UserId>().is_ok();
        right && fits(after, tail)
    })
}
