//! A second operator, seen only by what it leaves behind.

use fota_emulator::{
    ACCOUNT, DeviceState, Effect, Fault, OperatorAction, RateLimit, SecondOperator, Server, Settings, Shape,
};
use fota_models::DeviceId;
use http::Method;

use crate::bench::{Bench, outcomes};
use crate::socket::{exchange, list, sign_in};

fn rule(operation: &str, operator: SecondOperator) -> Fault {
    Fault::new(operation, Effect::Operator(operator))
}

#[test]
fn a_list_loses_devices_between_two_pages() {
    let settings = Settings::seeded(20, 20, 1).assigned(20);
    let remove = SecondOperator::new(OperatorAction::Remove).random(2);
    let server =
        Server::start(settings.faults([rule("licenses.list", remove).every(2).seed(7)]).unwrap()).unwrap();
    let tokens = sign_in(&server);
    let sizes = [(); 4].map(|()| {
        let answer = exchange(&server, &list(&server, &tokens));
        assert_eq!(answer.status(), 200);
        serde_json::from_slice::<serde_json::Value>(answer.body()).unwrap()["deviceList"]
            .as_array()
            .unwrap()
            .len()
    });
    assert_eq!(sizes, [20, 18, 18, 16]);
    assert_eq!(server.counters().changed_by_others, 4);
    let log = server.log();
    let changed: Vec<usize> = log.iter().rev().take(4).map(|entry| entry.changed_by_others.len()).collect();
    assert_eq!(changed, [2, 0, 2, 0]);
    assert!(log.iter().all(|entry| entry.fault.is_none() && entry.processed));
}

#[test]
fn the_seed_chooses_who_is_hit() {
    let run = |seed| {
        let toggle = rule("*", SecondOperator::new(OperatorAction::Toggle).random(3)).seed(seed);
        let mut bench = Bench::new(Settings::seeded(50, 40, 1).assigned(20).faults([toggle]).unwrap());
        for _ in 0..10 {
            bench.list().unwrap();
        }
        bench.licensed()
    };
    assert_eq!(run(1), run(1));
    assert_ne!(run(1), run(2));
}

#[test]
fn named_devices_and_the_services_own_rules() {
    let mut bench = Bench::new(Settings::seeded(6, 3, 1).assigned(0));
    let devices = bench.devices();
    let ledger = bench.emulator.account_mut(ACCOUNT).unwrap();
    ledger.set_device(devices[1].clone(), DeviceState::upgrade_running());
    let all = |action| rule("licenses.list", SecondOperator::new(action).devices(devices.clone())).once();
    // Three licenses, so three devices; a license that must stay stays.
    bench.emulator.add_fault(all(OperatorAction::Assign)).unwrap();
    bench.list().unwrap();
    assert_eq!(bench.licensed(), &devices[..3]);
    bench.emulator.add_fault(all(OperatorAction::Remove)).unwrap();
    bench.list().unwrap();
    assert_eq!(bench.licensed(), &devices[1..2]);
    let stranger = DeviceId::from("352099001761481");
    let strangers = SecondOperator::new(OperatorAction::Assign).devices([stranger.clone()]);
    bench.emulator.add_fault(rule("licenses.list", strangers)).unwrap();
    bench.list().unwrap();
    assert!(!bench.licensed().contains(&stranger));
    // One of the named, by chance.
    bench.emulator.clear_faults();
    let one = SecondOperator::new(OperatorAction::Toggle).devices(devices[4..].to_vec()).random(1);
    bench.emulator.add_fault(rule("licenses.list", one).once()).unwrap();
    bench.list().unwrap();
    assert_eq!(bench.licensed().len(), 2);
    assert!(devices[4..].contains(&bench.licensed()[1]));
}

#[test]
fn it_acts_before_the_request_and_beside_other_rules() {
    let mut bench = Bench::new(Settings::seeded(2, 2, 1).assigned(0));
    let devices = bench.devices();
    let assign = SecondOperator::new(OperatorAction::Assign).devices(devices[..1].to_vec());
    bench.emulator.add_fault(rule("licenses.assign", assign)).unwrap();
    let outcome = outcomes(&bench.assign(&devices).unwrap());
    let words: Vec<_> = outcome.iter().map(|(status, reason)| (status.as_str(), reason.as_str())).collect();
    assert_eq!(words[0].0, "LicenseAssignSuccess");
    assert!(words[0].1.to_lowercase().contains("preexisting"), "{words:?}");
    assert!(!words[1].1.to_lowercase().contains("preexisting"), "{words:?}");
    // The request is refused by the next rule, and the other operator acts all the same.
    let remove = SecondOperator::new(OperatorAction::Remove).devices(devices[1..].to_vec());
    bench.emulator.add_fault(rule("licenses.*", remove)).unwrap();
    bench.emulator.add_fault(Fault::new("licenses.*", Effect::answer(503, Shape::Empty))).unwrap();
    assert_eq!(bench.list().unwrap_err().status().unwrap(), 503);
    assert_eq!(bench.licensed(), &devices[..1]);
}

#[test]
fn it_comes_from_the_admin_api_and_needs_neither_tokens_nor_quota() {
    let settings = Settings::seeded(4, 4, 1).assigned(0);
    let mut bench = Bench::new(settings.rate_limit(RateLimit::new(0, std::time::Duration::from_secs(1))));
    let rules = r#"[{"operation":"auth.token","effect":{"kind":"operator","action":"assign","random":2}},
                    "licenses.list:operator=assign:seed=3"]"#;
    assert_eq!(bench.admin(Method::POST, "/faults", rules).1["ids"], serde_json::json!([1, 2]));
    bench.token().unwrap();
    assert_eq!(bench.licensed().len(), 2, "without an account in the path, the first is meant");
    assert_eq!(bench.list().unwrap_err().status().unwrap(), 429);
    assert_eq!(bench.licensed().len(), 3);
    let (_, rules) = bench.admin(Method::GET, "/faults", "");
    assert_eq!((&rules[0]["used"], &rules[0]["effect"]["action"]), (&1.into(), &"assign".into()));
    let (_, log) = bench.admin(Method::GET, "/log", "");
    assert_eq!(log["counters"]["changedByOthers"], 3);
    assert_eq!(
        log["entries"].as_array().unwrap().last().unwrap()["changedByOthers"].as_array().unwrap().len(),
        1
    );
}

#[test]
fn rules_of_the_settings_come_back_after_a_reset() {
    let busy = Fault::new("licenses.list", Effect::answer(503, Shape::Empty)).once();
    let mut bench = Bench::new(Settings::default().faults([busy]).unwrap());
    assert_eq!([bench.list().is_ok(), bench.list().is_ok()], [false, true]);
    bench.emulator.add_fault(Fault::new("*", Effect::Close)).unwrap();
    bench.emulator.reset();
    bench.sign_in();
    assert_eq!([bench.list().is_ok(), bench.list().is_ok()], [false, true]);
    assert!(Settings::default().faults([Fault::new("licence.list", Effect::Close)]).is_err());
}
