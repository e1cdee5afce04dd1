//! What is asked of the caller's own account, and of no account yet.

use serde::Deserialize;
use serde_json::{Map, Value};
use usher::actions::users::{self, UserPatch, UserRef};
use usher::actions::{Context, credentials, passwords};
use usher::domain::profile;
use usher::domain::tenant_settings::EmailOnSignup;
use usher::domain::text::{Email, Password, Username};
use usher::error::{Error, Result};
use usher::http::call::Checks;
use usher::http::openapi::words;
use usher::id;
use utoipa::ToSchema;
use utoipa::openapi::Object;

use super::admin::account;
use super::views::{AddressView, ContactView};
use crate::sentences::{self, Sentence};

/// The optional properties, as they are sent.
#[derive(Debug, ToSchema)]
#[schema(as = AccountProperties, rename_all = "PascalCase", example = json!({ "FirstName": "Jane", "Gender": "Female" }))]
#[expect(
    dead_code,
    reason = "only described: a merge patch keeps what is null and what is absent apart"
)]
pub struct Properties {
    #[schema(max_length = 256)]
    first_name: Option<String>,
    #[schema(max_length = 256)]
    middle_name: Option<String>,
    #[schema(max_length = 256)]
    last_name: Option<String>,
    gender: Option<profile::Gender>,
    #[schema(minimum = 0, maximum = 150)]
    age: Option<u8>,
    address: Option<AddressView>,
    contact: Option<ContactView>,
}

/// The properties of an account, by the contract's names.
pub const PROPERTIES: [&str; 7] = [
    "FirstName",
    "MiddleName",
    "LastName",
    "Gender",
    "Age",
    "Address",
    "Contact",
];

/// What an address and a contact have, by the contract's names.
const ADDRESS: [&str; 3] = ["Country", "City", "Str"];
const CONTACT: [&str; 8] = [
    "Mobile",
    "Email",
    "Website",
    "Facebook",
    "Instagram",
    "TikTok",
    "Youtube",
    "Twitter",
];

/// The merge patch of the profile that these properties are.
fn patch(sent: &Map<String, Value>) -> Value {
    Value::Object(patched(sent, &PROPERTIES))
}

/// A merge patch takes away what is null. Here null leaves a property as it is, and an empty text takes it away. What the
/// contract has no name for has no effect (rule 10), also where the profile has one.
fn patched(members: &Map<String, Value>, names: &[&str]) -> Map<String, Value> {
    let sent = names.iter().filter_map(|name| members.get_key_value(*name));
    let members = sent.filter(|(_, value)| !value.is_null()).map(|(name, value)| {
        let value = match value {
            Value::Object(members) => Value::Object(patched(members, inside(name))),
            Value::String(text) if text.is_empty() => Value::Null,
            value => value.clone(),
        };
        (of_profile(name), value)
    });
    members.collect()
}

fn inside(property: &str) -> &'static [&'static str] {
    match property {
        "Address" => &ADDRESS,
        "Contact" => &CONTACT,
        _ => &[],
    }
}

/// The profile's name for a property.
fn of_profile(name: &str) -> String {
    if name == "Str" {
        return "street".to_owned();
    }
    let mut letters = name.chars();
    let first = letters.next().map(|first| first.to_ascii_lowercase());
    first.into_iter().chain(letters).collect()
}

/// The body of `Register`.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "PascalCase")]
#[schema(
    as = AccountRegistration,
    example = json!({ "Email": "jane@example.org", "Username": "jane", "Password": "correct horse", "FirstName": "Jane" })
)]
pub struct Register {
    /// The e-mail address. Need not be given where the tenant asks for none.
    email: Option<String>,
    username: String,
    /// The password: 10 characters at least.
    #[schema(format = Password)]
    password: String,
    #[serde(flatten)]
    #[schema(value_type = Properties)]
    properties: Map<String, Value>,
}

impl Register {
    pub fn parse(self, cx: &Context) -> Result<users::NewUser> {
        let mut checks = Checks::new();
        if self.email.is_none() && cx.tenant_settings.email_on_signup != EmailOnSignup::None {
            checks.fault("/Email", "give an e-mail address");
        }
        let email = checks.optional("/Email", self.email.as_deref(), Email::parse);
        let username = checks.parse("/Username", &self.username, Username::parse);
        let password = checks.take(passwords::chosen(cx, "/Password", self.password))?;
        let profile = checks.take(profile::Profile::default().merge(&patch(&self.properties)))?;
        checks.done()?;
        Ok(users::NewUser {
            email,
            username,
            password,
            profile: profile.unwrap_or_default(),
            ..users::NewUser::default()
        })
    }
}

/// The body of `Login`.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "PascalCase")]
#[schema(as = AccountCredentials, example = json!({ "Username": "admin", "Password": "Admin@123" }))]
pub struct Credentials {
    /// The account's username or e-mail address.
    username: String,
    #[schema(format = Password)]
    password: String,
}

impl Credentials {
    pub fn parse(self) -> (String, Password) {
        (self.username, Password::presented(self.password))
    }
}

/// The body of `ResetPassword` of a guest: the address to send a mail to, or the token of such a mail and a password.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "PascalCase")]
#[schema(as = AccountForgottenPassword, example = json!({ "Email": "jane@example.org" }))]
pub struct ForgottenPassword {
    /// The address of the account.
    email: Option<String>,
    /// The token of the mail.
    token: Option<String>,
    /// The new password: 10 characters at least.
    #[schema(format = Password)]
    new: Option<String>,
}

/// What `ResetPassword` of a guest asks for.
#[derive(Debug)]
pub enum Reset {
    /// A mail to this address.
    Ask(Email),
    /// This password, by the token of a mail.
    Choose(String, Password),
}

