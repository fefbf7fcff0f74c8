//! A buyer whose card is refused: the card is typed into the shop's form, the form is sent, and what the shop shows is looked at.
//!
//! It is done with clicks and keys, as a person does it, and only where the page's public keys that work are test keys of the
//! application that is checked: with any other one somebody else's payment, or real money, would be tried.

use super::devtools::{Devtools, Event, TOO_LONG};
use super::form::{self, Entry, Form, Takes, Way};
use super::snapshot;
use crate::quality::page_reader::Official;
use pasarela_domain::catalogue::test_cards::TestCard;
use pasarela_domain::quality::says::{self, Says};
use serde_json::{Value, json};
use std::collections::HashSet;
use std::time::{Duration, Instant};
use url::Url;

/// The name on a card that is refused for want of money, which every shop meets.
pub(crate) const HOLDER: &str = "FUND";
/// The buyer's e-mail: one of a test buyer.
const EMAIL: &str = "test_user_5551234@testuser.com";
/// What stands where something must.
const PHONE: &str = "11987654321";
const POSTAL_CODE: &str = "01310100";
const TEXT: &str = "Test";
/// How often the form is looked at again: what is typed makes a page look up methods, issuers and instalments.
const MOST_LOOKS: u32 = 12;
/// How long a page may take between two looks.
const BETWEEN: Duration = Duration::from_millis(400);
/// How long a shop may take until it has said that the card was refused.
const ANSWER_TIME: Duration = Duration::from_secs(12);
/// How much of what dialogs say is looked at.
const LONGEST_TOLD: usize = 2_000;

/// Says whether a page with these public keys may be paid on.
pub type JudgeKeys = dyn Fn(&[String]) -> bool + Send + Sync;

/// Who pays, and whether a page's keys may be paid with.
pub struct Trial {
    /// A test card of the seller's site.
    pub card: TestCard,
    /// The number of the buyer's document, where the site has any.
    pub document: Option<&'static str>,
    /// Whether all of these keys that work are test keys of the application, and there is one.
    pub may_pay_with: Box<JudgeKeys>,
}

/// What the buyer was shown after the form was sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shown {
    /// Where the buyer stood, without the query.
    pub led_to: String,
    /// What was said that had not been said before.
    pub says: Says,
    /// The browser.
    pub opened_in: String,
}

/// A page with a form, open in the browser.
pub(super) struct Buyer<'b> {
    pub devtools: &'b mut Devtools,
    pub session: &'b str,
    pub official: &'b Official,
    /// Keys that the page's scripts have or used.
    pub keys: Vec<String>,
}

