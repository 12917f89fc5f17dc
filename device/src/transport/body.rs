//! Bodies of answers: decompressed as they come, up to a cap.

use std::io::{self, Read};

use flate2::read::MultiGzDecoder;

use super::Bytes;

/// How a body was compressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Encoding {
    /// Not at all.
    Plain,
    /// As gzip.
    Gzip,
    /// As zstd.
    Zstd,
}

impl Encoding {
    /// The encoding with this name in a header; none if it's not known.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        match name.trim() {
            "" | "identity" => Some(Self::Plain),
            "gzip" | "x-gzip" => Some(Self::Gzip),
            "zstd" => Some(Self::Zstd),
            _ => None,
        }
    }
}

/// A body as it was before it was compressed. More than `most` bytes are an error.
///
/// # Errors
/// If there is no memory to decompress it.
pub fn decoded(body: Bytes, encoding: Encoding, most: u64) -> io::Result<Bytes> {
    let plain: Bytes = match encoding {
        Encoding::Plain => body,
        Encoding::Gzip => Box::new(MultiGzDecoder::new(body)),
        Encoding::Zstd => Box::new(zstd::stream::read::Decoder::new(body)?),
    };
    Ok(Box::new(Capped { plain, left: most }))
}

/// A bomb is small on the wire, so what comes out is counted.
struct Capped {
    plain: Bytes,
    left: u64,
}

impl Read for Capped {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.plain.read(buffer)?;
        self.left = self.left.checked_sub(count as u64).ok_or_else(|| {
            io::Error::new(io::ErrorKind::InvalidData, "the answer is longer than any may be")
        })?;
        Ok(count)
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    fn read(bytes: Vec<u8>, encoding: Encoding, most: u64) -> io::Result<Vec<u8>> {
        let mut plain = Vec::new();
        decoded(Box::new(io::Cursor::new(bytes)), encoding, most)?.read_to_end(&mut plain)?;
        Ok(plain)
    }

    #[test]
    fn bodies_come_out_as_they_went_in_and_bombs_end_at_the_cap() {
        let text = vec![b'a'; 1 << 20];
        let zstd = zstd::stream::encode_all(&text[..], 3).unwrap();
        let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        gzip.write_all(&text).unwrap();
        let all = [
            (text.clone(), Encoding::Plain),
            (zstd, Encoding::Zstd),
            (gzip.finish().unwrap(), Encoding::Gzip),
        ];
        for (bytes, encoding) in all {
            assert_eq!(read(bytes.clone(), encoding, 1 << 20).unwrap(), text);
            assert!(read(bytes.clone(), encoding, (1 << 20) - 1).is_err(), "{encoding:?}");
            if encoding != Encoding::Plain {
                assert!(read(bytes[..bytes.len() / 2].to_vec(), encoding, 1 << 20).is_err());
            }
        }
        assert_eq!(Encoding::named("br"), None);
    }
}
