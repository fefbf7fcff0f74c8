//! The doors through which programs come in: plain HTTP, TLS, and the forward proxy.
//!
//! Official SDKs, plugins and pages have their hosts built in. *Zero-change mode* answers under those very hosts: a local
//! certificate [`Authority`] that the user trusts once, a TLS door that shows its certificate, and either an entry in the
//! hosts file or the proxy to lead the program there.
//!
//! Start at `listener.rs`: how a connection is served, and what bounds it. `doorkeeper.rs` counts what all doors share.

pub mod authority;
pub mod certificate;
pub mod doorkeeper;
pub mod instructions;
pub mod listener;
mod progress;
pub mod proxy;

pub use authority::{Authority, AuthorityError, HOSTS, is_impersonated};
pub use certificate::{Certificate, CertificateError, roots, serve_certified};
pub use doorkeeper::{Doorkeeper, Limits};
pub use instructions::{environment_lines, hosts_lines};
pub use listener::{ClientConnection, serve_plain, serve_tls};
pub use proxy::serve_proxy;
pub use rustls::pki_types::CertificateDer;
