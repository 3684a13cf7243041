//! What a stream can show: how wide it is, if it is a terminal, and whether letters beyond ASCII arrive there.

use std::io::{self, IsTerminal as _};

use terminal_size::{Height, Width, terminal_size_of};
use unicode_width::UnicodeWidthChar as _;

use super::stream::locale_is_utf8;

/// The place for tables and bars of one stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Layout {
    /// The columns of the terminal; none when the stream is a file or a pipe, where nothing is cut or wrapped.
    pub(crate) width: Option<usize>,
    /// Whether bars may be drawn with blocks.
    pub(crate) unicode: bool,
}

/// Narrower than this is no place for anything.
const NARROWEST: usize = 20;
/// When neither the terminal nor COLUMNS tells.
const USUAL: usize = 80;

impl Layout {
    /// A file or a pipe.
    pub(crate) fn plain() -> Self {
        Layout { width: None, unicode: false }
    }

    pub(super) fn of_stdout(variable: impl Fn(&str) -> Option<String>) -> Self {
        let stream = io::stdout();
        Layout::new(stream.is_terminal(), terminal_size_of(stream), variable)
    }

    pub(super) fn of_stderr(variable: impl Fn(&str) -> Option<String>) -> Self {
        let stream = io::stderr();
        Layout::new(stream.is_terminal(), terminal_size_of(stream), variable)
    }

    /// `size`: what the terminal says, if it is one and says it.
    fn new(terminal: bool, size: Option<(Width, Height)>, variable: impl Fn(&str) -> Option<String>) -> Self {
        // As with ls and git: who exports COLUMNS knows better than the terminal.
        let wanted = variable("COLUMNS").and_then(|text| text.trim().parse().ok());
        let told = size.map(|(Width(width), _)| usize::from(width));
        let width =
            [wanted, told].into_iter().flatten().find(|width| *width > 0).unwrap_or(USUAL).max(NARROWEST);
        Layout { width: terminal.then_some(width), unicode: terminal && locale_is_utf8(variable) }
    }

    /// How full something is, in `width` columns.
    pub(crate) fn bar(self, part: u64, whole: u64, width: usize) -> String {
        let cells = u64::try_from(width).unwrap_or(0);
        let filled = match u128::from(part.min(whole)) * u128::from(cells) {
            _ if whole == 0 => 0,
            // A bar is full when nothing is left, and empty when nothing is used; not before.
            share if part >= whole => share / u128::from(whole),
            share => {
                (share / u128::from(whole)).max(u128::from(part > 0)).min(u128::from(cells.saturating_sub(1)))
            }
        };
        let filled = usize::try_from(filled).unwrap_or(width).min(width);
        let (on, off, open, close) = if self.unicode { ("█", "░", "", "") } else { ("#", "-", "[", "]") };
        format!("{open}{}{}{close}", on.repeat(filled), off.repeat(width - filled))
    }
}

/// Columns that harmless `text` takes on a terminal.
pub(crate) fn width_of(text: &str) -> usize {
    text.chars().map(|c| c.width().unwrap_or(0)).sum()
}

/// Breaks harmless `text` into lines of at most `width` columns: between words where it can, else anywhere.
pub(crate) fn wrap(text: &str, width: usize) -> Vec<String> {
    let width = width.max(2);
    let (mut lines, mut line, mut used) = (Vec::new(), String::new(), 0);
    for word in text.split_inclusive(' ') {
        let bare = width_of(word.trim_end_matches(' '));
        if used > 0 && used + bare > width {
            lines.push(std::mem::take(&mut line));
            used = 0;
        }
        for c in word.chars() {
            let columns = c.width().unwrap_or(0);
            if used + columns > width {
                // The space behind a word that just fits is the break itself.
                if c == ' ' {
                    continue;
                }
                lines.push(std::mem::take(&mut line));
                used = 0;
            }
            line.push(c);
            used += columns;
        }
    }
    lines.push(line);
    for line in &mut lines {
        line.truncate(line.trim_end_matches(' ').len());
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[allow(clippy::option_option, reason = "no terminal, or one that does not tell")]
    fn layout(terminal: Option<Option<u16>>, set: &[(&str, &str)]) -> Layout {
        let size = terminal.flatten().map(|width| (Width(width), Height(24)));
        Layout::new(terminal.is_some(), size, |name| {
            set.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned())
        })
    }

    #[test]
    fn only_a_terminal_has_a_width() {
        assert_eq!(layout(None, &[("COLUMNS", "40"), ("LANG", "C.UTF-8")]), Layout::plain());
        assert_eq!(layout(Some(Some(132)), &[]).width, Some(132));
        assert_eq!(layout(Some(Some(132)), &[("COLUMNS", "40")]).width, Some(40));
        assert_eq!(layout(Some(Some(132)), &[("COLUMNS", "wide")]).width, Some(132));
        assert_eq!(layout(Some(None), &[]).width, Some(80));
        assert_eq!(layout(Some(Some(0)), &[("COLUMNS", "0")]).width, Some(80));
        assert_eq!(layout(Some(Some(3)), &[]).width, Some(20));
    }

    #[test]
    fn a_bar_is_full_or_empty_only_when_it_is_true() {
        let ascii = Layout { width: Some(80), unicode: false };
        assert_eq!(ascii.bar(0, 100, 10), "[----------]");
        assert_eq!(ascii.bar(1, 100, 10), "[#---------]");
        assert_eq!(ascii.bar(75, 100, 10), "[#######---]");
        assert_eq!(ascii.bar(99_999, 100_000, 10), "[#########-]");
        assert_eq!(ascii.bar(100, 100, 10), "[##########]");
        assert_eq!(ascii.bar(120, 100, 10), "[##########]");
        assert_eq!(ascii.bar(0, 0, 10), "[----------]");
        assert_eq!(ascii.bar(u64::MAX - 1, u64::MAX, 10), "[#########-]");
        assert_eq!(Layout { width: Some(80), unicode: true }.bar(5, 10, 4), "██░░");
    }

    #[test]
    fn lines_break_between_words_and_lose_nothing() {
        assert_eq!(
            wrap("the device is not of this account", 14),
            ["the device is", "not of this", "account"]
        );
        assert_eq!(wrap("352099001761481", 8), ["35209900", "1761481"]);
        assert_eq!(wrap("東京東京", 5), ["東京", "東京"]);
        assert_eq!(wrap("", 9), [""]);
        assert_eq!(wrap("exactly ten", 7), ["exactly", "ten"]);
        for width in 2..40 {
            let text = "a longer reason, which-has-a-very-long-word in it, 東京 and a space at the end ";
            let lines = wrap(text, width);
            assert!(lines.iter().all(|line| width_of(line) <= width), "{width}: {lines:?}");
            let letters = |text: &str| text.replace(' ', "");
            assert_eq!(letters(&lines.concat()), letters(text), "{width}");
        }
    }
}
