//! The plan and the result of a sync on stdout. The JSON form is that of a change, with the plan's numbers.

use std::io::{self, Write};

use fota_core::bulk::{Action, Counts, Outcome};
use serde::Serialize;

use super::super::usage::Pool;
use super::apply::{Device, counts};
use super::plan::Planning;
use crate::journal::Planned;
use crate::output::{Column, Console, Format, Style, json};

/// All that is told about a sync.
#[derive(Debug)]
pub(super) struct View<'a> {
    pub(super) account: &'a str,
    pub(super) plan: &'a Planned,
    pub(super) devices: &'a [Device],
    pub(super) after: Pool,
    /// Whether the account is as the file says, by a list that was read after the last change; `None` where
    /// nobody looked.
    pub(super) in_sync: Option<bool>,
}

/// A finished sync.
pub(super) fn print<W: Write>(mut out: W, view: &View<'_>, console: &Console) -> io::Result<()> {
    let View { account, plan, devices, after, in_sync } = *view;
    let counts = counts(devices);
    let rows = devices.iter().map(Row::of);
    if console.format == Format::Json {
        let document = Document::new(account, false, in_sync, &counts, after, plan, rows.collect());
        return print_json(&mut out, &document);
    }
    let mut out = print_rows(out, rows, console)?;
    if console.format == Format::Table {
        if devices.is_empty() {
            writeln!(out, "pool now: {after}")?;
        } else {
            writeln!(out)?;
            writeln!(out, "pool before: {}", plan.pool())?;
            writeln!(out, "pool after:  {after}")?;
            if let Some(bar) = after.bar(console, 13) {
                writeln!(out, "             {bar}")?;
            }
        }
        writeln!(out, "{}", summary(view, &counts, console.style))?;
    }
    out.flush()
}

/// What a sync would do, in the shape of the sync itself, with the outcome `planned`.
pub(super) fn print_plan<W: Write>(
    mut out: W,
    planning: &Planning,
    account: &str,
    console: &Console,
) -> io::Result<()> {
    let Planning { plan, numbers } = planning;
    let removals = plan.remove.iter().map(|id| (id, Action::Remove));
    let changes = removals.chain(plan.assign.iter().map(|id| (id, Action::Assign)));
    let rows = changes.map(|(id, action)| Row {
        device_id: id.to_string(),
        action: action.as_str(),
        outcome: "planned",
        status: None,
        reason: None,
        word: "planned",
    });
    if console.format == Format::Json {
        let in_sync = Some(plan.is_empty());
        let (counts, pool) = (Counts::default(), numbers.pool());
        let document = Document::new(account, true, in_sync, &counts, pool, numbers, rows.collect());
        return print_json(&mut out, &document);
    }
    let mut out = print_rows(out, rows, console)?;
    if console.format == Format::Table {
        if !plan.is_empty() {
            writeln!(out)?;
        }
        writeln!(out, "pool now: {}{}", numbers.pool(), numbers.arithmetic())?;
        if let Some(bar) = numbers.pool().bar(console, 10) {
            writeln!(out, "          {bar}")?;
        }
        writeln!(out, "{}; nothing was changed (--dry-run)", numbers.changes())?;
    }
    out.flush()
}

fn print_json(out: &mut impl Write, document: &Document<'_>) -> io::Result<()> {
    json::write(out, document)?;
    out.write_all(b"\n")?;
    out.flush()
}

fn print_rows<W: Write>(out: W, devices: impl Iterator<Item = Row>, console: &Console) -> io::Result<W> {
    let style = console.style;
    let table = console.format == Format::Table;
    let mut rows = console.rows(out, if table { TABLE } else { CSV });
    for row in devices {
        let (status, reason) =
            (row.status.as_deref().unwrap_or_default(), row.reason.as_deref().unwrap_or_default());
        if table {
            let why = match (reason, status) {
                ("", status) => status.to_owned(),
                (reason, "") => reason.to_owned(),
                (reason, status) => format!("{reason} ({status})"),
            };
            let outcome = row.outcome;
            let mark = |cell, text: String| match (cell, outcome) {
                (2, "applied") => style.good(text),
                (2, "refused" | "unresolved") => style.bad(text),
                (2, "notAttempted") => style.warn(text),
                _ => text,
            };
            rows.row(&row, &[&row.device_id, row.action, row.word, &why], mark)?;
        } else {
            let cells = [&row.device_id, row.action, row.outcome, status, reason];
            rows.row(&row, &cells, |_, text| text)?;
        }
    }
    rows.finish()
}

