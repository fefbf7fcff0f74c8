//! Any text as a `notification_url`: what is let through leads to a public address or to a name that is still to be
//! resolved.
#![no_main]

use libfuzzer_sys::fuzz_target;
use pasarela_engine::notifications::address_guard::{Reach, is_public, target};
use std::net::IpAddr;
use url::{Host, Url};

fuzz_target!(|text: &str| {
    let Ok(url) = Url::parse(text) else { return };
    if let Ok(target) = target(&url, Reach::Public) {
        match target.host {
            Host::Ipv4(address) => assert!(is_public(IpAddr::V4(address))),
            Host::Ipv6(address) => assert!(is_public(IpAddr::V6(address))),
            Host::Domain(name) => assert!(name.parse::<IpAddr>().is_err(), "an address passed as a name"),
        }
    }
});
