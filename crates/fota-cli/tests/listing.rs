//! `fota licenses list` starts where the last listing has been, and prints what it always printed.
#![cfg(unix)]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

mod common;

use std::fs;
use std::io::Read as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::Duration;

use common::Home;
use fota_emulator::{ACCOUNT, Effect, Fault, Server, Settings};
use serde_json::Value;

/// A service with 25 full pages and a bit, each of which takes a moment.
fn service() -> Server {
    let server = Server::start(Settings::seeded(4000, 4000, 7).assigned(2510).page_size(100)).unwrap();
    server.faults([Fault::new("licenses.list", Effect::Delay).delay(Duration::from_millis(20))]).unwrap();
    server
}

fn command(home: &Home, server: &Server, arguments: &[&str]) -> Command {
    let mut command = home.command();
    command.envs(server.environment()).args(arguments);
    command
}

#[track_caller]
fn list(home: &Home, server: &Server, arguments: &[&str]) -> String {
    let arguments: Vec<_> = ["licenses", "list", "-o", "csv"].iter().chain(arguments).copied().collect();
    let output = command(home, server, &arguments).output().unwrap();
    assert!(output.status.success() && output.stderr.is_empty(), "{output:?}");
    String::from_utf8(output.stdout).unwrap()
}

/// What the last listing left, if it left something.
fn kept(home: &Home) -> Vec<PathBuf> {
    let Ok(folder) = fs::read_dir(home.path().join("state/fota/lists")) else { return Vec::new() };
    folder.map(|entry| entry.unwrap().path()).collect()
}

fn starts(path: &PathBuf) -> Vec<String> {
    let kept: Value = serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap();
    kept["starts"].as_array().unwrap().iter().map(|id| id.as_str().unwrap().to_owned()).collect()
}

/// Gives some devices of the account a license, and takes some back.
fn change(server: &Server, home: &Home) {
    let (licensed, known): (Vec<_>, Vec<_>) = server.with(|emulator| {
        let account = emulator.account(ACCOUNT).unwrap();
        (account.licensed().cloned().collect(), account.devices().cloned().collect())
    });
    let write = |name: &str, ids: Vec<String>| home.write(name, ids.join("\n"));
    let gone = write("gone.txt", licensed.iter().step_by(13).map(ToString::to_string).collect());
    let new = known.iter().filter(|device| !licensed.contains(device)).step_by(5).map(ToString::to_string);
    let new = write("new.txt", new.collect());
    for (verb, file) in [("remove", gone), ("assign", new)] {
        let arguments = ["licenses", verb, "--from", file.to_str().unwrap(), "-y"];
        let output =
            command(home, server, &arguments[..if verb == "remove" { 5 } else { 4 }]).output().unwrap();
        assert!(output.status.success(), "{output:?}");
    }
}

#[test]
fn the_second_listing_starts_where_the_first_has_been() {
    let (home, server) = (Home::new(), service());
    let first = list(&home, &server, &[]);
    assert_eq!(first.lines().count(), 1 + 2510);
    assert_eq!(server.connections(), 1, "one page after the other");

    let files = kept(&home);
    let [file] = files.as_slice() else { panic!("{files:?}") };
    let points = starts(file);
    // One for each page, a little less than a page apart.
    assert_eq!(points.len(), 26);
    let lines: Vec<_> = first.lines().skip(1).map(|line| line.split(',').next().unwrap()).collect();
    assert!(points.iter().enumerate().all(|(n, point)| lines[(n + 1) * 94 - 1] == point));
    let text = fs::read_to_string(file).unwrap();
    assert_eq!(fs::metadata(file).unwrap().permissions().mode() & 0o777, 0o600);
    assert_eq!(fs::metadata(file.parent().unwrap()).unwrap().permissions().mode() & 0o777, 0o700);
    for (name, secret) in server.environment() {
        let is_secret =
            ["SECRET", "PASSWORD", "CLIENT_ID", "USERNAME"].iter().any(|word| name.ends_with(word));
        assert!(!is_secret || !text.contains(secret.as_str()), "{name} is in {text}");
    }

    let (connections, requests) = (server.connections(), server.counters().operation("licenses.list"));
    assert_eq!(list(&home, &server, &[]), first);
    let opened = server.connections() - connections;
    assert!((4..=16).contains(&opened), "{opened} connections");
    let requests = server.counters().operation("licenses.list") - requests;
    assert!((26..=29).contains(&requests), "{requests} requests");
    assert_eq!(fs::read_to_string(file).unwrap(), text, "it stays as it is");

    let connections = server.connections();
    assert_eq!(list(&home, &server, &["--sequential"]), first);
    assert_eq!(server.connections(), connections + 1);
}

