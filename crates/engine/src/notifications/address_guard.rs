//! Which addresses a notification may be sent to.
//!
//! The URL comes from outside. Without this guard it could make the server speak to itself, to its neighbours or to
//! its host's metadata service (server-side request forgery). A name is resolved once, every address that it has is
//! checked, and the connection goes to a checked address: a name that answers differently the second time (DNS
//! rebinding) gains nothing.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use url::{Host, Url};

/// How many of a name's addresses are tried at most. Two families with two each cover every ordinary host.
const MOST_ADDRESSES: usize = 4;

/// Ports below this one belong to the system's services (mail, shells, …): of those only HTTP's own are called.
const FIRST_USER_PORT: u16 = 1024;

/// How far notifications may reach.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reach {
    /// Addresses of the public internet alone.
    Public,
    /// Every address: the integrator's own machine, in development.
    Anywhere,
}

/// Why a URL or its address is not called.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AddressRefusal {
    /// It isn't a URL with a host.
    #[error("not a URL with a host")]
    NotAUrl,
    /// Neither http nor https.
    #[error("only http and https are called")]
    Scheme,
    /// `user:password@` in the URL.
    #[error("the URL carries credentials")]
    Credentials,
    /// A port that no web server uses.
    #[error("port not allowed")]
    Port,
    /// At least one of its addresses is not on the public internet.
    #[error("address not allowed")]
    NotPublic,
    /// The name has no address.
    #[error("name not found")]
    NameNotFound,
}

/// Where a URL leads, as far as it can be told without resolving its name.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Target {
    /// The host: a name or an address.
    pub host: Host<String>,
    /// The port, explicit or the scheme's.
    pub port: u16,
    /// Whether the scheme is https.
    pub tls: bool,
}

/// Reads where `url` leads, and refuses what is never called. A host that is a literal address is checked here.
///
/// # Errors
/// [`AddressRefusal`], all but `NameNotFound`.
pub fn target(url: &Url, reach: Reach) -> Result<Target, AddressRefusal> {
    let tls = match url.scheme() {
        "http" => false,
        "https" => true,
        _ => return Err(AddressRefusal::Scheme),
    };
    if !url.username().is_empty() || url.password().is_some() {
        return Err(AddressRefusal::Credentials);
    }
    let host = url.host().ok_or(AddressRefusal::NotAUrl)?.to_owned();
    let port = url.port_or_known_default().ok_or(AddressRefusal::Port)?;
    if !port_is_allowed(port, reach) {
        return Err(AddressRefusal::Port);
    }
    match host {
        Host::Ipv4(address) => check(IpAddr::V4(address), reach)?,
        Host::Ipv6(address) => check(IpAddr::V6(address), reach)?,
        Host::Domain(_) => {}
    }
    Ok(Target { host, port, tls })
}

/// The checked addresses to connect to, in the resolver's order.
///
/// # Errors
/// [`AddressRefusal::NameNotFound`] when there are none, [`AddressRefusal::NotPublic`] when one of them may not be
/// called: a name that has both kinds is not an honest one.
pub async fn resolve(target: &Target, reach: Reach) -> Result<Vec<SocketAddr>, AddressRefusal> {
    let addresses: Vec<SocketAddr> = match &target.host {
        Host::Ipv4(address) => vec![SocketAddr::new(IpAddr::V4(*address), target.port)],
        Host::Ipv6(address) => vec![SocketAddr::new(IpAddr::V6(*address), target.port)],
        Host::Domain(name) => tokio::net::lookup_host((name.as_str(), target.port))
            .await
            .map_err(|_| AddressRefusal::NameNotFound)?
            .collect(),
    };
    for address in &addresses {
        check(address.ip(), reach)?;
    }
    if addresses.is_empty() {
        return Err(AddressRefusal::NameNotFound);
    }
    Ok(addresses.into_iter().take(MOST_ADDRESSES).collect())
}

fn port_is_allowed(port: u16, reach: Reach) -> bool {
    match reach {
        Reach::Public => matches!(port, 80 | 443) || port >= FIRST_USER_PORT,
        Reach::Anywhere => port != 0,
    }
}

fn check(address: IpAddr, reach: Reach) -> Result<(), AddressRefusal> {
    if reach == Reach::Anywhere || is_public(address) { Ok(()) } else { Err(AddressRefusal::NotPublic) }
}

