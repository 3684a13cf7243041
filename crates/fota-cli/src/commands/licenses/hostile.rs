//! 50 000 hostile strings of a server through every printer of licenses, errors and logs. What is dangerous is
//! judged here anew, not by the code that is tested.

use fota_core::bulk::{Action, Event, Outcome, Run};
use fota_core::models::{AccountName, DeviceId, LicensedDevice};
use serde_json::Value;

use super::usage::{self, Pool};
use super::{list, report};
use crate::args::Color;
use crate::error::Failure;
use crate::exit::Exit;
use crate::output::{Console, Format, Layout, Style};

const STRINGS: usize = 50_000;
const BATCH: usize = 100;
const SEED: u64 = 0x5eed_f07a;

/// Pieces that have done harm to terminals, spreadsheets or readers of logs.
const PIECES: [&str; 34] = [
    "\u{1b}[31m",
    "\u{1b}]0;title\u{7}",
    "\u{1b}[2J\u{1b}[H",
    "\u{1b}P1$r\u{1b}\\",
    "\u{9b}31m",
    "\u{9d}0;t\u{9c}",
    "\u{90}",
    "\r\n",
    "\n",
    "\r",
    "\t",
    "\0",
    "\u{8}\u{8}\u{8}",
    "\u{7f}",
    "\u{85}",
    "\u{202e}",
    "\u{2066}\u{2069}",
    "\u{200f}",
    "\u{200b}",
    "\u{2028}",
    "\u{2029}",
    "\u{feff}",
    "\u{e0041}",
    "=1+1",
    "=cmd|' /C calc'!A0",
    "+1",
    "-1",
    "@SUM(A1)",
    "\"",
    "'",
    ",",
    ";",
    "\\",
    "\u{ff1d}1",
];
const PLAIN: [&str; 6] = ["ok", " ", "Zürich", "東京", "\u{1f4e1}", "352099001761481"];

/// Xorshift: the same strings each time.
struct Random(u64);

impl Random {
    fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % bound as u64).unwrap()
    }

    fn text(&mut self) -> String {
        let mut text = String::new();
        for _ in 0..=self.below(5) {
            match self.below(10) {
                0..6 => text.push_str(PIECES[self.below(PIECES.len())]),
                6..8 => text.push_str(PLAIN[self.below(PLAIN.len())]),
                8 => text.push(char::from(u8::try_from(self.below(256)).unwrap())),
                _ => text.extend(char::from_u32(u32::try_from(self.below(0x11_0000)).unwrap())),
            }
        }
        text
    }
}

fn is_bad(c: char) -> bool {
    matches!(u32::from(c),
        0..=9 | 11..=31 | 0x7f..=0x9f // controls, but for the end of a line
        | 0x61c | 0x200e | 0x200f | 0x202a..=0x202e | 0x2066..=0x2069 // direction
        | 0x200b..=0x200d | 0x2060 | 0xfeff | 0x2028 | 0x2029 | 0xe0000..=0xe007f) // not seen, or a line end
}

const COLORS: [&str; 6] = ["\u{1b}[0m", "\u{1b}[1m", "\u{1b}[2m", "\u{1b}[32m", "\u{1b}[33m", "\u{1b}[1;31m"];

/// Our own colors are all that may be there besides text.
fn check_terminal(what: &str, out: &[u8]) -> String {
    let mut text = std::str::from_utf8(out).unwrap().to_owned();
    for code in COLORS {
        if !text.contains(code) {
            continue;
        }
        text = text.replace(code, "");
    }
    if let Some(at) = text.find(is_bad) {
        let start = text[..at].char_indices().rev().nth(20).map_or(0, |(at, _)| at);
        panic!("{what}: {:?}", text[start..].chars().take(60).collect::<String>());
    }
    text
}

fn check_csv(what: &str, out: &[u8], columns: usize, rows: usize) {
    let text = check_terminal(what, out);
    let mut reader = csv::ReaderBuilder::new().has_headers(false).from_reader(text.as_bytes());
    let mut count = 0;
    for record in reader.records() {
        let record = record.unwrap();
        assert_eq!(record.len(), columns, "{what}: {record:?}");
        for cell in &record {
            let bare = cell.trim_start_matches([' ', '"', '\u{a0}', '\u{3000}']);
            assert!(
                !bare.starts_with([
                    '=', '+', '-', '@', '\t', '\r', '\u{ff1d}', '\u{ff0b}', '\u{ff0d}', '\u{ff20}'
                ]),
                "{what}: {cell:?}"
            );
        }
        count += 1;
    }
    assert_eq!(count, rows + 1, "{what}");
}

