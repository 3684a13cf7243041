//! Hostile strings of a file through the input doctor, in every form it reads, with names of columns and of the
//! files themselves, and through both of its reports.

use std::fs;
use std::path::{Path, PathBuf};

use super::print;
use crate::error::Failure;
use crate::exit::Exit;
use crate::hostile::{all_strings, check, check_terminal, consoles};
use crate::input::{Given, Judged, judge};
use crate::output::Style;

/// As many as people see of a report.
const SHOWN: usize = 20;

/// What a file system takes as a name.
fn name(text: &str) -> String {
    let name: String = text.chars().filter(|c| !matches!(c, '/' | '\0')).take(50).collect();
    format!("f{name}")
}

/// The strings as lines, as cells, as names of columns, as JSON, and as keys of JSON.
fn files(folder: &Path, texts: &[String]) -> Vec<PathBuf> {
    let mut cells = csv::Writer::from_writer(Vec::new());
    cells.write_record(["label", "imei"]).unwrap();
    for text in texts {
        cells.write_record([text, text]).unwrap();
    }
    let mut columns = csv::Writer::from_writer(Vec::new());
    columns.write_record(texts).unwrap();
    columns.write_record(texts).unwrap();
    let keys: Vec<_> =
        texts.iter().map(|text| serde_json::json!({ text.as_str(): 1, "imei": text })).collect();
    let bare: Vec<_> = texts.iter().map(|text| serde_json::json!({ text.as_str(): text })).collect();
    let contents = [
        texts.join("\n").into_bytes(),
        cells.into_inner().unwrap(),
        columns.into_inner().unwrap(),
        serde_json::to_vec(texts).unwrap(),
        serde_json::to_vec(&keys).unwrap(),
        serde_json::to_vec(&bare).unwrap(),
    ];
    let write = |(number, (content, text)): (usize, (Vec<u8>, &String))| {
        let place = folder.join(number.to_string());
        fs::create_dir_all(&place).unwrap();
        let path = place.join(name(text));
        fs::write(&path, content).unwrap();
        path
    };
    contents.into_iter().zip(texts).enumerate().map(write).collect()
}

#[test]
fn no_hostile_string_gets_through() {
    // The report for people is no table, so its width does not matter.
    let mut consoles = consoles();
    consoles.retain(|(name, _)| !name.starts_with("Table Some"));
    all_strings(SHOWN, |batch, texts| {
        let folder = tempfile::tempdir().unwrap();
        let files = files(folder.path(), texts);
        let judge = |arguments: &[String], files: &[PathBuf], column: Option<&str>| {
            judge(Given { arguments, files, column, unchecked: false }).unwrap()
        };
        // Each file by itself, as only the first problems are shown to people; and all, so that each is named.
        let mut reports: Vec<Judged> =
            files.iter().map(|file| judge(&[], std::slice::from_ref(file), None)).collect();
        reports.push(judge(texts, &[], None));
        reports.push(judge(&[], &files, Some(&texts[0])));
        for (number, judged) in reports.into_iter().enumerate() {
            for (form, console) in &consoles {
                let what = format!("{batch}, report {number}, {form}");
                let mut out = Vec::new();
                print(&mut out, &judged, console).unwrap();
                check(&what, console, &out, 8, judged.report.len());
            }
            assert!(judged.imeis.is_empty() || !judged.report.is_empty(), "{batch}: none is an IMEI");
            let failure = Failure::new(Exit::Input, "input", texts[0].as_str()).problems(judged.report);
            for as_json in [false, true] {
                let mut out = Vec::new();
                failure.print(&mut out, as_json, Style::plain()).unwrap();
                check_terminal(batch, &out);
            }
        }
    });
}
