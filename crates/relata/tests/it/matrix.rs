//! Every type of column with values that lie close together: what is written, found, ordered and paged is what Rust says of
//! them. The values of a case are in their order; the row at each place has its number as its key.

use std::fmt::Debug;

use relata::prelude::*;
use relata::table::Condition;
use relata::time::SignedDuration;
use relata::{Column, Dialect, Field, NewRow, Pred, Result, Value};

use crate::model::Mood;

/// The columns of a table of cells, and how its rows are made and read.
pub struct Cells<E: Entity, T: Field> {
    id: Column<E, i64>,
    v: Column<E, T>,
    o: Column<E, Option<T>>,
    new: fn(i64, T, Option<T>) -> relata::insert::Draft<E>,
    of: fn(&E) -> (i64, T, Option<T>),
}

/// An entity with a column of each type, one that is always there and one that may be NULL.
macro_rules! cells {
    ($($name:ident: $ty:ty;)*) => {$(
        #[allow(dead_code, reason = "not all that the derive writes is asked for")]
        mod $name {
            use super::*;

            #[derive(Entity, Debug, Clone, PartialEq)]
            #[entity(table = "cells")]
            pub struct Cell {
                #[id(manual)]
                pub id: i64,
                pub v: $ty,
                pub o: Option<$ty>,
            }

            pub fn cells() -> Cells<Cell, $ty> {
                let new = |id, v, o| NewCell { id, v }.o(o).into_draft();
                Cells { id: Cell.id, v: Cell.v, o: Cell.o, new, of: |cell| (cell.id, cell.v.clone(), cell.o.clone()) }
            }
        }
    )*};
}
cells! {
    i64s: i64;
    u64s: u64;
    f32s: f32;
    f64s: f64;
    decimals: Decimal;
    strings: String;
    bytes: Vec<u8>;
    uuids: Uuid;
    dates: Date;
    times: Time;
    datetimes: DateTime;
    timestamps: Timestamp;
    durations: SignedDuration;
    jsons: Json;
    moods: Mood;
    arrays: Vec<Option<i64>>;
}

/// What the database does with the values.
#[derive(Clone, Copy, PartialEq)]
enum Does {
    /// It compares and orders them as they stand in the list.
    Orders,
    /// It tells them apart.
    Tells,
}

struct Case<E: Entity, T: Field> {
    cells: Cells<E, T>,
    ty: &'static str,
    values: Vec<T>,
    does: Does,
    wrong: Vec<String>,
}

/// The value of the row at this place that may be NULL.
fn sometimes<T: Clone>(values: &[T], place: usize) -> Option<T> {
    (place % 3 != 2).then(|| values[place].clone())
}

/// The place whose value the row has where NULL stands for the first of them.
fn or_first(place: usize) -> usize {
    if place % 3 == 2 { 0 } else { place }
}

impl<E: Entity + Clone, T: Field<Base = T> + PartialEq + Debug> Case<E, T> {
    fn check<V: Debug + PartialEq>(&mut self, what: &str, got: Result<V>, wanted: V) {
        match got {
            Ok(got) if got == wanted => {}
            Ok(got) => self.wrong.push(format!("{} {what}: {got:?}, and not {wanted:?}", self.ty)),
            Err(error) => self.wrong.push(format!("{} {what}: {error}", self.ty)),
        }
    }

    fn row(&self, id: usize, place: usize) -> relata::insert::Draft<E> {
        (self.cells.new)(id as i64, self.values[place].clone(), sometimes(&self.values, place))
    }

    async fn found(&mut self, db: &mut Db, what: &str, filter: Pred<E>, wanted: impl Fn(usize) -> bool) {
        let wanted: Vec<i64> =
            (0..self.values.len()).filter(|place| wanted(*place)).map(|place| place as i64).collect();
        let found = E::find().filter(filter).order(self.cells.id.asc()).select(self.cells.id).all(db).await;
        self.check(what, found, wanted);
    }

