//! The forward proxy, for programs that honour `HTTPS_PROXY`: it answers for [`HOSTS`](crate::tls::HOSTS) itself and
//! leads nowhere else, so that it cannot be used to reach what its user can reach.
//!
//! `CONNECT host:443` is followed by TLS with our certificate inside the tunnel; `GET http://host/…` is answered at once.

use crate::tls::authority::{Authority, is_impersonated};
use crate::tls::doorkeeper::Doorkeeper;
use crate::tls::listener::{Door, Visitor, accept, drive, prepared, protocol, serve_encrypted};
use crate::tls::progress::{Progress, Watched};
use axum::Router;
use axum::body::Body;
use axum::http::header::{CONTENT_TYPE, HOST, HeaderName, HeaderValue, PROXY_AUTHORIZATION};
use axum::http::uri::{PathAndQuery, Scheme};
use axum::http::{Method, Request, Response, StatusCode, Uri};
use hyper::body::Incoming;
use hyper::server::conn::http1::UpgradeableConnection;
use hyper::service::Service;
use hyper::upgrade::OnUpgrade;
use hyper_util::rt::TokioIo;
use std::convert::Infallible;
use std::pin::{Pin, pin};
use std::sync::{Arc, Mutex, PoisonError};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;

const PROXY_CONNECTION: HeaderName = HeaderName::from_static("proxy-connection");

/// Serves `router` as a forward proxy for the built-in hosts until `shutdown` resolves and what is in work then is
/// done. Every other host is refused with 403.
pub async fn serve_proxy(
    listener: TcpListener,
    authority: Arc<Authority>,
    router: Router,
    keeper: Doorkeeper,
    shutdown: impl Future<Output = ()>,
) {
    let router = prepared(router);
    let acceptor = TlsAcceptor::from(authority.server_config());
    accept(listener, keeper, shutdown, |stream, visitor| {
        serve_client(stream, visitor, acceptor.clone(), router.clone())
    })
    .await;
}

/// Serves one client of the proxy, and the tunnel that it may ask for, in one task: a tunnel is a connection like any
/// other, and counts as one.
async fn serve_client(stream: TcpStream, visitor: Visitor, acceptor: TlsAcceptor, router: Router) {
    let address = visitor.client.address;
    let progress = Arc::new(Progress::default());
    let tunnel = Tunnel::default();
    let desk = Desk {
        door: Door::new(router.clone(), &visitor, Arc::clone(&progress)),
        tunnel: Arc::clone(&tunnel),
    };
    {
        let stream = Watched::new(stream, Arc::clone(&progress));
        let mut connection = pin!(protocol().serve_connection(TokioIo::new(stream), desk).with_upgrades());
        let finish = |connection: Pin<&mut UpgradeableConnection<_, _>>| connection.graceful_shutdown();
        drive(connection.as_mut(), finish, &progress, &visitor).await;
    }
    let asked_for: Option<OnUpgrade> = tunnel.lock().unwrap_or_else(PoisonError::into_inner).take();
    let Some(upgrade) = asked_for else { return };
    match upgrade.await {
        Ok(stream) => serve_encrypted(TokioIo::new(stream), visitor, acceptor, router).await,
        Err(error) => {
            tracing::debug!(%address, %error, "a client of the proxy left before its tunnel was ready")
        }
    }
}

/// Where a `CONNECT` that was granted waits for its connection.
type Tunnel = Arc<Mutex<Option<OnUpgrade>>>;

/// Where a client of the proxy says what it wants.
struct Desk {
    door: Door,
    tunnel: Tunnel,
}

impl Service<Request<Incoming>> for Desk {
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Response<Body>, Infallible>> + Send>>;

    fn call(&self, request: Request<Incoming>) -> Self::Future {
        let mut request = match self.door.admit(request) {
            Ok(request) => request,
            Err(serving) => return Box::pin(*serving),
        };
        match Wish::of(request.method(), request.uri()) {
            Wish::Tunnel => {
                let upgrade = hyper::upgrade::on(&mut request);
                *self.tunnel.lock().unwrap_or_else(PoisonError::into_inner) = Some(upgrade);
                Box::pin(std::future::ready(Ok(Response::default())))
            }
            Wish::Answer(path, host) => {
                *request.uri_mut() = Uri::from(path);
                let fields = request.headers_mut();
                // The target is right whatever `Host` says (RFC 9112 §3.2.2), and what was meant for the proxy ends here.
                fields.insert(HOST, host);
                fields.remove(PROXY_AUTHORIZATION);
                fields.remove(PROXY_CONNECTION);
                Box::pin(self.door.call(request))
            }
            Wish::Refused(status, reason) => Box::pin(self.door.answer(refusal(status, reason))),
        }
    }
}

