//! A list of the index: words in order, and for each of them the messages that have it. Compressed when it is stored.

use std::borrow::Cow;

use memchr::memchr;

/// A list as it is stored.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct PackedList {
    /// The words.
    pub words: Vec<u8>,
    /// The columns of each, in the order of the words.
    pub columns: Vec<u8>,
}

/// The words of a list, each between two octets [`BOUND`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Words(Vec<u8>);

/// The columns of the words of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Columns {
    octets: Vec<u8>,
    /// Columns of the block.
    count: u32,
}

/// What stands before and behind each word, and in none.
pub const BOUND: u8 = 0;

/// Writes a list: words in ascending order.
#[derive(Debug)]
pub struct ListWriter {
    /// For each word how many octets it has in common with the one before it.
    shared: Vec<u8>,
    /// What follows in it, each with a bound behind it.
    rests: Vec<u8>,
    /// The last word.
    last: Vec<u8>,
    columns: Vec<u8>,
    count: u32,
    octets: usize,
}

impl ListWriter {
    /// For a block of `count` columns.
    pub fn new(count: u32) -> ListWriter {
        let (shared, rests, last, columns) = Default::default();
        ListWriter { shared, rests, last, columns, count, octets: 1 }
    }

    /// The next word, and its columns in ascending order; nothing for a word that has none.
    pub fn push(&mut self, word: &[u8], columns: &[u32]) {
        if columns.is_empty() {
            return;
        }
        let shared =
            word.iter().zip(&self.last).take(SHARED_MAX).take_while(|(one, other)| one == other).count();
        self.shared.push(shared as u8);
        self.rests.extend_from_slice(&word[shared..]);
        self.rests.push(BOUND);
        self.octets += word.len() + 1;
        self.last.truncate(shared);
        self.last.extend_from_slice(&word[shared..]);
        self.push_columns(columns);
    }

    fn push_columns(&mut self, columns: &[u32]) {
        let start = self.columns.len();
        let number = columns.len() as u64;
        put(&mut self.columns, number << 1);
        if number == u64::from(self.count) {
            return;
        }
        let mut next = 0;
        for column in columns {
            put(&mut self.columns, u64::from(column - next));
            next = column + 1;
        }
        let bitmap_octets = (self.count as usize).div_ceil(8);
        if self.columns.len() - start > bitmap_octets + 1 {
            self.columns.truncate(start);
            put(&mut self.columns, number << 1 | 1);
            let bits = self.columns.len();
            self.columns.resize(bits + bitmap_octets, 0);
            for column in columns {
                self.columns[bits + *column as usize / 8] |= 1 << (column % 8);
            }
        }
    }

    /// Octets before compression.
    pub fn octets(&self) -> usize {
        self.octets + self.columns.len()
    }

    /// The list, compressed; None when it is empty.
    pub fn finish(self) -> Option<PackedList> {
        if self.columns.is_empty() {
            return None;
        }
        let mut words = Vec::with_capacity(self.shared.len() + self.rests.len() + 5);
        put(&mut words, self.shared.len() as u64);
        words.extend_from_slice(&self.shared);
        words.extend_from_slice(&self.rests);
        Some(PackedList { words: pack(&words), columns: pack(&self.columns) })
    }
}

impl Words {
    /// Those of a stored list; None when it is damaged.
    pub fn unpack(packed: &[u8]) -> Option<Words> {
        let unpacked = unpack(packed)?;
        let mut rest = &unpacked[..];
        let count = usize::try_from(get(&mut rest)?).ok()?;
        let (shared, mut rests) = rest.split_at_checked(count)?;
        let mut words = vec![BOUND];
        let mut last = 1..1;
        for shared in shared {
            let (rest, behind) = rests.split_at_checked(memchr(BOUND, rests)?)?;
            let shared = last.start..last.start + usize::from(*shared);
            if shared.end > last.end || words.len() > LIST_BYTES_MAX {
                return None;
            }
            last.start = words.len();
            words.extend_from_within(shared);
            words.extend_from_slice(rest);
            last.end = words.len();
            words.push(BOUND);
            rests = behind.get(1..)?;
        }
        Some(Words(words))
    }

    /// All of them, each between bounds.
    pub fn octets(&self) -> &[u8] {
        &self.0
    }

    /// One after the other.
    pub fn iter(&self) -> impl Iterator<Item = &[u8]> {
        // One bound alone stands before no word.
        let inner = (self.0.len() > 1).then(|| &self.0[1..self.0.len() - 1]);
        inner.into_iter().flat_map(|words| words.split(|octet| *octet == BOUND))
    }
}

