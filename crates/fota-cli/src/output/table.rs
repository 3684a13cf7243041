//! Tables. In a file or a pipe the columns stand where they always stand, and nothing is cut. On a terminal they
//! are as wide as the data, the last one wraps, and where even that does not fit, each row becomes a block of lines.

use std::io::{self, Write};

use super::layout::{width_of, wrap};
use super::{Column, Style};

/// Rows that are kept to measure them before the first is printed.
const MEASURED: usize = 1000;
/// The least width for text that wraps.
const READABLE: usize = 16;
const GAP: usize = 2;

/// Text of one cell, harmless already, and what is written around each line of it.
#[derive(Debug, Default)]
pub(super) struct Cell {
    text: String,
    before: String,
    after: String,
}

impl Cell {
    /// `dress` is what makes a text colored.
    pub(super) fn new(text: String, dress: impl Fn(String) -> String) -> Self {
        // Each line is dressed by itself, maybe much later; so learn what the dress is.
        const BODY: char = '\0';
        let dressed = dress(BODY.to_string());
        let (before, after) = dressed.split_once(BODY).unwrap_or_default();
        Cell { text, before: before.to_owned(), after: after.to_owned() }
    }

    fn dressed(&self, line: &str) -> String {
        if line.is_empty() { String::new() } else { format!("{}{line}{}", self.before, self.after) }
    }
}

/// Lays out rows for one stream.
#[derive(Debug)]
pub(super) struct Table<'a> {
    columns: &'a [Column],
    /// Fields whose cells are numbers.
    pub(super) numbers: &'a [&'a str],
    style: Style,
    width: Option<usize>,
    held: Vec<Vec<Cell>>,
    settled: Option<Shape>,
}

#[derive(Debug, Clone)]
enum Shape {
    Columns(Vec<usize>),
    Blocks,
}

impl<'a> Table<'a> {
    /// `width` of the terminal, if it is one.
    pub(super) fn new(columns: &'a [Column], style: Style, width: Option<usize>) -> Self {
        Table { columns, numbers: &[], style, width, held: Vec::new(), settled: None }
    }

    pub(super) fn row(&mut self, out: &mut impl Write, cells: Vec<Cell>) -> io::Result<()> {
        if let Some(shape) = self.settled.clone() {
            return self.print(out, &shape, &cells);
        }
        self.held.push(cells);
        if self.width.is_none() || self.held.len() >= MEASURED { self.flush(out) } else { Ok(()) }
    }

    /// Prints what is held back.
    pub(super) fn flush(&mut self, out: &mut impl Write) -> io::Result<()> {
        let held = std::mem::take(&mut self.held);
        if held.is_empty() {
            return Ok(());
        }
        let shape = if let Some(shape) = self.settled.clone() {
            shape
        } else {
            let shape = self.measure(&held);
            self.settled = Some(shape.clone());
            if matches!(shape, Shape::Columns(_)) {
                let style = self.style;
                let title = |column: &Column| Cell::new(column.title.to_owned(), |text| style.strong(text));
                self.print(out, &shape, &self.columns.iter().map(title).collect::<Vec<_>>())?;
            }
            shape
        };
        held.iter().try_for_each(|cells| self.print(out, &shape, cells))
    }

    fn measure(&self, held: &[Vec<Cell>]) -> Shape {
        let Some(width) = self.width else {
            return Shape::Columns(self.columns.iter().map(|column| column.width).collect());
        };
        let mut widths: Vec<usize> = self.columns.iter().map(|column| width_of(column.title)).collect();
        for row in held {
            for (widest, cell) in widths.iter_mut().zip(row) {
                *widest = width_of(&cell.text).max(*widest);
            }
        }
        let all = widths.iter().sum::<usize>() + GAP * widths.len().saturating_sub(1);
        let excess = all.saturating_sub(width);
        match widths.last_mut() {
            _ if excess == 0 => Shape::Columns(widths),
            // Only the last column holds text that reads well on several lines.
            Some(last) if *last >= READABLE + excess => {
                *last -= excess;
                Shape::Columns(widths)
            }
            _ => Shape::Blocks,
        }
    }

    fn print(&self, out: &mut impl Write, shape: &Shape, cells: &[Cell]) -> io::Result<()> {
        match shape {
            Shape::Columns(widths) => self.print_columns(out, widths, cells),
            Shape::Blocks => self.print_block(out, cells),
        }
    }

    fn print_columns(&self, out: &mut impl Write, widths: &[usize], cells: &[Cell]) -> io::Result<()> {
        let lines: Vec<Vec<String>> = match self.width {
            None => cells.iter().map(|cell| vec![cell.text.clone()]).collect(),
            Some(_) => cells.iter().zip(widths).map(|(cell, width)| wrap(&cell.text, *width)).collect(),
        };
        let height = lines.iter().map(Vec::len).max().unwrap_or(1);
        for row in 0..height {
            let line =
                |cell: usize| lines.get(cell).and_then(|lines| lines.get(row)).map_or("", String::as_str);
            let last = (0..cells.len()).rposition(|cell| !line(cell).is_empty()).unwrap_or(0);
            for (index, ((cell, column), width)) in
                cells.iter().zip(self.columns).zip(widths).enumerate().take(last + 1)
            {
                let text = line(index);
                let padding = width.saturating_sub(width_of(text));
                // The last cell needs no padding: no line ends in spaces.
                let behind = if index < last { GAP } else { 0 };
                let (before, after) = if self.numbers.contains(&column.field) {
                    (padding, behind)
                } else {
                    (0, if index < last { padding + behind } else { 0 })
                };
                write!(out, "{:before$}{}{:after$}", "", cell.dressed(text), "")?;
            }
            out.write_all(b"\n")?;
        }
        Ok(())
    }

    fn print_block(&self, out: &mut impl Write, cells: &[Cell]) -> io::Result<()> {
        let label = self.columns.iter().map(|column| width_of(column.title)).max().unwrap_or(0);
        let rest = self.width.unwrap_or_default().saturating_sub(label + GAP);
        for (cell, column) in cells.iter().zip(self.columns).filter(|(cell, _)| !cell.text.is_empty()) {
            for (index, line) in wrap(&cell.text, rest).iter().enumerate() {
                let title = if index == 0 { column.title } else { "" };
                let padding = label + GAP - width_of(title);
                let title = if index == 0 { self.style.strong(title) } else { String::new() };
                writeln!(out, "{title}{:padding$}{}", "", cell.dressed(line))?;
            }
        }
        out.write_all(b"\n")
    }
}
