use super::*;

fn passed(key: &[u8], offset: i64, schema_id: u32) -> Passed<'_> {
    Passed {
        key: Some(key),
        partition: 0,
        offset,
        schema_id,
    }
}

fn doubts(dir: &tempfile::TempDir) -> Doubts {
    Doubts::open(&Store::open(dir.path()).expect("a store")).expect("opens")
}

#[test]
fn reading_begins_again_at_the_first_record_whichever_schema_becomes_known() {
    let dir = tempfile::tempdir().expect("a directory");
    let doubts = doubts(&dir);
    let records = [passed(b"A-1", 5, 9), passed(b"A-1", 7, 8)];
    doubts.note(records.into_iter()).expect("noted");
    doubts.note([passed(b"A-1", 9, 9)].into_iter()).expect("noted");
    let doubt = doubts.of("A-1").expect("reads").expect("a doubt");
    assert_eq!((doubt.offset, doubt.schema_ids), (5, vec![9, 8]));
    assert!(doubts.of("A-2").expect("reads").is_none());
}

#[test]
fn a_key_that_no_order_can_have_is_no_order_s() {
    let dir = tempfile::tempdir().expect("a directory");
    let doubts = doubts(&dir);
    let no_key = Passed {
        key: None,
        ..passed(b"", 1, 9)
    };
    let records = [no_key, passed(b"", 1, 9), passed(&[0xff], 1, 9)];
    doubts.note(records.into_iter()).expect("noted");
    assert_eq!(doubts.all().count(), 0);
    assert_eq!(doubts.trouble(), None);
}

#[test]
fn a_later_record_makes_a_doubt_young_again() {
    let dir = tempfile::tempdir().expect("a directory");
    let doubts = doubts(&dir);
    let old = Doubt {
        schema_ids: vec![9],
        partition: 0,
        offset: 5,
        since_ms: now_ms() - LASTS_MS,
    };
    assert!(old.is_old());
    let mut transaction = doubts.store.begin();
    transaction.put(&doubts.table, b"A-1", serde_json::to_vec(&old).expect("JSON"));
    transaction.commit().expect("commits");
    doubts.note([passed(b"A-1", 8, 9)].into_iter()).expect("noted");
    let doubt = doubts.of("A-1").expect("reads").expect("a doubt");
    assert!(!doubt.is_old() && doubt.offset == 5, "{doubt:?}");
}
