//! How a posting's legs and its cause, and a payment's traces are kept: a few bytes, the same in every engine.

use crate::varint::{push_signed, take_signed};
use pasarela_domain::identity::AccountId;
use pasarela_domain::ledger::{AccountKind, Cause, LedgerAccount, Leg, Posting};

/// Whose money a leg moves: most legs belong to the platform or to the posting's own account, which take no bytes.
const OWNER_PLATFORM: u8 = 0;
const OWNER_OF_POSTING: u8 = 1;
const OWNER_EXPLICIT: u8 = 2;
/// An account kind's number takes the lower five bits of a leg's first byte.
const KIND_BITS: u8 = 5;

/// The number under which a cause is stored. Numbers are never used twice.
pub(crate) const fn cause_number(cause: Cause) -> u8 {
    match cause {
        Cause::Payment => 1,
        Cause::Release => 2,
        Cause::Refund => 3,
        Cause::RefundSettled => 4,
        Cause::ChargebackOpened => 5,
        Cause::ChargebackWon => 6,
        Cause::ChargebackLost => 7,
        Cause::LatePayment => 8,
        Cause::WalletTopUp => 9,
        Cause::DebtRecovered => 10,
    }
}

/// The cause with this number.
pub(crate) const fn cause_from_number(number: u8) -> Option<Cause> {
    Some(match number {
        1 => Cause::Payment,
        2 => Cause::Release,
        3 => Cause::Refund,
        4 => Cause::RefundSettled,
        5 => Cause::ChargebackOpened,
        6 => Cause::ChargebackWon,
        7 => Cause::ChargebackLost,
        8 => Cause::LatePayment,
        9 => Cause::WalletTopUp,
        10 => Cause::DebtRecovered,
        _ => return None,
    })
}

/// The packed form of `posting`'s legs: a byte for the kind and whose it is, the owner where it is another, the amount.
pub(crate) fn pack_legs(posting: &Posting) -> Vec<u8> {
    let mut packed = Vec::with_capacity(posting.legs.len() * 5);
    for leg in &posting.legs {
        let owner = match leg.account.owner {
            0 => OWNER_PLATFORM,
            owner if owner == posting.account_id => OWNER_OF_POSTING,
            _ => OWNER_EXPLICIT,
        };
        packed.push(leg.account.kind.number() | owner << KIND_BITS);
        if owner == OWNER_EXPLICIT {
            push_signed(&mut packed, leg.account.owner);
        }
        push_signed(&mut packed, leg.amount_minor);
    }
    packed
}

/// The legs that [`pack_legs`] packed for a posting of `account_id`; `None` if they are damaged.
pub(crate) fn unpack_legs(account_id: AccountId, mut packed: &[u8]) -> Option<Vec<Leg>> {
    let mut legs = Vec::with_capacity(packed.len() / 4);
    while let Some((&first, rest)) = packed.split_first() {
        packed = rest;
        let kind = AccountKind::from_number(first & ((1 << KIND_BITS) - 1))?;
        let owner = match first >> KIND_BITS {
            OWNER_PLATFORM => 0,
            OWNER_OF_POSTING => account_id,
            OWNER_EXPLICIT => take_signed(&mut packed)?,
            _ => return None,
        };
        legs.push(Leg { account: LedgerAccount { kind, owner }, amount_minor: take_signed(&mut packed)? });
    }
    Some(legs)
}

/// A payment's traces as bytes; nothing for none.
pub(crate) fn pack_traces(traces: &[i64]) -> Option<Vec<u8>> {
    (!traces.is_empty()).then(|| traces.iter().flat_map(|trace| trace.to_le_bytes()).collect())
}

/// The traces that [`pack_traces`] made bytes of; `None` if they are no such bytes.
pub(crate) fn unpack_traces(packed: &[u8]) -> Option<Vec<i64>> {
    let (traces, rest) = packed.as_chunks::<8>();
    rest.is_empty().then(|| traces.iter().map(|trace| i64::from_le_bytes(*trace)).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use pasarela_domain::ledger::Posting;
    use pasarela_domain::money::Currency;
    use pasarela_domain::timestamp::Timestamp;

    #[test]
    fn legs_are_packed_in_a_few_bytes_and_come_back() {
        let seller = 1_234_567_890;
        let posting = Posting::build(seller, Currency::BRL, Cause::Payment, 42, Timestamp(1_763_000_000_000))
            .debit(LedgerAccount::platform(AccountKind::AcquirerReceivable), 10_000)
            .credit(LedgerAccount::of(AccountKind::SellerPending, seller), 9_501)
            .credit(LedgerAccount::of(AccountKind::MarketplacePending, 77), 100)
            .credit(LedgerAccount::platform(AccountKind::FeeIncome), 399)
            .finish()
            .unwrap();
        let packed = pack_legs(&posting);
        assert!(packed.len() <= 16, "{} bytes", packed.len());
        assert_eq!(unpack_legs(seller, &packed), Some(posting.legs));
        assert_eq!(unpack_legs(seller, &packed[..packed.len() - 1]), None);
        assert_eq!(unpack_legs(seller, &[0xff]), None);
    }

    #[test]
    fn every_cause_has_its_own_number() {
        for number in 1..=10 {
            assert_eq!(cause_from_number(number).map(cause_number), Some(number));
        }
        assert_eq!(cause_from_number(11), None);
    }
}
