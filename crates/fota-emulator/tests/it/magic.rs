//! Magic IMEIs, as the client sees them, and the guide's list of them.

use bytes::Bytes;
use fota_core::{Endpoint, Servers, Tokens, licenses};
use fota_emulator::{ACCOUNT, Effect, Fault, MAGIC, MAGIC_PREFIX, Magic, Server, Settings, Shape};
use fota_models::{ApiFault, DeviceId, Imei};
use http::{Method, Request};

use crate::bench::{Bench, outcomes};
use crate::socket::{Received, exchange, sign_in};

fn named(name: &str) -> DeviceId {
    MAGIC.iter().find(|magic| magic.name == name).unwrap_or_else(|| panic!("{name}")).imei.into()
}

/// Three honest devices, one in the middle of the request replaced by a magic one.
struct Scene {
    server: Server,
    tokens: Tokens,
    devices: Vec<DeviceId>,
}

impl Scene {
    fn with(name: &str) -> Self {
        let server = Server::start(Settings::seeded(2, 10, 1).assigned(0)).unwrap();
        let tokens = sign_in(&server);
        let mut devices: Vec<DeviceId> =
            server.with(|emulator| emulator.account(ACCOUNT).unwrap().devices().cloned().collect());
        devices.insert(1, named(name));
        Scene { server, tokens, devices }
    }

    fn send(&self, request: impl FnOnce(&Servers, &Tokens) -> Request<Bytes>) -> Received {
        exchange(&self.server, &request(&Servers::at(&self.server.base_url()).unwrap(), &self.tokens))
    }

    fn assign(&self) -> Received {
        let assign = licenses::Assign::new(self.server.account(), self.devices.clone());
        self.send(|servers, tokens| assign.to_request(servers, Some(tokens)).unwrap())
    }

    fn remove(&self) -> Received {
        let remove = licenses::Remove::new(self.server.account(), self.devices.clone());
        self.send(|servers, tokens| remove.to_request(servers, Some(tokens)).unwrap())
    }

    fn licensed(&self) -> usize {
        self.server.with(|emulator| emulator.account(ACCOUNT).unwrap().licensed().len())
    }

    fn magic_of_the_last(&self) -> Option<&'static str> {
        self.server.log().pop().unwrap().magic
    }
}

#[test]
fn they_are_valid_test_imeis_that_no_fleet_uses() {
    for magic in MAGIC {
        let imei = Imei::with_luhn(magic.imei).unwrap();
        assert!(magic.imei.len() == 15 && magic.imei.starts_with(MAGIC_PREFIX), "{magic:?}");
        assert_eq!(Magic::of(&imei.into()), Some(magic));
        assert_eq!(
            MAGIC.iter().filter(|other| other.imei == magic.imei || other.name == magic.name).count(),
            1
        );
    }
    for seed in 0..20 {
        let bench = Bench::fresh(Settings::seeded(2000, 0, seed));
        assert!(bench.devices().iter().all(|device| !device.text().starts_with("00")));
    }
}

#[test]
fn the_guide_and_the_admin_api_hold_the_list() {
    let guide = include_str!("../../../../docs/emulator.md");
    for magic in MAGIC {
        let line = format!("| `{}` | {} | {} |", magic.imei, magic.name, magic.behavior);
        assert!(guide.contains(&line), "the guide lacks\n{line}");
    }
    assert_eq!(guide.matches(&format!("| `{MAGIC_PREFIX}")).count(), MAGIC.len(), "the guide has more");
    let (_, listed) = Bench::fresh(Settings::default()).admin(Method::GET, "/magic", "");
    assert_eq!(listed.as_array().unwrap().len(), MAGIC.len());
    assert_eq!(listed[0]["imei"], MAGIC[0].imei);
}

#[test]
fn not_found_even_where_everything_is_adopted() {
    for settings in [Settings::seeded(2, 10, 1), Settings::seeded(2, 10, 1).adopt_unknown(true)] {
        let magic = named("not-found");
        let mut bench = Bench::new(settings.devices([magic.clone()]));
        let done = outcomes(&bench.assign(std::slice::from_ref(&magic)).unwrap());
        assert_eq!(done, [("LicenseAssignFailed".to_owned(), "Device Not Found".to_owned())]);
        let done = outcomes(&bench.remove(std::slice::from_ref(&magic)).unwrap());
        assert_eq!(done, [("LicenseRemoveFailed".to_owned(), "Device Not Found".to_owned())]);
    }
}

