//! The rules of the ledger.

use fota_core::{Paged, devices, licenses, subscriptions};
use fota_emulator::{
    ACCOUNT, AccountSettings, CursorAnswer, DeviceState, OverAssignment, Settings, Switches,
};
use fota_models::{AccountName, DeviceId, Verdict};
use http::Method;

use crate::bench::{Bench, account, outcomes, refusal};

const FOREIGN: &str = "867234051200779";

fn pair(status: &str, reason: &str) -> (String, String) {
    (status.to_owned(), reason.to_owned())
}

fn walk(bench: &mut Bench) -> (Vec<DeviceId>, usize) {
    let (mut all, mut pages) = (Vec::new(), 0);
    let mut list = licenses::List::new(account());
    loop {
        let page = licenses::List::split(bench.call(&list).unwrap());
        pages += 1;
        all.extend(page.items.into_iter().map(|device| device.device_id));
        if !page.more {
            return (all, pages);
        }
        list = list.after(page.next.unwrap());
    }
}

#[test]
fn paging_is_exact_at_every_size() {
    for (licensed, size, pages) in
        [(0, 5, 1), (1, 5, 1), (4, 5, 1), (5, 5, 1), (6, 5, 2), (10, 5, 2), (11, 5, 3), (7, 1, 7), (1, 1, 1)]
    {
        let settings = Settings::seeded(30, 30, 3).assigned(licensed).page_size(size);
        let mut bench = Bench::new(settings);
        let (all, asked) = walk(&mut bench);
        assert_eq!((all.len(), asked), (licensed, pages), "{licensed} devices by {size}");
        assert_eq!(all, bench.licensed());
        assert!(all.is_sorted());
    }
}

#[test]
fn a_full_size_fleet() {
    let mut bench = Bench::new(Settings::seeded(2500, 2000, 7));
    let (all, pages) = walk(&mut bench);
    assert_eq!((all.len(), pages), (1500, 2));
    let page = bench.list().unwrap();
    assert_eq!(page.device_list.len(), 1000);
    assert_eq!(
        (page.total_licenses, page.assigned_licenses, page.max_page_size),
        (Some(2000), Some(1500), Some(1000))
    );
    assert_eq!(page.last_seen_device_id.as_ref(), Some(&page.device_list[999].device_id));
    let time = page.device_list[0].assignment_time.as_ref().unwrap();
    assert!(time.unix().is_some() && time.to_string().ends_with(" +0000 UTC"), "{time}");
}

#[test]
fn ids_of_other_lengths_sort_as_numbers() {
    let ids = ["99999999999999", "100000000000000", "1000000000000000"];
    let mut bench = Bench::new(Settings::seeded(0, 10, 1).devices(ids));
    bench.assign(&ids.map(DeviceId::from)).unwrap();
    assert_eq!(walk(&mut bench).0, ids.map(DeviceId::from));
    // A number that is no device is a cursor like any other.
    assert_eq!(bench.raw(Method::GET, "/licenses/0000123456-00001?lastSeenDeviceId=1000", "").0, 200);
    // So is no cursor at all, and the other spelling of the path.
    let (_, without) = bench.raw(Method::GET, "/licenses/0000123456-00001", "");
    let (_, index) = bench.raw(Method::GET, "/licenses/0000123456-00001/index/0", "");
    assert_eq!(without["deviceList"].as_array().unwrap().len(), 3);
    assert_eq!(without, index);
    let (status, answer) = bench.raw(Method::GET, "/licenses/0000123456-00001?lastSeenDeviceId=abc", "");
    assert_eq!((status, answer["errorMessage"].as_str().unwrap()), (400, "Invalid device id format"));
}

#[test]
fn strict_cursors_must_be_devices_of_the_account() {
    let switches = Switches { strict_cursor: true, page_size: 2, ..Switches::default() };
    let mut bench = Bench::new(Settings::seeded(9, 9, 1).switches(switches));
    assert_eq!(walk(&mut bench).0.len(), 6);
    let (status, answer) = bench.raw(Method::GET, "/licenses/0000123456-00001?lastSeenDeviceId=1000", "");
    assert_eq!((status, answer["errorMessage"].as_str().unwrap()), (400, "LastSeenDeviceId Not Valid"));
}

#[test]
fn cursors_that_are_missing_or_stuck() {
    for (cursor_answer, expected) in
        [(CursorAnswer::Missing, None), (CursorAnswer::Stuck, Some(DeviceId::zero()))]
    {
        let switches = Switches { cursor_answer, page_size: 2, ..Switches::default() };
        let mut bench = Bench::new(Settings::seeded(9, 9, 1).switches(switches));
        let page = bench.list().unwrap();
        assert!(page.has_more_data);
        assert_eq!(page.last_seen_device_id, expected);
    }
}

