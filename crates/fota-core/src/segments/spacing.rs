//! Which ids make good starting points.

/// Picks starting points out of the ids of an earlier listing or of a file, in any order: one for a little less
/// than each `page` of them, so that a segment stays a single page when some devices have come since.
///
/// ```
/// use fota_core::models::DeviceId;
/// let ids = (1..=3000).map(|n| DeviceId::from(format!("{n:015}")));
/// let points = fota_core::segments::starting_points(ids, 1000);
/// assert_eq!(points, ["000000000000938", "000000000001876", "000000000002814"].map(DeviceId::from));
/// ```
pub fn starting_points<C: Ord>(ids: impl IntoIterator<Item = C>, page: usize) -> Vec<C> {
    let mut ids: Vec<C> = ids.into_iter().collect();
    ids.sort_unstable();
    ids.dedup();
    let distance = distance(page);
    ids.into_iter().skip(distance - 1).step_by(distance).collect()
}

/// How many devices apart starting points are best for pages of this size.
pub const fn distance(page: usize) -> usize {
    let distance = page - page / 16;
    if distance == 0 { 1 } else { distance }
}
