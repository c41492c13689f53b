//! Where the inbox stands: what waits for a person, and by which command it
//! goes on. Reads names only.

use super::{
    format::Format,
    look,
    place::{self, End, Inbox},
};
use crate::home::HomeError;

/// What is in the inbox.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Standing {
    /// Imports that changed too much to be applied unasked.
    pub waiting: Vec<Waiting>,
    /// Names of imports that were refused; their reports say why.
    pub refused: Vec<String>,
    /// Names of imports that were applied.
    pub done: Vec<String>,
    /// Folders with files that are not imported yet.
    pub untaken: Vec<String>,
    /// What lies beside the folders, where nothing looks.
    pub strangers: Vec<String>,
}

/// An import that a person has to look at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Waiting {
    /// Its name.
    pub name: String,
    /// What imports it nevertheless.
    pub command: String,
}

impl Standing {
    /// What is in an inbox now; nothing where there is none.
    ///
    /// # Errors
    ///
    /// A folder of it cannot be read.
    pub fn of(inbox: &Inbox) -> Result<Self, HomeError> {
        let mut waiting = Vec::new();
        for name in inbox.ended(End::Waiting)? {
            let folder = name.split_once('-').map_or("", |(_, folder)| folder);
            let Some(format) = Format::of_folder(folder) else { continue };
            let files = place::files(&inbox.end(End::Waiting).join(&name))?;
            let command = format.command(&files, &inbox.path().join(folder));
            waiting.push(Waiting { name, command });
        }
        let mut untaken = Vec::new();
        for folder in inbox.folders()? {
            if folder.has_taken() || !look::batches(&folder)?.is_empty() {
                untaken.push(folder.name);
            }
        }
        Ok(Self {
            waiting,
            refused: inbox.ended(End::Refused)?,
            done: inbox.ended(End::Done)?,
            untaken,
            strangers: inbox.strangers()?,
        })
    }

    /// In a line, for people.
    pub fn in_words(&self) -> String {
        let counts = [
            (self.done.len(), "imported"),
            (self.refused.len(), "refused"),
            (self.waiting.len(), "waiting for a person"),
        ];
        let counts = counts.map(|(count, what)| format!("{count} {what}"));
        let mut parts = vec![counts.join(", ")];
        for (names, what) in [
            (&self.untaken, "files to be imported in"),
            (&self.strangers, "in no folder of a format:"),
        ] {
            if !names.is_empty() {
                parts.push(format!("{what} {}", names.join(", ")));
            }
        }
        parts.join("; ")
    }
}
