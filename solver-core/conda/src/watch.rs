//! A deadline that the small steps of matching see.
//!
//! Matching a pattern is a leaf of everything: of loading, encoding, searching, explaining. Each match is quick, but a
//! channel can ask for millions, in places that look at no clock. So the one who sets a limit watches the thread: after
//! some work the limit is asked, and once it says stop, every match fails at once. What was computed from then on
//! means nothing: the watcher must ask [`is_over`] in the end and throw it away.

use std::cell::{Cell, RefCell};

/// Steps between two looks at the limit: about a millisecond.
const STEPS: usize = 1 << 20;

type Limit = Box<dyn Fn() -> bool>;

thread_local! {
    static LIMIT: RefCell<Option<Limit>> = const { RefCell::new(None) };
    static OVER: Cell<bool> = const { Cell::new(false) };
    static SPENT: Cell<usize> = const { Cell::new(0) };
}

/// Watches the thread until it is dropped; then an outer watch holds again.
#[derive(Debug)]
#[must_use]
pub struct Watch {
    outer: OuterWatch,
}

struct OuterWatch(Option<Limit>, bool);

impl std::fmt::Debug for OuterWatch {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("OuterWatch").finish_non_exhaustive()
    }
}

impl Watch {
    /// `stop` says whether to stop; it is asked now and then, and not again once it said so.
    pub fn new(stop: impl Fn() -> bool + 'static) -> Watch {
        let outer = LIMIT.replace(Some(Box::new(stop)));
        Watch {
            outer: OuterWatch(outer, OVER.replace(false)),
        }
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        LIMIT.replace(self.outer.0.take());
        OVER.set(self.outer.1);
    }
}

/// Whether the limit of this thread was reached, so that matches fail.
pub fn is_over() -> bool {
    OVER.get()
}

/// Notes work of some steps.
#[inline]
pub fn spend(steps: usize) {
    let spent = SPENT.get() + steps;
    if spent < STEPS {
        SPENT.set(spent);
    } else {
        look();
    }
}

#[cold]
fn look() {
    SPENT.set(0);
    let stop = LIMIT.with_borrow(|limit| limit.as_ref().is_some_and(|stop| stop()));
    if stop {
        OVER.set(true);
    }
}

#[cfg(test)]
mod tests {
    use std::rc::Rc;

    use super::*;
    use crate::pattern::{glob_matches, regex_matches};

    #[test]
    fn matching_asks_the_limit_and_ends_when_it_says_so() {
        let asked = Rc::new(Cell::new(0));
        let counted = Rc::clone(&asked);
        let watch = Watch::new(move || {
            counted.set(counted.get() + 1);
            counted.get() > 3
        });
        let text = "a".repeat(4000);
        let pattern = "*a".repeat(1000) + "*b";
        let mut matches = 0;
        while !is_over() {
            matches += 1;
            assert!(matches < 100_000, "the limit is never asked");
            assert!(!glob_matches(&pattern, &text, false));
        }
        assert_eq!(asked.get(), 4);
        assert!(!glob_matches("*", "a", false) && !regex_matches("^a$", "a", false));
        drop(watch);
        assert!(!is_over() && glob_matches("*", "a", false) && regex_matches("^a$", "a", false));
    }

    #[test]
    fn a_thousand_expressions_are_compiled_once() {
        let asked = Rc::new(Cell::new(0));
        let counted = Rc::clone(&asked);
        let _watch = Watch::new(move || {
            counted.set(counted.get() + 1);
            false
        });
        let patterns: Vec<String> = (0..1000).map(|n| format!("^(a|b{n}|c*)d{n}$")).collect();
        for round in 0..20 {
            for pattern in &patterns {
                assert!(!regex_matches(pattern, "py310_0", false), "{round}");
            }
        }
        // Each compilation counts as 20,000 steps: a thousand of them are twenty looks, twenty thousand 400.
        assert!(asked.get() < 40, "{}", asked.get());
    }
}
