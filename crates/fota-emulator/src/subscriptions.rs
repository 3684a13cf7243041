//! Subscriptions: what the account has bought (S1).

use fota_models::{Subscription, TimeFormat};

use crate::accounts::Account;
use crate::answers::stamp;
use crate::rules::Rules;

pub(crate) fn get(account: &Account, rules: &Rules<'_>) -> Subscription {
    Subscription::default()
        .account_name(account.name.to_string())
        .purchase_type(account.purchase_type.clone())
        .license_count(if account.event_only() { 0 } else { account.licenses })
        .license_used_count(account.assigned_licenses())
        .update_time(stamp(account.updated, rules.format(TimeFormat::Rfc3339, 0)))
}
