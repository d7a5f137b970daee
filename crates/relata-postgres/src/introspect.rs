//! The catalogue into a [`Schema`].
//!
//! About twenty queries for the whole database, most sent one behind the other without waiting, in one `REPEATABLE READ` and
//! read-only snapshot with an empty search path (names come qualified), UTC and ISO dates (constants in expressions come
//! the same from every server). Inside somebody's transaction the settings are put back afterwards.
//!
//! Of a large database, what is most is never kept as rows: columns, constraints, indexes and dependencies become part of
//! the schema as they come, one after the other.
//!
//! The objects of extensions, temporary tables and the system's own namespaces are left out, and so are subscriptions,
//! security labels, large objects, roles and tablespaces, which are not of one database or hold secrets.

mod catalogue;
mod constraints;
mod dependencies;
mod indexes;
mod objects;
mod others;
mod queries;
mod relations;
mod types;

use std::collections::HashMap;
use std::pin::Pin;

use futures_util::future::{try_join, try_join_all};
use relata_schema::model::{DefaultPrivileges, Grant, ObjectKey, ObjectName, Table};
use relata_schema::{Dialect, Schema};
use relata_sql::driver::{IntrospectOptions, ServerInfo};
use tokio_postgres::types::Type;
use tokio_postgres::{Client, Error, Row, RowStream};

use catalogue::{Class, PG_CLASS, Placed, TABLES, VIEWS, cell};
use dependencies::Places;
use queries::Queries;

const SETTINGS: &str = "SET LOCAL search_path TO ''; SET LOCAL datestyle TO 'ISO, MDY'; SET LOCAL intervalstyle TO \
                        'postgres'; SET LOCAL timezone TO 'UTC'; SET LOCAL extra_float_digits TO 1; \
                        SET LOCAL quote_all_identifiers TO off";

/// Reads the schema of the database that the client is connected to.
pub(crate) async fn read(
    client: &Client,
    server: &ServerInfo,
    own_transaction: bool,
    options: &IntrospectOptions,
) -> Result<Schema, Error> {
    let begin =
        if own_transaction { "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; " } else { "SAVEPOINT catalogue; " };
    let end = if own_transaction { "COMMIT" } else { "ROLLBACK TO catalogue; RELEASE catalogue" };
    // In the session of a pooler there may be statements of others under the names that the library gives.
    let forget = if server.pooled { "DEALLOCATE ALL; " } else { "" };
    client.batch_execute(&format!("{begin}{forget}{SETTINGS}")).await?;
    let queries = Queries::new(server.number, options);
    // Columns come last: when they do, everything is there that they belong to.
    let (answers, columns) = try_join(ask(client, &queries), coming(client, &queries.columns)).await?;
    let schema = Reading::new(&answers)?.schema(client, &queries, answers, columns).await;
    client.batch_execute(end).await?;
    let mut schema = schema?;
    schema.tables.retain(|table| !options.ignore_tables.contains(&table.name.name));
    let gone = |name: &ObjectName| options.ignore_tables.contains(&name.name);
    schema.sequences.retain(|sequence| !sequence.owned_by.as_ref().is_some_and(|(table, _)| gone(table)));
    schema.canonicalize();
    Ok(schema)
}

/// Gives back the room that lists of a table kept to grow.
fn give_back(table: &mut Table) {
    table.foreign_keys.shrink_to_fit();
    table.indexes.shrink_to_fit();
    table.uniques.shrink_to_fit();
    table.checks.shrink_to_fit();
    table.depends_on.shrink_to_fit();
    table.uses.shrink_to_fit();
}

const NO_PARAMETERS: [(&str, Type); 0] = [];

/// Rows as they come.
type Coming = Pin<Box<RowStream>>;

async fn coming(client: &Client, sql: &str) -> Result<Coming, Error> {
    client.query_typed_raw(sql, NO_PARAMETERS).await.map(Box::pin)
}

