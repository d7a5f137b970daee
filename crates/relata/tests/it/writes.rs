//! Inserting, updating, deleting; rules and constraints.

use relata::prelude::*;
use relata::{Encode, Kind, Result};
use relata_schema::Dialect;

use crate::model::*;
use crate::queries::blog;
use crate::setup::{is_mysql, only_unsupported, refused_by_mysql};

crate::setup::everywhere!(
    updates_say_what_they_changed,
    changed_rows_come_back,
    bulk_inserts_are_all_or_nothing,
    upserts,
    a_row_is_found_or_inserted,
    an_upsert_is_of_the_key_that_it_names,
    new_values_come_from_the_row_as_it_was,
    rows_of_one_list_give_different_fields,
    many_rows_are_upserted,
    upserts_of_many_rows_are_all_or_nothing,
    rules_are_checked_before_sending,
    constraint_errors_name_entity_and_field,
    a_missing_table_is_named,
    timestamps_are_set,
    a_given_key_is_kept,
    rows_are_inserted_as_they_come,
    rows_that_exist_are_updated_as_they_come,
    what_is_not_finished_was_never_inserted,
    a_row_is_saved,
);

async fn updates_say_what_they_changed(mut db: Db) -> Result<()> {
    let [ann, ..] = blog(&mut db).await?;
    assert_eq!(Post::update_many().filter(Post.author_id.eq(ann)).set(Post.body.to("x")).exec(&mut db).await?, 3);
    assert_eq!(Post::update_many().all_rows().set(Post.body.to_none()).exec(&mut db).await?, 4);
    assert_eq!(Post::update(0).set(Post.title.to("x")).exec(&mut db).await?, 0);
    let error = Post::update(0).set(Post.title.to("x")).require_rows(1).exec(&mut db).await.unwrap_err();
    assert_eq!(error.kind(), Kind::NotFound);
    assert!(error.to_string().contains("1 rows of Post were to be changed, but it was 0"), "{error}");
    let error = Post::update(1).exec(&mut db).await.unwrap_err();
    assert_eq!(error.kind(), Kind::Parameters);
    Post::update_many().filter(Post.slug.eq("a1")).set(Post.title.to(Post.slug)).exec(&mut db).await?;
    assert_eq!(Post::find().filter(Post.slug.eq("a1")).one(&mut db).await?.title, "a1");
    let account = NewAccount { balance: 10 }.insert(&mut db).await?;
    Account::update(account.id).set(Account.balance.to(Account.balance * 2 - 5)).exec(&mut db).await?;
    Account::update(account.id).set(Account.balance.add(1)).exec(&mut db).await?;
    assert_eq!(Account::by_key(account.id).one(&mut db).await?.balance, 16);
    assert_eq!(Account::delete(account.id).require_rows(1).exec(&mut db).await?, 1);
    Ok(())
}

async fn changed_rows_come_back(mut db: Db) -> Result<()> {
    let [ann, ..] = blog(&mut db).await?;
    let update = || Post::update_many().filter(Post.author_id.eq(ann)).set(Post.title.to("new"));
    let updated = update().returning(&mut db).await;
    if db.dialect() == Dialect::Mysql {
        let error = updated.unwrap_err();
        assert_eq!(error.kind(), Kind::Unsupported);
        assert!(error.hints()[0].contains("for_update"), "{error}");
    } else {
        let updated = updated?;
        assert_eq!(updated.len(), 3);
        assert!(updated.iter().all(|post| post.author_id == ann && post.title == "new"));
        assert_eq!(update().require_rows(4).returning(&mut db).await.unwrap_err().kind(), Kind::NotFound);
        assert_eq!(Post::delete(updated[0].id).returning(&mut db).await?[0].id, updated[0].id);
        assert_eq!(Post::find().count(&mut db).await?, 3);
    }
    let gone = Post::delete_many().filter(Post.author_id.eq(ann)).permanently().returning(&mut db).await;
    let Some(gone) = refused_by_mysql(&mut db, gone, "for_update").await else { return Ok(()) };
    assert_eq!((gone.len(), Post::find().with_deleted().count(&mut db).await?), (3, 1));
    Ok(())
}

