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

const DISK: &str = "crates/relata-testkit/tests/it/migrations/disk.rs";
const RENAME_SCORES: &str = "crates/relata-plan/src/rename/tests.rs";
const IDENTITY: &str = "crates/relata-cli/tests/it/identity.rs";
const RENAMES: &str = "crates/relata-cli/tests/it/renames.rs";
const BRANCHES: &str = "crates/relata-cli/tests/it/branches.rs";
const BREAKING: &[Test] = &[
    ("crates/relata-plan/src/breaking.rs", "every_break_says_what_fails_and_what_to_do"),
    ("crates/relata-plan/src/breaking.rs", "what_only_adds_breaks_nothing"),
];
const CONFORMANCE: &str = "crates/relata-testkit/src/conformance.rs";
const DATABASES: &str = "crates/relata-testkit/tests/it/databases.rs";
const HISTORY: &str = "crates/relata-testkit/tests/it/migrations/history.rs";
const FAILURE: &str = "crates/relata-testkit/tests/it/migrations/failure.rs";
const KILLED: &str = "crates/relata-testkit/tests/it/migrations/killed.rs";
const SHELF: &str = "crates/relata-testkit/tests/it/migrations/shelf.rs";
const RUNNERS: &str = "crates/relata-testkit/tests/it/migrations/runners.rs";
const TRAIL: &str = "crates/relata-testkit/tests/it/migrations/trail.rs";
const BROKEN: &str = "crates/relata-testkit/tests/it/migrations/broken.rs";
const TEAM: &str = "crates/relata-cli/tests/it/migrate_team.rs";
const LOSS: &[Test] = &[
    (TEAM, "nothing_is_lost_unsaid"),
    (TEAM, "what_is_preserved_comes_back"),
    (SHELF, "what_is_dropped_comes_back"),
    (SHELF, "what_is_narrowed_comes_back_where_nobody_changed_it"),
];
const ORDER: &[Test] = &[(TEAM, "two_branches_and_domains"), (TRAIL, "what_came_last_goes_first")];
const AUDIT: &[Test] = &[
    (TRAIL, "everything_is_noted"),
    (TRAIL, "what_is_written_by_hand_is_found"),
    (TEAM, "the_trail_is_shown_and_verified"),
    (TEAM, "metrics_are_left_in_a_file"),
];
const BACKUP: &[Test] = &[
    (SHELF, "a_failed_migration_loses_nothing"),
    (SHELF, "backups_are_few_and_purged"),
    (SHELF, "a_backup_is_put_back_when_a_migration_fails_in_the_middle"),
];
const SCRIPTS: &[Test] = &[(TEAM, "scripts_are_applied_when_they_change")];
const COMMAND: &str = "crates/relata-cli/tests/it/diff.rs";
const COMMAND_MIGRATE: &str = "crates/relata-cli/tests/it/migrate.rs";
const COMMAND_LINT: &str = "crates/relata-cli/tests/it/lint.rs";
const LINT: &str = "crates/relata-plan/src/lint/tests.rs";
const COMMAND_CONFIG: &str = "crates/relata-cli/tests/it/config.rs";
const SQLITE_ROUND_TRIP: &str = "crates/relata-sqlite/tests/it/round_trip.rs";
const SQLITE_PLANS: &str = "crates/relata-sqlite/tests/it/plans.rs";
const POSTGRES_PLAN: &str = "crates/relata-postgres/tests/it/plan.rs";
const POSTGRES_PAIRS: &str = "crates/relata-postgres/tests/it/pairs.rs";
const POSTGRES_ROUND_TRIP: &str = "crates/relata-postgres/tests/it/round_trip.rs";
const MYSQL_ROUND_TRIP: &str = "crates/relata-mysql/tests/it/round_trip.rs";
const MYSQL_PLANS: &str = "crates/relata-mysql/tests/it/migrate.rs";
const QUERIES: &str = "crates/relata/tests/it/queries.rs";
const PAGES: &str = "crates/relata/tests/it/pages.rs";
const MEMORY: &str = "crates/relata/tests/it/memory.rs";
const TABLES: &str = "crates/relata/tests/it/tables.rs";
const MISTAKES: &str = "crates/relata/tests/it/compile_fail.rs";
const WRITTEN: &str = "crates/relata/tests/it/written.rs";
const RELATIONS: &str = "crates/relata/tests/it/relations.rs";
const LOADING: &str = "crates/relata/tests/it/loading.rs";
const TRANSACTIONS: &str = "crates/relata/tests/it/transactions.rs";
const WRITES: &str = "crates/relata/tests/it/writes.rs";
const WIDE: &str = "crates/relata/tests/it/wide.rs";
const LOWER: &str = "crates/relata-entity/tests/it/lower.rs";
const WRITE_RUST: &str = "crates/relata-entity/tests/it/write.rs";

