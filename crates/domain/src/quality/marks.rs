//! What a request said that is not seen in what it made: kept beside a payment or a preference as one number, so that
//! it costs the request nothing and holds nothing personal.

use super::sdk::Sdk;
use crate::payment::request::CreatePayment;
use crate::rail::ThreeDSecure;
use serde::{Deserialize, Serialize};

/// The marks of one request. Zero: of a request before there were marks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Marks(u32);

/// One thing that a request said. The numbers are part of what is stored and are never used twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Mark {
    /// Marks were made at all.
    Seen = 0,
    /// `issuer_id`
    Issuer = 1,
    /// `binary_mode`, whichever value.
    BinaryMode = 2,
    /// `capture: false`
    LaterCapture = 3,
    /// `payer.address` with postal code and street.
    PayerAddress = 4,
    /// `payer.type: customer` with an id.
    Customer = 5,
    /// `three_d_secure_mode` other than `not_supported`.
    ThreeDSecure = 6,
    /// `X-Meli-Session-Id`, or a body's `device_id`.
    DeviceOnRequest = 7,
    /// The token was made from a saved card.
    SavedCard = 8,
    /// `date_of_expiration`
    Expiration = 9,
    /// `payer.phone.number`
    PayerPhone = 10,
    /// `payer.identification` with type and number.
    PayerDocument = 11,
}

/// Where the library's number stands, four bits of it.
const SDK_SHIFT: u32 = 24;
/// Where the token's way stands, four bits of it.
const CHANNEL_SHIFT: u32 = 28;

/// How a card came to the platform.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[repr(u8)]
pub enum TokenChannel {
    /// Typed in the platform's own frames, on the seller's page.
    SecureFields = 1,
    /// Read by the browser library from inputs of the seller's page.
    Library = 2,
    /// Sent by a script of the seller's page that is not the library.
    Page = 3,
    /// Sent by a server.
    Server = 4,
    /// Typed on the platform's hosted checkout.
    Hosted = 5,
}

impl TokenChannel {
    /// In words.
    pub const fn name(self) -> &'static str {
        match self {
            TokenChannel::SecureFields => "secure fields",
            TokenChannel::Library => "browser library",
            TokenChannel::Page => "a page's own script",
            TokenChannel::Server => "a server",
            TokenChannel::Hosted => "hosted checkout",
        }
    }

    const fn from_number(number: u32) -> Option<TokenChannel> {
        Some(match number {
            1 => TokenChannel::SecureFields,
            2 => TokenChannel::Library,
            3 => TokenChannel::Page,
            4 => TokenChannel::Server,
            5 => TokenChannel::Hosted,
            _ => return None,
        })
    }
}

impl Marks {
    /// Marks of a request by `sdk`.
    pub const fn of(sdk: Option<Sdk>) -> Marks {
        let number = match sdk {
            Some(sdk) => sdk as u32,
            None => 0,
        };
        Marks(1 | number << SDK_SHIFT)
    }

    /// Marks of a request for a payment whose token, if it has one, came by `channel`.
    pub fn of_payment(request: &CreatePayment<'_>, sdk: Option<Sdk>, channel: Option<TokenChannel>) -> Marks {
        let payer = &request.payer;
        let address =
            |name: &str| payer.address.iter().any(|(known, text)| known == name && !text.is_empty());
        let document = &payer.identification;
        let has = |text: &Option<String>| text.as_ref().is_some_and(|text| !text.is_empty());
        Marks::of(sdk)
            .with(Mark::Issuer, request.issuer_id.is_some())
            .with(Mark::BinaryMode, request.names_binary_mode)
            .with(Mark::LaterCapture, !request.capture)
            .with(Mark::PayerAddress, address("zip_code") && address("street_name"))
            .with(Mark::Customer, payer.kind.as_deref() == Some("customer") && has(&payer.id))
            .with(Mark::ThreeDSecure, request.three_d_secure != ThreeDSecure::NotSupported)
            .with(Mark::Expiration, request.date_of_expiration.is_some())
            .with(Mark::PayerPhone, has(&payer.phone.number))
            .with(Mark::PayerDocument, has(&document.kind) && has(&document.number))
            .by(channel)
    }

    /// With or without one more.
    #[must_use]
    pub const fn with(self, mark: Mark, is_so: bool) -> Marks {
        if is_so { Marks(self.0 | 1 << mark as u8) } else { self }
    }

    /// With the way that the token came.
    #[must_use]
    pub const fn by(self, channel: Option<TokenChannel>) -> Marks {
        match channel {
            Some(channel) => Marks(self.0 | (channel as u32) << CHANNEL_SHIFT),
            None => self,
        }
    }

    /// Whether the request said it.
    pub const fn has(self, mark: Mark) -> bool {
        self.0 & 1 << mark as u8 != 0
    }

    /// Whether there are any: `false` for what was made before there were marks.
    pub const fn are_known(self) -> bool {
        self.has(Mark::Seen)
    }

    /// For serde.
    #[allow(clippy::trivially_copy_pass_by_ref)]
    pub const fn are_unknown(&self) -> bool {
        !self.are_known()
    }

    /// The library that made the request.
    pub const fn sdk(self) -> Option<Sdk> {
        Sdk::from_number(self.0 >> SDK_SHIFT & 0xf)
    }

    /// The way of its token.
    pub const fn channel(self) -> Option<TokenChannel> {
        TokenChannel::from_number(self.0 >> CHANNEL_SHIFT & 0xf)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_keep_what_they_are_given_and_nothing_else() {
        let marks = Marks::of(Some(Sdk::Go)).with(Mark::Issuer, true).with(Mark::Customer, false);
        let marks = marks.by(Some(TokenChannel::Server));
        assert!(marks.are_known() && marks.has(Mark::Issuer) && !marks.has(Mark::Customer));
        assert_eq!((marks.sdk(), marks.channel()), (Some(Sdk::Go), Some(TokenChannel::Server)));
        let read: Marks = serde_json::from_str(&serde_json::to_string(&marks).unwrap()).unwrap();
        assert_eq!(read, marks);
        assert!(Marks::default().are_unknown() && Marks::default().sdk().is_none());
    }
}
