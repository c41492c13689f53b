//! The journal as bytes, to be sealed and kept. Decoding refuses whatever
//! encoding does not write.
//!
//! ```text
//! "PLJ1", year, schools, entries, pseudonyms, changes by program; little-endian,
//! each list after its length
//! ```

use std::collections::{BTreeMap, HashMap};

use peerlight_proto::{names::ProgramId, units::SchoolYear};

use super::{Cells, Changes, Entry, Journal};

/// Names the form and its version.
const MAGIC: &[u8; 4] = b"PLJ1";

/// Bytes that are not a journal of this version.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("it is not a contribution journal of this version")]
pub struct Unreadable;

impl Journal {
    /// The bytes to seal and keep.
    pub fn to_bytes(&self) -> Vec<u8> {
        let size = self.entries.len() * 20 + self.pseudonyms.len() * 20 + 4096;
        let mut out = Vec::with_capacity(size);
        out.extend(MAGIC);
        out.extend(u32::from(self.school_year.ending_year()).to_le_bytes());
        put_length(&mut out, self.schools.len());
        for school in &self.schools {
            put_text(&mut out, school);
        }
        put_length(&mut out, self.entries.len());
        for entry in &self.entries {
            out.extend(entry.school.to_le_bytes());
            out.extend(entry.cells.0);
        }
        put_length(&mut out, self.pseudonyms.len());
        for (pseudonym, entry) in &self.pseudonyms {
            out.extend(pseudonym.to_le_bytes());
            out.extend(entry.to_le_bytes());
        }
        put_length(&mut out, self.changes.len());
        for (program, changes) in &self.changes {
            put_text(&mut out, program.as_str());
            put_length(&mut out, changes.len());
            out.extend(changes.iter().flat_map(|changes| changes.0));
        }
        out
    }

    /// Reads what [`Journal::to_bytes`] wrote.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, Unreadable> {
        let mut from = Reader(bytes);
        if from.array::<4>()? != *MAGIC {
            return Err(Unreadable);
        }
        let year = u32::from_le_bytes(from.array()?);
        let school_year = SchoolYear::ending(year).map_err(|_| Unreadable)?;
        let schools: Vec<String> = from.list(Reader::text)?;
        let entries = from.list(|from| {
            let school = u32::from_le_bytes(from.array()?);
            let cells = Cells(from.array()?);
            let is_sound = (school as usize) < schools.len() && cells.grade().is_some();
            is_sound.then_some(Entry { school, cells }).ok_or(Unreadable)
        })?;
        let pseudonyms = from.list(|from| {
            let pseudonym = u128::from_le_bytes(from.array()?);
            let entry = u32::from_le_bytes(from.array()?);
            ((entry as usize) < entries.len()).then_some((pseudonym, entry)).ok_or(Unreadable)
        })?;
        let known: HashMap<_, _> = pseudonyms.iter().copied().collect();
        let programs = from.list(|from| {
            let program = ProgramId::new(from.text()?).map_err(|_| Unreadable)?;
            let changes = from.list(|from| Ok(Changes(from.array()?)))?;
            let is_sound = |changes: &Changes| {
                let [first, second] = changes.0;
                second == u8::MAX || first < second
            };
            let are_sound = changes.len() <= entries.len() && changes.iter().all(is_sound);
            are_sound.then_some((program, changes)).ok_or(Unreadable)
        })?;
        let count = programs.len();
        let changes: BTreeMap<_, _> = programs.into_iter().collect();
        if known.len() != pseudonyms.len() || changes.len() != count || !from.0.is_empty() {
            return Err(Unreadable);
        }
        Ok(Self { school_year, schools, entries, pseudonyms, known, changes })
    }
}

fn put_length(out: &mut Vec<u8>, length: usize) {
    out.extend((length as u32).to_le_bytes());
}

fn put_text(out: &mut Vec<u8>, text: &str) {
    put_length(out, text.len());
    out.extend(text.as_bytes());
}

/// What is left to read.
struct Reader<'a>(&'a [u8]);

impl Reader<'_> {
    fn array<const N: usize>(&mut self) -> Result<[u8; N], Unreadable> {
        let (first, rest) = self.0.split_first_chunk().ok_or(Unreadable)?;
        self.0 = rest;
        Ok(*first)
    }

    fn length(&mut self) -> Result<usize, Unreadable> {
        let length = u32::from_le_bytes(self.array()?) as usize;
        // Every item has a byte at least: nothing is reserved for a lie.
        if length <= self.0.len() { Ok(length) } else { Err(Unreadable) }
    }

    fn text(&mut self) -> Result<String, Unreadable> {
        let length = self.length()?;
        let (text, rest) = self.0.split_at_checked(length).ok_or(Unreadable)?;
        self.0 = rest;
        String::from_utf8(text.to_vec()).map_err(|_| Unreadable)
    }

    fn list<T>(
        &mut self,
        mut item: impl FnMut(&mut Self) -> Result<T, Unreadable>,
    ) -> Result<Vec<T>, Unreadable> {
        let length = self.length()?;
        let mut items = Vec::with_capacity(length);
        for _ in 0..length {
            items.push(item(self)?);
        }
        Ok(items)
    }
}
