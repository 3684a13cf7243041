//! Finds out how a text holds IMEIs: one per line, or in a column of a table.

use std::fmt::Write as _;

use super::code::Code;
use super::diagnose::Diagnosis;
use super::digits;
use crate::output::escape;

/// How the values stand in the text.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Layout {
    Lines,
    Table(Table),
}

/// A table with a header.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Table {
    pub(super) delimiter: u8,
    /// The column with the IMEIs.
    pub(super) column: usize,
    pub(super) header: Vec<String>,
}

/// Best name first: where a table has several of these columns, the first of this list counts.
pub(super) const COLUMNS: [&str; 8] =
    ["imei", "imeis", "imeinumber", "deviceimei", "deviceid", "device", "deviceids", "esn"];

const DELIMITERS: [u8; 4] = *b",;\t|";

/// Rows that are looked at to find the column that holds IMEIs.
const SAMPLE: usize = 200;

/// `first` is the line of the header; `rest` all after it. `delimiter`: when the file names it.
pub(super) fn find(
    first: &str,
    rest: &str,
    delimiter: Option<u8>,
    wanted: Option<&str>,
) -> Result<Layout, Diagnosis> {
    let mut widest: Option<Table> = None;
    for delimiter in DELIMITERS.into_iter().filter(|d| delimiter.is_none_or(|only| only == *d)) {
        let header = fields(first, delimiter);
        let column = wanted.map_or_else(|| known(&header), |wanted| named(&header, wanted));
        match column {
            Found::One(column) => return Ok(Layout::Table(Table { delimiter, column, header })),
            Found::Two(name) => {
                return Err(Diagnosis::new(
                    Code::TwoColumns,
                    format!("two columns have the name {}", escape::quoted(&name)),
                    "rename one of them",
                ));
            }
            Found::None => {}
        }
        if header.len() > widest.as_ref().map_or(0, |table| table.header.len()) {
            widest = Some(Table { delimiter, column: 0, header });
        }
    }
    let Some(table) = widest else { return Ok(Layout::Lines) };
    // `352099001761481, # truck 1` is a line of a list.
    let filled = table
        .header
        .iter()
        .map(|name| name.trim())
        .filter(|name| !name.is_empty() && !name.starts_with('#'))
        .count();
    if wanted.is_none() && filled < 2 {
        return Ok(Layout::Lines);
    }
    Err(missing(&table, rest, wanted))
}

/// `Device ID`, `device_id` and `deviceId` are one name.
pub(super) fn plain(name: &str) -> String {
    name.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_lowercase()).collect()
}

/// Whether `name` is what the operator means with `wanted`.
pub(super) fn is_alike(name: &str, wanted: &str) -> bool {
    name.trim() == wanted.trim() || !plain(wanted).is_empty() && plain(name) == plain(wanted)
}

/// The column besides `except` that holds IMEIs in most of the first rows.
pub(super) fn looks_like_imeis(rest: &str, table: &Table, except: Option<usize>) -> Option<usize> {
    let mut hits = vec![0_usize; table.header.len()];
    let mut rows = 0;
    let mut record = csv::StringRecord::new();
    let mut reader = reader(rest, table.delimiter);
    while rows < SAMPLE && matches!(reader.read_record(&mut record), Ok(true)) {
        rows += 1;
        for (hits, field) in hits.iter_mut().zip(&record) {
            *hits += usize::from(digits::is_imei(digits::bare(field)));
        }
    }
    let (column, hits) = hits
        .into_iter()
        .enumerate()
        .filter(|(column, _)| Some(*column) != except)
        .max_by_key(|(column, hits)| (*hits, usize::MAX - column))?;
    (hits > 0 && hits * 2 >= rows).then_some(column)
}

/// Names for a message, not too many.
pub(super) fn listed<'a>(names: impl ExactSizeIterator<Item = &'a str>) -> String {
    const MOST: usize = 8;
    let more = names.len().saturating_sub(MOST);
    let mut text = names.take(MOST).map(named_column).collect::<Vec<_>>().join(", ");
    if more > 0 {
        // Writing to a string does not fail.
        let _ = write!(text, " and {more} more");
    }
    text
}

