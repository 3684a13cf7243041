//! The two streams of a command, and what it tells people besides its data.

use std::fmt::Display;
use std::io::{self, BufWriter, IsTerminal as _, Stdout, Write as _};

use super::{Format, Style};
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
    quiet: bool,
    progress: bool,
}

impl Console {
    pub(crate) fn new(global: &Global, environment: &Environment) -> Self {
        let errors_seen = io::stderr().is_terminal();
        let style =
            |terminal| Style::new(global.color, terminal, |name| environment.text(name).ok().flatten());
        Console {
            format: global.output,
            style: style(io::stdout().is_terminal()),
            error_style: style(errors_seen),
            quiet: global.quiet,
            // Lines of the log and a line that is written over do not go together.
            progress: errors_seen
                && !global.quiet
                && global.verbose == 0
                && global.log_format == LogFormat::Text,
        }
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

    /// Shows how far it is, on a terminal, in a line that the next call overwrites.
    pub(crate) fn progress(&self, text: impl Display) {
        if self.progress {
            let _ = write!(io::stderr(), "\r\u{1b}[K{text}");
            let _ = io::stderr().flush();
        }
    }

    /// Wipes the progress line.
    pub(crate) fn end_progress(&self) {
        self.progress("");
    }
}

/// Stdout, buffered.
pub(crate) fn stdout() -> BufWriter<Stdout> {
    BufWriter::new(io::stdout())
}

/// Tells people something in any case. If stderr is gone, so is the reader.
pub(crate) fn tell(text: impl Display) {
    tell_as("note", text);
}

fn tell_as(level: &'static str, text: impl Display) {
    if log::is_json() {
        return log::line(level, &text.to_string(), &[]);
    }
    let _ = writeln!(io::stderr(), "{text}");
}
