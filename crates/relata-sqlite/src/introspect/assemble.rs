//! Rows and texts into the model.

use std::collections::HashMap;

use relata_schema::dialect::sqlite::keys;
use relata_schema::dialect::sqlite::parse::{self, NOT_NULL_UNSAID, ON_CONFLICT, TableText};
use relata_schema::dialect::sqlite::{print, token, types};
use relata_schema::model::{
    Action, Column, ForeignKey, Index, IndexPart, Key, ObjectKey, ObjectKind, ObjectName, Table, TableOptions, Trigger,
    View,
};
use relata_schema::types::SharedTypes;
use relata_schema::{Dialect, Schema};

use super::rows::{Catalogue, ColumnRow, ForeignKeyRow, IndexRow, Object, PartRow};

/// The schema of a whole catalogue.
pub(super) fn schema(mut catalogue: Catalogue, ignore: &[String]) -> Schema {
    let objects = std::mem::take(&mut catalogue.objects);
    let mut schema = Schema::new(Dialect::Sqlite);
    let index_texts: HashMap<&str, &str> =
        of_kind(&objects, "index").map(|o| (o.name.as_str(), o.sql.as_str())).collect();
    let mut types = SharedTypes::new(types::read);
    for object in of_kind(&objects, "table") {
        if !catalogue.is_system(object, ignore) {
            schema.tables.push(catalogue.table(object, &index_texts, &mut types));
        }
    }
    schema.views = of_kind(&objects, "view").map(|object| catalogue.view(object)).collect();
    triggers(&mut schema, &objects);
    respell_foreign_keys(&mut schema);
    dependencies(&mut schema);
    schema.canonicalize();
    schema
}

fn of_kind<'a>(objects: &'a [Object], kind: &'a str) -> impl Iterator<Item = &'a Object> {
    objects.iter().filter(move |object| object.kind == kind)
}

impl Catalogue {
    fn is_system(&self, object: &Object, ignore: &[String]) -> bool {
        let shadow = self.tables.get(&object.name).is_some_and(|table| table.kind == "shadow");
        let reserved = object.name.get(..7).is_some_and(|start| start.eq_ignore_ascii_case("sqlite_"));
        shadow || reserved || ignore.contains(&object.name)
    }

    fn table(&mut self, object: &Object, index_texts: &HashMap<&str, &str>, types: &mut SharedTypes) -> Table {
        let text = parse::table(&object.sql);
        let rows = self.columns.remove(&object.name).unwrap_or_default();
        let options = self.tables.get(&object.name);
        let mut table = Table {
            name: ObjectName::bare(&object.name),
            columns: columns(&rows, &text, types),
            options: TableOptions {
                strict: options.is_some_and(|row| row.strict),
                without_rowid: options.is_some_and(|row| row.without_rowid),
                virtual_using: text.using.clone(),
                ..TableOptions::default()
            },
            ..Table::default()
        };
        if text.using.is_some() {
            return table;
        }
        table.primary_key = primary_key(&rows, &text, table.options.without_rowid);
        never_null(&mut table);
        let mut indexes = self.indexes.remove(&object.name).unwrap_or_default();
        // The pragma lists the newest first; those of keys are numbered, and stand elsewhere with ON CONFLICT REPLACE.
        indexes.reverse();
        indexes.sort_by_key(|row| row.name.strip_prefix("sqlite_autoindex_")?.rsplit('_').next()?.parse::<u32>().ok());
        let mut named: Vec<Key> = text.uniques.clone();
        let mut found: Vec<Key> = Vec::new();
        for row in &indexes {
            let parts = self.parts.remove(&row.name).unwrap_or_default();
            match row.origin.as_str() {
                "c" => {
                    let sql = index_texts.get(row.name.as_str()).copied().unwrap_or("");
                    table.indexes.push(index(row, &parts, sql, &table.columns));
                }
                "u" => {
                    table.uniques.push(unique(&parts, &mut named, &table.columns));
                    found.extend(table.uniques.last().cloned());
                }
                _ => found.extend(table.primary_key.clone()),
            }
        }
        keys::note_places(&mut table, &found);
        table.foreign_keys = foreign_keys(self.foreign_keys.remove(&object.name).unwrap_or_default(), &text);
        table.checks = text.checks;
        table
    }

    fn view(&mut self, object: &Object) -> View {
        let rows = self.columns.remove(&object.name).unwrap_or_default();
        View {
            name: ObjectName::bare(&object.name),
            query: object.sql.clone(),
            columns: rows.into_iter().map(|row| (row.name, types::read(&row.declared))).collect(),
            ..View::default()
        }
    }
}

