//! Test cards that are refused, typed into the payment page by a browser of the platform's: which ones, and what buyers were
//! shown then. There is a card for each group of reasons, because what helps a buyer is another thing in each.

use super::says::Says;
use crate::timestamp::{DAY, Timestamp};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// How long what was seen counts, like everything else that tells how things are done now.
const COUNTS_FOR: i64 = 30 * DAY;

/// The published groups of reasons.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum RefusalGroup {
    /// The issuer doesn't let this card pay this: no money, say.
    #[default]
    Bank,
    /// The buyer mistyped something.
    BuyerMistake,
    /// Nobody says why.
    Unknown,
    /// Fraud prevention stopped it.
    FraudPrevention,
}

/// All of them, in the order in which they are tried: what every shop meets first.
pub const GROUPS: [RefusalGroup; 4] =
    [RefusalGroup::Bank, RefusalGroup::BuyerMistake, RefusalGroup::Unknown, RefusalGroup::FraudPrevention];

impl RefusalGroup {
    /// The holder's name with which a test card is refused for such a reason.
    pub const fn holder(self) -> &'static str {
        match self {
            RefusalGroup::Bank => "FUND",
            RefusalGroup::BuyerMistake => "SECU",
            RefusalGroup::Unknown => "OTHE",
            RefusalGroup::FraudPrevention => "BLAC",
        }
    }

    /// In a few words.
    pub const fn words(self) -> &'static str {
        match self {
            RefusalGroup::Bank => "the bank",
            RefusalGroup::BuyerMistake => "a buyer's mistake",
            RefusalGroup::Unknown => "an unknown reason",
            RefusalGroup::FraudPrevention => "fraud prevention",
        }
    }
}

/// What was seen of refusals, in the last check and in those before it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(default)]
pub struct FollowedRefusals {
    /// Why no card could be tried in the last check: there is no browser, say, or the page took too long.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fault: Option<String>,
    /// The cards, one for each group of reasons that was tried; a check that had no time for all goes on where the one before it
    /// ended.
    pub tried: Vec<TriedCard>,
}

/// A card of one group.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(default)]
pub struct TriedCard {
    /// For what kind of reason it is refused.
    pub group: RefusalGroup,
    /// When it was tried.
    pub tried_at: Option<Timestamp>,
    /// Why nothing was seen: the page has no form that can be filled in, say, or keys of other payments.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fault: Option<String>,
    /// The test payment that came of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub refused: Option<RefusedPayment>,
    /// The browser.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub opened_in: Option<String>,
}

/// A test payment that was refused while a browser stood at the shop.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(default)]
pub struct RefusedPayment {
    /// The payment, as the platform has it.
    pub payment_id: i64,
    /// Why it was refused.
    pub status_detail: String,
    /// Where the buyer stood afterwards, without what is asked of that page.
    pub led_to: String,
    /// What was told there that had not been told before.
    pub says: Says,
    /// A fingerprint of its words without their numbers, to tell two messages apart.
    pub words: String,
}

impl FollowedRefusals {
    /// What was seen of one group.
    pub fn of(&self, group: RefusalGroup) -> Option<&TriedCard> {
        self.tried.iter().find(|card| card.group == group)
    }

    /// The payments that were followed, each with its card.
    pub fn followed(&self) -> impl Iterator<Item = (&TriedCard, &RefusedPayment)> {
        self.tried.iter().filter_map(|card| Some((card, card.refused.as_ref()?)))
    }

    /// Two cards whose buyers were told the same.
    pub fn told_the_same(&self) -> Option<(&RefusedPayment, &RefusedPayment)> {
        self.followed().enumerate().find_map(|(at, (_, one))| {
            let (_, other) = self.followed().skip(at + 1).find(|(_, other)| other.words == one.words)?;
            Some((one, other))
        })
    }

    /// The groups of which nothing is known: there was no time.
    pub fn untried(&self) -> impl Iterator<Item = RefusalGroup> {
        GROUPS.into_iter().filter(|group| self.of(*group).is_none())
    }

    /// In which order the next check tries them: what was never tried, what holds the gate closed, what was seen longest ago.
    pub fn next(&self) -> [RefusalGroup; 4] {
        let rank = |group: &RefusalGroup| {
            let Some(card) = self.of(*group) else { return (0, None) };
            let is_good = card.refused.as_ref().is_some_and(|refused| {
                let same = self.followed().filter(|(_, other)| other.words == refused.words);
                refused.says == Says::Refused && same.count() == 1
            });
            (if is_good { 2 } else { 1 }, card.tried_at)
        };
        let mut groups = GROUPS;
        groups.sort_by_key(rank);
        groups
    }

