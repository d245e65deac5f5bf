//! Ids of names, specs and extras: each a type of its own, and tables that only take theirs.

use std::marker::PhantomData;
use std::ops::{Index, IndexMut};

/// What a table is indexed by.
pub(crate) trait Id: Copy {
    /// The place in a table.
    fn place(self) -> usize;

    /// The id of a place. There are never as many as an id cannot hold: each takes more memory than four bytes.
    fn of(place: usize) -> Self;
}

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident;)*) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[repr(transparent)]
        pub(crate) struct $name(u32);

        impl Id for $name {
            #[inline]
            fn place(self) -> usize {
                self.0 as usize
            }
            #[inline]
            fn of(place: usize) -> Self {
                $name(place as u32)
            }
        }
    )*};
}

ids! {
    /// A package name of the universe.
    NameId;
    /// A distinct spec of the universe.
    SpecIdx;
    /// A package name with the name of a group (CEP 44).
    ExtraId;
}

impl NameId {
    /// Stands for no name where a table has one for each variable.
    pub(crate) const NONE: NameId = NameId(u32::MAX);
}

/// A position in the list of a name's records, best first; and of segments in the index.
impl Id for u32 {
    #[inline]
    fn place(self) -> usize {
        self as usize
    }
    #[inline]
    fn of(place: usize) -> Self {
        place as u32
    }
}

/// A table with an entry for each id up to the last.
#[derive(Debug, Clone)]
pub(crate) struct Table<I, T> {
    entries: Vec<T>,
    ids: PhantomData<fn(I)>,
}

impl<I, T> Default for Table<I, T> {
    fn default() -> Self {
        Table::new()
    }
}

impl<I, T> From<Vec<T>> for Table<I, T> {
    fn from(entries: Vec<T>) -> Self {
        Table {
            entries,
            ids: PhantomData,
        }
    }
}

impl<I, T> FromIterator<T> for Table<I, T> {
    fn from_iter<E: IntoIterator<Item = T>>(entries: E) -> Self {
        entries.into_iter().collect::<Vec<T>>().into()
    }
}

impl<I, T> Table<I, T> {
    /// A table without entries.
    pub(crate) const fn new() -> Self {
        Table {
            entries: Vec::new(),
            ids: PhantomData,
        }
    }
}

impl<I: Id, T> Table<I, T> {
    /// Number of entries.
    #[inline]
    pub(crate) fn len(&self) -> usize {
        self.entries.len()
    }

    /// Adds an entry; its id.
    #[inline]
    pub(crate) fn push(&mut self, entry: T) -> I {
        let id = self.next_id();
        self.entries.push(entry);
        id
    }

    /// The id that the next entry gets.
    #[inline]
    pub(crate) fn next_id(&self) -> I {
        I::of(self.entries.len())
    }

    /// The entry of an id, if there is one.
    #[inline]
    pub(crate) fn get(&self, id: I) -> Option<&T> {
        self.entries.get(id.place())
    }

    /// The entry of an id; entries up to it are made.
    #[inline]
    pub(crate) fn grown(&mut self, id: I, entry: impl FnMut() -> T) -> &mut T {
        let at = id.place();
        if at >= self.entries.len() {
            self.entries.resize_with(at + 1, entry);
        }
        &mut self.entries[at]
    }

    /// Makes entries up to this number.
    #[inline]
    pub(crate) fn grow_to(&mut self, len: usize, entry: impl FnMut() -> T) {
        if self.entries.len() < len {
            self.entries.resize_with(len, entry);
        }
    }

    /// All ids.
    pub(crate) fn ids(&self) -> impl DoubleEndedIterator<Item = I> + 'static
    where
        I: 'static,
    {
        (0..self.entries.len()).map(I::of)
    }

    /// All entries with their ids.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (I, &T)> {
        self.entries
            .iter()
            .enumerate()
            .map(|(at, entry)| (I::of(at), entry))
    }

    /// All entries in the order of their ids.
    pub(crate) fn entries(&self) -> &[T] {
        &self.entries
    }

    /// All entries in the order of their ids.
    pub(crate) fn entries_mut(&mut self) -> &mut [T] {
        &mut self.entries
    }
}

impl<I: Id, T> Index<I> for Table<I, T> {
    type Output = T;

    #[inline]
    fn index(&self, id: I) -> &T {
        &self.entries[id.place()]
    }
}

impl<I: Id, T> IndexMut<I> for Table<I, T> {
    #[inline]
    fn index_mut(&mut self, id: I) -> &mut T {
        &mut self.entries[id.place()]
    }
}
