//! Entities, written by relata from a database.
//!
//! What the database has beyond them:
//! - the query of view names left out

use relata::prelude::*;

#[derive(Entity, Debug, Clone)]
#[entity(table = "link")]
#[primary_key(a, b)]
pub struct Link {
    #[references(Order, relation = a_order)]
    pub a: Id<Order>,
    #[references(Order, relation = b_order)]
    pub b: Id<Order>,
}

#[derive(Entity, Debug, Clone)]
#[entity(table = "log", no_key)]
pub struct Log {
    pub line: String,
}

#[derive(Entity, Debug, Clone)]
#[entity(table = "order")]
#[index(buyer desc, r#"lower("type")"#, where = "price > 0", name = "order_buyer")]
#[check("price >= 0", name = "")]
#[check("price < 1000000", name = "dear")]
#[has_many(links_by_a_order: Link.a)]
#[has_many(links_by_b_order: Link.b)]
#[many_to_many(b_orders_via_link: Order via Link(a, b))]
#[many_to_many(a_orders_via_link: Order via Link(b, a))]
pub struct Order {
    #[id]
    pub id: Id<Order>,
    #[default("it's")]
    pub r#type: String,
    #[column("2nd")]
    pub column_2nd: Option<f64>,
    #[column("Größe")]
    pub größe: Option<Vec<u8>>,
    pub whatever: Option<relata::Value>,
    #[decimal(10, 2)]
    #[default(0)]
    pub price: Decimal,
    #[default(now)]
    pub at: Timestamp,
    #[generated("price * 2", stored)]
    pub total: Option<relata::Value>,
    #[default(true)]
    pub flag: bool,
    pub u: Option<Uuid>,
    pub d: Option<Date>,
    pub t: Option<Time>,
    pub j: Option<Json>,
    #[references(Person, on_delete = set_null, on_update = cascade, relation = buyer_person)]
    #[collation("NOCASE")]
    pub buyer: Option<String>,
    #[references(Person, relation = seller_person)]
    pub seller: String,
}

#[derive(Entity, Debug, Clone)]
#[entity(table = "part")]
#[primary_key(a, b, n)]
#[foreign_key(a, b => Link(a, b), on_delete = cascade)]
pub struct Part {
    pub a: i64,
    pub b: i64,
    pub n: i64,
}

#[derive(Entity, Debug, Clone)]
#[entity(table = "person", strict, without_rowid)]
#[unique(boss, name)]
#[has_many(orders_by_buyer_person: Order.buyer)]
#[has_many(orders_by_seller_person: Order.seller)]
#[has_many(people: Person.boss)]
pub struct Person {
    #[id]
    pub name: String,
    #[references(Person)]
    pub boss: Option<String>,
}

#[derive(Entity, Debug, Clone)]
#[entity(view)]
pub struct Name {
    pub name: Option<String>,
}
