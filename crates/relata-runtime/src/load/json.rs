//! Rows with what was loaded, as serde sees them: the fields of the row, then a member for each relation, under its name.

use serde::ser::{Serialize, SerializeMap, Serializer};

use super::{Loaded, Slot};
use crate::relation::Relation;

/// What was loaded, as members of the row.
#[doc(hidden)]
pub trait Members {
    /// Adds a member for each.
    fn add<M: SerializeMap>(&self, members: &mut M) -> Result<(), M::Error>;
}

impl Members for () {
    fn add<M: SerializeMap>(&self, _: &mut M) -> Result<(), M::Error> {
        Ok(())
    }
}

impl<R: Relation, D: Serialize, Rest: Members> Members for (Slot<R, D>, Rest) {
    fn add<M: SerializeMap>(&self, members: &mut M) -> Result<(), M::Error> {
        self.1.add(members)?;
        members.serialize_entry(R::META.name, &self.0.data)
    }
}

struct Related<'a, S>(&'a S);

impl<S: Members> Serialize for Related<'_, S> {
    fn serialize<Z: Serializer>(&self, serializer: Z) -> Result<Z::Ok, Z::Error> {
        let mut members = serializer.serialize_map(None)?;
        self.0.add(&mut members)?;
        members.end()
    }
}

#[derive(serde::Serialize)]
#[serde(bound = "E: Serialize, S: Members")]
struct Whole<'a, E, S> {
    #[serde(flatten)]
    entity: &'a E,
    #[serde(flatten)]
    related: Related<'a, S>,
}

impl<E: Serialize, S: Members> Serialize for Loaded<E, S> {
    fn serialize<Z: Serializer>(&self, serializer: Z) -> Result<Z::Ok, Z::Error> {
        Whole { entity: &self.entity, related: Related(&self.slots) }.serialize(serializer)
    }
}
