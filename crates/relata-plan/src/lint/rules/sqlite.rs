//! Rules for SQLite.

super::family! {
    add_column_refused
    affinity_change
    alter_refused
    crash_unsafe
    foreign_keys_left_off
    pragma_in_transaction
    rebuild_cost
    rebuild_loses_index
    rebuild_renames_old
    rebuild_stricter
    rebuild_with_foreign_keys
    strict_conversion
    writable_schema
}
