//! Lineages that are broken on purpose, each in a folder of `broken/`: the intended check finds the break, and names the
//! field, the rule and the versions. If `avro` finds nothing, only the house rule prevents the change.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use orderlog_avro::compatibility::{full_transitive, house_rules};

use crate::evolution::found;

struct Case {
    folder: &'static str,
    /// What `full_transitive` says.
    avro: &'static [&'static str],
    /// What `house_rules` says.
    house: &'static [&'static str],
}

const CASES: &[Case] = &[
    Case {
        folder: "field-added-without-default",
        avro: &[
            "READER_FIELD_MISSING_DEFAULT_VALUE at order.giftNote: the reader's field giftNote has no \
             default, and the writer does not write it (v2 reading v1)",
        ],
        house: &[],
    },
    Case {
        folder: "field-removed-without-default",
        avro: &[
            "READER_FIELD_MISSING_DEFAULT_VALUE at order.giftNote: the reader's field giftNote has no \
             default, and the writer does not write it (v1 reading v2)",
        ],
        house: &[],
    },
    Case {
        folder: "type-narrowed",
        avro: &["TYPE_MISMATCH at weight: a reader's int cannot read a writer's long (v2 reading v1)"],
        house: &["TYPE_CHANGED at weight: the type changed from long to int (v2 reading v1)"],
    },
    Case {
        folder: "string-to-bytes",
        avro: &[],
        house: &["TYPE_CHANGED at label: the type changed from string to bytes (v2 reading v1)"],
    },
    Case {
        folder: "fixed-size-changed",
        avro: &[
            "FIXED_SIZE_MISMATCH at hash: a reader's fixed com.example.Hash cannot read a writer's fixed \
             com.example.Hash: 16 bytes are written, 32 expected (v2 reading v1)",
            "FIXED_SIZE_MISMATCH at hash: a reader's fixed com.example.Hash cannot read a writer's fixed \
             com.example.Hash: 32 bytes are written, 16 expected (v1 reading v2)",
        ],
        house: &[],
    },
    Case {
        folder: "gone-and-back-as-another-type",
        avro: &[
            "TYPE_MISMATCH at weight: a reader's string cannot read a writer's long (v3 reading v1)",
            "TYPE_MISMATCH at weight: a reader's long cannot read a writer's string (v1 reading v3)",
        ],
        house: &[
            "FIELD_DEFAULT_CHANGED at weight: the default of the field weight changed from 0 to \"\" (v3 reading v1)",
            "TYPE_CHANGED at weight: the type changed from long to string (v3 reading v1)",
        ],
    },
    Case {
        folder: "symbol-removed",
        avro: &[],
        house: &[
            "ENUM_SYMBOL_REMOVED at size: the enum com.example.Size no longer has LARGE: old data would be read as \
             the default (v2 reading v1)",
        ],
    },
    Case {
        folder: "symbol-inserted",
        avro: &[],
        house: &[
            "ENUM_SYMBOL_MOVED at size: the enum com.example.Size has MEDIUM where LARGE was; symbols are \
             appended only (v2 reading v1)",
        ],
    },
    Case {
        folder: "symbol-added-without-enum-default",
        avro: &[
            "MISSING_ENUM_SYMBOLS at size: the reader's enum com.example.Size has no default and lacks LARGE \
             (v1 reading v2)",
        ],
        house: &[
            "ENUM_DEFAULT_MISSING at size: the enum com.example.Size has no default for symbols of later \
             versions (v1)",
            "ENUM_DEFAULT_MISSING at size: the enum com.example.Size has no default for symbols of later \
             versions (v2)",
        ],
    },
    Case {
        folder: "enum-default-removed",
        avro: &[],
        house: &[
            "ENUM_DEFAULT_MISSING at size: the enum com.example.Size has no default for symbols of later \
             versions (v2)",
            "ENUM_DEFAULT_CHANGED at size: the default of the enum com.example.Size changed from UNKNOWN to none \
             (v2 reading v1)",
        ],
    },
    Case {
        folder: "enum-default-changed",
        avro: &[],
        house: &[
            "ENUM_DEFAULT_CHANGED at size: the default of the enum com.example.Size changed from UNKNOWN to SMALL \
             (v2 reading v1)",
        ],
    },
    Case {
        folder: "namespace-changed",
        avro: &[],
        house: &[
            "FULL_NAME_CHANGED at (schema): the type's full name changed from com.example.Parcel to \
             com.example.parcels.Parcel (v2 reading v1)",
        ],
    },
    Case {
        folder: "record-renamed-with-alias",
        avro: &[
            "NAME_MISMATCH at (schema): a reader's record com.example.Parcel cannot read a writer's record \
             com.example.Package (v1 reading v2)",
        ],
        house: &[
            "FULL_NAME_CHANGED at (schema): the type's full name changed from com.example.Parcel to \
             com.example.Package (v2 reading v1)",
        ],
    },
    Case {
        folder: "renamed-with-alias",
        avro: &[
            "READER_FIELD_MISSING_DEFAULT_VALUE at giftNote: the reader's field giftNote has no default, and \
             the writer does not write it; the writer calls it note, but an alias helps only a reader that \
             has it, so a field cannot be renamed (v1 reading v2)",
        ],
        house: &[
            "RENAMED at note: the field note was giftNote: an alias is needed to read it, and only one of \
             the two has it (v2 reading v1)",
        ],
    },
    Case {
        folder: "renamed-with-alias-and-default",
        avro: &[],
        house: &[
            "RENAMED at note: the field note was giftNote: an alias is needed to read it, and only one of \
             the two has it (v2 reading v1)",
        ],
    },
    Case {
        folder: "alias-of-another-field",
        avro: &[
            "ALIAS_COLLISION at label: several of the writer's fields match the reader's field label, by its \
             name or its aliases (v2 reading v1)",
        ],
        house: &[
            "ALIAS_COLLISION at label: the alias id is the name or an alias of another field of \
             com.example.Parcel (v2)",
        ],
    },
    Case {
        folder: "logical-type-changed",
        avro: &[],
        house: &[
            "LOGICAL_TYPE_CHANGED at sentAt: the logical type changed from timestamp-millis to timestamp-micros \
             (v2 reading v1)",
        ],
    },
    Case {
        folder: "logical-type-removed",
        avro: &[],
        house: &[
            "LOGICAL_TYPE_CHANGED at sentAt: the logical type changed from timestamp-millis to none (v2 reading v1)",
        ],
    },
    Case {
        folder: "logical-type-ignored",
        avro: &[],
        house: &[
            "LOGICAL_TYPE_IGNORED at sentAt: the logical type \"timestamp-millis\" is next to the field's type; \
             it belongs inside it (v2)",
        ],
    },
    Case {
        folder: "union-reordered",
        avro: &[],
        house: &["UNION_REORDERED at label: the union's branches were reordered (v2 reading v1)"],
    },
    Case {
        folder: "union-branch-added",
        avro: &[
            "MISSING_UNION_BRANCH at label: the reader's union has no branch for the writer's long (v1 \
             reading v2)",
        ],
        house: &[],
    },
    Case {
        folder: "default-changed",
        avro: &[],
        house: &[
            "FIELD_DEFAULT_CHANGED at weight: the default of the field weight changed from 0 to 1 (v2 reading v1)",
        ],
    },
    Case {
        folder: "default-of-the-second-branch",
        avro: &[],
        house: &[
            "DEFAULT_MISMATCH at label: the default of the field label is not a value of its type, or not of \
             its union's first branch (v2)",
        ],
    },
    Case {
        folder: "doc-missing",
        avro: &[],
        house: &[
            "DOC_MISSING at (schema): the record com.example.Parcel has no doc (v2)",
            "DOC_MISSING at weight: the field weight has no doc (v2)",
        ],
    },
];

#[test]
fn every_break_is_found_by_the_intended_check() {
    for Case { folder, avro, house } in CASES {
        let lineage = lineage(folder);
        assert!(lineage.len() > 1, "{folder} has no versions to compare");
        assert_eq!(found(full_transitive, &lineage), *avro, "{folder}");
        assert_eq!(found(house_rules, &lineage), *house, "{folder}");
        assert!(!avro.is_empty() || !house.is_empty(), "{folder} is not broken");
    }
}

#[test]
fn every_broken_lineage_has_its_case() {
    let folders = fs::read_dir(root()).expect("the folder of broken lineages");
    let folders: BTreeSet<String> = folders
        .map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned())
        .collect();
    let cases: BTreeSet<String> = CASES.iter().map(|case| case.folder.to_owned()).collect();
    assert_eq!(folders, cases);
}

fn lineage(folder: &str) -> Vec<String> {
    let file = |n| root().join(folder).join(format!("v{n}.avsc"));
    (1..).map_while(|n| fs::read_to_string(file(n)).ok()).collect()
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/lineage/broken")
}
