//! One table: everything that changes in it as the clauses of one `ALTER TABLE`.
//!
//! Character sets: a column without one has its table's. When the table's changes, columns that follow it must be
//! converted, and columns that only say differently what they are must not; so columns are compared by what they are.

use std::collections::{BTreeMap, BTreeSet};

use relata_schema::change::{Alteration, Step, TableChange};
use relata_schema::dialect::mysql::{Server, print};
use relata_schema::model::{Check, Column, Index, Key, Partitioning, Table, TableOptions};

use super::partitions::{self, Repartition};
use super::way::{Beside, Way, is_virtual, modification, noted};
use super::{Altered, foreign_keys, ident, lock, probe, step};

/// The clauses of one `ALTER TABLE` while they are found.
#[derive(Default)]
struct Clauses {
    drops: Vec<String>,
    rest: Vec<String>,
    /// New columns by their place: each may stand after another one of them.
    adds: BTreeMap<usize, String>,
    /// `PARTITION BY …` or `REMOVE PARTITIONING`, which must stand last.
    partitioning: Option<String>,
    summary: Vec<String>,
    /// What tells whether it was done, for clauses that cannot be run twice.
    probes: Vec<String>,
    /// The same for clauses that can.
    weak_probes: Vec<String>,
    loses: Vec<String>,
    way: Way,
    /// Columns come or go.
    columns: bool,
    /// Such columns are more than computed when they are read.
    stored: bool,
    /// Columns that are dropped and made again: their indexes come again too.
    remade: BTreeSet<String>,
    /// Every key comes again: keys remember the block size that the table had.
    all_keys: bool,
}

impl Clauses {
    fn at_least(&mut self, way: Way) {
        self.way = self.way.max(way);
    }

    fn into_step(self, altered: Altered<'_>) -> Option<Step> {
        let to = altered.to;
        let mut clauses = self.drops;
        clauses.extend(self.rest);
        let mut sql = format!("ALTER TABLE {}", ident(&to.name.name));
        if clauses.is_empty() && self.partitioning.is_none() {
            return None;
        }
        let single = clauses.len() + usize::from(self.partitioning.is_some()) == 1;
        let separator = if single { " " } else { "\n  " };
        if !clauses.is_empty() {
            sql.push_str(separator);
            sql.push_str(&clauses.join(&format!(",{separator}")));
        }
        if let Some(partitioning) = &self.partitioning {
            sql.push_str(separator);
            sql.push_str(partitioning);
        }
        if versioned(&altered.from.options) {
            sql = format!("SET STATEMENT system_versioning_alter_history = 1 FOR {sql}");
        }
        // It is done as a whole or not at all: what is sure to be seen suffices.
        let seen: Vec<String> = self.weak_probes.iter().filter(|probe| *probe != probe::UNSEEN).cloned().collect();
        let probes = match (self.probes.is_empty(), seen.is_empty()) {
            (false, _) => &self.probes,
            (true, false) => &seen,
            (true, true) => &vec![probe::UNSEEN.to_string()],
        };
        let summary = format!("alter table {}: {}", to.name, self.summary.join(", "));
        let mut made = step(summary, to.key(), sql, probe::all(probes));
        // What is done in an instant alone is not beside what needs the rows.
        let computes = self.columns && altered.from.columns.iter().any(is_virtual);
        let way = match (self.way, altered.server) {
            (Way::Build | Way::Release, Server::MariaDb) if computes => Way::Rebuild,
            (Way::Build, _) | (Way::Release, Server::MySql) if self.columns => Way::RebuildOnline,
            (way, _) => way,
        };
        let way = Beside::of(altered.from).way(altered.server, way, self.columns && self.stored);
        made.recipe = way.recipe();
        let (mode, span) = way.lock();
        made.locks = vec![lock(&to.name, mode, span)];
        made.loses = (!self.loses.is_empty()).then(|| self.loses.join("; "));
        Some(made)
    }
}

