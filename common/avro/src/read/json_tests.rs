use super::*;
use crate::SchemaText;

fn schema(text: &str) -> Schema {
    Schema::parse_lenient(&SchemaText::avro(text)).expect("a schema")
}

fn json(text: &str, datum: &[u8]) -> Result<String, String> {
    to_json(&schema(text), datum).map_err(|error| error.to_string())
}

#[test]
fn each_type_is_written_as_the_specification_says() {
    for (schema, datum, expected) in [
        (r#""null""#, &b""[..], "null"),
        (r#""boolean""#, b"\x01", "true"),
        (r#""int""#, b"\x01", "-1"),
        (r#"{"type":"long","logicalType":"timestamp-millis"}"#, b"\x80\x01", "64"),
        (r#""float""#, &0.1_f32.to_le_bytes(), "0.1"),
        (r#""double""#, &(-2.5_f64).to_le_bytes(), "-2.5"),
        (r#""double""#, &f64::NAN.to_le_bytes(), r#""NaN""#),
        (r#""float""#, &f32::NEG_INFINITY.to_le_bytes(), r#""-Infinity""#),
        (r#""double""#, &f64::INFINITY.to_le_bytes(), r#""Infinity""#),
        (r#""string""#, b"\x08a\"\n\x7f", "\"a\\\"\\n\u{7f}\""),
        (r#""bytes""#, b"\x04\x00\xff", "\"\\u0000\u{ff}\""),
        (r#"{"type":"fixed","name":"F","size":2}"#, b"AB", r#""AB""#),
        (r#"{"type":"enum","name":"E","symbols":["A","B"]}"#, b"\x02", r#""B""#),
        (
            r#"{"type":"array","items":"int"}"#,
            b"\x04\x02\x04\x01\x02\x06\x00",
            "[1,2,3]",
        ),
        (r#"{"type":"array","items":"int"}"#, b"\x00", "[]"),
        (
            r#"{"type":"map","values":"int"}"#,
            b"\x04\x02b\x02\x02a\x04\x00",
            r#"{"b":1,"a":2}"#,
        ),
        (r#"["null","int"]"#, b"\x00", "null"),
        (r#"["null","int"]"#, b"\x02\x02", r#"{"int":1}"#),
        (
            r#"["null",{"type":"array","items":"string"}]"#,
            b"\x02\x02\x02x\x00",
            r#"{"array":["x"]}"#,
        ),
        (
            r#"{"type":"record","name":"R","namespace":"n","fields":[{"name":"z","type":"int"},
                {"name":"a","type":["null","R",{"type":"enum","name":"E","symbols":["A"]}]}]}"#,
            b"\x02\x02\x04\x04\x00",
            r#"{"z":1,"a":{"n.R":{"z":2,"a":{"n.E":"A"}}}}"#,
        ),
    ] {
        assert_eq!(json(schema, datum).as_deref(), Ok(expected), "{schema}");
    }
}

#[test]
fn a_datum_that_is_cut_off_or_too_long_names_where() {
    let record = r#"{"type":"record","name":"R","fields":[{"name":"items","type":{"type":"array","items":"int"}},
        {"name":"tags","type":{"type":"map","values":"string"}}]}"#;
    assert_eq!(
        json(record, b"\x02\x02\x00\x02\x02k\x02v\x00").as_deref(),
        Ok(r#"{"items":[1],"tags":{"k":"v"}}"#)
    );
    let error = json(record, b"\x04\x02").expect_err("cut off");
    assert_eq!(error, "items[1]: unexpected end of data (at byte 2 of 2)");
    let error = json(record, b"\x00\x02\x02k\x04v").expect_err("cut off");
    assert!(error.starts_with("tags{}: unexpected end of data"), "{error}");
    let error = json(record, b"\x00\x00\x00").expect_err("too long");
    assert_eq!(error, "1 trailing byte after the end of the datum at byte 2");
}

#[test]
fn a_small_datum_cannot_become_a_large_text() {
    let long = "x".repeat(10_000);
    // 8,000 entries that take no bytes, each with a long name.
    let entries = format!(
        r#"{{"type":"array","items":{{"type":"record","name":"R","fields":[{{"name":"{long}","type":"null"}}]}}}}"#
    );
    let error = json(&entries, b"\x80\x7d\x00").expect_err("too long");
    assert!(error.contains("longer than"), "{error}");
    let endless = r#"{"type":"record","name":"R","fields":[{"name":"r","type":"R"}]}"#;
    assert!(json(endless, b"").expect_err("endless").contains("nested more than"));
    let nulls = r#"{"type":"array","items":"null"}"#;
    assert!(
        json(nulls, b"\xfe\xff\xff\xff\x0f\x00")
            .expect_err("many")
            .contains("more than 8192")
    );
}

#[test]
fn it_reads_what_the_decoder_reads() {
    let text = r#"{"type":"record","name":"R","fields":[{"name":"a","type":"long"},{"name":"b","type":"string"}]}"#;
    let (schema, datum) = (schema(text), b"\xac\x02\x06abc");
    let resolution = crate::Resolution::new(&schema, &schema).expect("the same schema");
    let read: serde_json::Value = resolution.read(datum).expect("a datum");
    let json = to_json(&schema, datum).expect("a datum");
    assert_eq!(serde_json::from_str::<serde_json::Value>(&json).expect("JSON"), read);
}
