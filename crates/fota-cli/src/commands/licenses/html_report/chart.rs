//! The two pictures of the page, as inline SVG that stretches with the page. Words stand beside them as HTML, so
//! that they keep their size on every screen.

use super::html::{Html, grouped, share};
use super::timeline::Bucket;

/// Width or height of a drawing in its own units.
const SCALE: u64 = 1000;

/// A bar that shows a part of a whole.
pub(super) fn bar(html: &mut Html, class: &'static str, part: u64, whole: u64, label: Option<&str>) {
    html.raw("<svg").attr("class", class).raw(" viewBox=\"0 0 1000 10\" preserveAspectRatio=\"none\"");
    match label {
        Some(label) => {
            html.raw(" role=\"img\"").attr("aria-label", label).raw("><title>").text(label).raw("</title>")
        }
        None => html.raw(" aria-hidden=\"true\">"),
    };
    html.raw("<rect class=\"track\" width=\"1000\" height=\"10\"/><rect class=\"part\" height=\"10\"");
    // A sliver is better than nothing where there is something.
    let width = share(part, whole, SCALE).max(if part > 0 { 4 } else { 0 });
    html.attr("width", width).raw("/></svg>");
}

/// Columns, with a scale at their left and words below some of them.
pub(super) fn columns(html: &mut Html, buckets: &[Bucket], title: &str, description: &str) {
    let highest = buckets.iter().map(|bucket| bucket.devices).max().unwrap_or(0);
    let (step, steps) = scale(highest);
    let top = step.saturating_mul(steps);
    html.raw("<div class=\"plot\"><div class=\"scale\" aria-hidden=\"true\">");
    for number in (0..=steps).rev() {
        html.raw("<span>").text(grouped(step.saturating_mul(number))).raw("</span>");
    }
    html.raw("</div><div class=\"columns\"><svg role=\"img\" aria-labelledby=\"columns-title columns-text\"");
    html.raw(" preserveAspectRatio=\"none\"");
    let slot = 100_u64;
    let count = u64::try_from(buckets.len()).unwrap_or(1).max(1);
    html.attr("viewBox", format_args!("0 0 {} {SCALE}", count * slot));
    html.raw("><title id=\"columns-title\">").text(title).raw("</title><desc id=\"columns-text\">");
    html.text(description).raw("</desc>");
    for number in 0..=steps {
        let y = SCALE - share(number, steps, SCALE);
        html.raw("<line class=\"rule\" x1=\"0\"")
            .attr("x2", count * slot)
            .attr("y1", y)
            .attr("y2", y)
            .raw("/>");
    }
    // A lone column must not be a wall.
    let (gap, width) = if count <= 4 { (35, 30) } else { (14, 72) };
    for (x, bucket) in (0..).step_by(100).zip(buckets) {
        let height = share(bucket.devices, top, SCALE).max(if bucket.devices > 0 { 8 } else { 0 });
        html.raw("<g class=\"column\"><title>");
        html.text(format_args!("{}: {}", bucket.name, grouped(bucket.devices)));
        html.raw("</title><rect class=\"slot\" width=\"100\" height=\"1000\"").attr("x", x);
        html.raw("/><rect class=\"part\"").attr("x", x + gap).attr("width", width);
        html.attr("y", SCALE - height).attr("height", height).raw("/></g>");
    }
    html.raw("</svg><div class=\"axis\" aria-hidden=\"true\">");
    for (index, is_minor) in labeled(buckets.len()) {
        let Some(bucket) = buckets.get(index) else { continue };
        let place = share(2 * u64::try_from(index).unwrap_or(0) + 1, 2 * count, SCALE);
        html.raw(if is_minor { "<span class=\"minor\"" } else { "<span" });
        html.attr("style", format_args!("left:{}.{}%", place / 10, place % 10));
        html.raw(">").text(&bucket.label).raw("</span>");
    }
    html.raw("</div></div></div>");
}

/// A round step and how many of them it takes to reach `highest`, five at most.
fn scale(highest: u64) -> (u64, u64) {
    let mut power = 1_u64;
    loop {
        for step in [1, 2, 5].map(|digit| power.saturating_mul(digit)) {
            let steps = highest.div_ceil(step).max(1);
            if steps <= 4 {
                return (step, steps);
            }
        }
        if power > u64::MAX / 10 {
            return (highest, 1);
        }
        power *= 10;
    }
}

/// Which columns have a word: five at most, evenly apart, and every other of them only where there is room.
fn labeled(columns: usize) -> Vec<(usize, bool)> {
    if columns <= 5 {
        // Up to three fit on a telephone.
        return (0..columns).map(|index| (index, columns > 3 && index % 2 == 1)).collect();
    }
    let step = (columns - 1) / 4;
    (0..5).map(|turn| (columns - 1 - turn * step, turn % 2 == 1)).rev().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scales_are_round_and_reach_the_top() {
        for (highest, expected) in [
            (0, (1, 1)),
            (1, (1, 1)),
            (4, (1, 4)),
            (5, (2, 3)),
            (163, (50, 4)),
            (1000, (500, 2)),
            (86_400, (50_000, 2)),
        ] {
            assert_eq!(scale(highest), expected, "{highest}");
        }
        let (step, steps) = scale(u64::MAX);
        assert_eq!(step.checked_mul(steps), None, "which is why the top is cut");
    }

    #[test]
    fn words_below_columns_do_not_crowd() {
        assert_eq!(labeled(0), []);
        assert_eq!(labeled(1), [(0, false)]);
        assert_eq!(labeled(4), [(0, false), (1, true), (2, false), (3, true)]);
        assert_eq!(labeled(13), [(0, false), (3, true), (6, false), (9, true), (12, false)]);
        assert_eq!(labeled(7).iter().map(|(index, _)| *index).collect::<Vec<_>>(), [2, 3, 4, 5, 6]);
    }
}
