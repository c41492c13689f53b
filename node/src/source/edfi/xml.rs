//! Records of an Ed-Fi interchange file, one in memory at a time.
//!
//! Reads elements and nothing else: no entity but the predefined ones is
//! resolved, so that a file can neither reach for another nor swell.

use std::{
    io::{self, BufRead, BufReader, Read},
    path::Path,
};

use peerlight_node_engine::intake::edfi::Element;
use quick_xml::{
    Error, Reader,
    events::{BytesStart, Event},
};
use ring::digest::Context;

use super::super::rows::{Bounded, RowsError, Since, open};

/// Deepest nesting of a record; the standard's deepest has about fifteen.
const DEEPEST: usize = 40;

/// An interchange file under way.
pub(super) struct Records<'a> {
    reader: Reader<Lines<Bounded<'a>>>,
    since: Since,
    buffer: Vec<u8>,
    is_over: bool,
}

impl<'a> Records<'a> {
    /// Opens a file, decompressed if it is called `.gz`; every byte of it goes
    /// into `digest`.
    pub(super) fn open(path: &Path, digest: &'a mut Context) -> io::Result<Self> {
        let (bounded, since) = Bounded::new(open(path)?, digest);
        let lines = Lines { inner: BufReader::with_capacity(1 << 16, bounded), line: 1 };
        Ok(Self { reader: Reader::from_reader(lines), since, buffer: Vec::new(), is_over: false })
    }

    /// The outermost element's name and default namespace; to be read before
    /// the records.
    pub(super) fn root(&mut self) -> Result<(String, String), RowsError> {
        loop {
            self.buffer.clear();
            match self.reader.read_event_into(&mut self.buffer) {
                Ok(Event::Start(start)) => {
                    let namespace = start.attributes().flatten();
                    let namespace = namespace.filter(|it| it.key.as_ref() == "xmlns");
                    let namespace = namespace.map(|it| it.value.into_owned()).next();
                    let name = start.local_name().into_inner().to_owned();
                    return Ok((name, namespace.unwrap_or_default()));
                }
                Ok(Event::Empty(_) | Event::Eof) => return Err(self.broken("has no records in it")),
                Ok(Event::Text(text)) if !text.trim().is_empty() => {
                    return Err(self.broken("is not XML"));
                }
                Ok(_) => {}
                Err(error) => return Err(self.refusal(&error)),
            }
        }
    }

    /// The next record and the line it begins on; none at the end.
    pub(super) fn next(&mut self) -> Result<Option<(u64, Element)>, RowsError> {
        if self.is_over {
            return Ok(None);
        }
        self.since.reset();
        // Elements that are open, the record first.
        let mut stack: Vec<Element> = Vec::new();
        let mut begins = 0;
        loop {
            self.buffer.clear();
            let event = match self.reader.read_event_into(&mut self.buffer) {
                Ok(event) => event,
                Err(error) => return Err(self.refusal(&error)),
            };
            let line = self.reader.get_ref().line;
            let closed = match event {
                Event::Start(start) => {
                    if stack.is_empty() {
                        begins = line;
                    }
                    stack.push(element(&start));
                    None
                }
                Event::Empty(start) => Some(element(&start)),
                Event::End(_) if stack.is_empty() => {
                    self.is_over = true;
                    return Ok(None);
                }
                Event::End(_) => stack.pop(),
                Event::Text(text) => {
                    push_text(&mut stack, &text);
                    None
                }
                Event::CData(text) => {
                    push_text(&mut stack, &text);
                    None
                }
                Event::GeneralRef(reference) => {
                    let named = match reference.as_ref() {
                        "amp" => Some('&'),
                        "lt" => Some('<'),
                        "gt" => Some('>'),
                        "quot" => Some('"'),
                        "apos" => Some('\''),
                        _ => reference.resolve_char_ref().ok().flatten(),
                    };
                    let Some(character) = named else {
                        return Err(self.broken("has an entity that is not of XML itself"));
                    };
                    push_text(&mut stack, character.encode_utf8(&mut [0; 4]));
                    None
                }
                Event::Eof => return Err(self.broken("is cut short")),
                Event::DocType(_) => return Err(self.broken("has a document type definition")),
                Event::Comment(_) | Event::Decl(_) | Event::PI(_) => None,
            };
            if stack.len() > DEEPEST {
                return Err(self.broken("is nested more deeply than any record of Ed-Fi"));
            }
            match (closed, stack.last_mut()) {
                (Some(closed), Some(parent)) => parent.push(closed),
                (Some(record), None) => {
                    return Ok(Some((if begins == 0 { line } else { begins }, record)));
                }
                (None, _) => {}
            }
        }
    }

