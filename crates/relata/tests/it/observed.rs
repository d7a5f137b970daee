//! What is told of statements: tags, traces, places, plans, spans.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use relata::{Db, PoolOptions, Result, sql, transaction};
use relata_schema::Dialect;
use relata_testkit::TestDatabase;

const ALL: [Dialect; 3] = [Dialect::Sqlite, Dialect::Postgres, Dialect::Mysql];
const TRACE: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

/// A database of one connection.
async fn open(dialect: Dialect) -> (Db, TestDatabase) {
    let database = TestDatabase::create(dialect).await;
    let options = PoolOptions { max_connections: 1, ..crate::setup::patient() };
    (Db::open_with(&database.url().expose(), options).await.unwrap(), database)
}

#[tokio::test]
async fn tags_and_traces_reach_the_server() -> Result<()> {
    for (dialect, own) in [
        (Dialect::Postgres, "SELECT query FROM pg_stat_activity WHERE pid = pg_backend_pid()"),
        (Dialect::Mysql, "SELECT info FROM information_schema.processlist WHERE id = CONNECTION_ID()"),
    ] {
        let (db, _database) = open(dialect).await;
        let mut tagged = db.tagged("route", "/orders").tagged("action", "*/ DROP TABLE x");
        let seen: String = sql(own, ()).one(&mut tagged).await?;
        assert!(seen.ends_with("/*action='%2A%2F%20DROP%20TABLE%20x',route='%2Forders'*/"), "{seen}");
        let seen: String = sql(own, ()).one(&mut tagged.traced(TRACE)).await?;
        assert!(seen.contains(&format!("traceparent='{TRACE}'")), "{seen}");
        let seen: String = transaction!(tagged, |tx| { sql(own, ()).one(&mut tx).await })?;
        assert!(seen.contains("route='%2Forders'"), "{seen}");
        // The connection is the same, and says nothing of the handle before.
        let seen: String = sql(own, ()).one(&mut db.clone()).await?;
        assert!(!seen.contains("/*"), "{seen}");
        let seen: String = sql(own, ()).one(&mut db.traced("not a trace")).await?;
        assert!(!seen.contains("/*"), "{seen}");
    }
    Ok(())
}

#[tokio::test]
async fn a_slow_statement_is_kept_with_its_plan_and_tags() -> Result<()> {
    for dialect in ALL {
        let (mut db, _database) = open(dialect).await;
        db.batch("CREATE TABLE notes (n int, text varchar(20))").await?;
        db.log_slow(Duration::ZERO);
        db.log_slow_plans(true);
        let count: i64 =
            sql("SELECT COUNT(*) FROM notes WHERE n > ?", (7,)).one(&mut db.tagged("route", "/notes")).await?;
        assert_eq!(count, 0);
        let slow = db.slow_statements().pop().unwrap();
        assert_eq!(slow.text, "SELECT COUNT(*) FROM notes WHERE n > ?");
        assert_eq!(slow.tags.as_deref(), Some("/*route='%2Fnotes'*/"));
        let plan = slow.plan.unwrap();
        let expected = match dialect {
            Dialect::Sqlite => "SCAN notes",
            Dialect::Postgres => "Seq Scan on notes",
            Dialect::Mysql if crate::setup::is_mysql(&mut db).await => "Table scan on notes",
            Dialect::Mysql => "notes  ALL",
        };
        assert!(plan.contains(expected), "{plan}");
        // Once a minute is enough.
        sql::<i64>("SELECT COUNT(*) FROM notes WHERE n > ?", (8,)).one(&mut db).await?;
        assert_eq!(db.slow_statements().pop().unwrap().plan, None);
        // What happens in a transaction is not put at risk, and nothing is run twice.
        transaction!(db, |tx| { sql::<()>("INSERT INTO notes VALUES (1, 'a')", ()).exec(&mut tx).await })?;
        assert_eq!(sql::<i64>("SELECT COUNT(*) FROM notes", ()).one(&mut db).await?, 1);
    }
    Ok(())
}

#[tokio::test]
async fn the_line_that_asks_is_told() -> Result<()> {
    let (db, _database) = open(Dialect::Sqlite).await;
    db.log_slow(Duration::ZERO);
    let line = line!() + 1;
    let mut here = db.here();
    sql::<i64>("SELECT 1", ()).one(&mut here).await?;
    let tags = db.slow_statements().pop().unwrap().tags.unwrap();
    assert!(tags.contains(&format!("observed.rs%3A{line}'")), "{tags}");
    // Whoever waits in vain is told who holds the connection.
    let (mut other, options) =
        (db.within(Duration::from_millis(50)), relata::executor::Executor::begin(&mut here, Default::default()));
    let held = options.await?;
    let error = relata::executor::Executor::begin(&mut other, Default::default()).await.err().unwrap();
    assert!(error.to_string().contains(&format!("observed.rs:{line}:")), "{error}");
    drop(held);
    Ok(())
}

/// Keeps the fields of spans.
#[derive(Clone, Default)]
struct Spans(Arc<Mutex<Vec<String>>>);

impl tracing::field::Visit for Spans {
    fn record_debug(&mut self, field: &tracing::field::Field, value: &dyn std::fmt::Debug) {
        self.0.lock().unwrap().push(format!("{field}={value:?}"));
    }
}

impl tracing::Subscriber for Spans {
    fn enabled(&self, metadata: &tracing::Metadata<'_>) -> bool {
        metadata.target() == "relata::statement"
    }

    fn new_span(&self, span: &tracing::span::Attributes<'_>) -> tracing::span::Id {
        span.record(&mut self.clone());
        tracing::span::Id::from_u64(1)
    }

    fn record(&self, _: &tracing::span::Id, values: &tracing::span::Record<'_>) {
        values.record(&mut self.clone());
    }

    fn record_follows_from(&self, _: &tracing::span::Id, _: &tracing::span::Id) {}
    fn event(&self, _: &tracing::Event<'_>) {}
    fn enter(&self, _: &tracing::span::Id) {}
    fn exit(&self, _: &tracing::span::Id) {}
}

#[tokio::test]
async fn spans_have_the_names_of_opentelemetry() -> Result<()> {
    let (db, database) = open(Dialect::Postgres).await;
    let spans = Spans::default();
    // With a single subscriber, whichever thread comes to a span first settles for all threads whether it is recorded,
    // and those of the other tests have none. With two, each is asked.
    let _second = tracing::Dispatch::new(spans.clone());
    let _guard = tracing::subscriber::set_default(spans.clone());
    let _ = sql::<i64>("SELECT 'secret', missing FROM nowhere", ()).one(&mut db.traced(TRACE)).await.unwrap_err();
    let fields = spans.0.lock().unwrap().join("\n");
    let url = database.url();
    for expected in [
        "otel.kind=\"client\"",
        "otel.name=\"SELECT\"",
        "db.system.name=\"postgresql\"",
        &format!("db.namespace=\"{}\"", url.database),
        "db.operation.name=\"SELECT\"",
        "db.query.text=\"SELECT ?, missing FROM nowhere\"",
        "db.response.status_code=\"42P01\"",
        "error.type=\"R0402\"",
        &format!("server.address=\"{}\"", url.host()),
        &format!("server.port={}", url.port()),
        &format!("relata.traceparent=\"{TRACE}\""),
    ] {
        assert!(fields.contains(expected), "{expected} is missing:\n{fields}");
    }
    assert!(!fields.contains("secret"), "{fields}");
    Ok(())
}
