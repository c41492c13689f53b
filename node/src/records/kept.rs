//! Rows of a source that its next files may change, sealed as student years
//! are: they have ids of students.

use std::fs;

use zeroize::Zeroizing;

use super::{Records, RecordsError, failed, seal};

impl Records {
    /// Seals the rows; the name of the finished file.
    pub fn write_kept(&self, rows: &[u8]) -> Result<String, RecordsError> {
        self.write_sealed("kept", Vec::new(), rows.to_vec())
    }

    /// Opens the rows of a file that [`Self::write_kept`] wrote.
    pub fn read_kept(&self, name: &str) -> Result<Zeroizing<Vec<u8>>, RecordsError> {
        let path = self.folder.join(name);
        let sealed = fs::read(&path).map_err(failed(&path, "read"))?;
        let rows = seal::open_ids(&self.keys, name, &sealed);
        rows.map(Zeroizing::new).ok_or(RecordsError::Sealed(path))
    }
}
