//! The table as text, and everything in it that is wrong.

use std::fmt::Write as _;

use crate::cell::{OPERATIONS, Operation, Row};
use crate::play::Played;

const LEGEND: &str = "\
A cell: how it ended, `?` if the change may have been made, requests on the wire (`/attempts` where more were made),
`1t` and `1s` for a token and a session fetched, when logins are latched, and `done` if the server carried it out.";

/// What was seen through both adapters; where they differ, both.
pub(crate) fn table(rows: &[Row], played: &[Played]) -> String {
    let mut text = format!("{LEGEND}\n\n{:<40}", "");
    for operation in OPERATIONS {
        let _ = write!(text, " | {:<28}", operation.name());
    }
    for (number, (_, _, [hyper, blocking])) in places(rows, played).enumerate() {
        if number % OPERATIONS.len() == 0 {
            let name = rows.get(number / OPERATIONS.len()).map_or("", |row| row.name);
            let _ = write!(text, "\n{name:<40}");
        }
        let mut seen = hyper.cell.to_string();
        if hyper.cell != blocking.cell {
            let _ = write!(seen, " or {}", blocking.cell);
        }
        let _ = write!(text, " | {seen:<28}");
    }
    text
}

/// One line for everything that is wrong, wherever it is.
pub(crate) fn wrong(rows: &[Row], played: &[Played]) -> Vec<String> {
    let mut wrong = Vec::new();
    for (row, operation, [hyper, blocking]) in places(rows, played) {
        let place = format!("{}, {}", row.name, operation.name());
        let expected = row.expected(operation);
        for (adapter, seen) in [("hyper", hyper), ("blocking", blocking)] {
            if seen.cell != expected {
                wrong.push(format!("{place}, {adapter}: {}, expected {expected}", seen.cell));
            }
            wrong.extend(seen.broken.iter().map(|broken| format!("{place}, {adapter}: {broken}")));
        }
        if hyper.details != blocking.details {
            wrong.push(format!(
                "{place}: the adapters differ: {:?} and {:?}",
                hyper.details, blocking.details
            ));
        }
    }
    wrong
}

fn places<'t>(
    rows: &'t [Row],
    played: &'t [Played],
) -> impl Iterator<Item = (&'t Row, Operation, [&'t Played; 2])> {
    let places = rows.iter().flat_map(|row| OPERATIONS.map(|operation| (row, operation)));
    places.zip(played.chunks_exact(2)).filter_map(|((row, operation), pair)| {
        let [hyper, blocking] = pair else { return None };
        Some((row, operation, [hyper, blocking]))
    })
}
