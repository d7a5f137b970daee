//! The part of the table that is about connections.

use super::capabilities::{Capability, Claim, Test};

const POOL: &str = "crates/relata/tests/it/pool.rs";
const FAILURES: &str = "crates/relata-testkit/tests/it/failures.rs";
const TENDING: &str = "crates/relata-testkit/tests/it/tending.rs";
const POSTGRES: &str = "crates/relata-testkit/tests/it/cluster/postgres.rs";
const MARIADB: &str = "crates/relata-testkit/tests/it/cluster/mariadb.rs";
const TLS_DISCOVERY: &str = "crates/relata-testkit/tests/it/tls/discovery.rs";
const ROTATION: &str = "crates/relata-testkit/tests/it/tls/rotation.rs";
const POOLER: &str = "crates/relata-testkit/tests/it/pooler.rs";
const OBSERVED: &str = "crates/relata/tests/it/observed.rs";
const PATRONI: &str = "crates/relata-testkit/tests/it/cluster/patroni.rs";
const GALERA: &str = "crates/relata-testkit/tests/it/cluster/galera.rs";
const DISCOVERY: &str = "crates/relata-runtime/src/discovery.rs";
const HEALTH: &str = "crates/relata-cli/tests/it/health.rs";
const SECRET: &str = "crates/relata-runtime/src/secret.rs";
const TLS_POSTGRES: &str = "crates/relata-testkit/tests/it/tls/postgres.rs";
const TLS_MARIADB: &str = "crates/relata-testkit/tests/it/tls/mariadb.rs";

const QUEUE: &[Test] = &[
    (POOL, "a_thousand_tasks_on_ten_connections_are_served_in_order"),
    (POOL, "who_waits_in_vain_is_told_who_holds_the_connections"),
    (POOL, "a_leak_is_reported_with_the_place_that_borrowed"),
    (POOL, "a_minimum_is_kept_and_old_connections_go"),
    ("crates/relata-runtime/src/pool.rs", "lifetimes_are_spread_over_a_tenth"),
    (POOL, "suspended_and_resumed"),
    (POOL, "a_borrowed_connection_of_an_older_epoch_is_closed_when_it_comes_back"),
    (POOL, "dropped_at_every_step_on_sqlite"),
    (POOL, "a_tenant_has_its_share_and_no_more"),
    (POOL, "sixteen_writers_of_two_processes_never_find_the_file_locked"),
    (POOL, "a_deadline_stops_a_statement_of_sqlite_while_it_runs"),
];
const QUEUE_POSTGRES: &[Test] = &[
    (POOL, "session_settings_do_not_leak_on_postgres"),
    (POOL, "a_deadline_stops_the_statement_on_postgres"),
    (FAILURES, "a_frozen_server_costs_deadlines_and_never_the_pool"),
    (POOLER, "statements_work_whichever_session_they_get"),
    (POOLER, "what_a_session_would_keep_is_refused"),
    (POOLER, "a_deadline_stops_the_statement_behind_the_pooler"),
];
const QUEUE_MARIADB: &[Test] = &[
    (POOL, "session_settings_do_not_leak_on_mariadb"),
    (POOL, "a_deadline_stops_the_statement_on_mariadb"),
    (FAILURES, "a_frozen_server_costs_deadlines_and_never_the_pool"),
];
const RECOVERY: &[Test] = &[
    (TENDING, "keepalive_finds_dead_connections_before_anybody_gets_one"),
    (TENDING, "what_has_rested_is_tested_before_it_is_lent"),
    (TENDING, "what_has_rested_for_too_long_is_closed"),
    (TENDING, "a_silent_server_is_told_to_those_who_wait_for_a_connection"),
    (FAILURES, "a_frozen_server_is_noticed_by_those_who_wait_without_a_deadline"),
    (FAILURES, "connections_cut_while_idle_are_noticed_or_replaced"),
    (FAILURES, "a_frozen_server_costs_deadlines_and_never_the_pool"),
    (FAILURES, "too_many_connections"),
];
const RETRY: &[Test] = &[
    (FAILURES, "a_cut_wire_is_in_doubt_once_and_then_mended"),
    (FAILURES, "a_statement_cut_inside_a_transaction_leaves_nothing_in_doubt"),
    (FAILURES, "an_outage_opens_the_breaker_which_refuses_at_once_and_closes_again"),
];
const RETRY_POSTGRES: &[Test] = &[
    (FAILURES, "a_commit_whose_answer_is_lost_is_resolved_where_it_is_retried"),
    (FAILURES, "a_commit_that_never_arrived_is_made_once"),
    (FAILURES, "a_statement_cut_inside_a_transaction_leaves_nothing_in_doubt"),
];
const BREAKER: &[Test] = &[
    (FAILURES, "an_outage_opens_the_breaker_which_refuses_at_once_and_closes_again"),
    (POOL, "a_long_queue_is_refused_and_a_cancelled_wait_leaves_nothing"),
];
const CONFIGURED: &[Test] = &[
    (POOL, "changed_settings_hold_without_a_restart_and_wrong_ones_are_refused"),
    ("crates/relata/src/config.rs", "what_is_wrong_is_said_with_its_line"),
];
const SECRETS: &[Test] = &[
    ("crates/relata/src/config.rs", "the_url_of_an_environment"),
    ("crates/relata/src/config.rs", "the_settings_of_its_pool"),
    (SECRET, "passwords_come_from_files_and_commands"),
];
const NO_NODES: &str = "a file has no nodes";

