//! `fota licenses list`: printed page by page, so that an account of any size needs no memory.

use std::io::{self, Write as _};

use fota_core::models::LicensedDevice;
use serde::Serialize;

use super::walk::{Known, walk};
use crate::args::List;
use crate::connection::Connection;
use crate::error::Failure;
use crate::exit::Exit;
use crate::output::{Column, Console, Format, Rows, stdout, still_read};
use crate::settings::Environment;

pub(super) async fn run(
    command: &List,
    connection: &Connection,
    environment: &Environment,
    console: &Console,
) -> Result<Exit, Failure> {
    let known = if command.sequential { Known::Nothing } else { Known::LastListing };
    let mut list = walk(connection, environment, known);
    let mut rows = console.rows(stdout(), &COLUMNS);
    let mut meter = console.meter("devices", None);
    let mut count = 0;
    while let Some(page) = list.next_page().await {
        let page = page.inspect_err(|_| {
            // What was printed so far is data; it stays, without the end that would make it complete.
            console.end_progress();
            let _ = rows.flush();
        })?;
        console.end_progress();
        let printed = page.iter().try_for_each(|device| print(&mut rows, device)).and_then(|()| rows.flush());
        if !still_read(printed)? {
            return Ok(Exit::Done);
        }
        count += page.len();
        meter.at(count);
    }
    console.end_progress();
    if still_read(rows.finish().and_then(|mut out| out.flush()))? && console.format == Format::Table {
        match count {
            0 => console.note("no device holds a license"),
            1 => console.note("1 device holds a license"),
            _ => console.note(format_args!("{count} devices hold a license")),
        }
    }
    Ok(Exit::Done)
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Row<'a> {
    device_id: &'a str,
    assignment_time: Option<&'a str>,
}

pub(super) const COLUMNS: [Column; 2] = [
    Column { field: "deviceId", title: "DEVICE", width: 16 },
    Column { field: "assignmentTime", title: "ASSIGNED", width: 0 },
];

pub(super) fn print(rows: &mut Rows<'_, impl io::Write>, device: &LicensedDevice) -> io::Result<()> {
    let id = device.device_id.text();
    let time = device.assignment_time.as_ref().filter(|time| time.is_set()).map(ToString::to_string);
    let row = Row { device_id: &id, assignment_time: time.as_deref() };
    rows.row(&row, &[&id, time.as_deref().unwrap_or_default()], |_, text| text)
}
