//! Failed logins are remembered from command to command: a wrong password is sent twice and no more, whatever
//! runs at the same time, gets killed, or finds its record damaged. A right one is never kept back.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

mod common;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use common::Home;
use fota_emulator::{Effect, Emulator, Fault, Server, Shape};
use serde_json::{Value, json};

const WRONG: &str = "canary-wrong-password";
const STATUS: [&str; 4] = ["auth", "status", "-o", "json"];
const RESET: [&str; 4] = ["auth", "reset-guard", "-o", "json"];

fn service() -> Server {
    Emulator::start().unwrap()
}

/// How a command ended: its code, stdout, and the error object of stderr.
#[derive(Debug)]
struct Ended(Option<i32>, String, Value);

impl Ended {
    #[track_caller]
    fn expect(self, code: i32) -> Self {
        assert_eq!(self.0, Some(code), "{self:#?}");
        self
    }

    #[track_caller]
    fn json(&self) -> Value {
        serde_json::from_str(&self.1).unwrap_or_else(|error| panic!("{error}: {self:#?}"))
    }

    fn hint(&self) -> &str {
        self.2["hint"].as_str().unwrap_or_default()
    }

    fn message(&self) -> &str {
        self.2["message"].as_str().unwrap_or_default()
    }
}

fn end(mut command: Command) -> Ended {
    let output = command.output().unwrap();
    let (stdout, stderr) =
        (String::from_utf8(output.stdout).unwrap(), String::from_utf8(output.stderr).unwrap());
    assert!(!stdout.contains(WRONG) && !stderr.contains(WRONG), "{stdout}{stderr}");
    let error = stderr.lines().find_map(|line| serde_json::from_str::<Value>(line).ok());
    Ended(output.status.code(), stdout, error.unwrap_or_default()["error"].take())
}

/// With the right credentials.
fn right(home: &Home, server: &Server, arguments: &[&str]) -> Command {
    let mut command = home.command();
    command.envs(server.environment()).args(arguments);
    command
}

/// With a wrong password.
fn wrong(home: &Home, server: &Server, arguments: &[&str]) -> Command {
    let mut command = right(home, server, arguments);
    command.env("FOTA_PASSWORD", WRONG);
    command
}

fn folder(home: &Home) -> PathBuf {
    home.path().join("state/fota/guard")
}

/// The records in the folder, the salt left out.
fn records(home: &Home) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder(home)).unwrap().map(|entry| entry.unwrap().path());
    entries.filter(|path| path.file_name().unwrap() != "salt").collect()
}

fn only_record(home: &Home) -> PathBuf {
    let [record] = records(home).try_into().unwrap();
    record
}

#[track_caller]
fn within(limit: Duration, what: &str, mut done: impl FnMut() -> bool) {
    let start = Instant::now();
    while !done() {
        assert!(start.elapsed() < limit, "{what}: not after {limit:?}");
        thread::sleep(Duration::from_millis(10));
    }
}

#[test]
fn a_wrong_password_is_sent_twice_and_then_no_more() {
    let (home, server) = (Home::new(), service());
    for _ in 0..2 {
        let ended = end(wrong(&home, &server, &STATUS)).expect(4);
        assert_eq!(ended.2["kind"], "login_rejected");
    }
    let requests = server.counters().requests;
    for arguments in [&STATUS[..], &["licenses", "list", "-o", "json"], &["licenses", "usage", "-o", "json"]]
    {
        let ended = end(wrong(&home, &server, arguments)).expect(8);
        assert_eq!((ended.2["kind"].as_str(), ended.1.as_str()), (Some("login_guard"), ""), "{ended:#?}");
        assert!(ended.message().contains("2 failed logins, the last at 20"), "{ended:#?}");
        assert!(!ended.message().contains("clear answer"), "both were refused: {ended:#?}");
        for word in ["FOTA_USERNAME", "FOTA_PASSWORD", "fota auth reset-guard"] {
            assert!(ended.hint().contains(word), "{ended:#?}");
        }
    }
    // Not even an access token is asked for.
    assert_eq!(server.counters().requests, requests);
    assert_eq!((server.counters().logins, server.counters().failed_logins), (2, 2));
}

