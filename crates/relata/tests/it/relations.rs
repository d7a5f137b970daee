//! Loading relations, in a number of statements that does not depend on the number of rows.

use relata::prelude::*;
use relata::{PoolOptions, Result};
use relata_schema::Dialect;
use relata_testkit::{Fault, Proxy};

use crate::model::*;
use crate::queries::blog;

crate::setup::everywhere!(
    keys_of_two_columns_relate,
    one_many_and_many_to_many,
    limits_hold_for_each_parent,
    trees_and_nested_relations,
    relations_that_lead_nowhere,
    conditions_on_related_rows,
    values_of_related_rows,
    the_number_of_statements_is_bounded,
    repeated_look_ups_are_told_with_their_line,
);

async fn tagged(db: &mut Db) -> Result<()> {
    let names = ["x", "y", "z"];
    let mut tags = Vec::new();
    for name in names {
        tags.push(NewTag { name: name.into() }.insert(db).await?.id);
    }
    for (slug, wanted) in [("a1", &[0, 1][..]), ("a2", &[1, 2]), ("b1", &[0])] {
        let post_id = Post::find().filter(Post.slug.eq(slug)).one(db).await?.id;
        let links = wanted.iter().map(|tag| NewPostTag { post_id, tag_id: tags[*tag] });
        PostTag::insert_many(links).exec(db).await?;
    }
    Ok(())
}

async fn one_many_and_many_to_many(mut db: Db) -> Result<()> {
    let [ann, ..] = blog(&mut db).await?;
    tagged(&mut db).await?;
    let posts = Post::find().with(Post.author).with(Post.tags.order(|t| t.name.desc())).order(Post.slug.asc());
    let posts = posts.all(&mut db).await?;
    let seen: Vec<String> = posts
        .iter()
        .map(|post| {
            let tags: Vec<&str> = post.tags().iter().map(|tag| tag.name.as_str()).collect();
            format!("{} by {}: {}", post.slug, post.author().name, tags.join(" "))
        })
        .collect();
    assert_eq!(seen, ["a1 by Ann: y x", "a2 by Ann: z y", "a3 by Ann: ", "b1 by Bob: x"]);
    let user = User::by_key(ann).with(User.posts.filter(|p| p.body.is_none()).order(|p| p.slug.desc()));
    let user = user.one(&mut db).await?;
    let slugs: Vec<&str> = user.posts().iter().map(|post| post.slug.as_str()).collect();
    assert_eq!(slugs, ["a3", "a1"]);
    let tag = Tag::find().filter(Tag.name.eq("y")).with(Tag.posts).one(&mut db).await?;
    assert_eq!(tag.posts().len(), 2);
    Ok(())
}

async fn limits_hold_for_each_parent(mut db: Db) -> Result<()> {
    blog(&mut db).await?;
    tagged(&mut db).await?;
    let users = User::find().with(User.posts.order(|p| p.slug.desc()).limit(2)).order(User.name.asc());
    let users = users.all(&mut db).await?;
    let slugs = |user: &[Post]| user.iter().map(|post| post.slug.clone()).collect::<Vec<_>>();
    assert_eq!(slugs(users[0].posts()), ["a3", "a2"]);
    assert_eq!(slugs(users[1].posts()), ["b1"]);
    assert!(users[2].posts().is_empty());
    let users = User::find().with(User.posts.order(|p| p.slug.asc()).limit(1).offset(1)).order(User.name.asc());
    assert_eq!(slugs(users.all(&mut db).await?[0].posts()), ["a2"]);
    let posts = Post::find().with(Post.tags.order(|t| t.name.asc()).limit(1)).order(Post.slug.asc());
    let posts = posts.all(&mut db).await?;
    assert_eq!(posts[0].tags()[0].name, "x");
    assert_eq!(posts[1].tags()[0].name, "y");
    Ok(())
}

