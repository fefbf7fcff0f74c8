//! Making a payment: [`plan`] decides what is asked of the rail, [`card_answered`], [`charge_made`] and
//! [`wallet_answered`] decide on its answer. With a rail that has no effect outside, both are one commit.

use super::body::{
    ApplicationData, BankInfo, Barcode, BusinessInfo, Card, CardData, ForwardData, Identification, Location,
    MethodBlock, Payer, Payment, PointOfInteraction, Status, ThreeDsInfo, TransactionData,
    TransactionDetails,
};
use super::change::{check_expiration, settle};
use super::lifecycle::{is_paid_elsewhere, reserve};
use super::request::{CreatePayment, additional_info, params_error, snake_case_keys};
use super::traces::device_session;
use super::{
    BUILD_VERSION, CREATED, DeadlineChange, Decision, Internals, KeptFee, KeptPromotion, Parts, PaymentState,
    Rail,
};
use crate::card_token::CardToken;
use crate::catalogue::installments::OfferQuery;
use crate::catalogue::{Catalogue, DeferredCapture, PaymentMethod, PaymentType, SiteCatalogue, expiry, fees};
use crate::context::Context;
use crate::identity::{AccountId, ApplicationId, Mode};
use crate::json::{Json, Members};
use crate::money::{Amount, Money};
use crate::pix_key::{self, PIX};
use crate::quality::marks::{Mark, Marks};
use crate::quality::sdk::Sdk;
use crate::rail::{CardAuthorization, CardOutcome, Charge, Instructions};
use crate::refusal::Refusal;
use crate::site::Site;
use crate::timestamp::{HOUR, MINUTE, Timestamp};
use serde_json::json;

/// The e-mail domain of test users: with test credentials every payer has one, with live ones nobody.
pub const TEST_EMAIL_DOMAIN: &str = "@testuser.com";
/// How long a 3-D Secure challenge may stay unanswered (inferred).
pub const CHALLENGE_EXPIRY: i64 = 24 * HOUR;
/// How long a bank's session stays open for a transfer that is made at once.
const BANK_SESSION: i64 = 20 * MINUTE;

/// Who sells.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Collector {
    /// The account.
    pub account_id: AccountId,
    /// Its market.
    pub site: Site,
    /// Shown to the buyer.
    pub name: String,
    /// The application that calls.
    pub application_id: ApplicationId,
    /// The application's owner, who takes an `application_fee`.
    pub application_owner: AccountId,
    /// Whether it has a Pix key, by which alone it is paid so.
    pub takes_pix: bool,
    /// What card statements say of a payment that says nothing.
    pub statement_descriptor: Option<String>,
}

/// What the request's token stands for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CardFacts {
    /// The token's body.
    pub token: CardToken,
    /// The number's first eight digits.
    pub bin: String,
    /// The number's length.
    pub number_length: usize,
    /// Keyed fingerprint, hex.
    pub fingerprint: String,
}

/// The headers that leave their mark on a payment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Provenance {
    /// `X-Integrator-Id`
    pub integrator_id: Option<String>,
    /// `X-Platform-Id`
    pub platform_id: Option<String>,
    /// `X-Corporation-Id`
    pub corporation_id: Option<String>,
    /// `X-Tracking-Id`
    pub tracking_id: Option<String>,
    /// `X-Meli-Session-Id`: the device's session, never shown.
    pub device_session: Option<String>,
    /// The same header of the request that made the preference which is paid: it counts where the page that pays tells none.
    pub shop_session: Option<String>,
    /// The server library that called, by its headers.
    pub sdk: Option<Sdk>,
}

/// What was loaded for the decision.
#[derive(Clone, Debug)]
pub struct Facts<'a> {
    /// What is offered, and by which terms.
    pub catalogue: &'a Catalogue,
    /// Who sells.
    pub collector: &'a Collector,
    /// The card, if a token was sent and found.
    pub card: Option<&'a CardFacts>,
    /// The payer's id: an account's, or a guest's of this collector.
    pub payer_id: AccountId,
    /// Headers.
    pub provenance: &'a Provenance,
    /// Where the hosted pages are, without a slash at the end.
    pub public_url: &'a str,
    /// Who is logged in to a wallet and pays from it.
    pub wallet_owner: Option<AccountId>,
}

