//! Finds the values in text that is no JSON: one per line, or one column of a CSV table.

use fota_models::Imei;

use super::check::Check;
use super::code::Code;
use super::diagnose::Diagnosis;
use super::layout::{self, Layout, Table};
use super::problem::{Cause, Place, Problem};
use super::wrong_column;

/// A row of a table that is longer than this has lost its line breaks.
const LONGEST_ROW: usize = 64 << 10;

/// What the text turned out to be.
#[derive(Debug, Clone)]
pub(super) enum Form {
    Lines,
    /// With the name of the column.
    Table(String),
}

/// Hands every value with its line to `check`. With `wanted`, the text is a table that has a column of this name.
pub(super) fn split(text: &str, file: u16, wanted: Option<&str>, check: &mut Check) -> Option<Form> {
    let (line, start) = first_row(text)?;
    let mut start_line = line;
    let mut rest = text.get(start..)?;
    let mut delimiter = None;
    if let Some(named) = separator(first_line(rest)) {
        delimiter = Some(named);
        let after = rest.split_once('\n')?.1;
        let (skipped, start) = first_row(after)?;
        start_line += skipped;
        rest = after.get(start..)?;
    }
    let place = Place::Line { file, line: start_line };
    let (first, after) = rest.split_once('\n').unwrap_or((rest, ""));
    match layout::find(first, after, delimiter, wanted) {
        Ok(Layout::Lines) => {
            lines(text, file, check);
            Some(Form::Lines)
        }
        Ok(Layout::Table(table)) => {
            let name = table.header.get(table.column).map(|name| name.trim().to_owned());
            rows(rest, place, &table, check);
            Some(Form::Table(name.unwrap_or_default()))
        }
        Err(words) => {
            check.problem(Problem::of_file(place, first.trim_end(), words));
            None
        }
    }
}

/// The number of the first line that is no comment, and where it starts.
fn first_row(text: &str) -> Option<(u32, usize)> {
    let mut start = 0;
    for (number, line) in (1..).zip(text.split_inclusive('\n')) {
        if !is_skipped(line) {
            return Some((number, start));
        }
        start += line.len();
    }
    None
}

fn first_line(text: &str) -> &str {
    text.lines().next().unwrap_or_default()
}

/// `sep=;`, a hint that spreadsheets read.
fn separator(line: &str) -> Option<u8> {
    match line.trim().trim_matches('"').to_ascii_lowercase().strip_prefix("sep=")?.as_bytes() {
        [delimiter] => Some(*delimiter),
        [] => Some(b'\t'),
        _ => None,
    }
}

fn lines(text: &str, file: u16, check: &mut Check) {
    let mut first = true;
    for (line, value) in (1..).zip(text.lines()).filter(|(_, line)| !is_skipped(line)) {
        let place = Place::Line { file, line };
        // A remark after the value, and the separators of lists that were copied out of programs.
        let value = value.split_once(" #").map_or(value, |(value, _)| value);
        let value = value.trim().trim_end_matches([',', ';']);
        if std::mem::take(&mut first) && is_header(value) {
            let name = layout::named_column(value);
            let words = Diagnosis::new(
                Code::NoColumn,
                "the first line is a header that we do not know",
                if value.contains("  ") {
                    "columns made of spaces are for people: export as CSV (fota: --output csv)".to_owned()
                } else {
                    format!("call it imei, or add --column {name}")
                },
            );
            check.problem(Problem::new(place, value, Cause::Words { words: Box::new(words), whole: false }));
        } else {
            check.value(place, value);
        }
    }
}

/// Letters, but not one digit.
fn is_header(line: &str) -> bool {
    line.contains(char::is_alphabetic)
        && !line.contains(|c: char| c.is_numeric() || c == char::REPLACEMENT_CHARACTER)
}