async fn bulk_inserts_are_all_or_nothing(mut db: Db) -> Result<()> {
    let user = |number: usize| NewUser { email: format!("{number}@example.com"), name: format!("user {number}") };
    assert_eq!(User::insert_many(Vec::<NewUser>::new()).exec(&mut db).await?, 0);
    assert_eq!(User::insert_many((0..1000).map(user)).exec(&mut db).await?, 1000);
    let error = User::insert_many([user(5000), user(7)]).exec(&mut db).await.unwrap_err();
    assert_eq!(error.kind(), Kind::UniqueViolation);
    assert_eq!(User::find().count(&mut db).await?, 1000);
    let author_id = User::find().order(User.id.asc()).first(&mut db).await?.unwrap().id;
    let post = |slug: &str| NewPost { author_id, slug: slug.into(), title: "T".into() };
    // Rows that give other columns are inserted by statements of their own, in one transaction.
    let rows =
        vec![post("p1").body("b"), post("p2").body("c"), post("p3").published_at(Timestamp::from_second(1).unwrap())];
    assert_eq!(Post::insert_many(rows).exec(&mut db).await?, 3);
    let rows = vec![post("q1").body("b"), post("p3").published_at(Timestamp::from_second(1).unwrap())];
    assert!(Post::insert_many(rows).exec(&mut db).await.is_err());
    assert_eq!(Post::find().count(&mut db).await?, 3);
    Ok(())
}

async fn rows_of_one_list_give_different_fields(mut db: Db) -> Result<()> {
    let [ann, ..] = blog(&mut db).await?;
    let post = |slug: &str| NewPost { author_id: ann, slug: slug.into(), title: "T".into() };
    let rows = [post("x1").body("b"), post("x2").into(), post("x3").body(None::<&str>), post("x4").body(Some("b"))];
    assert_eq!(Post::insert_many(rows).exec(&mut db).await?, 4);
    assert_eq!(Post::find().filter(Post.slug.starts_with("x").and(Post.body.eq("b"))).count(&mut db).await?, 2);
    let of_nobody: Option<&str> = None;
    Post::update_many().filter(Post.slug.eq("x1")).set(Post.body.to(of_nobody)).exec(&mut db).await?;
    assert_eq!(Post::find().filter(Post.slug.starts_with("x").and(Post.body.is_none())).count(&mut db).await?, 3);
    let post_id = Post::find().filter(Post.slug.eq("x1")).one(&mut db).await?.id;
    let comment = NewComment { post_id, text: "t".into() }.writer_id(ann.get()).insert(&mut db).await?;
    assert_eq!(comment.writer_id, Some(ann), "a key is given by its value, too");
    // What may be NULL takes what is not.
    Post::update(post_id).set(Post.body.to(Post.title)).exec(&mut db).await?;
    Post::update(post_id).set(Post.body.to(Post.title.upper())).exec(&mut db).await?;
    assert_eq!(Post::by_key(post_id).one(&mut db).await?.body.as_deref(), Some("T"));
    Comment::update(comment.id).set(Comment.writer_id.to(ann.get())).exec(&mut db).await?;
    Ok(())
}

async fn upserts(mut db: Db) -> Result<()> {
    let user = |name: &str| NewUser { email: "ann@example.com".into(), name: name.into() };
    let first = user("Ann").on_conflict(User.email).update_all(&mut db).await?;
    let second = user("Anna").on_conflict(User.email).update(User.name, &mut db).await?;
    assert_eq!((first.id, second.name.as_str()), (second.id, "Anna"));
    assert!(!user("Anne").on_conflict(User.email).ignore(&mut db).await?);
    assert_eq!(User::find().one(&mut db).await?.name, "Anna");
    let post = |title: &str| NewPost { author_id: first.id, slug: "s".into(), title: title.into() };
    post("one").on_conflict((Post.author_id, Post.slug)).update_all(&mut db).await?;
    let post = post("two").body("b").on_conflict((Post.author_id, Post.slug)).update_all(&mut db).await?;
    assert_eq!((post.title.as_str(), post.body.as_deref()), ("two", Some("b")));
    assert_eq!(Post::find().count(&mut db).await?, 1);
    Ok(())
}

