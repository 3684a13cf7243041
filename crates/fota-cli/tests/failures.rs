//! What goes wrong is said once, in the right place, with the right exit code, and without a secret.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

mod common;

use std::net::TcpListener;
use std::process::{Command, Output};

use common::{Emulator, Home, fleet};

const SECRETS: [(&str, &str); 4] = [
    ("FOTA_CLIENT_ID", "canary-id"),
    ("FOTA_CLIENT_SECRET", "canary-secret"),
    ("FOTA_USERNAME", "canary-user"),
    ("FOTA_PASSWORD", "canary-password"),
];
/// Also as the Basic header would carry it.
const CANARIES: [&str; 4] =
    ["canary-id", "canary-secret", "canary-password", "Y2FuYXJ5LWlkOmNhbmFyeS1zZWNyZXQ="];

fn configured(home: &Home, base_url: &str) -> Command {
    let mut command = home.command();
    command.env("FOTA_ACCOUNT", "0000123456-00001").env("FOTA_BASE_URL", base_url).envs(SECRETS);
    command
}

fn text(output: &Output) -> (String, String) {
    (String::from_utf8(output.stdout.clone()).unwrap(), String::from_utf8(output.stderr.clone()).unwrap())
}

#[track_caller]
fn no_canary(output: &Output) {
    let (stdout, stderr) = text(output);
    for canary in CANARIES {
        assert!(!stdout.contains(canary) && !stderr.contains(canary), "{canary} in {stdout}{stderr}");
    }
}

#[test]
fn bad_input_is_reported_whole_and_nothing_is_sent() {
    let home = Home::new();
    let server = TcpListener::bind("127.0.0.1:0").unwrap();
    server.set_nonblocking(true).unwrap();
    let base_url = format!("http://{}", server.local_addr().unwrap());
    let file = home.write(
        "bad.csv",
        "label,imei\na,352099001761481\nb,3.52099E+14\nc,352099001761480\nd,352099001761481\ne,12ab\u{1b}[31m\n",
    );
    let file = file.to_str().unwrap();
    for verb in ["assign", "remove"] {
        let arguments = ["licenses", verb, "--yes", "--from", file];
        let output = configured(&home, &base_url).args(arguments).output().unwrap();
        let (stdout, stderr) = text(&output);
        assert_eq!((output.status.code(), stdout.as_str()), (Some(3), ""), "{stderr}");
        for expected in [
            "error: 4 problems in ",
            "bad.csv, besides 1 good value; nothing was sent",
            "line 3: \"3.52099E+14\": a spreadsheet shortened the number",
            "line 4: \"352099001761480\": wrong check digit",
            "line 5: \"352099001761481\": the same IMEI as on line 2",
            "line 6: \"12ab\\u{1b}[31m\": U+001B in it",
        ] {
            assert!(stderr.contains(expected), "{expected} in {stderr}");
        }
        let output = configured(&home, &base_url).args(arguments).args(["-o", "json"]).output().unwrap();
        let error: serde_json::Value = serde_json::from_slice(&output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(3));
        assert_eq!(error["error"]["problems"][1]["line"], 4);
        assert_eq!(error["error"]["problems"].as_array().unwrap().len(), 4);
        assert_eq!(error["error"]["mayHaveBeenApplied"], false);
    }
    let accepted = server.accept();
    assert_eq!(accepted.unwrap_err().kind(), std::io::ErrorKind::WouldBlock, "a connection was made");
}

#[test]
fn many_problems_are_cut_for_people_only() {
    let home = Home::new();
    let lines = (0..120).map(|n| format!("bad{n}")).collect::<Vec<_>>().join("\n");
    let done = home.fota_stdin(&["--sandbox", "licenses", "assign", "--from", "-"], &lines).expect(3);
    assert_eq!(done.stderr.matches("  line ").count(), 20);
    assert!(done.stderr.contains("and 100 more"), "{}", done.stderr);
    let done =
        home.fota_stdin(&["--sandbox", "licenses", "assign", "--from", "-", "-o", "json"], &lines).expect(3);
    assert_eq!(done.error()["problems"].as_array().unwrap().len(), 120);
}