/// A column's name in quotes, shortened.
pub(super) fn named_column(name: &str) -> String {
    const LONGEST: usize = 40;
    let mut cut: String = name.trim().chars().take(LONGEST).collect();
    if cut.len() < name.trim().len() {
        cut.push('…');
    }
    escape::quoted(&cut)
}

pub(super) fn reader(text: &str, delimiter: u8) -> csv::Reader<&[u8]> {
    csv::ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .comment(Some(b'#'))
        .delimiter(delimiter)
        .from_reader(text.as_bytes())
}

enum Found {
    None,
    One(usize),
    Two(String),
}

fn known(header: &[String]) -> Found {
    let names: Vec<String> = header.iter().map(|name| plain(name)).collect();
    COLUMNS
        .iter()
        .map(|known| only(header, |index| names.get(index).is_some_and(|name| name == known)))
        .find(|found| !matches!(found, Found::None))
        .unwrap_or(Found::None)
}

/// Case, space and punctuation of the name do not matter, unless two columns differ in nothing else.
fn named(header: &[String], wanted: &str) -> Found {
    let is = |index: usize, test: &dyn Fn(&str) -> bool| header.get(index).is_some_and(|name| test(name));
    match only(header, |index| is(index, &|name| name.trim() == wanted.trim())) {
        Found::None => only(header, |index| is(index, &|name| is_alike(name, wanted))),
        found => found,
    }
}

fn only(header: &[String], is: impl Fn(usize) -> bool) -> Found {
    let mut hits = (0..header.len()).filter(|index| is(*index));
    match (hits.next(), hits.next()) {
        (None, _) => Found::None,
        (Some(column), None) => Found::One(column),
        (Some(column), Some(_)) => {
            Found::Two(header.get(column).map(|name| name.trim().to_owned()).unwrap_or_default())
        }
    }
}

/// No column is the right one: say which might be.
fn missing(table: &Table, rest: &str, wanted: Option<&str>) -> Diagnosis {
    let header = &table.header;
    let imeis = header.iter().filter(|field| digits::is_imei(digits::bare(field))).count();
    if imeis > 1 && imeis == header.iter().filter(|field| !field.trim().is_empty()).count() {
        return Diagnosis::new(
            Code::SeveralValues,
            format!("{imeis} IMEIs in one line"),
            "put each on a line of its own",
        );
    }
    if header.len() == 1 && header.iter().all(|field| digits_in(field) >= 10) {
        let reason = "the file has no header that could name a column";
        return Diagnosis::new(Code::NoHeader, reason, "leave out --column");
    }
    if header.iter().any(|field| digits_in(field) >= 10) {
        let names: Vec<&str> =
            header.iter().map(|field| if digits_in(field) >= 10 { "imei" } else { "label" }).collect();
        let fix = if names.len() > 3 || names.iter().filter(|name| **name == "imei").count() > 1 {
            "put a line with the names of the columns first; call that of the IMEIs imei".to_owned()
        } else {
            let delimiter = char::from(table.delimiter).to_string();
            format!("put a line with the names of the columns first: {}", names.join(&delimiter))
        };
        return Diagnosis::new(Code::NoHeader, "the table has several columns and no header", fix);
    }
    let all = listed(header.iter().map(String::as_str));
    let reason = match wanted {
        Some(wanted) => format!("there is no column {} among {all}", named_column(wanted)),
        None => format!("there is no column with IMEIs among {all}"),
    };
    let likely = looks_like_imeis(rest, table, None).and_then(|column| header.get(column));
    let fix = match likely {
        Some(name) => format!("{0} looks like IMEIs: add --column {0}", named_column(name)),
        None => "name the column with --column, as the first line spells it".to_owned(),
    };
    Diagnosis::new(Code::NoColumn, reason, fix)
}

fn digits_in(field: &str) -> usize {
    field.bytes().filter(u8::is_ascii_digit).count()
}

fn fields(line: &str, delimiter: u8) -> Vec<String> {
    let mut record = csv::StringRecord::new();
    match reader(line, delimiter).read_record(&mut record) {
        Ok(true) => record.iter().map(str::to_owned).collect(),
        _ => Vec::new(),
    }
}
