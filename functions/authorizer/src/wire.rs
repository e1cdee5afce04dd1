//! What API Gateway asks a Lambda authorizer, in four shapes, and what it takes for an answer.
//!
//! - HTTP API, payload 2.0: a simple response or a policy, as the API's `EnableSimpleResponses` is set, which the event does
//!   not show.
//! - HTTP API, payload 1.0: a policy.
//! - REST API and WebSocket API, `REQUEST` and `TOKEN`: a policy, or the error `Unauthorized`, which alone makes a 401.

use aws_lambda_events::apigw::{
    ApiGatewayCustomAuthorizerPolicy as Policy, ApiGatewayCustomAuthorizerRequest as TokenRequest,
    ApiGatewayCustomAuthorizerRequestTypeRequest as RestRequest,
    ApiGatewayV2CustomAuthorizerIamPolicyResponse as PolicyResponse,
    ApiGatewayV2CustomAuthorizerSimpleResponse as SimpleResponse,
    ApiGatewayV2CustomAuthorizerV1Request as HttpRequestV1, ApiGatewayV2CustomAuthorizerV2Request as HttpRequestV2,
};
use aws_lambda_events::iam::{IamPolicyEffect as Effect, IamPolicyStatement as Statement};
use http::header::AUTHORIZATION;
use http::{HeaderMap, HeaderValue};
use serde::Serialize;
use serde_json::{Map, Value, json};
use usher::actions::{Caller, Context};
use usher::domain::tenant::TenantId;
use usher::error::{Error, Result};
use usher::http::lambda::Answered;
use usher::http::routes::bearer;
use usher::jiff::SignedDuration;
use usher::settings::Settings;

/// The error that REST APIs answer with 401. Any other is a 500.
const UNAUTHORIZED: &str = "Unauthorized";

/// The permissions of more characters than this are left out of the context: API Gateway carries no more than some
/// kilobytes of it.
const LONGEST_SCOPE: usize = 4_096;

/// A policy that is not to be cached holds for as long as two machines' clocks may differ.
const NOT_CACHED: SignedDuration = SignedDuration::from_secs(5);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    Simple,
    Policy,
    PolicyOrUnauthorized,
}

/// A request that waits for the answer.
#[derive(Debug)]
pub struct Question {
    form: Form,
    headers: HeaderMap,
    /// What API Gateway keeps an answer under, should it cache; empty where the event does not have it.
    identity_source: Vec<String>,
    /// Every route of its API's stage, as policies name resources.
    resource: String,
}

#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(untagged)]
pub enum Answer {
    Simple(SimpleResponse),
    Policy(PolicyResponse),
}

impl Question {
    pub fn of(payload: Value, settings: &Settings) -> Result<Self> {
        let text = |name: &str| payload[name].as_str();
        match (text("version"), text("type")) {
            (Some("2.0"), Some("REQUEST")) => Self::of_http_api(payload, settings),
            (Some("1.0"), Some("REQUEST")) => Self::of_http_api_v1(payload),
            (None, Some("REQUEST")) => Self::of_rest_api(payload),
            (None, Some("TOKEN")) => Self::of_token(payload),
            _ => Err(Error::fault("the event is none of a Lambda authorizer")),
        }
    }

    fn of_http_api(payload: Value, settings: &Settings) -> Result<Self> {
        let request: HttpRequestV2 = serde_json::from_value(payload).map_err(Error::fault)?;
        let form = match settings.authorizer_simple_responses {
            true => Form::Simple,
            false => Form::Policy,
        };
        Ok(Self {
            form,
            headers: request.headers,
            identity_source: request.identity_source.unwrap_or_default(),
            resource: stage_of(request.route_arn.as_deref())?,
        })
    }

    fn of_http_api_v1(payload: Value) -> Result<Self> {
        let request: HttpRequestV1 = serde_json::from_value(payload).map_err(Error::fault)?;
        let sources = request.identity_source.unwrap_or_default();
        Ok(Self {
            form: Form::Policy,
            headers: request.headers,
            identity_source: sources
                .split(',')
                .filter(|one| !one.is_empty())
                .map(str::to_owned)
                .collect(),
            resource: stage_of(request.method_arn.as_deref())?,
        })
    }

    fn of_rest_api(payload: Value) -> Result<Self> {
        let request: RestRequest = serde_json::from_value(payload).map_err(Error::fault)?;
        // A header that was sent twice is there twice in the second alone.
        let headers = match request.multi_value_headers.is_empty() {
            true => request.headers,
            false => request.multi_value_headers,
        };
        Ok(Self {
            form: Form::PolicyOrUnauthorized,
            headers,
            identity_source: Vec::new(),
            resource: stage_of(request.method_arn.as_deref())?,
        })
    }

