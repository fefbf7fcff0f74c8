//! The quality of an integration: its score, what to mend, and how it came about. Test and live payments are apart.

use super::finding::{Finding, aspect_word, product_name};
use super::form::Form;
use super::frame::{Frame, Room};
use super::history_chart::Chart;
use super::integration::{Integration, Tab, When, tabs};
use super::integration_words::IntegrationWords;
use super::visit::SignedIn;
use super::words::filled;
use crate::api::request::{PathPart, RawBody, path_id, query_value};
use askama::Template;
use axum::extract::RawQuery;
use axum::http::StatusCode;
use axum::response::Response;
use pasarela_domain::identity::Mode;
use pasarela_domain::member::Permission;
use pasarela_domain::quality::report::{MeasurementType, Report, Verdict};
use pasarela_domain::quality::rules::Product;
use pasarela_engine::Failure;
use pasarela_engine::quality::measuring::{MeasureRequest, Subject};

/// The products that may be measured, with their names in forms.
const PRODUCTS: [(&str, Product); 3] = [
    ("checkout_pro", Product::CheckoutPro),
    ("checkout_api", Product::CheckoutApi),
    ("checkout_bricks", Product::CheckoutBricks),
];

/// A part of the score.
struct AspectLine {
    name: &'static str,
    points: u32,
    max_points: u32,
    /// Of a hundred, for its bar.
    share: u32,
}

/// The measurement that is shown.
struct Shown {
    score: u32,
    minimum: u32,
    /// The minimum in words.
    needed: String,
    is_approved: bool,
    product: &'static str,
    payment_id: i64,
    at: When,
    how: &'static str,
    is_newest: bool,
    aspects: Vec<AspectLine>,
    open: Vec<Finding>,
    met: Vec<Finding>,
    /// How many these are, in words.
    met_title: String,
}

/// A line of the history.
struct HistoryLine {
    href: String,
    at: When,
    score: u32,
    is_approved: bool,
    product: &'static str,
    payment_id: i64,
    how: &'static str,
    is_current: bool,
}

/// The drawing of the history, of the measurements by the rules of the shown one's product.
struct Drawing {
    chart: Chart,
    /// What it shows, for whoever does not see it.
    title: String,
    /// The bar in words.
    bar: String,
    from: When,
    to: When,
}

#[derive(Template)]
#[template(path = "panel/quality.html")]
struct QualityTemplate {
    frame: Frame,
    words: &'static IntegrationWords,
    id: i64,
    name: String,
    tabs: Vec<Tab>,
    mode: &'static str,
    modes: [Tab; 2],
    shown: Option<Shown>,
    drawing: Option<Drawing>,
    history: Vec<HistoryLine>,
    may_measure: bool,
    /// The payment that is offered to measure by.
    payment: String,
    products: [(&'static str, &'static str); 3],
    product: String,
    /// What is wrong with the payment.
    wrong: Option<&'static str>,
}

/// What was asked for, and typed.
#[derive(Default)]
struct Asked {
    mode: Option<Mode>,
    measurement: Option<i64>,
    payment: Option<String>,
    product: String,
    wrong: Option<&'static str>,
}

/// The room.
pub async fn page(signed: SignedIn, PathPart(id): PathPart<String>, RawQuery(query): RawQuery) -> Response {
    let shown = async {
        let integration = Integration::find(&signed, &id).await?;
        let query = query.as_deref();
        let asked = Asked {
            mode: query_value(query, "mode").and_then(|mode| mode_named(&mode)),
            measurement: query_value(query, "measurement").and_then(|id| path_id(&id)),
            ..Asked::default()
        };
        let mut template = template(&signed, &integration, &asked).await?;
        if query_value(query, "done").as_deref() == Some("measured") {
            template.frame = template.frame.told(template.words.measured);
        }
        Ok(template)
    };
    signed.visit.show(shown.await)
}