async fn trees_and_nested_relations(mut db: Db) -> Result<()> {
    let root = NewCategory { name: "root".into() }.insert(&mut db).await?;
    for name in ["left", "right"] {
        let child = NewCategory { name: name.into() }.parent_id(root.id).insert(&mut db).await?;
        NewCategory { name: format!("{name} leaf") }.parent_id(child.id).insert(&mut db).await?;
    }
    let tree = Category::find()
        .filter(Category.parent_id.is_none())
        .with(Category.children.order(|c| c.name.asc()).with(Category.children))
        .one(&mut db)
        .await?;
    let leaves: Vec<&str> = tree.children().iter().map(|child| child.children()[0].name.as_str()).collect();
    assert_eq!(leaves, ["left leaf", "right leaf"]);
    let leaf = Category::find()
        .filter(Category.parent().name.eq("left").and(Category.parent().parent().name.eq("root")))
        .with(Category.parent.with(Category.parent))
        .one(&mut db)
        .await?;
    let parent = leaf.parent().unwrap();
    assert_eq!((parent.name.as_str(), parent.parent().unwrap().name.as_str()), ("left", "root"));
    let siblings = Category::find()
        .filter(Category.parent().name.eq("root"))
        .with(Category.parent.with(Category.children.order(|c| c.name.asc())))
        .all(&mut db)
        .await?;
    for sibling in &siblings {
        let names: Vec<&str> = sibling.parent().unwrap().children().iter().map(|child| child.name.as_str()).collect();
        assert_eq!(names, ["left", "right"], "the same parent, loaded for each");
    }
    Ok(())
}

async fn relations_that_lead_nowhere(mut db: Db) -> Result<()> {
    let [ann, bob, _] = blog(&mut db).await?;
    let id = Id::new(Uuid::from_u128(7));
    NewProfile { id, user_id: ann, contact: "ann@example.com".into() }.age(40).insert(&mut db).await?;
    let users = User::find().with(User.profile).order(User.name.asc()).all(&mut db).await?;
    assert_eq!(users[0].profile().unwrap().age, Some(40));
    assert!(users[1].profile().is_none());
    let post = Post::find().filter(Post.slug.eq("b1")).one(&mut db).await?;
    NewComment { post_id: post.id, text: "known".into() }.writer_id(bob).insert(&mut db).await?;
    NewComment { post_id: post.id, text: "unknown".into() }.insert(&mut db).await?;
    let comments =
        Comment::find().with(Comment.writer.with(User.profile)).order(Comment.text.asc()).all(&mut db).await?;
    assert_eq!(comments[0].writer().unwrap().name, "Bob");
    assert!(comments[0].writer().unwrap().profile().is_none());
    assert!(comments[1].writer().is_none());
    let names = Comment::find().select((Comment.text, Comment.writer().name));
    let names = names.order(Comment.text.asc()).all(&mut db).await?;
    assert_eq!(names, [("known".into(), Some("Bob".into())), ("unknown".into(), None)]);
    Ok(())
}

async fn conditions_on_related_rows(mut db: Db) -> Result<()> {
    blog(&mut db).await?;
    tagged(&mut db).await?;
    let names = |users: Vec<User>| users.into_iter().map(|user| user.name).collect::<Vec<_>>();
    let users = User::find().filter(User.posts.any(Post.slug.eq("b1"))).all(&mut db).await?;
    assert_eq!(names(users), ["Bob"]);
    let users = User::find().filter(!User.posts.exists()).all(&mut db).await?;
    assert_eq!(names(users), ["Cyd"]);
    let users = User::find().filter(User.posts.none(Post.body.is_some())).all(&mut db).await?;
    assert_eq!(names(users), ["Cyd"]);
    let users = User::find().filter(User.posts.any(Post.tags.any(Tag.name.eq("z")))).all(&mut db).await?;
    assert_eq!(names(users), ["Ann"]);
    let users = User::find().filter(User.posts.count().ge(1)).order(User.posts.count().desc()).all(&mut db).await?;
    assert_eq!(names(users), ["Ann", "Bob"]);
    let posts = Post::find().filter(Post.author().posts.count_where(Post.body.is_none()).gt(1)).count(&mut db).await?;
    assert_eq!(posts, 3);
    let changed =
        Post::update_many().filter(Post.author().name.eq("Ann")).set(Post.title.to("by Ann")).exec(&mut db).await?;
    assert_eq!(changed, 3);
    let deleted = Tag::delete_many().filter(!Tag.posts.any(Post.slug.eq("a2"))).exec(&mut db);
    assert_eq!(deleted.await.unwrap_or(1), 1, "x is only on a1 and b1");
    Ok(())
}

