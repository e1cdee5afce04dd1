//! The client of DynamoDB: the SDK's operations, retries, timeouts and signatures, put together here.
//!
//! The SDK's own client parses the partitions of AWS, with a regular expression for each, whenever one is made (its
//! `config::ServiceRuntimePlugin` makes an endpoint resolver whatever it is given), and states itself in three headers of
//! each request that are signed and not read by anybody: a seventh of a cold start. [`Endpoints`] knows the plain case.

use std::sync::OnceLock;

use aws_config::SdkConfig;
use aws_runtime::auth::sigv4::{SCHEME_ID, SigV4AuthScheme};
use aws_runtime::service_clock_skew::ServiceClockSkewInterceptor;
use aws_sdk_dynamodb::config::auth::{DefaultAuthSchemeResolver, ResolveAuthScheme};
use aws_sdk_dynamodb::config::endpoint::{DefaultResolver, Params, ResolveEndpoint};
use aws_sdk_dynamodb::config::{
    BehaviorVersion, Intercept, Layer, RuntimeComponentsBuilder, RuntimePlugin, SharedInterceptor,
};
use aws_sdk_dynamodb::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_dynamodb::operation::batch_get_item::{BatchGetItem, BatchGetItemError, BatchGetItemInput};
use aws_sdk_dynamodb::operation::batch_write_item::{
    BatchWriteItem, BatchWriteItemError, BatchWriteItemInput, BatchWriteItemOutput,
};
use aws_sdk_dynamodb::operation::get_item::{GetItem, GetItemError, GetItemInput};
use aws_sdk_dynamodb::operation::query::{Query, QueryError, QueryInput};
use aws_sdk_dynamodb::operation::scan::{Scan, ScanError, ScanInput};
use aws_sdk_dynamodb::operation::transact_write_items::{
    TransactWriteItems, TransactWriteItemsError, TransactWriteItemsInput, TransactWriteItemsOutput,
};
use aws_sdk_dynamodb::operation::update_item::{UpdateItem, UpdateItemError, UpdateItemInput};
use aws_smithy_runtime::client::defaults::{DefaultPluginParams, default_plugins};
use aws_smithy_runtime::client::http::connection_poisoning::ConnectionPoisoningInterceptor;
use aws_smithy_runtime::client::orchestrator::{AuthSchemeAndEndpointOrchestrationV2, invoke};
use aws_smithy_runtime::client::retries::classifiers::HttpStatusCodeClassifier;
use aws_smithy_runtime_api::client::auth::SharedAuthScheme;
use aws_smithy_runtime_api::client::endpoint::EndpointFuture;
use aws_smithy_runtime_api::client::interceptors::context::Input;
use aws_smithy_runtime_api::client::result::CreateUnhandledError;
use aws_smithy_runtime_api::client::runtime_plugin::{Order, RuntimePlugins, StaticRuntimePlugin};
use aws_smithy_types::endpoint::Endpoint;
use aws_types::SigningName;
use aws_types::endpoint_config::{EndpointUrl, UseDualStack, UseFips};
use aws_types::region::SigningRegion;
use aws_types::service_config::ServiceConfigKey;
use futures::FutureExt;
use futures::future::BoxFuture;

use self::answers::{Batch, Changed, Found, Got};

mod answers;

/// What the SDK names these retries by, which have a quota of their own.
const RETRIES: &str = "usher";

/// Clones share all of it.
#[derive(Debug, Clone)]
pub struct Client {
    plugins: RuntimePlugins,
}

impl Client {
    /// With these settings of its own, and this to watch its requests. Connects with the first one.
    pub fn new(shared: &SdkConfig, own: Layer, watch: impl Intercept + 'static) -> Self {
        let defaults = DefaultPluginParams::new()
            .with_retry_partition_name(RETRIES)
            .with_behavior_version(BehaviorVersion::latest())
            .with_is_aws_sdk(true);
        let own = StaticRuntimePlugin::new()
            .with_order(Order::Overrides)
            .with_config(settings(shared, own).freeze())
            .with_runtime_components(components(shared, watch));
        Self {
            plugins: RuntimePlugins::new()
                .with_client_plugins(default_plugins(defaults))
                .with_client_plugin(own),
        }
    }

