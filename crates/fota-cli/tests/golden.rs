//! What operators see, kept word for word in `tests/golden/`: help of every command, tables, JSON, CSV, errors and
//! every exit code, in a pipe and on a terminal. `FOTA_BLESS=1 cargo test -p fota-cli --test golden` writes the
//! files anew; the difference is then for a person to judge.

#![cfg(unix)]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

mod common;

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use common::pty::{Terminal, screen};
use common::{Done, Home, fleet, fleet_imeis};
use fota_emulator::{Server, Settings};

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden")
}

/// Holds `text` against the file, or writes it.
#[track_caller]
fn golden(name: &str, text: &str) {
    let path = folder().join(format!("{name}.txt"));
    if std::env::var_os("FOTA_BLESS").is_some() {
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, text).unwrap();
        return;
    }
    let kept = fs::read_to_string(&path).unwrap_or_default();
    if kept == text {
        return;
    }
    let (at, line) =
        text.lines().enumerate().find(|(at, line)| kept.lines().nth(*at) != Some(line)).unwrap_or((0, ""));
    panic!(
        "{name}.txt, line {}:\n  kept: {:?}\n  now:  {line:?}\nIf it is meant so: FOTA_BLESS=1 cargo test -p fota-cli --test golden\n{text}",
        at + 1,
        kept.lines().nth(at).unwrap_or_default(),
    );
}

/// Everything that differs from run to run, by a word that does not. The only place where that is done.
fn placeholders(text: &str, home: &Home) -> String {
    let text = text
        .replace(env!("CARGO_PKG_VERSION"), "{VERSION}")
        .replace(home.path().to_str().unwrap(), "{HOME}")
        .replace(fleet().to_str().unwrap(), "{FLEET}")
        .replace('\u{1b}', "{ESC}");
    let text = like(&text, "127.0.0.1:99999", "127.0.0.1:{PORT}");
    let text = like(&text, "127.0.0.1:9999", "127.0.0.1:{PORT}");
    let text = like(&text, "99999999T999999Z", "{TIME}");
    let text = like(&text, "after 9 attempts", "after {N} attempts");
    without_numbers(&like(&text, "9999-99-99T99:99:99Z", "{TIME}"))
}

/// Names of runs without the number that the later ones of a second have.
fn without_numbers(text: &str) -> String {
    let mut parts = text.split("{TIME}-");
    let mut out = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        // Such as `assign-3f9a1c-2`.
        let end = part.find('-').map_or(0, |at| at + 1 + 6).min(part.len());
        let (name, rest) = part.split_at(end);
        let number = rest.strip_prefix('-').map(|rest| rest.trim_start_matches(|c: char| c.is_ascii_digit()));
        out = out + "{TIME}-" + name + number.unwrap_or(rest);
    }
    out
}

/// Replaces what looks like `pattern`, in which 9 is any digit.
fn like(text: &str, pattern: &str, word: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        let fits = rest.len() >= pattern.len()
            && rest.bytes().zip(pattern.bytes()).all(|(found, wanted)| match wanted {
                b'9' => found.is_ascii_digit(),
                _ => found == wanted,
            });
        let taken = if fits { pattern.len() } else { c.len_utf8() };
        out.push_str(if fits { word } else { &rest[..taken] });
        rest = &rest[taken..];
    }
    out
}

/// A check digit that is wrong, and what a spreadsheet made of a number.
const BAD: &str = "imei,label\n352099001761480,a\n3.52099E+14,b\n";

/// Where commands run, and how.
struct Stage {
    home: Home,
    server: Server,
    /// Columns of the terminal, if there is one.
    columns: Option<u16>,
    script: String,
}

impl Stage {
    /// Five licenses for the twelve devices of the fleet, and a clock that stands still.
    fn new(columns: Option<u16>) -> Self {
        let fleet = fleet_imeis();
        let settings = Settings::seeded(0, 5, 7).devices(fleet.iter().map(String::as_str)).manual_clock();
        Stage { home: Home::new(), server: Server::start(settings).unwrap(), columns, script: String::new() }
    }

    fn fault(&self, rule: &str) {
        self.server.faults([rule.parse().unwrap()]).unwrap();
    }

    fn command(&self, line: &str) -> Command {
        let mut command = self.home.command();
        command.envs(self.server.environment());
        command.args(line.split(' ').map(|word| match word {
            "FLEET" => fleet().into_os_string(),
            word => word.replace("HOME", self.home.path().to_str().unwrap()).into(),
        }));
        command
    }

