//! From a card's first digits to its methods, in one binary search.

use super::method::{MethodStatus, PaymentMethod, PaymentType};
use super::prefixes::range_of;
use super::{LONGEST_BIN, SHORTEST_BIN};

/// Every shape of card of a site is one bit, in the order in which methods are answered.
type Shapes = u64;

/// The eight-digit numbers cut into segments; within one, all numbers belong to the same shapes of card.
#[derive(Clone, Debug)]
pub(super) struct BinIndex {
    /// Where each segment starts; the first is 0.
    starts: Vec<u32>,
    /// The shapes of each segment.
    shapes: Vec<Shapes>,
    /// Bit → method and its settings, by position.
    owners: Vec<(usize, usize)>,
}

impl BinIndex {
    /// Whether there are few enough shapes of card.
    pub(super) fn fits(methods: &[PaymentMethod]) -> bool {
        owners(methods).len() <= Shapes::BITS as usize
    }

    pub(super) fn of(methods: &[PaymentMethod]) -> BinIndex {
        let owners = owners(methods);
        assert!(owners.len() <= Shapes::BITS as usize, "a site has at most 64 shapes of card");
        let mut starts = vec![0];
        for &(method, settings) in &owners {
            for &(first, last) in methods[method].settings[settings].bins.ranges() {
                starts.extend([first, last + 1]);
            }
        }
        starts.sort_unstable();
        starts.dedup();
        let mut shapes = vec![0; starts.len()];
        for (bit, &(method, settings)) in owners.iter().enumerate() {
            for &(first, last) in methods[method].settings[settings].bins.ranges() {
                let from = starts.partition_point(|&start| start < first);
                let to = starts.partition_point(|&start| start <= last);
                shapes[from..to].iter_mut().for_each(|shapes| *shapes |= 1 << bit);
            }
        }
        BinIndex { starts, shapes, owners }
    }

    pub(super) fn resolve<'a>(&self, digits: &str, methods: &'a [PaymentMethod]) -> Vec<&'a PaymentMethod> {
        let mut found: Vec<&PaymentMethod> = Vec::with_capacity(2);
        let mut shapes = self.shapes_of(digits);
        while shapes != 0 {
            let (method, settings) = self.owners[shapes.trailing_zeros() as usize];
            shapes &= shapes - 1;
            let method = &methods[method];
            // The first of a kind has the narrower pattern, and settings of one method follow each other.
            let is_new = found.iter().all(|known| known.payment_type != method.payment_type);
            if is_new && method.settings[settings].fits_length(digits) {
                found.push(method);
            }
        }
        found
    }

    /// The shapes to which every number that starts with `digits` belongs, lengths aside.
    fn shapes_of(&self, digits: &str) -> Shapes {
        let whole = digits.len() > LONGEST_BIN;
        if digits.len() < SHORTEST_BIN || whole && !digits.bytes().all(|byte| byte.is_ascii_digit()) {
            return 0;
        }
        let Some((first, last)) = range_of(digits) else { return 0 };
        let from = self.starts.partition_point(|&start| start <= first) - 1; // starts[0] is 0, never above `first`
        let to = self.starts.partition_point(|&start| start <= last);
        self.shapes[from..to].iter().fold(Shapes::MAX, |all, shapes| all & shapes)
    }
}

/// The shapes that can be resolved: offered methods first, then those in testing; credit first in each; and then the
/// method with the narrower pattern, because a local brand's few BINs say more than an international brand's "5".
fn owners(methods: &[PaymentMethod]) -> Vec<(usize, usize)> {
    let mut order: Vec<usize> = (0..methods.len())
        .filter(|&at| matches!(methods[at].status, MethodStatus::Active | MethodStatus::Testing))
        .collect();
    order.sort_by_key(|&at| {
        let method = &methods[at];
        (method.status, method.payment_type != PaymentType::CreditCard, breadth(method))
    });
    order
        .into_iter()
        .flat_map(|method| (0..methods[method].settings.len()).map(move |settings| (method, settings)))
        .collect()
}

/// How many eight-digit numbers a method claims.
fn breadth(method: &PaymentMethod) -> u64 {
    let ranges = method.settings.iter().flat_map(|settings| settings.bins.ranges());
    ranges.map(|&(first, last)| u64::from(last - first) + 1).sum()
}