/// Measures, and shows what was found.
pub async fn measure(signed: SignedIn, PathPart(id): PathPart<String>, body: RawBody) -> Response {
    let form = match Form::of(&signed, &body, Permission::Applications) {
        Ok(form) => form,
        Err(page) => return *page,
    };
    let integration = match Integration::find(&signed, &id).await {
        Ok(integration) => integration,
        Err(failure) => return signed.visit.fail(&failure),
    };
    let words = IntegrationWords::of(signed.visit.locale);
    let mode = mode_named(form.text("mode")).unwrap_or(Mode::Test);
    let (payment, product) = (form.text("payment").trim(), form.text("product"));
    let refused = async |status: StatusCode, wrong| {
        let typed = (payment.to_owned(), product.to_owned());
        let asked = Asked {
            mode: Some(mode),
            payment: Some(typed.0),
            product: typed.1,
            wrong: Some(wrong),
            measurement: None,
        };
        match template(&signed, &integration, &asked).await {
            Ok(template) => signed.visit.answer_with(status, &template),
            Err(failure) => signed.visit.fail(&failure),
        }
    };
    let subject = match (payment.is_empty(), path_id(payment)) {
        (true, _) => Subject::Newest,
        (false, Some(id)) => Subject::Payment(id),
        (false, None) => return refused(StatusCode::BAD_REQUEST, words.no_such_payment).await,
    };
    let chosen = PRODUCTS.into_iter().find(|(name, _)| *name == product).map(|(_, product)| product);
    let request = MeasureRequest { subject, product: chosen };
    let caller = integration.caller(mode);
    match signed.visit.engine.measure_quality(&caller, caller.application_id, &request).await {
        Ok(report) => {
            let query = format!("/quality?mode={}&measurement={}&done=measured", mode_name(mode), report.id);
            signed.visit.go(&integration.path(&query))
        }
        Err(Failure::Refused(refusal)) if refusal.status == 404 => {
            let wrong = if payment.is_empty() { words.no_payment } else { words.no_such_payment };
            refused(StatusCode::NOT_FOUND, wrong).await
        }
        Err(Failure::Refused(refusal)) if refusal.status == 400 => {
            refused(StatusCode::BAD_REQUEST, words.another_application).await
        }
        Err(failure) => signed.visit.fail(&failure),
    }
}

fn mode_named(name: &str) -> Option<Mode> {
    [Mode::Test, Mode::Live].into_iter().find(|mode| mode_name(*mode) == name)
}

const fn mode_name(mode: Mode) -> &'static str {
    match mode {
        Mode::Test => "test",
        Mode::Live => "live",
    }
}

async fn template(
    signed: &SignedIn,
    integration: &Integration,
    asked: &Asked,
) -> Result<QualityTemplate, Failure> {
    let (engine, words) = (&signed.visit.engine, IntegrationWords::of(signed.visit.locale));
    let details = &integration.application.details;
    let (id, is_live) = (integration.application.id, details.is_active && !signed.account.is_test_user);
    // What earns money is looked at first.
    let mode = asked.mode.unwrap_or(if is_live { Mode::Live } else { Mode::Test });
    let caller = integration.caller(mode);
    let reports = engine.quality_measurements(&caller, id).await?;
    let current = match asked.measurement {
        Some(wanted) => reports.iter().position(|report| report.id == wanted),
        None => (!reports.is_empty()).then_some(0),
    };
    let payment = match &asked.payment {
        Some(typed) => typed.clone(),
        None => engine.payment_to_measure(&caller, id).await?.map(|id| id.to_string()).unwrap_or_default(),
    };
    let tab = |its: Mode, label| Tab {
        label,
        href: integration.path(&format!("/quality?mode={}", mode_name(its))),
        is_current: its == mode,
    };
    let frame = signed.frame(Room::Quality, &format!("{} · {}", words.quality, details.name)).await?;
    Ok(QualityTemplate {
        frame,
        words,
        id,
        name: details.name.clone(),
        tabs: tabs(id, "/quality", signed.visit.words().credentials, words),
        mode: mode_name(mode),
        modes: [tab(Mode::Test, words.test_mode), tab(Mode::Live, words.live_mode)],
        shown: current.map(|index| shown(signed, &reports[index], index == 0)),
        drawing: current.and_then(|index| drawing(signed, &reports, &reports[index])),
        history: history(signed, integration, &reports, current),
        may_measure: signed.role.may(Permission::Applications),
        payment,
        products: PRODUCTS.map(|(name, product)| (name, product_name(product, words))),
        product: asked.product.clone(),
        wrong: asked.wrong,
    })
}

