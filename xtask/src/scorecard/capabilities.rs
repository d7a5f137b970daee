//! The table: one entry per capability, one claim per database.

/// A test: the file, and the name of the function or case in it.
pub type Test = (&'static str, &'static str);

/// What is claimed for one database.
pub enum Claim {
    /// It works; these tests show it.
    Done(&'static [Test]),
    /// A part works, shown by these tests; the text says what does not.
    Part(&'static [Test], &'static str),
    /// It does not; the text says what happens instead.
    Missing(&'static str),
}

impl Claim {
    /// The tests behind it.
    pub fn tests(&self) -> &'static [Test] {
        match self {
            Claim::Done(tests) | Claim::Part(tests, _) => tests,
            Claim::Missing(_) => &[],
        }
    }

    /// The mark in the table.
    pub fn mark(&self) -> &'static str {
        match self {
            Claim::Done(_) => "✓",
            Claim::Part(..) => "◐",
            Claim::Missing(_) => "–",
        }
    }

    /// The tests, and what is not there.
    pub fn explain(&self) -> String {
        let tests = self.tests().iter().map(|(file, name)| format!("`{name}` in `{file}`"));
        let tests = tests.collect::<Vec<_>>().join(", ");
        match self {
            Claim::Done(_) => tests,
            Claim::Part(_, rest) => format!("{tests}. Not there: {rest}"),
            Claim::Missing(why) => format!("not there: {why}"),
        }
    }
}

/// A capability of the product.
pub struct Capability {
    /// Its id.
    pub id: &'static str,
    /// What it is.
    pub title: &'static str,
    /// On SQLite.
    pub sqlite: Claim,
    /// On PostgreSQL.
    pub postgres: Claim,
    /// On MariaDB.
    pub mysql: Claim,
}

const CONFORMANCE: &str = "crates/relata-testkit/src/conformance.rs";
const DATABASES: &str = "crates/relata-testkit/tests/it/databases.rs";
const HISTORY: &str = "crates/relata-testkit/tests/it/migrations/history.rs";
const FAILURE: &str = "crates/relata-testkit/tests/it/migrations/failure.rs";
const COMMAND_DIFF: &str = "crates/relata-cli/tests/it/diff.rs";
const SQLITE_ROUND_TRIP: &str = "crates/relata-sqlite/tests/it/round_trip.rs";
const MYSQL_ROUND_TRIP: &str = "crates/relata-mysql/tests/it/round_trip.rs";

const ERRORS: &[Test] = &[(CONFORMANCE, "violated_constraints"), (CONFORMANCE, "parameters_stay_secret")];
const ROLLBACK: &[Test] =
    &[(HISTORY, "apply_rollback_apply"), (HISTORY, "rollback_goes_so_far"), (HISTORY, "what_goes_is_counted_and_kept")];
const PROOF: &[Test] = &[(FAILURE, "proof_finds_what_does_not_hold")];

/// Every capability that is begun.
pub const CAPABILITIES: &[Capability] = &[
    Capability {
        id: "F3",
        title: "Structured errors: kind, stable code, SQLSTATE, what the database names, retryable or not, hints; no secrets",
        sqlite: Claim::Done(ERRORS),
        postgres: Claim::Done(ERRORS),
        mysql: Claim::Done(ERRORS),
    },
    Capability {
        id: "M1",
        title: "A migration from the difference of any two sources; applying it leaves no difference",
        sqlite: Claim::Done(&[(COMMAND_DIFF, "applying_the_difference_leaves_none_on_sqlite")]),
        postgres: Claim::Done(&[(COMMAND_DIFF, "applying_the_difference_leaves_none_on_postgres")]),
        mysql: Claim::Done(&[(COMMAND_DIFF, "applying_the_difference_leaves_none_on_mariadb")]),
    },
    Capability {
        id: "M3",
        title: "Roll back one, many, or to a version; what would be lost is said before, and kept",
        sqlite: Claim::Done(ROLLBACK),
        postgres: Claim::Done(ROLLBACK),
        mysql: Claim::Done(ROLLBACK),
    },
    Capability {
        id: "M4",
        title: "Prove a plan on a shadow database, print the exact SQL",
        sqlite: Claim::Done(PROOF),
        postgres: Claim::Done(PROOF),
        mysql: Claim::Done(PROOF),
    },
    Capability {
        id: "S1",
        title: "Declared in Rust; read from SQL files and live databases; written as SQL, Rust, JSON, Mermaid and a lock file",
        sqlite: Claim::Done(&[(SQLITE_ROUND_TRIP, "everything_sqlite_has"), (SQLITE_ROUND_TRIP, "chinook")]),
        postgres: Claim::Missing("the round trip is not tested"),
        mysql: Claim::Done(&[(MYSQL_ROUND_TRIP, "everything"), (MYSQL_ROUND_TRIP, "sakila")]),
    },
    Capability {
        id: "T6",
        title: "Test isolation: a database or a transaction of one's own per test, in milliseconds",
        sqlite: Claim::Done(&[(DATABASES, "sqlite_schema_in_each")]),
        postgres: Claim::Done(&[(DATABASES, "postgres_schema_in_each")]),
        mysql: Claim::Part(
            &[(DATABASES, "mysql_schema_in_each")],
            "templates: the schema is created for each database; the transaction that is rolled back is the fast way",
        ),
    },
];
