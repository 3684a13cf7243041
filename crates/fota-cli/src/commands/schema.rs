//! `fota schema`: the JSON Schemas of everything that is printed as JSON, for who has the program alone.

use std::io::{self, Write as _};

use serde::{Deserialize, Serialize};

use crate::args::Schema;
use crate::error::Failure;
use crate::exit::Exit;
use crate::output::{Column, Console, stdout, still_read};

macro_rules! schemas {
    ($($name:literal),* $(,)?) => {
        &[$(($name, include_str!(concat!("../../schemas/", $name, ".schema.json")))),*]
    };
}

/// By name. `tests/schemas.rs` holds this list against the folder, and each schema against real output.
const SCHEMAS: &[(&str, &str)] = schemas![
    "auth-login",
    "auth-logout",
    "auth-reset-guard",
    "auth-status",
    "change",
    "config-explain",
    "config-path",
    "doctor",
    "emulator",
    "error",
    "imei-check",
    "list",
    "plan",
    "runs",
    "schemas",
    "sync",
    "usage",
];

const COLUMNS: &[Column] = &[
    Column { field: "name", title: "NAME", width: 16 },
    Column { field: "id", title: "ID", width: 36 },
    Column { field: "command", title: "OUTPUT OF", width: 0 },
];

/// What a schema says about itself.
#[derive(Deserialize)]
struct Head<'a> {
    #[serde(rename = "$id")]
    id: &'a str,
    title: &'a str,
}

#[derive(Serialize)]
struct Row<'a> {
    name: &'a str,
    id: &'a str,
    command: &'a str,
}

/// One schema as it is, or the list of all.
pub(super) fn run(command: &Schema, console: &Console) -> Result<Exit, Failure> {
    let printed = match &command.name {
        None => list(console),
        Some(name) => {
            let (_, text) = SCHEMAS.iter().find(|(known, _)| known == name).ok_or_else(|| {
                Failure::usage(format!("there is no schema {name:?}")).hint("fota schema lists them")
            })?;
            let mut out = stdout();
            out.write_all(text.as_bytes()).and_then(|()| out.flush())
        }
    };
    still_read(printed)?;
    Ok(Exit::Done)
}

fn list(console: &Console) -> io::Result<()> {
    let mut rows = console.rows(stdout(), COLUMNS);
    for (name, text) in SCHEMAS {
        let head: Head<'_> = serde_json::from_str(text)?;
        let row = Row { name, id: head.id, command: head.title };
        rows.row(&row, &[name, head.id, head.title], |_, text| text)?;
    }
    rows.finish()?.flush()
}
