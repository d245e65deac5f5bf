//! Strings and lists of numbers to small numbers, each distinct one once.
//!
//! The contents lie end to end in one allocation, so a table owns what it knows and the text it was read from can
//! go. A slot of the hash table keeps 32 bits of the hash beside the id: that tells nearly all different values
//! apart without a look at them, and the table grows without hashing anything again.

use std::hash::{BuildHasher, Hash};
use std::ops::Range;

use hashbrown::HashTable;
use rustc_hash::FxBuildHasher;

use super::cursor::is_same;

/// Ids by hash.
#[derive(Debug, Default)]
struct Table(HashTable<Slot>);

#[derive(Debug, Clone, Copy)]
struct Slot {
    hash: u32,
    id: u32,
}

impl Slot {
    /// The bits the table works with: it wants high ones and low ones.
    #[inline]
    fn spread(hash: u32) -> u64 {
        u64::from(hash).wrapping_mul(0x9E37_79B9_7F4A_7C15)
    }
}

impl Table {
    #[inline]
    fn hash(value: impl Hash) -> u32 {
        let hash = FxBuildHasher.hash_one(value);
        (hash >> 32) as u32 ^ hash as u32
    }

    /// The id of the value of this hash that is the same.
    #[inline]
    fn find(&self, hash: u32, is_same: impl Fn(u32) -> bool) -> Option<u32> {
        let found = self.0.find(Slot::spread(hash), |slot| {
            slot.hash == hash && is_same(slot.id)
        });
        found.map(|slot| slot.id)
    }

    /// The id of a value, which is `next` when none with this hash is the same; and whether it was new.
    #[inline]
    fn id(&mut self, value: impl Hash, next: usize, is_same: impl Fn(u32) -> bool) -> (u32, bool) {
        let hash = Table::hash(value);
        // Nearly always it is there.
        if let Some(found) = self.find(hash, is_same) {
            return (found, false);
        }
        // More than 2^32 distinct values would need more text than the size limit of a segment allows.
        let id = next as u32;
        let slot = Slot { hash, id };
        self.0
            .insert_unique(Slot::spread(hash), slot, |slot| Slot::spread(slot.hash));
        (id, true)
    }
}

/// A set of strings with dense ids in order of first sight.
#[derive(Debug)]
pub(crate) struct Texts {
    table: Table,
    text: String,
    /// Start of each string, and the end of the last.
    bounds: Vec<u32>,
}

impl Default for Texts {
    fn default() -> Self {
        Texts {
            table: Table::default(),
            text: String::new(),
            bounds: vec![0],
        }
    }
}

#[inline]
fn text_of<'a>(text: &'a str, bounds: &[u32], id: u32) -> &'a [u8] {
    let id = id as usize;
    &text.as_bytes()[bounds[id] as usize..bounds[id + 1] as usize]
}

impl Texts {
    /// The string's id, new or old.
    #[inline]
    pub(crate) fn intern(&mut self, value: &str) -> u32 {
        let (text, bounds) = (&self.text, &self.bounds);
        let is_it = |id| is_same(text_of(text, bounds, id), value.as_bytes());
        let (id, new) = self.table.id(value, bounds.len() - 1, is_it);
        if new {
            self.text.push_str(value);
            self.bounds.push(self.text.len() as u32);
        }
        id
    }

    /// The string's id, if it was interned.
    pub(crate) fn find(&self, value: &str) -> Option<u32> {
        let is_it = |id| is_same(text_of(&self.text, &self.bounds, id), value.as_bytes());
        self.table.find(Table::hash(value), is_it)
    }

    /// The string of an id.
    #[inline]
    pub(crate) fn get(&self, id: u32) -> &str {
        let id = id as usize;
        &self.text[self.bounds[id] as usize..self.bounds[id + 1] as usize]
    }

    /// Number of strings.
    pub(crate) fn len(&self) -> usize {
        self.bounds.len() - 1
    }

