//! The developer panel at `/panel`: server-rendered rooms, in three languages, from a phone to a desktop, without a script
//! that is needed.
//!
//! A room is a handler and a template. The handler takes a [`SignedIn`](visit::SignedIn), which says who looks at which
//! account with which role; a form's handler takes the body as well and reads it with
//! [`Form::read`](form::Form::read), which refuses what another site wrote. The template extends
//! `panel/frame.html` and has a `frame`, made by [`SignedIn::frame`](visit::SignedIn::frame) for one of the
//! [`Room`](frame::Room)s. A new room is a line of `frame::ROOMS`, its words, its routes below. Never here: a rule, a query.
//! Start reading at `home.rs`.

mod applications;
mod attention;
mod audit;
mod connections;
mod door;
mod email;
mod finding;
pub mod form;
pub mod frame;
mod going_live;
mod going_live_view;
mod history_chart;
mod home;
mod integration;
mod integration_words;
mod integrations;
mod people;
mod pix;
mod policies;
mod quality;
mod recovery;
mod security;
mod shares;
pub mod visit;
pub mod words;

use axum::Router;
use axum::response::Redirect;
use axum::routing::{get, post};
use pasarela_engine::Engine;

/// The panel's routes.
pub fn routes() -> Router<Engine> {
    Router::new()
        .route("/panel", get(async || Redirect::to("/panel/home")))
        .route("/panel/login", get(door::login_page).post(door::log_in))
        .route("/panel/login/code", post(door::say_code))
        .route("/panel/recover", get(recovery::page).post(recovery::ask))
        .route("/panel/recover/password", get(recovery::password_page).post(recovery::set_password))
        .route("/panel/security", get(security::page))
        .route("/panel/security/password", post(security::change_password))
        .route("/panel/security/second-factor", post(security::begin))
        .route("/panel/security/second-factor/confirm", post(security::confirm))
        .route("/panel/security/second-factor/remove", post(security::remove))
        .route("/panel/signup", get(door::sign_up_page).post(door::sign_up))
        .route("/panel/logout", post(door::log_out))
        .route("/panel/account", post(door::switch_account))
        .route("/panel/leave", post(people::leave))
        .route("/panel/home", get(home::page))
        .route("/panel/email", post(email::prove))
        .route("/panel/email/code", post(email::send))
        .route("/panel/applications", get(applications::list).post(applications::create))
        .route("/panel/applications/{id}", get(applications::page).post(applications::save))
        .route("/panel/applications/{id}/reveal", post(applications::reveal))
        .route("/panel/applications/{id}/renew", post(applications::renew))
        .route("/panel/applications/{id}/delete", post(applications::delete))
        .route("/panel/applications/{id}/shares", post(shares::share))
        .route("/panel/applications/{id}/shares/remove", post(shares::unshare))
        .route("/panel/shared/{account}/{id}", get(shares::page))
        .route("/panel/shared/{account}/{id}/reveal", post(shares::reveal))
        .route("/panel/shared/{account}/{id}/remove", post(shares::remove))
        .route("/panel/applications/{id}/going-live", get(going_live::page).post(going_live::save))
        .route("/panel/applications/{id}/going-live/checks", post(going_live::check))
        .route("/panel/applications/{id}/quality", get(quality::page).post(quality::measure))
        .route("/panel/applications/{id}/webhooks/resume", post(home::resume))
        .route("/panel/going-live", get(integrations::going_live))
        .route("/panel/quality", get(integrations::quality))
        .route("/panel/connections", get(connections::page).post(connections::disconnect))
        .route("/panel/pix", get(pix::page).post(pix::register))
        .route("/panel/pix/prove", post(pix::prove))
        .route("/panel/pix/delete", post(pix::delete))
        .route("/panel/policies", get(policies::page).post(policies::save))
        .route("/panel/policies/branding", post(policies::save_look))
        .route("/panel/policies/logo", post(policies::save_logo))
        .route("/panel/policies/logo/remove", post(policies::remove_logo))
        .route("/panel/people", get(people::page).post(people::set))
        .route("/panel/people/remove", post(people::remove))
        .route("/panel/people/withdraw", post(people::withdraw))
        .route("/panel/invitation", get(people::invitation).post(people::answer_invitation))
        .route("/panel/audit", get(audit::page))
}
