use super::{CompareTo, State, Submission};
use crate::registry::compatibility::Level;
use crate::registry::error::Refusal;
use crate::registry::schema::Reference;
use crate::registry::version_selector::VersionSelector;

pub(in crate::registry) const A: &str = r#"{"type": "record", "name": "R", "fields": [{"name": "a", "type": "int"}]}"#;
const A_AGAIN: &str = r#"{"name":"R","fields":[{"type":{"type":"int"},"name":"a"}],"type":"record"}"#;
pub(in crate::registry) const A_AND_B: &str = r#"{"type": "record", "name": "R", "fields": [{"name": "a", "type": "int"},
    {"name": "b", "type": "int", "default": 0}]}"#;
pub(in crate::registry) const A_AND_C: &str = r#"{"type": "record", "name": "R", "fields": [{"name": "a", "type": "int"},
    {"name": "c", "type": "int"}]}"#;

pub(in crate::registry) fn schema(text: &str) -> Submission {
    Submission {
        schema: text.to_owned(),
        references: Vec::new(),
    }
}

pub(in crate::registry) fn referring(text: &str, name: &str, subject: &str, version: i64) -> Submission {
    let reference = Reference {
        name: name.to_owned(),
        subject: subject.to_owned(),
        version,
    };
    Submission {
        schema: text.to_owned(),
        references: vec![reference],
    }
}

pub(in crate::registry) fn with_two_versions() -> State {
    let mut state = State::default();
    state.register("s", &schema(A)).expect("the first version");
    state.register("s", &schema(A_AND_B)).expect("the second version");
    state
}

pub(in crate::registry) fn not_found(subject: &str) -> Refusal {
    Refusal::SubjectNotFound(subject.to_owned())
}

