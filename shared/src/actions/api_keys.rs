//! API keys: what stands for a machine.

use jiff::Timestamp;

use super::Context;
use crate::domain::api_key::ApiKey;
use crate::domain::text::Description;
use crate::error::{Error, Result};
use crate::id::ApiKeyId;
use crate::proof::opaque::Digest;
use crate::store::api_keys;

/// What an API key is kept under.
pub fn digest(text: &str) -> String {
    Digest::of(text.as_bytes()).to_string()
}

/// A key with this text, not yet written.
///
/// # Errors
/// [`Error::Invalid`] for a name that is none.
pub(super) fn new(cx: &Context, name: &str, text: &str, expires_at: Option<Timestamp>) -> Result<ApiKey> {
    Ok(ApiKey {
        id: ApiKeyId::new(cx.now)?,
        tenant: cx.tenant.clone(),
        name: Description::parse(name).map_err(|detail| Error::invalid("/name", detail))?,
        digest: digest(text),
        hint: text.chars().take(HINT).collect(),
        expires_at,
        last_used_at: None,
        created_at: cx.now,
        created_by: cx.caller.as_ref().map(|caller| caller.id),
    })
}

/// How much of a key's text is kept to tell it from others by: its prefix, and few enough of its random characters.
const HINT: usize = 13;

/// Lets a request through whose API key is valid, or whose contract asks for none.
///
/// # Errors
/// [`Error::InvalidApiKey`]; [`Error::Unavailable`].
pub async fn check_own(cx: &Context) -> Result<()> {
    let Some(text) = &cx.api_key else { return Ok(()) };
    let found = api_keys::get(&cx.app.table, &cx.tenant, &digest(text)).await?;
    check(cx, found).await
}

/// Lets a request through that came with this key, and writes down that the key was used, at most once a minute.
///
/// # Errors
/// As [`check_own`].
pub(super) async fn check(cx: &Context, found: Option<ApiKey>) -> Result<()> {
    let key = found.filter(|key| key.is_valid(cx.now)).ok_or(Error::InvalidApiKey)?;
    api_keys::used(&cx.app.table, &key, cx.now).await
}
