//! Runs that are cut short: by kill -9, by a full disk, by a folder that cannot be written. The same command
//! goes on, and nothing is done twice.
#![cfg(unix)]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

mod common;

use std::collections::HashSet;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::Duration;

use common::{Home, fleet, fleet_imeis};
use fota_emulator::{Server, Settings};
use serde_json::Value;

/// The journals of a home.
fn journals(home: &Home) -> Vec<PathBuf> {
    let folder = home.path().join("state/fota/runs");
    let mut paths: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    // A process that dies while it makes a journal leaves a part of one under another name.
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "jsonl"));
    paths.sort();
    paths
}

/// Every whole line of a journal after the header.
fn lines(path: &PathBuf) -> Vec<Value> {
    let text = fs::read_to_string(path).unwrap();
    let whole = text.rsplit_once('\n').map_or("", |(whole, _)| whole);
    whole.lines().skip(1).map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn ids(devices: &Value) -> impl Iterator<Item = String> + '_ {
    devices.as_array().unwrap().iter().map(|id| id.as_str().unwrap().to_owned())
}

/// A device whose outcome is on disk is never part of a later request.
fn assert_nothing_is_sent_twice(path: &PathBuf) -> usize {
    let mut settled = HashSet::new();
    for line in lines(path) {
        if let Some(sending) = line.get("sending") {
            for id in ids(&sending["devices"]) {
                assert!(!settled.contains(&id), "{id} was settled, and sent again");
            }
        }
        if let Some(known) = line.get("settled") {
            settled.extend(
                known["outcomes"]
                    .as_array()
                    .unwrap()
                    .iter()
                    .map(|known| known["device"].as_str().unwrap().to_owned()),
            );
        }
    }
    settled.len()
}

/// A small generator of random numbers; its seed is printed, so that a failure can be looked at.
struct Random(u64);

impl Random {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % bound
    }
}

#[test]
fn killed_at_200_random_points_and_run_again() {
    const DEVICES: usize = 10_000;
    const KILLS: usize = 200;
    let seed = u64::from(std::process::id()) * 0x9e37_79b9 + 1;
    println!("seed {seed}");
    let mut random = Random(seed);
    let (mut kills, mut rounds) = (0, 0);
    while kills < KILLS {
        rounds += 1;
        let home = Home::new();
        let server = Server::start(Settings::seeded(DEVICES, 20_000, seed).assigned(0)).unwrap();
        let all: Vec<String> = server.with(|emulator| {
            let account = emulator.account(emulator.account_name().as_str()).unwrap();
            account.devices().map(ToString::to_string).collect()
        });
        let file = home.write("fleet.txt", all.join("\n"));
        // The next process is killed somewhere within the time that a whole run takes.
        let mut longest = 400;
        let started = std::time::Instant::now();
        loop {
            assert!(started.elapsed() < Duration::from_secs(120), "no end after {kills} kills");
            let mut child = home
                .command()
                .envs(server.environment())
                .args(["licenses", "assign", "--batch-size", "50", "-q", "-o", "csv", "--from"])
                .arg(&file)
                .stdout(Stdio::null())
                .stderr(Stdio::piped())
                .spawn()
                .unwrap();
            std::thread::sleep(Duration::from_micros(random.below(longest * 1000)));
            if child.try_wait().unwrap().is_none() && kills < KILLS {
                child.kill().unwrap();
                kills += 1;
            }
            let output = child.wait_with_output().unwrap();
            if let Some(code) = output.status.code() {
                assert_eq!(code, 0, "{}", String::from_utf8_lossy(&output.stderr));
                break;
            }
            // Most points shall lie in the run, not behind it.
            longest = longest.max(50) + 20;
        }
        let licensed = server.with(|emulator| {
            let account = emulator.account(emulator.account_name().as_str()).unwrap();
            account.assigned_licenses()
        });
        assert_eq!(licensed, DEVICES as u64);
        // One journal, or another one after a kill between the end of the run and that of the process.
        for journal in journals(&home) {
            assert_eq!(assert_nothing_is_sent_twice(&journal), DEVICES);
            assert!(lines(&journal).last().unwrap().get("finished").is_some(), "no run is left half done");
            assert_eq!(fs::metadata(&journal).unwrap().permissions().mode() & 0o777, 0o600);
            assert!(!fs::read_to_string(&journal).unwrap().contains("not-real"), "no secret in a journal");
        }
    }
    println!("{kills} kills in {rounds} runs");
}

/// Runs `fota` where no file can grow beyond `blocks` of 512 bytes.
fn on_a_full_disk(home: &Home, server: &Server, blocks: u32, arguments: &str) -> (i32, String, String) {
    let script = format!("trap '' XFSZ; ulimit -f {blocks}; exec {} {arguments}", env!("CARGO_BIN_EXE_fota"));
    let mut command = Command::new("sh");
    let home_env = home.command();
    command.env_clear().envs(home_env.get_envs().filter_map(|(name, value)| Some((name, value?))));
    let output = command.envs(server.environment()).args(["-c", &script]).output().unwrap();
    (
        output.status.code().unwrap(),
        String::from_utf8(output.stdout).unwrap(),
        String::from_utf8(output.stderr).unwrap(),
    )
}

