//! Hostile strings in everything on the page that somebody else wrote: it stays text, and moves no mark-up.

use fota_core::models::{DeviceId, DeviceLookup, FotaDevice, LicensedDevice};

use super::data::Picture;
use super::models::Models;
use super::page;
use super::refused::Refused;
use crate::hostile::{all_strings, check_terminal};
use crate::journal::{Cause, PastRun, Refusal, Refusals};

/// Fewer than the page shows of anything, so that each is there.
const SHOWN: usize = 10;

/// Each string as a device, its make and model, its run, and why it was refused.
fn picture(texts: &[String]) -> Picture {
    let text = |n: usize| format!("{n}#{}", texts[n]);
    let all = 0..texts.len();
    let ids: Vec<DeviceId> = all.clone().map(|n| DeviceId::from(text(n))).collect();
    let asked: Vec<LicensedDevice> = ids.iter().map(|id| LicensedDevice::new(id.clone())).collect();
    let told = |n: usize| FotaDevice::new(ids[n].clone()).make(text(n)).model(text(n));
    let mut models = Models::default();
    models.add(&asked, &DeviceLookup::default().device_list(all.clone().map(told).collect::<Vec<_>>()));
    models.give_up(1, &text(0));
    let refused = Refused::new(Refusals {
        runs: all.clone().map(|n| PastRun { name: text(n), started: text(n) }).collect(),
        causes: all
            .clone()
            .map(|n| Cause { is_removal: n % 2 == 0, status: text(n), reason: (n % 3 > 0).then(|| text(n)) })
            .collect(),
        devices: all.map(|n| Refusal { device: ids[n].clone(), run: n, cause: n }).collect(),
        unreadable: 1,
        cut: true,
    });
    Picture {
        account: text(0),
        service: text(1),
        listed: asked.len() as u64 + 1,
        models,
        refused: Some(refused),
        ..Picture::default()
    }
}

/// The mark-up of a page without the values of its attributes: what a browser makes of it, but for words.
fn skeleton(page: &str) -> String {
    let mut out = String::new();
    let (mut in_tag, mut in_value) = (false, false);
    for c in page.chars() {
        match c {
            '<' => (in_tag, in_value) = (true, false),
            '>' if !in_value => {
                in_tag = false;
                out.push('>');
            }
            '"' if in_tag => in_value = !in_value,
            _ => {}
        }
        if in_tag && !in_value {
            out.push(c);
        }
    }
    out
}

#[test]
fn the_skeleton_sees_mark_up() {
    assert_eq!(skeleton("<p a=\"x\">t</p>"), skeleton("<p a=\"&lt;\">&lt;u</p>"));
    for other in ["<p a=\"x\"><i>t</p>", "<p a=\"x\" b=\"\">t</p>", "<p a=\"\"><b \">t</p>"] {
        assert_ne!(skeleton("<p a=\"x\">t</p>"), skeleton(other), "{other}");
    }
}

#[test]
fn no_hostile_string_gets_through() {
    let harmless: Vec<String> = (0..SHOWN).map(|n| format!("text {n}")).collect();
    let expected = skeleton(&page::render(&picture(&harmless)));
    assert!(expected.contains("<td") && expected.contains("<time"), "{expected}");
    all_strings(SHOWN, |batch, texts| {
        let page = page::render(&picture(texts));
        check_terminal(batch, page.as_bytes());
        let found = skeleton(&page);
        if found != expected {
            let at = found.bytes().zip(expected.bytes()).position(|(a, b)| a != b).unwrap_or_default();
            panic!(
                "{batch}: other mark-up after {:?}",
                &found[at.saturating_sub(40)..(at + 40).min(found.len())]
            );
        }
    });
}
