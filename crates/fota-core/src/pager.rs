//! Walks a keyset-paged list: which page comes next, and when a server leads nowhere.

use std::cmp::Ordering;

use crate::endpoint::Paged;
use crate::error::{Error, ErrorKind};

/// The state of a walk. Ask [`Pager::request`] for the next request, send it, and hand the answer to
/// [`Pager::accept`].
///
/// There is no snapshot: devices that gain or lose their license during the walk may be missed or seen.
/// The cursor is public and opaque; a walk can go on from it later with [`Pager::resume`].
#[derive(Debug, Clone)]
pub struct Pager<E: Paged> {
    template: E,
    next: Option<E::Cursor>,
    /// A cursor from some pages ago, moved on at powers of two, so that a loop of any length is noticed
    /// without remembering every page.
    mark: E::Cursor,
    pages: u64,
    restarted: bool,
    /// After a restart, entries up to here were handed out before.
    skip_to: Option<E::Cursor>,
}

impl<E: Paged> Pager<E> {
    /// A walk that starts at the cursor of `first`.
    pub fn new(first: E) -> Self {
        let cursor = first.cursor().clone();
        Pager {
            next: Some(cursor.clone()),
            mark: cursor,
            template: first,
            pages: 0,
            restarted: false,
            skip_to: None,
        }
    }

    /// The same walk from a cursor that an earlier walk had reached.
    pub fn resume(first: &E, cursor: E::Cursor) -> Self {
        Pager::new(first.at(cursor))
    }

    /// The request for the next page; `None` after the last.
    pub fn request(&self) -> Option<E> {
        self.next.clone().map(|cursor| self.template.at(cursor))
    }

    /// Where the next page starts; `None` after the last.
    pub fn cursor(&self) -> Option<&E::Cursor> {
        self.next.as_ref()
    }

    /// Takes a page in and gives its entries.
    ///
    /// # Errors
    /// [`ErrorKind::Paging`] when the server says that there are more entries, but gives a cursor that is
    /// missing, repeated or behind. The walk stays where it was.
    pub fn accept(&mut self, output: E::Output) -> Result<Vec<E::Item>, Error> {
        let Some(current) = self.next.clone() else {
            return Err(Error::new(ErrorKind::Misuse, "a page after the last one"));
        };
        let mut page = E::split(output);
        if page.more {
            let last = page.items.last().map(E::cursor_of);
            let next = page.next.filter(|cursor| !cursor.to_string().is_empty()).or(last);
            self.next = Some(self.advance(&current, next)?);
        } else {
            self.next = None;
        }
        if let Some(seen) = &self.skip_to {
            page.items.retain(|item| E::cursor_of(item) > *seen);
            if self.next.as_ref().is_none_or(|next| next >= seen) {
                self.skip_to = None;
            }
        }
        Ok(page.items)
    }

    /// Tells the walk that its request failed. `true` when it starts over, once, because the server no
    /// longer accepts the cursor (the device behind it left the account); entries that were handed out
    /// before are then left out.
    pub fn recover(&mut self, error: &Error) -> bool {
        let refused = error.status() == Some(http::StatusCode::BAD_REQUEST)
            && error.fault().and_then(fota_models::ApiFault::code_without_service)
                == Some("INVALID_PARAMETER");
        let start = E::start();
        match &self.next {
            Some(cursor) if refused && !self.restarted && *cursor != start => {
                self.restarted = true;
                self.skip_to = self.next.replace(start.clone());
                self.mark = start;
                self.pages = 0;
                true
            }
            _ => false,
        }
    }

    fn advance(&mut self, current: &E::Cursor, next: Option<E::Cursor>) -> Result<E::Cursor, Error> {
        let stuck = |why: &str| {
            let text = format!("the server says that there are more entries after {current}, but {why}");
            Err(Error::new(ErrorKind::Paging, text))
        };
        let Some(next) = next else { return stuck("gives no cursor") };
        if next == *current {
            return stuck("gives the same cursor again");
        }
        // Which order the server keeps between ids of different lengths is not documented, so only a cursor
        // that is behind in both thinkable orders counts as behind.
        if next.cmp(current) == Ordering::Less && next.to_string() < current.to_string() {
            return stuck(&format!("leads back to {next}"));
        }
        if next == self.mark {
            return stuck(&format!("leads in a circle through {next}"));
        }
        self.pages += 1;
        if self.pages.is_power_of_two() {
            self.mark = next.clone();
        }
        Ok(next)
    }
}
