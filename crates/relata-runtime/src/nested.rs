//! Rows that are written together with what hangs on them: created, connected, disconnected, in one transaction.
//!
//! ```text
//! let order = NewOrder { customer_id }
//!     .create(Order.lines, |order| [NewLine { order_id: order.id, amount: 2 }])
//!     .connect(Order.tags, [urgent])
//!     .insert(&mut db)
//!     .await?;
//! Post::relate(post.id).set(Post.tags, [rust, sql]).create(Post.comments, |post| [...]).exec(&mut db).await?;
//! ```
//!
//! Invariants
//! - All of it happens or nothing; every declared rule is checked before its statement is sent.
//! - The number of statements depends on the shape, never on the number of rows: rows of one relation on one level go in one
//!   `INSERT` (but for one more per 30 000 parameters, and where rows give different columns). MySQL, which does not give back
//!   what it inserts, takes rows that others hang on one by one.
//! - A child that is created refers to its parent, whatever its own field says.

use std::any::Any;
use std::collections::HashSet;
use std::marker::PhantomData;

use relata_sql::driver::{BoxFuture, Row};
use relata_sql::expr::{BinaryOp, Cast, ColumnRef, Expr};
use relata_sql::meta::{Path, RelationMeta, TableMeta};
use relata_sql::tree::{Conflict, Delete, Insert, Scope, Source, Tree, Update};
use relata_sql::typed::Key;
use relata_sql::{Error, Kind, Result, Value};

use crate::entity::{Entity, IntoKey, mapped};
use crate::executor::{Executor, Intent};
use crate::find::{Collect, Find, not_found};
use crate::insert::{Draft, InsertMany, NewRow};
use crate::relation::{Rel, Relation};

/// So many parameters go in one statement: below what any database takes.
const PARAMETERS: usize = 30_000;

/// A new row together with what is to hang on it.
#[must_use = "nothing is written until `.insert(…)`"]
pub struct Graph<E> {
    draft: Draft<E>,
    steps: Vec<Step<E>>,
}

/// What becomes a [`Graph`]: a new row, alone or with what hangs on it.
pub trait IntoGraph {
    /// Of which entity.
    type Entity: Entity;

    /// As a graph.
    fn into_graph(self) -> Graph<Self::Entity>;
}

impl<N: NewRow> IntoGraph for N {
    type Entity = N::Entity;

    fn into_graph(self) -> Graph<N::Entity> {
        Graph { draft: self.into_draft(), steps: Vec::new() }
    }
}

impl<E: Entity> IntoGraph for Graph<E> {
    type Entity = E;

    fn into_graph(self) -> Graph<E> {
        self
    }
}

impl<E> Graph<E> {
    pub(crate) fn into_parts(self) -> (Draft<E>, Below<E>) {
        (self.draft, Below(self.steps))
    }

    pub(crate) fn of_parts(draft: Draft<E>, below: Below<E>) -> Self {
        Graph { draft, steps: below.0 }
    }
}

/// What is to hang on a row.
pub(crate) struct Below<E>(Vec<Step<E>>);

impl<E> Below<E> {
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl<E> From<Draft<E>> for Graph<E> {
    fn from(draft: Draft<E>) -> Self {
        Graph { draft, steps: Vec::new() }
    }
}

/// Inserts rows and gives them back in their order, all or none.
pub(crate) async fn insert_all<E: Entity>(rows: Vec<Draft<E>>, executor: &mut impl Executor) -> Result<Vec<E>> {
    let mut tx = executor.begin(Default::default()).await?;
    let inserted = insert_rows(rows, &mut tx).await;
    tx.finish(inserted).await
}

type Made = Box<dyn Any + Send>;

/// Something to do for the parents of one relation.
struct Step<E> {
    relation: &'static RelationMeta,
    what: What,
    /// What the parent wants of it: for `Create` the graphs of its children, else keys.
    make: Box<dyn FnOnce(&E) -> Made + Send>,
    /// Does what all parents of one level want.
    run: for<'a> fn(&'static RelationMeta, What, Vec<(Value, Made)>, &'a mut dyn Executor) -> BoxFuture<'a, Result<()>>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum What {
    Create,
    Connect,
    Disconnect,
    /// Disconnect all others; what is to be connected is a step of its own.
    Keep,
}

impl<E: Entity> Step<E> {
    fn create<M, I, F>(children: F) -> Self
    where
        M: Relation<From = E>,
        I: IntoIterator<Item: IntoGraph<Entity = M::To>>,
        F: FnOnce(&E) -> I + Send + 'static,
    {
        let make = move |parent: &E| -> Made {
            let graphs: Vec<Graph<M::To>> = children(parent).into_iter().map(IntoGraph::into_graph).collect();
            let graphs: Vec<Graph<M::To>> = graphs.into_iter().map(|graph| belonging::<M>(graph, parent)).collect();
            Box::new(graphs)
        };
        Step { relation: M::META, what: What::Create, make: Box::new(make), run: create::<M> }
    }

