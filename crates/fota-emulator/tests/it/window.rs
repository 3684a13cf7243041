//! Rules that are in force for a while, as the client sees them.

use std::time::Duration;

use fota_emulator::{Effect, Fault, Server, Settings, Shape};
use http::Method;

use crate::bench::Bench;
use crate::socket::{exchange, list, sign_in};

const LOST: Effect = Effect::Close;

#[test]
fn from_and_until_follow_the_emulators_clock() {
    let server = Server::start(Settings::default().manual_clock()).unwrap();
    let tokens = sign_in(&server);
    let second = Duration::from_secs(1);
    let rule = Fault::new("licenses.list", LOST).starting(60 * second).until(120 * second);
    server.faults([rule]).unwrap();
    let lost = || exchange(&server, &list(&server, &tokens)).bytes.is_empty();
    assert!(!lost(), "before it begins");
    server.advance(Duration::from_millis(59_999));
    assert!(!lost(), "a moment before it begins");
    server.advance(Duration::from_millis(1));
    assert!(lost(), "its first moment");
    server.advance(59 * second);
    assert!(lost(), "its last second");
    server.advance(second);
    assert!(!lost(), "it is over");
    assert_eq!(server.with(|emulator| emulator.fault_used(1)), 2);
}

#[test]
fn skip_and_count_begin_with_the_window() {
    let mut bench = Bench::new(Settings::default());
    let rule = Fault::new("licenses.list", Effect::answer(503, Shape::Empty));
    bench.emulator.add_fault(rule.starting(Duration::from_secs(10)).skip(1).once()).unwrap();
    for _ in 0..5 {
        bench.list().unwrap();
    }
    bench.wait(10);
    assert_eq!([(); 3].map(|()| bench.list().is_ok()), [true, false, true]);
}

#[test]
fn after_requests_counts_the_operation_from_the_start() {
    let mut bench = Bench::new(Settings::default());
    bench.list().unwrap();
    // Another account's requests count too, as do those before the rule came.
    assert_eq!(bench.raw(Method::GET, "/licenses/0000123456-09999", "").0, 400);
    let rule = Fault::new("licenses.list", Effect::answer(503, Shape::Empty));
    bench.emulator.add_fault(rule.after_requests(3)).unwrap();
    let family = Fault::new("licenses.*", Effect::answer(502, Shape::Empty)).after_requests(5);
    bench.emulator.add_fault(family.clone()).unwrap();
    bench.list().unwrap();
    assert_eq!(bench.list().unwrap_err().status().unwrap(), 503);
    let devices = bench.devices();
    bench.remove(&devices[..1]).unwrap();
    assert_eq!(bench.remove(&devices[..1]).unwrap_err().status().unwrap(), 502);
    bench.emulator.reset();
    bench.sign_in();
    bench.emulator.add_fault(family).unwrap();
    for _ in 0..5 {
        bench.list().unwrap();
    }
    assert_eq!(bench.list().unwrap_err().status().unwrap(), 502);
}
