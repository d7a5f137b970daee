//! Rows that are marked as deleted: out of every reading, back with what hung on them, gone for good when purged.

use relata::prelude::*;
use relata::{Kind, Result};

crate::setup::everywhere!(in "soft_delete.rs":
    a_tree_goes_and_comes_back,
    deleted_rows_are_out_of_every_reading,
    what_is_unique_is_so_among_the_living,
    purging_is_for_good,
    keys_of_several_columns_links_and_circles_are_followed,
    links_are_marked_and_come_back,
    deep_trees_are_purged,
    dynamic_tables_leave_them_out,
);

#[derive(Entity, Debug, Clone)]
#[entity(table = "folders", soft_delete)]
#[unique(parent_id, name)]
#[has_many(folders: Folder.parent_id)]
#[has_many(files: File.folder_id)]
#[has_many(stars: Star.folder_id)]
#[many_to_many(fans: Person via Star(folder_id, person_id))]
pub struct Folder {
    #[id]
    pub id: Id<Folder>,
    #[references(Folder, on_delete = cascade)]
    pub parent_id: Option<Id<Folder>>,
    pub name: String,
}

#[derive(Entity, Debug, Clone)]
#[entity(table = "files", soft_delete, timestamps)]
#[has_many(versions: Version.file_id)]
pub struct File {
    #[id]
    pub id: Id<File>,
    #[references(Folder, on_delete = cascade)]
    pub folder_id: Id<Folder>,
    #[unique]
    pub name: String,
}

#[derive(Entity, Debug, Clone)]
#[entity(table = "versions")]
pub struct Version {
    #[id]
    pub id: Id<Version>,
    #[references(File, on_delete = cascade)]
    pub file_id: Id<File>,
}

#[derive(Entity, Debug, Clone)]
#[entity(table = "people", soft_delete)]
pub struct Person {
    #[id]
    pub id: Id<Person>,
    pub name: String,
}

#[derive(Entity, Debug, Clone)]
#[entity(table = "stars", soft_delete)]
#[primary_key(folder_id, person_id)]
pub struct Star {
    #[references(Folder, on_delete = cascade)]
    pub folder_id: Id<Folder>,
    #[references(Person)]
    pub person_id: Id<Person>,
    #[references(Person, relation = giver)]
    pub giver_id: Option<Id<Person>>,
}

/// Its key has two columns.
#[derive(Entity, Debug, Clone)]
#[entity(table = "racks", soft_delete)]
#[primary_key(hall, number)]
#[has_many(boxes: Crate.(hall, number))]
pub struct Rack {
    pub hall: i32,
    pub number: i32,
}

#[derive(Entity, Debug, Clone)]
#[entity(table = "crates", soft_delete)]
#[foreign_key(hall, number => Rack, relation = rack, on_delete = cascade)]
#[unique(hall, number, name)]
#[has_many(parcels: Parcel.crate_id)]
#[many_to_many(labels: Label via CrateLabel)]
pub struct Crate {
    #[id]
    pub id: Id<Crate>,
    pub hall: i32,
    pub number: i32,
    pub name: String,
    /// In a circle with the parcels.
    #[references(Parcel, on_delete = cascade)]
    pub inside_id: Option<Id<Parcel>>,
}

#[derive(Entity, Debug, Clone)]
#[entity(table = "parcels", soft_delete)]
#[has_many(crates: Crate.inside_id)]
pub struct Parcel {
    #[id]
    pub id: Id<Parcel>,
    #[references(Crate, on_delete = cascade)]
    pub crate_id: Id<Crate>,
    /// No cascade: a purge has to take this one first.
    #[references(Crate, relation = origin)]
    pub origin_id: Option<Id<Crate>>,
}

#[derive(Entity, Debug, Clone)]
#[entity(table = "labels", soft_delete)]
pub struct Label {
    #[id]
    pub id: Id<Label>,
    pub text: String,
}

#[derive(Entity, Debug, Clone)]
#[entity(table = "crate_labels", soft_delete)]
#[primary_key(crate_id, label_id)]
pub struct CrateLabel {
    #[references(Crate, on_delete = cascade)]
    pub crate_id: Id<Crate>,
    #[references(Label)]
    pub label_id: Id<Label>,
}

