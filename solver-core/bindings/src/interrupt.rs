//! Work that lasts: deadlines, Ctrl-C, panics.

use std::cell::{Cell, RefCell};
use std::panic::{catch_unwind, AssertUnwindSafe};
use std::rc::Rc;
use std::time::{Duration, Instant};

use conda::watch::{is_over, Watch};
use pyo3::prelude::*;
use resolve::Budget;

use crate::errors::{DeadlineExceeded, InternalError};

/// How often a running solve looks for Ctrl-C.
const SIGNAL_INTERVAL: Duration = Duration::from_millis(50);
/// How long after a deadline a search may still put its best answer together before matching itself is stopped, which
/// gives no answer at all.
const GRACE: Duration = Duration::from_secs(2);
/// Deadlines further away than this are no deadlines (about a century).
const LONGEST_TIMEOUT_SECONDS: f64 = 3.0e9;

/// The moment that many seconds from now.
pub(crate) fn deadline_in(timeout: Option<f64>) -> Option<Instant> {
    let seconds = timeout.filter(|&t| t < LONGEST_TIMEOUT_SECONDS)?;
    Some(Instant::now() + Duration::from_secs_f64(seconds.max(0.0)))
}

/// Works without the GIL, looking for signals now and then; a pending KeyboardInterrupt, or a panic, comes back as an
/// error.
pub(crate) fn interruptibly<T>(
    deadline: Option<Instant>,
    work: impl FnOnce(Budget<'_>) -> T,
) -> PyResult<T> {
    let pending: Rc<RefCell<Option<PyErr>>> = Rc::default();
    let told = Rc::clone(&pending);
    let next_look = Cell::new(Instant::now() + SIGNAL_INTERVAL);
    let cancelled = Rc::new(move || {
        let pending = &told;
        if pending.borrow().is_some() {
            return true;
        }
        let now = Instant::now();
        if now < next_look.get() {
            return false;
        }
        next_look.set(now + SIGNAL_INTERVAL);
        match Python::attach(|py| py.check_signals()) {
            Ok(()) => false,
            Err(e) => {
                *pending.borrow_mut() = Some(e);
                true
            }
        }
    });
    let latest = deadline.map(|deadline| deadline + GRACE);
    let seen = Rc::clone(&cancelled);
    let watch = Watch::new(move || seen() || latest.is_some_and(|latest| Instant::now() > latest));
    let budget = Budget {
        deadline,
        cancelled: Some(&*cancelled),
    };
    // A panic is a defect; what it leaves behind (a session's instance) is dropped, so nothing half-done is seen again.
    let result = catch_unwind(AssertUnwindSafe(|| work(budget)));
    let over = is_over();
    drop(watch);
    if let Some(interrupt) = pending.borrow_mut().take() {
        return Err(interrupt);
    }
    if over {
        return Err(DeadlineExceeded::new_err(
            "the time limit was reached while records were matched; give more time, or narrow the request",
        ));
    }
    result.map_err(|_| {
        InternalError::new_err("internal error: the solver stopped at a broken assumption")
    })
}

/// Panics as a solve with a defect would, for the test of what happens then.
#[pyfunction]
pub(crate) fn panic_in_solve() -> PyResult<()> {
    interruptibly(None, |_| panic!("a test asked for a panic"))
}
