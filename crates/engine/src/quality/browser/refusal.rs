//! Buyers whose cards are refused: the card is typed into the shop's form, the form is sent, and what the shop shows is looked at.
//!
//! It is done with clicks and keys, as a person does it, and only where the page's public keys that work are test keys of the
//! application that is checked: with any other one somebody else's payment, or real money, would be tried.

use super::devtools::{Devtools, Event, TOO_LONG};
use super::form::{self, Entry, Form, Takes, Way};
use super::{sizes, snapshot};
use crate::payments::hex;
use crate::quality::page_reader::{Official, Reader};
use pasarela_domain::catalogue::test_cards::TestCard;
use pasarela_domain::quality::page::Financing;
use pasarela_domain::quality::refusal::RefusalGroup;
use pasarela_domain::quality::says::{self, Says};
use ring::digest::{SHA256, digest};
use serde_json::{Value, json};
use std::collections::HashSet;
use std::time::{Duration, Instant};
use url::Url;

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
/// How long a shop may take until it has said that the card was refused, and how long while its page still waits for its server.
const ANSWER_TIME: Duration = Duration::from_secs(12);
const LONGEST_ANSWER: Duration = Duration::from_secs(25);
/// How often a message is looked at again that is not whole yet.
const MOST_CHANGES: u32 = 4;
/// What a page waits for: not for streams, which never end.
const AWAITED: [&str; 3] = ["Document", "XHR", "Fetch"];
const MOST_AWAITED: usize = 1_000;
/// How much of what dialogs say is looked at.
const LONGEST_TOLD: usize = 2_000;

/// Says whether a page with these public keys may be paid on.
pub type JudgeKeys = dyn Fn(&[String]) -> bool + Send + Sync;

/// A card that is refused.
#[derive(Clone, Copy)]
pub struct TrialCard {
    /// For which kind of reason: its holder's name says it.
    pub group: RefusalGroup,
    /// A test card of the seller's site.
    pub card: TestCard,
}

/// Who pays, and whether a page's keys may be paid with.
pub struct Trial {
    /// The cards, each of another buyer, in the order in which they are tried.
    pub cards: Vec<TrialCard>,
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
    /// A fingerprint of it, without the numbers in it.
    pub words: String,
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
    /// What the page showed of the cost of instalments when the card was typed, once it was.
    pub financing: Option<Financing>,
}

