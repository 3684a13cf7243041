//! The page itself: a headline, and one section for each question that it answers.

use super::chart;
use super::data::Picture;
use super::html::{Html, counted, grouped, percent};
use super::models::Models;
use super::refused::Refused;
use super::target::MARK;
use super::timeline::{iso, moment};
use crate::journal::Cause;

/// Makes and models that have a line of their own.
const MODELS: usize = 12;
/// Reasons that have a line of their own.
const CAUSES: usize = 8;
/// Refused devices that are named.
const REFUSED: usize = 200;

/// Nothing is loaded from anywhere, and nothing runs.
const HEAD: &str = "<html lang=\"en\">
<head>
<meta charset=\"utf-8\">
<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'\">
<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">
<meta name=\"color-scheme\" content=\"light dark\">
<meta name=\"referrer\" content=\"no-referrer\">
<meta name=\"robots\" content=\"noindex\">
<link rel=\"icon\" href=\"data:,\">
";

/// The page. All of it is in memory, because its size has a limit.
pub(super) fn render(picture: &Picture) -> String {
    let mut html = Html::default();
    html.raw(MARK).raw(HEAD).raw("<title>").text("FOTA licenses of ").text(&picture.account);
    html.raw("</title>\n<style>\n").raw(include_str!("style.css")).raw("</style>\n</head>\n<body>\n");
    header(&mut html, picture);
    html.raw("<main>\n");
    pool(&mut html, picture);
    timeline(&mut html, picture);
    models(&mut html, picture);
    refused(&mut html, picture.refused.as_ref());
    html.raw("</main>\n");
    footer(&mut html, picture);
    html.raw("</body>\n</html>\n");
    html.finish()
}

fn header(html: &mut Html, picture: &Picture) {
    html.raw("<header>\n<p class=\"eyebrow\">FOTA license report</p>\n<h1><span>Account</span> ");
    html.foreign(&picture.account).raw("</h1>\n<p class=\"meta\"><time id=\"made\"");
    let made = moment(picture.made);
    html.attr("datetime", &made).raw(">").text(readable(&made)).raw("</time> <span>from ");
    if picture.service == "sandbox" {
        html.raw("the sandbox of this machine, a pretend account");
    } else {
        html.foreign(&picture.service);
    }
    html.raw("</span></p>\n</header>\n");
}

fn pool(html: &mut Html, picture: &Picture) {
    let (total, used, free) = (picture.pool.total, picture.pool.assigned, picture.pool.free());
    html.raw("<section id=\"pool\" aria-labelledby=\"pool-title\">\n<h2 id=\"pool-title\">Pool</h2>\n<p class=\"finding\">");
    match (total, used) {
        (Some(total), Some(used)) if used > total => {
            html.text(counted(used - total, "license")).raw(" more in use than bought");
        }
        (Some(0), Some(_)) => drop(html.raw("The account has no licenses")),
        (Some(total), Some(used)) if used == total => {
            html.raw("All ").text(counted(total, "license")).raw(" are in use, none is free");
        }
        (Some(total), Some(used)) => {
            html.text(grouped(used)).raw(" of ").text(counted(total, "license")).raw(" in use");
        }
        (_, Some(used)) => {
            html.text(counted(used, "license")).raw(" in use; the service does not say of how many");
        }
        _ => drop(html.raw("The service does not say how many licenses are in use")),
    }
    html.raw("</p>\n");
    if let (Some(total), Some(used)) = (total, used) {
        let label = format!("{} of {} in use", grouped(used), counted(total, "license"));
        chart::bar(html, if used >= total { "bar pool full" } else { "bar pool" }, used, total, Some(&label));
    }
    html.raw("\n<dl class=\"figures\">\n");
    let of_total = |part: Option<u64>| Some(percent(part?, total.filter(|total| *total > 0)?));
    figure(html, "In use", "pool-used", used, of_total(used));
    figure(html, "Free", "pool-free", free, of_total(free));
    figure(html, "Bought", "pool-total", total, None);
    html.raw("</dl>\n");
    if used.is_some_and(|used| used != picture.listed) {
        html.raw("<p class=\"note\">The list of licensed devices names ").text(grouped(picture.listed));
        html.raw(". The service counts and lists separately, and devices may have changed meanwhile.</p>\n");
    }
    html.raw("</section>\n");
}