    /// Boxed: the SDK's work is by far the largest part of what a request would move around, and the deepest: the
    /// compiler gives up on the layout of a future that has it inside.
    pub fn send<O: Operation>(
        &self,
        operation: O,
        input: O::Input,
    ) -> BoxFuture<'_, Result<O::Output, SdkError<O::Error>>> {
        let answers = O::answers(&operation);
        let mut plugins = self.plugins.clone().with_operation_plugin(operation);
        if let Some(answers) = answers {
            plugins = plugins.with_operation_plugin(answers);
        }
        let input = Input::erase(input);
        async move {
            let sent = invoke("DynamoDB", O::NAME, input, &plugins).await;
            let output = sent.map_err(|error| {
                error.map_service_error(|error| {
                    let other = |_| O::Error::create_unhandled_error("an error of another operation".into(), None);
                    error.downcast().unwrap_or_else(other)
                })
            })?;
            output
                .downcast()
                .map_err(|_| SdkError::construction_failure("an answer of another operation"))
        }
        .boxed()
    }
}

/// What requests and signatures are made of.
fn settings(shared: &SdkConfig, mut settings: Layer) -> Layer {
    settings.store_put(AuthSchemeAndEndpointOrchestrationV2);
    settings.store_put(SigningName::from_static("dynamodb"));
    if let Some(region) = shared.region() {
        settings.store_put(SigningRegion::from(region.clone()));
        settings.store_put(region.clone());
    }
    settings.store_or_unset(shared.use_fips().map(UseFips));
    settings.store_or_unset(shared.use_dual_stack().map(UseDualStack));
    settings.store_or_unset(endpoint_url(shared).map(EndpointUrl));
    settings.store_or_unset(shared.account_id_endpoint_mode().cloned());
    settings.store_or_unset(shared.stalled_stream_protection());
    settings
}

/// The endpoint that was set for this client, or by the environment for this service or for all.
fn endpoint_url(shared: &SdkConfig) -> Option<String> {
    let key = ServiceConfigKey::builder()
        .service_id("DynamoDB")
        .env("AWS_ENDPOINT_URL")
        .profile("endpoint_url");
    let own = || shared.service_config()?.load_config(key.build().ok()?);
    let given = shared.endpoint_url().map(str::to_owned);
    match shared.get_origin("endpoint_url").is_client_config() {
        true => given,
        false => own().or(given),
    }
}

fn components(shared: &SdkConfig, watch: impl Intercept + 'static) -> RuntimeComponentsBuilder {
    let mut components = RuntimeComponentsBuilder::new("usher")
        .with_auth_scheme_option_resolver(Some(DefaultAuthSchemeResolver::default().into_shared_resolver()))
        .with_endpoint_resolver(Some(Endpoints::default().into_shared_resolver()))
        .with_http_client(shared.http_client())
        .with_sleep_impl(shared.sleep_impl())
        .with_auth_scheme(SharedAuthScheme::new(SigV4AuthScheme::new()))
        .with_retry_classifier(HttpStatusCodeClassifier::default())
        .with_interceptor(SharedInterceptor::permanent(ConnectionPoisoningInterceptor::new()))
        .with_interceptor(SharedInterceptor::permanent(ServiceClockSkewInterceptor::new()))
        .with_interceptor(SharedInterceptor::permanent(watch));
    if let Some(credentials) = shared.credentials_provider() {
        components.set_identity_resolver(SCHEME_ID, credentials);
    }
    components
}

/// Where DynamoDB is: the endpoint that was set, or that of a region of AWS's own partition. For all else the SDK is asked,
/// which then parses what it knows of partitions.
#[derive(Debug, Default)]
struct Endpoints(OnceLock<DefaultResolver>);

impl ResolveEndpoint for Endpoints {
    fn resolve_endpoint<'a>(&'a self, params: &'a Params) -> EndpointFuture<'a> {
        match plain(params) {
            Some(url) => EndpointFuture::ready(Ok(Endpoint::builder().url(url).build())),
            None => self.0.get_or_init(DefaultResolver::new).resolve_endpoint(params),
        }
    }
}

fn plain(params: &Params) -> Option<String> {
    let is_special = params.use_fips() == Some(true)
        || params.use_dual_stack() == Some(true)
        || params.account_id().is_some()
        || params.account_id_endpoint_mode() == Some("required");
    if is_special {
        return None;
    }
    match (params.endpoint(), params.region()?) {
        (Some(url), _) => Some(url.to_owned()).filter(|url| !url.contains("amazonaws.") && !url.contains("api.aws")),
        (None, region) => is_open(region).then(|| format!("https://dynamodb.{region}.amazonaws.com")),
    }
}

