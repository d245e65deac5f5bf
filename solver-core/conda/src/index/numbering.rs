//! New numbers for lists, specs and texts: by first use in the sequence of sorted records.
//!
//! The numbers that reading gave depend on the order of the file and on which worker read what. These do not.

use super::layout::Section;
use super::writer::Writer;
use crate::repodata::columns::{renumber_row, Columns, NONE};
use crate::repodata::row::{rare_fields, rare_tag};
use crate::repodata::{Lists, Texts};

/// The strings of a segment: string 0 is empty.
#[derive(Default)]
pub(super) struct Strings {
    bytes: Vec<u8>,
    ends: Vec<u32>,
}

impl Strings {
    pub(super) fn new() -> Strings {
        Strings {
            bytes: Vec::new(),
            ends: vec![0, 0],
        }
    }

    /// Adds a string; the empty one is there already. Strings are not compared: the caller adds each once.
    pub(super) fn add(&mut self, text: &str) -> u32 {
        if text.is_empty() {
            return 0;
        }
        self.bytes.extend_from_slice(text.as_bytes());
        self.ends.push(self.bytes.len() as u32);
        self.ends.len() as u32 - 2
    }

    pub(super) fn write(&self, writer: &mut Writer) {
        writer.slice(Section::StringOffsets, &self.ends);
        writer.slice(Section::StringBytes, &self.bytes);
    }
}

/// String ids of a table of texts, given at first use.
pub(super) struct StringIds<'a> {
    texts: &'a Texts,
    ids: Vec<u32>,
}

impl<'a> StringIds<'a> {
    pub(super) fn new(texts: &'a Texts) -> StringIds<'a> {
        StringIds {
            texts,
            ids: vec![NONE; texts.len()],
        }
    }

    /// The string id of a text; 0 for [`NONE`].
    #[inline]
    pub(super) fn get(&mut self, text: u32, strings: &mut Strings) -> u32 {
        if text == NONE {
            return 0;
        }
        let id = &mut self.ids[text as usize];
        if *id == NONE {
            *id = strings.add(self.texts.get(text));
        }
        *id
    }
}

/// The lists of specs, and the specs in them.
pub(super) struct SpecLists<'a> {
    raw: &'a Lists,
    /// New ids of raw lists, or [`NONE`].
    of: Vec<u32>,
    /// New ids of raw specs, or [`NONE`].
    specs: Vec<u32>,
    /// The raw id of each spec.
    pub order: Vec<u32>,
    items: Vec<u32>,
    ends: Vec<u32>,
}

impl<'a> SpecLists<'a> {
    pub(super) fn new(raw: &'a Columns) -> SpecLists<'a> {
        let mut of = vec![NONE; raw.lists.len()];
        // List 0 is the empty one, here and there.
        of[0] = 0;
        SpecLists {
            raw: &raw.lists,
            of,
            specs: vec![NONE; raw.specs.len()],
            order: Vec::with_capacity(raw.specs.len()),
            items: Vec::with_capacity(raw.lists.items().len()),
            ends: vec![0, 0],
        }
    }

    /// The new id of a spec.
    #[inline]
    pub(super) fn spec(&mut self, raw: u32) -> u32 {
        spec_id(&mut self.specs, &mut self.order, raw)
    }

    /// The new id of a list.
    #[inline]
    pub(super) fn list(&mut self, raw: u32) -> u32 {
        let known = self.of[raw as usize];
        if known != NONE {
            return known;
        }
        let id = self.len() as u32;
        self.of[raw as usize] = id;
        let (specs, order) = (&mut self.specs, &mut self.order);
        let renewed = self.raw.get(raw).iter();
        self.items
            .extend(renewed.map(|&spec| spec_id(specs, order, spec)));
        self.ends.push(self.items.len() as u32);
        id
    }

    /// Number of lists.
    pub(super) fn len(&self) -> usize {
        self.ends.len() - 1
    }

    /// For each list, whether one of its specs is marked.
    pub(super) fn any(&self, marked: &[bool]) -> Vec<bool> {
        if !marked.contains(&true) {
            return vec![false; self.len()];
        }
        (0..self.len() as u32)
            .map(|list| self.find_in(list, marked).is_some())
            .collect()
    }

    /// The first marked spec of a list.
    pub(super) fn find_in(&self, list: u32, marked: &[bool]) -> Option<usize> {
        let list = list as usize;
        let items = &self.items[self.ends[list] as usize..self.ends[list + 1] as usize];
        let found = items.iter().find(|&&spec| marked[spec as usize]);
        found.map(|&spec| spec as usize)
    }

    pub(super) fn write(&self, writer: &mut Writer) {
        writer.slice(Section::ListOffsets, &self.ends);
        writer.slice(Section::ListItems, &self.items);
    }
}

#[inline]
fn spec_id(specs: &mut [u32], order: &mut Vec<u32>, raw: u32) -> u32 {
    let id = &mut specs[raw as usize];
    if *id == NONE {
        *id = order.len() as u32;
        order.push(raw);
    }
    *id
}

/// The rows of rare fields.
pub(super) struct RareRows<'a> {
    raw: &'a Columns,
    /// New ids of raw rows, or [`NONE`].
    of: Vec<u32>,
    rows: Lists,
    texts: StringIds<'a>,
    room: [Vec<u32>; 2],
}

impl<'a> RareRows<'a> {
    pub(super) fn new(raw: &'a Columns) -> RareRows<'a> {
        let mut of = vec![NONE; raw.rows.len()];
        of[0] = 0;
        RareRows {
            raw,
            of,
            rows: Lists::default(),
            texts: StringIds::new(&raw.texts),
            room: Default::default(),
        }
    }

    /// The new id of a row.
    #[inline]
    pub(super) fn row(
        &mut self,
        raw: u32,
        lists: &mut SpecLists<'_>,
        strings: &mut Strings,
    ) -> u32 {
        match self.of[raw as usize] {
            NONE => self.add(raw, lists, strings),
            known => known,
        }
    }

    #[cold]
    fn add(&mut self, raw: u32, lists: &mut SpecLists<'_>, strings: &mut Strings) -> u32 {
        let [kept, row] = &mut self.room;
        kept.clear();
        row.clear();
        for (tag, items) in rare_fields(self.raw.rows.get(raw)) {
            // The folder's counts.
            if tag != rare_tag::SUBDIR {
                kept.extend([tag, items.len() as u32]);
                kept.extend(items);
            }
        }
        let texts = &mut self.texts;
        let text = |id| texts.get(id, strings);
        renumber_row(kept, row, text, |spec| lists.spec(spec));
        let id = self.rows.intern(row);
        self.of[raw as usize] = id;
        id
    }

    /// The string id of a raw text.
    pub(super) fn text(&mut self, raw: u32, strings: &mut Strings) -> u32 {
        self.texts.get(raw, strings)
    }

    pub(super) fn write(&self, writer: &mut Writer) {
        writer.slice(Section::RareOffsets, self.rows.bounds());
        writer.slice(Section::RareItems, self.rows.items());
    }
}
