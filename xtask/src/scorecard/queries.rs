//! The part of the table that is about what queries can say.

use super::capabilities::{Capability, Claim, Test};

const WIDE: &str = "crates/relata/tests/it/wide.rs";
const JOINS: &str = "crates/relata/tests/it/joins.rs";
const TABLES: &str = "crates/relata/tests/it/tables.rs";
const WRITES: &str = "crates/relata/tests/it/writes.rs";
const SIMPLE: &str = "crates/relata/tests/it/queries.rs";

const ROWS: &str = "crates/relata/tests/it/rows.rs";

const STRUCTS: &[Test] =
    &[(ROWS, "an_expression_for_each_field"), (ROWS, "sql_by_names"), (ROWS, "what_does_not_fit_is_named")];
const WHOLE_SQL: &[Test] = &[
    (WIDE, "windows_number_and_compare_rows"),
    (WIDE, "values_depend_on_conditions"),
    (WIDE, "aggregates_of_some_rows"),
    (WIDE, "queries_inside_queries"),
    (WIDE, "sets_of_rows"),
    (WIDE, "the_first_of_each_group"),
    (WIDE, "trees_are_reached"),
    (WIDE, "rows_are_written_from_queries"),
    (WIDE, "locks_that_do_not_wait"),
    (WRITES, "changed_rows_come_back"),
];
const JOINING: &[Test] = &[
    (JOINS, "inner_and_left"),
    (JOINS, "right_full_and_cross"),
    (JOINS, "a_table_with_itself"),
    (JOINS, "queries_are_joined"),
    (JOINS, "relations_of_joined_tables"),
    (JOINS, "deleted_rows_stay_out_of_joins"),
    (JOINS, "groups_of_joined_rows"),
    (JOINS, "correlated_queries"),
    (JOINS, "the_first_of_each"),
    (JOINS, "rows_written_by_other_tables"),
];
const JOINING_LATERAL: &[Test] = &[
    (JOINS, "inner_and_left"),
    (JOINS, "right_full_and_cross"),
    (JOINS, "queries_are_joined"),
    (JOINS, "lateral_joins"),
    (JOINS, "correlated_queries"),
    (JOINS, "the_first_of_each"),
    (JOINS, "rows_written_by_other_tables"),
];
const NAMED: &[Test] = &[(JOINS, "named_queries"), (JOINS, "queries_that_read_themselves")];
const SUBTOTALS: &[Test] = &[(JOINS, "subtotals")];
const FUNCTIONS: &str = "crates/relata/tests/it/functions.rs";
const ALIKE: &str = "crates/relata/tests/it/alike.rs";
const PORTABLE: &[Test] = &[
    (FUNCTIONS, "functions_of_texts"),
    (FUNCTIONS, "functions_of_numbers"),
    (FUNCTIONS, "casts_between_types"),
    (FUNCTIONS, "dates_and_times"),
    (FUNCTIONS, "json_by_path"),
    (FUNCTIONS, "values_in_one"),
    (FUNCTIONS, "statistics_of_groups"),
    (ALIKE, "numbers_and_their_fractions"),
    (ALIKE, "decimals_are_divided_and_rounded"),
    (ALIKE, "moments_keep_their_microseconds"),
    (ALIKE, "values_that_stand_alone"),
    (ALIKE, "texts_of_json"),
    ("crates/relata/tests/it/alike/random.rs", "expressions_give_the_same_everywhere"),
];
const NATIVE: &[Test] = &[(FUNCTIONS, "native_functions"), (FUNCTIONS, "fragments_compose")];
const NATIVE_POSTGRES: &[Test] =
    &[(FUNCTIONS, "native_functions"), (FUNCTIONS, "fragments_compose"), (FUNCTIONS, "arrays_of_postgres")];
const UPSERT: &[Test] = &[
    (FUNCTIONS, "upserts_with_conditions"),
    (FUNCTIONS, "many_rows_come_back"),
    (WRITES, "many_rows_are_upserted"),
    (WRITES, "upserts_of_many_rows_are_all_or_nothing"),
    (WRITES, "a_row_is_found_or_inserted"),
    (WRITES, "an_upsert_is_of_the_key_that_it_names"),
    (WRITES, "new_values_come_from_the_row_as_it_was"),
];
const SEARCHES: &str = "crates/relata/tests/it/searches.rs";
const CONSTRUCTS: &str = "crates/relata/tests/it/constructs.rs";
const EVERY_CONSTRUCT: &[Test] =
    &[(CONSTRUCTS, "every_construct_side_by_side"), (CONSTRUCTS, "every_method_has_a_line")];
