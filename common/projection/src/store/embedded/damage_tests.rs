//! Stores whose files were damaged while they were closed: they open with all their content, or not at all, and a
//! rebuild always helps.

use std::collections::BTreeMap;
use std::fs::{self, OpenOptions};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use orderlog_contract::encode::record_value;
use orderlog_contract::frame;
use orderlog_contract::order::OrderState;
use orderlog_contract::testing::{an_event, state_after};

use super::{Embedded, OpenError};
use crate::store::{BatchChanges, PartitionRow, StoredOrder};

const ORDERS: i64 = 60;

/// Everything that a store knows.
#[derive(Debug, PartialEq, Eq)]
struct Known {
    orders: Vec<Option<OrderState>>,
    ids: Vec<String>,
    partitions: BTreeMap<i32, PartitionRow>,
}

fn known(store: &Embedded) -> anyhow::Result<Known> {
    Ok(Known {
        orders: (0..ORDERS).map(|n| store.order(&id(n))).collect::<Result<_, _>>()?,
        ids: store.order_ids(None, 10_000)?,
        partitions: store.partitions()?,
    })
}

fn id(n: i64) -> String {
    format!("A-{n:03}")
}

fn put(store: &Embedded, n: i64) {
    let event = an_event(&id(n), 1);
    let value = record_value(7, &event).expect("encodes");
    let stored = StoredOrder {
        state: state_after(&event, (0, n)),
        schema_id: 7,
        datum: frame::split(&value).expect("a frame").1.to_vec(),
    };
    let row = PartitionRow {
        next: n + 1,
        ..PartitionRow::default()
    };
    let changes = BatchChanges {
        orders: BTreeMap::from([(id(n), Some(stored))]),
        partitions: BTreeMap::from([(0, row)]),
        ..BatchChanges::default()
    };
    store.commit(&changes).expect("commits");
}

/// A store that has tables and a journal, closed as at the end of a service.
fn closed_store(dir: &Path) -> Known {
    let store = Embedded::open(dir).expect("opens");
    store.schemas().learn_own("orders-value", 7).expect("learns");
    for n in 0..ORDERS {
        put(&store, n);
        if n == 20 || n == 40 {
            store.orders.rotate_memtable_and_wait().expect("rotates");
        }
    }
    store.sync().expect("syncs");
    let known = known(&store).expect("reads");
    drop(store);
    // The database truncates what it has preallocated for its journal.
    drop(Embedded::open(dir).expect("opens again"));
    known
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("a directory");
    for entry in fs::read_dir(from).expect("reads").map(|entry| entry.expect("an entry")) {
        let (path, target) = (entry.path(), to.join(entry.file_name()));
        if path.is_dir() {
            copy(&path, &target);
        } else {
            fs::copy(&path, &target).expect("copies");
        }
    }
}

fn files(dir: &Path, prefix: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(dir.join(prefix)).expect("reads") {
        let path = prefix.join(entry.expect("an entry").file_name());
        if dir.join(&path).is_dir() {
            found.extend(files(dir, &path));
        } else if !path.ends_with("lock") {
            found.push(path);
        }
    }
    found.sort();
    found
}

/// Damage to a file.
#[derive(Clone, Copy, Debug)]
enum Damage {
    Flip(u64),
    CutAt(u64),
    Remove,
}

impl Damage {
    /// All damage to a file of that length: at its ends, and in between.
    fn all(length: u64) -> Vec<Self> {
        let places = [0, length / 4, length / 2, length.saturating_sub(1)];
        let inside = |at: &&u64| **at < length;
        let mut all: Vec<_> = places.iter().filter(inside).map(|at| Self::Flip(*at)).collect();
        all.extend([0, length / 2].map(Self::CutAt));
        all.push(Self::Remove);
        all
    }

    fn to(self, file: &Path) {
        let open = || OpenOptions::new().read(true).write(true).open(file).expect("opens");
        match self {
            Self::Flip(at) => {
                let file = open();
                let mut byte = [0];
                file.read_exact_at(&mut byte, at).expect("reads");
                file.write_all_at(&[byte[0] ^ 0x5a], at).expect("writes");
            }
            Self::CutAt(at) => open().set_len(at).expect("cuts"),
            Self::Remove => fs::remove_file(file).expect("removes"),
        }
    }
}

