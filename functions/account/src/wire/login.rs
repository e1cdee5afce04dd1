//! What a login answers, and whatever states in words that something is done.

use serde::Serialize;
use serde_json::{Map, Value};
use usher::actions::sessions::Issued;
use usher::actions::{Context, Terms};
use usher::domain::role::Rank;
use usher::domain::time;
use usher::domain::user::User;
use usher::http::answer::Json;
use usher::jiff::{SignedDuration, Timestamp};
use usher::proof::device::LIFE;
use usher::secrecy::ExposeSecret;
use utoipa::ToSchema;

use super::views::rank_name;
use crate::answer::{Cookie, WithCookie};
use crate::case::Case;
use crate::sentences::{LOGGED_IN, Sentence};

/// Thirty days, without refresh. Its tokens carry what the source's own client reads, and the case that it reads.
pub fn terms(case: Case) -> Terms {
    let claims: fn(&User, Rank) -> Claims = match case {
        Case::Pascal => |user, rank| claims(user, rank, Case::Pascal),
        Case::Camel => |user, rank| claims(user, rank, Case::Camel),
    };
    Terms {
        claims,
        ..Terms::of("account", SignedDuration::from_hours(30 * 24))
    }
}

type Claims = Map<String, Value>;

fn claims(user: &User, rank: Rank, case: Case) -> Claims {
    let mut claims = Map::from_iter([
        ("userid".to_owned(), user.id.to_string().into()),
        ("username".to_owned(), called(user).into()),
        ("role".to_owned(), rank_name(rank).into()),
    ]);
    case.put_into(&mut claims);
    claims
}

/// What an account is called: its username, or else its address.
fn called(user: &User) -> Option<&str> {
    let name = user.username.as_ref().map(usher::domain::text::Username::as_given);
    name.or_else(|| user.email.as_ref().map(usher::domain::text::Email::as_given))
}

/// What was done.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "PascalCase")]
#[schema(as = AccountMessage)]
pub struct Answer {
    #[schema(example = "the account was updated")]
    message: &'static str,
    /// The same.
    #[schema(example = "the account was updated")]
    en: &'static str,
    /// The same in Bulgarian.
    #[schema(example = "данните на акаунта са обновени")]
    bg: &'static str,
}

impl Answer {
    fn new(Sentence { en, bg }: Sentence) -> Self {
        Self { message: en, en, bg }
    }

    pub fn of(sentence: Sentence) -> Json<Self> {
        Json(Self::new(sentence))
    }
}

/// A sentence in both languages.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "PascalCase")]
#[schema(as = AccountSentence)]
pub struct InBoth {
    #[schema(example = "you are logged in")]
    en: &'static str,
    /// The same in Bulgarian.
    #[schema(example = "влязохте в акаунта си")]
    bg: &'static str,
}

/// Where the token is put for a browser to keep. Usher never reads it back.
const COOKIE: &str = "usher.authorization.token";

/// Where a browser keeps what shows that its device was here before.
pub const DEVICE_COOKIE: &str = "usher.device";

pub fn no_cookie(sentence: Sentence) -> WithCookie<Answer> {
    WithCookie {
        cookie: Cookie {
            name: COOKIE,
            value: None,
        },
        device: None,
        body: Answer::new(sentence),
    }
}

/// The answer of `Login`.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "PascalCase")]
#[schema(as = AccountLogin)]
pub struct LoggedIn {
    /// A JWT (RFC 9068), with `userid`, `username` and `role` beside the common claims.
    #[schema(example = "eyJ0eXAiOiJhdCtqd3QiLCJhbGciOiJFZERTQSIsImtpZCI6Ii4uLiJ9…")]
    token: String,
    response_message: InBoth,
    /// The English sentence again.
    #[schema(example = "you are logged in")]
    message: &'static str,
    /// When the token expires.
    #[serde(with = "time")]
    #[schema(value_type = String, format = DateTime, example = "2026-12-22T08:00:00.000Z")]
    expires_on: Timestamp,
}

impl LoggedIn {
    /// What was issued, as a body and as a cookie.
    pub fn of(cx: &Context, issued: &Issued) -> WithCookie<Self> {
        let Sentence { en, bg } = LOGGED_IN;
        let lasts = issued.expires_at.as_second() - cx.now.as_second();
        WithCookie {
            cookie: Cookie {
                name: COOKIE,
                value: Some((issued.access_token.clone(), lasts)),
            },
            device: cx.device.issued.get().map(|token| Cookie {
                name: DEVICE_COOKIE,
                value: Some((token.clone(), LIFE.as_secs())),
            }),
            body: Self {
                token: issued.access_token.expose_secret().to_owned(),
                response_message: InBoth { en, bg },
                message: en,
                expires_on: issued.expires_at,
            },
        }
    }
}
