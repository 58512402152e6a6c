use rdkafka::statistics::{Partition, Topic};

use super::*;

fn broker(nodeid: i32, state: &str, waits_for_ms: Option<i64>) -> (String, Broker) {
    let broker = Broker {
        nodeid,
        source: if nodeid < 0 { "configured" } else { "learned" }.to_owned(),
        state: state.to_owned(),
        waitresp_cnt: i64::from(waits_for_ms.is_some()),
        rxidle: waits_for_ms.unwrap_or_default() * 1000,
        ..Broker::default()
    };
    (format!("{nodeid}"), broker)
}

fn statistics(brokers: impl IntoIterator<Item = (String, Broker)>, partition: Partition) -> Statistics {
    let topic = Topic {
        partitions: HashMap::from([(partition.partition, partition)]),
        ..Topic::default()
    };
    Statistics {
        brokers: brokers.into_iter().collect(),
        topics: HashMap::from([("orders".to_owned(), topic)]),
        ..Statistics::default()
    }
}

#[test]
fn a_minority_of_the_needed_brokers_is_reported() {
    let reports = |brokers: &[(i32, &str, Option<i64>)]| {
        let connection = ConnectionState::default();
        let brokers = brokers.iter().map(|(id, state, waits)| broker(*id, state, *waits));
        connection.observe("orders", &statistics(brokers, Partition::default()));
        connection.minority()
    };
    let up = |id| (id, "UP", None);
    assert_eq!(reports(&[up(1)]), None);
    assert_eq!(reports(&[up(1), up(2), (3, "DOWN", None)]), None);
    assert_eq!(
        reports(&[up(1), (2, "INIT", None), (3, "INIT", None), (-1, "DOWN", None)]),
        None
    );
    for away in [(2, "DOWN", None), (2, "TRY_CONNECT", None), (2, "UP", Some(2_500))] {
        let reason = reports(&[up(1), away, (3, "CONNECT", None)]).expect("a reason");
        assert!(reason.contains("only 1 of 3"), "{reason}");
    }
    assert_eq!(
        reports(&[(1, "DOWN", None)]),
        None,
        "none is connected: that is reported elsewhere"
    );
}

#[test]
fn a_stalled_last_stable_offset_is_reported_while_its_leader_is_connected() {
    let connection = ConnectionState::default();
    let reports = |stable, state| {
        let partition = Partition {
            partition: 0,
            leader: 1,
            hi_offset: 9,
            ls_offset: stable,
            ..Partition::default()
        };
        connection.observe("orders", &statistics([broker(1, state, None)], partition));
        connection
            .stalled_lso(0)
            .map(|stalled| (stalled.offset, stalled.has_timed_out))
    };
    assert_eq!(reports(9, "UP"), None);
    assert_eq!(reports(5, "UP"), Some((5, false)));
    connection.note_timeout(0);
    assert_eq!(reports(5, "UP"), Some((5, true)));
    assert_eq!(reports(5, "DOWN"), None);
    assert_eq!(reports(5, "UP"), Some((5, false)), "a new wait");
    assert_eq!(reports(9, "UP"), None);
    connection.note_timeout(0);
    assert_eq!(connection.stalled_lso(0), None);
}

#[test]
fn an_end_is_unknown_from_the_last_contact_with_the_broker_that_told_it() {
    let connection = ConnectionState::default();
    let sees = |state, waits_for_ms, end| {
        let partition = Partition {
            partition: 0,
            leader: 1,
            broker: 2,
            hi_offset: end,
            ..Partition::default()
        };
        let brokers = [broker(1, "DOWN", None), broker(2, state, waits_for_ms)];
        connection.observe("orders", &statistics(brokers, partition));
        connection.end_unknown_since(0)
    };
    let created = connection.end_unknown_since(0).expect("nothing was heard yet");
    assert_eq!(sees("UP", None, -1001), Some(created), "nothing was fetched yet");
    let silent = sees("UP", Some(2_500), 9).expect("it is silent");
    assert!(silent < created, "it was heard of before");
    assert_eq!(sees("UP", None, 9), None, "the leader need not be connected");
    let last_contact = sees("DOWN", None, 9).expect("no broker is connected");
    assert!(connection.disconnected().is_some());
    assert!(last_contact > created);
    assert_eq!(sees("DOWN", None, 9), Some(last_contact), "it stays the same");
    assert_eq!(sees("UP", None, 9), None, "it is back");
    assert_eq!(connection.end_offset(0), Some(9));
}
