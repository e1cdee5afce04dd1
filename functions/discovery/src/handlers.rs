//! Translation: what was asked, and what it is answered with.

use usher::Result;
use usher::actions::{Context, health as state};
use usher::http::answer::{Json, Kept};

use crate::document::{self, Document};
use crate::fixed::Coding;
use crate::page::{DOCS, Html, SET_PASSWORD};
use crate::wire::{Health, KeySet, Provider};

pub async fn jwks(cx: Context) -> Result<Kept<KeySet>> {
    let keys = cx.keys().await?.jwks();
    Ok(Kept(KeySet { keys }))
}

pub async fn openid_configuration(cx: Context) -> Result<Kept<Provider>> {
    let algorithms = cx.keys().await?.algorithms();
    Ok(Kept(Provider::at(&cx.issuer, algorithms)))
}

pub async fn openapi(cx: Context, coding: Coding) -> Result<Document> {
    let document = document::at(&cx.issuer, cx.app.settings.dev_endpoints)?;
    Ok(Document::answer(&document, coding))
}

pub async fn docs(coding: Coding) -> Result<Html> {
    Ok(DOCS.answer(coding))
}

pub async fn set_password(coding: Coding) -> Result<Html> {
    Ok(SET_PASSWORD.answer(coding))
}

pub async fn health(cx: Context) -> Result<Json<Health>> {
    state::check(&cx).await?;
    Ok(Json(Health::ok()))
}
