//! Syncs in bad weather: answers are lost, requests fail, another operator gives and takes licenses between any
//! two requests, and the process is killed. When a sync says that the account is in sync, it is.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

#[path = "sync/account.rs"]
mod account;
mod common;

use std::time::{Duration, Instant};

use account::{Account, done, set};

const FLAGS: [&str; 10] = [
    "--prune",
    "--yes",
    "--max-remove",
    "100%",
    "--batch-size",
    "7",
    "--concurrency",
    "3",
    "--timeout",
    "5s",
];

#[test]
fn it_ends_with_the_file_whatever_happens_on_the_way() {
    for seed in 1..=4_u64 {
        println!("seed {seed}");
        let account = Account::new(100, 70, 60);
        let place = usize::try_from(seed * 5).unwrap();
        let file = account.file("fleet.txt", &account.devices[place..place + 65]);
        for rule in [
            "licenses.*:close-after:p=0.1",
            "licenses.*:close:p=0.1",
            "licenses.*:delay=5ms:p=0.3",
            "devices.lookup:503:p=0.1",
            "licenses.assign:operator=toggle:random=2:every=3",
            "licenses.remove:operator=toggle:random=2:every=3",
            "licenses.list:operator=toggle:every=7",
        ] {
            // Who works between two pages can be behind the page that was read last, when nobody looks any more.
            if seed % 2 == 0 || !rule.starts_with("licenses.list:operator") {
                account.fault(&format!("{rule}:seed={seed}"));
            }
        }
        for kill_after in [Some(30 * seed), Some(60 * seed), None, None] {
            let lists = account.server.counters().operation("licenses.list");
            let mut child = account
                .command(&[&["licenses", "sync", "--from", &file][..], &FLAGS].concat())
                .spawn()
                .unwrap();
            if let Some(millis) = kill_after {
                // Two logins without an answer would stop further ones, and rightly.
                let start = Instant::now();
                while account.server.counters().operation("licenses.list") == lists {
                    assert!(start.elapsed() < Duration::from_secs(30), "the list was not asked for");
                    std::thread::sleep(Duration::from_millis(1));
                }
                std::thread::sleep(Duration::from_millis(millis));
                child.kill().unwrap();
                child.wait().unwrap();
                continue;
            }
            let done = done(child.wait_with_output().unwrap());
            assert!([0, 1, 3, 5, 6, 7].contains(&done.code), "{done:#?}");
            println!("exit {}", done.code);
            if done.code == 0 && seed % 2 == 1 {
                assert_eq!(account.licensed(), set(&account.devices[place..place + 65]));
            }
        }
        account.server.with(fota_emulator::Emulator::clear_faults);
        account.sync(&file, &FLAGS).expect(0);
        assert_eq!(account.licensed(), set(&account.devices[place..place + 65]));
        let writes = account.writes();
        account.sync(&file, &FLAGS).expect(0);
        assert_eq!(account.writes(), writes);
        account.fota(&["resume"]).expect(2);
    }
}