// Tests that run on each of the three databases.
const ERRORS: &[Test] = &[
    (CONFORMANCE, "violated_constraints"),
    (CONFORMANCE, "parameters_stay_secret"),
    (WRITES, "constraint_errors_name_entity_and_field"),
    (BROKEN, "a_mistake_on_line_40_is_shown"),
];
const ROLLBACK: &[Test] = &[
    (HISTORY, "apply_rollback_apply"),
    (HISTORY, "rollback_goes_so_far"),
    (HISTORY, "what_goes_is_counted_and_kept"),
    (KILLED, "applying_goes_on"),
    (KILLED, "what_was_cut_off_is_undone"),
    (KILLED, "rolling_back_goes_on"),
    (TEAM, "half_a_migration_is_finished_or_undone"),
    (TEAM, "what_was_there_before_half_a_migration_stays"),
];
const PROOF: &[Test] = &[(FAILURE, "proof_finds_what_does_not_hold"), (SAMPLE, "every_table_gets_rows")];
const LOCKS: &str = "crates/relata-testkit/tests/it/locks.rs";
const SAMPLE: &str = "crates/relata-testkit/tests/it/sample.rs";
const STATISTICS: &str = "crates/relata-testkit/tests/it/statistics.rs";
const SHADOWS: &str = "crates/relata-cli/tests/it/shadow.rs";
const PROOFS: &str = "crates/relata-cli/tests/it/proof.rs";
const TRANSACTION: &[Test] = &[
    (TRANSACTIONS, "nested_ones_are_savepoints"),
    (TRANSACTIONS, "a_cancelled_one_is_rolled_back"),
    (TRANSACTIONS, "a_panic_rolls_back"),
    (TRANSACTIONS, "retries_run_the_block_again"),
    (CONFORMANCE, "isolation_levels"),
];
const BUILDER: &[Test] = &[
    (MISTAKES, "mistakes_are_named"),
    (QUERIES, "filters_find_what_they_say"),
    (QUERIES, "groups_and_aggregates"),
    (QUERIES, "projections"),
    (WRITES, "updates_say_what_they_changed"),
    (WRITES, "upserts"),
];
const PAGING: &[Test] = &[
    (PAGES, "pages_meet_every_row_once"),
    (PAGES, "pages_go_back"),
    (PAGES, "pages_of_what_is_computed"),
    (PAGES, "streams_give_every_row"),
    (MEMORY, "whole_numbers_cost_nothing_and_streams_hold_a_portion"),
    (WRITES, "bulk_inserts_are_all_or_nothing"),
    (CONFORMANCE, "bulk_insert"),
    (CONFORMANCE, "independent_queries"),
    (QUERIES, "independent_queries_run_together"),
];
const REPOSITORY: &[Test] = &[
    (TABLES, "a_repository_does_the_usual"),
    (TABLES, "any_table_can_be_read"),
    (TABLES, "any_table_can_be_written"),
    (TABLES, "rows_come_with_those_of_other_tables"),
    (TABLES, "constraints_say_what_is_wrong"),
    (TABLES, "a_table_does_what_a_repository_does"),
    (TABLES, "a_write_says_which_rows"),
    (TABLES, "pages_of_a_table_miss_no_row"),
    (TABLES, "a_mark_of_deletion_is_taken_back_and_purged"),
];
const RELATION: &[Test] =
    &[(RELATIONS, "one_many_and_many_to_many"), (RELATIONS, "trees_and_nested_relations"), (WIDE, "trees_are_reached")];
