//! Commands share a session when they are asked to: one logs in for all, whatever runs at the same time, and
//! what is kept is for its owner alone.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

mod common;

use std::fs;
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use common::Home;
use fota_emulator::{Effect, Emulator, Fault, Server};
use serde_json::{Value, json};

const USAGE: [&str; 4] = ["licenses", "usage", "-o", "json"];
const STATUS: [&str; 4] = ["auth", "status", "-o", "json"];
const LOGOUT: [&str; 4] = ["auth", "logout", "-o", "json"];

fn service() -> Server {
    Emulator::start().unwrap()
}

fn alone(home: &Home, server: &Server, arguments: &[&str]) -> Command {
    let mut command = home.command();
    command.envs(server.environment()).args(arguments);
    command
}

fn sharing(home: &Home, server: &Server, arguments: &[&str]) -> Command {
    let mut command = alone(home, server, arguments);
    command.env("FOTA_SESSION_CACHE", "1");
    command
}

#[track_caller]
fn end(mut command: Command, code: i32) -> Output {
    let output = command.output().unwrap();
    assert_eq!(output.status.code(), Some(code), "{output:?}");
    output
}

#[track_caller]
fn json_of(command: Command) -> Value {
    serde_json::from_slice(&end(command, 0).stdout).unwrap()
}

fn stderr(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

fn files(home: &Home) -> Vec<PathBuf> {
    let entries = fs::read_dir(home.path().join("state/fota/sessions"));
    let mut files: Vec<_> = entries.into_iter().flatten().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files
}

fn only_file(home: &Home) -> PathBuf {
    let [file] = files(home).try_into().unwrap();
    file
}

fn entry(home: &Home) -> Value {
    serde_json::from_slice(&fs::read(only_file(home)).unwrap()).unwrap()
}

fn text(entry: &Value, key: &str) -> String {
    entry[key].as_str().unwrap().to_owned()
}

/// Requests for an access token, logins, logouts.
fn requests(server: &Server) -> (u64, u64, u64) {
    let counters = server.counters();
    (counters.token_requests, counters.logins, counters.operation("auth.logout"))
}

#[test]
fn thirty_commands_eight_at_a_time_log_in_once() {
    const COMMANDS: usize = 30;
    let (home, server) = (Home::new(), service());
    server.faults([Fault::new("auth.login", Effect::Delay).delay(Duration::from_millis(200))]).unwrap();
    let next = AtomicUsize::new(0);
    thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                while next.fetch_add(1, Ordering::Relaxed) < COMMANDS {
                    assert_eq!(json_of(sharing(&home, &server, &USAGE))["totalLicenses"], 60);
                }
            });
        }
    });
    assert_eq!(requests(&server), (1, 1, 0));
    assert_eq!(files(&home).len(), 1);
}

#[test]
fn unless_asked_to_each_command_logs_in_and_out() {
    let (home, server) = (Home::new(), service());
    for _ in 0..3 {
        end(alone(&home, &server, &USAGE), 0);
    }
    assert_eq!(requests(&server), (3, 3, 3));
    for no in ["0", "false", ""] {
        let mut command = alone(&home, &server, &USAGE);
        command.env("FOTA_SESSION_CACHE", no);
        end(command, 0);
    }
    assert_eq!(requests(&server), (6, 6, 6));
    assert!(files(&home).is_empty());
    let mut command = alone(&home, &server, &USAGE);
    command.env("FOTA_SESSION_CACHE", "maybe");
    let output = end(command, 2);
    assert!(stderr(&output).contains("FOTA_SESSION_CACHE is neither 1 nor 0"), "{output:?}");
}

#[test]
fn a_profile_can_ask_for_it_and_the_environment_overrules() {
    let (home, server) = (Home::new(), service());
    home.write("config/fota/config.toml", "[profiles.default]\nsession_cache = true\n");
    for _ in 0..2 {
        end(alone(&home, &server, &USAGE), 0);
    }
    assert_eq!(requests(&server), (1, 1, 0));
    let mut command = alone(&home, &server, &USAGE);
    command.env("FOTA_SESSION_CACHE", "0");
    end(command, 0);
    assert_eq!(requests(&server), (2, 2, 1));
}

#[test]
fn a_session_that_the_service_ended_is_replaced_once() {
    let (home, server) = (Home::new(), service());
    end(sharing(&home, &server, &USAGE), 0);
    let first = text(&entry(&home), "sessionToken");
    server.with(Emulator::kill_sessions);
    for _ in 0..3 {
        end(sharing(&home, &server, &USAGE), 0);
    }
    assert_eq!(requests(&server), (1, 2, 0));
    let second = entry(&home);
    assert_ne!(text(&second, "sessionToken"), first);
    // So is an access token.
    server.with(Emulator::kill_bearer);
    for _ in 0..3 {
        end(sharing(&home, &server, &USAGE), 0);
    }
    assert_eq!(requests(&server), (2, 2, 0));
    assert_ne!(entry(&home)["accessToken"], second["accessToken"]);
    assert_eq!(entry(&home)["sessionToken"], second["sessionToken"]);
}