#[test]
fn a_wrong_command_line_is_exit_2() {
    let home = Home::new();
    for arguments in [
        &["licenses"][..],
        &["licenses", "lst"],
        &["licenses", "assign"],
        &["licenses", "list", "-o", "xml"],
        &["licenses", "list", "--password", "x"],
        &["licenses", "list", "--timeout", "0"],
        &["--sandbox", "--account", "a", "licenses", "list"],
        &["--sandbox", "--cacert", "a", "licenses", "list"],
        &["licenses", "assign", "--from", "/nowhere.csv"],
        // Nothing is configured.
        &["licenses", "list"],
        &["auth", "status"],
        &["--profile", "nope", "licenses", "list"],
    ] {
        let done = home.fota(arguments).expect(2);
        assert!(done.stdout.is_empty() && !done.stderr.is_empty(), "{done:#?}");
    }
    assert_eq!(home.fota(["licenses", "lst", "-o", "json"]).expect(2).error()["kind"], "usage");
    let error = home.fota(["licenses", "list", "--output=json"]).expect(2).error();
    assert!(error["message"].as_str().unwrap().contains("FOTA_PASSWORD"), "{error}");
    home.fota(["--help"]).expect(0);
    home.fota(["--version"]).expect(0);
}

#[test]
fn a_service_that_is_not_there_is_exit_7() {
    let home = Home::new();
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let base_url = format!("http://127.0.0.1:{port}");
    let file = fleet();
    let cases = [vec!["licenses", "usage"], vec!["licenses", "assign", "--from", file.to_str().unwrap()]];
    for arguments in cases {
        let output =
            configured(&home, &base_url).args(["--timeout", "1s", "-v"]).args(&arguments).output().unwrap();
        let (stdout, stderr) = text(&output);
        assert_eq!((output.status.code(), stdout.as_str()), (Some(7), ""), "{stderr}");
        assert!(stderr.contains("hint: check the network and the base URL"), "{stderr}");
        no_canary(&output);
    }
}

#[test]
fn no_secret_is_ever_printed() {
    let home = Home::new();
    let emulator = Emulator::start(&home, &[]);
    let base_url = &emulator.exports[0].1;
    for arguments in [
        &["auth", "status", "-v"][..],
        &["auth", "status", "-v", "-o", "json"],
        &["licenses", "list", "-v"],
        &["licenses", "assign", "352099001761481", "-v", "-o", "csv"],
    ] {
        let output = configured(&home, base_url).args(arguments).output().unwrap();
        assert_eq!(output.status.code(), Some(4));
        no_canary(&output);
    }
    // With credentials that work, the tokens must not show either.
    for arguments in [&["auth", "status", "-v"][..], &["licenses", "list", "-v", "-o", "json"]] {
        let done = emulator.fota(&home, arguments).expect(0);
        assert!(
            done.stderr.contains("licenses.list") || done.stderr.contains("auth.login"),
            "{}",
            done.stderr
        );
        for word in ["not-real", "Bearer", "Basic", "authorization"] {
            assert!(!done.stderr.contains(word) && !done.stdout.contains(word), "{word}: {done:#?}");
        }
    }
}

#[test]
fn settings_come_from_a_profile_and_secret_files() {
    let home = Home::new();
    let emulator = Emulator::start(&home, &[]);
    let value = |name: &str| &emulator.exports.iter().find(|(key, _)| key == name).unwrap().1;
    let secret = home.write("secret", format!("{}\n", value("FOTA_CLIENT_SECRET")));
    let config = home.write(
        "config/fota/config.toml",
        format!(
            "[profiles.lab]\naccount = \"{}\"\nbase_url = \"{}\"\nclient_id = \"{}\"\nclient_secret_file = \"{}\"\n\
             username = \"{}\"\npassword = \"{}\"\n",
            value("FOTA_ACCOUNT"),
            value("FOTA_BASE_URL"),
            value("FOTA_CLIENT_ID"),
            secret.display(),
            value("FOTA_USERNAME"),
            value("FOTA_PASSWORD"),
        ),
    );
    let run = || home.fota(["--profile", "lab", "licenses", "usage", "-o", "json"]);
    #[cfg(unix)]
    {
        use std::fs::{Permissions, set_permissions};
        use std::os::unix::fs::PermissionsExt as _;

        for file in [&config, &secret] {
            set_permissions(file, Permissions::from_mode(0o644)).unwrap();
            let done = run().expect(2);
            let hint = done.error()["hint"].as_str().unwrap().to_owned();
            assert!(hint.contains("chmod 600"), "{hint}");
            set_permissions(file, Permissions::from_mode(0o600)).unwrap();
        }
    }
    let _ = config;
    assert_eq!(run().expect(0).json()["accountName"], value("FOTA_ACCOUNT").as_str());
}
