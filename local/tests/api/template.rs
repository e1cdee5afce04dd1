//! `template.yaml` is held to the code: its routes to the route tables, its environment to the settings, its policies to
//! what the functions do.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use usher::settings::{KeySource, Settings};
use yaml_rust2::yaml::Hash;
use yaml_rust2::{Yaml, YamlLoader};

use crate::support::tables;

const TEXT: &str = include_str!("../../../template.yaml");

fn template() -> &'static Yaml {
    static TEMPLATE: LazyLock<Yaml> = LazyLock::new(|| YamlLoader::load_from_str(TEXT).unwrap().remove(0));
    &TEMPLATE
}

fn text(yaml: &Yaml) -> &str {
    yaml.as_str().unwrap_or_default()
}

fn members(yaml: &Yaml) -> Hash {
    yaml.as_hash().cloned().unwrap_or_default()
}

/// A function of the template.
pub struct Function {
    pub name: String,
    yaml: Yaml,
}

pub fn functions() -> Vec<Function> {
    let resources = members(&template()["Resources"]);
    let of_type = |yaml: &Yaml| text(&yaml["Type"]) == "AWS::Serverless::Function";
    let functions = resources.into_iter().filter(|(_, yaml)| of_type(yaml));
    functions
        .map(|(name, yaml)| Function {
            name: text(&name).to_owned(),
            yaml,
        })
        .collect()
}

impl Function {
    /// The crate whose binary it runs.
    pub fn binary(&self) -> String {
        text(&self.yaml["Metadata"]["BuildProperties"]["Binary"]).to_owned()
    }

    fn condition(&self) -> &str {
        text(&self.yaml["Condition"])
    }

    /// Its HTTP events, `METHOD /path`; `$default` where neither is given.
    pub fn routes(&self) -> Vec<String> {
        let events = members(&self.yaml["Properties"]["Events"]);
        let http = events.values().filter(|event| text(&event["Type"]) == "HttpApi");
        http.map(
            |event| match (text(&event["Properties"]["Method"]), text(&event["Properties"]["Path"])) {
                ("", "") => "$default".to_owned(),
                (method, path) => format!("{method} {path}"),
            },
        )
        .collect()
    }

    /// What it finds in its environment: the globals', and its own.
    fn environment(&self) -> BTreeMap<String, String> {
        let globals = members(&template()["Globals"]["Function"]["Environment"]["Variables"]);
        let own = members(&self.yaml["Properties"]["Environment"]["Variables"]);
        let all = globals.iter().chain(own.iter());
        all.map(|(name, value)| (text(name).to_owned(), text(value).to_owned()))
            .collect()
    }

    pub fn statements(&self) -> Vec<Statement> {
        let policies = self.yaml["Properties"]["Policies"]
            .as_vec()
            .cloned()
            .unwrap_or_default();
        // A policy of AWS's or SAM's own making would not be looked at here, so there is none.
        let all = policies
            .iter()
            .flat_map(|policy| policy["Statement"].as_vec().cloned().unwrap());
        // One that hangs on a condition is the second part of its `!If`.
        let stated = |yaml: &Yaml| yaml.as_vec().map_or_else(|| yaml.clone(), |parts| parts[1].clone());
        all.map(|yaml| Statement::of(&stated(&yaml))).collect()
    }

    /// The secrets that it may read, by the names of their resources.
    fn secrets(&self) -> BTreeSet<String> {
        let all = self.statements().into_iter();
        let reading = all.filter(|s| s.actions.iter().any(|a| a == "secretsmanager:GetSecretValue"));
        reading.flat_map(|statement| statement.resources).collect()
    }
}

/// A statement of a policy.
pub struct Statement {
    pub actions: Vec<String>,
    pub resources: Vec<String>,
    pub leading: Vec<String>,
}

