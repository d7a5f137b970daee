//! References to one of several entities: with a foreign key for each, and as a type and a key.

use relata::prelude::*;
use relata::{Kind, Problem, Result, Table, Value};

crate::setup::everywhere!(in "polymorphic.rs":
    exactly_one_of_several_keys_is_set,
    a_type_and_a_key_are_a_relation,
    both_forms_are_written_and_read_below_others,
);

#[derive(Entity, Debug, Clone)]
#[entity(table = "articles")]
#[has_many(remarks: Remark.article_id)]
#[has_many(likes: Like.subject_id when subject_type = "Article")]
pub struct Article {
    #[id]
    pub id: Id<Article>,
    pub title: String,
}

#[derive(Entity, Debug, Clone)]
#[entity(table = "photos")]
#[has_many(remarks: Remark.photo_id)]
#[has_many(likes: Like.subject_id when subject_type = "photo")]
pub struct Photo {
    #[id]
    pub id: Id<Photo>,
    pub title: String,
}

/// Real foreign keys, of which exactly one is set.
#[derive(Entity, Debug, Clone)]
#[entity(table = "remarks")]
#[exclusive(subject: article_id, photo_id)]
pub struct Remark {
    #[id]
    pub id: Id<Remark>,
    #[references(Article, on_delete = cascade)]
    pub article_id: Option<Id<Article>>,
    #[references(Photo, on_delete = cascade)]
    pub photo_id: Option<Id<Photo>>,
    pub text: String,
}

/// As other frameworks keep it.
#[derive(Entity, Debug, Clone)]
#[entity(table = "likes")]
#[polymorphic(subject: subject_type, subject_id, Article, Photo = "photo")]
pub struct Like {
    #[id]
    pub id: Id<Like>,
    pub subject_type: String,
    pub subject_id: i64,
    pub who: String,
}

async fn some(db: &mut Db) -> Result<(Id<Article>, Id<Photo>)> {
    let article = NewArticle { title: "A".into() }.insert(db).await?.id;
    NewPhoto { title: "none".into() }.insert(db).await?;
    Ok((article, NewPhoto { title: "P".into() }.insert(db).await?.id))
}

async fn exactly_one_of_several_keys_is_set(mut db: Db) -> Result<()> {
    let (article, photo) = some(&mut db).await?;
    let new = |text: &str| NewRemark { text: text.into() };
    let first = new("on a").subject(RemarkSubject::Article(article)).insert(&mut db).await?;
    new("on p").subject(RemarkSubject::Photo(photo)).insert(&mut db).await?;
    assert_eq!(first.subject(), Some(RemarkSubject::Article(article)));
    let both = new("x").article_id(article).photo_id(photo).insert(&mut db).await.unwrap_err();
    let problem = Problem::of_row("condition", "exactly one of article_id, photo_id must be set");
    assert_eq!(both.problems(), std::slice::from_ref(&problem));
    assert_eq!(new("x").insert(&mut db).await.unwrap_err().problems(), [problem]);
    let moved = new("moved").article_id(article).subject(RemarkSubject::Photo(photo)).insert(&mut db).await?;
    assert_eq!(moved.subject(), Some(RemarkSubject::Photo(photo)));
    let table = Table::find("remarks", &mut db).await?;
    let row = [("text", Value::Text("x".into())), ("article_id", Value::Int(1)), ("photo_id", Value::Int(1))];
    for row in [&row[..], &row[..1]] {
        assert_eq!(table.insert(row, &mut db).await.unwrap_err().kind(), Kind::CheckViolation);
    }
    let remarks = Remark::find().with(Remark.article).with(Remark.photo).order(Remark.id.asc()).all(&mut db).await?;
    let said: Vec<String> = remarks
        .iter()
        .map(|remark| match (remark.article(), remark.photo()) {
            (Some(article), None) => article.title.clone(),
            (None, Some(photo)) => photo.title.clone(),
            _ => "?".into(),
        })
        .collect();
    assert_eq!(said, ["A", "P", "P"]);
    assert_eq!(Photo::find().filter(Photo.remarks.count().eq(2)).one(&mut db).await?.id, photo);
    Photo::delete(photo).exec(&mut db).await?;
    assert_eq!(Remark::find().count(&mut db).await?, 1, "the keys are real");
    Ok(())
}

