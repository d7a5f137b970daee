//! Columns of a table that stays.
//!
//! Defaults, storage and statistics are set with `ONLY`: each table of a hierarchy says its own. Types, nullability and
//! the columns themselves go down from parents to children by the server's own doing, so children only say what differs.

use relata_schema::change::{LockMode, LockSpan};
use relata_schema::dialect::postgres::print::{
    column_definition, column_options, column_settings, foreign_option_changes, ident, literal, qualified,
};
use relata_schema::model::{Column, Identity, ObjectKey, ObjectKind, ObjectName, SequenceParameters, Table};
use relata_schema::{ColumnType, Diagnostic, Dialect, Type};

use super::super::filler;
use super::clear::default_goes;
use super::scope::Scope;
use super::steps::{Steps, loses};

/// Whether the column can only be dropped and added: its generated value is another one, or newly so.
pub(super) fn made_anew(from: &Column, to: &Column) -> bool {
    to.generated.is_some() && from.generated != to.generated
}

/// Drops a column.
pub(super) fn drop_column(table: &Table, column: &Column, steps: &mut Steps) {
    let sql = format!("ALTER TABLE {} DROP COLUMN {}", qualified(&table.name), ident(&column.name));
    let key = ObjectKey::member(ObjectKind::Column, &table.name, &column.name);
    let step = steps.instant(format!("drop column {}.{}", table.name, column.name), key, sql);
    if column.generated.is_none() {
        loses(step, format!("the values of {}.{}", table.name, column.name));
    }
}

/// Brings the columns of `from` to those of `to`.
pub(super) fn alter(scope: &Scope<'_>, from: &Table, to: &Table, steps: &mut Steps) {
    let parents = scope.staying_parents(from, to);
    let gone = |column: &&Column| scope.clears(ObjectKind::Column, &to.name, &column.name);
    for column in from.columns.iter().filter(gone) {
        let of_parent =
            |parent: &&ObjectName| scope.from.table(parent).is_some_and(|p| p.column(&column.name).is_some());
        let early = column.generated.is_some() || super::clear::goes_early(scope, from, column) && !column.inherited;
        let by_parent = || column.inherited && parents.iter().any(of_parent);
        if !early && !by_parent() {
            drop_column(from, column, steps);
        }
    }
    for new in &to.columns {
        if let Some(old) = from.column(&new.name).filter(|old| !gone(old)) {
            let of_parent =
                |parent: &&ObjectName| scope.to.table(parent).is_some_and(|p| p.column(&new.name).is_some());
            let attached = parents.iter().any(of_parent);
            Altering { scope, from, to, old, new, attached }.alter(steps);
        }
    }
    let added = |column: &&Column| from.column(&column.name).is_none_or(|old| gone(&old));
    for generated in [false, true] {
        for column in to.columns.iter().filter(added).filter(|column| column.generated.is_some() == generated) {
            add(scope, to, column, &parents, steps);
        }
    }
}

fn add(scope: &Scope<'_>, to: &Table, column: &Column, parents: &[&ObjectName], steps: &mut Steps) {
    let key = ObjectKey::member(ObjectKind::Column, &to.name, &column.name);
    let what = format!("add column {}.{}", to.name, column.name);
    let mut parent = parents.iter().filter(|_| column.inherited);
    let parent = parent.find_map(|parent| scope.to.table(parent)?.column(&column.name));
    if parent.is_none() && scope.back && to.foreign.is_none() && filler::is_needed(column) {
        bring_back(to, column, &key, &what, steps);
    } else if parent.is_none() {
        let sql = format!("ALTER TABLE {} ADD COLUMN {}", qualified(&to.name), column_definition(column));
        if column.generated.is_some() || column.identity.is_some() {
            steps.blocking(what.clone(), key.clone(), sql, LockMode::AccessExclusive, LockSpan::Rewrite);
        } else {
            steps.instant(what.clone(), key.clone(), sql);
        }
    }
    for sql in column_settings(&to.name, column, parent) {
        steps.instant(what.clone(), key.clone(), sql);
    }
}

