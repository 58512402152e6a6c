//! The struct and the newest version, field by field: names of records, fields and enums, types, order, symbols, defaults
//! of optional fields. The house rules check docs.

use apache_avro::Schema;
use apache_avro::schema::{EnumSchema, RecordField, RecordSchema, ResolvedSchema, SchemaKind};
use orderlog_contract::event::OrderEvent;
use serde_json::Value;

use crate::probe::{Asked, asked};

/// Where a struct and a schema differ, each difference with its field.
pub fn disagreements(asked: &Asked, schema: &Schema) -> Vec<String> {
    let names = ResolvedSchema::try_from(schema).expect("a schema without references");
    let mut found = Vec::new();
    compare(asked, schema, &names, "the event", &mut found);
    found
}

fn compare(asked: &Asked, schema: &Schema, names: &ResolvedSchema<'_>, path: &str, found: &mut Vec<String>) {
    match (asked, schema) {
        (_, Schema::Ref { name }) => compare(asked, names.get_names()[name], names, path, found),
        (Asked::Record(name, fields), Schema::Record(record)) => {
            same_name(name, record.name.name(), path, found);
            compare_fields(name, fields, record, names, path, found);
        }
        (Asked::Enum(name, variants), Schema::Enum(it)) => {
            same_name(name, it.name.name(), path, found);
            compare_symbols(variants, it, path, found);
        }
        (Asked::List(inner), Schema::Array(array)) => compare(inner, &array.items, names, &format!("{path}[]"), found),
        (Asked::Optional(inner), Schema::Union(union)) => match union.variants() {
            [Schema::Null, branch] => compare(inner, branch, names, path, found),
            _ => found.push(format!(
                "{path}: the struct's Option is a union of null and one type, in that order"
            )),
        },
        (Asked::Uuid, Schema::Uuid(_)) => {}
        (Asked::Primitive(name), _) if primitive(schema) == Some(name) => {}
        _ => found.push(format!(
            "{path}: the struct has {asked}, the schema {:?}",
            SchemaKind::from(schema)
        )),
    }
}

fn compare_fields(
    name: &str,
    fields: &[(&'static str, Asked)],
    record: &RecordSchema,
    names: &ResolvedSchema<'_>,
    path: &str,
    found: &mut Vec<String>,
) {
    let has = |name: &str| fields.iter().any(|(field, _)| *field == name);
    for field in record.fields.iter().filter(|field| !has(&field.name)) {
        found.push(format!(
            "{path}: the schema has the field {}, which the struct {name} lacks",
            field.name
        ));
    }
    let mut common = Vec::new();
    for (field, asked) in fields {
        match record.fields.iter().find(|candidate| candidate.name == *field) {
            Some(it) => {
                let path = format!("{path}.{field}");
                compare(asked, &it.schema, names, &path, found);
                compare_default(asked, it, &path, found);
                common.push(*field);
            }
            None => found.push(format!(
                "{path}: the struct {name} has the field {field}, which the schema lacks"
            )),
        }
    }
    let in_schema = record
        .fields
        .iter()
        .map(|field| field.name.as_str())
        .filter(|name| has(name));
    if !in_schema.eq(common) {
        found.push(format!(
            "{path}: the fields of the struct {name} are not in the schema's order"
        ));
    }
}

/// An optional field that a producer does not know, and so leaves out, must be read as absent.
fn compare_default(asked: &Asked, field: &RecordField, path: &str, found: &mut Vec<String>) {
    if matches!(asked, Asked::Optional(_)) && field.default != Some(Value::Null) {
        found.push(format!(
            "{path}: the struct has an Option, so the schema's default must be null"
        ));
    }
}

fn compare_symbols(variants: &[&str], schema: &EnumSchema, path: &str, found: &mut Vec<String>) {
    if !schema.symbols.iter().eq(variants) {
        let symbols = schema.symbols.join(", ");
        found.push(format!(
            "{path}: the struct has the variants {}, the schema the symbols {symbols}",
            variants.join(", ")
        ));
    }
}

fn same_name(asked: &str, schema: &str, path: &str, found: &mut Vec<String>) {
    if asked != schema {
        found.push(format!(
            "{path}: the struct's type is called {asked}, the schema's {schema}"
        ));
    }
}

/// A timestamp is a plain number in the struct; an amount of money is one in both.
fn primitive(schema: &Schema) -> Option<&'static str> {
    Some(match schema {
        Schema::Boolean => "boolean",
        Schema::Int => "int",
        Schema::Long | Schema::TimestampMillis => "long",
        Schema::Float => "float",
        Schema::Double => "double",
        Schema::String => "string",
        _ => return None,
    })
}

#[test]
fn the_struct_and_the_newest_version_agree_field_by_field() {
    let event = asked::<OrderEvent>().expect("types that Avro has");
    assert_eq!(disagreements(&event, &crate::newest()), Vec::<String>::new());
}
