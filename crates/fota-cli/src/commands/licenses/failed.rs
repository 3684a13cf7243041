//! `--failed FILE`: the devices that were not changed, as input for another run.

use std::fs::File;
use std::io::{self, BufWriter, Write as _};
use std::path::Path;

use fota_core::bulk::{Outcome, Report};

use crate::error::Failure;
use crate::exit::Exit;
use crate::output::{Column, Format, Rows, Style};

const COLUMNS: &[Column] = &[
    Column { field: "imei", title: "", width: 0 },
    Column { field: "outcome", title: "", width: 0 },
    Column { field: "status", title: "", width: 0 },
    Column { field: "reason", title: "", width: 0 },
];

/// Writes the refused and unresolved devices; a file with its head alone when there are none.
pub(super) fn write(path: &Path, report: &Report) -> Result<(), Failure> {
    rows(path, report).map_err(|error| {
        Failure::new(Exit::Unexpected, "output", format!("cannot write --failed {}: {error}", path.display()))
            .hint("the run itself is over; its outcomes are in its journal")
    })
}

fn rows(path: &Path, report: &Report) -> io::Result<()> {
    let mut rows = Rows::new(BufWriter::new(File::create(path)?), Format::Csv, Style::plain(), COLUMNS);
    for device in &report.devices {
        let (status, reason) = match &device.outcome {
            Outcome::Refused { status, reason } => (status.as_str(), reason.as_deref().unwrap_or_default()),
            Outcome::Unresolved => ("", ""),
            _ => continue,
        };
        rows.row(&(), &[&device.device_id.text(), device.outcome.as_str(), status, reason], |_, text| text)?;
    }
    rows.finish()?.flush()
}
