//! `GET /item_categories`: what kinds of things there are to name in `items[].category_id`.

use super::answer::Answer;
use super::conditional::{Freshness, conditional};
use axum::http::HeaderMap;
use pasarela_domain::item_category::item_categories_answer;

/// The kinds of things that are sold.
#[utoipa::path(
    get, path = "/item_categories", operation_id = "list_item_categories", tag = "catalogue",
    responses((status = 200, description = "A bare array", body = Vec<super::schema::ItemCategoryBody>)),
    security((), ("access_token" = []), ("public_key" = [])),
)]
pub async fn list(headers: HeaderMap) -> Answer {
    Ok(conditional(&headers, &item_categories_answer(), Freshness::Minute))
}
