//! What the engine knows of an entity at compile time: constant data that `derive(Entity)` writes.
//!
//! Invariants
//! - The first [`TableMeta::selected`] columns are the fields of the struct, in their order; columns after them exist in
//!   the table only (`created_at` of `timestamps`, `deleted_at` of `soft_delete`).
//! - A [`RelationMeta`] is a `static`: its address is its identity.
//!
//! It does not know types, defaults or indexes: those are the schema's business.

use std::collections::HashMap;
use std::sync::{Mutex, OnceLock, PoisonError};

pub use relata_schema::declare::Comparison;
pub use relata_schema::model::Action;

use crate::value::Value;

/// A table as its entity sees it.
#[derive(Debug)]
pub struct TableMeta {
    /// Rust name of the entity.
    pub entity: &'static str,
    /// Namespace, or empty.
    pub namespace: &'static str,
    /// Table name.
    pub table: &'static str,
    /// Columns; the first [`TableMeta::selected`] are the struct's fields.
    pub columns: &'static [ColumnMeta],
    /// How many columns a `SELECT` of the entity reads.
    pub selected: usize,
    /// Those columns, quoted and joined by commas: with double quotes, and with backticks.
    pub select_list: [&'static str; 2],
    /// Positions of the key's columns.
    pub key: &'static [usize],
    /// What must be unique, the key first.
    pub uniques: &'static [UniqueMeta],
    /// The database makes the key.
    pub generated_key: bool,
    /// Position of `deleted_at`, if rows are only marked as deleted.
    pub soft_delete: Option<usize>,
    /// Position of `created_at`, set on insert.
    pub created_at: Option<usize>,
    /// Position of `updated_at`, set on insert and update.
    pub updated_at: Option<usize>,
    /// Rules over several fields.
    pub rules: &'static [EntityRuleMeta],
    /// Its relations to other entities.
    pub relations: fn() -> &'static [&'static RelationMeta],
}

impl TableMeta {
    /// The position of a field by its Rust name. Meant for constants: an unknown field stops the compiler.
    ///
    /// # Panics
    /// When the entity has no such field.
    pub const fn position(&self, field: &str) -> usize {
        let mut index = 0;
        while index < self.columns.len() {
            if same(self.columns[index].field, field) {
                return index;
            }
            index += 1;
        }
        panic!("the entity has no such field");
    }

    /// The position of the column that refers to an entity, leaving out one position. Meant for constants.
    ///
    /// # Panics
    /// When no column refers to it.
    pub const fn referring(&self, entity: &str, but: Option<usize>) -> usize {
        let mut index = 0;
        while index < self.columns.len() {
            let left_out = matches!(but, Some(other) if other == index);
            if !left_out && same(self.columns[index].references, entity) {
                return index;
            }
            index += 1;
        }
        panic!("the junction has no field that `#[references]` the entity");
    }

    /// The column with this name in the database, with its position.
    pub fn column_named(&self, column: &str) -> Option<(usize, &'static ColumnMeta)> {
        self.columns.iter().enumerate().find(|(_, meta)| meta.column == column)
    }

    /// The columns of the constraint or index with this name.
    pub fn unique_named(&self, name: &str) -> Option<impl Iterator<Item = &'static ColumnMeta> + use<>> {
        let unique = self.uniques.iter().find(|unique| unique.names.contains(&name))?;
        let columns = self.columns;
        Some(unique.columns.iter().map(move |position| &columns[*position]))
    }

    /// The column of the field with this Rust name, with its position.
    pub fn field_named(&self, field: &str) -> Option<(usize, &'static ColumnMeta)> {
        self.columns.iter().enumerate().find(|(_, meta)| meta.field == field)
    }
}

/// Columns that no two rows share.
#[derive(Debug, Clone, Copy)]
pub struct UniqueMeta {
    /// The constraint's or index' name on PostgreSQL and on MariaDB.
    pub names: [&'static str; 2],
    /// Positions of its columns.
    pub columns: &'static [usize],
}

const fn same(left: &str, right: &str) -> bool {
    let (left, right) = (left.as_bytes(), right.as_bytes());
    if left.len() != right.len() {
        return false;
    }
    let mut index = 0;
    while index < left.len() {
        if left[index] != right[index] {
            return false;
        }
        index += 1;
    }
    true
}

/// A column as its field sees it.
#[derive(Debug, Clone, Copy)]
pub struct ColumnMeta {
    /// Rust name of the field.
    pub field: &'static str,
    /// Column name.
    pub column: &'static str,
    /// May be NULL.
    pub nullable: bool,
    /// The database computes it: never written.
    pub generated: bool,
    /// The database always makes its number, `GENERATED ALWAYS`: where one is given, the statement says so.
    pub always: bool,
    /// A text here, and on PostgreSQL of a type that is searched by no text: `inet`, a range, ….
    pub spelled: bool,
    /// Outside input may order by it.
    pub sortable: bool,
    /// The entity it refers to, or empty.
    pub references: &'static str,
    /// Rules that a value must keep.
    pub rules: &'static [RuleMeta],
    /// What a new row has that does not give it.
    pub default: DefaultMeta,
    /// What its texts are sorted by on MariaDB and MySQL.
    pub ranked: Ranked,
}

/// What the texts of a column are sorted by on MariaDB and MySQL, which compare them as texts all the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ranked {
    /// By themselves.
    No,
    /// An enum: by their place among these.
    Enum(&'static [&'static str]),
    /// A set: by the bits of its members, which are these.
    Set(&'static [&'static str]),
}