/// `top/inner/leaf` and `top/other`, a file in each; the ids of `top` and `inner`.
async fn tree(db: &mut Db) -> Result<(Id<Folder>, Id<Folder>)> {
    let top = NewFolder { name: "top".into() }.insert(db).await?.id;
    let inner = NewFolder { name: "inner".into() }.parent_id(top).insert(db).await?.id;
    let leaf = NewFolder { name: "leaf".into() }.parent_id(inner).insert(db).await?.id;
    let other = NewFolder { name: "other".into() }.parent_id(top).insert(db).await?.id;
    for (folder_id, name) in [(top, "t"), (inner, "i"), (leaf, "l"), (other, "o")] {
        let file = NewFile { folder_id, name: name.into() }.insert(db).await?;
        NewVersion { file_id: file.id }.insert(db).await?;
    }
    Ok((top, inner))
}

async fn names(db: &mut Db) -> Result<(String, String)> {
    let folders = Folder::find().order(Folder.id.asc()).all(db).await?;
    let files = File::find().order(File.id.asc()).all(db).await?;
    let folders: Vec<_> = folders.into_iter().map(|folder| folder.name).collect();
    Ok((folders.join(" "), files.into_iter().map(|file| file.name).collect()))
}

async fn a_tree_goes_and_comes_back(mut db: Db) -> Result<()> {
    let (top, inner) = tree(&mut db).await?;
    File::delete_many().filter(File.name.eq("l")).exec(&mut db).await?;
    assert_eq!(names(&mut db).await?, ("top inner leaf other".into(), "tio".into()));
    assert_eq!(Folder::delete(inner).exec(&mut db).await?, 1, "what hangs on it does not count");
    assert_eq!(names(&mut db).await?, ("top other".into(), "to".into()));
    assert_eq!(Folder::delete(top).exec(&mut db).await?, 1);
    assert_eq!(names(&mut db).await?, (String::new(), String::new()));
    assert_eq!(Version::find().count(&mut db).await?, 4, "they have no mark");
    assert!(Folder::restore(top, &mut db).await?);
    assert_eq!(names(&mut db).await?, ("top other".into(), "to".into()), "what was deleted before stays so");
    assert!(Folder::restore(inner, &mut db).await?);
    assert_eq!(names(&mut db).await?, ("top inner leaf other".into(), "tio".into()));
    assert!(!Folder::restore(inner, &mut db).await?, "it is not deleted");
    let error = Folder::delete(top).require_rows(2).exec(&mut db).await.unwrap_err();
    assert_eq!(error.kind(), Kind::NotFound);
    assert_eq!(Folder::find().count(&mut db).await?, 4, "all of it was undone");
    Ok(())
}

async fn deleted_rows_are_out_of_every_reading(mut db: Db) -> Result<()> {
    let (top, inner) = tree(&mut db).await?;
    let ann = NewPerson { name: "Ann".into() }.insert(&mut db).await?.id;
    let bob = NewPerson { name: "Bob".into() }.insert(&mut db).await?.id;
    for person_id in [ann, bob] {
        NewStar { folder_id: top, person_id }.giver_id(ann).insert(&mut db).await?;
    }
    let fans = |db: &Db| {
        let mut db = db.clone();
        async move { Result::Ok(Folder::by_key(top).with(Folder.fans).one(&mut db).await?.fans().len()) }
    };
    assert_eq!(fans(&db).await?, 2);
    Star::delete((top, bob)).exec(&mut db).await?;
    assert_eq!(fans(&db).await?, 1, "the link is deleted");
    assert_eq!(Folder::find().filter(Folder.fans.any(Person.name.eq("Bob"))).count(&mut db).await?, 0);
    Person::delete(ann).exec(&mut db).await?;
    assert_eq!(fans(&db).await?, 0, "the person is deleted");
    let star = Star::find().with(Star.giver).one(&mut db).await?;
    assert!(star.giver().is_none(), "a joined row that is deleted is not there");
    let star = Star::find().with(Star.giver.load().with_deleted()).one(&mut db).await?;
    assert_eq!(star.giver().unwrap().name, "Ann");
    let star = Star::find().with_deleted().with(Star.person).order(Star.person_id.asc()).first(&mut db).await?.unwrap();
    assert_eq!(star.person().name, "Ann");
    assert_eq!(Star::find().filter(Star.giver().name.eq("Ann")).count(&mut db).await?, 0);
    Folder::delete(inner).exec(&mut db).await?;
    let counted: Vec<(String, i64)> =
        Folder::find().select((Folder.name, Folder.folders.count())).order(Folder.id.asc()).all(&mut db).await?;
    assert_eq!(counted, [("top".to_string(), 1), ("other".to_string(), 0)]);
    let top = Folder::by_key(top).with(Folder.folders).with(Folder.files.load().with_deleted()).one(&mut db).await?;
    assert_eq!((top.folders().len(), top.files().len()), (1, 1));
    assert_eq!(Folder::find().only_deleted().count(&mut db).await?, 2);
    assert_eq!(Folder::update(inner).set(Folder.name.to("x")).exec(&mut db).await?, 0, "nor is it changed");
    Ok(())
}

