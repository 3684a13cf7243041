//! Settings of the real program: where each one comes from, that secrets come out nowhere, what goes over which
//! proxy, and what is told on stderr in which form.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

mod common;

use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::process::Command;
use std::sync::{Arc, Mutex};
use std::thread;

use common::{Done, Home};
use fota_emulator::{Emulator, Server};
use serde_json::Value;

const CANARY: &str = "canary-not-a-real-secret";

fn run(command: &mut Command) -> Done {
    let output = command.output().unwrap();
    let done = Done {
        code: output.status.code().unwrap(),
        stdout: String::from_utf8(output.stdout).unwrap(),
        stderr: String::from_utf8(output.stderr).unwrap(),
    };
    assert!(!done.stdout.contains("canary") && !done.stderr.contains("canary"), "{done:#?}");
    done
}

/// The emulator's environment, without the variables named.
fn client(home: &Home, server: &Server, without: &[&str], arguments: &[&str]) -> Command {
    let mut command = home.command();
    let set = server.environment().into_iter().filter(|(name, _)| !without.contains(name));
    command.envs(set).args(arguments);
    command
}

fn private(home: &Home, name: &str, content: &str, mode: u32) -> String {
    let path = home.write(name, content);
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
    }
    let _ = mode;
    path.to_str().unwrap().to_owned()
}

fn setting(explained: &Value, name: &str) -> Value {
    let all = explained["settings"].as_array().unwrap();
    all.iter().find(|setting| setting["name"] == name).unwrap_or_else(|| panic!("{name}")).clone()
}

/// Catches a source that is named wrong, and a secret that is shown or read.
#[test]
fn every_setting_is_explained_and_no_secret_is_shown() {
    let home = Home::new();
    let marker = home.path().join("ran");
    private(
        &home,
        "config/fota/config.toml",
        &format!(
            "[profiles.default]\n[profiles.staging]\naccount = \"from-profile\"\nusername = \"fake-user\"\n\
             client_secret = \"{CANARY}\"\npassword_command = [\"touch\", \"{}\"]\ntimeout = \"soon\"\n",
            marker.display()
        ),
        0o600,
    );
    let mut command = home.command();
    command.env("FOTA_PROFILE", "staging").env("FOTA_USERNAME", "other-user");
    command
        .env("HTTPS_PROXY", "http://canary:canary@proxy.example:3128")
        .args(["config", "explain", "-o", "json"]);
    let explained = run(command.args(["--cacert", "/company.pem"])).expect(0).json();
    assert_eq!(explained["profile"]["name"], "staging");
    assert_eq!(explained["profile"]["place"], "FOTA_PROFILE");
    assert_eq!(explained["configFile"]["exists"], true);
    for (name, value, source, place) in [
        ("account", Some("from-profile"), "profile", Some("account")),
        ("base_url", Some("https://thingspace.verizon.com"), "default", None),
        ("client_id", None, "missing", None),
        ("client_secret", None, "profile", Some("client_secret")),
        ("username", Some("other-user"), "environment", Some("FOTA_USERNAME")),
        ("password", None, "profile", Some("password_command")),
        ("cacert", Some("/company.pem"), "flag", Some("--cacert")),
        ("timeout", Some("soon"), "profile", Some("timeout")),
        ("request_timeout", Some("60s"), "default", None),
        ("session_cache", Some("false"), "default", None),
        ("proxy", Some("http://proxy.example:3128"), "environment", Some("HTTPS_PROXY")),
    ] {
        let found = setting(&explained, name);
        let expected = [value, Some(source), place].map(|text| text.map_or(Value::Null, Value::from));
        assert_eq!([&found["value"], &found["source"], &found["place"]], expected.each_ref(), "{found}");
        assert_eq!(found["problem"].is_string(), name == "timeout", "{found}");
    }
    assert_eq!(setting(&explained, "password")["detail"], "command touch");
    assert!(!marker.exists(), "explaining runs no command");
    let table = run(home.command().args(["config", "explain", "--profile", "staging"])).expect(0);
    for line in
        ["(set, not shown)", "staging (by --profile)", "password_command: command touch", "problem: timeout"]
    {
        assert!(table.stdout.contains(line), "{line}: {}", table.stdout);
    }
    let csv = home.fota(["config", "explain", "-o", "csv", "--profile", "staging"]).expect(0);
    assert!(
        csv.stdout.starts_with("name,value,source,place\naccount,from-profile,profile,account\n"),
        "{csv:?}"
    );
    let path = home.fota(["config", "path"]).expect(0);
    assert_eq!(path.stdout.trim(), home.path().join("config/fota/config.toml").to_str().unwrap());
}

