//! Writes HTML. Markup can only be a literal of this program; every other text is escaped.

use std::fmt::Display;

use crate::output::escape;

/// A document that grows.
#[derive(Debug, Default)]
pub(super) struct Html(String);

impl Html {
    /// Markup.
    pub(super) fn raw(&mut self, markup: &'static str) -> &mut Self {
        self.0.push_str(markup);
        self
    }

    /// Text of this program.
    pub(super) fn text(&mut self, text: impl Display) -> &mut Self {
        self.escaped(&text.to_string());
        self
    }

    /// Text that somebody else wrote. Its direction stays its own, and what would not be seen is spelled out.
    pub(super) fn foreign(&mut self, text: &str) -> &mut Self {
        self.raw("<bdi>").text(escape::terminal(text)).raw("</bdi>")
    }

    /// ` name="value"`
    pub(super) fn attr(&mut self, name: &'static str, value: impl Display) -> &mut Self {
        self.raw(" ").raw(name).raw("=\"").text(escape::terminal(&value.to_string())).raw("\"")
    }

    pub(super) fn finish(self) -> String {
        self.0
    }

    fn escaped(&mut self, text: &str) {
        for c in text.chars() {
            match c {
                '&' => self.0.push_str("&amp;"),
                '<' => self.0.push_str("&lt;"),
                '>' => self.0.push_str("&gt;"),
                '"' => self.0.push_str("&quot;"),
                '\'' => self.0.push_str("&#39;"),
                c => self.0.push(c),
            }
        }
    }
}

/// `1234567` as `1,234,567`.
pub(super) fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// `part` of `whole` on a scale, rounded. Never more than the scale.
pub(super) fn share(part: u64, whole: u64, scale: u64) -> u64 {
    let (part, whole, scale) = (u128::from(part.min(whole)), u128::from(whole.max(1)), u128::from(scale));
    u64::try_from((part * scale + whole / 2) / whole).unwrap_or(u64::MAX)
}

/// The share in percent, such as `12.3 %`; what is not nothing does not look like nothing, nor like all.
pub(super) fn percent(part: u64, whole: u64) -> String {
    match share(part, whole, 1000) {
        0 if part > 0 => "< 0.1%".to_owned(),
        1000 if part < whole => "> 99.9%".to_owned(),
        tenths => format!("{}.{}%", tenths / 10, tenths % 10),
    }
}

/// `1 device`, `2 devices`.
pub(super) fn counted(count: u64, noun: &str) -> String {
    let plural = if count == 1 { "" } else { "s" };
    format!("{} {noun}{plural}", grouped(count))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn foreign_text_is_text() {
        let mut html = Html::default();
        html.raw("<p")
            .attr("title", "\"><script>'\u{202e}")
            .raw(">")
            .foreign("</p><b>&\u{202e}\0'")
            .raw("</p>");
        assert_eq!(
            html.finish(),
            "<p title=\"&quot;&gt;&lt;script&gt;&#39;\\u{202e}\"><bdi>&lt;/p&gt;&lt;b&gt;&amp;\\u{202e}\\u{0}&#39;</bdi></p>"
        );
    }

    #[test]
    fn numbers_for_people() {
        assert_eq!([0, 999, 1000, 1_234_567].map(grouped), ["0", "999", "1,000", "1,234,567"]);
        assert_eq!(percent(1, 3), "33.3%");
        assert_eq!(percent(1, 10_000), "< 0.1%");
        assert_eq!(percent(9999, 10_000), "> 99.9%");
        assert_eq!(
            (percent(0, 0), percent(5, 5), percent(9, 5)),
            ("0.0%".into(), "100.0%".into(), "100.0%".into())
        );
        assert_eq!(share(u64::MAX, u64::MAX, 1000), 1000);
    }
}
