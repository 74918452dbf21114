//! The optional fields of one process: [`Details`].

use std::iter;
use std::sync::Arc;

use super::detail::Detail;

/// The optional fields of one process, as far as they are collected.
///
/// A field that is not collected takes no memory. Copies share their memory.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct Details(Option<Arc<Block>>);

/// The values of the known fields.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
struct Block {
    /// Bits of the fields that are collected.
    collected: u32,
    /// Bits of those that are known.
    known: u32,
    /// The known values, in order of bits.
    cells: Vec<Cell>,
}

/// A value, in the form in which it needs the least memory.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Cell {
    /// A number as in `stat`: negative ones in two's complement.
    Number(u64),
    Text(Arc<str>),
}

impl Block {
    fn index(&self, bit: u32) -> usize {
        (self.known & (bit - 1)).count_ones() as usize
    }

    fn cell(&self, detail: Detail) -> Option<&Cell> {
        let bit = detail.bit();
        (self.known & bit != 0).then(|| &self.cells[self.index(bit)])
    }

    fn put(&mut self, detail: Detail, cell: Option<Cell>) {
        let bit = detail.bit();
        let (at, is_known) = (self.index(bit), self.known & bit != 0);
        self.collected |= bit;
        match cell {
            Some(cell) if is_known => self.cells[at] = cell,
            Some(cell) => {
                self.cells.insert(at, cell);
                self.known |= bit;
            }
            None if is_known => {
                self.cells.remove(at);
                self.known &= !bit;
            }
            None => {}
        }
    }
}

impl Details {
    /// Creates details of which none is known yet.
    pub(super) fn collected(details: impl Iterator<Item = Detail>) -> Self {
        let collected = details.fold(0, |bits, detail| bits | detail.bit());
        Self((collected != 0).then(|| {
            Arc::new(Block {
                collected,
                ..Block::default()
            })
        }))
    }

    /// Returns whether the field is collected: its value may still be unknown.
    pub fn has(&self, detail: Detail) -> bool {
        let block = self.0.as_ref();
        block.is_some_and(|block| block.collected & detail.bit() != 0)
    }

    fn block(&mut self) -> &mut Block {
        Arc::make_mut(self.0.get_or_insert_default())
    }

    /// Returns the number of a field as it is stored: negative ones in two's complement.
    pub(crate) fn number(&self, detail: Detail) -> Option<u64> {
        match self.0.as_ref()?.cell(detail)? {
            Cell::Number(number) => Some(*number),
            Cell::Text(_) => None,
        }
    }

    /// Returns the text of a field.
    pub(crate) fn text(&self, detail: Detail) -> Option<&Arc<str>> {
        match self.0.as_ref()?.cell(detail)? {
            Cell::Text(text) => Some(text),
            Cell::Number(_) => None,
        }
    }

    /// Returns all texts.
    pub(crate) fn texts(&self) -> impl Iterator<Item = &Arc<str>> {
        let cells = self.0.iter().flat_map(|block| &block.cells);
        cells.filter_map(|cell| match cell {
            Cell::Text(text) => Some(text),
            Cell::Number(_) => None,
        })
    }

    pub(crate) fn set_number(&mut self, detail: Detail, number: u64) {
        self.block().put(detail, Some(Cell::Number(number)));
    }

    pub(crate) fn set_text(&mut self, detail: Detail, text: Arc<str>) {
        self.block().put(detail, Some(Cell::Text(text)));
    }

    pub(crate) fn set_unknown(&mut self, detail: Detail) {
        self.block().put(detail, None);
    }

    /// Frees memory that is reserved for more values.
    pub(crate) fn shrink(&mut self) {
        if let Some(block) = self.0.as_mut().and_then(Arc::get_mut) {
            block.cells.shrink_to_fit();
        }
    }

    /// Returns whether both share their memory, so that nothing differs.
    pub(crate) fn is_shared_with(&self, other: &Self) -> bool {
        match (&self.0, &other.0) {
            (None, None) => true,
            (Some(one), Some(other)) => Arc::ptr_eq(one, other),
            _ => false,
        }
    }

    /// Returns the fields with another value than in an older state.
    pub(super) fn differing(&self, old: &Self) -> impl Iterator<Item = Detail> {
        let blocks = match self.is_shared_with(old) {
            true => (None, None),
            false => (self.0.as_deref(), old.0.as_deref()),
        };
        let known = |block: Option<&Block>| block.map_or(0, |block| block.known);
        let mut rest = known(blocks.0) | known(blocks.1);
        let details = iter::from_fn(move || {
            let detail = Detail::ALL.get(rest.trailing_zeros() as usize)?;
            rest &= rest - 1;
            Some(*detail)
        });
        details.filter(move |&detail| {
            let new = blocks.0.and_then(|block| block.cell(detail));
            new != blocks.1.and_then(|block| block.cell(detail))
        })
    }

    /// Returns whether the value of a field is known.
    pub(super) fn is_known(&self, detail: Detail) -> bool {
        let block = self.0.as_ref();
        block.is_some_and(|block| block.known & detail.bit() != 0)
    }

    /// Returns the bytes on the heap, without the texts, which are shared.
    pub(crate) fn heap_bytes(&self) -> usize {
        let counters = 2 * size_of::<usize>();
        self.0.as_ref().map_or(0, |block| {
            counters + size_of::<Block>() + block.cells.capacity() * size_of::<Cell>()
        })
    }
}
