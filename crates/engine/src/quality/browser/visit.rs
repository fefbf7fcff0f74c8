//! One page: opened, waited for, looked at, closed.

use super::super::page_reader::{Official, Reader};
use super::devtools::{Devtools, ENDED, Event, TOO_LONG};
use super::refusal::{Buyer, Trial, TrialCard};
use super::{Seen, Unseen, Wanted, form, sizes, snapshot};
use pasarela_domain::quality::page::PageFacts;
use serde_json::{Value, json};
use std::collections::HashMap;
use std::time::{Duration, Instant};
use url::Url;

/// How long a page may take until nothing more is loaded.
const LOAD_TIME: Duration = Duration::from_secs(7);
/// How long a page may take afterwards to draw what it loaded.
const DRAW_TIME: Duration = Duration::from_millis(700);
/// How long a page may take in all, a refused payment apart.
const PAGE_TIME: Duration = Duration::from_secs(12);
/// How long a page with nothing in it may take to answer.
const EMPTY_TIME: Duration = Duration::from_secs(3);
/// How many scripts are looked at, and how much of them together.
const MOST_SCRIPTS: usize = 60;
const MOST_TEXT: u64 = 8 * 1024 * 1024;
/// How many of the library's functions are looked at.
const MOST_FUNCTIONS: usize = 40;
/// What the library is called in a page: today's, and its first version.
const GLOBALS: [&str; 2] = ["MercadoPago", "Mercadopago"];
/// Without one of these it is somebody else's thing of the same name.
const OF_LIBRARY: [&str; 3] = ["createCardToken", "createToken", "bricks"];

/// A script that ran.
struct Script {
    id: String,
    url: Option<Url>,
    length: u64,
}

/// Opens pages, one after the other.
pub(super) struct Visitor<'v> {
    devtools: &'v mut Devtools,
    official: &'v Official,
    /// The only way into the network: a port of this machine.
    door: u16,
}

impl<'v> Visitor<'v> {
    pub(super) const fn new(devtools: &'v mut Devtools, official: &'v Official, door: u16) -> Visitor<'v> {
        Visitor { devtools, official, door }
    }

    /// What follows has to be done until `limit`.
    pub(super) const fn limit(&mut self, limit: Instant) {
        self.devtools.limit(limit);
    }

    /// What the browser shows of the page, or why it does not; with a trial, its first card is typed.
    pub(super) fn visit(&mut self, wanted: &Wanted) -> Result<Seen, Unseen> {
        let card = wanted.trial.as_deref().and_then(|trial| Some((trial, trial.cards.first()?)));
        self.visit_as(&json!({}), wanted, card)
    }

    /// Types the further cards of the page's trial, each as another buyer, of whom the shop knows nothing; as long as there is time
    /// for one that takes as long as the slowest so far. One that takes longer still is not seen, and left for another time.
    pub(super) fn visit_again(&mut self, wanted: &Wanted, seen: &mut Seen) {
        let (Some(trial), [Ok(_)]) = (wanted.trial.as_deref(), seen.refusals.as_slice()) else { return };
        let mut longest = seen.took;
        for card in &trial.cards[1..] {
            if self.devtools.left() < longest {
                return;
            }
            let again = self.another_buyer(wanted, trial, card);
            let paid = match again {
                Ok(mut again) => {
                    longest = longest.max(again.took);
                    again.refusals.pop().unwrap_or_else(|| Err(TOO_LONG.to_owned()))
                }
                Err(Unseen::Fault(fault)) => Err(fault),
                Err(Unseen::Hangs) => return,
            };
            match paid {
                // That is the browser's fault and not the page's.
                Err(fault) if fault == TOO_LONG || fault == ENDED => return,
                paid => seen.refusals.push(paid),
            }
        }
    }

    fn another_buyer(&mut self, wanted: &Wanted, trial: &Trial, card: &TrialCard) -> Result<Seen, Unseen> {
        let door = format!("http://127.0.0.1:{}", self.door);
        // Said again: what a browser is started with is not everybody's in it.
        let asked = json!({"disposeOnDetach": true, "proxyServer": door, "proxyBypassList": "<-loopback>"});
        let context = self.devtools.call("", "Target.createBrowserContext", asked).map_err(Unseen::Fault)?;
        let seen = self.visit_as(&context, wanted, Some((trial, card)));
        let context = json!({"browserContextId": context["browserContextId"]});
        let _ = self.devtools.call("", "Target.disposeBrowserContext", context);
        seen
    }

    fn visit_as(
        &mut self,
        context: &Value,
        wanted: &Wanted,
        card: Option<(&Trial, &TrialCard)>,
    ) -> Result<Seen, Unseen> {
        let began = Instant::now();
        let (target, session) = new_target(self.devtools, context).map_err(Unseen::Fault)?;
        let limit = self.devtools.limit_within(PAGE_TIME);
        let (official, keys) = (self.official, Vec::new());
        let mut visit = Visit { devtools: self.devtools, session: session.clone(), official, keys };
        let looked = visit.look(wanted);
        let keys = visit.keys;
        self.devtools.limit(limit);
        let seen = match looked {
            Ok(mut facts) => {
                let refusals = card.map(|(trial, card)| {
                    let devtools = &mut *self.devtools;
                    let mut buyer = Buyer { devtools, session: &session, official, keys, financing: None };
                    let paid = buyer.pay(trial, card);
                    if let Some(shown) = buyer.financing {
                        facts.financing = facts.financing.with_card(shown);
                    }
                    paid
                });
                Ok(Seen { facts, refusals: refusals.into_iter().collect(), took: began.elapsed() })
            }
            Err(fault) if fault == TOO_LONG && self.is_well() => Err(Unseen::Hangs),
            Err(fault) => Err(Unseen::Fault(fault)),
        };
        // The next page gets another one. If this fails, so does the next call.
        let _ = self.devtools.call("", "Target.closeTarget", json!({"targetId": &target}));
        seen
    }

    /// Whether the browser, and the machine under it, are quick enough for a page with nothing in it: made anew, because one
    /// that was there before may be in the other page's process.
    fn is_well(&mut self) -> bool {
        let limit = self.devtools.limit_within(EMPTY_TIME);
        let answered = new_target(self.devtools, &json!({})).and_then(|(target, session)| {
            self.devtools.call(&session, "Runtime.evaluate", json!({"expression": "1"}))?;
            self.devtools.call("", "Target.closeTarget", json!({"targetId": target}))
        });
        self.devtools.limit(limit);
        answered.is_ok()
    }
}

