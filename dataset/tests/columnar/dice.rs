//! Chance that a seed decides.

/// A small generator of numbers that depend on the seed alone.
pub struct Dice(pub u64);

impl Dice {
    pub fn roll(&mut self, sides: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((mixed ^ (mixed >> 31)) % sides as u64).expect("small")
    }

    pub fn small(&mut self, sides: u8) -> u8 {
        u8::try_from(self.roll(usize::from(sides))).expect("small")
    }

    pub fn one_of<T: Clone>(&mut self, of: &[T]) -> T {
        of[self.roll(of.len())].clone()
    }

    pub fn chance(&mut self, of_ten: usize) -> bool {
        self.roll(10) < of_ten
    }
}