/// The steps that alter the table; none if all that differs is done elsewhere (foreign keys, triggers, privileges).
pub(super) fn alter(altered: Altered<'_>) -> Vec<Step> {
    let mut clauses = Clauses::default();
    options(altered, &mut clauses);
    columns(altered, &mut clauses);
    periods(altered, &mut clauses);
    indexes(altered, &mut clauses);
    for change in altered.changes {
        match change {
            TableChange::PrimaryKey(alteration) => primary_key(altered, alteration, &mut clauses),
            TableChange::Check(alteration) => check(altered, alteration, &mut clauses),
            TableChange::Comment => {
                let comment = altered.to.comment.as_deref().unwrap_or_default();
                clauses.rest.push(format!("COMMENT = {}", relata_schema::Dialect::Mysql.literal(comment)));
                clauses.summary.push("comment".into());
                clauses.at_least(noted(altered.server));
                clauses.weak_probes.push(probe::options(altered.from, altered.to));
            }
            _ => {}
        }
    }
    let mut apart = None;
    for change in altered.changes {
        if let TableChange::Partitioning { from, to } = change {
            match partitions::way(altered.to, from.as_ref(), to.as_ref()) {
                Repartition::Whole(clause) => whole_partitioning(altered, clause, &mut clauses),
                Repartition::Apart(clause, loses) => {
                    apart = to.as_ref().map(|to| partitions::apart(altered.to, &clause, loses, to));
                }
            }
        }
    }
    let mut steps = fill(altered);
    steps.extend(leave_history_partitions(altered, &mut clauses));
    steps.extend(leave_history(altered));
    let [before, after] = left_by_aria(altered);
    steps.extend(before);
    steps.extend(clauses.into_step(altered));
    steps.extend(after);
    steps.extend(apart);
    steps
}

/// A table that leaves Aria keeps the options that Aria alone reads, also where the same statement takes them back. So
/// one goes before, which not every other engine takes a word about, and the other afterwards, for Aria always has it.
fn left_by_aria(altered: Altered<'_>) -> [Option<Step>; 2] {
    let (from, to) = (&altered.from.options, &altered.to.options);
    let is_aria =
        |options: &TableOptions| options.engine.as_deref().is_some_and(|name| name.eq_ignore_ascii_case("aria"));
    let there = |options: &TableOptions, key: &str| print::plain_options(options).any(|(other, _)| other == key);
    let goes = |key: &str| is_aria(from) && !is_aria(to) && !there(to, key);
    let forget = |key: &str| {
        let table = &altered.to.name;
        let sql = format!("ALTER TABLE {} {}", ident(&table.name), print::option_clause(key, "DEFAULT"));
        let summary = format!("alter table {table}: forget an option of Aria");
        // The catalogue shows what Aria was made with.
        let done = if key == "transactional" { probe::UNSEEN.to_string() } else { probe::no_option(table, key) };
        step(summary, altered.to.key(), sql, done)
    };
    let locked = |mut made: Step, way: Way| {
        let (mode, span) = way.lock();
        made.recipe = way.recipe();
        made.locks = vec![lock(&altered.to.name, mode, span)];
        made
    };
    let before = (goes("transactional") && there(from, "transactional")).then(|| forget("transactional"));
    let after = goes("page_checksum").then(|| forget("page_checksum"));
    [before.map(|made| locked(made, Way::Rebuild)), after.map(|made| locked(made, Way::Instant))]
}

/// The partitions that hold a history go before the history does, in a statement of their own: the server insists.
fn leave_history_partitions(altered: Altered<'_>, clauses: &mut Clauses) -> Option<Step> {
    if !versioned(&altered.from.options) || versioned(&altered.to.options) {
        return None;
    }
    let old = altered.from.partitioning.as_ref()?;
    if !old.key.to_ascii_uppercase().starts_with("SYSTEM_TIME") {
        return None;
    }
    if altered.to.partitioning.is_none() {
        clauses.partitioning = None;
    }
    let table = &altered.to.name;
    let sql = format!(
        "SET STATEMENT system_versioning_alter_history = 1 FOR ALTER TABLE {} REMOVE PARTITIONING",
        ident(&table.name)
    );
    let done = probe::no_partitions(table);
    let mut made = step(format!("alter table {table}: no partitions of its history"), altered.to.key(), sql, done);
    made.recipe = Way::Rebuild.recipe();
    let (mode, span) = Way::Rebuild.lock();
    made.locks = vec![lock(table, mode, span)];
    Some(made)
}

/// InnoDB keeps the history of rows its own way, so the history goes before the engine changes: the server insists.
fn leave_history(altered: Altered<'_>) -> Option<Step> {
    history_goes_first(altered).then(|| {
        let table = &altered.to.name;
        let sql = format!("ALTER TABLE {} DROP SYSTEM VERSIONING", ident(&table.name));
        let done = probe::versioned(table, false);
        let mut made = step(format!("alter table {table}: forget the history of rows"), altered.to.key(), sql, done);
        made.recipe = Way::Rebuild.recipe();
        let (mode, span) = Way::Rebuild.lock();
        made.locks = vec![lock(table, mode, span)];
        made.loses = Some(format!("the history of {table}"));
        made
    })
}

