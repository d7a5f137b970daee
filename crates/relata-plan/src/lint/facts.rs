//! What is so before a statement runs, from all statements before it: those of the files before, of this file, and of the
//! schema of the live database if one is known.

use std::collections::{BTreeMap, BTreeSet};

use relata_schema::sql::{
    self, Action, Alter, ColumnChange, ColumnDefinition, Constraint, ConstraintKind, CreateIndex, CreateTable,
    Expression, ExpressionForm, Extent, Generated, Name, Statement, StatementKind, Token, TokenKind, TypeName,
};

use super::Options;
use super::bounds::{Condition, conditions};
use super::volatility::is_volatile;

/// What is known.
#[derive(Debug, Clone, Default)]
pub struct Facts {
    tables: BTreeMap<String, TableFact>,
    /// Objects made in this file, in its transaction or not, by name.
    made: BTreeSet<String>,
    /// Values added to enums in the current transaction.
    values: BTreeSet<String>,
    /// Settings in force, with whether they end with the transaction.
    settings: BTreeMap<String, (String, bool)>,
    /// Tables that the current transaction holds the strongest lock on, and by what.
    locked: BTreeMap<String, String>,
    /// Tables whose rows some statement has written.
    written: BTreeSet<String>,
    /// Why a column of a domain is written into every row, by the name of the domain.
    domains: BTreeMap<String, &'static str>,
    transaction: Option<usize>,
    file: usize,
}

/// A table.
#[derive(Debug, Clone, Default)]
pub struct TableFact {
    /// Its columns.
    pub columns: BTreeMap<String, ColumnFact>,
    /// Their names in the order of the table.
    pub order: Vec<String>,
    /// Its constraints by name, those without a name under the name PostgreSQL would give.
    pub constraints: BTreeMap<String, ConstraintFact>,
    /// The columns of its indexes, also of those that keys have, by name.
    pub indexes: BTreeMap<String, Vec<String>>,
    /// Which of them are full text or spatial indexes.
    pub special: BTreeMap<String, Special>,
    /// It is partitioned.
    pub partitioned: bool,
    /// The only column of its partition key.
    pub partition_key: Option<String>,
    /// Policies it has.
    pub policies: BTreeSet<String>,
    /// Its triggers.
    pub triggers: BTreeSet<String>,
    /// Words of its options, in upper case.
    pub options: Vec<String>,
    file: usize,
}

impl TableFact {
    /// The column is part of the primary key.
    pub fn is_key(&self, column: &str) -> bool {
        let mut keys = self.constraints.values().filter(|constraint| constraint.kind == ConstraintKind::PrimaryKey);
        keys.any(|key| key.columns.iter().any(|own| own == column))
    }
}

/// A kind of index that is built and kept otherwise than the others (MariaDB).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Special {
    /// `FULLTEXT`.
    FullText,
    /// `SPATIAL`.
    Spatial,
}

/// A column.
#[derive(Debug, Clone, Default)]
pub struct ColumnFact {
    /// Its type.
    pub ty: Option<TypeName>,
    /// `NOT NULL`.
    pub not_null: bool,
    /// It is generated or an identity.
    pub generated: Option<Generated>,
    /// Its character set, if it says one.
    pub charset: Option<String>,
    /// Its collation, if it says one.
    pub collation: Option<String>,
    /// It has a default that is a value.
    pub has_default: bool,
    /// `AUTO_INCREMENT`.
    pub auto_increment: bool,
    /// Its definition was seen, and not only a change of it.
    pub defined: bool,
    /// The file that made it.
    file: usize,
}

/// A constraint.
#[derive(Debug, Clone, Default)]
pub struct ConstraintFact {
    /// What it is.
    pub kind: ConstraintKind,
    /// It has been validated.
    pub valid: bool,
    /// The transaction that added it, if it was this file.
    pub transaction: Option<usize>,
    /// The columns.
    pub columns: Vec<String>,
    /// The column that it says is not null.
    pub not_null: Option<String>,
    /// The table that it points to.
    pub references: Option<String>,
    /// Its definition was not seen: it was validated here, and added somewhere else.
    pub unseen: bool,
    /// What a check demands, as far as it is read.
    pub conditions: Vec<Condition>,
    /// The file that added it.
    pub file: usize,
}

/// A statement that is learned from.
#[derive(Clone, Copy)]
struct Learned<'s> {
    tokens: &'s [Token<'s>],
    transaction: Option<usize>,
}