    fn keys<M: Relation<From = E>>(what: What, keys: impl IntoIterator<Item: IntoKey<M::To>>) -> Self {
        let mut values = Vec::new();
        let mut width = 0;
        for key in keys {
            width = 0;
            let key = key.into_key();
            key.give(&mut |value| {
                values.push(value);
                width += 1;
            });
        }
        // Keys of several columns are refused when it runs: there is no relation that leads to them.
        let keys = Keys { values, single: width <= 1 };
        Step { relation: M::META, what, make: Box::new(move |_| Box::new(keys)), run: link }
    }
}

struct Keys {
    values: Vec<Value>,
    single: bool,
}

/// The child with the parent's key in the columns that refer to it.
fn belonging<M: Relation>(mut graph: Graph<M::To>, parent: &M::From) -> Graph<M::To> {
    if M::META.via.is_none() {
        graph.draft = graph.draft.set(M::META.to_column, parent.value(M::META.from_column));
        if let Some(only) = M::META.only {
            graph.draft = graph.draft.set(only.column, Value::Text(only.value.to_string()));
        }
        for (here, there) in M::META.further {
            graph.draft = graph.draft.set(*there, parent.value(*here));
        }
    }
    graph
}

macro_rules! steps {
    () => {
        /// Creates rows that hang on this one along a relation; the function is given the row as the database has it.
        /// The rows may have children of their own. Along many to many they are created and linked.
        ///
        /// ```
        /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/shop.rs"));
        /// # #[tokio::main(flavor = "current_thread")]
        /// # async fn main() -> relata::Result<()> {
        /// # let mut db = shop().await?;
        /// Author::relate(2)
        ///     .create(Author.books, |stan| [NewBook { author_id: stan.id, title: "Fiasco".into(), pages: 322 }])
        ///     .exec(&mut db)
        ///     .await?;
        /// assert_eq!(Book::find().filter(Book.author_id.eq(2)).count(&mut db).await?, 2);
        /// # Ok(())
        /// # }
        /// ```
        pub fn create<M, I, F>(mut self, _: Rel<E, M>, children: F) -> Self
        where
            M: Relation<From = E>,
            I: IntoIterator<Item: IntoGraph<Entity = M::To>>,
            F: FnOnce(&E) -> I + Send + 'static,
        {
            self.steps.push(Step::create::<M, I, F>(children));
            self
        }

        /// Connects rows that exist, by their keys: along many to many they are linked (if they are not yet), else their
        /// reference is changed.
        ///
        /// ```
        /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/shop.rs"));
        /// # #[tokio::main(flavor = "current_thread")]
        /// # async fn main() -> relata::Result<()> {
        /// # let mut db = shop().await?;
        /// Author::relate(2).connect(Author.books, [1]).exec(&mut db).await?;
        /// assert_eq!(Book::by_key(1).one(&mut db).await?.author_id, Id::new(2));
        /// # Ok(())
        /// # }
        /// ```
        pub fn connect<M: Relation<From = E>>(
            mut self,
            _: Rel<E, M>,
            keys: impl IntoIterator<Item: IntoKey<M::To>>,
        ) -> Self {
            self.steps.push(Step::keys::<M>(What::Connect, keys));
            self
        }
    };
}

impl<E: Entity> Graph<E> {
    steps!();

