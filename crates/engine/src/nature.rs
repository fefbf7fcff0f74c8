//! What an engine takes from the world outside its store: the wall clock and chance. A simulation gives its own.

use crate::clock;
use crate::notifications::attempts::WallClock;
use ring::rand::{SecureRandom, SystemRandom};
use std::cell::RefCell;
use std::sync::Arc;

/// How many random bytes a thread asks the operating system for at once: enough for thirty payments, which
/// would else make two system calls each.
const DRAWN_AT_ONCE: usize = 1024;

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
        Nature { wall: Arc::new(clock::wall), chance: Arc::new(draw) }
    }
}

/// Fills `bytes` with the operating system's randomness.
pub fn draw(bytes: &mut [u8]) {
    thread_local! {
        static DRAWN: RefCell<Drawn> = const { RefCell::new(Drawn { bytes: [0; DRAWN_AT_ONCE], left: 0 }) };
    }
    DRAWN.with_borrow_mut(|drawn| drawn.take(bytes));
}

/// What a thread has drawn and not given out.
struct Drawn {
    bytes: [u8; DRAWN_AT_ONCE],
    left: usize,
}

impl Drawn {
    fn take(&mut self, wanted: &mut [u8]) {
        // The operating system's generator has no failure that a payment could go on after.
        let fill = |bytes: &mut [u8]| {
            SystemRandom::new().fill(bytes).expect("the operating system gives random bytes");
        };
        if wanted.len() > DRAWN_AT_ONCE {
            return fill(wanted);
        }
        if self.left < wanted.len() {
            fill(&mut self.bytes);
            self.left = DRAWN_AT_ONCE;
        }
        let given = &mut self.bytes[self.left - wanted.len()..self.left];
        wanted.copy_from_slice(given);
        // What was given out is nowhere else.
        given.fill(0);
        self.left -= wanted.len();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn nothing_is_drawn_twice_whatever_lengths_are_asked_for() {
        let mut seen = HashSet::new();
        for round in 0..2_000 {
            let mut bytes = vec![0; 16 + round % 48];
            draw(&mut bytes);
            // Sixteen bytes in a row that came before, at any place, would be a part that was given out again.
            assert!(bytes.windows(16).all(|window| seen.insert(window.to_vec())));
        }
        let mut long = vec![0; DRAWN_AT_ONCE + 1];
        draw(&mut long);
        assert!(long.windows(16).all(|window| seen.insert(window.to_vec())));
    }

    #[test]
    fn what_was_given_out_is_not_kept() {
        let mut drawn = Drawn { bytes: [0; DRAWN_AT_ONCE], left: 0 };
        let mut bytes = [0; 32];
        drawn.take(&mut bytes);
        assert!(bytes != [0; 32]);
        assert_eq!(drawn.bytes[drawn.left..], [0; 32]);
    }
}
