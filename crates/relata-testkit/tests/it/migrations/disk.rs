//! A disk that is full while a migration writes: a small file system of its own, on which the migration puts a table.
//!
//! It takes the right to mount one and a server on this machine that may use it; where either is missing, the test says so
//! and passes.

use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use relata_schema::Dialect;
use relata_sql::driver::{Connection, Row, RowSink, Statement};
use relata_sql::{Decode, Kind};

use super::{Case, NOTES, block_on};

const FIRST: &str = "20260101000000_aaaaaa_notes";
const ID: &str = "20260102000000_bbbbbb_big";

/// A file system in memory, which goes with this value.
struct Disk(PathBuf);

impl Disk {
    /// One of so many megabytes for the owner of a folder; what prevents it else.
    fn mount(owner: &Path, megabytes: usize) -> Result<Self, String> {
        let owner = owner.metadata().map_err(|error| format!("{}: {error}", owner.display()))?;
        let path = std::env::temp_dir().join(format!("relata-disk-{}", uuid::Uuid::new_v4().simple()));
        std::fs::create_dir(&path).map_err(|error| error.to_string())?;
        let options = format!("size={megabytes}m,mode=0755,uid={},gid={}", owner.uid(), owner.gid());
        let disk = Disk(path);
        disk.run("mount", &["-t", "tmpfs", "-o", &options, "tmpfs"])?;
        Ok(disk)
    }

    fn grow(&self, megabytes: usize) {
        self.run("mount", &["-o", &format!("remount,size={megabytes}m")]).unwrap();
    }

    fn run(&self, program: &str, words: &[&str]) -> Result<(), String> {
        let done = Command::new(program).args(words).arg(&self.0).output().map_err(|error| error.to_string())?;
        if done.status.success() { Ok(()) } else { Err(String::from_utf8_lossy(&done.stderr).trim().to_string()) }
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        // Nothing is mounted if mounting was refused.
        let _ = self.run("umount", &["-l"]);
        let _ = std::fs::remove_dir(&self.0);
    }
}

#[derive(Default)]
struct Text(String);

impl RowSink for Text {
    fn row(&mut self, row: &mut dyn Row) -> relata_sql::Result<()> {
        self.0 = String::decode(row.cell(0)?).unwrap();
        Ok(())
    }
}

async fn text_of(connection: &mut dyn Connection, sql: &str) -> String {
    let mut text = Text::default();
    connection.query(Statement::once(sql, &[]), &mut text).await.unwrap();
    text.0
}

async fn a_full_disk(dialect: Dialect) {
    let mut case = Case::new(dialect).await;
    let place = match dialect {
        Dialect::Postgres => "SELECT current_setting('data_directory')",
        _ => "SELECT @@datadir",
    };
    let folder = text_of(case.connection.as_mut(), place).await;
    let disk = match Disk::mount(Path::new(&folder), 12) {
        Ok(disk) => disk,
        Err(why) => return eprintln!("SKIPPED: no small file system for {}: {why}", dialect.title()),
    };
    let mounted = disk.0.display();
    let name = format!("relata_{}", uuid::Uuid::new_v4().simple());
    let (table, fill) = match dialect {
        Dialect::Postgres => {
            case.connection.batch(&format!("CREATE TABLESPACE {name} LOCATION '{mounted}'")).await.unwrap();
            (format!("CREATE TABLE big (x text NOT NULL) TABLESPACE {name}"), "generate_series(1, 4000)")
        }
        _ => (
            format!("CREATE TABLE big (x varchar(8000) NOT NULL) ENGINE=InnoDB DATA DIRECTORY='{mounted}'"),
            "seq_1_to_4000",
        ),
    };
    let fill = format!("INSERT INTO big SELECT repeat(md5(s.n), 200) FROM (SELECT * FROM {fill}) s(n)");
    let fill = match dialect {
        // A text that compresses badly and stays in its row.
        Dialect::Postgres => fill.replace("md5(s.n)", "md5(s.n::text)").replacen(
            "INSERT",
            "ALTER TABLE big ALTER COLUMN x SET STORAGE PLAIN; INSERT",
            1,
        ),
        _ => fill.replace("SELECT * FROM seq_1_to_4000) s(n)", "SELECT seq AS n FROM seq_1_to_4000) s"),
    };
    case.write(FIRST, NOTES, "DROP TABLE notes");
    case.apply().await.unwrap();
    case.write(ID, &format!("{table}; {fill}; INSERT INTO notes VALUES (3, 'three')"), "DROP TABLE big");
    let error = case.apply().await.unwrap_err();
    let text = error.to_string();
    assert_eq!(error.kind(), Kind::DiskFull, "{text}");
    assert!(text.contains(ID) && text.contains("statement "), "which statement: {text}");
    assert!(text.contains("free space on the server's disk"), "what to do: {text}");
    let state = if dialect == Dialect::Mysql { "half applied" } else { "pending" };
    assert_eq!(case.states().await, [format!("{FIRST} applied"), format!("{ID} {state}")], "{text}");
    assert_eq!(case.count("SELECT count(*) FROM notes").await, 2, "nothing of what comes after");
    if dialect == Dialect::Postgres {
        assert!(text.contains("nothing of this migration was kept"), "{text}");
        assert!(!case.tables().await.contains(&"big".to_string()));
    }
    disk.grow(200);
    case.apply().await.unwrap();
    assert_eq!(case.count("SELECT count(*) FROM big").await, 4000);
    assert_eq!(case.count("SELECT count(*) FROM notes").await, 3);
    assert_eq!(case.states().await, [format!("{FIRST} applied"), format!("{ID} applied")]);
    case.connection.batch("DROP TABLE big").await.unwrap();
    if dialect == Dialect::Postgres {
        case.connection.batch(&format!("DROP TABLESPACE {name}")).await.unwrap();
    }
}

