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
    lighter_of_two(&nodes.collect::<Vec<_>>(), |node| node.load()).copied()
}

fn lighter_of_two<T>(nodes: &[T], load: impl Fn(&T) -> u128) -> Option<&T> {
    match nodes {
        [] => None,
        [only] => Some(only),
        _ => {
            let first = fastrand::usize(..nodes.len());
            let second = (first + 1 + fastrand::usize(..nodes.len() - 1)) % nodes.len();
            let (first, second) = (&nodes[first], &nodes[second]);
            // An idle node is tried now and then, or its latency would never be learnt again.
            let explore = fastrand::u32(..64) == 0;
            Some(if explore || load(first) <= load(second) { first } else { second })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lighter_of_two_is_drawn_and_the_heaviest_is_tried_now_and_then() {
        assert_eq!(lighter_of_two(&[], |load: &u128| *load), None);
        assert_eq!(lighter_of_two(&[7], |load| *load), Some(&7));
        fastrand::seed(5);
        let mut drawn = [0; 4];
        for _ in 0..12_000 {
            // Each by its load, which is its place here.
            drawn[*lighter_of_two(&[0, 1, 2, 3], |load| *load).unwrap() as usize] += 1;
        }
        // Of six pairs the lightest is in three, the next wins two, then one, then none.
        for (found, expected) in drawn.into_iter().zip([5_950, 3_985, 2_015, 50_i32]) {
            assert!((expected - found).abs() < 250, "{drawn:?}");
        }
        assert!(drawn[3] > 0, "{drawn:?}");
    }
}
