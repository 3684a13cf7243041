//! Listing licensed devices: page by page, from a cursor, over both paths, and in every spelling of the answer.

use std::collections::BTreeSet;

use fota_core::ErrorKind;
use fota_core::licenses::ListPath;
use fota_core::models::{DeviceId, Timestamp};
use fota_emulator::{CursorAnswer, EmptyList, Settings, Switches, TimeStyle, TotalName};
use fota_tests::{Adapter, Kind, Lab, account, scenarios};

scenarios!(
    three_pages,
    pages_of_seven,
    resumes_from_a_cursor,
    index_path,
    every_spelling_of_the_answer,
    empty_lists,
    missing_cursors,
    stuck_cursor,
);

fn three_pages(kind: &dyn Kind) {
    let lab = Lab::new(Settings::seeded(2500, 2500, 7).assigned(2500));
    let client = lab.open(kind);

    let pages = client.pages(&account(), 100).unwrap();
    let sizes: Vec<_> = pages.iter().map(|(devices, _)| devices.len()).collect();
    assert_eq!(sizes, [1000, 1000, 500]);
    let ids: Vec<_> = pages.iter().flat_map(|(devices, _)| devices).map(|device| &device.device_id).collect();
    assert!(ids.is_sorted_by(|a, b| a < b), "in ascending order, each once");
    let ends: Vec<_> =
        pages.iter().map(|(devices, cursor)| (&devices.last().unwrap().device_id, cursor)).collect();
    assert_eq!(ends[0].1.as_ref(), Some(ends[0].0));
    assert_eq!(ends[1].1.as_ref(), Some(ends[1].0));
    assert_eq!(*ends[2].1, None);
    assert!(
        pages
            .iter()
            .flat_map(|(devices, _)| devices)
            .all(|device| { device.assignment_time.as_ref().is_some_and(|time| time.unix().is_some()) })
    );

    assert_eq!(lab.count("licenses.list"), 3);
    assert_eq!(lab.logins(), (1, 1));
    let streamed: Vec<_> = list(&*client, None);
    assert!(streamed.iter().eq(ids), "device by device is the same as page by page");
    assert_eq!(lab.count("licenses.list"), 6);
    assert_eq!(lab.logins(), (1, 1));
}

fn pages_of_seven(kind: &dyn Kind) {
    let lab = Lab::new(Settings::seeded(60, 60, 7).assigned(50).page_size(7));
    let client = lab.open(kind);
    let usage = client.usage(&account()).unwrap();
    assert_eq!(
        (usage.total_licenses, usage.assigned_licenses, usage.free_licenses()),
        (Some(60), Some(50), Some(10))
    );
    assert_eq!((usage.max_page_size, usage.has_more_data), (Some(7), true));
    assert_eq!(list(&*client, None), lab.licensed());
    assert_eq!(lab.count("licenses.list"), 1 + 8);
}

fn resumes_from_a_cursor(kind: &dyn Kind) {
    let lab = Lab::new(Settings::seeded(50, 50, 7).assigned(50).page_size(7));
    let first = lab.open(kind).pages(&account(), 3).unwrap();
    assert_eq!(lab.count("licenses.list"), 3);
    let cursor = first.last().unwrap().1.clone().expect("there is more");

    // Another client, as after a restart of the program.
    let rest = list(&*lab.open(kind), Some(cursor));
    let mut all: Vec<_> =
        first.into_iter().flat_map(|(devices, _)| devices).map(|device| device.device_id).collect();
    assert_eq!((all.len(), rest.len()), (21, 29));
    all.extend(rest);
    assert_eq!(all, lab.licensed());
    assert_eq!(lab.count("licenses.list"), 3 + 5);
}

fn index_path(kind: &dyn Kind) {
    let lab = Lab::new(Settings::seeded(30, 30, 7).assigned(30).page_size(20));
    let client = lab.open_with(kind, |options| options.list_path = ListPath::Index);
    assert_eq!(list(&*client, None), lab.licensed());
    let paths = lab.paths("licenses.list");
    assert_eq!(paths.len(), 2);
    assert_eq!(paths[0], "/api/fota/v3/licenses/0000123456-00001/index/0");
    assert_eq!(paths[1], format!("/api/fota/v3/licenses/0000123456-00001/index/{}", lab.licensed()[19]));
}