/// An empty page, in a `context` of its own or in the browser's, and the session in which it is spoken to.
fn new_target(devtools: &mut Devtools, context: &Value) -> Result<(Value, String), String> {
    let mut asked = json!({"url": "about:blank"});
    if let Some(id) = context["browserContextId"].as_str() {
        asked["browserContextId"] = json!(id);
    }
    let target = devtools.call("", "Target.createTarget", asked)?;
    let target = target["targetId"].clone();
    let attached =
        devtools.call("", "Target.attachToTarget", json!({"targetId": &target, "flatten": true}))?;
    Ok((target, attached["sessionId"].as_str().unwrap_or_default().to_owned()))
}

struct Visit<'a> {
    devtools: &'a mut Devtools,
    session: String,
    official: &'a Official,
    /// Public keys that the page's scripts have, or used.
    keys: Vec<String>,
}

impl Visit<'_> {
    fn call(&mut self, method: &str, params: Value) -> Result<Value, String> {
        self.devtools.call(&self.session, method, params)
    }

    fn look(&mut self, wanted: &Wanted) -> Result<PageFacts, String> {
        self.prepare(wanted.with_scripts)?;
        let begun = self.call("Page.navigate", json!({"url": wanted.url.as_str()}))?;
        if let Some(fault) = begun["errorText"].as_str().filter(|fault| !fault.is_empty()) {
            return Err(fault.to_owned());
        }
        let frame = begun["frameId"].clone();
        let session = self.session.clone();
        let is_quiet = |event: &Event| {
            event.session == session
                && event.method == "Page.lifecycleEvent"
                && event.params["name"] == "networkIdle"
                && event.params["frameId"] == frame
                && event.params["loaderId"] == begun["loaderId"]
        };
        self.devtools.wait(LOAD_TIME, is_quiet)?;
        self.devtools.wait(DRAW_TIME, |_| false)?;
        let styles = json!({"computedStyles": snapshot::STYLES});
        let taken = self.call("DOMSnapshot.captureSnapshot", styles)?;
        let (status, scripts) = self.loaded(&frame);
        let page = snapshot::address(&taken).ok_or("a page without an address")?;
        let mut reader = Reader::new(page.clone(), self.official);
        let drawn = snapshot::read(&taken, &page, self.official, &mut reader);
        if wanted.with_scripts {
            self.scripts(&scripts, &page, &mut reader)?;
            self.library(&scripts, &page, &mut reader)?;
        }
        let (mut facts, _) = reader.finish();
        sizes::compare(&drawn, &mut facts.financing);
        facts.status = status;
        facts.opened_in = Some(self.devtools.version().to_owned());
        Ok(facts)
    }

    fn prepare(&mut self, with_scripts: bool) -> Result<(), String> {
        self.call("Page.enable", json!({}))?;
        self.call("Page.setLifecycleEventsEnabled", json!({"enabled": true}))?;
        self.call("Network.enable", json!({"maxTotalBufferSize": 0, "maxResourceBufferSize": 0}))?;
        self.call("Network.setBypassServiceWorker", json!({"bypass": true}))?;
        let user_agent = json!({"userAgent": self.devtools.user_agent()});
        self.call("Network.setUserAgentOverride", user_agent)?;
        self.call("DOMSnapshot.enable", json!({}))?;
        if with_scripts {
            self.call("Debugger.enable", json!({}))?;
            self.call("Debugger.setSkipAllPauses", json!({"skip": true}))?;
        }
        Ok(())
    }

    /// The page's status, and the scripts that ran in it.
    fn loaded(&mut self, frame: &Value) -> (u16, Vec<Script>) {
        let (mut status, mut scripts) = (0, Vec::new());
        let session = self.session.clone();
        for event in self.devtools.events(|event| event.session == session) {
            let params = &event.params;
            match event.method.as_str() {
                "Network.responseReceived" if params["type"] == "Document" && params["frameId"] == *frame => {
                    let said = params["response"]["status"].as_u64().unwrap_or_default();
                    status = u16::try_from(said).unwrap_or_default();
                }
                // The library says its key with each of its calls.
                "Network.requestWillBeSent" => {
                    let url = params["request"]["url"].as_str().unwrap_or_default();
                    if Url::parse(url).is_ok_and(|url| self.official.is_home(&url)) {
                        form::keys_in(url, &mut self.keys);
                    }
                }
                "Debugger.scriptParsed" => scripts.push(Script {
                    id: params["scriptId"].as_str().unwrap_or_default().to_owned(),
                    url: params["url"].as_str().and_then(|url| Url::parse(url).ok()),
                    length: params["length"].as_u64().unwrap_or_default(),
                }),
                _ => {}
            }
        }
        (status, scripts)
    }

    /// Reads what ran, wherever it came from: elements of the page, modules, what other scripts fetched.
    fn scripts(&mut self, scripts: &[Script], page: &Url, reader: &mut Reader<'_>) -> Result<(), String> {
        let mut left = MOST_TEXT;
        for script in scripts.iter().take(MOST_SCRIPTS) {
            // What stands in the page's own text was read with it.
            let Some(from) = script.url.as_ref().filter(|url| *url != page) else { continue };
            if self.official.is_library(from) {
                reader.script(from.clone());
            } else if !self.official.is_home(from) && script.length <= left {
                left -= script.length;
                let source = self.call("Debugger.getScriptSource", json!({"scriptId": script.id}))?;
                let source = source["scriptSource"].as_str().unwrap_or_default();
                form::keys_in(source, &mut self.keys);
                reader.script_text(source, Some(from));
            }
        }
        Ok(())
    }

    /// Whose the library in the page is: the platform's, or a copy; and whether it was changed.
    fn library(&mut self, scripts: &[Script], page: &Url, reader: &mut Reader<'_>) -> Result<(), String> {
        let by_id: HashMap<&str, &Script> =
            scripts.iter().map(|script| (script.id.as_str(), script)).collect();
        for global in GLOBALS {
            let asked = json!({"expression": format!("globalThis.{global}"), "silent": true, "timeout": 500});
            let found = self.call("Runtime.evaluate", asked)?;
            let Some(object) = found["result"]["objectId"].as_str() else { continue };
            let functions = self.functions(object, global)?;
            let is_library =
                functions.iter().any(|(name, _)| OF_LIBRARY.iter().any(|known| name.ends_with(known)));
            if !is_library {
                continue;
            }
            let foreign = functions.iter().find_map(|(name, script)| {
                let from = by_id.get(script.as_str())?.url.as_ref().unwrap_or(page);
                (!self.official.is_home(from)).then_some((name, from))
            });
            if let Some((name, from)) = foreign {
                reader.foreign_function(name, from);
            }
        }
        Ok(())
    }

    /// The library's functions, each with the script that it is written in, as the engine knows it: what a script says of
    /// itself is not asked.
    fn functions(&mut self, object: &str, global: &str) -> Result<Vec<(String, String)>, String> {
        let mut found = Vec::new();
        let own = self.properties(object)?;
        found.extend(location(&own).map(|script| (global.to_owned(), script)));
        let mut methods = members(&own, global);
        let prototype = own["result"].as_array().into_iter().flatten().find(|p| p["name"] == "prototype");
        if let Some(prototype) = prototype.and_then(|p| p["value"]["objectId"].as_str()) {
            let of_prototype = self.properties(prototype)?;
            methods.extend(members(&of_prototype, &format!("{global}.prototype")));
        }
        for (name, object) in methods.into_iter().take(MOST_FUNCTIONS) {
            let function = self.properties(&object)?;
            found.extend(location(&function).map(|script| (name, script)));
        }
        Ok(found)
    }

    fn properties(&mut self, object: &str) -> Result<Value, String> {
        self.call("Runtime.getProperties", json!({"objectId": object, "ownProperties": true}))
    }
}

/// The functions among the members of an object, each with its handle.
fn members(properties: &Value, of: &str) -> Vec<(String, String)> {
    let each = properties["result"].as_array().into_iter().flatten();
    each.filter(|member| member["value"]["type"] == "function" && member["name"] != "constructor")
        .filter_map(|member| {
            let object = member["value"]["objectId"].as_str()?;
            Some((format!("{of}.{}", member["name"].as_str()?), object.to_owned()))
        })
        .collect()
}

/// The script that a function is written in.
fn location(function: &Value) -> Option<String> {
    let inner = function["internalProperties"].as_array()?;
    let place = inner.iter().find(|property| property["name"] == "[[FunctionLocation]]")?;
    Some(place["value"]["value"]["scriptId"].as_str()?.to_owned())
}
