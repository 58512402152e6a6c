//! What a client intends to do next. It depends on the seed and the client's number only; the resulting requests also
//! depend on the answers.

use fastrand::Rng;

/// How many orders are contended for at any time.
pub const CONTENDED: usize = 4;

/// What a client intends to do next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Intent {
    pub what: ActionKind,
    /// Which of the contended orders it targets, if any.
    pub contended: Option<usize>,
    /// Which cart-service to ask first.
    pub cart: usize,
    /// How the body of a new order is written.
    pub basket: OrderBody,
    /// Which status an update asks for.
    pub status: &'static str,
    /// Whether an update names the version it expects.
    pub conditional: bool,
    /// Whether the same request is sent to both at once.
    pub hedged: bool,
    /// Whether to ask a cart-service even though it just did not answer or answered "not now".
    pub stubborn: bool,
    /// What follows an answer.
    pub then: FollowUp,
    /// Milliseconds until the next one.
    pub pause: u64,
}

/// The kind of action.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ActionKind {
    Create,
    Update,
    Read,
}

/// How the body of an order is written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum OrderBody {
    /// Only a number of items; the service fills in the rest.
    Generated(usize),
    /// In full: a currency, and quantity and price in minor units for each item.
    Full(&'static str, Vec<(i32, i64)>),
}

/// What follows an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FollowUp {
    /// After an answer that is not a success: that many retries at once, with the same key, alternating between the
    /// cart-services.
    pub retries: usize,
    /// After a success: the same request again, with the same key.
    pub repeat: bool,
    /// After a success: another request with the same key.
    pub misuse: bool,
    /// After a success: a read that must see it.
    pub look: bool,
    /// After a success: an update to that status at the other cart-service, which may not have read the event yet.
    pub elsewhere: Option<&'static str>,
    /// After a success: the same request again, with the same key, after that many milliseconds.
    pub late: Option<u64>,
}

/// The intents of one client, without end.
pub fn intents(seed: u64, client: usize) -> impl Iterator<Item = Intent> {
    let mut rng = Rng::with_seed(seed.wrapping_mul(1_000_003).wrapping_add(client as u64));
    std::iter::repeat_with(move || intent(&mut rng))
}

fn intent(rng: &mut Rng) -> Intent {
    let percent = |rng: &mut Rng, share: u8| rng.u8(0..100) < share;
    let what = match rng.u8(0..100) {
        0..30 => ActionKind::Create,
        30..80 => ActionKind::Update,
        _ => ActionKind::Read,
    };
    // Low numbers more often: a delivered order takes no more updates.
    let statuses: [&str; 10] = [
        "pending",
        "pending",
        "pending",
        "confirmed",
        "confirmed",
        "processing",
        "processing",
        "shipped",
        "delivered",
        "cancelled",
    ];
    Intent {
        what,
        contended: percent(rng, 55).then(|| rng.usize(..CONTENDED)),
        cart: rng.usize(..2),
        basket: basket(rng),
        status: statuses[rng.usize(..statuses.len())],
        conditional: percent(rng, 25),
        hedged: percent(rng, 6),
        stubborn: percent(rng, 30),
        then: FollowUp {
            retries: rng.usize(..3),
            repeat: percent(rng, 10),
            misuse: percent(rng, 3),
            look: percent(rng, 40),
            // What it was, for an order that just changed, and what it may become.
            elsewhere: percent(rng, 30).then(|| ["new", "pending", "confirmed", "shipped"][rng.usize(..4)]),
            late: percent(rng, 10).then(|| rng.u64(5_000..150_000)),
        },
        pause: rng.u64(50..350),
    }
}

fn basket(rng: &mut Rng) -> OrderBody {
    if rng.u8(0..4) == 0 {
        return OrderBody::Generated(rng.usize(1..=5));
    }
    let currency = ["USD", "JPY", "KWD"][rng.usize(..3)];
    let line = |rng: &mut Rng| (rng.i32(1..=9), rng.i64(1..=99_999));
    let count = rng.usize(1..=4);
    OrderBody::Full(currency, std::iter::repeat_with(|| line(rng)).take(count).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_gives_a_client_the_same_intents_and_another_seed_gives_others() {
        let plan = |seed, client| intents(seed, client).take(50).collect::<Vec<_>>();
        assert_eq!(plan(7, 0), plan(7, 0));
        assert_ne!(plan(7, 0), plan(7, 1));
        assert_ne!(plan(7, 0), plan(8, 0));
    }
}
