//! Dates and times: parts, truncation, addition, distance. Instants are taken in UTC on every database.

use jiff::Timestamp;
use jiff::civil::Date;

use super::case::typed;
use super::function::{CLOCK_OF_UTC, call};
use super::{Column, Expr, Expression, Field, LikeBoth, Moment, Operand};
use crate::template::Template;
use crate::value::Interval;

/// A unit of time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unit {
    /// A year.
    Year,
    /// A quarter of a year; as a part, from 1 to 4.
    Quarter,
    /// A month.
    Month,
    /// A week, which begins on a Monday; as a part, its number by ISO 8601.
    Week,
    /// A day.
    Day,
    /// An hour.
    Hour,
    /// A minute.
    Minute,
    /// A second.
    Second,
}

macro_rules! parts {
    ($($name:ident $zoned:ident: $sqlite:literal, $word:literal;)*) => {$(
        static $name: Template = Template::each(
            "part of a date",
            concat!("CAST(STRFTIME('", $sqlite, "', {0}) AS INTEGER)"),
            concat!("CAST(FLOOR(EXTRACT(", $word, " FROM {0})) AS bigint)"),
            concat!("EXTRACT(", $word, " FROM {0})"),
        );
        static $zoned: Template = Template::each(
            "part of an instant",
            concat!("CAST(STRFTIME('", $sqlite, "', {0}) AS INTEGER)"),
            concat!("CAST(FLOOR(EXTRACT(", $word, " FROM {0} AT TIME ZONE 'UTC')) AS bigint)"),
            concat!("EXTRACT(", $word, " FROM {0})"),
        );
    )*};
}
parts! {
    YEAR YEAR_UTC: "%Y", "YEAR";
    MONTH MONTH_UTC: "%m", "MONTH";
    DAY DAY_UTC: "%d", "DAY";
    HOUR HOUR_UTC: "%H", "HOUR";
    MINUTE MINUTE_UTC: "%M", "MINUTE";
    SECOND SECOND_UTC: "%S", "SECOND";
}

macro_rules! further_parts {
    ($($name:ident $zoned:ident: $sqlite:literal, $word:literal, $mysql:literal;)*) => {$(
        static $name: Template = Template::each(
            "part of a date",
            $sqlite,
            concat!("CAST(EXTRACT(", $word, " FROM {0}) AS bigint)"),
            $mysql,
        );
        static $zoned: Template = Template::each(
            "part of an instant",
            $sqlite,
            concat!("CAST(EXTRACT(", $word, " FROM {0} AT TIME ZONE 'UTC') AS bigint)"),
            $mysql,
        );
    )*};
}
further_parts! {
    QUARTER QUARTER_UTC: "((CAST(STRFTIME('%m', {0}) AS INTEGER) + 2) / 3)", "QUARTER", "QUARTER({0})";
    WEEKDAY WEEKDAY_UTC: "((CAST(STRFTIME('%w', {0}) AS INTEGER) + 6) % 7 + 1)", "ISODOW", "(WEEKDAY({0}) + 1)";
    YEAR_DAY YEAR_DAY_UTC: "CAST(STRFTIME('%j', {0}) AS INTEGER)", "DOY", "DAYOFYEAR({0})";
}

// SQLite's own functions count in milliseconds: here the fraction of the second is left out before they are asked, and put back
// after. What stands behind it, a zone, stays.
static EPOCH: Template = Template::each(
    "seconds since 1970",
    "(UNIXEPOCH(SUBSTR({0}, 1, 19) || LTRIM(SUBSTR({0}, 20), '.0123456789')) + CAST('0' || SUBSTR({0}, 20) AS REAL))",
    "CAST(EXTRACT(EPOCH FROM {0}) AS double precision)",
    "CAST(TIMESTAMPDIFF(MICROSECOND, '1970-01-01', {0}) / 1e6 AS DOUBLE)",
);

static WEEK: Template = Template::each(
    "number of a week",
    "CAST(STRFTIME('%V', {0}) AS INTEGER)",
    "CAST(EXTRACT(WEEK FROM {0}) AS bigint)",
    "WEEK({0}, 3)",
);
static WEEK_UTC: Template = Template::each(
    "number of a week",
    "CAST(STRFTIME('%V', {0}) AS INTEGER)",
    "CAST(EXTRACT(WEEK FROM {0} AT TIME ZONE 'UTC') AS bigint)",
    "WEEK({0}, 3)",
);

