//! Listing in segments: the starting points of an earlier listing, a fleet that has changed since, and the same
//! list as ever.

use std::time::{Duration, Instant};

use fota_core::ErrorKind;
use fota_core::licenses::ListPath;
use fota_core::models::DeviceId;
use fota_core::segments::starting_points;
use fota_emulator::{Effect, Fault, Settings, Shape, Switches};
use fota_tests::{Adapter, Kind, Lab, Walk, account, scenarios};

scenarios!(
    the_list_of_an_earlier_listing,
    a_fleet_that_has_changed,
    a_server_that_knows_its_cursors,
    index_path,
    a_service_that_stumbles,
    a_service_that_is_down,
    work_and_waiting_overlap,
);

const PAGE: usize = 20;

/// A fleet of 400 on 20 pages, and starting points as a listing of it would leave them.
fn lab(settings: Settings) -> (Lab, Vec<DeviceId>) {
    let lab = Lab::new(settings.assigned(400).page_size(PAGE));
    let points = starting_points(lab.licensed(), PAGE);
    (lab, points)
}

fn fleet() -> Settings {
    Settings::seeded(500, 500, 7)
}

fn list(client: &dyn Adapter, points: Vec<DeviceId>) -> Vec<DeviceId> {
    let mut devices = Vec::new();
    client
        .walk(&account(), Walk { points, ..Walk::default() }, &mut |page| {
            devices.extend(page.iter().map(|device| device.device_id.clone()));
        })
        .unwrap();
    devices
}

fn the_list_of_an_earlier_listing(kind: &dyn Kind) {
    let (lab, points) = lab(fleet());
    lab.fault(Fault::new("licenses.list", Effect::Delay).delay(Duration::from_millis(20)));
    assert_eq!(list(&*lab.open(kind), points), lab.licensed());
    assert_eq!(lab.logins(), (1, 1), "all wait for one login");
    // Points a little less than a page apart, and so a request or two more.
    assert!((20..=23).contains(&lab.count("licenses.list")), "{}", lab.count("licenses.list"));
    assert!((4..=16).contains(&lab.connections()), "{} connections", lab.connections());
}

fn a_fleet_that_has_changed(kind: &dyn Kind) {
    let (lab, points) = lab(fleet());
    let before = lab.licensed();
    let client = lab.open(kind);
    let gone: Vec<_> = before.iter().step_by(7).take(50).cloned().collect();
    client.remove(&account(), &gone).unwrap();
    let known: Vec<_> = lab.with(|emulator| {
        let account = emulator.account(fota_tests::ACCOUNT).unwrap();
        account.devices().cloned().collect()
    });
    let new: Vec<_> = known.iter().filter(|device| !before.contains(device)).take(90).cloned().collect();
    client.assign(&account(), &new).unwrap();
    assert_eq!(lab.licensed().len(), 400 - 50 + 90);
    assert_eq!(list(&*client, points.clone()), lab.licensed());

    // Another fleet altogether: no point is of use, and none does harm.
    client.remove(&account(), &lab.licensed()).unwrap();
    assert!(list(&*client, points.clone()).is_empty());
    client.assign(&account(), &points[3..4]).unwrap();
    assert_eq!(list(&*client, points.clone()), points[3..4]);
    let nonsense = ["no id", "999999999999999", "7", "", "00"].map(DeviceId::from);
    assert_eq!(list(&*client, nonsense.to_vec()), lab.licensed());
}

/// A server that refuses cursors which are no device of the account.
fn a_server_that_knows_its_cursors(kind: &dyn Kind) {
    let (lab, mut points) = lab(fleet());
    lab.switch(Switches { page_size: PAGE, strict_cursor: true, ..Switches::default() });
    for index in [2, 3, 11] {
        points[index] = DeviceId::from("352099001761481");
        assert!(!lab.licensed().contains(&points[index]));
    }
    assert_eq!(list(&*lab.open(kind), points), lab.licensed());
    let refused = (0..300).map(|n| DeviceId::from(format!("{}", 400_000_000_000_000_u64 + n))).collect();
    assert_eq!(list(&*lab.open(kind), refused), lab.licensed());
    assert!(lab.count("licenses.list") < 70, "{} requests", lab.count("licenses.list"));
}

fn index_path(kind: &dyn Kind) {
    let (lab, points) = lab(fleet());
    let client = lab.open_with(kind, |options| options.list_path = ListPath::Index);
    assert_eq!(list(&*client, points), lab.licensed());
    assert!(lab.paths("licenses.list").iter().all(|path| path.contains("/index/")));
}

/// Every third request fails, of those that are made again too.
fn a_service_that_stumbles(kind: &dyn Kind) {
    let (lab, points) = lab(fleet());
    lab.fault(Fault::new("licenses.list", Effect::answer(500, Shape::Api)).every(3));
    assert_eq!(list(&*lab.open(kind), points), lab.licensed());
}

fn a_service_that_is_down(kind: &dyn Kind) {
    let (lab, points) = lab(fleet());
    lab.fault(Fault::new("licenses.list", Effect::answer(403, Shape::Api)).skip(5));
    let client = lab.open(kind);
    let mut devices = Vec::new();
    let walk = Walk { points, concurrency: Some(4), ..Walk::default() };
    let result = client.walk(&account(), walk, &mut |page| {
        devices.extend(page.iter().map(|device| device.device_id.clone()));
    });
    assert_eq!(result.unwrap_err().kind(), ErrorKind::Unauthorized);
    assert_eq!(devices, lab.licensed()[..devices.len()], "what came before it, and in order");
    let requests = lab.count("licenses.list");
    assert!(requests <= 5 + 8, "{requests} requests: the starting points were not all tried");
}

/// While a page is worked on, the next one is on its way.
fn work_and_waiting_overlap(kind: &dyn Kind) {
    const PAUSE: Duration = Duration::from_millis(30);
    let lab = Lab::new(Settings::seeded(200, 200, 7).assigned(200).page_size(PAGE));
    lab.fault(Fault::new("licenses.list", Effect::Delay).delay(PAUSE));
    let client = lab.open(kind);
    client.login().unwrap();
    let time = |read_ahead| {
        let start = Instant::now();
        let walk = Walk { read_ahead: Some(read_ahead), ..Walk::default() };
        client.walk(&account(), walk, &mut |_| std::thread::sleep(PAUSE)).unwrap();
        start.elapsed()
    };
    let (without, with) = (time(0), time(1));
    // Ten pages: 20 pauses in one, 11 in the other, and a busy machine's own.
    assert!(without >= PAUSE * 20 && with <= without * 4 / 5, "{with:?} instead of {without:?}");
}
