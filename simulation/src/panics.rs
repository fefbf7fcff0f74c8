//! Panics of a history: an assertion of the domain that fails is a broken promise, also in a task whose end nobody
//! looks at.

use std::cell::RefCell;
use std::panic;
use std::sync::Once;

thread_local! {
    static LAST: RefCell<Option<String>> = const { RefCell::new(None) };
}

static HOOK: Once = Once::new();

/// Starts a history on this thread: what panicked before does not count.
pub(crate) fn forget() {
    HOOK.call_once(|| {
        let others = panic::take_hook();
        panic::set_hook(Box::new(move |panicked| {
            let is_of_a_history = tokio::runtime::Handle::try_current().is_ok();
            if is_of_a_history {
                LAST.with_borrow_mut(|last| last.get_or_insert_with(|| panicked.to_string()).truncate(2_000));
            } else {
                others(panicked);
            }
        }));
    });
    drop(taken());
}

/// The first panic since then, once.
pub(crate) fn taken() -> Option<String> {
    LAST.with_borrow_mut(Option::take)
}