/// Adds a column that was there before: it is NOT NULL once its values are.
fn bring_back(to: &Table, column: &Column, key: &ObjectKey, what: &str, steps: &mut Steps) {
    let (table, name) = (qualified(&to.name), ident(&column.name));
    let nullable = Column { not_null: false, ..column.clone() };
    let sql = format!("ALTER TABLE {table} ADD COLUMN {}", column_definition(&nullable));
    steps.instant(what, key.clone(), sql);
    if column.default.is_none()
        && let Some(value) = filler::filler(Dialect::Postgres, to, column)
    {
        let what = format!("fill {}.{} where nothing was kept of it", to.name, column.name);
        let sql = format!("UPDATE {table} SET {name} = {value} WHERE {name} IS NULL");
        steps.blocking(what, key.clone(), sql, LockMode::AccessExclusive, LockSpan::Scan);
    }
    let what = format!("set not null of {}.{}", to.name, column.name);
    let sql = format!("ALTER TABLE {table} ALTER COLUMN {name} SET NOT NULL");
    steps.blocking(what, key.clone(), sql, LockMode::AccessExclusive, LockSpan::Scan);
}

/// The column of the first parent that has it, as it shall be.
fn parent_column<'s>(scope: &Scope<'s>, table: &Table, column: &Column) -> Option<&'s Column> {
    let partitioned = table.partition_of.iter().map(|partition| &partition.parent);
    partitioned.chain(&table.inherits).find_map(|parent| scope.to.table(parent)?.column(&column.name))
}

struct Altering<'a, 's> {
    scope: &'a Scope<'s>,
    from: &'a Table,
    to: &'a Table,
    old: &'a Column,
    new: &'a Column,
    attached: bool,
}

impl Altering<'_, '_> {
    fn key(&self) -> ObjectKey {
        ObjectKey::member(ObjectKind::Column, &self.to.name, &self.new.name)
    }

    fn what(&self, what: &str) -> String {
        format!("{what} of {}.{}", self.to.name, self.new.name)
    }

    fn sql(&self, only: bool, action: &str) -> String {
        let only = if only { "ONLY " } else { "" };
        format!("ALTER TABLE {only}{} ALTER COLUMN {} {action}", qualified(&self.to.name), ident(&self.new.name))
    }

    fn alter(&self, steps: &mut Steps) {
        let (old, new) = (self.old, self.new);
        let retyped = self.scope.retyped.contains(&self.to.name, &new.name);
        if old.generated.is_some() && new.generated.is_none() {
            steps.instant(self.what("drop expression"), self.key(), self.sql(false, "DROP EXPRESSION"));
        }
        let mut default = old.default.clone().filter(|_| !default_goes(self.scope, self.from, old));
        if retyped {
            if default.take().is_some() {
                steps.instant(self.what("drop default"), self.key(), self.sql(true, "DROP DEFAULT"));
            }
            if !(self.attached && new.inherited) {
                self.retype(steps);
            }
        }
        if default != new.default {
            let action = match &new.default {
                Some(text) => format!("SET DEFAULT {text}"),
                None => "DROP DEFAULT".to_string(),
            };
            steps.instant(self.what("set default"), self.key(), self.sql(true, &action));
        }
        self.nullability(steps);
        self.identity(steps);
        self.settings(retyped, steps);
    }

    fn retype(&self, steps: &mut Steps) {
        let new = self.new;
        let collation = match &new.collation {
            Some(collation) => format!(" COLLATE {collation}"),
            None => String::new(),
        };
        let ty = &new.ty.physical;
        let using = if self.to.foreign.is_some() {
            None
        } else if self.scope.is_parked(&self.to.name, &new.name) {
            Some(format!("{}::{ty}", ident(&new.name)))
        } else {
            value(self.scope, self.old, new)
        };
        let using = using.map_or_else(String::new, |value| format!(" USING {value}"));
        let sql = self.sql(false, &format!("TYPE {ty}{collation}{using}"));
        let what = format!("change type of {}.{} to {ty}", self.to.name, new.name);
        if widens(&self.old.ty, &new.ty) && self.old.collation == new.collation {
            steps.instant(what, self.key(), sql);
        } else {
            steps.blocking(what, self.key(), sql, LockMode::AccessExclusive, LockSpan::Rewrite);
        }
    }

