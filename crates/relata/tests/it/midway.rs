//! Writes of several statements that fail midway inside of a transaction that goes on: nothing of them stays. And several of them
//! at once.

use relata::prelude::*;
use relata::{Dialect, Error, Kind, Result, Store};

crate::setup::everywhere!(in "midway.rs":
    nothing_stays_of_what_failed_midway,
    marking_midway_leaves_all_alive,
    restoring_what_is_there_again_fails_whole,
    a_tree_whose_root_is_gone_stays_gone,
    everybody_upserts_at_once,
    links_are_set_at_once,
    marks_at_once_are_one,
);

#[derive(Entity, Debug, Clone, PartialEq)]
#[entity(table = "clubs", soft_delete)]
#[has_many(members: Member.club_id)]
#[unique(name)]
pub struct Club {
    #[id]
    pub id: Id<Club>,
    pub name: String,
    #[default(0)]
    pub seats: i32,
}

#[derive(Entity, Debug, Clone, PartialEq)]
#[entity(table = "members", soft_delete)]
#[has_many(letters: Letter.member_id)]
#[many_to_many(badges: Badge via MemberBadge)]
#[unique(club_id, name)]
pub struct Member {
    #[id]
    pub id: Id<Member>,
    #[references(Club, on_delete = cascade)]
    pub club_id: Id<Club>,
    pub name: String,
}

#[derive(Entity, Debug, Clone, PartialEq)]
#[entity(table = "letters", soft_delete)]
#[unique(text)]
pub struct Letter {
    #[id]
    pub id: Id<Letter>,
    #[references(Member, on_delete = cascade)]
    pub member_id: Id<Member>,
    pub text: String,
}

#[derive(Entity, Debug, Clone, PartialEq)]
#[entity(table = "badges")]
pub struct Badge {
    #[id]
    pub id: Id<Badge>,
    #[unique]
    pub name: String,
}

#[derive(Entity, Debug, Clone)]
#[entity(table = "member_badges")]
#[primary_key(member_id, badge_id)]
pub struct MemberBadge {
    #[references(Member, on_delete = cascade)]
    pub member_id: Id<Member>,
    #[references(Badge)]
    pub badge_id: Id<Badge>,
}

fn club(name: &str) -> NewClub {
    NewClub { name: name.into() }
}

/// A club with two members, each with a letter.
async fn founded(db: &mut Db, name: &'static str) -> Result<Club> {
    let club = club(name).create(Club.members, move |club| {
        let club_id = club.id;
        ["a", "b"].map(|member| {
            NewMember { club_id, name: member.into() }
                .create(Member.letters, move |row| [NewLetter { member_id: row.id, text: format!("{name} {member}") }])
        })
    });
    club.insert(db).await
}

async fn counts(db: &mut Db) -> Result<[u64; 4]> {
    Ok([
        Club::find().with_deleted().count(db).await?,
        Member::find().with_deleted().count(db).await?,
        Letter::find().with_deleted().count(db).await?,
        Badge::find().count(db).await?,
    ])
}

struct Picky<X>(X);

impl<X: Executor> Store for Picky<X> {
    type Entity = Badge;
    type Executor = X;

    fn executor(&mut self) -> &mut X {
        &mut self.0
    }

    async fn after_insert(&mut self, badge: &Badge) -> Result<()> {
        club(&badge.name).insert(&mut self.0).await?;
        if badge.name == "ugly" { Err(Error::new(Kind::Validation, "no")) } else { Ok(()) }
    }
}

