//! Expressions put together at random: what they give is the same on every database.

use std::fmt::Debug;

use relata::aggregate::Selection;
use relata::prelude::*;
use relata::{Case, Dialect, Error, Expression, Field, Inspect, Kind, Result, Unit, value};

use super::model::{NewThing, Thing};
use crate::setup::open_source;

type May<T> = Expression<Thing, Option<T>>;

/// So deep do they go.
const DEPTH: u32 = 2;
const EXPRESSIONS: u64 = 320;

/// The same numbers in each run.
struct Dice(u64);

impl Dice {
    fn new(seed: u64) -> Self {
        let mut dice = Dice(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1);
        (0..5).for_each(|_| _ = dice.roll(2));
        dice
    }

    fn roll(&mut self, sides: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) % sides
    }

    fn number(&mut self) -> i64 {
        self.roll(30) as i64 - 10
    }

    fn ends(&mut self, deep: u32) -> bool {
        deep == 0 || self.roll(6) == 0
    }

    fn one_of<T: Copy>(&mut self, all: &[T]) -> T {
        all[self.roll(all.len() as u64) as usize]
    }

    /// No capitals, accents and blanks at the end: which texts are equal is a matter of the collation.
    fn word(&mut self) -> String {
        self.one_of(&["", "a", "ab", "%", "_", "a%b", "日本", " a", "\\", "'", "b", "-", "10", "a\nb"]).into()
    }

    fn unit(&mut self) -> Unit {
        let small = [Unit::Week, Unit::Day, Unit::Hour, Unit::Minute, Unit::Second];
        if self.roll(2) == 0 { self.one_of(&small) } else { self.one_of(&[Unit::Year, Unit::Quarter, Unit::Month]) }
    }
}

fn whole(dice: &mut Dice, deep: u32) -> May<i64> {
    if dice.ends(deep) {
        return match dice.roll(5) {
            0 => Thing.a.expr(),
            1 => Thing.b.expr(),
            2 => Thing.small.cast::<i64>(),
            3 => value(None),
            _ => value(Some(dice.number())),
        };
    }
    let n = deep - 1;
    match dice.roll(34) {
        0 => whole(dice, n) + whole(dice, n),
        1 => whole(dice, n) - whole(dice, n),
        2 => whole(dice, n) * whole(dice, n),
        3 => whole(dice, n) / whole(dice, n).null_if(0),
        4 => whole(dice, n) % whole(dice, n).null_if(0),
        5 => -whole(dice, n),
        6 => whole(dice, n).abs(),
        7 => whole(dice, n).sign(),
        8 => whole(dice, n).null_if(dice.number()),
        9 => whole(dice, n).or_else(0).greatest(whole(dice, n).or_else(3)).null_if(-99),
        10 => whole(dice, n).or_else(whole(dice, n).or_else(1)).least(dice.number()).null_if(77),
        11 => text(dice, n).length().null_if(-1),
        12 => text(dice, n).octet_length(),
        13 => text(dice, n).position("a"),
        14 => text(dice, n).position(text(dice, n).or_else("b".to_string())),
        15 => Case::when(condition(dice, n), whole(dice, n))
            .or_when(condition(dice, n), whole(dice, n))
            .otherwise(whole(dice, n)),
        16 => Case::when(condition(dice, n), whole(dice, n)).otherwise(dice.number()),
        17 => day(dice, n).year(),
        18 => instant(dice, n).month(),
        19 => instant(dice, n).day(),
        20 => clock(dice, n).weekday(),
        21 => instant(dice, n).day_of_year(),
        22 => clock(dice, n).quarter(),
        23 => instant(dice, n).part(dice.unit()),
        24 => clock(dice, n).part(dice.unit()),
        25 => whole(dice, n).bit_and(whole(dice, n)),
        26 => whole(dice, n).bit_or(whole(dice, n)),
        27 => whole(dice, n).bit_xor(whole(dice, n)),
        28 => whole(dice, n).shift_right(dice.roll(8) as u32),
        29 => decimal(dice, n).cast::<i64>(),
        30 => float(dice, n).cast::<i64>(),
        31 => truth(dice, n).cast::<i64>(),
        32 => float(dice, n).sign(),
        _ => decimal(dice, n).sign(),
    }
}

