//! Services: repositories that share a transaction, hooks around writes and commits, events.

use std::sync::{Arc, Mutex};

use relata::prelude::*;
use relata::{Error, Events, Kind, Result, Store};

use crate::model::*;

crate::setup::everywhere!(
    a_service_shares_one_transaction,
    hooks_may_change_and_refuse,
    events_are_told_after_the_commit,
    work_before_the_commit_may_stop_it,
    hooks_stand_around_each_of_many_rows,
    panics_in_hooks_undo_and_in_handlers_do_not,
    deleting_and_restoring_have_hooks,
    hooks_stand_around_a_row_with_what_hangs_on_it,
);

struct Users<X> {
    executor: X,
    events: Events,
}

#[derive(Debug, Clone, PartialEq)]
struct Registered(String);

impl<X: Executor> Store for Users<X> {
    type Entity = User;
    type Executor = X;

    fn executor(&mut self) -> &mut X {
        &mut self.executor
    }

    async fn before_insert(&mut self, row: relata::insert::Draft<User>) -> Result<relata::insert::Draft<User>> {
        match row.given(User.email) {
            Some(email) => Ok(row.with(User.email, email.to_lowercase())),
            None => Ok(row),
        }
    }

    async fn after_insert(&mut self, user: &User) -> Result<()> {
        self.events.publish(Registered(user.email.clone()), &mut self.executor);
        NewAccount { balance: 10 }.insert(&mut self.executor).await.map(drop)
    }

    async fn before_delete(&mut self, key: &Id<User>) -> Result<()> {
        match Post::find().filter(Post.author_id.eq(*key)).exists(&mut self.executor).await? {
            true => Err(Error::new(Kind::Validation, "whoever wrote something stays")),
            false => Ok(()),
        }
    }
}

/// Methods of its own.
impl<X: Executor> Users<X> {
    async fn by_email(&mut self, email: &str) -> Result<Option<User>> {
        User::find().filter(User.email.eq(email)).optional(&mut self.executor).await
    }
}

struct Posts<X>(X);

impl<X: Executor> Store for Posts<X> {
    type Entity = Post;
    type Executor = X;

    fn executor(&mut self) -> &mut X {
        &mut self.0
    }
}

/// A service is made of what it needs; nothing is global.
struct Registration {
    db: Db,
    events: Events,
}

impl Registration {
    async fn register(&self, name: &str, slug: &str) -> Result<User> {
        let mut db = self.db.clone();
        transaction!(db, |tx| {
            let mut users = Users { executor: &mut tx, events: self.events.clone() };
            let user = users.insert(NewUser { email: format!("{name}@Example.com"), name: name.into() }).await?;
            Posts(&mut tx).insert(NewPost { author_id: user.id, slug: slug.into(), title: "Hello".into() }).await?;
            Ok(user)
        })
    }
}

fn listening() -> (Events, Arc<Mutex<Vec<Registered>>>) {
    let (events, told) = (Events::new(), Arc::<Mutex<Vec<Registered>>>::default());
    let list = told.clone();
    events.on(move |event: &Registered| list.lock().unwrap().push(event.clone()));
    (events, told)
}

async fn a_service_shares_one_transaction(mut db: Db) -> Result<()> {
    let (events, told) = listening();
    let service = Registration { db: db.clone(), events: events.clone() };
    let ann = service.register("Ann", "hello").await?;
    assert_eq!(ann.email, "ann@example.com", "the hook changed it");
    let error = service.register("Bob", "").await.unwrap_err();
    assert_eq!(error.kind(), Kind::Validation, "the post's rule");
    assert_eq!((User::find().count(&mut db).await?, Account::find().count(&mut db).await?), (1, 1), "all or nothing");
    assert_eq!(*told.lock().unwrap(), [Registered("ann@example.com".into())]);
    let mut users = Users { executor: db, events };
    assert_eq!(users.by_email("ann@example.com").await?.unwrap().id, ann.id);
    assert_eq!((users.count().await?, users.all().await?.len(), users.find(ann.id).await?.is_some()), (1, 1, true));
    Ok(())
}

