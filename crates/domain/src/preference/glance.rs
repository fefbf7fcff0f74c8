//! What a browser may see of a preference by a public key and the preference's id: where it is paid, and for how much.
//! Neither the payer, nor the items, nor the seller's own names for them.

use super::Preference;
use crate::money::Amount;
use serde::Serialize;
use utoipa::ToSchema;

/// A preference as a wallet button needs it.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct PreferenceGlance {
    /// The preference's id.
    pub id: String,
    /// Where it is paid.
    pub init_point: String,
    /// What it is for, if only for that: `wallet_purchase` or `onboarding_credits`.
    pub purpose: Option<String>,
    /// Its market.
    pub site_id: String,
    /// What it costs, without what instalments cost.
    #[schema(value_type = f64)]
    pub amount: Amount,
    /// `false` with test credentials.
    pub live_mode: bool,
}

impl PreferenceGlance {
    /// What may be seen of `preference`.
    pub fn of(preference: &Preference) -> PreferenceGlance {
        PreferenceGlance {
            id: preference.id.clone(),
            init_point: preference.init_point.clone(),
            purpose: preference.purpose.clone(),
            site_id: preference.site_id.clone(),
            amount: Amount::from(preference.total()),
            live_mode: preference.live_mode,
        }
    }
}