/// The engine changes to or from InnoDB under a table that keeps its history, and that names no columns for it.
fn history_goes_first(altered: Altered<'_>) -> bool {
    let (from, to) = (&altered.from.options, &altered.to.options);
    let native =
        |options: &TableOptions| options.engine.as_deref().is_none_or(|name| name.eq_ignore_ascii_case("innodb"));
    versioned(from) && native(from) != native(to) && print::system_period(altered.from).is_none()
}

fn whole_partitioning(altered: Altered<'_>, clause: String, clauses: &mut Clauses) {
    clauses.summary.push("partitions".into());
    clauses.partitioning = Some(clause);
    clauses.at_least(Way::Rebuild);
    let Some(new) = &altered.to.partitioning else {
        clauses.probes.push(probe::no_partitions(&altered.to.name));
        return;
    };
    // What the catalogue shows of the key.
    let shown = |partitioning: &Partitioning| {
        let key = partitioning.key.replacen(" ALGORITHM = 1", "", 1);
        (key.trim_end_matches(" PARTITIONS 1").to_string(), partitioning.partitions.clone())
    };
    if altered.from.partitioning.as_ref().is_some_and(|old| shown(old) == shown(new)) {
        clauses.weak_probes.push(probe::UNSEEN.into());
    } else {
        clauses.probes.push(probe::partitions(&altered.to.name, new));
    }
}

/// Columns that take no NULL any more and keep their type: what there is of NULL becomes the default before. The server
/// would refuse, or take a value of its own.
pub(super) fn filled(altered: Altered<'_>) -> impl Iterator<Item = (&Column, &Column, &str)> {
    pairs(altered).into_iter().filter_map(move |(old, new)| {
        let added = altered.before.is_some_and(|before| before.column(&old.name).is_none());
        let strict = !old.not_null && (new.not_null || added && old.default.is_none());
        let strict = strict && old.generated.is_none() && new.generated.is_none();
        let same = old.ty.physical == new.ty.physical && !new.auto_increment;
        let default = new.default.as_deref()?;
        (strict && same).then_some((old, new, default))
    })
}

/// The names of columns that change their type and take no NULL any more: they are filled with a default of the new
/// type, so the type comes first. Those of the primary key take no NULL in any case.
pub(super) fn filled_after(altered: Altered<'_>) -> Vec<String> {
    let key = altered.to.primary_key.as_ref();
    let in_key = |column: &Column| key.is_some_and(|key| key.columns().any(|name| name == column.name));
    let after = |(old, new): &(&Column, &Column)| {
        !old.not_null
            && new.not_null
            && new.default.is_some()
            && old.ty.physical != new.ty.physical
            && !new.auto_increment
            && !in_key(new)
            && !remakes(old, new)
    };
    pairs(altered).into_iter().filter(after).map(|(_, new)| new.name.clone()).collect()
}

/// `, c = c` for each column that would note the time of an `UPDATE` of another one: it keeps what it says.
pub(super) fn kept_times(table: &Table, column: &Column) -> String {
    let times = table.columns.iter().filter(|other| other.on_update.is_some() && other.name != column.name);
    times.map(|other| format!(", {0} = {0}", ident(&other.name))).collect()
}

fn fill(altered: Altered<'_>) -> Vec<Step> {
    let to = &altered.to.name;
    let fill = |(old, _, default): (&Column, &Column, &str)| {
        let (table, column) = (ident(&to.name), ident(&old.name));
        let times = kept_times(altered.from, old);
        let sql = format!("UPDATE {table} SET {column} = {default}{times} WHERE {column} IS NULL");
        let done = format!("SELECT COUNT(*) = 0 FROM {table} WHERE {column} IS NULL");
        let mut made = step(format!("fill {to}.{} with its default", old.name), altered.to.key(), sql, done);
        made.recipe = Way::BuildShared.recipe();
        let (mode, span) = Way::BuildShared.lock();
        made.locks = vec![lock(to, mode, span)];
        made
    };
    filled(altered).map(fill).collect()
}

fn is_text(column: &Column) -> bool {
    let word = column.ty.physical.split(['(', ' ']).next().unwrap_or_default();
    matches!(word, "char" | "varchar" | "tinytext" | "text" | "mediumtext" | "longtext" | "enum" | "set")
}