    async fn run(&mut self, db: &mut Db) -> Result<()> {
        db.batch("DROP TABLE IF EXISTS cells").await?;
        let Self { ty, .. } = self;
        db.batch(&format!("CREATE TABLE cells (id bigint NOT NULL PRIMARY KEY, v {ty} NOT NULL, o {ty} NULL)")).await?;
        for place in 0..self.values.len() {
            let row = self.row(place, place).insert(db).await.map(|row| (self.cells.of)(&row));
            let given = (place as i64, self.values[place].clone(), sometimes(&self.values, place));
            self.check(&format!("inserted {place}"), row, given);
        }
        for place in 0..self.values.len() {
            self.equal(db, place).await;
            self.at_run_time(db, place).await?;
            for other in place + 1..self.values.len() {
                self.pair(db, place, other).await;
            }
        }
        if self.does == Does::Orders {
            self.ordered(db).await;
            self.paged(db).await?;
        }
        for place in 0..self.values.len() {
            self.written(db, place).await?;
        }
        for rows in [3, 3000] {
            self.many(db, rows).await?;
        }
        for place in 0..self.values.len() {
            let filter = self.cells.v.eq(self.values[place].clone());
            let deleted = E::delete_many().filter(filter).exec(db).await;
            self.check(&format!("deleted {place}"), deleted, 1);
        }
        Ok(())
    }

    async fn equal(&mut self, db: &mut Db, place: usize) {
        let Cells { id, v, o, .. } = self.cells;
        let (value, first) = (|value: &Self| value.values[place].clone(), self.values[0].clone());
        self.found(db, &format!("eq {place}"), v.eq(value(self)), |row| row == place).await;
        self.found(db, &format!("ne {place}"), v.ne(value(self)), |row| row != place).await;
        self.found(db, &format!("in {place}"), v.is_in(vec![value(self)]), |row| row == place).await;
        self.found(db, &format!("o eq {place}"), o.eq(value(self)), |row| row == place && row % 3 != 2).await;
        self.found(db, &format!("o ne {place}"), o.ne(value(self)), |row| row != place && row % 3 != 2).await;
        let computed = || o.or_else(first.clone());
        self.found(db, &format!("computed eq {place}"), computed().eq(value(self)), |row| or_first(row) == place).await;
        let query = E::find().filter(id.eq(place as i64)).select(v);
        self.found(db, &format!("in a query {place}"), v.in_query(query), |row| row == place).await;
        if self.does == Does::Orders {
            self.found(db, &format!("lt {place}"), v.lt(value(self)), |row| row < place).await;
            self.found(db, &format!("le {place}"), v.le(value(self)), |row| row <= place).await;
            self.found(db, &format!("gt {place}"), v.gt(value(self)), |row| row > place).await;
            self.found(db, &format!("ge {place}"), v.ge(value(self)), |row| row >= place).await;
            self.found(db, &format!("computed gt {place}"), computed().gt(value(self)), |row| or_first(row) > place)
                .await;
        }
    }

    async fn pair(&mut self, db: &mut Db, low: usize, high: usize) {
        let Cells { v, o, .. } = self.cells;
        let (first, both) = (self.values[0].clone(), [low, high].map(|place| self.values[place].clone()));
        let one = move |row: usize| row == low || row == high;
        self.found(db, &format!("in {low} {high}"), v.is_in(both.clone()), one).await;
        self.found(db, &format!("not in {low} {high}"), v.not_in(both.clone()), |row| !one(row)).await;
        let computed = || o.or_else(first.clone());
        self.found(db, &format!("computed in {low} {high}"), computed().is_in(both.clone()), |row| one(or_first(row)))
            .await;
        if self.does == Does::Orders {
            let [least, most] = both;
            let within = |row| (low..=high).contains(&row);
            self.found(db, &format!("between {low} {high}"), v.between(least.clone(), most.clone()), within).await;
            let filter = computed().between(least, most);
            self.found(db, &format!("computed between {low} {high}"), filter, |row| within(or_first(row))).await;
        }
    }

    async fn at_run_time(&mut self, db: &mut Db, place: usize) -> Result<()> {
        let table = db.table("cells").await?;
        let all = self.values.len() as u64;
        let value = |place: usize| self.values[place % self.values.len()].clone().encode();
        let mut conditions = vec![
            (Condition::Equal(value(place)), 1),
            (Condition::NotEqual(value(place)), all - 1),
            (Condition::In(vec![value(place), value(place + 1)]), 2),
            (Condition::NotIn(vec![value(place)]), all - 1),
        ];
        if self.does == Does::Orders {
            conditions.push((Condition::Between(value(0), value(place)), place as u64 + 1));
        }
        for (condition, wanted) in conditions {
            let what = format!("at run time {condition:?}");
            let count = table.select().filter("v", condition)?.count(db).await;
            self.check(&what, count, wanted);
        }
        Ok(())
    }