/// What is asked of the rail.
#[derive(Clone, Debug)]
pub enum Step {
    /// Authorise on the card.
    Authorize(CardAuthorization),
    /// Make out a ticket or a transfer.
    Charge(Charge),
    /// Take it from the payer's balance.
    Wallet(Money),
}

/// A payment that is about to be, and what the rail is asked for it.
#[derive(Clone, Debug)]
pub struct Plan {
    /// Not decided yet.
    pub state: PaymentState,
    /// What the rail is asked.
    pub step: Step,
    /// `binary_mode`
    binary: bool,
    /// When the buyer's time is up, for what is paid elsewhere.
    expires: Option<Timestamp>,
}

/// Decides whether the request can be a payment, and what the rail is asked.
///
/// # Errors
/// The documented numbered causes.
pub fn plan(request: &CreatePayment, facts: &Facts<'_>, context: &mut Context<'_>) -> Result<Plan, Refusal> {
    let site = facts.collector.site;
    check_parties(request, facts, context.mode)?;
    let catalogue = facts.catalogue.site(site);
    let method = method(request, facts, catalogue)?;
    check_amount(request.amount, method)?;
    let is_owner = facts.wallet_owner == Some(facts.payer_id);
    if method.payment_type == PaymentType::AccountMoney && context.mode.is_live() && !is_owner {
        // Whoever knows an e-mail may not take what its owner has: real money needs the owner's word.
        return Err(Refusal::numbered(403, 3002, "The caller is not authorized to perform this action"));
    }
    let is_card = method.payment_type.is_card();
    if is_card && facts.card.is_none() {
        return Err(Refusal::bad_request(4000, "Token attribute can't be null"));
    }
    if is_card && !request.capture && !matches!(method.deferred_capture, DeferredCapture::Supported) {
        return Err(Refusal::bad_request(2077, "Deferred capture not supported"));
    }
    let bin = facts.card.map_or("", |card| card.bin.as_str());
    let count = match (is_card, request.installments) {
        (true, None) => return Err(Refusal::bad_request(4004, "Installments attribute can't be null")),
        (true, Some(count)) => count,
        (false, None | Some(1)) => 1,
        (false, Some(_)) => return Err(Refusal::bad_request(4033, "Invalid installments")),
    };
    let asked = OfferQuery {
        method,
        bin,
        issuer_id: request.issuer_id.as_deref().and_then(|id| id.parse().ok()),
        collector_id: facts.collector.account_id,
        differential_pricing_id: request.differential_pricing_id,
        now: context.now,
    };
    let priced = catalogue
        .plan(&asked, request.amount, count)
        .map_err(|_| Refusal::bad_request(4033, "Invalid installments"))?;
    if is_card && let Some(shown) = &request.payment_method_option_id {
        // What was shown is what is charged: another issuer's plan, or one whose campaign or price has ended, is not it.
        let charged = catalogue.option_id(&asked, count, &priced.terms, priced.promotion_id.as_deref());
        if *shown != charged {
            return Err(Refusal::bad_request(4033, "Invalid installments"));
        }
    }
    let price = priced.price;
    let expires = if is_paid_elsewhere(method.payment_type) {
        check_buyer_data(request, method, site)?;
        Some(expires(request, method, site, context)?)
    } else {
        None
    };
    let issuer_id = issuer(request, facts, method, catalogue);
    let terms = fees::terms(catalogue, method);
    let id = context.ids.next_id();
    let page_hash = context.ids.uuid();
    let payer = payer(request, facts.payer_id);
    let rail = match method.payment_type {
        kind if kind.is_card() => Rail::Card,
        PaymentType::AccountMoney => Rail::Wallet,
        _ if method.id == PIX && !facts.collector.takes_pix => return Err(pix_key::missing()),
        _ if method.id == PIX => Rail::Pix,
        _ if is_paid_elsewhere(method.payment_type) => Rail::CashNetwork,
        _ => return Err(Refusal::bad_request(3028, "Invalid payment_method_id")),
    };
    let asks_session = is_bank_session(method);
    let is_colombian = site == Site::MCO;
    let payment = Payment {
        id,
        date_created: context.now,
        date_approved: None,
        date_last_updated: context.now,
        date_of_expiration: expires.filter(|_| !asks_session),
        money_release_date: None,
        money_release_status: None,
        operation_type: "regular_payment".to_owned(),
        issuer_id: issuer_id.clone(),
        payment_method_id: method.id.clone(),
        payment_type_id: method.payment_type.id().to_owned(),
        payment_method: MethodBlock {
            id: method.id.clone(),
            kind: method.payment_type.id().to_owned(),
            issuer_id,
            data: request.method_data.clone().filter(|_| !is_card),
            forward_data: None,
        },
        status: Status::Pending,
        status_detail: "pending_provider_response".to_owned(),
        currency_id: site.currency(),
        description: request.description.clone(),
        live_mode: context.mode.is_live(),
        sponsor_id: request.sponsor_id,
        authorization_code: None,
        money_release_schema: None,
        taxes_amount: Amount::ZERO,
        taxes: is_colombian.then(|| request.taxes.clone().unwrap_or_else(|| json!([]))),
        net_amount: is_colombian.then_some(request.net_amount),
        counter_currency: None,
        brand_id: None,
        shipping_amount: Amount::ZERO,
        build_version: BUILD_VERSION.to_owned(),
        pos_id: None,
        store_id: None,
        integrator_id: facts.provenance.integrator_id.clone(),
        platform_id: facts.provenance.platform_id.clone(),
        corporation_id: facts.provenance.corporation_id.clone(),
        payer: super::shown_payer(&payer, Status::Pending),
        collector_id: facts.collector.account_id,
        marketplace_owner: (facts.collector.application_owner != facts.collector.account_id)
            .then(|| facts.collector.application_owner.to_string()),
        metadata: snake_case_keys(request.metadata),
        additional_info: additional_info::shown(
            request.additional_info,
            facts.provenance.tracking_id.as_deref(),
        ),
        order: request.order.clone(),
        external_reference: request.external_reference.clone(),
        transaction_amount: request.amount.into(),
        transaction_amount_refunded: Amount::ZERO,
        coupon_amount: price.discount.into(),
        differential_pricing_id: request.differential_pricing_id,
        financing_group: None,
        deduction_schema: None,
        barcode: None,
        callback_url: (method.payment_type == PaymentType::BankTransfer || request.callback_url.is_some())
            .then(|| request.callback_url.clone()),
        installments: count,
        transaction_details: TransactionDetails {
            total_paid_amount: price.total.into(),
            installment_amount: if is_card { price.installment_amount.into() } else { Amount::ZERO },
            financial_institution: request.financial_institution.clone(),
            ..TransactionDetails::default()
        },
        fee_details: Vec::new(),
        charges_details: Vec::new(),
        captured: !is_card || request.capture,
        binary_mode: request.binary_mode,
        call_for_authorize_id: None,
        statement_descriptor: request
            .statement_descriptor
            .clone()
            .or_else(|| facts.collector.statement_descriptor.clone()),
        card: Card(facts.card.map(card_data)),
        notification_url: request.notification_url.clone(),
        refunds: Vec::new(),
        processing_mode: request.processing_mode.clone(),
        merchant_account_id: request.merchant_account_id.clone(),
        merchant_number: None,
        acquirer: None,
        acquirer_reconciliation: Vec::new(),
        point_of_interaction: point_of_interaction(request, rail),
        three_ds_info: None,
        tags: None,
        accounts_info: None,
        release_info: None,
    };
    let internals = Internals {
        site,
        application_id: facts.collector.application_id,
        marketplace_owner: facts.collector.application_owner,
        payer_id: facts.payer_id,
        payer,
        rail,
        parts: Parts::default(),
        released: false,
        release_days: terms.release_days,
        fee: Some(KeptFee::of(&terms)),
        catalogue_version: facts.catalogue.version(),
        reserved_minor: request.amount.minor,
        installment_rate: priced.terms.rate_percent,
        promotion: KeptPromotion::of(&priced),
        page_hash,
        card_fingerprint: facts.card.map(|card| card.fingerprint.clone()),
        device_session: device_session(request, facts.card, facts.provenance).map(str::to_owned),
        marks: marks(request, facts),
        application_fee_minor: request.application_fee.map_or(0, |fee| fee.minor),
        expires: None,
        challenge_passes: None,
        paid_late: false,
    };
    let step = match (rail, facts.card) {
        (Rail::Card, Some(card)) => Step::Authorize(CardAuthorization {
            payment_id: id,
            site,
            mode: context.mode,
            amount: price.total,
            installments: count,
            capture: request.capture,
            cardholder_name: card.token.cardholder.name.clone().unwrap_or_default(),
            payment_method_id: method.id.clone(),
            expiration_month: card.token.expiration_month,
            expiration_year: card.token.expiration_year,
            demands_security_code: method.demands_security_code(&card.bin, card.number_length),
            stored_credential: card.token.card_id.is_some() && request.point_of_interaction.is_subsequent,
            three_d_secure: request.three_d_secure,
            now: context.now,
        }),
        (Rail::Wallet, _) => Step::Wallet(request.amount),
        _ => Step::Charge(Charge {
            payment_id: id,
            site,
            amount: request.amount,
            payment_method_id: method.id.clone(),
            merchant_name: facts.collector.name.clone(),
            expires: expires.unwrap_or(context.now),
            now: context.now,
            financial_institution: request.financial_institution.clone(),
            payment_option_id: sent_in(request.metadata, "payment_option_id")
                .and_then(Json::as_str)
                .map(|text| text.chars().take(64).collect()),
        }),
    };
    let state = PaymentState { payment: Box::new(payment), internals: Box::new(internals) };
    Ok(Plan { state, step, binary: request.binary_mode, expires })
}

