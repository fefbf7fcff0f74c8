//! What a server says when it is ready.

use pasarela_domain::identity::Mode;
use pasarela_engine::seeds;
use pasarela_server::tls;
use serde_json::json;
use std::net::SocketAddr;
use std::path::PathBuf;

/// Where the server can be reached, as it was really bound.
pub struct Ready {
    /// Plain HTTP.
    pub http: SocketAddr,
    /// The same, as pages and links name it.
    pub named: SocketAddr,
    /// HTTPS, if it was asked for.
    pub https: Option<Https>,
    /// The forward proxy, if it was asked for.
    pub proxy: Option<SocketAddr>,
    /// The certificate of the local authority, with HTTPS or the proxy.
    pub authority_certificate: Option<PathBuf>,
    /// Where things are kept; `None` keeps nothing.
    pub data: Option<String>,
    /// Where the demo shop is, if there is one.
    pub demo: Option<String>,
}

/// The HTTPS listener.
#[derive(Clone, Debug)]
pub struct Https {
    /// Where it is bound.
    pub address: SocketAddr,
    /// Why it isn't 443, the port to which unmodified programs connect.
    pub note: Option<String>,
}

impl Ready {
    /// One line of JSON for programs that wait for it.
    pub fn json(&self) -> String {
        json!({
            "http": format!("http://{}", self.http),
            "url": format!("http://{}", self.named),
            "https": self.https.as_ref().map(|https| format!("https://{}", https.address)),
            "proxy": self.proxy.map(|proxy| format!("http://{proxy}")),
            "demo": self.demo,
            "ca": self.authority_certificate.as_ref().map(|path| path.display().to_string()),
        })
        .to_string()
    }

    /// The text for people: what to configure, and a payment to try at once.
    pub fn for_people(&self) -> String {
        let base = format!("http://{}", self.named);
        let seller = seeds::sellers()[0].credentials(Mode::Test);
        let (public_key, access_token) = (&seller.public_key, &seller.access_token);
        let kept = match &self.data {
            Some(data) => format!("Everything is kept in {data}."),
            None => "Nothing is kept after it stops.".to_owned(),
        };
        let demo = match &self.demo {
            Some(url) => format!("\nA shop to click through, with its code beside each page: {url}"),
            None => String::new(),
        };
        let mut text = format!(
            r#"Pasarela is ready: {base}{demo}
{kept} The API's description: {base}/docs

Test credentials of the Brazilian seller (`pasarela credentials` prints all sites, test and live):
  public key     {public_key}
  access token   {access_token}

Take a card payment:
  TOKEN=$(curl -s '{base}/v1/card_tokens?public_key={public_key}' \
    -d '{{"card_number":"5031433215406351","security_code":"123","expiration_month":11,"expiration_year":2030,
         "cardholder":{{"name":"APRO","identification":{{"type":"CPF","number":"12345678909"}}}}}}' \
    | grep -o '"id":"[^"]*"' | head -n 1 | cut -d '"' -f 4)
  curl -s {base}/v1/payments -H 'Authorization: Bearer {access_token}' \
    -H "X-Idempotency-Key: $TOKEN" -H 'Content-Type: application/json' \
    -d '{{"transaction_amount":100,"token":"'$TOKEN'","installments":1,"payer":{{"email":"buyer@testuser.com"}}}}'

A Pix, and the buyer who pays it:
  curl -s {base}/v1/payments -H 'Authorization: Bearer {access_token}' \
    -H "X-Idempotency-Key: pix-$(date +%s)" -H 'Content-Type: application/json' \
    -d '{{"transaction_amount":100,"payment_method_id":"pix","payer":{{"email":"buyer@testuser.com"}}}}'
  pasarela sandbox pay PAYMENT_ID{server}
"#,
            server = if self.http.port() == 8080 { String::new() } else { format!(" --server {base}") },
        );
        text.push_str(&self.redirection());
        text.push_str("\nStop it with Ctrl-C.\n");
        text
    }
}

impl Ready {
    /// How unmodified programs are led here, with HTTPS or the proxy.
    fn redirection(&self) -> String {
        let mut text = String::new();
        if let Some(https) = &self.https {
            text.push_str(&format!(
                "\nHTTPS: https://{}\nUnmodified programs find it with these lines in the hosts file:\n{}",
                reachable(https.address),
                tls::hosts_lines(https.address)
            ));
            if let Some(note) = &https.note {
                text.push_str(&format!("{note}\n"));
            }
        }
        if let Some(proxy) = self.proxy {
            text.push_str(&format!(
                "\nPrograms that honour a proxy need no hosts file:\nHTTPS_PROXY=http://{}\n",
                reachable(proxy)
            ));
        }
        if let Some(certificate) = &self.authority_certificate {
            let lines = tls::environment_lines(certificate);
            text.push_str(&format!("\nThey trust it with the line of their platform:\n{lines}"));
        }
        text
    }
}

/// An address that a program on this machine can connect to: `0.0.0.0` and `::` mean every address, not one.
pub fn reachable(mut address: SocketAddr) -> SocketAddr {
    if address.ip().is_unspecified() {
        address.set_ip(match address {
            SocketAddr::V4(_) => std::net::Ipv4Addr::LOCALHOST.into(),
            SocketAddr::V6(_) => std::net::Ipv6Addr::LOCALHOST.into(),
        });
    }
    address
}
