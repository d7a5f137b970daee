//! Which columns a new row gives.

/// Positions of columns, in the order in which they were given: a byte each inside the row itself, with their number in the
/// last byte, unless they are many. Two words are moved and compared faster than what was written in smaller parts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Positions {
    Few([u64; 2]),
    Many(Vec<u16>),
}

/// So many bytes of the two words are positions.
const FEW: usize = 15;

impl Positions {
    #[inline]
    pub(super) fn of(positions: &[usize]) -> Self {
        let mut all = Positions::Few([0; 2]);
        positions.iter().for_each(|position| all.push(*position));
        all
    }

    #[inline]
    pub(super) fn len(&self) -> usize {
        match self {
            Positions::Few(words) => (words[1] >> 56) as usize,
            Positions::Many(many) => many.len(),
        }
    }

    #[inline]
    pub(super) fn get(&self, at: usize) -> usize {
        match self {
            Positions::Few(words) => (words[at / 8] >> (at % 8 * 8)) as usize & 0xff,
            Positions::Many(many) => usize::from(many[at]),
        }
    }

    #[inline]
    pub(super) fn iter(&self) -> impl Iterator<Item = usize> {
        (0..self.len()).map(|at| self.get(at))
    }

    #[inline]
    pub(super) fn push(&mut self, position: usize) {
        let at = self.len();
        match self {
            Positions::Few(words) if at < FEW && position <= 0xff => {
                words[at / 8] |= (position as u64) << (at % 8 * 8);
                words[1] += 1 << 56;
            }
            // No table has 65 536 columns.
            Positions::Many(many) => many.push(position as u16),
            Positions::Few(_) => self.push_more(position),
        }
    }

    #[cold]
    fn push_more(&mut self, position: usize) {
        let mut many = self.to_vec();
        many.push(position as u16);
        *self = Positions::Many(many);
    }

    /// Where a column stands among them.
    #[inline]
    pub(super) fn place(&self, column: usize) -> Option<usize> {
        self.iter().position(|known| known == column)
    }

    pub(super) fn to_vec(&self) -> Vec<u16> {
        self.iter().map(|position| position as u16).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn positions_are_kept_in_their_order_however_many() {
        let mut positions = Positions::of(&[]);
        for at in 0..40 {
            assert_eq!((positions.len(), positions.place(3 * at)), (at, None));
            positions.push(3 * at);
            assert_eq!(positions.place(3 * at), Some(at));
        }
        assert_eq!(positions.to_vec(), (0..40).map(|at| 3 * at).collect::<Vec<u16>>());
        let far = Positions::of(&[255, 256, 0]);
        assert_eq!(far.iter().collect::<Vec<_>>(), [255, 256, 0]);
        assert_ne!(Positions::of(&[0]), Positions::of(&[]));
        assert_ne!(Positions::of(&[1, 0]), Positions::of(&[0, 1]));
        assert_eq!(Positions::of(&[2, 9]), Positions::of(&[2, 9]));
    }
}