/// What the request said that the payment does not show.
fn marks(request: &CreatePayment, facts: &Facts<'_>) -> Marks {
    let (token, told) = (facts.card.map(|card| &card.token), facts.provenance);
    Marks::of_payment(request, told.sdk, token.and_then(|token| token.channel))
        .with(Mark::SavedCard, token.is_some_and(|token| token.card_id.is_some()))
        .with(
            Mark::DeviceOnRequest,
            [&told.device_session, &told.shop_session, &request.device_id].into_iter().any(Option::is_some),
        )
}

/// The acquirer answered.
///
/// # Errors
/// None of its own; the method that the plan named is known.
pub fn card_answered(
    plan: Plan,
    outcome: CardOutcome,
    public_url: &str,
    context: &Context<'_>,
) -> Result<Decision, Refusal> {
    let Plan { mut state, binary, .. } = plan;
    let outcome = match outcome {
        // In binary mode nothing stays undecided (which detail is not published: the general one).
        CardOutcome::InProcess { .. } | CardOutcome::Challenge { .. } if binary => {
            CardOutcome::Rejected { status_detail: "cc_rejected_other_reason".to_owned() }
        }
        other => other,
    };
    match outcome {
        CardOutcome::Authorized { authorization_code } => {
            state.payment.authorization_code = Some(authorization_code);
            if state.payment.captured {
                return settle(state, context).map(created);
            }
            let deadline = reserve(&mut state, context);
            Ok(Decision { state, postings: Vec::new(), deadlines: vec![deadline], action: Some(CREATED) })
        }
        CardOutcome::InProcess { status_detail } => {
            state.move_to(Status::InProcess, &status_detail, context);
            Ok(with_expiry(state, context.now.plus_ms(30 * crate::timestamp::DAY)))
        }
        CardOutcome::Challenge { creq, passes } => {
            state.internals.challenge_passes = Some(passes);
            state.payment.three_ds_info =
                Some(ThreeDsInfo { external_resource_url: page(&state, public_url, "challenge"), creq });
            state.move_to(Status::Pending, "pending_challenge", context);
            Ok(with_expiry(state, context.now.plus_ms(CHALLENGE_EXPIRY)))
        }
        CardOutcome::Rejected { status_detail } => {
            if status_detail == "cc_rejected_call_for_authorize" {
                state.payment.call_for_authorize_id = Some(format!("{:06}", state.payment.id % 1_000_000));
            }
            state.payment.captured = true;
            state.move_to(Status::Rejected, &status_detail, context);
            Ok(Decision { state, postings: Vec::new(), deadlines: Vec::new(), action: Some(CREATED) })
        }
    }
}

