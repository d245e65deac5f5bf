//! Compiling the distinct specs with two threads, one of which may come later.
//!
//! One begins with the first spec, the other with the last, and they take shares until they meet. So neither waits,
//! whenever the second one is free, and what each has made stays where it is.

use std::ops::Range;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::specs::{CompiledSpec, SpecTable};
use crate::repodata::Texts;

/// Distinct specs, and how many of them are taken.
pub(super) struct SpecCompiler<'a> {
    texts: &'a Texts,
    /// Shares of [`SHARE`] specs that were taken, from either end.
    taken: AtomicUsize,
}

const SHARE: usize = 256;

impl<'a> SpecCompiler<'a> {
    pub(super) fn new(texts: &'a Texts) -> SpecCompiler<'a> {
        SpecCompiler {
            texts,
            taken: AtomicUsize::new(0),
        }
    }

    /// The specs of each share that its taker gets; `from` says which share that is.
    fn shares<'s>(
        &'s self,
        from: impl Fn(usize) -> usize + 's,
    ) -> impl Iterator<Item = Range<usize>> + 's {
        let length = self.texts.len();
        let left =
            move |_: &usize| self.taken.fetch_add(1, Ordering::Relaxed) < length.div_ceil(SHARE);
        let range = move |share| from(share) * SHARE..length.min((from(share) + 1) * SHARE);
        (0..).take_while(left).map(range)
    }

    /// Compiles specs in their order.
    pub(super) fn forwards(&self) -> SpecTable<'a> {
        let mut table = SpecTable::new();
        for share in self.shares(|share| share) {
            table.extend(self.texts.range(share));
        }
        table
    }

    /// Compiles specs in the opposite order.
    pub(super) fn backwards(&self) -> SpecTable<'a> {
        let mut table = SpecTable::new();
        let last = self.texts.len().div_ceil(SHARE).saturating_sub(1);
        for share in self.shares(|share| last - share) {
            table.extend(self.texts.range(share).rev());
        }
        table
    }
}

/// All specs, by id: those from the front and those from the back.
pub(super) struct CompiledSpecs<'a> {
    front: SpecTable<'a>,
    back: SpecTable<'a>,
}

impl<'a> CompiledSpecs<'a> {
    pub(super) fn new(front: SpecTable<'a>, back: SpecTable<'a>) -> CompiledSpecs<'a> {
        CompiledSpecs { front, back }
    }

    /// A spec.
    #[inline]
    pub(super) fn get(&self, id: u32) -> &CompiledSpec<'a> {
        let id = id as usize;
        let (front, back) = (&self.front.specs, &self.back.specs);
        front
            .get(id)
            .unwrap_or_else(|| &back[front.len() + back.len() - 1 - id])
    }

    /// The number of a spec's version program among those of both; 0 for any version.
    #[inline]
    pub(super) fn program_of(&self, id: u32) -> usize {
        let program = self.get(id).program as usize;
        if program == 0 || (id as usize) < self.front.specs.len() {
            program
        } else {
            self.front.programs.len() + program
        }
    }

    /// Programs of both.
    pub(super) fn program_count(&self) -> usize {
        self.front.programs.len() + self.back.programs.len()
    }

    /// A program by its number.
    pub(super) fn program(&self, number: usize) -> &[u8] {
        let programs = &self.front.programs;
        programs
            .get(number)
            .unwrap_or_else(|| &self.back.programs[number - programs.len()])
    }
}
