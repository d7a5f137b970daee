use relata::prelude::*;

/// Whatever may be NULL.
#[derive(Entity, Debug, Clone)]
#[entity(table = "things", charset = "utf8mb4")]
pub struct Thing {
    #[id]
    pub id: Id<Thing>,
    pub a: Option<i64>,
    pub b: Option<i64>,
    pub small: Option<i32>,
    pub f: Option<f64>,
    pub g: Option<f64>,
    #[decimal(18, 4)]
    pub d: Option<Decimal>,
    #[decimal(18, 4)]
    pub e: Option<Decimal>,
    pub s: Option<String>,
    pub t: Option<String>,
    pub x: Option<bool>,
    pub y: bool,
    pub day: Option<Date>,
    pub at: Option<Timestamp>,
    pub clock: Option<DateTime>,
    pub json: Option<Json>,
}