#[test]
fn assigning() {
    let mut bench = Bench::new(Settings::seeded(10, 2, 1).assigned(0));
    let devices = bench.devices();
    let request = [&devices[4], &FOREIGN.into(), &devices[4], &devices[2], &devices[3], &"x1".into()];
    let change = bench.assign(&request.map(Clone::clone)).unwrap();
    assert_eq!(
        outcomes(&change),
        [
            pair("LicenseAssignSuccess", "Success"),
            pair("LicenseAssignFailed", "Device Not Found"),
            pair("LicenseAssignSuccess", "Success"),
            pair("LicenseAssignFailed", "No license available"),
            pair("LicenseAssignFailed", "Invalid device id format"),
        ],
        "duplicates once, the surplus in the order of the request"
    );
    assert_eq!((change.total_licenses, change.used_licenses), (Some(2), Some(2)));
    assert_eq!(bench.licensed(), [devices[2].clone(), devices[4].clone()]);

    let again = bench.assign(&devices[4..5]).unwrap();
    assert_eq!(outcomes(&again), [pair("LicenseAssignSuccess", "Device license preexisting")]);
    assert_eq!(again.device_list[0].verdict(), Verdict::AlreadyAssigned);
    assert_eq!(again.used_licenses, Some(2));
}

#[test]
fn too_few_licenses_refuse_the_whole_request_on_request() {
    let switches = Switches { over_assignment: OverAssignment::WholeRequest, ..Switches::default() };
    let mut bench = Bench::new(Settings::seeded(10, 2, 1).assigned(1).switches(switches));
    let devices = bench.devices();
    assert_eq!(refusal(bench.assign(&devices)), (400, "INVALID_PARAMETER".to_owned()));
    assert_eq!(bench.licensed().len(), 1);
    // The licensed one and a foreign one need none.
    let mut fitting = bench.licensed();
    fitting.push(devices.iter().find(|device| !fitting.contains(device)).unwrap().clone());
    fitting.push(FOREIGN.into());
    assert_eq!(bench.assign(&fitting).unwrap().used_licenses, Some(2));
}

#[test]
fn removing() {
    let mut bench = Bench::new(Settings::seeded(10, 10, 1).assigned(0));
    let devices = bench.devices();
    bench.assign(&devices[..4]).unwrap();
    let ledger = bench.emulator.account_mut(ACCOUNT).unwrap();
    ledger.set_device(devices[1].clone(), DeviceState::upgraded());
    ledger.set_device(devices[2].clone(), DeviceState::upgrade_running());
    ledger.set_device(devices[3].clone(), DeviceState::upgrade_scheduled());
    let mut request = devices[..5].to_vec();
    request.extend([FOREIGN.into(), devices[0].clone()]);
    let change = bench.remove(&request).unwrap();
    let verdicts: Vec<_> = change.device_list.iter().map(fota_models::DeviceOutcome::verdict).collect();
    let (done, failed) = (Verdict::Success, Verdict::Failed);
    assert_eq!(verdicts, [done, failed, failed, done, failed, failed]);
    assert_eq!(outcomes(&change)[0], pair("LicenseRemoveSuccess", "Success"));
    assert_eq!(outcomes(&change)[5], pair("LicenseRemoveFailed", "Device Not Found"));
    assert_eq!(change.used_licenses, Some(2));
    let ledger = bench.emulator.account(ACCOUNT).unwrap();
    assert_eq!(ledger.device(&devices[3]), Some(DeviceState::default()), "the scheduled upgrade is canceled");
    assert_eq!(bench.licensed(), devices[1..3]);
}

#[test]
fn an_upgrade_under_an_earlier_license_does_not_bind_the_next() {
    let mut bench = Bench::new(Settings::seeded(1, 1, 1).assigned(0));
    let devices = bench.devices();
    bench.emulator.account_mut(ACCOUNT).unwrap().set_device(devices[0].clone(), DeviceState::upgraded());
    bench.assign(&devices).unwrap();
    assert_eq!(bench.remove(&devices).unwrap().used_licenses, Some(0));
}