const TABLE: &[Column] = &[
    Column { field: "deviceId", title: "DEVICE", width: 16 },
    Column { field: "action", title: "CHANGE", width: 6 },
    Column { field: "outcome", title: "OUTCOME", width: 13 },
    Column { field: "reason", title: "REASON", width: 0 },
];

const CSV: &[Column] = &[
    Column { field: "deviceId", title: "", width: 0 },
    Column { field: "action", title: "", width: 0 },
    Column { field: "outcome", title: "", width: 0 },
    Column { field: "status", title: "", width: 0 },
    Column { field: "reason", title: "", width: 0 },
];

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Row {
    device_id: String,
    action: &'static str,
    outcome: &'static str,
    status: Option<String>,
    reason: Option<String>,
    /// The outcome for people.
    #[serde(skip)]
    word: &'static str,
}

impl Row {
    fn of(device: &Device) -> Self {
        let (status, reason) = match &device.outcome {
            Outcome::Refused { status, reason } => (Some(status.clone()), reason.clone()),
            _ if device.held => (None, Some("no license was left for it; nothing was sent".to_owned())),
            _ => (None, None),
        };
        Row {
            device_id: device.id.to_string(),
            action: device.action.as_str(),
            outcome: device.outcome.as_str(),
            status,
            reason,
            word: match (&device.outcome, device.action) {
                (Outcome::Applied, Action::Assign) => "assigned",
                (Outcome::Applied, Action::Remove) => "removed",
                (Outcome::Already, Action::Assign) => "had one",
                (Outcome::Already, Action::Remove) => "had none",
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
    in_sync: Option<bool>,
    requested: usize,
    applied: usize,
    already: usize,
    refused: usize,
    unresolved: usize,
    not_attempted: usize,
    total_licenses: Option<u64>,
    assigned_licenses: Option<u64>,
    plan: PlanView,
    devices: Vec<Row>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct PlanView {
    #[serde(flatten)]
    numbers: Planned,
    /// Before the plan.
    free_licenses: Option<u64>,
    short_by: Option<u64>,
}

impl<'a> Document<'a> {
    fn new(
        account: &'a str,
        dry_run: bool,
        in_sync: Option<bool>,
        counts: &Counts,
        pool: Pool,
        plan: &Planned,
        devices: Vec<Row>,
    ) -> Self {
        Document {
            account_name: account,
            dry_run,
            in_sync,
            requested: devices.len(),
            applied: counts.applied,
            already: counts.already,
            refused: counts.refused,
            unresolved: counts.unresolved,
            not_attempted: counts.not_attempted,
            total_licenses: pool.total,
            assigned_licenses: pool.assigned,
            plan: PlanView { numbers: *plan, free_licenses: plan.pool().free(), short_by: plan.short_by() },
            devices,
        }
    }
}

/// The line that matters most.
fn summary(view: &View<'_>, counts: &Counts, style: Style) -> String {
    let applied = |action| {
        let is_applied = |device: &&Device| device.action == action && device.outcome == Outcome::Applied;
        view.devices.iter().filter(is_applied).count()
    };
    let parts = [
        (applied(Action::Assign), "assigned"),
        (applied(Action::Remove), "removed"),
        (counts.already, "as wanted already"),
        (counts.refused, "refused"),
        (counts.unresolved, "unresolved"),
        (counts.not_attempted, "not attempted"),
    ];
    let told: Vec<_> =
        parts.iter().filter(|(count, _)| *count > 0).map(|(count, word)| format!("{count} {word}")).collect();
    let told = if told.is_empty() { "nothing to change".to_owned() } else { told.join(", ") };
    match view.in_sync {
        Some(true) => {
            let licensed = match view.plan.wanted {
                0 => "no device is to have a license, and none has".to_owned(),
                1 => "the device of the file has its license".to_owned(),
                count => format!("the {count} devices of the file have their licenses"),
            };
            style.good(format!("{told}; in sync: {licensed}"))
        }
        Some(false) => style.bad(format!("{told}; not in sync")),
        None if counts.refused + counts.unresolved + counts.not_attempted > 0 => style.bad(told),
        None => style.good(told),
    }
}
