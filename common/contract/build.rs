//! Compiles in the event schema's lineage from its folder: every `schemas/order-event/v<N>.avsc` becomes an entry of
//! `orderlog_contract::lineage::LINEAGE`, so that a new version is a new file and nothing else.

use std::path::Path;
use std::process::ExitCode;
use std::{env, fs, io};

#[path = "build/versions.rs"]
mod versions;

/// Relative to this package, which is the working directory of a build script.
const FOLDER: &str = "../../schemas/order-event";

fn main() -> ExitCode {
    println!("cargo::rerun-if-changed={FOLDER}");
    match lineage().and_then(|source| write(&source)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(reason) => {
            println!("cargo::error={reason}");
            ExitCode::FAILURE
        }
    }
}

/// A Rust expression: the texts of all versions, oldest first.
fn lineage() -> Result<String, String> {
    let names = names().map_err(|error| format!("schemas/order-event cannot be read: {error}"))?;
    let files = versions::in_order(&names)?;
    let mut entries = String::new();
    for file in files {
        println!("cargo::rerun-if-changed={FOLDER}/{file}");
        let text = fs::read_to_string(format!("{FOLDER}/{file}"));
        let text = text.map_err(|error| format!("schemas/order-event/{file} cannot be read: {error}"))?;
        let json = serde_json::from_str::<serde_json::Value>(&text);
        json.map_err(|error| format!("schemas/order-event/{file} is not JSON: {error}"))?;
        entries += &format!("    include_str!(concat!(env!(\"CARGO_MANIFEST_DIR\"), \"/{FOLDER}/{file}\")),\n");
    }
    Ok(format!("&[\n{entries}]\n"))
}

fn names() -> io::Result<Vec<String>> {
    fs::read_dir(FOLDER)?
        .map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned()))
        .collect()
}

fn write(source: &str) -> Result<(), String> {
    let folder = env::var_os("OUT_DIR").ok_or("OUT_DIR is not set: run this through cargo")?;
    let file = Path::new(&folder).join("lineage.rs");
    fs::write(&file, source).map_err(|error| format!("{} cannot be written: {error}", file.display()))
}
