//! What PostgreSQL alone keeps.

use relata::prelude::*;

/// Where a person stands.
#[derive(Enum, Debug, Clone, Copy, PartialEq, Eq)]
pub enum Light {
    Red,
    Green,
}

#[derive(Entity, Debug, Clone, PartialEq)]
#[entity(table = "natives")]
pub struct Native {
    #[id]
    pub id: Id<Native>,
    pub flags: Vec<bool>,
    pub shorts: Vec<i16>,
    pub ints: Vec<i32>,
    pub longs: Option<Vec<i64>>,
    pub doubles: Vec<f64>,
    pub texts: Vec<String>,
    pub decimals: Vec<Decimal>,
    pub uuids: Vec<Uuid>,
    pub days: Vec<Date>,
    pub instants: Vec<Timestamp>,
    pub documents: Vec<Json>,
    pub lights: Vec<Light>,
    pub span: relata::Interval,
    #[db_type("inet")]
    pub address: String,
    #[db_type("cidr")]
    pub network: String,
    #[db_type("macaddr")]
    pub card: String,
    #[db_type("int4range")]
    pub whole: String,
    #[db_type("numrange")]
    pub exact: String,
    #[db_type("daterange")]
    pub stay: String,
    #[db_type("tstzrange")]
    pub during: String,
    #[db_type("tsvector")]
    pub words: String,
    #[db_type("tsquery")]
    pub wanted: String,
    #[db_type("bit(4)")]
    pub bits: String,
    #[db_type("timetz")]
    pub clock: String,
    #[db_type("numeric")]
    pub number: String,
    #[db_type("point")]
    pub place: Option<String>,
    #[check(len(1..=2), custom(crate::types::no_blanks))]
    pub few: Option<Vec<String>>,
}