/// What a client of the proxy may be granted.
#[derive(Debug, PartialEq)]
enum Wish {
    /// TLS to one of the built-in hosts.
    Tunnel,
    /// Plain HTTP to one of them: the path, and the host for the router.
    Answer(PathAndQuery, HeaderValue),
    /// Anything else.
    Refused(StatusCode, &'static str),
}

const OTHER_HOST: &str = "This proxy leads to the hosts of Mercado Pago that Pasarela answers for, and to no other. \
    Name the other hosts in NO_PROXY.\n";
const OTHER_PORT: &str = "This proxy leads to port 443 for CONNECT, and to port 80 for plain HTTP.\n";
const NO_TARGET: &str = "This is a forward proxy: set it as HTTPS_PROXY and HTTP_PROXY. The API itself is at the \
    address that the server printed when it started.\n";

impl Wish {
    fn of(method: &Method, target: &Uri) -> Wish {
        let (Some(host), Some(authority)) = (target.host(), target.authority()) else {
            return Wish::Refused(StatusCode::BAD_REQUEST, NO_TARGET);
        };
        if !is_impersonated(host) {
            return Wish::Refused(StatusCode::FORBIDDEN, OTHER_HOST);
        }
        if authority.as_str().contains('@') {
            return Wish::Refused(StatusCode::BAD_REQUEST, NO_TARGET);
        }
        if method == Method::CONNECT {
            return match target.port_u16() {
                Some(443) => Wish::Tunnel,
                _ => Wish::Refused(StatusCode::FORBIDDEN, OTHER_PORT),
            };
        }
        if target.scheme() != Some(&Scheme::HTTP) || !matches!(target.port_u16(), None | Some(80)) {
            return Wish::Refused(StatusCode::FORBIDDEN, OTHER_PORT);
        }
        let path = target.path_and_query().cloned().unwrap_or_else(|| PathAndQuery::from_static("/"));
        match HeaderValue::from_str(host) {
            Ok(host) => Wish::Answer(path, host),
            Err(_) => Wish::Refused(StatusCode::BAD_REQUEST, NO_TARGET),
        }
    }
}

fn refusal(status: StatusCode, reason: &'static str) -> Response<Body> {
    let mut response = Response::new(Body::from(reason));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wish(method: Method, target: &str) -> Wish {
        Wish::of(&method, &target.parse().expect("a request target"))
    }

    fn refused(wish: Wish) -> Option<StatusCode> {
        match wish {
            Wish::Refused(status, _) => Some(status),
            _ => None,
        }
    }

    #[test]
    fn built_in_hosts_are_granted_a_tunnel_to_their_tls_port() {
        assert_eq!(wish(Method::CONNECT, "api.mercadopago.com:443"), Wish::Tunnel);
        assert_eq!(wish(Method::CONNECT, "API.MercadoPago.com:443"), Wish::Tunnel);
    }

    #[test]
    fn nothing_else_is_granted_a_tunnel() {
        for target in [
            "example.com:443",
            "api.mercadopago.com.example.com:443",
            "evilapi.mercadopago.com:443",
            "mercadopago.com:443",
            "api.mercadopago.com:22",
            "api.mercadopago.com:80",
            "localhost:443",
            "127.0.0.1:443",
            "[::1]:443",
            "169.254.169.254:443",
        ] {
            assert_eq!(refused(wish(Method::CONNECT, target)), Some(StatusCode::FORBIDDEN), "{target}");
        }
    }

    #[test]
    fn plain_requests_to_built_in_hosts_are_answered() {
        let answer = |path: &'static str| {
            Wish::Answer(PathAndQuery::from_static(path), HeaderValue::from_static("api.mercadopago.com"))
        };
        assert_eq!(
            wish(Method::GET, "http://api.mercadopago.com/v1/payments?a=b"),
            answer("/v1/payments?a=b")
        );
        assert_eq!(wish(Method::POST, "http://api.mercadopago.com:80"), answer("/"));
    }

    #[test]
    fn plain_requests_elsewhere_are_refused() {
        let forbidden = [
            "http://example.com/",
            "http://localhost/",
            "http://api.mercadopago.com:8080/",
            "https://api.mercadopago.com/",
        ];
        for target in forbidden {
            assert_eq!(refused(wish(Method::GET, target)), Some(StatusCode::FORBIDDEN), "{target}");
        }
        for target in ["/v1/payments", "*", "http://user:word@api.mercadopago.com/"] {
            assert_eq!(refused(wish(Method::GET, target)), Some(StatusCode::BAD_REQUEST), "{target}");
        }
    }
}