impl Columns {
    /// Those of a stored list of a block with `count` columns; None when it is damaged.
    pub fn unpack(packed: &[u8], count: u32) -> Option<Columns> {
        Some(Columns { octets: unpack(packed)?, count })
    }

    /// A walk through them.
    pub fn walk(&self) -> Walk<'_> {
        Walk { rest: &self.octets, count: self.count }
    }
}

/// A walk through the columns of a list, word by word.
#[derive(Debug, Clone)]
pub struct Walk<'a> {
    rest: &'a [u8],
    count: u32,
}

impl Walk<'_> {
    /// Passes over the columns of `words` words; None when there are not so many.
    pub fn skip(&mut self, words: usize) -> Option<()> {
        for _ in 0..words {
            let head = get(&mut self.rest)?;
            let octets = match (head >> 1, head & 1 == 1) {
                (_, true) => (self.count as usize).div_ceil(8),
                (number, _) if number == u64::from(self.count) => 0,
                (number, _) => {
                    // The last octet of each number is marked by its highest bit.
                    let ends = self.rest.iter().enumerate().filter(|(_, octet)| **octet < 0x80);
                    ends.map(|(index, _)| index + 1).nth(usize::try_from(number).ok()?.checked_sub(1)?)?
                }
            };
            self.rest = self.rest.get(octets..)?;
        }
        Some(())
    }

    /// Calls `found` with the columns of the next word, in ascending order; None at the end, or where it is damaged.
    pub fn next(&mut self, mut found: impl FnMut(u32)) -> Option<()> {
        let head = get(&mut self.rest)?;
        let (number, is_bitmap) = (head >> 1, head & 1 == 1);
        if number == u64::from(self.count) && !is_bitmap {
            (0..self.count).for_each(found);
            return Some(());
        }
        if is_bitmap {
            let (bits, rest) = self.rest.split_at_checked((self.count as usize).div_ceil(8))?;
            self.rest = rest;
            for (index, octet) in bits.iter().enumerate() {
                let mut octet = *octet;
                while octet != 0 {
                    found(index as u32 * 8 + octet.trailing_zeros());
                    octet &= octet - 1;
                }
            }
            return Some(());
        }
        let mut next = 0u64;
        for _ in 0..number {
            let column = next + get(&mut self.rest)?;
            if column >= u64::from(self.count) {
                return None;
            }
            found(column as u32);
            next = column + 1;
        }
        Some(())
    }
}

/// A list that goes into another, and where its columns go; those that go nowhere are left out.
pub struct Merged<'a> {
    pub words: Words,
    pub columns: Columns,
    pub places: Cow<'a, [Option<u32>]>,
}

