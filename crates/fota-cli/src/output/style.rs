//! Colors, or none: decided once per stream.

use std::fmt::Display;

use crate::args::Color;

/// How to dress text for one stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Style {
    color: bool,
}

impl Style {
    /// `terminal`: whether the stream is one. `variable`: the environment.
    pub(crate) fn new(when: Color, terminal: bool, variable: impl Fn(&str) -> Option<String>) -> Self {
        let color = match when {
            Color::Always => true,
            Color::Never => false,
            Color::Auto if variable("NO_COLOR").is_some() => false,
            Color::Auto if variable("CLICOLOR_FORCE").is_some_and(|value| value != "0") => true,
            Color::Auto if variable("CLICOLOR").is_some_and(|value| value == "0") => false,
            Color::Auto => terminal && variable("TERM").is_none_or(|term| term != "dumb"),
        };
        Style { color }
    }

    pub(crate) fn plain() -> Self {
        Style { color: false }
    }

    /// Whether text is colored at all.
    pub(crate) fn is_colored(self) -> bool {
        self.color
    }

    pub(crate) fn good(self, text: impl Display) -> String {
        self.paint("32", text)
    }

    pub(crate) fn bad(self, text: impl Display) -> String {
        self.paint("1;31", text)
    }

    pub(crate) fn warn(self, text: impl Display) -> String {
        self.paint("33", text)
    }

    pub(crate) fn faint(self, text: impl Display) -> String {
        self.paint("2", text)
    }

    pub(crate) fn strong(self, text: impl Display) -> String {
        self.paint("1", text)
    }

    fn paint(self, code: &str, text: impl Display) -> String {
        if self.color { format!("\u{1b}[{code}m{text}\u{1b}[0m") } else { text.to_string() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flag_before_environment_before_terminal() {
        let colored = |when, terminal, set: &[(&str, &str)]| {
            let style = Style::new(when, terminal, |name| {
                set.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned())
            });
            style.good("x") != "x"
        };
        assert!(colored(Color::Always, false, &[("NO_COLOR", "1")]));
        assert!(!colored(Color::Never, true, &[("CLICOLOR_FORCE", "1")]));
        assert!(colored(Color::Auto, true, &[]));
        assert!(!colored(Color::Auto, false, &[]));
        assert!(!colored(Color::Auto, true, &[("NO_COLOR", "1")]));
        assert!(!colored(Color::Auto, true, &[("TERM", "dumb")]));
        assert!(colored(Color::Auto, false, &[("CLICOLOR_FORCE", "1")]));
        assert!(!colored(Color::Auto, false, &[("CLICOLOR_FORCE", "0")]));
        assert!(!colored(Color::Auto, true, &[("CLICOLOR", "0")]));
        assert!(!colored(Color::Auto, true, &[("CLICOLOR_FORCE", "1"), ("NO_COLOR", "1")]));
    }
}