#[test]
fn tokens_that_died_of_age_are_not_sent() {
    let (home, server) = (Home::new(), service());
    end(sharing(&home, &server, &USAGE), 0);
    let mut aged = entry(&home);
    let used = aged["sessionUsed"].as_u64().unwrap();
    aged["sessionUsed"] = json!(used - 1200);
    fs::write(only_file(&home), aged.to_string()).unwrap();
    let sent = server.counters().requests;
    for _ in 0..2 {
        end(sharing(&home, &server, &USAGE), 0);
    }
    assert_eq!(requests(&server), (1, 2, 0));
    assert_eq!(server.counters().requests, sent + 3, "a login and two calls, none of them refused");

    let mut aged = entry(&home);
    aged["accessTokenExpires"] = json!(used - 1);
    fs::write(only_file(&home), aged.to_string()).unwrap();
    for _ in 0..2 {
        end(sharing(&home, &server, &USAGE), 0);
    }
    assert_eq!(requests(&server), (2, 2, 0));
}

#[test]
fn each_use_starts_the_idle_time_again() {
    let (home, server) = (Home::new(), service());
    end(sharing(&home, &server, &USAGE), 0);
    let mut aged = entry(&home);
    let used = aged["sessionUsed"].as_u64().unwrap();
    aged["sessionUsed"] = json!(used - 900);
    fs::write(only_file(&home), aged.to_string()).unwrap();
    end(sharing(&home, &server, &USAGE), 0);
    assert!(entry(&home)["sessionUsed"].as_u64().unwrap() >= used);
    assert_eq!(requests(&server), (1, 1, 0));
}

#[test]
fn other_credentials_and_other_services_have_other_sessions() {
    let (home, server) = (Home::new(), service());
    end(sharing(&home, &server, &USAGE), 0);
    let other = service();
    end(sharing(&home, &other, &USAGE), 0);
    assert_eq!((requests(&server), requests(&other)), ((1, 1, 0), (1, 1, 0)));
    assert_eq!(files(&home).len(), 2);
    for (variable, code) in [("FOTA_PASSWORD", 4), ("FOTA_USERNAME", 4), ("FOTA_CLIENT_SECRET", 4)] {
        let mut command = sharing(&home, &server, &USAGE);
        command.env(variable, "canary-wrong");
        // The session of the right credentials opens nothing to wrong ones.
        end(command, code);
    }
    let held = files(&home).iter().filter(|path| !fs::read(path).unwrap().is_empty()).count();
    assert_eq!((files(&home).len(), held), (5, 2));
}

#[test]
fn a_wrong_password_still_counts() {
    let (home, server) = (Home::new(), service());
    let codes: Vec<_> = thread::scope(|scope| {
        let commands = (0..12).map(|_| {
            let mut command = sharing(&home, &server, &USAGE);
            command.env("FOTA_PASSWORD", "canary-wrong");
            scope.spawn(move || command.output().unwrap().status.code().unwrap())
        });
        let commands: Vec<_> = commands.collect();
        commands.into_iter().map(|command| command.join().unwrap()).collect()
    });
    let count = |wanted: i32| codes.iter().filter(|code| **code == wanted).count();
    assert_eq!((count(4), count(8)), (2, 10), "{codes:?}");
    assert_eq!(server.counters().failed_logins, 2);
}

#[test]
fn what_is_kept_is_for_the_owner_alone_and_holds_no_password() {
    let (home, server) = (Home::new(), service());
    let mut shown = Vec::new();
    for arguments in
        [&["-v", "licenses", "usage"][..], &["-v", "auth", "status"], &["-v", "licenses", "list"]]
    {
        let output = end(sharing(&home, &server, arguments), 0);
        shown.push(format!("{output:?}"));
    }
    let (file, kept) = (only_file(&home), entry(&home));
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let mode = |path: &std::path::Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!((mode(&file), mode(file.parent().unwrap())), (0o600, 0o700));
    }
    let content = format!("{} {}", file.display(), fs::read_to_string(&file).unwrap());
    for (name, value) in server.environment().into_iter().skip(2) {
        assert!(!content.contains(&value), "{name} in {content}");
    }
    server.with(Emulator::kill_sessions);
    for arguments in [["-v", "licenses", "usage"], ["-v", "auth", "logout"]] {
        shown.push(format!("{:?}", end(sharing(&home, &server, &arguments), 0)));
    }
    let shown = shown.join("\n");
    assert!(shown.contains("licenses.list"), "-v tells about requests: {shown}");
    for key in ["accessToken", "sessionToken"] {
        assert!(!shown.contains(&text(&kept, key)), "{key}: {shown}");
    }
}