const EAGER: &[Test] = &[
    (RELATIONS, "limits_hold_for_each_parent"),
    (RELATIONS, "the_number_of_statements_is_bounded"),
    (RELATIONS, "siblings_leave_together_on_postgres"),
    (LOADING, "the_cheaper_way_is_taken"),
    (LOADING, "either_way_gives_the_same_rows"),
];

/// Every capability that is begun.
pub const CAPABILITIES: &[Capability] = &[
    Capability {
        id: "F1",
        title: "One entry point: a URL, the environment, relata.toml, or embedded SQLite when nothing is given",
        sqlite: Claim::Done(&[(COMMAND_CONFIG, "the_url_is_the_options_then_the_environments")]),
        postgres: Claim::Done(&[(CONFORMANCE, "tells_its_server"), (QUERIES, "every_type_comes_back")]),
        mysql: Claim::Done(&[(CONFORMANCE, "tells_its_server"), (QUERIES, "every_type_comes_back")]),
    },
    Capability {
        id: "F3",
        title: "Structured errors: kind, stable code, SQLSTATE, table, column, constraint, entity, field, retryable or not, hints; no secrets",
        sqlite: Claim::Done(ERRORS),
        postgres: Claim::Done(ERRORS),
        mysql: Claim::Done(ERRORS),
    },
    Capability {
        id: "C10",
        title: "Transactions: nested by savepoint, isolation, retries, rolled back on cancellation and panic",
        sqlite: Claim::Done(TRANSACTION),
        postgres: Claim::Done(TRANSACTION),
        mysql: Claim::Done(TRANSACTION),
    },
    Capability {
        id: "Q1",
        title: "Typed queries, checked when compiling",
        sqlite: Claim::Done(BUILDER),
        postgres: Claim::Done(BUILDER),
        mysql: Claim::Done(BUILDER),
    },
    Capability {
        id: "Q5",
        title: "Pages by offset and by cursor, streams, bulk insert, independent queries together",
        sqlite: Claim::Done(PAGING),
        postgres: Claim::Done(PAGING),
        mysql: Claim::Done(PAGING),
    },
    Capability {
        id: "R1",
        title: "One to one, one to many, many to many with a junction table, self-reference",
        sqlite: Claim::Done(RELATION),
        postgres: Claim::Done(RELATION),
        mysql: Claim::Done(RELATION),
    },
    Capability {
        id: "R2",
        title: "Eager loading without N+1, filtered, ordered and limited per parent",
        sqlite: Claim::Done(EAGER),
        postgres: Claim::Done(EAGER),
        mysql: Claim::Done(EAGER),
    },
    Capability {
        id: "S1",
        title: "Declared in Rust; read from SQL files and live databases; written as SQL, Rust, JSON, Mermaid and a lock file",
        sqlite: Claim::Part(
            &[
                (SQLITE_ROUND_TRIP, "everything_sqlite_has"),
                (SQLITE_ROUND_TRIP, "chinook"),
                (SQLITE_ROUND_TRIP, "sakila"),
            ],
            "Prisma files",
        ),
        postgres: Claim::Part(
            &[(POSTGRES_ROUND_TRIP, "everything"), (POSTGRES_ROUND_TRIP, "chinook"), (POSTGRES_ROUND_TRIP, "sakila")],
            "Prisma files",
        ),
        mysql: Claim::Part(
            &[(MYSQL_ROUND_TRIP, "everything"), (MYSQL_ROUND_TRIP, "chinook"), (MYSQL_ROUND_TRIP, "sakila")],
            "Prisma files",
        ),
    },
    Capability {
        id: "S2",
        title: "Nullable and optional told apart; composite keys and indexes; cascades; naming conventions",
        sqlite: Claim::Done(&[
            (LOWER, "a_blog"),
            (LOWER, "names_stay_within_the_limit"),
            (QUERIES, "every_type_comes_back"),
        ]),
        postgres: Claim::Done(&[
            (LOWER, "a_blog"),
            (LOWER, "names_stay_within_the_limit"),
            (QUERIES, "every_type_comes_back"),
        ]),
        mysql: Claim::Done(&[
            (LOWER, "a_blog"),
            (LOWER, "names_stay_within_the_limit"),
            (QUERIES, "every_type_comes_back"),
        ]),
    },
    Capability {
        id: "S3",
        title: "Checks, unique combinations, foreign key options",
        sqlite: Claim::Done(&[
            (SQLITE_ROUND_TRIP, "everything_sqlite_has"),
            (WRITES, "rules_are_checked_before_sending"),
        ]),
        postgres: Claim::Done(&[(POSTGRES_ROUND_TRIP, "everything"), (WRITES, "rules_are_checked_before_sending")]),
        mysql: Claim::Done(&[(MYSQL_ROUND_TRIP, "everything"), (WRITES, "rules_are_checked_before_sending")]),
    },
    Capability {
        id: "S3",
        title: "Exclusion constraints",
        sqlite: Claim::Missing("the database has none"),
        postgres: Claim::Done(&[(POSTGRES_ROUND_TRIP, "everything")]),
        mysql: Claim::Missing("the database has none"),
    },
    Capability {
        id: "S9",
        title: "An existing database becomes Rust entities, which say the schema again",
        sqlite: Claim::Done(&[(WRITTEN, "sqlite_says_it_all"), (WRITTEN, "chinook_is_read_through_written_entities")]),
        postgres: Claim::Done(&[(WRITTEN, "postgres_says_it_all"), (WRITE_RUST, "postgres_says_more")]),
        mysql: Claim::Done(&[(WRITTEN, "mysql_says_it_all"), (WRITE_RUST, "writing_undoes_lowering")]),
    },
    Capability {
        id: "M1",
        title: "A migration from the difference of any two sources; applying it leaves no difference",
        sqlite: Claim::Done(&[
            (COMMAND, "applying_the_difference_leaves_none_on_sqlite"),
            (SQLITE_PLANS, "everything_to_nothing_and_back"),
        ]),
        postgres: Claim::Done(&[(COMMAND, "applying_the_difference_leaves_none_on_postgres")]),
        mysql: Claim::Done(&[
            (COMMAND, "applying_the_difference_leaves_none_on_mariadb"),
            (MYSQL_PLANS, "everything_comes_and_goes"),
        ]),
    },
    Capability {
        id: "M1",
        title: "Objects beyond tables change in use, in both directions: types, servers, publications, operators, owners, …",
        sqlite: Claim::Missing("the database has none of them"),
        postgres: Claim::Done(&[
            (POSTGRES_PAIRS, "pairs_0"),
            (POSTGRES_PAIRS, "pairs_1"),
            (POSTGRES_PAIRS, "pairs_2"),
            (POSTGRES_PAIRS, "pairs_3"),
        ]),
        mysql: Claim::Missing("the database has none of them"),
    },
    Capability {
        id: "M1",
        title: "Plans under which others go on reading and writing (`--online`)",
        sqlite: Claim::Missing("one writer at a time: nothing is online"),
        postgres: Claim::Done(&[(POSTGRES_PAIRS, "online_forms_arrive_too")]),
        mysql: Claim::Missing("the server chooses: what can be instant or in place is"),
    },
    Capability {
        id: "M3",
        title: "Roll back one, many, or to a version, also what was killed at any statement; what would be lost is said before, and kept",
        sqlite: Claim::Done(ROLLBACK),
        postgres: Claim::Done(ROLLBACK),
        mysql: Claim::Done(ROLLBACK),
    },
    Capability {
        id: "M7",
        title: "A step that loses data is refused unless its file names it; preserved, and brought back by the rollback",
        sqlite: Claim::Done(LOSS),
        postgres: Claim::Done(LOSS),
        mysql: Claim::Done(LOSS),
    },
    Capability {
        id: "M7",
        title: "A DELETE, TRUNCATE or UPDATE of every row is such a loss too",
        sqlite: Claim::Done(&[(TEAM, "rows_are_not_lost_unsaid")]),
        postgres: Claim::Done(&[(TEAM, "rows_are_not_lost_unsaid")]),
        mysql: Claim::Done(&[(TEAM, "rows_are_not_lost_unsaid")]),
    },
    Capability {
        id: "M8",
        title: "Order by the graph: parents, and what one domain needs of another",
        sqlite: Claim::Done(ORDER),
        postgres: Claim::Done(ORDER),
        mysql: Claim::Done(ORDER),
    },
    Capability {
        id: "M14",
        title: "A trail of who, when, what, digest, duration and rows of each statement, outcome; tampering is found",
        sqlite: Claim::Done(AUDIT),
        postgres: Claim::Done(AUDIT),
        mysql: Claim::Done(AUDIT),
    },
    Capability {
        id: "M20",
        title: "A backup before what takes something away; what fails where no transaction helps is undone",
        sqlite: Claim::Done(BACKUP),
        postgres: Claim::Done(BACKUP),
        mysql: Claim::Done(BACKUP),
    },
    Capability {
        id: "M23",
        title: "Repeatable scripts by domain, applied when they change, in the order of their needs",
        sqlite: Claim::Done(SCRIPTS),
        postgres: Claim::Done(SCRIPTS),
        mysql: Claim::Done(SCRIPTS),
    },
    Capability {
        id: "M4",
        title: "Prove a plan on a shadow database, print the exact SQL",
        sqlite: Claim::Done(PROOF),
        postgres: Claim::Done(PROOF),
        mysql: Claim::Done(PROOF),
    },
    Capability {
        id: "M4",
        title: "Locks and rewrites are seen on the shadow, also of what runs outside of transactions, and held against the prediction",
        sqlite: Claim::Done(&[(LOCKS, "sqlite_rebuilds_are_as_predicted")]),
        postgres: Claim::Done(&[
            (LOCKS, "postgres_locks_are_as_predicted"),
            (LOCKS, "postgres_locks_of_online_plans_are_as_predicted"),
            (LOCKS, "postgres_locks_outside_of_transactions_are_seen"),
        ]),
        mysql: Claim::Done(&[(LOCKS, "mysql_locks_are_as_predicted"), (LOCKS, "mysql_locks_of_whole_tables_are_seen")]),
    },
    Capability {
        id: "M9",
        title: "Impact of pending migrations: rows, bytes, locks, who waits, about how long, from live statistics",
        sqlite: Claim::Done(&[(STATISTICS, "tables_have_sizes"), (PROOFS, "sqlite_says_what_applying_means")]),
        postgres: Claim::Done(&[(STATISTICS, "tables_have_sizes"), (PROOFS, "postgres_says_what_applying_means")]),
        mysql: Claim::Done(&[(STATISTICS, "tables_have_sizes"), (PROOFS, "mysql_says_what_applying_means")]),
    },
    Capability {
        id: "M4",
        title: "A protected environment applies only what is proved, from where its history stands, and undoes drift only so",
        sqlite: Claim::Done(&[
            (PROOFS, "sqlite_protected_applies_only_what_is_proved"),
            (PROOFS, "sqlite_protected_drift_is_undone_by_what_is_proved"),
        ]),
        postgres: Claim::Done(&[
            (PROOFS, "postgres_protected_applies_only_what_is_proved"),
            (PROOFS, "postgres_protected_drift_is_undone_by_what_is_proved"),
        ]),
        mysql: Claim::Done(&[
            (PROOFS, "mysql_protected_applies_only_what_is_proved"),
            (PROOFS, "mysql_protected_drift_is_undone_by_what_is_proved"),
        ]),
    },
    Capability {
        id: "M4",
        title: "Shadows are kept as templates by digest; data is copied without a superuser; `apply --prove`",
        sqlite: Claim::Part(
            &[(PROOFS, "sqlite_is_proved_on_demand")],
            "templates are not needed: a shadow in memory takes milliseconds",
        ),
        postgres: Claim::Done(&[
            (SHADOWS, "templates_are_found_by_digest_and_go_when_there_are_many"),
            (PROOFS, "postgres_copies_data_without_a_superuser"),
            (PROOFS, "postgres_is_proved_on_demand"),
        ]),
        mysql: Claim::Part(
            &[(PROOFS, "mysql_is_proved_on_demand")],
            "MariaDB copies no databases: migrations are replayed",
        ),
    },
    Capability {
        id: "M4",
        title: "Proofs stand in the history with who, server, rows and digest; a pending migration without one is refused under the lock",
        sqlite: Claim::Done(&[
            (PROOFS, "sqlite_protected_applies_only_what_is_proved"),
            (TRAIL, "only_what_was_proved_is_applied_and_noted"),
        ]),
        postgres: Claim::Done(&[
            (PROOFS, "postgres_protected_applies_only_what_is_proved"),
            (TRAIL, "only_what_was_proved_is_applied_and_noted"),
        ]),
        mysql: Claim::Done(&[
            (PROOFS, "mysql_protected_applies_only_what_is_proved"),
            (TRAIL, "only_what_was_proved_is_applied_and_noted"),
        ]),
    },
    Capability {
        id: "M4",
        title: "A protected environment is known by where a URL leads, however it is written",
        sqlite: Claim::Done(&[(PROOFS, "sqlite_is_protected_by_any_url")]),
        postgres: Claim::Done(&[(PROOFS, "postgres_is_protected_by_any_url")]),
        mysql: Claim::Done(&[(PROOFS, "mysql_is_protected_by_any_url")]),
    },
    Capability {
        id: "M20",
        title: "A full disk during a migration: the statement is named, nothing is half-done unsaid, the next apply finishes",
        sqlite: Claim::Done(&[(BROKEN, "a_full_disk_changes_nothing")]),
        postgres: Claim::Done(&[(DISK, "a_full_disk_postgres")]),
        mysql: Claim::Done(&[(DISK, "a_full_disk_mysql")]),
    },
    Capability {
        id: "M4",
        title: "Proofs spare the roles of the server: what they make goes with the shadow, what is there is left alone",
        sqlite: Claim::Missing("it has no roles"),
        postgres: Claim::Done(&[(PROOFS, "postgres_roles_are_spared")]),
        mysql: Claim::Done(&[(PROOFS, "mysql_roles_are_spared")]),
    },
    Capability {
        id: "S10",
        title: "Compare across dialects: views, routines and triggers are named, neither translated nor dropped",
        sqlite: Claim::Done(&[(COMMAND, "postgres_keeps_its_views_across_dialects")]),
        postgres: Claim::Done(&[(COMMAND, "postgres_keeps_its_views_across_dialects")]),
        mysql: Claim::Done(&[(COMMAND, "mysql_keeps_its_views_across_dialects")]),
    },
    Capability {
        id: "M4",
        title: "What the shadow's server lacks is named and left out, the rest is proved; protected environments accept it by name",
        sqlite: Claim::Missing("not needed: the shadow is the same library as the target"),
        postgres: Claim::Done(&[(PROOFS, "postgres_names_what_the_shadow_lacks")]),
        mysql: Claim::Done(&[(PROOFS, "mysql_names_what_the_shadow_lacks")]),
    },
    Capability {
        id: "M2",
        title: "A rename is seen before it is planned as drop and add: declared, by identity, by score, asked",
        sqlite: Claim::Done(&[
            (RENAME_SCORES, "one_renamed_column_among_eleven_edits_is_seen"),
            (RENAMES, "sqlite_renames_with_the_rows"),
            (RENAMES, "sqlite_values_of_a_list_keep_their_rows"),
        ]),
        postgres: Claim::Done(&[
            (RENAMES, "postgres_renames_with_the_rows"),
            (RENAMES, "postgres_renames_types_values_sequences_and_views"),
        ]),
        mysql: Claim::Done(&[
            (RENAMES, "mysql_renames_with_the_rows"),
            (RENAMES, "mysql_values_of_inline_enums_keep_their_rows"),
        ]),
    },
    Capability {
        id: "M2",
        title: "Constraints, indexes, triggers, policies and routines that only get another name are renamed in place",
        sqlite: Claim::Missing("its names are part of CREATE: what is called otherwise is made anew"),
        postgres: Claim::Done(&[(POSTGRES_PLAN, "names_of_members_and_routines_change_in_place")]),
        mysql: Claim::Part(
            &[(IDENTITY, "every_kind_of_object_on_mariadb")],
            "indexes only: constraints, views, triggers and routines are made anew",
        ),
    },
    Capability {
        id: "M5",
        title: "A pooler that lends sessions out is found before a migration lock is trusted to it",
        sqlite: Claim::Missing("there are none"),
        postgres: Claim::Done(&[(RUNNERS, "a_pooler_of_transactions_is_refused")]),
        mysql: Claim::Missing("no pooler of MariaDB is looked for"),
    },
    Capability {
        id: "M5",
        title: "Branches: two heads are found, joined when both orders are proved to give the same, explained otherwise",
        sqlite: Claim::Done(&[
            (BRANCHES, "sqlite_branches_are_joined"),
            (BRANCHES, "what_does_not_fit_is_explained_and_planned_anew"),
            (BRANCHES, "rows_that_depend_on_the_order_are_seen"),
            (TEAM, "three_branches_are_joined"),
        ]),
        postgres: Claim::Done(&[(BRANCHES, "postgres_branches_are_joined"), (TEAM, "three_branches_are_joined")]),
        mysql: Claim::Done(&[(BRANCHES, "mysql_branches_are_joined"), (TEAM, "three_branches_are_joined")]),
    },
    Capability {
        id: "M6",
        title: "Changes that break a running application are listed, with what fails and the safe way",
        sqlite: Claim::Done(BREAKING),
        postgres: Claim::Done(BREAKING),
        mysql: Claim::Done(BREAKING),
    },
    Capability {
        id: "M22",
        title: "Adopt an existing database, detect drift, repair the history",
        sqlite: Claim::Done(&[
            (COMMAND_MIGRATE, "sqlite_baseline"),
            (BRANCHES, "sqlite_drift_is_adopted_or_undone"),
            (HISTORY, "edited_and_missing_files_are_named"),
        ]),
        postgres: Claim::Done(&[
            (COMMAND_MIGRATE, "postgres_baseline"),
            (BRANCHES, "postgres_drift_is_adopted_or_undone"),
            (HISTORY, "edited_and_missing_files_are_named"),
        ]),
        mysql: Claim::Done(&[
            (COMMAND_MIGRATE, "mysql_baseline"),
            (BRANCHES, "mysql_drift_is_adopted_or_undone"),
            (HISTORY, "edited_and_missing_files_are_named"),
        ]),
    },
    Capability {
        id: "M21",
        title: "Lint: what blocks, breaks or loses is said before it runs; sizes and rows of the database count; SARIF, GitHub, JSON",
        sqlite: Claim::Done(&[
            (LINT, "each_rule_is_documented_and_its_examples_hold"),
            (LINT, "what_is_safe_is_no_hazard"),
            (LINT, "hazards_are_found_in_any_spelling"),
            (COMMAND_LINT, "rows_decide_on_sqlite"),
            (COMMAND_LINT, "the_rules_are_listed_and_the_form_for_code_scanning_is_whole"),
        ]),
        postgres: Claim::Done(&[
            (LINT, "each_rule_is_documented_and_its_examples_hold"),
            (LINT, "what_is_safe_is_no_hazard"),
            (LINT, "hazards_are_found_in_any_spelling"),
            (COMMAND_LINT, "rows_decide_on_postgres"),
            (COMMAND_LINT, "the_rules_are_listed_and_the_form_for_code_scanning_is_whole"),
        ]),
        mysql: Claim::Done(&[
            (LINT, "each_rule_is_documented_and_its_examples_hold"),
            (LINT, "what_is_safe_is_no_hazard"),
            (LINT, "hazards_are_found_in_any_spelling"),
            (COMMAND_LINT, "rows_decide_on_mysql"),
            (COMMAND_LINT, "the_rules_are_listed_and_the_form_for_code_scanning_is_whole"),
        ]),
    },
    Capability {
        id: "A1",
        title: "Repositories: create, find, change, page; for entities and for any table",
        sqlite: Claim::Done(REPOSITORY),
        postgres: Claim::Done(REPOSITORY),
        mysql: Claim::Done(REPOSITORY),
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
