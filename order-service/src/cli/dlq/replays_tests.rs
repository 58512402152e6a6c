//! What is asked before many dead letters are changed, and what is told of replays.

use super::*;

/// Runs the command on a terminal, and returns how it ended, and the questions; each is answered like that.
async fn on_terminal(fake: &Fake, arguments: &[&str], answer: bool) -> (Result<Ended, String>, Vec<String>) {
    let mut questions = Vec::new();
    let mut ask = |question: &str| {
        questions.push(question.to_owned());
        Ok(answer)
    };
    let (ended, _) = asked_dlq(&fake.url, arguments, Some(&mut ask)).await;
    (ended, questions)
}

fn page(ids: &[&str], next: Option<&str>) -> (u16, Value) {
    let messages: Vec<Value> = ids.iter().map(|id| json!({"id": id})).collect();
    (200, json!({"messages": messages, "next": next, "complete": true}))
}

fn info(open: u64, parked: u64) -> (u16, Value) {
    (
        200,
        json!({"count": open + parked, "byState": {"open": open, "parked": parked, "replayed": 9, "discarded": 9}}),
    )
}

#[actix_web::test]
async fn all_dead_letters_are_changed_only_by_somebody_who_says_so() {
    for command in [&["replay", "--all"][..], &["discard", "--all", "--reason=r"]] {
        let fake = Fake::start(vec![info(3, 2)]);
        let (ended, _) = dlq(&fake.url, command).await;
        assert!(ended.expect_err("nobody to ask").contains("--yes"), "{command:?}");
        assert_eq!(fake.asked(), [], "nothing was sent");
        let (ended, questions) = on_terminal(&fake, command, false).await;
        assert!(ended.expect_err("the answer is no").contains("nothing was done"));
        let question = match command[0] {
            "replay" => "Replay 3 open dead letters?",
            _ => "Discard 3 open and 2 parked dead letters?",
        };
        assert_eq!(questions, [question]);
        assert_eq!(fake.asked().len(), 1, "nothing but the question's count was asked for");
    }
}

#[actix_web::test]
async fn a_filter_that_selects_several_is_confirmed_on_a_terminal() {
    let fake = Fake::start(vec![
        page(&["0-1", "0-2"], Some("0-2")),
        (202, job("done", 2, json!({"applied": 2}))),
    ]);
    let (ended, questions) = on_terminal(&fake, &["replay", "--code=not_framed"], true).await;
    assert_eq!(ended, Ok(Ended::Well));
    assert_eq!(questions, ["Replay more than 2 open dead letters?"]);
    assert_eq!(fake.asked()[0].1, "/dlq/messages?limit=1000&state=open&code=not_framed");

    let one = vec![page(&["0-1"], None), page(&[], None), (200, json!({"discarded": 1}))];
    let fake = Fake::start(one);
    let since = ["discard", "--since=2026-01-02T03:04:05Z", "--reason=r"];
    let (ended, questions) = on_terminal(&fake, &since, false).await;
    assert_eq!((ended, questions), (Ok(Ended::Well), Vec::new()), "one is not many");
}

#[actix_web::test]
async fn nothing_is_asked_about_ids_or_if_there_is_nothing_to_change() {
    let fake = Fake::start(vec![
        (200, json!({"discarded": 2})),
        info(0, 0),
        (200, json!({"discarded": 0})),
    ]);
    for command in [
        &["discard", "0-1", "0-2", "--reason=r"][..],
        &["discard", "--all", "--reason=r"],
    ] {
        let (ended, questions) = on_terminal(&fake, command, false).await;
        assert_eq!((ended, questions), (Ok(Ended::Well), Vec::new()), "{command:?}");
    }
}

#[actix_web::test]
async fn the_list_of_replays_says_who_when_what_and_what_became_of_it() {
    let mut by_code = job(
        "done",
        3,
        json!({"applied": 1, "duplicate": 7, "superseded": 8, "deadLettered": 4, "failed": 5}),
    );
    by_code["selection"] = json!({"code": "unknown_schema_id"});
    by_code["endedAt"] = "2026-01-02T03:05:00.000Z".into();
    let mut by_ids = job("running", 0, json!({}));
    by_ids["selection"] = json!({"ids": ["0-1", "0-2", "0-3", "0-4", "0-5"]});
    let fake = Fake::start(vec![
        (200, json!({"replays": [by_code, by_ids, job("stopped", 0, json!({}))]})),
        (200, job("done", 3, json!({"applied": 2, "deadLettered": 1}))),
    ]);
    let (_, printed) = dlq(&fake.url, &["replays"]).await;
    let words = |line: usize| {
        printed
            .lines()
            .nth(line)
            .unwrap_or_default()
            .split_whitespace()
            .collect::<Vec<_>>()
            .join(" ")
    };
    let end = "DUPLICATE SUPERSEDED FAILED";
    assert!(words(0).ends_with(end), "{printed}");
    assert!(
        words(1).ends_with("2026-01-02T03:05:00.000Z jane code unknown_schema_id 3 3 1 7 8 9"),
        "{printed}"
    );
    assert!(words(2).contains("0-1, 0-2, 0-3 and 2 more"), "{printed}");
    assert!(words(3).contains(" all "), "{printed}");
    let (_, printed) = dlq(&fake.url, &["replays", "019ac8a4-5f0e-7c1d-b9b5-2f6c0d5e8a11"]).await;
    assert!(printed.contains("Selected: all"), "{printed}");
    assert!(
        printed.contains("dead-lettered again") && !printed.contains("deadLettered"),
        "{printed}"
    );
}

#[test]
fn the_limit_of_dead_letters_may_be_what_it_was_at_first() {
    let parse = |bound: &str| Cli::try_parse_from(["dlq", "resume", "--partition=2", bound]).is_ok();
    assert!(parse("--max-dead-letters=1000") && parse("--max-dead-letters=2000"));
    assert!(!parse("--max-dead-letters=999") && !parse("--max-dead-letters=2001"));
}

#[test]
fn the_help_says_which_dead_letters_a_filter_selects_and_which_key_is_sent() {
    let help = |command: &str| {
        let help = Cli::try_parse_from(["dlq", command, "--help"])
            .expect_err("help")
            .to_string();
        help.split_whitespace().collect::<Vec<_>>().join(" ")
    };
    assert!(help("replay").contains("Every open one with this code"));
    assert!(help("discard").contains("Every open or parked one with this code"));
    assert!(!help("discard").contains("Every open one"));
    assert!(help("list").contains("The admin key of that order-service"));
    assert!(!help("list").contains("Without one, only clients"));
}
