//! The short cut and the general reader are one: 100 000 pages, as they come and damaged in every way, give the same
//! value or are left to the general reader. Pages of the usual shape are never left to it.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]
mod dice;

use std::fmt::Debug;
use std::sync::Arc;

use fota_models::{DeviceList, DeviceOutcome, LicenseChange, LicenseStatus, LicenseSummary, Reason};
use serde::de::DeserializeOwned;

use dice::Dice;

/// Pages of each kind.
const PAGES: usize = 50_000;

#[test]
fn pages_of_licenses_agree() {
    let tally = agree(LicenseSummary::quick, summary);
    println!("{tally:?}");
    tally.check();
}

#[test]
fn answers_to_changes_agree() {
    let tally = agree(LicenseChange::quick, change);
    println!("{tally:?}");
    tally.check();
}

/// A thousand devices that fail for a reason nobody has heard of cost one text.
#[test]
fn unknown_words_are_shared() {
    let entry = |id: usize| format!(r#"{{"deviceId":"{id:015}","status":"Odd","resultReason":"Odder"}}"#);
    let text = format!(r#"{{"licCount":1,"deviceList":[{},{},{}]}}"#, entry(1), entry(2), entry(3));
    let change = LicenseChange::quick(text.as_bytes()).unwrap();
    let words = |device: &DeviceOutcome| match (&device.status, &device.reason) {
        (LicenseStatus::Other(status), Some(Reason::Other(reason))) => (status.clone(), reason.clone()),
        other => panic!("{other:?}"),
    };
    let (status, reason) = words(&change.device_list[0]);
    for device in &change.device_list {
        let (other_status, other_reason) = words(device);
        assert!(Arc::ptr_eq(&status, &other_status) && Arc::ptr_eq(&reason, &other_reason));
    }
}

#[test]
fn lists_are_written_alike() {
    let mut dice = Dice(3);
    let (mut quick, mut left) = (0, 0);
    for number in 0..5000 {
        let ids = (0..dice.below(6)).map(|_| match number % 2 {
            0 => format!("{:016}", dice.next() % 10_u64.pow(16))[dice.below(3)..].to_owned(),
            _ => dice.pick(&["", "1", "a\"b", "352099001761481", "123456789012345678"]).to_owned(),
        });
        let list = DeviceList::new(ids.collect::<Vec<_>>());
        let general = serde_json::to_vec(&list).unwrap();
        if let Some(json) = list.quick_json() {
            assert_eq!(json, general);
            quick += 1;
        } else {
            assert!(list.device_list.iter().any(|id| id.imei().is_none()), "{list:?}");
            left += 1;
        }
    }
    assert!(quick > 2500 && left > 1500, "{quick} {left}");
    let mut list = DeviceList::new(["352099001761481"]);
    list.extra.insert("more", "1").unwrap();
    assert_eq!(list.quick_json(), None);
}

/// What keeps this test from agreeing about nothing.
#[derive(Debug, Default)]
struct Tally {
    quick: usize,
    left_but_fine: usize,
    refused: usize,
}

impl Tally {
    fn check(&self) {
        assert_eq!(self.quick + self.left_but_fine + self.refused, PAGES);
        assert!(self.quick > PAGES / 5 && self.left_but_fine > PAGES / 5 && self.refused > PAGES / 10);
    }
}

fn agree<T: DeserializeOwned + PartialEq + Debug>(
    quick: fn(&[u8]) -> Option<T>,
    page: fn(&mut Dice, bool) -> String,
) -> Tally {
    let mut dice = Dice(7);
    let mut tally = Tally::default();
    for number in 0..PAGES {
        // A third as documented, a third with odd values, a third with bytes changed besides.
        let mut text = page(&mut dice, number % 3 > 0).into_bytes();
        if number % 3 == 2 {
            dice.damage(&mut text);
        }
        let shown = String::from_utf8_lossy(&text);
        match (quick(&text), serde_json::from_slice::<T>(&text)) {
            (Some(quick), Ok(general)) => {
                assert_eq!(quick, general, "{shown}");
                tally.quick += 1;
            }
            (Some(quick), Err(error)) => panic!("{error}, but the short cut reads {quick:?}: {shown}"),
            (None, general) => {
                // Of the usual ones, only those that nobody can read: nothing in them but nulls.
                assert!(number % 3 > 0 || general.is_err(), "left to the general reader: {shown}");
                *if general.is_ok() { &mut tally.left_but_fine } else { &mut tally.refused } += 1;
            }
        }
    }
    tally
}

fn summary(dice: &mut Dice, odd: bool) -> String {
    let mut members = vec![
        member("accountName", dice.text(odd)),
        member(dice.pick(&["totalLicenses", "totalLicense"]), dice.count(odd)),
        member("assignedLicenses", dice.count(odd)),
        member("hasMoreData", dice.flag(odd)),
        member("lastSeenDeviceId", dice.id(odd)),
        member("maxPageSize", dice.count(odd)),
        member(
            "deviceList",
            dice.list(odd, |dice, odd| {
                let members =
                    vec![member("deviceId", dice.id(odd)), member("assignmentTime", dice.time(odd))];
                dice.object(odd, members)
            }),
        ),
    ];
    if odd && dice.one_in(4) {
        members.push(member("totalLicense", dice.count(odd)));
    }
    dice.object(odd, members)
}

fn change(dice: &mut Dice, odd: bool) -> String {
    let members = vec![
        member("accountName", dice.text(odd)),
        member(dice.pick(&["licCount", "licTotalCount"]), dice.count(odd)),
        member("licUsedCount", dice.count(odd)),
        member(
            "deviceList",
            dice.list(odd, |dice, odd| {
                let mut members = vec![
                    member("deviceId", dice.id(odd)),
                    member("status", dice.word(odd)),
                    member(dice.pick(&["resultReason", "Reason", "reason"]), dice.word(odd)),
                ];
                if dice.one_in(8) {
                    for name in ["updatedTime", "recentAttemptTime", "nextAttemptTime"] {
                        members.push(member(name, dice.time(odd)));
                    }
                }
                dice.object(odd, members)
            }),
        ),
    ];
    dice.object(odd, members)
}

fn member(name: &str, value: String) -> (String, String) {
    (format!("\"{name}\""), value)
}