#[test]
fn a_full_disk_is_told_before_anything_is_sent() {
    let home = Home::new();
    let server = Server::start(Settings::seeded(200, 200, 7).assigned(0)).unwrap();
    let all: Vec<String> = server.with(|emulator| {
        let account = emulator.account(emulator.account_name().as_str()).unwrap();
        account.devices().map(ToString::to_string).collect()
    });
    let file = home.write("fleet.txt", all.join("\n"));
    let arguments =
        format!("licenses assign --batch-size 20 --concurrency 1 -o json --from {}", file.display());

    // Not even the list of devices fits.
    let (code, stdout, stderr) = on_a_full_disk(&home, &server, 2, &arguments);
    assert_eq!((code, stdout.as_str()), (1, ""), "{stderr}");
    assert!(stderr.contains("the journal") && stderr.contains("nothing was sent"), "{stderr}");
    assert_eq!(server.counters().operation("licenses.assign"), 0);
    assert!(journals(&home).is_empty(), "half a journal helps nobody");

    // It fits, and fills up half-way: the run ends, what was sent is known, and the next command goes on.
    let (code, stdout, stderr) = on_a_full_disk(&home, &server, 20, &arguments);
    assert_eq!(code, 6, "{stderr}");
    assert!(stderr.contains("the journal cannot be written"), "{stderr}");
    let change: Value = serde_json::from_str(&stdout).unwrap();
    assert!(
        change["notAttempted"].as_u64().unwrap() > 0 && change["applied"].as_u64().unwrap() > 0,
        "{change}"
    );
    let before = server.counters().operation("licenses.assign");
    assert!((1..10).contains(&before), "{before}");
    let output = home.command().envs(server.environment()).args(arguments.split(' ')).output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    assert_eq!(assert_nothing_is_sent_twice(&journals(&home)[0]), 200);
}

#[test]
fn a_state_folder_that_cannot_be_written_is_told_before_anything_is_sent() {
    let home = Home::new();
    let server =
        Server::start(Settings::seeded(0, 100, 7).devices(fleet_imeis().iter().map(String::as_str))).unwrap();
    // A file where the folder should be stops root too, which permissions would not.
    home.write("state/fota/runs", "");
    let file = fleet();
    let output = home
        .command()
        .envs(server.environment())
        .args(["licenses", "assign", "--from", file.to_str().unwrap()])
        .output()
        .unwrap();
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1), "{stderr}");
    assert!(stderr.contains("nothing was sent") && stderr.contains("XDG_STATE_HOME"), "{stderr}");
    assert_eq!(server.counters().operation("licenses.assign"), 0);
}

/// Two processes with the same job: one does it, the other is told.
#[test]
fn one_process_at_a_time() {
    let home = Home::new();
    let server =
        Server::start(Settings::seeded(0, 100, 7).devices(fleet_imeis().iter().map(String::as_str))).unwrap();
    server
        .faults([fota_emulator::Fault::new("licenses.assign", fota_emulator::Effect::Delay)
            .delay(Duration::from_secs(2))
            .once()])
        .unwrap();
    let file = fleet();
    let start = || {
        let mut command = home.command();
        command.envs(server.environment()).args(["licenses", "assign", "--from", file.to_str().unwrap()]);
        command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
    };
    let first = start();
    while server.counters().operation("licenses.assign") == 0 {
        std::thread::sleep(Duration::from_millis(10));
    }
    let second = start().wait_with_output().unwrap();
    let stderr = String::from_utf8(second.stderr).unwrap();
    assert_eq!(second.status.code(), Some(2), "{stderr}");
    assert!(stderr.contains("another process is working on the run"), "{stderr}");
    assert!(first.wait_with_output().unwrap().status.success());
}

/// Memory of the process at its highest, in KiB, asked again and again until it is gone.
#[cfg(target_os = "linux")]
fn peak_memory(process: u32) -> u64 {
    let mut peak = 0;
    while let Ok(status) = fs::read_to_string(format!("/proc/{process}/status")) {
        let line = status.lines().find(|line| line.starts_with("VmHWM:"));
        let Some(line) = line else { break };
        peak = line.split_whitespace().nth(1).unwrap().parse().unwrap();
        std::thread::sleep(Duration::from_millis(2));
    }
    peak
}

#[cfg(target_os = "linux")]
#[test]
fn a_hundred_thousand_devices_in_64_mib() {
    const DEVICES: usize = 100_000;
    let home = Home::new();
    let server = Server::start(Settings::seeded(DEVICES, 100_000, 7).assigned(0)).unwrap();
    let all: Vec<String> = server.with(|emulator| {
        let account = emulator.account(emulator.account_name().as_str()).unwrap();
        account.devices().map(ToString::to_string).collect()
    });
    let file = home.write("fleet.txt", all.join("\n"));
    let child = home
        .command()
        .envs(server.environment())
        .args(["licenses", "assign", "-q", "-o", "json", "--from"])
        .arg(&file)
        .stdout(fs::File::create(home.path().join("out.json")).unwrap())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let peak = peak_memory(child.id());
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let change: Value = serde_json::from_slice(&fs::read(home.path().join("out.json")).unwrap()).unwrap();
    assert_eq!(change["applied"], DEVICES);
    println!("{peak} KiB");
    assert!((1024..64 * 1024).contains(&peak), "{peak} KiB");
}
