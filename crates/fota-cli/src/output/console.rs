//! The two streams of a command, and what it tells people besides its data.

use std::fmt::Display;
use std::io::{self, IsTerminal as _, Write};

use super::meter::{self, Meter, Mode};
use super::stream::stderr;
use super::{Column, Format, Layout, Rows, Style};
use crate::args::{Global, LogFormat};
use crate::log;
use crate::settings::Environment;

/// How and where a command prints.
#[derive(Debug)]
pub(crate) struct Console {
    pub(crate) format: Format,
    /// For stdout.
    pub(crate) style: Style,
    /// For stderr.
    pub(crate) error_style: Style,
    /// Of stdout.
    layout: Layout,
    raw: bool,
    quiet: bool,
    progress: Mode,
}

impl Console {
    pub(crate) fn new(global: &Global, environment: &Environment) -> Self {
        let variable = |name: &str| environment.text(name).ok().flatten();
        let style = |terminal| Style::new(global.color, terminal, variable);
        let (layout, error_layout) = (Layout::of_stdout(variable), Layout::of_stderr(variable));
        Console {
            format: global.output,
            style: style(io::stdout().is_terminal()),
            error_style: style(io::stderr().is_terminal()),
            layout,
            // No flag opens a terminal to what a server wrote.
            raw: global.raw && layout.width.is_none(),
            quiet: global.quiet,
            progress: match error_layout.width {
                _ if global.quiet => Mode::Off,
                // Lines of the log and a line that is written over do not go together.
                Some(_) if global.verbose == 0 && global.log_format == LogFormat::Text => {
                    Mode::Live(error_layout)
                }
                _ => Mode::Lines,
            },
        }
    }

    /// Rows for stdout, in the form that was asked for.
    pub(crate) fn rows<'a, W: Write>(&self, out: W, columns: &'a [Column]) -> Rows<'a, W> {
        Rows::shaped(out, self.format, self.style, columns, self.layout).raw(self.raw)
    }

    /// How full something is, for a terminal; none elsewhere. Beside the bar there is room for `beside` columns.
    pub(crate) fn bar(&self, part: u64, whole: u64, beside: usize) -> Option<String> {
        const WIDEST: usize = 40;
        const NARROWEST: usize = 8;
        // Two for the ends of a bar that is drawn in ASCII, and five for the share.
        let room = self.layout.width?.saturating_sub(beside + 8).min(WIDEST);
        let percent = (u128::from(part) * 100).checked_div(u128::from(whole))?;
        (room >= NARROWEST).then(|| format!("{} {percent} %", self.layout.bar(part, whole, room)))
    }

    /// Tells people something, unless they asked for quiet. The text must be harmless already.
    pub(crate) fn note(&self, text: impl Display) {
        if !self.quiet {
            tell_as("note", text);
        }
    }

    /// Warns people, unless they asked for quiet.
    pub(crate) fn warn(&self, text: impl Display) {
        if log::is_json() && !self.quiet {
            return tell_as("warning", text);
        }
        self.note(format_args!("{} {text}", self.error_style.warn("warning:")));
    }

    /// Shows how many of `all` are done.
    pub(crate) fn meter(&self, noun: &'static str, all: Option<usize>) -> Meter {
        Meter::new(self.progress, noun, all)
    }

    /// Wipes the progress line.
    pub(crate) fn end_progress(&self) {
        if matches!(self.progress, Mode::Live(_)) {
            meter::rewrite("");
        }
    }

    #[cfg(test)]
    pub(crate) fn fixed(format: Format, style: Style, layout: Layout, raw: bool) -> Self {
        Console { format, style, error_style: style, layout, raw, quiet: true, progress: Mode::Off }
    }
}

/// Tells people something in any case. If stderr is gone, so is the reader.
pub(crate) fn tell(text: impl Display) {
    tell_as("note", text);
}

fn tell_as(level: &'static str, text: impl Display) {
    if log::is_json() {
        return log::line(level, &text.to_string(), &[]);
    }
    // In one piece, so that lines of two processes do not mix.
    let _ = stderr().write_all(format!("{text}\n").as_bytes());
}
