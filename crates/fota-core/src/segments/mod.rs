//! Lists one account from several places at once, and hands the pages out as if it had been a single walk.
//!
//! A page needs the cursor of the page before, so a walk waits for one answer after the other. Whoever knows
//! ids from before, of an earlier listing or of a file, can start at each of them at the same time:
//! [`Segments`] reads ahead from such starting points, and puts what it read in its place. Without any it is
//! a walk of one segment that can have the next page fetched while this one is worked on.
//!
//! # Why the result is that of a single walk
//!
//! What comes after an entry depends on that entry alone. So two segments may be joined where a single walk
//! would have gone on with the very same page or the very same entry, and only there: where the first one's
//! cursor *is* the second one's starting point, or where the entry that follows in the first *is* the first
//! entry of the second. Whether ids are compared as numbers or as texts decides only where such a joint is
//! looked for. Where there is none (the list has changed, the server keeps another order, the starting point
//! was refused or makes no sense), the second segment is thrown away, and the first goes on through its
//! range. In the worst case nothing but a single walk is left.
//!
//! # What it holds
//!
//! Besides the page handed out, at most [`read_ahead`](Segments::read_ahead) pages, those under way included,
//! or the one that is waited for. Segments are read nearest first, as far as there is room, so it pays to have
//! many starting points about a page apart ([`starting_points`] picks them) rather than few far apart.
//!
//! # Errors
//!
//! Reading ahead is speculation: what fails there is not an error yet. It is asked for again when its turn
//! comes, and an error that comes then is handed out in its place, like that of a single walk.

mod ahead;
mod next;
mod part;
mod spacing;

use std::collections::VecDeque;

pub use next::Next;
pub use part::Ticket;
use part::{First, Part, split};
pub use spacing::{distance, starting_points};

use crate::endpoint::Paged;
use crate::error::{Error, ErrorKind};

/// How many requests are under way at the same time, unless one says otherwise.
pub const CONCURRENCY: usize = 8;

/// The state of a listing. Do what [`Segments::step`] says, and hand every answer to [`Segments::accept`].
///
/// ```
/// use fota_core::licenses::List;
/// use fota_core::models::{DeviceId, LicenseSummary, LicensedDevice};
/// use fota_core::segments::{Next, Segments};
///
/// // A server that has seven devices and gives two at a time.
/// let answer = |request: List| {
///     let mut rest = (1..=7).map(|n| LicensedDevice::new(n.to_string().as_str())).collect::<Vec<_>>();
///     rest.retain(|device| device.device_id > request.after);
///     LicenseSummary::default().has_more_data(rest.len() > 2).device_list(rest.into_iter().take(2).collect::<Vec<_>>())
/// };
/// let first = List::new("0000123456-00001".parse()?);
/// let mut list = Segments::new(first).starting_points(["2", "4"].map(DeviceId::from));
/// let (mut waiting, mut most, mut devices) = (Vec::new(), 0, Vec::new());
/// loop {
///     match list.step() {
///         Next::Send(ticket, request) => waiting.push((ticket, request)),
///         Next::Wait => {
///             most = most.max(waiting.len());
///             if let Some((ticket, request)) = waiting.pop() {
///                 list.accept(ticket, Ok(answer(request)));
///             }
///         }
///         Next::Page(page) => devices.extend(page?.into_iter().map(|device| device.device_id.to_string())),
///         Next::Done => break,
///     }
/// }
/// assert_eq!(most, 3, "three pages were asked for at the same time");
/// assert_eq!(devices, ["1", "2", "3", "4", "5", "6", "7"]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Segments<E: Paged> {
    template: E,
    /// The segments that have begun. The first is handed out, the others are read ahead.
    line: VecDeque<Part<E>>,
    /// Where more of them can begin.
    points: VecDeque<E::Cursor>,
    /// Behind the last entry that was handed out; `None` after the end.
    position: Option<E::Cursor>,
    concurrency: usize,
    read_ahead: Option<usize>,
    tickets: u64,
    /// Something that was read ahead failed, and nothing worked since.
    paused: bool,
    /// Requests under way whose answers are of no use any more.
    orphans: Vec<Ticket>,
    /// How many starting points in a row the server refused.
    refused: usize,
}

impl<E: Paged> Segments<E> {
    /// A walk that starts at the cursor of `first`, in one segment.
    pub fn new(first: E) -> Self {
        Segments {
            position: Some(first.cursor().clone()),
            line: VecDeque::from([Part::new(first.clone())]),
            template: first,
            points: VecDeque::new(),
            concurrency: CONCURRENCY,
            read_ahead: None,
            tickets: 0,
            paused: false,
            orphans: Vec::new(),
            refused: 0,
        }
    }

    /// Reads from these places as well. Any will do: their order does not matter, and those that make no sense
    /// cost a request at most. They replace earlier ones.
    pub fn starting_points(mut self, points: impl IntoIterator<Item = E::Cursor>) -> Self {
        while self.line.len() > 1 {
            self.give_up(1);
        }
        let Some(position) = &self.position else { return self };
        // An empty cursor may mean any place.
        let is_ahead = |point: &E::Cursor| point > position && !point.to_string().is_empty();
        let mut points: Vec<_> = points.into_iter().filter(is_ahead).collect();
        points.sort_unstable();
        points.dedup();
        self.points = points.into();
        self
    }

    /// The most requests under way at the same time, at least one. Without starting points there is one.
    pub fn concurrency(mut self, requests: usize) -> Self {
        self.concurrency = requests.max(1);
        self
    }

