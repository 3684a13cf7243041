//! Hostile strings of a server through the printers of licenses and errors.

use fota_core::bulk::{Action, Event, Outcome, Run};
use fota_core::models::{AccountName, DeviceId, LicensedDevice};
use serde_json::Value;

use super::usage::{self, Pool};
use super::{failed, list, report};
use crate::args::Color;
use crate::error::Failure;
use crate::exit::Exit;
use crate::hostile::{BATCH, all_strings, check, check_csv, check_terminal, consoles, every_form};
use crate::output::{Console, Format, Layout, Style};

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
    let consoles = consoles();
    all_strings(BATCH, |batch, texts| {
        for (name, console) in &consoles {
            list_and_change(&format!("{batch}, {name}"), console, texts);
        }
        for text in texts {
            one(batch, text);
        }
    });
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

/// What would be changed, and the file of what was not.
#[test]
fn plans_and_failed_devices() {
    let file = tempfile::NamedTempFile::new().unwrap();
    every_form(4, |out, texts, console| {
        let ids: Vec<DeviceId> = texts.iter().map(|text| DeviceId::from(text.clone())).collect();
        let pool = Pool { total: Some(100), assigned: Some(7) };
        report::print_plan(out, &ids, &texts[0], pool, console).unwrap();
        texts.len()
    });
    all_strings(BATCH, |batch, texts| {
        failed::write(file.path(), &refused(texts).report()).unwrap();
        check_csv(batch, &std::fs::read(file.path()).unwrap(), 4, texts.len());
    });
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
