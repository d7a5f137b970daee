//! What PostgreSQL has: arrays, ranges, network addresses, regular expressions, JSON operators, full-text matching, statistics.

use super::super::{Aggregate, Argument, Expr, Expression, Pred, RowsArgument, RowsOf};
use super::{natives, settled};
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
    expr lpad(text, length, fill) -> String = "padding here", "LPAD({0}, CAST({1} AS int), {2})", "use `.pad_start(…)`";
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
    // Texts.
    /// Filled at the right with a text up to a length.
    expr rpad(text, length, fill) -> String = "padding here", "RPAD({0}, CAST({1} AS int), {2})", "use `.pad_end(…)`";
    /// Without these characters at both ends.
    expr btrim(text, characters) -> String = "trimming of characters here", "BTRIM({0}, {1})", "use `.trim()`, or `sqlite::trim_of`";
    /// Without these characters at the beginning.
    expr ltrim(text, characters) -> String = "trimming of characters here", "LTRIM({0}, {1})", "use `.trim_start()`";
    /// Without these characters at the end.
    expr rtrim(text, characters) -> String = "trimming of characters here", "RTRIM({0}, {1})", "use `.trim_end()`";
    /// Each character of the second text replaced by that of the third at the same place.
    expr translate(text, from, to) -> String = "translation of characters", "TRANSLATE({0}, {1}, {2})", "use `.replace(…)` for each";
    /// The code point of the first character.
    expr ascii(text) -> i64 = "this code of a character", "CAST(ASCII({0}) AS bigint)", "use `mysql::ord`, or `sqlite::unicode`";
    /// The character of a code point.
    expr chr(code) -> String = "characters of codes here", "CHR(CAST({0} AS int))", "use `sqlite::character`, or make it in the program";
    /// The texts with another between them, without those that are NULL.
    free concat_ws(separator, first, second) -> String = "joining without NULLs here", "CONCAT_WS({0}, {1}, {2})", "use `mysql::concat_ws`, or `.or_else(\"\")` and `.concat(…)`";
    /// Bytes as text: `hex`, `base64` or `escape`.
    expr encode(bytes, form) -> String = "this encoding of bytes", "ENCODE({0}, {1})", "use `mysql::hex`, `mysql::to_base64` or `sqlite::hex`";
    /// Text as bytes: `hex`, `base64` or `escape`.
    expr decode(text, form) -> Vec<u8> = "this decoding of bytes", "DECODE({0}, {1})", "use `mysql::unhex`, `mysql::from_base64` or `sqlite::unhex`";
    /// The SHA-256 digest of bytes.
    expr sha256(bytes) -> Vec<u8> = "digests here", "SHA256({0})", "use `mysql::sha2`, or compute it in the program";
    /// A whole number in hexadecimal letters.
    expr to_hex(number) -> String = "hexadecimal numbers here", "TO_HEX(CAST({0} AS bigint))", "use `mysql::hex`, or `sqlite::printf(\"%x\", …)`";
    /// Matches a pattern of `SIMILAR TO`.
    pred similar_to(text, pattern) = "SIMILAR TO", "({0} SIMILAR TO {1})", "use `.like(…)` or `.matches(…)`";
    /// The first match of a regular expression; `None` where there is none.
    expr regexp_substr(text, pattern) -> Option<String> = "parts by regular expressions here", "SUBSTRING({0} FROM {1})", "use `mysql::regexp_substr`, or `.position(…)` and `.substring(…)`";
    /// What the parentheses of a regular expression hold in its first match; `None` where there is none.
    expr regexp_match(text, pattern) -> Option<Vec<String>> = "parts by regular expressions here", "REGEXP_MATCH({0}, {1})", "use `mysql::regexp_substr`, or cut the text in the program";
    /// The text cut where a regular expression matches.
    expr regexp_split_to_array(text, pattern) -> Vec<String> = "cutting by regular expressions", "REGEXP_SPLIT_TO_ARRAY({0}, {1})", "cut the text in the program";
    /// How often a regular expression matches. PostgreSQL 15.
    expr regexp_count(text, pattern) -> i64 = "counting of matches", "CAST(REGEXP_COUNT({0}, {1}) AS bigint)", "count in the program";
    /// A number read by a format (`999D99`).
    expr to_number(text, format) -> rust_decimal::Decimal = "TO_NUMBER", "TO_NUMBER({0}, {1})", "use `.cast::<Decimal>()`";
    /// A date read by a format (`DD.MM.YYYY`).
    expr to_date(text, format) -> jiff::civil::Date = "TO_DATE", "TO_DATE({0}, {1})", "use `mysql::str_to_date`, or read it in the program";
    /// An instant read by a format, in the session's zone.
    expr to_timestamp(text, format) -> jiff::Timestamp = "TO_TIMESTAMP", "TO_TIMESTAMP({0}, {1})", "use `mysql::str_to_date`, or read it in the program";

    // Numbers.
    /// The greatest common divisor.
    expr gcd(first, second) -> i64 = "GCD", "GCD(CAST({0} AS bigint), CAST({1} AS bigint))", "compute it in the program";
    /// The least common multiple.
    expr lcm(first, second) -> i64 = "LCM", "LCM(CAST({0} AS bigint), CAST({1} AS bigint))", "compute it in the program";
    /// The cube root.
    expr cbrt(number) -> f64 = "CBRT", "CBRT(CAST({0} AS double precision))", "use `.power(1.0 / 3.0)`";
    /// In which of so many equal parts between low and high the number lies, from 1; 0 below, one more than the parts above.
    expr width_bucket(number, low, high, parts) -> i64 = "WIDTH_BUCKET", "CAST(WIDTH_BUCKET(CAST({0} AS double precision), CAST({1} AS double precision), CAST({2} AS double precision), CAST({3} AS int)) AS bigint)", "use `Case::when(…)`, or divide and round down";

    // Dates and times.
    /// A date from its year, month and day.
    expr make_date(year, month, day) -> jiff::civil::Date = "MAKE_DATE", "MAKE_DATE(CAST({0} AS int), CAST({1} AS int), CAST({2} AS int))", "make it in the program";
    /// The beginning of the interval of such a length that the instant lies in, counted from an origin.
    expr date_bin(length, instant, origin) -> jiff::Timestamp = "DATE_BIN", "DATE_BIN({0}, {1}, {2})", "use `.truncate(…)`";
    /// The instant at which the clock of a zone shows this.
    expr from_time_zone(clock, zone) -> jiff::Timestamp = "named time zones", "(CAST({0} AS timestamp) AT TIME ZONE {1})", "convert in the program";
    /// The time by the server's clock now, also in the middle of a transaction.
    expr clock_timestamp() -> jiff::Timestamp = "CLOCK_TIMESTAMP", "CLOCK_TIMESTAMP()", "use `now()`, which is when the statement began there";
    /// Two stretches of time have something in common.
    pred overlaps(from, to, other_from, other_to) = "OVERLAPS", "(({0}, {1}) OVERLAPS ({2}, {3}))", "two overlap where each begins before the other ends: compare the ends";

    // Arrays.
    /// The element at a place, from 1; `None` where there is none.
    expr array_get(array, place) -> Option<String> = "arrays", "CAST(({0})[CAST({1} AS int)] AS text)", "keep JSON and use `.index(…)`";
    /// The places of all elements that equal the value, from 1.
    expr array_positions(array, value) -> Vec<i32> = "arrays", "ARRAY_POSITIONS({0}, {1})", "use a table of its own";
    /// The array with each element that equals the second replaced by the third.
    expr array_replace(array, from, to) -> Vec<String> = "arrays", "CAST(ARRAY_REPLACE({0}, {1}, {2}) AS text[])", "use a table of its own";
    /// The elements from one place to another, from 1, as texts.
    expr array_slice(array, from, to) -> Vec<String> = "arrays", "CAST(({0})[CAST({1} AS int):CAST({2} AS int)] AS text[])", "use a table of its own";

    // Ranges.
    /// The range lies wholly before the other: `<<`.
    pred range_before(range, other) = "ranges", "({0} << {1})", "keep both ends in columns and compare them";
    /// The range lies wholly after the other: `>>`.
    pred range_after(range, other) = "ranges", "({0} >> {1})", "keep both ends in columns and compare them";
    /// What both ranges hold: `*`.
    expr range_intersection(range, other) -> crate::Value = "ranges", "({0} * {1})", "take the later beginning and the earlier end";
    /// What either range holds; they must touch: `+`.
    expr range_union(range, other) -> crate::Value = "ranges", "({0} + {1})", "take the earlier beginning and the later end";
    /// What the first range holds and the second does not: `-`.
    expr range_difference(range, other) -> crate::Value = "ranges", "({0} - {1})", "keep both ends in columns and compare them";
    /// The smallest range that holds both.
    expr range_merge(range, other) -> crate::Value = "ranges", "RANGE_MERGE({0}, {1})", "take the earlier beginning and the later end";
    /// The first value of a range as text; `None` where it has no beginning.
    expr range_lower(range) -> Option<String> = "ranges", "CAST(LOWER({0}) AS text)", "keep both ends in columns";
    /// The end of a range as text; `None` where it has none.
    expr range_upper(range) -> Option<String> = "ranges", "CAST(UPPER({0}) AS text)", "keep both ends in columns";
    /// The beginning belongs to the range.
    pred range_lower_inclusive(range) = "ranges", "LOWER_INC({0})", "keep both ends in columns";
    /// The end belongs to the range.
    pred range_upper_inclusive(range) = "ranges", "UPPER_INC({0})", "keep both ends in columns";
    /// The range has no beginning.
    pred range_lower_infinite(range) = "ranges", "LOWER_INF({0})", "keep both ends in columns";
    /// The range has no end.
    pred range_upper_infinite(range) = "ranges", "UPPER_INF({0})", "keep both ends in columns";
    /// A range of 32-bit numbers from the first on and below the second.
    expr int4range(from, to) -> crate::Value = "ranges", "INT4RANGE(CAST({0} AS int), CAST({1} AS int))", "keep both ends in columns";
    /// A range of exact numbers from the first on and below the second.
    expr numrange(from, to) -> crate::Value = "ranges", "NUMRANGE(CAST({0} AS numeric), CAST({1} AS numeric))", "keep both ends in columns";
    /// A range of dates and times without zone from the first on and before the second.
    expr tsrange(from, to) -> crate::Value = "ranges", "TSRANGE(CAST({0} AS timestamp), CAST({1} AS timestamp))", "keep both ends in columns";
    /// The range as a multirange of itself alone.
    expr multirange(range) -> crate::Value = "ranges", "MULTIRANGE({0})", "use a table of its own";

    // JSON.
    /// The JSON object has one of the keys: `?|`.
    pred jsonb_has_any_key(json, keys) = "this operator of JSON", "JSONB_EXISTS_ANY(CAST({0} AS jsonb), {1})", "combine `.key(…).exists()` by `.or(…)`";
    /// The JSON object has all the keys: `?&`.
    pred jsonb_has_all_keys(json, keys) = "this operator of JSON", "JSONB_EXISTS_ALL(CAST({0} AS jsonb), {1})", "combine `.key(…).exists()` by `.and(…)`";
    /// A path expression finds something in the JSON: `@?`.
    pred jsonb_path_exists(json, path) = "path expressions of JSON", "JSONB_PATH_EXISTS(CAST({0} AS jsonb), CAST({1} AS jsonpath))", "use `.key(…).exists()`";
    /// All that a path expression finds in the JSON, as a JSON array.
    expr jsonb_path_query_array(json, path) -> serde_json::Value = "path expressions of JSON", "JSONB_PATH_QUERY_ARRAY(CAST({0} AS jsonb), CAST({1} AS jsonpath))", "use `.key(…)` and `.index(…)`";
    /// Both JSON values in one: members of the second replace those of the first, elements are put behind: `||`.
    expr jsonb_concat(json, other) -> serde_json::Value = "this operator of JSON", "(CAST({0} AS jsonb) || CAST({1} AS jsonb))", "use `.key(…).put(…)`, or `mysql::json_merge_patch`";
    /// The JSON with another value at a path.
    expr jsonb_set(json, path, value) -> serde_json::Value = "JSONB_SET", "JSONB_SET(CAST({0} AS jsonb), {1}, CAST({2} AS jsonb))", "use `.key(…).put(…)`";
    /// The JSON with a value put into an array at a path, before the element there.
    expr jsonb_insert(json, path, value) -> serde_json::Value = "JSONB_INSERT", "JSONB_INSERT(CAST({0} AS jsonb), {1}, CAST({2} AS jsonb))", "change the JSON in the program";
    /// The JSON without members that are `null`.
    expr jsonb_strip_nulls(json) -> serde_json::Value = "JSONB_STRIP_NULLS", "JSONB_STRIP_NULLS(CAST({0} AS jsonb))", "leave them out in the program";
    /// What the JSON is: `object`, `array`, `string`, `number`, `boolean` or `null`.
    expr jsonb_typeof(json) -> String = "JSONB_TYPEOF", "JSONB_TYPEOF(CAST({0} AS jsonb))", "use `mysql::json_type`, or `sqlite::json_type`";
    /// The JSON with line breaks and indentation.
    expr jsonb_pretty(json) -> String = "JSONB_PRETTY", "JSONB_PRETTY(CAST({0} AS jsonb))", "use `mysql::json_detailed`, or print it in the program";
    /// Any value as JSON.
    expr to_jsonb(value) -> serde_json::Value = "TO_JSONB", "TO_JSONB({0})", "build it in the program";
    /// A JSON object of one member.
    expr jsonb_build_object(key, value) -> serde_json::Value = "JSONB_BUILD_OBJECT", "JSONB_BUILD_OBJECT({0}, {1})", "use `mysql::json_object`, or `sqlite::json_object`";

    // Network addresses.
    /// The addresses or networks overlap: `&&`.
    pred inet_overlaps(address, other) = "network addresses", "(CAST({0} AS inet) && CAST({1} AS inet))", "keep first and last address as numbers and compare them";
    /// The network that the address belongs to.
    expr inet_network(address) -> String = "network addresses", "CAST(NETWORK(CAST({0} AS inet)) AS text)", "compute it in the program";
    /// The address to which all of the network listen.
    expr inet_broadcast(address) -> String = "network addresses", "HOST(BROADCAST(CAST({0} AS inet)))", "compute it in the program";

    // Bits and bytes.
    /// How many bits of the bytes are set.
    expr bit_count(bytes) -> i64 = "counting of bits here", "BIT_COUNT({0})", "use `mysql::bit_count`";

    // Sequences, locks, the server.
    /// The next number of a sequence.
    expr nextval(sequence) -> i64 = "sequences here", "NEXTVAL(CAST({0} AS regclass))", "use `NEXTVAL` by `fragment(…)` on MariaDB, or a table that counts";
    /// The number that a sequence gave last in this session.
    expr currval(sequence) -> i64 = "sequences here", "CURRVAL(CAST({0} AS regclass))", "read the row that was inserted";
    /// A lock by number was taken until the transaction ends, or was not.
    expr try_advisory_lock(number) -> bool = "locks by number", "PG_TRY_ADVISORY_XACT_LOCK({0})", "use `mysql::get_lock`, or a `transaction!` on SQLite, which lets one writer in";
    /// A setting of the session, NULL where there is none: what policies of rows read.
    expr current_setting(name) -> Option<String> = "settings of the session", "CURRENT_SETTING({0}, TRUE)", "give the value as a parameter";

    // Aggregates.
    /// How the two go together, from -1 to 1.
    aggr corr(y, x) -> Option<f64> = "correlation", "CORR(CAST({0} AS double precision), CAST({1} AS double precision))", "compute it from sums: `.combine(…)`";
    /// The covariance of all rows.
    aggr covar_pop(y, x) -> Option<f64> = "covariance", "COVAR_POP(CAST({0} AS double precision), CAST({1} AS double precision))", "compute it from sums: `.combine(…)`";
    /// The covariance of a sample.
    aggr covar_samp(y, x) -> Option<f64> = "covariance", "COVAR_SAMP(CAST({0} AS double precision), CAST({1} AS double precision))", "compute it from sums: `.combine(…)`";
    /// The slope of the line that fits the points best.
    aggr regr_slope(y, x) -> Option<f64> = "regression", "REGR_SLOPE(CAST({0} AS double precision), CAST({1} AS double precision))", "compute it from sums: `.combine(…)`";
    /// Where the line that fits the points best crosses zero.
    aggr regr_intercept(y, x) -> Option<f64> = "regression", "REGR_INTERCEPT(CAST({0} AS double precision), CAST({1} AS double precision))", "compute it from sums: `.combine(…)`";
    /// How well that line fits, from 0 to 1.
    aggr regr_r2(y, x) -> Option<f64> = "regression", "REGR_R2(CAST({0} AS double precision), CAST({1} AS double precision))", "compute it from sums: `.combine(…)`";
    /// Which place a value would have among those of the group: `RANK … WITHIN GROUP`.
    aggr rank_of(value, among) -> i64 = "hypothetical ranks", "RANK({0}) WITHIN GROUP (ORDER BY {1})", "count those that are less: `.count()` of a filtered query, and 1";
    /// Which share of the group comes no later than the value would.
    aggr cume_dist_of(value, among) -> f64 = "hypothetical ranks", "CUME_DIST({0}) WITHIN GROUP (ORDER BY {1})", "count those that are less or equal";
    /// All ranges of the group in one multirange.
    aggr range_agg(range) -> Option<crate::Value> = "ranges", "RANGE_AGG({0})", "use a table of its own";
    /// What all ranges of the group hold.
    aggr range_intersect_agg(range) -> Option<crate::Value> = "ranges", "RANGE_INTERSECT_AGG({0})", "take the latest beginning and the earliest end";
    /// In a query with subtotals: 1 where this key is left out of the row, 0 where it is a key that may be NULL.
    aggr grouping(key) -> i64 = "GROUPING", "CAST(GROUPING({0}) AS bigint)", "group by a key that is never NULL, and look for NULL";

    // What else people look for.
    /// The array without each element that is this value.
    expr array_remove(array, value) -> Vec<String> = "arrays", "ARRAY_REMOVE({0}, {1})", "use a table of its own";
    /// The value as a literal of SQL; `None` gives `NULL`.
    free quote_nullable(value) -> String = "QUOTE_NULLABLE", "QUOTE_NULLABLE({0})", "use `mysql::quote` or `sqlite::quote`; values need no quotes, they are bound";
    /// The text as a name of SQL, in quotation marks where it needs them.
    expr quote_ident(text) -> String = "QUOTE_IDENT", "QUOTE_IDENT({0})", "quote it in the program";
    /// The text in Unicode's normal form NFC, in which letters with accents are one letter.
    expr normalize(text) -> String = "NORMALIZE", "NORMALIZE({0}, NFC)", "normalize in the program";
    /// The number without zeros at its end.
    expr trim_scale(number) -> rust_decimal::Decimal = "TRIM_SCALE", "TRIM_SCALE(CAST({0} AS numeric))", "use `Decimal::normalize` in the program";
    /// How many places the number has.
    expr scale(number) -> i64 = "SCALE", "CAST(SCALE(CAST({0} AS numeric)) AS bigint)", "use `Decimal::scale` in the program";
    /// The number cut off behind so many places.
    expr trunc_to(number, places) -> rust_decimal::Decimal = "TRUNC to places", "TRUNC(CAST({0} AS numeric), CAST({1} AS int))", "use `mysql::truncate`, or `.trunc()`";
    /// The time of day of an hour, a minute and seconds.
    expr make_time(hour, minute, second) -> jiff::civil::Time = "MAKE_TIME", "MAKE_TIME(CAST({0} AS int), CAST({1} AS int), CAST({2} AS double precision))", "make it in the program";
    /// A length of time with months and days where it has so many days and hours.
    expr justify_interval(length) -> crate::Value = "lengths of time with months", "JUSTIFY_INTERVAL({0})", "compute it in the program";
    /// The date or instant is one, not `infinity`.
    pred is_finite(instant) = "infinite dates", "ISFINITE({0})", "dates here are finite";
    /// The JSON without the member or element at a path of texts.
    expr jsonb_delete_path(json, path) -> serde_json::Value = "this operator of JSON", "(CAST({0} AS jsonb) #- CAST({1} AS text[]))", "use `.key(…).removed()`";
    /// The JSON value at a path of texts; `None` where there is none.
    expr jsonb_extract_path(json, path) -> Option<serde_json::Value> = "this operator of JSON", "(CAST({0} AS jsonb) #> CAST({1} AS text[]))", "use `.key(…)` and `.index(…)`";
    /// A part of the text around what was found, with `<b>` and `</b>` around the words.
    expr text_headline(text, query) -> String = "this full-text search", "TS_HEADLINE({0}, WEBSEARCH_TO_TSQUERY({1}))", "mark the words in the program";
    /// The text in the words and places of full-text search.
    expr to_tsvector(text) -> crate::Value = "this full-text search", "TO_TSVECTOR({0})", "use `mysql::match_against`, or a table of FTS5";
    /// The smallest network that holds both.
    expr inet_merge(network, other) -> crate::Value = "network addresses", "INET_MERGE(CAST({0} AS inet), CAST({1} AS inet))", "keep first and last address as numbers";
    /// The network's mask.
    expr inet_netmask(network) -> String = "network addresses", "HOST(NETMASK(CAST({0} AS inet)))", "compute it from the length of the prefix";
    /// So many bytes in words: `12 kB`.
    expr size_pretty(bytes) -> String = "PG_SIZE_PRETTY", "PG_SIZE_PRETTY(CAST({0} AS bigint))", "write it in the program";
    /// How many bytes a value takes as it is kept.
    expr column_size(value) -> i64 = "PG_COLUMN_SIZE", "CAST(PG_COLUMN_SIZE({0}) AS bigint)", "use `.octet_length()`";
    /// The name of the database.
    expr current_database() -> String = "CURRENT_DATABASE()", "CAST(CURRENT_DATABASE() AS text)", "use `mysql::database()`";
    /// The bits that all rows have.
    aggr bit_and(number) -> Option<i64> = "this BIT_AND", "BIT_AND(CAST({0} AS bigint))", "use `mysql::bit_and`";
    /// The bits that any row has.
    aggr bit_or(number) -> Option<i64> = "this BIT_OR", "BIT_OR(CAST({0} AS bigint))", "use `mysql::bit_or`";
    /// The share of rows below which this value would stand.
    aggr percent_rank_of(value, among) -> f64 = "hypothetical ranks", "PERCENT_RANK({0}) WITHIN GROUP (ORDER BY {1})", "count the rows that are less";
}

