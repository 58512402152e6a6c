//! What [`Json`] accepts and how it refuses.

use actix_web::http::header::ContentType;
use actix_web::test::TestRequest;
use rust_decimal::Decimal;
use serde::Deserialize;

use super::*;
use crate::whole_number::WholeNumber;

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Body {
    #[serde(alias = "order_id")]
    order_id: String,
    #[serde(default)]
    #[serde(deserialize_with = "objects")]
    items: Option<Vec<Item>>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Item {
    quantity: WholeNumber,
    #[serde(default, with = "crate::amount::option")]
    price: Option<Decimal>,
}

async fn read(request: TestRequest) -> Result<Body, Problem> {
    let (request, mut payload) = request.to_http_parts();
    Json::<Body>::from_request(&request, &mut payload)
        .await
        .map(|json| json.value)
}

fn fault_of(body: &str) -> Problem {
    parse::<Body>(body.as_bytes()).expect_err(body)
}

#[actix_web::test]
async fn a_json_body_is_read_under_each_json_media_type() {
    for media_type in [
        "application/json",
        "application/json ;\tcharset=utf-8",
        "application/vnd.order+json",
    ] {
        let request = TestRequest::post()
            .insert_header(("content-type", media_type))
            .set_payload(r#"{"orderId":"1"}"#);
        assert_eq!(read(request).await.expect(media_type).order_id, "1");
    }
}

#[actix_web::test]
async fn identity_codings_are_not_compression() {
    for codings in ["", "identity", "identity, identity", " ,Identity\t, "] {
        let request = TestRequest::post()
            .insert_header(ContentType::json())
            .insert_header((header::CONTENT_ENCODING, codings))
            .append_header((header::CONTENT_ENCODING, "identity"))
            .set_payload(r#"{"orderId":"1"}"#);
        assert_eq!(read(request).await.expect(codings).order_id, "1");
    }
}

#[actix_web::test]
async fn another_media_type_or_a_compressed_body_is_a_415() {
    for headers in [
        vec![("content-type", "text/plain")],
        vec![("content-type", "application/x-www-form-urlencoded")],
        vec![("content-type", "jsonish")],
        vec![],
        vec![("content-type", "application/json"), ("content-encoding", "gzip")],
        vec![
            ("content-type", "application/json"),
            ("content-encoding", "identity, gzip"),
        ],
    ] {
        let mut request = TestRequest::post().set_payload(r#"{"orderId":"1"}"#);
        for header in &headers {
            request = request.insert_header(*header);
        }
        let problem = read(request).await.expect_err("a 415");
        assert_eq!(problem.kind(), ProblemKind::UnsupportedMediaType, "{headers:?}");
    }
}

#[actix_web::test]
async fn a_body_over_the_limit_is_a_413_with_or_without_a_content_length() {
    let body = format!(r#"{{"orderId":"{}"}}"#, "x".repeat(BODY_LIMIT));
    let request = || TestRequest::post().insert_header(ContentType::json());
    let (_, payload) = request().set_payload(body).to_http_parts();
    let unannounced = receive(payload, None).await;
    assert_eq!(unannounced.expect_err("a 413").kind(), ProblemKind::PayloadTooLarge);
    let announced = request()
        .set_payload("{}")
        .insert_header((header::CONTENT_LENGTH, BODY_LIMIT + 1));
    assert_eq!(
        read(announced).await.expect_err("a 413").kind(),
        ProblemKind::PayloadTooLarge
    );
}

#[actix_web::test]
async fn a_body_of_exactly_the_limit_is_read() {
    let frame = r#"{"orderId":""}"#.len();
    let body = format!(r#"{{"orderId":"{}"}}"#, "x".repeat(BODY_LIMIT - frame));
    let request = TestRequest::post().insert_header(ContentType::json()).set_payload(body);
    assert_eq!(read(request).await.expect("it fits").order_id.len(), BODY_LIMIT - frame);
}

#[test]
fn an_amount_inside_a_list_is_read_exactly() {
    let body: Body =
        parse(br#"{"orderId":"1","items":[{"quantity":2,"price":12345678901234567.89}]}"#).expect("a body");
    let items = body.items.expect("items");
    assert_eq!(items[0].quantity, 2.into());
    assert_eq!(
        items[0].price.map(|price| price.to_string()).as_deref(),
        Some("12345678901234567.89")
    );
}

#[test]
fn each_fault_names_its_field() {
    for (body, field) in [
        (r#"{}"#, "orderId"),
        (r#"{"orderId":1}"#, "orderId"),
        (r#"{"orderId":"1","orderId":"2"}"#, "orderId"),
        (r#"{"orderId":"1","order_id":"2"}"#, "orderId"),
        (r#"{"orderId":"1","colour":"red"}"#, "colour"),
        (r#"{"orderId":"1","items":{}}"#, "items"),
        (r#"{"orderId":"1","items":[{"quantity":1},{}]}"#, "items[1].quantity"),
        (r#"{"orderId":"1","items":[{"quantity":"1"}]}"#, "items[0].quantity"),
        (r#"{"orderId":"1","items":[{"quantity":null}]}"#, "items[0].quantity"),
        (
            r#"{"orderId":"1","items":[{"quantity":1,"quantity":2}]}"#,
            "items[0].quantity",
        ),
        (
            r#"{"orderId":"1","items":[{"quantity":1,"price":"9.99"}]}"#,
            "items[0].price",
        ),
        (
            r#"{"orderId":"1","items":[{"quantity":1,"price":1e400}]}"#,
            "items[0].price",
        ),
        (
            r#"{"orderId":"1","items":[{"quantity":1,"colour":1}]}"#,
            "items[0].colour",
        ),
    ] {
        let problem = fault_of(body);
        assert_eq!(problem.kind(), ProblemKind::InvalidRequest, "{body}");
        let fields: Vec<_> = problem.errors().iter().map(|invalid| invalid.field.as_str()).collect();
        assert_eq!(fields, [field], "{body}: {problem}");
        assert!(!problem.summary().contains(" at line "), "{problem}");
        assert!(
            !["i64", "usize", "struct", "Item"]
                .iter()
                .any(|name| problem.summary().contains(name)),
            "{problem}"
        );
    }
}

#[test]
fn invalid_json_says_where() {
    for body in [
        "{",
        "{\"orderId\":\"1\"} x",
        "not json",
        "{'orderId':'1'}",
        "\u{feff}\u{feff}{}",
        "{ \0}",
    ] {
        let problem = fault_of(body);
        assert!(
            problem.summary().starts_with("the body is not valid JSON: "),
            "{body}: {problem}"
        );
        assert!(problem.errors().is_empty(), "{body}");
    }
    assert_eq!(fault_of(" \n").summary(), "the body is empty");
    assert_eq!(fault_of("").kind(), ProblemKind::InvalidRequest);
    assert_eq!(fault_of("7").kind(), ProblemKind::InvalidRequest);
    assert_eq!(fault_of(&"[".repeat(100_000)).kind(), ProblemKind::InvalidRequest);
}

#[actix_web::test]
async fn a_byte_order_mark_is_ignored_and_kept_in_the_text() {
    let sent = "\u{feff}{\"orderId\":\"1\"}";
    let (request, mut payload) = TestRequest::post()
        .insert_header(ContentType::json())
        .set_payload(sent)
        .to_http_parts();
    let read = Json::<Body>::from_request(&request, &mut payload)
        .await
        .expect("a body");
    assert_eq!((read.value.order_id.as_str(), &read.text[..]), ("1", sent.as_bytes()));
    assert_eq!(fault_of("\u{feff} ").summary(), "the body is empty");
}

#[test]
fn a_body_in_another_encoding_is_refused_for_that_reason() {
    let json = "{\"orderId\":\"caf\u{e9}\"}";
    let utf_16 = |bytes: fn(u16) -> [u8; 2]| json.encode_utf16().flat_map(bytes).collect::<Vec<_>>();
    let utf_32 = |bytes: fn(u32) -> [u8; 4]| json.chars().map(u32::from).flat_map(bytes).collect::<Vec<_>>();
    let latin_1: Vec<u8> = json.chars().map(|c| u8::try_from(c).expect("Latin-1")).collect();
    let marked = [b"\xff\xfe".as_slice(), &utf_16(u16::to_le_bytes)].concat();
    for body in [
        latin_1,
        marked,
        utf_16(u16::to_le_bytes),
        utf_16(u16::to_be_bytes),
        utf_32(u32::to_le_bytes),
        utf_32(u32::to_be_bytes),
        // Without a non-ASCII character it could pass for UTF-8.
        b"{\0}\0".to_vec(),
        b"\0{\0}".to_vec(),
        b"\xed\xa0\x80".to_vec(),
    ] {
        let problem = parse::<Body>(&body).expect_err("no UTF-8");
        assert_eq!(problem.summary(), "the body is not UTF-8", "{body:?}");
    }
}

#[test]
fn an_unpaired_surrogate_is_reported_in_plain_words() {
    const WORDS: &str = "contains an unpaired surrogate (\\ud800 to \\udfff)";
    for (body, whose) in [
        (r#"{"orderId":"\ud800"}"#, "orderId:"),
        (r#"{"orderId":"a\ud83dz"}"#, "orderId:"),
        (r#"{"orderId":"\ud83d\n"}"#, "orderId:"),
        (r#"{"orderId":"\udc00"}"#, "orderId:"),
        (r#"{"orderId":"\ud800\ud800"}"#, "orderId:"),
        (r#"{"\ud800":"1"}"#, "the body"),
        (r#"{"orderId":"1","items":[{"\ud800":1}]}"#, "items[0]:"),
    ] {
        let problem = fault_of(body);
        assert_eq!(problem.kind(), ProblemKind::InvalidRequest, "{body}");
        assert_eq!(problem.summary(), format!("{whose} {WORDS}"), "{body}");
    }
    let whole: Body = parse(br#"{"orderId":"\ud83d\ude00"}"#).expect("a pair");
    assert_eq!(whole.order_id, "\u{1f600}");
}

#[test]
fn only_an_object_is_read_as_one() {
    for body in [
        r#"["1",[]]"#,
        r#"{"orderId":"1","items":[[1,null]]}"#,
        "7",
        "\"x\"",
        "null",
    ] {
        let problem = fault_of(body);
        assert!(
            problem.summary().contains("must be an object, not "),
            "{body}: {problem}"
        );
    }
}

#[actix_web::test]
async fn a_body_ends_at_its_content_length() {
    let request = TestRequest::post()
        .insert_header(ContentType::json())
        .set_payload(r#"{"orderId":"1"}GET / HTTP/1.1"#)
        .insert_header((header::CONTENT_LENGTH, 15));
    assert_eq!(read(request).await.expect("a body").order_id, "1");
}
