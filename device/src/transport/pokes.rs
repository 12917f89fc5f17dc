//! Server-sent events, of which only the pokes matter, and that the server is there.

use std::io::{self, BufRead, BufReader, Read};

use super::Bytes;

/// Length of one line, in bytes. An event says little.
const LINE_BYTES_MAX: u64 = 64 << 10;

/// What the server says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Heard {
    /// A pull would bring something.
    Poke,
    /// Something else: it is there.
    Other,
    /// Nothing more.
    End,
}

/// The pokes in a stream of server-sent events.
pub struct Pokes(BufReader<Bytes>);

impl Pokes {
    /// The pokes of this stream.
    #[must_use]
    pub fn new(bytes: Bytes) -> Self {
        Self(BufReader::new(bytes))
    }

    /// Waits for what the server says next.
    ///
    /// # Errors
    /// If the stream breaks.
    pub fn hear(&mut self) -> io::Result<Heard> {
        let mut is_poke = false;
        loop {
            let mut line = Vec::new();
            let count = (&mut self.0).take(LINE_BYTES_MAX).read_until(b'\n', &mut line)?;
            let text = String::from_utf8_lossy(&line);
            let text = text.trim_end_matches(['\n', '\r']);
            if count == 0 {
                return Ok(Heard::End);
            } else if text.is_empty() {
                // An empty line ends an event.
                return Ok(if is_poke { Heard::Poke } else { Heard::Other });
            } else if let Some(event) = text.strip_prefix("event:") {
                is_poke = event.trim() == "poke";
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_pokes_that_are_whole_count() {
        let text = ": hello\n\nevent: poke\ndata: 1\n\nevent: other\ndata: 2\n\n\
                    data: 3\nevent:poke\r\n\r\nevent: poke\n";
        let mut pokes = Pokes::new(Box::new(io::Cursor::new(text)));
        let all = [(); 6].map(|()| pokes.hear().unwrap());
        let [other, poke, end] = [Heard::Other, Heard::Poke, Heard::End];
        assert_eq!(all, [other, poke, other, poke, end, end]);
    }
}