#[cfg(unix)]
#[test]
fn a_file_that_others_can_read_is_not_used() {
    use std::os::unix::fs::PermissionsExt as _;
    let (home, server) = (Home::new(), service());
    end(sharing(&home, &server, &USAGE), 0);
    let (file, before) = (only_file(&home), entry(&home));
    fs::set_permissions(&file, fs::Permissions::from_mode(0o644)).unwrap();
    for round in 1..3 {
        let output = end(sharing(&home, &server, &USAGE), 0);
        assert!(stderr(&output).contains("warning: sessions are not shared"), "{output:?}");
        assert!(stderr(&output).contains("mode 644"), "{output:?}");
        assert_eq!(requests(&server), (1 + round, 1 + round, round), "each logs in and out");
    }
    assert_eq!(entry(&home), before, "nothing is written to it");
    assert_eq!(json_of(alone(&home, &server, &LOGOUT)), json!({"loggedOut": true}));
    assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    assert_eq!(stderr(&end(sharing(&home, &server, &USAGE), 0)), "");
}

#[test]
fn a_damaged_file_is_not_used_but_replaced() {
    let (home, server) = (Home::new(), service());
    end(sharing(&home, &server, &USAGE), 0);
    let good = fs::read(only_file(&home)).unwrap();
    let other_version = String::from_utf8(good.clone()).unwrap().replace("\"version\":1", "\"version\":2");
    let mut logins = 1;
    for bad in [&b"{"[..], b"\xff\xfe", &good[..good.len() / 2], b"{\"version\":1}", other_version.as_bytes()]
    {
        fs::write(only_file(&home), bad).unwrap();
        let output = end(sharing(&home, &server, &USAGE), 0);
        assert!(stderr(&output).contains("warning:") && stderr(&output).contains("damaged"), "{output:?}");
        logins += 1;
        assert_eq!(stderr(&end(sharing(&home, &server, &USAGE), 0)), "");
        assert_eq!(server.counters().logins, logins);
    }
    // An empty one is what a logout leaves.
    fs::write(only_file(&home), b"").unwrap();
    assert_eq!(stderr(&end(sharing(&home, &server, &USAGE), 0)), "");
}

#[test]
fn logout_ends_the_session_and_removes_it() {
    let (home, server) = (Home::new(), service());
    let nothing = end(alone(&home, &server, &["auth", "logout"]), 0);
    let text = "nothing to do: no session of these credentials is kept on this machine\n";
    assert_eq!(String::from_utf8(nothing.stdout).unwrap(), text);
    assert_eq!((server.counters().requests, files(&home).len()), (0, 0));

    end(sharing(&home, &server, &USAGE), 0);
    // Whether or not this command would share it.
    assert_eq!(json_of(alone(&home, &server, &LOGOUT)), json!({"loggedOut": true}));
    assert_eq!(requests(&server), (1, 1, 1));
    assert_eq!(fs::read(only_file(&home)).unwrap(), b"");
    assert_eq!(json_of(sharing(&home, &server, &LOGOUT)), json!({"loggedOut": false}));
    assert_eq!(requests(&server), (1, 1, 1));
    end(sharing(&home, &server, &USAGE), 0);
    assert_eq!(requests(&server), (2, 2, 1));
    let csv = end(sharing(&home, &server, &["auth", "logout", "-o", "csv"]), 0);
    assert_eq!(csv.stdout, b"loggedOut\ntrue\n");

    end(sharing(&home, &server, &USAGE), 0);
    let mut aged = entry(&home);
    aged["sessionUsed"] = json!(1);
    fs::write(only_file(&home), aged.to_string()).unwrap();
    let output = end(sharing(&home, &server, &["auth", "logout"]), 0);
    assert_eq!(output.stdout, b"removed a session that had ended already\n");
    assert_eq!(requests(&server), (3, 3, 2));
    end(alone(&home, &server, &["--sandbox", "auth", "logout"]), 2);
}

/// What one command begins with, another may end: then it is not brought back.
#[test]
fn a_session_that_was_removed_meanwhile_stays_removed() {
    let (home, server) = (Home::new(), service());
    end(sharing(&home, &server, &USAGE), 0);
    server
        .faults([Fault::new("licenses.list", Effect::Delay).delay(Duration::from_millis(1500)).once()])
        .unwrap();
    let mut slow = sharing(&home, &server, &USAGE).stdout(Stdio::null()).spawn().unwrap();
    while server.counters().operation("licenses.list") < 2 {
        thread::sleep(Duration::from_millis(10));
    }
    fs::write(only_file(&home), b"").unwrap();
    assert!(slow.wait().unwrap().success());
    assert_eq!(fs::read(only_file(&home)).unwrap(), b"");
    assert_eq!(requests(&server), (1, 1, 0));
}

#[test]
fn status_tells_whose_session_it_is() {
    let (home, server) = (Home::new(), service());
    assert_eq!(json_of(alone(&home, &server, &STATUS))["session"], "own");
    assert_eq!(json_of(sharing(&home, &server, &STATUS))["session"], "new");
    assert_eq!(json_of(sharing(&home, &server, &STATUS))["session"], "shared");
    assert_eq!(server.counters().logins, 2);
    let output = end(sharing(&home, &server, &["auth", "status"]), 0);
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(text.contains("session       that of an earlier command\n"), "{text}");
}
