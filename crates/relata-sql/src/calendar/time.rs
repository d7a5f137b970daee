//! time: dates and times without zone, and instants, which come back with the offset of UTC.

use jiff::Timestamp;
use jiff::civil;
use time::{Date, Month, OffsetDateTime, PrimitiveDateTime, Time};

use crate::cell::{Cell, Decode, Element, Mismatch};
use crate::expr::Expr;
use crate::template::Template;
use crate::typed::{Argument, CastTo, Field, Moment, value};
use crate::value::{Encode, Value};

fn to_date(date: &Date) -> Option<civil::Date> {
    civil::Date::new(date.year().try_into().ok()?, u8::from(date.month()).try_into().ok()?, date.day().try_into().ok()?)
        .ok()
}

fn from_date(date: civil::Date) -> Option<Date> {
    let month = Month::try_from(date.month().unsigned_abs()).ok()?;
    Date::from_calendar_date(date.year().into(), month, date.day().unsigned_abs()).ok()
}

fn to_time(time: &Time) -> Option<civil::Time> {
    let (hour, minute, second, nanos) = time.as_hms_nano();
    civil::Time::new(hour.try_into().ok()?, minute.try_into().ok()?, second.try_into().ok()?, nanos.try_into().ok()?)
        .ok()
}

fn from_time(time: civil::Time) -> Option<Time> {
    let [hour, minute, second] = [time.hour(), time.minute(), time.second()].map(i8::unsigned_abs);
    Time::from_hms_nano(hour, minute, second, time.subsec_nanosecond().unsigned_abs()).ok()
}

calendar! {
    Date => civil::Date, Date, to_date, from_date, yes;
    Time => civil::Time, Time, to_time, from_time, no;
    PrimitiveDateTime => civil::DateTime, DateTime,
        |at| Some(to_date(&at.date())?.to_datetime(to_time(&at.time())?)),
        |at| Some(PrimitiveDateTime::new(from_date(at.date())?, from_time(at.time())?)), yes;
    OffsetDateTime => Timestamp, Timestamp,
        |at| Timestamp::from_nanosecond(at.unix_timestamp_nanos()).ok(),
        |at| OffsetDateTime::from_unix_timestamp_nanos(at.as_nanosecond()).ok(), yes;
}