async fn what_is_unique_is_so_among_the_living(mut db: Db) -> Result<()> {
    let (_, inner) = tree(&mut db).await?;
    let old = File::find().filter(File.name.eq("i")).one(&mut db).await?;
    let again = || NewFile { folder_id: inner, name: "i".into() };
    assert_eq!(again().insert(&mut db).await.unwrap_err().problems()[0].field.as_deref(), Some("name"));
    File::delete(old.id).exec(&mut db).await?;
    assert!(again().validate_in(&mut db).await.is_ok());
    let new = again().insert(&mut db).await?;
    let same = again().on_conflict(File.name).update_all(&mut db).await?;
    assert_eq!(same.id, new.id, "the live one");
    assert!(!again().on_conflict(File.name).ignore(&mut db).await?);
    File::delete(new.id).exec(&mut db).await?;
    again().insert(&mut db).await?;
    let error = File::restore(old.id, &mut db).await.unwrap_err();
    assert_eq!((error.kind(), error.details().field.as_deref()), (Kind::UniqueViolation, Some("name")), "{error}");
    Ok(())
}

async fn purging_is_for_good(mut db: Db) -> Result<()> {
    let (top, inner) = tree(&mut db).await?;
    Folder::delete(inner).exec(&mut db).await?;
    assert_eq!(Folder::purge(Timestamp::UNIX_EPOCH, &mut db).await?, 0, "nothing is so old");
    let soon = Timestamp::now() + std::time::Duration::from_secs(60);
    assert_eq!(Folder::purge(soon, &mut db).await?, 2);
    assert_eq!(Folder::find().with_deleted().count(&mut db).await?, 2);
    assert_eq!((File::find().with_deleted().count(&mut db).await?, Version::find().count(&mut db).await?), (2, 2));
    assert_eq!(Folder::delete(top).permanently().exec(&mut db).await?, 1);
    assert_eq!(Folder::find().with_deleted().count(&mut db).await?, 0, "the database's own cascade");
    Ok(())
}

async fn dynamic_tables_leave_them_out(mut db: Db) -> Result<()> {
    let (top, inner) = tree(&mut db).await?;
    Folder::delete(inner).exec(&mut db).await?;
    let folders = relata::Table::find("folders", &mut db).await?.soft_delete("deleted_at")?;
    assert_eq!(folders.select().count(&mut db).await?, 2);
    assert_eq!(folders.select().with_deleted().count(&mut db).await?, 4);
    assert_eq!(folders.select().only_deleted().all(&mut db).await?.len(), 2);
    assert!(folders.by_key(&[relata::Value::Int(inner.get())], &mut db).await?.is_none());
    assert!(folders.delete(&[relata::Value::Int(top.get())], &mut db).await?);
    assert_eq!(Folder::find().only_deleted().count(&mut db).await?, 3, "marked, not removed");
    assert!(!folders.delete(&[relata::Value::Int(top.get())], &mut db).await?, "it is deleted already");
    assert!(folders.clone().soft_delete("name").is_err());
    Ok(())
}

/// How many rows there are of racks, crates, parcels and links, and how many of them are marked.
async fn stored(db: &mut Db) -> Result<[(u64, u64); 4]> {
    Ok([
        (Rack::find().count(db).await?, Rack::find().only_deleted().count(db).await?),
        (Crate::find().count(db).await?, Crate::find().only_deleted().count(db).await?),
        (Parcel::find().count(db).await?, Parcel::find().only_deleted().count(db).await?),
        (CrateLabel::find().count(db).await?, CrateLabel::find().only_deleted().count(db).await?),
    ])
}

