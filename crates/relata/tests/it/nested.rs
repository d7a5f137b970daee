//! Rows written together with what hangs on them, in one transaction and a number of statements that does not depend on theirs.

use relata::nested::IntoGraph;
use relata::prelude::*;
use relata::{Kind, Result};

crate::setup::everywhere!(in "nested.rs":
    children_come_with_their_parent,
    a_mistake_deep_down_undoes_all,
    rows_are_connected_and_taken_off,
    many_to_many_is_set,
);

#[derive(Entity, Debug, Clone)]
#[has_many(lines: Line.order_id)]
#[has_many(marks: OrderLabel.order_id)]
#[many_to_many(labels: Label via OrderLabel)]
#[entity(table = "orders")]
pub struct Order {
    #[id]
    pub id: Id<Order>,
    pub buyer: String,
}

#[derive(Entity, Debug, Clone)]
#[has_many(notes: Note.line_id)]
#[entity(table = "lines")]
pub struct Line {
    #[id]
    pub id: Id<Line>,
    #[references(Order)]
    pub order_id: Id<Order>,
    #[check(range(1..))]
    pub amount: i32,
}

#[derive(Entity, Debug, Clone)]
#[entity(table = "notes")]
pub struct Note {
    #[id(manual)]
    pub id: Id<Note, Uuid>,
    #[references(Line)]
    pub line_id: Option<Id<Line>>,
    #[check(len(1..))]
    pub text: String,
}

#[derive(Entity, Debug, Clone)]
#[entity(table = "labels")]
pub struct Label {
    #[id]
    pub id: Id<Label>,
    #[unique]
    pub name: String,
}

/// The link itself says something: its payload.
#[derive(Entity, Debug, Clone)]
#[entity(table = "order_labels")]
#[primary_key(order_id, label_id)]
pub struct OrderLabel {
    #[references(Order)]
    pub order_id: Id<Order>,
    #[references(Label)]
    pub label_id: Id<Label>,
    #[default(1)]
    pub weight: i32,
}

fn note(number: u128, text: &str) -> NewNote {
    NewNote { id: Id::new(Uuid::from_u128(number)), text: text.into() }
}

/// Lines, each with two notes.
fn lines(count: i32) -> impl FnOnce(&Order) -> Vec<relata::nested::Graph<Line>> + Send + 'static {
    move |order| {
        let order_id = order.id;
        let line = |amount: i32| {
            NewLine { order_id, amount }.create(Line.notes, move |line| {
                let number = line.id.get() as u128 * 10;
                [note(number + 1, &format!("{amount} a")), note(number, &format!("{amount} b"))]
            })
        };
        (1..=count).map(line).collect()
    }
}

async fn children_come_with_their_parent(mut db: Db) -> Result<()> {
    let mysql = crate::setup::is_mysql(&mut db).await;
    for count in [2, 30] {
        let before = db.statement_count();
        let order = NewOrder { buyer: "Ann".into() }
            .create(Order.lines, lines(count))
            .create(Order.labels, move |_| [NewLabel { name: format!("new {count}") }])
            .insert(&mut db)
            .await?;
        // Without rows that come back, each is inserted and read by itself.
        let expected = if mysql { 6 + 2 * count as u64 } else { 5 };
        assert_eq!(db.statement_count() - before, expected, "order, lines, their notes, labels, links");
        let order = Order::by_key(order.id)
            .with(Order.lines.order(|line| line.amount.asc()).with(Line.notes.order(|note| note.text.asc())))
            .with(Order.labels)
            .one(&mut db)
            .await?;
        assert_eq!(order.labels()[0].name, format!("new {count}"));
        assert_eq!(order.lines().len() as i32, count);
        for (line, amount) in order.lines().iter().zip(1..) {
            let notes: Vec<&str> = line.notes().iter().map(|note| note.text.as_str()).collect();
            assert_eq!((line.amount, notes), (amount, vec![&*format!("{amount} a"), &*format!("{amount} b")]));
        }
    }
    // Rows with different columns, and a parent without any.
    let order = NewOrder { buyer: "Bob".into() }
        .create(Order.marks, |_| Vec::<NewOrderLabel>::new())
        .create(Order.lines, |order| [NewLine { order_id: order.id, amount: 1 }.into_graph()])
        .insert(&mut db)
        .await?;
    assert_eq!(Line::find().filter(Line.order_id.eq(order.id)).count(&mut db).await?, 1);
    Ok(())
}