/// Whether `address` is on the public internet, by the IANA special-purpose address registries.
pub fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => is_public_v4(address),
        IpAddr::V6(address) => is_public_v6(address),
    }
}

/// Ranges of IPv4 that are not the public internet, as (network, prefix length).
const NOT_PUBLIC_V4: [(Ipv4Addr, u32); 16] = [
    (Ipv4Addr::new(0, 0, 0, 0), 8),        // this network
    (Ipv4Addr::new(10, 0, 0, 0), 8),       // private
    (Ipv4Addr::new(100, 64, 0, 0), 10),    // carrier-grade NAT, and a cloud's metadata in it
    (Ipv4Addr::new(127, 0, 0, 0), 8),      // loopback
    (Ipv4Addr::new(168, 63, 129, 16), 32), // a cloud's host agent and metadata, in public space
    (Ipv4Addr::new(169, 254, 0, 0), 16),   // link-local, and most clouds' metadata
    (Ipv4Addr::new(172, 16, 0, 0), 12),    // private
    (Ipv4Addr::new(192, 0, 0, 0), 24),     // protocol assignments, and a cloud's metadata
    (Ipv4Addr::new(192, 0, 2, 0), 24),     // documentation
    (Ipv4Addr::new(192, 88, 99, 0), 24),   // 6to4 relays
    (Ipv4Addr::new(192, 168, 0, 0), 16),   // private
    (Ipv4Addr::new(198, 18, 0, 0), 15),    // benchmarks
    (Ipv4Addr::new(198, 51, 100, 0), 24),  // documentation
    (Ipv4Addr::new(203, 0, 113, 0), 24),   // documentation
    (Ipv4Addr::new(224, 0, 0, 0), 4),      // multicast
    (Ipv4Addr::new(240, 0, 0, 0), 4),      // reserved, and broadcast
];

fn is_public_v4(address: Ipv4Addr) -> bool {
    let bits = address.to_bits();
    !NOT_PUBLIC_V4.iter().any(|(network, length)| {
        let mask = u32::MAX << (32 - length);
        bits & mask == network.to_bits()
    })
}

/// Ranges inside global unicast (2000::/3) that are not the public internet, as (network, prefix length).
const NOT_PUBLIC_V6: [(Ipv6Addr, u32); 3] = [
    (Ipv6Addr::new(0x2001, 0, 0, 0, 0, 0, 0, 0), 23), // protocol assignments, Teredo and ORCHID among them
    (Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 0), 32), // documentation
    (Ipv6Addr::new(0x3fff, 0, 0, 0, 0, 0, 0, 0), 20), // documentation
];

fn is_public_v6(address: Ipv6Addr) -> bool {
    if let Some(embedded) = embedded_v4(address) {
        return is_public_v4(embedded);
    }
    let bits = address.to_bits();
    let within = |network: Ipv6Addr, length: u32| bits & (u128::MAX << (128 - length)) == network.to_bits();
    // Everything outside 2000::/3 is unspecified, loopback, unique local, link-local, multicast or not assigned.
    within(Ipv6Addr::new(0x2000, 0, 0, 0, 0, 0, 0, 0), 3)
        && !NOT_PUBLIC_V6.iter().any(|(network, length)| within(*network, *length))
}

