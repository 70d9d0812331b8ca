//! DEFLATE (RFC 1951) as a stream in each direction, in bounded memory: the layer of COMPRESS (RFC 4978).

use std::cell::RefCell;

use zlib_rs::{Deflate, DeflateConfig, DeflateFlush, Inflate, InflateFlush, Status};

/// Compresses what is sent to one client.
///
/// The state of a compressor has some 270 KiB, so each thread has one of them for all its clients. Of each client only the
/// last octets that it was sent are kept: what comes next is compressed as if it followed them directly, which it does for
/// whoever decompresses it.
#[derive(Default)]
pub struct Deflater {
    history: Vec<u8>,
}

thread_local! {
    static STATE: RefCell<Deflate> = RefCell::new(Deflate::new_with_config(CONFIG));
}

/// Decompresses what one client sends.
pub struct Inflater {
    state: Box<Inflate>,
    ended: bool,
}

/// What came is not DEFLATE.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("what came is not compressed by DEFLATE")]
pub struct Corrupt;

impl Deflater {
    /// Compresses `octets` behind `out`, from which the client can read all of them.
    pub fn write(&mut self, octets: &[u8], out: &mut Vec<u8>) {
        if octets.is_empty() {
            return;
        }
        STATE.with_borrow_mut(|state| {
            state.reset();
            // Where nothing was sent yet there is nothing to refer to.
            if !self.history.is_empty() {
                state
                    .set_dictionary(&self.history)
                    .expect("a stream without header takes one at its beginning");
            }
            compress(state, octets, DeflateFlush::SyncFlush, out);
        });
        let kept = self.history.len().min(HISTORY_BYTES.saturating_sub(octets.len()));
        self.history.drain(..self.history.len() - kept);
        self.history.extend_from_slice(&octets[octets.len().saturating_sub(HISTORY_BYTES)..]);
    }

    /// Ends the stream.
    pub fn finish(&mut self, out: &mut Vec<u8>) {
        self.history = Vec::new();
        STATE.with_borrow_mut(|state| {
            state.reset();
            compress(state, &[], DeflateFlush::Finish, out);
        });
    }
}

fn compress(state: &mut Deflate, mut octets: &[u8], flush: DeflateFlush, out: &mut Vec<u8>) {
    loop {
        let mut room = [0; PIECE_BYTES];
        let (taken, made) = (state.total_in(), state.total_out());
        let status = state.compress(octets, &mut room, flush);
        let (taken, made) = (state.total_in() - taken, state.total_out() - made);
        octets = &octets[taken as usize..];
        out.extend_from_slice(&room[..made as usize]);
        // As long as it fills what it is given, there is more to come.
        let is_full = made as usize == room.len();
        match status.expect("the state was made by a configuration that is allowed") {
            Status::StreamEnd => return,
            _ if octets.is_empty() && !is_full => return,
            _ => {}
        }
    }
}

impl Inflater {
    /// The beginning of a stream.
    pub fn new() -> Inflater {
        // How far back a client's compressor refers is for the client to choose.
        Inflater { state: Box::new(Inflate::new(false, WINDOW_BITS_MAX)), ended: false }
    }

    /// Decompresses some of `input` into `output`, and says how many octets of each were used. When there is room left in
    /// `output`, all of `input` was used, unless the stream has ended.
    pub fn read(&mut self, input: &[u8], output: &mut [u8]) -> Result<(usize, usize), Corrupt> {
        if self.ended {
            return Ok((0, 0));
        }
        let (taken, made) = (self.state.total_in(), self.state.total_out());
        let status = self.state.decompress(input, output, InflateFlush::NoFlush).map_err(|_| Corrupt)?;
        self.ended = status == Status::StreamEnd;
        Ok(((self.state.total_in() - taken) as usize, (self.state.total_out() - made) as usize))
    }

    /// Whether the client has ended its stream. What comes after that is not compressed.
    pub fn has_ended(&self) -> bool {
        self.ended
    }
}

impl Default for Inflater {
    fn default() -> Inflater {
        Inflater::new()
    }
}