/// A cron job gone wild: 500 commands, 8 at a time.
#[test]
fn five_hundred_commands_eight_at_a_time_fail_twice() {
    const COMMANDS: usize = 500;
    let (home, server) = (Home::new(), service());
    let (next, codes) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
    let start = Instant::now();
    thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                while next.fetch_add(1, Ordering::Relaxed) < COMMANDS {
                    let mut command = wrong(&home, &server, &["licenses", "usage"]);
                    let status = command.stdout(Stdio::null()).stderr(Stdio::null()).status().unwrap();
                    codes.lock().unwrap().push(status.code().unwrap());
                }
            });
        }
    });
    let codes = codes.into_inner().unwrap();
    let count = |wanted: i32| codes.iter().filter(|code| **code == wanted).count();
    assert_eq!((count(4), count(8)), (2, COMMANDS - 2), "after {:?}: {codes:?}", start.elapsed());
    assert_eq!((server.counters().logins, server.counters().failed_logins), (2, 2));
    // The user is not locked: the right password still opens.
    end(right(&home, &server, &STATUS)).expect(0);
    assert_eq!(server.counters().failed_logins, 2);
}

/// Right credentials wait for each other, for none can know that they are right, and all get in.
#[test]
fn right_credentials_are_never_kept_back() {
    let (home, server) = (Home::new(), service());
    server.faults([Fault::new("auth.login", Effect::Delay).delay(Duration::from_millis(50))]).unwrap();
    thread::scope(|scope| {
        for _ in 0..16 {
            scope.spawn(|| end(right(&home, &server, &STATUS)).expect(0));
        }
    });
    assert_eq!((server.counters().logins, server.counters().failed_logins), (16, 0));
    assert_eq!(fs::read(only_record(&home)).unwrap(), b"");
}

#[test]
fn corrected_credentials_start_fresh() {
    let (home, server) = (Home::new(), service());
    for code in [4, 4, 8] {
        end(wrong(&home, &server, &STATUS)).expect(code);
    }
    let status = end(right(&home, &server, &STATUS)).expect(0).json();
    assert_eq!(status["failedLogins"], 0);
    end(wrong(&home, &server, &STATUS)).expect(8);
    // Another service is another matter too: these credentials may be right there.
    let other = service();
    end(wrong(&home, &other, &STATUS)).expect(4);
    assert_eq!(records(&home).len(), 3);
}

#[test]
fn a_good_login_makes_the_failures_forgotten() {
    let (home, server) = (Home::new(), service());
    // The password is right, but the answers are lost.
    let lost = || Fault::new("auth.login", Effect::Close).once();
    for round in 0..3 {
        server.faults([lost()]).unwrap();
        let ended = end(right(&home, &server, &["licenses", "usage", "-o", "json"])).expect(7);
        assert_eq!(ended.2["kind"], "interrupted", "{round}");
        let status = end(right(&home, &server, &STATUS)).expect(0).json();
        assert_eq!(status["failedLogins"], 1);
    }
    assert_eq!(end(right(&home, &server, &STATUS)).expect(0).json()["failedLogins"], 0);
    // Two in a row are enough.
    server.faults([lost(), lost()]).unwrap();
    for code in [7, 7, 8] {
        let ended = end(right(&home, &server, &["licenses", "usage", "-o", "json"])).expect(code);
        assert_eq!(ended.message().contains("(2 without a clear answer)"), code == 8, "{ended:#?}");
    }
    let text = end(right(&home, &server, &["auth", "reset-guard"])).expect(0).1;
    assert!(text.starts_with("forgot 2 failed logins, the last at "), "{text}");
    let text = end(right(&home, &server, &["auth", "status"])).expect(0).1;
    assert!(text.contains("login guard   no failed login on record\n"), "{text}");
    let text = end(right(&home, &server, &["auth", "status", "-o", "csv"])).expect(0).1;
    assert!(text.lines().next().unwrap().ends_with(",accessTokenExpiresIn,failedLogins"), "{text}");
    assert!(text.lines().nth(1).unwrap().ends_with(",0"), "{text}");
}