fn float(dice: &mut Dice, deep: u32) -> May<f64> {
    if dice.ends(deep) {
        return match dice.roll(4) {
            0 => Thing.f.expr(),
            1 => Thing.g.expr(),
            2 => value(None),
            _ => value(Some((dice.roll(4001) as f64 - 2000.0) / 16.0)),
        };
    }
    let n = deep - 1;
    match dice.roll(18) {
        0 => float(dice, n) + float(dice, n),
        1 => float(dice, n) - float(dice, n),
        2 => float(dice, n) * float(dice, n),
        3 => float(dice, n) / float(dice, n).null_if(0.0),
        4 => Thing.f % Thing.g.null_if(0.0),
        5 => -float(dice, n),
        6 => float(dice, n).abs(),
        7 => float(dice, n).floor(),
        8 => float(dice, n).ceil(),
        9 => float(dice, n).trunc(),
        10 => whole(dice, n).cast::<f64>(),
        11 => decimal(dice, n).cast::<f64>(),
        12 => float(dice, n).or_else(0.0).greatest(float(dice, n).or_else(0.5)).null_if(-99.0),
        13 => float(dice, n).or_else(float(dice, n).or_else(0.5)).null_if(1.25),
        14 => Case::when(condition(dice, n), float(dice, n)).otherwise(float(dice, n)),
        15 => instant(dice, n).epoch(),
        16 => instant(dice, n).seconds_since(instant(dice, n)),
        _ => clock(dice, n).seconds_since(clock(dice, n)),
    }
}

fn decimal(dice: &mut Dice, deep: u32) -> May<Decimal> {
    if dice.ends(deep) {
        return match dice.roll(4) {
            0 => Thing.d.expr(),
            1 => Thing.e.expr(),
            2 => value(None),
            _ => value(Some(Decimal::new(dice.roll(4000) as i64 - 2000, dice.roll(4) as u32))),
        };
    }
    let n = deep - 1;
    match dice.roll(13) {
        0 => decimal(dice, n) + decimal(dice, n),
        1 => decimal(dice, n) - decimal(dice, n),
        2 => decimal(dice, n) * decimal(dice, n),
        3 => decimal(dice, n) / decimal(dice, n).null_if(Decimal::ZERO),
        4 => -decimal(dice, n),
        5 => decimal(dice, n).abs(),
        6 => Thing.d.round(dice.roll(4) as u32),
        7 => Thing.d.floor(),
        8 => Thing.e.ceil(),
        9 => Thing.d.trunc(),
        10 => whole(dice, n).cast::<Decimal>(),
        11 => {
            decimal(dice, n).or_else(Decimal::ZERO).least(decimal(dice, n).or_else(Decimal::ONE)).null_if(Decimal::TEN)
        }
        _ => Case::when(condition(dice, n), decimal(dice, n)).otherwise(decimal(dice, n)),
    }
}

