//! Rules, input from outside, and what hangs together.

use super::capabilities::{Capability, Claim, Test};

const VALIDATION: &str = "crates/relata/tests/it/validation.rs";
const HTTP: &str = "crates/relata-sql/src/error/http.rs";
const CHANGESET: &str = "crates/relata-runtime/src/changeset.rs";

const RULES: &[Test] = &[
    (VALIDATION, "the_rule_and_the_constraint_agree"),
    (VALIDATION, "every_path_checks_every_rule"),
    (VALIDATION, "an_entity_as_json_schema"),
];
const PROBLEMS: &[Test] = &[
    (VALIDATION, "the_database_is_asked_what_it_would_refuse"),
    (VALIDATION, "violations_name_the_fields"),
    (HTTP, "the_body_says_what_is_wrong_with_the_data_and_nothing_else"),
];
const INPUT: &[Test] =
    &[(VALIDATION, "input_comes_through_an_allow_list"), (CHANGESET, "nothing_is_converted_with_loss")];

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
];
