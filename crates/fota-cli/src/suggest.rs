//! "Did you mean …?", for names that are not those of commands and flags: clap sees to these.

/// The name that was most likely meant, if any is near.
pub(crate) fn closest<'a>(wrong: &str, names: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    // One slip in four characters is a slip; more is another word.
    let most = (wrong.chars().count() / 4).max(1);
    let wrong = wrong.to_lowercase();
    names
        .into_iter()
        .map(|name| (distance(&wrong, &name.to_lowercase()), name))
        .filter(|(distance, _)| *distance <= most)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, name)| name)
}

/// How many characters have to be put in, left out, changed, or swapped with their neighbor.
fn distance(left: &str, right: &str) -> usize {
    let right: Vec<char> = right.chars().collect();
    let (mut before, mut row): (Vec<usize>, Vec<usize>) = (Vec::new(), (0..=right.len()).collect());
    let mut last = None;
    for (index, a) in left.chars().enumerate() {
        let mut next = vec![index + 1];
        for (at, b) in right.iter().enumerate() {
            let cell = |row: &[usize], at: usize| row.get(at).copied().unwrap_or(usize::MAX / 2);
            let mut best =
                (cell(&row, at) + usize::from(a != *b)).min(cell(&row, at + 1) + 1).min(cell(&next, at) + 1);
            let swapped = at.checked_sub(1).filter(|at| right.get(*at) == Some(&a) && last == Some(*b));
            if let Some(at) = swapped {
                best = best.min(cell(&before, at) + 1);
            }
            next.push(best);
        }
        last = Some(a);
        before = std::mem::replace(&mut row, next);
    }
    row.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn near_names_are_found_and_others_are_not() {
        let names = ["default", "staging", "production", "prod-eu"];
        for (wrong, expected) in [
            ("stagign", Some("staging")),
            ("Staging", Some("staging")),
            ("stagin", Some("staging")),
            ("defualt", Some("default")),
            ("prodution", Some("production")),
            ("prod-us", None),
            ("x", None),
            ("", None),
        ] {
            assert_eq!(closest(wrong, names), expected, "{wrong}");
        }
        assert_eq!(distance("", "abc"), 3);
        assert_eq!(distance("abc", ""), 3);
        assert_eq!(distance("ab", "ba"), 1);
        assert_eq!(distance("kitten", "sitting"), 3);
    }
}