async fn a_row_is_found_or_inserted(mut db: Db) -> Result<()> {
    let user = |name: &str| NewUser { email: "ann@example.com".into(), name: name.into() };
    let (first, inserted) = user("Ann").on_conflict(User.email).find_or_insert(&mut db).await?;
    let (second, again) = user("Anna").on_conflict(User.email).find_or_insert(&mut db).await?;
    assert_eq!((first.id, second.name.as_str(), inserted, again), (second.id, "Ann", true, false));
    let author_id = first.id;
    let post = |title: &str| NewPost { author_id, slug: "s".into(), title: title.into() };
    let key = (Post.author_id, Post.slug);
    let (one, _) = post("one").on_conflict(key).find_or_insert(&mut db).await?;
    Post::delete(one.id).exec(&mut db).await?;
    let (two, inserted) = post("two").on_conflict(key).find_or_insert(&mut db).await?;
    assert!(inserted && one.id != two.id, "a row that is marked as deleted is not there");

    let tasks = (0..6).map(|number| {
        let (mut db, user) = (db.clone(), NewUser { email: "bob@example.com".into(), name: format!("Bob {number}") });
        tokio::spawn(async move { user.on_conflict(User.email).find_or_insert(&mut db).await })
    });
    let tasks: Vec<_> = tasks.collect();
    let mut found = Vec::new();
    for task in tasks {
        found.push(task.await.unwrap()?);
    }
    assert!(found.iter().all(|(bob, _)| bob.id == found[0].0.id));
    assert_eq!(found.iter().filter(|(_, inserted)| *inserted).count(), 1, "of many who ask at once one inserts");

    let unknown = user("x").on_conflict(User.id).find_or_insert(&mut db).await.unwrap_err();
    assert_eq!((unknown.kind(), unknown.message()), (Kind::InvalidValue, "the new User has no id to be found by"));
    let other_key = user("x").id(99).on_conflict(User.id).find_or_insert(&mut db).await.unwrap_err();
    assert_eq!(other_key.kind(), Kind::UniqueViolation, "another key than the one that was meant");
    Ok(())
}

async fn an_upsert_is_of_the_key_that_it_names(mut db: Db) -> Result<()> {
    let user = |email: &str| NewUser { email: email.into(), name: "Other".into() };
    let ann = NewUser { email: "ann".into(), name: "Ann".into() }.insert(&mut db).await?.id;
    NewUser { email: "bob".into(), name: "Bob".into() }.insert(&mut db).await?;
    let violations = [
        user("new").id(ann).on_conflict(User.email).update_all(&mut db).await.map(drop),
        user("new").id(ann).on_conflict(User.email).update(User.name, &mut db).await.map(drop),
        user("new").id(ann).on_conflict(User.email).set(User.name.to("Set")).save(&mut db).await.map(drop),
        user("new").id(ann).on_conflict(User.email).ignore(&mut db).await.map(drop),
        user("bob").id(99).on_conflict(User.id).ignore(&mut db).await.map(drop),
        user("bob").id(99).on_conflict(User.id).update_all(&mut db).await.map(drop),
        User::insert_many([user("x").into(), user("y").id(ann)]).on_conflict(User.email).update_all(&mut db).await,
        User::insert_many([user("x").id(98), user("y").id(ann)]).on_conflict(User.email).ignore(&mut db).await,
        User::insert_many([user("x").id(98), user("bob").id(97)])
            .on_conflict(User.id)
            .set(User.name.to("Set"))
            .exec(&mut db)
            .await,
    ];
    for (number, violation) in violations.into_iter().enumerate() {
        let error = violation.unwrap_err();
        assert_eq!(
            (error.kind(), error.details().entity.as_deref()),
            (Kind::UniqueViolation, Some("User")),
            "{number}: {error}"
        );
    }
    let table = db.table("users").await?;
    let row = [("id", ann.encode()), ("email", "new".encode()), ("name", "Other".encode())];
    assert_eq!(table.upsert(&row, &["email"], &mut db).await.unwrap_err().kind(), Kind::UniqueViolation);
    let names = User::find().order(User.id.asc()).select((User.email, User.name)).all(&mut db).await?;
    let kept = [("ann", "Ann"), ("bob", "Bob")].map(|(email, name)| (email.to_string(), name.to_string()));
    assert_eq!(names, kept, "no other row was changed");
    let saved = user("ann").id(ann).on_conflict(User.email).update_all(&mut db).await?;
    assert_eq!((saved.id, saved.name.as_str()), (ann, "Other"));
    Ok(())
}

