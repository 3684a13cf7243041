//! `fota licenses usage`: how many licenses there are, and how many are free.

use std::io::{self, Write};

use fota_core::models::LicenseSummary;
use serde::Serialize;

use crate::connection::Connection;
use crate::error::Failure;
use crate::exit::Exit;
use crate::output::{Column, Console, Format, escape, json, stdout, still_read};

pub(super) async fn run(connection: &Connection, console: &Console) -> Result<Exit, Failure> {
    let summary = connection.client.licenses(&connection.account).usage().await?;
    still_read(print(stdout(), Pool::of(&summary), connection.account.as_str(), console))?;
    Ok(Exit::Done)
}

/// An account's licenses, as far as the service tells.
#[derive(Debug, Clone, Copy, Default)]
pub(in crate::commands) struct Pool {
    pub(super) total: Option<u64>,
    pub(super) assigned: Option<u64>,
}

impl Pool {
    pub(in crate::commands) fn of(summary: &LicenseSummary) -> Self {
        Pool { total: summary.total_licenses, assigned: summary.assigned_licenses }
    }

    /// How full it is, where there is room for it beside `beside` columns.
    pub(super) fn bar(self, console: &Console, beside: usize) -> Option<String> {
        let bar = console.bar(self.assigned?, self.total?, beside)?;
        Some(if self.free() == Some(0) { console.style.warn(bar) } else { console.style.good(bar) })
    }

    pub(super) fn free(self) -> Option<u64> {
        Some(self.total?.saturating_sub(self.assigned?))
    }
}

impl std::fmt::Display for Pool {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match (self.assigned, self.total) {
            (Some(assigned), Some(total)) => {
                write!(f, "{assigned} of {total} licenses in use, {} free", total.saturating_sub(assigned))
            }
            (Some(assigned), None) => {
                write!(f, "{assigned} licenses in use; the service does not say of how many")
            }
            (None, Some(total)) => {
                write!(f, "{total} licenses; the service does not say how many are in use")
            }
            (None, None) => f.write_str("not known"),
        }
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Usage<'a> {
    account_name: &'a str,
    total_licenses: Option<u64>,
    assigned_licenses: Option<u64>,
    free_licenses: Option<u64>,
}

const COLUMNS: [Column; 4] = [
    Column { field: "accountName", title: "ACCOUNT", width: 16 },
    Column { field: "totalLicenses", title: "TOTAL", width: 8 },
    Column { field: "assignedLicenses", title: "ASSIGNED", width: 8 },
    Column { field: "freeLicenses", title: "FREE", width: 8 },
];

pub(super) fn print<W: Write>(mut out: W, pool: Pool, account: &str, console: &Console) -> io::Result<()> {
    let number = |number: Option<u64>| number.map(|number| number.to_string());
    match console.format {
        Format::Table => {
            let shown = |value: Option<u64>| number(value).unwrap_or_else(|| "not told".to_owned());
            writeln!(out, "account   {}", escape::terminal(account))?;
            if let Some(bar) = pool.bar(console, 10) {
                writeln!(out, "in use    {bar}")?;
            }
            writeln!(out, "licenses  {:>8}", shown(pool.total))?;
            writeln!(out, "assigned  {:>8}", shown(pool.assigned))?;
            let free = format!("{:>8}", shown(pool.free()));
            let free =
                if pool.free() == Some(0) { console.style.warn(free) } else { console.style.good(free) };
            writeln!(out, "free      {free}")?;
        }
        Format::Json | Format::Jsonl => {
            let usage = Usage {
                account_name: account,
                total_licenses: pool.total,
                assigned_licenses: pool.assigned,
                free_licenses: pool.free(),
            };
            json::write(&mut out, &usage)?;
            out.write_all(b"\n")?;
        }
        Format::Csv => {
            let cell = |value| number(value).unwrap_or_default();
            let cells = [account, &cell(pool.total), &cell(pool.assigned), &cell(pool.free())];
            let mut rows = console.rows(out, &COLUMNS);
            rows.row(&(), &cells, |_, text| text)?;
            out = rows.finish()?;
        }
    }
    out.flush()
}
