//! Every version against every other.

use apache_avro::schema_compatibility::{Compatibility, SchemaCompatibility};
use orderlog_avro::compatibility::{Incompatibility, full_transitive, house_rules};
use orderlog_avro::{Schema, SchemaText};
use orderlog_contract::lineage::LINEAGE;

/// A check of a whole lineage.
pub type Check = fn(&[(String, &Schema)]) -> Vec<Incompatibility>;

/// What a check finds in the texts of a lineage, oldest first.
pub fn found(check: Check, lineage: &[impl AsRef<str>]) -> Vec<String> {
    let parse = |text: &str| Schema::parse(&SchemaText::avro(text)).expect("every version is a schema");
    let parsed: Vec<Schema> = lineage.iter().map(|text| parse(text.as_ref())).collect();
    let versions: Vec<(String, &Schema)> = (1..).zip(&parsed).map(|(n, it)| (format!("v{n}"), it)).collect();
    check(&versions).iter().map(ToString::to_string).collect()
}

#[test]
fn every_version_reads_every_other() {
    assert_eq!(found(full_transitive, LINEAGE), Vec::<String>::new());
}

#[test]
fn every_version_keeps_the_house_rules() {
    assert_eq!(found(house_rules, LINEAGE), Vec::<String>::new());
}

#[test]
fn apache_avros_check_agrees_where_it_is_right() {
    let schemas: Vec<apache_avro::Schema> = LINEAGE
        .iter()
        .map(|text| apache_avro::Schema::parse_str(text).expect("a schema"))
        .collect();
    for (writer, written) in (1..).zip(&schemas) {
        for (reader, read) in (1..).zip(&schemas) {
            // It treats the second use of a type as a different type.
            if !uses_a_type_twice(written) && !uses_a_type_twice(read) {
                let answer = SchemaCompatibility::can_read(written, read);
                assert_eq!(answer, Ok(Compatibility::Full), "v{reader} reading v{writer}");
            }
        }
    }
}

fn uses_a_type_twice(schema: &apache_avro::Schema) -> bool {
    match schema {
        apache_avro::Schema::Ref { .. } => true,
        apache_avro::Schema::Array(array) => uses_a_type_twice(&array.items),
        apache_avro::Schema::Map(map) => uses_a_type_twice(&map.types),
        apache_avro::Schema::Union(union) => union.variants().iter().any(uses_a_type_twice),
        apache_avro::Schema::Record(record) => record.fields.iter().any(|field| uses_a_type_twice(&field.schema)),
        _ => false,
    }
}
