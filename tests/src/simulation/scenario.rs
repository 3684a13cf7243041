//! What a seed makes: a fleet, operators with their work, and how much goes wrong.

use std::time::Duration;

use fota_core::bulk::{Action, Options};
use fota_core::{Config, Credentials, Limits, RetryPolicy, Servers};
use fota_emulator::{DeviceState, Emulator, OverAssignment, Settings};
use fota_models::{AccountName, DeviceId, Secret};

/// Everything that is decided before the first event.
#[derive(Debug)]
pub(super) struct Scenario {
    /// For everything that is decided later.
    pub(super) random: fastrand::Rng,
    pub(super) emulator: Emulator,
    pub(super) account: AccountName,
    /// Every device that an operator names.
    pub(super) devices: Vec<DeviceId>,
    pub(super) tasks: Vec<Task>,
    /// How many faults there will be at most, and how likely each request has one.
    pub(super) faults: u32,
    pub(super) fault_chance: f64,
    /// How many times an operator dies at most, and how likely it is at each point where it may.
    pub(super) crashes: u32,
    pub(super) crash_chance: f64,
    /// A request with more devices is answered with 413.
    pub(super) most_devices: usize,
    /// Somebody else changes devices that are settled.
    pub(super) meddler: bool,
    /// The operators have the wrong password.
    pub(super) wrong_password: bool,
    pub(super) retry: RetryPolicy,
    pub(super) limits: Limits,
}

/// What an operator is to do.
#[derive(Debug)]
pub(super) struct Task {
    pub(super) action: Action,
    /// Indices of the scenario's devices, in the order of the input.
    pub(super) devices: Vec<usize>,
    pub(super) options: Options,
    /// Operators of one process share their tokens.
    pub(super) process: usize,
}

impl Scenario {
    pub(super) fn new(seed: u64) -> Self {
        let mut random = fastrand::Rng::with_seed(seed ^ 0x51b1_11a7_e5ee_d000);
        let random = &mut random;
        let count = if random.bool() { random.usize(1..=300) } else { 1 + random.usize(..=24) };
        let mut emulator = emulator(random, count);
        let account = emulator.account_name();
        let mut devices = upgraded(random, &mut emulator);
        random.shuffle(&mut devices);
        // A few that the account does not have, one of them not even an IMEI.
        let strangers = if random.u8(..4) == 0 { random.usize(1..=3) } else { 0 };
        for number in 0..strangers.min(300 - count.min(300)) {
            let stranger =
                if number == 2 { "NOT-AN-IMEI".to_owned() } else { format!("99000000000{number:04}") };
            devices.insert(random.usize(..=devices.len()), DeviceId::from(stranger));
        }
        let wrong_password = random.u8(..50) == 0;
        let tasks = tasks(random, devices.len());
        let most_devices = if random.u8(..6) == 0 { random.usize(1..=40) } else { usize::MAX };
        let overlap = shared(&tasks, devices.len()).contains(&true);
        Scenario {
            account,
            faults: random.u32(0..=30),
            fault_chance: [0.0, 0.05, 0.2, 0.5, 0.8][random.usize(..5)],
            crashes: if random.bool() { random.u32(0..=5) } else { 0 },
            crash_chance: [0.005, 0.03, 0.15][random.usize(..3)],
            most_devices,
            // With two operators on one device, nobody could say who undid what.
            meddler: random.u8(..6) == 0 && !overlap && !wrong_password,
            wrong_password,
            retry: RetryPolicy::default()
                .max_attempts(random.u32(1..=5))
                .total(Duration::from_secs(random.u64(30..=180))),
            limits: Limits::default()
                .connect(Duration::from_secs(random.u64(1..=10)))
                .attempt(Duration::from_secs(random.u64(2..=60))),
            emulator,
            devices,
            tasks,
            random: random.fork(),
        }
    }

    /// The settings of one process.
    pub(super) fn config(&self) -> Config {
        let servers = Servers::at("http://127.0.0.1:1").unwrap_or_default();
        Config::new(servers).retry(self.retry).limits(self.limits)
    }