const TYPES: &str = "crates/relata/tests/it/types.rs";
const TYPED: &[Test] = &[
    (TYPES, "ends_of_every_type"),
    (TYPES, "outside_of_the_type"),
    (TYPES, "scalars"),
    (TYPES, "lengths_of_time"),
    (TYPES, "chrono_and_time"),
];
const TYPED_POSTGRES: &[Test] = &[
    (TYPES, "ends_of_every_type"),
    (TYPES, "outside_of_the_type"),
    (TYPES, "scalars"),
    (TYPES, "lengths_of_time"),
    (TYPES, "chrono_and_time"),
    (TYPES, "natives_of_postgres"),
];
const REAL: &str = "crates/relata/tests/it/real.rs";
const CANCELLED: &str = "crates/relata/tests/it/cancelled.rs";
const HOSTILE: &[Test] = &[
    (SEARCHES, "naughty_strings_are_values"),
    (SEARCHES, "mistakes_name_the_field_and_what_is_allowed"),
    (FUNCTIONS, "too_deep_is_refused"),
    (SEARCHES, "more_parameters_than_fit"),
    (CANCELLED, "sqlite_is_clean_or_gone"),
    (CANCELLED, "postgres_is_clean_or_gone"),
    (CANCELLED, "mysql_is_clean_or_gone"),
];
const PLANS: &str = "crates/relata/tests/it/plans.rs";
const PLANNED: &[Test] = &[
    (PLANS, "plans_are_trees"),
    (PLANS, "spills_to_disk_are_found"),
    (PLANS, "stale_statistics_are_found"),
    (PLANS, "analyzing_tells_what_happened"),
    (PLANS, "missing_indexes_are_found"),
    (PLANS, "budgets_hold_or_say_why"),
    (PLANS, "writes_are_explained_and_undone"),
    ("crates/relata-cli/tests/it/query.rs", "a_statement_is_explained"),
];
const COMPUTES: &str = "crates/relata/tests/it/computed.rs";
const COMPUTED: &[Test] = &[
    ("crates/relata/tests/it/relations.rs", "values_of_related_rows"),
    (COMPUTES, "whole_rows_beside_what_is_computed"),
    (COMPUTES, "whole_rows_of_joins_and_relations"),
    (COMPUTES, "whole_rows_of_groups"),
    (COMPUTES, "conditions_are_values"),
    (COMPUTES, "groups_are_ordered"),
    (COMPUTES, "distinct_rows_are_ordered_by_what_is_selected"),
    (COMPUTES, "no_rows_do_not_exist"),
];
const DYNAMIC: &[Test] = &[
    (SEARCHES, "searches_from_query_strings"),
    (SEARCHES, "searches_from_json"),
    (SEARCHES, "values_have_the_type_of_their_column"),
    (SEARCHES, "columns_chosen_at_run_time"),
    (SIMPLE, "order_by_input_is_allow_listed"),
    (TABLES, "any_table_can_be_read"),
    (TABLES, "only_known_and_allowed_columns_come_into_sql"),
];

