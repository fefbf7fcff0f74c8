//! Who and what is meant: ids, modes and callers.

use crate::site::Site;
use serde::{Deserialize, Serialize};

/// An account: a seller or a buyer (`collector_id`, `user_id`). Below 2^53.
pub type AccountId = i64;
/// An application: an integration of an account (`client_id`).
pub type ApplicationId = i64;
/// A payment. Below 2^53, time-ordered.
pub type PaymentId = i64;
/// A refund of a payment. Below 2^53, time-ordered.
pub type RefundId = i64;

/// Test or live. Every credential and every record has one, and no query crosses it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Mode {
    /// Nothing outside moves; the account's clock can be moved.
    Test,
    /// Real money.
    Live,
}

impl Mode {
    /// `true` in live mode, as in `live_mode`.
    pub const fn is_live(self) -> bool {
        matches!(self, Mode::Live)
    }

    /// `test` or `live`.
    pub const fn name(self) -> &'static str {
        match self {
            Mode::Test => "test",
            Mode::Live => "live",
        }
    }
}

/// What a credential lets its holder do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CredentialKind {
    /// May tokenise cards and read catalogues, and nothing else.
    PublicKey,
    /// Everything the account may do.
    AccessToken,
}

/// Who a request is from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Caller {
    /// The account.
    pub account_id: AccountId,
    /// The account's site.
    pub site: Site,
    /// The application whose credential was used.
    pub application_id: ApplicationId,
    /// The credential's mode.
    pub mode: Mode,
    /// Public key or access token.
    pub kind: CredentialKind,
}
