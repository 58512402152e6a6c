use crate::registry::compatibility::Level;
use crate::registry::error::Refusal;
use crate::registry::state::tests::{A, A_AND_B, A_AND_C, not_found, referring, schema, with_two_versions};
use crate::registry::state::{CompareTo, State};
use crate::registry::version_selector::VersionSelector;

#[test]
fn a_deleted_version_is_hidden_but_its_id_and_number_stay_taken() {
    let mut state = with_two_versions();
    assert_eq!(state.delete_version("s", VersionSelector::Latest, false), Ok(2));
    assert_eq!(
        (state.versions("s", false), state.versions("s", true)),
        (Ok(vec![1]), Ok(vec![1, 2]))
    );
    assert_eq!(
        state.look_up("s", &schema(A_AND_B), false).err(),
        Some(Refusal::SchemaNotFound)
    );
    assert_eq!(
        state.look_up("s", &schema(A_AND_B), true).map(|it| it.version).ok(),
        Some(2)
    );
    assert!(state.schema(2).is_ok(), "records written with it can still be read");
    let again = state.delete_version("s", VersionSelector::Number(2), false);
    assert_eq!(again, Err(Refusal::VersionSoftDeleted("s".to_owned(), 2)));
    assert_eq!(state.register("s", &schema(A_AND_B)), Ok(2));
    assert_eq!(state.versions("s", false), Ok(vec![1, 3]));
}

#[test]
fn a_deleted_version_can_be_deleted_permanently() {
    let mut state = with_two_versions();
    let too_early = state.delete_version("s", VersionSelector::Number(2), true);
    assert_eq!(too_early, Err(Refusal::VersionNotSoftDeleted("s".to_owned(), 2)));
    state
        .delete_version("s", VersionSelector::Number(2), false)
        .expect("the first step");
    assert_eq!(state.delete_version("s", VersionSelector::Number(2), true), Ok(2));
    assert_eq!(state.schema(2).err(), Some(Refusal::SchemaNotFound));
    assert_eq!(
        state.register("s", &schema(A_AND_B)),
        Ok(3),
        "an id is never used twice"
    );
}

#[test]
fn a_subject_is_deleted_in_the_same_two_steps() {
    let mut state = with_two_versions();
    state.set_own("s", Level::Full).expect("a level");
    assert_eq!(
        state.delete_subject("s", true),
        Err(Refusal::SubjectNotSoftDeleted("s".to_owned()))
    );
    assert_eq!(state.delete_subject("s", false), Ok(vec![1, 2]));
    assert_eq!((state.subjects(false), state.subjects(true)), (vec![], vec!["s"]));
    assert!(state.own::<Level>("s").is_err(), "its level goes with it");
    assert_eq!(
        state.delete_subject("s", false),
        Err(Refusal::SubjectSoftDeleted("s".to_owned()))
    );
    assert_eq!(state.delete_subject("s", true), Ok(vec![1, 2]));
    assert_eq!(state.delete_subject("s", true), Err(not_found("s")));
}

#[test]
fn referenced_schemas_are_compared_too_and_cannot_be_deleted() {
    let mut state = State::default();
    let using = r#"{"type": "record", "name": "Box", "fields": [{"name": "r", "type": "R"}]}"#;
    state.register("r", &schema(A)).expect("version 1");
    state.set_own("r", Level::None).expect("a level");
    state.register("r", &schema(A_AND_C)).expect("version 2");
    state
        .register("box", &referring(using, "R", "r", 1))
        .expect("with version 1");
    let incompatible = state
        .check("box", &referring(using, "R", "r", 2), CompareTo::All)
        .expect("a valid schema");
    assert!(
        incompatible.len() == 1 && incompatible[0].contains("at r.c"),
        "{incompatible:?}"
    );
    let refused = Err(Refusal::ReferenceExists("r".to_owned(), 1));
    assert_eq!(state.delete_version("r", VersionSelector::Number(1), false), refused);
    state.delete_subject("box", false).expect("nobody refers to it");
    assert_eq!(state.delete_version("r", VersionSelector::Number(1), false), Ok(1));
}