/// Rows of queries.
pub const QUERIES: &[Capability] = &[
    Capability {
        id: "Q2",
        title: "Aggregates, subqueries, recursion, windows, set operations, upsert, rows given back, locks",
        sqlite: Claim::Done(WHOLE_SQL),
        postgres: Claim::Done(WHOLE_SQL),
        mysql: Claim::Done(WHOLE_SQL),
    },
    Capability {
        id: "Q1",
        title: "Rows in structs of one's own: from a query by expressions that are checked, from SQL by names",
        sqlite: Claim::Done(STRUCTS),
        postgres: Claim::Done(STRUCTS),
        mysql: Claim::Done(STRUCTS),
    },
    Capability {
        id: "Q2",
        title: "Whole rows beside what is computed for them, of queries, joins, groups and related rows; conditions as values",
        sqlite: Claim::Done(COMPUTED),
        postgres: Claim::Done(COMPUTED),
        mysql: Claim::Done(COMPUTED),
    },
    Capability {
        id: "Q2",
        title: "Joins without a relation: inner, left, right, full, cross, lateral, to entities and queries",
        sqlite: Claim::Part(JOINING, "lateral joins: the database has none, `.top_per(…)` does the usual job"),
        postgres: Claim::Done(JOINING_LATERAL),
        mysql: Claim::Part(JOINING, "full and lateral joins: MariaDB has none"),
    },
    Capability {
        id: "Q2",
        title: "Common table expressions, several, recursive, materialized or not",
        sqlite: Claim::Done(NAMED),
        postgres: Claim::Done(NAMED),
        mysql: Claim::Part(NAMED, "the hint whether to materialize: the database decides"),
    },
    Capability {
        id: "Q2",
        title: "Subtotals: rollup, cube, grouping sets",
        sqlite: Claim::Missing("the database has none; refused with the way by `.union_all(…)`"),
        postgres: Claim::Done(SUBTOTALS),
        mysql: Claim::Part(SUBTOTALS, "cube and grouping sets: MariaDB has rollup only"),
    },
    Capability {
        id: "Q2",
        title: "Functions of texts, numbers, dates and JSON, casts, values of a group in one value",
        sqlite: Claim::Part(
            PORTABLE,
            "regular expressions, powers, statistics, remainders of decimals: the database has none, and the hint says what to do",
        ),
        postgres: Claim::Done(PORTABLE),
        mysql: Claim::Part(PORTABLE, "percentiles and arrays: MariaDB has none"),
    },
    Capability {
        id: "Q2",
        title: "Functions of one database (`pg`, `mysql`, `sqlite`) and fragments of SQL inside of typed queries",
        sqlite: Claim::Done(NATIVE),
        postgres: Claim::Done(NATIVE_POSTGRES),
        mysql: Claim::Done(NATIVE),
    },
    Capability {
        id: "Q2",
        title: "Upsert of one row or many, with an action for each column and a condition; many rows inserted and given back",
        sqlite: Claim::Done(UPSERT),
        postgres: Claim::Done(UPSERT),
        mysql: Claim::Part(UPSERT, "the condition: MariaDB has none; rows given back by MySQL"),
    },
    Capability {
        id: "Q4",
        title: "Queries put together at run time: filters, orders, columns and pages from query strings and JSON, any table",
        sqlite: Claim::Done(DYNAMIC),
        postgres: Claim::Done(DYNAMIC),
        mysql: Claim::Done(DYNAMIC),
    },
    Capability {
        id: "Q4",
        title: "Bad input: hostile texts as values, names and orders; too deep, too long, too many; futures cut off half-way",
        sqlite: Claim::Done(HOSTILE),
        postgres: Claim::Done(HOSTILE),
        mysql: Claim::Done(HOSTILE),
    },
    Capability {
        id: "Q2",
        title: "Every construct with its SQL on each database side by side, run for real; every method of the builder among them",
        sqlite: Claim::Done(EVERY_CONSTRUCT),
        postgres: Claim::Done(EVERY_CONSTRUCT),
        mysql: Claim::Done(EVERY_CONSTRUCT),
    },
    Capability {
        id: "S4",
        title: "Every type as a field, at the ends of its range, with its operators; types of one's own, of chrono and of time",
        sqlite: Claim::Part(TYPED, "arrays, ranges and network addresses: the database has none"),
        postgres: Claim::Done(TYPED_POSTGRES),
        mysql: Claim::Part(TYPED, "arrays, ranges and network addresses: the database has none"),
    },
    Capability {
        id: "S9",
        title: "Entities written from real schemas compile, and every entity and relation of them is read",
        sqlite: Claim::Done(&[(REAL, "sqlite_schemas_are_written_compiled_and_read")]),
        postgres: Claim::Done(&[(REAL, "postgres_schemas_are_written_compiled_and_read")]),
        mysql: Claim::Done(&[(REAL, "mysql_schemas_are_written_compiled_and_read")]),
    },
    Capability {
        id: "Q8",
        title: "Execution plans as one tree with findings, budgets in tests, `relata explain`",
        sqlite: Claim::Part(PLANNED, "cost, and time of each step: the database does not tell"),
        postgres: Claim::Done(PLANNED),
        mysql: Claim::Part(PLANNED, "pages read; MySQL tells what happened only as text"),
    },
];
