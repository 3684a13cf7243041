//! The section of the page about makes and models.

use super::chart;
use super::data::Picture;
use super::html::{Html, counted, grouped, percent};
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
    let known = looked_up.saturating_sub(models.unknown);
    html.raw("<p class=\"finding\">");
    match (looked_up, rows.first()) {
        (0, _) => html.raw("Not looked up"),
        (_, None) => html.raw("The service tells no make or model"),
        // What is true of a few says nothing about all.
        (_, Some(_)) if known < picture.listed / 2 => {
            html.raw("Known of ").text(grouped(known)).raw(" of ").text(counted(picture.listed, "device"))
        }
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
    for (name, count) in [("Not told by the service", models.unknown), ("Not looked up", models.skipped)] {
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

#[cfg(test)]
mod tests {
    use fota_core::models::{DeviceLookup, FotaDevice, LicensedDevice};

    use super::*;

    fn page(known: usize, unknown: usize, skipped: usize) -> String {
        let mut picture = Picture { listed: 100, ..Picture::default() };
        let devices: Vec<_> = (0..known + unknown).map(|n| LicensedDevice::new(n.to_string())).collect();
        let told =
            (0..known).map(|n| FotaDevice::new(n.to_string()).make("ACME".to_owned())).collect::<Vec<_>>();
        picture.models.add(&devices, &DeviceLookup::default().device_list(told));
        picture.models.skip(skipped);
        let mut html = Html::default();
        section(&mut html, &picture);
        html.finish()
    }

    #[test]
    fn the_headline_claims_no_more_than_is_known() {
        assert!(page(60, 20, 20).contains("<bdi>ACME</bdi> is the most frequent, 60.0%"));
        assert!(page(30, 20, 50).contains("Known of 30 of 100 devices"));
        assert!(page(0, 100, 0).contains("The service tells no make or model"));
        assert!(page(0, 0, 100).contains("<p class=\"finding\">Not looked up"));
    }
}
