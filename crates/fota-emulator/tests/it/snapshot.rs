//! The state between runs.

use std::fs;
use std::time::{Duration, Instant};

use fota_core::licenses;
use fota_emulator::{ACCOUNT, DeviceState, Emulator, Server, Settings, Snapshot};

use crate::bench::Bench;
use crate::socket::{call, sign_in};

#[test]
fn a_snapshot_holds_everything_but_tokens() {
    let mut bench = Bench::new(Settings::seeded(30, 20, 1));
    let devices = bench.devices();
    let ledger = bench.emulator.account_mut(ACCOUNT).unwrap();
    ledger.set_device(devices[0].clone(), DeviceState::upgraded());
    ledger.set_device(devices[1].clone(), DeviceState::upgrade_running());
    ledger.set_device(devices[2].clone(), DeviceState::upgrade_scheduled());
    ledger.set_total_licenses(25);
    bench.login("wrong-password").unwrap_err();
    bench.login("wrong-password").unwrap_err();

    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("state.json");
    let snapshot = bench.emulator.snapshot();
    snapshot.save(&file).unwrap();
    let text = fs::read_to_string(&file).unwrap();
    assert!(!text.contains("not-real"), "no secrets");
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "no temporary file is left");

    let read = Snapshot::load(&file).unwrap().unwrap();
    assert_eq!(read, snapshot);
    let mut restored = Bench::fresh(Settings::empty());
    restored.emulator.restore(read);
    assert_eq!(restored.emulator.snapshot(), snapshot);
    assert_eq!(restored.emulator.strikes(), 2);
    assert_eq!(restored.licensed(), bench.licensed());
    restored.sign_in();
    bench.sign_in();
    assert_eq!(restored.list().unwrap(), bench.list().unwrap());
}

#[test]
fn files_that_cannot_be_used() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("state.json");
    assert_eq!(Snapshot::load(&file).unwrap(), None);
    for (text, why) in [
        ("", "is not an emulator's state"),
        ("{\"format\":1}", "is not an emulator's state"),
        ("{\"format\":99,\"strikes\":0,\"accounts\":[]}", "another version"),
    ] {
        fs::write(&file, text).unwrap();
        let error = Snapshot::load(&file).unwrap_err().to_string();
        assert!(error.contains(why) && error.contains("state.json"), "{error}");
        let error = Server::start(Settings::default().state_file(&file)).unwrap_err().to_string();
        assert!(error.contains(why), "{error}");
        assert_eq!(fs::read_to_string(&file).unwrap(), text, "left as it was");
    }
    let nowhere = folder.path().join("missing").join("state.json");
    let error = Emulator::new(Settings::empty()).snapshot().save(&nowhere).unwrap_err().to_string();
    assert!(error.contains("cannot be written"), "{error}");
    let error = Server::start(Settings::empty().state_file(nowhere)).unwrap_err().to_string();
    assert!(error.contains("cannot be written"), "{error}");
}

#[test]
fn a_server_goes_on_where_it_stopped() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("state.json");
    let settings = Settings::seeded(10, 10, 1).assigned(0).state_file(&file);
    let server = Server::start(settings.clone()).unwrap();
    let tokens = sign_in(&server);
    let device = server.with(|emulator| emulator.account(ACCOUNT).unwrap().devices().next().unwrap().clone());
    call(&server, &licenses::Assign::new(server.account(), [device.clone()]), Some(&tokens));
    // The answer is there, so the change is on the disk, even if the process is killed now.
    let mut found = Emulator::new(Settings::empty());
    found.restore(Snapshot::load(&file).unwrap().unwrap());
    assert!(found.account(ACCOUNT).unwrap().is_licensed(&device));

    // What was changed in process follows soon.
    server.with(|emulator| emulator.account_mut(ACCOUNT).unwrap().set_total_licenses(7));
    let started = Instant::now();
    while !fs::read_to_string(&file).unwrap().contains("\"licenses\":7") {
        assert!(started.elapsed() < Duration::from_secs(20), "never saved");
        std::thread::sleep(Duration::from_millis(20));
    }
    drop(server);

    let server = Server::start(settings).unwrap();
    let page = call(&server, &licenses::List::new(server.account()), Some(&sign_in(&server)));
    assert_eq!((page.total_licenses, page.device_list.len()), (Some(7), 1));
}
