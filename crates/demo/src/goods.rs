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
}

/// The shelf.
pub const SHELF: [Piece; 6] = [
    Piece {
        id: "alba",
        name: "Alba",
        kind: ["Coffee mug, 250 ml", "Taza de café, 250 ml", "Caneca de café, 250 ml"],
        price: 6_800,
        made_to_order: false,
        picture: include_str!("../assets/pieces/mug.svg"),
    },
    Piece {
        id: "junco",
        name: "Junco",
        kind: ["Vase for three stems", "Florero para tres tallos", "Vaso para três hastes"],
        price: 14_900,
        made_to_order: false,
        picture: include_str!("../assets/pieces/vase.svg"),
    },
    Piece {
        id: "caldo",
        name: "Caldo",
        kind: ["Deep bowl, ash glaze", "Cuenco hondo, esmalte de ceniza", "Tigela funda, esmalte de cinza"],
        price: 8_990,
        made_to_order: false,
        picture: include_str!("../assets/pieces/bowl.svg"),
    },
    Piece {
        id: "siesta",
        name: "Siesta",
        kind: ["Teapot, made to order", "Tetera, hecha a pedido", "Bule, feito sob encomenda"],
        price: 28_500,
        made_to_order: true,
        picture: include_str!("../assets/pieces/teapot.svg"),
    },
    Piece {
        id: "luna",
        name: "Luna",
        kind: ["Dinner plate, 27 cm", "Plato llano, 27 cm", "Prato raso, 27 cm"],
        price: 7_550,
        made_to_order: false,
        picture: include_str!("../assets/pieces/plate.svg"),
    },
    Piece {
        id: "patio",
        name: "Patio",
        kind: ["Planter, made to order", "Maceta, hecha a pedido", "Vaso de planta, sob encomenda"],
        price: 17_200,
        made_to_order: true,
        picture: include_str!("../assets/pieces/planter.svg"),
    },
];

/// The piece with this id.
pub fn piece(id: &str) -> Option<&'static Piece> {
    SHELF.iter().find(|piece| piece.id == id)
}