    fn fota(&mut self, line: &str) -> i32 {
        self.end(line, self.command(line))
    }

    fn end(&mut self, line: &str, mut command: Command) -> i32 {
        if let Some(columns) = self.columns {
            let (code, text) = Terminal::start(&command, columns).end();
            self.write(line, code, &[("", &screen(&text))]);
            return code;
        }
        let done = Done::of(command.output().unwrap());
        self.write(line, done.code, &[("stdout", &done.stdout), ("stderr", &done.stderr)]);
        done.code
    }

    fn write(&mut self, line: &str, code: i32, streams: &[(&str, &str)]) {
        let home = &self.home;
        write!(self.script, "$ fota {line}\n[exit {code}]\n").unwrap();
        for (name, text) in streams.iter().filter(|(_, text)| !text.is_empty()) {
            if !name.is_empty() {
                writeln!(self.script, "[{name}]").unwrap();
            }
            self.script.push_str(&placeholders(text, home));
            if !text.ends_with('\n') {
                self.script.push('\n');
            }
        }
        self.script.push('\n');
    }

    #[track_caller]
    fn golden(&self, name: &str) {
        golden(name, &self.script);
    }
}

/// The pages of every command, found in the pages themselves.
#[test]
fn help_of_every_command() {
    let home = Home::new();
    let mut waiting = vec![Vec::<String>::new()];
    let mut pages = 0;
    while let Some(path) = waiting.pop() {
        let help = home.fota(path.iter().map(String::as_str).chain(["--help"])).expect(0).stdout;
        let name = path.iter().fold("fota".to_owned(), |name, word| format!("{name}-{word}"));
        golden(&format!("help/{name}"), &placeholders(&help, &home));
        pages += 1;
        let commands =
            help.lines().skip_while(|line| *line != "Commands:").skip(1).take_while(|line| !line.is_empty());
        for line in commands.filter(|line| line.starts_with("  ") && !line.starts_with("   ")) {
            let word = line.split_whitespace().next().unwrap();
            if word != "help" {
                waiting.push([&path[..], &[word.to_owned()]].concat());
            }
        }
    }
    assert!(pages >= 15, "{pages} pages");
    let short = home.fota(["-h"]).expect(0).stdout;
    golden("help/fota-short", &placeholders(&short, &home));
}

/// The same commands in each form, in a pipe and on terminals.
#[test]
fn every_form_of_every_output() {
    let forms = ["table", "json", "jsonl", "csv"].map(|form| (form, None));
    let terminals = [("table", Some(80)), ("table", Some(40)), ("json", Some(80))];
    for (form, columns) in forms.into_iter().chain(terminals) {
        let mut stage = Stage::new(columns);
        let fleet = fleet_imeis();
        stage.home.write("bad.csv", BAD);
        stage.home.write("wanted.csv", format!("imei\n{}\n", fleet[3..7].join("\n")));
        for line in [
            "licenses usage",
            "licenses list",
            "runs",
            "licenses assign --from FLEET --dry-run",
            "licenses assign --from FLEET --batch-size 5 --concurrency 1",
            "licenses usage",
            "licenses list",
            "licenses remove --yes 352099001761481 353328110034566",
            "licenses sync --from FLEET --dry-run",
            "licenses sync --from HOME/wanted.csv --prune --max-remove 2 --dry-run --detailed-exitcode",
            "licenses sync --from HOME/wanted.csv --prune --max-remove 2 --yes",
            "licenses sync --from HOME/wanted.csv",
            "licenses report --html HOME/report.html",
            "imei check FLEET",
            "imei check HOME/bad.csv",
            "auth status",
            "auth logout",
            "auth reset-guard",
            "schema",
        ] {
            let line = format!("{line} -o {form}");
            stage.fota(&line);
        }
        stage.golden(&match columns {
            None => form.to_owned(),
            Some(columns) => format!("{form}-terminal-{columns}"),
        });
    }
}

