//! Real schemas: entities are written from each, compiled, and every entity and every relation of them is read, with rows
//! made up. The program that reads them is written by this test from the same declaration.
//!
//! The schemas are the SQL files of `tests/real/DIALECT`, and those of the folders that `RELATA_REAL_SCHEMAS` names.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use relata_runtime::migrate::sample;
use relata_schema::declare::{Declaration, Relation};
use relata_schema::{Dialect, script};
use relata_sql::driver::{IntrospectOptions, Statement};
use relata_testkit::TestDatabase;

use crate::rustc::{dependency, library, rustc};

#[tokio::test]
async fn sqlite_schemas_are_written_compiled_and_read() {
    all_of(Dialect::Sqlite, "sqlite").await;
}

#[tokio::test]
async fn postgres_schemas_are_written_compiled_and_read() {
    all_of(Dialect::Postgres, "postgres").await;
}

#[tokio::test]
async fn mysql_schemas_are_written_compiled_and_read() {
    all_of(Dialect::Mysql, "mysql").await;
}

/// One database for each schema, one program for all of them.
async fn all_of(dialect: Dialect, name: &str) {
    let folder = tempfile::tempdir().unwrap();
    let (mut program, mut databases) = (Program::default(), Vec::new());
    for file in files(name) {
        let database = TestDatabase::create(dialect).await;
        let declaration = prepared(&database, &file, folder.path(), databases.len()).await;
        program.module(databases.len(), &declaration);
        databases.push((file, database));
    }
    assert!(!databases.is_empty(), "there are no schemas for {name}");
    let source = folder.path().join("main.rs");
    std::fs::write(&source, program.source()).unwrap();
    let binary = compiled(&source);
    for (number, (file, database)) in databases.iter().enumerate() {
        let output =
            Command::new(&binary).args([number.to_string(), database.url().expose().to_string()]).output().unwrap();
        let said = String::from_utf8_lossy(&output.stdout);
        assert!(output.status.success(), "{}\n{said}{}", file.display(), String::from_utf8_lossy(&output.stderr));
        if std::env::var_os("RELATA_REAL_SCHEMAS").is_some() {
            println!("{}: {said}", file.display());
        }
    }
}

fn files(name: &str) -> Vec<PathBuf> {
    let own = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/real");
    let more = std::env::var_os("RELATA_REAL_SCHEMAS").unwrap_or_default();
    let folders = std::iter::once(own).chain(std::env::split_paths(&more)).map(|folder| folder.join(name));
    let inside =
        folders.filter_map(|folder| std::fs::read_dir(folder).ok()).flatten().map(|entry| entry.unwrap().path());
    let mut files: Vec<PathBuf> = inside.filter(|path| path.extension().is_some_and(|end| end == "sql")).collect();
    files.sort();
    files
}

/// Creates the schema, writes its entities beside the program, and makes up rows.
async fn prepared(database: &TestDatabase, file: &Path, folder: &Path, number: usize) -> Declaration {
    let mut connection = database.connect().await;
    for statement in script::split(database.url().dialect, &std::fs::read_to_string(file).unwrap()) {
        let done = connection.execute(Statement::once(&statement, &[])).await;
        done.unwrap_or_else(|error| panic!("{}\n{statement}\n{error}", file.display()));
    }
    let schema = connection.introspect(&IntrospectOptions::default()).await.unwrap();
    let written = relata_entity::write(&schema);
    std::fs::write(folder.join(format!("schema_{number}.rs")), &written.source).unwrap();
    let made_up = sample::fill(&mut *connection, &schema, None, &mut BTreeMap::new(), false).await.unwrap();
    println!("{}: {} rows in {} tables, none in {}", file.display(), made_up.rows, made_up.tables, made_up.bare.len());
    written.declaration
}

/// A program that reads everything there is.
#[derive(Default)]
struct Program {
    modules: String,
    choices: String,
}

impl Program {
    fn module(&mut self, number: usize, declaration: &Declaration) {
        let mut calls = String::new();
        writeln!(self.modules, "mod schema_{number};\nmod read_{number} {{\nuse relata::Entity as _;\nuse crate::{{Reads, schema_{number}::*}};").unwrap();
        for (place, entity) in declaration.entities.iter().enumerate() {
            let name = &entity.name;
            let mut body = format!("reads.whole(\"{name}\", {name}::find().all(&mut reads.db.clone()).await);\n");
            let with = |relation: &Relation| format!(".with({name}.{})", field(&relation.name));
            let all: String = entity.relations.iter().map(with).collect();
            if !all.is_empty() {
                let words = format!("{name} with all its relations");
                writeln!(body, "reads.whole(\"{words}\", {name}::find(){all}.all(&mut reads.db.clone()).await);")
                    .unwrap();
            }
            writeln!(self.modules, "async fn read_{place}(reads: &mut Reads) {{\n{body}}}").unwrap();
            writeln!(calls, "read_{place}(reads).await;").unwrap();
        }
        writeln!(self.modules, "pub async fn all(reads: &mut Reads) {{\n{calls}}}\n}}").unwrap();
        writeln!(self.choices, "\"{number}\" => read_{number}::all(&mut reads).await,").unwrap();
    }

    fn source(&self) -> String {
        let Program { modules, choices } = self;
        format!(
            r#"#![allow(dead_code, unused_imports, non_snake_case)]
{modules}
pub struct Reads {{ db: relata::Db, queries: usize, rows: usize, failed: usize }}

impl Reads {{
    fn whole<T>(&mut self, what: &str, found: relata::Result<Vec<T>>) {{
        self.queries += 1;
        match found {{
            Ok(rows) => self.rows += rows.len(),
            Err(error) => {{
                self.failed += 1;
                println!("{{what}}: {{error}}");
            }}
        }}
    }}
}}

async fn read(schema: &str, url: &str) -> usize {{
    let mut reads = Reads {{ db: relata::Db::open(url).await.unwrap(), queries: 0, rows: 0, failed: 0 }};
    match schema {{
        {choices}
        other => panic!("there is no schema {{other}}"),
    }}
    println!("{{}} queries gave {{}} rows", reads.queries, reads.rows);
    reads.failed
}}

fn main() {{
    let arguments: Vec<String> = std::env::args().collect();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    std::process::exit(i32::from(runtime.block_on(read(&arguments[1], &arguments[2])) > 0));
}}
"#
        )
    }
}

/// A relation's name as Rust writes it.
fn field(name: &str) -> String {
    if matches!(name, "type" | "move" | "ref" | "use" | "match" | "loop" | "where" | "in" | "for" | "fn" | "impl") {
        return format!("r#{name}");
    }
    name.to_string()
}

fn compiled(source: &Path) -> PathBuf {
    let library = library();
    let binary = source.with_file_name("program");
    let output = Command::new(rustc())
        .args(["--edition=2024", "--crate-type=bin", "-Cdebuginfo=0", "-Coverflow-checks=on", "-o"])
        .arg(&binary)
        .arg("-L")
        .arg(format!("dependency={}", library.parent().unwrap().display()))
        .arg("--extern")
        .arg(format!("tokio={}", dependency(&library, "tokio").display()))
        .arg("--extern")
        .arg(format!("relata={}", library.display()))
        .arg(source)
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    binary
}
