//! The rules by which the build script selects the files of the lineage.

#[path = "../../build/versions.rs"]
mod versions;

fn in_order(names: &[&str]) -> Result<Vec<String>, String> {
    let names: Vec<String> = names.iter().map(ToString::to_string).collect();
    versions::in_order(&names)
}

#[test]
fn versions_are_ordered_by_their_numbers() {
    let names: Vec<String> = (1..=11).map(|n| format!("v{n}.avsc")).collect();
    let mut by_text = names.clone();
    by_text.sort_unstable();
    assert_ne!(by_text, names, "v10 comes before v2 by text");
    assert_eq!(versions::in_order(&by_text), Ok(names));
}

#[test]
fn a_missing_version_is_named() {
    for (names, missing) in [
        (&[][..], "v1.avsc is missing: "),
        (&["v2.avsc"], "v1.avsc is missing, though v2.avsc is there"),
        (
            &["v4.avsc", "v1.avsc", "v2.avsc"],
            "v3.avsc is missing, though v4.avsc is there",
        ),
    ] {
        let reason = in_order(names).expect_err("a gap");
        assert!(
            reason.starts_with(&format!("schemas/order-event/{missing}")),
            "{reason}"
        );
    }
}

#[test]
fn any_other_file_is_named() {
    for name in [
        "v02.avsc",
        "v0.avsc",
        "v+2.avsc",
        "v2.json",
        "V2.avsc",
        "v2.avsc~",
        ".DS_Store",
        "v.avsc",
        "v99999999999.avsc",
    ] {
        let reason = in_order(&["v1.avsc", name]).expect_err("no version");
        assert!(
            reason.starts_with(&format!("schemas/order-event/{name} is not a version of the schema")),
            "{reason}"
        );
    }
}