fn columns(rows: &[ColumnRow], text: &TableText, types: &mut SharedTypes) -> Vec<Column> {
    let mut out = Vec::with_capacity(rows.len());
    for row in rows.iter().filter(|row| row.hidden != 1) {
        let mut column = Column {
            name: row.name.clone(),
            ty: types.read(&row.declared),
            not_null: row.not_null,
            default: row.default.clone(),
            ..Column::default()
        };
        if let Some(text) = text.columns.iter().find(|column| column.name == row.name) {
            column.collation = text.collation.clone().filter(|name| !name.eq_ignore_ascii_case("binary"));
            column.generated = text.generated.clone().map(Box::new);
            column.parameters =
                text.on_conflict.iter().map(|clause| (ON_CONFLICT.to_string(), clause.clone())).collect();
        }
        column.auto_increment = text.auto_increment && row.key == 1;
        out.push(column);
    }
    out
}

/// The spelling of the column itself.
fn respell(name: &str, columns: &[Column]) -> String {
    let found = columns.iter().find(|column| column.name.eq_ignore_ascii_case(name));
    found.map_or_else(|| name.to_string(), |column| column.name.clone())
}

fn primary_key(rows: &[ColumnRow], text: &TableText, without_rowid: bool) -> Option<Key> {
    let mut keyed: Vec<&ColumnRow> = rows.iter().filter(|row| row.key > 0).collect();
    keyed.sort_by_key(|row| row.key);
    let written = text.primary_key.as_ref();
    let part = |row: &&ColumnRow| {
        let found = written.and_then(|key| key.parts.iter().find(|p| p.column.eq_ignore_ascii_case(&row.name)));
        // As a table constraint, DESC on what becomes the row number means nothing.
        let row_number = keyed.len() == 1 && row.declared.eq_ignore_ascii_case("integer") && !without_rowid;
        IndexPart {
            descending: found.is_some_and(|p| p.descending) && (!row_number || text.primary_key_inline),
            collation: found.and_then(|p| p.collation.clone()),
            ..IndexPart::column(&row.name)
        }
    };
    let mut parts: Vec<IndexPart> = keyed.iter().map(part).collect();
    // A column stands in it twice, by another collation perhaps.
    if let Some(written) = written.filter(|written| written.parts.len() > parts.len()) {
        let name = |part: &IndexPart| keyed.iter().find(|row| row.name.eq_ignore_ascii_case(&part.column));
        let respelt = written.parts.iter().filter_map(|part| Some((part, name(part)?.name.clone())));
        parts = respelt.map(|(part, column)| IndexPart { column, ..part.clone() }).collect();
    }
    let named = written.map(|key| (key.name.clone(), key.parameters.clone()));
    let (name, parameters) = named.unwrap_or_default();
    (!parts.is_empty()).then(|| Key { name, parts, parameters, ..Key::default() })
}

/// The row number is never NULL, whether `NOT NULL` is written or not: both are one schema.
fn never_null(table: &mut Table) {
    let Some(key) = table.primary_key.as_ref().filter(|_| !table.options.without_rowid) else { return };
    let [part] = key.parts.as_slice() else { return };
    let is_unsaid = |column: &&mut Column| {
        let row_number = column.ty.physical.eq_ignore_ascii_case("integer") && !part.descending;
        column.name == part.column && row_number && !column.not_null
    };
    if let Some(column) = table.columns.iter_mut().find(is_unsaid) {
        column.not_null = true;
        column.parameters.push((NOT_NULL_UNSAID.to_string(), String::new()));
    }
}

/// The collation of a part, if it is not that of its column.
fn own_collation(row: &PartRow, columns: &[Column]) -> Option<String> {
    let column = row.column.as_ref().and_then(|name| columns.iter().find(|column| &column.name == name));
    let default = column.and_then(|column| column.collation.as_deref()).unwrap_or("BINARY");
    (row.collation != default).then(|| row.collation.clone())
}

fn unique(rows: &[PartRow], written: &mut Vec<Key>, columns: &[Column]) -> Key {
    let part = |row: &PartRow| IndexPart {
        descending: row.descending,
        collation: own_collation(row, columns),
        ..IndexPart::column(row.column.clone().unwrap_or_default())
    };
    let parts: Vec<IndexPart> = rows.iter().map(part).collect();
    let same = |key: &Key| {
        key.parts.len() == parts.len() && key.columns().zip(&parts).all(|(a, b)| a.eq_ignore_ascii_case(&b.column))
    };
    let found = written.iter().position(same).map(|at| written.remove(at)).unwrap_or_default();
    Key { parts, name: found.name, parameters: found.parameters, ..Key::default() }
}

fn index(row: &IndexRow, parts: &[PartRow], sql: &str, columns: &[Column]) -> Index {
    let text = parse::index(sql);
    let part = |(at, row): (usize, &PartRow)| {
        // That of an expression may come from within.
        let (column, written) = (row.column.clone(), text.parts.get(at).cloned().unwrap_or_default());
        IndexPart {
            collation: if column.is_some() { own_collation(row, columns) } else { written.collation },
            expression: written.expression.filter(|_| column.is_none()),
            column: column.unwrap_or_default(),
            descending: row.descending,
            ..IndexPart::default()
        }
    };
    let verbatim = text.predicate.is_some().then(|| (print::STATEMENT.to_string(), without_end_comment(sql)));
    Index {
        name: row.name.clone(),
        unique: row.unique,
        parts: parts.iter().enumerate().map(part).collect(),
        predicate: text.predicate,
        parameters: verbatim.into_iter().collect(),
        ..Index::default()
    }
}

