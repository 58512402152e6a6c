//! What a client concludes if it follows the documentation to the letter: 2xx is in the log and won; 4xx or 503 means
//! that this attempt had no effect; after 504 or no answer, the same request is repeated under the same key until the
//! answer is neither 504 nor 503.

use crate::history::{Class, Op};

/// What the answers so far say about a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Conclusion {
    /// It is in the log.
    Done,
    /// It has no effect, and none of its attempts will have one.
    WithoutEffect,
    /// It has to be repeated.
    Unknown,
}

/// What is known about a request that was sent in these attempts, all under one key.
pub fn of(attempts: &[&Op]) -> Conclusion {
    if attempts.is_empty() {
        return Conclusion::Unknown;
    }
    if attempts.iter().any(|op| op.class == Class::Ok) {
        return Conclusion::Done;
    }
    let open = attempts
        .iter()
        .any(|op| op.class == Class::Unknown && !is_closed(op, attempts));
    if open {
        Conclusion::Unknown
    } else {
        Conclusion::WithoutEffect
    }
}

/// Whether an attempt with an unknown outcome is considered without effect because the same request was refused when it
/// was repeated. A 503 speaks about its own attempt only.
pub fn is_closed(op: &Op, attempts: &[&Op]) -> bool {
    attempts.iter().any(|again| refuses(again) && again.begun >= op.ended)
}

/// Whether that answer refuses the request, and not only this attempt.
pub fn refuses(op: &Op) -> bool {
    matches!(op.status, Some(400..=499))
}

#[cfg(test)]
mod tests {
    use Conclusion::{Done, Unknown, WithoutEffect};

    use super::*;
    use crate::tests::sample::{op, update};

    /// Attempts that were sent one after another.
    fn answered(answers: &[u16]) -> Conclusion {
        let attempt = |(n, status): (u64, &u16)| {
            let status = Some(*status).filter(|status| *status > 0);
            op(
                "A",
                update("pending", None),
                Some("k"),
                10 * n..10 * n + 5,
                status,
                String::new(),
            )
        };
        let attempts: Vec<Op> = (0..).zip(answers).map(attempt).collect();
        of(&attempts.iter().collect::<Vec<_>>())
    }

    #[test]
    fn a_first_answer_is_conclusive_unless_it_is_a_504_or_missing() {
        let conclusions = [201, 200, 404, 409, 412, 422, 503, 504, 500, 0].map(|status| answered(&[status]));
        let expected = [
            Done,
            Done,
            WithoutEffect,
            WithoutEffect,
            WithoutEffect,
            WithoutEffect,
            WithoutEffect,
            Unknown,
            Unknown,
            Unknown,
        ];
        assert_eq!(conclusions, expected);
    }

    #[test]
    fn after_a_504_the_request_is_repeated_until_the_answer_is_neither_504_nor_503() {
        assert_eq!(answered(&[504, 503]), Unknown);
        assert_eq!(answered(&[0, 503, 503, 504]), Unknown);
        assert_eq!(answered(&[504, 503, 200]), Done);
        assert_eq!(answered(&[504, 503, 409]), WithoutEffect);
        assert_eq!(answered(&[503, 503]), WithoutEffect);
        // An earlier refusal says nothing about later attempts.
        assert_eq!(answered(&[409, 504]), Unknown);
        assert_eq!(answered(&[]), Unknown);
    }

    #[test]
    fn a_refusal_says_nothing_about_a_concurrent_attempt() {
        let attempt = |time, status| op("A", update("pending", None), Some("k"), time, status, String::new());
        let (lost, refused) = (attempt(0..20, None), attempt(5..10, Some(409)));
        assert_eq!(of(&[&lost, &refused]), Unknown);
    }
}
