//! Reads the rows of one file on several threads, and puts them together as if
//! one had read them.
//!
//! ```text
//! file ──split──▶ batches ──threads──▶ an Intake each ──in the file's order──▶ Intake
//! ```
//!
//! Splitting is one thread's, because whether a line ends a row is known only
//! from the start; what the cells mean is everybody's. Only a few batches are
//! in memory at a time.

use std::{
    collections::BTreeMap,
    sync::{
        Mutex, PoisonError,
        mpsc::{Receiver, Sender, channel, sync_channel},
    },
    thread,
};

use csv::ByteRecord;
use peerlight_node_engine::intake::{Intake, Layout};

use super::rows::{Rows, RowsError};

/// Rows and bytes at which a batch is full: enough that handing it over costs
/// nothing.
const ROWS: usize = 8_192;
const BYTES: usize = 2 << 20;

/// Some rows of a file, one after the other.
#[derive(Default)]
struct Batch {
    bytes: Vec<u8>,
    /// Where each cell ends.
    cells: Vec<u32>,
    /// Line of each row, and its last cell.
    rows: Vec<(u64, u32)>,
}

/// A batch that was read aside; the rows as well where they must be read again.
struct Done {
    number: u64,
    intake: Intake,
    again: Option<Batch>,
}

/// Reads the rest of a file's rows. With one thread, or few rows, nothing is
/// read aside.
pub(super) fn read(
    rows: &mut Rows<'_>,
    layout: &Layout,
    intake: &mut Intake,
    threads: usize,
) -> Result<(), RowsError> {
    let mut batch = Batch::default();
    // What comes before a fault is read, and only then is the fault told.
    let mut is_over = batch.fill(rows);
    if threads < 2 || !matches!(is_over, Ok(false)) {
        loop {
            batch.read(layout, intake);
            if is_over? {
                return Ok(());
            }
            is_over = batch.fill(rows);
        }
    }
    let (send, batches) = sync_channel::<(u64, Batch, Intake)>(2 * threads);
    let (done, results) = channel();
    let batches = Mutex::new(batches);
    thread::scope(|scope| {
        for _ in 0..threads {
            let (batches, done) = (&batches, done.clone());
            scope.spawn(move || work(batches, layout, &done));
        }
        drop(done);
        let mut order = Order { layout, intake, next: 0, early: BTreeMap::new() };
        let mut number = 0;
        let outcome = loop {
            let rest = std::mem::take(&mut batch);
            // The threads end only when nothing is sent any more.
            send.send((number, rest, order.intake.aside())).expect("somebody takes the batches");
            number += 1;
            for done in results.try_iter() {
                order.take(done);
            }
            match is_over {
                Ok(false) => is_over = batch.fill(rows),
                Ok(true) => break Ok(()),
                Err(error) => break Err(error),
            }
        };
        drop(send);
        for done in results {
            order.take(done);
        }
        outcome
    })
}

/// Reads batches until there are none left.
fn work(batches: &Mutex<Receiver<(u64, Batch, Intake)>>, layout: &Layout, done: &Sender<Done>) {
    loop {
        let next = batches.lock().unwrap_or_else(PoisonError::into_inner).recv();
        let Ok((number, batch, mut intake)) = next else { return };
        batch.read(layout, &mut intake);
        let again = (!intake.is_whole()).then_some(batch);
        // Nobody listens only where the reader has panicked.
        let _ = done.send(Done { number, intake, again });
    }
}

/// Puts what was read aside back in the file's order.
struct Order<'a> {
    layout: &'a Layout,
    intake: &'a mut Intake,
    next: u64,
    early: BTreeMap<u64, Done>,
}

impl Order<'_> {
    fn take(&mut self, done: Done) {
        self.early.insert(done.number, done);
        while let Some(done) = self.early.remove(&self.next) {
            self.next += 1;
            match done.again {
                Some(batch) => batch.read(self.layout, self.intake),
                None => self.intake.append(done.intake),
            }
        }
    }
}

impl Batch {
    /// Takes in rows until it is full; whether the file is over.
    fn fill(&mut self, rows: &mut Rows<'_>) -> Result<bool, RowsError> {
        self.clear();
        while self.rows.len() < ROWS && self.bytes.len() < BYTES {
            match rows.next()? {
                Some((line, record)) => self.push(line, record),
                None => return Ok(true),
            }
        }
        Ok(false)
    }

    fn clear(&mut self) {
        self.bytes.clear();
        self.cells.clear();
        self.rows.clear();
    }