macro_rules! truncations {
    ($($name:ident $zoned:ident: $sqlite:literal, $word:literal, $mysql:literal;)*) => {$(
        static $name: Template = Template::each(
            "truncated date",
            concat!("STRFTIME('", $sqlite, "', {0})"),
            concat!("DATE_TRUNC('", $word, "', {0})"),
            concat!("CAST(DATE_FORMAT({0}, '", $mysql, "') AS DATETIME)"),
        );
        static $zoned: Template = Template::each(
            "truncated instant",
            concat!("STRFTIME('", $sqlite, "', {0})"),
            concat!("DATE_TRUNC('", $word, "', {0}, 'UTC')"),
            concat!("CAST(DATE_FORMAT({0}, '", $mysql, "') AS DATETIME)"),
        );
    )*};
}
truncations! {
    TO_YEAR TO_YEAR_UTC: "%Y-01-01 00:00:00", "year", "%Y-01-01 00:00:00";
    TO_MONTH TO_MONTH_UTC: "%Y-%m-01 00:00:00", "month", "%Y-%m-01 00:00:00";
    TO_DAY TO_DAY_UTC: "%Y-%m-%d 00:00:00", "day", "%Y-%m-%d 00:00:00";
    TO_HOUR TO_HOUR_UTC: "%Y-%m-%d %H:00:00", "hour", "%Y-%m-%d %H:00:00";
    TO_MINUTE TO_MINUTE_UTC: "%Y-%m-%d %H:%M:00", "minute", "%Y-%m-%d %H:%i:00";
    TO_SECOND TO_SECOND_UTC: "%Y-%m-%d %H:%M:%S", "second", "%Y-%m-%d %H:%i:%s";
}

const QUARTER_BEGIN: [&str; 2] = [
    "STRFTIME('%Y-%m-01 00:00:00', DATE({0}), 'start of month', ((CAST(STRFTIME('%m', {0}) AS INTEGER) - 1) % 3 * -1) || ' months')",
    "CAST(CONCAT(YEAR({0}), '-', QUARTER({0}) * 3 - 2, '-01') AS DATETIME)",
];
static TO_QUARTER: Template =
    Template::each("truncated date", QUARTER_BEGIN[0], "DATE_TRUNC('quarter', {0})", QUARTER_BEGIN[1]);
static TO_QUARTER_UTC: Template =
    Template::each("truncated instant", QUARTER_BEGIN[0], "DATE_TRUNC('quarter', {0}, 'UTC')", QUARTER_BEGIN[1]);

// The Sunday that is not before it, and six days back.
const MONDAY: [&str; 2] = [
    "STRFTIME('%Y-%m-%d 00:00:00', DATE({0}), 'weekday 0', '-6 days')",
    "CAST(STR_TO_DATE(CONCAT(YEARWEEK({0}, 3), ' Monday'), '%x%v %W') AS DATETIME)",
];
static TO_WEEK: Template = Template::each("truncated date", MONDAY[0], "DATE_TRUNC('week', {0})", MONDAY[1]);
static TO_WEEK_UTC: Template =
    Template::each("truncated instant", MONDAY[0], "DATE_TRUNC('week', {0}, 'UTC')", MONDAY[1]);