/// Catches a command that goes through a shell, whose line end stays, or whose failure shows the secret.
#[cfg(unix)]
#[test]
fn secrets_come_out_of_commands() {
    let (home, server) = (Home::new(), Emulator::start().unwrap());
    let without = ["FOTA_PASSWORD", "FOTA_CLIENT_SECRET"];
    let environment = server.environment();
    let secret = |name: &str| environment.iter().find(|(key, _)| *key == name).unwrap().1.clone();
    let file = private(&home, "password file", &format!("{}\n", secret("FOTA_PASSWORD")), 0o600);
    let usage = ["licenses", "usage", "-o", "json"];
    let mut command = client(&home, &server, &without, &usage);
    command.env("FOTA_PASSWORD_COMMAND", format!("[\"cat\", \"{file}\"]"));
    command.env("FOTA_CLIENT_SECRET_COMMAND", format!("printf %s {}", secret("FOTA_CLIENT_SECRET")));
    run(&mut command).expect(0);
    private(
        &home,
        "config/fota/config.toml",
        &format!(
            "[profiles.default]\npassword_command = [\"cat\", \"{file}\"]\nclient_secret_command = [\"printf\", \"%s\\\\r\\\\n\", \"{}\"]\n",
            secret("FOTA_CLIENT_SECRET")
        ),
        0o600,
    );
    run(&mut client(&home, &server, &without, &usage)).expect(0);
    // A file that others can change names no command that is run.
    private(&home, "config/fota/config.toml", "[profiles.default]\npassword_command = [\"true\"]\n", 0o622);
    let error = run(&mut client(&home, &server, &["FOTA_PASSWORD"], &usage)).expect(2).error();
    assert!(error["message"].as_str().unwrap().contains("others can change it"), "{error}");
    std::fs::remove_file(home.path().join("config/fota/config.toml")).unwrap();
    let logins = server.counters().logins;
    let failing = home.write("failing.sh", format!("echo {CANARY}; echo {CANARY} >&2; exit 3\n"));
    let quiet = home.write("quiet.sh", "");
    for (command, word) in [
        (format!("sh {}", failing.display()), "exit code 3"),
        (format!("sh {}", quiet.display()), "printed nothing"),
        ("/no/such/program".to_owned(), "cannot be run"),
        (format!("echo {CANARY} | tail"), "characters for a shell"),
    ] {
        let mut failing = client(&home, &server, &["FOTA_PASSWORD"], &usage);
        let error = run(failing.env("FOTA_PASSWORD_COMMAND", command)).expect(2).error();
        assert!(error["message"].as_str().unwrap().contains(word), "{error}");
        assert!(error["message"].as_str().unwrap().contains("FOTA_PASSWORD_COMMAND"), "{error}");
    }
    assert_eq!(server.counters().logins, logins, "nothing was sent");
}

/// Catches a secret file that is read though others can, before anything is sent.
#[cfg(unix)]
#[test]
fn secret_files_that_others_can_read_are_refused() {
    let (home, server) = (Home::new(), Emulator::start().unwrap());
    for mode in [0o644, 0o640, 0o604] {
        let file = private(&home, "password", CANARY, mode);
        let mut command = client(&home, &server, &["FOTA_PASSWORD"], &["licenses", "usage", "-o", "json"]);
        let error = run(command.env("FOTA_PASSWORD_FILE", file)).expect(2).error();
        assert!(error["hint"].as_str().unwrap().starts_with("run: chmod 600"), "{error}");
    }
    assert_eq!(server.counters().requests, 0);
}

/// Catches a secret on the command line, in any spelling.
#[test]
fn no_flag_takes_a_secret() {
    let home = Home::new();
    for flag in ["--password", "--client-secret", "--secret", "--token"] {
        home.fota([flag, "x", "licenses", "usage"]).expect(2);
    }
}

/// Catches profiles and settings that are nearly right and not pointed at.
#[test]
fn what_was_meant_is_said() {
    let home = Home::new();
    private(&home, "config/fota/config.toml", "[profiles.staging]\n[profiles.production]\n", 0o600);
    let error = home.fota(["licenses", "usage", "--profile", "stagign", "-o", "json"]).expect(2).error();
    assert!(error["hint"].as_str().unwrap().starts_with("did you mean \"staging\"?"), "{error}");
    private(&home, "config/fota/config.toml", "[profiles.staging]\nacount = \"x\"\n", 0o600);
    let error = home.fota(["licenses", "usage", "-o", "json"]).expect(2).error();
    assert!(error["hint"].as_str().unwrap().starts_with("did you mean account?"), "{error}");
    let error = home.fota(["licenses", "lits", "-o", "json"]).expect(2).error();
    assert!(error["hint"].as_str().unwrap().contains("'list'"), "{error}");
    let error = home.fota(["licenses", "list", "--acount", "x", "-o", "json"]).expect(2).error();
    assert!(error["hint"].as_str().unwrap().contains("'--account'"), "{error}");
}