async fn values_of_related_rows(mut db: Db) -> Result<()> {
    let [ann, ..] = blog(&mut db).await?;
    tagged(&mut db).await?;
    for (slug, text) in [("a1", "one"), ("a1", "three"), ("b1", "fifteen")] {
        let post_id = Post::find().filter(Post.slug.eq(slug)).one(&mut db).await?.id;
        NewComment { post_id, text: text.into() }.writer_id(ann).insert(&mut db).await?;
    }
    let length = || Post.comments.select(Comment.text.length().sum());
    let rows: Vec<(String, Option<i64>, Option<String>, i64)> = Post::find()
        .order(Post.slug.asc())
        .select((
            Post.slug,
            length(),
            Post.tags.select(Tag.name.string_list("+").order(Tag.name.desc())),
            Post.tags.select_where(Tag.name.ne("y"), Tag.id.count()),
        ))
        .all(&mut db)
        .await?;
    let seen: Vec<_> = rows.iter().map(|row| (&*row.0, row.1, row.2.as_deref(), row.3)).collect();
    let expected = [
        ("a1", Some(8), Some("y+x"), 1),
        ("a2", None, Some("z+y"), 1),
        ("a3", None, None, 0),
        ("b1", Some(7), Some("x"), 1),
    ];
    assert_eq!(seen, expected);

    let order = Post::find().order(length().desc().nulls_last()).order(Post.slug.desc()).select(Post.slug);
    assert_eq!(order.all(&mut db).await?, ["a1", "b1", "a3", "a2"]);
    assert_eq!(Post::find().filter(length().gt(7)).count(&mut db).await?, 1);
    let latest = User.posts.select(Post.slug.max());
    let users = User::find().order(User.name.asc()).select((User, latest.clone())).all(&mut db).await?;
    assert_eq!(users.iter().map(|row| row.1.as_deref()).collect::<Vec<_>>(), [Some("a3"), Some("b1"), None]);
    User::update_many()
        .filter(latest.clone().is_some())
        .set(User.name.to(latest.or_else("none")))
        .exec(&mut db)
        .await?;
    assert_eq!(User::find().order(User.id.asc()).select(User.name).all(&mut db).await?, ["a3", "b1", "Cyd"]);

    // Through the parent, of a group, computed, and deleted rows stay out.
    Post::delete_many().filter(Post.slug.eq("a3")).exec(&mut db).await?;
    let of_parent = Post.author().posts.select(Post.slug.max());
    let groups = Post::find()
        .group_by(of_parent.clone())
        .order(of_parent.clone().asc())
        .select((of_parent, relata::count_rows()));
    assert_eq!(groups.all(&mut db).await?, [(Some("a2".to_string()), 2), (Some("b1".to_string()), 1)]);
    let total = User.posts.select(Post.slug.length().sum().map(|sum| sum.or_else(0)));
    assert_eq!(User::find().order(User.id.asc()).select(total).all(&mut db).await?, [4, 2, 0]);
    Ok(())
}