fn text(dice: &mut Dice, deep: u32) -> May<String> {
    if dice.ends(deep) {
        return match dice.roll(4) {
            0 => Thing.s.expr(),
            1 => Thing.t.expr(),
            2 => value(None),
            _ => value(Some(dice.word())),
        };
    }
    let n = deep - 1;
    match dice.roll(19) {
        0 => text(dice, n).trim(),
        1 => text(dice, n).trim_start(),
        2 => text(dice, n).trim_end(),
        3 => text(dice, n).left(dice.roll(5) as u32),
        4 => text(dice, n).right(dice.roll(5) as u32),
        5 => text(dice, n).substring(1 + dice.roll(4) as u32, dice.roll(5) as u32),
        6 => text(dice, n).concat(text(dice, n)),
        7 => text(dice, n).replace(dice.word(), dice.word()),
        8 => text(dice, n).repeat(dice.roll(4) as u32),
        9 => text(dice, n).pad_start(dice.roll(9) as u32, dice.word()),
        10 => text(dice, n).pad_end(dice.roll(9) as u32, dice.word()),
        11 => text(dice, n).lower(),
        12 => whole(dice, n).cast::<String>(),
        13 => truth(dice, n).cast::<String>(),
        14 => day(dice, n).cast::<String>(),
        15 => text(dice, n).null_if(dice.word()),
        16 => text(dice, n).or_else(text(dice, n).or_else("z".to_string())).null_if("q"),
        17 => Case::when(condition(dice, n), text(dice, n)).otherwise(text(dice, n)),
        _ => Thing.json.key("k").text(),
    }
}

fn truth(dice: &mut Dice, deep: u32) -> May<bool> {
    if dice.ends(deep) {
        return match dice.roll(3) {
            0 => Thing.x.expr(),
            1 => Thing.y.null_if(false),
            _ => value(dice.one_of(&[None, Some(true), Some(false)])),
        };
    }
    let n = deep - 1;
    match dice.roll(4) {
        0 => condition(dice, n).expr().null_if(dice.roll(2) == 0),
        1 => truth(dice, n).or_else(truth(dice, n).or_else(true)).null_if(false),
        2 => whole(dice, n).cast::<bool>(),
        _ => Case::when(condition(dice, n), truth(dice, n)).otherwise(truth(dice, n)),
    }
}

fn condition(dice: &mut Dice, deep: u32) -> Pred<Thing> {
    let n = deep.saturating_sub(1);
    match dice.roll(29) {
        0 => whole(dice, n).eq(whole(dice, n).assume_some()),
        1 => whole(dice, n).lt(whole(dice, n).assume_some()),
        2 => whole(dice, n).ge(dice.number()),
        3 => whole(dice, n).ne(dice.number()),
        4 => whole(dice, n).between(-2, dice.number()),
        5 => whole(dice, n).is_in([1, 2, 3]),
        6 => whole(dice, n).not_in([1, 2, 3]),
        7 => whole(dice, n).is_none(),
        8 => whole(dice, n).is_distinct_from(whole(dice, n)),
        9 => float(dice, n).gt(float(dice, n).assume_some()),
        10 => float(dice, n).le(1.5),
        11 => decimal(dice, n).lt(decimal(dice, n).assume_some()),
        12 => decimal(dice, n).eq(Decimal::new(15, 1)),
        13 => text(dice, n).eq(text(dice, n).assume_some()),
        14 => text(dice, n).contains(dice.word()),
        15 => text(dice, n).starts_with(dice.word()),
        16 => text(dice, n).ends_with(dice.word()),
        17 => text(dice, n).like(format!("%{}_", dice.word().replace('\\', "\\\\"))),
        18 => text(dice, n).is_in([dice.word(), dice.word()]),
        19 => text(dice, n).not_in([dice.word(), dice.word()]),
        20 => text(dice, n).is_some(),
        21 => text(dice, n).is_not_distinct_from(text(dice, n)),
        22 => condition(dice, n).and(condition(dice, n)),
        23 => condition(dice, n).or(condition(dice, n)),
        24 => condition(dice, n).not(),
        25 => truth(dice, n).assume_some().holds(),
        26 => truth(dice, n).eq(dice.roll(2) == 0),
        27 => day(dice, n).lt(day(dice, n).assume_some()),
        _ => instant(dice, n).ge(instant(dice, n).assume_some()),
    }
}

