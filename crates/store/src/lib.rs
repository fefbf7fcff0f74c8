//! store
pub mod vocabulary;
pub use vocabulary::*;
