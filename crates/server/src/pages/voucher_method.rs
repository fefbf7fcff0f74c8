//! The methods that a buyer pays with a ticket: their names, their barcode, where and how they are paid.

use super::locale::Locale;

/// How a method's barcode is drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Symbology {
    /// Interleaved two of five: boletos (FEBRABAN).
    Itf25,
    /// Code 128: every other ticket.
    Code128,
}

/// How a buyer pays a ticket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
    /// By bank app, with the digitable line or the barcode.
    Boleto,
    /// In cash, at a desk that scans the barcode or types the reference.
    CashDesk,
    /// At a cash machine, a branch or the bank's site, with the reference.
    Bank,
    /// With a payment code (CIP) under the bank's payment of services, or at an agent.
    PaymentCode,
}

/// When the seller hears of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Credited {
    AtOnce,
    WithinAnHour,
    WithinTwoDays,
}

/// One method.
#[derive(Clone, Copy, Debug)]
pub struct VoucherMethod {
    id: &'static str,
    name: &'static str,
    /// Chains and banks that take it, where they are not the method's own; names, never their pictures.
    places: &'static [&'static str],
    way: Way,
    credited: Credited,
}

const fn cash(id: &'static str, name: &'static str, credited: Credited) -> VoucherMethod {
    VoucherMethod { id, name, places: &[], way: Way::CashDesk, credited }
}

const fn bank(id: &'static str, name: &'static str, places: &'static [&'static str]) -> VoucherMethod {
    VoucherMethod { id, name, places, way: Way::Bank, credited: Credited::WithinAnHour }
}

/// The methods of type `ticket` and `atm` of the seven sites.
pub const VOUCHER_METHODS: [VoucherMethod; 21] = [
    VoucherMethod {
        id: "bolbradesco",
        name: "Boleto",
        places: &[],
        way: Way::Boleto,
        credited: Credited::WithinTwoDays,
    },
    cash("pec", "Pagamento na lotérica", Credited::WithinAnHour),
    cash("meliplace", "Meliplaces", Credited::AtOnce),
    cash("rapipago", "Rapipago", Credited::WithinTwoDays),
    cash("pagofacil", "Pago Fácil", Credited::WithinTwoDays),
    cash("bapropagos", "Provincia NET", Credited::WithinTwoDays),
    cash("cargavirtual", "Kioscos y comercios cercanos", Credited::WithinTwoDays),
    cash("cobroexpress", "Cobro Express", Credited::WithinTwoDays),
    bank("redlink", "Red Link", &[]),
    cash("oxxo", "OXXO", Credited::WithinTwoDays),
    VoucherMethod {
        id: "paycash",
        name: "PayCash",
        places: &["7-Eleven", "Circle K", "Soriana", "Extra", "Calimax", "Santander"],
        way: Way::CashDesk,
        credited: Credited::AtOnce,
    },
    bank("banamex", "Citibanamex", &["Citibanamex", "Chedraui", "Telecomm"]),
    bank("serfin", "Santander", &[]),
    bank("bancomer", "BBVA", &["BBVA", "Farmacias del Ahorro", "Casa Ley"]),
    cash("servipag", "Servipag", Credited::WithinTwoDays),
    cash("efecty", "Efecty", Credited::AtOnce),
    cash("davivienda", "Davivienda", Credited::AtOnce),
    cash("baloto", "Baloto", Credited::WithinTwoDays),
    VoucherMethod {
        id: "pagoefectivo_atm",
        name: "PagoEfectivo",
        places: &[],
        way: Way::PaymentCode,
        credited: Credited::WithinAnHour,
    },
    cash("abitab", "Abitab", Credited::AtOnce),
    cash("redpagos", "Redpagos", Credited::AtOnce),
];

impl VoucherMethod {
    /// The method with this `payment_method_id`.
    pub fn find(id: &str) -> Option<&'static VoucherMethod> {
        VOUCHER_METHODS.iter().find(|method| method.id == id)
    }

    /// The `payment_method_id`.
    pub const fn id(&self) -> &'static str {
        self.id
    }

    /// The name that buyers know.
    pub const fn name(&self) -> &'static str {
        self.name
    }

    /// Where it is paid, when that is not the method's own counter.
    pub const fn places(&self) -> &'static [&'static str] {
        self.places
    }

    /// How its barcode is drawn.
    pub const fn symbology(&self) -> Symbology {
        match self.way {
            Way::Boleto => Symbology::Itf25,
            _ => Symbology::Code128,
        }
    }

    /// Whether its reference is what people call a payment code (CIP, lottery code).
    pub fn is_paid_by_code(&self) -> bool {
        self.way == Way::PaymentCode || self.id == "pec"
    }

    /// When the seller hears of it, in words.
    pub const fn credited(&self, locale: Locale) -> &'static str {
        let words = locale.words();
        match self.credited {
            Credited::AtOnce => words.credited_at_once,
            Credited::WithinAnHour => words.credited_within_an_hour,
            Credited::WithinTwoDays => words.credited_within_two_days,
        }
    }

    /// What the buyer does, step by step.
    pub fn steps(&self, locale: Locale) -> [String; 3] {
        steps(self.way, locale).map(|step| step.replace("{name}", self.name))
    }
}