fn day(dice: &mut Dice, deep: u32) -> May<Date> {
    if dice.ends(deep) {
        let some = Date::constant(2010 + dice.roll(30) as i16, 1 + dice.roll(12) as i8, 1 + dice.roll(28) as i8);
        return if dice.roll(2) == 0 { Thing.day.expr() } else { value(Some(some)) };
    }
    let n = deep - 1;
    let days = [Unit::Year, Unit::Quarter, Unit::Month, Unit::Week, Unit::Day];
    match dice.roll(7) {
        0 => instant(dice, n).date(),
        1 => clock(dice, n).date(),
        2 => clock(dice, n).cast::<Date>(),
        3 => day(dice, n).plus(dice.roll(80) as i64 - 40, dice.one_of(&days)),
        4 => day(dice, n).truncate(dice.one_of(&days)),
        5 => day(dice, n).or_else(Date::constant(2020, 2, 29)).null_if(Date::constant(2021, 2, 28)),
        _ => Case::when(condition(dice, n), day(dice, n)).otherwise(day(dice, n)),
    }
}

fn instant(dice: &mut Dice, deep: u32) -> May<Timestamp> {
    if dice.ends(deep) {
        return Thing.at.expr();
    }
    let n = deep - 1;
    match dice.roll(4) {
        0 => instant(dice, n).plus(dice.roll(80) as i64 - 40, dice.unit()),
        1 => instant(dice, n).plus(whole(dice, n) % 50, Unit::Hour),
        2 => instant(dice, n).truncate(dice.unit()),
        _ => Case::when(condition(dice, n), instant(dice, n)).otherwise(instant(dice, n)),
    }
}

fn clock(dice: &mut Dice, deep: u32) -> May<DateTime> {
    if dice.ends(deep) {
        return Thing.clock.expr();
    }
    let n = deep - 1;
    match dice.roll(5) {
        0 => clock(dice, n).plus(dice.roll(80) as i64 - 40, dice.unit()),
        1 => clock(dice, n).truncate(dice.unit()),
        2 => day(dice, n).cast::<DateTime>(),
        3 => instant(dice, n).cast::<DateTime>(),
        _ => Case::when(condition(dice, n), clock(dice, n)).otherwise(clock(dice, n)),
    }
}

/// Equal, but for what floating-point numbers and quotients of decimals are on each database.
trait Alike: PartialEq + Debug {
    fn alike(&self, other: &Self) -> bool {
        self == other
    }
}

impl Alike for i64 {}
impl Alike for String {}
impl Alike for bool {}
impl Alike for Date {}
impl Alike for Timestamp {}
impl Alike for DateTime {}

impl Alike for f64 {
    fn alike(&self, other: &f64) -> bool {
        (self - other).abs() <= 1e-4 * self.abs().max(other.abs()).max(1.0)
    }
}

impl Alike for Decimal {
    fn alike(&self, other: &Decimal) -> bool {
        (self - other).abs() <= Decimal::new(1, 3) * self.abs().max(Decimal::ONE)
    }
}

fn are_alike<T: Alike>(left: &[Option<T>], right: &[Option<T>]) -> bool {
    left.len() == right.len()
        && left.iter().zip(right).all(|pair| match pair {
            (Some(left), Some(right)) => left.alike(right),
            (None, None) => true,
            _ => false,
        })
}

/// Asks all; what a database lacks is no answer.
async fn compare<T: Field + Alike>(dbs: &mut [Db; 3], seed: u64, expr: May<T>, answers: &mut u64)
where
    May<T>: Selection<Thing, Output = Option<T>>,
{
    let query = || Thing::find().order(Thing.id.asc()).select(expr.clone());
    let mut given: Vec<(Dialect, Vec<Option<T>>)> = Vec::new();
    for db in dbs {
        match query().all(db).await {
            Ok(rows) => given.push((db.dialect(), rows)),
            Err(error) if is_lacking(&error) => {}
            Err(error) => panic!("seed {seed}: {:?}: {error}", db.dialect()),
        }
    }
    for pair in given.windows(2) {
        *answers += 1;
        let [(one, left), (other, right)] = pair else { continue };
        if !are_alike(left, right) {
            let sql = [one, other].map(|dialect| query().to_sql(*dialect).map(|shown| (shown.sql, shown.params)));
            panic!("seed {seed}: {one:?} gives\n{left:?}\n{other:?} gives\n{right:?}\n{sql:?}");
        }
    }
}

