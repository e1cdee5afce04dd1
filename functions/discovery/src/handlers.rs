//! Translation: what was asked, and what it is answered with.

use usher::Result;
use usher::actions::{Context, health as state};
use usher::http::answer::{Json, Kept};

use crate::page::Page;
use crate::wire::{Document, Health, KeySet, Provider};

pub async fn jwks(cx: Context) -> Result<Kept<KeySet>> {
    let keys = cx.keys().await?.jwks();
    Ok(Kept(KeySet { keys }))
}

pub async fn openid_configuration(cx: Context) -> Result<Kept<Provider>> {
    let algorithms = cx.keys().await?.algorithms();
    Ok(Kept(Provider::at(&cx.issuer, algorithms)))
}

pub async fn openapi(cx: Context) -> Result<Kept<Document>> {
    Document::at(&cx.issuer, cx.app.settings.dev_endpoints).map(Kept)
}

pub async fn docs() -> Result<Page> {
    Ok(Page(include_str!("docs.html")))
}

pub async fn set_password() -> Result<Page> {
    Ok(Page(include_str!("set_password.html")))
}

pub async fn health(cx: Context) -> Result<Json<Health>> {
    state::check(&cx).await?;
    Ok(Json(Health::ok()))
}
