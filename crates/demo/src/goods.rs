//! What the shop sells.

/// A piece on the shelf.
pub struct Piece {
    /// Its name in addresses and carts.
    pub id: &'static str,
    /// Its name, the same in every language.
    pub name: &'static str,
    /// What it is, by language: see [`crate::words::Language`].
    pub kind: [&'static str; 3],
    /// In centavos.
    pub price: i64,
    /// Whether it is made when it is ordered. A card is then reserved, and charged when the piece leaves the kiln.
    pub made_to_order: bool,
    /// Its drawing, as SVG.
    pub picture: &'static str,
    /// The same as a PNG, for pages that are not this shop's.
    pub photo: &'static [u8],
}

/// A piece with its drawing, and a photograph of that.
macro_rules! piece {
    ($id:literal, $name:literal, $drawing:literal, $price:literal, $made_to_order:literal, $kind:expr) => {
        Piece {
            id: $id,
            name: $name,
            kind: $kind,
            price: $price,
            made_to_order: $made_to_order,
            picture: include_str!(concat!("../assets/pieces/", $drawing, ".svg")),
            photo: include_bytes!(concat!("../assets/pieces/", $drawing, ".png")),
        }
    };
}

/// The shelf.
#[rustfmt::skip]
pub const SHELF: [Piece; 6] = [
    piece!("alba", "Alba", "mug", 6_800, false, ["Coffee mug, 250 ml", "Taza de café, 250 ml", "Caneca de café, 250 ml"]),
    piece!("junco", "Junco", "vase", 14_900, false, ["Vase for three stems", "Florero para tres tallos", "Vaso para três hastes"]),
    piece!("caldo", "Caldo", "bowl", 8_990, false, ["Deep bowl, ash glaze", "Cuenco hondo, esmalte de ceniza", "Tigela funda, esmalte de cinza"]),
    piece!("siesta", "Siesta", "teapot", 28_500, true, ["Teapot, made to order", "Tetera, hecha a pedido", "Bule, feito sob encomenda"]),
    piece!("luna", "Luna", "plate", 7_550, false, ["Dinner plate, 27 cm", "Plato llano, 27 cm", "Prato raso, 27 cm"]),
    piece!("patio", "Patio", "planter", 17_200, true, ["Planter, made to order", "Maceta, hecha a pedido", "Vaso de planta, sob encomenda"]),
];

/// The piece with this id.
pub fn piece(id: &str) -> Option<&'static Piece> {
    SHELF.iter().find(|piece| piece.id == id)
}
