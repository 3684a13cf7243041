//! Which page to ask for next, of all that could be.

use super::Segments;
use super::part::{Part, Ticket};
use crate::endpoint::Paged;

impl<E: Paged> Segments<E> {
    /// Nearest first; `wanted` when somebody waits for the next page.
    pub(super) fn request(&mut self, wanted: bool) -> Option<(Ticket, E)> {
        let asked = self.line.iter().filter(|part| part.is_asked()).count() + self.orphans.len();
        if asked >= self.concurrency {
            return None;
        }
        let held = asked + self.line.iter().map(|part| part.pages.len()).sum::<usize>();
        let room = held < self.limit();
        for index in 0..self.line.len() {
            let bound = self.bound(index).cloned();
            let part = self.line.get_mut(index)?;
            // Whatever else is held: the page that is waited for can always be asked for.
            let needed = wanted && index == 0 && part.pages.is_empty();
            if !(room || needed) || index > 0 && self.paused {
                return None;
            }
            if !part.can_ask() {
                continue;
            }
            // Where the list ends, nothing follows.
            let cursor = part.pager.cursor()?;
            if !needed && bound.is_some_and(|bound| *cursor == bound || part.is_beyond(&bound)) {
                continue;
            }
            return part.ask(&mut self.tickets);
        }
        if !room || self.paused {
            return None;
        }
        self.absorb();
        let point = self.points.pop_front()?;
        self.line.push_back(Part::new(self.template.at(point)));
        self.line.back_mut()?.ask(&mut self.tickets)
    }

    /// Where the segment after this one starts.
    fn bound(&self, index: usize) -> Option<&E::Cursor> {
        self.line.get(index + 1).map(|next| &next.start).or(self.points.front())
    }

    /// Gives up the starting points that would start in what is read already.
    pub(super) fn absorb(&mut self) {
        let Some(last) = self.line.back() else { return };
        if self.line.len() == 1 {
            // It is handed out without waiting for a segment that has not begun.
            let reached = |point: &E::Cursor| {
                last.is_beyond(point) || last.pager.cursor().is_some_and(|next| next >= point)
            };
            while self.points.front().is_some_and(reached) {
                self.points.pop_front();
            }
        } else {
            // A page that goes a little beyond a starting point is no reason to give that up.
            while self.points.get(1).is_some_and(|second| last.is_beyond(second)) {
                self.points.pop_front();
            }
        }
    }

    fn limit(&self) -> usize {
        self.read_ahead.unwrap_or(if self.is_several() { 2 * self.concurrency } else { 1 })
    }

    pub(super) fn is_several(&self) -> bool {
        self.line.len() + self.points.len() > 1
    }
}