async fn hooks_may_change_and_refuse(db: Db) -> Result<()> {
    let (events, _) = listening();
    let service = Registration { db: db.clone(), events: events.clone() };
    let mut ann = service.register("Ann", "hello").await?;
    let mut users = Users { executor: db, events };
    let error = users.delete(ann.id).await.unwrap_err();
    assert_eq!(error.message(), "whoever wrote something stays");
    ann.name = "Anna".into();
    users.save(&ann).await?;
    assert_eq!(users.find(ann.id).await?.unwrap().name, "Anna");
    let bob = users.insert(NewUser { email: "B".into(), name: "Bob".into() }).await?;
    assert!(users.delete(bob.id).await? && !users.delete(bob.id).await?);
    Ok(())
}

async fn events_are_told_after_the_commit(mut db: Db) -> Result<()> {
    let (events, told) = listening();
    let names = || told.lock().unwrap().iter().map(|event| event.0.clone()).collect::<Vec<_>>().join(" ");
    let publish = |name: &str| Registered(name.to_string());
    events.publish(publish("at-once"), &mut db);
    assert_eq!(names(), "at-once");
    let result: Result<()> = transaction!(db, |tx| {
        events.publish(publish("outer"), &mut tx);
        let inner: Result<()> = transaction!(tx, |tx| {
            events.publish(publish("lost"), &mut tx);
            Err(Error::new(Kind::Validation, "no"))
        });
        assert!(inner.is_err());
        transaction!(tx, |tx| {
            events.publish(publish("inner"), &mut tx);
            Ok(())
        })?;
        assert_eq!(names(), "at-once", "nothing is told before the commit");
        Ok(())
    });
    result?;
    assert_eq!(names(), "at-once outer inner");
    let failed: Result<()> = transaction!(db, |tx| {
        events.publish(publish("never"), &mut tx);
        Err(Error::new(Kind::Validation, "no"))
    });
    assert!(failed.is_err());
    assert_eq!(names(), "at-once outer inner");
    Ok(())
}

async fn balances_are(wanted: i64, tx: &mut Tx<'_>) -> Result<()> {
    let balances: Vec<i64> = Account::find().select(Account.balance).all(tx).await?;
    let sum: i64 = balances.iter().sum();
    if sum == wanted { Ok(()) } else { Err(Error::new(Kind::Validation, format!("the sum is {sum}"))) }
}

async fn work_before_the_commit_may_stop_it(mut db: Db) -> Result<()> {
    transaction!(db, |tx| {
        tx.before_commit(|tx| Box::pin(balances_are(30, tx)));
        for balance in [10, 20] {
            NewAccount { balance }.insert(&mut tx).await?;
        }
        Ok(())
    })?;
    let result: Result<()> = transaction!(db, |tx| {
        tx.before_commit(|tx| Box::pin(balances_are(30, tx)));
        NewAccount { balance: 1 }.insert(&mut tx).await?;
        Ok(())
    });
    assert_eq!(result.unwrap_err().message(), "the sum is 31");
    assert_eq!(Account::find().count(&mut db).await?, 2);
    Ok(())
}

async fn hooks_stand_around_each_of_many_rows(db: Db) -> Result<()> {
    let (events, told) = listening();
    let new = |name: &str| NewUser { email: format!("{name}@Example.com"), name: name.into() };
    let mut users = Users { executor: db.clone(), events: events.clone() };
    let made = users.insert_all(["A", "B", "C"].map(new)).await?;
    let emails: Vec<&str> = made.iter().map(|user| user.email.as_str()).collect();
    assert_eq!(emails, ["a@example.com", "b@example.com", "c@example.com"], "before each, in their order");
    let heard = || told.lock().unwrap().len();
    assert_eq!((heard(), Account::find().count(&mut db.clone()).await?), (3, 3), "after each");
    let mut outer = db.clone();
    let failed: Result<()> = transaction!(outer, |tx| {
        let mut users = Users { executor: &mut tx, events: events.clone() };
        users.insert_all(["D", "A"].map(new)).await.map(drop)
    });
    assert_eq!(failed.unwrap_err().kind(), Kind::UniqueViolation);
    assert_eq!((heard(), User::find().count(&mut db.clone()).await?), (3, 3), "all or none");
    Ok(())
}

