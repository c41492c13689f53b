//! Truths of many rows as bits, and numbers of many rows as a slice: what the
//! kernel works on, 64 rows at a time.

/// Rows that are evaluated at once: small enough that all columns of a
/// measure stay in the processor's cache.
pub(super) const BATCH: usize = 2048;

/// Words of bits in a batch.
pub(super) const WORDS: usize = BATCH / 64;

/// One bit a row.
pub(super) type Bits = [u64; WORDS];

/// Three-valued truths of a batch; a row in neither set is missing.
#[derive(Clone)]
pub(super) struct Truths {
    pub(super) yes: Bits,
    pub(super) no: Bits,
}

impl Truths {
    /// Every row missing.
    pub(super) const MISSING: Self = Self { yes: [0; WORDS], no: [0; WORDS] };

    /// The rows where `word` yields a set bit in its first and second result.
    pub(super) fn each_word(mut word: impl FnMut(usize) -> (u64, u64)) -> Self {
        let mut truths = Self::MISSING;
        for position in 0..WORDS {
            (truths.yes[position], truths.no[position]) = word(position);
        }
        truths
    }

    /// Compares row by row.
    pub(super) fn of_numbers(
        &mut self,
        a: &[f64],
        b: &[f64],
        test: impl Fn(f64, f64) -> (bool, bool),
    ) {
        for (position, (a, b)) in a.chunks(64).zip(b.chunks(64)).enumerate() {
            let (mut yes, mut no) = ([0_u8; 64], [0_u8; 64]);
            for (((yes, no), a), b) in yes.iter_mut().zip(&mut no).zip(a).zip(b) {
                let (is_yes, is_no) = test(*a, *b);
                *yes = u8::from(is_yes);
                *no = u8::from(is_no);
            }
            self.yes[position] = gather(&yes);
            self.no[position] = gather(&no);
        }
    }

    /// Looks at each row's byte.
    pub(super) fn of_bytes(&mut self, bytes: &[u8], test: impl Fn(u8) -> (bool, bool)) {
        for (position, bytes) in bytes.chunks(64).enumerate() {
            let (mut yes, mut no) = ([0_u8; 64], [0_u8; 64]);
            for ((yes, no), byte) in yes.iter_mut().zip(&mut no).zip(bytes) {
                let (is_yes, is_no) = test(*byte);
                *yes = u8::from(is_yes);
                *no = u8::from(is_no);
            }
            self.yes[position] = gather(&yes);
            self.no[position] = gather(&no);
        }
    }
}

/// The rows whose byte passes, as bits.
pub(super) fn bits_of(bytes: &[u8], test: impl Fn(u8) -> bool) -> Bits {
    let mut bits = [0; WORDS];
    for (word, bytes) in bits.iter_mut().zip(bytes.chunks(64)) {
        let mut lanes = [0_u8; 64];
        for (lane, byte) in lanes.iter_mut().zip(bytes) {
            *lane = u8::from(test(*byte));
        }
        *word = gather(&lanes);
    }
    bits
}

/// 64 bytes of 0 or 1 as 64 bits: the product moves the lowest bit of each of
/// eight bytes into the top byte, no two into the same place.
fn gather(lanes: &[u8; 64]) -> u64 {
    let (eights, _) = lanes.as_chunks::<8>();
    eights.iter().enumerate().fold(0, |word, (position, eight)| {
        let moved = u64::from_le_bytes(*eight).wrapping_mul(0x0102_0408_1020_4080) >> 56;
        word | moved << (8 * position)
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn every_row_keeps_its_bit(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let bits = bits_of(&bytes, |byte| byte > 99);
            for (row, byte) in bytes.iter().enumerate() {
                prop_assert_eq!(bits[row / 64] >> (row % 64) & 1 == 1, *byte > 99);
            }
            prop_assert_eq!(
                bits.iter().map(|word| word.count_ones() as usize).sum::<usize>(),
                bytes.iter().filter(|byte| **byte > 99).count()
            );
        }
    }
}
