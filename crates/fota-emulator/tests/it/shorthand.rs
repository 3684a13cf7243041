//! The short form of fault rules: it says what the long one says, and its errors say what can be written.

use std::time::Duration;

use fota_emulator::{Effect, Fault, OperatorAction, SecondOperator, Settings, Shape};
use http::Method;

use crate::bench::Bench;

#[test]
fn the_short_form_says_the_same() {
    let answer = |status| Effect::answer(status, Shape::Api);
    let operator = SecondOperator::new;
    let second = Duration::from_secs(1);
    for (short, rule) in [
        (
            "licenses.assign:close-after:once",
            Fault::new("licenses.assign", Effect::Close).after_processing().once(),
        ),
        ("*:503:p=0.05:seed=7", Fault::new("*", answer(503)).probability(0.05, 7)),
        ("licenses.list:delay=2s", Fault::new("licenses.list", Effect::Delay).delay(2 * second)),
        ("auth.*:close", Fault::new("auth.*", Effect::Close)),
        ("*:reset:times=3:skip=2", Fault::new("*", Effect::Reset).times(3).skip(2)),
        ("*:reset-after:every=4", Fault::new("*", Effect::Reset).after_processing().every(4)),
        (
            "*:garbage:from=1m:until=1h",
            Fault::new("*", Effect::Garbage).starting(60 * second).until(3600 * second),
        ),
        ("*:cut=100:after-requests=9", Fault::new("*", Effect::Cut { bytes: 100 }).after_requests(9)),
        ("*:dribble=64/20ms", Fault::new("*", Effect::Dribble { bytes: 64, every_millis: 20 })),
        ("*:oversized=9", Fault::new("*", Effect::Oversized { bytes: 9 })),
        (
            " * : 503 : after : delay = 500ms ",
            Fault::new("*", answer(503)).after_processing().delay(second / 2),
        ),
        (
            "*:429:body=gateway:code=900807:message=slow down:retry-after=2s",
            Fault::new(
                "*",
                Effect::answer(429, Shape::Gateway).code("900807").message("slow down").retry_after(2),
            ),
        ),
        (
            "*:503:body=gatewayXml:retry-date=1m",
            Fault::new("*", Effect::answer(503, Shape::GatewayXml).retry_after_date(60)),
        ),
        (
            "licenses.*:500:account=0000123456-00001:device=352099001761481",
            Fault::new("licenses.*", answer(500))
                .for_account("0000123456-00001")
                .for_device("352099001761481"),
        ),
        ("*:operator=assign", Fault::new("*", Effect::Operator(operator(OperatorAction::Assign)))),
        (
            "licenses.list:operator=toggle:devices=352099001761481,353328110034566:random=1:every=3:seed=5",
            Fault::new(
                "licenses.list",
                Effect::Operator(
                    operator(OperatorAction::Toggle)
                        .devices(["352099001761481", "353328110034566"])
                        .random(1),
                ),
            )
            .every(3)
            .seed(5),
        ),
    ] {
        assert_eq!(short.parse(), Ok(rule), "{short}");
    }
}

#[test]
fn errors_name_what_is_wrong_and_what_is_possible() {
    for (short, wrong, possible) in [
        ("", "no effect", "close-after"),
        ("licenses.assign", "licenses.assign", "OPERATION:EFFECT"),
        ("licences.assign:close", "licences.assign", "licenses.assign"),
        ("*:explode", "explode", "close-after"),
        ("*:", "\"\"", "close-after"),
        ("*:42", "42", "status"),
        ("*:99999", "99999", "number"),
        ("*:delay", "delay", "delay=2s"),
        ("*:delay=soon", "soon", "500ms"),
        ("*:cut=-1", "cut=-1", "number"),
        ("*:dribble=64", "dribble=64", "dribble=64/20ms"),
        ("*:dribble=0/1s", "bytes", "0"),
        ("*:operator=steal", "steal", "toggle"),
        ("*:operator=assign:delay=1s", "operator", "neither a delay"),
        ("*:close:twice", "twice", "times=3"),
        ("*:close:once=1", "once=1", "times=3"),
        ("*:close:p=2", "probability", "between 0 and 1"),
        ("*:close:p=half", "p=half", "number"),
        ("*:close:every=0", "every", "0"),
        ("*:close:from=2m:until=1m", "window", "ends"),
        ("*:close:body=html", "body=html", "503"),
        ("*:503:body=pdf", "pdf", "gatewayXml"),
        ("*:503:retry-after=500ms", "500ms", "whole seconds"),
        ("*:503:random=2", "random=2", "operator"),
    ] {
        let error = short.parse::<Fault>().unwrap_err().to_string();
        assert!(error.contains(wrong) && error.contains(possible), "{short}: {error}");
    }
}

#[test]
fn the_admin_api_takes_it_too() {
    let mut bench = Bench::new(Settings::default());
    assert_eq!(bench.admin(Method::POST, "/faults", "\"licenses.list:503:once\"").0, 200);
    assert_eq!([bench.list().is_ok(), bench.list().is_ok()], [false, true]);
    let (status, answer) = bench.admin(Method::POST, "/faults", "[\"licenses.list:explode\"]");
    assert_eq!(status, 400);
    assert!(answer["error"].as_str().unwrap().contains("explode"));
}

#[test]
fn the_guides_examples_can_be_read() {
    let guide = include_str!("../../../../docs/emulator.md");
    let rules: Vec<&str> = guide
        .lines()
        .filter_map(|line| line.trim_start().strip_prefix("--fault "))
        .map(|line| line.split("  ").next().unwrap().trim_end_matches('\\').trim().trim_matches('\''))
        .collect();
    assert!(rules.len() >= 6, "{rules:?}");
    for rule in rules {
        rule.parse::<Fault>().unwrap_or_else(|error| panic!("{rule}: {error}"));
    }
}
