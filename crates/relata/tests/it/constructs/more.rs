//! Functions of one database alone that are less common.

use relata::prelude::*;
use relata::{mysql, pg, sqlite};

use super::{Construct, filter, rows, value};
use crate::model::*;

pub fn table() -> Vec<Construct> {
    [of_postgres(), of_mysql(), of_sqlite()].into_iter().flatten().collect()
}

fn path(parts: &[&str]) -> Vec<String> {
    parts.iter().map(|part| (*part).to_string()).collect()
}

fn of_postgres() -> Vec<Construct> {
    vec![
        value("pg array_remove", || pg::array_remove(pg::string_to_array("a,b,a", ","), "a")),
        value("pg quote_nullable", || pg::quote_nullable("it's")),
        value("pg quote_ident", || pg::quote_ident("Select")),
        value("pg normalize", || pg::normalize("e\u{301}")),
        value("pg trim_scale", || pg::trim_scale(EveryType.exact)),
        value("pg scale", || pg::scale(EveryType.exact)),
        value("pg trunc_to", || pg::trunc_to(EveryType.exact, 1)),
        value("pg make_time", || pg::make_time(12, 30, 1.5)),
        value("pg justify_interval", || pg::justify_interval(pg::age(EveryType.instant, EveryType.instant))),
        filter("pg is_finite", || pg::is_finite(EveryType.instant)),
        value("pg jsonb_delete_path", || {
            pg::jsonb_delete_path(r#"{"a": {"b": 1, "c": 2}}"#.parse::<Json>().unwrap(), path(&["a", "b"]))
        }),
        value("pg jsonb_extract_path", || {
            pg::jsonb_extract_path(r#"{"a": [5, 6]}"#.parse::<Json>().unwrap(), path(&["a", "1"]))
        }),
        value("pg text_headline", || pg::text_headline(EveryType.text, "bee")),
        value("pg to_tsvector", || pg::to_tsvector("bees and a bee").cast::<String>()),
        value("pg inet_merge", || pg::inet_merge("10.0.1.0/24", "10.0.2.0/24").cast::<String>()),
        value("pg inet_netmask", || pg::inet_netmask("10.0.1.0/24")),
        value("pg size_pretty", || pg::size_pretty(123_456)),
        value("pg column_size", || pg::column_size(EveryType.large)),
        value("pg current_database", pg::current_database).varying(),
        rows!(
            "pg bit_and, bit_or",
            EveryType::find().select((pg::bit_and(EveryType.large), pg::bit_or(EveryType.large)))
        ),
        rows!("pg percent_rank_of", EveryType::find().select(pg::percent_rank_of(6i64, EveryType.large))),
    ]
}

fn of_mysql() -> Vec<Construct> {
    vec![
        value("mysql elt", || mysql::elt(2, "a", "b", "c")),
        value("mysql quote", || mysql::quote("it's")),
        value("mysql strcmp", || mysql::strcmp("a", "b")),
        value("mysql truncate", || mysql::truncate(EveryType.exact, 1)),
        value("mysql log2", || mysql::log2(8)),
        value("mysql sha1", || mysql::sha1("abc")),
        value("mysql makedate", || mysql::makedate(2024, 60)),
        value("mysql from_unixtime", || mysql::from_unixtime(86_400)),
        value("mysql seconds_between", || mysql::seconds_between("2024-01-01", "2024-01-02")),
        value("mysql months_between", || mysql::months_between("2024-01-31", "2024-03-30")),
        value("mysql to_days", || mysql::to_days("2024-01-01")),
        value("mysql weekofyear", || mysql::weekofyear("2024-12-30")),
        filter("mysql json_overlaps", || mysql::json_overlaps("[1, 2]", "[2, 3]")),
        value("mysql json_depth", || mysql::json_depth("[1, [2]]")),
        value("mysql json_length", || mysql::json_length("[1, [2]]")),
        value("mysql json_quote", || mysql::json_quote("it's \"so\"")),
        value("mysql json_unquote", || mysql::json_unquote("\"a\\u00e4\"")),
        value("mysql json_array_append", || mysql::json_array_append("[1]", "$", 2)),
        value("mysql json_array", || mysql::json_array("a", EveryType.large)),
        value("mysql inet6_aton", || mysql::inet6_aton("::1")),
        value("mysql inet6_ntoa", || mysql::inet6_ntoa(mysql::inet6_aton("fe80::1"))),
        filter("mysql is_ipv6", || mysql::is_ipv6("::1")),
        value("mysql database", mysql::database).varying(),
        value("mysql version", mysql::version).varying(),
        rows!("mysql bit_xor", EveryType::find().select(mysql::bit_xor(EveryType.large))),
    ]
}

fn of_sqlite() -> Vec<Construct> {
    vec![
        value("sqlite time", || sqlite::time("2024-01-01 12:30:00", "+90 minutes")),
        value("sqlite json_array", || sqlite::json_array("a", EveryType.large)),
        value("sqlite json_quote", || sqlite::json_quote("it's \"so\"")),
        value("sqlite json_insert", || sqlite::json_insert("[1]", "$[#]", 2)),
        value("sqlite json_replace", || sqlite::json_replace(r#"{"a": 1}"#, "$.a", 2)),
        value("sqlite octets", || sqlite::octets("ë")),
        value("sqlite zeroblob", || sqlite::zeroblob(2)),
        value("sqlite total_changes", sqlite::total_changes).varying(),
    ]
}
