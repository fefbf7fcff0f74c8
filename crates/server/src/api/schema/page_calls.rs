//! What old copies of the original library send besides cards.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Where in a shop the visit is. Nothing of it is needed.
#[derive(Deserialize, ToSchema)]
pub struct DeviceWidgetRequest {
    /// `open_platform_V2`
    #[schema(example = "open_platform_V2")]
    pub section: Option<String>,
    /// `checkout`
    #[schema(example = "checkout")]
    pub view: Option<String>,
}

/// A device session.
#[derive(Serialize, ToSchema)]
pub struct DeviceWidget {
    /// What tokens name in `device.meli.session_id`, and payments in `X-Meli-Session-Id`.
    pub session_id: String,
    /// Markup with the one script that keeps the session in the page.
    pub widget: String,
}

/// What went wrong in a page. Only that card inputs have a `name` is kept.
#[derive(Deserialize, ToSchema)]
pub struct PageErrorReport {
    /// The status that the page saw.
    pub status: Option<String>,
    /// What kind of error; `DSS-` and a host: card inputs with a `name`.
    pub r#type: Option<String>,
    /// The inputs' names, where it is about them.
    #[schema(value_type = Option<Object>)]
    pub data: Option<serde_json::Value>,
}
