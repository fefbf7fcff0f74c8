//! What users have to set so that an unmodified program comes here: text to be shown and copied.

use crate::tls::authority::HOSTS;
use std::fmt::Write as _;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::Path;

/// Names on one line of a hosts file: Windows reads nine at most.
const NAMES_PER_LINE: usize = 8;

/// The lines for `/etc/hosts` (Windows: `C:\Windows\System32\drivers\etc\hosts`) that lead the built-in hosts to
/// `address`, the one on which the TLS door listens.
///
/// A hosts file names no port: programs will come to port 443. If the door is elsewhere, a line says so.
pub fn hosts_lines(address: SocketAddr) -> String {
    // A door that is open on all addresses is reached on this machine's own.
    let host = match address.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => IpAddr::V4(Ipv4Addr::LOCALHOST),
        IpAddr::V6(ip) if ip.is_unspecified() => IpAddr::V6(Ipv6Addr::LOCALHOST),
        ip => ip,
    };
    let mut lines = String::new();
    for names in HOSTS.chunks(NAMES_PER_LINE) {
        // Writing to a string does not fail.
        let _ = writeln!(lines, "{host} {}", names.join(" "));
    }
    if address.port() != 443 {
        let port = address.port();
        lines.push_str("# Programs come to port 443, which a hosts file cannot change: listen there, or ");
        let _ = writeln!(lines, "redirect it to {port}, or use the proxy.");
    }
    lines
}

/// The lines that make programs trust the authority whose certificate is at `certificate`, one per platform.
///
/// Except in Node and Java, the variable *replaces* the certificates that the program trusts, which suits a sandbox: set
/// it for that program alone.
pub fn environment_lines(certificate: &Path) -> String {
    let path = quoted(&certificate.display().to_string());
    let store = quoted(&certificate.with_file_name("pasarela.p12").display().to_string());
    let mut lines = String::new();
    for (platform, line) in [
        ("Node", format!("export NODE_EXTRA_CA_CERTS={path}")),
        ("Python", format!("export REQUESTS_CA_BUNDLE={path} SSL_CERT_FILE={path}")),
        ("PHP", format!("php -d curl.cainfo={path} -d openssl.cafile={path}   # or in php.ini")),
        ("Go", format!("export SSL_CERT_FILE={path}")),
        (
            "Java",
            format!(
                "keytool -importcert -noprompt -alias pasarela -file {path} -storetype PKCS12 -keystore {store} \
                 -storepass changeit\n            \
                 java -Djavax.net.ssl.trustStore={store} -Djavax.net.ssl.trustStorePassword=changeit …"
            ),
        ),
        (".NET", format!("export SSL_CERT_FILE={path}")),
        ("curl", format!("curl --cacert {path} …")),
    ] {
        // Writing to a string does not fail.
        let _ = writeln!(lines, "{:<12}{line}", format!("{platform}:"));
    }
    lines
}

/// `text` as one word of a POSIX shell.
fn quoted(text: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "/._-+:@%".contains(c);
    if !text.is_empty() && text.chars().all(plain) {
        return text.to_owned();
    }
    format!("'{}'", text.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hosts_lines_name_every_host_once() {
        let lines = hosts_lines("127.0.0.1:443".parse().expect("an address"));
        let names: Vec<&str> = lines
            .lines()
            .flat_map(|line| line.strip_prefix("127.0.0.1 ").expect("the address first").split(' '))
            .collect();
        assert_eq!(names, HOSTS);
        assert!(lines.lines().all(|line| line.split(' ').count() <= 10));
    }

    #[test]
    fn a_door_on_all_addresses_is_reached_on_this_machines_own() {
        let everywhere = hosts_lines("0.0.0.0:443".parse().expect("an address"));
        assert!(everywhere.starts_with("127.0.0.1 api.mercadopago.com "), "{everywhere}");
        assert!(hosts_lines("[::]:443".parse().expect("an address")).starts_with("::1 api.mercadopago.com "));
    }

    #[test]
    fn a_door_on_another_port_is_told() {
        assert!(hosts_lines("127.0.0.1:8443".parse().expect("an address")).contains("redirect it to 8443"));
    }

    #[test]
    fn every_platform_has_its_line() {
        let lines = environment_lines(Path::new("/home/ana/.pasarela/tls/ca.pem"));
        for expected in [
            "Node:       export NODE_EXTRA_CA_CERTS=/home/ana/.pasarela/tls/ca.pem\n",
            "Python:     export REQUESTS_CA_BUNDLE=/home/ana/.pasarela/tls/ca.pem SSL_CERT_FILE=",
            "PHP:        php -d curl.cainfo=/home/ana/.pasarela/tls/ca.pem -d openssl.cafile=",
            "Go:         export SSL_CERT_FILE=/home/ana/.pasarela/tls/ca.pem\n",
            "Java:       keytool -importcert -noprompt -alias pasarela -file /home/ana/.pasarela/tls/ca.pem ",
            "-Djavax.net.ssl.trustStore=/home/ana/.pasarela/tls/pasarela.p12 ",
            ".NET:       export SSL_CERT_FILE=/home/ana/.pasarela/tls/ca.pem\n",
        ] {
            assert!(lines.contains(expected), "{expected}\n{lines}");
        }
    }

    #[test]
    fn a_path_with_spaces_and_quotes_is_one_word() {
        assert_eq!(quoted("/home/ana maría/it's"), r"'/home/ana maría/it'\''s'");
        assert_eq!(quoted("/home/ana"), "/home/ana");
    }
}
