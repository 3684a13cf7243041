//! `fota runs`: the bulk changes of this machine.

use std::io::{self, Write};

use serde::Serialize;

use crate::error::Failure;
use crate::exit::Exit;
use crate::journal::{Entry, Job, Store};
use crate::output::{Column, Console, stdout, still_read};
use crate::settings::Environment;

const COLUMNS: &[Column] = &[
    Column { field: "run", title: "RUN", width: 34 },
    Column { field: "action", title: "ACTION", width: 6 },
    Column { field: "accountName", title: "ACCOUNT", width: 16 },
    Column { field: "known", title: "KNOWN", width: 7 },
    Column { field: "requested", title: "DEVICES", width: 7 },
    Column { field: "finished", title: "FINISHED", width: 0 },
];

pub(super) fn run(environment: &Environment, console: &Console) -> Result<Exit, Failure> {
    let entries = Store::open(environment)?.list()?;
    if entries.is_empty() {
        console.note("there are no runs on this machine yet");
    }
    still_read(print(stdout(), &entries, console))?;
    Ok(Exit::Done)
}

fn print(out: impl Write, entries: &[Entry], console: &Console) -> io::Result<()> {
    let mut rows = console.rows(out, COLUMNS).numbers(&["known", "requested"]);
    for entry in entries {
        let row = Row::of(entry);
        let (known, requested) = (row.known.to_string(), row.requested.to_string());
        let finished = if row.finished { "yes" } else { "no" };
        let cells = [&entry.name, row.action, row.account_name, &known, &requested, finished];
        rows.row(&row, &cells, |_, text| text)?;
    }
    rows.finish()?.flush()
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Row<'a> {
    run: &'a str,
    action: &'static str,
    account_name: &'a str,
    service: &'a str,
    started: &'a str,
    requested: usize,
    known: usize,
    finished: bool,
}

impl<'a> Row<'a> {
    fn of(entry: &'a Entry) -> Self {
        Row {
            run: &entry.name,
            action: entry.header.job().map_or("unknown", Job::as_str),
            account_name: &entry.header.account,
            service: &entry.header.service,
            started: &entry.header.started,
            requested: entry.header.devices,
            known: entry.known,
            finished: entry.finished,
        }
    }
}

#[cfg(test)]
mod tests {
    use fota_core::bulk::Action;

    use super::*;
    use crate::hostile::every_form;
    use crate::journal::Header;

    /// A journal is a file, and anybody may have written it.
    #[test]
    fn no_hostile_string_gets_through() {
        every_form(6, |out, texts, console| {
            let entry = |text: &String| Entry {
                name: text.clone(),
                header: Header::new(text.clone(), Job::Change(Action::Assign), text, text, &[]),
                finished: false,
                known: 0,
            };
            print(out, &texts.iter().map(entry).collect::<Vec<_>>(), console).unwrap();
            texts.len()
        });
    }
}