/// One list of several, of which each has its columns behind those of the one before it; None when one is damaged.
pub fn merge(lists: &[Merged<'_>], count: u32) -> Option<ListWriter> {
    let mut writer = ListWriter::new(count);
    let mut walks: Vec<_> = lists
        .iter()
        .map(|list| {
            let mut words = list.words.iter();
            (words.next(), words, list.columns.walk(), &list.places)
        })
        .collect();
    let mut columns = Vec::new();
    while let Some(least) = walks.iter().filter_map(|(word, ..)| *word).min() {
        columns.clear();
        for (word, words, walk, places) in &mut walks {
            if *word == Some(least) {
                walk.next(|column| columns.extend(places.get(column as usize).copied().flatten()))?;
                *word = words.next();
            }
        }
        writer.push(least, &columns);
    }
    Some(writer)
}

/// A number in as many octets as it needs.
pub(super) fn put(out: &mut Vec<u8>, mut number: u64) {
    while number >= 0x80 {
        out.push(number as u8 | 0x80);
        number >>= 7;
    }
    out.push(number as u8);
}

/// The number that [`put`] has written there.
pub(super) fn get(octets: &mut &[u8]) -> Option<u64> {
    let mut number = 0u64;
    for shift in (0..64).step_by(7) {
        let (octet, rest) = octets.split_first()?;
        *octets = rest;
        number |= u64::from(octet & 0x7F) << shift;
        if octet & 0x80 == 0 {
            return Some(number);
        }
    }
    None
}

/// Its length, and the octets compressed.
fn pack(octets: &[u8]) -> Vec<u8> {
    let mut packed = Vec::new();
    put(&mut packed, octets.len() as u64);
    match zstd::bulk::compress(octets, LEVEL) {
        Ok(compressed) => packed.extend_from_slice(&compressed),
        // It needs nothing but memory.
        Err(error) => panic!("zstd cannot compress: {error}"),
    }
    packed
}

fn unpack(mut packed: &[u8]) -> Option<Vec<u8>> {
    let length = usize::try_from(get(&mut packed)?).ok().filter(|length| *length <= LIST_BYTES_MAX)?;
    let octets = zstd::bulk::decompress(packed, length).ok()?;
    (octets.len() == length).then_some(octets)
}

/// What two words have in common is counted in one octet.
const SHARED_MAX: usize = 255;
/// Higher levels save a twentieth, and take several times as long.
const LEVEL: i32 = 3;
/// A damaged list cannot ask for more memory.
const LIST_BYTES_MAX: usize = 64 * 1024 * 1024;

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use proptest::prelude::*;

    use super::*;

    type Table = BTreeMap<String, BTreeSet<u32>>;

    fn table(count: u32) -> impl Strategy<Value = Table> {
        let columns = prop::collection::btree_set(0..count, 1..=count as usize);
        prop::collection::btree_map("[a-c]{1,3}", columns, 0..20)
    }

    fn write(table: &Table, count: u32) -> Option<PackedList> {
        let mut writer = ListWriter::new(count);
        for (word, columns) in table {
            writer.push(word.as_bytes(), &columns.iter().copied().collect::<Vec<_>>());
        }
        writer.finish()
    }

    fn read(list: Option<&PackedList>, count: u32) -> Table {
        let Some(list) = list else { return Table::new() };
        let columns = Columns::unpack(&list.columns, count).unwrap();
        let mut walk = columns.walk();
        let words = Words::unpack(&list.words).unwrap();
        let table = words.iter().map(|word| {
            let mut columns = BTreeSet::new();
            walk.next(|column| assert!(columns.insert(column))).unwrap();
            (String::from_utf8(word.to_vec()).unwrap(), columns)
        });
        let table = table.collect();
        assert_eq!(walk.next(|_| ()), None);
        table
    }

    proptest! {
        #[test]
        fn lists_come_back(table in table(40)) {
            let list = write(&table, 40);
            prop_assert_eq!(read(list.as_ref(), 40), table);
        }

        #[test]
        fn passing_over_words_is_reading_them(table in table(300), passed in 0usize..20) {
            let Some(list) = write(&table, 300) else { return Ok(()) };
            let columns = Columns::unpack(&list.columns, 300).unwrap();
            let (mut one, mut other) = (columns.walk(), columns.walk());
            let read = (0..passed).try_for_each(|_| one.next(|_| ()));
            prop_assert_eq!(other.skip(passed), read);
            if read.is_some() {
                prop_assert_eq!(one.rest, other.rest);
            }
        }

        #[test]
        fn merging_is_writing_both(one in table(9), other in table(100), dropped in 0u32..100) {
            let place = |offset| move |column: u32| (column != dropped).then_some(column + offset);
            let merged = [(&one, 9, 0), (&other, 100, 9)].into_iter().filter_map(|(table, count, offset)| {
                let list = write(table, count)?;
                Some(Merged {
                    words: Words::unpack(&list.words)?,
                    columns: Columns::unpack(&list.columns, count)?,
                    places: (0..count).map(place(offset)).collect(),
                })
            });
            let merged = merge(&merged.collect::<Vec<_>>(), 109).unwrap().finish();
            let mut expected = Table::new();
            for (table, offset) in [(&one, 0), (&other, 9)] {
                for (word, columns) in table {
                    let columns = columns.iter().filter(|column| **column != dropped);
                    expected.entry(word.clone()).or_default().extend(columns.map(|column| column + offset));
                }
            }
            expected.retain(|_, columns| !columns.is_empty());
            prop_assert_eq!(read(merged.as_ref(), 109), expected);
        }

        #[test]
        fn numbers_come_back(number: u64) {
            let mut octets = Vec::new();
            put(&mut octets, number);
            prop_assert_eq!(get(&mut &octets[..]), Some(number));
        }

        #[test]
        fn damage_is_noticed(octets in prop::collection::vec(any::<u8>(), 0..50), count in 0u32..100) {
            let columns = Columns { octets: octets.clone(), count };
            let mut walk = columns.walk();
            while walk.next(|column| assert!(column < count + 8)).is_some() {}
            prop_assert!(Words::unpack(&octets).is_none_or(|words| words.iter().count() < 1000));
        }
    }
}
