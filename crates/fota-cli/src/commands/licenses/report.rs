//! What became of each device, and of the pool.

use std::io::{self, Write};

use fota_core::bulk::{Action, Counts, DeviceReport, Outcome, Report};
use fota_core::models::DeviceId;
use serde::Serialize;

use super::journaled::counted;
use super::usage::Pool;
use crate::output::{Column, Console, Format, Style, json};

/// All that is told about a change.
#[derive(Debug)]
pub(super) struct View<'a> {
    pub(super) report: &'a Report,
    pub(super) account: &'a str,
    pub(super) before: Pool,
    pub(super) after: Pool,
}

/// A finished change on stdout.
pub(super) fn print<W: Write>(mut out: W, view: &View<'_>, console: &Console) -> io::Result<()> {
    let View { report, account, before, after } = view;
    let rows = report.devices.iter().map(|device| Row::of(device, report.action));
    let counts = report.counts();
    if console.format == Format::Json {
        json::write(&mut out, &Document::new(account, false, &counts, *after, rows.collect()))?;
        out.write_all(b"\n")?;
        return out.flush();
    }
    let mut out = print_rows(out, rows, console)?;
    if console.format == Format::Table {
        writeln!(out)?;
        writeln!(out, "pool before: {before}")?;
        writeln!(out, "pool after:  {after}")?;
        if let Some(bar) = after.bar(console, 13) {
            writeln!(out, "             {bar}")?;
        }
        writeln!(out, "{}", summary(report.action, &counts, report.devices.len(), console.style))?;
    }
    out.flush()
}

/// What a change would do, on stdout. The shape is that of the change itself, with the outcome `planned`.
pub(super) fn print_plan<W: Write>(
    mut out: W,
    devices: &[DeviceId],
    account: &str,
    pool: Pool,
    console: &Console,
) -> io::Result<()> {
    let rows = devices.iter().map(|device| Row {
        device_id: device.to_string(),
        outcome: "planned",
        status: None,
        reason: None,
        word: "planned",
    });
    if console.format == Format::Json {
        json::write(&mut out, &Document::new(account, true, &Counts::default(), pool, rows.collect()))?;
        out.write_all(b"\n")?;
        return out.flush();
    }
    let mut out = print_rows(out, rows, console)?;
    if console.format == Format::Table {
        writeln!(out)?;
        writeln!(out, "pool now: {pool}")?;
        if let Some(bar) = pool.bar(console, 10) {
            writeln!(out, "          {bar}")?;
        }
        writeln!(out, "{}, nothing was changed (--dry-run)", counted(devices.len(), "device"))?;
    }
    out.flush()
}

fn print_rows<W: Write>(out: W, devices: impl Iterator<Item = Row>, console: &Console) -> io::Result<W> {
    let style = console.style;
    let table = console.format == Format::Table;
    let columns = if table { TABLE } else { CSV };
    let mut rows = console.rows(out, columns);
    for row in devices {
        let (status, reason) =
            (row.status.as_deref().unwrap_or_default(), row.reason.as_deref().unwrap_or_default());
        if table {
            let why = if reason.is_empty() { status.to_owned() } else { format!("{reason} ({status})") };
            let outcome = row.outcome;
            let mark = |cell, text: String| match (cell, outcome) {
                (1, "applied") => style.good(text),
                (1, "refused" | "unresolved") => style.bad(text),
                (1, "notAttempted") => style.warn(text),
                _ => text,
            };
            rows.row(&row, &[&row.device_id, row.word, &why], mark)?;
        } else {
            rows.row(&row, &[&row.device_id, row.outcome, status, reason], |_, text| text)?;
        }
    }
    rows.finish()
}

const TABLE: &[Column] = &[
    Column { field: "deviceId", title: "DEVICE", width: 16 },
    Column { field: "outcome", title: "OUTCOME", width: 13 },
    Column { field: "reason", title: "REASON", width: 0 },
];

const CSV: &[Column] = &[
    Column { field: "deviceId", title: "", width: 0 },
    Column { field: "outcome", title: "", width: 0 },
    Column { field: "status", title: "", width: 0 },
    Column { field: "reason", title: "", width: 0 },
];

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Row {
    device_id: String,
    outcome: &'static str,
    status: Option<String>,
    reason: Option<String>,
    /// The outcome for people.
    #[serde(skip)]
    word: &'static str,
}

impl Row {
    fn of(device: &DeviceReport, action: Action) -> Self {
        let (status, reason) = match &device.outcome {
            Outcome::Refused { status, reason } => (Some(status.clone()), reason.clone()),
            _ => (None, None),
        };
        Row {
            device_id: device.device_id.to_string(),
            outcome: device.outcome.as_str(),
            status,
            reason,
            word: match (&device.outcome, action) {
                (Outcome::Applied, Action::Assign) => "assigned",
                (Outcome::Applied, Action::Remove) => "removed",
                (Outcome::Already, _) => "had one",
                (Outcome::NotAttempted, _) => "not attempted",
                (outcome, _) => outcome.as_str(),
            },
        }
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Document<'a> {
    account_name: &'a str,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    dry_run: bool,
    requested: usize,
    applied: usize,
    already: usize,
    refused: usize,
    unresolved: usize,
    not_attempted: usize,
    total_licenses: Option<u64>,
    assigned_licenses: Option<u64>,
    devices: Vec<Row>,
}

impl<'a> Document<'a> {
    fn new(account: &'a str, dry_run: bool, counts: &Counts, pool: Pool, devices: Vec<Row>) -> Self {
        Document {
            account_name: account,
            dry_run,
            requested: devices.len(),
            applied: counts.applied,
            already: counts.already,
            refused: counts.refused,
            unresolved: counts.unresolved,
            not_attempted: counts.not_attempted,
            total_licenses: pool.total,
            assigned_licenses: pool.assigned,
            devices,
        }
    }
}

/// The line that matters most.
fn summary(action: Action, counts: &Counts, all: usize, style: Style) -> String {
    let applied = match action {
        Action::Assign => "assigned",
        Action::Remove => "removed",
    };
    let parts = [
        (counts.already, "had one already"),
        (counts.refused, "refused"),
        (counts.unresolved, "unresolved"),
        (counts.not_attempted, "not attempted"),
    ];
    if counts.applied == all {
        return style.good(format!("{}, all {applied}", counted(all, "device")));
    }
    let others =
        parts.iter().filter(|(count, _)| *count > 0).map(|(count, word)| format!(", {count} {word}"));
    let text =
        format!("{}: {} {applied}{}", counted(all, "device"), counts.applied, others.collect::<String>());
    if counts.applied + counts.already == all { style.good(text) } else { style.bad(text) }
}
