//! Before paying by card without scripts: in how many instalments, and what each number of them costs in all.

use super::{CheckoutView, Sheet};
use crate::pages::amount::amount_text;
use crate::pages::checkout_words::CheckoutWords;
use crate::pages::layout::Layout;
use crate::pages::{Framing, Locale, Page};
use askama::Template;
use pasarela_domain::catalogue::installments::{InstallmentOffer, InstallmentPlan};
use pasarela_domain::money::Money;
use pasarela_domain::notation::Notation;
use pasarela_domain::site::Site;

/// A plan to choose.
pub(in crate::pages) struct PlanRow {
    /// What is posted: the number, and what was shown that it costs in all.
    pub value: String,
    pub text: String,
    pub whole: String,
    pub annual: Option<(String, String)>,
    pub chosen: bool,
}

/// The plans in which a card pays.
pub(in crate::pages) struct Plans {
    /// What the card pays in one payment.
    pub cash: String,
    pub rows: Vec<PlanRow>,
}

impl Plans {
    /// Those in which a card pays `total`, with the one that is chosen at first.
    pub fn of(
        site: Site,
        plans: &[(InstallmentOffer<'_>, InstallmentPlan)],
        first_choice: Option<u32>,
        (total, words): (Money, &'static CheckoutWords),
    ) -> Plans {
        let notation = Notation::of(site);
        let chosen = first_choice
            .filter(|count| plans.iter().any(|(_, plan)| plan.installments == *count))
            .or_else(|| plans.first().map(|(_, plan)| plan.installments));
        let rows = plans.iter().map(|(offer, plan)| {
            let whole = amount_text(plan.price.total, site);
            let is_free = plan.installments > 1 && plan.price.total <= total;
            let free = if is_free { format!(" {}", words.no_interest) } else { String::new() };
            PlanRow {
                value: format!("{}:{}", plan.installments, plan.price.total.to_fixed_text()),
                text: match plan.installments {
                    1 => words.one_payment.to_owned(),
                    count => format!("{count} × {}{free}", amount_text(plan.price.installment_amount, site)),
                },
                whole: format!("{whole} {}", words.in_all),
                annual: offer
                    .annual_cost
                    .filter(|_| plan.installments > 1)
                    .map(|cost| (notation.percent(cost.cft_percent), notation.percent(cost.tea_percent))),
                chosen: chosen == Some(plan.installments),
            }
        });
        Plans { cash: amount_text(total, site), rows: rows.collect() }
    }

    /// Whether what instalments cost in a year is said: then the cash price is, too.
    pub fn has_annual_cost(&self) -> bool {
        self.rows.iter().any(|plan| plan.annual.is_some())
    }
}

#[derive(Template)]
#[template(path = "checkout_review.html")]
struct ReviewTemplate<'a> {
    layout: Layout,
    sheet: Sheet<'a>,
    action: String,
    card: &'a str,
    hidden: Vec<(&'static str, String)>,
    plans: Plans,
}

/// The page before paying by card: in how many instalments, and what each number of them costs in all.
pub fn review(
    view: &CheckoutView,
    card: &str,
    plans: &[(InstallmentOffer<'_>, InstallmentPlan)],
    first_choice: Option<u32>,
    hidden: Vec<(&'static str, String)>,
    locale: Locale,
) -> Page {
    let words = CheckoutWords::of(locale);
    let (layout, sheet) = view.sheet(words.review, locale);
    let language = layout.language;
    let template = ReviewTemplate {
        layout,
        sheet,
        action: format!("/checkout/v1/pay?{}", view.query),
        card,
        hidden,
        plans: Plans::of(view.site, plans, first_choice, (view.total, words)),
    };
    Page::render(&template, language, Framing::Nobody)
}