impl ForgottenPassword {
    pub fn parse(self, cx: &Context) -> Result<Reset> {
        let Some(token) = self.token else {
            let email = self
                .email
                .ok_or_else(|| Error::invalid("/Email", "give an e-mail address, or a token"))?;
            let email = Email::parse(&email).map_err(|detail| Error::invalid("/Email", detail))?;
            return Ok(Reset::Ask(email));
        };
        let new = self
            .new
            .ok_or_else(|| Error::invalid("/New", "give the new password"))?;
        Ok(Reset::Choose(token, passwords::chosen(cx, "/New", new)?))
    }
}

/// The body of `Update`. What is absent or null stays as it is; an empty text takes a property away.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(as = AccountUpdate)]
pub struct UpdateOwn {
    #[serde(flatten)]
    #[schema(value_type = Properties)]
    properties: Map<String, Value>,
}

impl UpdateOwn {
    pub fn patch(&self) -> Value {
        patch(&self.properties)
    }
}

/// The body of `Update` from `admin` up: another's account where it names one.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "PascalCase")]
#[schema(as = AccountUpdateByAdmin, example = json!({ "Id": "0192a1b2-c3d4-7e5f-8a9b-0c1d2e3f4a5b", "FirstName": "Jane" }))]
pub struct UpdateAny {
    /// The account's id; the caller's own where absent.
    id: Option<String>,
    #[serde(flatten)]
    pub own: UpdateOwn,
}

impl UpdateAny {
    pub fn another(&self) -> Result<Option<UserRef>> {
        self.id.as_deref().map(|id| account(id).map(UserRef::Id)).transpose()
    }

    pub fn parse(&self) -> UserPatch {
        UserPatch {
            profile: Some(self.own.patch()),
            ..UserPatch::default()
        }
    }
}

fn keys() -> Object {
    words(["Email", "Password", "Username"])
}

/// The body of `Change`.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "PascalCase")]
#[schema(
    as = AccountChange,
    example = json!({ "Key": "Email", "Old": "jane@example.org", "New": "jane.doe@example.org" })
)]
pub struct Change {
    /// Which of them. In any letter case.
    #[schema(schema_with = keys)]
    key: String,
    /// What it is until now. Of an address or a name that the account does not have, nothing.
    old: Option<String>,
    /// What it is from now on.
    new: String,
}

impl Change {
    /// The change, and the sentence once it is done. The current password is needed where the account is the
    /// caller's own.
    pub fn parse(self, cx: &Context, own: bool) -> Result<(credentials::Change, Sentence)> {
        let mut checks = Checks::new();
        let old = self.old.as_deref().filter(|old| !old.is_empty());
        let change = match self.key.to_ascii_lowercase().as_str() {
            "email" => {
                let old = checks.optional("/Old", old, Email::parse);
                let new = checks.parse("/New", &self.new, Email::parse);
                new.map(|new| (credentials::Change::Email(old, new), sentences::EMAIL_CHANGED))
            }
            "username" => {
                let old = checks.optional("/Old", old, Username::parse);
                let new = checks.parse("/New", &self.new, Username::parse);
                new.map(|new| (credentials::Change::Username(old, new), sentences::USERNAME_CHANGED))
            }
            "password" => {
                if own && old.is_none() {
                    checks.fault("/Old", "give the password until now");
                }
                let old = Password::presented(self.old.unwrap_or_default());
                let new = checks.take(passwords::chosen(cx, "/New", self.new))?;
                new.map(|new| (credentials::Change::Password(old, new), sentences::PASSWORD_CHANGED))
            }
            _ => {
                checks.fault("/Key", "a key is `Email`, `Password` or `Username`");
                None
            }
        };
        checks.done()?;
        change.ok_or_else(|| Error::fault("a change was neither taken nor refused"))
    }
}

/// The body of `Change` from `admin` up: another's account where it names one.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "PascalCase")]
#[schema(
    as = AccountChangeByAdmin,
    example = json!({ "Id": "0192a1b2-c3d4-7e5f-8a9b-0c1d2e3f4a5b", "Key": "Password", "New": "correct horse battery" })
)]
pub struct ChangeAny {
    /// The account's id; the caller's own where absent.
    id: Option<String>,
    /// Which of them. In any letter case.
    #[schema(schema_with = keys)]
    key: String,
    /// What it is until now. Of an address or a name that the account does not have, nothing; and of another's password.
    old: Option<String>,
    /// What it is from now on.
    new: String,
}

impl ChangeAny {
    pub fn another(&self, cx: &Context) -> Result<Option<id::UserId>> {
        let own = cx.caller()?.id;
        let named = self.id.as_deref().map(account).transpose()?;
        Ok(named.filter(|id| *id != own))
    }

    pub fn change(self) -> Change {
        let Self { key, old, new, .. } = self;
        Change { key, old, new }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::wire::Profile;

    fn names<T: ToSchema>() -> BTreeSet<String> {
        let schema = serde_json::to_value(T::schema()).unwrap();
        schema["properties"].as_object().unwrap().keys().cloned().collect()
    }

    #[test]
    fn what_a_profile_shows_can_be_sent() {
        let sent: BTreeSet<String> = PROPERTIES.map(str::to_owned).into();
        assert_eq!(names::<Properties>(), sent);
        assert_eq!(names::<AddressView>(), ADDRESS.map(str::to_owned).into());
        assert_eq!(names::<ContactView>(), CONTACT.map(str::to_owned).into());
        let shown = names::<Profile>();
        let own: BTreeSet<String> = ["Email", "Username", "CreatedOn"].map(str::to_owned).into();
        assert_eq!(shown.difference(&own).cloned().collect::<BTreeSet<_>>(), sent);
    }
}