#[test]
fn lists_that_are_empty_misspelled_or_too_long() {
    let mut bench = Bench::new(Settings::seeded(3, 3, 1));
    let path = "/licenses/0000123456-00001/assign";
    let mut message = |body: &str| {
        let (status, answer) = bench.raw(Method::POST, path, body);
        (status, answer["errorMessage"].as_str().unwrap_or_default().to_owned())
    };
    for empty in
        [r#"{"deviceList":[]}"#, r#"{"devceList":["352099001761481"]}"#, "{}", r#"{"deviceList":null}"#]
    {
        assert_eq!(message(empty), (400, "Device list is empty".to_owned()), "{empty}");
    }
    for broken in ["", "{", "[1]", "<xml/>"] {
        assert_eq!(message(broken), (400, "Input binding error".to_owned()), "{broken}");
    }
    let many = |count: u64| {
        let ids: Vec<_> = (0..count).map(|id| format!("\"{:015}\"", id + 1)).collect();
        format!(r#"{{"deviceList":[{}]}}"#, ids.join(","))
    };
    assert_eq!(message(&many(1000)).0, 200);
    assert_eq!(message(&many(1001)).0, 400);
    bench.emulator.switches_mut().max_devices = None;
    assert_eq!(bench.raw(Method::POST, path, &many(1001)).0, 200);
}

#[test]
fn accounts_billed_per_upgrade() {
    let name = AccountName::new("0000123456-00002").unwrap();
    let settings =
        Settings::empty().account(AccountSettings::event_billed(name.clone()).devices(["352099001761481"]));
    let mut bench = Bench::new(settings);
    let change = bench.call(&licenses::Assign::new(name.clone(), ["352099001761481"])).unwrap();
    assert_eq!(outcomes(&change), [pair("LicenseAssignSuccess", "Success")]);
    assert_eq!((change.total_licenses, change.used_licenses), (Some(0), Some(0)));
    let page = bench.call(&licenses::List::new(name.clone())).unwrap();
    assert_eq!((page.total_licenses, page.device_list.len()), (Some(0), 0));
    let subscription = bench.call(&subscriptions::Get::new(name)).unwrap();
    assert_eq!(subscription.purchase_type.as_deref(), Some("TS-HFOTA-EVNT"));
    assert_eq!(subscription.license_count, Some(0));
}

#[test]
fn subscription_counts_follow_the_ledger() {
    let mut bench = Bench::new(Settings::seeded(10, 8, 1).assigned(0));
    let get = subscriptions::Get::new(account());
    let before = bench.call(&get).unwrap();
    assert_eq!((before.license_count, before.license_used_count), (Some(8), Some(0)));
    bench.wait(60);
    let devices = bench.devices();
    bench.assign(&devices[..3]).unwrap();
    let after = bench.call(&get).unwrap();
    assert_eq!(after.license_used_count, Some(3));
    assert_eq!(after.update_time.unwrap().to_string(), "2024-03-05T09:11:11Z");
}

#[test]
fn looking_devices_up() {
    let mut bench = Bench::new(Settings::seeded(4, 4, 1).assigned(0));
    let devices = bench.devices();
    bench.assign(&devices[..1]).unwrap();
    let ids = [devices[0].clone(), devices[1].clone(), FOREIGN.into(), devices[0].clone()];
    let lookup = bench.call(&devices::Lookup::new(account(), ids)).unwrap();
    assert_eq!(lookup.device_count, Some(3));
    let assigned: Vec<_> = lookup.device_list.iter().map(|device| device.license_assigned).collect();
    assert_eq!(assigned, [Some(true), Some(false), None]);
    assert_eq!(lookup.device_list[2].result_reason.as_ref().unwrap().as_str(), "Device Not Found");
    let known = &lookup.device_list[0];
    assert!(known.create_time.as_ref().unwrap().to_string().ends_with("UTC"));
    assert!(known.last_connection_time.as_ref().unwrap().to_string().ends_with('Z'));
}

#[test]
fn unknown_devices_are_adopted_on_request() {
    let mut bench = Bench::new(Settings::seeded(0, 2, 1).adopt_unknown(true));
    let ids = [DeviceId::from(FOREIGN), "123".into()];
    let change = bench.assign(&ids).unwrap();
    assert_eq!(
        outcomes(&change),
        [pair("LicenseAssignSuccess", "Success"), pair("LicenseAssignFailed", "Invalid device id format")]
    );
    assert_eq!(bench.devices(), ids[..1]);
}

#[test]
fn the_same_seed_gives_the_same_answers() {
    let run = |seed| {
        let mut bench = Bench::new(Settings::seeded(50, 40, seed));
        let devices = bench.devices();
        let list = licenses::List::new(account());
        let first = bench.response(&list).into_body();
        let change = bench.response(&licenses::Assign::new(account(), devices)).into_body();
        (first, change, bench.response(&list).into_body())
    };
    assert_eq!(run(5), run(5));
    assert_ne!(run(5), run(6));
}

#[test]
fn a_million_devices_list_page_by_page() {
    let mut bench = Bench::new(Settings::seeded(1_000_000, 1_000_000, 1).assigned(20_000));
    assert_eq!(bench.devices().len(), 1_000_000);
    assert_eq!(walk(&mut bench).0.len(), 20_000);
}