async fn new_values_come_from_the_row_as_it_was(mut db: Db) -> Result<()> {
    let [ann, ..] = blog(&mut db).await?;
    let post = Post::find().filter(Post.slug.eq("a2")).one(&mut db).await?.id;
    // Said in this order MariaDB would read the new title.
    Post::update(post)
        .set(Post.title.to(Post.slug.concat("!")))
        .set(Post.body.to(Post.title.concat(Post.author().name)))
        .exec(&mut db)
        .await?;
    let found = Post::by_key(post).one(&mut db).await?;
    assert_eq!((found.title.as_str(), found.body.as_deref()), ("a2!", Some("A2Ann")));

    let new = || NewPost { author_id: ann, slug: "a2".into(), title: "T".into() };
    let key = (Post.author_id, Post.slug);
    let saved = new()
        .on_conflict(key)
        .updating(Post.title)
        .set(Post.body.to(Post.title.concat("+").concat(Post.title.proposed())))
        .save(&mut db)
        .await?
        .unwrap();
    assert_eq!((saved.title.as_str(), saved.body.as_deref()), ("T", Some("a2!+T")));

    // Two of each other: the one that MariaDB cannot say.
    let swapped = Post::update(post).set(Post.title.to(Post.body.or_else(""))).set(Post.body.to(Post.title));
    let swapped = swapped.exec(&mut db).await;
    if !only_unsupported(&db, &[Dialect::Mysql], swapped.as_ref().err(), "for_update") {
        let found = Post::by_key(post).one(&mut db).await?;
        assert_eq!((found.title.as_str(), found.body.as_deref()), ("a2!+T", Some("T")));
    }
    let swapped = new().on_conflict(key).set(Post.title.to(Post.body.or_else(""))).set(Post.body.to(Post.title));
    let swapped = swapped.save(&mut db).await;
    only_unsupported(&db, &[Dialect::Mysql], swapped.as_ref().err(), "for_update");
    Ok(())
}

async fn many_rows_are_upserted(mut db: Db) -> Result<()> {
    let user = |email: &str, name: &str| NewUser { email: format!("{email}@example.com"), name: name.into() };
    let both = || User::insert_many([user("ann", "Ann"), user("bob", "Bob")]);
    both().on_conflict(User.email).ignore(&mut db).await?;
    let names = async |db: &mut Db| User::find().select(User.name).order(User.email.asc()).all(db).await;
    assert_eq!(names(&mut db).await?, ["Ann", "Bob"]);
    let given = [user("ann", "Anna"), user("cyd", "Cyd")];
    User::insert_many(given).on_conflict(User.email).update_all(&mut db).await?;
    assert_eq!(names(&mut db).await?, ["Anna", "Bob", "Cyd"]);
    both().on_conflict(User.email).ignore(&mut db).await?;
    assert_eq!(names(&mut db).await?, ["Anna", "Bob", "Cyd"], "what is there stays as it is");
    let joined = User.name.concat("+").concat(User.name.proposed());
    both().on_conflict(User.email).set(User.name.to(joined)).exec(&mut db).await?;
    assert_eq!(names(&mut db).await?, ["Anna+Ann", "Bob+Bob", "Cyd"]);
    let saved = both().on_conflict(User.email).updating(User.name).returning(&mut db).await;
    match refused_by_mysql(&mut db, saved, "insert them one by one").await {
        Some(saved) => assert_eq!(saved.iter().map(|user| &*user.name).collect::<Vec<_>>(), ["Ann", "Bob"]),
        None => both().on_conflict(User.email).updating(User.name).exec(&mut db).await.map(drop)?,
    }
    assert_eq!(names(&mut db).await?, ["Ann", "Bob", "Cyd"]);
    let only = both().on_conflict(User.email).set(User.name.to("x")).only_if(User.name.eq("Bob"));
    let only = match is_mysql(&mut db).await {
        true => only.exec(&mut db).await.map(|()| Vec::new()),
        false => only.returning(&mut db).await,
    };
    if !only_unsupported(&db, &[Dialect::Mysql], only.as_ref().err(), "Case::when") {
        assert_eq!(only?.len(), 1, "only Bob");
        assert_eq!(names(&mut db).await?, ["Ann", "x", "Cyd"]);
    }
    // Rows that give other columns, of an entity with times and a mark of deletion.
    let author_id = User::find().filter(User.name.eq("Ann")).one(&mut db).await?.id;
    let post = |slug: &str, title: &str| NewPost { author_id, slug: slug.into(), title: title.into() };
    Post::insert_many([post("one", "1").into_draft(), post("two", "2").body("kept").into_draft()])
        .exec(&mut db)
        .await?;
    let old = Post::find().order(Post.id.asc()).all(&mut db).await?;
    let given =
        [post("one", "1!").body("new").into_draft(), post("two", "2!").into_draft(), post("three", "3!").into_draft()];
    Post::insert_many(given).on_conflict((Post.author_id, Post.slug)).update_all(&mut db).await?;
    let now = Post::find().order(Post.id.asc()).all(&mut db).await?;
    let told: Vec<_> = now.iter().map(|post| (&*post.title, post.body.as_deref())).collect();
    assert_eq!(told, [("1!", Some("new")), ("2!", Some("kept")), ("3!", None)]);
    let times = || Post::find().select((fragment_of("created_at"), fragment_of("updated_at"))).order(Post.id.asc());
    let times: Vec<(Timestamp, Timestamp)> = times().all(&mut db).await?;
    assert!(times[0].0 <= times[0].1 && times[0].0 < times[2].0, "created once: {times:?}");
    assert_eq!(now[0].id, old[0].id);
    Ok(())
}

