//! Tests of the journal's file and row: whole, or refused with what to do.

use std::fs;

use peerlight_node_engine::{
    privacy::journal::{Cells, Student},
    student::{Chunk, Column, Values},
};
use tempfile::TempDir;

use super::*;
use crate::{error::Error, home::Home, keys::Keys};

const NOW: UnixSeconds = UnixSeconds(7);

struct Place {
    folder: TempDir,
    store: Store,
}

impl Place {
    async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let home = Home::at(folder.path().join("node"));
        home.create().unwrap();
        Keys::create(&home).unwrap();
        let store = Store::open(&folder.path().join("node.db")).await.unwrap();
        Self { folder, store }
    }

    fn files(&self) -> Folder {
        let home = Home::at(self.folder.path().join("node"));
        let keys = Keys::open(&home).unwrap();
        Folder::new(self.folder.path().join("journal"), keys.master())
    }

    async fn open(&self) -> Result<Book, JournalError> {
        Book::open(&self.store, self.files(), year()).await
    }

    /// A journal that has met one student.
    async fn met(&self, local: u128) -> Book {
        let mut book = self.open().await.unwrap();
        let (journal, has_changed) = with(&book, local);
        book.met(&self.store, journal, has_changed, NOW).await.unwrap();
        book
    }

    fn names(&self) -> Vec<String> {
        let found = fs::read_dir(self.folder.path().join("journal")).unwrap();
        found.map(|it| it.unwrap().file_name().to_string_lossy().into_owned()).collect()
    }

    async fn row(&self) -> JournalRow {
        journals::find(&self.store, year()).await.unwrap().unwrap()
    }
}

fn year() -> SchoolYear {
    SchoolYear::ending(2026).unwrap()
}

fn with(book: &Book, local: u128) -> (Journal, bool) {
    let mut journal = (*book.journal()).clone();
    let mut chunk = Chunk::default();
    chunk.school = vec![0];
    *chunk.values_mut(Column::GradeLevel) = Values::Bytes(vec![4]);
    let mut pass = journal.pass();
    let school = pass.school("10");
    let student = Student { statewide: None, local: Some(local) };
    pass.contact(student, school, Cells::read(&chunk, 0).unwrap());
    let has_changed = pass.has_changed();
    (journal, has_changed)
}

#[tokio::test]
async fn a_journal_is_read_back_whole_and_what_it_replaced_is_swept() {
    let place = Place::new().await;
    place.met(1).await;
    let first = place.row().await;
    let book = place.met(2).await;
    let second = place.row().await;
    assert_eq!((first.counter, second.counter), (1, 2));
    assert_eq!(place.names(), [second.file]);
    assert!(*place.open().await.unwrap().journal() == *book.journal());
    place.met(2).await;
    assert_eq!(place.row().await.counter, 2, "nobody new, nothing written");
}

#[tokio::test]
async fn a_file_opens_only_unaltered_under_its_name_and_key() {
    let place = Place::new().await;
    let folder = place.files();
    let sealed = folder.seal("a", b"cells of students".to_vec()).unwrap();
    assert_eq!(folder.open("a", sealed.clone()).unwrap(), b"cells of students");
    assert!(folder.open("b", sealed.clone()).is_none());
    assert!(Place::new().await.files().open("a", sealed.clone()).is_none());
    for position in 0..sealed.len() {
        let mut altered = sealed.clone();
        altered[position] ^= 1;
        assert!(folder.open("a", altered).is_none(), "byte {position}");
        assert!(folder.open("a", sealed[..position].to_vec()).is_none());
    }
    assert!(!sealed.windows(8).any(|window| window == b"students"));
}

#[tokio::test]
async fn a_journal_that_is_not_whole_is_refused_with_what_to_do() {
    let place = Place::new().await;
    place.met(1).await;
    let path = place.files().at(&place.row().await.file);
    let whole = fs::read(&path).unwrap();
    let refused = async |says: &str| {
        let error = Error::from(place.open().await.unwrap_err());
        let text = error.to_string();
        assert!(text.contains(says) && text.contains("same newest backup"), "{text}");
        assert_eq!(error.exit() as u8, 7);
    };
    let mut altered = whole.clone();
    *altered.last_mut().unwrap() ^= 1;
    fs::write(&path, altered).unwrap();
    refused("is damaged").await;
    fs::remove_file(&path).unwrap();
    refused("is missing").await;
    fs::write(&path, whole).unwrap();
    place.open().await.unwrap();

    let home = Home::at(place.folder.path().join("node"));
    fs::remove_dir_all(home.path()).unwrap();
    home.create().unwrap();
    Keys::create(&home).unwrap();
    refused("does not open under this node's keys").await;
}

#[tokio::test]
async fn killed_between_file_and_commit_the_journal_before_is_in_force() {
    let place = Place::new().await;
    let before = place.met(1).await;
    let row = place.row().await;
    let (journal, _) = with(&before, 2);
    let change = before.change(Some(journal), NOW).unwrap();
    let mut tx = place.store.begin().await.unwrap();
    change.apply_in(&mut tx).await.unwrap();
    assert_eq!(place.names().len(), 2, "the new file is on the disk");
    drop(tx);

    assert_eq!(place.row().await, row);
    assert!(*place.open().await.unwrap().journal() == *before.journal());
    place.met(3).await;
    assert_eq!(place.names(), [place.row().await.file], "what was left is swept");
}

#[tokio::test]
async fn of_two_processes_the_second_starts_again() {
    let place = Place::new().await;
    place.met(1).await;
    let (mut one, mut other) = (place.open().await.unwrap(), place.open().await.unwrap());
    let (journal, _) = with(&one, 2);
    one.met(&place.store, journal, true, NOW).await.unwrap();
    let (journal, _) = with(&other, 3);
    let moved = other.met(&place.store, journal, true, NOW).await.unwrap_err();
    assert!(matches!(moved, JournalError::Moved { .. }), "{moved}");
    assert!(*place.open().await.unwrap().journal() == *one.journal());
}
