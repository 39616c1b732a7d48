//! Frames: how a journal keeps its records apart, and how it is read where it is damaged.
//!
//! A frame is a head (magic, length, CRC-32 of the payload, CRC-32 of the three) and a payload. The head has a checksum
//! of its own, so that no garbage is believed to be long: looking for the next intact frame stays linear.

use std::io::{self, BufReader, Read, Seek, SeekFrom};

const MAGIC: [u8; 4] = *b"RSDL";

/// Bytes ahead of the payload.
pub const HEAD: usize = 16;

/// Appends a frame to `bytes`; `None` for a payload whose length does not fit into 32 bits.
pub fn encode(payload: &[u8], bytes: &mut Vec<u8>) -> Option<()> {
    let length = u32::try_from(payload.len()).ok()?;
    let start = bytes.len();
    bytes.extend(MAGIC);
    bytes.extend(length.to_le_bytes());
    bytes.extend(crc32fast::hash(payload).to_le_bytes());
    let head = crc32fast::hash(&bytes[start..]);
    bytes.extend(head.to_le_bytes());
    bytes.extend(payload);
    Some(())
}

/// The payload of a whole frame, if the frame is intact.
pub fn decode(frame: &[u8]) -> Option<&[u8]> {
    let (head, payload) = frame.split_at_checked(HEAD)?;
    let (length, checksum) = parse(head)?;
    (payload.len() == length as usize && crc32fast::hash(payload) == checksum).then_some(payload)
}

/// Length and checksum of the payload, if the head is intact.
fn parse(head: &[u8]) -> Option<(u32, u32)> {
    let word = |at: usize| head.get(at..at + 4).and_then(|b| b.try_into().ok()).map(u32::from_le_bytes);
    let intact = head.starts_with(&MAGIC) && word(12)? == crc32fast::hash(&head[..12]);
    intact.then_some((word(4)?, word(8)?))
}

/// Reads the intact frames of a file from its beginning, one at a time.
#[derive(Debug)]
pub struct Scan<R> {
    reader: BufReader<R>,
    /// Where `reader` stands.
    position: u64,
    /// Where the next frame may begin.
    at: u64,
    /// Length of the file.
    pub length: u64,
    /// Where the last intact frame ended.
    pub end: u64,
    /// Damaged stretches between intact frames. A torn end is not one: it is what a kill leaves.
    pub damaged: usize,
}

impl<R: Read + Seek> Scan<R> {
    /// A scan of all that `source` holds.
    pub fn new(mut source: R) -> io::Result<Self> {
        let length = source.seek(SeekFrom::End(0))?;
        source.rewind()?;
        let reader = BufReader::with_capacity(1 << 16, source);
        Ok(Self { reader, position: 0, at: 0, length, end: 0, damaged: 0 })
    }

    /// Puts the next intact frame's payload into `payload`; returns where the frame begins.
    pub fn next(&mut self, payload: &mut Vec<u8>) -> io::Result<Option<u64>> {
        let mut lost = false;
        while self.at < self.length {
            if self.frame(payload)? {
                let start = self.at;
                self.at = self.position;
                self.end = self.position;
                self.damaged += usize::from(lost);
                return Ok(Some(start));
            }
            lost = true;
            self.skip()?;
        }
        Ok(None)
    }

    /// Reads the frame at `at`, if one is there and intact.
    fn frame(&mut self, payload: &mut Vec<u8>) -> io::Result<bool> {
        self.seek(self.at)?;
        if self.length - self.at < HEAD as u64 {
            return Ok(false);
        }
        let mut head = [0; HEAD];
        self.reader.read_exact(&mut head)?;
        self.position += HEAD as u64;
        let Some((length, checksum)) = parse(&head) else { return Ok(false) };
        if u64::from(length) > self.length - self.position {
            return Ok(false);
        }
        payload.resize(length as usize, 0);
        self.reader.read_exact(payload)?;
        self.position += u64::from(length);
        Ok(crc32fast::hash(payload) == checksum)
    }

    /// Moves `at` to the next place that looks like a frame.
    fn skip(&mut self) -> io::Result<()> {
        self.seek(self.at + 1)?;
        let mut last = 0u32;
        for byte in (&mut self.reader).bytes() {
            last = last << 8 | u32::from(byte?);
            self.position += 1;
            if last == u32::from_be_bytes(MAGIC) {
                self.at = self.position - MAGIC.len() as u64;
                return Ok(());
            }
        }
        self.at = self.length;
        Ok(())
    }

    fn seek(&mut self, to: u64) -> io::Result<()> {
        self.reader.seek_relative(to as i64 - self.position as i64)?;
        self.position = to;
        Ok(())
    }
}
