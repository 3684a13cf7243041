//! A hostile config file through what `fota config explain` prints.

use super::*;
use crate::hostile::every_form;

#[test]
fn no_hostile_string_gets_through() {
    every_form(4, |out, texts, console| {
        let setting = |text: &String| Explanation {
            name: "account",
            value: Some(text.clone()),
            secret: false,
            set: true,
            source: "profile",
            place: Some(text.clone()),
            detail: Some(text.clone()),
            problem: Some(text.clone()),
        };
        let explained = Explained {
            profile: Profile { name: texts[0].clone(), source: "flag", place: Some(texts[0].clone()) },
            config_file: ConfigFile { path: texts[1].clone(), exists: false },
            settings: texts.iter().map(setting).collect(),
        };
        explain(out, &explained, console).unwrap();
        if console.format.is_json() { 0 } else { texts.len() }
    });
}
