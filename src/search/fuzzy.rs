//! FUZZY (RFC 6203): texts that nearly say what is looked for, and how nearly.
//!
//! All words must be there, in any order. A word is met by itself, with other accents or endings, as a part of a longer
//! word, or with a letter or two that are wrong; so whatever is found exactly is found nearly. A score depends on nothing
//! but which words there are in which places: the text index, which knows just that, gives the same as reading does.

use std::borrow::Cow;

use memchr::memmem::Finder;

use super::fold::fold;
use super::index::words::each_word;

/// A text to be found nearly.
#[derive(Debug, Clone)]
pub struct Fuzzy {
    words: Vec<Wanted>,
}

/// One word of it.
#[derive(Debug, Clone)]
struct Wanted {
    folded: String,
    /// Without accents.
    bare: String,
    finder: Finder<'static>,
    letters: Letters,
    has_digit: bool,
    /// How many letters may be wrong.
    wrong_max: usize,
}

/// The best that was seen of each word.
#[derive(Debug, Clone)]
pub struct Sight<'a> {
    fuzzy: &'a Fuzzy,
    best: Vec<u8>,
}

impl Fuzzy {
    /// Prepares a text; None when it has no word.
    pub fn new(text: &str) -> Option<Fuzzy> {
        let folded = fold(text);
        let mut words: Vec<Wanted> = Vec::new();
        each_word(&folded, |word| {
            if words.iter().all(|known| known.folded != word) {
                words.push(Wanted::new(word));
            }
        });
        (!words.is_empty()).then_some(Fuzzy { words })
    }

    /// How many words have to be there.
    pub fn len(&self) -> usize {
        self.words.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.words.is_empty()
    }

    /// The words, folded.
    pub fn words(&self) -> impl Iterator<Item = &str> {
        self.words.iter().map(|word| word.folded.as_str())
    }

    /// How near a folded word of a text comes to each that is wanted, from 0 to 100. Says whether it does to any.
    pub fn compare(&self, word: &str, closeness: &mut Vec<u8>) -> bool {
        closeness.clear();
        let bare = without_accents(word);
        let (letters, has_digit) = (Letters::of(&bare), has_digit(&bare));
        closeness.extend(self.words.iter().map(|wanted| wanted.closeness(word, &bare, letters, has_digit)));
        closeness.iter().any(|closeness| *closeness > 0)
    }

    /// Nothing was seen yet.
    pub fn sight(&self) -> Sight<'_> {
        Sight { fuzzy: self, best: vec![0; self.words.len()] }
    }

    /// How relevant a text is, from 1 to 100, in which each word comes as near as that; None when one is not there.
    pub fn score(best: impl ExactSizeIterator<Item = u8>) -> Option<u8> {
        let (mut sum, count) = (0, best.len() as u32);
        for closeness in best {
            if closeness == 0 {
                return None;
            }
            sum += u32::from(closeness);
        }
        // RFC 6203 §4: the whole range is to be used.
        let (least, mean) = (u32::from(LEAST), sum / count.max(1));
        Some((1 + mean.saturating_sub(least) * 99 / (100 - least)) as u8)
    }
}

impl Sight<'_> {
    /// Looks at a text whose place gives it a weight, in percent.
    pub fn look(&mut self, text: &str, weight: u8) {
        let mut closeness = Vec::new();
        each_word(&fold(text), |word| {
            if self.fuzzy.compare(word, &mut closeness) {
                self.best.iter_mut().zip(&closeness).for_each(|(best, close)| {
                    *best = (*best).max(weighed(*close, weight));
                });
            }
        });
    }

    /// How relevant what was seen is; None when a word was not seen.
    pub fn score(&self) -> Option<u8> {
        Fuzzy::score(self.best.iter().copied())
    }
}

impl Wanted {
    fn new(word: &str) -> Wanted {
        let bare = without_accents(word).into_owned();
        let has_digit = has_digit(&bare);
        Wanted {
            folded: word.to_owned(),
            finder: Finder::new(&bare).into_owned(),
            letters: Letters::of(&bare),
            has_digit,
            wrong_max: match bare.chars().count() {
                _ if has_digit => 0,
                0..=3 => 0,
                4..=7 => 1,
                _ => 2,
            },
            bare,
        }
    }

