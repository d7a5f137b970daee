//! PostgreSQL's binary `numeric`: groups of four decimal digits, a weight, a sign and a display scale.

use rust_decimal::Decimal;

const NEGATIVE: u16 = 0x4000;
const NAN: u16 = 0xC000;
const INFINITY: u16 = 0xD000;
const NEGATIVE_INFINITY: u16 = 0xF000;

/// The parts of a binary numeric.
pub(crate) struct Numeric<'a> {
    weight: i16,
    sign: u16,
    scale: u16,
    digits: &'a [u8],
}

impl<'a> Numeric<'a> {
    pub(crate) fn read(bytes: &'a [u8]) -> Option<Self> {
        let short = |at: usize| Some(u16::from_be_bytes([*bytes.get(at)?, *bytes.get(at + 1)?]));
        let count = usize::from(short(0)?);
        let digits = bytes.get(8..)?;
        (digits.len() == count * 2).then_some(())?;
        Some(Numeric { weight: short(2)? as i16, sign: short(4)?, scale: short(6)?, digits })
    }

    /// The group of four digits at a position.
    fn group(&self, index: usize) -> u16 {
        let at = index * 2;
        self.digits.get(at..at + 2).map_or(0, |pair| u16::from_be_bytes([pair[0], pair[1]]))
    }

    /// The value, if 96 bits and 28 places hold it exactly.
    pub(crate) fn decimal(&self) -> Option<Decimal> {
        if self.sign & 0x8000 != 0 || self.scale > 28 || self.weight > 8 {
            return None;
        }
        let scale = i32::from(self.scale);
        let mut mantissa: i128 = 0;
        // Groups before the point, then as many after it as the scale needs.
        let fraction_groups = (scale + 3) / 4;
        for position in (-fraction_groups..=i32::from(self.weight).max(-1)).rev() {
            let index = i32::from(self.weight) - position;
            let group = if index < 0 { 0 } else { self.group(index as usize) };
            mantissa = mantissa.checked_mul(10_000)?.checked_add(i128::from(group))?;
        }
        let surplus = fraction_groups * 4 - scale;
        mantissa /= 10_i128.pow(surplus as u32);
        let mantissa = if self.sign == NEGATIVE { -mantissa } else { mantissa };
        Decimal::try_from_i128_with_scale(mantissa, u32::from(self.scale)).ok()
    }

    /// The value as the server writes it.
    pub(crate) fn text(&self) -> String {
        match self.sign {
            NAN => return "NaN".into(),
            INFINITY => return "Infinity".into(),
            NEGATIVE_INFINITY => return "-Infinity".into(),
            _ => {}
        }
        let weight = i32::from(self.weight);
        let mut out = String::new();
        if self.sign == NEGATIVE {
            out.push('-');
        }
        if weight < 0 {
            out.push('0');
        }
        for index in 0..=weight {
            let group = self.group(index as usize);
            out.push_str(&if index == 0 { group.to_string() } else { format!("{group:04}") });
        }
        if self.scale > 0 {
            out.push('.');
            let mut fraction = String::new();
            let mut position = -1;
            while fraction.len() < usize::from(self.scale) {
                let index = weight - position;
                let group = if index < 0 { 0 } else { self.group(index as usize) };
                fraction.push_str(&format!("{group:04}"));
                position -= 1;
            }
            out.push_str(&fraction[..usize::from(self.scale)]);
        }
        out
    }
}

/// Writes a decimal in the binary form, keeping its scale.
pub(crate) fn write(value: Decimal, out: &mut Vec<u8>) {
    let scale = value.scale();
    let mut mantissa = value.mantissa().unsigned_abs();
    // Align the fraction to whole groups.
    let surplus = (4 - scale % 4) % 4;
    let mut groups = Vec::new();
    if surplus > 0 {
        // The lowest group holds only the remaining digits of the fraction.
        let low = 10_u128.pow(4 - surplus);
        groups.push((mantissa % low) as u16 * 10_u16.pow(surplus));
        mantissa /= low;
    }
    while mantissa > 0 {
        groups.push((mantissa % 10_000) as u16);
        mantissa /= 10_000;
    }
    let fraction_groups = scale.div_ceil(4) as usize;
    while groups.len() < fraction_groups {
        groups.push(0);
    }
    let weight = groups.len() as i32 - fraction_groups as i32 - 1;
    groups.reverse();
    let sign = if value.is_sign_negative() && !value.is_zero() { NEGATIVE } else { 0 };
    for part in [groups.len() as u16, weight as i16 as u16, sign, scale as u16] {
        out.extend_from_slice(&part.to_be_bytes());
    }
    for group in groups {
        out.extend_from_slice(&group.to_be_bytes());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn decimals_read_back(mantissa in -79_228_162_514_264_337_593_543_950_335_i128..79_228_162_514_264_337_593_543_950_335, scale in 0_u32..=28) {
            let value = Decimal::from_i128_with_scale(mantissa, scale);
            let mut bytes = Vec::new();
            write(value, &mut bytes);
            let numeric = Numeric::read(&bytes).unwrap();
            prop_assert_eq!(numeric.text(), value.to_string());
            prop_assert_eq!(numeric.decimal().unwrap().to_string(), value.to_string());
        }
    }

    #[test]
    fn what_no_decimal_holds_is_text() {
        let nan = Numeric::read(&[0, 0, 0, 0, 0xC0, 0, 0, 0]).unwrap();
        assert_eq!((nan.decimal(), nan.text().as_str()), (None, "NaN"));
        assert!(Numeric::read(&[0, 1, 0, 0, 0, 0, 0, 0]).is_none());
    }
}