#[test]
fn ids_and_versions_count_from_one() {
    let state = with_two_versions();
    assert_eq!(state.versions("s", false), Ok(vec![1, 2]));
    assert_eq!(
        state
            .version("s", VersionSelector::Number(1), false)
            .map(|it| it.id)
            .ok(),
        Some(1)
    );
    let latest = state
        .version("s", VersionSelector::Latest, false)
        .expect("a latest version");
    assert_eq!((latest.id, latest.version), (2, 2));
    assert!(
        latest.schema.text.starts_with(r#"{"type":"record","name":"R","#),
        "kept as sent, without white space"
    );
}

#[test]
fn the_same_schema_keeps_its_id_and_version_however_it_is_written() {
    let mut state = with_two_versions();
    assert_eq!(state.register("s", &schema(A_AGAIN)), Ok(1));
    assert_eq!(state.versions("s", false), Ok(vec![1, 2]));
    assert_eq!(
        state.look_up("s", &schema(A_AGAIN), false).map(|it| it.version).ok(),
        Some(1)
    );
}

#[test]
fn the_same_schema_under_two_subjects_has_one_id() {
    let mut state = with_two_versions();
    assert_eq!(state.register("t", &schema(A_AND_B)), Ok(2));
    assert_eq!(state.usages(2, false), Ok(vec![("s", 2), ("t", 1)]));
    assert_eq!(
        state.register("t", &schema(r#""string""#)).map_err(|it| it.code()),
        Err(409)
    );
    assert_eq!(
        state.register("u", &schema(r#""string""#)),
        Ok(3),
        "a refused schema takes no id"
    );
}

#[test]
fn unregistered_schemas_are_not_found() {
    let state = with_two_versions();
    assert_eq!(state.versions("t", true), Err(not_found("t")));
    assert_eq!(state.look_up("t", &schema(A), false).err(), Some(not_found("t")));
    assert_eq!(
        state.look_up("s", &schema(A_AND_C), false).err(),
        Some(Refusal::SchemaNotFound)
    );
    assert_eq!(
        state.version("s", VersionSelector::Number(3), false).err(),
        Some(Refusal::VersionNotFound("3".to_owned()))
    );
    assert_eq!(state.schema(3).err(), Some(Refusal::SchemaNotFound));
    assert_eq!(state.usages(3, true).err(), Some(Refusal::SchemaNotFound));
}

#[test]
fn text_that_is_not_an_avro_schema_is_rejected_with_a_short_message() {
    let mut state = State::default();
    let huge = format!(r#"{{"type": "{}"}}"#, "x".repeat(5_000));
    for text in [
        "",
        "{",
        "string",
        "{}",
        r#""strin""#,
        r#"{"type": "record", "name": "R"}"#,
        &huge,
    ] {
        match state.register("s", &schema(text)) {
            Err(Refusal::InvalidSchema(reason)) => assert!(reason.len() < 400, "{reason}"),
            other => panic!("{text} gave {other:?}"),
        }
    }
    assert!(state.subjects(true).is_empty());
}

#[test]
fn a_subject_follows_its_own_level_or_else_the_global_one() {
    let mut state = with_two_versions();
    assert_eq!(
        state.register("s", &schema(A_AND_C)).map_err(|it| it.code()),
        Err(409),
        "BACKWARD is the default"
    );
    state.set_global(Level::None);
    assert_eq!(state.check("s", &schema(A_AND_C), CompareTo::All), Ok(Vec::new()));
    state.set_own("s", Level::Full).expect("a level");
    assert_eq!(state.own::<Level>("s"), Ok(Level::Full));
    assert_eq!(state.register("s", &schema(A_AND_C)).map_err(|it| it.code()), Err(409));
    assert_eq!(state.reset_own("s"), Ok(Level::Full));
    assert_eq!(state.reset_own::<Level>("s"), Err(not_found("s")));
    assert_eq!(
        state.own::<Level>("s"),
        Err(Refusal::LevelNotConfigured("s".to_owned()))
    );
    assert_eq!(state.register("s", &schema(A_AND_C)), Ok(3));
    assert_eq!(
        (state.reset_global::<Level>(), state.global::<Level>()),
        (Level::None, Level::Backward)
    );
}

#[test]
fn a_check_changes_nothing() {
    let state = with_two_versions();
    assert_eq!(
        state
            .check("s", &schema(A_AND_C), CompareTo::One(VersionSelector::Latest))
            .map(|it| it.len()),
        Ok(1)
    );
    assert_eq!(
        state.check("s", &schema(A), CompareTo::One(VersionSelector::Number(1))),
        Ok(Vec::new())
    );
    assert_eq!(
        state.check("new", &schema(A), CompareTo::One(VersionSelector::Latest)),
        Ok(Vec::new())
    );
    assert_eq!(
        state.check("new", &schema(A), CompareTo::One(VersionSelector::Number(1))),
        Err(not_found("new"))
    );
    assert_eq!(state.subjects(true), ["s"]);
    assert_eq!(state.versions("s", true), Ok(vec![1, 2]));
}

#[test]
fn versions_are_latest_minus_one_or_a_number_from_one() {
    assert_eq!(VersionSelector::parse("latest"), Ok(VersionSelector::Latest));
    assert_eq!(VersionSelector::parse("-1"), Ok(VersionSelector::Latest));
    assert_eq!(
        VersionSelector::parse("2147483647"),
        Ok(VersionSelector::Number(2_147_483_647))
    );
    for text in ["0", "-2", "2147483648", "", "one", "1.0"] {
        assert_eq!(
            VersionSelector::parse(text),
            Err(Refusal::InvalidVersion(text.to_owned()))
        );
    }
}

#[test]
fn a_schema_may_use_names_that_other_subjects_define() {
    let mut state = State::default();
    let using = r#"{"type": "record", "name": "Box", "fields": [{"name": "r", "type": "R"}]}"#;
    assert_eq!(
        state.register("box", &schema(using)).map_err(|it| it.code()),
        Err(42201),
        "R is not known"
    );
    assert_eq!(
        state
            .register("box", &referring(using, "R", "r", 1))
            .map_err(|it| it.code()),
        Err(42201)
    );
    state.register("r", &schema(A)).expect("what is referred to");
    assert_eq!(state.register("box", &referring(using, "R", "r", 1)), Ok(2));
    let crate_ = r#"{"type": "record", "name": "Crate", "fields": [{"name": "box", "type": "Box"}]}"#;
    assert_eq!(
        state.register("crate", &referring(crate_, "Box", "box", 1)),
        Ok(3),
        "through one another"
    );
    assert_eq!(state.register("crate", &referring(crate_, "Box", "box", 1)), Ok(3));
    assert_eq!(
        state.schema(2).map(|it| it.references[0].subject.clone()),
        Ok("r".to_owned())
    );
}

#[test]
fn the_order_of_references_does_not_matter() {
    let mut state = State::default();
    let named = |name: &str| schema(&format!(r#"{{"type": "fixed", "name": "{name}", "size": 1}}"#));
    let reference = |name: &str| Reference {
        name: name.to_owned(),
        subject: name.to_owned(),
        version: 1,
    };
    for name in ["F", "G"] {
        state.register(name, &named(name)).expect("what is referred to");
    }
    let both = |references| Submission {
        schema: r#"["F", "G"]"#.to_owned(),
        references,
    };
    assert_eq!(state.register("s", &both(vec![reference("F"), reference("G")])), Ok(3));
    assert_eq!(state.register("s", &both(vec![reference("G"), reference("F")])), Ok(3));
}

#[test]
fn references_that_define_a_name_twice_are_refused_without_a_panic() {
    let mut state = State::default();
    state.register("r", &schema(A)).expect("what is referred to");
    state
        .register("primitive", &schema(r#""string""#))
        .expect("a primitive schema");
    assert!(
        state
            .register("y", &referring(r#""string""#, "S", "primitive", 1))
            .is_ok(),
        "it defines no name, and Java reads it all the same"
    );
    let defines_it_too = state.register("x", &referring(A_AND_B, "R", "r", 1));
    assert!(
        matches!(defines_it_too, Ok(_) | Err(Refusal::InvalidSchema(_))),
        "{defines_it_too:?}"
    );
}