/// A comment after the last word would be lost when a script is cut into statements.
fn without_end_comment(sql: &str) -> String {
    let end = token::tokens(sql).last().map_or(0, token::Token::end);
    sql[..end].to_string()
}

/// The pragma counts from the last key back to the first, and tells neither names nor deferral.
fn foreign_keys(rows: Vec<ForeignKeyRow>, text: &TableText) -> Vec<ForeignKey> {
    let mut keys: Vec<ForeignKey> = Vec::new();
    let mut last = None;
    for row in rows {
        if last != Some(row.id) {
            last = Some(row.id);
            keys.push(ForeignKey {
                references: ObjectName::bare(&row.table),
                on_delete: action(&row.on_delete),
                on_update: action(&row.on_update),
                ..ForeignKey::default()
            });
        }
        if let Some(key) = keys.last_mut() {
            key.columns.push(row.from);
            key.referenced_columns.extend(row.to);
        }
    }
    keys.reverse();
    if keys.len() == text.foreign_keys.len() {
        for (key, written) in keys.iter_mut().zip(&text.foreign_keys) {
            key.name = written.name.clone();
            key.deferral = written.deferral.clone();
            key.matching = written.matching;
        }
    }
    keys
}

fn action(word: &str) -> Action {
    match word {
        "CASCADE" => Action::Cascade,
        "RESTRICT" => Action::Restrict,
        "SET NULL" => Action::SetNull,
        "SET DEFAULT" => Action::SetDefault,
        _ => Action::NoAction,
    }
}

/// Foreign keys may name tables and columns in any case, and leave out the columns of the other table's key.
fn respell_foreign_keys(schema: &mut Schema) {
    let spelled: HashMap<String, (String, Vec<String>, Vec<String>)> = schema
        .tables
        .iter()
        .map(|table| {
            let columns = table.columns.iter().map(|column| column.name.clone()).collect();
            let key = table.primary_key.iter().flat_map(Key::columns).map(str::to_string).collect();
            (table.name.name.to_ascii_lowercase(), (table.name.name.clone(), columns, key))
        })
        .collect();
    for table in &mut schema.tables {
        let own = table.columns.clone();
        for key in &mut table.foreign_keys {
            key.columns.iter_mut().for_each(|column| *column = respell(column, &own));
            if let Some((name, columns, primary_key)) = spelled.get(&key.references.name.to_ascii_lowercase()) {
                let written: Vec<String> =
                    std::iter::once(&key.references.name).chain(&key.referenced_columns).cloned().collect();
                key.references.name.clone_from(name);
                if key.referenced_columns.is_empty() && primary_key.len() == key.columns.len() {
                    key.referenced_columns.clone_from(primary_key);
                    key.columns_unsaid = true;
                }
                for column in &mut key.referenced_columns {
                    let found = columns.iter().find(|other| other.eq_ignore_ascii_case(column));
                    found.into_iter().for_each(|name| column.clone_from(name));
                }
                let said = if key.columns_unsaid { &[] } else { key.referenced_columns.as_slice() };
                if !std::iter::once(name).chain(said).eq(&written) {
                    key.written = written;
                }
            }
        }
    }
}

fn triggers(schema: &mut Schema, objects: &[Object]) {
    for object in of_kind(objects, "trigger") {
        let trigger = Trigger { name: object.name.clone(), definition: object.sql.clone(), ..Trigger::default() };
        let table = schema.tables.iter_mut().find(|table| table.name.name.eq_ignore_ascii_case(&object.table));
        let view = schema.views.iter_mut().find(|view| view.name.name.eq_ignore_ascii_case(&object.table));
        match (table, view) {
            (Some(table), _) => table.triggers.push(trigger),
            (None, Some(view)) => view.triggers.push(trigger),
            (None, None) => {}
        }
    }
}

/// What views read: every table and view whose name stands in their text.
fn dependencies(schema: &mut Schema) {
    let keys: HashMap<String, ObjectKey> = schema
        .tables
        .iter()
        .map(|table| ObjectKey::of(ObjectKind::Table, &table.name))
        .chain(schema.views.iter().map(|view| ObjectKey::of(ObjectKind::View, &view.name)))
        .map(|key| (key.name.name.to_ascii_lowercase(), key))
        .collect();
    for view in &mut schema.views {
        let names = token::tokens(&view.query);
        let names = names.iter().filter(|token| matches!(token.kind, token::Kind::Word | token::Kind::Quoted));
        let found = names.filter_map(|token| keys.get(&token.name().to_ascii_lowercase()));
        view.depends_on = found.filter(|key| key.name != view.name).cloned().collect();
    }
}
