//! `licenses sync` on a terminal: its question, asked once and after the plan, and its progress.

#![cfg(unix)]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

#[path = "sync/account.rs"]
mod account;
mod common;

use account::{Account, set};
use common::pty::{Terminal, plain, screen};

/// Twenty devices have a license; the file takes it from two of them and wants three others.
fn account() -> (Account, String) {
    let account = Account::new(40, 40, 20);
    let file = account.file("wanted.txt", &account.devices[2..23]);
    (account, file)
}

fn start(account: &Account, file: &str, flags: &[&str]) -> Terminal {
    let command = account.command(&[&["licenses", "sync", "--from", file], flags].concat());
    Terminal::start(&command, 80)
}

#[test]
fn pruning_asks_first() {
    const QUESTION: &str = "remove the licenses of 2 devices, and assign licenses to 3 devices? [y/N] ";
    for (answer, code, agreed) in [
        ("n\n", 1, false),
        ("\n", 1, false),
        ("\u{4}", 1, false),
        ("what\n", 1, false),
        ("y\n", 0, true),
        ("YES\n", 0, true),
    ] {
        let (account, file) = account();
        let mut terminal = start(&account, &file, &["--prune"]);
        terminal.wait_for(QUESTION);
        let seen = plain(&screen(&terminal.seen().replace("\r\n", "\n")));
        let plan = "plan for account 0000123456-00001: assign 3, remove 2, unchanged 18\n";
        assert!(seen.contains(plan) && seen.contains("cancels the device's scheduled upgrades"), "{seen}");
        assert_eq!(account.writes(), 0, "nothing is sent before the answer");
        terminal.press(answer);
        let (found, text) = terminal.end();
        let text = plain(&screen(&text));
        assert_eq!(found, code, "{answer:?}: {text}");
        assert_eq!(text.matches("[y/N]").count(), 1, "{text}");
        assert_eq!(text.contains("not confirmed; nothing was changed"), !agreed, "{text}");
        let kept = if agreed { 2..23 } else { 0..20 };
        assert_eq!(account.licensed(), set(&account.devices[kept]), "{answer:?}");
        assert_eq!(account.writes() == 0, !agreed, "{answer:?}");
        let runs = account.fota(&["runs", "-o", "jsonl"]).expect(0).stdout;
        let syncs = runs.lines().filter(|run| run.contains("\"action\":\"sync\"")).count();
        assert_eq!(syncs, usize::from(agreed), "what was not agreed to is no run: {runs}");
    }
}

/// No question where the answer is known, or where there is nothing to lose.
#[test]
fn there_is_no_question_without_removals() {
    for flags in [&["--prune", "--yes"][..], &[], &["--prune", "--dry-run"]] {
        let (account, file) = account();
        let (code, text) = start(&account, &file, flags).end();
        assert_eq!((code, text.contains("[y/N]")), (0, false), "{flags:?}: {text}");
    }
    let (account, _) = account();
    let file = account.file("more.txt", &account.devices[..22]);
    let (code, text) = start(&account, &file, &["--prune"]).end();
    assert_eq!((code, text.contains("[y/N]")), (0, false), "{text}");
    assert_eq!(account.licensed(), set(&account.devices[..22]));
}

/// The list, the removals and the assignments have a line each, which goes.
#[test]
fn progress_is_one_line_that_is_rewritten() {
    let (account, file) = account();
    account.fault("licenses.list:delay=150ms");
    account.fault("licenses.remove:delay=300ms");
    account.fault("licenses.assign:delay=300ms");
    let flags = ["--prune", "--yes", "--batch-size", "1", "--concurrency", "1"];
    let (code, text) = start(&account, &file, &flags).end();
    assert_eq!(code, 0, "{text}");
    let frames: Vec<&str> =
        text.split("\r\u{1b}[K").skip(1).map(|rest| rest.lines().next().unwrap_or("")).collect();
    for expected in ["licensed devices", "1 of 2 devices, 50 %", "2 of 3 devices, 66 %"] {
        assert!(frames.iter().any(|frame| frame.contains(expected)), "{expected}: {frames:#?}");
    }
    let left = plain(&screen(&text));
    assert!(
        !left.contains(" devices, 50 %") && !left.contains("licensed devices"),
        "no progress stays: {left}"
    );
    let last = "3 assigned, 2 removed; in sync: the 21 devices of the file have their licenses";
    assert_eq!(left.trim_end().lines().last(), Some(last), "{left}");
    for row in left.lines().filter(|row| row.starts_with(|c: char| c.is_ascii_digit()) && *row != last) {
        assert!(row.chars().count() <= 80, "{row:?}");
    }
}
