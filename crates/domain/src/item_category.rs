//! What kind of thing is sold: `items[].category_id`.

use crate::catalogue::memory::Answer;
use serde::Serialize;
use std::sync::{Arc, OnceLock};

/// A kind of thing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct ItemCategory {
    /// As in `items[].category_id`.
    pub id: &'static str,
    /// In words.
    pub description: &'static str,
}

const fn category(id: &'static str, description: &'static str) -> ItemCategory {
    ItemCategory { id, description }
}

/// All kinds. Payments take others too: a seller may use its own.
pub const ITEM_CATEGORIES: [ItemCategory; 23] = [
    category("art", "Art and collectibles"),
    category("baby", "Toys and things for babies"),
    category("coupons", "Coupons and gift cards"),
    category("donations", "Donations"),
    category("computing", "Computers, tablets and accessories"),
    category("cameras", "Cameras and photography"),
    category("video_games", "Video games and consoles"),
    category("television", "Television, audio and video"),
    category("car_electronics", "Electronics for cars"),
    category("electronics", "Other electronics"),
    category("automotive", "Vehicles, parts and accessories"),
    category("entertainment", "Music, films, series and books"),
    category("fashion", "Clothes, shoes and accessories"),
    category("games", "Games and online credit for them"),
    category("home", "Home, garden and appliances"),
    category("musical", "Musical instruments"),
    category("phones", "Phones and accessories"),
    category("services", "Services"),
    category("learnings", "Courses and trainings"),
    category("tickets", "Tickets for events"),
    category("travels", "Travel: flights, hotels, tours"),
    category("virtual_goods", "Software, e-books, streaming and other things without a body"),
    category("others", "Everything else"),
];

/// `GET /item_categories`: a bare array.
pub fn item_categories_answer() -> Arc<Answer> {
    static ANSWER: OnceLock<Arc<Answer>> = OnceLock::new();
    let made = || Arc::new(Answer::new(serde_json::json!(ITEM_CATEGORIES).to_string()));
    Arc::clone(ANSWER.get_or_init(made))
}
