//! Rows of relations to one: joined or by a statement of their own, whichever costs less or was said. The rows are the same.

use relata::Result;
use relata::prelude::*;

crate::setup::everywhere!(in "loading.rs":
    the_cheaper_way_is_taken,
    either_way_gives_the_same_rows,
    either_way_fits_every_kind_of_key,
);

#[derive(Entity, Debug, Clone)]
#[entity(table = "countries", soft_delete)]
pub struct Country {
    #[id]
    pub id: Id<Country>,
    pub name: String,
}

/// More columns than one would like to send with every letter.
#[derive(Entity, Debug, Clone)]
#[entity(table = "people", soft_delete)]
#[has_one(passport: Passport.person_id)]
#[has_many(sent: Letter.sender_id)]
pub struct Person {
    #[id]
    pub id: Id<Person>,
    pub name: String,
    #[references(Country)]
    pub country_id: Id<Country>,
    #[references(Person)]
    pub boss_id: Option<Id<Person>>,
    pub a: Option<i32>,
    pub b: Option<i32>,
    pub c: Option<i32>,
    pub d: Option<i32>,
    pub e: Option<i32>,
    pub f: Option<i32>,
    pub g: Option<i32>,
    pub h: Option<i32>,
    pub i: Option<i32>,
    pub j: Option<i32>,
    pub k: Option<i32>,
    pub l: Option<i32>,
    pub m: Option<i32>,
}

#[derive(Entity, Debug, Clone)]
#[entity(table = "passports")]
pub struct Passport {
    #[id]
    pub id: Id<Passport>,
    #[references(Person)]
    #[unique]
    pub person_id: Id<Person>,
}

#[derive(Entity, Debug, Clone)]
#[entity(table = "letters")]
#[polymorphic(about: about_type, about_id, Person, Country)]
pub struct Letter {
    #[id]
    pub id: Id<Letter>,
    #[references(Person)]
    pub sender_id: Id<Person>,
    #[references(Person)]
    pub reader_id: Option<Id<Person>>,
    pub about_type: String,
    pub about_id: i64,
}

#[derive(Entity, Debug, Clone)]
#[entity(table = "flights")]
#[primary_key(day, number)]
pub struct Flight {
    pub day: i32,
    pub number: i32,
    pub goal: String,
}

#[derive(Entity, Debug, Clone)]
#[entity(table = "bags")]
#[foreign_key(day, number => Flight, relation = flight)]
pub struct Bag {
    #[id]
    pub id: Id<Bag>,
    pub day: i32,
    pub number: i32,
}

/// Numbers that look random and are the same every time.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % end
    }
}

/// Letters of few people of few countries, of whom some are deleted.
async fn letters(numbers: &mut Numbers, db: &mut Db) -> Result<()> {
    let mut countries = Vec::new();
    for name in ["A", "B", "C"] {
        countries.push(NewCountry { name: name.into() }.insert(db).await?.id);
    }
    let mut people: Vec<Id<Person>> = Vec::new();
    for number in 0..8 {
        let mut new = NewPerson { name: format!("P{number}"), country_id: countries[numbers.below(3)] };
        if !people.is_empty() && numbers.below(3) > 0 {
            let boss = people[numbers.below(people.len())];
            people.push(new.boss_id(boss).insert(db).await?.id);
            continue;
        }
        new.name.push('!');
        people.push(new.insert(db).await?.id);
    }
    for _ in 0..40 {
        let about = match numbers.below(2) {
            0 => LetterAbout::Person(people[numbers.below(8)]),
            _ => LetterAbout::Country(countries[numbers.below(3)]),
        };
        let new =
            NewLetter { sender_id: people[numbers.below(8)], about_type: String::new(), about_id: 0 }.about(about);
        match numbers.below(3) {
            0 => new.insert(db).await?,
            _ => new.reader_id(people[numbers.below(8)]).insert(db).await?,
        };
    }
    Country::delete(countries[numbers.below(3)]).exec(db).await?;
    Person::delete(people[numbers.below(8)]).exec(db).await.map(drop)
}

