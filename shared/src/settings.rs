//! The environment, read once and typed. All its errors are reported together, each naming its variable.

use std::collections::HashMap;
use std::time::Duration;

use jiff::SignedDuration;
use secrecy::SecretString;

use crate::domain::lockout::LockoutRule;
use crate::domain::tenant_settings::{HISTORY_DAYS, LOCKOUT_LIMIT, LOCKOUT_SECONDS};
use crate::domain::tenant_size::TenantSize;
use crate::mail::Sender;
use crate::proof::jwt::Algorithm;
use crate::proof::password::Params;

mod environment;
mod hashing;
mod tenant_source;
mod trusted_proxies;

use self::environment::Env;
pub use self::tenant_source::TenantSource;
pub use self::trusted_proxies::{TrustedProxies, written_ip};

#[derive(Debug, Clone)]
pub struct Settings {
    /// `USHER_TABLE`: the table's name.
    pub table: String,
    /// `USHER_STAGE`: `local`, `dev`, `staging` or `prod`.
    pub stage: String,
    /// `USHER_DEV_ENDPOINTS`: whether the two development routes exist; on the stages `local` and `dev` alone.
    pub dev_endpoints: bool,
    /// `USHER_ISSUER`: the `iss` of tokens, an `https` URL. Empty: the address that the request came to.
    pub issuer: Option<String>,
    /// `USHER_PUBLIC_URL`: where links in mails lead to. Empty: the address that the request came to.
    pub public_url: Option<String>,
    /// `USHER_AUDIENCE`: the `aud` of tokens.
    pub audience: String,
    /// `USHER_TENANTS`: what names the tenant of a request: `none`, `header` (`X-Tenant`), or `host:<domain>`, where the
    /// tenant `acme` is at `acme.<domain>`.
    pub tenants: TenantSource,
    /// `USHER_TENANT_SIZE`: what every tenant is at least. One that grows becomes large by itself.
    pub tenant_size: TenantSize,
    /// `USHER_MIN_PASSWORD_LENGTH`: raises the minimum of every contract; 0 changes none.
    pub min_password_length: usize,
    /// `USHER_JWT_ALGORITHM`: how the next signing key signs. Keys that `local admin` makes without it are as the stack's
    /// own.
    pub jwt_algorithm: Option<Algorithm>,
    /// `USHER_LOCKOUT_LIMIT`, `USHER_LOCKOUT_SECONDS`: failures in a row that lock an account, and for how long.
    pub lockout: LockoutRule,
    /// `USHER_RATE_LIMITS`: whether requests are counted against the limits of rate.
    pub rate_limits: bool,
    /// `USHER_TRUSTED_PROXIES`: networks of proxies, with commas between them, whose `X-Forwarded-For` is believed.
    pub trusted_proxies: TrustedProxies,
    /// `USHER_TEMPORARY_PASSWORD_HOURS`: after which a password that Usher made is wrong, unless it was changed.
    pub temporary_password: SignedDuration,
    /// `USHER_HISTORY_DAYS`: for how long both histories are kept.
    pub history: SignedDuration,
    /// `USHER_HASH_PARALLEL`: how many passwords are hashed at once; each takes 19 MiB. In a Lambda function one for
    /// each processor that its memory comes with, and none that its memory has no room for.
    pub hash_parallel: usize,
    /// `USHER_ARGON2`: the cost of a password.
    pub argon2: Params,
    /// `USHER_STORE_DEADLINE_MS`: after which a request to the table, its repetitions included, is given up. Two of them
    /// fit into the ten seconds of a function.
    pub store_deadline: Duration,
    /// `USHER_METRICS_NAMESPACE`: where CloudWatch puts the metrics; without it none are written.
    pub metrics_namespace: Option<String>,
    /// `USHER_DYNAMODB_ENDPOINT`: another DynamoDB than the region's.
    pub dynamodb_endpoint: Option<String>,
    /// `USHER_MASTER_KEY_SECRET`, or on the local server `USHER_MASTER_KEY`: seals signing keys.
    pub master_key: Option<KeySource>,
    /// `USHER_FIRST_API_KEY_SECRET`, or on the local server `USHER_FIRST_API_KEY`: the text of the API key that set-up
    /// makes.
    pub first_api_key: Option<KeySource>,
    /// `USHER_CURSOR_KEY_SECRET`, or on the local server `USHER_CURSOR_KEY`: authenticates the cursors of listings, and seals the answers of requests with an Idempotency-Key.
    pub cursor_key: Option<KeySource>,
    /// `USHER_ORIGIN_SECRET_SECRET`, or on the local server `USHER_ORIGIN_SECRET`: what a CDN before the API sends as
    /// `X-Origin-Secret`. Requests without it are refused, and with it `CloudFront-Viewer-Address` is believed.
    pub origin_secret: Option<KeySource>,
    /// `USHER_MAIL_FROM`: whom mail comes from, such as `Usher <no-reply@example.org>`. Only the outbox needs it.
    pub mail_from: Option<Sender>,
    /// `USHER_MAIL_CONFIGURATION_SET`: the configuration set that SES sends it under, for bounces and complaints.
    pub mail_configuration_set: Option<String>,
    /// `USHER_AUTHORIZER_SIMPLE_RESPONSES`: what API Gateway's `EnableSimpleResponses` is set to where the authorizer is used
    /// with payload 2.0. Other payloads are always answered with a policy.
    pub authorizer_simple_responses: bool,
    /// `USHER_AUTHORIZER_CACHE_SECONDS`: for how long a policy of the authorizer allows anything, should it be cached.
    pub authorizer_cache: SignedDuration,
    /// `USHER_ADMIN_EMAIL`: whom set-up makes the first owner of a deployed stack.
    pub admin_email: Option<String>,
    /// `USHER_ADMIN_SECRET`: the first owner's password.
    pub admin_password: Option<KeySource>,
}