impl Statement {
    fn of(yaml: &Yaml) -> Self {
        // What names all but something (`NotAction`) is no statement that can be held to what is done.
        let known = ["Sid", "Effect", "Action", "Resource", "Condition"];
        let named = members(yaml);
        assert!(named.keys().all(|key| known.contains(&text(key))), "{yaml:?}");
        Self {
            actions: texts(&yaml["Action"]),
            resources: texts(&yaml["Resource"]),
            leading: members(&yaml["Condition"])
                .values()
                .flat_map(|condition| texts(&condition["dynamodb:LeadingKeys"]))
                .collect(),
        }
    }
}

/// One string, or several.
fn texts(yaml: &Yaml) -> Vec<String> {
    let several = yaml.as_vec().cloned().unwrap_or_else(|| vec![yaml.clone()]);
    several
        .iter()
        .map(|one| text(one).to_owned())
        .filter(|one| !one.is_empty())
        .collect()
}

#[test]
fn the_routes_of_each_function_are_those_of_its_table() {
    for table in tables() {
        let name = table.function().to_owned();
        let (mut always, mut dev) = (BTreeSet::new(), BTreeSet::new());
        for row in table.rows() {
            let set = if row.dev_only { &mut dev } else { &mut always };
            // API Gateway minds letter case: a path that is matched without goes by the number of its segments.
            match row.options.rewrite_path.is_some() {
                // Whatever the method: what it refuses is refused in its words, too.
                true if row.path.split('/').count() == 3 => set.extend(["ANY /{rank}/{action}".to_owned()]),
                true => panic!("{} has not two segments", row.path),
                false => set.extend(row.methods().iter().map(|method| format!("{method} {}", row.path))),
            }
        }
        for (condition, expected) in [("", always), ("HasDevEndpoints", dev)] {
            let same: Vec<Function> = functions().into_iter().filter(|f| f.binary() == name).collect();
            let stated = same
                .iter()
                .filter(|f| f.condition() == condition)
                .flat_map(Function::routes);
            // What lies below a contract's own segments is its function's to refuse.
            let below: BTreeSet<String> = expected.iter().filter_map(|route| prefixes(route)).collect();
            // As are other methods than its own at a path of its own.
            let refused = |route: &String| {
                let Some(path) = route.strip_prefix("ANY ").filter(|_| !expected.contains(route)) else {
                    return false;
                };
                let own = expected.iter().any(|route| route.split(' ').nth(1) == Some(path));
                let prefix = path.strip_suffix("/{proxy+}");
                own || prefix.is_some_and(|prefix| name == "account" || below.contains(prefix))
            };
            let stated: Vec<String> = stated.filter(|route| route != "$default" && !refused(route)).collect();
            let set: BTreeSet<String> = stated.iter().cloned().collect();
            assert_eq!(stated.len(), set.len(), "{name} has a route twice");
            assert_eq!(set, expected, "{name} where {condition:?}");
        }
    }
}

/// `GET /v1/admin/users` lies below `/v1/admin`, and two segments are below themselves.
fn prefixes(route: &str) -> Option<String> {
    let path = route.split(' ').nth(1)?;
    let segments: Vec<&str> = path.split('/').take(3).collect();
    Some(segments.join("/"))
}

/// Nobody else has a route below a path that a function refuses in its own words.
#[test]
fn what_a_function_refuses_for_its_contract_is_no_other_s() {
    let mut greedy = 0;
    for function in functions() {
        let routes = function.routes();
        let prefixes = routes
            .iter()
            .filter_map(|route| route.strip_prefix("ANY ")?.strip_suffix("{proxy+}"));
        for prefix in prefixes {
            greedy += 1;
            for table in tables() {
                let below = table.rows().iter().any(|row| row.path.starts_with(prefix));
                assert!(
                    !below || table.function() == function.binary(),
                    "{prefix} of {}",
                    function.name
                );
            }
        }
    }
    assert_eq!(
        greedy, 9,
        "five ranks, three of the admin contract, one of the registration contract"
    );
}