fn figure(html: &mut Html, word: &'static str, id: &'static str, value: Option<u64>, extra: Option<String>) {
    html.raw("<div><dt>").raw(word).raw("</dt><dd><span").attr("id", id).raw(">");
    html.text(value.map_or_else(|| "not told".to_owned(), grouped)).raw("</span>");
    if let Some(extra) = extra {
        html.raw(" <small>").text(extra).raw("</small>");
    }
    html.raw("</dd></div>\n");
}

fn timeline(html: &mut Html, picture: &Picture) {
    let timeline = &picture.timeline;
    html.raw("<section id=\"timeline\" aria-labelledby=\"timeline-title\">\n<h2 id=\"timeline-title\">Assignments over time</h2>\n");
    let (unit, buckets) = timeline.buckets();
    if let (Some((first, last)), Some(most)) =
        (timeline.range(), buckets.iter().rev().max_by_key(|bucket| bucket.devices))
    {
        html.raw("<p class=\"finding\">Licenses in use, by ").raw(unit.word());
        html.raw(" of assignment</p>\n");
        let text = format!(
            "{} from {} to {}; most in {}: {}.",
            counted(timeline.timed(), "device"),
            iso(first),
            iso(last),
            most.name,
            grouped(most.devices)
        );
        chart::columns(html, &buckets, "Assignments over time", &text);
        html.raw("\n<p class=\"note\" id=\"timeline-text\">").text(&text).raw("</p>\n");
        html.raw("<details><summary>The numbers as a table</summary>\n<table id=\"timeline-table\"><caption>Devices by ");
        html.raw(unit.word()).raw(" of assignment, in UTC</caption>\n<thead><tr><th scope=\"col\">When</th><th scope=\"col\" class=\"number\">Devices</th></tr></thead>\n<tbody>\n");
        for bucket in &buckets {
            html.raw("<tr><th scope=\"row\">").text(&bucket.name).raw("</th><td class=\"number\">");
            html.text(grouped(bucket.devices)).raw("</td></tr>\n");
        }
        html.raw("</tbody></table></details>\n");
    } else if picture.listed == 0 {
        html.raw("<p class=\"finding\">No device holds a license</p>\n");
    }
    if timeline.untimed > 0 {
        html.raw("<p class=\"note\">Not in the picture: <span id=\"untimed\">")
            .text(counted(timeline.untimed, "device"));
        html.raw("</span> for which the service tells no time.</p>\n");
    }
    if timeline.unreadable > 0 {
        html.raw("<p class=\"note\">Not in the picture: <span id=\"unreadable\">")
            .text(counted(timeline.unreadable, "device"));
        html.raw("</span> whose time makes no sense.</p>\n");
    }
    html.raw("</section>\n");
}

