//! How long a list takes, and how much memory: one page after the other, and in segments.
//!
//! ```sh
//! cargo run --release -p fota-tests --example listing -- wall hyper
//! cargo run --release -p fota-tests --example listing -- fold blocking
//! ```
//!
//! `wall` lists 100 000 devices from an emulator that takes 50 ms for an answer; `fold` looks at each of
//! 1 000 000 devices once and keeps none. The emulator is a process of its own.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a measurement: what goes wrong ends it"
)]

use std::io::{BufRead as _, BufReader, Read as _};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use fota_core::models::{AccountName, DeviceId};
use fota_core::segments::starting_points;
use fota_core::{Credentials, Servers};
use fota_emulator::{Effect, Fault, Server, Settings};
use fota_tests::{Adapter, Blocking, Hyper, Kind, Options, Walk};

fn main() {
    let arguments: Vec<_> = std::env::args().skip(1).collect();
    let arguments: Vec<_> = arguments.iter().map(String::as_str).collect();
    match arguments.as_slice() {
        ["serve", devices, delay] => serve(devices.parse().unwrap(), delay.parse().unwrap()),
        ["wall", adapter] => wall(kind(adapter)),
        ["fold", adapter] => fold(kind(adapter)),
        _ => panic!("wall hyper, wall blocking, fold hyper or fold blocking"),
    }
}

fn kind(name: &str) -> &'static dyn Kind {
    match name {
        "hyper" => &Hyper,
        "blocking" => &Blocking,
        _ => panic!("{name} is neither hyper nor blocking"),
    }
}

fn wall(kind: &dyn Kind) {
    let service = Service::start(100_000, 50);
    let client = service.open(kind);
    let (mut ids, mut ratios) = (Vec::new(), Vec::new());
    client.login().unwrap();
    for round in 1..=3 {
        ids.clear();
        let (walk, start) = (Walk { read_ahead: Some(0), ..Walk::default() }, Instant::now());
        let take = &mut |page: &[_]| ids.extend(page.iter().map(id));
        client.walk(&service.account, walk, take).unwrap();
        let sequential = start.elapsed();

        let mut again = Vec::with_capacity(ids.len());
        let points = starting_points(ids.iter().cloned(), 1000);
        let (walk, start) = (Walk { points, ..Walk::default() }, Instant::now());
        client.walk(&service.account, walk, &mut |page| again.extend(page.iter().map(id))).unwrap();
        let segments = start.elapsed();
        assert!(again == ids && ids.len() == 100_000);

        let ratio = segments.as_secs_f64() / sequential.as_secs_f64();
        println!("{} round {round}: {segments:.2?} / {sequential:.2?} = {ratio:.3}", kind.name());
        ratios.push(ratio);
    }
    ratios.sort_by(f64::total_cmp);
    println!("{} median: {:.3}", kind.name(), ratios[1]);
}

fn fold(kind: &dyn Kind) {
    let service = Service::start(1_000_000, 0);
    let client = service.open(kind);
    client.usage(&service.account).unwrap();
    let one_call = peak();
    println!("{}: one call, {one_call} KiB", kind.name());
    let mut points = Vec::with_capacity(1100);
    for (name, walk) in [
        ("a page at a time", Walk { read_ahead: Some(0), ..Walk::default() }),
        ("one page ahead", Walk { read_ahead: Some(1), ..Walk::default() }),
        ("segments", Walk::default()),
    ] {
        let (mut count, mut sum, start) = (0_usize, 0_usize, Instant::now());
        let walk = if name == "segments" { Walk { points: points.clone(), ..walk } } else { walk };
        let collect = points.is_empty();
        let look = &mut |page: &[fota_core::models::LicensedDevice]| {
            count += page.len();
            sum += page.iter().map(|device| device.device_id.text().len()).sum::<usize>();
            points.extend(page.last().map(id).filter(|_| collect));
        };
        client.walk(&service.account, walk, look).unwrap();
        assert_eq!((count, sum), (1_000_000, 15_000_000));
        let above = peak() - one_call;
        println!("{}: {name}, {above} KiB above one call, {:.1?}", kind.name(), start.elapsed());
    }
}

fn id(device: &fota_core::models::LicensedDevice) -> DeviceId {
    device.device_id.clone()
}

/// The most memory that this process ever had, in KiB.
fn peak() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    line.trim().trim_end_matches(" kB").parse().unwrap()
}

fn serve(devices: usize, delay: u64) {
    let settings = Settings::seeded(devices, devices as u64, 7).assigned(devices);
    let server = Server::start(settings).unwrap();
    if delay > 0 {
        let slow = Fault::new("licenses.list", Effect::Delay).delay(Duration::from_millis(delay));
        server.faults([slow]).unwrap();
    }
    for (name, value) in server.environment() {
        println!("{name}={value}");
    }
    println!();
    // Until the other process has gone.
    let _ = std::io::stdin().read_to_end(&mut Vec::new());
}

struct Service {
    child: Child,
    account: AccountName,
    options: Options,
}

impl Service {
    fn start(devices: usize, delay: u64) -> Self {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["serve".to_owned(), devices.to_string(), delay.to_string()])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines().map_while(Result::ok);
        let said: Vec<_> = lines.take_while(|line| !line.is_empty()).collect();
        let get = |name: &str| {
            let value = said.iter().find_map(|line| line.strip_prefix(name)?.strip_prefix('='));
            value.unwrap_or_else(|| panic!("{name} is not in {said:?}"))
        };
        let credentials = Credentials::new(
            get("FOTA_CLIENT_ID"),
            get("FOTA_CLIENT_SECRET"),
            get("FOTA_USERNAME"),
            get("FOTA_PASSWORD"),
        );
        let options = Options::new(Servers::at(get("FOTA_BASE_URL")).unwrap(), credentials);
        Service { child, account: get("FOTA_ACCOUNT").parse().unwrap(), options }
    }

    fn open(&self, kind: &dyn Kind) -> Box<dyn Adapter> {
        kind.open(self.options.clone()).unwrap()
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