fn fragment_of(column: &'static str) -> relata::Expression<Post, Timestamp> {
    relata::fragment(column, ())
}

async fn upserts_of_many_rows_are_all_or_nothing(mut db: Db) -> Result<()> {
    let user = |number: usize, name: &str| NewUser { email: format!("{number}@example.com"), name: name.into() };
    // More values than SQLite takes in one statement.
    let count = if db.dialect() == Dialect::Sqlite { 17_000 } else { 300 };
    User::insert_many((0..count).map(|number| user(number, "a"))).on_conflict(User.email).update_all(&mut db).await?;
    User::insert_many((0..count).map(|number| user(number, "b"))).on_conflict(User.email).update_all(&mut db).await?;
    assert_eq!(User::find().filter(User.name.eq("b")).count(&mut db).await?, count as u64);
    // As many as a statement takes, and then what is there is set to something that has values of its own.
    let count = if db.dialect() == Dialect::Sqlite { 16_383 } else { 32_767 };
    let name = User.name.concat("+").concat(User.name.proposed());
    let again = User::insert_many((0..count).map(|number| user(number, "c"))).on_conflict(User.email);
    again.set(User.name.to(name)).exec(&mut db).await?;
    let seventh = User::find().filter(User.email.eq("7@example.com")).one(&mut db).await?;
    assert_eq!(seventh.name, "b+c");
    assert_eq!(User::find().count(&mut db).await?, count.max(if count < 20_000 { 17_000 } else { 0 }) as u64);
    let [ann] = [User::find().first(&mut db).await?.unwrap().id];
    let post = |slug: &str| NewPost { author_id: ann, slug: slug.into(), title: "T".into() };
    let before = db.statement_count();
    let refused = Post::insert_many([post("fine"), post("")]).on_conflict(Post.id).update_all(&mut db).await;
    assert_eq!(refused.unwrap_err().kind(), Kind::Validation);
    assert_eq!(db.statement_count(), before, "nothing was sent");
    // The second of two statements fails: the author is not there.
    let lost = NewPost { author_id: Id::new(-1), slug: "lost".into(), title: "T".into() }.body("b");
    let refused = Post::insert_many([post("fine").into_draft(), lost.into_draft()]).on_conflict(Post.id);
    assert_eq!(refused.update_all(&mut db).await.unwrap_err().kind(), Kind::ForeignKeyViolation);
    assert_eq!(Post::find().count(&mut db).await?, 0);
    Ok(())
}

