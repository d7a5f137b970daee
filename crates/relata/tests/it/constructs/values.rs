//! Conditions, operators and functions.

use relata::prelude::*;
use relata::{Case, Dialect, Interval, Unit, Value, fragment, mysql, now, pg, sqlite, value as constant};

use super::{Construct, filter, rows, value};
use crate::model::*;
use crate::setup::side_by_side;

pub fn table() -> Vec<Construct> {
    let groups = [comparisons(), texts(), numbers(), conditionals(), dates(), json(), arrays()];
    groups.into_iter().flatten().chain(natives_of_postgres()).chain(natives_of_others()).collect()
}

fn comparisons() -> Vec<Construct> {
    vec![
        filter("=", || EveryType.large.eq(5)),
        filter("= of two columns", || EveryType.large.eq(EveryType.large)),
        filter("= of an enum", || EveryType.mood.eq(Mood::SoSo)),
        filter("distinct from an enum", || EveryType.mood.is_distinct_from(Mood::SoSo)),
        filter("null if an enum", || EveryType.mood.null_if(Mood::SoSo).eq(Mood::Happy)),
        filter("case of an enum", || {
            Case::<EveryType, Mood>::when(EveryType.large.gt(5), Mood::SoSo).otherwise(EveryType.mood).eq(Mood::Happy)
        }),
        filter("not of a column", || !EveryType.flag),
        filter("<>", || EveryType.large.ne(5)),
        filter("<", || EveryType.large.lt(6)),
        filter("<=", || EveryType.large.le(5)),
        filter(">", || EveryType.large.gt(5)),
        filter(">=", || EveryType.large.ge(5)),
        filter("in", || EveryType.large.is_in([1, 5, 7])),
        filter("in nothing", || EveryType.large.is_in(Vec::<i64>::new())),
        filter("not in", || EveryType.large.not_in([1, 5, 7])),
        filter("not", || EveryType.large.eq(5).not()),
        filter("between", || EveryType.large.between(5, 8)),
        filter("is null", || EveryType.nothing.is_none()),
        filter("is not null", || EveryType.nothing.is_some()),
        filter("and", || EveryType.large.gt(1).and(EveryType.large.lt(9))),
        filter("or, not", || EveryType.large.gt(8).or(!EveryType.flag.eq(true))),
        filter("&, |", || EveryType.large.gt(1) & EveryType.large.lt(9) | EveryType.flag.eq(false)),
        filter("all of some", || Pred::all([EveryType.large.gt(1), EveryType.large.lt(9)])),
        filter("any of none", || Pred::any([])),
        filter("a boolean column", || EveryType.flag.holds()),
        rows!("a boolean column as the filter", EveryType::find().filter(EveryType.flag).select(EveryType.large)),
        filter("SQL of one's own", || Pred::sql("5 < ?", [Value::Int(7)])),
        filter("fragment", || fragment::<EveryType, bool>("{} + 1 = {}", (EveryType.large, 6)).holds()),
        value("fragment that gives a value", || fragment::<_, i64>("{} + 1", (EveryType.large,))),
        value("constant", || constant(7i64)),
    ]
}

fn texts() -> Vec<Construct> {
    let text = EveryType.text;
    vec![
        filter("begins with", || EveryType.text.starts_with("Zo")),
        filter("ends with", || EveryType.text.ends_with("ë")),
        filter("contains", || EveryType.text.contains("Bee")),
        filter("like", || EveryType.text.like("%B_e%")),
        filter("like without case", || EveryType.text.ilike("%bEE%")),
        filter("regular expression", || EveryType.text.matches("^ A.*e $")),
        value("lower", || EveryType.text.lower()),
        value("upper", || EveryType.text.upper()),
        value("trim", || EveryType.text.trim()),
        value("trim at the beginning", || EveryType.text.trim_start()),
        value("trim at the end", || EveryType.text.trim_end()),
        value("concat", || EveryType.text.concat("!").concat(EveryType.text)),
        value("replace", || EveryType.text.replace("Bee", "'")),
        value("substring", || EveryType.text.substring(2, 3)),
        value("left", || EveryType.text.left(4)),
        value("length", || EveryType.text.length()),
        value("position", || EveryType.text.position("Bee")),
        value("reverse", || EveryType.text.reverse()),
        value("coalesce", || EveryType.nothing.or_else("none")),
        value("nullif", || EveryType.large.null_if(5)),
        rows!("order by text, NULLs last", EveryType::find().order(EveryType.nothing.asc().nulls_last()).select(text)),
        rows!(
            "order downwards, NULLs first",
            EveryType::find().order(EveryType.nothing.desc().nulls_first()).order(EveryType.id.desc()).select(text)
        ),
    ]
}