/// The column with its character set and collation spelled out.
pub(super) fn spelled(table: &Table, column: &Column) -> Column {
    let mut column = column.clone();
    if is_text(&column) {
        if column.collation.is_none() {
            column.collation.clone_from(&table.options.collation);
        }
        if column.charset.is_none() {
            let of_collation = column.collation.as_deref().and_then(|name| name.split('_').next()).map(String::from);
            column.charset = of_collation.or_else(|| table.options.charset.clone());
        }
    }
    column
}

/// A column that says since or until when a row was so.
pub(super) fn of_period(column: &Column) -> bool {
    column.generated.as_ref().is_some_and(|generated| generated.expression.starts_with("ROW "))
}

/// The columns that are on both sides, as they are and as they shall be.
pub(super) fn pairs<'a>(altered: Altered<'a>) -> Vec<(&'a Column, &'a Column)> {
    let named = |old: &Column| {
        altered.changes.iter().find_map(|change| match change {
            TableChange::Column(Alteration::Alter { from, to }) if from.name == old.name => Some(to.name.clone()),
            TableChange::Column(Alteration::Drop(column)) if column.name == old.name => Some(String::new()),
            _ => None,
        })
    };
    let pair = |old: &'a Column| {
        let name = named(old).unwrap_or_else(|| old.name.clone());
        altered.to.column(&name).map(|new| (old, new))
    };
    altered.from.columns.iter().filter_map(pair).collect()
}

/// The columns, by the name they have, whose type or collation changes.
pub(super) fn retyped(altered: Altered<'_>) -> BTreeSet<&str> {
    let differs = |(old, new): &(&Column, &Column)| {
        let (a, b) = (spelled(altered.from, old), spelled(altered.to, new));
        a.ty.physical != b.ty.physical || a.collation != b.collation || remakes(old, new)
    };
    pairs(altered).into_iter().filter(differs).map(|(old, _)| old.name.as_str()).collect()
}

/// Whether the server can only drop the column and make it again: virtual columns hold no data to change, and some
/// types convert into nothing but text.
fn remakes(old: &Column, new: &Column) -> bool {
    let kind = |column: &Column| column.generated.as_ref().map(|generated| generated.stored);
    kind(old) != kind(new) && (kind(old).is_some() || kind(new).is_some())
        || !converts(&old.ty.physical, &new.ty.physical)
}

