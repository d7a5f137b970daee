//! The history as the files give it: a graph. A migration names its parents by digest (`-- relata: parent`), and what it
//! needs of other domains by version (`-- relata: depends-on`).
//!
//! - A migration without a parent that is there (written by hand, mostly) follows everything older in its domain: a
//!   folder of plain files is a chain.
//! - Two migrations of one domain that nobody follows are two **heads**: two branches came together and nobody has said
//!   that they fit. That is found here, before anything runs.
//! - The order of running is the one of versions wherever the graph leaves a choice.
//!
//! Pure: it deliberately reads neither files nor databases.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, BinaryHeap};

use relata_sql::{Error, Kind, Result};

use super::folder::Migration;

/// Who follows whom.
pub struct Graph<'m> {
    migrations: &'m [Migration],
    /// Positions of the parents of each, in their domain.
    parents: Vec<Vec<usize>>,
    /// Positions of what each depends on in other domains.
    needs: Vec<Vec<usize>>,
}

impl<'m> Graph<'m> {
    /// The graph of these migrations.
    ///
    /// # Errors
    /// `Kind::Migration` when one depends on a migration that is not there.
    pub fn of(migrations: &'m [Migration]) -> Result<Self> {
        let needs = migrations.iter().map(|migration| needs(migration, migrations)).collect::<Result<_>>()?;
        Ok(Graph { migrations, parents: parents(migrations), needs })
    }

    /// The migrations that nobody names as parent, domain by domain, in the order of versions.
    pub fn heads(&self) -> BTreeMap<&'m str, Vec<&'m Migration>> {
        let followed: BTreeSet<usize> = self.parents.iter().flatten().copied().collect();
        let mut heads: BTreeMap<&str, Vec<&Migration>> = BTreeMap::new();
        for (position, migration) in self.migrations.iter().enumerate() {
            if !followed.contains(&position) {
                heads.entry(&migration.domain).or_default().push(migration);
            }
        }
        heads.values_mut().for_each(|heads| heads.sort_by(|a, b| a.version.cmp(&b.version)));
        heads
    }

    /// What a migration is built on, itself not included, in the order of running: its parents and theirs, and what
    /// they depend on. Empty for a version that is not there.
    pub fn ancestors(&self, version: &str) -> Vec<&'m Migration> {
        let first = self.migrations.iter().position(|migration| migration.version == version);
        let mut seen = BTreeSet::new();
        let mut waiting: Vec<usize> = first.into_iter().collect();
        while let Some(position) = waiting.pop() {
            for &before in self.parents[position].iter().chain(&self.needs[position]) {
                if seen.insert(before) {
                    waiting.push(before);
                }
            }
        }
        let order = self.order().unwrap_or_default();
        order
            .into_iter()
            .filter(|position| seen.contains(position))
            .map(|position| &self.migrations[position])
            .collect()
    }

    /// The newest migrations that both `one` and `other` are built on: where two branches parted.
    pub fn parting(&self, one: &str, other: &str) -> Vec<&'m Migration> {
        let (one, other) = (self.ancestors(one), self.ancestors(other));
        let both: Vec<&Migration> = one.into_iter().filter(|a| other.iter().any(|b| a.version == b.version)).collect();
        let older: BTreeSet<&str> =
            both.iter().flat_map(|m| self.ancestors(&m.version)).map(|m| m.version.as_str()).collect();
        both.into_iter().filter(|migration| !older.contains(migration.version.as_str())).collect()
    }

    /// Positions in the order of running: parents and needs first, else by version.
    ///
    /// # Errors
    /// `Kind::Migration` when migrations wait for each other in a circle; it names them.
    pub fn order(&self) -> Result<Vec<usize>> {
        let count = self.migrations.len();
        let mut waits = vec![0_usize; count];
        let mut followers = vec![Vec::new(); count];
        for (position, waits) in waits.iter_mut().enumerate() {
            for &before in self.parents[position].iter().chain(&self.needs[position]) {
                *waits += 1;
                followers[before].push(position);
            }
        }
        let key = |position: usize| Reverse((self.migrations[position].version.as_str(), position));
        let mut ready: BinaryHeap<_> = (0..count).filter(|&position| waits[position] == 0).map(key).collect();
        let mut order = Vec::with_capacity(count);
        while let Some(Reverse((_, position))) = ready.pop() {
            order.push(position);
            for &follower in &followers[position] {
                waits[follower] -= 1;
                if waits[follower] == 0 {
                    ready.push(key(follower));
                }
            }
        }
        if order.len() == count {
            return Ok(order);
        }
        let circle = (0..count).filter(|position| !order.contains(position));
        let circle: Vec<String> = circle.map(|position| self.migrations[position].id()).collect();
        Err(Error::new(Kind::Migration, format!("these migrations wait for each other: {}", circle.join(", ")))
            .hint("take one of their `-- relata: depends-on` (or `parent`) lines out"))
    }
}