/// The rows of the queries whose answers are never large, or needed by others.
struct Answers {
    namespaces: Vec<Row>,
    extensions: Vec<Row>,
    types: Vec<Row>,
    ranges: Vec<Row>,
    classes: Vec<Row>,
    column_types: Vec<Row>,
    sequences: Vec<Row>,
    triggers: Vec<Row>,
    policies: Vec<Row>,
    routines: Vec<Row>,
    servers: Vec<Row>,
    others: Vec<Row>,
    comments: Vec<Row>,
    grants: Vec<Row>,
    default_privileges: Vec<Row>,
}

async fn ask(client: &Client, queries: &Queries) -> Result<Answers, Error> {
    let all = [
        &queries.namespaces,
        &queries.extensions,
        &queries.types,
        &queries.ranges,
        &queries.classes,
        &queries.column_types,
        &queries.sequences,
        &queries.triggers,
        &queries.policies,
        &queries.routines,
        &queries.servers,
        &queries.others,
        &queries.comments,
        &queries.grants,
        &queries.default_privileges,
    ];
    let one = |sql: &'_ String| {
        let sql = sql.clone();
        async move { client.query_typed(&sql, &[]).await }
    };
    let mut answers = try_join_all(all.into_iter().map(one)).await?.into_iter();
    let mut next = || answers.next().unwrap_or_default();
    Ok(Answers {
        namespaces: next(),
        extensions: next(),
        types: next(),
        ranges: next(),
        classes: next(),
        column_types: next(),
        sequences: next(),
        triggers: next(),
        policies: next(),
        routines: next(),
        servers: next(),
        others: next(),
        comments: next(),
        grants: next(),
        default_privileges: next(),
    })
}

/// What is looked up by oid while the schema is put together.
struct Reading {
    /// Tables, views, sequences, composites.
    classes: HashMap<u32, Class>,
    /// Named types, table row types and the arrays of both.
    types: HashMap<u32, ObjectKey>,
    /// Values of each enum, by the type's oid.
    enum_values: HashMap<u32, Vec<String>>,
    routines: HashMap<u32, ObjectKey>,
    /// Names of the columns of each relation, by their numbers less one; empty: dropped.
    columns: HashMap<u32, Vec<String>>,
    /// Names of indexes and the relation each belongs to.
    indexes: HashMap<u32, (String, u32)>,
    comments: HashMap<(u32, u32, i32), String>,
    grants: HashMap<(u32, u32, i32), Vec<Grant>>,
}

impl Reading {
    fn new(answers: &Answers) -> Result<Self, Error> {
        let mut reading = Reading {
            classes: HashMap::new(),
            types: HashMap::new(),
            enum_values: HashMap::new(),
            routines: HashMap::new(),
            columns: HashMap::new(),
            indexes: HashMap::new(),
            comments: HashMap::new(),
            grants: HashMap::new(),
        };
        reading.name_everything(answers)?;
        reading.keep_comments_and_grants(answers)?;
        Ok(reading)
    }

    async fn schema(
        &mut self,
        client: &Client,
        queries: &Queries,
        mut answers: Answers,
        columns: Coming,
    ) -> Result<Schema, Error> {
        let mut schema = Schema::new(Dialect::Postgres);
        self.namespaces(&answers, &mut schema)?;
        self.named_types(&answers, &mut schema)?;
        self.ranges(&answers, &mut schema)?;
        self.routines(&answers, &mut schema)?;
        self.servers(&answers, &mut schema)?;
        default_privileges(&answers, &mut schema)?;
        self.others(&answers, &mut schema)?;
        let is = |kinds: &[char]| self.classes.values().filter(|class| kinds.contains(&class.kind)).count();
        let mut tables = Placed::with_capacity(is(&TABLES));
        let mut views = Placed::with_capacity(is(&VIEWS));
        self.relations(&answers, &mut tables, &mut views)?;
        let types = self.column_types(&answers)?;
        self.columns(columns, types, &mut schema, &mut tables, &mut views).await?;
        self.sequences(&answers, &mut schema, &mut tables)?;
        answers.classes = Vec::new();
        let mut owners = self.owners(&answers)?;
        let constraints = coming(client, &queries.constraints).await?;
        let mut keys = self.constraints(constraints, &mut owners, &mut schema, &mut tables).await?;
        let indexes = coming(client, &queries.indexes).await?;
        self.indexes(indexes, &mut keys, &mut tables, &mut views).await?;
        drop(keys);
        self.triggers(&answers, &mut tables, &mut views)?;
        self.policies(&answers, &mut tables)?;
        let places = Places::new(&answers, &schema)?;
        let dependencies = coming(client, &queries.dependencies).await?;
        self.dependencies(dependencies, &owners, &places, &mut schema, &mut tables, &mut views).await?;
        tables.items.iter_mut().for_each(give_back);
        schema.tables = tables.items;
        schema.views = views.items;
        Ok(schema)
    }