/// The ticket or transfer is made out.
pub fn charge_made(
    plan: Plan,
    instructions: Instructions,
    public_url: &str,
    context: &Context<'_>,
) -> Decision {
    let Plan { mut state, expires, .. } = plan;
    let is_pix = state.internals.rail == Rail::Pix;
    let is_ticket = matches!(state.payment.payment_type_id.as_str(), "ticket" | "atm");
    let url = page(&state, public_url, if is_pix || is_ticket { "ticket" } else { "bank_transfer" });
    let payment = &mut state.payment;
    if is_pix {
        payment.point_of_interaction.location = Some(Location::default());
        payment.point_of_interaction.application_data = Some(ApplicationData::default());
        payment.point_of_interaction.transaction_data = Some(TransactionData {
            qr_code: instructions.qr_code,
            qr_code_base64: instructions.qr_code_base64,
            ticket_url: Some(url),
            bank_info: BankInfo::default(),
            ..TransactionData::default()
        });
    } else {
        if let Some(clabe) = &instructions.clabe {
            payment.payment_method.data = Some(json!({
                "reference_id": clabe,
                "external_reference_id": instructions.payment_method_reference_id,
                "external_resource_url": url,
            }));
        }
        payment.payment_method.forward_data = instructions
            .agreement_number
            .zip(instructions.payment_method_reference_id.clone())
            .map(|(agreement_number, ticket_number)| ForwardData { ticket_number, agreement_number });
        let barcode = instructions.barcode_content.map(|content| Barcode { content });
        let details = &mut payment.transaction_details;
        details.external_resource_url = Some(url);
        details.payment_method_reference_id = instructions.payment_method_reference_id;
        details.verification_code = instructions.verification_code;
        details.digitable_line = instructions.digitable_line;
        details.barcode.clone_from(&barcode);
        details.bank_transfer_id = instructions.bank_transfer_id;
        details.transaction_id = instructions.transaction_id;
        if instructions.financial_institution.is_some() {
            details.financial_institution = instructions.financial_institution;
        }
        payment.barcode = barcode;
    }
    let detail = if is_ticket { "pending_waiting_payment" } else { "pending_waiting_transfer" };
    state.move_to(Status::Pending, detail, context);
    with_expiry(state, expires.unwrap_or_else(|| context.now.plus_ms(30 * crate::timestamp::DAY)))
}