/// Rows of connections and of what is told about them.
pub const CONNECTIONS: &[Capability] = &[
    Capability {
        id: "C1",
        title: "Pool: fair queue, minimum, age, leak reports, limits per tenant, deadlines, statement cache",
        sqlite: Claim::Done(QUEUE),
        postgres: Claim::Done(QUEUE_POSTGRES),
        mysql: Claim::Done(QUEUE_MARIADB),
    },
    Capability {
        id: "C2",
        title: "Broken, silent and refused connections are noticed and replaced",
        sqlite: Claim::Missing("a file has no wire; locks are waited for"),
        postgres: Claim::Done(RECOVERY),
        mysql: Claim::Done(RECOVERY),
    },
    Capability {
        id: "C3",
        title: "Retry with full jitter and a budget, never of a write that may have happened",
        sqlite: Claim::Done(&[("crates/relata/tests/it/transactions.rs", "retries_run_the_block_again")]),
        postgres: Claim::Done(RETRY_POSTGRES),
        mysql: Claim::Done(RETRY),
    },
    Capability {
        id: "C4",
        title: "Reads over replicas by lag and load",
        sqlite: Claim::Missing(NO_NODES),
        postgres: Claim::Done(&[
            (POSTGRES, "reads_go_to_replicas_and_see_what_a_token_stands_for"),
            (POSTGRES, "a_frozen_replica_leaves_rotation_and_comes_back"),
            (POSTGRES, "a_replica_that_is_behind_is_not_read"),
            (POSTGRES, "a_replica_that_goes_up_and_down_is_damped"),
        ]),
        mysql: Claim::Done(&[(MARIADB, "reads_go_to_the_replica_and_see_what_a_token_stands_for")]),
    },
    Capability {
        id: "C5",
        title: "TLS verified against real servers; passwords from environment, file, command, token provider",
        sqlite: Claim::Missing("a file has no wire"),
        postgres: Claim::Done(&[
            (TLS_POSTGRES, "the_server_is_verified_as_sslmode_says"),
            (ROTATION, "a_password_that_is_rotated_under_load_on_postgres"),
            (ROTATION, "tokens_that_expire_under_load_on_postgres"),
            (SECRET, "passwords_come_from_files_and_commands"),
            (SECRET, "a_token_is_kept_until_it_is_refused"),
        ]),
        mysql: Claim::Done(&[
            (TLS_MARIADB, "the_server_is_verified_as_ssl_mode_says"),
            (ROTATION, "a_password_that_is_rotated_under_load_on_mariadb"),
            (ROTATION, "tokens_that_expire_under_load_on_mariadb"),
            (SECRET, "passwords_come_from_files_and_commands"),
            (SECRET, "a_token_is_kept_until_it_is_refused"),
        ]),
    },
    Capability {
        id: "C6",
        title: "Metrics: waiting, use, time-outs, lifetime, errors, breaker, statements, by node",
        sqlite: Claim::Done(&[(POOL, "a_leak_is_reported_with_the_place_that_borrowed")]),
        postgres: Claim::Done(&[(FAILURES, "an_outage_opens_the_breaker_which_refuses_at_once_and_closes_again")]),
        mysql: Claim::Done(&[(FAILURES, "an_outage_opens_the_breaker_which_refuses_at_once_and_closes_again")]),
    },
    Capability {
        id: "C7",
        title: "Circuit breaker, load shedding, reading without a primary",
        sqlite: Claim::Part(
            &[(POOL, "a_long_queue_is_refused_and_a_cancelled_wait_leaves_nothing")],
            "answers from a cache",
        ),
        postgres: Claim::Part(
            &[
                (FAILURES, "an_outage_opens_the_breaker_which_refuses_at_once_and_closes_again"),
                (POSTGRES, "without_a_primary_reads_go_on_and_writes_say_what_is_wrong"),
            ],
            "answers from a cache",
        ),
        mysql: Claim::Part(BREAKER, "answers from a cache"),
    },
    Capability {
        id: "C8",
        title: "Failover: the new primary is found, no acknowledged write is lost, none is written twice",
        sqlite: Claim::Missing(NO_NODES),
        postgres: Claim::Done(&[
            (POSTGRES, "a_killed_primary_loses_nothing_acknowledged_and_writes_nothing_twice"),
            (POSTGRES, "with_asynchronous_replication_nothing_is_written_twice"),
            (POSTGRES, "a_frozen_primary_is_replaced_and_not_believed_when_it_wakes"),
            (POSTGRES, "a_primary_whose_cable_is_pulled_is_replaced"),
            (POSTGRES, "a_primary_that_becomes_read_only_is_left_for_another"),
            (PATRONI, "patroni_names_the_nodes_and_its_failover_is_followed"),
            (DISCOVERY, "a_url_names_its_source"),
            (POSTGRES, "a_source_that_lies_or_goes_away_stops_nothing"),
            (POSTGRES, "a_primary_of_another_database_is_refused"),
            (TLS_DISCOVERY, "patroni_is_asked_by_https_and_verified"),
            ("crates/relata-runtime/src/discovery/srv.rs", "a_name_server_is_asked"),
        ]),
        mysql: Claim::Done(&[
            (MARIADB, "a_killed_primary_loses_nothing_acknowledged_and_writes_nothing_twice"),
            (MARIADB, "with_asynchronous_replication_nothing_is_written_twice"),
            (MARIADB, "a_frozen_primary_is_replaced_and_not_believed_when_it_wakes"),
            (MARIADB, "a_primary_whose_cable_is_pulled_is_replaced"),
            (MARIADB, "two_that_take_writes_are_told_apart"),
            (MARIADB, "a_primary_that_stands_still_for_a_while_is_used_again"),
            (GALERA, "galera_names_its_nodes_and_one_takes_over"),
            (FAILURES, "an_idempotency_key_resolves_a_commit_and_allows_no_second"),
        ]),
    },
    Capability {
        id: "C9",
        title: "Read/write split with read-your-writes, by token across processes",
        sqlite: Claim::Done(&[("crates/relata-runtime/src/token.rs", "tokens_come_back_from_text")]),
        postgres: Claim::Done(&[(POSTGRES, "reads_go_to_replicas_and_see_what_a_token_stands_for")]),
        mysql: Claim::Done(&[(MARIADB, "reads_go_to_the_replica_and_see_what_a_token_stands_for")]),
    },
    Capability {
        id: "F2",
        title: "Environments, secrets from the environment, changed settings without restart",
        sqlite: Claim::Done(CONFIGURED),
        postgres: Claim::Done(SECRETS),
        mysql: Claim::Done(SECRETS),
    },
    Capability {
        id: "F5",
        title: "Health of every part in one call",
        sqlite: Claim::Done(&[
            (HEALTH, "databases_that_are_well"),
            (HEALTH, "pending_migrations_are_told"),
            (HEALTH, "the_disk_and_the_age_of_the_newest_backup_are_told"),
        ]),
        postgres: Claim::Done(&[
            (HEALTH, "databases_that_are_well"),
            (HEALTH, "what_cannot_be_reached_ends_with_1_in_time"),
            (HEALTH, "a_database_that_can_only_be_read_ends_with_3"),
            (HEALTH, "a_node_that_is_down_is_shown"),
            (FAILURES, "health_keeps_its_deadline_with_a_frozen_server"),
        ]),
        mysql: Claim::Done(&[
            (HEALTH, "databases_that_are_well"),
            (HEALTH, "what_cannot_be_reached_ends_with_1_in_time"),
            (FAILURES, "health_keeps_its_deadline_with_a_frozen_server"),
        ]),
    },
    Capability {
        id: "F6",
        title: "Spans by OpenTelemetry's names, Prometheus metrics, slow statements with plan, tags and traces in the server's log",
        sqlite: Claim::Done(&[
            (OBSERVED, "a_slow_statement_is_kept_with_its_plan_and_tags"),
            (OBSERVED, "the_line_that_asks_is_told"),
        ]),
        postgres: Claim::Done(&[
            (OBSERVED, "tags_and_traces_reach_the_server"),
            (OBSERVED, "a_slow_statement_is_kept_with_its_plan_and_tags"),
            (OBSERVED, "spans_have_the_names_of_opentelemetry"),
        ]),
        mysql: Claim::Done(&[
            (OBSERVED, "tags_and_traces_reach_the_server"),
            (OBSERVED, "a_slow_statement_is_kept_with_its_plan_and_tags"),
        ]),
    },
];
