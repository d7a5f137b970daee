//! Which node a statement goes to.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use super::{Cluster, Node, Role};
use crate::observe::BreakerState;
use crate::token::Token;

/// Where reads go. Writes and transactions that may write go to the primary, whatever is said here.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Reads {
    /// To the primary: every read sees every write before it.
    #[default]
    Primary,
    /// To a replica that is behind by no more than this; to the primary if there is none.
    Replica {
        /// How far behind at most.
        max_lag: Duration,
    },
    /// To a replica that has seen what the token stands for, waiting for it a little; else to the primary.
    AtLeast(Token),
}

impl Cluster {
    /// The node for a read, if any can be read.
    pub(crate) fn for_reading(&self, reads: &Reads) -> Option<Arc<Node>> {
        let primary = self.primary();
        if self.only().is_some() || *reads == Reads::Primary {
            return primary;
        }
        let nodes = self.nodes();
        let fits = |node: &&Arc<Node>| match reads {
            Reads::Primary => false,
            Reads::Replica { max_lag } => node.state().lag.is_some_and(|lag| lag <= *max_lag),
            Reads::AtLeast(token) => node.has_reached(&token.0),
        };
        let readable = || nodes.iter().filter(|node| node.is_readable_replica());
        let chosen = two_choices(readable().filter(fits)).or_else(|| match reads {
            // None is known to have come so far: one that is close behind soon will.
            Reads::AtLeast(_) => two_choices(readable().filter(|node| node.is_close_behind())),
            _ => None,
        });
        chosen.cloned().or(primary).or_else(|| match reads {
            // Better an old answer from the last node than none, unless freshness was asked for.
            Reads::Replica { .. } => two_choices(readable()).cloned(),
            _ => None,
        })
    }
}

impl Node {
    fn is_readable_replica(&self) -> bool {
        self.readable.load(Ordering::Relaxed)
            && self.role() == Role::Replica
            && self.pool.vitals().breaker.state(Instant::now()).0 != BreakerState::Open
    }

    fn is_close_behind(&self) -> bool {
        self.state().lag.is_some_and(|lag| lag < Duration::from_secs(2))
    }

    /// What one statement more would wait for: those before it, each for as long as statements take there.
    fn load(&self) -> u128 {
        let latency = self.pool.vitals().latency().max(Duration::from_micros(10));
        latency.as_nanos() * u128::from(self.pool.in_flight() + 1)
    }
}

/// Of two at random the one with less to do: nearly as good as the best of all, and never a stampede to one.
fn two_choices<'a>(nodes: impl Iterator<Item = &'a Arc<Node>>) -> Option<&'a Arc<Node>> {
    let nodes: Vec<_> = nodes.collect();
    match nodes.len() {
        0 => None,
        1 => Some(nodes[0]),
        count => {
            let first = fastrand::usize(..count);
            let second = (first + 1 + fastrand::usize(..count - 1)) % count;
            let (first, second) = (nodes[first], nodes[second]);
            // An idle node is tried now and then, or its latency would never be learnt again.
            let explore = fastrand::u32(..64) == 0;
            Some(if explore || first.load() <= second.load() { first } else { second })
        }
    }
}