async fn nothing_stays_of_what_failed_midway(mut db: Db) -> Result<()> {
    founded(&mut db, "old").await?;
    NewBadge { name: "taken".into() }.insert(&mut db).await?;
    let (before, mut goes_on) = (counts(&mut db).await?, 0);
    // MariaDB takes any unique key for the one of an upsert.
    let ways = if db.dialect() == Dialect::Mysql { 8 } else { 9 };
    for way in 0..ways {
        let done: Result<()> = transaction!(db, |tx| {
            let badges = |count: usize| {
                (0..count).map(move |number| NewBadge {
                    name: if number + 1 == count { "taken".into() } else { format!("badge {number}") },
                })
            };
            let failed = match way {
                // A letter on the third level that is there already.
                0 => {
                    let nested = club("new").create(Club.members, |club| {
                        let club_id = club.id;
                        [NewMember { club_id, name: "x".into() }.create(Member.letters, |member| {
                            ["fresh", "old a"].map(|text| NewLetter { member_id: member.id, text: text.into() })
                        })]
                    });
                    nested.insert(&mut tx).await.map(drop)
                }
                1 => Badge::insert_many(badges(5)).exec(&mut tx).await.map(drop),
                2 => Badge::insert_many(badges(5000)).exec(&mut tx).await.map(drop),
                3 => Badge::insert_many(badges(5000)).returning(&mut tx).await.map(drop),
                4 => {
                    let mut stream = Badge::insert_stream(&mut tx).await?;
                    let mut result = Ok(());
                    for badge in badges(5000) {
                        result = stream.push(badge).await;
                        if result.is_err() {
                            break;
                        }
                    }
                    match result {
                        Ok(()) => stream.finish().await.map(drop),
                        failed => failed,
                    }
                }
                5 => transaction!(tx, |inner| {
                    Picky(&mut inner)
                        .insert_all(["nice", "ugly"].map(|name| NewBadge { name: name.into() }))
                        .await
                        .map(drop)
                }),
                6 => transaction!(tx, |inner| {
                    Picky(&mut inner).insert(NewBadge { name: "ugly".into() }).await.map(drop)
                }),
                7 => {
                    let json = serde_json::json!({"name": "from outside", "members": [{"name": "p"}, {"name": "p"}]});
                    let changes = Club::changeset(Club.name).nested(Club.members, || Member::changeset(Member.name));
                    changes.json(&json).insert(&mut tx).await.map(drop)
                }
                _ => Badge::insert_many(badges(5000)).on_conflict(Badge.id).update_all(&mut tx).await,
            };
            assert!(failed.is_err(), "{way}");
            NewBadge { name: format!("after {way}") }.insert(&mut tx).await?;
            Ok(())
        });
        // On PostgreSQL a single statement that fails takes the transaction with it.
        let alone = db.dialect() == Dialect::Postgres && matches!(way, 1..=3 | 8);
        assert_eq!(done.is_err(), alone, "{way}: {done:?}");
        goes_on += u64::from(!alone);
        let after = [before[0], before[1], before[2], before[3] + goes_on];
        assert_eq!(counts(&mut db).await?, after, "{way}");
    }
    Ok(())
}

async fn marking_midway_leaves_all_alive(mut db: Db) -> Result<()> {
    let old = founded(&mut db, "old").await?;
    let refuse = match db.dialect() {
        Dialect::Sqlite => "CREATE TRIGGER t BEFORE UPDATE ON letters BEGIN SELECT RAISE(ABORT, 'no'); END",
        Dialect::Postgres => {
            "CREATE FUNCTION no() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'no'; END $$;
             CREATE TRIGGER t BEFORE UPDATE ON letters FOR EACH ROW EXECUTE FUNCTION no()"
        }
        _ => "CREATE TRIGGER t BEFORE UPDATE ON letters FOR EACH ROW SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'no'",
    };
    db.batch(refuse).await?;
    assert!(Club::delete(old.id).exec(&mut db).await.is_err());
    assert_eq!((Club::find().count(&mut db).await?, Member::find().count(&mut db).await?), (1, 2));
    transaction!(db, |tx| {
        assert!(Club::delete(old.id).exec(&mut tx).await.is_err());
        NewBadge { name: "goes on".into() }.insert(&mut tx).await
    })?;
    assert_eq!((Club::find().count(&mut db).await?, Member::find().count(&mut db).await?), (1, 2));
    assert_eq!(Badge::find().count(&mut db).await?, 1);
    Ok(())
}

async fn restoring_what_is_there_again_fails_whole(mut db: Db) -> Result<()> {
    let old = founded(&mut db, "old").await?;
    Club::delete(old.id).exec(&mut db).await?;
    let new = club("other").insert(&mut db).await?;
    let member = NewMember { club_id: new.id, name: "c".into() }.insert(&mut db).await?;
    // The letter of a deleted member, written again by somebody else.
    NewLetter { member_id: member.id, text: "old a".into() }.insert(&mut db).await?;
    let error = Club::restore(old.id, &mut db).await.unwrap_err();
    assert_eq!(error.kind(), Kind::UniqueViolation, "{error}");
    let living = (
        Club::find().count(&mut db).await?,
        Member::find().count(&mut db).await?,
        Letter::find().count(&mut db).await?,
    );
    assert_eq!(living, (1, 1, 1));
    transaction!(db, |tx| {
        assert!(Club::restore(old.id, &mut tx).await.is_err());
        NewBadge { name: "goes on".into() }.insert(&mut tx).await
    })?;
    Letter::delete_many().filter(Letter.text.eq("old a")).exec(&mut db).await?;
    assert!(Club::restore(old.id, &mut db).await?);
    assert_eq!(Letter::find().count(&mut db).await?, 2);
    assert!(!Club::restore(old.id, &mut db).await?, "it is there");
    Ok(())
}

