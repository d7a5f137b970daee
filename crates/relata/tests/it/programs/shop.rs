//! A shop: goods in a tree of categories, an import of lines of CSV that are checked, inserted or updated, and a list that is filtered,
//! ordered and paged by what the address line says.

use relata::prelude::*;
use relata::{Kind, Result, Searchable, count_rows};

#[derive(Entity, Debug, Clone)]
#[entity(table = "shelves")]
#[has_many(children: Shelf.parent_id)]
#[has_many(goods: Good.shelf_id)]
pub struct Shelf {
    #[id]
    pub id: Id<Shelf>,
    #[unique]
    pub slug: String,
    #[references(Shelf)]
    pub parent_id: Option<Id<Shelf>>,
}

#[derive(Entity, Debug, Clone)]
#[entity(table = "goods", timestamps)]
#[index(shelf_id, price)]
pub struct Good {
    #[id]
    pub id: Id<Good>,
    #[unique]
    #[check(pattern("^[A-Z]{2}-[0-9]{4,6}$"))]
    pub sku: String,
    #[references(Shelf)]
    pub shelf_id: Id<Shelf>,
    #[check(len(1..=80))]
    #[sortable]
    pub name: String,
    #[decimal(10, 2)]
    #[check(range(0..))]
    #[sortable]
    pub price: Decimal,
    #[check(range(0..))]
    pub stock: i32,
}

crate::setup::everywhere!(in "shop.rs": an_import_of_lines, a_tree_of_categories, a_list_as_the_address_asks);

async fn shelves(db: &mut Db) -> Result<Vec<Shelf>> {
    let mut shelves: Vec<Shelf> = Vec::new();
    for (slug, parent) in
        [("home", None), ("kitchen", Some(0)), ("knives", Some(1)), ("bath", Some(0)), ("garden", None)]
    {
        let new = NewShelf { slug: slug.into() };
        let row = match parent {
            Some(at) => new.parent_id(shelves[at].id).insert(db).await?,
            None => new.insert(db).await?,
        };
        shelves.push(row);
    }
    Ok(shelves)
}

/// `count` lines; every thousandth is wrong in its own way.
fn csv(count: usize, price: i64) -> String {
    let line = |n: usize| match n % 1000 {
        998 => format!("kn-{n:04},knives,Knife {n},{price}.50,3\n"),
        999 => format!("KN-{n:04},attic,Knife {n},{price}.50,3\n"),
        500 => format!("KN-{n:04},knives,,-1,many\n"),
        _ => format!("KN-{n:04},knives,\"Knife, {n}\",{price}.50,{}\n", n % 7),
    };
    let lines: String = (0..count).map(line).collect();
    format!("sku,shelf,name,price,stock\n{lines}")
}

/// The fields of a line; quoted ones may hold commas.
fn fields(line: &str) -> Vec<String> {
    let (mut fields, mut quoted) = (vec![String::new()], false);
    for letter in line.chars() {
        match letter {
            '"' => quoted = !quoted,
            ',' if !quoted => fields.push(String::new()),
            letter => fields.last_mut().expect("there is one").push(letter),
        }
    }
    fields
}

struct Imported {
    written: u64,
    /// Number of the line, and what is wrong with it.
    refused: Vec<(usize, String)>,
}

/// Reads lines; good ones are inserted, or update the row with the same SKU. All in one transaction, in the memory of a portion.
async fn import(text: &str, db: &mut Db) -> Result<Imported> {
    let shelves = Shelf::find().select((Shelf.slug, Shelf.id)).all(db).await?;
    let shelves: std::collections::HashMap<String, Id<Shelf>> = shelves.into_iter().collect();
    let mut refused = Vec::new();
    let mut stream =
        Good::insert_stream(db).await?.on_conflict(Good.sku).updating((Good.name, Good.price, Good.stock)).stream()?;
    for (at, line) in text.lines().enumerate().skip(1) {
        let fields = fields(line);
        let [sku, shelf, name, price, stock] = &fields[..] else {
            refused.push((at + 1, format!("{} fields", fields.len())));
            continue;
        };
        let Some(shelf_id) = shelves.get(shelf) else {
            refused.push((at + 1, format!("no shelf {shelf}")));
            continue;
        };
        // Texts become values of the column's type, and every rule is checked.
        let row = Good::changeset((Good.sku, Good.name, Good.price, Good.stock))
            .form([("sku", sku), ("name", name), ("price", price), ("stock", stock)])
            .set(Good.shelf_id, *shelf_id);
        match row.draft() {
            Ok(row) => stream.push(row).await?,
            Err(error) => {
                let problems = error.problems().iter().map(ToString::to_string).collect::<Vec<_>>().join("; ");
                refused.push((at + 1, problems));
            }
        }
    }
    Ok(Imported { written: stream.finish().await?, refused })
}