#[test]
fn every_function_with_routes_has_a_table_and_what_no_route_takes_goes_to_discovery() {
    let known: BTreeSet<String> = tables().iter().map(|table| table.function().to_owned()).collect();
    for function in functions() {
        let routes = function.routes();
        if !routes.is_empty() && function.binary() != "discovery" {
            assert!(known.contains(&function.binary()), "{}", function.name);
        }
        assert_eq!(
            routes.iter().any(|r| r == "$default"),
            function.binary() == "discovery",
            "{}",
            function.name
        );
        assert!(
            ["", "HasAuthorizer", "HasDevEndpoints"].contains(&function.condition()),
            "{}",
            function.name
        );
    }
}

/// Which functions need which key: those that issue tokens, and those that list.
fn keys_of(binary: &str) -> (bool, bool) {
    (
        ["auth", "account", "admin", "registration", "setup"].contains(&binary),
        ["me", "users", "roles", "access", "account", "admin", "registration"].contains(&binary),
    )
}

#[test]
fn f09_each_function_finds_its_settings_and_only_the_keys_that_it_needs() {
    for function in functions() {
        let mut vars = function.environment();
        // What is a reference in the template is a value in the stack.
        for (name, value) in [
            ("USHER_DEV_ENDPOINTS", "false"),
            ("USHER_MIN_PASSWORD_LENGTH", "0"),
            ("USHER_JWT_ALGORITHM", "EdDSA"),
            ("USHER_TENANTS", "none"),
            ("USHER_TENANT_SIZE", "small"),
            ("USHER_HISTORY_DAYS", "400"),
            ("USHER_RATE_LIMITS", "true"),
            ("USHER_TRUSTED_PROXIES", "192.0.2.0/24"),
        ] {
            assert!(vars.insert(name.to_owned(), value.to_owned()).is_some(), "{name}");
        }
        if vars.contains_key("USHER_MAIL_FROM") {
            vars.insert("USHER_MAIL_FROM".to_owned(), "Usher <no-reply@example.org>".to_owned());
        }
        if function.binary() == "authorizer" {
            for (name, value) in [
                ("USHER_AUTHORIZER_SIMPLE_RESPONSES", "true"),
                ("USHER_AUTHORIZER_CACHE_SECONDS", "0"),
            ] {
                assert!(vars.insert(name.to_owned(), value.to_owned()).is_some(), "{name}");
            }
        }
        let settings = Settings::from_map(vars.clone().into_iter().collect()).unwrap();
        assert_eq!(settings.table, "Table", "{}", function.name);
        let (master, cursor) = keys_of(&function.binary());
        let secret = |source: &Option<KeySource>| match source {
            Some(KeySource::SecretsManager(name)) => name.clone(),
            Some(KeySource::Text(_)) => panic!("{} has a key in its environment", function.name),
            None => String::new(),
        };
        assert_eq!(
            secret(&settings.master_key),
            if master { "MasterKey" } else { "" },
            "{}",
            function.name
        );
        assert_eq!(
            secret(&settings.cursor_key),
            if cursor { "CursorKey" } else { "" },
            "{}",
            function.name
        );
        let mut readable = BTreeSet::new();
        readable.extend(master.then(|| "MasterKey".to_owned()));
        readable.extend(cursor.then(|| "CursorKey".to_owned()));
        // No request to the authorizer comes by the edge.
        let by_the_edge = if function.binary() == "authorizer" {
            ""
        } else {
            "OriginSecretArn"
        };
        assert_eq!(secret(&settings.origin_secret), by_the_edge, "{}", function.name);
        readable.extend((!function.routes().is_empty()).then(|| "OriginSecretArn".to_owned()));
        if function.binary() == "setup" {
            readable.extend(["OwnerPassword", "FirstApiKey"].map(str::to_owned));
            assert_eq!(secret(&settings.first_api_key), "FirstApiKey");
            assert_eq!(secret(&settings.admin_password), "OwnerPassword");
        }
        assert_eq!(function.secrets(), readable, "{}", function.name);
    }
}

