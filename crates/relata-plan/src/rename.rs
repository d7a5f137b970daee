//! Which new object an old one has probably become, when nobody said so: scored, to be asked, never taken for granted.
//!
//! A rename that is planned as drop and add loses everything in it, and nothing in two schemas tells the one from the
//! other. So what vanished is held beside what is new: for columns their type, place, nullability, default, references,
//! and the indexes and keys they stand in; for tables the share of columns (a column that every table has says little),
//! keys, what they point to and what points to them; for types their values and where they are used.
//!
//! Invariants
//! - Nothing is proposed between `s` and `s`, nor for what is declared, refused, or there under its own name.
//! - A candidate is an object that nothing else goes on as; its score is from [`LIKELY`] to 100, the best first.
//! - Pure and deterministic: the same schemas give the same questions.
//!
//! It deliberately proposes nothing for what holds neither rows nor values (indexes, constraints, views, routines,
//! triggers, policies): made anew they lose nothing, and where their definition is the same they are matched unasked
//! ([`unasked`]).

mod alike;
mod columns;
mod definition;
mod implied;
mod rebuilt;
mod tables;
mod types;
mod values;

use std::collections::BTreeSet;

use relata_schema::Schema;
use relata_schema::change::Rename;
use relata_schema::model::{ObjectKey, ObjectKind, ObjectName};

pub use alike::alike;
pub use definition::unasked;
pub use implied::implied;
pub use rebuilt::{Rebuilt, rebuilds, rebuilt};
pub use values::inline_values;

/// From this score on (of 100) a rename is likely enough to be asked about.
pub const LIKELY: u8 = 60;

/// What an old object may have become.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Candidate {
    /// The rename.
    pub rename: Rename,
    /// How likely it is, of 100.
    pub score: u8,
    /// What speaks for it, the strongest first.
    pub reasons: Vec<&'static str>,
}

/// An object that is gone, and what it may be now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Question {
    /// What is gone: a table, column, type, sequence; an enum with a member is one of its values.
    pub object: ObjectKey,
    /// What it may be now, the likeliest first; never empty.
    pub candidates: Vec<Candidate>,
}

/// The likely renames that are neither among `known` nor refused, the likeliest first.
pub fn questions(from: &Schema, to: &Schema, known: &[Rename], refused: &[ObjectKey]) -> Vec<Question> {
    let names = Names { renames: known };
    let mut found = Vec::new();
    let mut add = |object: ObjectKey, mut candidates: Vec<Candidate>| {
        candidates.retain(|candidate| candidate.score >= LIKELY);
        if candidates.is_empty() || refused.contains(&object) {
            return;
        }
        candidates.sort_by(|a, b| b.score.cmp(&a.score).then_with(|| a.rename.to.cmp(&b.rename.to)));
        found.push(Question { object, candidates });
    };
    tables::questions(from, to, names, &mut add);
    columns::questions(from, to, names, &mut add);
    types::questions(from, to, names, &mut add);
    values::questions(from, to, names, &mut add);
    let best = |question: &Question| question.candidates[0].score;
    found.sort_by(|a, b| best(b).cmp(&best(a)).then_with(|| a.object.cmp(&b.object)));
    found
}

/// The questions, and those that follow once the best answer to each is yes: the columns of a table that was renamed.
pub fn all_questions(from: &Schema, to: &Schema, known: &[Rename], refused: &[ObjectKey]) -> Vec<Question> {
    let mut assumed = known.to_vec();
    let mut all: Vec<Question> = Vec::new();
    loop {
        let new: Vec<Question> = questions(from, to, &assumed, refused)
            .into_iter()
            .filter(|question| all.iter().all(|known| known.object != question.object))
            .collect();
        if new.is_empty() {
            return all;
        }
        for question in &new {
            let free =
                |candidate: &&Candidate| !assumed.iter().any(|rename| rename.to_key() == candidate.rename.to_key());
            let best = question.candidates.iter().find(free);
            assumed.extend(best.map(|candidate| candidate.rename.clone()));
        }
        all.extend(new);
    }
}

/// Receives the candidates of one object that is gone.
type Add<'a> = dyn FnMut(ObjectKey, Vec<Candidate>) + 'a;

/// Points for and against.
#[derive(Default)]
struct Score {
    points: i32,
    reasons: Vec<(i32, &'static str)>,
}

impl Score {
    fn add(&mut self, points: i32, reason: &'static str) {
        self.points += points;
        if points > 0 && !reason.is_empty() {
            self.reasons.push((points, reason));
        }
    }

    fn candidate(mut self, from: ObjectKey, to: ObjectName) -> Candidate {
        self.reasons.sort_by_key(|(points, _)| std::cmp::Reverse(*points));
        Candidate {
            rename: Rename { from, to },
            score: u8::try_from(self.points.clamp(0, 100)).unwrap_or_default(),
            reasons: self.reasons.into_iter().map(|(_, reason)| reason).collect(),
        }
    }
}

/// What is known already.
#[derive(Clone, Copy)]
struct Names<'r> {
    renames: &'r [Rename],
}

impl Names<'_> {
    fn object(self, kind: ObjectKind, name: &ObjectName) -> ObjectName {
        let found =
            self.renames.iter().find(|r| r.from.kind == kind && r.from.member.is_empty() && &r.from.name == name);
        found.map_or_else(|| name.clone(), |rename| rename.to.clone())
    }

    fn member(self, kind: ObjectKind, owner: &ObjectName, member: &str) -> String {
        let found =
            self.renames.iter().find(|r| r.from.kind == kind && &r.from.name == owner && r.from.member == member);
        found.map_or_else(|| member.to_string(), |rename| rename.to.name.clone())
    }

    fn table(self, name: &ObjectName) -> ObjectName {
        self.object(ObjectKind::Table, name)
    }

    fn column(self, table: &ObjectName, column: &str) -> String {
        self.member(ObjectKind::Column, table, column)
    }

    /// The objects that are gone, and those that are new.
    fn unmatched<'a, T>(
        self,
        kind: ObjectKind,
        from: &'a [T],
        to: &'a [T],
        name: impl Fn(&T) -> &ObjectName,
    ) -> (Vec<&'a T>, Vec<&'a T>) {
        let there: BTreeSet<&ObjectName> = to.iter().map(&name).collect();
        let now: BTreeSet<ObjectName> = from.iter().map(|item| self.object(kind, name(item))).collect();
        let gone = from.iter().filter(|item| !there.contains(&self.object(kind, name(item)))).collect();
        let new = to.iter().filter(|item| !now.contains(name(item))).collect();
        (gone, new)
    }
}

#[cfg(test)]
mod tests;