    fn broken(&self, what: &'static str) -> RowsError {
        let line = self.reader.get_ref().line;
        RowsError::Broken { line, what, remedy: "export the interchange file again, as UTF-8" }
    }

    fn refusal(&self, error: &Error) -> RowsError {
        match error {
            Error::Io(source) => RowsError::of_io(self.reader.get_ref().line, source),
            _ => self.broken("is not well-formed XML"),
        }
    }
}

fn element(start: &BytesStart<'_>) -> Element {
    let mut element = Element::new(start.local_name().into_inner());
    let reference = start.attributes().flatten().find(|it| it.key.as_ref() == "ref");
    if let Some(reference) = reference {
        let mut part = Element::new("ref");
        part.push_text(&reference.value);
        element.push(part);
    }
    element
}

fn push_text(stack: &mut [Element], text: &str) {
    if let Some(open) = stack.last_mut() {
        open.push_text(text);
    }
}

/// Counts the lines of what has been read.
struct Lines<R> {
    inner: BufReader<R>,
    line: u64,
}

impl<R: Read> Read for Lines<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let available = self.fill_buf()?;
        let taken = available.len().min(buffer.len());
        buffer[..taken].copy_from_slice(&available[..taken]);
        self.consume(taken);
        Ok(taken)
    }
}

impl<R: Read> BufRead for Lines<R> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        self.inner.fill_buf()
    }

    fn consume(&mut self, amount: usize) {
        let taken = &self.inner.buffer()[..amount];
        self.line += taken.split(|byte| *byte == b'\n').skip(1).count() as u64;
        self.inner.consume(amount);
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use ring::digest::SHA256;

    use super::*;

    fn read(content: &[u8]) -> Result<Vec<(u64, String)>, RowsError> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file.xml");
        fs::write(&path, content).unwrap();
        let mut digest = Context::new(&SHA256);
        let mut records = Records::open(&path, &mut digest).map_err(RowsError::File)?;
        records.root()?;
        let mut found = Vec::new();
        while let Some((line, record)) = records.next()? {
            found.push((line, record.name().to_owned()));
        }
        Ok(found)
    }

    #[test]
    fn records_are_told_with_the_line_they_begin_on() {
        let text = "\u{feff}<?xml version=\"1.0\"?>\n<!-- a -->\n<e:InterchangeStudent \
                    xmlns:e=\"http://ed-fi.org/0200\">\n<e:Student id=\"1\">\n\
                    <A>x &amp; y</A></e:Student>\n<B ref=\"q\"/>\n</e:InterchangeStudent>\n";
        let found = read(text.as_bytes()).unwrap();
        assert_eq!(found, [(4, "student".to_owned()), (6, "b".to_owned())]);
    }

    #[test]
    fn files_that_cannot_be_trusted_are_refused_with_their_line() {
        let deep = format!("<a>\n{}", "<b>".repeat(60));
        let endless = format!("<a>\n<b>{}", "x".repeat(2 << 20));
        for (text, line, wanted) in [
            ("<a>\n<b><c></c>", 2, "cut short"),
            ("<a>\n<b></c></b></a>", 2, "well-formed"),
            ("<a>\n<b>&evil;</b></a>", 2, "entity"),
            ("student_id,grade\n1,2\n", 3, "is not XML"),
            ("<a/>", 1, "no records"),
            (deep.as_str(), 2, "deeply"),
            (endless.as_str(), 2, "longer than 1 MiB"),
        ] {
            let Err(RowsError::Broken { line: found, what, .. }) = read(text.as_bytes()) else {
                panic!("{wanted}: not refused");
            };
            assert!(what.contains(wanted), "{wanted}: {what}");
            assert_eq!(found, line, "{wanted}");
        }
        assert!(matches!(read(b"<a><b>\xff</b></a>"), Err(RowsError::Broken { .. })));
    }
}
