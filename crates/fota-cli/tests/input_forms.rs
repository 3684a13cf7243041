//! Every form in which IMEIs may be handed over, our own outputs among them; rows that are left out; and files
//! of a million rows.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

mod common;

use std::fmt::Write as _;
use std::fs::File;
use std::process::{Command, Stdio};

use common::{Home, fleet, fleet_imeis};

const A: &str = "352099001761481";
const B: &str = "353328110034566";

/// The devices of a dry run that reads `content`.
#[track_caller]
fn planned(home: &Home, content: impl AsRef<[u8]>, more: &[&str]) -> Vec<String> {
    let path = home.write("input", content);
    let arguments =
        ["--sandbox", "licenses", "assign", "--dry-run", "-o", "json", "--from", path.to_str().unwrap()];
    let done = home.fota(arguments.iter().chain(more)).expect(0);
    let devices = done.json()["devices"].as_array().unwrap().clone();
    devices.iter().map(|device| device["deviceId"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn every_form_is_read() {
    let home = Home::new();
    let utf16 = |text: &str, mark: bool| -> Vec<u8> {
        mark.then_some('\u{feff}')
            .into_iter()
            .chain(text.chars())
            .collect::<String>()
            .encode_utf16()
            .flat_map(u16::to_be_bytes)
            .collect()
    };
    let files: Vec<(Vec<u8>, &[&str])> = vec![
        (format!("{A}\n{B}\n").into(), &[]),
        (format!("{A}, # the first\n{B};\n").into(), &[]),
        (format!("sep=;\nlabel;imei\na;{A}\nb;{B}\n").into(), &[]),
        (format!("label|IMEI\na|{A}\nb|{B}").into(), &[]),
        (format!("label,imei\n\"two\nlines\",{A}\nb,{B}\n").into(), &[]),
        (format!("label,imei\na,{A},more\nb,{B}\n").into(), &[]),
        (utf16(&format!("imei\n{A}\n{B}\n"), true), &[]),
        (utf16(&format!("imei\n{A}\n{B}\n"), false), &[]),
        (format!("[\"{A}\", {B}]").into(), &[]),
        (format!("\u{feff}\n [\"{A}\",\n\"{B}\"]").into(), &[]),
        (format!("[{{\"label\": {{\"imei\": 1}}, \"IMEI\": \"{A}\"}}, {{\"Device ID\": {B}}}]").into(), &[]),
        (format!("{{\"esn\":\"{A}\"}}\n\n{{\"device\":\"{B}\"}}\n").into(), &[]),
        (format!("\"{A}\"\n\"{B}\"\n").into(), &[]),
        (format!("{{\"deviceIds\":[{{\"id\":\"{A}\",\"kind\":\"imei\"}},\n{{\"kind\":\"IMEI\",\"id\":\"{B}\"}}]}}").into(), &[]),
        (
            format!("{{\"devices\":[{{\"deviceIds\":[{{\"id\":\"89148000005339755555\",\"kind\":\"iccid\"}},{{\"id\":\"{A}\",\"kind\":\"imei\"}}]}},\n{{\"deviceId\":\"{B}\"}}]}}").into(),
            &[],
        ),
        (format!("{{\"accountName\":\"a\",\"deviceList\":[\"{A}\",\"{B}\"]}}").into(), &[]),
        (format!("{{\"fleet\":{{\"imei\":\"x\"}},\"modem\":\"{A}\",\"imei\":\"1\"}}\n{{\"Modem\":\"{B}\"}}").into(), &["--column", "modem"]),
        (format!("{{\"fleet\":[\"{A}\",\"{B}\"]}}").into(), &["--column", "fleet"]),
        (format!("[{{\"\\u0069mei\":\"{A}\"}},{{\"imei\":\"\\u0033{}\"}}]", &B[1..]).into(), &[]),
    ];
    for (file, more) in files {
        assert_eq!(planned(&home, &file, more), [A, B], "{}", String::from_utf8_lossy(&file));
    }
}

#[test]
fn our_own_outputs_are_input() {
    let home = Home::new();
    let fleet = fleet();
    let assign = ["--sandbox", "licenses", "assign", "--from", fleet.to_str().unwrap()];
    let mut wanted = fleet_imeis();
    wanted.sort_unstable();
    let check = |output: &str| {
        let mut devices = planned(&home, output, &[]);
        devices.sort_unstable();
        assert_eq!(devices, wanted, "{output}");
    };
    let failed = home.path().join("failed.csv");
    home.fota(assign.into_iter().chain(["--failed", failed.to_str().unwrap()])).expect(0);
    let head = std::fs::read_to_string(failed).unwrap();
    let rows: Vec<String> =
        wanted.iter().map(|imei| format!("{imei},refused,NotFound,\"no, not known\"\n")).collect();
    let rows = rows.concat();
    check(&format!("{head}{rows}"));
    for form in ["json", "jsonl", "csv"] {
        check(&home.fota(assign.into_iter().chain(["-o", form])).expect(0).stdout);
        let list = home.fota(["--sandbox", "licenses", "list", "-o", form]).expect(0).stdout;
        assert_eq!(planned(&home, &list, &["--unchecked"]).len(), wanted.len(), "{list}");
        check(&list);
    }
}

#[test]
fn bad_rows_are_left_out_when_asked() {
    let home = Home::new();
    let path = home.write("fleet", format!("imei,label\n{A},a\n35209900176148,b\n{B},c\n{A},d\n"));
    let arguments =
        ["--sandbox", "licenses", "assign", "--skip-invalid", "-o", "json", "--from", path.to_str().unwrap()];
    let done = home.fota(arguments).expect(0);
    assert_eq!(done.json()["applied"], 2);
    assert!(
        done.stderr.contains("  line 3: \"35209900176148\": 14 digits: the check digit is missing"),
        "{done:?}"
    );
    assert!(done.stderr.contains("  line 5: \"352099001761481\": the same IMEI as on line 2"), "{done:?}");
    let last = "2 bad values of the input skipped (--skip-invalid)\n";
    assert!(done.stderr.ends_with(last), "{done:?}");
    let quiet = home.fota(arguments.into_iter().chain(["--quiet"])).expect(0);
    assert_eq!(quiet.stderr, last);
    // Nothing to go on with, or nothing that could be told apart: as without the flag.
    for content in ["12\n", "[\"352099001761481\",\n", "serial,label\n1,2\n", "PK\u{3}\u{4}"] {
        home.write("fleet", content);
        let done = home.fota(arguments).expect(3);
        assert_eq!(done.error()["kind"], "input", "{content}");
        assert_eq!(done.stdout, "", "{content}");
    }
}

#[test]
fn unchecked_takes_what_the_service_may_list() {
    let home = Home::new();
    let odd = "35209900176148\n352099001761480\n3520990017614823\n";
    let path = home.write("odd", odd);
    let path = path.to_str().unwrap();
    home.fota(["imei", "check", path]).expect(3);
    home.fota(["imei", "check", path, "--unchecked"]).expect(0);
    assert_eq!(planned(&home, odd, &["--unchecked"]).len(), 3);
    home.write("odd", format!("{odd}1\n00000000000000\n{A}x\n"));
    let report = home.fota(["imei", "check", path, "--unchecked", "-o", "json"]).expect(3).json();
    assert_eq!((&report["imeis"], &report["bad"]), (&3.into(), &3.into()), "{report}");
}

#[test]
fn check_has_a_form_for_everyone() {
    let home = Home::new();
    let good = home.write("good.csv", format!("imei\n{A}\n{B}\n"));
    let bad = home.write("bad.csv", format!("imei\n{A}\n=1+1\n\"x,\u{1b}\"\n"));
    let (good, bad) = (good.to_str().unwrap(), bad.to_str().unwrap());
    let check = |more: &[&str], code| home.fota(["imei", "check"].iter().chain(more)).expect(code).stdout;
    assert_eq!(check(&[good], 0), "2 good IMEIs, no problem\n");
    assert_eq!(check(&[good, "-o", "jsonl"], 0), "");
    let head = "file,line,argument,code,value,reason,fix,suggestion\n";
    assert_eq!(check(&[good, "-o", "csv"], 0), head);
    let report = check(&["352099001761481", "35-209900-176148-1", good, bad], 3);
    for line in [
        "  argument 2: \"35-209900-176148-1\": a dash in it, at character 3\n",
        &format!("  {good} line 2: \"352099001761481\": the same IMEI as in argument 1\n"),
        &format!("  {bad} line 2: \"352099001761481\": the same IMEI as in argument 1\n"),
        &format!("  {bad} line 4: \"x,\\u{{1b}}\": U+001B in it"),
        &format!("\n{good}: 1 IMEI, 1 problem\n{bad}: 0 IMEIs, 3 problems\n"),
    ] {
        assert!(report.contains(line), "{line} in {report}");
    }
    assert!(
        report
            .ends_with("5 problems (1 dashes, 2 duplicate, 1 formula, 1 invisible), besides 2 good IMEIs\n"),
        "{report}"
    );
    let csv = check(&[bad, "-o", "csv"], 3);
    let rows: Vec<csv::StringRecord> =
        csv::Reader::from_reader(csv.as_bytes()).records().map(Result::unwrap).collect();
    assert_eq!(rows.len(), 2);
    assert_eq!((&rows[0][1], &rows[0][3], &rows[0][4]), ("3", "formula", "'=1+1"));
    let jsonl = check(&[bad, "-o", "jsonl"], 3);
    let rows: Vec<serde_json::Value> =
        jsonl.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!((rows.len(), &rows[1]["code"]), (2, &"invisible".into()));
    assert_eq!(rows[1]["value"], "x,\u{1b}");
    // All for machines, 20 for people.
    let many = home.fota_stdin(&["imei", "check", "-"], &"x\n".repeat(70)).expect(3);
    assert_eq!(many.stdout.matches("  line ").count(), 20);
    assert!(many.stdout.contains("\n  and 50 more; --output csv or json lists all\n"), "{many:?}");
    let many = home.fota_stdin(&["imei", "check", "-", "-o", "jsonl"], &"x\n".repeat(70)).expect(3);
    assert_eq!(many.stdout.lines().count(), 70);
    home.fota(["imei", "check", "-", "-"]).expect(2);
    home.fota(["imei", "check", "nowhere.csv"]).expect(2);
    home.fota(["imei", "check"]).expect(2);
}

#[test]
fn a_file_that_is_too_large_is_not_read() {
    let home = Home::new();
    let path = home.path().join("disk.img");
    File::create(&path).unwrap().set_len(3 << 30).unwrap();
    let done = home.fota(["imei", "check", path.to_str().unwrap()]).expect(3);
    assert!(done.stdout.contains("this is more than 512 MiB"), "{done:?}");
}

/// 15 digits with their check digit.
fn imei(number: u32) -> String {
    let body = format!("35{number:012}");
    let sum: u32 = body
        .bytes()
        .enumerate()
        .map(|(index, digit)| {
            let digit = u32::from(digit - b'0') * (1 + u32::try_from(index % 2).unwrap());
            digit / 10 + digit % 10
        })
        .sum();
    format!("{body}{}", (10 - sum % 10) % 10)
}

/// The check of a file under a limit of address space, which is more than the memory that is used: what it
/// printed, and its exit code.
#[cfg(target_os = "linux")]
fn limited(home: &Home, name: &str, mebibytes: u32) -> (Option<i32>, String) {
    let script = format!("ulimit -v {} && exec \"$0\" imei check {name}", mebibytes * 1024);
    let output = Command::new("sh")
        .args(["-c", &script, env!("CARGO_BIN_EXE_fota")])
        .current_dir(home.path())
        .stdin(Stdio::null())
        .output()
        .unwrap();
    assert!(output.stderr.is_empty(), "{}", String::from_utf8_lossy(&output.stderr));
    (output.status.code(), String::from_utf8(output.stdout).unwrap())
}

/// A million rows, all good or all bad, fit into 200 MiB; JSON is not held as a tree either.
#[test]
#[cfg(target_os = "linux")]
fn a_million_rows_fit_into_200_mib() {
    let home = Home::new();
    let write = |name: &str, head: &str, rows: u32, row: &dyn Fn(u32, &mut String)| {
        let mut text = head.to_owned();
        for number in 0..rows {
            row(number, &mut text);
        }
        home.write(name, text);
    };
    write("good.csv", "imei,label\n", 1_000_000, &|number, text| {
        writeln!(text, "{},truck {number}", imei(number)).unwrap();
    });
    let good = "1000000 good IMEIs, no problem\n".to_owned();
    assert_eq!(limited(&home, "good.csv", 200), (Some(0), good));
    write("bad.csv", "imei,label\n", 1_000_000, &|number, text| {
        writeln!(text, "35 {number:012},truck {number}").unwrap();
    });
    let (code, stdout) = limited(&home, "bad.csv", 200);
    assert_eq!(code, Some(3));
    let last = "1000000 problems (1000000 spaces), besides 0 good IMEIs\n";
    assert!(stdout.ends_with(last), "{stdout}");
    write("good.jsonl", "", 200_000, &|number, text| {
        writeln!(text, "{{\"deviceId\":\"{}\",\"label\":\"truck {number}\"}}", imei(number)).unwrap();
    });
    let good = "200000 good IMEIs, no problem\n".to_owned();
    assert_eq!(limited(&home, "good.jsonl", 60), (Some(0), good));
}