fn consoles() -> Vec<(String, Console)> {
    let colored = Style::new(Color::Always, true, |_| None);
    let mut all = Vec::new();
    for format in [Format::Table, Format::Csv, Format::Json, Format::Jsonl] {
        for (width, style) in [(None, Style::plain()), (Some(100), colored), (Some(44), colored)] {
            if width.is_some() && format != Format::Table {
                continue;
            }
            let layout = Layout { width, unicode: true };
            all.push((format!("{format:?} {width:?}"), Console::fixed(format, style, layout, false)));
        }
    }
    all
}

fn check(name: &str, console: &Console, out: &[u8], columns: usize, rows: usize) -> Vec<Value> {
    check_terminal(name, out);
    match console.format {
        Format::Table => Vec::new(),
        Format::Csv => {
            check_csv(name, out, columns, rows);
            Vec::new()
        }
        Format::Json => vec![serde_json::from_slice(out).unwrap()],
        Format::Jsonl => out
            .split(|byte| *byte == b'\n')
            .filter(|line| !line.is_empty())
            .map(|line| serde_json::from_slice(line).unwrap())
            .collect(),
    }
}

/// A run over these devices that is over, each refused with hostile words.
fn refused(texts: &[String]) -> Run {
    let ids: Vec<DeviceId> =
        texts.iter().enumerate().map(|(n, text)| DeviceId::from(format!("{text}#{n}"))).collect();
    let outcomes = ids.iter().zip(texts).map(|(id, text)| {
        (id.clone(), Outcome::Refused { status: text.clone(), reason: Some(format!("{text}{text}")) })
    });
    let event = Event::Settled { ticket: fota_core::bulk::Ticket::new(1), outcomes: outcomes.collect() };
    Run::new(Action::Assign, AccountName::new("fake").unwrap(), ids).replay([event])
}

#[test]
fn no_hostile_string_gets_through() {
    let mut random = Random(SEED);
    let consoles = consoles();
    let mut printed = 0;
    while printed < STRINGS {
        let texts: Vec<String> = (0..BATCH).map(|_| random.text()).collect();
        let batch = format!("strings {printed} and on of seed {SEED:#x}");
        for (name, console) in &consoles {
            list_and_change(&format!("{batch}, {name}"), console, &texts);
        }
        for text in &texts {
            one(&batch, text);
        }
        printed += texts.len();
    }
}

fn list_and_change(name: &str, console: &Console, texts: &[String]) {
    let mut rows = console.rows(Vec::new(), &list::COLUMNS);
    for text in texts {
        let device = serde_json::json!({ "deviceId": text, "assignmentTime": text });
        let device: LicensedDevice = serde_json::from_value(device).unwrap();
        list::print(&mut rows, &device).unwrap();
    }
    let values = check(name, console, &rows.finish().unwrap(), 2, texts.len());
    let read = match values.as_slice() {
        [Value::Array(rows)] => rows.clone(),
        _ => values,
    };
    for (row, text) in read.iter().zip(texts) {
        assert_eq!(row["deviceId"].as_str().unwrap(), text, "{name}: JSON loses nothing");
    }
    assert!(!console.format.is_json() || read.len() == texts.len(), "{name}");

    let run = refused(texts);
    let report = run.report();
    let pool = Pool { total: Some(100), assigned: Some(7) };
    let view = report::View { report: &report, account: &texts[0], before: pool, after: pool };
    let mut out = Vec::new();
    report::print(&mut out, &view, console).unwrap();
    let values = check(name, console, &out, 4, texts.len());
    if console.format == Format::Json {
        assert_eq!(values[0]["accountName"].as_str().unwrap(), texts[0]);
        for (row, text) in values[0]["devices"].as_array().unwrap().iter().zip(texts) {
            assert_eq!(row["status"].as_str().unwrap(), text, "{name}: JSON loses nothing");
        }
    }
}

/// What is printed once in a command.
fn one(name: &str, text: &str) {
    let style = Style::new(Color::Always, true, |_| None);
    let failure = Failure::new(Exit::Unexpected, "hostile", text).hint(text);
    for as_json in [false, true] {
        let mut out = Vec::new();
        failure.print(&mut out, as_json, style).unwrap();
        let text_out = check_terminal(name, &out);
        if as_json {
            let error: Value = serde_json::from_str(&text_out).unwrap();
            assert_eq!(error["error"]["message"].as_str().unwrap(), text, "{name}");
        } else {
            assert_eq!(text_out.lines().count(), 2, "{name}: a server starts no line: {text_out}");
        }
    }
    for format in [Format::Table, Format::Csv] {
        let console = Console::fixed(format, style, Layout::plain(), false);
        let mut out = Vec::new();
        usage::print(&mut out, Pool { total: Some(5), assigned: Some(5) }, text, &console).unwrap();
        check(name, &console, &out, 4, 1);
    }
}