#[test]
fn a_fleet_that_has_changed_is_listed_as_it_is() {
    let (home, server) = (Home::new(), service());
    let mut last = list(&home, &server, &[]);
    for _ in 0..3 {
        change(&server, &home);
        let sequential = list(&Home::new(), &server, &[]);
        assert_ne!(sequential, last);
        assert_eq!(list(&home, &server, &[]), sequential);
        for format in ["json", "jsonl", "table"] {
            let arguments =
                |more| command(&home, &server, &["licenses", "list", "-o", format, more]).output().unwrap();
            let (plain, fast) = (arguments("--sequential"), arguments("-q"));
            assert!(plain.status.success() && plain.stdout == fast.stdout, "{format}");
        }
        last = sequential;
    }
}

/// Whatever is in the file, or instead of it, the list is right, and the file is right again afterwards.
#[test]
fn a_damaged_file_costs_nothing_but_time() {
    let (home, server) = (Home::new(), service());
    let first = list(&home, &server, &[]);
    let file = kept(&home).remove(0);
    let good = fs::read_to_string(&file).unwrap();
    let points = starts(&file);
    let damaged = [
        String::new(),
        "{".to_owned(),
        good[..good.len() / 2].to_owned(),
        good.replace("\"version\":1", "\"version\":2"),
        good.replace(&ACCOUNT[..10], "0000000000"),
        good.replace(&points[3], "no id"),
        good.replace(&points[3], ""),
        good.replace(&points[3], "\\u0000/../..?x=\\n"),
        good.replace(&points[3], "999999999999999"),
        "[".repeat(5_000_000),
    ];
    for text in damaged {
        fs::write(&file, &text).unwrap();
        assert_eq!(list(&home, &server, &[]), first, "{}", &text[..text.len().min(300)]);
        assert_eq!(fs::read_to_string(&file).unwrap(), good);
    }
    fs::remove_file(&file).unwrap();
    fs::create_dir(&file).unwrap();
    assert_eq!(list(&home, &server, &[]), first);
    assert_eq!(kept(&home).len(), 1, "nothing is left behind");
}

#[test]
fn without_a_place_for_it_the_list_is_as_good() {
    let (home, server) = (Home::new(), service());
    let first = list(&home, &server, &[]);
    let other = Home::new();
    // A file where the folder should be: holds for root, too.
    other.write("state/fota/lists", "in the way");
    assert_eq!(list(&other, &server, &[]), first);
    assert_eq!(fs::read_to_string(other.path().join("state/fota/lists")).unwrap(), "in the way");
}

/// Accounts and services are kept apart, and what is listed to its end only.
#[test]
fn only_a_whole_list_is_kept_and_for_its_own_account() {
    let (home, server) = (Home::new(), service());
    let mut child = command(&home, &server, &["licenses", "list"])
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    // As `head` does.
    let mut stdout = child.stdout.take().unwrap();
    stdout.read_exact(&mut [0; 100]).unwrap();
    drop(stdout);
    child.wait().unwrap();
    assert_eq!(kept(&home), [] as [PathBuf; 0]);

    list(&home, &server, &[]);
    let other = service();
    list(&home, &other, &[]);
    assert_eq!(kept(&home).len(), 2);
}

/// Whoever has a single page needs no help with the next listing, and leaves nothing.
#[test]
fn a_single_page_leaves_nothing() {
    let (home, server) = (Home::new(), Server::start(Settings::seeded(50, 50, 7).assigned(50)).unwrap());
    assert_eq!(list(&home, &server, &[]).lines().count(), 51);
    assert_eq!(list(&home, &server, &[]).lines().count(), 51);
    assert_eq!(server.counters().operation("licenses.list"), 2);
    assert_eq!(kept(&home), [] as [PathBuf; 0]);
    let sandbox = home.fota(["--sandbox", "licenses", "list"]).expect(0);
    assert!(sandbox.stderr.contains("no device"), "{sandbox:?}");
}