#[test]
fn reset_forgets_the_failures_of_these_credentials_alone() {
    let (home, server) = (Home::new(), service());
    assert_eq!(
        end(wrong(&home, &server, &RESET)).expect(0).json(),
        json!({"forgottenFailedLogins": 0}),
        "nothing there yet"
    );
    let other = |arguments| {
        let mut command = wrong(&home, &server, arguments);
        command.env("FOTA_USERNAME", "canary-other-user");
        command
    };
    for code in [4, 4, 8] {
        end(wrong(&home, &server, &STATUS)).expect(code);
        end(other(&STATUS)).expect(code);
    }
    let requests = server.counters().requests;
    assert_eq!(end(wrong(&home, &server, &RESET)).expect(0).json(), json!({"forgottenFailedLogins": 2}));
    assert_eq!(server.counters().requests, requests, "nothing is sent");
    end(other(&STATUS)).expect(8);
    for code in [4, 4, 8] {
        end(wrong(&home, &server, &STATUS)).expect(code);
    }
    let csv = end(wrong(&home, &server, &["auth", "reset-guard", "-o", "csv"])).expect(0).1;
    assert_eq!(csv.lines().collect::<Vec<_>>(), ["forgottenFailedLogins", "2"]);
    let text = end(wrong(&home, &server, &["auth", "reset-guard"])).expect(0).1;
    assert_eq!(text, "nothing to forget: no failed login of these credentials is on record\n");
    end(right(&home, &server, &["--sandbox", "auth", "reset-guard", "-o", "json"])).expect(2);
}

#[test]
fn what_says_nothing_about_the_password_does_not_count() {
    let (home, server) = (Home::new(), service());
    let effects = [
        Effect::answer(401, Shape::Gateway).code("900901"),
        Effect::answer(401, Shape::Gateway).code("900902"),
        Effect::answer(400, Shape::Gateway).code("900906"),
        Effect::answer(403, Shape::GatewayXml),
        // Not repeated within the time limit: the limit would cut a login short sooner or later, and that counts.
        Effect::answer(429, Shape::Gateway).retry_after(600),
        Effect::answer(503, Shape::Html).retry_after(600),
        Effect::answer(404, Shape::Html),
        Effect::Redirect { status: 302, location: "http://127.0.0.1:1/".to_owned() },
    ];
    for effect in effects {
        server.faults([Fault::new("auth.login", effect.clone())]).unwrap();
        for _ in 0..2 {
            let mut command = right(&home, &server, &["licenses", "usage", "-o", "json"]);
            command.args(["--timeout", "20s"]);
            let ended = end(command);
            assert!(matches!(ended.0, Some(1 | 4 | 7)), "{effect:?}: {ended:#?}");
            assert_eq!(fs::read_to_string(only_record(&home)).unwrap(), "", "{effect:?}");
        }
        server.with(Emulator::clear_faults);
    }
    // Nor does a service that is not there, and the login need not be the first request.
    let address = server.address();
    drop(server);
    let mut command = home.command();
    command.envs(service().environment()).env("FOTA_BASE_URL", format!("http://{address}"));
    end({
        command.args(["licenses", "usage", "-o", "json", "--timeout", "500ms"]);
        command
    })
    .expect(7);
    assert_eq!(fs::read_to_string(only_record(&home)).unwrap(), "");
}

/// `kill -9` while the login is out: it was sent, so it counts, and nobody waits for the dead.
#[cfg(unix)]
#[test]
fn a_login_that_was_cut_short_counts() {
    let (home, server) = (Home::new(), service());
    server.faults([Fault::new("auth.login", Effect::Delay).delay(Duration::from_secs(60)).times(3)]).unwrap();
    for round in 1..=2 {
        let mut child =
            right(&home, &server, &STATUS).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        within(Duration::from_secs(20), "a login", || server.counters().logins == round);
        // Meanwhile another one gets no turn, and says so.
        let mut second = right(&home, &server, &STATUS);
        second.args(["--request-timeout", "1s"]);
        let ended = end(second).expect(7);
        assert!(ended.message().contains("is logging in"), "{ended:#?}");
        assert_eq!(ended.2["retryable"], true);
        assert_eq!(server.counters().logins, round);
        child.kill().unwrap();
        child.wait().unwrap();
        let record = fs::read_to_string(only_record(&home)).unwrap();
        assert_eq!(record.lines().count(), usize::try_from(round).unwrap(), "{record}");
        assert!(record.lines().all(|line| line.starts_with("sent ")), "{record}");
    }
    let ended = end(right(&home, &server, &STATUS)).expect(8);
    assert!(ended.message().contains("(2 without a clear answer)"), "{ended:#?}");
    assert_eq!(server.counters().logins, 2);
}

