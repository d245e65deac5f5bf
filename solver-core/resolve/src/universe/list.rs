//! The records of a name in order, in few words.
//!
//! A segment holds the records of a name together and in our order. What several segments have of a name hardly
//! interleaves (a package that becomes noarch at some version, say), so the merged list is a few *stretches* of records
//! that follow one another in their segment too, and they are found by galloping: the cost follows the number of
//! stretches, not the length of the history.

use std::cmp::Ordering;
use std::ops::Range;

/// A record of a name, by its place in the index.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Place {
    pub segment: u32,
    pub record: u32,
}

/// Records of one segment.
pub(super) type Span = (u32, Range<u32>);

/// All records of a name, in order.
#[derive(Debug, Default)]
pub(super) struct List {
    stretches: Vec<Stretch>,
    len: u32,
}

/// Records `record ..` of a segment, at the positions `start ..` up to the next stretch.
#[derive(Debug, Clone, Copy)]
pub(super) struct Stretch {
    pub start: u32,
    pub segment: u32,
    record: u32,
}

impl List {
    /// Spans each of which is in order already. From the one with the best head, all that is better than every other
    /// head goes at once.
    pub(super) fn merged(spans: &[Span], order: impl Fn(&Place, &Place) -> Ordering) -> Self {
        let mut list = List::default();
        let head = |(segment, span): &Span| Place {
            segment: *segment,
            record: span.start,
        };
        let mut left: Vec<Span> = spans.to_vec();
        left.retain(|(_, span)| !span.is_empty());
        while left.len() > 1 {
            left.sort_by(|a, b| order(&head(a), &head(b)));
            let next = head(&left[1]);
            let (segment, span) = left[0].clone();
            let goes_first = |record: u32| {
                let at = Place { segment, record };
                order(&at, &next) == Ordering::Less
            };
            // The first one goes; how many more do?
            let (mut low, mut step) = (span.start, 1);
            while low + step < span.end && goes_first(low + step) {
                low += step;
                step *= 2;
            }
            let mut high = (low + step).min(span.end);
            while low + 1 < high {
                let middle = low + (high - low) / 2;
                if goes_first(middle) {
                    low = middle;
                } else {
                    high = middle;
                }
            }
            list.push(segment, span.start..low + 1);
            left[0].1.start = low + 1;
            left.retain(|(_, span)| !span.is_empty());
        }
        for (segment, span) in left {
            list.push(segment, span);
        }
        list
    }

    /// Spans in any order.
    pub(super) fn sorted(spans: &[Span], order: impl Fn(&Place, &Place) -> Ordering) -> Self {
        let mut places: Vec<Place> = spans
            .iter()
            .flat_map(|(segment, span)| {
                span.clone().map(|record| Place {
                    segment: *segment,
                    record,
                })
            })
            .collect();
        places.sort_by(order);
        let mut list = List::default();
        for at in places {
            list.push(at.segment, at.record..at.record + 1);
        }
        list
    }

    fn push(&mut self, segment: u32, records: Range<u32>) {
        let follows = self.stretches.last().is_some_and(|last| {
            last.segment == segment && last.record + (self.len - last.start) == records.start
        });
        if !follows {
            self.stretches.push(Stretch {
                start: self.len,
                segment,
                record: records.start,
            });
        }
        self.len += records.len() as u32;
    }

    /// Number of records.
    pub(super) fn len(&self) -> u32 {
        self.len
    }

    /// The stretches with the positions where they end.
    pub(super) fn stretches(&self) -> impl Iterator<Item = (Stretch, u32)> + '_ {
        let ends = self.stretches.iter().skip(1).map(|next| next.start);
        self.stretches
            .iter()
            .copied()
            .zip(ends.chain(std::iter::once(self.len)))
    }

    /// The record at a position.
    pub(super) fn place(&self, position: u32) -> Option<Place> {
        let at = match &self.stretches[..] {
            [one] => one,
            all => all.get(
                all.partition_point(|s| s.start <= position)
                    .checked_sub(1)?,
            )?,
        };
        (position < self.len).then(|| Place {
            segment: at.segment,
            record: at.record + (position - at.start),
        })
    }

    /// The position of a record.
    pub(super) fn position(&self, at: Place) -> Option<u32> {
        self.stretches()
            .find(|(stretch, end)| {
                let records = stretch.record..stretch.record + (end - stretch.start);
                stretch.segment == at.segment && records.contains(&at.record)
            })
            .map(|(stretch, _)| stretch.start + (at.record - stretch.record))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::Id;

    /// Segments of keys that descend; equal keys of two segments are distinguished by the segment.
    #[test]
    fn merging_is_sorting() {
        let mut seed = 7u64;
        let mut random = |below: u64| {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            (seed >> 33) % below
        };
        for round in 0..300 {
            let mut keys: Vec<Vec<u64>> = Vec::new();
            for _ in 0..1 + random(4) {
                let (spread, count) = (1 + random(40), random(30));
                let mut of_one: Vec<u64> = (0..count).map(|_| random(spread)).collect();
                of_one.sort_unstable_by(|a, b| b.cmp(a));
                keys.push(of_one);
            }
            let key = |at: &Place| keys[at.segment.place()][at.record.place()];
            let order = |a: &Place, b: &Place| {
                (key(b), a.segment, a.record).cmp(&(key(a), b.segment, b.record))
            };
            let spans: Vec<Span> = keys
                .iter()
                .enumerate()
                .map(|(segment, keys)| (segment as u32, 0..keys.len() as u32))
                .collect();
            let (merged, sorted) = (List::merged(&spans, order), List::sorted(&spans, order));
            assert_eq!(merged.len(), sorted.len());
            for position in 0..merged.len() {
                let place = merged.place(position);
                assert_eq!(place, sorted.place(position), "round {round}");
                assert_eq!(place.and_then(|at| merged.position(at)), Some(position));
            }
            assert_eq!(merged.place(merged.len()), None);
            assert_eq!(merged.stretches().count(), sorted.stretches().count());
        }
    }
}
