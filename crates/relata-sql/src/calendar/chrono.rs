//! chrono: dates and times without zone, and instants in UTC.

use chrono::{Datelike, NaiveDate, NaiveDateTime, NaiveTime, TimeZone, Timelike, Utc};
use jiff::Timestamp;
use jiff::civil::{Date, DateTime, Time};

use crate::cell::{Cell, Decode, Element, Mismatch};
use crate::expr::Expr;
use crate::template::Template;
use crate::typed::{Argument, CastTo, Field, Moment, value};
use crate::value::{Encode, Value};

fn to_date(date: &NaiveDate) -> Option<Date> {
    Date::new(date.year().try_into().ok()?, date.month().try_into().ok()?, date.day().try_into().ok()?).ok()
}

fn from_date(date: Date) -> Option<NaiveDate> {
    NaiveDate::from_ymd_opt(date.year().into(), date.month().unsigned_abs().into(), date.day().unsigned_abs().into())
}

/// A leap second, which chrono counts beyond the second before it, has no place in jiff's.
fn to_time(time: &NaiveTime) -> Option<Time> {
    let (hour, minute, second) =
        (time.hour().try_into().ok()?, time.minute().try_into().ok()?, time.second().try_into().ok()?);
    Time::new(hour, minute, second, time.nanosecond().try_into().ok()?).ok()
}

fn from_time(time: Time) -> Option<NaiveTime> {
    let [hour, minute, second] = [time.hour(), time.minute(), time.second()].map(|part| part.unsigned_abs().into());
    NaiveTime::from_hms_nano_opt(hour, minute, second, time.subsec_nanosecond().unsigned_abs())
}

calendar! {
    NaiveDate => Date, Date, to_date, from_date, yes;
    NaiveTime => Time, Time, to_time, from_time, no;
    NaiveDateTime => DateTime, DateTime,
        |at| Some(to_date(&at.date())?.to_datetime(to_time(&at.time())?)),
        |at| Some(from_date(at.date())?.and_time(from_time(at.time())?)), yes;
    chrono::DateTime<Utc> => Timestamp, Timestamp,
        |at| Timestamp::new(at.timestamp(), at.timestamp_subsec_nanos().try_into().ok()?).ok(),
        |at| {
            let nanos = at.as_nanosecond();
            let seconds = i64::try_from(nanos.div_euclid(1_000_000_000)).ok()?;
            Utc.timestamp_opt(seconds, u32::try_from(nanos.rem_euclid(1_000_000_000)).ok()?).single()
        }, yes;
}