/// No header (RFC 4978 §4); of mail, nearly as small as with the most expensive level.
const CONFIG: DeflateConfig = DeflateConfig {
    level: 3,
    method: zlib_rs::Method::Deflated,
    window_bits: -15,
    mem_level: 8,
    strategy: zlib_rs::Strategy::Default,
};
/// What is kept of a client's stream: what is said twice in IMAP, is said twice within that.
const HISTORY_BYTES: usize = 4096;
/// The largest window that there is, of 32 KiB.
const WINDOW_BITS_MAX: u8 = 15;
/// What is compressed at a time, on the stack.
const PIECE_BYTES: usize = 4096;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// What comes out of `input`, at most `room` octets at a time.
    fn inflate(inflater: &mut Inflater, mut input: &[u8], room: usize) -> Result<Vec<u8>, Corrupt> {
        let mut all = Vec::new();
        let mut output = vec![0; room];
        loop {
            let (taken, made) = inflater.read(input, &mut output)?;
            input = &input[taken..];
            all.extend_from_slice(&output[..made]);
            if made < room {
                return Ok(all);
            }
        }
    }

    #[test]
    fn what_is_said_again_costs_little() {
        let said = b"* 17 FETCH (UID 4711 FLAGS (\\Seen) INTERNALDATE \"17-Jul-1996 02:44:25 -0700\")\r\n"
            .repeat(100);
        let (mut deflater, mut out) = (Deflater::default(), Vec::new());
        deflater.write(&said, &mut out);
        assert!(out.len() < said.len() / 20, "{} of {}", out.len(), said.len());
        out.clear();
        deflater.write(&said[..80], &mut out);
        assert!(out.len() < 20, "it was sent {} octets though it has them", out.len());
    }

    #[test]
    fn a_large_answer_may_be_read_in_small_pieces() {
        let said: Vec<u8> =
            (0..300_000u32).flat_map(|n| n.wrapping_mul(2_654_435_761).to_be_bytes()).collect();
        let (mut deflater, mut out) = (Deflater::default(), Vec::new());
        deflater.write(&said, &mut out);
        assert!(inflate(&mut Inflater::new(), &out, 1000).unwrap() == said);
    }

    #[test]
    fn nothing_is_sent_for_nothing() {
        let (mut deflater, mut out) = (Deflater::default(), Vec::new());
        deflater.write(&[], &mut out);
        assert!(out.is_empty());
    }

    #[test]
    fn what_is_not_compressed_is_refused_and_what_ends_has_ended() {
        let mut inflater = Inflater::new();
        assert_eq!(inflate(&mut inflater, b"a1 NOOP\r\na2 NOOP\r\n", 100), Err(Corrupt));
        let (mut deflater, mut out) = (Deflater::default(), Vec::new());
        deflater.write(b"a NOOP\r\n", &mut out);
        deflater.finish(&mut out);
        let compressed = out.len();
        out.extend_from_slice(b"plain");
        let mut inflater = Inflater::new();
        let mut room = [0; 100];
        assert_eq!(inflater.read(&out, &mut room), Ok((compressed, 8)));
        assert!(inflater.has_ended());
        assert_eq!(inflater.read(b"plain", &mut room), Ok((0, 0)));
    }

    proptest! {
        #[test]
        fn what_was_written_is_read_at_once(
            said in proptest::collection::vec(("[a-c ]{0,60}", 1usize..200), 1..12),
            pieces in 1usize..9000,
            room in 1usize..300,
        ) {
            let (mut deflater, mut other, mut inflater) =
                (Deflater::default(), Deflater::default(), Inflater::new());
            for (text, times) in said {
                let text = text.repeat(times);
                let mut out = Vec::new();
                for piece in text.as_bytes().chunks(pieces) {
                    deflater.write(piece, &mut out);
                    // What another client is sent in between changes nothing.
                    other.write(b"* 1 EXISTS\r\n", &mut Vec::new());
                }
                prop_assert!(deflater.history.len() <= HISTORY_BYTES);
                prop_assert_eq!(inflate(&mut inflater, &out, room).unwrap(), text.as_bytes());
            }
        }
    }
}