fn models(html: &mut Html, picture: &Picture) {
    let models = &picture.models;
    html.raw("<section id=\"models\" aria-labelledby=\"models-title\">\n<h2 id=\"models-title\">Makes and models</h2>\n");
    let (rows, kinds, others) = models.top(MODELS);
    if picture.listed == 0 {
        html.raw("<p class=\"finding\">No device holds a license</p>\n</section>\n");
        return;
    }
    let looked_up = picture.listed.saturating_sub(models.skipped);
    html.raw("<p class=\"finding\">");
    match (looked_up, rows.first()) {
        (0, _) => html.raw("Not looked up"),
        (_, None) => html.raw("The service tells no make or model"),
        (_, Some(first)) => {
            html.foreign([first.make, first.model].join(" ").trim());
            html.raw(" is the most frequent, ").text(percent(first.devices, picture.listed))
        }
    };
    html.raw("</p>\n<table id=\"models-table\"><caption>Licensed devices by make and model</caption>\n<thead><tr><th scope=\"col\">Make</th><th scope=\"col\">Model</th><th scope=\"col\" class=\"number\">Devices</th><th scope=\"col\">Share</th></tr></thead>\n<tbody>\n");
    for row in &rows {
        html.raw("<tr><td>");
        told(html, row.make);
        html.raw("</td><td>");
        told(html, row.model);
        devices(html, row.devices, picture.listed);
    }
    if others > 0 {
        html.raw("<tr class=\"rest\"><td colspan=\"2\">Others (")
            .text(grouped(u64::try_from(kinds).unwrap_or(0)));
        html.raw(if models.is_crowded() { " makes and models or more)" } else { " makes and models)" });
        devices(html, others, picture.listed);
    }
    for (name, count) in [("Unknown to the service", models.unknown), ("Not looked up", models.skipped)] {
        if count > 0 {
            html.raw("<tr class=\"rest\"><td colspan=\"2\">").raw(name);
            devices(html, count, picture.listed);
        }
    }
    html.raw("</tbody></table>\n");
    missing(html, models, looked_up);
    html.raw("</section>\n");
}

/// Why some devices were not looked up.
fn missing(html: &mut Html, models: &Models, looked_up: u64) {
    if let Some(trouble) = &models.trouble {
        html.raw("<p class=\"note\">Looking devices up failed: ").foreign(trouble).raw("</p>\n");
    } else if models.skipped > 0 && looked_up > 0 {
        html.raw("<p class=\"note\">Looked up: the first ").text(grouped(looked_up));
        html.raw(" in the order of the license list, which is no random sample. A larger <code>--look-up</code> takes more.</p>\n");
    }
}

fn told(html: &mut Html, name: &str) {
    if name.is_empty() {
        html.raw("<span class=\"faint\">not told</span>");
    } else {
        html.foreign(name);
    }
}

/// The end of a line of the table: the number and its share.
fn devices(html: &mut Html, count: u64, whole: u64) {
    html.raw("</td><td class=\"number\">").text(grouped(count)).raw("</td><td class=\"share\">");
    chart::bar(html, "bar", count, whole, None);
    html.raw("<span class=\"number\">").text(percent(count, whole)).raw("</span></td></tr>\n");
}

fn refused(html: &mut Html, refused: Option<&Refused>) {
    html.raw("<section id=\"refused\" aria-labelledby=\"refused-title\">\n<h2 id=\"refused-title\">Refused devices</h2>\n");
    let Some(refused) = refused else {
        html.raw("<p class=\"finding\">The journals of this machine cannot be read</p>\n</section>\n");
        return;
    };
    let causes = refused.causes();
    let (all, open) = causes.iter().fold((0, 0), |(all, open), (_, a, o)| (all + a, open + o));
    html.raw("<p class=\"finding\">");
    if all == 0 {
        html.raw("None in the runs of this machine");
    } else if open == 0 {
        html.raw("All that were refused are settled since");
    } else {
        html.raw("<span id=\"refused-open\">")
            .text(grouped(open))
            .raw("</span> of <span id=\"refused-all\">");
        html.text(grouped(all)).raw("</span> refused changes still open");
    }
    html.raw("</p>\n<p class=\"note\">");
    let runs = counted(u64::try_from(refused.runs()).unwrap_or(0), "run");
    html.text(format_args!("From the journals of {runs} of this user on this machine for this account."));
    if all > 0 {
        html.raw(" Open: the license list shows the device as it was then.");
    }
    if refused.is_cut() {
        html.raw(" There are more refused devices in older runs, which were not read.");
    }
    if refused.unreadable() > 0 {
        let unreadable = u64::try_from(refused.unreadable()).unwrap_or(0);
        html.raw(" Could not be read: ").text(counted(unreadable, "journal")).raw(".");
    }
    html.raw("</p>\n");
    if all > 0 {
        reasons(html, &causes);
        refused_devices(html, refused, all);
    }
    html.raw("</section>\n");
}