async fn rules_are_checked_before_sending(mut db: Db) -> Result<()> {
    let [ann, ..] = blog(&mut db).await?;
    let before = db.statement_count();
    let slug = "x".repeat(121);
    let error = NewPost { author_id: ann, slug: slug.clone(), title: "T".into() }.insert(&mut db).await.unwrap_err();
    assert_eq!(error.kind(), Kind::Validation);
    assert_eq!(error.message(), "Post.slug must have 1 to 120 characters, not 121");
    let error = Post::update(1).set(Post.slug.to(slug)).exec(&mut db).await.unwrap_err();
    assert_eq!(error.kind(), Kind::Validation);
    let profile = |contact: &str| NewProfile { id: Uuid::from_u128(1).into(), user_id: ann, contact: contact.into() };
    for (error, expected) in [
        (profile("ann").insert(&mut db).await, "Profile.contact must be an address like name@example.com"),
        (profile("a@b.c").colour("green").insert(&mut db).await, "Profile.colour must be one of red, blue"),
        (profile("a@b.c").age(151).insert(&mut db).await, "Profile.age must be from 0 to 150"),
    ] {
        let error = error.unwrap_err();
        assert_eq!((error.kind(), error.message()), (Kind::Validation, expected));
    }
    assert_eq!(db.statement_count(), before, "nothing was sent");
    profile("a@b.c").colour("red").age(150).insert(&mut db).await?;
    Ok(())
}

async fn constraint_errors_name_entity_and_field(mut db: Db) -> Result<()> {
    let [ann, ..] = blog(&mut db).await?;
    let error = NewUser { email: "ann@example.com".into(), name: "x".into() }.insert(&mut db).await.unwrap_err();
    assert_eq!(error.kind(), Kind::UniqueViolation);
    assert_eq!(named(&error), (Some("User"), Some("email")), "{error}");
    let slug = NewPost { author_id: ann, slug: "a1".into(), title: "T".into() };
    let error = slug.insert(&mut db).await.unwrap_err();
    assert_eq!(named(&error), (Some("Post"), Some("author_id, slug")), "{error}");
    NewTag { name: "x".into() }.id(1).insert(&mut db).await?;
    let error = NewTag { name: "y".into() }.id(1).insert(&mut db).await.unwrap_err();
    assert_eq!(named(&error), (Some("Tag"), Some("id")), "{error}");
    let error = NewPost { author_id: 0.into(), slug: "x".into(), title: "T".into() }.insert(&mut db).await.unwrap_err();
    assert_eq!(error.kind(), Kind::ForeignKeyViolation);
    if db.dialect() != Dialect::Sqlite {
        assert_eq!(named(&error), (Some("Post"), Some("author_id")), "{error}");
    }
    let error = User::delete(ann).exec(&mut db).await;
    assert!(error.is_ok() || error.unwrap_err().kind() == Kind::ForeignKeyViolation);
    let account = NewAccount { balance: 1 }.insert(&mut db).await?;
    let error = Account::update(account.id).set(Account.balance.sub(2)).exec(&mut db).await.unwrap_err();
    assert_eq!(error.kind(), Kind::CheckViolation);
    assert_eq!(error.details().entity.as_deref(), Some("Account"), "{error}");
    assert!(!error.to_string().contains("-1"), "{error}");
    Ok(())
}

fn named(error: &relata::Error) -> (Option<&str>, Option<&str>) {
    (error.details().entity.as_deref(), error.details().field.as_deref())
}

async fn a_missing_table_is_named(mut db: Db) -> Result<()> {
    db.batch("DROP TABLE transfers").await?;
    let error = Transfer::find().all(&mut db).await.unwrap_err();
    assert_eq!((error.kind(), error.details().table.as_deref()), (Kind::UndefinedTable, Some("transfers")), "{error}");
    assert_eq!(named(&error).0, Some("Transfer"), "{error}");
    Ok(())
}

async fn timestamps_are_set(mut db: Db) -> Result<()> {
    blog(&mut db).await?;
    let times = || Post::find().filter(Post.slug.eq("a1")).select((Post.created_at, Post.updated_at));
    let (created, updated) = times().one(&mut db).await?;
    assert_eq!(created, updated);
    assert!(created.duration_since(Timestamp::now()).as_secs().abs() < 60);
    Post::update_many().filter(Post.slug.eq("a1")).set(Post.title.to("x")).exec(&mut db).await?;
    let (still, later) = times().one(&mut db).await?;
    assert_eq!(still, created);
    assert!(later >= updated);
    Ok(())
}

async fn a_given_key_is_kept(mut db: Db) -> Result<()> {
    let tag = NewTag { name: "x".into() }.id(77).insert(&mut db).await?;
    assert_eq!(tag.id.get(), 77);
    let error = NewTag { name: "y".into() }.id(77).insert(&mut db).await.unwrap_err();
    assert_eq!(error.kind(), Kind::UniqueViolation);
    Ok(())
}

