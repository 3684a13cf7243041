//! The page itself: a headline, and one section for each question that it answers.

use super::chart;
use super::data::Picture;
use super::html::{Html, counted, grouped, percent};
use super::target::MARK;
use super::timeline::{iso, moment};
use super::{page_models, page_refused};
use crate::output::escape;

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
    html.raw(MARK)
        .raw(HEAD)
        .raw("<title>")
        .text("FOTA licenses of ")
        .text(escape::terminal(&picture.account));
    html.raw("</title>\n<style>\n").raw(include_str!("style.css")).raw("</style>\n</head>\n<body>\n");
    header(&mut html, picture);
    html.raw("<main>\n");
    pool(&mut html, picture);
    timeline(&mut html, picture);
    page_models::section(&mut html, picture);
    page_refused::section(&mut html, picture.refused.as_ref());
    html.raw("</main>\n");
    footer(&mut html, picture);
    html.raw("</body>\n</html>\n");
    html.finish()
}

fn header(html: &mut Html, picture: &Picture) {
    html.raw("<header>\n<p class=\"eyebrow\">FOTA license report</p>\n<h1><span>Account</span> ");
    html.foreign(&picture.account).raw("</h1>\n<p class=\"meta\"><time id=\"made\"");
    let made = moment(picture.made);
    html.attr("datetime", &made).raw(">").text(readable(&made)).raw(" UTC").raw("</time> <span>from ");
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
        (Some(1), Some(1)) => drop(html.raw("The only license is in use")),
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

fn footer(html: &mut Html, picture: &Picture) {
    html.raw("<footer>\n<p>Made by fota ").raw(env!("CARGO_PKG_VERSION"));
    html.raw(". Pool and devices are what the service answered to <code>GET /licenses/");
    html.foreign(&picture.account).raw("</code>, makes and models to <code>POST /devices/");
    html.foreign(&picture.account).raw("</code>. Times are in UTC.</p>\n</footer>\n");
}

/// `2024-03-05T09:10:11Z` as `2024-03-05 09:10`.
pub(super) fn readable(time: &str) -> String {
    let text = match (time.get(..10), time.get(11..16)) {
        (Some(day), Some(minute)) if time.ends_with('Z') => format!("{day} {minute}"),
        _ => time.to_owned(),
    };
    escape::terminal(&text).into_owned()
}

#[cfg(test)]
mod tests {
    use fota_core::models::{DeviceLookup, FotaDevice, LicensedDevice, Timestamp};

    use super::super::super::usage::Pool;
    use super::*;

    fn with_pool(total: Option<u64>, assigned: Option<u64>) -> String {
        render(&Picture {
            pool: Pool { total, assigned },
            listed: assigned.unwrap_or(0),
            ..Picture::default()
        })
    }

    #[test]
    fn every_pool_has_true_words() {
        for (total, used, words) in [
            (Some(10), Some(4), "4 of 10 licenses in use"),
            (Some(1), Some(1), "The only license is in use"),
            (Some(1200), Some(1200), "All 1,200 licenses are in use, none is free"),
            (Some(10), Some(12), "2 licenses more in use than bought"),
            (Some(0), Some(0), "The account has no licenses"),
            (None, Some(7), "7 licenses in use; the service does not say of how many"),
            (Some(7), None, "The service does not say how many licenses are in use"),
        ] {
            let page = with_pool(total, used);
            assert!(page.contains(words), "{words}");
            assert_eq!(page.contains("class=\"bar pool"), total.is_some() && used.is_some(), "{words}");
        }
        assert!(with_pool(Some(0), Some(0)).contains("No device holds a license"));
    }

    #[test]
    fn nothing_foreign_becomes_markup() {
        let evil = "\"><script>'&\u{202e}</style>";
        let mut picture =
            Picture { account: evil.into(), service: evil.into(), listed: 2, ..Picture::default() };
        let device = LicensedDevice::new(evil).assignment_time(Timestamp::parse(evil));
        picture.timeline.add(device.assignment_time.as_ref());
        let told = FotaDevice::new(evil).make(evil.to_owned()).model(evil.to_owned());
        picture.models.add(&[device], &DeviceLookup::default().device_list(vec![told]));
        picture.models.give_up(1, evil);
        let page = render(&picture);
        assert!(!page.contains("<script") && !page.contains('\u{202e}'), "{page}");
        assert_eq!(page.matches("</style>").count(), 1);
        assert!(
            page.matches("&quot;&gt;&lt;script&gt;&#39;&amp;\\u{202e}&lt;/style&gt;").count() >= 6,
            "{page}"
        );
    }

    #[test]
    fn nothing_is_fetched_from_anywhere() {
        let page = with_pool(Some(2), Some(1));
        assert!(page.starts_with(MARK));
        for word in ["http://", "https://", "//", "url(", "@import", "src=", "<script", "onload"] {
            assert!(!page.contains(word), "{word}");
        }
    }
}