fn shown(signed: &SignedIn, report: &Report, is_newest: bool) -> Shown {
    let (site, locale) = (signed.account.site, signed.visit.locale);
    let words = IntegrationWords::of(locale);
    let report = report.clone().with_texts();
    let aspects = report.aspects.iter().filter(|aspect| !aspect.actions.is_empty());
    let aspects = aspects.map(|aspect| AspectLine {
        name: aspect_word(aspect.name, words),
        points: aspect.points,
        max_points: aspect.max_points,
        share: (aspect.points * 100).checked_div(aspect.max_points).unwrap_or(100),
    });
    let actions = report.aspects.iter().flat_map(|aspect| &aspect.actions);
    let met = actions.filter(|action| action.remedy.is_none());
    let met: Vec<_> = met.map(|action| Finding::of(action, locale)).collect();
    Shown {
        score: report.score,
        minimum: report.minimum_score,
        needed: filled(words.needed, &[&report.minimum_score]),
        is_approved: report.status == Verdict::Approved,
        product: product_name(report.product, words),
        payment_id: report.payment_id,
        at: When::of(report.measured_at, site, locale),
        how: how(&report, words),
        is_newest,
        aspects: aspects.collect(),
        open: report.open().into_iter().map(|action| Finding::of(action, locale)).collect(),
        met_title: filled(words.all_met, &[&met.len()]),
        met,
    }
}

const fn how(report: &Report, words: &IntegrationWords) -> &'static str {
    match report.measurement_type {
        MeasurementType::Manual => words.manual,
        MeasurementType::Automatic => words.automatic,
    }
}

/// Scores of different rules make no line: those of the shown one's product do.
fn drawing(signed: &SignedIn, reports: &[Report], current: &Report) -> Option<Drawing> {
    let (site, locale) = (signed.account.site, signed.visit.locale);
    let words = IntegrationWords::of(locale);
    let mut alike: Vec<&Report> = reports.iter().filter(|report| report.product == current.product).collect();
    alike.reverse();
    let (first, last) = (alike.first()?, alike.last()?);
    let scores: Vec<u32> = alike.iter().map(|report| report.score).collect();
    let shown = alike.iter().position(|report| report.id == current.id);
    let range = filled(words.from_to, &[&first.score, &last.score]);
    let product = product_name(current.product, words);
    Some(Drawing {
        chart: Chart::of(&scores, shown, current.minimum_score)?,
        bar: filled(words.the_bar, &[&current.minimum_score]),
        title: filled(words.history_chart, &[&product, &range, &scores.len()]),
        from: When::of(first.measured_at, site, locale),
        to: When::of(last.measured_at, site, locale),
    })
}

fn history(
    signed: &SignedIn,
    integration: &Integration,
    reports: &[Report],
    current: Option<usize>,
) -> Vec<HistoryLine> {
    let (site, locale) = (signed.account.site, signed.visit.locale);
    let words = IntegrationWords::of(locale);
    let lines = reports.iter().enumerate().map(|(index, report)| HistoryLine {
        href: integration.path(&format!("/quality?mode={}&measurement={}", report.environment, report.id)),
        at: When::of(report.measured_at, site, locale),
        score: report.score,
        is_approved: report.status == Verdict::Approved,
        product: product_name(report.product, words),
        payment_id: report.payment_id,
        how: how(report, words),
        is_current: current == Some(index),
    });
    lines.collect()
}
