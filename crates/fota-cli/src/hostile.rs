//! 50 000 hostile strings, for every printer to be tried with, and a judge of what came out. What is dangerous is
//! judged here anew, not by the code that is tested. The tests are beside the printers.

use serde_json::Value;

use crate::args::Color;
use crate::output::{Console, Format, Layout, Style};

const STRINGS: usize = 50_000;
pub(crate) const BATCH: usize = 100;
const SEED: u64 = 0x5eed_f07a;

/// Pieces that have done harm to terminals, spreadsheets, browsers or readers of logs.
const PIECES: [&str; 39] = [
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
    "<script>alert(1)</script>",
    "\"><img src=x onerror=alert(1)>",
    "</title></style>",
    "<!--",
    "&lt;&#60;",
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

pub(crate) fn is_bad(c: char) -> bool {
    matches!(u32::from(c),
        0..=9 | 11..=31 | 0x7f..=0x9f // controls, but for the end of a line
        | 0x61c | 0x200e | 0x200f | 0x202a..=0x202e | 0x2066..=0x2069 // direction
        | 0x200b..=0x200d | 0x2060 | 0xfeff | 0x2028 | 0x2029 | 0xe0000..=0xe007f) // not seen, or a line end
}

const COLORS: [&str; 6] = ["\u{1b}[0m", "\u{1b}[1m", "\u{1b}[2m", "\u{1b}[32m", "\u{1b}[33m", "\u{1b}[1;31m"];

/// Our own colors are all that may be there besides text.
pub(crate) fn check_terminal(what: &str, out: &[u8]) -> String {
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

pub(crate) fn check_csv(what: &str, out: &[u8], columns: usize, rows: usize) {
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

pub(crate) fn consoles() -> Vec<(String, Console)> {
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

pub(crate) fn check(name: &str, console: &Console, out: &[u8], columns: usize, rows: usize) -> Vec<Value> {
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

/// All strings, so many at a time, with the words that find them again.
pub(crate) fn all_strings(size: usize, mut judge: impl FnMut(&str, &[String])) {
    let mut random = Random(SEED);
    for first in (0..STRINGS).step_by(size) {
        let texts: Vec<String> = (0..size).map(|_| random.text()).collect();
        judge(&format!("strings {first} and on of seed {SEED:#x}"), &texts);
    }
}

/// The same through a printer, in every form, a hundred at a time. `print` writes a row of so many columns for
/// each string; what it is for people is not counted.
pub(crate) fn every_form(columns: usize, mut print: impl FnMut(&mut Vec<u8>, &[String], &Console) -> usize) {
    let consoles = consoles();
    all_strings(BATCH, |batch, texts| {
        for (name, console) in &consoles {
            let mut out = Vec::new();
            let rows = print(&mut out, texts, console);
            check(&format!("{batch}, {name}"), console, &out, columns, rows);
        }
    });
}
