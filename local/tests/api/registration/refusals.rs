//! How this contract refuses: `{"error": "…"}`, whatever went wrong.

use http::StatusCode;
use serde_json::json;
use usher::error::{Cause, Conflict, Error, Forbidden, Noun};
use usher::http::dialect::{self, Asked, ErrorFormat};

use super::assert_refusal;
use crate::auth::raw;
use crate::support::World;

const ROUTES: [&str; 6] = [
    "/v1/user/register",
    "/v1/user/email/resend",
    "/v1/user/login",
    "/v1/user/token/verify",
    "/v1/user/token/renew",
    "/v1/user/admin/change-password",
];

#[tokio::test]
async fn i01_a_body_that_cannot_be_read_is_refused_in_this_contract_s_style() {
    let world = World::new().await;
    let owner = world.owner().await;
    for path in ROUTES {
        let reply = raw(&owner, path, "text/plain", "{}").await;
        assert_refusal(
            &reply,
            415,
            "The body must be JSON: send `content-type: application/json`",
        );
        let reply = raw(&owner, path, "application/json", "{\n \"login\": }").await;
        assert_refusal(&reply, 400, "The body is not JSON: expected value at line 2, column 11");
        let reply = raw(&owner, path, "application/json", " ".repeat(65 * 1024)).await;
        assert_refusal(&reply, 413, "The body is over 65536 bytes");
    }
}

#[tokio::test]
async fn i07_a_wrong_method_is_405_and_an_unknown_path_404() {
    let world = World::new().await;
    let owner = world.owner().await;
    for path in ROUTES {
        let reply = owner.get(path).await;
        assert_refusal(&reply, 405, "This path does not take this method");
        assert_eq!(reply.header("allow"), "POST", "{path}");
    }
    for path in ["/v1/user/ban/jane", "/v1/user/ban/jane/lift"] {
        let reply = owner.post(path, json!({})).await;
        assert_refusal(&reply, 405, "This path does not take this method");
        assert_eq!(reply.header("allow"), "DELETE", "{path}");
    }
    for path in [
        "/v1/user",
        "/v1/user/",
        "/v1/user/a/b",
        "/v1/user/token",
        "/v1/user/register/",
    ] {
        assert_refusal(&owner.get(path).await, 404, "There is nothing at this path");
    }
}

fn said(error: &Error) -> (u16, String, String) {
    let error_format = ErrorFormat::of::<registration::error_format::Registration>();
    let (status, headers, body) = dialect::example(&error_format, &Asked::default(), error).unwrap();
    assert_eq!(body.as_object().unwrap().len(), 1);
    let retry = headers
        .get("retry-after")
        .map(|value| value.to_str().unwrap().to_owned());
    (
        status.as_u16(),
        body["error"].as_str().unwrap().to_owned(),
        retry.unwrap_or_default(),
    )
}

#[tokio::test]
async fn what_the_store_or_a_defect_brings_is_refused_without_its_private_words() {
    let private = Cause("the table usher-prod".to_owned());
    for (error, status, words, retry) in [
        (
            Error::Unavailable(private.clone()),
            503,
            "The service is busy; try again shortly",
            "1",
        ),
        (
            Error::NotSetUp,
            503,
            "This stack is not set up yet: its set-up has not run, or has not come to its end",
            "5",
        ),
        (Error::Fault(private), 500, "Something went wrong here", ""),
    ] {
        assert_eq!(said(&error), (status, words.to_owned(), retry.to_owned()));
    }
}

#[tokio::test]
async fn what_cannot_come_up_here_today_has_an_answer_all_the_same() {
    for (error, status) in [
        (Error::InvalidApiKey, StatusCode::UNAUTHORIZED),
        (Error::AlreadySignedIn, StatusCode::BAD_REQUEST),
        (Error::PreconditionFailed, StatusCode::PRECONDITION_FAILED),
        (Error::NotKept, StatusCode::GONE),
        (Error::NotFound(Noun::Tenant), StatusCode::NOT_FOUND),
        (Forbidden::NotBelowOwnRank.into(), StatusCode::FORBIDDEN),
        (Conflict::RoleFull.into(), StatusCode::CONFLICT),
        (
            Conflict::NothingToVerify("the address is verified").into(),
            StatusCode::CONFLICT,
        ),
    ] {
        let (code, words, _) = said(&error);
        assert_eq!(code, status.as_u16(), "{error:?}");
        assert!(words.starts_with(|c: char| c.is_uppercase()), "{words}");
    }
}
