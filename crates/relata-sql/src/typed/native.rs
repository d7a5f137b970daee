//! Functions and operators that one database has: `pg::array_contains(…)`, `mysql::soundex(…)`, `sqlite::glob(…)`. On
//! another database the statement is refused before anything is sent, and the hint names what to do there.
//!
//! Arguments are columns, expressions and bound values. Their types are the caller's business: the database checks them.

use super::Expr;
use crate::expr::Cast;

/// Where every argument is a value, each says its type, arrays included: nothing beside them does.
fn settled(mut arguments: Vec<Expr>) -> Vec<Expr> {
    if arguments.iter().all(|argument| matches!(argument, Expr::Literal(..))) {
        for argument in &mut arguments {
            if let Expr::Literal(value, cast) = argument {
                *cast = Cast::among_values(value);
            }
        }
    }
    arguments
}

/// Defines functions from their texts: `pred` are conditions, `expr` give values.
macro_rules! natives {
    ($constructor:ident: $($(#[$doc:meta])* $form:ident $name:ident($($argument:ident),*) $(-> $ty:ty)? =
        $words:literal, $sql:literal, $instead:literal;)*) => {$(
        natives!(@$form $constructor $(#[$doc])* $name($($argument),*) $($ty)?, $words, $sql, $instead);
    )*};
    (@pred $constructor:ident $(#[$doc:meta])* $name:ident($($argument:ident),*), $words:literal, $sql:literal, $instead:literal) => {
        $(#[$doc])*
        pub fn $name<R>($($argument: impl Argument<R>),*) -> Pred<R> {
            static TEMPLATE: Template = Template::$constructor($words, $sql, $instead);
            Pred::new(Expr::Template(&TEMPLATE, settled(vec![$($argument.into_argument()),*])))
        }
    };
    (@expr $constructor:ident $(#[$doc:meta])* $name:ident($($argument:ident),*) $ty:ty, $words:literal, $sql:literal, $instead:literal) => {
        $(#[$doc])*
        pub fn $name<R>($($argument: impl Argument<R>),*) -> Expression<R, $ty> {
            static TEMPLATE: Template = Template::$constructor($words, $sql, $instead);
            Expression::new(Expr::Template(&TEMPLATE, settled(vec![$($argument.into_argument()),*])))
        }
    };
}

/// What PostgreSQL has: arrays, ranges, network addresses, regular expressions, JSON operators, full-text matching.
pub mod pg {
    use super::super::{Argument, Expr, Expression, Pred};
    use super::settled;
    use crate::template::Template;

    natives! { postgres:
        /// The array holds every element of the other: `@>`.
        pred array_contains(array, other) = "arrays", "({0} @> {1})", "keep JSON and use `.contains_json(…)`, or a table of its own";
        /// Every element of the array is in the other: `<@`.
        pred array_contained_by(array, other) = "arrays", "({0} <@ {1})", "use a table of its own";
        /// The arrays have an element in common: `&&`.
        pred array_overlaps(array, other) = "arrays", "({0} && {1})", "use a table of its own";
        /// The value is an element of the array: `= ANY`.
        pred has(array, value) = "arrays", "({1} = ANY({0}))", "keep JSON and use `.contains_json(…)`, or a table of its own";
        /// How many elements the array has.
        expr cardinality(array) -> i64 = "arrays", "CAST(CARDINALITY({0}) AS bigint)", "keep JSON and use `.array_length()`";
        /// Where the value is in the array, from 1; `None` where it is not.
        expr array_position(array, value) -> Option<i64> = "arrays", "CAST(ARRAY_POSITION({0}, {1}) AS bigint)", "use a table of its own";
        /// The elements with a text between them.
        expr array_to_string(array, separator) -> String = "arrays", "ARRAY_TO_STRING({0}, {1})", "use a table of its own and `.string_list(…)`";
        /// The range holds the value or the other range: `@>`.
        pred range_contains(range, value) = "ranges", "({0} @> {1})", "keep both ends in columns and compare them";
        /// The ranges have something in common: `&&`.
        pred range_overlaps(range, other) = "ranges", "({0} && {1})", "keep both ends in columns: two overlap where each begins before the other ends";
        /// The range lies in the other: `<@`.
        pred range_contained_by(range, other) = "ranges", "({0} <@ {1})", "keep both ends in columns and compare them";
        /// The range has nothing in it.
        pred range_is_empty(range) = "ranges", "ISEMPTY({0})", "keep both ends in columns and compare them";
        /// The first value of a range of instants; `None` where it has no beginning.
        expr range_start(range) -> Option<jiff::Timestamp> = "ranges", "LOWER({0})", "keep both ends in columns";
        /// The end of a range of instants; `None` where it has none.
        expr range_end(range) -> Option<jiff::Timestamp> = "ranges", "UPPER({0})", "keep both ends in columns";
        /// The ranges touch without overlapping: `-|-`.
        pred range_adjacent(range, other) = "ranges", "({0} -|- {1})", "keep both ends in columns and compare them";
        /// A range of instants from the first on and before the second.
        expr tstzrange(from, to) -> crate::Value = "ranges", "TSTZRANGE({0}, {1})", "keep both ends in columns";
        /// A range of whole numbers from the first on and below the second.
        expr int8range(from, to) -> crate::Value = "ranges", "INT8RANGE({0}, {1})", "keep both ends in columns";
        /// A range of dates from the first on and before the second.
        expr daterange(from, to) -> crate::Value = "ranges", "DATERANGE({0}, {1})", "keep both ends in columns";
        /// The address or network lies in the other or equals it: `<<=`.
        pred inet_within(address, network) = "network addresses", "(CAST({0} AS inet) <<= CAST({1} AS inet))", "keep first and last address as numbers and compare them";
        /// The network holds the other address or network, or equals it: `>>=`.
        pred inet_contains(network, address) = "network addresses", "(CAST({0} AS inet) >>= CAST({1} AS inet))", "keep first and last address as numbers and compare them";
        /// 4 or 6.
        expr inet_family(address) -> i64 = "network addresses", "CAST(FAMILY(CAST({0} AS inet)) AS bigint)", "look for a colon in the text";
        /// The address without the length of its network.
        expr inet_host(address) -> String = "network addresses", "HOST(CAST({0} AS inet))", "keep the address in a column of its own";
        /// The length of the network's prefix.
        expr inet_masklen(address) -> i64 = "network addresses", "CAST(MASKLEN(CAST({0} AS inet)) AS bigint)", "keep the length in a column of its own";
        /// Matches the regular expression, ignoring case: `~*`.
        pred imatches(text, pattern) = "regular expressions that ignore case", "({0} ~* {1})", "use `.lower()` and `.matches(…)`, or `.ilike(…)`";
        /// With every match of the regular expression replaced.
        expr regexp_replace(text, pattern, by) -> String = "replacing by regular expressions here", "REGEXP_REPLACE({0}, {1}, {2}, 'g')", "use `mysql::regexp_replace`, or `.replace(…)` for a fixed text";
        /// The part of a text between separators, counted from 1.
        expr split_part(text, separator, number) -> String = "splitting of texts", "SPLIT_PART({0}, {1}, CAST({2} AS int))", "use `mysql::substring_index`, or `.position(…)` and `.substring(…)`";
        /// In the manner of names: each word with a capital.
        expr initcap(text) -> String = "capitals of words", "INITCAP({0})", "write the text so in the program";
        /// Filled at the left with a text up to a length.
        expr lpad(text, length, fill) -> String = "padding here", "LPAD({0}, CAST({1} AS int), {2})", "use `mysql::lpad`, or `sqlite::printf`";
        /// The digest of a text, in hexadecimal letters.
        expr md5(text) -> String = "digests here", "MD5({0})", "use `mysql::md5`, or compute it in the program";
        /// The JSON object has the key: `?`.
        pred jsonb_has_key(json, key) = "this operator of JSON", "JSONB_EXISTS(CAST({0} AS jsonb), {1})", "use `.key(…).exists()`";
        /// The JSON matches a path expression: `@@`.
        pred jsonb_path_match(json, path) = "path expressions of JSON", "JSONB_PATH_MATCH(CAST({0} AS jsonb), CAST({1} AS jsonpath))", "use `.key(…)` and compare";
        /// The full-text query occurs in the text, by the server's default language.
        pred matches_text(text, query) = "this full-text search", "(TO_TSVECTOR({0}) @@ WEBSEARCH_TO_TSQUERY({1}))", "use `mysql::match_against`, or FTS5 by `fragment(…)`";
        /// The instant as the clock of a zone shows it.
        expr at_time_zone(instant, zone) -> jiff::civil::DateTime = "named time zones", "({0} AT TIME ZONE {1})", "convert in the program";
        /// A date or number written by a format (`YYYY-MM`).
        expr to_char(value, format) -> String = "TO_CHAR", "TO_CHAR({0}, {1})", "use `mysql::date_format`, or `sqlite::strftime`";
        /// The time between two instants in years, months and days.
        expr age(later, earlier) -> crate::Interval = "AGE", "AGE({0}, {1})", "use `.seconds_since(…)`";
        /// The first thing that a path expression finds in the JSON.
        expr jsonb_path_query_first(json, path) -> Option<serde_json::Value> = "path expressions of JSON", "JSONB_PATH_QUERY_FIRST(CAST({0} AS jsonb), CAST({1} AS jsonpath))", "use `.key(…)` and `.index(…)`";
        /// A text cut at a separator.
        expr string_to_array(text, separator) -> Vec<String> = "arrays", "STRING_TO_ARRAY({0}, {1})", "cut the text in the program";
        /// How well the text fits the full-text query, by the server's default language.
        expr text_rank(text, query) -> f64 = "this full-text search", "CAST(TS_RANK(TO_TSVECTOR({0}), WEBSEARCH_TO_TSQUERY({1})) AS double precision)", "use `mysql::match_against`, or FTS5 by `fragment(…)`";
        /// A random number from 0 up to 1.
        expr random() -> f64 = "random numbers from 0 to 1", "RANDOM()", "use `mysql::rand()`, or `sqlite::random()`";
        /// A new random UUID.
        expr gen_random_uuid() -> uuid::Uuid = "UUIDs here", "GEN_RANDOM_UUID()", "make it in the program";
    }
}

/// What MariaDB and MySQL have.
pub mod mysql {
    use super::super::{Argument, Expr, Expression, Pred};
    use super::settled;
    use crate::template::Template;

    natives! { mysql:
        /// How a text sounds in English.
        expr soundex(text) -> String = "this SOUNDEX", "SOUNDEX({0})", "use the extension `fuzzystrmatch` by `fragment(…)`";
        /// The place of a value in a text of values with commas between, from 1; 0 where it is not.
        expr find_in_set(value, list) -> i64 = "sets in texts", "FIND_IN_SET({0}, {1})", "use `pg::has` on an array";
        /// The place of a value in a list, from 1: an order of one's own.
        expr field(value, first, second, third) -> i64 = "FIELD", "FIELD({0}, {1}, {2}, {3})", "use `Case::when(…)`";
        /// What comes before (positive) or after (negative) the so-many-th separator.
        expr substring_index(text, separator, number) -> String = "this splitting of texts", "SUBSTRING_INDEX({0}, {1}, {2})", "use `pg::split_part`";
        /// With every match of the regular expression replaced.
        expr regexp_replace(text, pattern, by) -> String = "replacing by regular expressions here", "REGEXP_REPLACE({0}, {1}, {2})", "use `pg::regexp_replace`, or `.replace(…)` for a fixed text";
        /// Filled at the left with a text up to a length.
        expr lpad(text, length, fill) -> String = "padding here", "LPAD({0}, {1}, {2})", "use `pg::lpad`, or `sqlite::printf`";
        /// The digest of a text, in hexadecimal letters.
        expr md5(text) -> String = "digests here", "MD5({0})", "use `pg::md5`, or compute it in the program";
        /// The number of an IPv4 address; `None` of anything else.
        expr inet_aton(address) -> Option<i64> = "INET_ATON", "INET_ATON({0})", "use `pg::inet_within`";
        /// The full-text query occurs in the column, which has a FULLTEXT index.
        pred match_against(column, query) = "this full-text search", "MATCH({0}) AGAINST ({1} IN BOOLEAN MODE)", "use `pg::matches_text`, or FTS5 by `fragment(…)`";
        /// The date written by a format (`%Y-%m`).
        expr date_format(date, format) -> String = "DATE_FORMAT", "DATE_FORMAT({0}, {1})", "use `sqlite::strftime`, or `TO_CHAR` by `fragment(…)`";
        /// A random number from 0 up to 1.
        expr rand() -> f64 = "RAND", "RAND()", "use `pg::random()`, or `sqlite::random()`";
        /// A lock by name was taken within so many seconds (1), or was not (0).
        expr get_lock(name, seconds) -> Option<i64> = "locks by name", "GET_LOCK({0}, {1})", "use `pg_advisory_lock` by `fragment(…)`";
    }
}

/// What SQLite has.
pub mod sqlite {
    use super::super::{Argument, Expr, Expression, Pred};
    use super::settled;
    use crate::template::Template;

    natives! { sqlite:
        /// Matches a pattern of `*`, `?` and `[…]`; case counts.
        pred glob(text, pattern) = "GLOB", "({0} GLOB {1})", "use `.like(…)` or `.matches(…)`";
        /// The date written by a format (`%Y-%m`).
        expr strftime(format, date) -> String = "STRFTIME", "STRFTIME({0}, {1})", "use `mysql::date_format`, or `TO_CHAR` by `fragment(…)`";
        /// Days since noon of 24 November 4714 BC.
        expr julianday(date) -> f64 = "JULIANDAY", "JULIANDAY({0})", "use `.seconds_since(…)`";
        /// A value in a format of C.
        expr printf(format, value) -> String = "PRINTF", "PRINTF({0}, {1})", "use `pg::lpad` or `mysql::lpad`";
        /// The storage class of a value.
        expr type_of(value) -> String = "TYPEOF", "TYPEOF({0})", "there a column has one type";
        /// A text as an SQL literal.
        expr quote(value) -> String = "QUOTE", "QUOTE({0})", "bind the value";
        /// Bytes as hexadecimal letters.
        expr hex(value) -> String = "HEX", "HEX({0})", "use `ENCODE` or `HEX` by `fragment(…)`";
        /// The code point of the first character.
        expr unicode(text) -> Option<i64> = "UNICODE", "UNICODE({0})", "use `ASCII` or `ORD` by `fragment(…)`";
        /// The digits of how a text sounds.
        expr soundex(text) -> String = "this SOUNDEX", "SOUNDEX({0})", "use `mysql::soundex`";
        /// A random 64-bit number.
        expr random() -> i64 = "whole random numbers", "RANDOM()", "use `pg::random()`, or `mysql::rand()`";
        /// The number that SQLite gave the row.
        expr rowid() -> i64 = "ROWID", "ROWID", "use the key";
    }
}