/// The payer's balance is known.
///
/// # Errors
/// None of its own; the method that the plan named is known.
pub fn wallet_answered(plan: Plan, balance_minor: i64, context: &Context<'_>) -> Result<Decision, Refusal> {
    let Plan { mut state, .. } = plan;
    if balance_minor < state.amount().minor {
        state.move_to(Status::Rejected, "insufficient_amount", context);
        return Ok(Decision { state, postings: Vec::new(), deadlines: Vec::new(), action: Some(CREATED) });
    }
    settle(state, context).map(created)
}

fn created(mut decision: Decision) -> Decision {
    decision.deadlines.retain(|change| matches!(change, DeadlineChange::Set(..)));
    decision.action = Some(CREATED);
    decision
}

fn with_expiry(mut state: PaymentState, at: Timestamp) -> Decision {
    let deadline = state.wait_until(at);
    Decision { state, postings: Vec::new(), deadlines: vec![deadline], action: Some(CREATED) }
}

/// The hosted page of a payment: only those who got the payment's body know its hash.
fn page(state: &PaymentState, public_url: &str, name: &str) -> String {
    format!(
        "{public_url}/payments/{}/{name}?caller_id={}&hash={}",
        state.payment.id, state.internals.payer_id, state.internals.page_hash
    )
}