async fn panics_in_hooks_undo_and_in_handlers_do_not(mut db: Db) -> Result<()> {
    let (events, told) = listening();
    // Heard first, and broken: who listens besides hears nevertheless, and the commit has happened.
    let broken = Events::new();
    broken.on(|_: &Registered| panic!("a broken handler"));
    let list = told.clone();
    broken.on(move |event: &Registered| list.lock().unwrap().push(event.clone()));
    let result: Result<i32> = transaction!(db, |tx| {
        broken.publish(Registered("one".into()), &mut tx);
        tx.after_commit(Box::new(|| panic!("broken work")));
        events.publish(Registered("two".into()), &mut tx);
        NewAccount { balance: 1 }.insert(&mut tx).await?;
        Ok(7)
    });
    assert_eq!(result?, 7);
    assert_eq!(*told.lock().unwrap(), [Registered("one".into()), Registered("two".into())]);

    let task = tokio::spawn({
        let (mut db, events) = (db.clone(), events.clone());
        async move {
            let result: Result<()> = transaction!(db, |tx| {
                NewAccount { balance: 2 }.insert(&mut tx).await?;
                events.publish(Registered("never".into()), &mut tx);
                tx.before_commit(|_| Box::pin(async { panic!("a broken hook") }));
                Ok(())
            });
            result
        }
    });
    assert!(task.await.unwrap_err().is_panic());
    assert_eq!(Account::find().count(&mut db).await?, 1, "what was before the panic is undone");
    assert_eq!(told.lock().unwrap().len(), 2);
    Ok(())
}

/// Remembers what happens to posts.
async fn hooks_stand_around_a_row_with_what_hangs_on_it(db: Db) -> Result<()> {
    let (events, told) = listening();
    let mut users = Users { executor: db.clone(), events };
    let heard = || told.lock().unwrap().len();
    let new = NewUser { email: "Ann@Example.com".into(), name: "Ann".into() };
    let post = |user: &User| [NewPost { author_id: user.id, slug: user.email.clone(), title: "T".into() }];
    let ann = users.insert(new.create(User.posts, post)).await?;
    let written = Post::find().with(Post.author).one(&mut db.clone()).await?;
    assert_eq!(
        (written.slug.as_str(), written.author().id),
        ("ann@example.com", ann.id),
        "changed before it was written"
    );
    assert_eq!((heard(), Account::find().count(&mut db.clone()).await?), (1, 1), "after all is there");
    // What hangs on it is refused: nothing of it is there, and no hook after it ran.
    let new = NewUser { email: "Bob@Example.com".into(), name: "Bob".into() };
    let long = |user: &User| [NewPost { author_id: user.id, slug: "x".repeat(121), title: "T".into() }];
    assert_eq!(users.insert(new.create(User.posts, long)).await.unwrap_err().kind(), Kind::Validation);
    let left = (heard(), User::find().count(&mut db.clone()).await?);
    assert_eq!(left, (1, 1));
    Ok(())
}

struct Remembered<X>(X, Vec<String>);

impl<X: Executor> Store for Remembered<X> {
    type Entity = Post;
    type Executor = X;

    fn executor(&mut self) -> &mut X {
        &mut self.0
    }

    async fn after_delete(&mut self, key: &Id<Post>) -> Result<()> {
        self.1.push(format!("-{key}"));
        Ok(())
    }

    async fn after_restore(&mut self, key: &Id<Post>) -> Result<()> {
        self.1.push(format!("+{key}"));
        Ok(())
    }
}

async fn deleting_and_restoring_have_hooks(mut db: Db) -> Result<()> {
    let author_id = NewUser { email: "a".into(), name: "A".into() }.insert(&mut db).await?.id;
    let id = NewPost { author_id, slug: "s".into(), title: "T".into() }.insert(&mut db).await?.id;
    let mut posts = Remembered(db.clone(), Vec::new());
    assert!(!posts.restore(id).await? && posts.delete(id).await? && !posts.delete(id).await?);
    assert_eq!(Post::find().only_deleted().count(&mut db).await?, 1, "marked");
    assert!(posts.restore(id).await?);
    assert_eq!(posts.1, [format!("-{id}"), format!("+{id}")]);
    Ok(())
}