/// What a new row has in a column that it does not give.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DefaultMeta {
    /// NULL, if it may.
    None,
    /// The next number.
    Next,
    /// A random UUID.
    Uuid,
    /// Another value of the database.
    Value,
}

impl ColumnMeta {
    /// A plain column.
    pub const fn new(field: &'static str, column: &'static str) -> Self {
        ColumnMeta {
            field,
            column,
            nullable: false,
            generated: false,
            always: false,
            spelled: false,
            sortable: false,
            references: "",
            rules: &[],
            default: DefaultMeta::None,
            ranked: Ranked::No,
        }
    }

    /// It may be NULL.
    #[must_use]
    pub const fn nullable(mut self) -> Self {
        self.nullable = true;
        self
    }

    /// The database computes it.
    #[must_use]
    pub const fn generated(mut self) -> Self {
        self.generated = true;
        self
    }

    /// The database always makes its number.
    #[must_use]
    pub const fn always(mut self) -> Self {
        self.always = true;
        self
    }

    /// It is a text here, and none on PostgreSQL.
    #[must_use]
    pub const fn spelled(mut self) -> Self {
        self.spelled = true;
        self
    }

    /// Outside input may order by it.
    #[must_use]
    pub const fn sortable(mut self) -> Self {
        self.sortable = true;
        self
    }

    /// It refers to this entity.
    #[must_use]
    pub const fn references(mut self, entity: &'static str) -> Self {
        self.references = entity;
        self
    }

    /// A new row need not give it.
    #[must_use]
    pub const fn default(mut self, default: DefaultMeta) -> Self {
        self.default = default;
        self
    }

    /// A new row need not give it: the database has a value for it.
    pub const fn is_defaulted(&self) -> bool {
        !matches!(self.default, DefaultMeta::None)
    }

    /// It is an enum of these values.
    #[must_use]
    pub const fn listed(mut self, values: &'static [&'static str]) -> Self {
        self.ranked = Ranked::Enum(values);
        self
    }

    /// It is a set of these values.
    #[must_use]
    pub const fn set_of(mut self, values: &'static [&'static str]) -> Self {
        self.ranked = Ranked::Set(values);
        self
    }

    /// Values must keep these rules.
    #[must_use]
    pub const fn rules(mut self, rules: &'static [RuleMeta]) -> Self {
        self.rules = rules;
        self
    }
}

/// The columns of a query inside a query, by their place: `c0`, `c1`, ….
pub static NUMBERED: [ColumnMeta; 16] = {
    const NAMES: [&str; 16] =
        ["c0", "c1", "c2", "c3", "c4", "c5", "c6", "c7", "c8", "c9", "c10", "c11", "c12", "c13", "c14", "c15"];
    let mut columns = [ColumnMeta::new("", ""); 16];
    let mut at = 0;
    while at < columns.len() {
        columns[at] = ColumnMeta::new(NAMES[at], NAMES[at]).nullable();
        at += 1;
    }
    columns
};

/// A rule that a value must keep before it is sent.
#[derive(Debug, Clone, Copy)]
pub enum RuleMeta {
    /// Length in characters (bytes of a byte string, elements of an array), both ends inclusive.
    Length(Option<u64>, Option<u64>),
    /// Value, both ends inclusive, as decimal numbers.
    Range(Option<&'static str>, Option<&'static str>),
    /// Regular expression that must match somewhere in the text.
    Pattern(&'static str),
    /// One of these texts or numbers.
    OneOf(&'static [&'static str]),
    /// Looks like an address of electronic mail.
    Email,
    /// Looks like an absolute URL.
    Url,
    /// A function of the application; what it answers is what the value should be.
    Custom(fn(&Value) -> Result<(), String>),
    /// A JSON Schema that the JSON must keep, as a function that checks it.
    JsonSchema(fn(&Value) -> Result<(), String>),
}

/// A rule over several fields of one row.
#[derive(Debug, Clone, Copy)]
pub struct EntityRuleMeta {
    /// What must hold.
    pub kind: EntityRuleKind,
    /// The field that a problem is shown at: position of its column.
    pub field: Option<usize>,
    /// What to say when it does not hold.
    pub message: &'static str,
    /// The name of its CHECK constraint, if one is given.
    pub name: &'static str,
}

