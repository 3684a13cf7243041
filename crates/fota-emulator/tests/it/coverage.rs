//! The list of what is emulated names switches that exist, and the guide holds it all.

use fota_emulator::{COVERAGE, Switches};

#[test]
fn switches_of_the_list_exist_and_all_are_listed() {
    let switches = serde_json::to_value(Switches::default()).unwrap();
    let known: Vec<_> = switches.as_object().unwrap().keys().cloned().collect();
    for row in COVERAGE {
        assert!(row.switch.is_none_or(|switch| known.iter().any(|name| name == switch)), "{row:?}");
    }
    for name in known {
        assert!(COVERAGE.iter().any(|row| row.switch == Some(&name)), "{name} is not in the list");
    }
}

#[test]
fn the_guide_holds_the_list() {
    let guide = include_str!("../../../../docs/emulator.md");
    for row in COVERAGE {
        let basis = serde_json::to_value(row.basis).unwrap();
        let switch = row.switch.map_or_else(String::new, |switch| format!("`{switch}`"));
        let line = format!("| {} | {} | {} | {switch} |", row.area, row.behavior, basis.as_str().unwrap());
        assert!(guide.contains(&line), "the guide lacks\n{line}");
    }
}
