//! Rows of data, written one at a time, so that a list of any length needs no memory.

use std::io::{self, Write};

use serde::Serialize;

use super::table::{Cell, Table};
use super::{Format, Layout, Style, escape, json};

/// A column of a table or CSV file. The last one of a table takes text of any length.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Column {
    /// The field's name on the wire.
    pub(crate) field: &'static str,
    /// The title for people.
    pub(crate) title: &'static str,
    /// How wide it is at least, in a table that is not on a terminal.
    pub(crate) width: usize,
}

/// Writes rows in any format. The head is written with the first row, or by [`Rows::finish`], so that a
/// failure before any data leaves stdout empty.
#[derive(Debug)]
pub(crate) struct Rows<'a, W> {
    out: W,
    format: Format,
    columns: &'a [Column],
    table: Table<'a>,
    raw: bool,
    written: u64,
}

impl<'a, W: Write> Rows<'a, W> {
    /// For a file. What goes to stdout starts with [`Console::rows`](super::Console::rows).
    pub(crate) fn new(out: W, format: Format, style: Style, columns: &'a [Column]) -> Self {
        Rows::shaped(out, format, style, columns, Layout::plain())
    }

    pub(super) fn shaped(
        out: W,
        format: Format,
        style: Style,
        columns: &'a [Column],
        layout: Layout,
    ) -> Self {
        let table = Table::new(columns, style, layout.width);
        Rows { out, format, columns, table, raw: false, written: 0 }
    }