fn is_lacking(error: &Error) -> bool {
    error.kind() == Kind::Unsupported
}

async fn fill(db: &mut Db) -> Result<()> {
    let mut dice = Dice::new(7);
    for number in 0..24 {
        let row = NewThing { y: dice.roll(2) == 0 }.insert(db).await?;
        let mut some = || dice.roll(5) != 0;
        let [a, b, small, f, g, d, e, s, t, x, day, at, clock] = std::array::from_fn(|_| some());
        let date =
            |dice: &mut Dice| format!("{}-{:02}-{:02}", 1971 + dice.roll(60), 1 + dice.roll(12), 1 + dice.roll(28));
        let moment = format!(
            "{}T{:02}:{:02}:{:02}.{:06}",
            date(&mut dice),
            dice.roll(24),
            dice.roll(60),
            dice.roll(60),
            dice.one_of(&[0, 0, 500_000, 1, 999_999, 247_392]),
        );
        let json = ["1", r#""a b""#, "null", "true", "[1]", "1.5", "false"][number % 7];
        let thing = Thing {
            a: a.then(|| dice.number()),
            b: b.then(|| dice.roll(2_000_000) as i64 - 1_000_000),
            small: small.then(|| dice.roll(100) as i32 - 50),
            f: f.then(|| (dice.roll(100_000) as f64 - 50_000.0) / 128.0),
            g: g.then(|| (dice.roll(21) as f64 - 10.0) / 2.0),
            d: d.then(|| Decimal::new(dice.roll(2_000_000) as i64 - 1_000_000, 4)),
            e: e.then(|| Decimal::new(dice.roll(41) as i64 - 20, 1)),
            s: s.then(|| [dice.word(), dice.word(), dice.word()].concat()),
            t: t.then(|| dice.word()),
            x: x.then(|| dice.roll(2) == 0),
            day: day.then(|| date(&mut dice).parse().unwrap()),
            at: at.then(|| format!("{moment}Z").parse().unwrap()),
            clock: clock.then(|| moment.parse().unwrap()),
            json: Some(format!(r#"{{"k": {json}}}"#).parse().unwrap()),
            ..row
        };
        thing.save(db).await?;
    }
    Ok(())
}

#[tokio::test]
async fn expressions_give_the_same_everywhere() {
    let mut opened = Vec::new();
    for dialect in [Dialect::Sqlite, Dialect::Postgres, Dialect::Mysql] {
        opened.push(open_source(dialect, include_str!("model.rs")).await);
    }
    let mut dbs: [Db; 3] = opened.iter().map(|(_, db)| db.clone()).collect::<Vec<_>>().try_into().ok().unwrap();
    for db in &mut dbs {
        fill(db).await.unwrap();
    }
    let mut answers = 0;
    for seed in 0..EXPRESSIONS {
        let (dice, answers) = (&mut Dice::new(seed), &mut answers);
        match seed % 8 {
            0 => compare(&mut dbs, seed, whole(dice, DEPTH), answers).await,
            1 => compare(&mut dbs, seed, float(dice, DEPTH), answers).await,
            2 => compare(&mut dbs, seed, decimal(dice, DEPTH), answers).await,
            3 => compare(&mut dbs, seed, text(dice, DEPTH), answers).await,
            4 => compare(&mut dbs, seed, truth(dice, DEPTH), answers).await,
            5 => compare(&mut dbs, seed, day(dice, DEPTH), answers).await,
            6 => compare(&mut dbs, seed, instant(dice, DEPTH), answers).await,
            _ => compare(&mut dbs, seed, clock(dice, DEPTH), answers).await,
        }
    }
    assert!(answers > EXPRESSIONS * 3 / 2, "{answers} of {EXPRESSIONS} were compared");
}