async fn rows_are_inserted_as_they_come(mut db: Db) -> Result<()> {
    let [ann, ..] = blog(&mut db).await?;
    let post = |n: u32| NewPost { author_id: ann, slug: format!("s{n:05}"), title: "T".into() };
    let mut posts = Post::insert_stream(&mut db).await?;
    for n in 0..12_000 {
        match n % 5000 {
            0 => posts.push(post(n).body("b")).await?, // other columns than those before
            _ => posts.push(post(n)).await?,
        }
    }
    let long = NewPost { author_id: ann, slug: "x".repeat(121), title: "T".into() };
    let error = posts.push(long).await.unwrap_err();
    assert_eq!(error.kind(), Kind::Validation);
    assert!(error.to_string().starts_with("row 12001 of those to insert"), "{error}");
    posts.push(post(12_000)).await?;
    assert_eq!(posts.finish().await?, 12_001, "without the one that was refused");
    let written = Post::find().filter(Post.slug.starts_with("s"));
    assert_eq!(written.clone().count(&mut db).await?, 12_001);
    assert_eq!(written.filter(Post.body.eq("b")).count(&mut db).await?, 3);
    let last = Post::find().order(Post.slug.desc()).first(&mut db).await?.unwrap();
    assert_eq!(last.slug, "s12000");
    assert_eq!(Tag::insert_stream(&mut db).await?.finish().await?, 0, "nothing is nothing");
    Ok(())
}

async fn rows_that_exist_are_updated_as_they_come(mut db: Db) -> Result<()> {
    let [ann, ..] = blog(&mut db).await?;
    let post = |slug: &str, title: &str| NewPost { author_id: ann, slug: slug.into(), title: title.into() };
    let key = (Post.author_id, Post.slug);
    let mut posts = Post::insert_stream(&mut db).await?.on_conflict(key).updating(Post.title).stream()?;
    posts.push(post("a1", "again").body("not updated")).await?;
    for n in 0..11_000 {
        posts.push(post(&format!("s{n:05}"), "new")).await?;
    }
    posts.push(post("s00000", "once more")).await?;
    assert_eq!(posts.finish().await?, 11_002);
    assert_eq!(Post::find().count(&mut db).await?, 11_004, "four were there, and one of them came again");
    let title = |slug: &'static str| Post::find().filter(Post.slug.eq(slug)).select((Post.title, Post.body));
    let (again, body) = title("a1").one(&mut db).await?;
    assert_eq!((again.as_str(), body.as_deref()), ("again", None));
    assert_eq!(title("s00000").one(&mut db).await?.0, "once more");

    let posts = Post::insert_stream(&mut db).await?.on_conflict(key);
    let mut posts = posts.set(Post.title.to(Post.title.concat("+").concat(Post.title.proposed()))).stream()?;
    posts.push(post("a1", "third")).await?;
    posts.finish().await?;
    assert_eq!(title("a1").one(&mut db).await?.0, "again+third");

    let mut posts = Post::insert_stream(&mut db).await?.on_conflict(key).ignoring();
    posts.push(post("a1", "fourth")).await?;
    posts.push(post("a9", "fourth")).await?;
    posts.finish().await?;
    assert_eq!(
        (title("a1").one(&mut db).await?.0, title("a9").one(&mut db).await?.0),
        ("again+third".into(), "fourth".into())
    );
    Ok(())
}

async fn what_is_not_finished_was_never_inserted(mut db: Db) -> Result<()> {
    let [ann, ..] = blog(&mut db).await?;
    let post = |slug: &str| NewPost { author_id: ann, slug: slug.into(), title: "T".into() };
    let mut posts = Post::insert_stream(&mut db).await?;
    posts.push(post("new")).await?;
    drop(posts);
    assert_eq!(Post::find().count(&mut db).await?, 4);

    let mut posts = Post::insert_stream(&mut db).await?;
    posts.push(post("new")).await?;
    posts.push(post("a1")).await?;
    let error = posts.push(post("newer").body("sends those before")).await.unwrap_err();
    assert_eq!(error.kind(), Kind::UniqueViolation);
    assert!(error.to_string().starts_with("rows 1 to 2 of those to insert"), "{error}");
    assert_eq!(error.details().entity.as_deref(), Some("Post"));
    assert_eq!(posts.push(post("newest")).await.unwrap_err().kind(), Kind::TransactionFailed);
    assert_eq!(posts.finish().await.unwrap_err().kind(), Kind::TransactionFailed, "the error was not passed on");
    assert_eq!(Post::find().count(&mut db).await?, 4);

    transaction!(db, |tx| {
        let mut tags = Tag::insert_stream(&mut tx).await?;
        tags.push(NewTag { name: "lost".into() }).await?;
        drop(tags);
        let mut tags = Tag::insert_stream(&mut tx).await?;
        tags.push(NewTag { name: "kept".into() }).await?;
        tags.finish().await
    })?;
    assert_eq!(Tag::find().select(Tag.name).all(&mut db).await?, ["kept"]);
    Ok(())
}

