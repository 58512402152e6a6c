//! Which redirects are followed, and where to: an error of the HTTP client names only the first address.

use std::cell::RefCell;

use reqwest::redirect::{Action, Attempt, Policy};
use reqwest::{StatusCode, Url};

use crate::response::one_line;

tokio::task_local! {
    /// The target of the last redirect that was followed.
    static LAST: RefCell<Option<Url>>;
}

/// Follows redirects.
pub(super) fn all() -> Policy {
    Policy::custom(follow)
}

/// Follows no redirect that would change the method.
pub(super) fn keeping_the_method() -> Policy {
    Policy::custom(|attempt| match attempt.status() {
        // HTTP clients turn a POST into a GET then.
        StatusCode::MOVED_PERMANENTLY | StatusCode::FOUND | StatusCode::SEE_OTHER => attempt.stop(),
        _ => follow(attempt),
    })
}

fn follow(attempt: Attempt<'_>) -> Action {
    // An error means that nobody wants to know.
    let _ = LAST.try_with(|last| last.replace(Some(attempt.url().clone())));
    Policy::default().redirect(attempt)
}

/// Runs an exchange. Returns where it was redirected to in the end, if it was.
pub(super) async fn traced<T>(exchange: impl Future<Output = T>) -> (T, Option<String>) {
    let traced = async {
        let result = exchange.await;
        (result, LAST.with(RefCell::take))
    };
    let (result, last) = LAST.scope(RefCell::default(), traced).await;
    (result, last.map(shown))
}

/// The target of a redirect as it may be shown: on one line, without secrets.
pub(super) fn shown(mut target: Url) -> String {
    // Both fail only without a host, which then holds none.
    let _ = target.set_username("");
    let _ = target.set_password(None);
    target.set_query(None);
    one_line(target.as_str())
}
