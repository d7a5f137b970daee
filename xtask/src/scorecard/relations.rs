//! Rules, input from outside, and what hangs together.

use super::capabilities::{Capability, Claim, Test};

const VALIDATION: &str = "crates/relata/tests/it/validation.rs";
const NESTED_WRITES: &str = "crates/relata/tests/it/nested.rs";
const SOFT_DELETE: &str = "crates/relata/tests/it/soft_delete.rs";
const POLYMORPHIC_TESTS: &str = "crates/relata/tests/it/polymorphic.rs";
const INTEGRITY: &str = "crates/relata/tests/it/integrity.rs";
const SERVICES: &str = "crates/relata/tests/it/services.rs";
const TREE_TESTS: &str = "crates/relata/tests/it/trees.rs";
const HTTP: &str = "crates/relata-sql/src/error/http.rs";
const CHANGESET: &str = "crates/relata-runtime/src/changeset.rs";

const RULES: &[Test] = &[
    (VALIDATION, "the_rule_and_the_constraint_agree"),
    (VALIDATION, "every_path_checks_every_rule"),
    (VALIDATION, "an_entity_as_json_schema"),
    (VALIDATION, "json_keeps_its_schema"),
    (VALIDATION, "rows_that_are_not_as_declared"),
    (VALIDATION, "json_is_checked_on_every_path"),
    (VALIDATION, "rules_on_every_kind_of_field"),
];
const PROBLEMS: &[Test] = &[
    (VALIDATION, "the_database_is_asked_what_it_would_refuse"),
    (VALIDATION, "violations_name_the_fields"),
    (HTTP, "the_body_says_what_is_wrong_with_the_data_and_nothing_else"),
    (HTTP, "problems_of_rows_below_and_what_a_translation_needs"),
];
const INPUT: &[Test] = &[
    (VALIDATION, "input_comes_through_an_allow_list"),
    (VALIDATION, "input_with_rows_below"),
    (VALIDATION, "input_changes_rows_below"),
    (VALIDATION, "rules_on_scalars"),
    (CHANGESET, "nothing_is_converted_with_loss"),
];

const NESTED: &[Test] = &[
    (NESTED_WRITES, "children_come_with_their_parent"),
    (NESTED_WRITES, "a_mistake_deep_down_undoes_all"),
    (NESTED_WRITES, "rows_are_connected_and_taken_off"),
    (NESTED_WRITES, "many_to_many_is_set"),
];
const MARKED: &[Test] = &[
    (SOFT_DELETE, "a_tree_goes_and_comes_back"),
    (SOFT_DELETE, "deleted_rows_are_out_of_every_reading"),
    (SOFT_DELETE, "what_is_unique_is_so_among_the_living"),
    (SOFT_DELETE, "purging_is_for_good"),
    (SOFT_DELETE, "dynamic_tables_leave_them_out"),
    (SOFT_DELETE, "keys_of_several_columns_links_and_circles_are_followed"),
    (SOFT_DELETE, "links_are_marked_and_come_back"),
    (SOFT_DELETE, "deep_trees_are_purged"),
];

