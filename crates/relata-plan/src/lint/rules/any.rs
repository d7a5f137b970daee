//! Rules for every database.

super::family! {
    allow_reason
    allow_unknown
    allow_unused
    breaks_application
    columns_left_behind
    destructive_default
    drop_column
    drop_constraint
    drop_default
    drop_index
    drop_not_null
    drop_object
    drop_schema
    drop_table
    duplicate_assignment
    foreign_key_without_index
    identifier_too_long
    missing_primary_key
    narrowing
    nested_transaction
    no_way_back
    not_a_statement
    not_repeatable
    open_transaction
    rename
    required_column
    reserved_name
    revoke
    rows_left_behind
    syntax_error
    truncate
    unique_may_fail
    update_everything
    violated_by_data
}