/// Whether this is a region of the partition `aws`, as the SDK knows them: a continent, a place and a number.
fn is_open(region: &str) -> bool {
    const CONTINENTS: [&str; 9] = ["us", "eu", "ap", "sa", "ca", "me", "af", "il", "mx"];
    let parts: Vec<&str> = region.split('-').collect();
    match parts[..] {
        [continent, place, number] => {
            let is_place = !place.is_empty() && place.bytes().all(|byte| byte.is_ascii_lowercase());
            let is_number = !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit());
            CONTINENTS.contains(&continent) && is_place && is_number
        }
        _ => false,
    }
}

/// An operation of the SDK's, with what goes in and comes out of it.
pub trait Operation: RuntimePlugin + 'static {
    const NAME: &'static str;
    type Input: std::fmt::Debug + Send + Sync + 'static;
    type Output: std::fmt::Debug + Send + Sync + 'static;
    type Error: std::error::Error + ProvideErrorMetadata + CreateUnhandledError + Send + Sync + 'static;

    /// What reads its answers, where the SDK does not.
    fn answers(&self) -> Option<StaticRuntimePlugin> {
        None
    }
}

macro_rules! operation {
    ($operation:ident, $input:ident, $output:ident, $error:ident $(, $answers:expr)?) => {
        impl Operation for $operation {
            const NAME: &'static str = stringify!($operation);
            type Input = $input;
            type Output = $output;
            type Error = $error;

            $(fn answers(&self) -> Option<StaticRuntimePlugin> {
                Some($answers(self))
            })?
        }
    };
}

operation!(BatchGetItem, BatchGetItemInput, Batch, BatchGetItemError, answers::read);
operation!(
    BatchWriteItem,
    BatchWriteItemInput,
    BatchWriteItemOutput,
    BatchWriteItemError
);
operation!(GetItem, GetItemInput, Got, GetItemError, answers::read);
operation!(Query, QueryInput, Found, QueryError, answers::read);
operation!(Scan, ScanInput, Found, ScanError, answers::read);
operation!(
    TransactWriteItems,
    TransactWriteItemsInput,
    TransactWriteItemsOutput,
    TransactWriteItemsError
);
operation!(UpdateItem, UpdateItemInput, Changed, UpdateItemError, answers::read);

#[cfg(test)]
mod tests {
    use super::*;

    fn params(region: &str) -> aws_sdk_dynamodb::config::endpoint::ParamsBuilder {
        let table = "usher".to_owned();
        Params::builder()
            .region(region)
            .resource_arn(table)
            .account_id_endpoint_mode("preferred")
    }

    async fn of(resolver: &impl ResolveEndpoint, params: &Params) -> Option<String> {
        resolver
            .resolve_endpoint(params)
            .await
            .ok()
            .map(|endpoint| endpoint.url().to_owned())
    }

    #[tokio::test]
    async fn endpoints_are_those_that_the_sdk_resolves() {
        let sdk = DefaultResolver::new();
        let regions = [
            "us-east-1",
            "eu-central-1",
            "ap-southeast-7",
            "mx-central-1",
            "cn-north-1",
            "us-gov-west-1",
            "eusc-de-east-1",
            "us-iso-east-1",
            "eu-isoe-west-1",
            "aws-global",
            "us-east-1-",
            "US-EAST-1",
            "eu--1",
            "eu-west-",
            "a.b",
            "local",
            "",
        ];
        for region in regions {
            let given = [
                params(region),
                params(region).use_fips(true),
                params(region).use_dual_stack(true),
                params(region).account_id_endpoint_mode("required"),
                params(region).account_id("123456789012"),
                params(region).endpoint("http://127.0.0.1:8000"),
                params(region).endpoint("https://dynamodb.eu-west-1.amazonaws.com"),
                params(region).endpoint("https://dynamodb.eu-west-1.api.aws"),
                params(region).endpoint("http://127.0.0.1:8000").use_fips(true),
            ];
            for params in given {
                // Else it is refused before anybody is asked for an endpoint.
                let Ok(params) = params.build() else { continue };
                let own = Endpoints::default();
                assert_eq!(of(&own, &params).await, of(&sdk, &params).await, "{params:?}");
            }
        }
    }

    #[tokio::test]
    async fn no_partitions_are_read_for_a_region_that_is_open_or_an_endpoint_that_is_set() {
        let own = Endpoints::default();
        for params in [
            params("eu-central-1"),
            params("us-east-1").endpoint("http://127.0.0.1:8000"),
        ] {
            of(&own, &params.build().unwrap()).await.unwrap();
        }
        assert!(own.0.get().is_none());
        of(&own, &params("cn-north-1").build().unwrap()).await.unwrap();
        assert!(own.0.get().is_some());
    }
}