/// The heads of these migrations as one list: one head a domain where the history is whole.
///
/// # Errors
/// As [`Graph::of`].
pub fn heads(migrations: &[Migration]) -> Result<Vec<&Migration>> {
    Ok(Graph::of(migrations)?.heads().into_values().flatten().collect())
}

/// What a new migration of a domain is made on top of: the newest head there.
///
/// # Errors
/// As [`Graph::of`].
pub fn newest<'m>(migrations: &'m [Migration], domain: &str) -> Result<Option<&'m Migration>> {
    Ok(Graph::of(migrations)?.heads().remove(domain).and_then(|heads| heads.last().copied()))
}

fn parents(migrations: &[Migration]) -> Vec<Vec<usize>> {
    let by_digest: BTreeMap<&str, usize> =
        migrations.iter().enumerate().map(|(position, migration)| (migration.digest.as_str(), position)).collect();
    let mut by_version: Vec<usize> = (0..migrations.len()).collect();
    by_version.sort_by(|&a, &b| migrations[a].version.cmp(&migrations[b].version));
    let mut heads: BTreeMap<&str, BTreeSet<usize>> = BTreeMap::new();
    let mut parents = vec![Vec::new(); migrations.len()];
    for position in by_version {
        let migration = &migrations[position];
        let heads = heads.entry(&migration.domain).or_default();
        let named = migration.header.parents.iter().filter_map(|digest| by_digest.get(digest.as_str()).copied());
        let mut found: Vec<usize> = named.filter(|&parent| parent != position).collect();
        // A parent that was edited since has another digest: what is followed by nobody else is meant.
        let unknown = migration.header.parents.len().saturating_sub(found.len());
        let open: Vec<usize> = heads.iter().copied().filter(|head| !found.contains(head)).collect();
        if found.is_empty() || open.len() <= unknown {
            found.extend(open);
        }
        found.iter().for_each(|parent| {
            heads.remove(parent);
        });
        heads.insert(position);
        parents[position] = found;
    }
    parents
}

fn needs(migration: &Migration, migrations: &[Migration]) -> Result<Vec<usize>> {
    migration.header.depends_on.iter().map(|wanted| need(migration, wanted, migrations)).collect()
}