async fn the_cheaper_way_is_taken(mut db: Db) -> Result<()> {
    letters(&mut Numbers(1), &mut db).await?;
    macro_rules! statements {
        ($query:expr) => {{
            let before = db.statement_count();
            $query.all(&mut db).await?;
            db.statement_count() - before
        }};
    }
    let first = Letter::find().order(Letter.id.asc()).first(&mut db).await?.unwrap().id;
    assert_eq!(statements!(Letter::find().with(Letter.reader)), 2, "many columns, any number of letters");
    assert_eq!(statements!(Letter::find().with(Letter.reader).limit(50)), 1, "few letters");
    assert_eq!(statements!(Letter::by_key(first).with(Letter.reader)), 1, "one letter");
    assert_eq!(statements!(Person::find().with(Person.country)), 1, "few columns");
    assert_eq!(statements!(Passport::find().with(Passport.person)), 1, "one each");
    assert_eq!(statements!(Person::find().with(Person.passport)), 1, "one each, from the other side");
    assert_eq!(statements!(Letter::find().with(Letter.sender)), 1, "deleted people are looked at anyway");
    // What was said goes first.
    assert_eq!(statements!(Letter::find().with(Letter.reader.joined())), 1);
    assert_eq!(statements!(Letter::by_key(first).with(Letter.reader.batched())), 2);
    assert_eq!(statements!(Person::find().with(Person.country.batched())), 2);
    let both =
        Letter::find().with(Letter.reader.batched()).with(Letter.sender.batched().with(Person.country.batched()));
    assert_eq!(statements!(both), 4, "letters, readers, senders, their countries");
    // Below a relation to many rows their number is not known.
    let below = Person::find().with(Person.sent.with(Letter.reader)).limit(1);
    assert_eq!(statements!(below), 3);
    let mut stream = Letter::find().with(Letter.reader).stream(&mut db);
    let mut read = 0;
    while stream.next().await?.is_some() {
        read += 1;
    }
    assert_eq!(read, 40, "streams join whatever can be joined");
    drop(stream);
    let mut stream = Letter::find().with(Letter.reader.batched()).stream(&mut db);
    let error = stream.next().await.unwrap_err();
    assert_eq!(error.kind(), relata::Kind::Unsupported, "{error}");
    Ok(())
}

/// A relation loaded in each of the ways.
macro_rules! way {
    ($relation:expr, $way:expr) => {
        match $way % 3 {
            0 => $relation.load(),
            1 => $relation.joined(),
            _ => $relation.batched(),
        }
    };
}

/// What a query gives, in words: the same in whatever ways its relations come.
async fn told(ways: [usize; 4], variant: usize, db: &mut Db) -> Result<String> {
    let sender = way!(Letter.sender, ways[0]);
    let sender = if variant == 3 { sender.with_deleted() } else { sender };
    let reader = way!(Letter.reader, ways[1]);
    let boss = way!(Person.boss, ways[3]).with(way!(Person.country, ways[2]));
    let query = Letter::find()
        .with(sender.with(way!(Person.country, ways[2])).with(boss))
        .with(reader.with(way!(Person.country, ways[3])))
        .with(way!(Letter.person, ways[3]))
        .with(way!(Letter.country, ways[0]))
        .order(Letter.id.asc());
    let letters = match variant {
        0 | 3 => query.all(db).await?,
        1 => query.limit(7).offset(5).all(db).await?,
        2 => query.with_deleted().all(db).await?,
        4 => {
            let page = query.limit(9).page(db).await?;
            assert!(page.next.is_some());
            page.items
        }
        _ => query.all_lenient(db).await?.rows,
    };
    let letters = letters.iter().map(|letter| {
        let reader = letter.reader().map(|reader| format!("{} of {}", reader.name, reader.country().name));
        let boss = letter.sender().boss().map(|boss| format!("{} of {}", boss.name, boss.country().name));
        let about = (letter.person().map(|person| &person.name), letter.country().map(|country| &country.name));
        let (sender, home) = (&letter.sender().name, &letter.sender().country().name);
        format!("{} {sender} of {home}, below {boss:?}, to {reader:?} about {about:?}\n", letter.id)
    });
    Ok(letters.collect())
}

async fn either_way_gives_the_same_rows(mut db: Db) -> Result<()> {
    for seed in 1..4 {
        let mut numbers = Numbers(seed);
        letters(&mut numbers, &mut db).await?;
        for variant in 0..6 {
            let expected = told([1; 4], variant, &mut db).await?;
            assert!(expected.lines().count() > 3, "{expected}");
            for _ in 0..6 {
                let ways = [0; 4].map(|_| numbers.below(3));
                assert_eq!(told(ways, variant, &mut db).await?, expected, "{ways:?} {variant}");
            }
            assert_eq!(told([2; 4], variant, &mut db).await?, expected, "{variant}");
        }
        Letter::delete_many().all_rows().exec(&mut db).await?;
    }
    Ok(())
}

async fn either_way_fits_every_kind_of_key(mut db: Db) -> Result<()> {
    for (day, number, goal) in [(1, 1, "Rome"), (1, 2, "Oslo"), (2, 1, "Bern")] {
        NewFlight { day, number, goal: goal.into() }.insert(&mut db).await?;
    }
    for (day, number) in [(1, 2), (2, 1), (1, 1), (1, 2)] {
        NewBag { day, number }.insert(&mut db).await?;
    }
    for way in 0..3 {
        let bags = Bag::find().with(way!(Bag.flight, way)).order(Bag.id.asc()).all(&mut db).await?;
        let goals: Vec<&str> = bags.iter().map(|bag| bag.flight().goal.as_str()).collect();
        assert_eq!(goals, ["Oslo", "Bern", "Rome", "Oslo"]);
    }
    Ok(())
}