async fn a_row_is_saved(mut db: Db) -> Result<()> {
    blog(&mut db).await?;
    let loaded = Post::find().filter(Post.slug.eq("a2")).with(Post.author).one(&mut db).await?;
    let mut post = Post::clone(&loaded);
    (post.title, post.body) = ("Saved".into(), None);
    post.save(&mut db).await?;
    loaded.author().save(&mut db).await?;
    let found = Post::by_key(post.id).one(&mut db).await?;
    assert_eq!((found.title.as_str(), found.body, found.slug.as_str()), ("Saved", None, "a2"));
    let tag = NewTag { name: "t".into() }.insert(&mut db).await?.id;
    let link = NewPostTag { post_id: post.id, tag_id: tag }.insert(&mut db).await?;
    link.save(&mut db).await?; // nothing but a key
    PostTag::delete((post.id, tag)).exec(&mut db).await?;
    assert_eq!(link.save(&mut db).await.unwrap_err().kind(), Kind::NotFound);
    post.slug = String::new();
    assert_eq!(post.save(&mut db).await.unwrap_err().kind(), Kind::Validation);
    post.slug = "a1".into();
    assert_eq!(post.save(&mut db).await.unwrap_err().kind(), Kind::UniqueViolation);
    Post::delete(post.id).exec(&mut db).await?;
    post.slug = "a2".into();
    assert_eq!(post.save(&mut db).await.unwrap_err().kind(), Kind::NotFound, "it is marked as deleted");
    Ok(())
}

/// Statements that are kept prepared take parameters of the types that the columns had then.
#[tokio::test]
async fn writes_follow_the_type_of_a_column() {
    let (_database, mut db) = crate::setup::open(Dialect::Postgres).await;
    db.batch("CREATE TABLE readings (n int PRIMARY KEY, v double precision)").await.unwrap();
    let readings = db.table("readings").await.unwrap();
    let row = |n: i64, value: relata::Value| [("n", relata::Value::Int(n)), ("v", value)];
    readings.insert(&row(1, relata::Value::Float(1.5)), &mut db).await.unwrap();
    for (n, ty, value) in [(2, "text", "a"), (3, "date", "2024-02-29"), (4, "text", "b")] {
        db.batch(&format!("DELETE FROM readings; ALTER TABLE readings ALTER v TYPE {ty} USING NULL")).await.unwrap();
        let written = readings.insert(&row(n, relata::Value::Text(value.into())), &mut db).await;
        written.unwrap_or_else(|error| panic!("{ty}: {error}"));
    }
    let error = readings.insert(&row(5, relata::Value::Int(5)), &mut db).await;
    assert!(error.is_ok(), "a number as text: {error:?}");
}

/// The types that arrays are cast to are remembered; a column that has become something else is asked for again.
#[tokio::test]
async fn inserts_of_many_rows_follow_the_type_of_a_column() {
    let (_database, mut db) = crate::setup::open(Dialect::Postgres).await;
    let tags = |names: [&str; 2]| Tag::insert_many(names.map(|name| NewTag { name: name.into() }));
    tags(["10.0.0.1", "10.0.0.2"]).returning(&mut db).await.unwrap();
    db.batch("ALTER TABLE tags ALTER name TYPE inet USING name::inet").await.unwrap();
    let given = tags(["10.0.0.3", "10.0.0.4"]).returning(&mut db).await.unwrap();
    assert_eq!(given.iter().map(|tag| tag.name.as_str()).collect::<Vec<_>>(), ["10.0.0.3", "10.0.0.4"]);
}