fn numbers() -> Vec<Construct> {
    vec![
        value("+", || EveryType.large + 2),
        value("-", || EveryType.large - EveryType.medium.cast::<i64>()),
        value("*", || EveryType.double * 2.0),
        value("/ of whole numbers", || EveryType.large / 2),
        value("/ of fractions", || EveryType.double / 2.0),
        value("%", || EveryType.large % 2),
        value("abs", || EveryType.small.abs()),
        value("round", || EveryType.double.round(1)),
        value("round a decimal", || EveryType.exact.round(0)),
        value("floor", || EveryType.double.floor()),
        value("ceil", || EveryType.double.ceil()),
        value("sign", || EveryType.small.sign()),
        value("power", || EveryType.large.power(2.0)),
        value("square root", || (EveryType.large + 4).sqrt()),
        value("greatest", || EveryType.large.greatest(9)),
        value("least", || EveryType.large.least(1)),
        value("cast to text", || EveryType.large.cast::<String>()),
        value("cast to a whole number", || EveryType.double.cast::<i64>()),
        value("cast to a fraction", || EveryType.large.cast::<f64>()),
        value("cast to a date", || EveryType.datetime.cast::<Date>()),
        value("cast of NULL", || EveryType.nothing.cast::<i64>()),
    ]
}

fn conditionals() -> Vec<Construct> {
    vec![
        value::<String>("case", || {
            Case::when(EveryType.large.gt(9), "many").or_when(EveryType.large.gt(4), "some").otherwise("few")
        }),
        value("case without else", || Case::<_, i64>::when(EveryType.large.gt(9), 1).or_null()),
    ]
}

fn dates() -> Vec<Construct> {
    vec![
        value("year", || EveryType.date.year()),
        value("month", || EveryType.datetime.month()),
        value("week", || EveryType.date.part(Unit::Week)),
        value("week of an instant", || EveryType.instant.part(Unit::Week)),
        value("day of an instant", || EveryType.instant.day()),
        value("hour", || EveryType.instant.part(Unit::Hour)),
        value("second", || EveryType.datetime.part(Unit::Second)),
        value("day that an instant belongs to", || EveryType.instant.date()),
        value("beginning of the month", || EveryType.datetime.truncate(Unit::Month)),
        value("beginning of the week", || EveryType.date.truncate(Unit::Week)),
        value("beginning of the week, of an instant", || EveryType.instant.truncate(Unit::Week)),
        value("beginning of the hour, of an instant", || EveryType.instant.truncate(Unit::Hour)),
        value("a day later", || EveryType.instant.plus(1, Unit::Day)),
        value("weeks later", || EveryType.instant.plus(2, Unit::Week)),
        value("weeks before a date", || EveryType.date.plus(-2, Unit::Week)),
        value("a month earlier", || EveryType.date.plus(-1, Unit::Month)),
        value("minutes later", || EveryType.datetime.plus(EveryType.large, Unit::Minute)),
        value("an interval later", || {
            EveryType.datetime.plus_interval(Interval { months: 1, days: 1, microseconds: 1_000_000 })
        }),
        value("an interval after a date", || {
            EveryType.date.plus_interval(Interval { months: 1, days: 1, microseconds: 1_000_000 })
        }),
        value("seconds between", || {
            EveryType.instant.seconds_since("2024-02-29T23:00:00Z".parse::<Timestamp>().unwrap())
        }),
        value("now", now).varying(),
        filter("before now", || EveryType.instant.lt(now())),
    ]
}

