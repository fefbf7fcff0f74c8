//! The demo shop of `pasarela dev`: on an origin of its own, because a card's frames lie open to pages of theirs.

use crate::failure::Failure;
use crate::ready::reachable;
use crate::service::{bind, local_address};
use pasarela_demo::{Settings, Shop};
use pasarela_domain::identity::Mode;
use pasarela_engine::{Engine, seeds};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::Path;
use std::sync::Arc;
use tokio::net::TcpListener;

/// How many ports above the server's are tried before the system chooses one.
const NEAR: u16 = 9;

/// A shop that is about to open.
pub struct Demo {
    /// Where buyers find it.
    pub url: String,
    listeners: Vec<TcpListener>,
    shop: Shop,
}

impl Demo {
    /// Takes a port near `server`, or the one that is asked for. The orders are kept in `directory`. `named` is where browsers
    /// find the server.
    pub async fn open(
        engine: &Engine,
        (server, named): (SocketAddr, SocketAddr),
        asked: Option<SocketAddr>,
        directory: Option<&Path>,
    ) -> Result<Demo, Failure> {
        let first = match asked {
            Some(address) => bind(address, "--demo-listen").await?,
            None => near(server).await?,
        };
        let address = local_address(&first)?;
        let mut listeners = vec![first];
        // Browsers find `localhost` at both.
        if let Some(other) = other_loopback(address)
            && let Ok(listener) = TcpListener::bind(other).await
        {
            listeners.push(listener);
        }
        let seller = seeds::sellers()[0].credentials(Mode::Test);
        let buyer = &seeds::buyers()[0].account;
        let password = seeds::logins::login_of(buyer.id).map(|login| login.password.clone());
        let url = format!("http://{}:{}", host(address, named), address.port());
        let (engine, id) = (engine.clone(), seller.application_id);
        let shop = Shop::open(Settings {
            platform_url: format!("http://{named}"),
            url: url.clone(),
            inner_url: format!("http://{}", reachable(address)),
            public_key: seller.public_key,
            access_token: seller.access_token,
            webhook_secret: Arc::new(move || {
                let engine = engine.clone();
                Box::pin(async move { engine.current_webhook_secret(id, Mode::Test).await })
            }),
            buyer: (buyer.email.clone(), password.unwrap_or_default()),
            orders_file: directory.map(|directory| directory.join("demo").join("orders.json")),
        });
        let shop = shop.map_err(|error| {
            Failure::new(
                format!("the demo shop's orders can't be read: {error}"),
                "Move the file demo/orders.json of the data directory away, or start with --no-demo.",
            )
        })?;
        Ok(Demo { url, listeners, shop })
    }

    /// The shop's doors, which close when `closed` resolves.
    pub fn doors<C: Future<Output = ()> + Send + 'static>(
        self,
        closed: impl Fn() -> C,
    ) -> Vec<impl Future<Output = ()> + Send + 'static> {
        let shop = self.shop;
        self.listeners.into_iter().map(|listener| shop.clone().serve(listener, closed())).collect()
    }
}

async fn near(server: SocketAddr) -> Result<TcpListener, Failure> {
    for port in (1..=NEAR).filter_map(|step| server.port().checked_add(step)) {
        if let Ok(listener) = TcpListener::bind(SocketAddr::new(server.ip(), port)).await {
            return Ok(listener);
        }
    }
    bind(SocketAddr::new(server.ip(), 0), "--demo-listen").await
}

/// `localhost` on this machine, so that the shop's cookies and the platform's are apart, too: cookies know no ports.
fn host(address: SocketAddr, named: SocketAddr) -> String {
    let ip = if address.ip().is_unspecified() { named.ip() } else { address.ip() };
    match ip {
        ip if ip.is_loopback() => "localhost".to_owned(),
        IpAddr::V4(ip) => ip.to_string(),
        IpAddr::V6(ip) => format!("[{ip}]"),
    }
}

fn other_loopback(address: SocketAddr) -> Option<SocketAddr> {
    let other: IpAddr = match address.ip() {
        IpAddr::V4(Ipv4Addr::LOCALHOST) => Ipv6Addr::LOCALHOST.into(),
        IpAddr::V6(Ipv6Addr::LOCALHOST) => Ipv4Addr::LOCALHOST.into(),
        _ => return None,
    };
    Some(SocketAddr::new(other, address.port()))
}
