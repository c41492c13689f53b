//! Files as they come off the state's site, and as they get damaged.

use std::{fs, io::Write};

use flate2::{Compression, write::GzEncoder};
use tempfile::TempDir;
use zip::{ZipWriter, write::SimpleFileOptions};

use super::*;

const HEADER: &str = "County Code^District Code^School Code^Type ID^Filler^Test Year^\
                      County Name^District Name^School Name^Zip Code\n";

/// A list of entities with so many schools.
fn entities(schools: usize) -> String {
    let row = |school| {
        let code = school + 2;
        format!("01^10017^{code:07}^7^^2024^Alameda^Alameda COE^School \"{school}\"^94501\n")
    };
    HEADER.to_owned() + &(0..schools).map(row).collect::<String>()
}

struct Folder(TempDir);

impl Folder {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn file(&self, name: &str, bytes: &[u8]) -> PathBuf {
        let path = self.0.path().join(name);
        fs::write(&path, bytes).unwrap();
        path
    }
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn zipped(members: &[(&str, &[u8])]) -> Vec<u8> {
    let mut writer = ZipWriter::new(std::io::Cursor::new(Vec::new()));
    for (name, bytes) in members {
        writer.start_file(*name, SimpleFileOptions::default()).unwrap();
        writer.write_all(bytes).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

fn entities_of(path: &Path) -> Result<Imported, Vec<String>> {
    within(path, Limits::USUAL)
}

fn within(path: &Path, limits: Limits) -> Result<Imported, Vec<String>> {
    match read_within(Format::CaasppEntities, path, &Stated::default(), limits) {
        Ok((imported, _)) => Ok(imported),
        Err(Error::Refused { faults, .. }) => Err(faults),
        Err(other) => panic!("{other}"),
    }
}

#[test]
fn plain_gzip_and_zip_hold_the_same_schools_whatever_they_are_called() {
    let folder = Folder::new();
    let text = entities(3);
    let readme = ("readme.txt", b"nothing to see".as_slice());
    let results = ("sb_ca2024_all.txt", b"County Code^Test Year^Grade\n".as_slice());
    let member = ("sb_ca2024entities_csv.txt", text.as_bytes());
    let plain = entities_of(&folder.file("entities.txt", text.as_bytes())).unwrap();
    assert_eq!(plain.schools.len(), 3);
    assert_eq!(plain.schools[0].name, "School \"0\"");
    for (name, bytes) in [
        ("entities.gz", gzip(text.as_bytes())),
        ("no-ending", gzip(text.as_bytes())),
        ("entities.zip", zipped(&[readme, results, member])),
    ] {
        assert_eq!(entities_of(&folder.file(name, &bytes)).unwrap(), plain, "{name}");
    }
}

#[test]
fn a_header_below_titles_is_found_and_lines_are_counted_from_the_top() {
    let folder = Folder::new();
    let text = format!("\u{feff}Entities of 2024\n\n{}01^10017\n", entities(1));
    let faults = entities_of(&folder.file("titled.txt", text.as_bytes())).unwrap_err();
    assert_eq!(faults.len(), 1, "{faults:?}");
    assert!(faults[0].starts_with("line 5: has 2 cells where the header has 10"), "{faults:?}");
}

#[test]
fn letters_are_read_in_one_encoding_and_two_are_refused() {
    let folder = Folder::new();
    let row = |code: u8, name: &[u8]| {
        let start = format!("01^10017^000010{code}^7^^2024^Alameda^Alameda COE^");
        [start.as_bytes(), name, b"^94501\n"].concat()
    };
    let (latin, utf8) = (row(1, b"Pe\xf1a \x96 Elementary"), row(2, "Peña".as_bytes()));
    let of = |rows: &[&[u8]]| [HEADER.as_bytes(), &rows.concat()].concat();
    let read = entities_of(&folder.file("latin.txt", &of(&[&latin]))).unwrap();
    assert_eq!(read.schools[0].name, "Peña – Elementary");
    let read = entities_of(&folder.file("utf8.txt", &of(&[&utf8]))).unwrap();
    assert_eq!(read.schools[0].name, "Peña");
    let faults = entities_of(&folder.file("mixed.txt", &of(&[&latin, &utf8]))).unwrap_err();
    assert!(faults[0].starts_with("line 3: is written in another encoding than line 2"));
    let utf16: Vec<u8> = [0xff, 0xfe, b'C', 0].to_vec();
    let faults = entities_of(&folder.file("utf16.txt", &utf16)).unwrap_err();
    assert!(faults[0].contains("save it as UTF-8"), "{faults:?}");
}

#[test]
fn a_file_that_ends_in_the_middle_is_refused_with_its_line() {
    let folder = Folder::new();
    let whole = gzip(entities(5_000).as_bytes());
    let faults = entities_of(&folder.file("cut.gz", &whole[..whole.len() / 2])).unwrap_err();
    assert!(faults[0].contains("cannot be read further"), "{faults:?}");
    assert!(faults[0].contains("fetch the file again"), "{faults:?}");
    let short = gzip(entities(1).as_bytes());
    assert!(entities_of(&folder.file("short.gz", &short[..short.len() - 20])).is_err());
    let text = entities(3);
    let faults = entities_of(&folder.file("cut.txt", &text.as_bytes()[..text.len() - 30]));
    assert!(faults.unwrap_err()[0].starts_with("line 4: has 7 cells"));
    let archive = zipped(&[("e.txt", text.as_bytes())]);
    assert!(entities_of(&folder.file("cut.zip", &archive[..archive.len() / 2])).is_err());
    let faults = entities_of(&folder.file("empty.txt", b"")).unwrap_err();
    assert_eq!(faults, ["line 1: the file is empty: fetch it again"]);
}

#[test]
fn what_unpacks_beyond_the_limit_or_never_ends_a_line_is_given_up() {
    let folder = Folder::new();
    let limits = Limits { bytes: 1 << 20, line: 64 << 10 };
    let long = entities(20_000);
    assert!(long.len() > 1 << 20);
    for (name, bytes) in [
        ("bomb.gz", gzip(long.as_bytes())),
        ("bomb.zip", zipped(&[("e.txt", long.as_bytes())])),
        ("large.txt", long.clone().into_bytes()),
    ] {
        let faults = within(&folder.file(name, &bytes), limits).unwrap_err();
        assert!(faults[0].contains("larger than 1 MB when unpacked"), "{name}: {faults:?}");
    }
    let endless = [HEADER.as_bytes(), &vec![b'x'; 200 << 10]].concat();
    let faults = within(&folder.file("endless.txt", &endless), limits).unwrap_err();
    assert!(faults[0].contains("a line is longer than 64 kB"), "{faults:?}");
}

#[test]
fn a_zip_without_the_right_table_says_what_it_has() {
    let folder = Folder::new();
    let wrong = zipped(&[("a.txt", b"x^y\n"), ("b.csv", b"x,y\n")]);
    let faults = entities_of(&folder.file("wrong.zip", &wrong)).unwrap_err();
    assert!(faults[0].contains("a.txt, b.csv") && faults[0].contains("unpack it"), "{faults:?}");
    let text = entities(1);
    let two = zipped(&[("a.txt", text.as_bytes()), ("b.txt", text.as_bytes())]);
    assert!(entities_of(&folder.file("two.zip", &two)).unwrap_err()[0].contains("one by one"));
    let workbook = zipped(&[("[Content_Types].xml", b""), ("xl/workbook.xml", b"")]);
    let faults = entities_of(&folder.file("count.xlsx", &workbook)).unwrap_err();
    assert!(faults[0].contains("Excel workbook"), "{faults:?}");
}

#[test]
fn a_file_of_another_format_is_refused_by_its_missing_columns() {
    let folder = Folder::new();
    let faults = entities_of(&folder.file("other.csv", b"a,b\n1,2\n")).unwrap_err();
    assert!(faults.iter().any(|it| it.starts_with("line 1, column School Name: is missing")));
    assert_eq!(faults.len(), 7, "{faults:?}");
}
