//! The numbers under which words are kept, the same in every engine. None is ever used for another word.

use crate::{Channel, DeliveryState, ENTRY_KINDS, EntryKind, SettingKind, TimerKind};
use pasarela_domain::identity::{CredentialKind, Mode};

/// How a mode is kept.
pub(crate) const fn mode_number(mode: Mode) -> i64 {
    match mode {
        Mode::Test => 0,
        Mode::Live => 1,
    }
}

/// The mode with this number.
pub(crate) const fn mode(number: i64) -> Option<Mode> {
    match number {
        0 => Some(Mode::Test),
        1 => Some(Mode::Live),
        _ => None,
    }
}

/// The number under which a credential's kind is kept.
pub(crate) const fn credential_kind_number(kind: CredentialKind) -> u8 {
    match kind {
        CredentialKind::PublicKey => 1,
        CredentialKind::AccessToken => 2,
    }
}

/// The credential's kind with this number.
pub(crate) const fn credential_kind(number: i64) -> Option<CredentialKind> {
    match number {
        1 => Some(CredentialKind::PublicKey),
        2 => Some(CredentialKind::AccessToken),
        _ => None,
    }
}

/// The timer's kind with this number; the other way is `kind as u8`.
pub(crate) const fn timer_kind(number: i64) -> Option<TimerKind> {
    match number {
        1 => Some(TimerKind::Expiry),
        2 => Some(TimerKind::Release),
        3 => Some(TimerKind::OrderExpiry),
        _ => None,
    }
}

/// The channel with this number; the other way is `channel as u8`.
pub(crate) const fn channel(number: i64) -> Option<Channel> {
    match number {
        1 => Some(Channel::Webhook),
        2 => Some(Channel::Ipn),
        _ => None,
    }
}

/// The delivery's state with this number; the other way is `state as u8`.
pub(crate) const fn delivery_state(number: i64) -> Option<DeliveryState> {
    match number {
        0 => Some(DeliveryState::Pending),
        1 => Some(DeliveryState::Delivered),
        2 => Some(DeliveryState::Exhausted),
        3 => Some(DeliveryState::Held),
        _ => None,
    }
}

/// The kind of setting with this number; the other way is `kind as u8`.
pub(crate) const fn setting_kind(number: i64) -> Option<SettingKind> {
    match number {
        1 => Some(SettingKind::Addresses),
        2 => Some(SettingKind::Secret),
        3 => Some(SettingKind::Endpoint),
        4 => Some(SettingKind::Listener),
        5 => Some(SettingKind::Traffic),
        6 => Some(SettingKind::Measurement),
        7 => Some(SettingKind::GoingLive),
        8 => Some(SettingKind::Branding),
        9 => Some(SettingKind::Logo),
        _ => None,
    }
}

/// The kind of account entry with this number; the other way is `kind as u8`.
pub(crate) fn entry_kind(number: i64) -> Option<EntryKind> {
    ENTRY_KINDS.into_iter().find(|kind| *kind as i64 == number)
}
