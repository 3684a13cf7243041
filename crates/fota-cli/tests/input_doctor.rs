//! More than a hundred hostile files: the exact report, exit 3, and not one connection.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

mod common;

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::net::TcpListener;
use std::path::Path;

use common::Home;
use serde_json::Value;

/// One section of the table.
#[derive(Debug, Default)]
struct Case {
    name: String,
    column: Option<String>,
    file: Vec<u8>,
    good: usize,
    /// Place, value and reason; fix; code and suggestion.
    problems: Vec<[String; 3]>,
}

fn cases() -> Vec<Case> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/hostile/inputs.txt");
    let text = std::fs::read_to_string(path).unwrap();
    text.split("\n=== ").skip(1).map(Case::read).collect()
}

impl Case {
    fn read(section: &str) -> Self {
        let (name, rest) = section.split_once('\n').unwrap();
        let (name, column) = match name.split_once(" | --column ") {
            Some((name, column)) => (name, Some(column.to_owned())),
            None => (name, None),
        };
        let (file, report) =
            format!("\n{rest}").split_once("\n--- ").map(|(a, b)| (a.to_owned(), b.to_owned())).unwrap();
        let file = file.strip_prefix('\n').map(|file| bytes(&format!("{file}\n"))).unwrap_or_default();
        let (good, report) = report.split_once(" good\n").unwrap();
        let lines: Vec<&str> = report.lines().filter(|line| !line.is_empty()).collect();
        let problems = lines.chunks(3).map(|lines| [0, 1, 2].map(|n: usize| lines[n].to_owned())).collect();
        Case { name: name.to_owned(), column, file, good: good.parse().unwrap(), problems }
    }

    fn columns(&self) -> Vec<&str> {
        self.column.iter().flat_map(|column| ["--column", column]).collect()
    }
}

/// The bytes behind the escapes of the table.
fn bytes(text: &str) -> Vec<u8> {
    let mut out = Vec::new();
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        let after = &rest[c.len_utf8()..];
        rest = if let Some((inner, count, after)) = repeated(rest) {
            out.extend(bytes(inner).repeat(count));
            after
        } else if c != '\\' {
            out.extend(c.to_string().bytes());
            after
        } else if let Some(after) = after.strip_prefix("c\n") {
            after
        } else if let Some(after) = after.strip_prefix("u{") {
            let (code, after) = after.split_once('}').unwrap();
            let c = char::from_u32(u32::from_str_radix(code, 16).unwrap()).unwrap();
            out.extend(c.to_string().bytes());
            after
        } else if let Some(after) = after.strip_prefix('x') {
            out.push(u8::from_str_radix(&after[..2], 16).unwrap());
            &after[2..]
        } else {
            out.push(match after.as_bytes()[0] {
                b'r' => b'\r',
                b't' => b'\t',
                b'\\' => b'\\',
                other => panic!("\\{} in the table", char::from(other)),
            });
            &after[1..]
        };
    }
    out
}

/// `{text*3}` and what is behind it.
fn repeated(text: &str) -> Option<(&str, usize, &str)> {
    let (inner, after) = text.strip_prefix('{')?.split_once('}')?;
    let (inner, count) = inner.rsplit_once('*')?;
    Some((inner, count.parse().ok()?, after))
}

fn counted(count: usize, noun: &str) -> String {
    format!("{count} {noun}{}", if count == 1 { "" } else { "s" })
}

