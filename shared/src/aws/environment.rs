//! The SDK's own variables, by the names that AWS documents for every SDK.

use aws_types::service_config::{LoadServiceConfig, ServiceConfigKey};

#[derive(Debug, Clone, Copy)]
pub struct Environment;

impl Environment {
    pub fn text(name: &str) -> Option<String> {
        #[expect(clippy::disallowed_methods, reason = "variables of the SDK, and not of usher")]
        let text = std::env::var(name).ok();
        text.filter(|text| !text.is_empty())
    }

    pub fn is_true(name: &str) -> bool {
        Self::text(name).is_some_and(|text| text.eq_ignore_ascii_case("true"))
    }
}

/// `AWS_ENDPOINT_URL_<service>`, and `AWS_ENDPOINT_URL` for those that have none of their own.
impl LoadServiceConfig for Environment {
    fn load_config(&self, key: ServiceConfigKey<'_>) -> Option<String> {
        names(key.env(), key.service_id())
            .iter()
            .find_map(|name| Self::text(name))
    }
}

fn names(general: &str, service: &str) -> [String; 2] {
    let service = service.to_uppercase().replace(' ', "_");
    [format!("{general}_{service}"), general.to_owned()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_services_own_endpoint_comes_before_that_of_all() {
        let names = names("AWS_ENDPOINT_URL", "Secrets Manager");
        assert_eq!(names, ["AWS_ENDPOINT_URL_SECRETS_MANAGER", "AWS_ENDPOINT_URL"]);
    }

    #[test]
    fn what_is_not_set_is_nothing() {
        assert_eq!(Environment::text("AWS_NOBODY_SETS_THIS"), None);
        assert!(!Environment::is_true("AWS_NOBODY_SETS_THIS"));
        assert!(Environment::text("PATH").is_some());
    }
}
