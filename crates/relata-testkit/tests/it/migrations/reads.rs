//! A rollback reads of the catalogue what it needs, however much comes back.

use relata_runtime::migrate::{Reason, Rollback, Runner, Shelve, Taken};
use relata_schema::statistics::TableStatistics;
use relata_schema::{Dialect, Schema};
use relata_sql::driver::{
    Answer, BulkInsert, Connection, Cursor, Done, IntrospectOptions, RowSink, ServerInfo, Statement, TransactionOptions,
};

use super::{Case, block_on};

/// A connection that counts how often the whole schema was read, and how often that of some tables.
struct Counting {
    connection: Box<dyn Connection>,
    whole: usize,
    some: usize,
}

impl Connection for Counting {
    fn dialect(&self) -> Dialect {
        self.connection.dialect()
    }

    fn server(&self) -> &ServerInfo {
        self.connection.server()
    }

    fn execute<'a>(&'a mut self, statement: Statement<'a>) -> Answer<'a, Done> {
        self.connection.execute(statement)
    }

    fn query<'a>(&'a mut self, statement: Statement<'a>, sink: &'a mut dyn RowSink) -> Answer<'a, ()> {
        self.connection.query(statement, sink)
    }

    fn open_cursor<'a>(&'a mut self, statement: Statement<'a>) -> Answer<'a, Box<dyn Cursor + 'a>> {
        self.connection.open_cursor(statement)
    }

    fn batch<'a>(&'a mut self, script: &'a str) -> Answer<'a, ()> {
        self.connection.batch(script)
    }

    fn bulk_insert<'a>(&'a mut self, insert: BulkInsert<'a>) -> Answer<'a, u64> {
        self.connection.bulk_insert(insert)
    }

    fn begin<'a>(&'a mut self, options: TransactionOptions) -> Answer<'a, ()> {
        self.connection.begin(options)
    }

    fn in_transaction(&self) -> bool {
        self.connection.in_transaction()
    }

    fn introspect<'a>(&'a mut self, options: &'a IntrospectOptions) -> Answer<'a, Schema> {
        *(if options.tables.is_empty() { &mut self.whole } else { &mut self.some }) += 1;
        self.connection.introspect(options)
    }

    fn statistics(&mut self) -> Answer<'_, Vec<TableStatistics>> {
        self.connection.statistics()
    }

    fn is_broken(&self) -> bool {
        self.connection.is_broken()
    }

    fn reset(&mut self) -> Answer<'_, ()> {
        self.connection.reset()
    }

    fn ping(&mut self) -> Answer<'_, ()> {
        self.connection.ping()
    }

    fn close(self: Box<Self>) -> Answer<'static, ()> {
        self.connection.close()
    }
}

/// Drops that many tables and as many columns, and takes it back. Gives the reads of the way back.
async fn reads(dialect: Dialect, count: usize) -> (usize, usize) {
    let mut case = Case::new(dialect).await;
    let tables: Vec<String> = (0..count).map(|number| format!("t{number:02}")).collect();
    let of = |text: &str| tables.iter().map(|table| text.replace("{t}", table)).collect::<Vec<_>>().join("\n");
    let create = of("CREATE TABLE {t} (id integer NOT NULL PRIMARY KEY, x integer);");
    let rows = of("INSERT INTO {t} VALUES (1, 10); ALTER TABLE base ADD COLUMN {t} integer; UPDATE base SET {t} = 5;");
    let base = "CREATE TABLE base (id integer NOT NULL PRIMARY KEY);\nINSERT INTO base VALUES (1);";
    case.write("20260101000000_aaaaaa_all", &format!("{base}\n{create}\n{rows}"), "");
    case.apply().await.unwrap();
    let again = of("ALTER TABLE base ADD COLUMN {t} integer;");
    let up = of("DROP TABLE {t};\nALTER TABLE base DROP COLUMN {t};");
    case.write("20260102000000_bbbbbb_less", &up, &format!("{create}\n{again}"));
    let taken = |table: &str, column: Option<&String>| Taken {
        table: dialect.name(table),
        column: column.cloned(),
        narrowed: false,
        filled: false,
    };
    let all = tables.iter().flat_map(|table| [taken(table, None), taken("base", Some(table))]).collect();
    let shelve = Shelve { taken: all, reason: Reason::Preserve, renames: Vec::new() };
    case.runner.shelve.insert("20260102000000_bbbbbb".into(), shelve);
    case.apply().await.unwrap();
    let migrations = case.migrations();
    let mut counting = Counting { connection: case.database.connect().await, whole: 0, some: 0 };
    let runner = Runner { who: "ann@test".into(), ..Runner::default() };
    runner.rollback(&mut counting, &migrations, &Rollback::Steps(1), &mut |_| {}).await.unwrap();
    for table in &tables {
        assert_eq!(case.count(&format!("SELECT count(*) FROM {table} WHERE x = 10")).await, 1);
        assert_eq!(case.count(&format!("SELECT count(*) FROM base WHERE {table} = 5")).await, 1);
    }
    (counting.whole, counting.some)
}

fn grows_with_what_comes_back_only(dialect: Dialect) {
    block_on(async {
        let (few, many) = (reads(dialect, 2).await, reads(dialect, 12).await);
        assert_eq!(few.0, many.0, "readings of the whole schema");
        assert!(few.0 <= 2, "{few:?}");
        assert!(many.1 <= 2 * 12 + 2, "{many:?}");
    });
}

#[test]
fn sqlite_reads_the_whole_schema_no_more_often_for_more() {
    grows_with_what_comes_back_only(Dialect::Sqlite);
}

#[test]
fn postgres_reads_the_whole_schema_no_more_often_for_more() {
    grows_with_what_comes_back_only(Dialect::Postgres);
}
