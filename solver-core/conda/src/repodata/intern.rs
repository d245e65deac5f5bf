//! Strings to small numbers, each distinct string once.
//!
//! The strings are borrowed from the JSON text (or from the arena that holds the few with escapes), so interning
//! copies nothing. The table stores only ids; the strings' hashes are recomputed when it grows, which is cheaper
//! than the memory of keeping them.

use std::hash::{BuildHasher, Hash};

use hashbrown::HashTable;
use rustc_hash::FxBuildHasher;

/// A set of values with dense ids in order of first sight.
#[derive(Debug)]
pub(crate) struct Interner<T> {
    table: HashTable<u32>,
    values: Vec<T>,
}

impl<T> Default for Interner<T> {
    fn default() -> Self {
        Interner {
            table: HashTable::new(),
            values: Vec::new(),
        }
    }
}

impl<T: Hash + Eq + Copy> Interner<T> {
    /// The value's id, new or old.
    #[inline]
    pub fn intern(&mut self, value: T) -> u32 {
        let values = &mut self.values;
        let entry = self.table.entry(
            FxBuildHasher.hash_one(value),
            |&id| values.get(id as usize).is_some_and(|known| *known == value),
            |&id| {
                values
                    .get(id as usize)
                    .map_or(0, |known| FxBuildHasher.hash_one(known))
            },
        );
        match entry {
            hashbrown::hash_table::Entry::Occupied(found) => *found.get(),
            hashbrown::hash_table::Entry::Vacant(free) => {
                // More than 2^32 distinct strings would need more text than the size limit of a segment allows.
                let id = values.len() as u32;
                values.push(value);
                free.insert(id);
                id
            }
        }
    }

    /// All values, by id.
    pub fn values(&self) -> &[T] {
        &self.values
    }

    /// The values alone; the table is given back.
    pub fn into_values(self) -> Vec<T> {
        self.values
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_dense_and_stable() {
        let mut interner = Interner::default();
        let ids: Vec<u32> = ["a", "b", "a", "c", "b"]
            .into_iter()
            .map(|text| interner.intern(text))
            .collect();
        assert_eq!(ids, [0, 1, 0, 2, 1]);
        assert_eq!(interner.values(), ["a", "b", "c"]);
    }
}
