//! Trees of rows: up and down, so far or as far as it goes, moved, deep, wide and in circles.

use relata::prelude::*;
use relata::{Kind, Result};

use crate::model::*;

crate::setup::everywhere!(
    rows_stand_below_their_parents,
    ways_up_and_down_are_limited_filtered_and_ordered,
    a_branch_moves,
    circles_are_seen,
    a_hundred_thousand_rows,
);

/// Rows with these parents, by their place from 1 on; their ids.
async fn planted(parents: &[usize], db: &mut Db) -> Result<Vec<Id<Category>>> {
    let mut ids: Vec<Id<Category>> = Vec::new();
    for (place, parent) in parents.iter().enumerate() {
        let new = NewCategory { name: format!("{}", place + 1) };
        let row = match parent {
            0 => new.insert(db).await?,
            parent => new.parent_id(ids[parent - 1]).insert(db).await?,
        };
        ids.push(row.id);
    }
    Ok(ids)
}

//        1
//     2     3
//   4   5     6
//   7
// and 8 alone
const TREE: [usize; 8] = [0, 1, 1, 2, 2, 3, 4, 0];

fn drawn(tree: &relata::Tree<Category>) -> String {
    tree.walk().map(|node| format!("{}{} ", ".".repeat(node.depth()), node.name)).collect()
}

async fn rows_stand_below_their_parents(mut db: Db) -> Result<()> {
    let ids = planted(&TREE, &mut db).await?;
    let all = Category::find().order(Category.name.desc()).tree(Category.children, &mut db).await?;
    assert_eq!(drawn(&all), "8 1 .3 ..6 .2 ..5 ..4 ...7 ");
    let below = Category::by_key(ids[1]).reach(Category.children, None).order(Category.id.asc());
    let tree = below.with(Category.parent).tree(Category.children, &mut db).await?;
    let root = tree.roots().next().unwrap();
    assert_eq!((tree.len(), tree.roots().count(), root.depth()), (4, 1, 0));
    assert_eq!(root.parent().map(|parent| parent.name.as_str()), Some("1"), "rows carry what was loaded");
    let children: Vec<&str> = root.children().map(|node| node.row().name.as_str()).collect();
    assert_eq!((children, root.descendants().count()), (vec!["4", "5"], 3));
    let none = Category::by_key(Id::new(-1)).reach(Category.children, None).tree(Category.children, &mut db).await?;
    assert!(none.is_empty());
    Ok(())
}

async fn ways_up_and_down_are_limited_filtered_and_ordered(mut db: Db) -> Result<()> {
    let ids = planted(&TREE, &mut db).await?;
    let names = |rows: Vec<Category>| rows.into_iter().map(|row| row.name).collect::<Vec<_>>().join(" ");
    let down = |steps: Option<u64>| Category::by_key(ids[0]).reach(Category.children, steps).order(Category.id.asc());
    assert_eq!(names(down(None).all(&mut db).await?), "1 2 3 4 5 6 7");
    assert_eq!(names(down(Some(0)).all(&mut db).await?), "1");
    assert_eq!(names(down(Some(1)).all(&mut db).await?), "1 2 3");
    assert_eq!(names(down(Some(2)).all(&mut db).await?), "1 2 3 4 5 6");
    assert_eq!(names(down(None).filter(Category.name.gt("3")).limit(2).all(&mut db).await?), "4 5");
    assert_eq!(down(None).filter(Category.id.ne(ids[0])).count(&mut db).await?, 6, "what is below alone");
    let up = Category::by_key(ids[6]).reach(Category.parent, None).order(Category.id.desc());
    assert_eq!(names(up.all(&mut db).await?), "7 4 2 1");
    let up = Category::by_key(ids[6]).reach(Category.parent, 1).order(Category.id.asc());
    assert_eq!(names(up.all(&mut db).await?), "4 7");
    let several = Category::find().filter(Category.name.is_in(["3", "4"])).reach(Category.children, None);
    assert_eq!(names(several.order(Category.id.asc()).all(&mut db).await?), "3 4 6 7");
    Ok(())
}

/// Moves a branch below another row, unless that is part of it.
async fn move_below(branch: Id<Category>, parent: Id<Category>, db: &mut Db) -> Result<bool> {
    transaction!(db, |tx| {
        let way_up = Category::by_key(parent).reach(Category.parent, None);
        if way_up.filter(Category.id.eq(branch)).exists(&mut tx).await? {
            return Ok(false);
        }
        Category::update(branch).set(Category.parent_id.to(parent)).require_rows(1).exec(&mut tx).await?;
        Ok(true)
    })
}

async fn a_branch_moves(mut db: Db) -> Result<()> {
    let ids = planted(&TREE, &mut db).await?;
    assert!(move_below(ids[1], ids[7], &mut db).await?);
    let tree = Category::find().order(Category.id.asc()).tree(Category.children, &mut db).await?;
    assert_eq!(drawn(&tree), "1 .3 ..6 8 .2 ..4 ...7 ..5 ");
    assert!(!move_below(ids[1], ids[6], &mut db).await?, "nothing goes below itself");
    assert!(!move_below(ids[1], ids[1], &mut db).await?);
    Ok(())
}

async fn circles_are_seen(mut db: Db) -> Result<()> {
    let ids = planted(&TREE, &mut db).await?;
    Category::update(ids[0]).set(Category.parent_id.to(ids[6])).exec(&mut db).await?;
    for (relation, found) in [("down", 7), ("up", 4)] {
        let start = Category::by_key(ids[6]);
        let reached = match relation {
            "down" => start.reach(Category.children, None).count(&mut db).await?,
            _ => start.reach(Category.parent, None).count(&mut db).await?,
        };
        assert_eq!(reached, found, "each row once, {relation}");
    }
    let error = Category::find().order(Category.id.asc()).tree(Category.children, &mut db).await.unwrap_err();
    assert_eq!(error.kind(), Kind::Decode);
    let said = "rows of Category lead to each other in a circle: 1, 2, 3, 4, 5, …";
    assert_eq!(error.message(), said);
    Ok(())
}

/// Ten children each, and a chain of a thousand.
async fn a_hundred_thousand_rows(mut db: Db) -> Result<()> {
    let wide = (1..=99_000_i64).map(|id| (id, (id > 1).then_some((id + 8) / 10)));
    let chain = (99_001..=100_000_i64).map(|id| (id, (id > 99_001).then_some(id - 1)));
    let new = |(id, parent): (i64, Option<i64>)| {
        let draft = NewCategory { name: id.to_string() }.into_draft().with(Category.id, Id::new(id));
        draft.with(Category.parent_id, parent.map(Id::new))
    };
    Category::insert_many(wide.chain(chain).map(new)).exec(&mut db).await?;
    let before = db.statement_count();
    let tree = Category::by_key(1).reach(Category.children, None).order(Category.id.asc());
    let tree = tree.tree(Category.children, &mut db).await?;
    assert_eq!((tree.len(), tree.walk().map(|node| node.depth()).max()), (99_000, Some(5)));
    let way = Category::by_key(100_000).reach(Category.parent, None).count(&mut db).await?;
    assert_eq!((way, db.statement_count() - before), (1_000, 2));
    let all = Category::find().order(Category.id.asc()).tree(Category.children, &mut db).await?;
    assert_eq!((all.len(), all.roots().count()), (100_000, 2));
    assert_eq!(all.walk().map(|node| node.depth()).max(), Some(999));
    Ok(())
}