/// `20260101_ab12cd`, the beginning of one, or `DOMAIN/VERSION`.
fn need(migration: &Migration, wanted: &str, migrations: &[Migration]) -> Result<usize> {
    let (domain, version) = wanted.rsplit_once('/').map_or((None, wanted), |(domain, version)| (Some(domain), version));
    let fits = |other: &Migration| {
        domain.is_none_or(|domain| other.domain == domain)
            && (other.id() == version || other.version.starts_with(version))
            && other.version != migration.version
    };
    let found: Vec<usize> = (0..migrations.len()).filter(|&position| fits(&migrations[position])).collect();
    match found[..] {
        [position] => Ok(position),
        [] => Err(Error::new(
            Kind::Migration,
            format!("{} depends on {wanted}, and there is no such migration", migration.id()),
        )
        .hint("write the version of one that is there: -- relata: depends-on DOMAIN/VERSION")),
        _ => {
            let ids: Vec<String> = found.iter().map(|&position| migrations[position].id()).collect();
            Err(Error::new(
                Kind::Migration,
                format!("{} depends on {wanted}, and {} migrations begin so", migration.id(), ids.len()),
            )
            .hint(format!("write more of the version: {}", ids.join(", "))))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::migrate::Header;

    fn migration(domain: &str, version: &str, parents: &[&str], depends_on: &[&str]) -> Migration {
        let text = |list: &[&str]| list.iter().map(ToString::to_string).collect();
        Migration {
            domain: domain.into(),
            version: version.into(),
            name: "x".into(),
            header: Header { parents: text(parents), depends_on: text(depends_on), ..Header::default() },
            up: String::new(),
            down: None,
            digest: format!("d{version}"),
            path: Default::default(),
        }
    }

    fn versions(found: impl IntoIterator<Item = impl std::borrow::Borrow<Migration>>) -> Vec<String> {
        found.into_iter().map(|migration| migration.borrow().version.clone()).collect()
    }

    #[test]
    fn plain_files_are_a_chain() {
        let files = [migration("", "1", &[], &[]), migration("", "2", &["gone"], &[]), migration("", "3", &[], &[])];
        let graph = Graph::of(&files).unwrap();
        assert_eq!(versions(heads(&files).unwrap().into_iter().cloned()), ["3"]);
        assert_eq!(versions(graph.ancestors("3").into_iter().cloned()), ["1", "2"]);
    }

    #[test]
    fn two_branches_have_two_heads_until_one_names_both() {
        let mut files = vec![
            migration("", "1", &[], &[]),
            migration("", "2", &["d1"], &[]),
            migration("", "3", &["d2"], &[]),
            migration("", "4", &["d2"], &[]),
        ];
        assert_eq!(versions(heads(&files).unwrap().into_iter().cloned()), ["3", "4"]);
        let graph = Graph::of(&files).unwrap();
        assert_eq!(versions(graph.parting("3", "4").into_iter().cloned()), ["2"]);
        files.push(migration("", "5", &["d3", "d4"], &[]));
        assert_eq!(versions(heads(&files).unwrap().into_iter().cloned()), ["5"]);
        // One of the two was edited since: it is still what was joined, and no second head.
        files[3].digest = "edited".into();
        assert_eq!(versions(heads(&files).unwrap().into_iter().cloned()), ["5"]);
        // A branch that nobody joined stays one.
        files.push(migration("", "6", &["d2"], &[]));
        assert_eq!(versions(heads(&files).unwrap().into_iter().cloned()), ["5", "6"]);
    }

    #[test]
    fn domains_have_heads_of_their_own_and_run_in_the_order_of_their_needs() {
        let files = [
            migration("billing", "1", &[], &["users/4"]),
            migration("billing", "2", &[], &[]),
            migration("users", "3", &[], &[]),
            migration("users", "4", &[], &[]),
        ];
        let graph = Graph::of(&files).unwrap();
        assert_eq!(graph.heads().len(), 2);
        let order: Vec<String> = graph.order().unwrap().into_iter().map(|at| files[at].version.clone()).collect();
        assert_eq!(order, ["3", "4", "1", "2"]);
        assert_eq!(versions(graph.ancestors("2").into_iter().cloned()), ["3", "4", "1"]);
    }

    #[test]
    fn circles_and_needs_of_nothing_are_named() {
        let circle = [migration("a", "1", &[], &["b/2"]), migration("b", "2", &[], &["a/1"])];
        let error = Graph::of(&circle).unwrap().order().unwrap_err();
        expect_test::expect![[r#"
            these migrations wait for each other: 1_x, 2_x [R0701]
              hint: take one of their `-- relata: depends-on` (or `parent`) lines out"#]]
        .assert_eq(&error.to_string());
        let lonely = [migration("a", "1", &[], &["b/2"])];
        let error = Graph::of(&lonely).err().unwrap();
        expect_test::expect![[r#"
            1_x depends on b/2, and there is no such migration [R0701]
              hint: write the version of one that is there: -- relata: depends-on DOMAIN/VERSION"#]]
        .assert_eq(&error.to_string());
    }
}