/// Whether values of one type become values of the other by assignment.
fn converts(old: &str, new: &str) -> bool {
    let (old, new) = (family(old), family(new));
    match (old, new) {
        (Family::Text, other) | (other, Family::Text) => other != Family::Alone("geometry"),
        (old, new) => old == new,
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Family {
    Text,
    Plain,
    /// Converts only into text and what is of the same name.
    Alone(&'static str),
}

fn family(physical: &str) -> Family {
    let word = physical.split(['(', ' ']).next().unwrap_or_default();
    match word {
        "uuid" => Family::Alone("uuid"),
        "inet4" => Family::Alone("inet4"),
        "inet6" => Family::Alone("inet6"),
        "vector" => Family::Alone("vector"),
        "geometry" | "point" | "linestring" | "polygon" | "multipoint" | "multilinestring" | "multipolygon"
        | "geometrycollection" | "geomcollection" => Family::Alone("geometry"),
        "json" => Family::Text,
        _ if word.ends_with("char") || word.ends_with("text") || word.ends_with("blob") || word.ends_with("binary") => {
            Family::Text
        }
        _ => Family::Plain,
    }
}

fn columns(altered: Altered<'_>, clauses: &mut Clauses) {
    let (from, to) = (altered.from, altered.to);
    for change in altered.changes {
        match change {
            TableChange::Column(Alteration::Drop(column)) => {
                clauses.columns = true;
                clauses.stored |= !is_virtual(column);
                clauses.drops.push(format!("DROP COLUMN {}", ident(&column.name)));
                clauses.summary.push(format!("drop column {}", column.name));
                clauses.probes.push(probe::column(&from.name, &column.name, false));
                if column.generated.is_none() {
                    clauses.loses.push(format!("the values of {}.{}", from.name, column.name));
                }
            }
            TableChange::Column(Alteration::Create(column)) => {
                clauses.columns = true;
                clauses.stored |= !is_virtual(column);
                add_column(altered, column, clauses);
                clauses.summary.push(format!("add column {}", column.name));
                clauses.probes.push(probe::column(&to.name, &column.name, true));
                if column.generated.as_ref().is_some_and(|generated| generated.stored) || column.auto_increment {
                    clauses.at_least(Way::Rebuild);
                }
            }
            _ => {}
        }
    }
    for (old, new) in pairs(altered) {
        column(altered, old, new, clauses);
    }
    clauses.rest.extend(std::mem::take(&mut clauses.adds).into_values());
}

/// `PERIOD FOR …`: those of applications, and that of the system where its columns have names.
fn periods(altered: Altered<'_>, clauses: &mut Clauses) {
    let (from, to) = (&altered.from.options, &altered.to.options);
    let there = |options: &TableOptions, period: (&str, &str)| print::periods(options).any(|other| other == period);
    for (name, _) in print::periods(from).filter(|period| !there(to, *period)) {
        clauses.drops.push(format!("DROP PERIOD FOR {}", ident(name)));
        clauses.summary.push(format!("drop period {name}"));
        clauses.probes.push(probe::check(&altered.from.name, name, false));
    }
    for (name, columns) in print::periods(to).filter(|period| !there(from, *period)) {
        clauses.rest.push(format!("ADD {}", print::period_definition(name, columns)));
        clauses.summary.push(format!("add period {name}"));
        clauses.probes.push(probe::check(&altered.to.name, name, true));
        clauses.at_least(Way::Rebuild);
    }
    let (old, new) = (print::system_period(altered.from), print::system_period(altered.to));
    if let (None, Some(period)) = (&old, new) {
        clauses.rest.push(format!("ADD {period}"));
    } else if let (Some(_), None) = (old, print::system_period(altered.to)) {
        clauses.drops.push("DROP PERIOD FOR SYSTEM_TIME".into());
    }
}

fn column(altered: Altered<'_>, old: &Column, new: &Column, clauses: &mut Clauses) {
    let (was, shall) = (spelled(altered.from, old), spelled(altered.to, new));
    let checks = (print::column_check(altered.from, &old.name), print::column_check(altered.to, &new.name));
    let same_check = checks.0.map(|check| &check.expression) == checks.1.map(|check| &check.expression);
    let ungranted = |column: &Column| Column { grants: Vec::new(), ..column.clone() };
    if (ungranted(&was) == ungranted(&shall) && same_check) || of_period(old) {
        return;
    }
    if remakes(old, new) {
        return remake(altered, old, new, clauses);
    }
    let renamed = Column { name: new.name.clone(), ..ungranted(&was) };
    let name = ident(&old.name);
    if old.name != new.name {
        clauses.summary.push(format!("rename column {} to {}", old.name, new.name));
        clauses.probes.push(probe::column(&altered.to.name, &new.name, true));
    }
    if renamed == ungranted(&shall) && same_check && checks.0.is_none() {
        clauses.rest.push(format!("RENAME COLUMN {name} TO {}", ident(&new.name)));
        return;
    }
    let definition = print::column_definition(altered.to, &in_table(altered, new, &shall));
    if old.name == new.name {
        clauses.rest.push(format!("MODIFY COLUMN {definition}"));
        clauses.summary.push(format!("modify column {}", new.name));
        clauses.weak_probes.push(probe::column_is(altered.to, &shall, altered.server));
    } else {
        clauses.rest.push(format!("CHANGE COLUMN {name} {definition}"));
    }
    clauses.at_least(modification(altered.server, altered.from, &was, &shall));
}

/// The column as it is to be written: spelled out while the table's character set changes with it. MySQL takes what is
/// unsaid from the new one, and remembers for good what was said.
fn in_table(altered: Altered<'_>, column: &Column, spelled: &Column) -> Column {
    if same_charset(altered) || altered.server == Server::MySql { column.clone() } else { spelled.clone() }
}

fn same_charset(altered: Altered<'_>) -> bool {
    let (from, to) = (&altered.from.options, &altered.to.options);
    (&from.charset, &from.collation) == (&to.charset, &to.collation)
}

fn remake(altered: Altered<'_>, old: &Column, new: &Column, clauses: &mut Clauses) {
    clauses.drops.push(format!("DROP COLUMN {}", ident(&old.name)));
    add_column(altered, new, clauses);
    clauses.summary.push(format!("make column {} again", new.name));
    clauses.weak_probes.push(probe::column_is(altered.to, &spelled(altered.to, new), altered.server));
    clauses.remade.insert(new.name.clone());
    if old.generated.is_none() {
        let why = match &new.generated {
            Some(_) => "which is computed from now on".to_string(),
            None => format!("for {} does not become {}", old.ty.physical, new.ty.physical),
        };
        clauses.loses.push(format!("the values of {}.{}, {why}", altered.from.name, old.name));
    }
    clauses.at_least(Way::Rebuild);
}

/// `ADD COLUMN … [FIRST | AFTER …]`: at its place among the columns.
fn add_column(altered: Altered<'_>, column: &Column, clauses: &mut Clauses) {
    let to = altered.to;
    let written = in_table(altered, column, &spelled(to, column));
    let definition = print::column_definition(to, &written);
    let index = to.columns.iter().position(|other| other.name == column.name).unwrap_or_default();
    let place = if index + 1 == to.columns.len() {
        String::new()
    } else {
        match index.checked_sub(1).and_then(|index| to.columns.get(index)) {
            Some(before) => format!(" AFTER {}", ident(&before.name)),
            None => " FIRST".into(),
        }
    };
    clauses.adds.insert(index, format!("ADD COLUMN {definition}{place}"));
    // MariaDB counts the columns that virtual ones are computed from by their place.
    let was_virtual =
        |after: &Column| altered.from.columns.iter().any(|column| column.name == after.name && is_virtual(column));
    if altered.server == Server::MariaDb && to.columns.iter().skip(index + 1).any(was_virtual) {
        clauses.at_least(Way::Rebuild);
    }
}

/// A unique constraint is a unique index here.
fn as_index(key: &Key) -> Index {
    Index {
        name: key.name.clone(),
        unique: true,
        method: key.method.clone(),
        parts: key.parts.clone(),
        parameters: key.parameters.clone(),
        comment: key.comment.clone(),
        ..Index::default()
    }
}

fn indexes(altered: Altered<'_>, clauses: &mut Clauses) {
    let mut touched: BTreeSet<String> = BTreeSet::new();
    for change in altered.changes {
        let (old, new) = match change {
            TableChange::Index(Alteration::Create(new)) => (None, Some(*new.clone())),
            TableChange::Index(Alteration::Drop(old)) => (Some(*old.clone()), None),
            TableChange::Index(Alteration::Alter { from, to }) => (Some(*from.clone()), Some(*to.clone())),
            TableChange::Unique(Alteration::Create(new)) => (None, Some(as_index(new))),
            TableChange::Unique(Alteration::Drop(old)) => (Some(as_index(old)), None),
            TableChange::Unique(Alteration::Alter { from, to }) => (Some(as_index(from)), Some(as_index(to))),
            _ => continue,
        };
        touched.extend(new.iter().map(|index| index.name.clone()));
        index(altered, old.as_ref(), new.as_ref(), clauses);
    }
    implicit_indexes(altered, &touched, clauses);
    // Dropping a column takes it out of its indexes.
    let again =
        |index: &&Index| clauses.all_keys || index.parts.iter().any(|part| clauses.remade.contains(&part.column));
    let again: Vec<&Index> =
        altered.to.indexes.iter().filter(|index| !touched.contains(&index.name)).filter(again).collect();
    for index in again {
        clauses.drops.insert(0, format!("DROP KEY {}", ident(&index.name)));
        clauses.rest.push(format!("ADD {}", print::index_definition(index, altered.server)));
        clauses.at_least(Way::Build);
    }
    let again = |key: &&Key| clauses.all_keys || key.columns().any(|name| clauses.remade.contains(name));
    let key = altered.to.primary_key.as_ref().filter(again);
    let changes = altered.changes.iter().any(|change| matches!(change, TableChange::PrimaryKey(_)));
    if let (Some(key), false) = (key, changes) {
        clauses.drops.insert(0, "DROP PRIMARY KEY".into());
        clauses.rest.push(format!("ADD {}", print::primary_key_definition(key)));
    }
}

/// Makes again by name what the server would drop in silence because of an index that comes.
fn implicit_indexes(altered: Altered<'_>, touched: &BTreeSet<String>, clauses: &mut Clauses) {
    let come: Vec<&Index> = altered.to.indexes.iter().filter(|index| touched.contains(&index.name)).collect();
    for key in &altered.from.foreign_keys {
        let supersedes = |index: &&Index| {
            index.parts.len() >= key.columns.len()
                && index.parts.iter().zip(&key.columns).all(|(part, column)| &part.column == column)
        };
        let Some(index) = foreign_keys::maybe_implicit(altered.from, altered.to, &key.columns) else { continue };
        let drop = format!("DROP KEY {}", ident(&index.name));
        if come.iter().any(supersedes) && !touched.contains(&index.name) && !clauses.drops.contains(&drop) {
            clauses.drops.insert(0, drop);
            clauses.rest.push(format!("ADD {}", print::index_definition(index, altered.server)));
            clauses.at_least(Way::Build);
        }
    }
}

/// The first full-text index gives every row a number, for which the rows are written anew.
fn built(table: &Table, index: &Index) -> Way {
    let fulltext =
        |index: &Index| index.method.as_deref().is_some_and(|method| method.eq_ignore_ascii_case("fulltext"));
    match index.method {
        Some(_) if fulltext(index) && !table.indexes.iter().any(fulltext) => Way::Rebuild,
        Some(_) => Way::BuildShared,
        None => Way::Build,
    }
}

/// How an option of the table is changed.
fn option(key: &str) -> Way {
    match key.to_ascii_lowercase().as_str() {
        "row_format" | "key_block_size" | "page_compressed" | "page_compression_level" => Way::RebuildOnline,
        _ => Way::Rebuild,
    }
}

fn index(altered: Altered<'_>, old: Option<&Index>, new: Option<&Index>, clauses: &mut Clauses) {
    let (from, to) = (altered.from, altered.to);
    if let (Some(old), Some(new)) = (old, new) {
        let shown = |index: &Index| Index { name: String::new(), invisible: false, ..index.clone() };
        let taken = from.indexes.iter().any(|other| other.name == new.name && other.name != old.name);
        let remade = new.parts.iter().any(|part| clauses.remade.contains(&part.column));
        let renamed = renamed_columns(altered, old);
        if shown(&renamed) == shown(new) && !taken && !remade {
            if old.name != new.name {
                clauses.rest.push(format!("RENAME KEY {} TO {}", ident(&old.name), ident(&new.name)));
                clauses.summary.push(format!("rename index {} to {}", old.name, new.name));
                clauses.probes.push(probe::index(&to.name, &new.name, true));
            }
            if old.invisible != new.invisible {
                let word = print::visibility(new.invisible, altered.server);
                clauses.rest.push(format!("ALTER INDEX {} {word}", ident(&new.name)));
                clauses.summary.push(format!("index {} {}", new.name, word.to_lowercase()));
                clauses.at_least(noted(altered.server));
                clauses.probes.push(probe::ignored(&to.name, &new.name, new.invisible, altered.server));
            }
            return;
        }
    }
    if let Some(old) = old {
        clauses.drops.insert(0, format!("DROP KEY {}", ident(&old.name)));
        clauses.at_least(Way::Release);
        if new.is_none_or(|new| new.name != old.name) {
            clauses.summary.push(format!("drop index {}", old.name));
            clauses.probes.push(probe::index(&from.name, &old.name, false));
        }
    }
    if let Some(new) = new {
        clauses.rest.push(format!("ADD {}", print::index_definition(new, altered.server)));
        if let Some(old) = old.filter(|old| old.name == new.name) {
            clauses.summary.push(format!("change index {}", new.name));
            let probe = if seen(old, new) { probe::index_is(&to.name, new) } else { probe::UNSEEN.into() };
            clauses.weak_probes.push(probe);
        } else {
            clauses.summary.push(format!("add index {}", new.name));
            clauses.probes.push(probe::index(&to.name, &new.name, true));
        }
        clauses.at_least(built(altered.from, new));
    }
}

/// Whether the catalogue shows a difference.
fn seen(old: &Index, new: &Index) -> bool {
    let kind = |index: &Index| index.method.clone().filter(|method| method == "fulltext" || method == "spatial");
    (&old.parts, old.unique, &old.comment, kind(old)) != (&new.parts, new.unique, &new.comment, kind(new))
}

/// The index as it will be once the columns have their new names.
fn renamed_columns(altered: Altered<'_>, index: &Index) -> Index {
    let mut index = index.clone();
    for part in &mut index.parts {
        let found = pairs(altered).into_iter().find(|(old, _)| old.name == part.column);
        found.into_iter().for_each(|(_, new)| part.column.clone_from(&new.name));
    }
    index
}

fn primary_key(altered: Altered<'_>, alteration: &Alteration<Key>, clauses: &mut Clauses) {
    let (old, new) = match alteration {
        Alteration::Create(new) => (false, Some(new)),
        Alteration::Drop(_) => (true, None),
        Alteration::Alter { to, .. } => (true, Some(to)),
    };
    if old {
        clauses.drops.insert(0, "DROP PRIMARY KEY".into());
    }
    if let Some(new) = new {
        clauses.rest.push(format!("ADD {}", print::primary_key_definition(new)));
    }
    let primary = |key: &Key| Index { name: "PRIMARY".into(), ..as_index(key) };
    match (&altered.from.primary_key, new) {
        (Some(from), Some(to)) if seen(&primary(from), &primary(to)) => {
            clauses.weak_probes.push(probe::index_is(&altered.to.name, &primary(to)));
        }
        (Some(_), Some(_)) => clauses.weak_probes.push(probe::UNSEEN.into()),
        (_, new) => clauses.probes.push(probe::index(&altered.to.name, "PRIMARY", new.is_some())),
    }
    clauses.summary.push(if new.is_some() { "set primary key" } else { "drop primary key" }.into());
    clauses.at_least(if new.is_some() { Way::RebuildOnline } else { Way::Rebuild });
}

fn check(altered: Altered<'_>, alteration: &Alteration<Check>, clauses: &mut Clauses) {
    let (old, new) = match alteration {
        Alteration::Create(new) => (None, Some(new)),
        Alteration::Drop(old) => (Some(old), None),
        Alteration::Alter { from, to } => (Some(from), Some(to)),
    };
    // The check of a column is part of its definition.
    let old = old.filter(|check| check.column.is_empty());
    let new = new.filter(|check| check.column.is_empty());
    let same_name = old.map(|check| &check.name) == new.map(|check| &check.name);
    if let Some(old) = old {
        clauses.drops.insert(0, format!("DROP CONSTRAINT {}", ident(&old.name)));
        if !same_name {
            clauses.summary.push(format!("drop check {}", old.name));
            clauses.probes.push(probe::check(&altered.from.name, &old.name, false));
        }
    }
    if let Some(new) = new {
        clauses.rest.push(format!("ADD {}", print::check_definition(new)));
        clauses.summary.push(format!("{} check {}", if same_name { "change" } else { "add" }, new.name));
        if same_name {
            clauses.weak_probes.push(probe::check_is(&altered.to.name, new, altered.server));
        } else {
            clauses.probes.push(probe::check(&altered.to.name, &new.name, true));
        }
        clauses.at_least(Way::Rebuild);
    }
}

pub(super) fn versioned(options: &TableOptions) -> bool {
    options.parameters.iter().any(|(key, _)| key == "system versioning")
}

fn options(altered: Altered<'_>, clauses: &mut Clauses) {
    let (from, to) = (&altered.from.options, &altered.to.options);
    if from == to {
        return;
    }
    let before = clauses.rest.len();
    if let Some(engine) = to.engine.as_ref().filter(|_| from.engine != to.engine) {
        clauses.rest.push(format!("ENGINE = {engine}"));
        clauses.at_least(Way::Rebuild);
    }
    if let (Some(charset), Some(collation), false) = (&to.charset, &to.collation, same_charset(altered)) {
        clauses.rest.push(format!("DEFAULT CHARACTER SET = {charset} COLLATE = {collation}"));
    }
    let (old, new): (Vec<_>, Vec<_>) = (print::plain_options(from).collect(), print::plain_options(to).collect());
    for (key, value) in new.iter().filter(|option| !old.contains(option)) {
        clauses.rest.push(print::option_clause(key, value));
        clauses.at_least(option(key));
    }
    // The options of Aria mean nothing to another engine, which takes no word about them.
    let still = |key: &str| from.engine == to.engine || !matches!(key, "transactional" | "page_checksum");
    for (key, _) in old.iter().filter(|(key, _)| still(key) && !new.iter().any(|(other, _)| other == key)) {
        clauses.rest.push(print::option_clause(key, option_default(key)));
        clauses.at_least(option(key));
    }
    let block_size =
        |options: &[&(String, String)]| options.iter().find(|(key, _)| key == "key_block_size").cloned().cloned();
    clauses.all_keys = block_size(&old) != block_size(&new);
    if clauses.rest.len() > before {
        clauses.summary.push("options".into());
        clauses.weak_probes.push(probe::options(altered.from, altered.to));
    }
    match (versioned(from) && !history_goes_first(altered), versioned(to)) {
        (false, true) => {
            clauses.rest.push("ADD SYSTEM VERSIONING".into());
            clauses.summary.push("keep the history of rows".into());
            clauses.probes.push(probe::versioned(&altered.to.name, true));
        }
        (true, false) => {
            clauses.drops.push("DROP SYSTEM VERSIONING".into());
            clauses.summary.push("forget the history of rows".into());
            clauses.probes.push(probe::versioned(&altered.to.name, false));
            clauses.loses.push(format!("the history of {}", altered.to.name));
        }
        _ => return,
    }
    clauses.at_least(Way::Rebuild);
}

/// What takes an option back.
fn option_default(key: &str) -> &'static str {
    match key {
        "max_rows" | "min_rows" | "avg_row_length" | "key_block_size" | "checksum" | "delay_key_write"
        | "page_checksum" => "0",
        _ => "DEFAULT",
    }
}
