//! Rules for MariaDB and MySQL.

super::family! {
    attributes_lost
    blocks_writes
    charset_conversion
    copies_table
    drop_partition
    engine_without_transactions
    foreign_key_type
    implicit_commit
    inline_reference
    not_null_may_fail
    row_size
    three_byte_charset
}
