//! What a payment shows only to those who ask for it by name.

use crate::payments::from_json;
use crate::{Engine, Failure};
use serde_json::{Value, json};

impl Engine {
    /// A payment's body with `expanded.gateway.reference`: the number under which the card's network knows the
    /// authorisation, which later charges to the same card refer to. Bodies without an authorisation stay as they are.
    ///
    /// # Errors
    /// When the body is no payment's.
    pub fn with_gateway_reference(&self, body: Vec<u8>) -> Result<Vec<u8>, Failure> {
        let mut payment: Value = from_json(&body, "a payment")?;
        let (Some(id), true) = (payment["id"].as_i64(), payment["authorization_code"].is_string()) else {
            return Ok(body);
        };
        let reference = self.inner.simulator.network_transaction_id(id);
        payment["expanded"] = json!({"gateway": {"reference": {"network_transaction_id": reference}}});
        Ok(payment.to_string().into_bytes())
    }
}
