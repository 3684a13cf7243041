//! On a terminal: progress, questions, Ctrl-C, width and colors, as an operator sees them.

#![cfg(unix)]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

mod common;

use std::process::Command;
use std::time::{Duration, Instant};

use common::pty::{Terminal, plain, screen};
use common::{Done, Home, fleet, fleet_imeis};
use fota_emulator::{Server, Settings};

/// A service that knows the fleet, with so many licenses.
fn service(licenses: u64) -> Server {
    let fleet = fleet_imeis();
    Server::start(Settings::seeded(0, licenses, 7).devices(fleet.iter().map(String::as_str)).assigned(0))
        .unwrap()
}

/// Gives the first devices of the fleet their licenses.
fn assign(home: &Home, server: &Server, count: usize) {
    let line = format!("licenses assign {}", fleet_imeis()[..count].join(" "));
    Done::of(fota(home, server, &line).output().unwrap()).expect(0);
}

fn fota(home: &Home, server: &Server, line: &str) -> Command {
    let mut command = home.command();
    command.envs(server.environment());
    command.args(
        line.split(' ').map(|word| if word == "FLEET" { fleet().into_os_string() } else { word.into() }),
    );
    command
}

fn fault(server: &Server, rule: &str) {
    server.faults([rule.parse().unwrap()]).unwrap();
}

const SLOW: &str = "licenses assign --batch-size 2 --concurrency 1 --from FLEET";

#[test]
fn progress_is_one_line_that_is_rewritten() {
    let (home, server) = (Home::new(), service(20));
    fault(&server, "licenses.assign:delay=300ms");
    let (code, text) = Terminal::start(&fota(&home, &server, SLOW), 80).end();
    assert_eq!(code, 0, "{text}");
    let frames: Vec<&str> =
        text.split("\r\u{1b}[K").skip(1).map(|rest| rest.lines().next().unwrap_or("")).collect();
    for expected in ["0 of 12 devices, 0 %", "6 of 12 devices, 50 %", "12 of 12 devices, 100 %"] {
        assert!(frames.iter().any(|frame| frame.contains(expected)), "{expected}: {frames:#?}");
    }
    assert!(
        frames.iter().any(|frame| frame.contains("██░") && frame.contains(" left, ") && frame.contains("/s")),
        "{frames:#?}"
    );
    let left = plain(&screen(&text));
    assert!(!left.contains("of 12 devices, "), "no progress stays: {left}");
    assert_eq!(left.trim_end().lines().last(), Some("12 devices, all assigned"));
}

#[test]
fn elsewhere_progress_is_plain_lines_and_quiet_is_quiet() {
    for (flag, lines) in [("", true), (" -q", false)] {
        let (home, server) = (Home::new(), service(20));
        fault(&server, "licenses.assign:delay=100ms");
        let done = Done::of(fota(&home, &server, &format!("{SLOW}{flag}")).output().unwrap()).expect(0);
        assert!(!done.stderr.contains(['\r', '\u{1b}']), "{done:#?}");
        let found = done.stderr.lines().filter(|line| line.contains(" of 12 devices, ")).count();
        assert_eq!(found, if lines { 5 } else { 0 }, "{done:#?}");
        assert!(lines || done.stderr.is_empty(), "{done:#?}");
    }
    let (home, server) = (Home::new(), service(20));
    let (code, text) = Terminal::start(&fota(&home, &server, &format!("{SLOW} -q")), 80).end();
    assert_eq!(code, 0);
    assert!(!text.contains('\r') && text.starts_with("\u{1b}[1mDEVICE"), "{text:?}");
}

#[test]
fn removing_asks_first() {
    for (answer, code, removed) in
        [("n\n", 1, 0), ("\n", 1, 0), ("\u{4}", 1, 0), ("what\n", 1, 0), ("y\n", 0, 1), ("YES\n", 0, 1)]
    {
        let (home, server) = (Home::new(), service(20));
        assign(&home, &server, 12);
        let mut terminal = Terminal::start(&fota(&home, &server, "licenses remove --from FLEET"), 80);
        terminal.wait_for("remove the licenses of 12 devices? [y/N] ");
        assert_eq!(server.counters().operation("licenses.remove"), 0, "nothing is sent before the answer");
        terminal.press(answer);
        let (found, text) = terminal.end();
        assert_eq!(found, code, "{answer:?}: {text}");
        assert_eq!(server.counters().operation("licenses.remove"), removed, "{answer:?}");
        assert_eq!(text.contains("not confirmed; nothing was changed"), removed == 0, "{text}");
    }
}

#[test]
fn the_first_ctrl_c_stops_new_work_and_tells_how_to_go_on() {
    let (home, server) = (Home::new(), service(20));
    fault(&server, "licenses.assign:delay=1s:once");
    let mut terminal = Terminal::start(&fota(&home, &server, SLOW), 80);
    while server.counters().operation("licenses.assign") == 0 {
        std::thread::sleep(Duration::from_millis(5));
    }
    terminal.press("\u{3}");
    terminal.wait_for("stopping after the requests under way; once more to stop at once");
    let (code, text) = terminal.end();
    assert_eq!(code, 130, "{text}");
    assert_eq!(server.counters().operation("licenses.assign"), 1, "no new work");
    let text = plain(&screen(&text));
    assert!(text.contains("12 devices: 2 assigned, 10 not attempted"), "{text}");
    assert!(text.contains("interrupted, 10 devices to go") && text.contains("fota resume "), "{text}");
    let resumed = Done::of(fota(&home, &server, "resume").output().unwrap()).expect(0);
    assert!(resumed.stdout.ends_with("12 devices, all assigned\n"), "{resumed:#?}");
}

