//! Devices that logged in to an account before (OWASP ASVS 6.1.1): strangers' guesses lock a name, and a device that shows its
//! token has a count of its own, which they do not reach. Its own failures lock it alone, after as many and for as long.

use secrecy::ExposeSecret;

use super::Context;
use crate::domain::user::User;
use crate::error::Result;
use crate::proof::device::DeviceToken;
use crate::proof::opaque::Digest;
use crate::store::keys;
use crate::store::table::Key;

/// What the token states that the request came with; nothing where that is no token of this tenant.
pub(super) async fn presented(cx: &Context) -> Result<Option<DeviceToken>> {
    let Some(text) = &cx.device.presented else {
        return Ok(None);
    };
    let key = cx.app.master_key().await?.mac_key();
    let tenant = cx.tenant.as_str();
    Ok(DeviceToken::read(text.expose_secret(), &key, tenant, cx.now))
}

/// Gives the device of a login that succeeded its token: it is known as before, or from now on.
pub(super) async fn issue(cx: &Context, user: &User, known: Option<&DeviceToken>) -> Result<()> {
    let key = cx.app.master_key().await?.mac_key();
    let token = DeviceToken::new(user.id, user.epoch, known.map(|known| known.device), cx.now)?;
    // One login, one token.
    let _ = cx.device.issued.set(token.text(&key, cx.tenant.as_str()));
    Ok(())
}

/// Where its attempts are counted, among those of unregistered names: they are kept and expire alike.
pub(super) fn attempts(cx: &Context, token: &DeviceToken) -> Key {
    keys::unknown_login(&cx.tenant, &subject(token))
}

/// What it is called among the counters.
pub(super) fn subject(token: &DeviceToken) -> String {
    let whose = format!("device {} of {}", token.device, token.user);
    Digest::of(whose.as_bytes()).to_string()
}
