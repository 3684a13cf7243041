//! Subscriptions: how the account pays, and how many licenses that buys.
use crate::time::Timestamp;

wire! {
    /// The account's subscription: the answer of `GET /subscriptions/{acc}`. The service may leave any field out.
    #[doc(alias = "FotaV3Subscription")]
    pub struct Subscription as response {
        /// The account.
        account_name: Option<String> = "accountName",
        /// How the account pays, as the service writes it: see [`purchase_types`](Self::purchase_types).
        purchase_type: Option<String> = "purchaseType",
        /// Licenses bought with a monthly charge; 0 for accounts billed per event.
        license_count: Option<u64> = "licenseCount",
        /// Licenses on devices now.
        license_used_count: Option<u64> = "licenseUsedCount",
        /// When the subscription last changed.
        update_time: Option<Timestamp> = "updateTime",
    }
}

impl Subscription {
    /// The ways the account pays: [`purchase_type`](Self#structfield.purchase_type), taken apart at its commas.
    pub fn purchase_types(&self) -> impl Iterator<Item = PurchaseType> {
        let words = self.purchase_type.as_deref().unwrap_or_default().split(',');
        words.map(str::trim).filter(|word| !word.is_empty()).map(PurchaseType::from)
    }
}

open_enum! {
    /// A way to pay for upgrades.
    #[doc(alias = "purchaseType")]
    pub enum PurchaseType {
        /// A monthly recurring charge for a fixed number of licenses.
        Mrc = "TS-HFOTA-MRC",
        /// A charge for each completed upgrade.
        Event = "TS-HFOTA-EVNT",
    }
}
