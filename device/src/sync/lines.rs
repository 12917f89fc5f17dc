//! The lines of a stream, as its bytes come.

use std::io::{self, BufRead, BufReader, Read};

use haversack_core::limits::LINE_BYTES_MAX;
use haversack_sync::message::{Line, LineError};

use crate::transport::Bytes;

/// The lines of a stream.
pub(super) struct Lines {
    bytes: BufReader<Bytes>,
    line: Vec<u8>,
}

/// What came next.
pub(super) enum Next {
    /// A line, of so many bytes.
    Line(Line, usize),
    /// The end of the bytes. Half a line before it is none.
    End,
    /// The bytes broke off.
    Broken,
    /// What is no line of the protocol.
    Wrong(LineError),
}

impl Lines {
    pub fn new(bytes: Bytes) -> Self {
        Self { bytes: BufReader::with_capacity(64 << 10, bytes), line: Vec::new() }
    }

    pub fn next(&mut self) -> Next {
        self.line.clear();
        let most = LINE_BYTES_MAX as u64 + 1;
        let read: io::Result<usize> =
            (&mut self.bytes).take(most).read_until(b'\n', &mut self.line);
        match read {
            Err(_) => Next::Broken,
            Ok(count) if self.line.last() != Some(&b'\n') => {
                if count <= LINE_BYTES_MAX {
                    return Next::End;
                }
                let message = format!("a line is longer than {LINE_BYTES_MAX} bytes");
                Next::Wrong(LineError { message })
            }
            Ok(count) => match Line::read(&self.line) {
                Ok(line) => Next::Line(line, count),
                Err(error) => Next::Wrong(error),
            },
        }
    }
}
