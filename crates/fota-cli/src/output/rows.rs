//! Rows of data, written one at a time, so that a list of any length needs no memory.

use std::io::{self, Write};

use serde::Serialize;

use super::{Format, Style, escape, json};

/// A column of a table or CSV file.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Column {
    /// The field's name on the wire.
    pub(crate) field: &'static str,
    /// The title for people.
    pub(crate) title: &'static str,
    /// How wide it is at least, in a table.
    pub(crate) width: usize,
}

/// Writes rows in any format. The head is written with the first row, or by [`Rows::finish`], so that a
/// failure before any data leaves stdout empty.
#[derive(Debug)]
pub(crate) struct Rows<'a, W> {
    out: W,
    format: Format,
    style: Style,
    columns: &'a [Column],
    written: u64,
}

impl<'a, W: Write> Rows<'a, W> {
    pub(crate) fn new(out: W, format: Format, style: Style, columns: &'a [Column]) -> Self {
        Rows { out, format, style, columns, written: 0 }
    }

    /// One row: `value` for JSON, `cells` for the rest. `mark` dresses the n-th cell of a table.
    pub(crate) fn row(
        &mut self,
        value: &impl Serialize,
        cells: &[&str],
        mark: impl Fn(usize, String) -> String,
    ) -> io::Result<()> {
        let first = self.written == 0;
        self.written += 1;
        match self.format {
            Format::Json => {
                self.out.write_all(if first { b"[\n" } else { b",\n" })?;
                json::write(&mut self.out, value)
            }
            Format::Jsonl => {
                json::write(&mut self.out, value)?;
                self.out.write_all(b"\n")
            }
            Format::Csv | Format::Table => {
                if first {
                    self.head()?;
                }
                if self.format == Format::Csv { self.csv(cells) } else { self.table(cells, mark) }
            }
        }
    }

    /// The end of the data. Gives the writer back for what may follow.
    pub(crate) fn finish(mut self) -> io::Result<W> {
        match (self.format, self.written) {
            (Format::Json, 0) => self.out.write_all(b"[]\n")?,
            (Format::Json, _) => self.out.write_all(b"\n]\n")?,
            (Format::Csv, 0) => self.head()?,
            _ => {}
        }
        Ok(self.out)
    }

    /// Hands on what is buffered.
    pub(crate) fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }

    fn head(&mut self) -> io::Result<()> {
        let style = self.style;
        let columns = self.columns;
        if self.format == Format::Csv {
            let names: Vec<&str> = columns.iter().map(|column| column.field).collect();
            self.csv(&names)
        } else {
            let titles: Vec<&str> = columns.iter().map(|column| column.title).collect();
            self.table(&titles, |_, text| style.strong(text))
        }
    }

    fn csv(&mut self, cells: &[&str]) -> io::Result<()> {
        for (index, cell) in cells.iter().enumerate() {
            if index > 0 {
                self.out.write_all(b",")?;
            }
            self.out.write_all(escape::csv_cell(cell).as_bytes())?;
        }
        self.out.write_all(b"\n")
    }

    fn table(&mut self, cells: &[&str], mark: impl Fn(usize, String) -> String) -> io::Result<()> {
        let last = cells.iter().rposition(|cell| !cell.is_empty()).unwrap_or(0);
        for (index, (cell, column)) in cells.iter().zip(self.columns).enumerate().take(last + 1) {
            let text = escape::terminal(cell);
            // The last cell needs no padding: no line ends in spaces.
            let width = if index == last { 0 } else { column.width };
            let padding = width.saturating_sub(text.chars().count()) + usize::from(index < last) * 2;
            write!(self.out, "{}{:padding$}", mark(index, text.into_owned()), "")?;
        }
        self.out.write_all(b"\n")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const COLUMNS: [Column; 2] = [
        Column { field: "deviceId", title: "DEVICE", width: 8 },
        Column { field: "reason", title: "REASON", width: 0 },
    ];

    fn print(format: Format, rows: &[[&str; 2]]) -> String {
        let mut writer = Rows::new(Vec::new(), format, Style::plain(), &COLUMNS);
        for cells in rows {
            writer.row(cells, cells, |_, text| text).unwrap();
        }
        String::from_utf8(writer.finish().unwrap()).unwrap()
    }

    #[test]
    fn every_format() {
        let rows = [["1", "a\u{1b}b"], ["22", ""]];
        assert_eq!(print(Format::Table, &rows), "DEVICE    REASON\n1         a\\u{1b}b\n22\n");
        assert_eq!(print(Format::Json, &rows), "[\n[\"1\",\"a\\u001bb\"],\n[\"22\",\"\"]\n]\n");
        assert_eq!(print(Format::Jsonl, &rows), "[\"1\",\"a\\u001bb\"]\n[\"22\",\"\"]\n");
        assert_eq!(print(Format::Csv, &rows), "deviceId,reason\n1,a\\u{1b}b\n22,\n");
    }

    #[test]
    fn nothing_is_a_good_answer() {
        assert_eq!(print(Format::Json, &[]), "[]\n");
        assert_eq!(print(Format::Jsonl, &[]), "");
        assert_eq!(print(Format::Csv, &[]), "deviceId,reason\n");
        assert_eq!(print(Format::Table, &[]), "");
    }
}
