//! Files that must not be imported: each is refused with file, line and remedy,
//! and what was held stays as it was.

use std::{
    fs::{self, File},
    io::Write,
    path::Path,
};

use flate2::{Compression, write::GzEncoder};
use zip::{ZipWriter, write::SimpleFileOptions};

use crate::fixture::{Fixture, held};

/// Exit code of the node.
const DATA_REFUSED: i32 = 6;

/// Length of the line that does not end, bytes.
const ENDLESS: usize = 100 << 20;

/// A zip of files with this content.
fn zip(path: &Path, files: &[(&str, &[u8])]) {
    let mut zip = ZipWriter::new(File::create(path).unwrap());
    for (name, content) in files {
        zip.start_file(*name, SimpleFileOptions::default()).unwrap();
        zip.write_all(content).unwrap();
    }
    zip.finish().unwrap();
}

/// Writes every file that is refused.
fn write(folder: &Path, text: &str) {
    let put = |name: &str, content: &[u8]| fs::write(folder.join(name), content).unwrap();
    let lines: Vec<&str> = text.lines().collect();
    for (name, sign) in [("semicolons.csv", ";"), ("tabs.csv", "\t"), ("carets.csv", "^")] {
        put(name, text.replace(',', sign).as_bytes());
    }
    put("twice.csv", format!("{text}{}\n", lines[5]).as_bytes());
    put("wide.csv", text.replacen(lines[3], &format!("{},1", lines[3]), 1).as_bytes());
    let half: Vec<&str> = lines[3].split(',').collect();
    put("narrow.csv", format!("{}\n{}", lines[0], half[..half.len() / 2].join(",")).as_bytes());
    // Most of the file is UTF-8; one row came from somewhere else.
    let mut mixed = lines[..3].join("\n").into_bytes();
    mixed.extend(b"\n2025,\xe9cole,1");
    put("mixed.csv", &mixed);
    let utf_16: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
    put("utf16.csv", &[b"\xff\xfe".as_slice(), &utf_16].concat());
    let mut endless = text.as_bytes().to_vec();
    endless.resize(ENDLESS, b'x');
    put("endless.csv", &endless);
    put("nothing.csv", b"");
    put("ids.csv", b"school_year,student_id\n2025,1\n");
    let mut gzip = GzEncoder::new(Vec::new(), Compression::fast());
    gzip.write_all(text.as_bytes()).unwrap();
    let gzip = gzip.finish().unwrap();
    put("cut.csv.gz", &gzip[..gzip.len() / 2]);
    put("unnamed.csv", &gzip);
    zip(&folder.join("workbook.csv"), &[("xl/workbook.xml", b"<workbook/>")]);
    // 64 MB in 64 KB.
    let bomb = vec![b'x'; 64 << 20];
    let manifest = b"propertyName,value\nfile.users,bulk\n".as_slice();
    zip(&folder.join("bomb.zip"), &[("manifest.csv", manifest), ("users.csv", &bomb)]);
    zip(&folder.join("empty.zip"), &[("manifest.csv", manifest)]);
    let whole = fs::read(folder.join("bomb.zip")).unwrap();
    put("cut.zip", &whole[..whole.len() / 2]);
    put(
        "other_year.xml",
        b"<InterchangeStudent xmlns=\"http://ed-fi.org/5.2.0\"></InterchangeStudent>",
    );
}

#[test]
fn a_file_that_cannot_be_right_is_refused_with_its_place_and_changes_nothing() {
    let fixture = Fixture::new(1);
    let node = &fixture.nodes[0];
    let source = fixture.data.join(&node.district).join("student_years_2025.csv");
    let folder = fixture.root().join("bad");
    fs::create_dir(&folder).unwrap();
    write(&folder, &fs::read_to_string(source).unwrap());
    let before = held(&node.program);
    let ids = fixture.ids();
    for (format, name, place, what, remedy) in [
        ("csv", "semicolons.csv", "semicolons.csv:1", "separated by semicolons", "CSV with commas"),
        ("csv", "tabs.csv", "tabs.csv:1", "separated by tabs", "CSV with commas"),
        ("csv", "carets.csv", "carets.csv:1", "separated by carets", "CSV with commas"),
        (
            "csv",
            "twice.csv",
            "twice.csv:6",
            "is there twice in 2024-25",
            "one row a student and year",
        ),
        ("csv", "wide.csv", "wide.csv:4", "another number of cells", "quote the value"),
        ("csv", "narrow.csv", "narrow.csv:2", "another number of cells", "cut short"),
        ("csv", "mixed.csv", "mixed.csv:4", "a row is not UTF-8", "save the file as UTF-8"),
        ("csv", "utf16.csv", "utf16.csv:1", "the file is UTF-16", "CSV UTF-8"),
        ("csv", "endless.csv", "endless.csv:", "longer than 1 MiB", "that lines end"),
        ("csv", "nothing.csv", "nothing.csv:1", "the file is empty", "names the columns"),
        ("csv", "ids.csv", "ids.csv:1", "tells anything about its students", "map its columns"),
        ("csv", "cut.csv.gz", "cut.csv.gz:", "cannot be read further", "copy the file again"),
        ("csv", "unnamed.csv", "unnamed.csv:1", "compressed with gzip", "end its name in .gz"),
        ("csv", "workbook.csv", "workbook.csv:1", "a workbook or a zip", "save the sheet as CSV"),
        (
            "calpads",
            "semicolons.csv",
            "semicolons.csv:1",
            "not of a CALPADS record",
            "caret-delimited",
        ),
        (
            "calpads",
            "workbook.csv",
            "workbook.csv:1",
            "a workbook or a zip",
            "save the sheet as CSV",
        ),
        ("oneroster", "bomb.zip", "users.csv:1", "longer than 1 MiB", "that lines end"),
        ("oneroster", "empty.zip", "empty.zip:1", "no users.csv", "export the bundle again"),
        ("oneroster", "cut.zip", "", "not a whole zip", "download or copy"),
        ("edfi", "other_year.xml", "", "nothing is told of any student in 2018-19", "--year"),
    ] {
        let path = folder.join(name).display().to_string();
        let mut arguments = vec!["import", format, &path];
        if format == "edfi" {
            arguments.extend(["--year", "2018-19"]);
        }
        let output = node.program.command(&arguments).output().unwrap();
        let said = [output.stdout, output.stderr].concat();
        let said = String::from_utf8_lossy(&said);
        assert_eq!(output.status.code(), Some(DATA_REFUSED), "{format} {name}: {said}");
        for part in [what, remedy, place] {
            assert!(said.contains(part), "{format} {name}: {part} in {said}");
        }
        for id in ids.iter().filter(|id| id.len() >= 5) {
            assert!(!said.contains(id.as_str()), "{format} {name} shows {id}");
        }
    }
    assert_eq!(held(&node.program), before);
}
