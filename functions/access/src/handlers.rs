//! Translation: parse, act, answer.

use directory::PageView;
use usher::Result;
use usher::actions::{Context, access, histories, preview as previews};
use usher::http::answer::Json;
use usher::http::body::Body;
use usher::http::call::{Query, page_limit};

use crate::wire::preview::{PreviewBody, PreviewView};
use crate::wire::rights_history::{RightsQuery, RightsView};
use crate::wire::{CheckAnswer, CheckBody, ExplainBody, ExplanationView};

pub async fn check(cx: Context, Body(body): Body<CheckBody>) -> Result<Json<CheckAnswer>> {
    let asked = body.parse()?;
    let verdicts = access::check(&cx, &asked.checks).await?;
    Ok(Json(CheckAnswer::of(&asked, &verdicts)))
}

pub async fn explain(cx: Context, Body(body): Body<ExplainBody>) -> Result<Json<ExplanationView>> {
    let (check, at) = body.parse()?;
    access::explain(&cx, &check, at, ExplanationView::of).await.map(Json)
}

pub async fn preview(cx: Context, Body(body): Body<PreviewBody>) -> Result<Json<PreviewView>> {
    let preview = previews::preview(&cx, &body.parse()?).await?;
    Ok(Json(PreviewView::of(preview)))
}

pub async fn rights_history(cx: Context, Query(query): Query<RightsQuery>) -> Result<Json<PageView<RightsView>>> {
    let (limit, filter) = (page_limit(query.limit.as_deref())?, query.filter(&cx).await?);
    let page = histories::rights_changes(&cx, &filter, limit, query.cursor.as_deref()).await?;
    Ok(PageView::of(page, RightsView::of))
}
