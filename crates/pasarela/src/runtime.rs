//! A runtime for verbs that do one thing and end.

use crate::failure::Failure;

/// Runs `future` to its end.
pub fn block_on<F: Future>(future: F) -> Result<F::Output, Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(|error| {
        Failure::new(
            format!("the system gives no event queue: {error}"),
            "Close other programs and try again.",
        )
    })?;
    Ok(runtime.block_on(future))
}
