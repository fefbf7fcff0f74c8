//! What the platform saw of a seller's addresses: its site, by a real handshake, and its receiver of notifications.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// What a connection to the production site showed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct SiteProbe {
    /// The address that was declared.
    pub url: String,
    /// Why there was no trusted connection, in a few words; nothing when there was one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fault: Option<String>,
    /// `TLSv1.3`, …, as negotiated.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tls_version: Option<String>,
    /// Until when the certificate is valid, as it says itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub valid_until: Option<String>,
    /// Days until then; below zero when it is past.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub days_left: Option<i64>,
    /// Where plain HTTP led: the address of its redirection, or its status.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub plain_http: Option<String>,
    /// Whether plain HTTP leads to HTTPS, or is not answered at all.
    #[serde(default)]
    pub leads_to_https: bool,
}

impl SiteProbe {
    /// Whether browsers would trust the site.
    pub const fn is_trusted(&self) -> bool {
        self.fault.is_none() && self.tls_version.is_some()
    }
}

/// How a receiver of notifications answered what the platform sent it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct WebhookProbe {
    /// Where.
    pub url: String,
    /// To a signed test notification.
    pub signed: Answered,
    /// To the same once more.
    pub repeated: Answered,
    /// To one with a wrong signature.
    pub forged: Answered,
}

/// One answer.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Answered {
    /// The status, if there was an answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
    /// Why there was none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fault: Option<String>,
    /// How long it took, in milliseconds.
    #[serde(default)]
    pub ms: u64,
}

impl Answered {
    /// 200 or 201, as notifications demand.
    pub const fn is_taken(&self) -> bool {
        matches!(self.status, Some(200 | 201))
    }

    /// Whether it was answered with what refuses the sender.
    pub const fn is_refused(&self) -> bool {
        matches!(self.status, Some(400..=499))
    }

    /// In a few words.
    pub fn in_words(&self) -> String {
        match (&self.status, &self.fault) {
            (Some(status), _) => format!("{status} after {} ms", self.ms),
            (None, Some(fault)) => fault.clone(),
            (None, None) => "not asked".to_owned(),
        }
    }
}