/// A proxy that says one thing to everybody. What it was asked is in the list.
fn proxy(answer: &'static str) -> (String, Arc<Mutex<Vec<String>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let (address, asked) = (listener.local_addr().unwrap().to_string(), Arc::new(Mutex::new(Vec::new())));
    let list = asked.clone();
    thread::spawn(move || {
        for client in listener.incoming() {
            let (mut client, mut head) = (client.unwrap(), Vec::new());
            let mut byte = [0];
            while !head.ends_with(b"\r\n\r\n") && client.read(&mut byte).unwrap_or(0) == 1 {
                head.extend(byte);
            }
            list.lock().unwrap().push(String::from_utf8(head).unwrap());
            let _ = client.write_all(answer.as_bytes());
        }
    });
    (address, asked)
}

const SECRETS: [(&str, &str); 5] = [
    ("FOTA_ACCOUNT", "0000123456-00001"),
    ("FOTA_CLIENT_ID", "fake-key"),
    ("FOTA_CLIENT_SECRET", CANARY),
    ("FOTA_USERNAME", "fake-user"),
    ("FOTA_PASSWORD", CANARY),
];

/// Catches a refusal of the proxy that is tried for minutes, taken for the service's, or told with the password.
#[test]
fn a_proxy_that_refuses_is_named_at_once() {
    let home = Home::new();
    for (answer, times, word) in [
        ("HTTP/1.1 407 Proxy Authentication Required\r\n\r\n", 1, "user name and password"),
        ("HTTP/1.1 403 Forbidden\r\n\r\n", 1, "status 403"),
        ("HTTP/1.1 503 Unavailable\r\n\r\n", 2, "status 503"),
    ] {
        let (address, asked) = proxy(answer);
        let mut command = home.command();
        command.envs(SECRETS).env("FOTA_BASE_URL", "https://fota.example");
        command.env("https_proxy", format!("http://canary:canary@{address}"));
        let done = run(command.args(["licenses", "usage", "-o", "json", "--timeout", "5s"])).expect(7);
        let error = done.error();
        assert_eq!((error["kind"].as_str(), error["status"].is_number()), (Some("proxy"), true), "{error}");
        let message = error["message"].as_str().unwrap();
        assert!(message.contains(word) && message.contains(&address), "{error}");
        let asked = asked.lock().unwrap();
        assert!(if times == 1 { asked.len() == 1 } else { asked.len() >= times }, "{asked:?}");
        assert!(
            asked[0].starts_with("CONNECT fota.example:443 HTTP/1.1\r\n") && !asked[0].contains("canary")
        );
    }
}

/// Catches a loopback service, or the sandbox, that is looked for behind the proxy.
#[test]
fn this_machine_is_reached_without_the_proxy() {
    let (home, server) = (Home::new(), Emulator::start().unwrap());
    let (address, asked) = proxy("HTTP/1.1 403 Forbidden\r\n\r\n");
    for name in ["http_proxy", "https_proxy", "all_proxy", "ALL_PROXY"] {
        run(client(&home, &server, &[], &["licenses", "usage"]).env(name, &address)).expect(0);
        run(home.command().args(["--sandbox", "licenses", "usage"]).env(name, &address)).expect(0);
    }
    assert!(asked.lock().unwrap().is_empty());
    // A server on the list is reached, or here not reached, without it.
    let mut command = home.command();
    command.envs(SECRETS).env("FOTA_BASE_URL", "https://fota.invalid").env("https_proxy", &address);
    command.env("no_proxy", "other.example, .invalid").args([
        "licenses",
        "usage",
        "--timeout",
        "1s",
        "-o",
        "json",
    ]);
    assert_eq!(run(&mut command).expect(7).error()["kind"], "connect");
    assert!(asked.lock().unwrap().is_empty());
}

