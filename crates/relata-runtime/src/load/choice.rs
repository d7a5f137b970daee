//! Whether the row of a relation to one is joined or comes by a statement of its own.
//!
//! A join costs its columns once for each parent, a statement of its own one round trip more, and its columns once for each
//! row there is. How many parents share a row is not known before; so a join is taken where it cannot cost much more than a
//! round trip, and where no two parents share a row.

use relata_sql::expr::{Expr, Related};
use relata_sql::meta::{Cardinality, Path, RelationMeta};
use relata_sql::tree::Scope;

use super::Loads;
use crate::relation::{Load, Relation, RelationKind, Way};

/// So many cells are read in about the time of a round trip.
const ROUND_TRIP: u64 = 2_048;

/// So many columns are joined, however many parents there are.
const NARROW: usize = 16;

impl<M: Relation, N: Loads<M::To>> Load<M, N> {
    /// Settles the way, and that of what is nested, for so many parents at most.
    pub(super) fn choose(&mut self, parents: Option<u64>) {
        if !M::Kind::SINGLE {
            self.asked.way = Way::Batched;
            return self.nested.choose(None);
        }
        self.nested.choose(parents);
        if self.asked.way == Way::Cheapest {
            let cells = self.nested.width();
            let few = parents.is_some_and(|parents| parents.saturating_mul(cells as u64) <= ROUND_TRIP);
            // Whether it counts has to be looked up with the parent then, anyway.
            let looked_at = || M::META.cardinality == Cardinality::One && self.required(Path::ROOT).is_some();
            let join = cells <= NARROW || few || is_own(M::META) || looked_at();
            self.asked.way = if join { Way::Joined } else { Way::Batched };
        }
    }

    pub(super) fn is_joined(&self) -> bool {
        M::Kind::SINGLE && self.asked.way != Way::Batched
    }

    /// A parent counts only if the row that comes later does: a limit must not count others. `with_joins`: what is joined
    /// says so by its join.
    pub(super) fn requires(&self, path: Path, with_joins: bool, out: &mut Option<Expr>) {
        if M::META.cardinality != Cardinality::One || self.asked.scope != Scope::Live {
            return;
        }
        if with_joins && self.is_joined() {
            self.nested.requires(path.step(M::META), true, out);
        } else if let Some(required) = self.required(path) {
            Expr::and_into(out, required);
        }
    }

    /// That the row is there which must be, if that is to be doubted.
    fn required(&self, path: Path) -> Option<Expr> {
        let mut filter = None;
        self.nested.requires(Path::ROOT, false, &mut filter);
        let doubted = M::META.to.soft_delete.is_some() || filter.is_some();
        let related = Related { path, relation: M::META, scope: Scope::Live, filter, value: None };
        doubted.then(|| Expr::Exists(Box::new(related)))
    }

    /// See [`Loads::may_lack`].
    pub(super) fn may_lack(&self, optional: bool) -> bool {
        let required = M::META.cardinality == Cardinality::One;
        let inside = match M::META.cardinality {
            Cardinality::One => optional,
            Cardinality::Optional => self.is_joined(),
            Cardinality::Many => false,
        };
        let lacks = required && (!self.is_joined() || (optional && M::META.to.soft_delete.is_some()));
        lacks || self.nested.may_lack(inside)
    }
}

/// No two parents share the row.
fn is_own(relation: &RelationMeta) -> bool {
    let alone = |columns: &[usize]| columns == [relation.from_column];
    alone(relation.from.key) || relation.from.uniques.iter().any(|unique| alone(unique.columns))
}