impl Buyer<'_> {
    /// Pays with a card that is refused; what was shown, or why nothing was paid.
    pub(super) fn pay(&mut self, trial: &Trial) -> Result<Shown, String> {
        let taken = self.snapshot()?;
        for key in form::keys(&taken) {
            if !self.keys.contains(&key) {
                self.keys.push(key);
            }
        }
        let (page, form) = self.form(&taken)?;
        if !form.takes_card {
            return Err("the page takes no card".to_owned());
        }
        if !(trial.may_pay_with)(&self.keys) {
            return Err("the page has no test key of this application, or has other keys, too".to_owned());
        }
        let button = self.fill(trial)?;
        let before = self.texts(&page)?;
        self.click(button)?;
        self.answer(&before)
    }

    /// Fills in what is empty until nothing is; gives the button that pays.
    fn fill(&mut self, trial: &Trial) -> Result<i64, String> {
        self.call("Emulation.setFocusEmulationEnabled", json!({"enabled": true}))?;
        let mut done: HashSet<i64> = HashSet::new();
        let mut found = Form::default();
        for _ in 0..MOST_LOOKS {
            let taken = self.snapshot()?;
            found = self.form(&taken)?.1;
            // A frame's content is not seen, so each is filled once; a list may lose its choice when it is filled anew.
            let is_open = |entry: &&Entry| matches!(entry.way, Way::Choice) || !done.contains(&entry.node);
            let open: Vec<Entry> = found.entries.iter().filter(is_open).copied().collect();
            for entry in &open {
                self.use_entry(*entry, trial)?;
                done.insert(entry.node);
            }
            if open.is_empty() && !found.is_waiting {
                break;
            }
            self.devtools.wait(BETWEEN, |_| false)?;
        }
        found.button.ok_or_else(|| "the form has no button that pays".to_owned())
    }

    fn use_entry(&mut self, entry: Entry, trial: &Trial) -> Result<(), String> {
        match entry.way {
            Way::Frame(takes) => {
                self.click(entry.node)?;
                self.write(&value(takes, trial))
            }
            Way::Input(takes) => {
                self.call("DOM.focus", json!({"backendNodeId": entry.node}))?;
                self.write(&value(takes, trial))
            }
            Way::Choice => {
                self.call("DOM.focus", json!({"backendNodeId": entry.node}))?;
                let key = json!({"key": "ArrowDown", "code": "ArrowDown", "windowsVirtualKeyCode": 40});
                self.key("rawKeyDown", &key)?;
                self.key("keyUp", &key)
            }
            Way::Tick => self.click(entry.node),
        }
    }

    fn write(&mut self, text: &str) -> Result<(), String> {
        self.call("Input.insertText", json!({"text": text})).map(drop)
    }

    fn key(&mut self, kind: &str, key: &Value) -> Result<(), String> {
        let mut event = key.clone();
        event["type"] = json!(kind);
        self.call("Input.dispatchKeyEvent", event).map(drop)
    }

    /// Clicks into the middle of an element, as the browser draws it.
    fn click(&mut self, node: i64) -> Result<(), String> {
        self.call("DOM.scrollIntoViewIfNeeded", json!({"backendNodeId": node}))?;
        let quads = self.call("DOM.getContentQuads", json!({"backendNodeId": node}))?;
        let corner = |at: usize| quads["quads"][0][at].as_f64().ok_or("an element without a place");
        let middle = ((corner(0)? + corner(4)?) / 2.0, (corner(1)? + corner(5)?) / 2.0);
        for kind in ["mousePressed", "mouseReleased"] {
            let event =
                json!({"type": kind, "x": middle.0, "y": middle.1, "button": "left", "clickCount": 1});
            self.call("Input.dispatchMouseEvent", event)?;
        }
        Ok(())
    }

    /// Waits until the shop says that the card was refused, or for as long as it may take; what it says then.
    fn answer(&mut self, before: &HashSet<String>) -> Result<Shown, String> {
        let until = Instant::now() + ANSWER_TIME;
        let session = self.session.to_owned();
        let is_dialog =
            |event: &Event| event.session == session && event.method == "Page.javascriptDialogOpening";
        let (mut told, mut last) = (String::new(), None);
        loop {
            self.devtools.wait(BETWEEN, is_dialog)?;
            for event in self.devtools.events(is_dialog) {
                let message = event.params["message"].as_str().unwrap_or_default();
                told.extend(message.chars().take(LONGEST_TOLD.saturating_sub(told.len())));
                told.push('\n');
            }
            // While one page gives way to the next there is none to be looked at.
            match self.look(before, &told) {
                Ok(shown) if shown.says == Says::Refused => return Ok(shown),
                Ok(shown) => last = Some(shown),
                Err(fault) if fault == TOO_LONG => return last.ok_or(fault),
                Err(_) => {}
            }
            if Instant::now() >= until {
                return last.ok_or_else(|| TOO_LONG.to_owned());
            }
        }
    }

    fn look(&mut self, before: &HashSet<String>, told: &str) -> Result<Shown, String> {
        let taken = self.snapshot()?;
        let mut page = snapshot::address(&taken).ok_or("a page without an address")?;
        let texts = form::texts(&taken, &page, self.official);
        let new: Vec<&str> = texts.difference(before).map(String::as_str).chain([told]).collect();
        page.set_query(None);
        page.set_fragment(None);
        // Each by itself: what stands beside each other on a page is not one sentence.
        let says = new.into_iter().map(says::of).max_by_key(|says| *says as u8).unwrap_or_default();
        Ok(Shown { led_to: page.into(), says, opened_in: self.devtools.version().to_owned() })
    }

    fn texts(&mut self, page: &Url) -> Result<HashSet<String>, String> {
        Ok(form::texts(&self.snapshot()?, page, self.official))
    }

    fn form(&self, taken: &Value) -> Result<(Url, Form), String> {
        let page = snapshot::address(taken).ok_or("a page without an address")?;
        let form = form::find(taken, &page, self.official);
        Ok((page, form))
    }

    fn snapshot(&mut self) -> Result<Value, String> {
        self.call("DOMSnapshot.captureSnapshot", json!({"computedStyles": []}))
    }

    fn call(&mut self, method: &str, params: Value) -> Result<Value, String> {
        self.devtools.call(self.session, method, params)
    }
}

fn value(takes: Takes, trial: &Trial) -> String {
    let card = &trial.card;
    let (month, year) = (card.expiration_month, card.expiration_year % 100);
    let fixed = match takes {
        Takes::Card("expirationMonth") => return format!("{month:02}"),
        Takes::Card("expirationYear") => return format!("{year:02}"),
        Takes::Card("cardNumber") => card.number,
        Takes::Card("securityCode") => card.security_code,
        Takes::Card(_) => return format!("{month:02}/{year:02}"),
        Takes::Holder => HOLDER,
        Takes::Email => EMAIL,
        Takes::Document => trial.document.unwrap_or_default(),
        Takes::Phone => PHONE,
        Takes::PostalCode => POSTAL_CODE,
        Takes::Text => TEXT,
    };
    fixed.to_owned()
}
