//! `--failed FILE`: the devices that were not changed, as input for another run.

use std::fs::File;
use std::io::{self, BufWriter, Write as _};
use std::path::Path;

use fota_core::bulk::{Action, Outcome, Report};
use fota_core::models::DeviceId;

use crate::error::Failure;
use crate::exit::Exit;
use crate::output::{Column, Format, Rows, Style};

/// Writes the refused and unresolved devices; a file with its head alone when there are none.
pub(super) fn write(path: &Path, report: &Report) -> Result<(), Failure> {
    let devices = report.devices.iter().map(|device| (&device.device_id, None, &device.outcome));
    write_rows(path, &COLUMNS, devices)
}

/// The same for devices with an action each.
pub(super) fn write_sync<'a>(
    path: &Path,
    devices: impl Iterator<Item = (&'a DeviceId, Action, &'a Outcome)>,
) -> Result<(), Failure> {
    write_rows(path, &SYNC_COLUMNS, devices.map(|(id, action, outcome)| (id, Some(action), outcome)))
}

const IMEI: Column = Column { field: "imei", title: "", width: 0 };
const ACTION: Column = Column { field: "action", title: "", width: 0 };
const OUTCOME: Column = Column { field: "outcome", title: "", width: 0 };
const STATUS: Column = Column { field: "status", title: "", width: 0 };
const REASON: Column = Column { field: "reason", title: "", width: 0 };
const COLUMNS: [Column; 4] = [IMEI, OUTCOME, STATUS, REASON];
const SYNC_COLUMNS: [Column; 5] = [IMEI, ACTION, OUTCOME, STATUS, REASON];

fn write_rows<'a>(
    path: &Path,
    columns: &[Column],
    devices: impl Iterator<Item = (&'a DeviceId, Option<Action>, &'a Outcome)>,
) -> Result<(), Failure> {
    rows(path, columns, devices).map_err(|error| {
        Failure::new(Exit::Unexpected, "output", format!("cannot write --failed {}: {error}", path.display()))
            .hint("the run itself is over; its outcomes are in its journal")
    })
}

fn rows<'a>(
    path: &Path,
    columns: &[Column],
    devices: impl Iterator<Item = (&'a DeviceId, Option<Action>, &'a Outcome)>,
) -> io::Result<()> {
    let mut rows = Rows::new(BufWriter::new(File::create(path)?), Format::Csv, Style::plain(), columns);
    for (id, action, outcome) in devices {
        let (status, reason) = match outcome {
            Outcome::Refused { status, reason } => (status.as_str(), reason.as_deref().unwrap_or_default()),
            Outcome::Unresolved => ("", ""),
            _ => continue,
        };
        let id = id.text();
        let mut cells = vec![&*id];
        cells.extend(action.map(Action::as_str));
        cells.extend([outcome.as_str(), status, reason]);
        rows.row(&(), &cells, |_, text| text)?;
    }
    rows.finish()?.flush()
}
