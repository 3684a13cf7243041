//! Bulk runs over real sockets through a storm: thousands of answers are lost, before and after the change
//! they were for, and in the end every claim of the run is what the emulator's ledger says.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test may panic")]

use std::collections::HashSet;
use std::ops::ControlFlow;

use fota_core::bulk::{Action, Options, Outcome, Run};
use fota_core::models::DeviceId;
use fota_core::script::VirtualClock;
use fota_emulator::{DeviceState, Effect, Fault, Server, Settings};

const DEVICES: usize = 1500;
const LICENSES: u64 = 1300;
const LOST: u64 = 10_000;

/// Would catch: a lost write sent again blindly, a refusal after a lost answer taken at its word, a device
/// counted twice or not at all.
#[test]
fn ten_thousand_lost_answers() {
    let server = Server::start(Settings::seeded(DEVICES, LICENSES, 7).assigned(100)).unwrap();
    let account = server.account();
    let (devices, rules) = server.with(|emulator| {
        let rules = ["licenses.assign", "licenses.remove"].map(|operation| {
            // The rule that stands first is asked first: three in ten are lost before, as many after.
            let before = Fault::new(operation, Effect::Close).probability(0.3, 1);
            let after = Fault::new(operation, Effect::Close).after_processing().probability(0.43, 2);
            [before, after].map(|fault| emulator.add_fault(fault).unwrap())
        });
        let devices: Vec<DeviceId> = emulator.account(account.as_str()).unwrap().devices().cloned().collect();
        // These keep their license, whatever is asked.
        for device in devices.iter().step_by(50) {
            emulator
                .account_mut(account.as_str())
                .unwrap()
                .set_device(device.clone(), DeviceState::upgraded());
        }
        (devices, rules)
    });
    let unknown = (0..20).map(|number| DeviceId::from(format!("99000000000{number:04}")));
    let wanted: Vec<DeviceId> = devices.iter().cloned().chain(unknown).collect();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let client = fota_hyper::Client::builder()
        .base_url(&server.base_url())
        .credentials(server.credentials())
        .timer(VirtualClock::new())
        .build()
        .unwrap();
    // Small batches make many requests. No pause takes real time, for the clock is virtual.
    let options = Options::default().batch(2).concurrency(8).rounds(60).patience(1000);
    let ledger = || -> HashSet<DeviceId> {
        server.with(|emulator| emulator.account(account.as_str()).unwrap().licensed().cloned().collect())
    };

    let mut lost = [0; 2];
    let mut turn = 0;
    while lost.iter().sum::<u64>() < LOST {
        let action = if turn % 2 == 0 { Action::Assign } else { Action::Remove };
        turn += 1;
        let before = ledger();
        let mut run = Run::new(action, account.clone(), wanted.iter().cloned()).options(options);
        runtime.block_on(client.run(&mut run, &mut |_: &Run| ControlFlow::Continue(())));
        assert!(run.stopped().is_none(), "{:?}", run.stopped());
        let after = ledger();
        let report = run.report();
        assert_eq!(report.devices.len(), wanted.len());
        assert!(after.len() as u64 <= LICENSES);
        for device in &report.devices {
            let (was, is) = (before.contains(&device.device_id), after.contains(&device.device_id));
            let true_claim = match (&device.outcome, action) {
                (Outcome::Applied | Outcome::Already, Action::Assign) => is,
                (Outcome::Applied, Action::Remove) => !is,
                (Outcome::Refused { .. }, _) => was == is && (is || action == Action::Assign || !was),
                _ => false,
            };
            assert!(true_claim, "turn {turn}, {action}: {device:?}, licensed before: {was}, after: {is}");
        }
        lost = server.with(|emulator| {
            [0, 1].map(|kind| rules.iter().map(|rules| emulator.fault_used(rules[kind])).sum())
        });
    }
    assert!(lost.iter().all(|count| *count > LOST / 4), "both kinds: {lost:?}");
    assert_eq!(server.counters().failed_logins, 0);
    println!("{lost:?} answers lost before and after the change, in {turn} runs");
}
