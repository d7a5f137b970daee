//! What MariaDB and MySQL have.

use super::super::{Aggregate, Argument, Expr, Expression, Pred};
use super::{natives, settled};
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
    expr lpad(text, length, fill) -> String = "padding here", "LPAD({0}, {1}, {2})", "use `.pad_start(…)`";
    /// The digest of a text, in hexadecimal letters.
    expr md5(text) -> String = "digests here", "MD5({0})", "use `pg::md5`, or compute it in the program";
    /// The number of an IPv4 address; `None` of anything else.
    expr inet_aton(address) -> Option<i64> = "INET_ATON", "INET_ATON({0})", "use `pg::inet_within`";
    /// The full-text query occurs in the column, which has a FULLTEXT index.
    pred match_against(column, query) = "this full-text search", "MATCH({0}) AGAINST ({1} IN BOOLEAN MODE)", "use `pg::matches_text`, or FTS5 by `fragment(…)`";
    /// The date written by a format (`%Y-%m`).
    expr date_format(date, format) -> String = "DATE_FORMAT", "DATE_FORMAT({0}, {1})", "use `sqlite::strftime` or `pg::to_char`";
    /// A random number from 0 up to 1.
    expr rand() -> f64 = "RAND", "RAND()", "use `pg::random()`, or `sqlite::random()`";
    /// A lock by name was taken within so many seconds (1), or was not (0).
    expr get_lock(name, seconds) -> Option<i64> = "locks by name", "GET_LOCK({0}, {1})", "use `pg::try_advisory_lock`";
    // Texts.
    /// Filled at the right with a text up to a length.
    expr rpad(text, length, fill) -> String = "padding here", "RPAD({0}, {1}, {2})", "use `.pad_end(…)`";
    /// The texts with another between them, without those that are NULL.
    free concat_ws(separator, first, second) -> String = "joining without NULLs here", "CONCAT_WS({0}, {1}, {2})", "use `pg::concat_ws`, or `.or_else(\"\")` and `.concat(…)`";
    /// The code point of the first character.
    expr ord(text) -> i64 = "this code of a character", "ORD({0})", "use `pg::ascii`, or `sqlite::unicode`";
    /// Bytes, a text or a number as hexadecimal letters.
    expr hex(value) -> String = "this encoding of bytes", "HEX({0})", "use `pg::encode` or `sqlite::hex`";
    /// Hexadecimal letters as bytes; `None` of anything else.
    expr unhex(text) -> Option<Vec<u8>> = "this decoding of bytes", "UNHEX({0})", "use `pg::decode` or `sqlite::unhex`";
    /// Bytes as Base64.
    expr to_base64(bytes) -> String = "this encoding of bytes", "TO_BASE64({0})", "use `pg::encode`, or encode it in the program";
    /// Base64 as bytes; `None` of anything else.
    expr from_base64(text) -> Option<Vec<u8>> = "this decoding of bytes", "FROM_BASE64({0})", "use `pg::decode`, or decode it in the program";
    /// The SHA digest of so many bits, in hexadecimal letters.
    expr sha2(text, bits) -> Option<String> = "digests here", "SHA2({0}, {1})", "use `pg::sha256`, or compute it in the program";
    /// The first match of a regular expression; an empty text where there is none.
    expr regexp_substr(text, pattern) -> String = "parts by regular expressions here", "REGEXP_SUBSTR({0}, {1})", "use `pg::regexp_substr`";
    /// Where the first match of a regular expression begins, from 1; 0 where there is none.
    expr regexp_instr(text, pattern) -> i64 = "places by regular expressions here", "REGEXP_INSTR({0}, {1})", "use `pg::regexp_substr`";
    /// A number with so many places and commas between thousands.
    expr format(number, places) -> String = "FORMAT here", "FORMAT({0}, {1})", "use `pg::to_char`, or write it in the program";
    /// Part of a text replaced: from a place on, so many characters.
    expr insert(text, from, length, by) -> String = "INSERT of texts", "INSERT({0}, {1}, {2}, {3})", "use `.left(…)`, `.substring(…)` and `.concat(…)`";
    /// The texts sound alike: `SOUNDS LIKE`.
    pred sounds_like(text, other) = "SOUNDS LIKE", "({0} SOUNDS LIKE {1})", "compare `sqlite::soundex` of both";

    // Numbers.
    /// A number in another base.
    expr conv(number, from, to) -> Option<String> = "CONV", "CONV({0}, {1}, {2})", "convert in the program";
    /// The cyclic redundancy check of a text.
    expr crc32(text) -> i64 = "CRC32", "CRC32({0})", "compute it in the program";
    /// How many bits of a number are set.
    expr bit_count(number) -> i64 = "counting of bits here", "BIT_COUNT({0})", "use `pg::bit_count`";

    // Dates and times.
    /// A date read by a format (`%d.%m.%Y`); `None` of anything else.
    expr str_to_date(text, format) -> Option<jiff::civil::DateTime> = "STR_TO_DATE", "CAST(STR_TO_DATE({0}, {1}) AS DATETIME(6))", "use `pg::to_date`, or read it in the program";
    /// The last day of the month.
    expr last_day(date) -> jiff::civil::Date = "LAST_DAY", "LAST_DAY({0})", "use `.truncate(Unit::Month)`, a month later, a day earlier";
    /// The date's name of the day, in English unless the session says otherwise.
    expr dayname(date) -> String = "DAYNAME", "DAYNAME({0})", "use `pg::to_char`, or `.weekday()`";
    /// The date's name of the month.
    expr monthname(date) -> String = "MONTHNAME", "MONTHNAME({0})", "use `pg::to_char`, or `.month()`";
    /// How many days lie between two dates.
    expr datediff(later, earlier) -> i64 = "DATEDIFF", "DATEDIFF({0}, {1})", "use `.seconds_since(…)`";
    /// The clock of one zone as that of another, by offsets (`+02:00`) or by names where the server knows them; else `None`.
    expr convert_tz(clock, from, to) -> Option<jiff::civil::DateTime> = "this conversion of zones", "CONVERT_TZ({0}, {1}, {2})", "use `pg::at_time_zone`, or convert in the program";

    // JSON.
    /// What a path finds in the JSON; `None` where there is nothing.
    expr json_extract(json, path) -> Option<serde_json::Value> = "JSON_EXTRACT here", "JSON_EXTRACT({0}, {1})", "use `.key(…)` and `.index(…)`";
    /// The JSON has something at a path.
    pred json_contains_path(json, path) = "JSON_CONTAINS_PATH", "JSON_CONTAINS_PATH({0}, 'one', {1})", "use `.key(…).exists()`";
    /// The keys of the JSON object; `None` of anything else.
    expr json_keys(json) -> Option<serde_json::Value> = "JSON_KEYS", "JSON_KEYS({0})", "use `json_members(…)`";
    /// The path to a text in the JSON; `None` where it is not.
    expr json_search(json, text) -> Option<serde_json::Value> = "JSON_SEARCH", "JSON_SEARCH({0}, 'one', {1})", "use `json_elements(…)`";
    /// The second JSON put into the first: members replace those of the same name, `null` removes them.
    expr json_merge_patch(json, other) -> serde_json::Value = "JSON_MERGE_PATCH", "JSON_MERGE_PATCH({0}, {1})", "use `pg::jsonb_concat` or `sqlite::json_patch`";
    /// What the JSON is: `OBJECT`, `ARRAY`, `STRING`, `INTEGER`, `DOUBLE`, `BOOLEAN` or `NULL`.
    expr json_type(json) -> String = "this JSON_TYPE", "JSON_TYPE({0})", "use `pg::jsonb_typeof` or `sqlite::json_type`";
    /// The text is JSON.
    pred json_valid(text) = "this JSON_VALID", "JSON_VALID(CAST({0} AS CHAR))", "use `sqlite::json_valid`, or read it in the program";
    /// A JSON object of one member.
    free json_object(key, value) -> serde_json::Value = "this JSON_OBJECT", "JSON_OBJECT({0}, {1})", "use `pg::jsonb_build_object` or `sqlite::json_object`";

    // Addresses.
    /// The IPv4 address of a number.
    expr inet_ntoa(number) -> Option<String> = "INET_NTOA", "INET_NTOA({0})", "use `inet` on PostgreSQL, or compute it in the program";
    /// The text is an IPv4 address.
    pred is_ipv4(text) = "IS_IPV4", "IS_IPV4({0})", "check it in the program";

    // The server.
    /// A lock by name was given back (1), or was not ours (0).
    expr release_lock(name) -> Option<i64> = "locks by name", "RELEASE_LOCK({0})", "use `pg_advisory_unlock` by `fragment(…)`";

    // Aggregates.
    /// The bits that all rows have.
    aggr bit_and(number) -> i64 = "this BIT_AND", "CAST(BIT_AND({0}) AS SIGNED)", "use `pg::bit_and`";
    /// The bits that any row has.
    aggr bit_or(number) -> i64 = "this BIT_OR", "CAST(BIT_OR({0}) AS SIGNED)", "use `pg::bit_or`";

    // What else people look for.
    /// The text at this place, from 1; `None` beyond them.
    expr elt(number, first, second, third) -> Option<String> = "ELT", "ELT({0}, {1}, {2}, {3})", "use `Case`";
    /// The text quoted as a literal.
    expr quote(text) -> String = "this QUOTE", "QUOTE({0})", "use `sqlite::quote`; values need no quotes, they are bound";
    /// -1, 0 or 1 as the first text is less, equal or greater by its collation.
    expr strcmp(text, other) -> i64 = "STRCMP", "STRCMP({0}, {1})", "use `Case` and `.lt(…)`";
    /// The number cut off behind so many places.
    expr truncate(number, places) -> rust_decimal::Decimal = "TRUNCATE", "TRUNCATE({0}, {1})", "use `pg::trunc_to`, or `.trunc()`";
    /// The logarithm by 2; `None` of what has none.
    expr log2(number) -> Option<f64> = "LOG2", "LOG2({0})", "use `.ln() / 2_f64.ln()`";
    /// The SHA-1 digest, in hexadecimal letters.
    expr sha1(text) -> String = "digests here", "SHA1({0})", "use `pg::sha256`, or compute it in the program";
    /// The date of a year and a day in it.
    expr makedate(year, day) -> Option<jiff::civil::Date> = "MAKEDATE", "MAKEDATE({0}, {1})", "use `pg::make_date`, or make it in the program";
    /// The clock of so many seconds since 1970, in the session's zone, which is UTC here; `None` of what is out of range.
    expr from_unixtime(seconds) -> Option<jiff::civil::DateTime> = "FROM_UNIXTIME", "FROM_UNIXTIME({0})", "make it in the program, or use `sqlite::datetime`";
    /// How many whole seconds lie between two instants.
    expr seconds_between(earlier, later) -> i64 = "TIMESTAMPDIFF", "TIMESTAMPDIFF(SECOND, {0}, {1})", "use `.seconds_since(…)`";
    /// How many whole months lie between two dates.
    expr months_between(earlier, later) -> i64 = "TIMESTAMPDIFF", "TIMESTAMPDIFF(MONTH, {0}, {1})", "use `pg::age`";
    /// The day as a number since the year 0.
    expr to_days(date) -> Option<i64> = "TO_DAYS", "TO_DAYS({0})", "use `.epoch()`, or `sqlite::julianday`";
    /// The week of the year as ISO counts it.
    expr weekofyear(date) -> i64 = "WEEKOFYEAR", "WEEKOFYEAR({0})", "use `pg::to_char`, or `sqlite::strftime(\"%V\", …)`";
    /// The JSON holds something in common with the other: members, elements, or the value itself.
    pred json_overlaps(json, other) = "JSON_OVERLAPS", "JSON_OVERLAPS({0}, {1})", "use `json_elements(…)`";
    /// How deep the JSON nests; a scalar is 1 deep.
    expr json_depth(json) -> i64 = "JSON_DEPTH", "JSON_DEPTH({0})", "count it in the program";
    /// How many members or elements the JSON has; a scalar is one.
    expr json_length(json) -> i64 = "this JSON_LENGTH", "JSON_LENGTH({0})", "use `.array_length()`";
    /// The text as a JSON string.
    expr json_quote(text) -> serde_json::Value = "JSON_QUOTE here", "JSON_QUOTE({0})", "use `pg::to_jsonb` or `sqlite::json_quote`";
    /// A JSON string as its text; anything else as it is.
    expr json_unquote(json) -> String = "JSON_UNQUOTE", "JSON_UNQUOTE({0})", "use `.key(…).text()`";
    /// The JSON with a value appended to the array at a path.
    expr json_array_append(json, path, value) -> Option<serde_json::Value> = "JSON_ARRAY_APPEND", "JSON_ARRAY_APPEND({0}, {1}, {2})", "use `pg::jsonb_insert` or `sqlite::json_insert`";
    /// A JSON array of two values.
    free json_array(first, second) -> serde_json::Value = "this JSON_ARRAY", "JSON_ARRAY({0}, {1})", "use `sqlite::json_array`, or `jsonb_build_array` by `fragment(…)`";
    /// The address (either kind) as bytes; `None` of what is none.
    expr inet6_aton(address) -> Option<Vec<u8>> = "INET6_ATON", "INET6_ATON({0})", "use `inet` on PostgreSQL";
    /// The address of bytes; `None` of what is none.
    expr inet6_ntoa(bytes) -> Option<String> = "INET6_NTOA", "INET6_NTOA({0})", "use `inet` on PostgreSQL";
    /// The text is an IPv6 address.
    pred is_ipv6(text) = "IS_IPV6", "IS_IPV6({0})", "check it in the program";
    /// The name of the database.
    expr database() -> Option<String> = "DATABASE()", "DATABASE()", "use `pg::current_database()`";
    /// The server's version.
    expr version() -> String = "this VERSION()", "VERSION()", "use `sqlite::version()`, or `pg::current_setting(\"server_version\")`";
    /// The bits that an odd number of rows have.
    aggr bit_xor(number) -> i64 = "this BIT_XOR", "CAST(BIT_XOR({0}) AS SIGNED)", "use `BIT_XOR` by `fragment(…)` on PostgreSQL";
}