/// Where a key comes from: the value of a variable `…_SECRET`.
#[derive(Debug, Clone)]
pub enum KeySource {
    SecretsManager(String),
    /// Given as text; on a developer's machine only.
    Text(SecretString),
}

impl Settings {
    pub fn from_env() -> Result<Self, String> {
        Self::from_map(std::env::vars().collect())
    }

    /// Reads these variables.
    /// The error lists every complaint, a line each.
    pub fn from_map(vars: HashMap<String, String>) -> Result<Self, String> {
        let mut env = Env::of(vars);
        let lockout = LockoutRule::default();
        let argon2 = env.parsed("USHER_ARGON2", "`m=<KiB>,t=<passes>,p=<lanes>`", Params::default());
        let settings = Self {
            table: env.required("USHER_TABLE"),
            stage: env.text("USHER_STAGE").unwrap_or_else(|| "prod".to_owned()),
            dev_endpoints: env.parsed("USHER_DEV_ENDPOINTS", "`true` or `false`", false),
            issuer: env.text("USHER_ISSUER").map(|url| url.trim_end_matches('/').to_owned()),
            public_url: env
                .text("USHER_PUBLIC_URL")
                .map(|url| url.trim_end_matches('/').to_owned()),
            audience: env.text("USHER_AUDIENCE").unwrap_or_else(|| "usher".to_owned()),
            tenants: env.parsed(
                "USHER_TENANTS",
                "`none`, `header` or `host:<domain>`",
                TenantSource::One,
            ),
            tenant_size: env.parsed("USHER_TENANT_SIZE", "`small` or `large`", TenantSize::Small),
            min_password_length: env.parsed("USHER_MIN_PASSWORD_LENGTH", "a number of characters", 0),
            jwt_algorithm: env.optional("USHER_JWT_ALGORITHM", "`EdDSA`, `ES256` or `RS256`"),
            lockout: LockoutRule {
                limit: env.within("USHER_LOCKOUT_LIMIT", "failures", lockout.limit, &LOCKOUT_LIMIT),
                first: SignedDuration::from_secs(i64::from(env.within(
                    "USHER_LOCKOUT_SECONDS",
                    "seconds",
                    900,
                    &LOCKOUT_SECONDS,
                ))),
                ..lockout
            },
            rate_limits: env.parsed("USHER_RATE_LIMITS", "`true` or `false`", false),
            trusted_proxies: env.parsed(
                "USHER_TRUSTED_PROXIES",
                "networks like `10.0.0.0/8,192.0.2.7`, and not everybody's",
                TrustedProxies::default(),
            ),
            temporary_password: SignedDuration::from_hours(i64::from(env.within(
                "USHER_TEMPORARY_PASSWORD_HOURS",
                "hours",
                72,
                &(1..=8_760),
            ))),
            history: SignedDuration::from_hours(
                24 * i64::from(env.within("USHER_HISTORY_DAYS", "days", 400, &(1..=*HISTORY_DAYS.end()))),
            ),
            hash_parallel: env.hash_parallel(argon2),
            argon2,
            store_deadline: Duration::from_millis(env.parsed(
                "USHER_STORE_DEADLINE_MS",
                "a number of milliseconds",
                4_000,
            )),
            metrics_namespace: env.text("USHER_METRICS_NAMESPACE"),
            dynamodb_endpoint: env.text("USHER_DYNAMODB_ENDPOINT"),
            master_key: env.key("USHER_MASTER_KEY"),
            first_api_key: env.key("USHER_FIRST_API_KEY"),
            cursor_key: env.key("USHER_CURSOR_KEY"),
            origin_secret: env.key("USHER_ORIGIN_SECRET"),
            mail_from: env.optional("USHER_MAIL_FROM", "a mailbox, like `Usher <no-reply@example.org>`"),
            mail_configuration_set: env.text("USHER_MAIL_CONFIGURATION_SET"),
            authorizer_simple_responses: env.parsed("USHER_AUTHORIZER_SIMPLE_RESPONSES", "`true` or `false`", true),
            authorizer_cache: SignedDuration::from_secs(i64::from(env.within(
                "USHER_AUTHORIZER_CACHE_SECONDS",
                "seconds",
                0,
                &(0..=3_600),
            ))),
            admin_email: env.text("USHER_ADMIN_EMAIL"),
            admin_password: env.secret("USHER_ADMIN_SECRET"),
        };
        // A login without a password has no place where real accounts are.
        if settings.dev_endpoints && !["local", "dev"].contains(&settings.stage.as_str()) {
            let complaint = format!(
                "USHER_DEV_ENDPOINTS is `true`: it cannot be where USHER_STAGE is `{}`",
                settings.stage
            );
            env.complaints.push(complaint);
        }
        env.refuse_unknown();
        if env.complaints.is_empty() {
            Ok(settings)
        } else {
            Err(env.complaints.join("\n"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn vars(pairs: &[(&str, &str)]) -> HashMap<String, String> {
        pairs.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect()
    }

    #[test]
    fn every_complaint_is_reported_at_once_and_names_its_variable() {
        let complaints = Settings::from_map(vars(&[
            ("USHER_DEV_ENDPOINTS", "maybe"),
            ("USHER_ARGON2", "m=1"),
            ("USHER_JWT_ALGORITHM", "none"),
            ("USHER_MAIL_FROM", "nobody"),
        ]))
        .unwrap_err();
        for name in [
            "USHER_TABLE",
            "USHER_DEV_ENDPOINTS",
            "USHER_ARGON2",
            "USHER_JWT_ALGORITHM",
            "USHER_MAIL_FROM",
        ] {
            assert!(
                complaints.lines().any(|line| line.starts_with(name)),
                "{name} in {complaints}"
            );
        }
    }

    #[test]
    fn a_misspelt_variable_is_refused_with_the_nearest_one_that_there_is() {
        let complaints = Settings::from_map(vars(&[
            ("USHER_TABLE", "usher"),
            ("USHER_MASTERKEY", "k"),
            ("USHER_LOCKOUT_SECOND", "60"),
            ("PATH", "/bin"),
        ]))
        .unwrap_err();
        let expected = "USHER_LOCKOUT_SECOND is no setting: is it USHER_LOCKOUT_SECONDS?\n\
                        USHER_MASTERKEY is no setting: is it USHER_MASTER_KEY?";
        assert_eq!(complaints, expected);
        // Set, in whatever way, they are known: one that is empty is one that is not set.
        let both = [
            ("USHER_TABLE", "usher"),
            ("USHER_MASTER_KEY", "k"),
            ("USHER_MASTER_KEY_SECRET", ""),
        ];
        Settings::from_map(vars(&both)).unwrap();
    }

    #[test]
    fn a_lockout_is_held_to_the_bounds_that_tenants_are_held_to() {
        for (name, text) in [
            ("USHER_LOCKOUT_LIMIT", "2"),
            ("USHER_LOCKOUT_LIMIT", "101"),
            ("USHER_LOCKOUT_SECONDS", "0"),
            ("USHER_LOCKOUT_SECONDS", "3601"),
            ("USHER_TEMPORARY_PASSWORD_HOURS", "0"),
            ("USHER_HISTORY_DAYS", "0"),
            ("USHER_HISTORY_DAYS", "3651"),
        ] {
            let complaint = Settings::from_map(vars(&[("USHER_TABLE", "usher"), (name, text)])).unwrap_err();
            assert!(
                complaint.starts_with(&format!("{name} is `{text}`: it must be a number of")),
                "{complaint}"
            );
        }
    }

    #[test]
    fn development_routes_are_refused_on_stages_that_are_not_for_development() {
        let on = |stage: &str| {
            Settings::from_map(vars(&[
                ("USHER_TABLE", "usher"),
                ("USHER_DEV_ENDPOINTS", "true"),
                ("USHER_STAGE", stage),
            ]))
        };
        for stage in ["local", "dev"] {
            assert!(on(stage).unwrap().dev_endpoints, "{stage}");
        }
        // One that is not named is production.
        for (stage, is) in [("staging", "staging"), ("prod", "prod"), ("", "prod"), ("Dev", "Dev")] {
            let complaint = format!("USHER_DEV_ENDPOINTS is `true`: it cannot be where USHER_STAGE is `{is}`");
            assert_eq!(on(stage).unwrap_err(), complaint);
        }
    }

    #[test]
    fn only_the_table_has_to_be_named() {
        let settings = Settings::from_map(vars(&[("USHER_TABLE", "usher")])).unwrap();
        assert_eq!(settings.table, "usher");
        assert!(!settings.dev_endpoints);
        assert_eq!(settings.lockout, LockoutRule::default());
        assert_eq!(settings.argon2, Params::default());
    }

    #[test]
    fn a_secret_stands_for_itself_beside_an_emulator_alone_and_an_arn_never_does() {
        use secrecy::ExposeSecret;
        let arn = "arn:aws:secretsmanager:eu-central-1:123456789012:secret:MasterKey-abc";
        let cloud = ("USHER_DYNAMODB_ENDPOINT", "");
        let emulator = ("USHER_DYNAMODB_ENDPOINT", "http://host.docker.internal:8000");
        for (endpoint, value, text) in [
            (cloud, arn, None),
            (cloud, "MasterKey", None),
            (emulator, arn, None),
            (emulator, "a key", Some("a key")),
        ] {
            let names = [
                "USHER_MASTER_KEY_SECRET",
                "USHER_CURSOR_KEY_SECRET",
                "USHER_FIRST_API_KEY_SECRET",
                "USHER_ORIGIN_SECRET_SECRET",
                "USHER_ADMIN_SECRET",
            ];
            let mut given = vars(&[("USHER_TABLE", "usher"), endpoint]);
            given.extend(names.map(|name| (name.to_owned(), value.to_owned())));
            let settings = Settings::from_map(given).unwrap();
            let sources = [
                settings.master_key,
                settings.cursor_key,
                settings.first_api_key,
                settings.origin_secret,
                settings.admin_password,
            ];
            for (name, source) in names.iter().zip(sources) {
                match (source.unwrap(), text) {
                    (KeySource::Text(found), Some(text)) => assert_eq!(found.expose_secret(), text, "{name}"),
                    (KeySource::SecretsManager(found), None) => assert_eq!(found, value, "{name}"),
                    (found, _) => panic!("{name} {endpoint:?} {value}: {found:?}"),
                }
            }
        }
    }
}