    fn closeness(&self, word: &str, bare: &str, letters: Letters, has_digit: bool) -> u8 {
        if word == self.folded {
            return 100;
        }
        if bare == self.bare {
            return 95;
        }
        // Another number is another thing, however alike the two look.
        let may_vary = !has_digit && !self.has_digit;
        if may_vary && differ_in_ending(&self.bare, bare) {
            return 85;
        }
        match self.finder.find(bare.as_bytes()) {
            Some(0) => return 75,
            Some(_) => return 50,
            None => (),
        }
        let wrong =
            |count| may_vary && self.letters.may_become(letters, count) && nearly(&self.bare, bare, count);
        match (1..=self.wrong_max).find(|count| wrong(*count)) {
            Some(1) => 70,
            Some(_) => LEAST_CLOSE,
            None => 0,
        }
    }
}

/// What is worth of a word in a place of this weight.
pub fn weighed(closeness: u8, weight: u8) -> u8 {
    (u16::from(closeness) * u16::from(weight)).div_ceil(100) as u8
}

/// Which letters a word has, more or less: tells most words apart without a comparison.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Letters(u32);

impl Letters {
    /// Nothing is said of words that are not ASCII.
    fn of(word: &str) -> Letters {
        let letters = word.bytes().fold(0, |letters, octet| letters | 1 << (octet & 31));
        Letters(if word.is_ascii() { letters } else { 0 })
    }

    /// Whether one word may become the other when so many of its letters change.
    fn may_become(self, other: Letters, changes: usize) -> bool {
        let lost = |from: u32, to: u32| (from & !to).count_ones() as usize;
        let is_said = self.0 != 0 && other.0 != 0;
        !is_said || lost(self.0, other.0) <= changes && lost(other.0, self.0) <= changes
    }
}

fn has_digit(word: &str) -> bool {
    word.bytes().any(|octet| octet.is_ascii_digit())
}

/// A folded word without the marks above and below its letters, which folding has put behind them.
fn without_accents(word: &str) -> Cow<'_, str> {
    match word.is_ascii() {
        true => Cow::Borrowed(word),
        false => Cow::Owned(word.chars().filter(|c| !('\u{300}'..='\u{36f}').contains(c)).collect()),
    }
}

/// Whether two words are forms of one, as "meeting" and "meets", as far as their endings tell.
fn differ_in_ending(one: &str, other: &str) -> bool {
    let stem = one.bytes().zip(other.bytes()).take_while(|(one, other)| one == other).count();
    let is_ending = |word: &str| ENDINGS.contains(&&word.as_bytes()[stem..]);
    stem >= STEM_OCTETS_MIN && is_ending(one) && is_ending(other)
}

/// Whether one word becomes the other when so many letters are left out, put in, replaced, or swapped with the next.
fn nearly(one: &str, other: &str, changes: usize) -> bool {
    if one.is_ascii() && other.is_ascii() {
        return one.len().abs_diff(other.len()) <= changes
            && becomes(one.as_bytes(), other.as_bytes(), changes);
    }
    let (one, other): (Vec<char>, Vec<char>) = (one.chars().collect(), other.chars().collect());
    one.len().abs_diff(other.len()) <= changes && becomes(&one, &other, changes)
}

fn becomes<T: PartialEq>(one: &[T], other: &[T], changes: usize) -> bool {
    let same = one.iter().zip(other).take_while(|(one, other)| one == other).count();
    let (one, other) = (&one[same..], &other[same..]);
    let Some(changes) = changes.checked_sub(1) else { return one.is_empty() && other.is_empty() };
    match (one, other) {
        ([], rest) | (rest, []) => rest.len() <= changes + 1,
        ([a, without_a @ ..], [b, without_b @ ..]) => {
            let swapped = matches!((without_a, without_b), ([c, ..], [d, ..]) if a == d && b == c);
            becomes(without_a, without_b, changes)
                || becomes(without_a, other, changes)
                || becomes(one, without_b, changes)
                || swapped && becomes(&without_a[1..], &without_b[1..], changes)
        }
    }
}

