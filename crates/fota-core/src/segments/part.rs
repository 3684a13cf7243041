//! One segment: a walk from a starting point, and the pages of it that are not handed out yet.

use std::collections::VecDeque;

use crate::endpoint::Paged;
use crate::error::Error;
use crate::pager::Pager;

/// Tells the requests of a listing apart. Later ones are greater.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Ticket(u64);

pub(super) struct Part<E: Paged> {
    pub(super) start: E::Cursor,
    pub(super) pager: Pager<E>,
    pub(super) pages: VecDeque<Page<E>>,
    /// The entry that is furthest on, of those read.
    furthest: Option<E::Cursor>,
    state: State,
}

pub(super) struct Page<E: Paged> {
    /// Never none.
    pub(super) items: Vec<E::Item>,
    /// Where the walk goes on after it.
    pub(super) after: Option<E::Cursor>,
}

/// With which entry a segment begins.
pub(super) enum First<C> {
    Entry(C),
    /// The answer is not there yet.
    Unknown,
    None,
}

enum State {
    Idle,
    Asked(Ticket),
    /// It failed while it was read ahead: it is asked for again when its turn comes.
    Stalled,
    Failed(Error),
}

impl<E: Paged> Part<E> {
    pub(super) fn new(first: E) -> Self {
        Part {
            start: first.cursor().clone(),
            pager: Pager::new(first),
            pages: VecDeque::new(),
            furthest: None,
            state: State::Idle,
        }
    }

    pub(super) fn ask(&mut self, tickets: &mut u64) -> Option<(Ticket, E)> {
        let request = self.pager.request()?;
        *tickets += 1;
        self.state = State::Asked(Ticket(*tickets));
        Some((Ticket(*tickets), request))
    }

    /// How far it got matters only where there are `several` segments.
    pub(super) fn accept(&mut self, output: E::Output, several: bool) -> Result<(), Error> {
        let items = self.pager.accept(output)?;
        self.state = State::Idle;
        if several {
            let furthest = items.iter().map(E::cursor_of).max();
            self.furthest = furthest.max(self.furthest.take());
        }
        if !items.is_empty() {
            self.pages.push_back(Page { items, after: self.pager.cursor().cloned() });
        }
        Ok(())
    }

    /// Of the segment that is handed out. The walk may know what to do about it.
    pub(super) fn fail(&mut self, error: Error) {
        self.state = if self.pager.recover(&error) { State::Idle } else { State::Failed(error) };
    }

    pub(super) fn stall(&mut self) {
        self.state = State::Stalled;
    }

    pub(super) fn idle(&mut self) {
        self.state = State::Idle;
    }

    /// Its turn has come: what went wrong is told, and asked for again.
    pub(super) fn resume(&mut self) -> Option<Error> {
        if self.is_asked() {
            return None;
        }
        match std::mem::replace(&mut self.state, State::Idle) {
            State::Failed(error) => Some(error),
            _ => None,
        }
    }

    pub(super) fn first(&self) -> First<E::Cursor> {
        match self.pages.front().and_then(|page| page.items.first()) {
            Some(item) => First::Entry(E::cursor_of(item)),
            None if self.is_asked() => First::Unknown,
            None => First::None,
        }
    }

    pub(super) fn is_beyond(&self, point: &E::Cursor) -> bool {
        self.furthest.as_ref().is_some_and(|furthest| furthest > point)
    }

    pub(super) fn asked(&self) -> Option<Ticket> {
        match self.state {
            State::Asked(ticket) => Some(ticket),
            _ => None,
        }
    }

    pub(super) fn is_asked(&self) -> bool {
        self.asked().is_some()
    }

    pub(super) fn can_ask(&self) -> bool {
        matches!(self.state, State::Idle)
    }
}

/// The segment that is handed out, and the one after it.
pub(super) fn split<E: Paged>(line: &mut VecDeque<Part<E>>) -> Option<(&mut Part<E>, Option<&Part<E>>)> {
    let mut parts = line.iter_mut();
    let front = parts.next()?;
    Some((front, parts.next().map(|part| &*part)))
}
