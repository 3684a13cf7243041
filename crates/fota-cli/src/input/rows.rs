//! Finds the values in the text: one per line, or one column of a CSV table.

use fota_models::Imei;

use super::check::{Check, Place, Problem};
use crate::error::Failure;
use crate::exit::Exit;
use crate::output::escape;

/// Hands every value with its line to `check`. With `column`, the text is a table that has a column of this name.
pub(super) fn split(text: &str, column: Option<&str>, check: &mut Check) -> Result<(), LayoutError> {
    let Some(first) = text.lines().find(|line| !is_skipped(line)) else { return Ok(()) };
    match column.map_or_else(|| layout(first), |name| named(first, name))? {
        Layout::Lines => {
            for (place, line) in (1..).map(Place::Line).zip(text.lines()) {
                if !is_skipped(line) {
                    check.value(place, line);
                }
            }
            Ok(())
        }
        Layout::Table { delimiter, column } => table(text, delimiter, column, check),
    }
}

/// Why the text is neither a list nor a table that we understand.
#[derive(Debug)]
pub(super) struct LayoutError {
    message: String,
    hint: String,
}

impl LayoutError {
    pub(super) fn into_failure(self, file: &str) -> Failure {
        Failure::new(Exit::Input, "input", format!("{file}: {}; nothing was sent", self.message))
            .hint(self.hint)
    }
}

enum Layout {
    Lines,
    Table { delimiter: u8, column: usize },
}

const DELIMITERS: [u8; 3] = *b",;\t";

/// Best name first: where a table has several of these columns, the first of this list counts.
const COLUMNS: [&str; 8] =
    ["imei", "imeis", "imeinumber", "deviceimei", "deviceid", "device", "deviceids", "esn"];

fn layout(first: &str) -> Result<Layout, LayoutError> {
    let mut widest = Vec::new();
    for delimiter in DELIMITERS {
        let header = fields(first, delimiter);
        let names: Vec<String> = header.iter().map(|name| plain(name)).collect();
        let column = COLUMNS.iter().find_map(|known| names.iter().position(|name| name == known));
        if let Some(column) = column {
            return Ok(Layout::Table { delimiter, column });
        }
        if header.len() > widest.len() {
            widest = header;
        }
    }
    if widest.len() < 2 {
        return Ok(Layout::Lines);
    }
    let hint =
        "name the column with the IMEIs with --column, or imei, deviceId, device or esn in the first line"
            .to_owned();
    let digits = |field: &String| field.bytes().filter(u8::is_ascii_digit).count();
    if widest.iter().any(|field| digits(field) >= 10) {
        return Err(LayoutError { message: "the table has several columns and no header".to_owned(), hint });
    }
    Err(LayoutError { message: format!("there is no column with IMEIs among {}", listed(&widest)), hint })
}

/// The table with the column that was asked for. Case, space and punctuation of the name do not matter, unless
/// two columns differ in nothing else.
fn named(first: &str, wanted: &str) -> Result<Layout, LayoutError> {
    let mut widest = Vec::new();
    for delimiter in DELIMITERS {
        let header = fields(first, delimiter);
        let exact = header.iter().position(|name| name.trim() == wanted.trim());
        let alike = || {
            let wanted = Some(plain(wanted)).filter(|wanted| !wanted.is_empty())?;
            header.iter().position(|name| plain(name) == wanted)
        };
        if let Some(column) = exact.or_else(alike) {
            return Ok(Layout::Table { delimiter, column });
        }
        if header.len() > widest.len() {
            widest = header;
        }
    }
    Err(LayoutError {
        message: format!("there is no column {} among {}", escape::quoted(wanted), listed(&widest)),
        hint: "name one of these with --column, as the first line spells it".to_owned(),
    })
}

fn listed(names: &[String]) -> String {
    names.iter().map(|name| escape::quoted(name)).collect::<Vec<_>>().join(", ")
}

fn table(text: &str, delimiter: u8, column: usize, check: &mut Check) -> Result<(), LayoutError> {
    let mut reader = reader(text, delimiter);
    let mut record = csv::StringRecord::new();
    let (mut start, mut line, mut header) = (0, 1, true);
    loop {
        let more = reader.read_record(&mut record).map_err(|error| LayoutError {
            message: format!("the table cannot be read: {error}"),
            hint: "save it again as CSV in UTF-8".to_owned(),
        })?;
        if !more {
            return Ok(());
        }
        let end = usize::try_from(reader.position().byte()).unwrap_or(usize::MAX);
        let mut raw = text.get(start..end).unwrap_or_default();
        start = end;
        // Skipped lines belong to the record after them.
        while let Some((_, rest)) = raw.split_once('\n').filter(|(first, _)| is_skipped(first)) {
            line += 1;
            raw = rest;
        }
        let place = Place::Line(line);
        line += u64::try_from(raw.matches('\n').count()).unwrap_or(0);
        if std::mem::take(&mut header) {
            continue;
        }
        if swallows_rows(raw, &record) {
            check.problem(Problem::new(
                place,
                raw.lines().next().unwrap_or_default(),
                "a quote opens here, and the lines after it became part of the field",
                "close the quote, or write it twice if it belongs to the text",
            ));
        } else if record.iter().any(|field| !field.trim().is_empty()) {
            check.value(place, record.get(column).unwrap_or_default());
        }
    }
}

/// Whether a record of several lines came about by a quote that was never meant to open a field: the quotes
/// do not add up, or a field runs over a line break into something like an IMEI.
fn swallows_rows(raw: &str, record: &csv::StringRecord) -> bool {
    let several_lines = raw.trim_end().contains('\n');
    let odd = || raw.matches('"').count() % 2 == 1;
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

fn fields(line: &str, delimiter: u8) -> Vec<String> {
    let mut record = csv::StringRecord::new();
    match reader(line, delimiter).read_record(&mut record) {
        Ok(true) => record.iter().map(str::to_owned).collect(),
        _ => Vec::new(),
    }
}

fn reader(text: &str, delimiter: u8) -> csv::Reader<&[u8]> {
    csv::ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .comment(Some(b'#'))
        .delimiter(delimiter)
        .from_reader(text.as_bytes())
}

/// `Device ID`, `device_id` and `deviceId` are one name.
fn plain(name: &str) -> String {
    name.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_lowercase()).collect()
}

fn is_skipped(line: &str) -> bool {
    let line = line.trim();
    line.is_empty() || line.starts_with('#')
}