async fn a_mistake_deep_down_undoes_all(mut db: Db) -> Result<()> {
    let wrong = NewOrder { buyer: "Ann".into() }.create(Order.lines, |order| {
        let order_id = order.id;
        [1, 2].map(|amount| {
            NewLine { order_id, amount }.create(Line.notes, |line| {
                let text = if line.amount == 2 { "" } else { "fine" };
                [note(line.id.get() as u128, text)]
            })
        })
    });
    let error = wrong.insert(&mut db).await.unwrap_err();
    assert_eq!((error.kind(), error.details().field.as_deref()), (Kind::Validation, Some("text")), "{error}");
    assert_eq!((Order::find().count(&mut db).await?, Line::find().count(&mut db).await?), (0, 0));
    let taken = NewOrder { buyer: "Ann".into() }
        .create(Order.labels, |_| [NewLabel { name: "a".into() }, NewLabel { name: "a".into() }])
        .insert(&mut db)
        .await
        .unwrap_err();
    assert_eq!((taken.kind(), taken.details().field.as_deref()), (Kind::UniqueViolation, Some("name")), "{taken}");
    assert_eq!(Order::find().count(&mut db).await?, 0);
    Ok(())
}

async fn rows_are_connected_and_taken_off(mut db: Db) -> Result<()> {
    let ids = [1, 2, 3].map(|number| Id::<Note, Uuid>::new(Uuid::from_u128(number)));
    Note::insert_many([1, 2, 3].map(|number| note(number, "loose"))).exec(&mut db).await?;
    let order = NewOrder { buyer: "Ann".into() }
        .create(Order.lines, move |order| {
            let order_id = order.id;
            [
                NewLine { order_id, amount: 1 }.connect(Line.notes, [ids[0], ids[1]]),
                NewLine { order_id, amount: 2 }.connect(Line.notes, [ids[2]]),
            ]
        })
        .insert(&mut db)
        .await?;
    let counts = |db: &Db| {
        let mut db = db.clone();
        async move {
            let lines = Line::find().with(Line.notes).order(Line.amount.asc()).all(&mut db).await?;
            Result::Ok(lines.iter().map(|line| line.notes().len()).collect::<Vec<_>>())
        }
    };
    assert_eq!(counts(&db).await?, [2, 1]);
    let lines = Line::find().filter(Line.order_id.eq(order.id)).order(Line.amount.asc()).all(&mut db).await?;
    Line::relate(lines[0].id).disconnect(Line.notes, [ids[0], ids[2]]).exec(&mut db).await?;
    assert_eq!(counts(&db).await?, [1, 1], "the other line's note stays");
    Line::relate(lines[1].id).set(Line.notes, [ids[0], ids[1]]).exec(&mut db).await?;
    assert_eq!(counts(&db).await?, [0, 2]);
    assert_eq!(Note::by_key(ids[2]).one(&mut db).await?.line_id, None);
    let error = Line::relate(lines[0].id).connect(Line.notes, [Id::new(Uuid::from_u128(9))]).exec(&mut db).await;
    assert_eq!(error.unwrap_err().kind(), Kind::NotFound);
    let error = Order::relate(order.id).disconnect(Order.lines, [lines[0].id]).exec(&mut db).await.unwrap_err();
    assert_eq!(error.kind(), Kind::Unsupported, "{error}");
    assert_eq!(Line::relate(0).exec(&mut db).await.unwrap_err().kind(), Kind::NotFound);
    Ok(())
}

async fn many_to_many_is_set(mut db: Db) -> Result<()> {
    let mut labels = Vec::new();
    for name in ["a", "b", "c"] {
        labels.push(NewLabel { name: name.into() }.insert(&mut db).await?.id);
    }
    let order = NewOrder { buyer: "Ann".into() }.connect(Order.labels, [labels[0], labels[1]]).insert(&mut db).await?;
    OrderLabel::update((order.id, labels[1])).set(OrderLabel.weight.to(7)).exec(&mut db).await?;
    let before = db.statement_count();
    Order::relate(order.id)
        .set(Order.labels, [labels[1], labels[2]])
        .create(Order.marks, |_| Vec::<NewOrderLabel>::new())
        .exec(&mut db)
        .await?;
    assert_eq!(db.statement_count() - before, 3, "the row, links that go, links that come");
    let order = Order::by_key(order.id)
        .with(Order.marks.order(|mark| mark.label_id.asc()).with(OrderLabel.label))
        .with(Order.labels.order(|label| label.name.asc()).limit(1))
        .one(&mut db)
        .await?;
    let weights: Vec<_> = order.marks().iter().map(|mark| (mark.label().name.as_str(), mark.weight)).collect();
    assert_eq!(weights, [("b", 7), ("c", 1)], "the link that stayed kept what it says");
    assert_eq!(order.labels()[0].name, "b");
    Order::relate(order.id)
        .connect(Order.labels, [labels[1]])
        .disconnect(Order.labels, [labels[2]])
        .exec(&mut db)
        .await?;
    assert_eq!(OrderLabel::find().count(&mut db).await?, 1);
    Order::relate(order.id).set(Order.labels, Vec::<Id<Label>>::new()).exec(&mut db).await?;
    assert_eq!(OrderLabel::find().count(&mut db).await?, 0);
    let error = Order::relate(order.id).connect(Order.labels, [Id::new(99)]).exec(&mut db).await.unwrap_err();
    assert_eq!(error.kind(), Kind::ForeignKeyViolation, "{error}");
    Ok(())
}