/// The steps of a cash desk: what a ticket of a method without a page of its own says.
pub fn general_steps(name: &str, locale: Locale) -> [String; 3] {
    steps(Way::CashDesk, locale).map(|step| step.replace("{name}", name))
}

const fn steps(way: Way, locale: Locale) -> [&'static str; 3] {
    match (way, locale) {
        (Way::Boleto, Locale::Portuguese) => [
            "Abra o aplicativo ou o site do seu banco e escolha pagar um boleto.",
            "Leia o código de barras, ou copie e cole a linha digitável.",
            "Confira o valor e pague até o vencimento. Também dá para pagar em agências e lotéricas, com o boleto impresso.",
        ],
        (Way::Boleto, Locale::Spanish) => [
            "Abre la aplicación o el sitio de tu banco y elige pagar un boleto.",
            "Escanea el código de barras, o copia y pega la línea digitable.",
            "Revisa el importe y paga antes del vencimiento. También puedes pagar en agencias y loterías, con el boleto impreso.",
        ],
        (Way::Boleto, Locale::English) => [
            "Open your bank's app or site and choose to pay a boleto.",
            "Scan the barcode, or copy and paste the boleto number.",
            "Check the amount and pay before the due date. Branches and lottery shops take the printed boleto too.",
        ],
        (Way::CashDesk, Locale::Portuguese) => [
            "Vá a um ponto de {name} antes do vencimento.",
            "Diga que vai pagar por {name} e mostre esta página, no celular ou impressa. Se não der para ler o código de barras, dite os números.",
            "Pague o valor exato em dinheiro e guarde o comprovante.",
        ],
        (Way::CashDesk, Locale::Spanish) => [
            "Acércate a un punto de {name} antes del vencimiento.",
            "Di que vas a pagar por {name} y muestra esta página, en el teléfono o impresa. Si no se puede leer el código de barras, dicta los números.",
            "Paga el importe exacto en efectivo y guarda el comprobante.",
        ],
        (Way::CashDesk, Locale::English) => [
            "Go to a {name} point before the due date.",
            "Say that you pay through {name} and show this page, on your phone or printed. If the barcode can't be read, dictate the numbers.",
            "Pay the exact amount in cash and keep the receipt.",
        ],
        (Way::Bank, Locale::Portuguese) => [
            "Entre no site ou aplicativo de {name}, ou vá a um caixa eletrônico ou agência.",
            "Escolha pagar serviços e digite os números desta página.",
            "Confira o valor, pague até o vencimento e guarde o comprovante.",
        ],
        (Way::Bank, Locale::Spanish) => [
            "Entra al sitio o la aplicación de {name}, o acércate a un cajero o una sucursal.",
            "Elige el pago de servicios y escribe los números de esta página.",
            "Revisa el importe, paga antes del vencimiento y guarda el comprobante.",
        ],
        (Way::Bank, Locale::English) => [
            "Open the site or app of {name}, or go to a cash machine or branch.",
            "Choose to pay a service and type the numbers of this page.",
            "Check the amount, pay before the due date and keep the receipt.",
        ],
        (Way::PaymentCode, Locale::Portuguese) => [
            "No aplicativo ou site do seu banco, escolha pagar serviços e procure {name}. Ou vá a um agente.",
            "Digite ou dite o código de pagamento (CIP).",
            "Confira o valor, pague até o vencimento e guarde o comprovante.",
        ],
        (Way::PaymentCode, Locale::Spanish) => [
            "En la aplicación o el sitio de tu banco, elige el pago de servicios y busca {name}. O acércate a un agente.",
            "Escribe o dicta el código de pago (CIP).",
            "Revisa el importe, paga antes del vencimiento y guarda el comprobante.",
        ],
        (Way::PaymentCode, Locale::English) => [
            "In your bank's app or site, choose to pay a service and look for {name}. Or go to an agent.",
            "Type or dictate the payment code (CIP).",
            "Check the amount, pay before the due date and keep the receipt.",
        ],
    }
}
