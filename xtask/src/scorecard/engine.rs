//! The rest of the migration engine: what people and machines get wrong, CI, progress, and what is not there.

use super::capabilities::{Capability, Claim, Test};

const BRANCHES: &str = "crates/relata-cli/tests/it/branches.rs";
const BROKEN: &str = "crates/relata-testkit/tests/it/migrations/broken.rs";
const COMMAND: &str = "crates/relata-cli/tests/it/migrate.rs";
const COMMAND_KILLED: &str = "crates/relata-cli/tests/it/killed.rs";
const DIFF: &str = "crates/relata-cli/tests/it/diff.rs";
const DISK: &str = "crates/relata-testkit/tests/it/migrations/disk.rs";
const HISTORY: &str = "crates/relata-testkit/tests/it/migrations/history.rs";
const IDENTITY: &str = "crates/relata-cli/tests/it/identity.rs";
const INSPECT: &str = "crates/relata-cli/tests/it/inspect.rs";
const LINT: &str = "crates/relata-cli/tests/it/lint.rs";
const RENAMES: &str = "crates/relata-cli/tests/it/renames.rs";
const RUNNERS: &str = "crates/relata-testkit/tests/it/migrations/runners.rs";
const STATISTICS: &str = "crates/relata-testkit/tests/it/statistics.rs";
const TEAM: &str = "crates/relata-cli/tests/it/migrate_team.rs";
const TRAIL: &str = "crates/relata-testkit/tests/it/migrations/trail.rs";
const WAITING: &str = "crates/relata-testkit/tests/it/migrations/waiting.rs";

const FILES: &[Test] = &[
    (HISTORY, "edited_and_missing_files_are_named"),
    (COMMAND, "contradictions_are_named"),
    (TEAM, "two_branches_and_domains"),
];
const CI: &[Test] = &[(TEAM, "ci_has_one_command"), (TEAM, "all_migrations_are_tested")];
const WAITED: &[Test] = &[
    (WAITING, "a_lock_is_waited_for_and_tried_again"),
    (WAITING, "a_lock_that_stays_is_given_up"),
    (RUNNERS, "two_runners_apply_once"),
    (RUNNERS, "a_held_lock_is_named"),
];
const BY_HAND: &[Test] = &[
    (TRAIL, "what_is_written_by_hand_is_found"),
    (TRAIL, "what_came_last_goes_first"),
    (STATISTICS, "tables_have_sizes"),
    (COMMAND, "a_folder_that_is_not_there_is_no_success"),
];
const PROGRESS: Test = ("crates/relata-cli/src/commands/migrate/attend.rs", "the_rest_is_estimated_from_what_was_seen");

