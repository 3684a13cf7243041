//! A table whose column holds no IMEI at all has one problem, not one in each row: it is the wrong column.

use super::check::{Check, Mark};
use super::code::Code;
use super::diagnose::Diagnosis;
use super::layout::{self, Table};
use super::problem::{Place, Problem};

/// Puts one problem in the place of those of all rows, if that says more. `rest`: the rows.
pub(super) fn explain(header: Place, table: &Table, rest: &str, mark: Mark, check: &mut Check) {
    let problems = check.since(mark);
    let Some(first) = problems.first() else { return };
    let known = |problem: &Problem| problem.words(&[]).code == Code::Duplicate;
    if check.mark().good > mark.good || problems.iter().take(100).any(known) {
        return;
    }
    let code = first.words(&[]).code;
    let held = held(code)
        .filter(|_| problems.len() > 1 && problems.iter().all(|problem| problem.words(&[]).code == code));
    let better = layout::looks_like_imeis(rest, table, Some(table.column))
        .and_then(|column| table.header.get(column))
        .map(|name| layout::named_column(name));
    let name = layout::named_column(table.header.get(table.column).map_or("", String::as_str));
    let what = held.unwrap_or("no IMEI");
    let words = match (better, held) {
        (Some(better), _) => Diagnosis::new(
            Code::WrongColumn,
            format!("the column {name} holds {what}, and {better} looks like IMEIs"),
            format!("add --column {better}"),
        ),
        (None, Some(_)) => Diagnosis::new(
            Code::WrongColumn,
            format!("the column {name} holds {what}"),
            "name the column with the IMEIs with --column, or export it too",
        ),
        (None, None) => return,
    };
    let value = table.header.join(&char::from(table.delimiter).to_string());
    check.replace_since(mark, Problem::of_file(header, &value, words));
}

/// What a column holds whose values all have this problem.
fn held(code: Code) -> Option<&'static str> {
    Some(match code {
        Code::Iccid => "numbers of SIM cards (ICCID)",
        Code::Eid => "numbers of eSIMs (EID)",
        Code::Phone => "telephone numbers (MDN)",
        Code::Meid => "MEIDs",
        Code::Esn => "ESNs",
        Code::Letters => "words",
        Code::NoValue => "nothing",
        _ => return None,
    })
}