/// What English and German words end in, in one form or another.
const ENDINGS: [&[u8]; 16] = [
    b"", b"d", b"e", b"ed", b"en", b"er", b"ern", b"ers", b"es", b"ing", b"ings", b"ly", b"n", b"s", b"ung",
    b"ungen",
];
const STEM_OCTETS_MIN: usize = 4;

/// What two wrong letters leave of a word.
const LEAST_CLOSE: u8 = 50;
/// Of a text that is looked for in one place, and of the subject, which says what a message is about.
pub const WHOLE_WEIGHT: u8 = 100;
/// Other fields of the header tell who, when and how.
pub const HEADER_WEIGHT: u8 = 85;
/// A text that speaks of something need not be about it.
pub const BODY_WEIGHT: u8 = 70;
/// The least that a word can be worth which is there.
const LEAST: u8 = LEAST_CLOSE / 10 * (BODY_WEIGHT / 10);

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn score(wanted: &str, text: &str) -> Option<u8> {
        let fuzzy = Fuzzy::new(wanted).unwrap();
        let mut sight = fuzzy.sight();
        sight.look(text, WHOLE_WEIGHT);
        sight.score()
    }

    #[test]
    fn words_come_in_any_order_and_nearly() {
        for (wanted, text) in [
            ("IMAP break", "breaks in IMAP"),
            ("Helo", "say hello"),
            ("Helo", "help"),
            ("meeting tomorow", "Tomorrow we meet"),
            ("Müller", "muller"),
            ("Rechnung", "Rechnungen"),
            ("recieve", "I receive"),
            ("accommodate", "accomodated"),
            ("прывет", "ПРИВЕТ"),
            ("2026", "im Jahr 2026"),
            ("popo", "Hippopotamus"),
        ] {
            assert!(score(wanted, text).is_some(), "{wanted} {text}");
        }
        for (wanted, text) in [
            ("IMAP break", "IMAP is broken"),
            ("cat", "cut"),
            ("2026", "2025"),
            ("intern", "interest"),
            ("hello world", "hello"),
            ("hello", ""),
        ] {
            assert_eq!(score(wanted, text), None, "{wanted} {text}");
        }
        assert!(Fuzzy::new(" ,. ").is_none());
    }

    #[test]
    fn the_nearer_the_more_relevant() {
        let texts = ["hello", "héllo", "hellos", "hellouts", "hallo", "shelloid"];
        let scores: Vec<u8> = texts.iter().map(|text| score("hello", text).unwrap()).collect();
        assert_eq!(scores[0], 100);
        assert!(scores.is_sorted_by(|before, after| before > after), "{scores:?}");
        let fuzzy = Fuzzy::new("accommodation").unwrap();
        let mut far = fuzzy.sight();
        far.look("acomodation", BODY_WEIGHT);
        assert_eq!(far.score(), Some(1), "the whole range is used");
        far.look("accommodation", BODY_WEIGHT);
        far.look("accommodation", HEADER_WEIGHT);
        assert!(far.score().is_some_and(|score| (70..100).contains(&score)));
    }

    proptest! {
        #[test]
        fn what_is_found_exactly_is_found_nearly(text in "[aAbéß1 .]{0,40}", from in 0usize..40, length in 1usize..12) {
            let piece: String = text.chars().skip(from).take(length).collect();
            let Some(fuzzy) = Fuzzy::new(&piece) else { return Ok(()) };
            let mut sight = fuzzy.sight();
            sight.look(&text, BODY_WEIGHT);
            prop_assert!(sight.score().is_some_and(|score| (1..=100).contains(&score)), "{}", piece);
        }

        #[test]
        fn changes_are_counted(word in "[a-e]{3,12}", other in "[a-e]{3,12}", at in 0usize..12, letter in "[a-e]") {
            let mut changed = word.clone();
            changed.replace_range(at % word.len()..at % word.len() + 1, &letter);
            prop_assert!(nearly(&word, &changed, 1) && nearly(&changed, &word, 2));
            let letters = Letters::of(&word);
            for changes in 0..3 {
                let is = nearly(&word, &other, changes);
                prop_assert_eq!(is, nearly(&other, &word, changes));
                prop_assert!(!is || letters.may_become(Letters::of(&other), changes));
            }
        }
    }
}