/// What the migration engine does besides.
pub const ENGINE: &[Capability] = &[
    Capability {
        id: "M2",
        title: "Edited, deleted and late files are found by the digest chain and named; the history is repaired with an entry in the trail",
        sqlite: Claim::Done(FILES),
        postgres: Claim::Done(FILES),
        mysql: Claim::Done(FILES),
    },
    Capability {
        id: "M2",
        title: "Who is who, for every kind of object and for values of enums: declared, by identity, by definition, asked",
        sqlite: Claim::Done(&[
            (IDENTITY, "every_kind_of_object_on_sqlite"),
            (RENAMES, "scripts_and_locks_declare_renames"),
            (RENAMES, "variants_say_what_they_were"),
        ]),
        postgres: Claim::Done(&[
            (IDENTITY, "every_kind_of_object_on_postgres"),
            (RENAMES, "postgres_renames_types_values_sequences_and_views"),
            (RENAMES, "a_stored_enum_says_what_its_type_was_called"),
        ]),
        mysql: Claim::Done(&[
            (IDENTITY, "every_kind_of_object_on_mariadb"),
            (RENAMES, "mysql_values_of_inline_enums_keep_their_rows"),
        ]),
    },
    Capability {
        id: "M10",
        title: "A digest of exactly what was proved is asked for in protected environments; approval by named people",
        sqlite: Claim::Missing("approval; the digest is: see M4"),
        postgres: Claim::Missing("approval; the digest is: see M4"),
        mysql: Claim::Missing("approval; the digest is: see M4"),
    },
    Capability {
        id: "M11",
        title: "A lock that others hold: who and with what is said, tried again with a limit, given up cleanly; of two runners one works",
        sqlite: Claim::Done(WAITED),
        postgres: Claim::Done(WAITED),
        mysql: Claim::Done(WAITED),
    },
    Capability {
        id: "M13",
        title: "How far a long statement is and how long the rest takes; stopped when asked, gone on after a kill",
        sqlite: Claim::Part(&[PROGRESS, (COMMAND_KILLED, "sqlite")], "the database tells no progress"),
        postgres: Claim::Done(&[PROGRESS, (COMMAND_KILLED, "postgres"), (COMMAND_KILLED, "postgres_stops_when_asked")]),
        mysql: Claim::Done(&[
            PROGRESS,
            (COMMAND_KILLED, "mysql_during_a_definition"),
            (COMMAND_KILLED, "mysql_during_data"),
            (COMMAND_KILLED, "mysql_stops_when_asked"),
        ]),
    },
    Capability {
        id: "M13",
        title: "The server goes away or the disk is full in the middle: what is half-done is said, and the next run finishes",
        sqlite: Claim::Done(&[(BROKEN, "a_full_disk_changes_nothing")]),
        postgres: Claim::Done(&[(BROKEN, "the_server_goes_away_postgres"), (DISK, "a_full_disk_postgres")]),
        mysql: Claim::Done(&[(BROKEN, "the_server_goes_away_mysql"), (DISK, "a_full_disk_mysql")]),
    },
    Capability {
        id: "M14",
        title: "A history changed by hand, a clock set back, tables never counted, a folder that is not there",
        sqlite: Claim::Done(BY_HAND),
        postgres: Claim::Done(BY_HAND),
        mysql: Claim::Done(BY_HAND),
    },
    Capability {
        id: "M5",
        title: "A session's lock that a pooler lost is noticed before anything runs twice",
        sqlite: Claim::Missing("there are no poolers"),
        postgres: Claim::Done(&[
            (BROKEN, "a_lock_that_a_pooler_lost_is_noticed"),
            (RUNNERS, "a_pooler_of_transactions_is_refused"),
        ]),
        mysql: Claim::Done(&[(BROKEN, "a_lock_that_a_proxy_lost_is_noticed")]),
    },
    Capability {
        id: "M21",
        title: "CI: `migrate check` (chain, lint, proof, drift, branches) and `migrate test` (up, down, up, also with seeds) in one command each",
        sqlite: Claim::Done(CI),
        postgres: Claim::Done(CI),
        mysql: Claim::Done(CI),
    },
    Capability {
        id: "M8",
        title: "Lint reads files of other tools in the order in which they run",
        sqlite: Claim::Done(&[(LINT, "files_of_other_tools_are_understood")]),
        postgres: Claim::Done(&[(LINT, "folders_of_migrations_are_read_as_they_run")]),
        mysql: Claim::Done(&[(LINT, "files_of_other_tools_are_understood")]),
    },
    Capability {
        id: "S6",
        title: "Views, routines, triggers, generated columns, sequences, partitions: read, planned in the order of their needs, undone",
        sqlite: Claim::Done(&[
            ("crates/relata-sqlite/tests/it/round_trip.rs", "everything_sqlite_has"),
            ("crates/relata-sqlite/tests/it/plans.rs", "a_rebuild_keeps_rows_counter_indexes_triggers_and_views"),
        ]),
        postgres: Claim::Done(&[
            ("crates/relata-postgres/tests/it/round_trip.rs", "everything"),
            ("crates/relata-postgres/tests/it/plan.rs", "known_traps"),
            ("crates/relata-postgres/tests/it/plan.rs", "a_table_becomes_a_partition_with_its_keys"),
        ]),
        mysql: Claim::Done(&[
            ("crates/relata-mysql/tests/it/round_trip.rs", "everything"),
            ("crates/relata-mysql/tests/it/migrate.rs", "views_routines_triggers_events_sequences"),
            ("crates/relata-mysql/tests/it/migrate.rs", "checks_partitions_and_history"),
        ]),
    },
    Capability {
        id: "S10",
        title: "Any two sources are compared: Rust, SQL, a lock file, migrations, live databases; drift is adopted or undone",
        sqlite: Claim::Done(&[
            (INSPECT, "every_kind_of_source_gives_the_same_schema"),
            (DIFF, "equal_schemas_print_nothing"),
            (BRANCHES, "sqlite_drift_is_adopted_or_undone"),
        ]),
        postgres: Claim::Done(&[
            (DIFF, "applying_the_difference_leaves_none_on_postgres"),
            (BRANCHES, "postgres_drift_is_adopted_or_undone"),
        ]),
        mysql: Claim::Done(&[
            (DIFF, "applying_the_difference_leaves_none_on_mariadb"),
            (BRANCHES, "mysql_drift_is_adopted_or_undone"),
        ]),
    },
];