    fn push(&mut self, line: u64, record: &ByteRecord) {
        let mut end = self.bytes.len() as u32;
        self.bytes.extend_from_slice(record.as_slice());
        for cell in record {
            end += cell.len() as u32;
            self.cells.push(end);
        }
        self.rows.push((line, self.cells.len() as u32));
    }

    fn read(&self, layout: &Layout, intake: &mut Intake) {
        let mut first = 0;
        for (line, last) in &self.rows {
            let cells = (first..*last as usize).map(|cell| {
                let start = if cell == 0 { 0 } else { self.cells[cell - 1] as usize };
                &self.bytes[start..self.cells[cell] as usize]
            });
            intake.row(layout, *line, cells);
            first = *last as usize;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fmt::Write;

    use peerlight_node_engine::intake::{Imported, Mapping, Refused, Schools, StudentYears};
    use peerlight_proto::{
        directory::Directory,
        names::{ConsortiumId, MemberId},
        units::SchoolYear,
    };
    use ring::digest::{Context, SHA256};

    use super::*;
    use crate::{
        records::{RecordKeys, to_parquet},
        source::rows::Delimiter,
    };

    fn import(text: &str, threads: usize) -> Result<Imported, Refused> {
        let directory = Directory {
            consortium: ConsortiumId::new("test").unwrap(),
            number: 1,
            school_year: SchoolYear::ending(2030).unwrap(),
            features_source: String::new(),
            schools: Vec::new(),
        };
        let schools = Schools::new(&directory, &MemberId::new("1").unwrap());
        let mut intake = Intake::new(schools, Mapping::default());
        let mut digest = Context::new(&SHA256);
        let mut rows = Rows::of(Box::new(text.as_bytes()), Delimiter::Comma, &mut digest);
        let header = rows.header().unwrap().unwrap();
        let layout = intake.begin("a.csv", &header).unwrap();
        let read = super::read(&mut rows, &layout, &mut intake, threads);
        if let Err(RowsError::Broken { line, what, remedy }) = read {
            intake.unreadable("a.csv", line, what, remedy);
        }
        intake.finish()
    }

    /// Forty thousand rows of two years, some odd ones where `odd` says so.
    fn file(odd: impl Fn(usize) -> Option<String>) -> String {
        let mut text = "school_year,school_id,student_id,test_name,gender,days_absent\n".to_owned();
        for row in 0..40_000 {
            let (year, school, number) = (2025 + row % 2, row * 7 % 331, row / 9_000);
            let gender = ["F", "M", ""][row % 3];
            let row = odd(row).unwrap_or_else(|| {
                format!("{year},s{school},{row},Test {number},{gender},\"{}.5\"", row % 40)
            });
            writeln!(text, "{row}").unwrap();
        }
        text
    }

    fn files(imported: &Imported) -> Vec<Vec<u8>> {
        let keys = RecordKeys::from_keys([1; 32].into(), [2; 32].into(), &[3; 32]);
        let file = |years| to_parquet(years, |kind, id| keys.pseudonym(kind, id)).unwrap();
        imported.years.iter().map(file).collect()
    }

    #[test]
    fn several_threads_read_what_one_reads() {
        let text = file(|row| (row % 5_000 == 17).then(|| format!("2025,,{row},,X,")));
        let one = import(&text, 1).unwrap();
        for threads in [2, 5] {
            let several = import(&text, threads).unwrap();
            assert!(files(&one) == files(&several), "{threads} threads");
            assert_eq!(format!("{:?}", one.report), format!("{:?}", several.report));
        }
        assert_eq!(one.years.iter().map(StudentYears::rows).sum::<usize>(), 40_000);
    }

    #[test]
    fn several_threads_find_the_faults_that_one_finds() {
        let odd = |row: usize| match row {
            // More unknown values than are listed, and again later.
            9_000..9_300 | 30_000 => Some(format!("2025,s1,{row},,code {},1", row % 200)),
            12_000 | 20_000 => Some("2025,s1,7,,F".to_owned()),
            35_000 => Some(format!("2025,s1,{},,F,1", 34_990)),
            36_000 => Some(format!("2025,s1,{row},,F,\"{}", "x".repeat(3 << 20))),
            _ => None,
        };
        let one = import(&file(odd), 1).unwrap_err();
        let several = import(&file(odd), 3).unwrap_err();
        assert_eq!(format!("{:?}", one.report), format!("{:?}", several.report));
        let text = format!("{:?}", one.report);
        for part in ["1 MiB", "number of cells", "there twice", "codes"] {
            assert!(text.contains(part), "{part}");
        }
    }
}
