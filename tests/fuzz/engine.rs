//! Makes inputs out of inputs, runs them, and keeps those that have reached new code.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

use super::Target;
use super::coverage::Coverage;

/// Who is told an input.
type Witness = Box<dyn FnMut(&[u8])>;

/// One run of one target.
pub struct Fuzzer {
    target: Target,
    corpus: Vec<Vec<u8>>,
    coverage: Coverage,
    random: Random,
    /// Told each input before it is run, for those that end the program.
    before: Witness,
    runs: u64,
}

/// An input that broke a promise.
pub struct Finding {
    pub input: Vec<u8>,
    pub why: String,
}

impl Fuzzer {
    /// Begins with the target's seeds and whatever was kept of earlier runs. The same `seed` gives the same inputs.
    pub fn new(target: Target, kept: Vec<Vec<u8>>, seed: u64) -> Fuzzer {
        let corpus = [(target.seeds)(), kept].concat();
        assert!(!corpus.is_empty(), "{}: there is nothing to begin with", target.name);
        let (coverage, random) = (Coverage::default(), Random::new(seed));
        Fuzzer { target, corpus, coverage, random, before: Box::new(|_| ()), runs: 0 }
    }

    /// Has `before` told each input before it is run.
    pub fn announcing(self, before: impl FnMut(&[u8]) + 'static) -> Fuzzer {
        Fuzzer { before: Box::new(before), ..self }
    }

    /// Runs what there is to begin with.
    pub fn begin(&mut self) -> Result<(), Finding> {
        let corpus = std::mem::take(&mut self.corpus);
        for input in corpus {
            // Where nothing is counted, all of them are kept.
            if self.run(&input)? || self.coverage.reached() == 0 {
                self.corpus.push(input);
            }
        }
        Ok(())
    }

    /// Makes one input and runs it. Returns it when it is worth keeping.
    pub fn step(&mut self) -> Result<Option<Vec<u8>>, Finding> {
        let input = self.make();
        let new = self.run(&input)?;
        if new {
            self.corpus.push(input.clone());
        }
        Ok(new.then_some(input))
    }

    /// Inputs run, inputs kept, and places of the code reached.
    pub fn figures(&self) -> (u64, usize, usize) {
        (self.runs, self.corpus.len(), self.coverage.reached())
    }

    fn run(&mut self, input: &[u8]) -> Result<bool, Finding> {
        (self.before)(input);
        self.runs += 1;
        Coverage::begin();
        let begin = cpu_time();
        let outcome = catch_unwind(AssertUnwindSafe(|| (self.target.run)(input)));
        let took = cpu_time().saturating_sub(begin);
        let finding = |why: String| Finding { input: input.to_vec(), why };
        if let Err(panic) = outcome {
            let text = panic.downcast_ref::<String>().cloned();
            let text = text.or_else(|| panic.downcast_ref::<&str>().map(|text| text.to_string()));
            return Err(finding(text.unwrap_or_else(|| "it panicked".into())));
        }
        if took > RUN_TIME_MAX {
            return Err(finding(format!("it took {took:?} of a processor")));
        }
        Ok(self.coverage.learn())
    }

    fn make(&mut self) -> Vec<u8> {
        // What was found last is likely to lead further.
        let count = self.corpus.len();
        let recent = count.saturating_sub(RECENT);
        let pick = match self.random.below(3) {
            0 => recent + self.random.below(count - recent),
            _ => self.random.below(count),
        };
        let mut input = self.corpus[pick].clone();
        let other = self.random.below(count);
        for _ in 0..1 << self.random.below(5) {
            mutate(&mut input, &self.corpus[other], self.target.words, &mut self.random);
        }
        input.truncate(INPUT_BYTES_MAX);
        input
    }
}