async fn a_type_and_a_key_are_a_relation(mut db: Db) -> Result<()> {
    let (article, photo) = some(&mut db).await?;
    for (subject, who) in [(LikeSubject::Article(article), "Ann"), (LikeSubject::Photo(photo), "Bob")] {
        NewLike { subject_type: String::new(), subject_id: 0, who: who.into() }
            .subject(subject)
            .insert(&mut db)
            .await?;
    }
    // An article and a photo with the same key.
    let same = NewArticle { title: "same".into() }.create(Article.likes, |article| {
        [NewLike { subject_type: "wrong".into(), subject_id: article.id.get(), who: "Cyd".into() }]
    });
    let same = same.insert(&mut db).await?;
    assert_eq!(same.id.get(), photo.get());
    let likes = Like::find().order(Like.id.asc()).with(Like.article).with(Like.photo).all(&mut db).await?;
    let subjects: Vec<_> = likes.iter().map(|like| like.subject().unwrap()).collect();
    let expected = [LikeSubject::Article(article), LikeSubject::Photo(photo), LikeSubject::Article(same.id)];
    assert_eq!(subjects, expected);
    let titles: Vec<_> = likes
        .iter()
        .map(|like| {
            (like.article().map(|article| article.title.as_str()), like.photo().map(|photo| photo.title.as_str()))
        })
        .collect();
    assert_eq!(titles, [(Some("A"), None), (None, Some("P")), (Some("same"), None)]);
    let photos =
        Photo::find().with(Photo.likes.order(|like| like.id.asc()).limit(5)).order(Photo.id.asc()).all(&mut db).await?;
    let who: Vec<Vec<&str>> =
        photos.iter().map(|photo| photo.likes().iter().map(|like| like.who.as_str()).collect()).collect();
    assert_eq!(who, [vec![], vec!["Bob"]]);
    let articles = Article::find().with(Article.likes).order(Article.id.asc()).all(&mut db).await?;
    assert_eq!(articles.iter().map(|article| article.likes().len()).collect::<Vec<_>>(), [1, 1]);
    assert_eq!(Photo::find().filter(Photo.likes.any(Like.who.eq("Cyd"))).count(&mut db).await?, 0);
    assert_eq!(Article::find().filter(Article.likes.count().eq(1)).count(&mut db).await?, 2);
    assert_eq!(Like::find().filter(Like.photo().title.eq("P")).count(&mut db).await?, 1);
    let unknown = Like { subject_type: "else".into(), ..likes[0].clone().into_inner() };
    assert_eq!(unknown.subject(), None);
    Ok(())
}

async fn both_forms_are_written_and_read_below_others(mut db: Db) -> Result<()> {
    let like = |who: &str| NewLike { subject_type: String::new(), subject_id: 0, who: who.into() };
    let photo = NewPhoto { title: "P".into() }
        .create(Photo.remarks, |_| ["a", "b"].map(|text| NewRemark { text: text.into() }))
        .create(Photo.likes, move |_| ["Ann", "Bob"].map(like))
        .insert(&mut db)
        .await?;
    NewArticle { title: "A".into() }
        .create(Article.remarks, |_| [NewRemark { text: "c".into() }])
        .insert(&mut db)
        .await?;
    let remarks = Remark::find().order(Remark.text.asc()).all(&mut db).await?;
    let of_photo = remarks.iter().filter(|remark| remark.subject() == Some(RemarkSubject::Photo(photo.id)));
    assert_eq!((of_photo.count(), remarks.len()), (2, 3));
    let found = Photo::find()
        .filter(Photo.remarks.any(Remark.text.eq("b")).and(Photo.likes.count_where(Like.who.ne("Ann")).eq(1)))
        .with(Photo.remarks.filter(|remark| remark.text.ne("a")).with(Remark.photo).with(Remark.article))
        .with(Photo.likes.order(|like| like.who.desc()).limit(1).with(Like.photo))
        .one(&mut db)
        .await?;
    let remark = &found.remarks()[0];
    assert_eq!((remark.text.as_str(), remark.photo().is_some(), remark.article().is_none()), ("b", true, true));
    let like = &found.likes()[0];
    assert_eq!((like.who.as_str(), like.photo().map(|photo| photo.title.as_str())), ("Bob", Some("P")));
    assert_eq!(like.subject(), Some(LikeSubject::Photo(photo.id)));
    assert_eq!(Remark::find().filter(Remark.photo().title.eq("P")).count(&mut db).await?, 2);
    Ok(())
}