async fn keys_of_several_columns_links_and_circles_are_followed(mut db: Db) -> Result<()> {
    let label = NewLabel { text: "fragile".into() }.insert(&mut db).await?.id;
    for (hall, number) in [(1, 1), (1, 2), (2, 1)] {
        let rack = NewRack { hall, number }
            .create(Rack.boxes, move |_| [NewCrate { hall, number, name: "a".into() }.connect(Crate.labels, [label])]);
        rack.insert(&mut db).await?;
    }
    // Crate of rack 1/1, a parcel in it, a crate of another rack in that, a parcel in that which holds the first crate.
    let crates = Crate::find().order(Crate.id.asc()).all(&mut db).await?;
    let outer = NewParcel { crate_id: crates[0].id }.insert(&mut db).await?.id;
    Crate::update(crates[2].id).set(Crate.inside_id.to(Some(outer))).exec(&mut db).await?;
    let inner = NewParcel { crate_id: crates[2].id }.origin_id(crates[0].id).insert(&mut db).await?.id;
    Crate::update(crates[0].id).set(Crate.inside_id.to(Some(inner))).exec(&mut db).await?;

    let all = [(3, 0), (3, 0), (2, 0), (3, 0)];
    assert_eq!(stored(&mut db).await?, all);
    assert_eq!(Rack::delete((1, 1)).exec(&mut db).await?, 1);
    let one = [(2, 1), (1, 2), (0, 2), (1, 2)];
    assert_eq!(
        stored(&mut db).await?,
        one,
        "rack 1/2 shares a hall, 2/1 a number: both stay, but the crate inside goes"
    );
    assert!(Rack::restore((1, 1), &mut db).await?);
    assert_eq!(stored(&mut db).await?, all);

    // Among the living a crate of the same name may take its place, and then it cannot come back.
    Rack::delete((1, 1)).exec(&mut db).await?;
    let new = NewCrate { hall: 1, number: 1, name: "a".into() }.insert(&mut db).await?;
    let error = Rack::restore((1, 1), &mut db).await.unwrap_err();
    assert_eq!(error.kind(), Kind::UniqueViolation, "{error}");
    assert_eq!(stored(&mut db).await?[0], (2, 1), "nothing of it was restored");
    Crate::delete(new.id).permanently().exec(&mut db).await?;
    assert!(Rack::restore((1, 1), &mut db).await?);

    Rack::delete((1, 1)).exec(&mut db).await?;
    let soon = Timestamp::now() + std::time::Duration::from_secs(60);
    assert_eq!(Rack::purge(soon, &mut db).await?, 1);
    assert_eq!(stored(&mut db).await?, [(2, 0), (1, 0), (0, 0), (1, 0)]);
    assert_eq!(Label::find().count(&mut db).await?, 1, "what links lead to stays");
    Ok(())
}

async fn links_are_marked_and_come_back(mut db: Db) -> Result<()> {
    NewRack { hall: 1, number: 1 }.insert(&mut db).await?;
    let made = NewCrate { hall: 1, number: 1, name: "a".into() }.insert(&mut db).await?.id;
    let mut labels = Vec::new();
    for text in ["x", "y"] {
        labels.push(NewLabel { text: text.into() }.insert(&mut db).await?.id);
    }
    Crate::relate(made).connect(Crate.labels, [labels[0], labels[1], labels[0]]).exec(&mut db).await?;
    assert_eq!(stored(&mut db).await?[3], (2, 0));
    Crate::relate(made).disconnect(Crate.labels, [labels[0]]).exec(&mut db).await?;
    assert_eq!(stored(&mut db).await?[3], (1, 1));
    Crate::relate(made).set(Crate.labels, [labels[0]]).exec(&mut db).await?;
    assert_eq!(stored(&mut db).await?[3], (1, 1));
    let found = Crate::by_key(made).with(Crate.labels).one(&mut db).await?;
    assert_eq!(found.labels().iter().map(|label| label.id).collect::<Vec<_>>(), [labels[0]]);
    Ok(())
}

async fn deep_trees_are_purged(mut db: Db) -> Result<()> {
    let top = NewFolder { name: "0".into() }.insert(&mut db).await?.id;
    let mut parent = top;
    for depth in 1..40 {
        parent = NewFolder { name: depth.to_string() }.parent_id(parent).insert(&mut db).await?.id;
    }
    NewFile { folder_id: parent, name: "leaf".into() }.insert(&mut db).await?;
    Folder::delete(top).exec(&mut db).await?;
    assert_eq!(names(&mut db).await?, (String::new(), String::new()));
    assert!(Folder::restore(top, &mut db).await?);
    assert_eq!(Folder::find().count(&mut db).await?, 40);
    Folder::delete(top).exec(&mut db).await?;
    let soon = Timestamp::now() + std::time::Duration::from_secs(60);
    assert_eq!(Folder::purge(soon, &mut db).await?, 40);
    assert_eq!(Folder::find().with_deleted().count(&mut db).await?, 0);
    assert_eq!(File::find().with_deleted().count(&mut db).await?, 0);
    Ok(())
}