fn check_parties(request: &CreatePayment, facts: &Facts<'_>, mode: Mode) -> Result<(), Refusal> {
    if facts.payer_id == facts.collector.account_id {
        return Err(Refusal::bad_request(2060, "The customer can't be equal to the collector"));
    }
    let Some(email) = &request.payer.email else { return Ok(()) };
    match (mode, email.ends_with(TEST_EMAIL_DOMAIN)) {
        (Mode::Test, false) => Err(Refusal::bad_request(2034, "Invalid test user email")),
        (Mode::Live, true) => Err(Refusal::bad_request(2034, "Invalid users involved")),
        _ => Ok(()),
    }
}

/// The method that was named, or that the card's number tells.
fn method<'a>(
    request: &CreatePayment,
    facts: &Facts<'_>,
    catalogue: &'a SiteCatalogue,
) -> Result<&'a PaymentMethod, Refusal> {
    let Some(card) = facts.card else {
        let id = request
            .payment_method_id
            .as_deref()
            .ok_or_else(|| Refusal::bad_request(4001, "Payment_method_id attribute can't be null"))?;
        return catalogue
            .method(id)
            .filter(|method| method.is_offered())
            .ok_or_else(|| Refusal::bad_request(3011, "Not found payment_method"));
    };
    let candidates = match &card.token.payment_method_id {
        Some(id) => catalogue.method(id).into_iter().collect(),
        None => catalogue.resolve_bin(&card.bin),
    };
    match &request.payment_method_id {
        None => candidates
            .first()
            .copied()
            .ok_or_else(|| Refusal::bad_request(2131, "Cannot infer Payment Method")),
        Some(id) if catalogue.method(id).is_none() => {
            Err(Refusal::bad_request(3011, "Not found payment_method"))
        }
        Some(id) => candidates
            .into_iter()
            .find(|method| method.id == *id)
            .ok_or_else(|| Refusal::bad_request(3028, "Invalid payment_method_id")),
    }
}

fn check_amount(amount: Money, method: &PaymentMethod) -> Result<(), Refusal> {
    if amount < method.min_allowed || amount > method.max_allowed {
        return Err(Refusal::bad_request(2072, "Invalid value for transaction_amount"));
    }
    Ok(())
}

/// What a ticket or a transfer can't be made out without. The API publishes no codes for these: 4006, with a word on
/// what is missing (inferred).
fn check_buyer_data(request: &CreatePayment, method: &PaymentMethod, site: Site) -> Result<(), Refusal> {
    let payer = &request.payer;
    let missing = |what: &str| {
        let mut refusal = Refusal::bad_request(4006, "Payer attribute is malformed");
        refusal.message = format!("Payer attribute is malformed: {what} is required by {}", method.id);
        Err(refusal)
    };
    let has_address = |name: &str| payer.address.iter().any(|(known, _)| known == name);
    for needed in &method.additional_info_needed {
        let present = match needed.as_str() {
            "first_name" => payer.first_name.is_some(),
            "last_name" => payer.last_name.is_some(),
            // Mexico lists no kinds of document for a form to offer: there an e-mail is enough.
            "identification_type" | "identification_number" if site == Site::MLM => true,
            "identification_type" => payer.identification.kind.is_some(),
            "identification_number" => payer.identification.number.is_some(),
            // Listed for Mexican and Colombian methods; PSE alone can't do without it.
            "entity_type" => payer.entity_type.is_some() || method.id != "pse",
            _ => true,
        };
        if !present {
            return missing(&format!("payer.{}", needed.replace("identification_", "identification.")));
        }
    }
    if method.id == "bolbradesco" {
        for name in ["zip_code", "street_name", "street_number", "neighborhood", "city", "federal_unit"] {
            if !has_address(name) {
                return missing(&format!("payer.address.{name}"));
            }
        }
    }
    if method.id == "pse" {
        let institution = request.financial_institution.as_deref();
        if !method.financial_institutions.iter().any(|known| Some(known.id.as_str()) == institution) {
            return Err(params_error(
                "transaction_details.financial_institution is not one of pse's institutions",
            ));
        }
        if sent_in(request.additional_info, "ip_address").is_none_or(Json::is_null) {
            return Err(params_error("additional_info.ip_address is required by pse"));
        }
        if request.callback_url.is_none() {
            return Err(params_error("callback_url is required by pse"));
        }
    }
    Ok(())
}