/// Catches a secret in the log, and a log without what one looks for in it.
#[test]
fn exchanges_are_shown_without_secrets() {
    let (home, server) = (Home::new(), Emulator::start().unwrap());
    let environment = server.environment();
    let secrets: Vec<_> = environment
        .iter()
        .filter(|(name, _)| ["FOTA_PASSWORD", "FOTA_CLIENT_SECRET"].contains(name))
        .map(|(_, value)| value.clone())
        .collect();
    assert_eq!(secrets.len(), 2);
    let usage = |flags: &[&str]| {
        let arguments: Vec<_> = flags.iter().chain(&["licenses", "usage", "-o", "json"]).copied().collect();
        let done = run(&mut client(&home, &server, &[], &arguments)).expect(0);
        for secret in &secrets {
            assert!(!done.stderr.contains(secret.as_str()), "{done:#?}");
        }
        assert!(!done.stderr.contains("Bearer ") && !done.stderr.contains("sessionToken\":\""), "{done:#?}");
        done.json();
        done.stderr
    };
    assert_eq!(usage(&[]), "");
    let once = usage(&["-v"]);
    assert!(once.contains("endpoint=licenses.list") && !once.contains("headers="), "{once}");
    let twice = usage(&["-vv"]);
    for word in [
        "method=GET",
        "totalLicenses",
        "content-type: application/json",
        "authorization: [not shown]",
        "status=200",
    ] {
        assert!(twice.contains(word), "{word}: {twice}");
    }
    let lines = usage(&["-vv", "--log-format", "json"]);
    let lines: Vec<Value> = lines.lines().map(|line| serde_json::from_str(line).expect(line)).collect();
    assert!(lines.iter().any(|line| line["message"] == "response" && line["status"] == 200));
    assert!(lines.iter().any(|line| line["endpoint"] == "auth.login" && line["elapsed_ms"].is_u64()));
    assert!(lines.iter().all(|line| line["timestamp"].is_string() && line["level"].is_string()));
}

/// Catches a line on stderr that is no JSON though JSON was asked for.
#[test]
fn notes_and_errors_are_json_lines_too() {
    let home = Home::new();
    let imeis = ["--sandbox", "licenses", "assign", "352099001761481", "--log-format", "json"];
    for (arguments, code) in [
        (&imeis[..], 0),
        (&["--log-format=json", "licenses", "usage"], 2),
        (&["--log-format", "json", "nonsense"], 2),
    ] {
        let done = home.fota(arguments).expect(code);
        for line in done.stderr.lines() {
            assert!(serde_json::from_str::<Value>(line).is_ok(), "{arguments:?}: {line}");
        }
        assert!(code == 0 || done.error()["kind"] == "usage");
    }
}

/// Catches topics that are promised by the help and not there.
#[test]
fn topics_have_help() {
    let home = Home::new();
    let help = home.fota(["--help"]).expect(0).stdout;
    let codes = home.fota(["help", "exit-codes"]).expect(0).stdout;
    for code in ["  0  ", "  4  ", "  8  ", "130  "] {
        assert!(codes.contains(code), "{codes}");
    }
    let settings = home.fota(["help", "settings"]).expect(0).stdout;
    for word in ["FOTA_REQUEST_TIMEOUT", "https_proxy", "_COMMAND", "[profiles.default]"] {
        assert!(settings.contains(word), "{settings}");
    }
    assert!(help.contains("fota help settings") && help.contains("fota help exit-codes"), "{help}");
}

/// Catches a login that is not kept, or kept without being asked for.
#[test]
fn logging_in_keeps_the_session_where_commands_share_one() {
    let (home, server) = (Home::new(), Emulator::start().unwrap());
    let login = |cache: &str| {
        let mut command = client(&home, &server, &[], &["auth", "login", "-o", "json"]);
        let said = run(command.env("FOTA_SESSION_CACHE", cache)).expect(0).json();
        (
            said["session"].as_str().unwrap().to_owned(),
            said["kept"].as_bool().unwrap(),
            server.counters().logins,
        )
    };
    assert_eq!(login("0"), ("own".to_owned(), false, 1));
    assert_eq!(login("1"), ("new".to_owned(), true, 2));
    assert_eq!(login("1"), ("shared".to_owned(), true, 2));
    let mut usage = client(&home, &server, &[], &["licenses", "usage"]);
    run(usage.env("FOTA_SESSION_CACHE", "1")).expect(0);
    assert_eq!(server.counters().logins, 2);
    let mut wrong = client(&home, &server, &[], &["auth", "login", "-o", "json"]);
    assert_eq!(run(wrong.env("FOTA_PASSWORD", CANARY)).expect(4).error()["kind"], "login_rejected");
    home.fota(["--sandbox", "auth", "login"]).expect(2);
}