async fn the_number_of_statements_is_bounded(mut db: Db) -> Result<()> {
    for count in [1, 30] {
        for number in 0..count {
            let name = format!("{count}-{number}");
            let user = NewUser { email: name.clone(), name }.insert(&mut db).await?;
            for slug in ["a", "b"] {
                let new = NewPost { author_id: user.id, slug: slug.into(), title: "T".into() };
                let post = new.insert(&mut db).await?;
                NewComment { post_id: post.id, text: "c".into() }.writer_id(user.id).insert(&mut db).await?;
            }
        }
        let before = db.statement_count();
        let users = User::find()
            .with(User.posts.with(Post.comments.with(Comment.writer)).with(Post.author))
            .with(User.profile)
            .all(&mut db)
            .await?;
        assert_eq!(db.statement_count() - before, 3, "users with profiles, posts with authors, comments with writers");
        for user in &users {
            assert_eq!(user.posts().len(), 2);
            let comment = &user.posts()[0].comments()[0];
            assert_eq!(comment.writer().unwrap().id, user.posts()[0].author().id);
        }
    }
    Ok(())
}

/// Neither of two statements waits for the answer to the other, on one connection: the answer to whichever comes first is
/// held back until the other has come.
#[tokio::test]
async fn siblings_leave_together_on_postgres() {
    let (database, mut db) = crate::setup::open(Dialect::Postgres).await;
    blog(&mut db).await.unwrap();
    tagged(&mut db).await.unwrap();
    let post = Post::find().filter(Post.slug.eq("a1")).one(&mut db).await.unwrap();
    NewComment { post_id: post.id, text: "c".into() }.insert(&mut db).await.unwrap();
    let proxy = Proxy::in_front_of(database.url()).await;
    let mut url = proxy.url(database.url());
    url.params.push(("sslmode".into(), "disable".into()));
    let options = PoolOptions { max_connections: 1, min_connections: 0, ..crate::setup::patient() };
    let mut db = Db::open_with(&url.expose(), options).await.unwrap();
    let query = || {
        let posts = Tag.posts.filter(|p| p.title.ne("posts of tags"));
        let tags = Post.tags.filter(|t| t.name.ne("tags of posts"));
        let others = Post.tags.filter(|t| t.name.ne("tags of comments"));
        let comments = Post.comments.filter(|c| c.text.ne("comments of posts"));
        Post::find().with(tags.with(posts)).with(comments.with(Comment.post.joined().with(others)))
    };
    // The statements are prepared, each by a round trip of its own.
    let before = query().all(&mut db).await.unwrap();
    let sent = db.statement_count();
    for [first, second] in [["comments of posts", "tags of posts"], ["tags of comments", "posts of tags"]] {
        for (first, second) in [(first, second), (second, first)] {
            proxy.set(Fault::HoldAnswers(first, second));
            let rows = tokio::time::timeout(std::time::Duration::from_secs(60), query().all(&mut db)).await;
            let rows = rows.unwrap_or_else(|_| panic!("{second:?} waits for the answer to {first:?}")).unwrap();
            assert_eq!(rows.len(), before.len());
            let post = rows.iter().find(|row| row.slug == "a1").unwrap();
            assert_eq!((post.tags().len(), post.tags()[0].posts().len(), post.comments().len()), (2, 2, 1));
            assert_eq!(post.comments()[0].post().tags().len(), 2);
        }
    }
    assert_eq!(db.statement_count() - sent, 4 * 5, "the root and two times two siblings: three round trips");
    let mut tx = db.begin(Default::default()).await.unwrap();
    proxy.set(Fault::HoldAnswers("comments of posts", "tags of posts"));
    let rows = tokio::time::timeout(std::time::Duration::from_secs(60), query().all(&mut tx)).await;
    assert_eq!(rows.expect("in a transaction, too").unwrap().len(), before.len());
}

