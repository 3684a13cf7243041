//! Where in a JSON text something is: from a byte's place to a path such as `deviceList[3].deviceId`.
//!
//! It reads the text up to that place and no further, so that it works where the text is broken behind it. Finding the path
//! like this, once reading has failed, is much less code than reading in a way that knows it all along.

use std::fmt::Write as _;

/// The path of the value that ends at `end` or goes on behind it; `None` for the whole text.
pub(crate) fn path_at(text: &str, end: usize) -> Option<String> {
    let mut stack: Vec<Step> = Vec::new();
    let mut letters = text.get(..end)?.bytes().enumerate();
    // The last text that was read, without its quotes: a name, if a colon follows.
    let mut last = "";
    while let Some((at, letter)) = letters.next() {
        match letter {
            b'"' => {
                let mut escaped = false;
                let close = letters.find(|(_, letter)| {
                    let closes = *letter == b'"' && !escaped;
                    escaped = *letter == b'\\' && !escaped;
                    closes
                });
                last = text.get(at + 1..close.map_or(end, |(close, _)| close)).unwrap_or_default();
            }
            b'{' => stack.push(Step::Object(None)),
            b'[' => stack.push(Step::List(0)),
            b'}' | b']' => drop(stack.pop()),
            b':' => {
                if let Some(Step::Object(name)) = stack.last_mut() {
                    *name = Some(last);
                }
            }
            b',' => match stack.last_mut() {
                Some(Step::Object(name)) => *name = None,
                Some(Step::List(index)) => *index += 1,
                None => {}
            },
            _ => {}
        }
    }
    let mut path = String::new();
    for step in stack {
        match step {
            Step::Object(Some(name)) => {
                path.push_str(if path.is_empty() { "" } else { "." });
                path.push_str(name);
            }
            Step::Object(None) => {}
            Step::List(index) => {
                // Writing to a String cannot fail.
                let _ = write!(path, "[{index}]");
            }
        }
    }
    (!path.is_empty()).then_some(path)
}

/// The byte behind what a reader had read, from its line and column, both counted from one, columns in bytes.
pub(crate) fn offset(text: &str, line: usize, column: usize) -> usize {
    let lines = text.split_inclusive('\n').take(line.saturating_sub(1));
    lines.map(str::len).sum::<usize>().saturating_add(column).min(text.len())
}

/// One level of the path.
enum Step<'a> {
    Object(Option<&'a str>),
    List(usize),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths() {
        let text = r#"{"a":1,"b":[{"c":"x"},{"c\"]}":[7,{"d":null}]}],"e":{}}"#;
        for (mark, path) in [
            ("{", None),
            (r#"{"a":1"#, Some("a")),
            (r#"{"a":1,"#, None),
            (r#"{"a":1,"b":["#, Some("b[0]")),
            (r#"{"a":1,"b":[{"c":"x""#, Some("b[0].c")),
            (r#"{"a":1,"b":[{"c":"x"}"#, Some("b[0]")),
            (r#"{"a":1,"b":[{"c":"x"},{"c\"]}":[7,{"d":nul"#, Some(r#"b[1].c\"]}[1].d"#)),
            (r#"{"a":1,"b":[{"c":"x"},{"c\"]}":[7,{"d":null}]}]"#, Some("b")),
            (text, None),
        ] {
            assert!(text.starts_with(mark), "{mark}");
            assert_eq!(path_at(text, mark.len()).as_deref(), path, "{mark}");
        }
    }

    #[test]
    fn offsets() {
        assert_eq!(offset("ab\ncd\n", 1, 1), 1);
        assert_eq!(offset("ab\ncd\n", 2, 1), 4);
        assert_eq!(offset("ab\ncd\n", 3, 0), 6);
        assert_eq!(offset("ab", 9, 9), 2);
    }
}