macro_rules! additions {
    ($($name:ident $date:ident: $sqlite:literal, $postgres:literal, $mysql:literal;)*) => {$(
        static $name: Template = Template::each(
            "later moment",
            concat!("(STRFTIME('%Y-%m-%d %H:%M:%S', SUBSTR({0}, 1, 19), ({1}) || ' ", $sqlite, "') || SUBSTR({0}, 20))"),
            concat!("({0} + MAKE_INTERVAL(", $postgres, " => CAST({1} AS int)))"),
            concat!("({0} + INTERVAL ({1}) ", $mysql, ")"),
        );
        static $date: Template = Template::each(
            "later date",
            concat!("DATE({0}, ({1}) || ' ", $sqlite, "')"),
            concat!("CAST({0} + MAKE_INTERVAL(", $postgres, " => CAST({1} AS int)) AS date)"),
            concat!("CAST({0} + INTERVAL ({1}) ", $mysql, " AS DATE)"),
        );
    )*};
}
// A day that a month has not is its last: SQLite has to be told.
additions! {
    ADD_YEARS ADD_YEARS_DATE: "years', 'floor", "years", "YEAR";
    ADD_MONTHS ADD_MONTHS_DATE: "months', 'floor", "months", "MONTH";
    ADD_DAYS ADD_DAYS_DATE: "days", "days", "DAY";
    ADD_HOURS ADD_HOURS_DATE: "hours", "hours", "HOUR";
    ADD_MINUTES ADD_MINUTES_DATE: "minutes", "mins", "MINUTE";
    ADD_SECONDS ADD_SECONDS_DATE: "seconds", "secs", "SECOND";
}

static ADD_QUARTERS: Template = Template::each(
    "later moment",
    "(STRFTIME('%Y-%m-%d %H:%M:%S', SUBSTR({0}, 1, 19), (({1}) * 3) || ' months', 'floor') || SUBSTR({0}, 20))",
    "({0} + MAKE_INTERVAL(months => CAST({1} AS int) * 3))",
    "({0} + INTERVAL ({1}) QUARTER)",
);
static ADD_QUARTERS_DATE: Template = Template::each(
    "later date",
    "DATE({0}, (({1}) * 3) || ' months', 'floor')",
    "CAST({0} + MAKE_INTERVAL(months => CAST({1} AS int) * 3) AS date)",
    "CAST({0} + INTERVAL ({1}) QUARTER AS DATE)",
);

static ADD_WEEKS: Template = Template::each(
    "later moment",
    "(STRFTIME('%Y-%m-%d %H:%M:%S', SUBSTR({0}, 1, 19), (({1}) * 7) || ' days') || SUBSTR({0}, 20))",
    "({0} + MAKE_INTERVAL(weeks => CAST({1} AS int)))",
    "({0} + INTERVAL ({1}) WEEK)",
);
static ADD_WEEKS_DATE: Template = Template::each(
    "later date",
    "DATE({0}, (({1}) * 7) || ' days')",
    "CAST({0} + MAKE_INTERVAL(weeks => CAST({1} AS int)) AS date)",
    "CAST({0} + INTERVAL ({1}) WEEK AS DATE)",
);

static ADD_INTERVAL: Template =
    Template::postgres("intervals", "({0} + CAST({1} AS interval))", "use `.plus(…, Unit::Day)`");
static ADD_INTERVAL_DATE: Template =
    Template::postgres("intervals", "CAST({0} + CAST({1} AS interval) AS date)", "use `.plus(…, Unit::Day)`");
static NOW: Template = Template::each(
    "present instant",
    "RTRIM(RTRIM(STRFTIME('%Y-%m-%d %H:%M:%f', 'now'), '0'), '.')",
    "NOW()",
    "UTC_TIMESTAMP(6)",
);
static DAY_OF: Template = Template::each("day", "DATE({0})", "CAST({0} AS date)", "DATE({0})");
static DAY_OF_UTC: Template = Template::each("day", "DATE({0})", "CAST({0} AT TIME ZONE 'UTC' AS date)", "DATE({0})");
static SECONDS: Template = Template::each(
    "distance in time",
    "(UNIXEPOCH(SUBSTR({0}, 1, 19) || LTRIM(SUBSTR({0}, 20), '.0123456789')) \
     - UNIXEPOCH(SUBSTR({1}, 1, 19) || LTRIM(SUBSTR({1}, 20), '.0123456789')) \
     + CAST('0' || SUBSTR({0}, 20) AS REAL) - CAST('0' || SUBSTR({1}, 20) AS REAL))",
    "CAST(EXTRACT(EPOCH FROM {0}) - EXTRACT(EPOCH FROM {1}) AS double precision)",
    "CAST(TIMESTAMPDIFF(MICROSECOND, {1}, {0}) / 1e6 AS DOUBLE)",
);