    fn nullability(&self, steps: &mut Steps) {
        let (old, new) = (self.old, self.new);
        // What a parent gains or loses, its children do.
        let before = self.attached.then(|| self.parent_was_not_null()).flatten();
        let after = parent_column(self.scope, self.to, new).is_some_and(|parent| parent.not_null);
        let (given, taken) = (before == Some(false) && after, before == Some(true) && !after);
        if new.not_null && (!old.not_null || taken) && !given {
            let sql = self.sql(false, "SET NOT NULL");
            steps.blocking(self.what("set not null"), self.key(), sql, LockMode::AccessExclusive, LockSpan::Scan);
        } else if old.not_null && !new.not_null && !taken {
            steps.instant(self.what("drop not null"), self.key(), self.sql(false, "DROP NOT NULL"));
        }
    }

    /// Whether a parent's column was NOT NULL; `None`: no parent had the column.
    fn parent_was_not_null(&self) -> Option<bool> {
        let partitioned = self.from.partition_of.iter().map(|partition| &partition.parent);
        let parents = partitioned.chain(&self.from.inherits);
        let columns = parents.filter_map(|parent| self.scope.from.table(parent)?.column(&self.old.name));
        columns.map(|column| column.not_null).reduce(|one, other| one || other)
    }

    fn identity(&self, steps: &mut Steps) {
        let key = self.key();
        match (&self.old.identity, &self.new.identity) {
            (None, Some(identity)) => {
                let mut column = Column { identity: Some(identity.clone()), ..Column::default() };
                column.name.clone_from(&self.new.name);
                let definition = column_definition(&column);
                let clause = definition.split_once("GENERATED").map(|(_, rest)| rest).unwrap_or_default();
                let sql = self.sql(false, &format!("ADD GENERATED{clause}"));
                steps.instant(self.what("add identity"), key.clone(), sql);
                let sql = go_on_numbering(&self.to.name, &self.new.name);
                steps.add(self.what("go on numbering"), key, sql);
            }
            (Some(old), Some(new)) if old != new => {
                let actions = identity_changes(old, new);
                if !actions.is_empty() {
                    steps.instant(self.what("alter identity"), key.clone(), self.sql(false, &actions));
                }
            }
            _ => {}
        }
    }

    fn settings(&self, retyped: bool, steps: &mut Steps) {
        let (old, new) = (&self.old.parameters, &self.new.parameters);
        let lost = |key: &str| retyped && matches!(key, "storage" | "compression");
        let survives = |key: &str| !lost(key) && !key.starts_with("option ");
        let before: Vec<_> = old.iter().filter(|(key, _)| survives(key)).cloned().collect();
        for (key, _) in before.iter().filter(|(key, _)| !new.iter().any(|(other, _)| other == key)) {
            if key.starts_with("option ") {
                continue;
            }
            let action = match key.as_str() {
                "storage" => format!("SET STORAGE {}", usual_storage(&self.new.ty)),
                "compression" => "SET COMPRESSION default".to_string(),
                "statistics" => "SET STATISTICS -1".to_string(),
                key => format!("RESET ({key})"),
            };
            steps.instant(self.what("reset setting"), self.key(), self.sql(true, &action));
        }
        let (old, new_options) = (column_options(self.old), column_options(self.new));
        if let Some(options) = foreign_option_changes(&old, &new_options) {
            let table = qualified(&self.to.name);
            let sql = format!("ALTER FOREIGN TABLE {table} ALTER COLUMN {} {options}", ident(&self.new.name));
            steps.instant(self.what("set options"), self.key(), sql);
        }
        let changed = new.iter().filter(|pair| !before.contains(pair)).cloned().collect();
        let column = Column { parameters: changed, name: self.new.name.clone(), ..Column::default() };
        for sql in column_settings(&self.to.name, &column, None) {
            steps.instant(self.what("change setting"), self.key(), sql);
        }
    }
}

/// The statement after which the sequence of a column goes on after the numbers that are there.
pub(super) fn go_on_numbering(table: &ObjectName, column: &str) -> String {
    let (table, name) = (qualified(table), ident(column));
    format!(
        "SELECT pg_catalog.setval(pg_catalog.pg_get_serial_sequence({}, {}), \
         pg_catalog.max({name}) + 1, false) FROM {table} HAVING pg_catalog.max({name}) > 0",
        literal(&table),
        literal(column)
    )
}

