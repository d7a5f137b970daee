//! Help, completions and the manual page come from one registry.

use expect_test::expect;

use crate::command::Project;

#[test]
fn help_reads_well() {
    let run = Project::new().ok(&["help"]);
    expect![[""]].assert_eq(&run.stdout);
    assert_eq!(run.stderr, "");
}

#[test]
fn help_of_the_diff() {
    let run = Project::new().ok(&["schema", "diff", "--help"]);
    expect![[""]].assert_eq(&run.stdout);
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