    async fn ordered(&mut self, db: &mut Db) {
        let Cells { id, v, o, .. } = self.cells;
        let ids: Vec<i64> = (0..self.values.len() as i64).collect();
        self.check("asc", E::find().order(v.asc()).select(id).all(db).await, ids.clone());
        self.check("desc", E::find().order(v.desc()).select(id).all(db).await, ids.iter().rev().copied().collect());
        let mut computed = ids;
        computed.sort_by_key(|id| (or_first(*id as usize), *id));
        let by = o.or_else(self.values[0].clone());
        self.check("computed asc", E::find().order(by.asc()).order(id.asc()).select(id).all(db).await, computed);
        let ends = E::find().select((v.min(), v.max())).one(db).await;
        let none = |error: &relata::Error| error.kind() == relata::Kind::UndefinedObject; // PostgreSQL has none of booleans, UUIDs
        if !ends.as_ref().is_err_and(none) {
            self.check("ends", ends, (self.values.first().cloned(), self.values.last().cloned()));
        }
    }

    /// Pages of two rows, each from the text of a cursor.
    async fn paged(&mut self, db: &mut Db) -> Result<()> {
        let Cells { id, v, o, of, .. } = self.cells;
        let orders = [v.asc(), v.desc(), o.asc(), o.desc(), o.or_else(self.values[0].clone()).asc()];
        for (number, order) in orders.into_iter().enumerate() {
            let down = number % 2 == 1;
            let by_id = if down { id.desc() } else { id.asc() };
            let whole = E::find().order(order.clone()).order(by_id).select(id).all(db).await?;
            let (mut seen, mut after) = (Vec::new(), None::<Cursor>);
            while seen.len() <= whole.len() {
                let page = E::find().order(order.clone()).after(after).limit(2).page(db).await?;
                seen.extend(page.iter().map(|row| of(row).0));
                let Some(next) = page.next else { break };
                after = Some(next.to_string().parse()?);
            }
            self.check(&format!("pages of order {number}"), Ok(seen), whole);
        }
        for down in [false, true] {
            let table = db.table("cells").await?;
            let (mut seen, mut after) = (Vec::new(), None::<Cursor>);
            while seen.len() <= self.values.len() {
                let page = table.select().order("v", down)?.limit(2).after(after).page(db).await?;
                seen.extend(page.iter().map(|row| row.value("id").cloned()));
                let Some(next) = page.next else { break };
                after = Some(next.to_string().parse()?);
            }
            let mut whole: Vec<_> = (0..self.values.len()).map(|id| Some(Value::Int(id as i64))).collect();
            if down {
                whole.reverse();
            }
            self.check(&format!("pages at run time, {down}"), Ok(seen), whole);
        }
        Ok(())
    }

    async fn written(&mut self, db: &mut Db, place: usize) -> Result<()> {
        let Cells { id, v, o, of, .. } = self.cells;
        let (key, value) = (place as i64, self.values[place].clone());
        let other = self.values[(place + 1) % self.values.len()].clone();
        let whole = (key, value.clone(), sometimes(&self.values, place));
        let row = || E::find().filter(id.eq(key));
        E::update_many().filter(id.eq(key)).set(v.to(other.clone())).set(o.to_none()).exec(db).await?;
        let updated = row().one(db).await.map(|row| of(&row));
        self.check(&format!("updated {place}"), updated, (key, other.clone(), None));
        let upserted = self.row(place, place).on_conflict(id).update_all(db).await.map(|row| of(&row));
        self.check(&format!("upserted {place}"), upserted, whole.clone());
        Entity::save(&row().one(db).await?, db).await?;
        let saved = row().one(db).await.map(|row| of(&row));
        self.check(&format!("saved {place}"), saved, whole);
        if db.dialect() != Dialect::Mysql {
            let returned = E::update_many().filter(id.eq(key)).set(v.to(value.clone())).returning(db).await?;
            self.check(&format!("returned {place}"), Ok(of(&returned[0]).1), value.clone());
        }
        let table = db.table("cells").await?;
        table.update(&[Value::Int(key)], &[("v", other.clone().encode())], db).await?;
        let updated = row().one(db).await.map(|row| of(&row).1);
        self.check(&format!("updated at run time {place}"), updated, other);
        table.upsert(&[("id", Value::Int(key)), ("v", value.clone().encode())], &["id"], db).await?;
        let upserted = row().one(db).await.map(|row| of(&row).1);
        self.check(&format!("upserted at run time {place}"), upserted, value);
        Ok(())
    }

