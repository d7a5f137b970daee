//! What a row holds other than at first, after the database refused it: each refusal says where to look.
//!
//! - A check: the columns that it mentions take other candidates, one column at a time, then several. Where it is that of a
//!   domain, every column of the domain takes them.
//! - A key or an exclusion constraint: values of later rows.
//! - Whatever else: plainer values everywhere.
//!
//! What a check was satisfied with is remembered for the rows after.

use std::collections::BTreeMap;

use relata_sql::{Error, Kind};

/// How a row differs from what it would hold at first.
#[derive(Debug, Clone, Default)]
pub(super) struct Choices {
    /// 0: as wanted; 1: ordinary values; more: nothing else helped so often.
    pub(super) plain: usize,
    /// The candidates that columns have, by their position.
    pub(super) candidates: BTreeMap<usize, usize>,
    /// So many rows further, for values that have to be distinct.
    pub(super) shift: usize,
    /// How often each check refused the row.
    refusals: BTreeMap<String, usize>,
}

impl Choices {
    /// Changes what the refusal is about. `learned` is what satisfied the checks of rows before; `involved` gives the
    /// columns that a check is about, each with the number of its candidates.
    pub(super) fn react(
        &mut self,
        error: &Error,
        learned: &BTreeMap<usize, usize>,
        rows: usize,
        involved: impl FnOnce(&str) -> Involved,
    ) {
        match error.kind() {
            Kind::CheckViolation if self.plain == 0 => {
                self.plain = 1;
                self.candidates.clone_from(learned);
            }
            Kind::CheckViolation => {
                let name = error.details().constraint.clone().unwrap_or_default();
                let involved = involved(&name);
                let refusals = self.refusals.entry(name).or_default();
                *refusals += 1;
                match involved.combination(*refusals) {
                    Some(chosen) => self.candidates.extend(chosen),
                    None => self.plain += 1,
                }
            }
            Kind::UniqueViolation | Kind::ExclusionViolation if self.shift < 8 * rows => self.shift += rows,
            _ => self.plain += 1,
        }
    }
}

/// The columns that a check is about, by position, each with the number of its candidates.
pub(super) enum Involved {
    /// Each holds the check by itself: that of their domain.
    Each(Vec<(usize, usize)>),
    /// Together they hold it or not.
    Together(Vec<(usize, usize)>),
}

impl Involved {
    /// The `number`th way, from 1, to choose candidates; `None`: all were tried.
    fn combination(&self, number: usize) -> Option<Vec<(usize, usize)>> {
        match self {
            Involved::Together(columns) => combination(number, columns),
            Involved::Each(columns) => {
                let chosen = columns.iter().filter(|(_, count)| number < *count);
                Some(chosen.map(|(column, _)| (*column, number)).collect()).filter(|chosen: &Vec<_>| !chosen.is_empty())
            }
        }
    }
}

/// The `number`th way, from 1, to choose a candidate for each column: first every column alone, then all of them.
fn combination(number: usize, columns: &[(usize, usize)]) -> Option<Vec<(usize, usize)>> {
    let alone: usize = columns.iter().map(|(_, count)| count.saturating_sub(1)).sum();
    let mut chosen: Vec<(usize, usize)> = columns.iter().map(|(column, _)| (*column, 0)).collect();
    let mut rest = number;
    if number <= alone {
        for (index, (_, count)) in columns.iter().enumerate() {
            if rest < *count {
                chosen[index].1 = rest;
                return Some(chosen);
            }
            rest -= count.saturating_sub(1);
        }
    }
    rest = number - alone;
    for (index, (_, count)) in columns.iter().enumerate() {
        chosen[index].1 = rest % count.max(&1);
        rest /= count.max(&1);
    }
    (rest == 0 && columns.len() > 1).then_some(chosen)
}

#[cfg(test)]
mod tests {
    use super::{Involved, combination};

    #[test]
    fn each_column_alone_then_together() {
        let columns = [(4, 2), (7, 3)];
        let all: Vec<_> = (1..).map_while(|number| combination(number, &columns)).collect();
        let digits: Vec<(usize, usize)> = all.iter().map(|chosen| (chosen[0].1, chosen[1].1)).collect();
        assert_eq!(digits, [(1, 0), (0, 1), (0, 2), (1, 0), (0, 1), (1, 1), (0, 2), (1, 2)]);
        assert_eq!(Involved::Each(columns.to_vec()).combination(1), Some(vec![(4, 1), (7, 1)]));
        assert_eq!(Involved::Each(columns.to_vec()).combination(3), None);
        assert_eq!(combination(1, &[]), None);
        assert_eq!(combination(3, &[(0, 3)]), None);
    }
}