/// `sam local` passes on what the template names, and gives a reference to a secret as the secret's name.
#[tokio::test]
async fn f09_sam_local_is_given_what_the_template_names_and_every_secret_of_it() {
    let stack = local::Stack::start(local::Options::default()).await.unwrap();
    let given = local::sam::environment(&stack.app.settings, "http://127.0.0.1:8000");
    let given = given["Parameters"].as_object().unwrap().clone();
    let named: BTreeMap<String, String> = functions().iter().flat_map(Function::environment).collect();
    for (name, value) in &given {
        assert!(named.contains_key(name), "{name} reaches no function");
        assert!(value.as_str().is_some_and(|value| !value.is_empty()), "{name} is empty");
    }
    for (name, value) in named.iter().filter(|(name, _)| name.ends_with("_SECRET")) {
        let is_resource = !template()["Resources"][value.as_str()].is_badvalue();
        assert!(
            !is_resource || given.contains_key(name),
            "{name} would be the name of a resource"
        );
    }
}

#[test]
fn pages_may_send_and_read_the_same_headers_in_a_stack_as_on_this_machine() {
    let cors = &template()["Resources"]["Api"]["Properties"]["CorsConfiguration"];
    let methods = local::cors::METHODS.map(|method| method.to_string());
    assert_eq!(texts(&cors["AllowMethods"]), methods);
    assert_eq!(texts(&cors["AllowHeaders"]), local::cors::SENT);
    assert_eq!(texts(&cors["ExposeHeaders"]), local::cors::READ);
    let max_age = i64::try_from(local::cors::MAX_AGE.as_secs()).unwrap();
    assert_eq!(cors["MaxAge"].as_i64(), Some(max_age));
}

#[test]
fn each_binary_is_built_in_its_own_crate_so_that_no_other_s_features_are_in_it() {
    for function in functions() {
        let place = text(&function.yaml["Properties"]["CodeUri"]);
        assert_eq!(place, format!("functions/{}", function.binary()), "{}", function.name);
    }
}

#[test]
fn the_generated_keys_are_such_as_the_code_takes() {
    for name in ["MasterKey", "CursorKey"] {
        let secret = &template()["Resources"][name]["Properties"]["GenerateSecretString"];
        assert_eq!(secret["PasswordLength"].as_i64(), Some(64), "{name}");
        assert_eq!(secret["ExcludePunctuation"].as_bool(), Some(true), "{name}");
    }
    usher::proof::seal::MasterKey::from_text(&"k".repeat(64)).unwrap();
    usher::proof::seal::MacKey::from_text(&"k".repeat(64)).unwrap();
}

#[test]
fn p02_no_function_may_scan_or_do_anything_at_all_and_only_set_up_writes_outside_the_tenants_data() {
    let reads = ["dynamodb:GetItem", "dynamodb:BatchGetItem", "dynamodb:Query"];
    let writes = [
        "dynamodb:PutItem",
        "dynamodb:UpdateItem",
        "dynamodb:DeleteItem",
        "dynamodb:ConditionCheckItem",
        "dynamodb:BatchWriteItem",
    ];
    for function in functions() {
        let own = function.statements();
        assert!(!own.is_empty(), "{} has no policy", function.name);
        for statement in &own {
            assert!(
                !statement.resources.is_empty() && !statement.resources.contains(&"*".to_owned()),
                "{}",
                function.name
            );
            for action in &statement.actions {
                let elsewhere = action.starts_with("secretsmanager:") || action.starts_with("ses:Send");
                let named = elsewhere || reads.contains(&action.as_str()) || writes.contains(&action.as_str());
                assert!(named, "{}: {action}", function.name);
                if writes.contains(&action.as_str()) && function.binary() != "setup" {
                    let outside = ["TENANTS", "TOKEN#*", "MAIL#*", "HEALTH#*"];
                    let tenants = |key: &String| key.starts_with("T#*#") || outside.contains(&key.as_str());
                    let catalogue = |key: &String| key.starts_with("CATALOGUE") && function.binary() == "roles";
                    assert!(!statement.leading.is_empty(), "{}: {action} anywhere", function.name);
                    let own = |key: &String| key == "MAILED#*" && function.binary() == "outbox";
                    assert!(
                        statement
                            .leading
                            .iter()
                            .all(|key| tenants(key) || own(key) || catalogue(key)),
                        "{}",
                        function.name
                    );
                }
            }
        }
    }
}
