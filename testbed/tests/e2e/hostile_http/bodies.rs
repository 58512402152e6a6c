//! Invalid bodies, for cart-service.

use testbed::raw::{json, request};

use super::case::{Case, case};

/// Bodies that cart-service refuses.
pub fn bodies() -> Vec<Case> {
    let long = "9".repeat(200_000);
    let deep = |open: &str, close: &str| format!("{}{}", open.repeat(60_000), close.repeat(60_000));
    let full = |items: &str| format!(r#"{{"orderId":"X","customerId":"C","currency":"USD","items":[{items}]}}"#);
    let item = |rest: &str| full(&format!(r#"{{"itemId":"I",{rest}}}"#));
    let faulty = vec![r#"{"itemId":"","quantity":0,"price":0}"#; 7000].join(",");
    let text: Vec<(&str, String)> = vec![
        ("nothing", String::new()),
        ("white space", " \n\t ".into()),
        ("null", "null".into()),
        ("a list", "[]".into()),
        ("a number", "1".into()),
        ("a string", "\"x\"".into()),
        ("a form instead of JSON", "orderId=X&itemsCount=1".into()),
        ("a truncated object", r#"{"orderId":"X","itemsCount":1"#.into()),
        ("data after the end", r#"{"orderId":"X","itemsCount":1}{}"#.into()),
        ("a comment", r#"{"orderId":"X",/**/"itemsCount":1}"#.into()),
        ("a trailing comma", r#"{"orderId":"X","itemsCount":1,}"#.into()),
        (
            "two byte order marks",
            "\u{feff}\u{feff}{\"orderId\":\"X\",\"itemsCount\":1}".into(),
        ),
        (
            "a field twice",
            r#"{"orderId":"X","orderId":"Y","itemsCount":1}"#.into(),
        ),
        (
            "a field under two names",
            r#"{"orderId":"X","order_id":"Y","itemsCount":1}"#.into(),
        ),
        (
            "a count under two names",
            r#"{"orderId":"X","itemsCount":1,"numItems":2}"#.into(),
        ),
        (
            "a field that is escaped and twice",
            r#"{"orderId":"X","\u006frderId":"Y","itemsCount":1}"#.into(),
        ),
        (
            "an unknown field",
            r#"{"orderId":"X","itemsCount":1,"__proto__":{}}"#.into(),
        ),
        ("an unknown field of 200 kB", format!(r#"{{"orderId":"X","{long}":1}}"#)),
        ("deep lists", deep("[", "]")),
        ("deep objects", format!("{}1", r#"{"a":"#.repeat(40_000))),
        (
            "deep lists in a field",
            format!(r#"{{"orderId":{}"#, "[".repeat(100_000)),
        ),
        ("a lone surrogate", r#"{"orderId":"\ud800","itemsCount":1}"#.into()),
        ("a control character", r#"{"orderId":"a\u0000b","itemsCount":1}"#.into()),
        (
            "a line break in an id",
            r#"{"orderId":"a\nFORGED level=error","itemsCount":1}"#.into(),
        ),
        (
            "a raw line break in an id",
            "{\"orderId\":\"a\nb\",\"itemsCount\":1}".into(),
        ),
        (
            "an escape sequence in an id",
            r#"{"orderId":"a\u001b[31m","itemsCount":1}"#.into(),
        ),
        (
            "an id with a trailing blank",
            r#"{"orderId":"X ","itemsCount":1}"#.into(),
        ),
        (
            "a letter with a combining accent",
            r#"{"orderId":"e\u0301","itemsCount":1}"#.into(),
        ),
        (
            "a line separator in an id",
            r#"{"orderId":"a\u2028FORGED","itemsCount":1}"#.into(),
        ),
        ("a list in place of an object", r#"["X",1,null,null,null,null]"#.into()),
        ("an empty id", r#"{"orderId":"","itemsCount":1}"#.into()),
        (
            "an id of 65 characters",
            format!(r#"{{"orderId":"{}","itemsCount":1}}"#, "x".repeat(65)),
        ),
        ("an id of 200 kB", format!(r#"{{"orderId":"{long}","itemsCount":1}}"#)),
        ("an id that is a number", r#"{"orderId":7,"itemsCount":1}"#.into()),
        (
            "an id that is an object",
            r#"{"orderId":{"$ne":null},"itemsCount":1}"#.into(),
        ),
        ("1e400 items", r#"{"orderId":"X","itemsCount":1e400}"#.into()),
        ("one and a half items", r#"{"orderId":"X","itemsCount":1.5}"#.into()),
        ("-0 items", r#"{"orderId":"X","itemsCount":-0}"#.into()),
        ("-1 items", r#"{"orderId":"X","itemsCount":-1}"#.into()),
        ("NaN items", r#"{"orderId":"X","itemsCount":NaN}"#.into()),
        (
            "a million items, by count",
            r#"{"orderId":"X","itemsCount":1000000}"#.into(),
        ),
        (
            "more items than 64 bits",
            r#"{"orderId":"X","itemsCount":18446744073709551616}"#.into(),
        ),
        ("a count of 200 kB", format!(r#"{{"orderId":"X","itemsCount":{long}}}"#)),
        ("no items", full("")),
        (
            "101 items",
            full(&vec![r#"{"itemId":"I","quantity":1,"price":1}"#; 101].join(",")),
        ),
        ("7,000 items with three faults each", full(&faulty)),
        (
            "100,000 items that are not objects",
            full(&vec!["0"; 100_000].join(",")),
        ),
        ("a price of 1e400", item(r#""quantity":1,"price":1e400"#)),
        ("a price of 1e-400", item(r#""quantity":1,"price":1e-400"#)),
        (
            "a price with an endless exponent",
            item(r#""quantity":1,"price":1e99999999999999999999"#),
        ),
        ("a price of 200 kB", item(&format!(r#""quantity":1,"price":{long}"#))),
        ("a price of -0", item(r#""quantity":1,"price":-0"#)),
        ("a price in a string", item(r#""quantity":1,"price":"1""#)),
        ("a price of a tenth of a cent", item(r#""quantity":1,"price":0.001"#)),
        (
            "a total beyond 64 bits",
            item(r#""quantity":1000000,"price":92233720368547758.07"#),
        ),
        ("a quantity of 1e400", item(r#""quantity":1e400,"price":1"#)),
        ("a quantity of -2147483649", item(r#""quantity":-2147483649,"price":1"#)),
        (
            "a currency of control characters",
            r#"{"orderId":"X","customerId":"C","currency":"U\u0000D","items":[]}"#.into(),
        ),
    ];
    let mut cases: Vec<Case> = text
        .into_iter()
        .flat_map(|(name, body)| {
            ["/create-order", "/api/create-order"]
                .map(|path| case(format!("{name} to {path}"), json("POST", path, &body), &[400]))
        })
        .collect();
    let good = r#"{"orderId":"X","itemsCount":1}"#;
    for kind in [
        "text/plain",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "application/xml",
        "",
        ";",
        "json",
    ] {
        cases.push(case(
            format!("as {kind}"),
            request("POST", "/create-order", &[("content-type", kind)], good),
            &[415],
        ));
    }
    for coding in ["gzip", "br", "deflate", "zstd", "gzip, gzip", "identity, gzip"] {
        let headers = [("content-type", "application/json"), ("content-encoding", coding)];
        cases.push(case(
            format!("in {coding}"),
            request("POST", "/create-order", &headers, good),
            &[415],
        ));
    }
    let utf16: Vec<u8> = good.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let charset = [("content-type", "application/json; charset=utf-16")];
    cases.extend([
        case(
            "UTF-16",
            request("POST", "/create-order", &charset, &utf16),
            &[400, 415],
        ),
        case("no media type", request("POST", "/create-order", &[], good), &[415]),
        case(
            "invalid UTF-8",
            json("POST", "/create-order", b"{\"orderId\":\"\xff\xfe\",\"itemsCount\":1}"),
            &[400],
        ),
        case(
            "overlong UTF-8",
            json("POST", "/create-order", b"{\"orderId\":\"\xc0\xaf\",\"itemsCount\":1}"),
            &[400],
        ),
        case(
            "a million items",
            json(
                "POST",
                "/create-order",
                full(&vec![r#"{"itemId":"I","quantity":1,"price":1}"#; 1_000_000].join(",")),
            ),
            &[413],
        ),
        case(
            "a string of 100 MB",
            json(
                "POST",
                "/create-order",
                format!(r#"{{"orderId":"{}"}}"#, "x".repeat(100_000_000)),
            ),
            &[413],
        ),
        case(
            "an update to nothing",
            json("PUT", "/update-order", r#"{"orderId":"X","status":null}"#),
            &[400],
        ),
        case(
            "an update of an id with a line break",
            json("PUT", "/update-order", r#"{"orderId":"a\r\nb","status":"confirmed"}"#),
            &[400],
        ),
        case(
            "an update of a path",
            json(
                "PUT",
                "/update-order",
                r#"{"orderId":"../../etc/passwd","status":"confirmed"}"#,
            ),
            &[404],
        ),
        case(
            "an update of markup",
            json(
                "PUT",
                "/update-order",
                r#"{"orderId":"\"'><script>%00${x}\u202e","status":"confirmed"}"#,
            ),
            &[400],
        ),
        case("a delete", json("DELETE", "/create-order", "{}"), &[405]),
        case("a create with PUT", json("PUT", "/create-order", good), &[405]),
    ]);
    cases
}
