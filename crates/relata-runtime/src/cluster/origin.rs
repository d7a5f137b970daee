//! To which database a node belongs.
//!
//! A source of nodes may name a stranger: a wrong entry, an address that was given to somebody else, a copy made for a test.
//! Its primary takes writes like any other, and may be further ahead. So a node is asked whose it is, and one that belongs to
//! another database than the primary of before is *down*, whatever it says of itself.
//!
//! PostgreSQL has a system identifier, which every copy has and no other server; Galera a UUID of the cluster; MySQL the servers
//! that its transactions come from. MariaDB has the domains of its GTIDs only, which tell apart whoever was given domains of
//! their own; left alone all have the domain 0.
//!
//! Where a node of before comes back as part of another database, and none of the old one is left, the whole was made anew (a
//! major upgrade, a restored backup) and is believed.

use std::collections::BTreeSet;
use std::fmt;
use std::sync::PoisonError;

use relata_sql::{Error, Kind};

use super::probe::Answered;
use super::{Cluster, Node, Role};
use crate::token::Position;

/// What a node tells of where it comes from. Nodes of one database have some of it in common.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Origin(BTreeSet<String>);

impl Origin {
    /// Of a PostgreSQL.
    pub(super) fn system(identifier: &str) -> Self {
        Origin(BTreeSet::from([format!("system identifier {identifier}")]))
    }

    /// What a position in the log tells.
    pub(super) fn of(position: &Position) -> Self {
        Origin(match position {
            Position::Local | Position::Lsn(_) => BTreeSet::new(),
            Position::Gtid(domains) => domains.iter().map(|(domain, ..)| format!("GTID domain {domain}")).collect(),
            Position::Executed(sources) => {
                let server = |name: &str| format!("transactions of {}", name.split(':').next().unwrap_or_default());
                sources.iter().map(|(name, _)| server(name)).collect()
            }
            Position::Galera(cluster, _) => BTreeSet::from([format!("cluster {cluster}")]),
        })
    }

    pub(super) fn is_unknown(&self) -> bool {
        self.0.is_empty()
    }

    fn is_foreign_to(&self, other: &Origin) -> bool {
        !self.is_unknown() && !other.is_unknown() && self.0.is_disjoint(&other.0)
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<_> = self.0.iter().take(3).map(String::as_str).collect();
        f.write_str(&names.join(", "))
    }
}

impl Cluster {
    fn origin(&self) -> std::sync::MutexGuard<'_, Origin> {
        self.origin.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// From now on this is the database.
    pub(super) fn belongs_to(&self, origin: Origin) {
        if !origin.is_unknown() {
            *self.origin() = origin;
        }
    }

    /// Why the node is not one of ours, if so.
    pub(super) fn refusal(&self, node: &Node, answered: &Answered) -> Option<Error> {
        let known = self.origin().clone();
        if !answered.origin.is_foreign_to(&known) {
            let mut state = node.state();
            state.ours |= !known.is_unknown();
            state.origin = answered.origin.clone();
            return None;
        }
        let others = self.nodes();
        let left = |other: &std::sync::Arc<Node>| {
            !std::ptr::eq(&**other, node) && matches!(other.role(), Role::Primary | Role::Replica)
        };
        if node.state().ours && !others.iter().any(left) {
            tracing::warn!(target: "relata::cluster", node = node.name, was = %known, is = %answered.origin, "the database was made anew");
            self.belongs_to(answered.origin.clone());
            return None;
        }
        let message = format!("it belongs to another database ({}, not {known}) and is left alone", answered.origin);
        if node.state().trouble.as_ref() != Some(&message) {
            self.strangers.add(1);
        }
        Some(Error::new(Kind::Configuration, message))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nodes_of_one_database_have_something_in_common() {
        let gtid = |text: &str| Origin::of(&Position::gtid(text).unwrap());
        assert!(!gtid("0-1-100,7-1-2").is_foreign_to(&gtid("0-2-5")));
        assert!(gtid("7-1-100").is_foreign_to(&gtid("0-2-5")));
        assert!(!gtid("").is_foreign_to(&gtid("0-2-5")), "a server that never wrote may be anybody's");
        let (one, two) = ("3e11fa47-71ca-11e1-9e33-c80aa9429562", "99999999-71ca-11e1-9e33-c80aa9429562");
        let executed = |text: String| Origin::of(&Position::executed(&text).unwrap());
        assert!(!executed(format!("{one}:1-5,{two}:1-2")).is_foreign_to(&executed(format!("{one}:tag:1-5"))));
        assert!(executed(format!("{two}:1-5")).is_foreign_to(&executed(format!("{one}:1-5"))));
        assert!(
            Origin::of(&Position::Galera("a".into(), 1)).is_foreign_to(&Origin::of(&Position::Galera("b".into(), 1)))
        );
        assert!(
            Origin::system("1").is_foreign_to(&Origin::system("2"))
                && !Origin::system("1").is_foreign_to(&Origin::system("1"))
        );
        assert_eq!(gtid("7-1-100,9-1-1").to_string(), "GTID domain 7, GTID domain 9");
    }
}