/// Changes `input` in one place.
pub fn mutate(input: &mut Vec<u8>, other: &[u8], words: &[&str], random: &mut Random) {
    let at = random.below(input.len() + 1);
    let end = (at + 1 + random.length()).min(input.len());
    match random.below(10) {
        0 if at < input.len() => input[at] ^= 1 << random.below(8),
        1 if at < input.len() => input[at] = random.octet(),
        2 => input.insert(at, random.octet()),
        3 if at < end => drop(input.drain(at..end)),
        4 if at < end => {
            let piece = input[at..end].to_vec();
            let to = random.below(input.len() + 1);
            input.splice(to..to, piece);
        }
        5 => {
            let from = random.below(other.len() + 1);
            let piece = &other[from..(from + 1 + random.length()).min(other.len()).max(from)];
            input.splice(at..at, piece.iter().copied());
        }
        6 => number(input, at, random),
        7 => line(input, at, other, random),
        _ if !words.is_empty() => {
            let word = words[random.below(words.len())].bytes();
            let replaced = if random.below(2) == 0 { at..at } else { at..end.max(at) };
            input.splice(replaced, word);
        }
        _ => {}
    }
}

/// Puts another number in the place of the one at or behind `at`.
fn number(input: &mut Vec<u8>, at: usize, random: &mut Random) {
    let Some(begin) = input[at..].iter().position(u8::is_ascii_digit).map(|found| at + found) else { return };
    let digits = input[begin..].iter().take_while(|octet| octet.is_ascii_digit()).count();
    let number = NUMBERS[random.below(NUMBERS.len())];
    input.splice(begin..begin + digits, number.bytes());
}

/// Puts a line of `other` where a line of `input` begins.
fn line(input: &mut Vec<u8>, at: usize, other: &[u8], random: &mut Random) {
    let lines: Vec<&[u8]> = other.split_inclusive(|octet| *octet == b'\n').collect();
    let Some(line) = lines.get(random.below(lines.len().max(1))) else { return };
    let begin = input[..at].iter().rposition(|octet| *octet == b'\n').map_or(0, |found| found + 1);
    input.splice(begin..begin, line.iter().copied());
}

/// Numbers that follow from a seed (xorshift64*).
pub struct Random(u64);

impl Random {
    pub fn new(seed: u64) -> Random {
        Random(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    pub fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }

    /// A number below `limit`, or 0 if that is 0.
    pub fn below(&mut self, limit: usize) -> usize {
        (self.next() >> 16) as usize % limit.max(1)
    }

    /// One of them.
    pub fn pick<'a, T>(&mut self, from: &'a [T]) -> &'a T {
        &from[self.below(from.len())]
    }

    fn octet(&mut self) -> u8 {
        let special = b"\r\n\0 ()[]{}<>\"\\*%:,.~+-=?&;@\x7f\x80\xc3\xff";
        if self.below(2) == 0 { special[self.below(special.len())] } else { self.next() as u8 }
    }

    /// Mostly short.
    fn length(&mut self) -> usize {
        let bits = self.below(8);
        self.below(1 << bits)
    }
}

/// Processor time of this thread: the machine may be busy with other things.
fn cpu_time() -> Duration {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    let nanoseconds = text.split_whitespace().next().and_then(|word| word.parse().ok());
    Duration::from_nanos(nanoseconds.unwrap_or(0))
}

/// Where counting goes wrong.
const NUMBERS: &[&str] = &[
    "0",
    "1",
    "2",
    "9",
    "00",
    "01",
    "127",
    "255",
    "256",
    "999",
    "65535",
    "65536",
    "2147483647",
    "2147483648",
    "4294967295",
    "4294967296",
    "9223372036854775807",
    "9223372036854775808",
    "18446744073709551615",
    "18446744073709551616",
    "99999999999999999999999",
];
const INPUT_BYTES_MAX: usize = 16 * 1024;
const RECENT: usize = 50;
/// Far more than the slowest honest input needs, built without optimization.
const RUN_TIME_MAX: Duration = Duration::from_secs(5);
