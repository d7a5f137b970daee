//! `relata demo`: it works on every database, and what it leaves behind is a project.

use relata_schema::Dialect;
use relata_testkit::TestDatabase;

use crate::command::Project;

fn works(dialect: Dialect, url: &str) {
    let project = Project::new();
    let mut arguments = vec!["demo", "--json"];
    if dialect != Dialect::Sqlite {
        arguments.extend(["--url", url]);
    }
    let run = project.ok(&arguments);
    let facts: serde_json::Value = serde_json::from_str(&run.stdout).unwrap();
    assert_eq!((facts["tables"].as_u64(), facts["rows"].as_u64()), (Some(11), Some(15_607)), "{facts:#}");
    assert!(facts["proof"].as_str().unwrap().starts_with("up, down, up; 15607 rows in 11 tables"), "{facts:#}");

    let inside = |arguments: &[&str]| {
        let mut command = project.command(arguments);
        let output = command.current_dir(project.path("relata-demo")).output().unwrap();
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        (output.status.code(), text, String::from_utf8_lossy(&output.stderr).into_owned())
    };
    let (code, ..) = inside(&["migrate", "status"]);
    assert_eq!(code, Some(0));
    let (code, rows, _) = inside(&["query", "select count(*) as n from reviews"]);
    assert_eq!((code, rows.as_str()), (Some(0), "n\n0\n"));
    let database = if dialect == Dialect::Sqlite { "sqlite:chinook.db" } else { url };
    let (code, sql, findings) = inside(&["schema", "diff", "--from", database, "--to", "src"]);
    assert_eq!((code, sql.as_str()), (Some(0), ""), "{findings}");
    for file in ["Cargo.toml", "src/main.rs", "src/queries.rs", "schema.lock"] {
        assert!(project.path("relata-demo").join(file).is_file(), "{file}");
    }
}

fn works_on_a_server(dialect: Dialect) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let database = TestDatabase::create(dialect).await;
        works(dialect, &database.url().expose());
    });
}

#[test]
fn the_demonstration_works_on_sqlite() {
    works(Dialect::Sqlite, "");
}

#[test]
fn the_demonstration_works_on_postgres() {
    works_on_a_server(Dialect::Postgres);
}

#[test]
fn the_demonstration_works_on_mariadb() {
    works_on_a_server(Dialect::Mysql);
}

#[test]
fn the_entities_that_are_compiled_are_those_that_are_written() {
    let project = Project::new();
    std::fs::write(project.path("chinook.db"), include_bytes!("../../assets/chinook.sqlite")).unwrap();
    let written = project.ok(&["schema", "inspect", "sqlite:chinook.db", "--format", "rust"]).stdout;
    assert!(
        written == include_str!("../../src/demo/entities.rs"),
        "write them anew: relata schema inspect sqlite:crates/relata-cli/assets/chinook.sqlite --format rust"
    );
}

#[test]
fn nothing_is_overwritten() {
    let project = Project::new();
    project.write("mine/thesis.txt", "42");
    let run = project.run(&["demo", "--dir", "mine", "--force"]);
    assert_eq!(run.code, 1);
    expect_test::expect![[r#"
        error: mine is there already [R0505]
          help: it was not made by relata demo: choose another folder with --dir DIR
    "#]]
    .assert_eq(&run.stderr);
    project.ok(&["demo", "--quiet"]);
    let run = project.run(&["demo"]);
    assert_eq!(run.code, 1);
    expect_test::expect![[r#"
        error: relata-demo is there already [R0505]
          help: run it again with --force to replace the folder, or with --dir DIR to use another one
    "#]]
    .assert_eq(&run.stderr);
    project.ok(&["demo", "--force"]);
    assert_eq!(project.read("mine/thesis.txt"), "42");
}