/// `text` starts with the header.
fn rows(text: &str, header: Place, table: &Table, check: &mut Check) {
    let Place::Line { file, line: mut next } = header else { return };
    let mark = check.mark();
    let (mut text, mut is_header) = (text, true);
    let mut record = csv::StringRecord::new();
    // Reading starts anew after each quote that swallows rows: the rows behind it are to be judged too.
    'again: loop {
        let mut reader = layout::reader(text, table.delimiter);
        let mut start = 0;
        while matches!(reader.read_record(&mut record), Ok(true)) {
            let end = usize::try_from(reader.position().byte()).unwrap_or(usize::MAX);
            let mut raw = text.get(start..end).unwrap_or_default();
            let mut at = start;
            start = end;
            // Skipped lines belong to the record after them.
            while let Some((first, rest)) = raw.split_once('\n').filter(|(first, _)| is_skipped(first)) {
                next += 1;
                at += first.len() + 1;
                raw = rest;
            }
            let place = Place::Line { file, line: next };
            let first = first_line(raw);
            let was_header = std::mem::take(&mut is_header);
            if swallows_rows(raw, &record) {
                check.problem(Problem::new(place, first, Cause::OpenQuote));
                let Some((_, rest)) = text.get(at..).and_then(|rest| rest.split_once('\n')) else { return };
                next += 1;
                text = rest;
                continue 'again;
            }
            if !was_header {
                row(raw, place, &record, table, check);
            }
            next += u32::try_from(raw.bytes().filter(|byte| *byte == b'\n').count()).unwrap_or(u32::MAX);
        }
        break;
    }
    wrong_column::explain(header, table, text, mark, check);
}

fn row(raw: &str, place: Place, record: &csv::StringRecord, table: &Table, check: &mut Check) {
    if record.iter().all(|field| field.trim().is_empty()) {
        return;
    }
    if raw.len() > LONGEST_ROW {
        let bytes = u32::try_from(raw.len()).unwrap_or(u32::MAX);
        return check.problem(Problem::new(place, raw, Cause::LongLine(bytes)));
    }
    let count = |number| u32::try_from(number).unwrap_or(u32::MAX);
    let (found, expected) = (record.len(), table.header.len());
    let value = record.get(table.column);
    let cause = match value {
        // The columns are shifted, or the row was cut: the value alone would mislead.
        Some(value) if found != expected && !looks_meant(value) => {
            Cause::Ragged { found: count(found), expected: count(expected) }
        }
        None => Cause::Ragged { found: count(found), expected: count(expected) },
        Some(_) => Cause::Value,
    };
    let shown =
        if matches!(cause, Cause::Ragged { .. }) { first_line(raw) } else { value.unwrap_or_default() };
    match value.filter(|_| !matches!(cause, Cause::Ragged { .. })) {
        Some(value) => check.value(place, value),
        None => check.problem(Problem::new(place, shown, cause)),
    }
}

/// Whether somebody meant this to be an IMEI.
fn looks_meant(value: &str) -> bool {
    value.chars().filter(|c| c.is_numeric()).count() >= 12
}

/// Whether a record of several lines came about by a quote that was never meant to open a field: the quotes
/// do not add up, or a field runs over a line break into something like an IMEI.
fn swallows_rows(raw: &str, record: &csv::StringRecord) -> bool {
    let several_lines = raw.trim_end().contains('\n');
    let odd = || raw.bytes().filter(|byte| *byte == b'"').count() % 2 == 1;
    several_lines && (odd() || record.iter().any(runs_into_digits))
}

fn runs_into_digits(field: &str) -> bool {
    let Some((_, more)) = field.split_once('\n') else { return false };
    let mut run = 0;
    more.bytes().any(|byte| {
        run = if byte.is_ascii_digit() { run + 1 } else { 0 };
        run >= Imei::MIN_LEN
    })
}

fn is_skipped(line: &str) -> bool {
    let line = line.trim();
    line.is_empty() || line.starts_with('#')
}