/// Every code that the help lists, told to people and to programs, and on a terminal.
#[test]
fn every_exit_code() {
    let mut codes = BTreeSet::new();
    for (form, columns) in [("table", None), ("json", None), ("table", Some(80))] {
        let mut stage = Stage::new(columns);
        for rest in 0..=9 {
            let (line, code) = prepare(&mut stage, rest);
            let line = format!("{line} -o {form}");
            let found = if rest == 4 || rest == 8 {
                let mut command = stage.command(&line);
                command.env("FOTA_PASSWORD", "wrong-and-fake");
                stage.end(&line, command)
            } else {
                stage.fota(&line)
            };
            assert_eq!(found, code, "{line}: {}", stage.script);
            codes.insert(found);
            stage.server.with(fota_emulator::Emulator::clear_faults);
        }
        codes.insert(interrupted(&mut stage, form));
        stage.golden(&match columns {
            None => format!("exit-codes-{form}"),
            Some(_) => "exit-codes-terminal".to_owned(),
        });
    }
    let help = Home::new().fota(["--help"]).expect(0).stdout;
    let listed = help.lines().skip_while(|line| *line != "Exit codes:").skip(1);
    let listed: BTreeSet<i32> =
        listed.map_while(|line| line.split_whitespace().next()?.parse().ok()).collect();
    assert_eq!(codes, listed, "every code of the help is shown here");
}

/// What makes a command end with this code.
fn prepare(stage: &mut Stage, code: i32) -> (String, i32) {
    let line = match code {
        1 => {
            // A file where the folder of the journals should be.
            fs::create_dir_all(stage.home.path().join("state/fota")).unwrap();
            let _ = fs::remove_dir_all(stage.home.path().join("state/fota/runs"));
            stage.home.write("state/fota/runs", "");
            "licenses assign --from FLEET"
        }
        2 => {
            fs::remove_file(stage.home.path().join("state/fota/runs")).unwrap();
            "licenses lst"
        }
        3 => {
            stage.home.write("bad.csv", BAD);
            "licenses assign --from HOME/bad.csv"
        }
        4 => "auth status",
        5 => "licenses assign --from FLEET",
        6 => {
            stage.fault("licenses.remove:close-after");
            stage.fault("devices.lookup:400");
            stage.fault("licenses.list:400:skip=1");
            "licenses remove --yes 352099001761481 353328110034566"
        }
        7 => "licenses list --base-url http://127.0.0.1:1 --timeout 1s",
        8 => {
            // The second wrong login is the last that is sent.
            let mut command = stage.command("auth status -q");
            command.env("FOTA_PASSWORD", "wrong-and-fake");
            assert_eq!(command.output().unwrap().status.code(), Some(4));
            "licenses usage"
        }
        9 => {
            stage.home.write("wanted.csv", format!("imei\n{}\n", fleet_imeis()[5]));
            "licenses sync --from HOME/wanted.csv --prune --max-remove 100% --dry-run --detailed-exitcode"
        }
        _ => "licenses usage",
    };
    (line.to_owned(), code)
}

/// Ctrl-C while the first of two requests is under way.
fn interrupted(stage: &mut Stage, form: &str) -> i32 {
    let fleet = fleet_imeis();
    let settings = Settings::seeded(0, 20, 7).devices(fleet.iter().map(String::as_str));
    stage.server = Server::start(settings).unwrap();
    stage.home = Home::new();
    stage.fault("licenses.assign:delay=1500ms:once");
    let line = format!("licenses assign --from FLEET --batch-size 6 --concurrency 1 -o {form}");
    let mut command = stage.command(&line);
    let under_way = |stage: &Stage| {
        while stage.server.counters().operation("licenses.assign") == 0 {
            std::thread::sleep(Duration::from_millis(5));
        }
    };
    if let Some(columns) = stage.columns {
        let mut terminal = Terminal::start(&command, columns);
        under_way(stage);
        terminal.press("\u{3}");
        let (code, text) = terminal.end();
        stage.write(&line, code, &[("", &screen(&text))]);
        return code;
    }
    let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    under_way(stage);
    assert!(Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap().success());
    let done = Done::of(child.wait_with_output().unwrap());
    stage.write(&line, done.code, &[("stdout", &done.stdout), ("stderr", &done.stderr)]);
    done.code
}

#[test]
fn placeholders_leave_the_rest_alone() {
    let home = Home::new();
    let text = format!(
        "{}/a at 127.0.0.1:45678 of 20240305T091011Z-assign-3f9a1c-12 é 2024-03-05",
        home.path().display()
    );
    assert_eq!(
        placeholders(&text, &home),
        "{HOME}/a at 127.0.0.1:{PORT} of {TIME}-assign-3f9a1c é 2024-03-05"
    );
}