/// The IPv4 address that packets to `address` end up at: IPv4-mapped, NAT64 (RFC 6052) and 6to4 (RFC 3056).
fn embedded_v4(address: Ipv6Addr) -> Option<Ipv4Addr> {
    let segments = address.segments();
    let from = |high: u16, low: u16| Ipv4Addr::from_bits(u32::from(high) << 16 | u32::from(low));
    match segments {
        [0, 0, 0, 0, 0, 0xffff, high, low] | [0x64, 0xff9b, 0, 0, 0, 0, high, low] => Some(from(high, low)),
        [0x2002, high, low, ..] => Some(from(high, low)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn public(address: &str) -> bool {
        is_public(address.parse().unwrap())
    }

    fn target_of(url: &str, reach: Reach) -> Result<Target, AddressRefusal> {
        target(&Url::parse(url).unwrap(), reach)
    }

    #[test]
    fn addresses_of_the_public_internet_are_allowed() {
        for address in [
            "1.1.1.1",
            "8.8.8.8",
            "100.63.255.255",
            "100.128.0.0",
            "172.15.255.255",
            "172.32.0.0",
            "192.167.1.1",
            "198.17.255.255",
            "223.255.255.255",
            "2606:4700::1111",
            "2800:3f0::1",
            "::ffff:8.8.8.8",
            "64:ff9b::808:808",
            "2002:808:808::1",
        ] {
            assert!(public(address), "{address}");
        }
    }

    #[test]
    fn every_address_that_is_not_of_the_public_internet_is_refused() {
        for address in [
            "0.0.0.0",
            "0.1.2.3",
            "10.0.0.1",
            "100.64.0.1",
            "100.100.100.200",
            "127.0.0.1",
            "127.255.255.254",
            "168.63.129.16",
            "169.254.169.254",
            "172.16.0.1",
            "172.31.255.255",
            "192.0.0.192",
            "192.0.2.1",
            "192.88.99.1",
            "192.168.0.1",
            "198.18.0.1",
            "198.19.255.255",
            "198.51.100.7",
            "203.0.113.7",
            "224.0.0.1",
            "239.255.255.255",
            "240.0.0.1",
            "255.255.255.255",
            "::",
            "::1",
            "::127.0.0.1",
            "::ffff:127.0.0.1",
            "::ffff:10.1.2.3",
            "::ffff:169.254.169.254",
            "64:ff9b::7f00:1",
            "64:ff9b::a9fe:a9fe",
            "64:ff9b:1::808:808",
            "100::1",
            "2001::1",
            "2001:db8::1",
            "2002:7f00:1::",
            "2002:c0a8:1::1",
            "3fff::1",
            "5f00::1",
            "fc00::1",
            "fd00:ec2::254",
            "fe80::1",
            "fec0::1",
            "ff02::1",
        ] {
            assert!(!public(address), "{address}");
        }
    }

    #[test]
    fn a_literal_address_is_seen_through_every_spelling() {
        for url in [
            "http://127.0.0.1/",
            "http://2130706433/",
            "http://0x7f000001/",
            "http://0177.0.0.1/",
            "http://127.1/",
            "http://[::1]/",
            "http://[::ffff:7f00:1]/",
            "http://１２７.0.0.1/",
        ] {
            assert_eq!(target_of(url, Reach::Public), Err(AddressRefusal::NotPublic), "{url}");
            assert!(target_of(url, Reach::Anywhere).is_ok(), "{url}");
        }
    }

    #[test]
    fn schemes_credentials_and_ports_are_checked() {
        use AddressRefusal::{Credentials, Port, Scheme};
        for reach in [Reach::Public, Reach::Anywhere] {
            assert_eq!(target_of("ftp://shop.example/", reach), Err(Scheme));
            assert_eq!(target_of("file:///etc/passwd", reach), Err(Scheme));
            assert_eq!(target_of("http://u:p@shop.example/", reach), Err(Credentials));
            assert_eq!(target_of("http://u@shop.example/", reach), Err(Credentials));
            assert_eq!(target_of("http://shop.example:0/", reach), Err(Port));
        }
        assert_eq!(target_of("http://shop.example:22/", Reach::Public), Err(Port));
        assert_eq!(target_of("http://shop.example:25/", Reach::Public), Err(Port));
        assert!(target_of("http://shop.example:22/", Reach::Anywhere).is_ok());
        for (url, port, tls) in [
            ("http://shop.example/x", 80, false),
            ("https://shop.example/x", 443, true),
            ("https://shop.example:8443/x", 8443, true),
        ] {
            let target = target_of(url, Reach::Public).unwrap();
            assert_eq!((target.port, target.tls), (port, tls));
        }
    }

    #[tokio::test]
    async fn a_name_that_leads_to_this_machine_is_refused_outside_development() {
        let target = target_of("http://localhost:8080/", Reach::Public).unwrap();
        assert_eq!(resolve(&target, Reach::Public).await, Err(AddressRefusal::NotPublic));
        let addresses = resolve(&target, Reach::Anywhere).await.unwrap();
        assert!(addresses.iter().all(|address| address.ip().is_loopback() && address.port() == 8080));
    }
}