#[test]
fn a_damaged_record_stops_before_anything_is_sent_and_can_be_repaired() {
    let (home, server) = (Home::new(), service());
    end(right(&home, &server, &STATUS)).expect(0);
    let record = only_record(&home);
    let requests = server.counters().requests;
    for garbage in [&b"garbage\n"[..], b"sent 17", b"\0\0\0\0", &[b'\xff'; 9000]] {
        fs::write(&record, garbage).unwrap();
        let ended = end(right(&home, &server, &STATUS)).expect(1);
        assert!(ended.message().contains("is damaged: "), "{ended:#?}");
        assert!(ended.message().contains(record.to_str().unwrap()), "{ended:#?}");
        assert!(ended.hint().contains("fota auth reset-guard"), "{ended:#?}");
        assert_eq!(server.counters().requests, requests);
        let reset = end(right(&home, &server, &RESET)).expect(0).json();
        assert_eq!(reset, json!({"forgottenFailedLogins": null}));
        assert_eq!(fs::read(&record).unwrap(), b"");
    }
    end(right(&home, &server, &STATUS)).expect(0);

    let requests = server.counters().requests;
    fs::write(folder(&home).join("salt"), b"short").unwrap();
    let ended = end(right(&home, &server, &STATUS)).expect(1);
    assert!(ended.message().contains("salt is damaged"), "{ended:#?}");
    assert!(ended.hint().ends_with(&format!("delete the folder {}", folder(&home).display())), "{ended:#?}");
    assert_eq!(server.counters().requests, requests);
    fs::remove_dir_all(folder(&home)).unwrap();
    end(right(&home, &server, &STATUS)).expect(0);
}

#[test]
fn a_state_folder_that_cannot_be_written_stops_before_anything_is_sent() {
    #[track_caller]
    fn refused(command: Command) {
        let ended = end(command).expect(1);
        assert!(ended.message().contains("could not be remembered"), "{ended:#?}");
        assert!(ended.hint().contains("XDG_STATE_HOME"), "{ended:#?}");
    }
    let (home, server) = (Home::new(), service());
    let with_state = |state: &Path| {
        let mut command = right(&home, &server, &STATUS);
        command.env("XDG_STATE_HOME", state);
        command
    };
    // A file where the folder should be stops even the superuser, whom permissions do not.
    refused(with_state(&home.write("file", "")));
    let home_less = {
        let mut command = right(&home, &server, &STATUS);
        command.env_remove("XDG_STATE_HOME").env_remove("HOME");
        command
    };
    end(home_less).expect(2);
    assert_eq!(server.counters().requests, 0);
    end(right(&home, &server, &STATUS)).expect(0);
    let requests = server.counters().requests;
    // A record that cannot be opened.
    let record = only_record(&home);
    fs::remove_file(&record).unwrap();
    fs::create_dir(&record).unwrap();
    refused(right(&home, &server, &STATUS));
    #[cfg(unix)]
    {
        use std::fs::{Permissions, set_permissions};
        use std::os::unix::fs::PermissionsExt as _;

        let state = home.path().join("read-only");
        fs::create_dir(&state).unwrap();
        set_permissions(&state, Permissions::from_mode(0o500)).unwrap();
        // The superuser may write there all the same.
        if fs::write(state.join("probe"), "").is_err() {
            refused(with_state(&state));
        }
        set_permissions(&state, Permissions::from_mode(0o700)).unwrap();
    }
    assert_eq!(server.counters().requests, requests);
}

#[test]
fn no_secret_is_in_the_state_and_nobody_else_may_read_it() {
    fn walk(folder: &Path, look: &mut impl FnMut(&Path)) {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            look(&path);
            if path.is_dir() {
                walk(&path, look);
            }
        }
    }
    let (home, server) = (Home::new(), service());
    let canaries = ["canary-user", WRONG, "canary-id", "canary-secret"];
    let environment = server.environment();
    let set: Vec<&str> = environment.iter().skip(2).map(|(_, value)| value.as_str()).collect();
    for code in [4, 4, 8] {
        let mut command = wrong(&home, &server, &STATUS);
        command.env("FOTA_USERNAME", canaries[0]);
        end(command).expect(code);
        end(right(&home, &server, &STATUS)).expect(0);
    }
    let mut files = 0;
    walk(&home.path().join("state"), &mut |path| {
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            let mode = fs::metadata(path).unwrap().permissions().mode() & 0o777;
            assert_eq!(mode, if path.is_dir() { 0o700 } else { 0o600 }, "{}", path.display());
        }
        let name = path.to_string_lossy().into_owned();
        let content = if path.is_file() { fs::read(path).unwrap() } else { Vec::new() };
        files += usize::from(path.is_file());
        for secret in canaries.iter().chain(&set) {
            assert!(!name.contains(secret), "{secret} in {name}");
            assert!(
                !content.windows(secret.len()).any(|part| part == secret.as_bytes()),
                "{secret} within {name}"
            );
        }
    });
    assert_eq!(files, 3, "a salt and two records");
}