const POLYMORPHIC: &[Test] = &[
    (POLYMORPHIC_TESTS, "exactly_one_of_several_keys_is_set"),
    (POLYMORPHIC_TESTS, "a_type_and_a_key_are_a_relation"),
    (POLYMORPHIC_TESTS, "both_forms_are_written_and_read_below_others"),
];
const REPEATED: &[Test] = &[("crates/relata/tests/it/relations.rs", "repeated_look_ups_are_told_with_their_line")];
const ROWS: &[Test] = &[
    (INTEGRITY, "what_is_only_meant_is_checked"),
    (INTEGRITY, "names_are_read_whatever_their_style"),
    (INTEGRITY, "keys_with_a_type_lead_somewhere"),
    (INTEGRITY, "orphans_are_repaired_when_asked"),
    (INTEGRITY, "orphans_are_put_aside"),
];
const TREES: &[Test] = &[
    (TREE_TESTS, "rows_stand_below_their_parents"),
    (TREE_TESTS, "ways_up_and_down_are_limited_filtered_and_ordered"),
    (TREE_TESTS, "a_branch_moves"),
    (TREE_TESTS, "circles_are_seen"),
    (TREE_TESTS, "a_hundred_thousand_rows"),
];
const STORES: &[Test] = &[
    (SERVICES, "a_service_shares_one_transaction"),
    (SERVICES, "hooks_may_change_and_refuse"),
    (SERVICES, "events_are_told_after_the_commit"),
    (SERVICES, "work_before_the_commit_may_stop_it"),
    (SERVICES, "hooks_stand_around_each_of_many_rows"),
    (SERVICES, "hooks_stand_around_a_row_with_what_hangs_on_it"),
    (SERVICES, "panics_in_hooks_undo_and_in_handlers_do_not"),
    (SERVICES, "deleting_and_restoring_have_hooks"),
    ("crates/relata/tests/it/forum.rs", "the_same_story_is_told"),
];

/// Every row.
pub const RELATIONS: &[Capability] = &[
    Capability {
        id: "S11",
        title: "One rule is the application's check, the database's constraint and JSON Schema",
        sqlite: Claim::Part(
            RULES,
            "patterns that GLOB cannot say are checked by the application alone; fake data from rules",
        ),
        postgres: Claim::Part(RULES, "fake data from rules"),
        mysql: Claim::Part(RULES, "fake data from rules"),
    },
    Capability {
        id: "F4",
        title: "Every problem of a row at once, field by field, also as the body of an HTTP answer",
        sqlite: Claim::Done(PROBLEMS),
        postgres: Claim::Done(PROBLEMS),
        mysql: Claim::Done(PROBLEMS),
    },
    Capability {
        id: "A3",
        title: "Input from outside comes through an allow-list and is converted without loss",
        sqlite: Claim::Done(INPUT),
        postgres: Claim::Done(INPUT),
        mysql: Claim::Done(INPUT),
    },
    Capability {
        id: "R1",
        title: "Nested writes: create with children, connect, disconnect, set, in one transaction",
        sqlite: Claim::Done(NESTED),
        postgres: Claim::Done(NESTED),
        mysql: Claim::Done(NESTED),
    },
    Capability {
        id: "R1",
        title: "References to one of several entities: exclusive foreign keys, and type with key",
        sqlite: Claim::Done(POLYMORPHIC),
        postgres: Claim::Done(POLYMORPHIC),
        mysql: Claim::Done(POLYMORPHIC),
    },
    Capability {
        id: "R1",
        title: "Trees: up and down, limited, nested under their parents, circles seen, a hundred thousand rows",
        sqlite: Claim::Done(TREES),
        postgres: Claim::Done(TREES),
        mysql: Claim::Done(TREES),
    },
    Capability {
        id: "R2",
        title: "Repeated look-ups (N+1) are told with their line of the source",
        sqlite: Claim::Done(REPEATED),
        postgres: Claim::Done(REPEATED),
        mysql: Claim::Done(REPEATED),
    },
    Capability {
        id: "R3",
        title: "Rows that refer to nothing or break a rule are found, and repaired on request",
        sqlite: Claim::Done(ROWS),
        postgres: Claim::Done(ROWS),
        mysql: Claim::Done(ROWS),
    },
    Capability {
        id: "A2",
        title: "Repositories as a trait with hooks, services that share a transaction, events told after the commit",
        sqlite: Claim::Done(STORES),
        postgres: Claim::Done(STORES),
        mysql: Claim::Done(STORES),
    },
    Capability {
        id: "R4",
        title: "Soft deletion with cascades, unique among live rows, trees restored, purged",
        sqlite: Claim::Done(MARKED),
        postgres: Claim::Done(MARKED),
        mysql: Claim::Done(MARKED),
    },
];
