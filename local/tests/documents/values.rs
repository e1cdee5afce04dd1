//! Values that documents repeat are those of the code.

use usher::metrics::{Gauge, Metric};
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

#[test]
fn the_readme_installs_the_tools_that_the_checks_use() {
    let (readme, tools) = (document("README.md"), document(".ci/tools.sh"));
    for tool in ["aws-sam-cli", "cargo-lambda"] {
        let pinned = tools.split(&format!("={tool}==")).nth(1).unwrap();
        let pinned = pinned.lines().next().unwrap();
        let named: Vec<&str> = readme.split(&format!("{tool}==")).skip(1).collect();
        assert!(named.len() > 1, "{tool}");
        for rest in named {
            assert!(rest.starts_with(pinned), "the README has another {tool} than {pinned}");
        }
    }
    let toolchain = document("rust-toolchain.toml");
    let workflow = document(".github/workflows/ci.yml");
    let channel = toolchain
        .split("channel = \"")
        .nth(1)
        .unwrap()
        .split('"')
        .next()
        .unwrap();
    assert!(workflow.contains(&format!("RUST_VERSION: \"{channel}\"")), "{channel}");
    assert!(
        readme.contains(&format!("Rust {}", channel.trim_end_matches(".0"))),
        "{channel}"
    );
}

#[test]
fn the_page_of_typed_clients_installs_the_generators_that_the_checks_use() {
    let (page, tools) = (document("docs/contracts/README.md"), document(".ci/tools.sh"));
    let packages = document(".ci/clients/package.json");
    for name in ["openapi-fetch", "openapi-typescript", "typescript"] {
        let pinned = packages.split(&format!("\"{name}\": \"")).nth(1).unwrap();
        let pinned = pinned.split('"').next().unwrap();
        assert!(page.contains(&format!(" {name}@{pinned}")), "{name} {pinned}");
    }
    let generator = tools.split("(openapi-python-client==").nth(1).unwrap();
    let generator = generator.split(' ').next().unwrap();
    assert!(
        page.contains(&format!("openapi-python-client=={generator}\n")),
        "{generator}"
    );
    let hurl = tools.split("\nHURL=").nth(1).unwrap().lines().next().unwrap();
    assert!(
        page.contains(&format!("cargo install hurl --version {hurl} --locked")),
        "{hurl}"
    );
}

/// The names of headers in a sentence, as the local server has them: in small letters and in their order.
fn headers(sentence: &str) -> Vec<String> {
    let names = sentence.split('`').skip(1).step_by(2).map(str::to_ascii_lowercase);
    let mut names: Vec<String> = names.collect();
    names.sort_unstable();
    names
}

#[test]
fn the_runbook_has_the_headers_that_a_page_may_send_and_read() {
    let operations = document("docs/operations.md");
    let (_, sent) = operations.split_once("A page may send ").unwrap();
    let (sent, read) = sent.split_once(", and read ").unwrap();
    assert_eq!(headers(sent), local::cors::SENT);
    assert_eq!(headers(read.split_once(". ").unwrap().0), local::cors::READ);
}

#[test]
fn every_metric_of_the_functions_is_on_the_dashboard_and_in_the_runbook() {
    let (template, operations) = (document("template.yaml"), document("docs/operations.md"));
    let counted = Metric::ALL.iter().map(|metric| format!("{metric:?}"));
    for name in counted.chain(Gauge::ALL.iter().map(|gauge| format!("{gauge:?}"))) {
        assert!(
            template.contains(&format!(", \"{name}\"")),
            "{name} is not on the dashboard"
        );
        assert!(operations.contains(&format!("`{name}`")), "{name}");
    }
}

#[test]
fn every_contract_has_a_collection_and_a_flow_in_each_language() {
    let index = document("docs/contracts/README.md");
    let run = document(".ci/clients/run");
    for contract in ["discovery", "directory", "account", "admin", "registration"] {
        assert!(index.contains(&format!("({contract}.hurl)")), "{contract}");
        assert!(run.contains(contract), "{contract}");
        for file in ["docs/contracts/{}.hurl", ".ci/clients/{}.ts", ".ci/clients/{}.py"] {
            let file = file.replace("{}", contract);
            assert!(root().join(&file).is_file(), "{file}");
        }
    }
}
