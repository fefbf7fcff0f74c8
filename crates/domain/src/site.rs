//! Sites: the seven markets, each with its currency, language, zone and rules.

use crate::money::Currency;
use serde::{Deserialize, Serialize};
use std::fmt;

/// A country's market. An account lives on exactly one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Site {
    /// Brazil, the default.
    MLB,
    /// Argentina.
    MLA,
    /// Mexico.
    MLM,
    /// Chile.
    MLC,
    /// Colombia.
    MCO,
    /// Peru.
    MPE,
    /// Uruguay.
    MLU,
}

/// All sites; the default one first.
pub const SITES: [Site; 7] = [Site::MLB, Site::MLA, Site::MLM, Site::MLC, Site::MCO, Site::MPE, Site::MLU];

impl Site {
    /// `MLB`, `MLA`, …, as in `site_id`.
    pub const fn id(self) -> &'static str {
        match self {
            Site::MLB => "MLB",
            Site::MLA => "MLA",
            Site::MLM => "MLM",
            Site::MLC => "MLC",
            Site::MCO => "MCO",
            Site::MPE => "MPE",
            Site::MLU => "MLU",
        }
    }

    /// The site with this id, in any case of letters.
    pub fn from_id(id: &str) -> Option<Site> {
        SITES.into_iter().find(|site| site.id().eq_ignore_ascii_case(id))
    }

    /// The site's one currency.
    pub const fn currency(self) -> Currency {
        match self {
            Site::MLB => Currency::BRL,
            Site::MLA => Currency::ARS,
            Site::MLM => Currency::MXN,
            Site::MLC => Currency::CLP,
            Site::MCO => Currency::COP,
            Site::MPE => Currency::PEN,
            Site::MLU => Currency::UYU,
        }
    }

    /// ISO 3166 alpha-2, as in `country_id`.
    pub const fn country_id(self) -> &'static str {
        match self {
            Site::MLB => "BR",
            Site::MLA => "AR",
            Site::MLM => "MX",
            Site::MLC => "CL",
            Site::MCO => "CO",
            Site::MPE => "PE",
            Site::MLU => "UY",
        }
    }

    /// The IANA zone in which the site counts its days.
    pub const fn time_zone(self) -> &'static str {
        match self {
            Site::MLB => "America/Sao_Paulo",
            Site::MLA => "America/Argentina/Buenos_Aires",
            Site::MLM => "America/Mexico_City",
            Site::MLC => "America/Santiago",
            Site::MCO => "America/Bogota",
            Site::MPE => "America/Lima",
            Site::MLU => "America/Montevideo",
        }
    }

    /// The locale of the site's pages and messages.
    pub const fn locale(self) -> &'static str {
        match self {
            Site::MLB => "pt-BR",
            Site::MLA => "es-AR",
            Site::MLM => "es-MX",
            Site::MLC => "es-CL",
            Site::MCO => "es-CO",
            Site::MPE => "es-PE",
            Site::MLU => "es-UY",
        }
    }

    /// How long a card reserve stays open before it expires, in days. MLU, MLC and MCO are not published: 7
    /// (inferred); which methods can reserve at all is the method's own `deferred_capture`.
    pub const fn reserve_days(self) -> i64 {
        match self {
            Site::MLB => 5,
            Site::MPE => 22,
            Site::MLA | Site::MLM | Site::MLU | Site::MLC | Site::MCO => 7,
        }
    }

    /// The general rate of VAT on a platform's services, in per cent; 0 in Brazil, where they bear another tax, which no
    /// invoice shows apart.
    pub const fn vat_on_services_percent(self) -> i64 {
        match self {
            Site::MLB => 0,
            Site::MLA => 21,
            Site::MLM => 16,
            Site::MLC | Site::MCO => 19,
            Site::MPE => 18,
            Site::MLU => 22,
        }
    }

    /// How many days after approval a payment can be refunded.
    pub const fn refund_days(self) -> i64 {
        match self {
            Site::MPE => 90,
            _ => 180,
        }
    }
}

impl fmt::Display for Site {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.id())
    }
}