#[test]
fn every_hostile_file_gets_its_exact_report_and_sends_nothing() {
    let cases = cases();
    assert!(cases.len() >= 100, "{}", cases.len());
    let home = Home::new();
    let server = TcpListener::bind("127.0.0.1:0").unwrap();
    server.set_nonblocking(true).unwrap();
    let base_url = format!("http://{}", server.local_addr().unwrap());
    for case in &cases {
        let path = home.write("fleet", &case.file);
        let file = path.to_str().unwrap();
        let mut expected = String::new();
        for [problem, fix, _] in &case.problems {
            writeln!(expected, "{}\n{fix}", problem.replace("FILE", file)).unwrap();
        }
        writeln!(
            expected,
            "error: {} in {file}, besides {}; nothing was sent",
            counted(case.problems.len(), "problem"),
            counted(case.good, "good value")
        )
        .unwrap();
        for verb in ["assign", "remove"] {
            let output = home
                .command()
                .envs([("FOTA_ACCOUNT", "0000123456-00001"), ("FOTA_BASE_URL", &base_url)])
                .envs([("FOTA_CLIENT_ID", "id"), ("FOTA_CLIENT_SECRET", "secret")])
                .envs([("FOTA_USERNAME", "user"), ("FOTA_PASSWORD", "password")])
                .args(["licenses", verb, "--yes", "--from", file])
                .args(case.columns())
                .output()
                .unwrap();
            let stderr = String::from_utf8(output.stderr).unwrap();
            let (report, hint) = stderr.trim_end().rsplit_once('\n').unwrap();
            assert_eq!(format!("{report}\n"), expected, "{}", case.name);
            assert!(hint.starts_with("hint: correct the "), "{}: {hint}", case.name);
            assert_eq!((output.status.code(), output.stdout.len()), (Some(3), 0), "{}", case.name);
        }
    }
    let accepted = server.accept();
    assert_eq!(accepted.unwrap_err().kind(), std::io::ErrorKind::WouldBlock, "a connection was made");
}

#[test]
fn check_tells_the_same_as_data() {
    let home = Home::new();
    let mut suggestions = Vec::new();
    for case in &cases() {
        let path = home.write("fleet", &case.file);
        let arguments = ["imei", "check", "-o", "json", path.to_str().unwrap()];
        let done = home.fota(arguments.into_iter().chain(case.columns())).expect(3);
        assert_eq!(done.stderr, "", "{}", case.name);
        let report = done.json();
        assert_eq!(report["valid"], false);
        assert_eq!(report["imeis"], case.good, "{}", case.name);
        assert_eq!(report["bad"], case.problems.len(), "{}", case.name);
        assert_eq!(report["files"][0]["bad"], case.problems.len(), "{}", case.name);
        let problems = report["problems"].as_array().unwrap();
        assert_eq!(problems.len(), case.problems.len(), "{}", case.name);
        for (problem, [place, fix, last]) in problems.iter().zip(&case.problems) {
            let (code, suggestion) = match last.trim().split_once(" -> ") {
                Some((code, imei)) => (code, Value::from(imei)),
                None => (last.trim(), Value::Null),
            };
            assert_eq!(
                (&problem["code"], &problem["suggestion"]),
                (&Value::from(code), &suggestion),
                "{}",
                case.name
            );
            assert_eq!(problem["fix"], fix.trim(), "{}", case.name);
            assert!(place.contains(problem["reason"].as_str().unwrap()), "{}: {problem}", case.name);
            match problem["line"].as_u64() {
                Some(line) => {
                    assert!(place.starts_with(&format!("  line {line}: ")), "{}: {place}", case.name);
                }
                None => assert!(place.starts_with("  FILE: "), "{}: {place}", case.name),
            }
            assert!(report["reasons"][code].as_u64().unwrap() > 0);
            suggestions.extend(suggestion.as_str().map(str::to_owned));
        }
    }
    suggestions.sort_unstable();
    suggestions.dedup();
    assert!(suggestions.len() >= 2, "{suggestions:?}");
    let arguments = ["imei", "check"].into_iter().chain(suggestions.iter().map(String::as_str));
    home.fota(arguments).expect(0);
}

#[test]
fn every_code_is_met_and_documented() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let schema = std::fs::read_to_string(root.join("schemas/imei-check.schema.json")).unwrap();
    let schema: Value = serde_json::from_str(&schema).unwrap();
    let named: BTreeSet<&str> = schema["$defs"]["code"]["enum"]
        .as_array()
        .unwrap()
        .iter()
        .map(|code| code.as_str().unwrap())
        .collect();
    let cases = cases();
    let last = cases.iter().flat_map(|case| &case.problems).map(|[_, _, last]| last.trim());
    let mut met: BTreeSet<&str> = last.map(|last| last.split(" -> ").next().unwrap()).collect();
    // Its file would be half a gigabyte; tests/input_forms.rs has it.
    met.insert("tooLarge");
    assert_eq!(met, named);
    let guide = std::fs::read_to_string(root.join("../../docs/input.md")).unwrap();
    let told: BTreeSet<&str> = guide
        .lines()
        .filter(|line| line.starts_with("| `"))
        .flat_map(|line| line.split('|').nth(1).unwrap().split('`').skip(1).step_by(2))
        .collect();
    assert_eq!(told, named);
}