/// The present instant by the database's clock: when the transaction began on PostgreSQL, when the statement did
/// elsewhere; in milliseconds on SQLite.
pub fn now<R>() -> Expression<R, Timestamp> {
    call(&NOW, Vec::new())
}

fn part(unit: Unit, zoned: bool) -> &'static Template {
    match (unit, zoned) {
        (Unit::Year, false) => &YEAR,
        (Unit::Year, true) => &YEAR_UTC,
        (Unit::Quarter, false) => &QUARTER,
        (Unit::Quarter, true) => &QUARTER_UTC,
        (Unit::Month, false) => &MONTH,
        (Unit::Month, true) => &MONTH_UTC,
        (Unit::Week, false) => &WEEK,
        (Unit::Week, true) => &WEEK_UTC,
        (Unit::Day, false) => &DAY,
        (Unit::Day, true) => &DAY_UTC,
        (Unit::Hour, false) => &HOUR,
        (Unit::Hour, true) => &HOUR_UTC,
        (Unit::Minute, false) => &MINUTE,
        (Unit::Minute, true) => &MINUTE_UTC,
        (Unit::Second, false) => &SECOND,
        (Unit::Second, true) => &SECOND_UTC,
    }
}

fn truncation(unit: Unit, zoned: bool) -> &'static Template {
    match (unit, zoned) {
        (Unit::Year, false) => &TO_YEAR,
        (Unit::Year, true) => &TO_YEAR_UTC,
        (Unit::Quarter, false) => &TO_QUARTER,
        (Unit::Quarter, true) => &TO_QUARTER_UTC,
        (Unit::Month, false) => &TO_MONTH,
        (Unit::Month, true) => &TO_MONTH_UTC,
        (Unit::Week, false) => &TO_WEEK,
        (Unit::Week, true) => &TO_WEEK_UTC,
        (Unit::Day, false) => &TO_DAY,
        (Unit::Day, true) => &TO_DAY_UTC,
        (Unit::Hour, false) => &TO_HOUR,
        (Unit::Hour, true) => &TO_HOUR_UTC,
        (Unit::Minute, false) => &TO_MINUTE,
        (Unit::Minute, true) => &TO_MINUTE_UTC,
        (Unit::Second, false) => &TO_SECOND,
        (Unit::Second, true) => &TO_SECOND_UTC,
    }
}

fn addition(unit: Unit, timed: bool) -> &'static Template {
    match (unit, timed) {
        (Unit::Year, true) => &ADD_YEARS,
        (Unit::Year, false) => &ADD_YEARS_DATE,
        (Unit::Quarter, true) => &ADD_QUARTERS,
        (Unit::Quarter, false) => &ADD_QUARTERS_DATE,
        (Unit::Month, true) => &ADD_MONTHS,
        (Unit::Month, false) => &ADD_MONTHS_DATE,
        (Unit::Week, true) => &ADD_WEEKS,
        (Unit::Week, false) => &ADD_WEEKS_DATE,
        (Unit::Day, true) => &ADD_DAYS,
        (Unit::Day, false) => &ADD_DAYS_DATE,
        (Unit::Hour, true) => &ADD_HOURS,
        (Unit::Hour, false) => &ADD_HOURS_DATE,
        (Unit::Minute, true) => &ADD_MINUTES,
        (Unit::Minute, false) => &ADD_MINUTES_DATE,
        (Unit::Second, true) => &ADD_SECONDS,
        (Unit::Second, false) => &ADD_SECONDS_DATE,
    }
}

/// A moment and what is added to it: of an instant by the calendar of UTC, whatever the session's zone is.
fn later<R, M: Moment, T>(template: &'static Template, moment: Expr, length: Expr) -> Expression<R, T> {
    if !M::ZONED {
        return call(template, vec![moment, length]);
    }
    let clock = Expr::Template(&CLOCK_OF_UTC, vec![moment]);
    call(&CLOCK_OF_UTC, vec![Expr::Template(template, vec![clock, length])])
}

