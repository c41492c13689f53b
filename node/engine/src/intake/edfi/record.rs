//! One record of Ed-Fi, whichever road it came: a tree of named texts.
//!
//! XML says `<Race>…</Race>` and `<StudentReference><StudentIdentity>`, JSON
//! `"races": [{"raceDescriptor": "…"}]` and `"studentReference": {…}`. Both
//! become the same tree, so that everything after it is written once. Shows
//! none of its texts in debug output.

use std::fmt;

/// A part of a record: a text, or parts of its own.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Element {
    name: String,
    text: String,
    parts: Vec<Self>,
}

impl Element {
    /// A part as XML names it.
    pub fn new(name: &str) -> Self {
        let mut characters = name.chars();
        let first = characters.next().map(|first| first.to_ascii_lowercase());
        Self { name: first.into_iter().chain(characters).collect(), ..Self::default() }
    }

    /// A part as JSON names it: `is_one_of_many` for each item of a list, whose
    /// name is that of the items together.
    pub fn of_json(name: &str, is_one_of_many: bool) -> Self {
        let name = name.strip_suffix("Descriptor").unwrap_or(name);
        if !is_one_of_many {
            return Self::new(name);
        }
        match name.strip_suffix("ies") {
            Some(start) => Self::new(&format!("{start}y")),
            None => Self::new(name.strip_suffix('s').unwrap_or(name)),
        }
    }

    /// Its name, with a small first letter.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Adds to its text.
    pub fn push_text(&mut self, text: &str) {
        self.text.push_str(text);
    }

    /// Adds a part.
    pub fn push(&mut self, part: Self) {
        self.parts.push(part);
    }

    /// The parts of a name.
    pub(super) fn all<'a, 'n>(
        &'a self,
        name: &'n str,
    ) -> impl Iterator<Item = &'a Self> + use<'a, 'n> {
        self.parts.iter().filter(move |part| part.name == name)
    }

    /// The text of a part of its own; empty where there is none.
    pub(super) fn text(&self, name: &str) -> &str {
        self.all(name).map(Self::own_text).find(|text| !text.is_empty()).unwrap_or("")
    }

    /// The first text of this name at any depth; empty where there is none.
    pub(super) fn deep(&self, name: &str) -> &str {
        let mut below = self.parts.iter().map(|part| part.deep(name));
        let own = self.text(name);
        if own.is_empty() { below.find(|text| !text.is_empty()).unwrap_or("") } else { own }
    }

    /// The first text of a name within a part, such as a reference.
    pub(super) fn within(&self, part: &str, name: &str) -> &str {
        self.all(part).map(|part| part.deep(name)).find(|text| !text.is_empty()).unwrap_or("")
    }

    /// Codes of a name, one a part: written as text, as a part of the same name
    /// (lists of JSON), or as `CodeValue` (Ed-Fi 2).
    pub(super) fn codes<'a, 'n>(
        &'a self,
        name: &'n str,
    ) -> impl Iterator<Item = &'a str> + use<'a, 'n> {
        self.all(name).map(Self::code).filter(|code| !code.is_empty())
    }

    /// The first code of a name at any depth; empty where there is none.
    pub(super) fn deep_code(&self, name: &str) -> &str {
        let own = self.codes(name).next();
        own.or_else(|| {
            self.parts.iter().map(|part| part.deep_code(name)).find(|code| !code.is_empty())
        })
        .unwrap_or("")
    }

    /// The code of a part; empty where it has none.
    pub(super) fn code(&self) -> &str {
        let own = self.own_text();
        if !own.is_empty() {
            return own;
        }
        let mut inner = self.all(&self.name).map(Self::code);
        inner.find(|code| !code.is_empty()).unwrap_or_else(|| self.text("codeValue"))
    }

    fn own_text(&self) -> &str {
        self.text.trim()
    }
}

impl fmt::Debug for Element {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Element").field("name", &self.name).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn leaf(mut part: Element, text: &str) -> Element {
        part.push_text(text);
        part
    }

    fn holding(mut part: Element, inner: Element) -> Element {
        part.push(inner);
        part
    }

    #[test]
    fn both_spellings_of_a_code_and_of_a_reference_are_one() {
        let xml = holding(Element::new("A"), leaf(Element::new("Disability"), " x "));
        let item = holding(
            Element::of_json("disabilities", true),
            leaf(Element::of_json("disabilityDescriptor", false), "x"),
        );
        let json = holding(Element::of_json("a", false), item);
        let old = holding(
            Element::new("A"),
            holding(Element::new("Disability"), leaf(Element::new("CodeValue"), "x")),
        );
        for record in [xml, json, old] {
            assert_eq!(record.codes("disability").collect::<Vec<_>>(), ["x"]);
        }
        let id = || leaf(Element::new("StudentUniqueId"), "7");
        let xml = holding(Element::new("StudentReference"), {
            holding(Element::new("StudentIdentity"), id())
        });
        let json = holding(Element::of_json("studentReference", false), id());
        for reference in [xml, json] {
            let record = holding(Element::new("A"), reference);
            assert_eq!(record.within("studentReference", "studentUniqueId"), "7");
            assert!(!format!("{record:?}").contains('7'));
        }
    }
}
