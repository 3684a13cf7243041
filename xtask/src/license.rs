//! Whether a license expression can be satisfied with the licenses we accept.
//!
//! The grammar is SPDX's: names, `AND`, `OR`, `WITH`, parentheses, `AND` binding tighter than `OR`.
//! Old manifests write `MIT/Apache-2.0`, where the slash means `OR`.

/// Whether some choice the expression offers consists of accepted licenses only.
///
/// # Errors
/// The expression is not one; the text says where.
pub(crate) fn satisfied(expression: &str, accepts: impl Fn(&str) -> bool) -> Result<bool, String> {
    let words = words(expression);
    let mut parser = Parser { words: &words, accepts: &accepts };
    let verdict = parser.either()?;
    match parser.words.first() {
        None => Ok(verdict),
        Some(word) => Err(format!("`{word}` is unexpected in `{expression}`")),
    }
}

struct Parser<'a, F> {
    words: &'a [String],
    accepts: &'a F,
}

impl<F: Fn(&str) -> bool> Parser<'_, F> {
    fn either(&mut self) -> Result<bool, String> {
        let mut verdict = self.both()?;
        while self.take("OR") {
            // Both sides are read, whatever the first one says: the rest must be an expression too.
            verdict |= self.both()?;
        }
        Ok(verdict)
    }

    fn both(&mut self) -> Result<bool, String> {
        let mut verdict = self.one()?;
        while self.take("AND") {
            verdict &= self.one()?;
        }
        Ok(verdict)
    }

    fn one(&mut self) -> Result<bool, String> {
        if self.take("(") {
            let verdict = self.either()?;
            return if self.take(")") { Ok(verdict) } else { Err("a parenthesis stays open".into()) };
        }
        let name = self.name()?;
        if self.take("WITH") {
            // An exception only widens a license, but which ones we accept is still said in full.
            let exception = self.name()?;
            return Ok((self.accepts)(&format!("{name} WITH {exception}")));
        }
        Ok((self.accepts)(&name))
    }

    fn name(&mut self) -> Result<String, String> {
        let (first, rest) = self.words.split_first().ok_or("a license is missing at the end")?;
        if matches!(first.as_str(), "AND" | "OR" | "WITH" | "(" | ")") {
            return Err(format!("`{first}` stands where a license should"));
        }
        self.words = rest;
        Ok(first.clone())
    }

    fn take(&mut self, word: &str) -> bool {
        match self.words.split_first() {
            Some((first, rest)) if first == word => {
                self.words = rest;
                true
            }
            _ => false,
        }
    }
}

fn words(expression: &str) -> Vec<String> {
    let spaced = expression.replace('(', " ( ").replace(')', " ) ").replace('/', " OR ");
    spaced.split_whitespace().map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::satisfied;

    fn ours(expression: &str) -> Result<bool, String> {
        satisfied(expression, |name| ["MIT", "Apache-2.0", "ISC"].contains(&name))
    }

    #[test]
    fn one_license() {
        assert_eq!(ours("MIT"), Ok(true));
        assert_eq!(ours("GPL-3.0-only"), Ok(false));
        assert_eq!(ours("mit"), Ok(false));
    }

    #[test]
    fn a_choice_needs_one_side_and_a_sum_needs_both() {
        assert_eq!(ours("GPL-3.0-only OR MIT"), Ok(true));
        assert_eq!(ours("GPL-3.0-only AND MIT"), Ok(false));
        assert_eq!(ours("Apache-2.0 AND ISC"), Ok(true));
        assert_eq!(ours("MIT/Apache-2.0"), Ok(true));
        assert_eq!(ours("Zlib/GPL-2.0"), Ok(false));
    }

    #[test]
    fn and_binds_tighter_than_or() {
        assert_eq!(ours("MIT OR GPL-2.0 AND GPL-3.0"), Ok(true));
        assert_eq!(ours("(MIT OR GPL-2.0) AND GPL-3.0"), Ok(false));
        assert_eq!(ours("ISC AND (Apache-2.0 OR OpenSSL) AND (MIT OR (GPL-2.0 AND X))"), Ok(true));
    }

    #[test]
    fn an_exception_is_part_of_the_name() {
        assert_eq!(ours("Apache-2.0 WITH LLVM-exception"), Ok(false));
        assert_eq!(ours("Apache-2.0 WITH LLVM-exception OR MIT"), Ok(true));
        let wide = |name: &str| name == "Apache-2.0 WITH LLVM-exception";
        assert_eq!(satisfied("Apache-2.0 WITH LLVM-exception", wide), Ok(true));
    }

    #[test]
    fn what_is_no_expression_is_an_error() {
        for text in ["", "MIT OR", "AND MIT", "(MIT", "MIT)", "MIT ISC", "MIT WITH", "()", "MIT OR OR ISC"] {
            assert!(ours(text).is_err(), "{text}");
        }
    }
}