impl Learned<'_> {
    /// What the check in this place demands.
    fn conditions(&self, extent: Extent) -> Vec<Condition> {
        let begin = self.tokens.partition_point(|token| token.start < extent.start);
        let end = self.tokens.partition_point(|token| token.start < extent.end);
        self.tokens.get(begin..end).map(conditions).unwrap_or_default()
    }

    /// What kind of index the words there make.
    fn special(&self, extent: Extent) -> Option<Special> {
        let begin = self.tokens.partition_point(|token| token.start < extent.start);
        self.tokens.get(begin..)?.iter().take_while(|token| token.start < extent.end && !token.is_mark("(")).find_map(
            |token| match () {
                () if token.is("FULLTEXT") => Some(Special::FullText),
                () if token.is("SPATIAL") => Some(Special::Spatial),
                () => None,
            },
        )
    }

    /// The column in `PARTITION BY … (column)`.
    fn partition_key(&self) -> Option<String> {
        let by = self.tokens.windows(2).position(|pair| pair[0].is("PARTITION") && pair[1].is("BY"))?;
        match self.tokens.get(by + 3..by + 6)? {
            [open, column, close] if open.is_mark("(") && close.is_mark(")") => Some(match column.kind {
                TokenKind::Quoted => column.content(),
                _ => column.text.to_lowercase(),
            }),
            _ => None,
        }
    }

    /// Why a column of the domain that is created is written into every row.
    fn domain(&self, has_checks: bool) -> Option<&'static str> {
        if has_checks || self.tokens.iter().any(|token| token.is("CHECK")) {
            return Some("the check of the domain is made of every row");
        }
        let default = self.tokens.iter().position(|token| token.is("DEFAULT"))?;
        let calls = self.tokens[default..]
            .windows(2)
            .filter(|pair| pair[1].is_mark("("))
            .map(|pair| pair[0].content().to_lowercase());
        calls.into_iter().any(|call| is_volatile(&call)).then_some("its default may give each row another value")
    }
}

/// The name as tables are known by: without the default namespace.
pub fn key(name: &Name) -> String {
    match name.namespace() {
        Some("public" | "main" | "temp" | "pg_temp") | None => name.last().to_string(),
        Some(_) => name.to_string(),
    }
}

impl Facts {
    /// Nothing yet, or what the live database is.
    pub fn new(options: &Options) -> Self {
        let mut facts = Facts::default();
        if let Some(live) = &options.live {
            let script = options.dialect.create_all(&live.schema).join(";\n");
            for statement in sql::read(options.dialect, &script) {
                facts.apply(&statement, None);
            }
        }
        facts
    }

    /// Another file begins: what was made before is no longer new.
    pub fn begin_file(&mut self) {
        self.file += 1;
        self.made.clear();
        self.values.clear();
        self.settings.clear();
        self.locked.clear();
        self.transaction = None;
    }

    /// A statement is about to run.
    pub fn enter(&mut self, transaction: Option<usize>) {
        if transaction != self.transaction || transaction.is_none() {
            self.values.clear();
            self.locked.clear();
            if transaction != self.transaction {
                self.settings.retain(|_, (_, local)| !*local);
            }
            self.transaction = transaction;
        }
    }

    /// The table was made in this file: it is empty, and nobody uses it yet.
    pub fn is_new(&self, name: &Name) -> bool {
        self.table(name).is_some_and(|table| table.file == self.file && self.file > 0)
    }

    /// The column was made in this file.
    pub fn is_new_column(&self, table: &Name, column: &str) -> bool {
        let found = self.table(table).and_then(|table| table.columns.get(column));
        found.is_some_and(|column| column.file == self.file)
    }

    /// The table's definition was seen, and no foreign key of another table points to it.
    pub fn is_unreferenced(&self, table: &Name) -> bool {
        let own = key(table);
        let seen = self.tables.get(&own).is_some_and(|table| table.columns.values().any(|column| column.defined));
        let others =
            self.tables.iter().filter(|(name, _)| **name != own).flat_map(|(_, table)| table.constraints.values());
        seen && !others.into_iter().any(|constraint| constraint.references.as_ref() == Some(&own))
    }

    /// A table is known whose foreign key points to it.
    pub fn is_referenced(&self, table: &Name) -> bool {
        let own = key(table);
        let others = self.tables.iter().filter(|(name, _)| **name != own);
        others.flat_map(|(_, table)| table.constraints.values()).any(|one| one.references.as_ref() == Some(&own))
    }