#[test]
fn a_full_disk_postgres() {
    block_on(a_full_disk(Dialect::Postgres));
}

#[test]
fn a_full_disk_mysql() {
    block_on(a_full_disk(Dialect::Mysql));
}

/// The file of the database is on the small disk.
#[test]
fn a_full_disk_sqlite() {
    block_on(async {
        let disk = match Disk::mount(&std::env::temp_dir(), 4) {
            Ok(disk) => disk,
            Err(why) => return eprintln!("SKIPPED: no small file system: {why}"),
        };
        let mut case = Case::new(Dialect::Sqlite).await;
        case.write(FIRST, NOTES, "DROP TABLE notes");
        let fill = "WITH RECURSIVE s(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM s WHERE n < 6000) \
                    INSERT INTO big SELECT hex(randomblob(400)) FROM s";
        case.write(ID, &format!("CREATE TABLE big (x text); {fill}; DELETE FROM notes"), "DROP TABLE big");
        let url = relata_sql::DatabaseUrl::sqlite_file(disk.0.join("notes.db").to_str().unwrap());
        let connect = async || relata_testkit::driver(Dialect::Sqlite).connect(&url, &Default::default()).await;
        case.connection = connect().await.unwrap();
        let error = case.apply().await.unwrap_err();
        let text = error.to_string();
        assert_eq!(error.kind(), Kind::DiskFull, "{text}");
        assert!(text.contains(ID) && text.contains("nothing of this migration was kept"), "{text}");
        assert!(text.contains("free space on the disk of the database file"), "what to do: {text}");
        assert_eq!(case.states().await, [format!("{FIRST} applied"), format!("{ID} pending")], "{text}");
        assert_eq!(case.count("SELECT count(*) FROM notes").await, 2);
        disk.grow(64);
        case.apply().await.unwrap();
        assert_eq!(case.count("SELECT count(*) FROM big").await, 6000);
        assert_eq!(case.count("SELECT count(*) FROM notes").await, 0);
        case.connection.close().await.unwrap();
    });
}

/// Nothing can be begun: connections share a file of some kilobytes beside that of the database.
#[test]
fn a_disk_that_was_full_before_sqlite() {
    block_on(async {
        let disk = match Disk::mount(&std::env::temp_dir(), 1) {
            Ok(disk) => disk,
            Err(why) => return eprintln!("SKIPPED: no small file system: {why}"),
        };
        let url = relata_sql::DatabaseUrl::sqlite_file(disk.0.join("notes.db").to_str().unwrap());
        let connect = async || relata_testkit::driver(Dialect::Sqlite).connect(&url, &Default::default()).await;
        let mut connection = connect().await.unwrap();
        connection.batch("PRAGMA journal_mode = WAL; CREATE TABLE notes (x text)").await.unwrap();
        connection.close().await.unwrap();
        std::fs::write(disk.0.join("rest"), vec![0; 8 << 20]).unwrap_err();
        let error = match connect().await {
            Ok(mut connection) => connection.batch("CREATE TABLE more (x text)").await.unwrap_err(),
            Err(error) => error,
        };
        assert_eq!(error.kind(), Kind::DiskFull, "{error}");
    });
}
