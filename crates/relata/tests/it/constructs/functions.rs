//! Functions: of numbers, bits, texts and dates beyond the usual ones, of one database alone, and such as give rows.

use relata::prelude::*;
use relata::{
    Bound, Unit, Value, Window, count_rows, exists, fragment, from, json_elements, json_members, mysql, pg, rows_of,
    series, sqlite, value as constant,
};

use super::{Construct, filter, rows, value};
use crate::model::*;

pub fn table() -> Vec<Construct> {
    let groups = [
        portable(),
        changed_json(),
        computed(),
        rows_of_functions(),
        texts_of_postgres(),
        ranges_of_postgres(),
        json_of_postgres(),
        aggregates_of_postgres(),
        others_of_mysql(),
        others_of_sqlite(),
    ];
    groups.into_iter().flatten().collect()
}

fn portable() -> Vec<Construct> {
    vec![
        value("right", || EveryType.text.right(4)),
        value("right of more than there is", || EveryType.text.trim().right(40)),
        value("repeat", || EveryType.text.trim().repeat(2)),
        value("pad at the beginning", || EveryType.text.trim().pad_start(10, "-+")),
        value("pad at the end", || EveryType.text.trim().pad_end(10, "-+")),
        value("pad what is longer", || EveryType.text.trim().pad_start(3, "-")),
        value("length in bytes", || EveryType.text.concat("ë").octet_length()),
        value("trunc", || (EveryType.double * -1.0).trunc()),
        value("exp, ln", || EveryType.double.exp().ln().round(3)),
        value("log10", || EveryType.double.log10().round(5)),
        value("sin, cos, tan", || (EveryType.double.sin() + EveryType.double.cos() + EveryType.double.tan()).round(5)),
        value("asin, acos, atan", || (EveryType.single.asin() + EveryType.single.acos()).cast::<f64>().atan().round(5)),
        value("radians, degrees", || EveryType.double.radians().degrees().round(5)),
        value("bits: and", || EveryType.large.bit_and(3)),
        value("bits: or", || EveryType.small.bit_or(EveryType.small)),
        value("bits: xor", || EveryType.large.bit_xor(3)),
        value("bits: shift", || EveryType.large.shift_left(2).shift_right(1)),
        filter("is distinct from", || EveryType.r#type.is_distinct_from(5)),
        filter("is not distinct from NULL", || EveryType.nothing.is_not_distinct_from(None::<String>)),
        value("quarter", || EveryType.date.quarter()),
        value("day of the week, of the year", || EveryType.instant.weekday() * 1000 + EveryType.date.day_of_year()),
        value("day of the week of a date", || EveryType.date.weekday()),
        value("day of the year of an instant", || EveryType.instant.day_of_year()),
        value("seconds since 1970", || EveryType.instant.epoch()),
        value("seconds since 1970, of a date", || EveryType.date.epoch()),
        value("beginning of the quarter", || EveryType.instant.truncate(Unit::Quarter)),
        value("beginning of the quarter, of a date", || EveryType.date.truncate(Unit::Quarter)),
        value("quarters later", || EveryType.datetime.plus(2, Unit::Quarter)),
        value("a quarter before a date", || EveryType.date.plus(-1, Unit::Quarter)),
        value("what may be NULL beside what is not", || EveryType.medium + EveryType.r#type),
        value("text that may be NULL behind one that is not", || EveryType.text.concat(EveryType.nothing)),
        value("NULL replaced by what may be NULL", || EveryType.nothing.or_else(EveryType.nothing)),
    ]
}

fn changed_json() -> Vec<Construct> {
    vec![
        value("JSON: another value", || EveryType.json.key("tags").index(1).put("c").key("tags").json()),
        value("JSON: a new member", || {
            EveryType.json.key("new").put(r#"{"deep": [1, null]}"#.parse::<Json>().unwrap()).key("new").json()
        }),
        value("JSON: truth as a value", || EveryType.json.key("on").put(false).key("on").boolean()),
        filter("JSON: without a member", || EveryType.json.key("age").removed().key("age").exists()),
    ]
}

fn computed() -> Vec<Construct> {
    let large = EveryType.large;
    let by_large = || Window::new().order(EveryType.large.asc());
    let every = || EveryType::find().order(EveryType.large.asc());
    vec![
        rows!(
            "sum or nothing",
            EveryType::find().filter(EveryType.id.lt(0)).select(large.sum().map(|sum| sum.or_else(0)))
        ),
        rows!("rounded mean", EveryType::find().select(EveryType.double.avg().map(|mean| mean.round(1)))),
        rows!(
            "quotient of aggregates",
            EveryType::find().select(large.sum().combine(count_rows(), |sum, rows| sum / rows).map(|mean| mean * 2))
        ),
        rows!(
            "having: what is computed",
            EveryType::find()
                .group_by(EveryType.flag)
                .having(large.sum().map(|sum| sum * 2).gt(10))
                .select(EveryType.flag)
        ),
        rows!("order by what is computed", {
            EveryType::find()
                .group_by(EveryType.flag)
                .select(EveryType.flag)
                .order(large.max().map(|most| most * -1).asc())
        }),
        rows!("order by what is computed, greatest first", {
            EveryType::find()
                .group_by(EveryType.flag)
                .select(EveryType.flag)
                .order(large.max().map(|most| most * -1).desc())
        }),
        rows!(
            "difference to the row before",
            every().select(large.lag(1).over(by_large()).map(|before| EveryType.large - before))
        ),
        rows!(
            "share of the whole",
            every().select(
                large.sum().over(by_large()).combine(large.sum().over(Window::new()), |part, whole| part * 100 / whole)
            )
        ),
        rows!("a fragment as an aggregate", {
            let most = fragment::<EveryType, i64>("MAX({})", (EveryType.large,)).as_aggregate();
            EveryType::find().group_by(EveryType.flag).having(most.gt(5)).select(EveryType.flag)
        }),
        rows!("truth of all, of any", EveryType::find().select((EveryType.flag.every(), EveryType.flag.some()))),
        rows!("truth of all of none", EveryType::find().filter(EveryType.id.lt(0)).select(EveryType.flag.every())),
        rows!("deviation and variance of a sample", {
            EveryType::find().select((large.sample_deviation(), large.sample_variance()))
        }),
        rows!("deviation of some", EveryType::find().select(large.deviation().filter(EveryType.large.gt(5)))),
        rows!("mean of some", EveryType::find().select(large.avg().filter(EveryType.large.gt(5)))),
        rows!("moving mean", every().select(large.avg().over(by_large().rows(Bound::Before(1), Bound::Here)))),
        rows!(
            "mean of some over a window",
            every().select(large.avg().filter(EveryType.flag.holds()).over(by_large()))
        ),
        rows!("deviation over a window", every().select(large.deviation().over(by_large()))),
        rows!("aggregate of some of some", {
            EveryType::find().select(count_rows().filter(EveryType.large.gt(1)).filter(EveryType.large.lt(9)))
        }),
        rows!("variance of different values", EveryType::find().select(large.variance().distinct())),
        rows!("percentile of different values", EveryType::find().select(large.percentile(0.5).distinct())),
        rows!("values in a JSON object", {
            Post::find().filter(Post.slug.eq("a1")).select(Post.slug.json_object(Post.title))
        }),
        rows!("some values in a JSON object", {
            Post::find().select(Post.slug.json_object(Post.title).filter(Post.slug.eq("a1")))
        }),
    ]
}

fn rows_of_functions() -> Vec<Construct> {
    let first = || EveryType::find().order(EveryType.large.asc()).limit(1);
    vec![
        rows!("numbers one after the other", from(series(-1, 3)).select(|(number,)| number)),
        rows!("numbers downwards: none", from(series(3, 1)).select(|(number,)| number)),
        rows!(
            "days one after the other",
            from(series(0, 2))
                .select(|(number,)| constant("2024-02-28".parse::<Date>().unwrap()).plus(number, Unit::Day))
        ),
        rows!("elements of JSON", {
            EveryType::find()
                .join_lateral(|(row,)| json_elements(row.json.key("tags").json()))
                .filter(|(row, _)| row.large.eq(5))
                .order(|(_, tag)| tag.1.asc())
                .select(|(row, tag)| (row.large, tag.0, tag.1))
        }),
        rows!("elements of JSON, or none", {
            EveryType::find()
                .left_join_lateral(|(row,)| json_elements(row.json.key("no").json()))
                .order(|(row, _)| row.large.asc())
                .select(|(row, tag)| (row.large, tag.0))
        }),
        rows!("an element of JSON exists", {
            let tagged = exists(from(json_elements(EveryType.json.outer::<()>())).filter(|(tag,)| tag.0.eq("b")));
            first().filter(!tagged).select(EveryType.large)
        }),
        rows!("members of JSON", {
            EveryType::find()
                .join_lateral(|(row,)| json_members(row.json.key("a.b").json()))
                .filter(|(row, _)| row.large.eq(5))
                .select(|(_, member)| (member.0, member.1))
        }),
        rows!(
            "rows of a function of one's own",
            from(rows_of::<String>(&["part"], "(SELECT {} AS part UNION ALL SELECT {})", ("a", "b")))
                .select(|(part,)| part)
        ),
        rows!("pg unnest", from(pg::unnest(vec!["a".to_string(), "b".to_string()])).select(|(element,)| element)),
        rows!("pg unnest_numbers", from(pg::unnest_numbers(vec![1i64, 2])).select(|(element,)| element)),
        rows!("pg generate_series", {
            let [from_, to] =
                ["2024-03-31T00:00:00Z", "2024-03-31T02:00:00Z"].map(|at| at.parse::<Timestamp>().unwrap());
            let hour = relata::Interval { months: 0, days: 0, microseconds: 3_600_000_000 };
            from(pg::generate_series(from_, to, hour)).select(|(at,)| at)
        }),
        rows!("pg jsonb_path_query", {
            from(pg::jsonb_path_query(r#"{"a": [1, 2]}"#.parse::<Json>().unwrap(), "$.a[*]")).select(|(found,)| found)
        }),
        rows!("pg jsonb_object_keys", {
            from(pg::jsonb_object_keys(r#"{"a": 1}"#.parse::<Json>().unwrap())).select(|(key,)| key)
        }),
        rows!("pg string_to_table", from(pg::string_to_table("a,b", ",")).select(|(part,)| part)),
        rows!("pg regexp_split_to_table", from(pg::regexp_split_to_table("a1b2", "[0-9]")).select(|(part,)| part)),
    ]
}

fn texts_of_postgres() -> Vec<Construct> {
    vec![
        value("pg rpad", || pg::rpad(EveryType.text.trim(), 9, "-")),
        value("pg btrim", || pg::btrim("xxaxx", "x")),
        value("pg ltrim, rtrim", || pg::ltrim(pg::rtrim(EveryType.text, " e"), " A")),
        value("pg translate", || pg::translate(EveryType.text, "AB", "ab")),
        value("pg ascii, chr", || pg::chr(pg::ascii(EveryType.text.trim()))),
        value("pg concat_ws", || pg::concat_ws("-", EveryType.nothing, EveryType.text)),
        value("pg encode", || pg::encode(EveryType.bytes, "hex")),
        value("pg decode", || pg::decode("ff00", "hex")),
        value("pg sha256", || pg::encode(pg::sha256(EveryType.bytes), "base64")),
        value("pg to_hex", || pg::to_hex(EveryType.medium)),
        filter("pg similar_to", || pg::similar_to(EveryType.text, "%(Bee|Cee)%")),
        value("pg regexp_substr", || pg::regexp_substr(EveryType.text, "B[a-z]+")),
        value("pg regexp_match", || pg::regexp_match(EveryType.text, "(A.*) (B.*) ")),
        value("pg regexp_split_to_array", || pg::regexp_split_to_array("a1b2c", "[0-9]")),
        value("pg regexp_count", || pg::regexp_count(EveryType.text, "e")),
        value("pg to_number", || pg::to_number("12.50", "99D99")),
        value("pg to_date", || pg::to_date("29.02.2024", "DD.MM.YYYY")),
        value("pg to_timestamp", || pg::to_timestamp("2024-02-29 +00", "YYYY-MM-DD TZH")),
        value("pg gcd, lcm", || pg::gcd(EveryType.large, pg::lcm(10i64, 4i64))),
        value("pg cbrt", || pg::cbrt(EveryType.large + 3).round(5)),
        value("pg width_bucket", || pg::width_bucket(EveryType.double, 0.0, 10.0, 5i64)),
        value("pg make_date", || pg::make_date(2024i64, 2i64, EveryType.medium)),
        value("pg date_bin", || {
            let quarter = relata::Interval { months: 0, days: 0, microseconds: 900_000_000 };
            pg::date_bin(quarter, EveryType.instant, "2024-01-01T00:00:00Z".parse::<Timestamp>().unwrap())
        }),
        value("pg from_time_zone", || pg::from_time_zone(EveryType.datetime, "Europe/Berlin")),
        value("pg clock_timestamp", pg::clock_timestamp).varying(),
        filter("pg overlaps", || {
            pg::overlaps(
                EveryType.date,
                EveryType.date.plus(2, Unit::Day),
                EveryType.date.plus(1, Unit::Day),
                EveryType.date,
            )
        }),
        value("pg array_get", || pg::array_get(vec!["a".to_string(), "b".to_string()], 2i64)),
        value("pg array_positions", || pg::array_positions(vec![1i64, 2, 1], 1i64)),
        value("pg array_replace", || pg::array_replace(vec!["a".to_string(), "b".to_string()], "a", "c")),
        value("pg array_slice", || pg::array_slice(vec!["a".to_string(), "b".to_string()], 2i64, 9i64)),
        filter("pg inet_overlaps", || pg::inet_overlaps("10.0.0.0/8", "10.1.0.0/16")),
        value("pg inet_network", || pg::inet_network("10.1.2.3/8")),
        value("pg inet_broadcast", || pg::inet_broadcast("10.1.2.3/8")),
        value("pg bit_count", || pg::bit_count(EveryType.bytes)),
        value("pg nextval, currval", || pg::nextval("every_type_id_seq") - pg::currval("every_type_id_seq")),
        value("pg try_advisory_lock", || pg::try_advisory_lock(4711i64)),
        value("pg current_setting", || pg::current_setting("relata.none")),
    ]
}

fn ranges_of_postgres() -> Vec<Construct> {
    fn shown(range: relata::Expression<EveryType, Value>) -> relata::Expression<EveryType, String> {
        fragment("CAST({} AS text)", (range,))
    }
    fn to(end: i64) -> relata::Expression<EveryType, Value> {
        pg::int8range(1i64, end)
    }
    vec![
        filter("pg range_before", || pg::range_before(to(3), pg::int8range(3i64, 9i64))),
        filter("pg range_after", || pg::range_after(to(3), pg::int8range(3i64, 9i64))),
        value("pg range_intersection", || shown(pg::range_intersection(to(5), pg::int8range(3i64, 9i64)))),
        value("pg range_union", || shown(pg::range_union(to(5), pg::int8range(3i64, 9i64)))),
        value("pg range_difference", || shown(pg::range_difference(to(5), pg::int8range(3i64, 9i64)))),
        value("pg range_merge", || shown(pg::range_merge(to(3), pg::int8range(7i64, 9i64)))),
        value("pg range_lower, range_upper", || pg::range_lower(to(3)).concat("-").concat(pg::range_upper(to(3)))),
        filter("pg range_lower_inclusive", || pg::range_lower_inclusive(to(3))),
        filter("pg range_upper_inclusive", || pg::range_upper_inclusive(to(3))),
        filter("pg range_lower_infinite", || pg::range_lower_infinite(to(3))),
        filter("pg range_upper_infinite", || pg::range_upper_infinite(to(3))),
        value("pg int4range", || shown(pg::int4range(1i64, 2i64))),
        value("pg numrange", || shown(pg::numrange(EveryType.exact, EveryType.exact + 1))),
        value("pg tsrange", || shown(pg::tsrange(EveryType.datetime, EveryType.datetime))),
        value("pg multirange", || shown(pg::multirange(to(3)))),
    ]
}

fn json_of_postgres() -> Vec<Construct> {
    fn keys(keys: &[&str]) -> Vec<String> {
        keys.iter().map(ToString::to_string).collect()
    }
    fn json(text: &str) -> Json {
        text.parse().unwrap()
    }
    vec![
        filter("pg jsonb_has_any_key", || pg::jsonb_has_any_key(EveryType.json, keys(&["age", "nowhere"]))),
        filter("pg jsonb_has_all_keys", || pg::jsonb_has_all_keys(EveryType.json, keys(&["age", "nowhere"]))),
        filter("pg jsonb_path_exists", || pg::jsonb_path_exists(EveryType.json, "$.tags[*] ? (@ == \"b\")")),
        value("pg jsonb_path_query_array", || pg::jsonb_path_query_array(EveryType.json, "$.tags[*]")),
        value("pg jsonb_concat", || pg::jsonb_concat(EveryType.json.key("a.b").json(), json(r#"{"d": 2}"#))),
        value("pg jsonb_set", || pg::jsonb_set(EveryType.json.key("a.b").json(), keys(&["c"]), json("3"))),
        value("pg jsonb_insert", || pg::jsonb_insert(EveryType.json.key("tags").json(), keys(&["0"]), json("3"))),
        value("pg jsonb_strip_nulls", || pg::jsonb_strip_nulls(EveryType.json).key("none").json()),
        value("pg jsonb_typeof", || pg::jsonb_typeof(EveryType.json)),
        value("pg jsonb_pretty", || pg::jsonb_pretty(EveryType.json.key("a.b").json())),
        value("pg to_jsonb", || pg::to_jsonb(EveryType.text)),
        value("pg jsonb_build_object", || pg::jsonb_build_object("a", EveryType.large)),
    ]
}

fn aggregates_of_postgres() -> Vec<Construct> {
    let all = || EveryType::find();
    let (x, y) = (EveryType.large, EveryType.medium);
    vec![
        rows!("pg corr", all().select(pg::corr(x, EveryType.large * 2))),
        rows!("pg covar_pop, covar_samp", all().select((pg::covar_pop(y, x), pg::covar_samp(x, x)))),
        rows!("pg regr_slope, regr_intercept, regr_r2", {
            let line = EveryType.large * 2 + 1;
            all().select((pg::regr_slope(line.clone(), x), pg::regr_intercept(line.clone(), x), pg::regr_r2(line, x)))
        }),
        rows!("pg rank_of, cume_dist_of", all().select((pg::rank_of(6i64, x), pg::cume_dist_of(6i64, x)))),
        rows!("pg range_agg", {
            all().select(
                pg::range_agg(pg::int8range(EveryType.large, EveryType.large + 1)).map(|all| all.cast::<String>()),
            )
        }),
        rows!("pg range_intersect_agg", {
            let range = pg::int8range(EveryType.large, EveryType.large + 9);
            all().select(pg::range_intersect_agg(range).map(|all| all.cast::<String>()))
        }),
        rows!("pg grouping", {
            let sums = Post::find().group_by(Post.slug).rollup().select((Post.slug, pg::grouping(Post.slug)));
            sums.order_by_place(2, true).order_by_place(1, false).limit(2)
        }),
    ]
}

fn others_of_mysql() -> Vec<Construct> {
    vec![
        value("mysql rpad", || mysql::rpad(EveryType.text.trim(), 9, "-")),
        value("mysql concat_ws", || mysql::concat_ws("-", EveryType.nothing, EveryType.text)),
        value("mysql ord", || mysql::ord("A")),
        value("mysql hex, unhex", || mysql::unhex(mysql::hex(EveryType.bytes))),
        value("mysql to_base64, from_base64", || mysql::from_base64(mysql::to_base64(EveryType.bytes))),
        value("mysql sha2", || mysql::sha2(EveryType.text, 256i64)),
        value("mysql regexp_substr", || mysql::regexp_substr(EveryType.text, "B[a-z]+")),
        value("mysql regexp_instr", || mysql::regexp_instr(EveryType.text, "B[a-z]+")),
        value("mysql format", || mysql::format(1234567.891, 2i64)),
        value("mysql insert", || mysql::insert("Quadratic", 3i64, 4i64, "What")),
        filter("mysql sounds_like", || mysql::sounds_like("Robert", "Rupert")),
        value("mysql conv", || mysql::conv("ff", 16i64, 10i64)),
        value("mysql crc32", || mysql::crc32("relata")),
        value("mysql bit_count", || mysql::bit_count(EveryType.large)),
        value("mysql str_to_date", || mysql::str_to_date("29.02.2024", "%d.%m.%Y")),
        value("mysql last_day", || mysql::last_day(EveryType.date)),
        value("mysql dayname, monthname", || mysql::dayname(EveryType.date).concat(mysql::monthname(EveryType.date))),
        value("mysql datediff", || mysql::datediff(EveryType.date, "2024-01-01".parse::<Date>().unwrap())),
        value("mysql convert_tz", || mysql::convert_tz(EveryType.datetime, "+00:00", "+02:00")),
        value("mysql json_extract", || mysql::json_extract(EveryType.json, "$.tags[1]")),
        filter("mysql json_contains_path", || mysql::json_contains_path(EveryType.json, "$.age")),
        value("mysql json_keys", || mysql::json_keys(EveryType.json.key("a.b").json())),
        value("mysql json_search", || mysql::json_search(EveryType.json, "b")),
        value("mysql json_merge_patch", || {
            mysql::json_merge_patch(EveryType.json.key("a.b").json(), r#"{"d": 2}"#.parse::<Json>().unwrap())
        }),
        value("mysql json_type", || mysql::json_type(EveryType.json)),
        filter("mysql json_valid", || mysql::json_valid("{")),
        value("mysql json_object", || mysql::json_object("a", EveryType.large)),
        value("mysql inet_ntoa", || mysql::inet_ntoa(mysql::inet_aton("10.1.2.3"))),
        filter("mysql is_ipv4", || mysql::is_ipv4("10.1.2.3")),
        value("mysql release_lock", || mysql::release_lock("nobody's")),
        rows!(
            "mysql bit_and, bit_or",
            EveryType::find().select((mysql::bit_and(EveryType.large), mysql::bit_or(EveryType.large)))
        ),
    ]
}

fn others_of_sqlite() -> Vec<Construct> {
    vec![
        value("sqlite trim_of", || sqlite::trim_of("xxaxx", "x")),
        value("sqlite character", || sqlite::character(65i64)),
        value("sqlite unhex", || sqlite::unhex("ff00")),
        value("sqlite instr", || sqlite::instr(EveryType.text, "B")),
        value("sqlite randomblob", || sqlite::hex(sqlite::randomblob(4i64)).length()),
        value("sqlite date", || sqlite::date(EveryType.date, "start of year")),
        value("sqlite datetime", || sqlite::datetime(EveryType.datetime, "+1 day")),
        value("sqlite unixepoch", || sqlite::unixepoch(EveryType.datetime)),
        value("sqlite json_extract", || sqlite::json_extract(EveryType.json, "$.tags[1]")),
        value("sqlite json_type", || sqlite::json_type(EveryType.json)),
        value("sqlite json_patch", || {
            sqlite::json_patch(EveryType.json.key("a.b").json(), r#"{"d": 2}"#.parse::<Json>().unwrap())
        }),
        filter("sqlite json_valid", || sqlite::json_valid("{")),
        value("sqlite json_object", || sqlite::json_object("a", EveryType.large)),
        value("sqlite changes", sqlite::changes).varying(),
        value("sqlite last_insert_rowid", sqlite::last_insert_rowid).varying(),
        value("sqlite version", sqlite::version).varying(),
        rows!("sqlite total", EveryType::find().select(sqlite::total(EveryType.large))),
    ]
}