#[test]
fn the_second_ctrl_c_is_immediate() {
    let (home, server) = (Home::new(), service(20));
    fault(&server, "licenses.assign:delay=30s:once");
    let mut terminal = Terminal::start(&fota(&home, &server, SLOW), 80);
    while server.counters().operation("licenses.assign") == 0 {
        std::thread::sleep(Duration::from_millis(5));
    }
    terminal.press("\u{3}");
    terminal.wait_for("once more to stop at once");
    let start = Instant::now();
    terminal.press("\u{3}");
    let (code, text) = terminal.end();
    assert!(start.elapsed() < Duration::from_secs(10), "{:?}", start.elapsed());
    assert_eq!(code, 130, "{text}");
    let text = plain(&screen(&text));
    assert!(text.contains("12 devices: 0 assigned, 2 unresolved, 10 not attempted"), "{text}");
    assert!(text.contains("fota resume "), "{text}");
}

#[test]
fn everything_fits_into_40_80_and_200_columns() {
    let (home, server) = (Home::new(), service(5));
    Done::of(fota(&home, &server, "licenses assign --from FLEET").output().unwrap()).expect(5);
    for columns in [40_u16, 80, 200] {
        for line in [
            "licenses usage",
            "licenses list",
            "licenses assign --from FLEET",
            "runs",
            "schema",
            "--help",
            "licenses assign --help",
        ] {
            let (_, text) = Terminal::start(&fota(&home, &server, line), columns).end();
            let text = plain(&screen(&text));
            // Notes, errors and the summary are sentences, which the terminal breaks; so are examples in the help.
            let sentence = |line: &str| {
                ["plan: ", "pool", "warning: ", "12 devices: ", "  -", "  fota ", "  jq "]
                    .iter()
                    .any(|start| line.starts_with(start))
                    || line.contains("FOTA_")
            };
            for row in text.lines().filter(|row| !sentence(row)) {
                let help = line.contains("help") && columns == 40;
                assert!(help || row.chars().count() <= usize::from(columns), "{line} in {columns}: {row:?}");
            }
            assert!(!text.is_empty());
        }
    }
    let (_, narrow) = Terminal::start(&fota(&home, &server, "runs"), 40).end();
    assert!(plain(&narrow).starts_with("RUN       "), "a block of lines for each run: {narrow}");
    let (_, wide) = Terminal::start(&fota(&home, &server, "runs"), 200).end();
    assert_eq!(plain(&wide).lines().count(), 5, "a head and a line for each run: {wide}");
    let mut command = fota(&home, &server, "runs");
    let (_, told) = Terminal::start(command.env("COLUMNS", "40"), 200).end();
    assert_eq!(told, narrow, "COLUMNS is heard");
}

#[test]
fn each_stream_has_its_own_colors() {
    let (home, server) = (Home::new(), service(5));
    let line = "licenses assign --dry-run --from FLEET";
    let (_, text) = Terminal::start(&fota(&home, &server, line), 80).end();
    assert!(
        text.contains("\u{1b}[33mwarning:\u{1b}[0m") && text.contains("\u{1b}[1mDEVICE\u{1b}[0m"),
        "{text:?}"
    );
    // Data into a file, the rest on the terminal.
    let path = home.path().join("plan.txt");
    let file = std::fs::File::create(&path).unwrap();
    let (_, text) = Terminal::start_with_stdout(&fota(&home, &server, line), 80, Some(file)).end();
    assert!(text.contains("\u{1b}[33mwarning:\u{1b}[0m") && !text.contains("DEVICE"), "{text:?}");
    let data = std::fs::read_to_string(&path).unwrap();
    assert!(data.starts_with("DEVICE            OUTCOME"), "{data:?}");
    assert!(!data.contains('\u{1b}') && !data.contains('█'), "{data:?}");
    for (name, value) in [("NO_COLOR", "1"), ("CLICOLOR", "0"), ("TERM", "dumb")] {
        let (_, text) = Terminal::start(fota(&home, &server, line).env(name, value), 80).end();
        assert!(
            !plain(&text).is_empty() && !text.replace("\r\u{1b}[K", "").contains('\u{1b}'),
            "{name}: {text:?}"
        );
    }
    for line in ["--color never licenses lst", "--color never --help"] {
        let (_, text) = Terminal::start(&fota(&home, &server, line), 80).end();
        assert!(!text.contains('\u{1b}'), "{text:?}");
    }
    let forced = Done::of(fota(&home, &server, line).env("CLICOLOR_FORCE", "1").output().unwrap());
    assert!(forced.stdout.contains("\u{1b}[1mDEVICE"), "{forced:#?}");
    assert!(
        Done::of(fota(&home, &server, "--color always --help").output().unwrap()).stdout.contains('\u{1b}')
    );
}

#[test]
fn another_locale_gets_plain_ascii() {
    let (home, server) = (Home::new(), service(20));
    assign(&home, &server, 8);
    let usage = |locale: &str| {
        Terminal::start(fota(&home, &server, "licenses usage").env("LC_ALL", locale), 80).end().1
    };
    assert!(usage("en_US.UTF-8").contains("████") && usage("en_US.UTF-8").contains("40 %"));
    for locale in ["C", "POSIX", "de_DE.ISO-8859-1"] {
        let text = usage(locale);
        assert!(
            text.is_ascii() && text.contains("[################------------------------] 40 %"),
            "{text}"
        );
    }
}