    /// Inserts the row and all that hangs on it, or nothing; gives back the row as the database has it.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/shop.rs"));
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> relata::Result<()> {
    /// # let mut db = shop().await?;
    /// let tove = NewAuthor { name: "Tove".into(), email: "tove@example.com".into() }
    ///     .create(Author.books, |tove| [NewBook { author_id: tove.id, title: "Moominvalley".into(), pages: 192 }])
    ///     .insert(&mut db)
    ///     .await?;
    /// assert_eq!(Author::by_key(tove.id).with(Author.books).one(&mut db).await?.books().len(), 1);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// `Kind::Validation` when a declared rule refuses a value; constraint violations with entity and field.
    pub async fn insert(self, executor: &mut impl Executor) -> Result<E> {
        let mut tx = executor.begin(Default::default()).await?;
        let inserted = insert_graphs(vec![self], &mut tx).await;
        let row = inserted.and_then(|mut rows| rows.pop().ok_or_else(|| not_found(E::TABLE.entity)));
        tx.finish(row).await
    }
}

/// What is to be done with the rows that hang on one that exists.
#[must_use = "nothing is written until `.exec(…)`"]
pub struct Relate<E> {
    find: Find<E>,
    steps: Vec<Step<E>>,
    marker: PhantomData<fn() -> E>,
}

impl<E: Entity> Relate<E> {
    pub(crate) fn new(find: Find<E>) -> Self {
        Relate { find, steps: Vec::new(), marker: PhantomData }
    }

    steps!();

