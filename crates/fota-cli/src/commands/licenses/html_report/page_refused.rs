//! The section of the page about refused devices.

use super::html::{Html, counted, grouped};
use super::page::readable;
use super::refused::Refused;
use crate::journal::Cause;

/// Reasons that have a line of their own.
const CAUSES: usize = 8;
/// Refused devices that are named.
const REFUSED: usize = 200;

pub(super) fn section(html: &mut Html, refused: Option<&Refused>) {
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