fn json() -> Vec<Construct> {
    vec![
        value("JSON: text", || EveryType.json.key("name").text()),
        value("JSON: whole number", || EveryType.json.key("age").int()),
        value("JSON: fraction", || EveryType.json.key("ratio").float()),
        value("JSON: boolean", || EveryType.json.key("on").boolean()),
        value("JSON: member of an array", || EveryType.json.key("tags").index(1).text()),
        value("JSON: what is not there", || EveryType.json.key("no").key("where").int()),
        value("JSON: JSON", || EveryType.json.key("tags").json()),
        filter("JSON: exists", || EveryType.json.key("none").exists()),
        filter("JSON: contains", || EveryType.json.contains_json(r#"{"age": 41}"#.parse().unwrap())),
        value("JSON: length of an array", || EveryType.json.key("tags").json().array_length()),
    ]
}

fn numbers_array() -> relata::Expression<EveryType, Vec<i64>> {
    fragment("CAST(ARRAY[1, 2, 3] AS bigint[])", ())
}

fn arrays() -> Vec<Construct> {
    vec![
        filter("array has", || numbers_array().has(2)),
        filter("array has all", || numbers_array().has_all(vec![1, 3])),
        filter("array has any", || numbers_array().has_any(vec![3, 9])),
        filter("array within", || numbers_array().within(vec![3, 2, 1, 0])),
        value("append to an array", || numbers_array().append(4)),
        value("prepend to an array", || numbers_array().prepend(0)),
        value("append an array", || numbers_array().append_all(vec![4, 5])),
        value("remove from an array", || numbers_array().remove(2)),
        value("elements of an array", || numbers_array().elements()),
    ]
}

fn natives_of_postgres() -> Vec<Construct> {
    vec![
        filter("pg array_contains", || pg::array_contains(numbers_array(), vec![1i64])),
        filter("pg array_contained_by", || pg::array_contained_by(numbers_array(), vec![1i64, 2])),
        filter("pg array_overlaps", || pg::array_overlaps(numbers_array(), vec![1i64, 2])),
        filter("pg has", || pg::has(vec!["a".to_string()], "a")),
        value("pg cardinality", || pg::cardinality(numbers_array())),
        value("pg array_position", || pg::array_position(vec![1i64, 2], 2i64)),
        value("pg array_to_string", || pg::array_to_string(numbers_array(), "+")),
        value("pg string_to_array", || pg::string_to_array("a,b", ",")),
        filter("pg range_contains", || pg::range_contains(pg::int8range(1i64, 5i64), EveryType.large - 1)),
        filter("pg range_contained_by", || {
            pg::range_contained_by(pg::int8range(1i64, 5i64), pg::int8range(1i64, 9i64))
        }),
        filter("pg range_overlaps", || pg::range_overlaps(pg::int8range(1i64, 5i64), pg::int8range(4i64, 9i64))),
        filter("pg range_adjacent", || pg::range_adjacent(pg::int8range(1i64, 5i64), pg::int8range(5i64, 9i64))),
        filter("pg range_is_empty", || pg::range_is_empty(pg::int8range(5i64, 5i64))),
        value("pg tstzrange", || pg::range_start(pg::tstzrange(EveryType.instant, now()))),
        filter("pg range_end", || pg::range_end(pg::tstzrange(EveryType.instant, now())).is_some()),
        value("pg daterange", || pg::daterange(EveryType.date, EveryType.date.plus(1, Unit::Day))),
        filter("pg inet_within", || pg::inet_within("10.1.2.3", "10.0.0.0/8")),
        filter("pg inet_contains", || pg::inet_contains("10.0.0.0/8", "10.1.2.3")),
        value("pg inet_host", || pg::inet_host("10.1.2.3/8")),
        value("pg inet_masklen", || pg::inet_masklen("10.1.2.3/8")),
        value("pg inet_family", || pg::inet_family("::1")),
        filter("pg imatches", || pg::imatches(EveryType.text, "^ ANN")),
        value("pg regexp_replace", || pg::regexp_replace(EveryType.text, "[a-z]", "x")),
        value("pg split_part", || pg::split_part(EveryType.text, " ", 2)),
        value("pg initcap", || pg::initcap("ann BEE")),
        value("pg lpad", || pg::lpad(EveryType.text.trim(), 9, "-")),
        value("pg md5", || pg::md5(EveryType.text)),
        value("pg to_char", || pg::to_char(EveryType.datetime, "YYYY-MM")),
        value("pg age", || pg::age(EveryType.datetime, "2023-01-01T00:00:00".parse::<DateTime>().unwrap())),
        filter("pg jsonb_has_key", || pg::jsonb_has_key(EveryType.json, "age")),
        filter("pg jsonb_path_match", || pg::jsonb_path_match(EveryType.json, "$.age > 40")),
        value("pg jsonb_path_query_first", || pg::jsonb_path_query_first(EveryType.json, "$.tags[*]")),
        filter("pg matches_text", || pg::matches_text(EveryType.text, "bee")),
        value("pg text_rank", || pg::text_rank("bee bee", "bee").round(2)),
        value("pg at_time_zone", || pg::at_time_zone(EveryType.instant, "Europe/Berlin")),
        value("pg random", pg::random).varying(),
        value("pg gen_random_uuid", pg::gen_random_uuid).varying(),
    ]
}

fn natives_of_others() -> Vec<Construct> {
    vec![
        value("mysql soundex", || mysql::soundex("Robert")),
        value("mysql find_in_set", || mysql::find_in_set("b", "a,b")),
        value("mysql field", || mysql::field("b", "a", "b", "c")),
        value("mysql substring_index", || mysql::substring_index("a.b.c", ".", 2)),
        value("mysql regexp_replace", || mysql::regexp_replace(EveryType.text, "[a-z]", "x")),
        value("mysql lpad", || mysql::lpad(EveryType.text.trim(), 9, "-")),
        value("mysql md5", || mysql::md5(EveryType.text)),
        value("mysql inet_aton", || mysql::inet_aton("10.1.2.3")),
        value("mysql date_format", || mysql::date_format(EveryType.datetime, "%Y-%m")),
        value("mysql rand", mysql::rand).varying(),
        value("mysql get_lock", || mysql::get_lock("constructs of relata", 0)),
        Construct::new(
            "mysql match_against",
            || {
                side_by_side(|| {
                    EveryType::find().filter(mysql::match_against(EveryType.text, "+bee")).select(EveryType.large)
                })
            },
            |db| {
                Box::pin(async move {
                    if db.dialect() == Dialect::Mysql {
                        db.batch("CREATE FULLTEXT INDEX words ON every_type (text)").await?;
                    }
                    let query = EveryType::find().filter(mysql::match_against(EveryType.text, "+bee"));
                    query.select(EveryType.large).all(db).await.map(|rows| format!("{rows:?}"))
                })
            },
        ),
        filter("sqlite glob", || sqlite::glob(EveryType.text, "*Bee*")),
        value("sqlite strftime", || sqlite::strftime("%Y-%m", EveryType.datetime)),
        value("sqlite julianday", || sqlite::julianday("2000-01-01")),
        value("sqlite printf", || sqlite::printf("%05d", EveryType.large)),
        value("sqlite type_of", || sqlite::type_of(EveryType.large)),
        value("sqlite quote", || sqlite::quote("it's")),
        value("sqlite hex", || sqlite::hex(EveryType.bytes)),
        value("sqlite unicode", || sqlite::unicode("A")),
        value("sqlite soundex", || sqlite::soundex("Robert")),
        value("sqlite random", sqlite::random).varying(),
        value("sqlite rowid", sqlite::rowid),
    ]
}