fn every_spelling_of_the_answer(kind: &dyn Kind) {
    let lab = Lab::new(Settings::seeded(30, 40, 7).assigned(25).page_size(10));
    let client = lab.open(kind);
    let spellings: [(&str, fn(&mut Switches), Option<u64>); 8] = [
        ("as the SDKs", |_| {}, Some(40)),
        ("totalLicense", |switches| switches.total_name = TotalName::TotalLicense, Some(40)),
        ("no total", |switches| switches.total_name = TotalName::Omitted, None),
        ("Go times", |switches| switches.time_style = TimeStyle::Go, Some(40)),
        ("RFC 3339 times", |switches| switches.time_style = TimeStyle::Rfc3339, Some(40)),
        ("mixed times", |switches| switches.time_style = TimeStyle::Mixed, Some(40)),
        ("numbers as text", |switches| switches.numbers_as_text = true, Some(40)),
        ("unknown fields", |switches| switches.unknown_fields = true, Some(40)),
    ];
    let mut instants = Vec::new();
    for (name, set, total) in spellings {
        let mut switches = Switches { page_size: 10, ..Switches::default() };
        set(&mut switches);
        lab.switch(switches);
        let usage = client.usage(&account()).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!((usage.total_licenses, usage.assigned_licenses), (total, Some(25)), "{name}");
        assert_eq!(usage.extra.is_empty(), name != "unknown fields", "{name}: {:?}", usage.extra);
        let devices: Vec<_> = client.list(&account(), None).into_iter().map(Result::unwrap).collect();
        assert!(devices.iter().map(|device| &device.device_id).eq(&lab.licensed()), "{name}");
        // The same instants, whatever they are written in.
        let times: Vec<_> =
            devices.iter().map(|device| device.assignment_time.as_ref().and_then(Timestamp::unix)).collect();
        assert!(times.iter().all(Option::is_some), "{name}: {:?}", devices[0]);
        instants.push(times);
        let rfc3339 = |text: String| text.as_bytes()[10] == b'T';
        let styles: BTreeSet<_> = devices
            .iter()
            .map(|device| rfc3339(device.assignment_time.as_ref().unwrap().to_string()))
            .collect();
        let expected: &[bool] = match name {
            "RFC 3339 times" => &[true],
            "mixed times" => &[false, true],
            _ => &[false],
        };
        assert!(styles.iter().eq(expected), "{name}: {styles:?}");
    }
    assert!(instants.windows(2).all(|pair| pair[0] == pair[1]));
}

fn empty_lists(kind: &dyn Kind) {
    let lab = Lab::new(Settings::seeded(5, 0, 7));
    let client = lab.open(kind);
    for empty_list in [EmptyList::Empty, EmptyList::Null, EmptyList::Absent] {
        lab.switch(Switches { empty_list, ..Switches::default() });
        let usage = client.usage(&account()).unwrap();
        assert_eq!((usage.total_licenses, usage.assigned_licenses), (Some(0), Some(0)), "zero is a number");
        assert!(usage.device_list.is_empty());
        assert!(client.list(&account(), None).is_empty());
        assert!(client.pages(&account(), 9).unwrap().is_empty());
    }
}

fn missing_cursors(kind: &dyn Kind) {
    let lab = Lab::new(Settings::seeded(30, 30, 7).assigned(30).page_size(7));
    let switches = Switches { page_size: 7, cursor_answer: CursorAnswer::Missing, ..Switches::default() };
    lab.switch(switches);
    assert_eq!(list(&*lab.open(kind), None), lab.licensed());
    assert_eq!(lab.count("licenses.list"), 5);
}

/// A reader that trusts the server's word asks for the first page forever.
fn stuck_cursor(kind: &dyn Kind) {
    let lab = Lab::new(Settings::seeded(30, 30, 7).assigned(30));
    let switches = Switches { page_size: 7, cursor_answer: CursorAnswer::Stuck, ..Switches::default() };
    lab.switch(switches);
    let mut devices = lab.open(kind).list(&account(), None);
    let error = devices.pop().unwrap().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Paging, "{error}");
    assert!(devices.iter().all(Result::is_ok));
    assert!(lab.count("licenses.list") <= 2, "{} requests", lab.count("licenses.list"));
}

fn list(client: &dyn Adapter, cursor: Option<DeviceId>) -> Vec<DeviceId> {
    client.list(&account(), cursor).into_iter().map(|device| device.unwrap().device_id).collect()
}
