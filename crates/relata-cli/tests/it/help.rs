//! Help, completions and the manual page come from one registry.

use expect_test::expect;

use crate::command::Project;

#[test]
fn help_reads_well() {
    let run = Project::new().ok(&["help"]);
    expect![[r#"
        The database layer for Rust: declare what your data is, once; the rest follows

        Usage: relata [OPTIONS] <COMMAND>

        Commands:
          schema       Read schemas and compare them
          migrate      Make, apply and undo migrations
          query        Run SQL and show the rows
          explain      Show how the database runs a statement, and what to do about it [exit 3 with findings]
          data         Look at the rows of tables
          health       Say how every part of a database is [exit 3 when unhealthy, 1 when unreachable]
          cluster      Look at the nodes of a database that has several
          demo         See it all on a real database, in under a minute; leaves a small project behind
          init         Start a project here: relata.toml and an example entity
          completions  Print the completion script for a shell
          help         Print this message or the help of the given subcommand(s)

        Options:
          -h, --help     Print help
          -V, --version  Print version

        Global options:
              --url <URL>   Database to work on [default: that of --env; else RELATA_URL, DATABASE_URL, relata.toml, sqlite:relata.db]
              --env <NAME>  Environment of relata.toml
              --json        Print the result as JSON
          -q, --quiet       Say nothing but the result and errors
              --no-color    No colours (also: NO_COLOR=1)

        Sources (SRC): a database URL (sqlite:PATH, postgres://…, mysql://…), a file *.sql or schema.lock,
        a directory of Rust sources, or a migrations/ directory.

        Exit codes: 0 done, 1 failed, 2 wrong usage, 3 findings (schemas differ, migrations pending).

        First steps:
          relata demo                                            everything, on a real database, in a minute
          relata schema inspect sqlite:app.db --format rust      entities from a database you have
          relata init                                            a new project
    "#]].assert_eq(&run.stdout);
    assert_eq!(run.stderr, "");
}

#[test]
fn help_of_the_diff() {
    let run = Project::new().ok(&["schema", "diff", "--help"]);
    // clap leaves blanks at the end of some lines.
    let help: String = run.stdout.lines().map(|line| line.trim_end().to_string() + "\n").collect();
    expect![[r#"
        Print the SQL that turns one schema into another (exit 0: equal, 3: they differ, 1: no plan exists)

        Usage: relata schema diff [OPTIONS] --from <SRC> --to <SRC>

        Options:
              --from <SRC>
                  The schema as it is

              --to <SRC>
                  The schema as it shall be

              --dialect <DIALECT>
                  The dialect to compare in [default: that of --from, else of --to, else sqlite]

                  Possible values:
                  - sqlite:   SQLite 3
                  - postgres: PostgreSQL 13 and newer
                  - mysql:    MariaDB 10.6 and newer, MySQL 8

              --shadow <URL>
                  A server where a temporary database may be created, for sources that have to be loaded into one

              --rename <OLD=NEW>
                  This is a rename: "table posts=articles", "column posts.title=headline" (may be repeated)

              --no-rename <OLD>
                  This is no rename: "column posts.title" goes, and what is new is new; all: nothing is (may be repeated)

              --online
                  Let others go on reading and writing: long steps run by themselves, outside of a transaction (PostgreSQL)

              --format <FORMAT>
                  How to print the plan

                  Possible values:
                  - sql:  A script that the database's own shell runs
                  - json: Steps with recipe, locks and what is lost, machine readable
                  - text: The same as a table

                  [default: sql]

          -h, --help
                  Print help (see a summary with '-h')

        Global options:
              --url <URL>
                  Database to work on [default: that of --env; else RELATA_URL, DATABASE_URL, relata.toml, sqlite:relata.db]

              --env <NAME>
                  Environment of relata.toml

              --json
                  Print the result as JSON

          -q, --quiet
                  Say nothing but the result and errors

              --no-color
                  No colours (also: NO_COLOR=1)
    "#]]
    .assert_eq(&help);
}

#[test]
fn without_a_command_it_helps_and_says_that_it_was_called_wrongly() {
    let run = Project::new().run(&[]);
    assert_eq!(run.code, 2);
    assert!(run.stderr.contains("Usage: relata"), "{}", run.stderr);
    assert_eq!(run.stdout, "");
}

#[test]
fn a_mistyped_option_is_guessed() {
    let run = Project::new().run(&["schema", "inspect", "x.sql", "--formt", "json"]);
    assert_eq!(run.code, 2);
    assert!(run.stderr.contains("a similar argument exists: '--format'"), "{}", run.stderr);
}

#[test]
fn completions_and_manual_know_the_commands() {
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        let script = Project::new().ok(&["completions", shell]).stdout;
        assert!(script.contains("inspect") && script.contains("no-color"), "{shell}");
    }
    let page = Project::new().ok(&["man"]).stdout;
    assert!(page.starts_with(".ie") && page.contains("relata\\-schema"), "{page}");
}