    fn comment(&self, class: u32, oid: u32, sub: i32) -> Option<String> {
        self.comments.get(&(class, oid, sub)).cloned()
    }

    fn grants(&self, class: u32, oid: u32, sub: i32) -> Vec<Grant> {
        self.grants.get(&(class, oid, sub)).cloned().unwrap_or_default()
    }

    fn name_column(&mut self, relation: u32, number: i16, name: &str) {
        let names = self.columns.entry(relation).or_default();
        if let Ok(at) = usize::try_from(number - 1) {
            names.resize(names.len().max(at + 1), String::new());
            names[at] = name.to_string();
        }
    }

    fn column(&self, relation: u32, number: i16) -> String {
        let names = self.columns.get(&relation).map_or(&[][..], Vec::as_slice);
        usize::try_from(number - 1).ok().and_then(|at| names.get(at)).cloned().unwrap_or_default()
    }

    fn names(&self, relation: u32, numbers: &[i16]) -> Vec<String> {
        numbers.iter().map(|&number| self.column(relation, number)).collect()
    }

    fn relation(&self, oid: u32) -> Option<&ObjectName> {
        self.classes.get(&oid).map(|class| &class.name)
    }

    fn keep_comments_and_grants(&mut self, answers: &Answers) -> Result<(), Error> {
        for row in &answers.comments {
            self.comments.insert((cell(row, 0)?, cell(row, 1)?, cell(row, 2)?), cell(row, 3)?);
        }
        for row in &answers.grants {
            let (privilege, revoked): (String, bool) = (cell(row, 4)?, cell(row, 6)?);
            let privilege = if revoked { format!("NO {privilege}") } else { privilege };
            let grantable = !revoked && cell(row, 5)?;
            let grant = Grant { grantee: cell(row, 3)?, privilege, grantable };
            self.grants.entry((cell(row, 0)?, cell(row, 1)?, cell(row, 2)?)).or_default().push(grant);
        }
        Ok(())
    }
}

/// One row is one privilege.
fn default_privileges(answers: &Answers, schema: &mut Schema) -> Result<(), Error> {
    for row in &answers.default_privileges {
        let (role, namespace, objects): (String, String, String) = (cell(row, 0)?, cell(row, 1)?, cell(row, 2)?);
        let (privilege, revoked): (String, bool) = (cell(row, 4)?, cell(row, 6)?);
        let privilege = if revoked { format!("NO {privilege}") } else { privilege };
        let grant = Grant { grantee: cell(row, 3)?, privilege, grantable: !revoked && cell(row, 5)? };
        let same = |d: &&mut DefaultPrivileges| (&d.role, &d.namespace, &d.objects) == (&role, &namespace, &objects);
        match schema.default_privileges.iter_mut().find(same) {
            Some(found) => found.grants.push(grant),
            None => {
                let grants = vec![grant];
                schema.default_privileges.push(DefaultPrivileges { role, namespace, objects, grants });
            }
        }
    }
    Ok(())
}

/// The comment of a column of a relation.
fn column_comment(reading: &Reading, relation: u32, number: i16) -> Option<String> {
    reading.comment(PG_CLASS, relation, number.into())
}
