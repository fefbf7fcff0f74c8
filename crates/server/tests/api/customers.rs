mod cards;
mod create;
mod delete;
mod read;
mod search;
mod update;

use crate::test_app::{Answer, Client};
use axum::http::Method;
use serde_json::{Value, json};

impl Client {
    /// A customer with this e-mail.
    pub async fn customer(&self, email: &str) -> Value {
        self.post("/v1/customers", &json!({"email": email})).await.expect(201)
    }

    /// The customer as it is now.
    pub async fn customer_now(&self, customer: &Value) -> Value {
        self.get(&format!("/v1/customers/{}", customer["id"].as_str().unwrap())).await.expect(200)
    }

    /// The site's usual card, held by `holder` and saved with the customer.
    pub async fn saved_card(&self, customer: &Value, holder: &str) -> Value {
        let token = self.card_token(holder).await;
        self.post(&cards_of(customer), &json!({"token": token})).await.expect(201)
    }

    pub async fn delete(&self, path: &str) -> Answer {
        self.call(Method::DELETE, path).send().await
    }
}

/// Where the cards of a customer are.
pub fn cards_of(customer: &Value) -> String {
    format!("/v1/customers/{}/cards", customer["id"].as_str().unwrap())
}

/// Where a saved card is.
pub fn place_of(card: &Value) -> String {
    format!("/v1/customers/{}/cards/{}", card["customer_id"].as_str().unwrap(), card["id"].as_str().unwrap())
}