    /// Many rows at once: new, then others in their place, and new ones at run time.
    async fn many(&mut self, db: &mut Db, rows: usize) -> Result<()> {
        let Cells { id, v, .. } = self.cells;
        let places = self.values.len();
        let new = |shift: usize| {
            let row = move |row: usize| (10_000 + row, (row + shift) % places);
            (0..rows).map(row)
        };
        let kept = async |case: &mut Self, db: &mut Db, what: &str, shift: usize| -> Result<()> {
            let kept = E::find().filter(id.ge(10_000)).order(id.asc()).select(v).all(db).await?;
            let wrong = kept.iter().zip(new(shift)).filter(|(v, (_, place))| **v != case.values[*place]).count();
            case.check(&format!("{what} of {rows}: rows and wrong ones"), Ok((kept.len(), wrong)), (rows, 0));
            Ok(())
        };
        let drafts: Vec<_> = new(0).map(|(id, place)| self.row(id, place)).collect();
        E::insert_many(drafts).exec(db).await?;
        kept(self, db, "inserted", 0).await?;
        let drafts: Vec<_> = new(1).map(|(id, place)| self.row(id, place)).collect();
        E::insert_many(drafts).on_conflict(id).updating(v).exec(db).await?;
        kept(self, db, "upserted", 1).await?;
        E::delete_many().filter(id.ge(10_000)).exec(db).await?;
        let table = db.table("cells").await?;
        let values = new(2).map(|(id, place)| vec![Value::Int(id as i64), self.values[place].clone().encode()]);
        table.insert_many(&["id", "v"], values, db).await?;
        kept(self, db, "inserted at run time", 2).await?;
        E::delete_many().filter(id.ge(10_000)).exec(db).await?;
        Ok(())
    }
}

fn parsed<T: std::str::FromStr<Err: Debug>>(texts: &[&str]) -> Vec<T> {
    texts.iter().map(|text| text.parse().unwrap()).collect()
}

/// Runs the cases of some Rust types on all databases: the column's types on SQLite, PostgreSQL and MariaDB, what is empty being left out.
macro_rules! matrix {
    ($($test:ident { $($module:ident [$($types:expr),*] $does:ident $values:expr;)* })*) => {
        $(async fn $test(dialect: Dialect) {
            let (_database, mut db) = crate::setup::open(dialect).await;
            let mut wrong = Vec::new();
            $(for [sqlite, postgres, mysql] in [$($types),*] {
                let ty: &'static str = match dialect {
                    Dialect::Sqlite => sqlite,
                    Dialect::Postgres => postgres,
                    Dialect::Mysql => mysql,
                };
                // MySQL has no such types; it compares computed times as texts.
                let mariadb_alone = matches!(ty, "uuid" | "inet6" | "time(6)");
                let elsewhere =
                    ty.is_empty() || (dialect == Dialect::Mysql && mariadb_alone && crate::setup::is_mysql(&mut db).await);
                if elsewhere {
                    continue;
                }
                let does = Does::$does;
                let mut case = Case { cells: $module::cells(), ty, values: $values, does, wrong: Vec::new() };
                if let Err(error) = case.run(&mut db).await {
                    case.wrong.push(format!("{ty}: {error}"));
                }
                wrong.append(&mut case.wrong);
            })*
            assert!(wrong.is_empty(), "{} are wrong:\n{}", wrong.len(), wrong.join("\n"));
        })*

        mod sqlite {
            $(#[tokio::test]
            async fn $test() {
                super::$test(relata::Dialect::Sqlite).await;
            })*
        }

        mod postgres {
            $(#[tokio::test]
            async fn $test() {
                super::$test(relata::Dialect::Postgres).await;
            })*
        }

        mod mysql {
            $(#[tokio::test]
            async fn $test() {
                super::$test(relata::Dialect::Mysql).await;
            })*
        }
    };
}