/// A function that gives rows.
macro_rules! rows {
    ($($(#[$doc:meta])* $name:ident($($argument:ident),*) -> $ty:ty = $words:literal, $sql:literal, $instead:literal;)*) => {$(
        $(#[$doc])*
        pub fn $name($($argument: impl RowsArgument),*) -> RowsOf<$ty> {
            static TEMPLATE: Template = Template::postgres($words, $sql, $instead);
            RowsOf::new(Expr::Template(&TEMPLATE, settled($words, vec![$($argument.into_rows_argument()),*])), &["value"])
        }
    )*};
}

rows! {
    /// The elements of an array, as texts.
    unnest(array) -> Option<String> = "arrays", "UNNEST(CAST({0} AS text[]))", "keep JSON and use `json_elements(…)`";
    /// The elements of an array of whole numbers.
    unnest_numbers(array) -> Option<i64> = "arrays", "UNNEST(CAST({0} AS bigint[]))", "keep JSON and use `json_elements(…)`";
    /// The instants from one to another, an interval apart.
    generate_series(from, to, step) -> jiff::Timestamp = "series of instants", "GENERATE_SERIES(CAST({0} AS timestamptz), CAST({1} AS timestamptz), CAST({2} AS interval))", "use `series(0, n)` and `value(from).plus(n, Unit::Day)`";
    /// All that a path expression finds in the JSON.
    jsonb_path_query(json, path) -> serde_json::Value = "path expressions of JSON", "JSONB_PATH_QUERY(CAST({0} AS jsonb), CAST({1} AS jsonpath))", "use `json_elements(…)`";
    /// The names of the members of a JSON object.
    jsonb_object_keys(json) -> String = "keys of JSON as rows", "JSONB_OBJECT_KEYS(CAST({0} AS jsonb))", "use `json_members(…)`, or `mysql::json_keys`";
    /// The parts of a text between separators.
    string_to_table(text, separator) -> Option<String> = "cutting of texts into rows", "STRING_TO_TABLE({0}, {1})", "cut the text in the program";
    /// The parts of a text between the matches of a regular expression.
    regexp_split_to_table(text, pattern) -> String = "cutting of texts into rows", "REGEXP_SPLIT_TO_TABLE({0}, {1})", "cut the text in the program";
}