macro_rules! moments {
    ($name:ident) => {
        impl<R, T: Field> $name<R, T> {
            /// A part of it as a number; of an instant in UTC.
            pub fn part(self, unit: Unit) -> Expression<R, T::Like<i64>>
            where
                T::Base: Moment,
            {
                call(part(unit, <T::Base as Moment>::ZONED), vec![self.into_expr()])
            }

            /// The year; of an instant in UTC.
            pub fn year(self) -> Expression<R, T::Like<i64>>
            where
                T::Base: Moment,
            {
                self.part(Unit::Year)
            }

            /// The month from 1 to 12; of an instant in UTC.
            pub fn month(self) -> Expression<R, T::Like<i64>>
            where
                T::Base: Moment,
            {
                self.part(Unit::Month)
            }

            /// The day of the month from 1; of an instant in UTC.
            pub fn day(self) -> Expression<R, T::Like<i64>>
            where
                T::Base: Moment,
            {
                self.part(Unit::Day)
            }

            /// The quarter from 1 to 4; of an instant in UTC.
            pub fn quarter(self) -> Expression<R, T::Like<i64>>
            where
                T::Base: Moment,
            {
                self.part(Unit::Quarter)
            }

            /// The day of the week from 1, a Monday, to 7; of an instant in UTC.
            pub fn weekday(self) -> Expression<R, T::Like<i64>>
            where
                T::Base: Moment,
            {
                let template = if <T::Base as Moment>::ZONED { &WEEKDAY_UTC } else { &WEEKDAY };
                call(template, vec![self.into_expr()])
            }

            /// The day of the year from 1; of an instant in UTC.
            pub fn day_of_year(self) -> Expression<R, T::Like<i64>>
            where
                T::Base: Moment,
            {
                let template = if <T::Base as Moment>::ZONED { &YEAR_DAY_UTC } else { &YEAR_DAY };
                call(template, vec![self.into_expr()])
            }

            /// Seconds since the beginning of 1970, with their fraction.
            pub fn epoch(self) -> Expression<R, T::Like<f64>>
            where
                T::Base: Moment,
            {
                call(&EPOCH, vec![self.into_expr()])
            }

            /// The day that it belongs to; of an instant in UTC.
            pub fn date(self) -> Expression<R, T::Like<Date>>
            where
                T::Base: Moment,
            {
                let template = if <T::Base as Moment>::ZONED { &DAY_OF_UTC } else { &DAY_OF };
                call(template, vec![self.into_expr()])
            }

            /// The moment at which its year, month, week, … began; of an instant in UTC. A date has no parts below the day.
            pub fn truncate(self, unit: Unit) -> Expression<R, T>
            where
                T::Base: Moment,
            {
                if <T::Base as Moment>::TIMED {
                    return call(truncation(unit, <T::Base as Moment>::ZONED), vec![self.into_expr()]);
                }
                call(&DAY_OF, vec![Expr::Template(truncation(unit, false), vec![self.into_expr()])])
            }

            /// So many units later, or earlier; a month after the 31st of January is the last of February.
            pub fn plus<V: Operand<R, i64>>(self, number: V, unit: Unit) -> Expression<R, LikeBoth<V::Given, T>>
            where
                T::Base: Moment,
            {
                let template = addition(unit, <T::Base as Moment>::TIMED);
                later::<R, T::Base, _>(template, self.into_expr(), typed(number.into_operand()))
            }

            /// So much later: months first, then days, then the rest. **Dialects**: PostgreSQL.
            pub fn plus_interval<V: Operand<R, Interval>>(self, length: V) -> Expression<R, LikeBoth<V::Given, T>>
            where
                T::Base: Moment,
            {
                let template = if <T::Base as Moment>::TIMED { &ADD_INTERVAL } else { &ADD_INTERVAL_DATE };
                later::<R, T::Base, _>(template, self.into_expr(), length.into_operand())
            }

            /// How many seconds it comes after another moment.
            pub fn seconds_since<V: Operand<R, T::Base>>(
                self,
                other: V,
            ) -> Expression<R, LikeBoth<V::Given, T::Like<f64>>>
            where
                T::Base: Moment,
            {
                call(&SECONDS, vec![self.into_expr(), typed(other.into_operand())])
            }
        }
    };
}
moments!(Column);
moments!(Expression);