    /// The strings of some ids.
    pub(crate) fn range(
        &self,
        ids: Range<usize>,
    ) -> impl ExactSizeIterator<Item = &str> + DoubleEndedIterator {
        ids.map(|id| self.get(id as u32))
    }

    /// All strings, by id.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &str> {
        (0..self.len() as u32).map(|id| self.get(id))
    }

    /// Takes in the strings of another table; the new id of each of its ids.
    pub(crate) fn absorb(&mut self, other: &Texts) -> Vec<u32> {
        other.iter().map(|text| self.intern(text)).collect()
    }
}

/// A set of lists of numbers with dense ids in order of first sight; list 0 is the empty one.
#[derive(Debug)]
pub(crate) struct Lists {
    table: Table,
    items: Vec<u32>,
    /// Start of each list, and the end of the last.
    bounds: Vec<u32>,
}

impl Default for Lists {
    fn default() -> Self {
        let mut lists = Lists {
            table: Table::default(),
            items: Vec::new(),
            bounds: vec![0],
        };
        lists.intern(&[]);
        lists
    }
}

impl Lists {
    /// The list's id, new or old.
    #[inline]
    pub(crate) fn intern(&mut self, list: &[u32]) -> u32 {
        let (items, bounds) = (&self.items, &self.bounds);
        let is_same = |id: u32| {
            let id = id as usize;
            items[bounds[id] as usize..bounds[id + 1] as usize] == *list
        };
        let (id, new) = self.table.id(list, bounds.len() - 1, is_same);
        if new {
            self.items.extend_from_slice(list);
            self.bounds.push(self.items.len() as u32);
        }
        id
    }

    /// The list of an id.
    #[inline]
    pub(crate) fn get(&self, id: u32) -> &[u32] {
        let id = id as usize;
        &self.items[self.bounds[id] as usize..self.bounds[id + 1] as usize]
    }

    /// Number of lists.
    pub(crate) fn len(&self) -> usize {
        self.bounds.len() - 1
    }

    /// Start of each list in [`Self::items`], and the end of the last.
    pub(crate) fn bounds(&self) -> &[u32] {
        &self.bounds
    }

    /// The numbers of all lists, end to end.
    pub(crate) fn items(&self) -> &[u32] {
        &self.items
    }

    /// Takes in the lists of another table, each rewritten by `renew`; the new id of each of its ids.
    pub(crate) fn absorb(
        &mut self,
        other: &Lists,
        mut renew: impl FnMut(&[u32], &mut Vec<u32>),
    ) -> Vec<u32> {
        let mut list = Vec::new();
        let ids = 0..other.len() as u32;
        ids.map(|id| {
            list.clear();
            renew(other.get(id), &mut list);
            self.intern(&list)
        })
        .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_dense_and_stable() {
        let mut texts = Texts::default();
        let ids: Vec<u32> = ["a", "b", "a", "", "b", "ab"]
            .into_iter()
            .map(|text| texts.intern(text))
            .collect();
        assert_eq!(ids, [0, 1, 0, 2, 1, 3]);
        assert_eq!(texts.iter().collect::<Vec<_>>(), ["a", "b", "", "ab"]);
    }

    #[test]
    fn tables_take_in_others() {
        let (mut one, mut two) = (Texts::default(), Texts::default());
        one.intern("a");
        two.intern("b");
        two.intern("a");
        assert_eq!(one.absorb(&two), [1, 0]);
        let (mut first, mut second) = (Lists::default(), Lists::default());
        first.intern(&[5, 6]);
        second.intern(&[1]);
        second.intern(&[0, 1]);
        let shift = |list: &[u32], out: &mut Vec<u32>| out.extend(list.iter().map(|item| item + 5));
        assert_eq!(first.absorb(&second, shift), [0, 2, 1]);
        assert_eq!(first.get(2), [6]);
    }
}
