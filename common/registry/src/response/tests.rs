//! Responses as registries send them.

use super::*;

fn meaning(status: u16, body: &str) -> String {
    let status = StatusCode::from_u16(status).expect("a status");
    match interpret(
        status,
        body.as_bytes(),
        &[codes::SCHEMA_NOT_FOUND, codes::CONFLICT],
        parse_schema,
    ) {
        Ok(Response::Success(stored)) => stored.schema.unwrap_or_default(),
        Ok(Response::Refused(error)) => format!("refused: {}", error.error_code),
        Err(error) => error.to_string(),
    }
}

#[test]
fn a_schema_and_the_expected_errors_answer_the_request() {
    assert_eq!(
        meaning(200, r#"{"schema":"\"int\"","id":1,"new":{"member":1}}"#),
        "\"int\""
    );
    assert_eq!(meaning(404, r#"{"error_code":40403,"message":""}"#), "refused: 40403");
    assert_eq!(meaning(409, r#"{"error_code":409,"message":""}"#), "refused: 409");
}

#[test]
fn fields_that_are_not_needed_may_be_missing_or_anything() {
    for body in [
        r#"{"schema":"\"int\""}"#,
        r#"{"schema":"\"int\"","version":-1,"id":"x","guid":7,"subject":[],"metadata":"none","deleted":"no"}"#,
        r#"{"schema":"\"int\"","schemaType":null,"references":null,"metadata":{"tags":7},"ts":1e3}"#,
        r#"{"schema":"\"int\"","schemaType":"","references":{},"id":4294967296}"#,
        r#"{"schema":"none","schema":"\"int\""}"#,
    ] {
        assert_eq!(meaning(200, body), "\"int\"", "{body}");
    }
    for body in [
        r#"{"error_code":40403}"#,
        r#"{"error_code":"40403","message":null}"#,
        r#"{"error_code":40403.0,"message":{},"details":[]}"#,
    ] {
        assert_eq!(meaning(404, body), "refused: 40403", "{body}");
    }
}

#[test]
fn what_is_needed_is_read_however_it_is_written() {
    let read = |body: &str| parse_schema(body.as_bytes()).expect("a schema");
    for (id, expected) in [
        ("7", Some(7)),
        ("7.0", Some(7)),
        (r#""7""#, Some(7)),
        ("7.5", None),
        ("null", None),
    ] {
        let body = format!(r#"{{"schema":"s","id":{id},"schemaType":"avro"}}"#);
        let stored = read(&body);
        assert_eq!(
            (stored.id, stored.schema_type.as_deref()),
            (expected, Some("AVRO")),
            "{body}"
        );
    }
    for (version, expected) in [
        ("2", 2),
        (r#""2""#, 2),
        ("2.0", 2),
        ("-1", LATEST),
        (r#""latest""#, LATEST),
        (r#""-1""#, LATEST),
        ("null", LATEST),
    ] {
        let body = format!(r#"{{"schema":"s","references":[{{"subject":"a","version":{version},"x":1}}]}}"#);
        let references = read(&body).references.expect("references");
        assert_eq!(
            (references[0].subject.as_str(), references[0].version),
            ("a", expected),
            "{body}"
        );
    }
    let odd = read(r#"{"schema":"s","references":["a",{"subject":5}]}"#).references;
    assert_eq!(
        odd.expect("references").len(),
        2,
        "they are not lost, as the schema needs them"
    );
}

#[test]
fn a_compatibility_result_needs_no_reasons() {
    let read = |body: &str| parse_compatibility(body.as_bytes()).map(|it| (it.is_compatible, it.messages));
    assert_eq!(read(r#"{"is_compatible":true,"messages":null}"#), Some((true, vec![])));
    let result = read(r#"{"is_compatible":false,"messages":["a",5]}"#);
    assert_eq!(result, Some((false, vec!["a".to_owned()])));
    assert_eq!(read(r#"{"status":"up"}"#), None);
    assert_eq!(parse_versions(br#"[1,"2",null,4.0]"#), Some(vec![1, 2, 4]));
}

/// Not by itself: some of it means "not found" once it is known to come from a registry ([`vendor_not_found`]).
#[test]
fn nothing_else_answers_it() {
    for (status, body) in [
        (200, ""),
        (200, "<html>log in</html>"),
        (200, "{}"),
        (200, r#"{"schema":5}"#),
        (200, r#"{"error_code":40403,"message":""}"#),
        (204, ""),
        (302, ""),
        (401, r#"{"error_code":40101,"message":""}"#),
        (403, r#"{"error_code":40301,"message":""}"#),
        (404, ""),
        (404, "<html>not found</html>"),
        (404, r#"{"error_code":404,"message":"HTTP 404 Not Found"}"#),
        (404, r#"{"error_code":40401,"message":""}"#),
        (404, r#"{"error_code":409,"message":""}"#),
        (408, ""),
        (429, r#"{"error_code":42901,"message":""}"#),
        (500, r#"{"error_code":40403,"message":""}"#),
        (503, "Service Unavailable"),
    ] {
        let reason = meaning(status, body);
        assert!(reason.starts_with(&format!("status {status}")), "{body}: {reason}");
    }
}

#[test]
fn a_registry_of_another_vendor_has_its_own_words_for_not_found() {
    let found =
        |status: u16, body: &str| vendor_not_found(StatusCode::from_u16(status).expect("a status"), body.as_bytes());
    for body in [
        r#"{"error_code":404,"message":"No artifact"}"#,
        r#"{"error_code":"40400","message":"No artifact"}"#,
        r#"{"error_code":40401,"message":"No artifact"}"#,
        r#"{"message":"No artifact"}"#,
    ] {
        assert_eq!(found(404, body).as_deref(), Some("No artifact"), "{body}");
        assert_eq!(found(503, body), None, "{body}");
    }
    for body in [
        "",
        "<html>not found</html>",
        "{}",
        "[]",
        r#""not found""#,
        r#"{"message":""}"#,
        r#"{"error_code":409,"message":"a"}"#,
        r#"{"error_code":40500,"message":"a"}"#,
        r#"{"error_code":"no","message":"a"}"#,
    ] {
        assert_eq!(found(404, body), None, "{body}");
    }
}

#[test]
fn what_cannot_be_an_id_is_not_usable_and_is_named() {
    let status = StatusCode::OK;
    for id in ["0", "2147483648", "4294967296", "-1", r#""0""#, "7.5"] {
        let body = format!(r#"{{"id":{id},"schema":"s"}}"#);
        let reason = interpret(status, body.as_bytes(), &[], parse_id)
            .expect_err("not usable")
            .to_string();
        let shown = format!("returned id {}; ids are 1 to 2147483647", id.trim_matches('"'));
        assert!(reason.contains(&shown), "{reason}");
    }
    let largest = interpret(status, br#"{"id":2147483647}"#, &[], parse_id);
    assert!(matches!(largest, Ok(Response::Success(2_147_483_647))), "{largest:?}");
}

#[test]
fn a_message_is_shown_on_one_line_and_cut() {
    let body = format!(r#"{{"error_code":50001,"message":"a\nb{}"}}"#, "é".repeat(1000));
    let reason = meaning(500, &body);
    assert!(
        reason.contains("50001: a bé") && reason.chars().count() < 400,
        "{reason}"
    );
}
