//! Types of one's own, of the crates chrono and time, and lengths of time.

use relata::prelude::*;
use relata::time::SignedDuration;

/// A text of its own.
#[derive(Scalar, Debug, Clone, PartialEq)]
pub struct Email(pub String);

/// A number that is checked when it is read.
#[derive(Scalar, Debug, Clone, Copy, PartialEq)]
#[scalar(try_from)]
pub struct Percent(i16);

impl TryFrom<i16> for Percent {
    type Error = String;

    fn try_from(value: i16) -> Result<Self, String> {
        if (0..=100).contains(&value) { Ok(Percent(value)) } else { Err("a number from 0 to 100".to_string()) }
    }
}

impl From<Percent> for i16 {
    fn from(percent: Percent) -> i16 {
        percent.0
    }
}

/// An amount that adds up.
#[derive(Scalar, Debug, Clone, Copy, PartialEq)]
pub struct Cents(pub i64);

/// Kept as JSON.
#[derive(Scalar, serde::Serialize, serde::Deserialize, Debug, Clone, PartialEq)]
#[scalar(json)]
pub struct Settings {
    pub dark: bool,
    pub tags: Vec<String>,
}

#[derive(Entity, Debug, Clone, PartialEq)]
#[entity(table = "owns")]
pub struct Own {
    #[id]
    pub id: Id<Own>,
    #[unique]
    pub email: Email,
    pub other: Option<Email>,
    pub share: Percent,
    pub cents: Cents,
    pub settings: Settings,
    pub length: SignedDuration,
    pub pause: Option<SignedDuration>,
}

#[derive(Entity, Debug, Clone, PartialEq)]
#[entity(table = "calendars")]
pub struct Calendar {
    #[id]
    pub id: Id<Calendar>,
    pub day: chrono::NaiveDate,
    pub hour: chrono::NaiveTime,
    pub local: chrono::NaiveDateTime,
    pub at: chrono::DateTime<chrono::Utc>,
    pub later: Option<chrono::DateTime<chrono::Utc>>,
    pub time_day: time::Date,
    pub time_hour: time::Time,
    pub time_local: time::PrimitiveDateTime,
    pub time_at: time::OffsetDateTime,
}