    /// What is known after a check at `now` that saw this: of a group that it did not see, what was seen `before`, while that
    /// still counts.
    #[must_use]
    pub fn after(mut self, before: Option<FollowedRefusals>, now: Timestamp) -> FollowedRefusals {
        let counts = |card: &TriedCard| card.tried_at.is_some_and(|at| now.0 - at.0 < COUNTS_FOR);
        for card in before.into_iter().flat_map(|before| before.tried).filter(counts) {
            match self.tried.iter_mut().find(|newer| newer.group == card.group) {
                None => self.tried.push(card),
                Some(newer) if newer.refused.is_none() && card.refused.is_some() => *newer = card,
                Some(_) => {}
            }
        }
        self.tried.sort_by_key(|card| GROUPS.iter().position(|group| *group == card.group));
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalogue::outcomes;
    use RefusalGroup::{Bank, BuyerMistake, FraudPrevention, Unknown};

    fn card(group: RefusalGroup, tried_at: i64, words: &str) -> TriedCard {
        let refused = (!words.is_empty()).then(|| RefusedPayment {
            says: Says::Refused,
            words: words.to_owned(),
            ..RefusedPayment::default()
        });
        let fault = words.is_empty().then(|| "no form".to_owned());
        TriedCard { group, tried_at: Some(Timestamp(tried_at)), fault, refused, opened_in: None }
    }

    fn seen(tried: &[TriedCard]) -> FollowedRefusals {
        FollowedRefusals { fault: None, tried: tried.to_vec() }
    }

    #[test]
    fn each_groups_card_is_refused_and_for_another_reason() {
        let mut details: Vec<_> =
            GROUPS.iter().map(|group| outcomes::for_holder(group.holder()).unwrap()).collect();
        assert!(details.iter().all(|outcome| outcome.status == "rejected"));
        details.sort_by_key(|outcome| outcome.status_detail);
        details.dedup();
        assert_eq!(details.len(), GROUPS.len());
    }

    #[test]
    fn what_was_never_tried_is_next_then_what_is_wrong_then_the_oldest() {
        assert_eq!(FollowedRefusals::default().next(), GROUPS);
        let some = seen(&[card(Bank, 5, "a"), card(Unknown, 3, "b")]);
        assert_eq!(some.next(), [BuyerMistake, FraudPrevention, Unknown, Bank]);
        assert_eq!(Vec::from_iter(some.untried()), [BuyerMistake, FraudPrevention]);
        let same = [
            card(Bank, 5, "a"),
            card(BuyerMistake, 6, "b"),
            card(Unknown, 7, "a"),
            card(FraudPrevention, 8, ""),
        ];
        assert_eq!(seen(&same).next(), [Bank, Unknown, FraudPrevention, BuyerMistake]);
        let (one, other) = (&same[0].refused, &same[2].refused);
        assert_eq!(seen(&same).told_the_same(), one.as_ref().zip(other.as_ref()));
        assert_eq!(seen(&same[1..]).told_the_same(), None);
    }

    #[test]
    fn what_was_seen_before_stays_until_it_is_seen_again_or_a_month_is_over() {
        let before =
            seen(&[card(Bank, 0, "old"), card(Unknown, DAY, "kept"), card(BuyerMistake, DAY, "seen")]);
        let now = seen(&[card(FraudPrevention, 30 * DAY, "new"), card(BuyerMistake, 30 * DAY, "")]);
        let words = |after: &FollowedRefusals| {
            after.followed().map(|(_, refused)| refused.words.clone()).collect::<Vec<_>>()
        };
        let after = now.after(Some(before.clone()), Timestamp(30 * DAY));
        assert_eq!(words(&after), ["seen", "kept", "new"], "{after:?}");
        let again = seen(&[card(Unknown, 30 * DAY, "mended")]).after(Some(before), Timestamp(30 * DAY));
        assert_eq!(words(&again), ["seen", "mended"]);
        let nobody = FollowedRefusals { fault: Some("no browser".to_owned()), ..FollowedRefusals::default() };
        assert_eq!(nobody.clone().after(None, Timestamp(0)), nobody);
    }
}