    /// The fields whose cells are numbers, which stand at the right of their column.
    pub(crate) fn numbers(mut self, fields: &'a [&'a str]) -> Self {
        self.table.numbers = fields;
        self
    }

    /// CSV cells as the server wrote them, whatever a spreadsheet makes of them.
    pub(super) fn raw(mut self, raw: bool) -> Self {
        self.raw = raw;
        self
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
            Format::Csv => {
                if first {
                    self.csv_head()?;
                }
                self.csv(cells)
            }
            Format::Table => {
                let cell = |(index, text): (usize, &&str)| {
                    Cell::new(escape::terminal(text).into_owned(), |text| mark(index, text))
                };
                self.table.row(&mut self.out, cells.iter().enumerate().map(cell).collect())
            }
        }
    }

    /// The end of the data. Gives the writer back for what may follow.
    pub(crate) fn finish(mut self) -> io::Result<W> {
        match (self.format, self.written) {
            (Format::Json, 0) => self.out.write_all(b"[]\n")?,
            (Format::Json, _) => self.out.write_all(b"\n]\n")?,
            (Format::Csv, 0) => self.csv_head()?,
            (Format::Table, _) => self.table.flush(&mut self.out)?,
            _ => {}
        }
        Ok(self.out)
    }

    /// Hands on what is buffered.
    pub(crate) fn flush(&mut self) -> io::Result<()> {
        self.table.flush(&mut self.out)?;
        self.out.flush()
    }

    fn csv_head(&mut self) -> io::Result<()> {
        let names: Vec<&str> = self.columns.iter().map(|column| column.field).collect();
        self.csv(&names)
    }

    fn csv(&mut self, cells: &[&str]) -> io::Result<()> {
        for (index, cell) in cells.iter().enumerate() {
            if index > 0 {
                self.out.write_all(b",")?;
            }
            let cell = if self.raw { escape::csv_cell_raw(cell) } else { escape::csv_cell(cell) };
            self.out.write_all(cell.as_bytes())?;
        }
        self.out.write_all(b"\n")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::args::Color;

    const COLUMNS: [Column; 3] = [
        Column { field: "deviceId", title: "DEVICE", width: 8 },
        Column { field: "count", title: "COUNT", width: 5 },
        Column { field: "reason", title: "REASON", width: 0 },
    ];

    fn print(format: Format, width: Option<usize>, rows: &[[&str; 3]]) -> String {
        let layout = Layout { width, unicode: true };
        let mut writer =
            Rows::shaped(Vec::new(), format, Style::plain(), &COLUMNS, layout).numbers(&["count"]);
        for cells in rows {
            writer.row(cells, cells, |_, text| text).unwrap();
        }
        String::from_utf8(writer.finish().unwrap()).unwrap()
    }

    #[test]
    fn every_format() {
        let rows = [["1", "7", "a\u{1b}b"], ["22", "1200", ""]];
        assert_eq!(
            print(Format::Table, None, &rows),
            "DEVICE    COUNT  REASON\n1             7  a\\u{1b}b\n22         1200\n"
        );
        assert_eq!(
            print(Format::Json, None, &rows),
            "[\n[\"1\",\"7\",\"a\\u001bb\"],\n[\"22\",\"1200\",\"\"]\n]\n"
        );
        assert_eq!(
            print(Format::Jsonl, None, &rows),
            "[\"1\",\"7\",\"a\\u001bb\"]\n[\"22\",\"1200\",\"\"]\n"
        );
        assert_eq!(print(Format::Csv, None, &rows), "deviceId,count,reason\n1,7,a\\u{1b}b\n22,1200,\n");
    }

    #[test]
    fn nothing_is_a_good_answer() {
        for width in [None, Some(80)] {
            assert_eq!(print(Format::Json, width, &[]), "[]\n");
            assert_eq!(print(Format::Jsonl, width, &[]), "");
            assert_eq!(print(Format::Csv, width, &[]), "deviceId,count,reason\n");
            assert_eq!(print(Format::Table, width, &[]), "");
        }
    }

    const LONG: [[&str; 3]; 2] =
        [["352099001761481", "5", "the device is not of this account"], ["東京", "12", "ok"]];

    #[test]
    fn a_wide_terminal_gets_columns_as_wide_as_the_data() {
        assert_eq!(
            print(Format::Table, Some(80), &LONG),
            "DEVICE           COUNT  REASON\n\
             352099001761481      5  the device is not of this account\n\
             東京                12  ok\n"
        );
    }

    #[test]
    fn a_narrow_one_wraps_the_last_column() {
        assert_eq!(
            print(Format::Table, Some(42), &LONG),
            "DEVICE           COUNT  REASON\n\
             352099001761481      5  the device is not\n                        of this account\n\
             東京                12  ok\n"
        );
    }

    #[test]
    fn a_very_narrow_one_gets_blocks() {
        assert_eq!(
            print(Format::Table, Some(30), &LONG),
            "DEVICE  352099001761481\nCOUNT   5\nREASON  the device is not of\n        this account\n\n\
             DEVICE  東京\nCOUNT   12\nREASON  ok\n\n"
        );
    }

    #[test]
    fn no_line_is_wider_than_the_terminal_and_no_letter_is_lost() {
        for width in 20..100 {
            let text = print(Format::Table, Some(width), &LONG);
            let widest = text.lines().map(super::super::layout::width_of).max();
            assert!(widest <= Some(width), "{width}: {text}");
            let found: String = text.split_whitespace().collect();
            assert!(found.contains("352099001761481") && text.contains("account"), "{width}: {text}");
        }
    }

    #[test]
    fn each_line_of_a_wrapped_cell_is_dressed_by_itself() {
        let style = Style::new(Color::Always, true, |_| None);
        let layout = Layout { width: Some(42), unicode: true };
        let mut writer = Rows::shaped(Vec::new(), Format::Table, style, &COLUMNS, layout);
        for cells in &LONG {
            writer.row(cells, cells, |index, text| if index == 2 { style.bad(text) } else { text }).unwrap();
        }
        let text = String::from_utf8(writer.finish().unwrap()).unwrap();
        assert!(text.contains("\u{1b}[1;31mthe device is not\u{1b}[0m\n"), "{text:?}");
        assert!(text.contains("\u{1b}[1;31mof this account\u{1b}[0m\n"), "{text:?}");
    }

    #[test]
    fn a_long_list_is_not_held_back() {
        let layout = Layout { width: Some(80), unicode: true };
        let mut writer = Rows::shaped(Vec::new(), Format::Table, Style::plain(), &COLUMNS, layout);
        let row = ["352099001761481", "1", "ok"];
        for _ in 0..1500 {
            writer.row(&row, &row, |_, text| text).unwrap();
        }
        assert_eq!(writer.out.split(|byte| *byte == b'\n').count(), 1502);
    }
}
