//! Keys that know whose keys they are: an `Id<User>` cannot be given where an `Id<Post>` is wanted.

use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::marker::PhantomData;

use crate::cell::{Cell, Decode, Mismatch};
use crate::value::{Encode, Value};

/// The key of an entity; `K` is what the database keeps (`i64` unless said otherwise).
///
/// ```
/// use relata_sql::Id;
/// struct User;
/// let id: Id<User> = 7.into();
/// assert_eq!(id.get(), 7);
/// assert_eq!(id.to_string(), "7");
/// ```
pub struct Id<T, K = i64>(K, PhantomData<fn() -> T>);

impl<T, K> Id<T, K> {
    /// A key from its value.
    pub const fn new(key: K) -> Self {
        Id(key, PhantomData)
    }

    /// Its value.
    pub fn into_inner(self) -> K {
        self.0
    }
}

impl<T, K: Copy> Id<T, K> {
    /// Its value.
    pub const fn get(&self) -> K {
        self.0
    }
}

impl<T, K: Clone> Clone for Id<T, K> {
    fn clone(&self) -> Self {
        Id(self.0.clone(), PhantomData)
    }
}

impl<T, K: Copy> Copy for Id<T, K> {}

impl<T, K: PartialEq> PartialEq for Id<T, K> {
    fn eq(&self, other: &Self) -> bool {
        self.0 == other.0
    }
}

impl<T, K: Eq> Eq for Id<T, K> {}

impl<T, K: PartialOrd> PartialOrd for Id<T, K> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        self.0.partial_cmp(&other.0)
    }
}

impl<T, K: Ord> Ord for Id<T, K> {
    fn cmp(&self, other: &Self) -> Ordering {
        self.0.cmp(&other.0)
    }
}

impl<T, K: Hash> Hash for Id<T, K> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.0.hash(state);
    }
}

impl<T, K: Default> Default for Id<T, K> {
    fn default() -> Self {
        Id::new(K::default())
    }
}

impl<T, K: fmt::Debug> fmt::Debug for Id<T, K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl<T, K: fmt::Display> fmt::Display for Id<T, K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl<T, K> From<K> for Id<T, K> {
    fn from(key: K) -> Self {
        Id::new(key)
    }
}

impl<T, K: Clone> From<&Id<T, K>> for Id<T, K> {
    fn from(key: &Id<T, K>) -> Self {
        key.clone()
    }
}

impl<T> From<&str> for Id<T, String> {
    fn from(key: &str) -> Self {
        Id::new(key.to_string())
    }
}

impl<T, K: std::str::FromStr> std::str::FromStr for Id<T, K> {
    type Err = K::Err;

    fn from_str(text: &str) -> Result<Self, K::Err> {
        text.parse().map(Id::new)
    }
}

impl<T, K: Encode> Encode for Id<T, K> {
    fn encode(self) -> Value {
        self.0.encode()
    }
}

impl<T, K: Decode> Decode for Id<T, K> {
    #[inline]
    fn decode(cell: Cell<'_>) -> Result<Self, Mismatch> {
        K::decode(cell).map(Id::new)
    }
}

impl<T, K: serde::Serialize> serde::Serialize for Id<T, K> {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.serialize(serializer)
    }
}

impl<'de, T, K: serde::Deserialize<'de>> serde::Deserialize<'de> for Id<T, K> {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        K::deserialize(deserializer).map(Id::new)
    }
}