    /// What the operators believe to be their credentials.
    pub(super) fn credentials(&self) -> Credentials {
        use fota_emulator::{CLIENT_ID, CLIENT_SECRET, USERNAME};
        if self.wrong_password {
            let wrong = Secret::from("wrong-password-not-real");
            return Credentials::new(CLIENT_ID, CLIENT_SECRET, USERNAME, wrong);
        }
        self.emulator.credentials()
    }

    /// Which devices are named by more than one operator.
    pub(super) fn shared(&self) -> Vec<bool> {
        shared(&self.tasks, self.devices.len())
    }
}

fn shared(tasks: &[Task], devices: usize) -> Vec<bool> {
    let mut owners = vec![0; devices];
    tasks.iter().flat_map(|task| &task.devices).for_each(|device| owners[*device] += 1);
    owners.into_iter().map(|owners| owners > 1).collect()
}

fn emulator(random: &mut fastrand::Rng, count: usize) -> Emulator {
    let assigned = count * random.usize(0..=4) / 4;
    let free = match random.u8(..3) {
        0 => random.usize(0..=count - assigned),
        _ => count,
    };
    let licenses = u64::try_from(assigned + free).unwrap_or(u64::MAX);
    let mut settings = Settings::seeded(count, licenses, random.u64(..)).assigned(assigned);
    settings.switches.page_size = if random.bool() { random.usize(1..=50) } else { 1000 };
    if random.u8(..6) == 0 {
        settings.switches.over_assignment = OverAssignment::WholeRequest;
    }
    Emulator::new(settings)
}

/// Marks some licensed devices as upgraded, or about to be, and gives all devices.
fn upgraded(random: &mut fastrand::Rng, emulator: &mut Emulator) -> Vec<DeviceId> {
    let name = emulator.account_name();
    let Some(account) = emulator.account_mut(name.as_str()) else { return Vec::new() };
    let licensed: Vec<_> = account.licensed().cloned().collect();
    for device in licensed {
        match random.u8(..20) {
            0 => account.set_device(device, DeviceState::upgraded()),
            1 => account.set_device(device, DeviceState::upgrade_running()),
            2 => account.set_device(device, DeviceState::upgrade_scheduled()),
            _ => {}
        }
    }
    account.devices().cloned().collect()
}

fn tasks(random: &mut fastrand::Rng, devices: usize) -> Vec<Task> {
    let operators = random.usize(1..=3).min(devices);
    let overlap = operators > 1 && random.u8(..4) == 0;
    let one_process = operators > 1 && random.u8(..4) == 0;
    let all = if random.bool() { Action::Assign } else { Action::Remove };
    (0..operators)
        .map(|operator| {
            let mine: Vec<usize> = if overlap {
                let mut mine: Vec<usize> = (0..devices).filter(|_| random.u8(..3) > 0).collect();
                random.shuffle(&mut mine);
                mine
            } else {
                (devices * operator / operators..devices * (operator + 1) / operators).collect()
            };
            let other = !overlap && random.u8(..4) == 0;
            let action = match (all, other) {
                (Action::Assign, true) => Action::Remove,
                (Action::Remove, true) => Action::Assign,
                (action, false) => action,
            };
            let process = if one_process { 0 } else { operator };
            Task { action, devices: mine, options: options(random, devices), process }
        })
        .collect()
}

fn options(random: &mut fastrand::Rng, devices: usize) -> Options {
    let batch = match random.u8(..4) {
        0 => random.usize(1..=5),
        1 => random.usize(1..=devices / 8 + 1),
        2 => random.usize(1..=devices),
        _ => 1000,
    };
    let rate = (random.u8(..5) == 0).then(|| 0.5 + random.f64() * 50.0);
    Options::default()
        .batch(batch)
        .concurrency(random.usize(1..=6))
        .rate(rate)
        .rounds(if random.bool() { 8 } else { random.u8(1..=8) })
        .patience(if random.bool() { 8 } else { random.u32(1..=8) })
}
