//! A second operator: somebody else who works on the same account, and changes licenses between two of our requests.

use fota_models::DeviceId;
use serde::{Deserialize, Serialize};

use crate::accounts::Account;
use crate::licenses;
use crate::rules::Rules;

/// Somebody else who assigns or removes licenses of the same account, behind the client's back.
///
/// As the effect of a rule, the change is made just before a matching request is looked at. It follows the service's
/// own rules: no license is given that is not free, and none is taken back that must stay. The request itself goes on,
/// and may meet another rule as well. The account is that of the rule, else that of the request, else the first.
///
/// ```
/// use fota_emulator::{Effect, Fault, OperatorAction, SecondOperator};
/// // Before every second page of a list, two devices lose their licenses; which ones comes from the seed.
/// let other = SecondOperator::new(OperatorAction::Remove).random(2);
/// let rule = Fault::new("licenses.list", Effect::Operator(other)).every(2).seed(7);
/// assert_eq!("licenses.list:operator=remove:random=2:every=2:seed=7".parse(), Ok(rule));
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[non_exhaustive]
pub struct SecondOperator {
    /// What is done.
    pub action: OperatorAction,
    /// The devices it is done to; empty means that they are chosen among all of the account.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub devices: Vec<DeviceId>,
    /// How many devices are chosen at random each time, among those that the action would change. None means all that
    /// were named, or one when none was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub random: Option<usize>,
}

/// What a second operator does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub enum OperatorAction {
    /// Gives licenses to devices that have none.
    Assign,
    /// Takes licenses back.
    Remove,
    /// Takes back the licenses of devices that have one, and gives one to the others.
    Toggle,
}

impl SecondOperator {
    /// Somebody who does this to a device chosen at random.
    pub fn new(action: OperatorAction) -> Self {
        SecondOperator { action, devices: Vec::new(), random: None }
    }

    /// Only to these devices: all of them each time, unless [`random`](Self::random) is given too.
    pub fn devices<D: Into<DeviceId>>(mut self, devices: impl IntoIterator<Item = D>) -> Self {
        self.devices.extend(devices.into_iter().map(Into::into));
        self
    }

    /// To so many devices each time, chosen at random.
    pub fn random(mut self, devices: usize) -> Self {
        self.random = Some(devices);
        self
    }

    /// Takes a turn, and gives the devices that were changed.
    pub(crate) fn act(&self, account: &mut Account, seed: u64, rules: &Rules<'_>) -> Vec<DeviceId> {
        let mut chosen = self.choose(account, seed);
        chosen.retain(|device| {
            let before = account.is_licensed(device);
            if before {
                licenses::remove_one(account, device, rules);
            } else {
                licenses::assign_one(account, device, rules);
            }
            account.is_licensed(device) != before
        });
        chosen
    }

    /// Those of the devices that the action could change.
    fn choose(&self, account: &Account, seed: u64) -> Vec<DeviceId> {
        let wanted = |device: &&DeviceId| match self.action {
            OperatorAction::Assign => !account.is_licensed(device),
            OperatorAction::Remove => account.is_licensed(device),
            OperatorAction::Toggle => true,
        };
        match (self.devices.is_empty(), self.action) {
            (false, _) => {
                let wanted = self.devices.iter().filter(wanted);
                self.random.map_or_else(
                    || wanted.clone().cloned().collect(),
                    |many| sample(wanted.clone(), many, seed),
                )
            }
            (true, OperatorAction::Remove) => sample(account.licensed(), self.random.unwrap_or(1), seed),
            (true, _) => sample(account.devices().filter(wanted), self.random.unwrap_or(1), seed),
        }
    }
}

/// So many of the devices, each as likely as the others, without a copy of them all.
fn sample<'d>(devices: impl Iterator<Item = &'d DeviceId>, many: usize, seed: u64) -> Vec<DeviceId> {
    let mut random = fastrand::Rng::with_seed(seed);
    let mut kept: Vec<&DeviceId> = Vec::new();
    for (index, device) in devices.enumerate() {
        if kept.len() < many {
            kept.push(device);
        } else if let Some(place) = kept.get_mut(random.usize(0..=index)) {
            *place = device;
        }
    }
    kept.into_iter().cloned().collect()
}
