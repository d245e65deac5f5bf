//! Sets of versions as unions of intervals of version keys.
//!
//! Every operator of the spec language but globs and regular expressions is an interval of keys or the complement
//! of one, so any `,` / `|` / parenthesis combination of them is a union of intervals. It is kept as the ascending
//! list of keys at which membership changes, and whether the smallest key is a member. That form is unique: two
//! specs that accept the same versions have equal sets.

/// A union of half-open key intervals.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct KeySet {
    /// Whether keys below the first bound belong to the set.
    pub(crate) starts_inside: bool,
    /// Keys at which membership changes, strictly ascending.
    pub(crate) bounds: Vec<Box<[u8]>>,
}

impl KeySet {
    /// Every version.
    pub(crate) fn all() -> Self {
        KeySet {
            starts_inside: true,
            bounds: Vec::new(),
        }
    }

    /// `low <= key < high`.
    pub(crate) fn between(low: &[u8], high: &[u8]) -> Self {
        debug_assert!(low < high);
        KeySet {
            starts_inside: false,
            bounds: vec![low.into(), high.into()],
        }
    }

    /// Only the version of this key. No key has another as a prefix, so `key 00` is the end of the interval.
    pub(crate) fn only(key: &[u8]) -> Self {
        Self::between(key, &successor(key))
    }

    /// `key < bound`.
    pub(crate) fn below(bound: &[u8]) -> Self {
        KeySet {
            starts_inside: true,
            bounds: vec![bound.into()],
        }
    }

    /// `key <= bound`.
    pub(crate) fn up_to(bound: &[u8]) -> Self {
        Self::below(&successor(bound))
    }

    /// Everything else.
    pub(crate) fn complement(mut self) -> Self {
        self.starts_inside = !self.starts_inside;
        self
    }

    pub(crate) fn is_all(&self) -> bool {
        self.starts_inside && self.bounds.is_empty()
    }

    pub(crate) fn is_empty(&self) -> bool {
        !self.starts_inside && self.bounds.is_empty()
    }

    /// Intersection (`all`) or union of many sets. Pairs are joined in rounds, so thousands of members cost
    /// n log n instead of n squared.
    pub(crate) fn join(mut sets: Vec<KeySet>, all: bool) -> KeySet {
        while sets.len() > 1 {
            let mut joined = Vec::with_capacity(sets.len().div_ceil(2));
            let mut rest = sets.into_iter();
            while let Some(left) = rest.next() {
                joined.push(match rest.next() {
                    Some(right) => left.join_with(right, all),
                    None => left,
                });
            }
            sets = joined;
        }
        sets.pop().unwrap_or(KeySet {
            starts_inside: all,
            bounds: Vec::new(),
        })
    }

    fn join_with(self, other: KeySet, all: bool) -> KeySet {
        let combine = |a: bool, b: bool| if all { a && b } else { a || b };
        let (mut inside_a, mut inside_b) = (self.starts_inside, other.starts_inside);
        let starts_inside = combine(inside_a, inside_b);
        let mut inside = starts_inside;
        let mut bounds = Vec::with_capacity(self.bounds.len() + other.bounds.len());
        let mut a = self.bounds.into_iter().peekable();
        let mut b = other.bounds.into_iter().peekable();
        loop {
            let order = match (a.peek(), b.peek()) {
                (None, None) => break,
                (Some(_), None) => std::cmp::Ordering::Less,
                (None, Some(_)) => std::cmp::Ordering::Greater,
                (Some(left), Some(right)) => left.cmp(right),
            };
            let mut bound = None;
            if order.is_le() {
                bound = a.next();
                inside_a = !inside_a;
            }
            if order.is_ge() {
                bound = b.next();
                inside_b = !inside_b;
            }
            let now = combine(inside_a, inside_b);
            if now != inside {
                inside = now;
                bounds.extend(bound);
            }
        }
        KeySet {
            starts_inside,
            bounds,
        }
    }
}

fn successor(key: &[u8]) -> Vec<u8> {
    let mut next = Vec::with_capacity(key.len() + 1);
    next.extend_from_slice(key);
    next.push(0);
    next
}