    /// The most pages that may be there, or under way, before they are wanted. With none, every page is asked
    /// for when it is wanted, one after the other.
    ///
    /// Unless set it is 1, and twice the concurrency as long as there are several segments.
    pub fn read_ahead(mut self, pages: impl Into<Option<usize>>) -> Self {
        self.read_ahead = pages.into();
        self
    }

    /// The same listing from a cursor that an earlier one had reached.
    pub fn resume_from(self, cursor: E::Cursor) -> Self {
        Segments {
            concurrency: self.concurrency,
            read_ahead: self.read_ahead,
            // An answer that is still under way must not be taken for another.
            tickets: self.tickets,
            ..Segments::new(self.template.at(cursor))
        }
        .starting_points(self.points)
    }

    /// Where a later walk can go on: behind the last entry that was handed out. `None` after the end.
    pub fn cursor(&self) -> Option<&E::Cursor> {
        self.position.as_ref()
    }

    /// What to do for somebody who waits for the next page.
    pub fn step(&mut self) -> Next<E> {
        if let Some(next) = self.ready() {
            return next;
        }
        match self.request(true) {
            Some((ticket, request)) => Next::Send(ticket, request),
            None => Next::Wait,
        }
    }

    /// The next request to send before somebody waits: right after a page was handed out, so that it is under way
    /// while that page is worked on.
    pub fn ahead(&mut self) -> Option<(Ticket, E)> {
        self.request(false)
    }

    /// Takes in what came of a request. Answers that are no longer of use are ignored.
    pub fn accept(&mut self, ticket: Ticket, result: Result<E::Output, Error>) {
        self.orphans.retain(|orphan| *orphan != ticket);
        let several = self.is_several();
        let Some((index, part)) = self.asked(ticket) else { return };
        match result.and_then(|output| part.accept(output, several)) {
            Ok(()) => {
                self.paused = false;
                if index > 0 {
                    self.refused = 0;
                }
            }
            Err(error) if index == 0 => part.fail(error),
            Err(error) => {
                self.discard(index);
                if error.kind() != ErrorKind::Refused {
                    self.paused = true;
                    return;
                }
                // That a server no longer knows one starting point says little about the others; so many do.
                self.refused += 1;
                if self.refused >= CONCURRENCY {
                    self.points.clear();
                }
            }
        }
    }

    /// Forgets a request that came to nothing through no fault of the server. It is made again when its page is
    /// wanted.
    pub fn withdraw(&mut self, ticket: Ticket) {
        match self.asked(ticket) {
            Some((0, part)) => part.idle(),
            Some((index, _)) => self.discard(index),
            None => self.orphans.retain(|orphan| *orphan != ticket),
        }
    }

    /// What there is to hand out, if there is something.
    fn ready(&mut self) -> Option<Next<E>> {
        loop {
            self.absorb();
            let Some((front, second)) = split(&mut self.line) else { return Some(Next::Done) };
            let bound = second.as_ref().map(|second| &second.start);
            let Some(page) = front.pages.front_mut() else {
                if let Some(error) = front.resume() {
                    return Some(Next::Page(Err(error)));
                }
                if front.is_asked() {
                    return None;
                }
                match front.pager.cursor() {
                    None => self.end(),
                    // A single walk would ask for the very page with which the next segment begins.
                    cursor if bound.is_some() && cursor == bound => self.give_up(0),
                    Some(_) => return None,
                }
                continue;
            };
            let beyond =
                bound.and_then(|bound| page.items.iter().position(|item| E::cursor_of(item) > *bound));
            match (beyond, page.items.get(beyond.unwrap_or(0)), second) {
                (Some(0), Some(item), Some(second)) => match second.first() {
                    First::Unknown => return None,
                    First::Entry(first) if first == E::cursor_of(item) => self.give_up(0),
                    // It does not go on there, so that one is of no use; the page goes on into its range.
                    First::Entry(_) | First::None => self.give_up(1),
                },
                (Some(at), Some(_), _) if at > 0 => {
                    let rest = page.items.split_off(at);
                    let items = std::mem::replace(&mut page.items, rest);
                    self.position = items.last().map(E::cursor_of);
                    return Some(Next::Page(Ok(items)));
                }
                _ => {
                    let page = front.pages.pop_front()?;
                    self.position = page.after;
                    return Some(Next::Page(Ok(page.items)));
                }
            }
        }
    }

    /// A segment that cannot be read any further now: what there is of it may be of use, and nothing is not.
    fn discard(&mut self, index: usize) {
        match self.line.get_mut(index) {
            Some(part) if !part.pages.is_empty() => part.stall(),
            _ => drop(self.line.remove(index)),
        }
    }

    /// Takes a segment out of the line, be it at its end or of no use.
    fn give_up(&mut self, index: usize) {
        self.orphans.extend(self.line.remove(index).and_then(|part| part.asked()));
    }

    fn end(&mut self) {
        self.line.clear();
        self.points.clear();
        self.position = None;
    }

    fn asked(&mut self, ticket: Ticket) -> Option<(usize, &mut Part<E>)> {
        self.line.iter_mut().enumerate().find(|(_, part)| part.asked() == Some(ticket))
    }
}

impl<E: Paged> std::fmt::Debug for Segments<E> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Segments")
            .field("cursor", &self.position.as_ref().map(ToString::to_string))
            .field("segments", &self.line.len())
            .field("starting_points", &self.points.len())
            .finish_non_exhaustive()
    }
}