#[test]
fn some_never_give_a_license_back() {
    for (name, why) in [("upgraded", "upgraded"), ("upgrade-running", "in progress")] {
        let scene = Scene::with(name);
        assert_eq!(scene.assign().status(), 200);
        assert_eq!(scene.licensed(), 3);
        for _ in 0..2 {
            let answer = String::from_utf8(scene.remove().body().to_vec()).unwrap();
            assert!(answer.contains("LicenseRemoveFailed") && answer.contains(why), "{answer}");
            assert_eq!(scene.licensed(), 1, "the others gave theirs back");
        }
        // Assigning again does not help either.
        assert_eq!(scene.assign().status(), 200);
        scene.remove();
        assert_eq!(scene.licensed(), 1);
    }
}

#[test]
fn throttled_once() {
    let scene = Scene::with("throttled-once");
    let refused = scene.assign();
    assert_eq!((refused.status(), refused.header("retry-after").as_deref()), (429, Some("1")));
    assert_eq!(ApiFault::parse(refused.body()).unwrap().code(), Some("900800"));
    assert_eq!((scene.licensed(), scene.magic_of_the_last()), (0, Some("throttled-once")));
    assert_eq!((scene.assign().status(), scene.licensed()), (200, 3));
    assert_eq!(scene.magic_of_the_last(), None);
    // Removing has its own turn.
    assert_eq!((scene.remove().status(), scene.licensed()), (429, 3));
    assert_eq!((scene.remove().status(), scene.licensed()), (200, 0));
    scene.server.with(fota_emulator::Emulator::reset);
    let scene = Scene { tokens: sign_in(&scene.server), ..scene };
    assert_eq!(scene.assign().status(), 429, "a reset brings it back");
}

#[test]
fn unavailable_once() {
    let scene = Scene::with("unavailable-once");
    let refused = scene.assign();
    assert_eq!((refused.status(), refused.body().len(), scene.licensed()), (503, 0, 0));
    assert_eq!((scene.assign().status(), scene.licensed()), (200, 3));
}

#[test]
fn lost_after_it_was_carried_out() {
    let scene = Scene::with("lost-after-once");
    let lost = scene.assign();
    assert!(lost.bytes.is_empty() && !lost.reset);
    assert_eq!(scene.licensed(), 3);
    assert_eq!((scene.assign().status(), scene.licensed()), (200, 3));
}

#[test]
fn lost_before_it_was_carried_out() {
    let scene = Scene::with("lost-before-once");
    let lost = scene.assign();
    assert!(lost.bytes.is_empty() && !lost.reset);
    assert_eq!(scene.licensed(), 0);
    assert_eq!((scene.assign().status(), scene.licensed()), (200, 3));
}

#[test]
fn always_a_bad_gateway_but_the_truth_can_be_read() {
    let scene = Scene::with("bad-gateway");
    for _ in 0..5 {
        let page = scene.assign();
        assert_eq!((page.status(), page.header("content-type").as_deref()), (502, Some("text/html")));
        assert!(page.body().starts_with(b"<html>"));
    }
    assert_eq!((scene.remove().status(), scene.licensed()), (502, 0));
    let lookup = fota_core::devices::Lookup::new(scene.server.account(), scene.devices.clone());
    let answer = scene.send(|servers, tokens| lookup.to_request(servers, Some(tokens)).unwrap());
    assert_eq!(answer.status(), 200);
}

#[test]
fn several_in_one_request_take_turns_and_rules_go_first() {
    let mut bench = Bench::new(Settings::seeded(0, 10, 1));
    bench
        .emulator
        .add_fault(Fault::new("licenses.assign", Effect::answer(500, Shape::Empty)).once())
        .unwrap();
    let devices = [named("unavailable-once"), named("throttled-once")];
    let statuses = [(); 4]
        .map(|()| bench.assign(&devices).map_or_else(|error| error.status().unwrap().as_u16(), |_| 200));
    assert_eq!(statuses, [500, 503, 429, 200]);
}

#[test]
fn without_magic_they_are_devices_like_any_other() {
    let mut bench = Bench::new(Settings::seeded(0, 10, 1).magic(false));
    let all: Vec<DeviceId> = MAGIC.iter().map(|magic| magic.imei.into()).collect();
    let done = outcomes(&bench.assign(&all).unwrap());
    assert!(done.iter().all(|(_, reason)| reason == "Device Not Found"), "{done:?}");
    let mut bench = Bench::new(Settings::seeded(0, 10, 1).magic(false).devices(all.clone()));
    bench.assign(&all).unwrap();
    assert_eq!(bench.licensed().len(), all.len());
    bench.remove(&all).unwrap();
    assert_eq!(bench.licensed().len(), 0);
}