matrix! {
    whole_numbers {
        i64s [["INTEGER", "bigint", "bigint"], ["", "numeric(20)", "decimal(20,0)"]] Orders
            vec![i64::MIN, i64::MIN + 1, -1, 1 << 53, (1 << 53) + 1, i64::MAX - 1, i64::MAX];
        u64s [["", "numeric(20)", "bigint unsigned"], ["", "", "bit(64)"]] Orders
            vec![0, (1 << 53) + 1, 1 << 63, (1 << 63) + 1, u64::MAX - 1, u64::MAX];
    }
    numbers {
        f32s [["REAL", "real", "float"], ["", "double precision", "double"]] Orders
            vec![f32::MIN, -0.1, 1e-30, 0.1, 0.2, 16_777_216.0, f32::MAX];
        f64s [["REAL", "double precision", "double"]] Orders
            vec![-1.7e308, -0.1, 5e-300, 0.1, 0.1 + 0.2, 9_007_199_254_740_994.0, 1.7e308];
        decimals [["", "numeric", "decimal(40,12)"], ["", "numeric(40,12)", ""]] Orders parsed(&[
            "-1234567890123456.000000000001", "-0.000000000001", "0", "0.1", "1234567890123456.000000000001",
            "1234567890123456.000000000002", "1234567890123457",
        ]);
        decimals [["DECIMAL(10,4)", "numeric(10,4)", "decimal(10,4)"]] Orders
            parsed(&["-10", "-9.5", "0", "0.1", "2.5", "10", "100.25"]);
        decimals [["TEXT", "", ""]] Tells parsed(&["-10", "-9.5", "0", "0.1", "12345678901234567890.5"]);
    }
    texts_and_bytes {
        strings [
            ["TEXT", "text COLLATE \"C\"", "varchar(200) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin"],
            ["VARCHAR(20)", "varchar(20) COLLATE \"C\"", "text CHARACTER SET utf8mb4 COLLATE utf8mb4_bin"]
        ] Orders parsed(&["", "'", "0", "1", "10", "1e1", "2", "A", "a", "a%", "a\\b", "ä", "\u{1F980}"]);
        strings [["", "bit(4)", ""], ["", "bit varying(6)", ""]] Orders parsed(&["0001", "0010", "1000"]);
        strings [["", "inet", "inet6"]] Orders parsed(&["1::", "1::1", "2::"]);
        strings [["", "money", ""]] Orders parsed(&["$1.00", "$2.00", "$10.00"]);
        strings [["", "int4range", ""]] Orders parsed(&["[1,5)", "[1,6)", "[2,3)"]);
        bytes [["BLOB", "bytea", "varbinary(50)"], ["", "", "blob"]] Orders
            vec![vec![], vec![0], vec![0, 0], vec![0, 255], b"a".to_vec(), b"a\\".to_vec(), vec![255, 254]];
        uuids [["TEXT", "uuid", "char(36)"], ["", "text COLLATE \"C\"", ""]] Orders parsed(&[
            "00000000-0000-0000-0000-000000000000", "11111111-1111-1111-1111-111111111111",
            "11111111-1111-1111-1111-111111111112", "ffffffff-1111-1111-1111-111111111111",
        ]);
        uuids [["", "", "uuid"]] Tells
            parsed(&["00000000-0000-0000-0000-000000000000", "ffffffff-1111-1111-1111-111111111111"]);
        moods [["TEXT", "mood", "enum('happy','so-so')"], ["", "", "varchar(10)"]] Tells vec![Mood::Happy, Mood::SoSo];
        jsons [["JSON", "jsonb", "json"], ["TEXT", "", ""]] Tells
            parsed(&["{\"a\": 1}", "[1, 2]", "\"x\"", "{\"b\": null}"]);
    }
    arrays {
        arrays [["", "bigint[]", ""]] Orders
            vec![vec![], vec![Some(-1)], vec![Some(1)], vec![Some(1), Some(7)], vec![Some(1), None], vec![Some(2)], vec![None]];
    }
    moments {
        dates [["DATE", "date", "date"], ["TEXT", "", ""]] Orders
            parsed(&["0001-01-01", "1969-12-31", "2024-02-29", "2024-03-01", "9999-12-31"]);
        times [["TIME", "time", "time(6)"]] Orders
            parsed(&["00:00:00", "00:00:00.000001", "12:00:00", "12:00:00.5", "23:59:59.999999"]);
        datetimes [["DATETIME", "timestamp", "datetime(6)"]] Orders parsed(&[
            "1000-01-01T00:00:00", "2024-02-29T12:00:00", "2024-02-29T12:00:00.000001", "2024-02-29T12:00:00.5",
            "9999-12-31T23:59:59.999999",
        ]);
        timestamps [["TIMESTAMP", "timestamptz", "timestamp(6)"], ["", "", "datetime(6)"]] Orders parsed(&[
            "1970-01-01T00:00:01Z", "2024-02-29T12:00:00Z", "2024-02-29T12:00:00.000001Z", "2024-02-29T12:00:00.5Z",
            "2038-01-19T03:14:07.999999Z",
        ]);
        durations [["INTEGER", "interval", "time(6)"]] Orders [-2_880_000_000_000, -1, 0, 1, 32_400_000_000, 108_000_000_000]
            .map(SignedDuration::from_micros).to_vec();
    }
}
