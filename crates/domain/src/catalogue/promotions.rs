//! Campaigns: instalments without interest, discounts and refunds on the statement, for some cards on some days.
//!
//! A campaign is the platform's, one seller's (`collector_id`), or one that sellers join by naming its
//! `differential_pricing_id` where they ask for prices and where they charge. A seller never pays for a campaign that it
//! did not name or own: what the seller bears must have one of the two. They come from `data/promotions.json` and from the
//! operator's document.

use super::method::PaymentMethod;
use crate::identity::AccountId;
use crate::money::{Money, parse_decimal};
use crate::site::Site;
use crate::timestamp::Timestamp;
use jiff::civil::Date;
use rust_decimal::Decimal;
use serde::Deserialize;
use serde_json::Number;

/// Who bears what the buyer is spared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BorneBy {
    /// The card's issuer: nothing changes between platform and seller.
    Issuer,
    /// The seller.
    Seller,
}

impl BorneBy {
    /// As in a catalogue's document.
    pub const fn id(self) -> &'static str {
        match self {
            BorneBy::Issuer => "issuer",
            BorneBy::Seller => "seller",
        }
    }
}

/// A day of the week.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs, reason = "the days' names say it")]
pub enum Weekday {
    Monday,
    Tuesday,
    Wednesday,
    Thursday,
    Friday,
    Saturday,
    Sunday,
}

impl Weekday {
    /// All of them, Monday first.
    pub const ALL: [Weekday; 7] = [
        Weekday::Monday,
        Weekday::Tuesday,
        Weekday::Wednesday,
        Weekday::Thursday,
        Weekday::Friday,
        Weekday::Saturday,
        Weekday::Sunday,
    ];

    /// As in a catalogue's document.
    pub const fn id(self) -> &'static str {
        match self {
            Weekday::Monday => "monday",
            Weekday::Tuesday => "tuesday",
            Weekday::Wednesday => "wednesday",
            Weekday::Thursday => "thursday",
            Weekday::Friday => "friday",
            Weekday::Saturday => "saturday",
            Weekday::Sunday => "sunday",
        }
    }

    /// The day with this id.
    pub fn from_id(id: &str) -> Option<Weekday> {
        Weekday::ALL.into_iter().find(|day| day.id() == id)
    }
}

/// Instalments without interest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InterestFree {
    /// The numbers of instalments, ascending.
    pub installments: Vec<u32>,
    /// Who bears their cost.
    pub borne_by: BorneBy,
    /// What the seller pays for them, in per cent of the price, taxes contained; 0 when the issuer does.
    pub seller_percent: Decimal,
}

/// Money off the price.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Discount {
    /// Per cent of the price.
    pub percent: Decimal,
    /// No more than this.
    pub at_most: Option<Money>,
    /// The seller takes less at once; the issuer gives it back on the statement.
    pub borne_by: BorneBy,
}

/// A campaign.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Promotion {
    /// Its name in addresses and records.
    pub id: String,
    /// Whose campaign it is, if it is not the platform's.
    pub collector_id: Option<AccountId>,
    /// Under which id sellers join.
    pub differential_pricing_id: Option<i64>,
    /// Methods whose cards take part; empty: all cards.
    pub payment_methods: Vec<String>,
    /// Issuers whose cards take part; empty: all.
    pub issuers: Vec<i64>,
    /// Days of the week on which it holds; empty: all.
    pub weekdays: Vec<Weekday>,
    /// First day, in the site's time.
    pub first_day: Date,
    /// Last day, in the site's time.
    pub last_day: Date,
    /// The smallest price for which it holds.
    pub from_amount: Option<Money>,
    /// Instalments without interest.
    pub interest_free: Option<InterestFree>,
    /// Money off the price.
    pub discount: Option<Discount>,
}

/// For whom and when campaigns are looked for.
#[derive(Clone, Copy, Debug)]
pub struct PromotionQuery<'a> {
    /// The method.
    pub method: &'a PaymentMethod,
    /// The card's issuer, if it is known.
    pub issuer_id: Option<i64>,
    /// Who sells.
    pub collector_id: AccountId,
    /// The campaign that the seller joins.
    pub differential_pricing_id: Option<i64>,
    /// The account's time.
    pub now: Timestamp,
}

impl Promotion {
    /// Whether it holds on the day of `now` in the site's time.
    pub fn holds_at(&self, site: Site, now: Timestamp) -> bool {
        let day = now.in_zone(site.time_zone()).date();
        let runs = self.first_day <= day && day <= self.last_day;
        runs && (self.weekdays.is_empty() || self.weekdays.contains(&weekday(day)))
    }

    /// Whether it has not ended on the day of `now`: what buyers may look forward to.
    pub fn is_to_be_shown(&self, site: Site, now: Timestamp) -> bool {
        let day = now.in_zone(site.time_zone()).date();
        self.first_day <= day && day <= self.last_day
    }