async fn an_import_of_lines(mut db: Db) -> Result<()> {
    shelves(&mut db).await?;
    let count = 4_000;
    let first = import(&csv(count, 10), &mut db).await?;
    assert_eq!((Good::find().count(&mut db).await?, first.refused.len()), (3_988, 12));
    expect_test::expect![[r#"
        [
            (
                502,
                "stock must be a whole number from -2147483648 to 2147483647; name must have 1 to 80 characters, not 0; price must be at least 0",
            ),
            (
                1000,
                "sku must match the pattern ^[A-Z]{2}-[0-9]{4,6}$",
            ),
            (
                1001,
                "no shelf attic",
            ),
        ]"#]].assert_eq(&format!("{:#?}", &first.refused[..3]));
    let second = import(&csv(count + 1, 12), &mut db).await?;
    assert!(second.written >= 3_989, "{}", second.written);
    let (rows, least): (i64, Option<Decimal>) =
        Good::find().select((count_rows(), Good.price.min())).one(&mut db).await?;
    assert_eq!((rows, least), (3_989, Some("12.50".parse().unwrap())));
    Ok(())
}

async fn a_tree_of_categories(mut db: Db) -> Result<()> {
    let shelves = shelves(&mut db).await?;
    import(&csv(50, 10), &mut db).await?;
    let tree = Shelf::find().order(Shelf.slug.asc()).tree(Shelf.children, &mut db).await?;
    let drawn: Vec<String> = tree.walk().map(|node| format!("{}{}", "  ".repeat(node.depth()), node.slug)).collect();
    assert_eq!(drawn, ["garden", "home", "  bath", "  kitchen", "    knives"]);
    // The way to a shelf, and what is on it and below.
    let way = Shelf::by_key(shelves[2].id).reach(Shelf.parent, None).order(Shelf.id.asc()).select(Shelf.slug);
    assert_eq!(way.all(&mut db).await?, ["home", "kitchen", "knives"]);
    let below = Shelf::by_key(shelves[0].id).reach(Shelf.children, None).select(Shelf.id);
    assert_eq!(Good::find().filter(Good.shelf_id.in_query(below)).count(&mut db).await?, 50);
    let before = db.statement_count();
    let full = Shelf::find()
        .order(Shelf.id.asc())
        .with(Shelf.goods.order(|good| good.sku.asc()).limit(2))
        .all(&mut db)
        .await?;
    assert_eq!(full.iter().map(|shelf| shelf.goods().len()).collect::<Vec<_>>(), [0, 0, 2, 0, 0]);
    assert_eq!(db.statement_count() - before, 2);
    Ok(())
}

/// What an application would answer to `GET /goods?…`.
async fn list(query: &str, after: Option<&str>, db: &mut Db) -> Result<(Vec<String>, Option<String>)> {
    let allowed = Searchable::<Good>::new()
        .allow("name", Good.name)
        .allow("price", Good.price)
        .allow_filter("stock", Good.stock)
        .allow_filter("shelf", Good.shelf().slug);
    let mut goods = Good::find().search(allowed.from_query(query)?);
    if let Some(cursor) = after {
        goods = goods.after(cursor.parse::<Cursor>()?);
    }
    let page = goods.page(db).await?;
    let next = page.next.as_ref().map(ToString::to_string);
    Ok((page.items.into_iter().map(|good| good.sku).collect(), next))
}

async fn a_list_as_the_address_asks(mut db: Db) -> Result<()> {
    shelves(&mut db).await?;
    import(&csv(400, 10), &mut db).await?;
    let query = "filter[shelf]=knives&filter[stock][gte]=5&filter[name][contains]=Knife&sort=-price,name&page[size]=25";
    let (mut seen, mut after) = (Vec::new(), None);
    loop {
        let (skus, next) = list(query, after.as_deref(), &mut db).await?;
        assert!(skus.len() <= 25);
        seen.extend(skus);
        after = next;
        if after.is_none() {
            break;
        }
    }
    let expected = (0..400).filter(|n| n % 7 >= 5).count();
    let all = seen.len();
    seen.sort();
    seen.dedup();
    assert_eq!((all, seen.len()), (expected, expected), "each once");
    for wrong in
        ["filter[shelf_id]=1", "sort=stock", "filter[price]=cheap", "page[size]=100000", "filter[name][like]=%25"]
    {
        let error = list(wrong, None, &mut db).await.unwrap_err();
        assert_eq!((error.kind(), error.http_status()), (Kind::Validation, 422), "{wrong}: {error}");
    }
    let error = list(query, Some("nonsense"), &mut db).await.unwrap_err();
    assert_eq!(error.http_status(), 422, "{error}");
    Ok(())
}