impl Buyer<'_> {
    /// Pays with a card that is refused; what was shown, or why nothing was paid.
    pub(super) fn pay(&mut self, trial: &Trial, card: &TrialCard) -> Result<Shown, String> {
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
        let button = self.fill(trial, card)?;
        let styles = json!({"computedStyles": snapshot::STYLES});
        let filled = self.call("DOMSnapshot.captureSnapshot", styles)?;
        self.financing = Some(self.costs(&filled, &page));
        let before = form::texts(&filled, &page, self.official);
        // What the page asked for until now is not what it waits for.
        self.devtools.events(|_| false);
        self.click(button)?;
        self.answer(&before)
    }

    fn costs(&self, filled: &Value, page: &Url) -> Financing {
        let mut reader = Reader::new(page.clone(), self.official);
        let drawn = snapshot::read(filled, page, self.official, &mut reader);
        let mut financing = reader.finish().0.financing;
        sizes::compare(&drawn, &mut financing);
        financing
    }

    /// Fills in what is empty until nothing is; gives the button that pays.
    fn fill(&mut self, trial: &Trial, card: &TrialCard) -> Result<i64, String> {
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
                self.use_entry(*entry, trial, card)?;
                done.insert(entry.node);
            }
            if open.is_empty() && !found.is_waiting {
                break;
            }
            self.devtools.wait(BETWEEN, |_| false)?;
        }
        found.button.ok_or_else(|| "the form has no button that pays".to_owned())
    }

    fn use_entry(&mut self, entry: Entry, trial: &Trial, card: &TrialCard) -> Result<(), String> {
        match entry.way {
            Way::Frame(takes) => {
                self.click(entry.node)?;
                self.write(&value(takes, trial, card))
            }
            Way::Input(takes) => {
                self.call("DOM.focus", json!({"backendNodeId": entry.node}))?;
                self.write(&value(takes, trial, card))
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
        let began = Instant::now();
        let (mut told, mut awaited) = (String::new(), HashSet::new());
        let (mut last, mut changes) = (None, 0);
        loop {
            self.hear(&mut told, &mut awaited)?;
            // While one page gives way to the next there is none to be looked at.
            match self.look(before, &told) {
                Ok(shown) if shown.says == Says::Refused => {
                    // A heading may be there before its reason is.
                    if changes == MOST_CHANGES || last.as_ref() == Some(&shown) {
                        return Ok(shown);
                    }
                    changes += 1;
                    last = Some(shown);
                }
                Ok(shown) => last = Some(shown),
                // Who had less time than a shop may take has not been silent.
                Err(fault) if fault == TOO_LONG => {
                    return last.filter(|shown| shown.says == Says::Refused).ok_or(fault);
                }
                Err(_) => {}
            }
            let most = if awaited.is_empty() { ANSWER_TIME } else { LONGEST_ANSWER };
            if began.elapsed() >= most {
                return last.ok_or_else(|| TOO_LONG.to_owned());
            }
        }
    }

    /// Waits a little; what dialogs said meanwhile, and what the page's requests still are that its server has not answered.
    fn hear(&mut self, told: &mut String, awaited: &mut HashSet<String>) -> Result<(), String> {
        const DIALOG: &str = "Page.javascriptDialogOpening";
        let session = self.session.to_owned();
        let is_own = |event: &Event| event.session == session;
        self.devtools.wait(BETWEEN, |event| is_own(event) && event.method == DIALOG)?;
        for event in self.devtools.events(is_own) {
            let text = |name: &str| event.params[name].as_str().unwrap_or_default();
            match event.method.as_str() {
                DIALOG => {
                    told.extend(text("message").chars().take(LONGEST_TOLD.saturating_sub(told.len())));
                    told.push('\n');
                }
                "Network.requestWillBeSent"
                    if AWAITED.contains(&text("type")) && awaited.len() < MOST_AWAITED =>
                {
                    awaited.insert(text("requestId").to_owned());
                }
                "Network.loadingFinished" | "Network.loadingFailed" => {
                    awaited.remove(text("requestId"));
                }
                _ => {}
            }
        }
        Ok(())
    }

    fn look(&mut self, before: &HashSet<String>, told: &str) -> Result<Shown, String> {
        let taken = self.snapshot()?;
        let mut page = snapshot::address(&taken).ok_or("a page without an address")?;
        let texts = form::texts(&taken, &page, self.official);
        let new: Vec<&str> = texts.difference(before).map(String::as_str).chain([told]).collect();
        page.set_query(None);
        page.set_fragment(None);
        let words = hex(&digest(&SHA256, says::bare(new.iter().copied()).as_bytes()).as_ref()[..8]);
        // Each by itself: what stands beside each other on a page is not one sentence.
        let says = new.into_iter().map(says::of).max_by_key(|says| *says as u8).unwrap_or_default();
        Ok(Shown { led_to: page.into(), says, words, opened_in: self.devtools.version().to_owned() })
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

fn value(takes: Takes, trial: &Trial, TrialCard { group, card }: &TrialCard) -> String {
    let (month, year) = (card.expiration_month, card.expiration_year % 100);
    let fixed = match takes {
        Takes::Card("expirationMonth") => return format!("{month:02}"),
        Takes::Card("expirationYear") => return format!("{year:02}"),
        Takes::Card("cardNumber") => card.number,
        Takes::Card("securityCode") => card.security_code,
        Takes::Card(_) => return format!("{month:02}/{year:02}"),
        Takes::Holder => group.holder(),
        Takes::Email => EMAIL,
        Takes::Document => trial.document.unwrap_or_default(),
        Takes::Phone => PHONE,
        Takes::PostalCode => POSTAL_CODE,
        Takes::Text => TEXT,
    };
    fixed.to_owned()
}
