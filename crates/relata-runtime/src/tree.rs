//! [`Tree`]: rows of an entity that leads to itself, each below its parent.
//!
//! Invariants
//! - The rows lie flat, each before what is below it, so that neither reading, walking nor dropping a deep tree needs a deep
//!   stack.
//! - No row is lost: rows that lead to each other in a circle have no root, and are an error.

use std::collections::HashMap;
use std::ops::{Deref, Range};

use relata_sql::meta::RelationMeta;
use relata_sql::{Error, Kind, Result, Value};

use crate::entity::Entity;
use crate::load::ParentKey;

/// So many rows of a circle are named.
const NAMED: usize = 5;

/// Rows of an entity that leads to itself, each below its parent.
///
/// ```
/// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/shop.rs"));
/// # #[derive(Entity, Debug, Clone)]
/// # #[entity(table = "categories")]
/// # #[has_many(children: Category.parent_id)]
/// # pub struct Category {
/// #     #[id]
/// #     pub id: Id<Category>,
/// #     #[references(Category)]
/// #     pub parent_id: Option<Id<Category>>,
/// #     pub name: String,
/// # }
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> relata::Result<()> {
/// # let mut db = shop().await?;
/// # db.batch("CREATE TABLE categories (id INTEGER PRIMARY KEY, name TEXT NOT NULL,
/// #         parent_id INTEGER REFERENCES categories (id));
/// #     INSERT INTO categories VALUES (1, 'Books', NULL), (2, 'Novels', 1), (3, 'Space', 2);").await?;
/// let tree = Category::find().tree(Category.children, &mut db).await?;
/// let root = tree.roots().next().unwrap();
/// assert_eq!(root.name, "Books");
/// assert_eq!(root.children().count(), 1);
/// assert_eq!(root.descendants().count(), 2);
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tree<T> {
    /// Each row before those below it.
    rows: Vec<Placed<T>>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Placed<T> {
    row: T,
    depth: usize,
    /// Behind the last row below it.
    end: usize,
}

/// A row in its place in a tree.
#[derive(Debug)]
pub struct Node<'t, T> {
    tree: &'t Tree<T>,
    at: usize,
}

impl<T> Clone for Node<'_, T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Node<'_, T> {}

impl<T> Tree<T> {
    /// Puts rows below those that lead to them.
    pub(crate) fn of<E: Entity>(
        rows: Vec<T>,
        relation: &'static RelationMeta,
        entity: impl Fn(&T) -> &E,
    ) -> Result<Self> {
        let key = |row: &T| ParentKey::of(&entity(row).value(relation.from_column));
        let places: HashMap<ParentKey, usize> = rows.iter().enumerate().map(|(at, row)| (key(row), at)).collect();
        let mut children: Vec<Vec<usize>> = vec![Vec::new(); rows.len()];
        let mut roots = Vec::new();
        for (at, row) in rows.iter().enumerate() {
            let parent = match entity(row).value(relation.to_column) {
                Value::Null => None,
                parent => places.get(&ParentKey::of(&parent)),
            };
            match parent {
                Some(parent) => children[*parent].push(at),
                None => roots.push(at),
            }
        }
        let mut rows: Vec<Option<T>> = rows.into_iter().map(Some).collect();
        let placed = place(&mut rows, &children, &roots);
        let left: Vec<&T> = rows.iter().flatten().collect();
        match left.is_empty() {
            true => Ok(Tree { rows: placed }),
            false => Err(circle(&left, &entity)),
        }
    }

    /// The rows that no other leads to.
    pub fn roots(&self) -> impl Iterator<Item = Node<'_, T>> {
        self.siblings(0..self.rows.len())
    }

    /// Every row, each before those below it.
    pub fn walk(&self) -> impl Iterator<Item = Node<'_, T>> {
        (0..self.rows.len()).map(|at| Node { tree: self, at })
    }

    /// How many rows there are.
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// There is none.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// The rows, each before those below it.
    pub fn into_rows(self) -> Vec<T> {
        self.rows.into_iter().map(|placed| placed.row).collect()
    }

    fn siblings(&self, within: Range<usize>) -> impl Iterator<Item = Node<'_, T>> {
        let mut at = within.start;
        std::iter::from_fn(move || {
            let node = (at < within.end).then_some(Node { tree: self, at })?;
            at = self.rows[at].end;
            Some(node)
        })
    }
}

impl<'t, T> Node<'t, T> {
    /// The row.
    pub fn row(&self) -> &'t T {
        &self.tree.rows[self.at].row
    }

    /// How many rows are above it; 0: it is a root.
    pub fn depth(&self) -> usize {
        self.tree.rows[self.at].depth
    }

    /// The rows right below it.
    pub fn children(&self) -> impl Iterator<Item = Node<'t, T>> {
        self.tree.siblings(self.at + 1..self.tree.rows[self.at].end)
    }

    /// Every row below it, each before those below that.
    pub fn descendants(&self) -> impl Iterator<Item = Node<'t, T>> {
        let tree = self.tree;
        (self.at + 1..tree.rows[self.at].end).map(move |at| Node { tree, at })
    }
}

impl<T> Deref for Node<'_, T> {
    type Target = T;

    fn deref(&self) -> &T {
        self.row()
    }
}

/// Takes the rows that roots lead to, in the order of the tree.
fn place<T>(rows: &mut [Option<T>], children: &[Vec<usize>], roots: &[usize]) -> Vec<Placed<T>> {
    let mut placed: Vec<Placed<T>> = Vec::with_capacity(rows.len());
    // What is still to be placed, last first; a row that is placed already gets its end.
    let mut waiting: Vec<(usize, Result<usize, usize>)> = roots.iter().rev().map(|root| (0, Ok(*root))).collect();
    while let Some((depth, next)) = waiting.pop() {
        match next {
            Ok(at) => {
                let Some(row) = rows[at].take() else { continue };
                waiting.push((depth, Err(placed.len())));
                placed.push(Placed { row, depth, end: 0 });
                waiting.extend(children[at].iter().rev().map(|child| (depth + 1, Ok(*child))));
            }
            Err(place) => placed[place].end = placed.len(),
        }
    }
    placed
}

fn circle<T, E: Entity>(left: &[&T], entity: &impl Fn(&T) -> &E) -> Error {
    let key = |row: &&T| -> Vec<String> {
        let row = entity(row);
        E::TABLE.key.iter().map(|position| crate::find::spelled(&row.value(*position))).collect()
    };
    let keys: Vec<String> = left.iter().take(NAMED).map(|row| key(row).join(", ")).collect();
    let more = if left.len() > NAMED { ", …" } else { "" };
    let message = format!("rows of {} lead to each other in a circle: {}{more}", E::TABLE.entity, keys.join(", "));
    Error::new(Kind::Decode, message)
        .table(E::TABLE.table)
        .hint("set the reference of one of them to NULL; `.all(…)` gives them as they are")
}