async fn keys_of_two_columns_relate(mut db: Db) -> Result<()> {
    for (day, number, goal) in [(1, 1, "Rome"), (1, 2, "Oslo"), (2, 1, "Bern")] {
        NewFlight { day, number, goal: goal.into() }.insert(&mut db).await?;
    }
    for (day, number, passenger) in [(1, 1, "Ann"), (1, 2, "Bob"), (1, 2, "Cyd"), (2, 1, "Dan")] {
        NewSeat { day, number, passenger: passenger.into() }.insert(&mut db).await?;
    }
    let flights =
        Flight::find().with(Flight.seats.order(|seat| seat.id.asc())).order(Flight.goal.asc()).all(&mut db).await?;
    let found: Vec<(String, String)> = flights
        .iter()
        .map(|flight| (flight.goal.clone(), flight.seats().iter().map(|seat| seat.passenger.as_str()).collect()))
        .collect();
    let expected = [("Bern", "Dan"), ("Oslo", "BobCyd"), ("Rome", "Ann")];
    assert_eq!(found, expected.map(|(goal, seats)| (goal.to_string(), seats.to_string())));
    let last = Flight.seats.order(|seat| seat.id.desc()).limit(1);
    let flights = Flight::find().with(last).order(Flight.goal.asc()).all(&mut db).await?;
    let last: Vec<&str> = flights.iter().map(|flight| flight.seats()[0].passenger.as_str()).collect();
    assert_eq!(last, ["Dan", "Cyd", "Ann"]);
    let seat = Seat::find().filter(Seat.flight().goal.eq("Oslo")).with(Seat.flight).order(Seat.id.asc());
    let seat = seat.first(&mut db).await?.unwrap();
    assert_eq!((seat.passenger.as_str(), seat.flight().goal.as_str()), ("Bob", "Oslo"));
    let full = Flight::find().filter(Flight.seats.count().gt(1)).one(&mut db).await?;
    assert_eq!(full.goal, "Oslo");
    assert_eq!(Flight::find().filter(Flight.seats.any(Seat.passenger.eq("Dan"))).one(&mut db).await?.goal, "Bern");
    Ok(())
}

async fn repeated_look_ups_are_told_with_their_line(mut db: Db) -> Result<()> {
    blog(&mut db).await?;
    // However slow the machine is.
    db.tell_repeated_lookups_within(3, std::time::Duration::from_secs(3600));
    let posts = Post::find().all(&mut db).await?;
    let mut lines = Vec::new();
    for post in &posts {
        lines.push(line!() + 1);
        User::by_key(post.author_id).one(&mut db).await?;
    }
    for post in &posts {
        lines.push(line!() + 1);
        Comment::find().filter(Comment.post_id.eq(post.id)).count(&mut db).await?;
    }
    let mut users = relata::Repository::<User, _>::new(db.clone());
    let table = db.table("users").await?;
    for post in &posts {
        lines.push(line!() + 1);
        users.find(post.author_id).await?;
        lines.push(line!() + 1);
        table.by_key(&[relata::Value::Int(post.author_id.get())], &mut db).await?;
    }
    // Neither a query that looks nothing up, nor one that is made rarely.
    for _ in 0..5 {
        Post::find().filter(Post.title.eq("x")).all(&mut db).await?;
    }
    User::find().with(User.posts.with(Post.comments)).all(&mut db).await?;
    // Nor a loop that writes.
    for post in &posts {
        Post::update(post.id).set(Post.title.to("x")).exec(&mut db).await?;
        let comment = NewComment { post_id: post.id, text: "c".into() }.insert(&mut db).await?;
        Comment::delete(comment.id).exec(&mut db).await?;
        table
            .update(&[relata::Value::Int(post.author_id.get())], &[("name", relata::Value::Text("n".into()))], &mut db)
            .await?;
    }
    lines.dedup();
    let told = db.repeated_lookups();
    assert!(told.iter().all(|told| told.at.file().ends_with("relations.rs") && told.times == 3), "{told:?}");
    let found: Vec<(u32, String)> =
        told.iter().map(|told| (told.at.line(), format!("{} {}", told.of, told.by))).collect();
    let expected = ["User id", "Comment post_id", "User id", "users id"].map(str::to_string);
    let expected: Vec<(u32, String)> = lines.iter().copied().take(4).zip(expected).collect();
    assert_eq!(found, expected);
    db.tell_repeated_lookups(0);
    for post in &posts {
        User::by_key(post.author_id).one(&mut db).await?;
    }
    assert_eq!(db.repeated_lookups().len(), 4);
    Ok(())
}
