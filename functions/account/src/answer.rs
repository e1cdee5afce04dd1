//! What handlers of this contract alone give back: cookies, and listings that go on in a `Link` header.

use axum::response::{IntoResponse, Response};
use http::header::{HeaderName, LINK, SET_COOKIE};
use http::{HeaderValue, StatusCode};
use serde::Serialize;
use usher::http::answer::Json;
use usher::http::openapi::{Description, Output};
use usher::secrecy::{ExposeSecret, SecretString};
use utoipa::ToSchema;
use utoipa::openapi::Schema;
use utoipa::openapi::schema::ArrayBuilder;

/// `200` with JSON and a cookie.
#[derive(Debug)]
pub struct WithCookie<T> {
    pub cookie: Cookie,
    /// One more, of the device.
    pub device: Option<Cookie>,
    pub body: T,
}

/// A cookie that only servers read, and that is only sent over TLS, and not with what other sites ask for.
#[derive(Debug)]
pub struct Cookie {
    pub name: &'static str,
    /// Its value, and how many seconds it is kept. The browser forgets it where there is none.
    pub value: Option<(SecretString, i64)>,
}

impl Cookie {
    /// `Set-Cookie` (RFC 6265, 4.1).
    fn header(&self) -> String {
        let kept = self.value.as_ref();
        let (value, seconds) = kept.map_or(("", 0), |(value, seconds)| (value.expose_secret(), *seconds));
        format!(
            "{}={value}; Path=/; Max-Age={seconds}; HttpOnly; Secure; SameSite=Lax",
            self.name
        )
    }
}

/// `200` with a page of a listing as a JSON array, and where it goes on in `Link` (RFC 8288).
#[derive(Debug)]
pub struct Listed<T> {
    pub items: Vec<T>,
    /// The query of the next page, if there is one: it is at the same path.
    pub next: Option<String>,
}

impl<T: Serialize> IntoResponse for WithCookie<T> {
    fn into_response(self) -> Response {
        let mut response = with_header(Json(self.body), SET_COOKIE, &self.cookie.header());
        if let Some(Ok(cookie)) = self.device.map(|cookie| HeaderValue::from_str(&cookie.header())) {
            response.headers_mut().append(SET_COOKIE, cookie);
        }
        response
    }
}

impl<T: Serialize> IntoResponse for Listed<T> {
    fn into_response(self) -> Response {
        match self.next {
            // Relative to what was asked for, whatever the stage or the gateway put before it.
            Some(query) => with_header(Json(self.items), LINK, &format!("<?{query}>; rel=\"next\"")),
            None => Json(self.items).into_response(),
        }
    }
}

fn with_header(body: impl IntoResponse, name: HeaderName, value: &str) -> Response {
    let mut response = body.into_response();
    if let Ok(value) = HeaderValue::from_str(value) {
        response.headers_mut().insert(name, value);
    }
    response
}

impl<T: ToSchema> Output for WithCookie<T> {
    fn describe(description: &mut Description) {
        <Json<T> as Output>::describe(description);
        description.with_header(
            "Set-Cookie",
            "The token, for the browser to keep, which Usher never reads back; and after a login what shows that its device was \
             here before",
        );
    }
}

impl<T: ToSchema> Output for Listed<T> {
    fn describe(description: &mut Description) {
        let all = ArrayBuilder::new().items(description.reference::<T>()).build();
        let content = ("application/json", Schema::from(all).into());
        description.answer(StatusCode::OK, "All, or a page", Some(content));
        description.with_header("Link", "Where it goes on, if it does: `rel=\"next\"` (RFC 8288)");
    }
}