/// The kinds of rules over several fields.
#[derive(Debug, Clone, Copy)]
pub enum EntityRuleKind {
    /// A condition, which the database checks, too.
    Condition(ConditionMeta),
    /// A function of the application.
    Custom(fn(&RowValues<'_>) -> Result<(), String>),
}

/// A condition over the columns of one row. What compares a NULL, or what is not known, is unknown and breaks nothing.
#[derive(Debug, Clone, Copy)]
pub enum ConditionMeta {
    /// Two operands compared.
    Compare(OperandMeta, Comparison, OperandMeta),
    /// A column is NULL (`true`) or is not.
    IsNull(usize, bool),
    /// All of these.
    All(&'static [ConditionMeta]),
    /// One of these.
    Any(&'static [ConditionMeta]),
    /// Not this.
    Not(&'static ConditionMeta),
}

impl ConditionMeta {
    /// It looks at the column at this position.
    pub fn is_about(&self, column: usize) -> bool {
        let operand = |operand: &OperandMeta| matches!(operand, OperandMeta::Column(at) | OperandMeta::Length(at) if *at == column);
        match self {
            ConditionMeta::Compare(left, _, right) => operand(left) || operand(right),
            ConditionMeta::IsNull(at, _) => *at == column,
            ConditionMeta::All(parts) | ConditionMeta::Any(parts) => parts.iter().any(|part| part.is_about(column)),
            ConditionMeta::Not(inner) => inner.is_about(column),
        }
    }
}

/// What a condition compares.
#[derive(Debug, Clone, Copy)]
pub enum OperandMeta {
    /// A column.
    Column(usize),
    /// The length of a column's text or bytes.
    Length(usize),
    /// A number as written.
    Number(&'static str),
    /// A text, or a date or time as written.
    Text(&'static str),
    /// A boolean.
    Bool(bool),
}

/// The values of one row that is about to be written, as far as they are known: an update knows those that it sets.
#[derive(Debug, Clone, Copy)]
pub struct RowValues<'v> {
    columns: &'v [u16],
    values: &'v [Value],
    /// The row is new: what is not given is NULL, unless the database has a value for it.
    new: Option<&'static TableMeta>,
}

impl<'v> RowValues<'v> {
    /// Values and the positions of their columns.
    pub const fn some(columns: &'v [u16], values: &'v [Value]) -> Self {
        RowValues { columns, values, new: None }
    }

    /// Those of a new row.
    pub const fn new_row(table: &'static TableMeta, columns: &'v [u16], values: &'v [Value]) -> Self {
        RowValues { columns, values, new: Some(table) }
    }

    /// The value of a column, if it is known.
    pub fn value(&self, column: usize) -> Option<&'v Value> {
        if let Some(place) = self.columns.iter().position(|known| usize::from(*known) == column) {
            return self.values.get(place);
        }
        let meta = self.new?.columns.get(column)?;
        (!meta.is_defaulted() && !meta.generated).then_some(&Value::Null)
    }
}

/// A column that says whether a relation is meant.
#[derive(Debug, Clone, Copy)]
pub struct Only {
    /// It is a column where the relation starts; else where it leads.
    pub here: bool,
    /// Position of the column.
    pub column: usize,
    /// What it says.
    pub value: &'static str,
}

/// How many rows a relation leads to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cardinality {
    /// Exactly one.
    One,
    /// At most one.
    Optional,
    /// Any number.
    Many,
}

/// A junction table between two entities.
#[derive(Debug, Clone, Copy)]
pub struct Junction {
    /// The junction.
    pub table: &'static TableMeta,
    /// Position of its column that refers to where the relation starts.
    pub near: usize,
    /// Position of its column that refers to where the relation leads.
    pub far: usize,
}

/// A relation between two entities.
#[derive(Debug)]
pub struct RelationMeta {
    /// Its name.
    pub name: &'static str,
    /// Where it starts.
    pub from: &'static TableMeta,
    /// Position of the column it starts from.
    pub from_column: usize,
    /// Where it leads.
    pub to: &'static TableMeta,
    /// Position of the column it leads to.
    pub to_column: usize,
    /// Only where a column says so: a reference that is kept as a type and a key.
    pub only: Option<Only>,
    /// The other pairs of columns (here, there) of a foreign key of several.
    pub further: &'static [(usize, usize)],
    /// How many rows.
    pub cardinality: Cardinality,
    /// The foreign key is on this side, and this happens to the row here when the row there is deleted.
    pub refers: Option<Action>,
    /// The junction in between, if any.
    pub via: Option<Junction>,
    /// The path that takes it from the root.
    pub from_root: FromRoot,
}

/// Keeps the path that a relation makes from the root, the commonest of all.
#[derive(Default)]
pub struct FromRoot(OnceLock<Path>);

impl std::fmt::Debug for FromRoot {
    /// The path leads back to the relation: it is not printed again.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("FromRoot")
    }
}

impl FromRoot {
    /// Not asked for yet.
    pub const fn new() -> Self {
        FromRoot(OnceLock::new())
    }
}

/// The way from the root of a query to a joined table. Copying it copies a pointer.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct Path(Option<&'static PathNode>);

/// The last step of a path and the way before it.
#[derive(Debug)]
pub struct PathNode {
    /// The way before.
    parent: Path,
    /// The last step.
    step: Step,
}

#[derive(Debug)]
enum Step {
    Relation(&'static RelationMeta),
    Joined(u8),
    Outer(u8),
}

/// At most so many tables are joined by one query without a relation.
pub const MOST_JOINED: usize = 15;

const fn places(outer: bool) -> [PathNode; MOST_JOINED + 1] {
    const NODE: PathNode = PathNode { parent: Path::ROOT, step: Step::Joined(0) };
    let mut nodes = [NODE; MOST_JOINED + 1];
    let mut place = 0;
    while place < nodes.len() {
        let number = place as u8;
        nodes[place] =
            PathNode { parent: Path::ROOT, step: if outer { Step::Outer(number) } else { Step::Joined(number) } };
        place += 1;
    }
    nodes
}

static JOINED: [PathNode; MOST_JOINED + 1] = places(false);
static OUTER: [PathNode; MOST_JOINED + 1] = places(true);

impl PartialEq for PathNode {
    fn eq(&self, other: &Self) -> bool {
        std::ptr::eq(self, other)
    }
}

impl Eq for PathNode {}

impl std::hash::Hash for PathNode {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        std::ptr::from_ref(self).hash(state);
    }
}

impl Path {
    /// The root itself.
    pub const ROOT: Path = Path(None);

    /// The table at this place of the query: the root is at 0, what is joined without a relation follows.
    ///
    /// # Panics
    /// When the place is beyond [`MOST_JOINED`].
    pub const fn joined(place: usize) -> Path {
        if place == 0 { Path::ROOT } else { Path(Some(&JOINED[place])) }
    }

    /// The last step, if it is along a relation, and the way before it.
    pub const fn relation(self) -> Option<(Path, &'static RelationMeta)> {
        match self.0 {
            Some(PathNode { parent, step: Step::Relation(relation) }) => Some((*parent, relation)),
            _ => None,
        }
    }

    /// The place that the way starts from; `None`: it starts in the query around this one.
    pub const fn place(self) -> Option<usize> {
        match self.0 {
            None => Some(0),
            Some(PathNode { step: Step::Joined(place), .. }) => Some(*place as usize),
            Some(PathNode { step: Step::Outer(_), .. }) => None,
            Some(PathNode { parent, step: Step::Relation(_) }) => parent.place(),
        }
    }

    /// The same place, seen from a query inside this one; `None`: behind a relation there is no such place.
    pub const fn outer(self) -> Option<Path> {
        match self.0 {
            None => Some(Path(Some(&OUTER[0]))),
            Some(PathNode { step: Step::Joined(place), .. }) => Some(Path(Some(&OUTER[*place as usize]))),
            Some(_) => None,
        }
    }

    /// The place in the query around this one that it stands for.
    pub const fn of_outer(self) -> Option<usize> {
        match self.0 {
            Some(PathNode { step: Step::Outer(place), .. }) => Some(*place as usize),
            _ => None,
        }
    }

    /// This is the root.
    pub const fn is_root(self) -> bool {
        self.0.is_none()
    }

    /// What tells it from every other path.
    pub(crate) fn address(self) -> u64 {
        self.0.map_or(0, |node| std::ptr::from_ref(node).addr() as u64)
    }

    /// One step further. Each distinct path is kept once for the life of the program, so equal paths are equal pointers.
    #[must_use]
    pub fn step(self, relation: &'static RelationMeta) -> Path {
        match self {
            Path::ROOT => *relation.from_root.0.get_or_init(|| Path::kept(self, relation)),
            _ => Path::kept(self, relation),
        }
    }

    fn kept(self, relation: &'static RelationMeta) -> Path {
        type Nodes = HashMap<(Path, usize), &'static PathNode>;
        static NODES: OnceLock<Mutex<Nodes>> = OnceLock::new();
        let key = (self, std::ptr::from_ref(relation) as usize);
        let mut nodes = NODES.get_or_init(Mutex::default).lock().unwrap_or_else(PoisonError::into_inner);
        let node = || Box::leak(Box::new(PathNode { parent: self, step: Step::Relation(relation) }));
        Path(Some(*nodes.entry(key).or_insert_with(|| node())))
    }
}
