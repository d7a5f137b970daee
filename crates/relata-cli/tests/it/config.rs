//! relata.toml, the variables of the environment, and `relata init`.

use crate::command::Project;

#[test]
fn init_writes_what_is_missing_and_changes_nothing_that_is_there() {
    let project = Project::new();
    project.write(".gitignore", "/target\n*.bak");
    project.write("src/entities.rs", "// mine\n");
    project.ok(&["init"]);
    assert_eq!(project.read("src/entities.rs"), "// mine\n");
    assert!(project.read("relata.toml").contains("[environments.dev]"));
    let ignored = project.read(".gitignore");
    assert!(ignored.starts_with("/target\n*.bak\n/relata.db\n"), "{ignored}");
    project.ok(&["init"]);
    assert_eq!(project.read(".gitignore"), ignored);
}

#[test]
fn init_takes_the_database_that_is_given_without_its_password() {
    let project = Project::new();
    let run = project.ok(&["init", "--url", "postgres://ann:secret@db:5433/shop"]);
    assert!(run.stderr.contains("set DATABASE_PASSWORD"), "{}", run.stderr);
    let written = project.read("relata.toml");
    assert!(written.contains("url = \"postgres://ann:${DATABASE_PASSWORD}@db:5433/shop\"\n"), "{written}");
    assert!(!written.contains("secret@") && !written.contains("relata.db"), "{written}");
}

#[test]
fn the_url_is_the_options_then_the_environments() {
    let project = Project::new();
    for name in ["flag", "named", "variable", "default"] {
        project.sqlite(&format!("{name}.db"), &format!("CREATE TABLE t (x); INSERT INTO t VALUES ('{name}')"));
    }
    project.write(
        "relata.toml",
        "default_environment = 'one'\n[environments.one]\nurl = 'sqlite:default.db'\n[environments.two]\nurl = 'sqlite:named.db'\n",
    );
    let chosen = |arguments: &[&str], variable: Option<&str>| {
        let mut command = project.command(&[&["query", "select x from t"], arguments].concat());
        if let Some(url) = variable {
            command.env("RELATA_URL", url);
        }
        String::from_utf8(command.output().unwrap().stdout).unwrap()
    };
    let variable = Some("sqlite:variable.db");
    assert_eq!(chosen(&["--url", "sqlite:flag.db", "--env", "two"], variable), "x\nflag\n");
    assert_eq!(chosen(&["--env", "two"], variable), "x\nnamed\n");
    assert_eq!(chosen(&[], variable), "x\nvariable\n");
    assert_eq!(chosen(&[], None), "x\ndefault\n");
}

#[test]
fn a_secret_that_is_not_there_is_named_when_it_is_needed() {
    let project = Project::new();
    project.write("relata.toml", "[environments.live]\nurl = 'postgres://app:${RELATA_TEST_NO_SUCH}@localhost/app'\n");
    let run = project.run(&["query", "select 1"]);
    assert_eq!(run.code, 1);
    expect_test::expect![[r#"
        error: url in relata.toml: the environment variable RELATA_TEST_NO_SUCH is not set [R0602]
          help: export RELATA_TEST_NO_SUCH=…, then run the command again
    "#]]
    .assert_eq(&run.stderr);
}
