//! Values that documents repeat are those of the code.

use usher::proof::password::Params;

use crate::root;

fn document(name: &str) -> String {
    std::fs::read_to_string(root().join(name)).unwrap()
}

#[test]
fn the_rules_have_the_first_accounts_and_the_cost_of_a_password_as_they_are() {
    let rules = document("docs/rules.md");
    for (name, email, password, role) in setup::LOCAL_ACCOUNTS {
        let row = rules
            .lines()
            .find(|line| line.starts_with(&format!("| `{name}` | `{email}` |")));
        let row = row.unwrap_or_else(|| panic!("{email} is not among the first accounts"));
        assert!(row.contains(&format!("`{password}`")), "{row}");
        assert!(row.ends_with(&format!("| `{}` |", role.name)), "{row}");
    }
    assert!(rules.contains(&format!("`{}`", Params::default())));
}

#[test]
fn the_index_of_contracts_has_every_setting_of_a_tenant() {
    let index = document("docs/contracts/README.md");
    let settings = document("functions/admin/src/wire/settings.rs");
    let view = settings.split("pub struct SettingsView").nth(1).unwrap();
    let view = view.split("\n}").next().unwrap();
    let fields = view
        .lines()
        .filter(|line| !line.trim().starts_with(['/', '#']))
        .filter_map(|line| line.trim().split_once(": ")?.0.split_whitespace().last());
    let fields: Vec<&str> = fields
        .filter(|name| name.bytes().all(|b| b.is_ascii_lowercase() || b == b'_'))
        .collect();
    assert!(fields.len() > 6, "{fields:?}");
    for field in fields {
        assert!(index.contains(&format!("`{field}")), "{field}");
    }
}
