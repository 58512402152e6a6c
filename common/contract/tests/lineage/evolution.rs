//! Every version against every other.

use apache_avro::Schema;
use apache_avro::schema_compatibility::{Compatibility, SchemaCompatibility};
use orderlog_avro::compatibility::{Incompatibility, Parsed, full_transitive, house_rules};
use orderlog_contract::lineage::LINEAGE;

/// A check of a whole lineage.
pub type Check = fn(&[(String, &Parsed)]) -> Vec<Incompatibility>;

/// What a check finds in the texts of a lineage, oldest first.
pub fn found(check: Check, lineage: &[impl AsRef<str>]) -> Vec<String> {
    let parse = |text: &str| Parsed::parse(text, &[]).expect("every version is a schema");
    let parsed: Vec<Parsed> = lineage.iter().map(|text| parse(text.as_ref())).collect();
    let versions: Vec<(String, &Parsed)> = (1..).zip(&parsed).map(|(n, it)| (format!("v{n}"), it)).collect();
    check(&versions).iter().map(ToString::to_string).collect()
}

#[test]
fn every_version_reads_every_other() {
    assert_eq!(found(full_transitive, LINEAGE), Vec::<String>::new());
}

#[test]
fn every_version_keeps_the_rules_of_the_house() {
    assert_eq!(found(house_rules, LINEAGE), Vec::<String>::new());
}

#[test]
fn avros_own_check_agrees_where_it_is_right() {
    let schemas: Vec<Schema> = LINEAGE
        .iter()
        .map(|text| Schema::parse_str(text).expect("a schema"))
        .collect();
    for (writer, written) in (1..).zip(&schemas) {
        for (reader, read) in (1..).zip(&schemas) {
            // It takes a type's second use for another type than its definition.
            if !uses_a_type_twice(written) && !uses_a_type_twice(read) {
                let answer = SchemaCompatibility::can_read(written, read);
                assert_eq!(answer, Ok(Compatibility::Full), "v{reader} reading v{writer}");
            }
        }
    }
}

fn uses_a_type_twice(schema: &Schema) -> bool {
    match schema {
        Schema::Ref { .. } => true,
        Schema::Array(array) => uses_a_type_twice(&array.items),
        Schema::Map(map) => uses_a_type_twice(&map.types),
        Schema::Union(union) => union.variants().iter().any(uses_a_type_twice),
        Schema::Record(record) => record.fields.iter().any(|field| uses_a_type_twice(&field.schema)),
        _ => false,
    }
}
