//! Proves, without a registry or a broker, that the versions under `schemas/order-event/` are consistent: each version
//! with every other (`evolution`), each version's bytes with today's struct (`golden`), and the newest version with the
//! struct, field by field (`agreement`). Each check is a separate function, which is proved on fixtures that are broken
//! on purpose (`broken`, `broken_struct`, and the end of `golden`).

mod agreement;
mod broken;
mod broken_struct;
mod build_script;
mod evolution;
mod golden;
mod probe;

/// The newest version as apache-avro has it, whose types these tests walk.
fn newest() -> apache_avro::Schema {
    let text = orderlog_contract::lineage::newest_text().text;
    apache_avro::Schema::parse_str(&text).expect("a schema")
}
