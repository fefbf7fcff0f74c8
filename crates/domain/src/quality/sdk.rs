//! Which server library made a request: by its headers.

/// A library or plugin that is known by its product id.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Sdk {
    /// The library for Node.js.
    Node = 1,
    /// The library for Python.
    Python = 2,
    /// The library for PHP.
    Php = 3,
    /// The library for Java.
    Java = 4,
    /// The library for Go.
    Go = 5,
    /// The plugin for WooCommerce.
    WooCommerce = 6,
    /// A library that calls itself one and whose product id is not known.
    Other = 7,
}

/// What each is known by: its product id, and how its `User-Agent` begins.
const KNOWN: [(Sdk, &str, &str); 7] = [
    (Sdk::Node, "bc32b6ntrpp001u8nhkg", "mercadopago node.js sdk"),
    (Sdk::Python, "bc32bpftrpp001u8nhlg", "mercadopago python sdk"),
    (Sdk::Php, "bc32a7ru643001oi3940", "mercadopago dx-php sdk"),
    (Sdk::Java, "bc32a7vtrpp001u8nhj0", "mercadopago java sdk"),
    (Sdk::Go, "cnitr48hsrv0crpt3ni0", "mercadopago go sdk"),
    (Sdk::WooCommerce, "bt7of5feoo6g01njk3qg", "woocommerce"),
    (Sdk::WooCommerce, "bt7ofh09qs3001k5a0h0", "woocommerce"),
];

impl Sdk {
    /// The library behind these headers, if they are one's.
    pub fn of(product_id: Option<&str>, user_agent: Option<&str>, tracking_id: Option<&str>) -> Option<Sdk> {
        let by_id =
            product_id.and_then(|id| KNOWN.iter().find(|(_, known, _)| known.eq_ignore_ascii_case(id)));
        let begins = |agent: &str, known: &str| {
            agent.get(..known.len()).is_some_and(|start| start.eq_ignore_ascii_case(known))
        };
        let by_agent = || user_agent.and_then(|agent| KNOWN.iter().find(|(.., known)| begins(agent, known)));
        // `platform:v18|v18.17.0,type:SDK2.0.9,so;`
        let by_tracking = || tracking_id.is_some_and(|tracking| tracking.contains("type:SDK"));
        by_id.or_else(by_agent).map(|(sdk, ..)| *sdk).or_else(|| by_tracking().then_some(Sdk::Other))
    }

    /// Its name.
    pub const fn name(self) -> &'static str {
        match self {
            Sdk::Node => "Node.js SDK",
            Sdk::Python => "Python SDK",
            Sdk::Php => "PHP SDK",
            Sdk::Java => "Java SDK",
            Sdk::Go => "Go SDK",
            Sdk::WooCommerce => "WooCommerce plugin",
            Sdk::Other => "SDK",
        }
    }

    /// The library with this number.
    pub(super) const fn from_number(number: u32) -> Option<Sdk> {
        Some(match number {
            1 => Sdk::Node,
            2 => Sdk::Python,
            3 => Sdk::Php,
            4 => Sdk::Java,
            5 => Sdk::Go,
            6 => Sdk::WooCommerce,
            7 => Sdk::Other,
            _ => return None,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_library_is_known_by_any_of_its_headers() {
        assert_eq!(Sdk::of(Some("BC32B6NTRPP001U8NHKG"), None, None), Some(Sdk::Node));
        assert_eq!(Sdk::of(None, Some("MercadoPago DX-PHP SDK/3.0.0"), None), Some(Sdk::Php));
        assert_eq!(
            Sdk::of(Some("unknown"), Some("curl/8"), Some("platform:3.12,type:SDK2.2.3,so;")),
            Some(Sdk::Other)
        );
    }

    #[test]
    fn other_clients_are_not_taken_for_one() {
        assert_eq!(Sdk::of(None, Some("curl/8.5.0"), None), None);
        assert_eq!(Sdk::of(Some("bc32b6ntrpp001u8nhk"), Some("é"), Some("order-17")), None);
        assert_eq!(Sdk::of(None, None, None), None);
    }
}
