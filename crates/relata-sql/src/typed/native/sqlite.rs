//! What SQLite has.

use super::super::{Aggregate, Argument, Expr, Expression, Pred};
use super::{natives, settled};
use crate::template::Template;

natives! { sqlite:
    /// Matches a pattern of `*`, `?` and `[…]`; case counts.
    pred glob(text, pattern) = "GLOB", "({0} GLOB {1})", "use `.like(…)` or `.matches(…)`";
    /// The date written by a format (`%Y-%m`).
    expr strftime(format, date) -> String = "STRFTIME", "STRFTIME({0}, {1})", "use `mysql::date_format` or `pg::to_char`";
    /// Days since noon of 24 November 4714 BC.
    expr julianday(date) -> f64 = "JULIANDAY", "JULIANDAY({0})", "use `.seconds_since(…)`";
    /// A value in a format of C.
    expr printf(format, value) -> String = "PRINTF", "PRINTF({0}, {1})", "use `.pad_start(…)`";
    /// The storage class of a value.
    expr type_of(value) -> String = "TYPEOF", "TYPEOF({0})", "there a column has one type";
    /// A text as an SQL literal.
    expr quote(value) -> String = "QUOTE", "QUOTE({0})", "bind the value";
    /// Bytes as hexadecimal letters.
    expr hex(value) -> String = "HEX", "HEX({0})", "use `pg::encode` or `mysql::hex`";
    /// The code point of the first character.
    expr unicode(text) -> Option<i64> = "UNICODE", "UNICODE({0})", "use `pg::ascii` or `mysql::ord`";
    /// The digits of how a text sounds.
    expr soundex(text) -> String = "this SOUNDEX", "SOUNDEX({0})", "use `mysql::soundex`";
    /// A random 64-bit number.
    expr random() -> i64 = "whole random numbers", "RANDOM()", "use `pg::random()`, or `mysql::rand()`";
    /// The number that SQLite gave the row.
    expr rowid() -> i64 = "ROWID", "ROWID", "use the key";
    // Texts.
    /// Without these characters at both ends.
    expr trim_of(text, characters) -> String = "this trimming", "TRIM({0}, {1})", "use `pg::btrim`";
    /// The character of a code point.
    expr character(code) -> String = "characters of codes here", "CHAR({0})", "use `pg::chr`";
    /// Hexadecimal letters as bytes; `None` of anything else.
    expr unhex(text) -> Option<Vec<u8>> = "this decoding of bytes", "UNHEX({0})", "use `pg::decode` or `mysql::unhex`";
    /// The first place of a text or of bytes in another, from 1; 0 where it is not.
    expr instr(value, part) -> i64 = "this INSTR", "INSTR({0}, {1})", "use `.position(…)`";
    /// So many random bytes.
    expr randomblob(bytes) -> Vec<u8> = "RANDOMBLOB", "RANDOMBLOB({0})", "make them in the program";

    // Dates and times.
    /// A date after changes: `start of month`, `+1 day`, `weekday 0`.
    expr date(date, change) -> Option<jiff::civil::Date> = "this DATE", "DATE({0}, {1})", "use `.plus(…)` and `.truncate(…)`";
    /// A date and time after changes.
    expr datetime(date, change) -> Option<jiff::civil::DateTime> = "this DATETIME", "DATETIME({0}, {1})", "use `.plus(…)` and `.truncate(…)`";
    /// Seconds since 1970.
    expr unixepoch(date) -> Option<i64> = "UNIXEPOCH", "UNIXEPOCH({0})", "use `.epoch()`";

    // JSON.
    /// What a path finds in the JSON (`$.a[0]`); `None` where there is nothing.
    expr json_extract(json, path) -> Option<String> = "JSON_EXTRACT here", "CAST(JSON_EXTRACT({0}, {1}) AS TEXT)", "use `.key(…)` and `.index(…)`";
    /// What the JSON is: `object`, `array`, `text`, `integer`, `real`, `true`, `false` or `null`.
    expr json_type(json) -> String = "this JSON_TYPE", "JSON_TYPE({0})", "use `pg::jsonb_typeof` or `mysql::json_type`";
    /// The second JSON put into the first: members replace those of the same name, `null` removes them.
    expr json_patch(json, other) -> serde_json::Value = "JSON_PATCH", "JSON_PATCH({0}, {1})", "use `pg::jsonb_concat` or `mysql::json_merge_patch`";
    /// The text is JSON.
    pred json_valid(text) = "this JSON_VALID", "JSON_VALID({0})", "use `mysql::json_valid`, or read it in the program";
    /// A JSON object of one member.
    free json_object(key, value) -> serde_json::Value = "this JSON_OBJECT", "JSON_OBJECT({0}, {1})", "use `pg::jsonb_build_object` or `mysql::json_object`";

    // Of this connection.
    /// How many rows the last statement wrote.
    expr changes() -> i64 = "CHANGES", "CHANGES()", "a statement gives the number back";
    /// The number of the row that was inserted last.
    expr last_insert_rowid() -> i64 = "this number of a row", "LAST_INSERT_ROWID()", "read the row that was inserted";
    /// SQLite's version.
    expr version() -> String = "this version", "SQLITE_VERSION()", "ask `SELECT VERSION()` by `sql(…)`";

    // Aggregates.
    /// The sum as a floating-point number; 0 of no rows.
    aggr total(number) -> f64 = "TOTAL", "TOTAL({0})", "use `.sum()`";

    // What else people look for.
    /// The time of day, changed by a modifier such as `+90 minutes`; `None` of what is none.
    expr time(date, change) -> Option<jiff::civil::Time> = "this TIME", "TIME({0}, {1})", "use `.plus(…)`";
    /// A JSON array of two values.
    free json_array(first, second) -> serde_json::Value = "this JSON_ARRAY", "JSON_ARRAY({0}, {1})", "use `mysql::json_array`, or `jsonb_build_array` by `fragment(…)`";
    /// The value as JSON.
    free json_quote(value) -> serde_json::Value = "JSON_QUOTE here", "JSON_QUOTE({0})", "use `pg::to_jsonb` or `mysql::json_quote`";
    /// The JSON with a value at a path where there is none.
    expr json_insert(json, path, value) -> serde_json::Value = "JSON_INSERT here", "JSON_INSERT({0}, {1}, {2})", "use `pg::jsonb_insert` or `.key(…).put(…)`";
    /// The JSON with another value at a path where there is one.
    expr json_replace(json, path, value) -> serde_json::Value = "JSON_REPLACE here", "JSON_REPLACE({0}, {1}, {2})", "use `.key(…).put(…)`";
    /// The bytes of a text in its encoding, or of bytes; of a number those of its letters.
    expr octets(value) -> i64 = "this count of bytes", "LENGTH(CAST({0} AS BLOB))", "use `.octet_length()`";
    /// So many bytes of zero.
    expr zeroblob(size) -> Vec<u8> = "ZEROBLOB", "ZEROBLOB({0})", "make them in the program";
    /// How many rows this connection has changed since it was opened.
    expr total_changes() -> i64 = "TOTAL_CHANGES", "TOTAL_CHANGES()", "count what statements say they changed";
}
