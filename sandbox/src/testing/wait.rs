//! For tests: reading a problem's body, and conditions that are awaited instead of sleeping.

use std::time::{Duration, Instant};

use serde_json::Value;

/// Long enough for anything, on a busy machine with debug builds.
const LIMIT: Duration = Duration::from_secs(20);
/// Pause between two checks.
const PAUSE: Duration = Duration::from_millis(20);

/// Whether a condition comes true within 20 seconds.
pub async fn eventually<F: Future<Output = bool>>(condition: impl Fn() -> F) -> bool {
    let until = Instant::now() + LIMIT;
    while Instant::now() < until {
        if condition().await {
            return true;
        }
        tokio::time::sleep(PAUSE).await;
    }
    false
}

/// The fields that the `errors` of a problem name.
pub fn fields(problem: &Value) -> Vec<&str> {
    let faults = problem["errors"].as_array().into_iter().flatten();
    faults.filter_map(|fault| fault["field"].as_str()).collect()
}
