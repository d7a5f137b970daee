use relata::prelude::*;

/// Not in the order of the alphabet.
#[derive(Enum, Debug, Clone, Copy, PartialEq, Eq)]
pub enum Size {
    Small,
    Medium,
    #[stored("extra large")]
    ExtraLarge,
}

#[derive(Entity, Debug, Clone)]
#[entity(table = "ordered")]
pub struct Ordered {
    #[id]
    pub id: Id<Ordered>,
    #[sortable]
    pub size: Size,
    pub other_size: Option<Size>,
    #[db_type(mysql = "set('wool','cotton','silk')")]
    pub made_of: Option<String>,
    #[db_type(mysql = "enum('z','a')")]
    pub letter: Option<String>,
    pub single: f32,
    pub double: Option<f64>,
    #[decimal(12, 4)]
    pub exact: Decimal,
    pub date: Date,
    pub time: Time,
    pub datetime: DateTime,
    pub instant: Option<Timestamp>,
    pub uuid: Uuid,
    pub bytes: Vec<u8>,
    pub flag: bool,
}
