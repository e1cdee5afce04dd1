//! Pages of listings by cursor.

use serde::{Deserialize, Serialize};
use usher::actions::paging::Page;
use usher::error::Result;
use usher::http::answer::Json;
use usher::http::call::page_limit;
use utoipa::{IntoParams, ToSchema};

#[derive(Debug, Deserialize, IntoParams)]
pub struct PageQuery {
    /// How many: 1 to 100, 25 where absent.
    #[param(value_type = Option<u32>, minimum = 1, maximum = 100)]
    limit: Option<String>,
    /// Where the page before ended.
    pub cursor: Option<String>,
}

impl PageQuery {
    pub fn limit(&self) -> Result<usize> {
        page_limit(self.limit.as_deref())
    }
}

#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Page)]
pub struct PageView<T> {
    #[schema(inline)]
    items: Vec<T>,
    /// The `cursor` of the next page, if there is one.
    next_cursor: Option<String>,
    /// How many there are in all, where they are counted.
    #[serde(skip_serializing_if = "Option::is_none")]
    total: Option<u64>,
    /// There, and true, where not all were counted: there are so many, or more.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    #[schema(required = false)]
    total_is_at_least: bool,
}

impl<T> PageView<T> {
    /// The page as a body, each of its items shown so.
    pub fn of<I>(page: Page<I>, view: impl Fn(I) -> T) -> Json<Self> {
        Json(Self {
            items: page.items.into_iter().map(view).collect(),
            next_cursor: page.next_cursor,
            total: page.total.map(|total| total.count),
            total_is_at_least: page.total.is_some_and(|total| total.is_at_least),
        })
    }
}