/// The value of the old column as one of the new; `None`: the server converts by itself.
pub(super) fn value(scope: &Scope<'_>, old: &Column, new: &Column) -> Option<String> {
    let (name, ty) = (ident(&new.name), &new.ty.physical);
    let array = if ty.ends_with("[]") && old.ty.physical.ends_with("[]") { "[]" } else { "" };
    if scope.is_rebuilt(&new.ty) {
        let made = super::types::converted(scope, &name, &old.ty, &new.ty);
        return Some(made.unwrap_or_else(|| format!("{name}::text{array}::{ty}")));
    }
    match conversion(&old.ty, &new.ty) {
        Conversion::Implicit => None,
        Conversion::Cast => Some(format!("{name}::{ty}")),
        Conversion::Milliseconds => Some(format!("pg_catalog.to_timestamp({name} / 1000.0)")),
        Conversion::Seconds => Some(format!("pg_catalog.make_interval(secs => {name})")),
        Conversion::OfInterval => Some(format!("EXTRACT(epoch FROM {name})::{ty}")),
        Conversion::Text => Some(format!("{name}::text{array}::{ty}")),
    }
}

/// What was taken for granted where a number becomes a time or a time a number.
pub(super) fn assumptions(scope: &Scope<'_>) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    for (from, to) in scope.changing() {
        for new in &to.columns {
            let Some(old) = from.column(&new.name).filter(|_| scope.retyped.contains(&to.name, &new.name)) else {
                continue;
            };
            let taken = match conversion(&old.ty, &new.ty) {
                Conversion::Milliseconds => "numbers are taken for milliseconds since 1970",
                Conversion::Seconds => "numbers are taken for seconds",
                Conversion::OfInterval => "spans of time become numbers of seconds",
                _ => continue,
            };
            let message =
                format!("{}.{} changes from {} to {}: {taken}", to.name, new.name, old.ty.physical, new.ty.physical);
            let key = ObjectKey::member(ObjectKind::Column, &to.name, &new.name);
            let help = "if the column means something else, write the USING clause of that step by hand";
            found.push(Diagnostic::warning("plan-assumed-unit", message).about(key).help(help));
        }
    }
    found
}

/// What a column holds while its type is replaced.
pub(super) fn parked_type(ty: &ColumnType) -> &'static str {
    if ty.physical.ends_with("[]") { "text[]" } else { "text" }
}

fn usual_storage(ty: &ColumnType) -> &'static str {
    match &ty.logical {
        Type::Decimal(_) | Type::Inet | Type::Cidr => "MAIN",
        Type::Bool | Type::Int(_) | Type::Float32 | Type::Float64 | Type::Uuid | Type::Date => "PLAIN",
        Type::Time(_) | Type::DateTime(_) | Type::Timestamp(_) | Type::Interval | Type::Enum(..) => "PLAIN",
        _ => "EXTENDED",
    }
}

/// How values of one type become values of another.
enum Conversion {
    /// The server converts by itself.
    Implicit,
    /// The server has a cast.
    Cast,
    /// Whole numbers of eight bytes are taken for milliseconds since 1970.
    Milliseconds,
    /// Numbers are taken for seconds.
    Seconds,
    /// Spans of time become seconds.
    OfInterval,
    /// The server has no cast: the text of the value is read. A value that does not read stops the plan.
    Text,
}