fn expires(
    request: &CreatePayment,
    method: &PaymentMethod,
    site: Site,
    context: &Context<'_>,
) -> Result<Timestamp, Refusal> {
    if is_bank_session(method) {
        return Ok(context.now.plus_ms(BANK_SESSION));
    }
    match request.date_of_expiration {
        Some(at) => check_expiration(site, method.payment_type, &method.id, at, context).map(|()| at),
        None => Ok(expiry::default_for(site, method.payment_type, &method.id, context.now)
            .unwrap_or_else(|| context.now.plus_ms(3 * crate::timestamp::DAY))),
    }
}

/// A transfer that the buyer makes at once, in the bank's own session.
fn is_bank_session(method: &PaymentMethod) -> bool {
    method.payment_type == PaymentType::BankTransfer && !matches!(method.id.as_str(), "pix" | "clabe")
}

fn issuer(
    request: &CreatePayment,
    facts: &Facts<'_>,
    method: &PaymentMethod,
    catalogue: &SiteCatalogue,
) -> Option<String> {
    let card = facts.card?;
    match &request.issuer_id {
        Some(id) => Some(id.clone()),
        None => catalogue.issuer_for(&method.id, &card.bin).map(|issuer| issuer.id.to_string()),
    }
}

fn payer(request: &CreatePayment, payer_id: AccountId) -> Payer {
    let payer = &request.payer;
    Payer {
        id: Some(payer_id.to_string()),
        kind: payer.kind.clone(),
        operator_id: None,
        email: payer.email.clone(),
        identification: payer.identification.clone(),
        phone: payer.phone.clone(),
        first_name: payer.first_name.clone(),
        last_name: payer.last_name.clone(),
        entity_type: payer.entity_type.clone(),
    }
}

/// Eight digits and the last four may be shown of a number of sixteen; of a shorter one six (PCI DSS 3.5.1).
const fn shown_bin(number_length: usize) -> usize {
    if number_length < 16 { 6 } else { 8 }
}

fn card_data(card: &CardFacts) -> CardData {
    let token = &card.token;
    CardData {
        id: token.card_id.clone(),
        first_six_digits: token.first_six_digits.clone(),
        last_four_digits: token.last_four_digits.clone(),
        bin: Some(card.bin.chars().take(shown_bin(card.number_length)).collect()),
        expiration_month: Some(token.expiration_month),
        expiration_year: Some(token.expiration_year),
        date_created: Some(token.date_created),
        date_last_updated: Some(token.date_last_updated),
        cardholder: super::body::Cardholder {
            name: token.cardholder.name.clone(),
            identification: Identification {
                kind: token.cardholder.identification.kind.clone(),
                number: token.cardholder.identification.number.clone(),
            },
        },
        country: None,
        tags: None,
    }
}

fn sent_in<'b>(members: Option<&'b Members<'b>>, name: &str) -> Option<&'b Json<'b>> {
    members?.iter().find(|(known, _)| known == name).map(|(_, value)| value)
}

fn point_of_interaction(request: &CreatePayment, rail: Rail) -> PointOfInteraction {
    let default = if rail == Rail::Pix { "OPENPLATFORM" } else { "UNSPECIFIED" };
    PointOfInteraction {
        kind: request.point_of_interaction.kind.clone().unwrap_or_else(|| default.to_owned()),
        sub_type: request.point_of_interaction.sub_type.clone(),
        linked_to: request.point_of_interaction.linked_to.clone(),
        business_info: BusinessInfo { unit: "online_payments".to_owned(), sub_unit: "default".to_owned() },
        location: None,
        application_data: None,
        transaction_data: None,
    }
}