    /// Takes rows off, by their keys: along many to many the links go, else their reference becomes NULL.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/shop.rs"));
    /// # #[derive(Entity, Debug, Clone)]
    /// # #[entity(table = "shelves")]
    /// # #[has_many(toys: Toy.shelf_id)]
    /// # pub struct Shelf {
    /// #     #[id]
    /// #     pub id: Id<Shelf>,
    /// # }
    /// # #[derive(Entity, Debug, Clone)]
    /// # #[entity(table = "toys")]
    /// # pub struct Toy {
    /// #     #[id]
    /// #     pub id: Id<Toy>,
    /// #     #[references(Shelf)]
    /// #     pub shelf_id: Option<Id<Shelf>>,
    /// # }
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> relata::Result<()> {
    /// # let mut db = shop().await?;
    /// # db.batch("CREATE TABLE shelves (id INTEGER PRIMARY KEY);
    /// #     CREATE TABLE toys (id INTEGER PRIMARY KEY, shelf_id INTEGER REFERENCES shelves (id));
    /// #     INSERT INTO shelves VALUES (1); INSERT INTO toys VALUES (1, 1), (2, 1), (3, NULL);").await?;
    /// // `Toy.shelf_id` may be NULL; the toys 1 and 2 are on shelf 1.
    /// Shelf::relate(1).disconnect(Shelf.toys, [2]).exec(&mut db).await?;
    /// assert_eq!(Toy::find().filter(Toy.shelf_id.eq(1)).count(&mut db).await?, 1);
    /// # Ok(())
    /// # }
    /// ```
    pub fn disconnect<M: Relation<From = E>>(
        mut self,
        _: Rel<E, M>,
        keys: impl IntoIterator<Item: IntoKey<M::To>>,
    ) -> Self {
        self.steps.push(Step::keys::<M>(What::Disconnect, keys));
        self
    }

    /// Makes these rows, by their keys, the ones that hang on it, and no others.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/shop.rs"));
    /// # #[derive(Entity, Debug, Clone)]
    /// # #[entity(table = "shelves")]
    /// # #[has_many(toys: Toy.shelf_id)]
    /// # pub struct Shelf {
    /// #     #[id]
    /// #     pub id: Id<Shelf>,
    /// # }
    /// # #[derive(Entity, Debug, Clone)]
    /// # #[entity(table = "toys")]
    /// # pub struct Toy {
    /// #     #[id]
    /// #     pub id: Id<Toy>,
    /// #     #[references(Shelf)]
    /// #     pub shelf_id: Option<Id<Shelf>>,
    /// # }
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> relata::Result<()> {
    /// # let mut db = shop().await?;
    /// # db.batch("CREATE TABLE shelves (id INTEGER PRIMARY KEY);
    /// #     CREATE TABLE toys (id INTEGER PRIMARY KEY, shelf_id INTEGER REFERENCES shelves (id));
    /// #     INSERT INTO shelves VALUES (1); INSERT INTO toys VALUES (1, 1), (2, 1), (3, NULL);").await?;
    /// // `Toy.shelf_id` may be NULL; the toys 1 and 2 are on shelf 1.
    /// Shelf::relate(1).set(Shelf.toys, [2, 3]).exec(&mut db).await?;
    /// assert_eq!(Toy::find().filter(Toy.shelf_id.eq(1)).select(Toy.id).all(&mut db).await?, [Id::new(2), Id::new(3)]);
    /// # Ok(())
    /// # }
    /// ```
    pub fn set<M: Relation<From = E>>(mut self, _: Rel<E, M>, keys: impl IntoIterator<Item: IntoKey<M::To>>) -> Self {
        let keys: Vec<<M::To as Entity>::Key> = keys.into_iter().map(IntoKey::into_key).collect();
        self.steps.push(Step::keys::<M>(What::Keep, keys.clone()));
        self.steps.push(Step::keys::<M>(What::Connect, keys));
        self
    }

    /// Does all of it, or nothing; gives back the row.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/shop.rs"));
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> relata::Result<()> {
    /// # let mut db = shop().await?;
    /// let stan = Author::relate(2).connect(Author.books, [1, 2]).exec(&mut db).await?;
    /// assert_eq!(stan.name, "Stanisław");
    /// assert_eq!(Book::find().filter(Book.author_id.eq(stan.id)).count(&mut db).await?, 3);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// `Kind::NotFound` when there is no such row; as [`Graph::insert`]. `Kind::Unsupported` when a reference that may not
    /// be NULL is to be taken off.
    pub async fn exec(self, executor: &mut impl Executor) -> Result<E> {
        let mut tx = executor.begin(Default::default()).await?;
        let done = async {
            let row = self.find.one(&mut tx).await?;
            run_steps(vec![(&row, self.steps)], &mut tx).await?;
            Ok(row)
        };
        let done = done.await;
        tx.finish(done).await
    }
}

/// Creates rows below one that exists, inside a transaction.
pub(crate) async fn create_below<M: Relation>(
    parent: &M::From,
    rows: Vec<Graph<M::To>>,
    executor: &mut dyn Executor,
) -> Result<()> {
    run_steps(vec![(parent, vec![Step::create::<M, _, _>(move |_| rows)])], executor).await
}

/// Inserts rows of one level, then what hangs on them; gives them back in their order.
fn insert_graphs<E: Entity>(graphs: Vec<Graph<E>>, executor: &mut dyn Executor) -> BoxFuture<'_, Result<Vec<E>>> {
    Box::pin(async move {
        let (drafts, steps): (Vec<_>, Vec<_>) = graphs.into_iter().map(|graph| (graph.draft, graph.steps)).unzip();
        let rows = insert_rows(drafts, executor).await?;
        let with_steps = rows.iter().zip(steps).collect();
        run_steps(with_steps, executor).await?;
        Ok(rows)
    })
}

/// Runs the steps of all parents of one level: those of one relation and kind together, in the order in which they were said.
async fn run_steps<E: Entity>(parents: Vec<(&E, Vec<Step<E>>)>, executor: &mut dyn Executor) -> Result<()> {
    type Group<E> = (Step<E>, Vec<(Value, Made)>);
    let mut groups: Vec<Group<E>> = Vec::new();
    for (parent, steps) in parents {
        for mut step in steps {
            let make = std::mem::replace(&mut step.make, Box::new(|_| Box::new(())));
            let made = (parent.value(step.relation.from_column), make(parent));
            let alike =
                |known: &&mut Group<E>| std::ptr::eq(known.0.relation, step.relation) && known.0.what == step.what;
            match groups.iter_mut().find(alike) {
                Some((_, all)) => all.push(made),
                None => groups.push((step, vec![made])),
            }
        }
    }
    for (step, all) in groups {
        (step.run)(step.relation, step.what, all, &mut *executor).await?;
    }
    Ok(())
}

/// Creates the children of all parents of one level, and links them where a junction stands between.
fn create<'a, M: Relation>(
    relation: &'static RelationMeta,
    _: What,
    all: Vec<(Value, Made)>,
    mut executor: &'a mut dyn Executor,
) -> BoxFuture<'a, Result<()>> {
    Box::pin(async move {
        let mut graphs = Vec::new();
        let mut parents = Vec::new();
        for (parent, made) in all {
            let Ok(made) = made.downcast::<Vec<Graph<M::To>>>() else { continue };
            parents.extend(std::iter::repeat_n(parent, made.len()));
            graphs.extend(*made);
        }
        let leaves = graphs.iter().all(|graph| graph.steps.is_empty());
        if relation.via.is_none() && leaves {
            let drafts = graphs.into_iter().map(|graph| graph.draft);
            return InsertMany::new(drafts).exec(&mut executor).await.map(drop);
        }
        let rows = insert_graphs(graphs, &mut *executor).await?;
        let links = parents.into_iter().zip(rows.iter().map(|row| row.value(relation.to_column)));
        if relation.via.is_some() { insert_links(relation, links.collect(), executor).await } else { Ok(()) }
    })
}

/// Inserts rows and gives them back in their order.
async fn insert_rows<E: Entity>(drafts: Vec<Draft<E>>, executor: &mut dyn Executor) -> Result<Vec<E>> {
    let mut prepared = Vec::with_capacity(drafts.len());
    for (index, draft) in drafts.into_iter().enumerate() {
        let draft = draft.prepared().map_err(|error| match index {
            0 => error,
            _ => error.context(format!("row {} of those to insert", index + 1)),
        });
        prepared.push(draft?);
    }
    let returning = executor.lease(Intent::Write).await?.target().returning;
    let mut rows = Vec::with_capacity(prepared.len());
    if !returning {
        for draft in prepared {
            rows.push(draft.run(executor, None).await?.ok_or_else(|| not_found(E::TABLE.entity))?);
        }
        return Ok(rows);
    }
    let mut prepared = prepared.into_iter().peekable();
    while let Some(first) = prepared.next() {
        let width = first.values().len().max(1);
        let mut group = vec![first];
        while group.len() < PARAMETERS / width
            && let Some(next) = prepared.next_if(|next| next.has_columns_of(&group[0]))
        {
            group.push(next);
        }
        insert_group(group, executor, &mut rows).await.map_err(|error| mapped(error, E::TABLE))?;
    }
    Ok(rows)
}

/// Inserts rows that give the same columns by one statement.
async fn insert_group<E: Entity>(group: Vec<Draft<E>>, executor: &mut dyn Executor, rows: &mut Vec<E>) -> Result<()> {
    let table = E::TABLE;
    let columns = group[0].column_names();
    let count = group.len();
    let keys: Option<Vec<Vec<Value>>> = group.iter().map(Draft::key).collect();
    let values = group.into_iter().flat_map(Draft::into_values).collect();
    let mut insert = Insert {
        source: Source::Entity(table),
        columns: &columns,
        values,
        rows: count,
        query: None,
        conflict: None,
        returning: true,
        overriding: false,
    };
    let mut sink = Collect { rows: Vec::new(), read: |row: &mut dyn Row| E::decode(row, 0) };
    let mut lease = executor.lease(Intent::Write).await?;
    lease.insert(&mut insert, Some(&mut sink)).await?;
    drop(lease);
    if sink.rows.len() != count {
        let message = format!("{count} rows of {} were inserted, but {} came back", table.entity, sink.rows.len());
        return Err(Error::new(Kind::Internal, message).table(table.table));
    }
    in_order(&mut sink.rows, keys);
    rows.append(&mut sink.rows);
    Ok(())
}

/// No database promises to give rows back in the order in which they came: given keys say it, and keys that the database
/// made rise.
fn in_order<E: Entity>(rows: &mut [E], keys: Option<Vec<Vec<Value>>>) {
    let key = |row: &E| -> Vec<Value> { E::TABLE.key.iter().map(|position| row.value(*position)).collect() };
    match keys {
        Some(keys) if !E::TABLE.key.is_empty() => {
            for (place, wanted) in keys.iter().enumerate() {
                if let Some(found) = rows[place..].iter().position(|row| key(row) == *wanted) {
                    rows.swap(place, place + found);
                }
            }
        }
        _ => rows.sort_by_key(|row| match key(row).as_slice() {
            [Value::Int(number)] => *number,
            _ => 0,
        }),
    }
}

/// Connects and disconnects by keys.
fn link<'a>(
    relation: &'static RelationMeta,
    what: What,
    all: Vec<(Value, Made)>,
    executor: &'a mut dyn Executor,
) -> BoxFuture<'a, Result<()>> {
    Box::pin(async move {
        let mut pairs = Vec::new();
        for (parent, made) in all {
            let Ok(keys) = made.downcast::<Keys>() else { continue };
            if !keys.single || !relation.further.is_empty() || relation.only.is_some() {
                return Err(several_columns(relation));
            }
            pairs.push((parent, keys.values));
        }
        match (what, relation.via.is_some()) {
            (What::Connect, true) => {
                let links =
                    pairs.into_iter().flat_map(|(parent, keys)| keys.into_iter().map(move |key| (parent.clone(), key)));
                insert_links(relation, links.collect(), executor).await
            }
            (What::Connect, false) => refer(relation, pairs, executor).await,
            (_, true) => remove_links(relation, what, pairs, executor).await,
            (_, false) => take_off(relation, what, pairs, executor).await,
        }
        .map_err(|error| mapped(error, relation.via.map_or(relation.to, |via| via.table)))
    })
}

fn several_columns(relation: &RelationMeta) -> Error {
    Error::unsupported(
        format!(
            "{}.{} leads by several columns, and its rows are not connected by keys",
            relation.from.entity, relation.name
        ),
        "update the rows that refer to it by `update_many`",
    )
}

fn column(table: &'static TableMeta, position: usize) -> ColumnRef {
    ColumnRef { path: Path::ROOT, column: &table.columns[position] }
}

async fn write(executor: &mut dyn Executor, tree: Tree<'_, '_>) -> Result<u64> {
    let mut lease = executor.lease(Intent::Write).await?;
    Ok(lease.execute(tree).await?.rows_affected)
}

/// Links pairs by rows of the junction; links that are there stay.
async fn insert_links(
    relation: &'static RelationMeta,
    links: Vec<(Value, Value)>,
    executor: &mut dyn Executor,
) -> Result<()> {
    let Some(via) = relation.via else { return Ok(()) };
    let links = if via.table.soft_delete.is_some() { each_once(links) } else { links };
    let name = |position: usize| via.table.columns[position].column;
    let columns = [name(via.near), name(via.far)];
    for links in links.chunks(PARAMETERS / 2) {
        let values = links.iter().flat_map(|(near, far)| [near.clone(), far.clone()]).collect();
        let target = columns.map(str::to_string).to_vec();
        let mut insert = Insert {
            source: Source::Entity(via.table),
            columns: &columns,
            values,
            rows: links.len(),
            query: None,
            conflict: Some(Conflict {
                assignments: unmarked(via.table),
                ..Conflict::updating(in_key_order(via.table, target), Vec::new())
            }),
            returning: false,
            overriding: false,
        };
        write(executor, Tree::Insert(&mut insert)).await?;
    }
    Ok(())
}

/// PostgreSQL does not bring a link back twice by one statement.
fn each_once(mut links: Vec<(Value, Value)>) -> Vec<(Value, Value)> {
    let mut seen = HashSet::new();
    links.retain(|link| seen.insert(format!("{link:?}")));
    links
}

/// A link that was marked as deleted is there again.
fn unmarked(table: &'static TableMeta) -> Vec<(String, Expr)> {
    let mark = table.soft_delete.map(|position| table.columns[position].column.to_string());
    mark.map(|column| (column, Expr::Value(Value::Null))).into_iter().collect()
}

/// The columns of a conflict in the order of the junction's key, if they are its key.
fn in_key_order(table: &'static TableMeta, target: Vec<String>) -> Vec<String> {
    let key: Vec<String> = table.key.iter().map(|position| table.columns[*position].column.to_string()).collect();
    if key.len() == target.len() && key.iter().all(|column| target.contains(column)) { key } else { target }
}

async fn remove_links(
    relation: &'static RelationMeta,
    what: What,
    pairs: Vec<(Value, Vec<Value>)>,
    executor: &mut dyn Executor,
) -> Result<()> {
    let Some(via) = relation.via else { return Ok(()) };
    let (near, far) = (column(via.table, via.near), column(via.table, via.far));
    let filter = of_parents(near, far, what, pairs);
    let (source, filter, scope, returning) = (Source::Entity(via.table), Some(filter), Scope::Live, false);
    let Some(mark) = via.table.soft_delete else {
        let mut delete = Delete { source, filter, scope, returning };
        return write(executor, Tree::Delete(&mut delete)).await.map(drop);
    };
    let mark = via.table.columns[mark].column.to_string();
    let assignments = vec![(mark, Expr::Value(Value::Timestamp(crate::now())))];
    let mut update = Update { source, assignments, filter, scope, returning };
    write(executor, Tree::Update(&mut update)).await.map(drop)
}

/// The rows of these parents that are named, or all others.
fn of_parents(near: ColumnRef, far: ColumnRef, what: What, pairs: Vec<(Value, Vec<Value>)>) -> Expr {
    let of_one = |(parent, keys): (Value, Vec<Value>)| {
        let of_parent = Expr::Compare(near, BinaryOp::Eq, parent);
        match (what, keys.is_empty()) {
            (What::Keep, true) => of_parent,
            _ => of_parent.and(Expr::In(Box::new(Expr::Column(far)), keys, what == What::Keep)),
        }
    };
    Expr::Or(pairs.into_iter().map(of_one).collect())
}

/// Makes rows that exist refer to their new parents, all by one statement.
async fn refer(
    relation: &'static RelationMeta,
    pairs: Vec<(Value, Vec<Value>)>,
    executor: &mut dyn Executor,
) -> Result<()> {
    let table = relation.to;
    let [key] = table.key else { return Err(several_columns(relation)) };
    let key = column(table, *key);
    let literal = |value: &Value| Expr::Literal(value.clone(), Cast::of(value));
    let mut cases = Vec::new();
    let mut all = Vec::new();
    for (parent, keys) in pairs {
        cases.extend(keys.iter().map(|child| (Expr::Compare(key, BinaryOp::Eq, child.clone()), literal(&parent))));
        all.extend(keys);
    }
    if all.is_empty() {
        return Ok(());
    }
    let wanted = all.len() as u64;
    // One parent for all needs no distinction.
    let same = cases.windows(2).all(|pair| match (&pair[0].1, &pair[1].1) {
        (Expr::Literal(left, _), Expr::Literal(right, _)) => left == right,
        _ => false,
    });
    let value = match cases.pop() {
        Some((_, Expr::Literal(parent, _))) if same => Expr::Value(parent),
        Some(last) => {
            cases.push(last);
            Expr::Case(cases, None)
        }
        None => return Ok(()),
    };
    let name = table.columns[relation.to_column].column.to_string();
    let mut update = Update {
        source: Source::Entity(table),
        assignments: stamped(table, name, value),
        filter: Some(Expr::In(Box::new(Expr::Column(key)), all, false)),
        scope: Scope::Live,
        returning: false,
    };
    let changed = write(executor, Tree::Update(&mut update)).await?;
    if changed < wanted {
        let message = format!("{wanted} rows of {} were to be connected, but {changed} exist", table.entity);
        return Err(Error::new(Kind::NotFound, message).table(table.table));
    }
    Ok(())
}

fn stamped(table: &'static TableMeta, name: String, value: Expr) -> Vec<(String, Expr)> {
    let mut assignments = vec![(name, value)];
    if let Some(position) = table.updated_at {
        let now = Expr::Value(Value::Timestamp(crate::now()));
        assignments.push((table.columns[position].column.to_string(), now));
    }
    assignments
}

/// Sets the reference of rows to NULL.
async fn take_off(
    relation: &'static RelationMeta,
    what: What,
    pairs: Vec<(Value, Vec<Value>)>,
    executor: &mut dyn Executor,
) -> Result<()> {
    let table = relation.to;
    let [key] = table.key else { return Err(several_columns(relation)) };
    let (near, far) = (column(table, relation.to_column), column(table, *key));
    if !near.column.nullable {
        let message =
            format!("{}.{} may not be NULL, so that its rows cannot be taken off", table.entity, near.column.field);
        return Err(Error::unsupported(message, "connect them to another row, or delete them").table(table.table));
    }
    let filter = of_parents(near, far, what, pairs);
    let name = near.column.column.to_string();
    let mut update = Update {
        source: Source::Entity(table),
        assignments: stamped(table, name, Expr::Value(Value::Null)),
        filter: Some(filter),
        scope: Scope::Live,
        returning: false,
    };
    write(executor, Tree::Update(&mut update)).await.map(drop)
}