fn conversion(from: &ColumnType, to: &ColumnType) -> Conversion {
    let family = |ty: &Type| match ty.element() {
        Type::Text | Type::VarChar(_) | Type::Char(_) => 1,
        Type::Int(_) | Type::Decimal(_) | Type::Float32 | Type::Float64 => 2,
        Type::Date | Type::DateTime(_) | Type::Timestamp(_) => 3,
        _ => 0,
    };
    let (old, new) = (family(&from.logical), family(&to.logical));
    let is_array = |ty: &ColumnType| ty.physical.ends_with("[]");
    let arrays = is_array(from) == is_array(to);
    let text = |ty: &ColumnType| family(&ty.logical) == 1 && !is_array(ty);
    let json = |ty: &ColumnType| matches!(ty.logical, Type::Json | Type::JsonText);
    let instant = matches!(to.logical, Type::DateTime(_) | Type::Timestamp(_));
    match (&from.logical, &to.logical) {
        _ if old == new && old != 0 && arrays => Conversion::Implicit,
        _ if !arrays && !text(from) && !text(to) => Conversion::Text,
        _ if json(from) != json(to) && !text(from) && !text(to) => Conversion::Text,
        (Type::Int(8), _) if instant && !is_array(from) => Conversion::Milliseconds,
        (_, Type::Interval) if old == 2 => Conversion::Seconds,
        (Type::Interval, _) if new == 2 => Conversion::OfInterval,
        _ if arrays && (old == 1 || new == 1 || has_cast(from, to)) => Conversion::Cast,
        _ if text(from) || text(to) => Conversion::Cast,
        _ => Conversion::Text,
    }
}

/// Pairs that the server casts in a way that reading the text of the value would not, or not as cheaply.
fn has_cast(from: &ColumnType, to: &ColumnType) -> bool {
    let base = |ty: &ColumnType| ty.physical.split('(').next().unwrap_or_default().trim().to_string();
    match (from.logical.element(), to.logical.element()) {
        _ if base(from) == base(to) => true,
        (Type::Int(4), Type::Bool) | (Type::Bool, Type::Int(4)) => true,
        (Type::DateTime(_) | Type::Timestamp(_) | Type::Interval, Type::Time(_)) => true,
        (Type::Timestamp(_) | Type::Time(_), Type::TimeTz(_)) | (Type::TimeTz(_), Type::Time(_)) => true,
        (Type::Time(_), Type::Interval) => true,
        (Type::Int(4 | 8), Type::Bit(..)) | (Type::Bit(..), Type::Int(4 | 8) | Type::Bit(..)) => true,
        (Type::Int(4 | 8) | Type::Decimal(_), Type::Money) | (Type::Money, Type::Decimal(_)) => true,
        (Type::Json | Type::JsonText, Type::Json | Type::JsonText) => true,
        (Type::Inet, Type::Cidr) | (Type::Cidr, Type::Inet) | (Type::MacAddr, Type::MacAddr) => true,
        (Type::Geometry(_) | Type::Geography(_), Type::Geometry(_) | Type::Geography(_)) => true,
        _ => false,
    }
}

/// Changes that touch only the catalogue.
fn widens(from: &ColumnType, to: &ColumnType) -> bool {
    match (&from.logical, &to.logical) {
        (Type::VarChar(_), Type::Text) if to.physical == "text" => true,
        (Type::VarChar(a), Type::VarChar(b)) => a <= b,
        (Type::Decimal(Some((a, s))), Type::Decimal(Some((b, t)))) => a <= b && s == t,
        (Type::Decimal(Some(_)), Type::Decimal(None)) => true,
        _ => false,
    }
}

fn identity_changes(old: &Identity, new: &Identity) -> String {
    let mut actions = Vec::new();
    if old.always != new.always {
        actions.push(format!("SET GENERATED {}", if new.always { "ALWAYS" } else { "BY DEFAULT" }));
    }
    if old.parameters != new.parameters {
        let options = all_options(&new.parameters);
        actions.extend(options.into_iter().map(|option| format!("SET {option}")));
    }
    actions.join(" ")
}

/// Every parameter of a sequence written out, defaults too.
pub(super) fn all_options(parameters: &SequenceParameters) -> Vec<String> {
    let increment = parameters.increment.unwrap_or(1);
    let bound = |word: &str, value: Option<i64>| match value {
        Some(value) => format!("{word} {value}"),
        None => format!("NO {word}"),
    };
    let usual_start = if increment > 0 { parameters.min.unwrap_or(1) } else { parameters.max.unwrap_or(-1) };
    vec![
        format!("INCREMENT BY {increment}"),
        bound("MINVALUE", parameters.min),
        bound("MAXVALUE", parameters.max),
        format!("START WITH {}", parameters.start.unwrap_or(usual_start)),
        format!("CACHE {}", parameters.cache.unwrap_or(1)),
        if parameters.cycle { "CYCLE".to_string() } else { "NO CYCLE".to_string() },
    ]
}