fn reasons(html: &mut Html, causes: &[(&Cause, u64, u64)]) {
    html.raw("<table id=\"reasons-table\"><caption>Reasons</caption>\n<thead><tr><th scope=\"col\">Reason</th><th scope=\"col\" class=\"number\">Devices</th><th scope=\"col\" class=\"number\">Open</th></tr></thead>\n<tbody>\n");
    let line = |html: &mut Html, all: u64, open: u64| {
        html.raw("</td><td class=\"number\">").text(grouped(all)).raw("</td><td class=\"number\">");
        html.text(grouped(open)).raw("</td></tr>\n");
    };
    for (cause, all, open) in causes.iter().take(CAUSES) {
        html.raw("<tr><td>")
            .foreign(words(cause))
            .raw(" <span class=\"faint\">")
            .raw(action(cause))
            .raw("</span>");
        line(html, *all, *open);
    }
    let rest = causes.iter().skip(CAUSES);
    let (all, open) = rest.fold((0, 0), |(all, open), (_, a, o)| (all + a, open + o));
    if all > 0 {
        html.raw("<tr class=\"rest\"><td>Other reasons");
        line(html, all, open);
    }
    html.raw("</tbody></table>\n");
}

fn refused_devices(html: &mut Html, refused: &Refused, all: u64) {
    html.raw("<table id=\"refused-table\"><caption>Devices, newest first</caption>\n<thead><tr><th scope=\"col\">Device</th><th scope=\"col\">Refused</th><th scope=\"col\">Now</th></tr></thead>\n<tbody>\n");
    for row in refused.rows().take(REFUSED) {
        html.raw("<tr><th scope=\"row\"><span class=\"id\">").foreign(&row.device).raw("</span><time");
        html.attr("datetime", row.started).attr("title", row.run).raw(">").text(readable(row.started));
        html.raw("</time></th><td>").foreign(words(row.cause)).raw("<span class=\"faint\">");
        html.raw(action(row.cause)).raw("</span></td><td>");
        let is_open = row.cause.is_removal == row.licensed;
        html.raw(if is_open {
            "<span class=\"open\">open</span>"
        } else {
            "<span class=\"settled\">settled</span>"
        });
        html.raw("<span class=\"faint\">").raw(if row.licensed { "licensed" } else { "no license" });
        html.raw("</span></td></tr>\n");
    }
    html.raw("</tbody></table>\n");
    let shown = u64::try_from(REFUSED).unwrap_or(u64::MAX);
    if all > shown {
        html.raw("<p class=\"note\">And ").text(grouped(all - shown));
        html.raw(" more, which are in the journals; <code>fota runs</code> lists them.</p>\n");
    }
}

/// The service's reason, or else its word.
fn words(cause: &Cause) -> &str {
    match &cause.reason {
        Some(reason) => reason,
        None if cause.status.is_empty() => "no reason given",
        None => &cause.status,
    }
}

fn action(cause: &Cause) -> &'static str {
    if cause.is_removal { "removing its license" } else { "assigning a license" }
}

fn footer(html: &mut Html, picture: &Picture) {
    html.raw("<footer>\n<p>Made by fota ").raw(env!("CARGO_PKG_VERSION"));
    html.raw(". Pool and devices are what the service answered to <code>GET /licenses/");
    html.foreign(&picture.account).raw("</code>, makes and models to <code>POST /devices/");
    html.foreign(&picture.account).raw("</code>. Times are in UTC.</p>\n</footer>\n");
}

/// `2024-03-05T09:10:11Z` as `2024-03-05 09:10 UTC`.
fn readable(time: &str) -> String {
    match (time.get(..10), time.get(11..16)) {
        (Some(day), Some(minute)) if time.ends_with('Z') => format!("{day} {minute} UTC"),
        _ => crate::output::escape::terminal(time).into_owned(),
    }
}
