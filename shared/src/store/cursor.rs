//! Cursors: where a listing goes on. Opaque to the client, authenticated, bound to the question that they continue
//! (route, filters, tenant, caller) and to a day; one that was made for another question, or by somebody else, is
//! refused.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::{SignedDuration, Timestamp};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};
use crate::proof::seal::{MacKey, TAG_LEN};

/// For how long a listing can be continued.
const LIFE: SignedDuration = SignedDuration::from_hours(24);

#[derive(Serialize, Deserialize)]
struct Sealed<P> {
    position: P,
    expires: i64,
}

/// The cursor of a position, for the question that `context` names in full.
pub fn seal<P: Serialize>(key: &MacKey, context: &str, position: &P, now: Timestamp) -> Result<String> {
    let mut bytes = serde_json::to_vec(&Sealed {
        position,
        expires: (now + LIFE).as_second(),
    })
    .map_err(Error::fault)?;
    bytes.extend(key.tag(context.as_bytes(), &bytes));
    Ok(URL_SAFE_NO_PAD.encode(bytes))
}

/// The position of a cursor that was made for the same question.
pub fn open<P: DeserializeOwned>(key: &MacKey, context: &str, cursor: &str, now: Timestamp) -> Result<P> {
    let refused = || {
        Error::invalid(
            "?cursor",
            "this cursor does not continue this listing: begin again without one",
        )
    };
    let bytes = URL_SAFE_NO_PAD.decode(cursor).map_err(|_| refused())?;
    let (plain, tag) = bytes.split_last_chunk::<TAG_LEN>().ok_or_else(refused)?;
    if !key.check(context.as_bytes(), plain, tag) {
        return Err(refused());
    }
    let sealed: Sealed<P> = serde_json::from_slice(plain).map_err(|_| refused())?;
    if sealed.expires <= now.as_second() {
        Err(refused())
    } else {
        Ok(sealed.position)
    }
}
