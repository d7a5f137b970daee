//! What a pool keeps under its lock: spare connections, and who holds the others.

use std::panic::Location;
use std::time::{Duration, Instant};

use relata_sql::render::ShapeCache;

use crate::observe::Observed;

/// However long a statement runs, its server is asked this often whether it lives.
const PATIENCE: Duration = Duration::from_secs(5);

/// A connection, the texts of the statements that it has seen, and what the pool knows of it.
pub(crate) struct Member {
    pub(crate) observed: Observed,
    pub(super) shapes: Box<ShapeCache>,
    pub(super) born: Instant,
    pub(super) expires: Instant,
    pub(super) epoch: u64,
    /// When it came back to where it rests in front of the shelf.
    pub(super) rested: Instant,
}

/// A spare connection.
pub(super) struct Spare {
    pub(super) member: Box<Member>,
    pub(super) since: Instant,
    /// It has kept the right of whoever brought it back: the next one to borrow it needs no other.
    pub(super) ready: bool,
}

/// A connection that somebody holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Loan {
    /// `file:line:column` of the program that borrowed it; of relata's own source where a statement of an entity did.
    pub at: String,
    /// For how long.
    pub held: Duration,
}

pub(super) struct Lent {
    at: &'static Location<'static>,
    since: Instant,
    reported: bool,
}

/// Where it is noted that a connection is lent.
#[derive(Debug, Clone, Copy)]
pub(super) enum Slot {
    /// It is the one in front of the shelf, see [`super::front`].
    Front,
    /// A place of the shelf's.
    Place(u32),
}

/// Spare connections, the one used last on top, and a place for each that is lent.
pub(super) struct Shelf {
    spare: Vec<Spare>,
    lent: Vec<Option<Lent>>,
    places: Vec<u32>,
    /// There is a connection in front; it is lent, for one that rests is put on the shelf by whoever looks at that.
    pub(super) has_front: bool,
    /// Since when the one in front was lent when its leak was told of.
    front_reported: Option<Instant>,
}

impl Shelf {
    /// Empty; places are added as they are needed, for a limit of a million is no size.
    pub(super) fn new() -> Self {
        Shelf { spare: Vec::new(), lent: Vec::new(), places: Vec::new(), has_front: false, front_reported: None }
    }

    pub(super) fn last(&self) -> Option<&Spare> {
        self.spare.last()
    }

    pub(super) fn pop(&mut self) -> Option<Spare> {
        self.spare.pop()
    }

    pub(super) fn push(&mut self, member: Box<Member>, since: Instant, ready: bool) {
        self.spare.push(Spare { member, since, ready });
    }

    /// Takes their rights from those that have kept one, and says how many that were.
    pub(super) fn take_rights(&mut self) -> u32 {
        let kept = self.spare.iter_mut().map(|spare| u32::from(std::mem::take(&mut spare.ready)));
        kept.sum()
    }

    /// Puts one back without making it the one used last.
    pub(super) fn put_under(&mut self, spare: Spare) {
        self.spare.insert(0, spare);
    }

    pub(super) fn take_all(&mut self) -> Vec<Spare> {
        std::mem::take(&mut self.spare)
    }

    /// Takes out those that fail the test.
    pub(super) fn take_if(&mut self, mut test: impl FnMut(&Spare) -> bool) -> Vec<Spare> {
        self.spare.extract_if(.., |spare| test(spare)).collect()
    }

    /// Notes that somebody holds a connection, or is getting one.
    pub(super) fn lend(&mut self, at: &'static Location<'static>, now: Instant) -> Slot {
        let lent = Some(Lent::new(at, now));
        Slot::Place(match self.places.pop() {
            Some(place) => {
                self.lent[place as usize] = lent;
                place
            }
            None => {
                self.lent.push(lent);
                self.lent.len() as u32 - 1
            }
        })
    }

    /// It came back, or is gone.
    pub(super) fn returned(&mut self, slot: Slot) {
        match slot {
            Slot::Front => self.has_front = false,
            Slot::Place(place) => {
                if self.lent[place as usize].take().is_some() {
                    self.places.push(place);
                }
            }
        }
    }

    pub(super) fn lent(&self) -> u32 {
        (self.lent.len() - self.places.len()) as u32 + u32::from(self.has_front)
    }

    pub(super) fn spare(&self) -> u32 {
        self.spare.len() as u32
    }

    pub(super) fn total(&self) -> u32 {
        self.lent() + self.spare()
    }

    /// Somebody has waited for longer than is usual since the server was last heard of. What was asked about before is asked
    /// about again after as long as it had lasted by then, so that a long statement does not cost a question all the time.
    pub(super) fn is_suspicious(
        &self,
        front: Option<Lent>,
        (now, limit): (Instant, Duration),
        (heard, asked): (Instant, Instant),
    ) -> bool {
        self.lent.iter().flatten().chain(&front).any(|lent| {
            let lasted = asked.saturating_duration_since(lent.since).min(limit.max(PATIENCE));
            now.saturating_duration_since(lent.since.max(heard)) >= limit.max(lasted)
        })
    }

    /// Who holds connections, longest first.
    pub(super) fn loans(&self, front: Option<Lent>) -> Vec<Loan> {
        let mut loans: Vec<_> = self.lent.iter().flatten().chain(&front).map(Lent::loan).collect();
        loans.sort_by_key(|loan| std::cmp::Reverse(loan.held));
        loans
    }

    /// Those held for longer than `limit` that were not told of before.
    pub(super) fn leaks(&mut self, mut front: Option<Lent>, limit: Duration) -> Vec<Loan> {
        if let Some(front) = &mut front {
            front.reported = self.front_reported == Some(front.since);
        }
        let leaking = |lent: &&mut Lent| !lent.reported && lent.since.elapsed() > limit;
        let tell = |lent: &mut Lent| {
            lent.reported = true;
            lent.loan()
        };
        let told = self.lent.iter_mut().flatten().chain(&mut front).filter(leaking).map(tell).collect();
        self.front_reported = front.filter(|front| front.reported).map(|front| front.since);
        told
    }
}

impl Lent {
    pub(super) fn new(at: &'static Location<'static>, since: Instant) -> Self {
        Lent { at, since, reported: false }
    }

    fn loan(&self) -> Loan {
        Loan { at: self.at.to_string(), held: self.since.elapsed() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_loan_is_asked_about_less_and_less_often() {
        let begun = Instant::now();
        let second = Duration::from_secs(1);
        let mut shelf = Shelf::new();
        assert!(!shelf.is_suspicious(None, (begun + second * 100, second), (begun, begun)), "nobody holds anything");
        shelf.lend(Location::caller(), begun);
        let (mut asked, mut moments) = (begun, Vec::new());
        for tenth in 0..300 {
            let now = begun + second * tenth / 10;
            if shelf.is_suspicious(None, (now, second), (asked, asked)) {
                (asked, moments) = (now, [moments, vec![tenth / 10]].concat());
            }
        }
        assert_eq!(moments, [1, 2, 4, 8, 13, 18, 23, 28]);
        // Others were answered: that tells of the server, too.
        let now = begun + second * 100;
        assert!(!shelf.is_suspicious(None, (now, second), (now - second / 2, begun)));
    }
}