async fn a_tree_whose_root_is_gone_stays_gone(mut db: Db) -> Result<()> {
    let old = founded(&mut db, "old").await?;
    let members = Member::find().filter(Member.club_id.eq(old.id)).order(Member.id.asc()).all(&mut db).await?;
    Member::delete(members[0].id).exec(&mut db).await?;
    Club::delete(old.id).exec(&mut db).await?;
    let later = Timestamp::now() + std::time::Duration::from_secs(60);
    assert_eq!(Club::purge(later, &mut db).await?, 1);
    assert_eq!(counts(&mut db).await?, [0, 0, 0, 0]);
    assert!(!Member::restore(members[1].id, &mut db).await?);
    assert!(!Club::restore(old.id, &mut db).await?);

    // A member that was brought back alone goes with the club.
    let new = founded(&mut db, "new").await?;
    let members = Member::find().filter(Member.club_id.eq(new.id)).order(Member.id.asc()).all(&mut db).await?;
    Club::delete(new.id).exec(&mut db).await?;
    assert!(Member::restore(members[0].id, &mut db).await?);
    assert_eq!(Letter::find().count(&mut db).await?, 1);
    assert_eq!(Member::find().with(Member.club).all(&mut db).await?.len(), 0, "its club is not there");
    assert!(Club::restore(new.id, &mut db).await?);
    assert_eq!((Member::find().count(&mut db).await?, Letter::find().count(&mut db).await?), (2, 2));
    Ok(())
}

async fn everybody_upserts_at_once(db: Db) -> Result<()> {
    let mut tasks = Vec::new();
    for number in 0..8 {
        let mut db = db.clone();
        tasks.push(tokio::spawn(async move {
            for round in 0..10 {
                let name = format!("club {}", (number + round) % 4);
                let saved: Result<Badge> = transaction!(db, retries = 20, |tx| {
                    NewBadge { name: name.clone() }.on_conflict(Badge.name).update(Badge.name, &mut tx).await
                });
                assert_eq!(saved?.name, name);
                // In one order, so that nobody waits for whoever waits for it.
                let names = [0, 1, 2, 3].map(|at| NewBadge { name: format!("club {at}") });
                let rows: Result<()> = transaction!(db, retries = 20, |tx| {
                    Badge::insert_many(&names).on_conflict(Badge.name).update_all(&mut tx).await
                });
                rows?;
            }
            Ok::<(), Error>(())
        }));
    }
    for task in tasks {
        task.await.unwrap()?;
    }
    let mut db = db;
    assert_eq!(Badge::find().count(&mut db).await?, 4);
    Ok(())
}

async fn links_are_set_at_once(mut db: Db) -> Result<()> {
    founded(&mut db, "old").await?;
    let member = Member::find().first(&mut db).await?.unwrap().id;
    let mut badges = Vec::new();
    for number in 0..6 {
        badges.push(NewBadge { name: format!("b{number}") }.insert(&mut db).await?.id);
    }
    let mut tasks = Vec::new();
    for number in 0..3usize {
        let (mut db, badges) = (db.clone(), badges.clone());
        tasks.push(tokio::spawn(async move {
            for round in 0..3 {
                let some: Vec<_> = (0..3).map(|at| badges[(number + round + at) % 6]).collect();
                let done: Result<()> = transaction!(db, retries = 50, |tx| {
                    Member::relate(member).set(Member.badges, some.clone()).exec(&mut tx).await.map(drop)
                });
                done?;
            }
            Ok::<(), Error>(())
        }));
    }
    for task in tasks {
        task.await.unwrap()?;
    }
    assert_eq!(MemberBadge::find().count(&mut db).await?, 3);
    Ok(())
}

async fn marks_at_once_are_one(mut db: Db) -> Result<()> {
    let old = founded(&mut db, "old").await?;
    let tasks: Vec<_> = (0..6)
        .map(|_| {
            let mut db = db.clone();
            tokio::spawn(
                async move { transaction!(db, retries = 20, |tx| { Club::delete(old.id).exec(&mut tx).await }) },
            )
        })
        .collect();
    let mut marked = 0;
    for task in tasks {
        marked += task.await.unwrap()?;
    }
    assert_eq!(marked, 1, "one of them was first");
    assert_eq!(Letter::find().count(&mut db).await?, 0);
    assert!(Club::restore(old.id, &mut db).await?);
    assert_eq!((Member::find().count(&mut db).await?, Letter::find().count(&mut db).await?), (2, 2));
    Ok(())
}