    /// The columns of an index of the table, by its name, as far as it was seen.
    pub fn index_columns(&self, table: &Name, index: &Name) -> Option<&[String]> {
        self.table(table)?.indexes.get(index.last()).map(Vec::as_slice)
    }

    /// Why a new column of this type is written into every row, if the type is a domain.
    pub fn domain(&self, ty: &TypeName) -> Option<&'static str> {
        let name = ty.name.strip_prefix("public.").unwrap_or(&ty.name);
        self.domains.get(name).copied()
    }

    /// An object of that name was made in this file.
    pub fn is_made(&self, name: &Name) -> bool {
        self.made.contains(&self.key(name))
    }

    /// The name that the table or object is known by: with the namespace of `search_path` or without it, whatever it was made
    /// with.
    fn key(&self, name: &Name) -> String {
        let plain = key(name);
        let Some((path, _)) = self.settings.get("search_path") else { return plain };
        if self.tables.contains_key(&plain) || self.made.contains(&plain) {
            return plain;
        }
        let namespace = path.split(',').next().unwrap_or_default().trim().trim_matches('"');
        let other = match name.namespace() {
            Some(own) if own == namespace => name.last().to_string(),
            None if !namespace.is_empty() => format!("{namespace}.{}", name.last()),
            _ => return plain,
        };
        if self.tables.contains_key(&other) || self.made.contains(&other) { other } else { plain }
    }

    /// That file is this one.
    pub fn is_of_this_file(&self, file: usize) -> bool {
        file == self.file
    }

    /// A validated constraint says that the column has a value; one that was validated here and added elsewhere counts
    /// when its name says so.
    pub fn is_checked_not_null(&self, table: &Name, column: &str) -> bool {
        let Some(table) = self.table(table) else { return false };
        table.constraints.iter().any(|(name, constraint)| {
            let named = constraint.unseen && (name.contains(column) || name.contains("null"));
            constraint.valid && (constraint.not_null.as_deref() == Some(column) || named)
        })
    }

    /// The table, if it is known.
    pub fn table(&self, name: &Name) -> Option<&TableFact> {
        self.tables.get(&self.key(name))
    }

    /// The column, if it is known.
    pub fn column(&self, table: &Name, column: &str) -> Option<&ColumnFact> {
        self.table(table)?.columns.get(column)
    }

    /// Some statement before this one writes rows of the table: nobody knows what it holds now.
    pub fn is_written(&self, table: &Name) -> bool {
        self.written.contains(&self.key(table))
    }

    /// The value of a setting in force.
    pub fn setting(&self, name: &str) -> Option<&str> {
        self.settings.get(name).map(|(value, _)| value.as_str())
    }

    /// The transaction has added this value to an enum.
    pub fn added_value(&self, value: &str) -> bool {
        self.values.contains(value)
    }

    /// What in this transaction has locked the table against everybody, if something has.
    pub fn locked_by(&self, table: &Name) -> Option<&str> {
        self.locked.get(&self.key(table)).map(String::as_str)
    }

    /// A table that this transaction has locked against everybody, and by what.
    pub fn locked(&self) -> Option<(String, &str)> {
        self.locked.iter().next().map(|(table, by)| (table.clone(), by.as_str()))
    }

    /// The table has an index that begins with these columns, in any order.
    pub fn has_index(&self, table: &Name, columns: &[String]) -> bool {
        let Some(table) = self.table(table) else { return false };
        let leads = |index: &Vec<String>| {
            index.len() >= columns.len() && columns.iter().all(|column| index[..columns.len()].contains(column))
        };
        table.indexes.values().any(leads)
    }

    /// Learns what a statement does.
    pub fn apply(&mut self, statement: &Statement<'_>, transaction: Option<usize>) {
        let learned = Learned { tokens: &statement.tokens, transaction };
        match &statement.kind {
            StatementKind::Set(settings) => {
                for setting in settings {
                    let value = (setting.value.clone(), setting.local);
                    if setting.value.is_empty() {
                        self.settings.remove(&setting.name);
                    } else {
                        self.settings.insert(setting.name.clone(), value);
                    }
                }
            }
            StatementKind::CreateTable(table) => self.create(table, learned),
            StatementKind::CreateIndex(index) => self.index(index, learned.special(statement.extent)),
            StatementKind::Create(object) => {
                self.made.insert(key(&object.name));
                if object.object == "DOMAIN"
                    && let Some(why) = learned.domain(!object.constraints.is_empty())
                {
                    self.domains.insert(key(&object.name), why);
                }
                if let Some(on) = &object.on {
                    let table = self.key(on);
                    let table = self.tables.entry(table).or_default();
                    let name = object.name.last().to_string();
                    match object.object {
                        "POLICY" => drop(table.policies.insert(name)),
                        "TRIGGER" => drop(table.triggers.insert(name)),
                        _ => {}
                    }
                }
            }
            StatementKind::Drop(drop) if drop.object == "TABLE" => {
                for name in &drop.names {
                    let name = self.key(name);
                    self.tables.remove(&name);
                }
            }
            StatementKind::Drop(drop) if drop.object == "TRIGGER" => {
                for name in &drop.names {
                    for table in self.tables.values_mut() {
                        table.triggers.remove(name.last());
                    }
                }
            }
            StatementKind::Drop(drop) if drop.object == "INDEX" => {
                for name in &drop.names {
                    self.tables.values_mut().for_each(|table| drop_index(table, name.last()));
                }
            }
            StatementKind::Write(write) => {
                let tables: Vec<_> = write.all().map(|one| self.key(&one.table)).collect();
                self.written.extend(tables);
            }
            StatementKind::Truncate { tables, .. } => self.written.extend(tables.iter().map(key)),
            StatementKind::Rename(pairs) => pairs.iter().for_each(|(from, to)| self.rename(from, to)),
            StatementKind::Alter(alter) => self.alter(alter, learned),
            StatementKind::Query => self.select_into(&statement.tokens),
            _ => {}
        }
    }

    /// PostgreSQL: `SELECT … INTO table`.
    fn select_into(&mut self, tokens: &[Token<'_>]) {
        let mut depth = 0;
        let into = tokens.iter().position(|token| {
            depth += i32::from(token.is_mark("(")) - i32::from(token.is_mark(")"));
            depth == 0 && token.is("INTO")
        });
        let Some(into) = into else { return };
        const PLAIN: &[&str] = &["TEMPORARY", "TEMP", "UNLOGGED", "TABLE"];
        let is_plain = |token: &&Token<'_>| PLAIN.iter().any(|word| token.is(word));
        let mut rest = tokens[into + 1..].iter().skip_while(is_plain);
        let mut name = Name::default();
        while let Some(part) = rest.next().filter(|token| token.kind != TokenKind::Mark) {
            let folded = if part.kind == TokenKind::Quoted { part.content() } else { part.text.to_lowercase() };
            name.parts.push(folded);
            if !rest.next().is_some_and(|token| token.is_mark(".")) {
                break;
            }
        }
        if !name.parts.is_empty() {
            self.made.insert(key(&name));
            self.tables.insert(key(&name), TableFact { file: self.file, ..TableFact::default() });
        }
    }

    fn create(&mut self, created: &CreateTable, learned: Learned<'_>) {
        let mut table = TableFact { file: self.file, options: created.options.clone(), ..TableFact::default() };
        table.partitioned = created.options.iter().any(|word| word == "PARTITION");
        table.partition_key = learned.partition_key();
        let name = created.name.last();
        for column in &created.columns {
            self.column_comes(&mut table, name, column, learned);
        }
        for constraint in &created.constraints {
            self.constraint_comes(&mut table, name, constraint, learned);
        }
        self.made.insert(key(&created.name));
        // A table that is there already stays as it is; then nothing more is known of it than before.
        let known = created.if_not_exists && self.tables.contains_key(&key(&created.name));
        if !known {
            self.tables.insert(key(&created.name), table);
        }
    }

    fn column_comes(&self, table: &mut TableFact, name: &str, column: &ColumnDefinition, learned: Learned<'_>) {
        let fact = ColumnFact {
            ty: column.ty.clone(),
            not_null: column.not_null || column.primary_key,
            generated: column.generated,
            charset: column.charset.clone(),
            collation: column.collation.clone(),
            has_default: column.default.as_ref().is_some_and(is_value),
            auto_increment: column.auto_increment,
            defined: true,
            file: self.file,
        };
        let columns = vec![column.name.last().to_string()];
        if table.columns.insert(columns[0].clone(), fact).is_none() {
            table.order.push(columns[0].clone());
        }
        let references = column.references.as_ref().map(|reference| key(&reference.table));
        let mut constraint = |kind, suffix: &str| {
            let name = format!("{name}_{}{suffix}", if suffix == "_pkey" { "" } else { columns[0].as_str() });
            let name = name.replace("__pkey", "_pkey");
            if matches!(kind, ConstraintKind::PrimaryKey | ConstraintKind::Unique) {
                table.indexes.insert(name.clone(), columns.clone());
            }
            let valid = !column.not_valid;
            let columns = columns.clone();
            let references = references.clone().filter(|_| kind == ConstraintKind::ForeignKey);
            let file = self.file;
            let checked = column.check.as_ref().filter(|_| kind == ConstraintKind::Check);
            let conditions = checked.map(|check| learned.conditions(check.extent)).unwrap_or_default();
            let transaction = learned.transaction;
            let fact = ConstraintFact {
                kind,
                valid,
                transaction,
                columns,
                references,
                file,
                conditions,
                ..Default::default()
            };
            table.constraints.insert(name, fact);
        };
        if column.primary_key {
            constraint(ConstraintKind::PrimaryKey, "_pkey");
        }
        if column.unique {
            constraint(ConstraintKind::Unique, "_key");
        }
        if column.references.is_some() {
            constraint(ConstraintKind::ForeignKey, "_fkey");
        }
        if column.check.is_some() {
            constraint(ConstraintKind::Check, "_check");
        }
    }

    fn constraint_comes(&self, table: &mut TableFact, name: &str, constraint: &Constraint, learned: Learned<'_>) {
        let columns: Vec<String> = constraint.columns.iter().map(|column| column.last().to_string()).collect();
        let suffix = match constraint.kind {
            ConstraintKind::PrimaryKey => "pkey".to_string(),
            ConstraintKind::Unique | ConstraintKind::Index => format!("{}_key", columns.join("_")),
            ConstraintKind::ForeignKey => format!("{}_fkey", columns.join("_")),
            _ => "check".to_string(),
        };
        let own = constraint.name.as_ref().map_or_else(|| format!("{name}_{suffix}"), |name| name.last().to_string());
        let indexed =
            matches!(constraint.kind, ConstraintKind::PrimaryKey | ConstraintKind::Unique | ConstraintKind::Index);
        if indexed {
            table.indexes.insert(own.clone(), columns.clone());
            table.special.extend(learned.special(constraint.extent).map(|special| (own.clone(), special)));
        }
        if constraint.kind == ConstraintKind::PrimaryKey {
            for column in &columns {
                table.columns.entry(column.clone()).or_default().not_null = true;
            }
        }
        let not_null = match (&constraint.expression, constraint.kind) {
            (_, ConstraintKind::NotNull) => columns.first().cloned(),
            (Some(expression), _) => expression.words.first().filter(|word| expression.is_not_null_of(word)).cloned(),
            _ => None,
        };
        let fact = ConstraintFact {
            kind: constraint.kind,
            valid: !constraint.not_valid,
            transaction: learned.transaction,
            columns,
            not_null,
            references: constraint.references.as_ref().map(|reference| key(&reference.table)),
            unseen: false,
            conditions: constraint
                .expression
                .as_ref()
                .map(|check| learned.conditions(check.extent))
                .unwrap_or_default(),
            file: self.file,
        };
        table.constraints.insert(own, fact);
    }

    fn index(&mut self, index: &CreateIndex, special: Option<Special>) {
        let columns: Vec<String> = index.columns.iter().flatten().map(|name| name.last().to_string()).collect();
        let table = self.key(&index.table);
        let table = self.tables.entry(table).or_default();
        let name = index.name.as_ref().map(|name| name.last().to_string());
        let name = name.unwrap_or_else(|| format!("{}_{}_idx", index.table.last(), columns.join("_")));
        table.indexes.insert(name.clone(), if index.partial { Vec::new() } else { columns });
        table.special.extend(special.map(|special| (name.clone(), special)));
        let namespace = index.table.namespace().filter(|namespace| *namespace != "public");
        self.made.extend(namespace.map(|namespace| format!("{namespace}.{name}")));
        self.made.insert(name);
    }

    fn rename(&mut self, from: &Name, to: &Name) {
        if let Some(table) = self.tables.remove(&self.key(from)) {
            let mut to = to.clone();
            if let (1, Some(namespace)) = (to.parts.len(), from.namespace()) {
                to.parts.insert(0, namespace.to_string());
            }
            self.tables.insert(key(&to), table);
        }
    }

    fn alter(&mut self, alter: &Alter, learned: Learned<'_>) {
        for action in &alter.actions {
            match &action.action {
                Action::AddValue { value, .. } => drop(self.values.insert(value.clone())),
                Action::Rename(to) if self.is_made(&alter.name) => {
                    let to = Name { parts: renamed(&alter.name, to), extent: to.extent };
                    self.made.insert(key(&to));
                }
                _ => {}
            }
        }
        if alter.object != "TABLE" {
            return;
        }
        let own = self.key(&alter.name);
        let mut table = self.tables.remove(&own).unwrap_or_default();
        let mut name = alter.name.clone();
        for action in &alter.actions {
            self.act(&mut table, &mut name, &action.action, learned);
            let exclusive = locks_everybody(&action.action);
            if learned.transaction.is_some() && exclusive && table.file != self.file {
                self.locked.entry(own.clone()).or_insert_with(|| "ALTER TABLE".to_string());
            }
        }
        let known = if name.parts == alter.name.parts { own } else { key(&name) };
        self.tables.insert(known, table);
    }

    fn act(&self, table: &mut TableFact, name: &mut Name, action: &Action, learned: Learned<'_>) {
        match action {
            Action::AddColumn { column, .. } => self.column_comes(table, name.last(), column, learned),
            Action::DropColumn { column, .. } => {
                table.columns.remove(column.last());
                table.order.retain(|name| name != column.last());
            }
            Action::AddConstraint(constraint) => self.constraint_comes(table, name.last(), constraint, learned),
            Action::ValidateConstraint(constraint) => {
                let unseen = ConstraintFact { unseen: true, file: self.file, ..ConstraintFact::default() };
                table.constraints.entry(constraint.last().to_string()).or_insert(unseen).valid = true;
            }
            Action::DropConstraint { name: Some(constraint), .. } => {
                table.constraints.remove(constraint.last());
                drop_index(table, constraint.last());
            }
            Action::RenameColumn { from, to } => {
                if let Some(column) = table.columns.remove(from.last()) {
                    table.columns.insert(to.last().to_string(), column);
                }
                if let Some(name) = table.order.iter_mut().find(|name| *name == from.last()) {
                    *name = to.last().to_string();
                }
            }
            Action::Redefine { from, column } => {
                let file = table.columns.remove(from.last()).map_or(self.file, |column| column.file);
                self.column_comes(table, name.last(), column, learned);
                table.columns.entry(column.name.last().to_string()).or_default().file = file;
            }
            Action::AlterColumn { column, change } => {
                let column = table.columns.entry(column.last().to_string()).or_default();
                match change {
                    ColumnChange::Type { ty, .. } => column.ty = Some(ty.clone()),
                    ColumnChange::SetDefault(default) => column.has_default = is_value(default),
                    ColumnChange::DropDefault => column.has_default = false,
                    ColumnChange::SetNotNull => column.not_null = true,
                    ColumnChange::DropNotNull => column.not_null = false,
                    _ => {}
                }
            }
            Action::Rename(to) => *name = Name { parts: renamed(name, to), extent: name.extent },
            Action::SetSchema(to) => {
                name.parts = vec![to.last().to_string(), name.last().to_string()];
            }
            _ => {}
        }
    }
}

fn is_value(default: &Expression) -> bool {
    default.form != ExpressionForm::Null
}

fn renamed(from: &Name, to: &Name) -> Vec<String> {
    let namespace = to.namespace().or(from.namespace());
    namespace.into_iter().chain([to.last()]).map(String::from).collect()
}

fn drop_index(table: &mut TableFact, name: &str) {
    table.indexes.remove(name);
    table.special.remove(name);
}

/// It takes `ACCESS EXCLUSIVE` on its table.
pub fn locks_everybody(action: &Action) -> bool {
    match action {
        Action::AddConstraint(constraint) => constraint.kind != ConstraintKind::ForeignKey,
        Action::ValidateConstraint(_) | Action::AttachPartition(_) | Action::Fires { .. } => false,
        Action::DetachPartition { concurrently, .. } => !concurrently,
        Action::Other | Action::ReplicaIdentity { .. } => false,
        _ => true,
    }
}