    fn of_token(payload: Value) -> Result<Self> {
        let request: TokenRequest = serde_json::from_value(payload).map_err(Error::fault)?;
        let token = request.authorization_token.as_deref().map(HeaderValue::from_str);
        // What is no text of a header is no token either.
        let headers = token
            .into_iter()
            .flatten()
            .map(|value| (AUTHORIZATION, value))
            .collect();
        Ok(Self {
            form: Form::PolicyOrUnauthorized,
            headers,
            identity_source: Vec::new(),
            resource: stage_of(request.method_arn.as_deref())?,
        })
    }

    /// The bearer token. Where the API keeps answers under something else than the token, whoever sends the same something
    /// would get them with any token, or none: so there is no answer but no.
    pub fn token(&self) -> Result<&str> {
        let sent = self.headers.get(AUTHORIZATION);
        let is_sent = |source: &String| sent.is_some_and(|sent| sent.as_bytes() == source.as_bytes());
        if !self.identity_source.is_empty() && !self.identity_source.iter().any(is_sent) {
            tracing::warn!("the API's identity source is not the header Authorization: every request is refused");
            return Err(Error::InvalidToken);
        }
        bearer(&self.headers)?.ok_or(Error::NoCredentials)
    }

    /// The tenant that the header names.
    pub fn tenant(&self) -> Result<TenantId> {
        let named = self
            .headers
            .get("x-tenant")
            .map(|value| value.to_str().unwrap_or_default());
        named.map_or_else(
            || Ok(TenantId::main()),
            |text| TenantId::parse(text).map_err(|_| Error::InvalidToken),
        )
    }

    pub fn allow(&self, cx: &Context, caller: &Caller) -> Answer {
        let context = context(cx, caller);
        if self.form == Form::Simple {
            return simple(true, context);
        }
        let until = cx.now + cx.app.settings.authorizer_cache.max(NOT_CACHED);
        let mut statement = self.statement(Effect::Allow);
        let before = [("aws:CurrentTime".to_owned(), vec![until.strftime("%FT%TZ").to_string()])];
        statement.condition = Some([("DateLessThan".to_owned(), before.into())].into());
        policy(&caller.id.to_string(), statement, context)
    }

    /// Whoever it is may not: 403.
    pub fn deny(&self) -> Answer {
        match self.form {
            Form::Simple => simple(false, Map::new()),
            Form::Policy | Form::PolicyOrUnauthorized => policy("anonymous", self.statement(Effect::Deny), Map::new()),
        }
    }

    /// The token is nobody's: 401 where the API lets an authorizer choose it.
    pub fn unauthenticated(&self) -> Answered<Answer> {
        match self.form {
            Form::PolicyOrUnauthorized => Err(UNAUTHORIZED),
            Form::Simple | Form::Policy => Ok(self.deny()),
        }
    }

    /// About every route: a policy that is cached is used for whatever the same token asks for next.
    fn statement(&self, effect: Effect) -> Statement {
        let mut statement = Statement::default();
        statement.action = vec!["execute-api:Invoke".to_owned()];
        statement.effect = effect;
        statement.resource = vec![self.resource.clone()];
        statement
    }
}

/// `arn:aws:execute-api:<region>:<account>:<api>/<stage>/*` of the ARN of a route.
fn stage_of(arn: Option<&str>) -> Result<String> {
    let mut segments = arn.unwrap_or_default().split('/');
    match (segments.next(), segments.next()) {
        (Some(api), Some(stage)) if !api.is_empty() && !stage.is_empty() => Ok(format!("{api}/{stage}/*")),
        _ => Err(Error::fault("the event names no route")),
    }
}

/// What the service behind it learns of the caller. API Gateway carries text, numbers and booleans, so lists are text.
fn context(cx: &Context, caller: &Caller) -> Map<String, Value> {
    let roles: Vec<&str> = caller.roles.iter().map(|role| role.name.as_given()).collect();
    let permissions: Vec<&str> = caller.rights.permissions.iter().map(AsRef::as_ref).collect();
    let mut context = Map::new();
    let mut put = |name: &str, value: String| context.insert(name.to_owned(), Value::from(value));
    put("sub", caller.id.to_string());
    put("tid", cx.tenant.to_string());
    if let Ok(session) = caller.session() {
        put("sid", session.id.to_string());
    }
    put("roles", json!(roles).to_string());
    let scope = permissions.join(" ");
    if scope.len() <= LONGEST_SCOPE {
        put("scope", scope);
    }
    context
}

fn simple(is_authorized: bool, context: Map<String, Value>) -> Answer {
    let mut response = SimpleResponse::default();
    response.is_authorized = is_authorized;
    response.context = context.into();
    Answer::Simple(response)
}

fn policy(principal: &str, statement: Statement, context: Map<String, Value>) -> Answer {
    let mut document = Policy::default();
    document.version = Some("2012-10-17".to_owned());
    document.statement = vec![statement];
    let mut response = PolicyResponse::default();
    response.principal_id = Some(principal.to_owned());
    response.policy_document = document;
    response.context = context.into();
    Answer::Policy(response)
}