#[test]
fn a_damaged_store_opens_with_all_its_content_or_is_refused_and_a_rebuild_helps() {
    let scratch = tempfile::tempdir().expect("a directory");
    let sound = scratch.path().join("sound");
    let before = closed_store(&sound);
    let files = files(&sound, Path::new(""));
    let kinds = ["jnl", "tables/", "current", "version", "orderlog-store", "/v"];
    for kind in kinds {
        assert!(
            files.iter().any(|file| file.to_string_lossy().contains(kind)),
            "no {kind} in {files:?}"
        );
    }
    let (mut refused, mut unreadable, mut unharmed) = (0, 0, 0);
    for file in &files {
        let length = fs::metadata(sound.join(file)).expect("a file").len();
        for damage in Damage::all(length) {
            let dir = scratch.path().join("damaged");
            copy(&sound, &dir);
            damage.to(&dir.join(file));
            let what = format!("{damage:?} of {} ({length} bytes)", file.display());
            // Twice: an opening may change what the next one finds.
            for _ in 0..2 {
                match Embedded::open(&dir) {
                    Ok(store) => match known(&store) {
                        Ok(after) => {
                            assert_eq!(after, before, "{what}");
                            unharmed += 1;
                        }
                        Err(error) => {
                            assert!(format!("{error:#}").contains("--rebuild"), "{what}: {error:#}");
                            unreadable += 1;
                        }
                    },
                    Err(error @ OpenError::Damaged { .. }) => {
                        let text = error.to_string();
                        assert!(text.contains("--rebuild") && text.contains("damaged"), "{what}: {text}");
                        refused += 1;
                    }
                    Err(other) => panic!("{what}: {other}"),
                }
            }
            let store = Embedded::open_to_rebuild(&dir).unwrap_or_else(|error| panic!("{what}: {error}"));
            store.clear().unwrap_or_else(|error| panic!("{what}: {error:#}"));
            put(&store, 1);
            assert!(store.order(&id(1)).is_err(), "{what}: its schema was forgotten");
            drop(store);
            fs::remove_dir_all(&dir).expect("removes");
        }
    }
    assert!(
        refused > 50 && unreadable > 0 && unharmed > 0,
        "{refused} {unreadable} {unharmed}"
    );
}

fn journal(dir: &Path) -> PathBuf {
    let mut files = files(dir, Path::new("")).into_iter();
    let found = files.find(|file| file.extension().is_some_and(|kind| kind == "jnl"));
    dir.join(found.expect("a journal"))
}

#[test]
fn a_closed_journal_that_is_corrupt_in_the_middle_is_not_truncated_silently() {
    let dir = tempfile::tempdir().expect("a directory");
    closed_store(dir.path());
    // The newest is the open one, so this one is closed now. Its content is flushed to tables and the file is removed,
    // so it is put back: a crash before that would have left it.
    let closed = journal(dir.path());
    let bytes = fs::read(&closed).expect("reads");
    fs::write(dir.path().join("9.jnl"), "").expect("writes");
    let store = Embedded::open(dir.path()).expect("opens");
    store.sync().expect("syncs");
    drop(store);
    fs::write(&closed, &bytes).expect("writes");
    drop(Embedded::open(dir.path()).expect("opens with both"));
    fs::write(&closed, &bytes).expect("writes");
    // A journal begins with an entry's tag.
    Damage::Flip(0).to(&closed);
    for _ in 0..2 {
        let error = Embedded::open(dir.path()).err().expect("damaged");
        assert!(matches!(error, OpenError::Damaged { .. }), "{error}");
    }
    drop(Embedded::open_to_rebuild(dir.path()).expect("rebuilds"));
    drop(Embedded::open(dir.path()).expect("opens"));
}

#[test]
fn data_that_was_not_synced_yet_may_be_lost_with_the_end_of_the_journal() {
    let dir = tempfile::tempdir().expect("a directory");
    closed_store(dir.path());
    let store = Embedded::open(dir.path()).expect("opens");
    store.sync().expect("syncs");
    let journal = journal(dir.path());
    let length = fs::metadata(&journal).expect("a file").len();
    put(&store, ORDERS);
    drop(store);
    Damage::CutAt(length + 10).to(&journal);
    let store = Embedded::open(dir.path()).expect("opens");
    assert_eq!(
        store.partitions().expect("reads")[&0].next,
        ORDERS,
        "it is read from the topic again"
    );
    assert_eq!(store.order(&id(ORDERS)).expect("reads"), None);
}

#[test]
fn a_directory_that_is_not_a_store_is_left_alone() {
    let dir = tempfile::tempdir().expect("a directory");
    let treasure = dir.path().join("keyspaces/1/treasure");
    fs::create_dir_all(treasure.parent().expect("a directory")).expect("makes");
    fs::write(&treasure, "gold").expect("writes");
    fs::write(dir.path().join("0.jnl"), "diary").expect("writes");
    fs::write(dir.path().join("version"), "2.0").expect("writes");
    for error in [
        Embedded::open(dir.path()).err().expect("no store"),
        Embedded::open_to_rebuild(dir.path()).err().expect("no store"),
    ] {
        assert!(
            error.to_string().contains("STORE") || error.to_string().contains("--rebuild"),
            "{error}"
        );
    }
    assert_eq!(fs::read_to_string(&treasure).expect("reads"), "gold");
    assert_eq!(fs::read_to_string(dir.path().join("0.jnl")).expect("reads"), "diary");
}

#[test]
fn a_store_whose_creation_was_interrupted_is_created_again() {
    let dir = tempfile::tempdir().expect("a directory");
    drop(Embedded::open(dir.path()).expect("opens"));
    // The state before the database's own marker, which it writes last.
    fs::remove_file(dir.path().join("version")).expect("removes");
    put(&Embedded::open(dir.path()).expect("is created again"), 1);
}

#[test]
fn a_file_in_the_place_of_the_directory_is_named() {
    let dir = tempfile::tempdir().expect("a directory");
    let file = dir.path().join("store");
    fs::write(&file, "").expect("writes");
    let error = Embedded::open(&file).err().expect("no directory").to_string();
    assert!(
        error.contains("STORE") && error.contains(&file.display().to_string()),
        "{error}"
    );
}
