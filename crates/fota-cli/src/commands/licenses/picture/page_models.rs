//! The section of the page about makes and models.

use super::chart;
use super::data::Picture;
use super::html::{Html, grouped, percent};
use super::models::Models;

/// Makes and models that have a line of their own.
const MODELS: usize = 12;

pub(super) fn section(html: &mut Html, picture: &Picture) {
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
