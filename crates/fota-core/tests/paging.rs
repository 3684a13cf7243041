//! Walking a list: every page once, from any cursor, and no endless walk whatever a server answers.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test may panic")]

use fota_core::{Endpoint, Error, ErrorKind, Pager, licenses};
use fota_models::{DeviceId, LicenseSummary, LicensedDevice};
use proptest::prelude::*;

fn first() -> licenses::List {
    licenses::List::new("0000123456-00001".parse().unwrap())
}

fn page(devices: &[&str], more: bool, cursor: Option<&str>) -> LicenseSummary {
    LicenseSummary::default()
        .has_more_data(more)
        .last_seen_device_id(cursor.map(DeviceId::from))
        .device_list(devices.iter().map(|device| LicensedDevice::new(*device)).collect::<Vec<_>>())
}

fn ids(devices: Vec<LicensedDevice>) -> Vec<String> {
    devices.into_iter().map(|device| device.device_id.to_string()).collect()
}

#[test]
fn walks_to_the_end_and_stops() {
    let mut pager = Pager::new(first());
    assert_eq!(pager.request().unwrap().after.to_string(), "0");
    assert_eq!(ids(pager.accept(page(&["1", "2"], true, Some("2"))).unwrap()), ["1", "2"]);
    assert_eq!(pager.request().unwrap().after.to_string(), "2");
    // No cursor, or an empty one: the last device is it.
    pager.accept(page(&["3"], true, None)).unwrap();
    assert_eq!(pager.cursor().unwrap().to_string(), "3");
    pager.accept(page(&["4"], true, Some(""))).unwrap();
    assert_eq!(pager.cursor().unwrap().to_string(), "4");
    // The last page's cursor does not matter.
    assert_eq!(ids(pager.accept(page(&["5"], false, Some("4"))).unwrap()), ["5"]);
    assert!(pager.request().is_none());
    assert_eq!(pager.accept(page(&[], false, None)).unwrap_err().kind(), ErrorKind::Misuse);

    let resumed = Pager::resume(&first(), "2".into());
    assert_eq!(resumed.request().unwrap().after.to_string(), "2");
}

#[test]
fn cursors_that_lead_nowhere_are_errors() {
    let bad = [
        ("missing", page(&[], true, None)),
        ("same", page(&["352099001761482"], true, Some("352099001761481"))),
        ("backward", page(&["352099001761482"], true, Some("352099001761480"))),
    ];
    for (name, answer) in bad {
        let mut pager = Pager::resume(&first(), "352099001761481".into());
        let error = pager.accept(answer).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Paging, "{name}");
        assert!(error.to_string().contains("352099001761481"), "{error}");
        assert_eq!(
            pager.cursor().unwrap().to_string(),
            "352099001761481",
            "{name}: the walk stays where it was"
        );
    }
}

/// Which order a server keeps between lengths is not documented: both ways are progress.
#[test]
fn ids_of_different_lengths_may_come_in_either_order() {
    let mut pager = Pager::resume(&first(), "99999999999999".into());
    pager.accept(page(&["100000000000000"], true, Some("100000000000000"))).unwrap();
    let mut pager = Pager::resume(&first(), "100000000000000".into());
    pager.accept(page(&["99999999999999"], true, Some("99999999999999"))).unwrap();
}

fn refused(message: &str) -> Error {
    let body = format!(r#"{{"errorCode":"INVALID_PARAMETER","errorMessage":"{message}"}}"#);
    let response = http::Response::builder().status(400).body(body.into()).unwrap();
    licenses::List::from_response(response).unwrap_err()
}

#[test]
fn a_cursor_that_left_the_account_starts_the_walk_over_once_without_duplicates() {
    let mut pager = Pager::new(first());
    assert!(!pager.recover(&refused("LastSeenDeviceId Not Valid")), "the first page has no cursor to refuse");
    pager.accept(page(&["1", "2"], true, Some("2"))).unwrap();
    assert!(pager.recover(&refused("LastSeenDeviceId Not Valid")));
    assert_eq!(pager.request().unwrap().after.to_string(), "0");
    assert_eq!(ids(pager.accept(page(&["1"], true, Some("1"))).unwrap()), Vec::<String>::new());
    assert_eq!(ids(pager.accept(page(&["2", "3"], true, Some("3"))).unwrap()), ["3"]);
    assert_eq!(ids(pager.accept(page(&["4"], true, Some("4"))).unwrap()), ["4"]);
    assert!(!pager.recover(&refused("LastSeenDeviceId Not Valid")), "once");
}

proptest! {
    /// A server that answers with any cursors at all cannot make the walk endless.
    #[test]
    fn no_server_can_make_it_endless(cursors in prop::collection::vec("[0-9]{1,3}", 1..12)) {
        let mut pager = Pager::new(first());
        let mut cycle = cursors.iter().cycle();
        for _ in 0..2000 {
            let Some(cursor) = cycle.next() else { break };
            if pager.accept(page(&[], true, Some(cursor.as_str()))).is_err() {
                return Ok(());
            }
        }
        prop_assert!(false, "still walking");
    }
}
