//! What becomes of a request on its way to the server and back.

use std::time::Duration;

use fota_emulator::{Effect, Fault, Shape};

/// Which operation a request is for, as far as faults care.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Operation {
    Token,
    Login,
    Change,
    Lookup,
    List,
}

impl Operation {
    pub(super) fn of(path: &str) -> Self {
        match path {
            path if path.ends_with("/oauth2/token") => Operation::Token,
            path if path.ends_with("/session/login") => Operation::Login,
            path if path.ends_with("/assign") || path.ends_with("/remove") => Operation::Change,
            path if path.contains("/devices/") => Operation::Lookup,
            _ => Operation::List,
        }
    }
}

/// What goes wrong with a request.
#[derive(Debug)]
pub(super) enum Trouble {
    /// No connection.
    NoConnection,
    /// It never arrives.
    LostBefore,
    /// It arrives, and its answer is lost. The sender may notice before it arrives.
    LostAfter { way: Duration },
    /// Its answer takes this long.
    Slow { way: Duration, back: Duration },
    /// The server answers in its own way.
    Served(&'static str, Box<Fault>),
    /// A good answer that does not name all the devices.
    Forgetful,
    /// The access token dies when the request arrives.
    KillBearer,
    /// All sessions die when the request arrives.
    KillSessions,
    /// The server's clock jumps forward when the request arrives.
    Jump(Duration),
    /// The process stands still after sending it.
    Freeze(Duration),
}

impl Trouble {
    pub(super) fn draw(random: &mut fastrand::Rng, operation: Operation, attempt: Duration) -> Self {
        let credentials = matches!(operation, Operation::Token | Operation::Login);
        let minutes = |random: &mut fastrand::Rng| Duration::from_secs(60 * random.u64(21..=75));
        match random.u32(..100) {
            0..10 => Trouble::NoConnection,
            10..20 => Trouble::LostBefore,
            20..40 => Trouble::LostAfter { way: way(random) },
            40..48 => Trouble::LostAfter { way: Duration::from_millis(random.u64(..120_000)) },
            48..54 => Trouble::Slow {
                way: Duration::from_millis(random.u64(..2_000)),
                back: attempt.mul_f64(random.f64() * 1.5),
            },
            54..62 => Trouble::Served("throttled", throttle(random).into()),
            62..70 => Trouble::Served("5xx", broken(random).into()),
            70..77 => Trouble::Served("garbled", garbled(random).into()),
            77..81 => Trouble::Forgetful,
            81..85 if operation == Operation::Change => {
                Trouble::Served("400", Fault::new("*", Effect::answer(400, Shape::Api)).into())
            }
            85..87 if !credentials => {
                Trouble::Served("401", Fault::new("*", Effect::answer(401, Shape::Empty)).into())
            }
            81..90 => Trouble::KillBearer,
            90..94 => Trouble::KillSessions,
            94..97 => Trouble::Jump(minutes(random)),
            _ => Trouble::Freeze(minutes(random)),
        }
    }

    pub(super) fn name(&self) -> &'static str {
        match self {
            Trouble::NoConnection => "no connection",
            Trouble::LostBefore => "lost before",
            Trouble::LostAfter { .. } => "lost after",
            Trouble::Slow { .. } => "slow",
            Trouble::Served(name, _) => name,
            Trouble::Forgetful => "forgetful",
            Trouble::KillBearer => "bearer killed",
            Trouble::KillSessions => "sessions killed",
            Trouble::Jump(_) => "clock jump",
            Trouble::Freeze(_) => "freeze",
        }
    }
}

/// How long a request or an answer travels when all is well.
pub(super) fn way(random: &mut fastrand::Rng) -> Duration {
    Duration::from_millis(random.u64(1..=200))
}

fn throttle(random: &mut fastrand::Rng) -> Fault {
    let (status, shape) = match random.u8(..4) {
        0 => (429, Shape::Gateway),
        1 => (429, Shape::Empty),
        2 => (503, Shape::Gateway),
        _ => (503, Shape::Html),
    };
    let effect = Effect::answer(status, shape);
    Fault::new(
        "*",
        match random.u8(..4) {
            0 => effect,
            1 => effect.retry_after_date(random.u64(0..60)),
            _ => effect.retry_after(random.u64(0..60)),
        },
    )
}

fn broken(random: &mut fastrand::Rng) -> Fault {
    let (status, shape) = match random.u8(..4) {
        0 => (500, Shape::Api),
        1 => (502, Shape::Html),
        2 => (504, Shape::Text),
        _ => (500, Shape::Empty),
    };
    either(random, Fault::new("*", Effect::answer(status, shape)))
}

fn garbled(random: &mut fastrand::Rng) -> Fault {
    let effect = match random.u8(..4) {
        0 => Effect::Garbage,
        1 => Effect::answer(200, Shape::Html),
        2 => Effect::answer(200, Shape::Empty),
        _ => Effect::Cut { bytes: random.usize(..60) },
    };
    either(random, Fault::new("*", effect))
}

/// Before the operation is carried out, or after.
fn either(random: &mut fastrand::Rng, fault: Fault) -> Fault {
    if random.bool() { fault.after_processing() } else { fault }
}
