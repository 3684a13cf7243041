//! Magic IMEIs: a device list with one of these behaves in a fixed way, with no rule to add. The guide repeats this
//! list; a test compares.

use std::collections::BTreeSet;

use fota_models::DeviceId;
use serde::Serialize;

use crate::accounts::DeviceState;
use crate::effect::Effect;
use crate::faults::Fault;
use crate::replacement::Shape;
use crate::routes::Route;

/// What all magic IMEIs begin with. Real devices have none that begin with 00, and seeded fleets neither.
pub const MAGIC_PREFIX: &str = "00100100";

/// A test IMEI that always behaves in the same way.
///
/// All are devices of every account, unless they say otherwise, and hold no license at first. Those that spoil a
/// request spoil assign and remove requests only, so that looking a device up always tells the truth; a rule that
/// applies to the request goes first. "Once" means once for assigning and once for removing, until a reset.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Magic {
    /// The IMEI, 15 digits with a valid check digit.
    pub imei: &'static str,
    /// A short name.
    pub name: &'static str,
    /// What happens.
    pub behavior: &'static str,
    #[serde(skip)]
    trick: Trick,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Trick {
    NotFound,
    Upgraded,
    UpgradeRunning,
    ThrottledOnce,
    UnavailableOnce,
    LostAfterOnce,
    LostBeforeOnce,
    BadGateway,
}

/// Every magic IMEI.
pub const MAGIC: &[Magic] = &[
    Magic {
        imei: "001001000000015",
        name: "not-found",
        behavior: "is no device of any account: Device Not Found",
        trick: Trick::NotFound,
    },
    Magic {
        imei: "001001000000023",
        name: "upgraded",
        behavior: "takes a license and never gives it back, as it was upgraded",
        trick: Trick::Upgraded,
    },
    Magic {
        imei: "001001000000031",
        name: "upgrade-running",
        behavior: "takes a license and never gives it back, as an upgrade is running",
        trick: Trick::UpgradeRunning,
    },
    Magic {
        imei: "001001000000049",
        name: "throttled-once",
        behavior: "the request is answered 429 with code 900800 and Retry-After: 1, once",
        trick: Trick::ThrottledOnce,
    },
    Magic {
        imei: "001001000000056",
        name: "unavailable-once",
        behavior: "the request is answered 503 without a body, once",
        trick: Trick::UnavailableOnce,
    },
    Magic {
        imei: "001001000000064",
        name: "lost-after-once",
        behavior: "the request is carried out, then the connection closes without an answer, once",
        trick: Trick::LostAfterOnce,
    },
    Magic {
        imei: "001001000000072",
        name: "lost-before-once",
        behavior: "the connection closes without an answer and nothing is carried out, once",
        trick: Trick::LostBeforeOnce,
    },
    Magic {
        imei: "001001000000080",
        name: "bad-gateway",
        behavior: "the request is answered 502 with a proxy's HTML page, always",
        trick: Trick::BadGateway,
    },
];

impl Magic {
    /// The magic behind an id, if there is any.
    pub fn of(device: &DeviceId) -> Option<&'static Magic> {
        let text = device.text();
        // Nearly all devices end here.
        if !text.starts_with(MAGIC_PREFIX) {
            return None;
        }
        MAGIC.iter().find(|magic| magic.imei == &*text)
    }

    /// Whether accounts have the device.
    pub(crate) fn exists(&self) -> bool {
        self.trick != Trick::NotFound
    }

    /// Sets what never changes about the device.
    pub(crate) fn mark(&self, state: &mut DeviceState) {
        state.upgraded |= self.trick == Trick::Upgraded;
        state.upgrade_running |= self.trick == Trick::UpgradeRunning;
    }

    /// What happens to a request that names the device, and whether only once.
    fn fault(&self) -> Option<(Fault, bool)> {
        let (effect, once) = match self.trick {
            Trick::NotFound | Trick::Upgraded | Trick::UpgradeRunning => return None,
            Trick::ThrottledOnce => (Effect::answer(429, Shape::Gateway).retry_after(1), true),
            Trick::UnavailableOnce => (Effect::answer(503, Shape::Empty), true),
            Trick::LostAfterOnce | Trick::LostBeforeOnce => (Effect::Close, true),
            Trick::BadGateway => (Effect::answer(502, Shape::Html), false),
        };
        let mut fault = Fault::new("licenses.*", effect);
        fault.processed = self.trick == Trick::LostAfterOnce;
        Some((fault, once))
    }
}

/// Which of those that work once have worked, for which operation.
#[derive(Debug, Default)]
pub(crate) struct Spent(BTreeSet<(&'static str, &'static str)>);

impl Spent {
    /// What the first magic device of a license change that still has something in store does to it.
    pub(crate) fn spoil(&mut self, route: &Route) -> Option<(&'static Magic, Fault)> {
        if !matches!(route, Route::Assign(_) | Route::Remove(_)) {
            return None;
        }
        route.devices().iter().filter_map(Magic::of).find_map(|magic| {
            let (fault, once) = magic.fault()?;
            (!once || self.0.insert((magic.imei, route.name()))).then_some((magic, fault))
        })
    }
}
