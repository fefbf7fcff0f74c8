//! What an engine takes from the world outside its store: the wall clock and chance. A simulation gives its own.

use crate::clock;
use crate::notifications::attempts::WallClock;
use ring::rand::{SecureRandom, SystemRandom};
use std::sync::Arc;

/// Fills bytes that nobody can foretell.
pub type Chance = Arc<dyn Fn(&mut [u8]) + Send + Sync>;

/// Time and chance.
#[derive(Clone)]
pub struct Nature {
    /// Tells the wall-clock time.
    pub wall: WallClock,
    /// Draws the random words of ids and tokens. The vault's keys and nonces are never drawn from it.
    pub chance: Chance,
}

impl Default for Nature {
    /// The operating system's.
    fn default() -> Nature {
        let system = SystemRandom::new();
        let chance = move |bytes: &mut [u8]| {
            // The operating system's generator has no failure that a payment could go on after.
            system.fill(bytes).expect("the operating system gives random bytes");
        };
        Nature { wall: Arc::new(clock::wall), chance: Arc::new(chance) }
    }
}