    /// Whether a card takes part, whatever the day.
    pub fn is_for(&self, query: &PromotionQuery<'_>) -> bool {
        query.method.payment_type.is_card()
            && (self.payment_methods.is_empty() || self.payment_methods.contains(&query.method.id))
            && (self.issuers.is_empty() || query.issuer_id.is_some_and(|id| self.issuers.contains(&id)))
            && self.collector_id.is_none_or(|id| id == query.collector_id)
            && (self.differential_pricing_id.is_none()
                || self.differential_pricing_id == query.differential_pricing_id)
    }

    /// What it changes of a plan in `installments`: nothing for a number that it does not name, but a discount is for
    /// every number when no number is named.
    pub fn is_about(&self, installments: u32) -> bool {
        match &self.interest_free {
            Some(free) => free.installments.contains(&installments),
            None => true,
        }
    }
}

const PROMOTIONS: &str = include_str!("../../data/promotions.json");

/// The site's campaigns, in the order in which they are preferred.
pub(super) fn of(site: Site) -> Vec<Promotion> {
    read(PROMOTIONS, site)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Row {
    id: String,
    site: String,
    #[serde(default)]
    collector_id: Option<AccountId>,
    #[serde(default)]
    differential_pricing_id: Option<i64>,
    #[serde(default)]
    payment_methods: Vec<String>,
    #[serde(default)]
    issuers: Vec<i64>,
    #[serde(default)]
    weekdays: Vec<Weekday>,
    first_day: String,
    last_day: String,
    #[serde(default)]
    from_amount: Option<Number>,
    #[serde(default)]
    interest_free: Option<InterestFreeRow>,
    #[serde(default)]
    discount: Option<DiscountRow>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct InterestFreeRow {
    installments: Vec<u32>,
    borne_by: BorneBy,
    #[serde(default)]
    seller_percent: Option<Number>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct DiscountRow {
    percent: Number,
    #[serde(default)]
    at_most: Option<Number>,
    borne_by: BorneBy,
}

fn read(text: &str, site: Site) -> Vec<Promotion> {
    // The file is compiled in and a test reads it for every site.
    let rows: Vec<Row> = serde_json::from_str(text).expect("campaigns have the documented shape");
    rows.into_iter().filter(|row| row.site == site.id()).map(|row| promotion(site, row)).collect()
}

fn promotion(site: Site, row: Row) -> Promotion {
    let percent = |number: Number| parse_decimal(number.as_str()).expect("rates are decimals");
    let amount = |number: Number| {
        Money::from_decimal_text(number.as_str(), site.currency()).expect("amounts fit the currency")
    };
    let promotion = Promotion {
        id: row.id,
        collector_id: row.collector_id,
        differential_pricing_id: row.differential_pricing_id,
        payment_methods: row.payment_methods,
        issuers: row.issuers,
        weekdays: row.weekdays,
        first_day: row.first_day.parse().expect("days are dates"),
        last_day: row.last_day.parse().expect("days are dates"),
        from_amount: row.from_amount.map(amount),
        interest_free: row.interest_free.map(|free| InterestFree {
            installments: free.installments,
            borne_by: free.borne_by,
            seller_percent: free.seller_percent.map(percent).unwrap_or_default(),
        }),
        discount: row.discount.map(|discount| Discount {
            percent: percent(discount.percent),
            at_most: discount.at_most.map(amount),
            borne_by: discount.borne_by,
        }),
    };
    // The file is compiled in, and a test reads all of it.
    assert_eq!(promotion.wrong(), None, "{}", promotion.id);
    promotion
}

impl Promotion {
    /// What is wrong with a campaign that could take money from somebody who did not agree, or more than there is, and
    /// what to do about it.
    pub(super) fn wrong(&self) -> Option<(&'static str, &'static str)> {
        let free = self.interest_free.as_ref();
        let seller_bears = free.is_some_and(|free| free.borne_by == BorneBy::Seller)
            || self.discount.as_ref().is_some_and(|discount| discount.borne_by == BorneBy::Seller);
        let seller_agreed = self.collector_id.is_some() || self.differential_pricing_id.is_some();
        let half = Decimal::from(50);
        let is_share = |percent: Decimal| percent >= Decimal::ZERO && percent <= half;
        let ascends = |free: &InterestFree| {
            !free.installments.is_empty() && free.installments.is_sorted_by(|one, next| one < next)
        };
        let rules = [
            (
                !seller_bears || seller_agreed,
                "what a seller bears it has named or owns",
                "Write collector_id or differential_pricing_id.",
            ),
            (self.first_day <= self.last_day, "a campaign begins before it ends", "Put its days in order."),
            (
                free.is_none_or(|free| is_share(free.seller_percent)),
                "a seller bears half of a sale at most",
                "Write 50 or less.",
            ),
            (
                self.discount.as_ref().is_none_or(|discount| is_share(discount.percent)),
                "a discount is half of a price at most",
                "Write 50 or less.",
            ),
            (
                free.is_none_or(ascends),
                "the numbers of instalments do not ascend",
                "Put them in order, each once.",
            ),
            (
                free.is_some_and(|free| free.installments.iter().any(|number| *number > 1))
                    || self.discount.is_some(),
                "a campaign is about something",
                "Write interest_free with more than one installment, or discount.",
            ),
        ];
        rules.into_iter().find(|(holds, ..)| !holds).map(|(_, what, next)| (what, next))
    }
}

fn weekday(day: Date) -> Weekday {
    use jiff::civil::Weekday as Day;
    match day.weekday() {
        Day::Monday => Weekday::Monday,
        Day::Tuesday => Weekday::Tuesday,
        Day::Wednesday => Weekday::Wednesday,
        Day::Thursday => Weekday::Thursday,
        Day::Friday => Weekday::Friday,
        Day::Saturday => Weekday::Saturday,
        Day::Sunday => Weekday::Sunday,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalogue;
    use crate::site::SITES;
    use std::collections::BTreeSet;

    fn campaign(json: &str) -> Promotion {
        read(&format!("[{json}]"), Site::MLA).pop().unwrap()
    }

    fn query(method: &str, issuer_id: i64) -> PromotionQuery<'static> {
        PromotionQuery {
            method: catalogue::of(Site::MLA).method(method).unwrap(),
            issuer_id: Some(issuer_id),
            collector_id: 7,
            differential_pricing_id: None,
            now: Timestamp(0),
        }
    }

    const THURSDAYS: &str = r#"{"id":"t","site":"MLA","issuers":[303],"payment_methods":["visa"],"weekdays":["thursday"],
        "first_day":"2026-11-01","last_day":"2026-11-30","interest_free":{"installments":[3],"borne_by":"issuer"}}"#;

    #[test]
    fn a_campaign_of_thursdays_holds_from_midnight_to_midnight_in_the_sites_time() {
        let campaign = campaign(THURSDAYS);
        let holds = |at: &str| campaign.holds_at(Site::MLA, Timestamp::parse(at).unwrap());
        // 2026-11-26 is a Thursday; Buenos Aires is three hours behind UTC.
        assert!(!holds("2026-11-26T02:59:59.999Z") && holds("2026-11-26T03:00:00Z"));
        assert!(holds("2026-11-27T02:59:59.999Z") && !holds("2026-11-27T03:00:00Z"));
        assert!(!holds("2026-10-29T12:00:00Z"), "a Thursday before it begins");
        assert!(!holds("2026-12-03T12:00:00Z"), "a Thursday after it ended");
        assert!(campaign.is_to_be_shown(Site::MLA, Timestamp::parse("2026-11-27T12:00:00Z").unwrap()));
    }

    #[test]
    fn only_the_named_cards_take_part() {
        let campaign = campaign(THURSDAYS);
        assert!(campaign.is_for(&query("visa", 303)));
        assert!(!campaign.is_for(&query("visa", 310)) && !campaign.is_for(&query("master", 303)));
        assert!(!campaign.is_for(&PromotionQuery { issuer_id: None, ..query("visa", 303) }));
        assert!(campaign.is_about(3) && !campaign.is_about(6));
    }

    #[test]
    fn sellers_join_by_name_or_own_it() {
        let joined = campaign(
            r#"{"id":"j","site":"MLA","differential_pricing_id":44,"first_day":"2026-01-01","last_day":"2026-12-31",
            "interest_free":{"installments":[3],"borne_by":"seller","seller_percent":10}}"#,
        );
        assert!(!joined.is_for(&query("visa", 310)));
        assert!(joined.is_for(&PromotionQuery { differential_pricing_id: Some(44), ..query("visa", 310) }));
        let own = campaign(
            r#"{"id":"o","site":"MLA","collector_id":7,"first_day":"2026-01-01","last_day":"2026-12-31",
            "discount":{"percent":10,"borne_by":"seller"}}"#,
        );
        assert!(own.is_for(&query("visa", 310)));
        assert!(!own.is_for(&PromotionQuery { collector_id: 8, ..query("visa", 310) }));
    }

    #[test]
    #[should_panic(expected = "what a seller bears it has named or owns")]
    fn nobody_makes_all_sellers_pay() {
        campaign(
            r#"{"id":"x","site":"MLA","first_day":"2026-01-01","last_day":"2026-12-31",
            "discount":{"percent":10,"borne_by":"seller"}}"#,
        );
    }

    #[test]
    fn every_site_has_campaigns_of_its_own_methods_and_issuers() {
        let mut ids = BTreeSet::new();
        for site in SITES {
            let catalogue = catalogue::of(site);
            assert!(!catalogue.promotions().is_empty(), "{site}");
            for promotion in catalogue.promotions() {
                assert!(ids.insert(promotion.id.clone()), "{} stands twice", promotion.id);
                for method in &promotion.payment_methods {
                    assert!(catalogue.method(method).is_some_and(PaymentMethod::is_offered), "{method}");
                }
                for issuer in &promotion.issuers {
                    assert!(catalogue.issuers().iter().any(|known| known.id == *issuer), "{issuer}");
                }
            }
        }
    }
}
