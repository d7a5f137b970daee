//! Pairs of schemas, in `pairs.txt`: each becomes the other, in both directions, and survives being printed and loaded.

use relata_plan::PlanOptions;
use relata_schema::change::Recipe;

use crate::plan::{law_with, read, there_and_back};
use crate::server::{open, url};

/// Name, old script, new script, query and what it gives.
type Pair = (&'static str, &'static str, &'static str, Option<(&'static str, &'static str)>);

fn pairs() -> Vec<Pair> {
    let text = include_str!("pairs.txt");
    let blocks = text.split("\n== ").skip(1);
    let pair = |block: &'static str| {
        let (name, rest) = block.split_once('\n').expect("a name on a line of its own");
        let (old, new) = rest.split_once("\n-->\n").expect("two scripts with --> between them");
        let (new, check) = match new.split_once("\n? ") {
            Some((new, check)) => (new, Some(check.trim().split_once(" = ").expect("query = result"))),
            None => (new, None),
        };
        (name, old, new, check)
    };
    blocks.map(pair).collect()
}

/// Every fourth pair, so that the tests run beside each other. A pair whose name begins with `from 18: ` needs that server.
async fn every_fourth(first: usize) {
    let server = open(&url()).await.server().number / 10_000;
    for (name, old, new, check) in pairs().into_iter().skip(first).step_by(4) {
        let needs = name.strip_prefix("from ").and_then(|rest| rest.split(':').next());
        match needs.map(|version| version.parse::<u32>().expect("a version")) {
            Some(version) if version > server => eprintln!("skipped, the server is {server}: {name}"),
            _ => there_and_back(name, old, new, check).await,
        }
    }
}

#[tokio::test]
async fn pairs_0() {
    every_fourth(0).await;
}

#[tokio::test]
async fn pairs_1() {
    every_fourth(1).await;
}

#[tokio::test]
async fn pairs_2() {
    every_fourth(2).await;
}

#[tokio::test]
async fn pairs_3() {
    every_fourth(3).await;
}

#[tokio::test]
async fn online_forms_arrive_too() {
    let options = PlanOptions { online: true, ..PlanOptions::default() };
    let old = "create table a (id int primary key, n int, x text, y int); create index i on a (n); create index gone on a (x);
        create table b (id int primary key, a_id int); insert into a values (1, 2, 'x', 3); insert into b values (1, 1)";
    let new = "create table a (id int primary key, n int not null, x text, y int, constraint u unique (n) include (x),
            constraint c check (n > 0)); create index i on a (n desc);
        create table b (id int primary key, a_id int, constraint f foreign key (a_id) references a)";
    let plan = law_with("online", old, new, Some(("select n from a", "2")), &options).await;
    let alone: Vec<&str> = plan.steps.iter().filter(|step| !step.transactional).map(|step| step.sql.as_str()).collect();
    expect_test::expect![[r#"
        DROP INDEX CONCURRENTLY public.gone
        ALTER TABLE public.a VALIDATE CONSTRAINT n_not_null
        ALTER TABLE public.a VALIDATE CONSTRAINT c
        CREATE UNIQUE INDEX CONCURRENTLY u ON public.a USING btree (n) INCLUDE (x)
        CREATE INDEX CONCURRENTLY i ON public.a USING btree (n DESC)
        ALTER TABLE public.b VALIDATE CONSTRAINT f
        DROP INDEX CONCURRENTLY public.i__old
    "#]]
    .assert_eq(&(alone.join("\n") + "\n"));
    let blocking = plan.steps.iter().filter(|step| step.recipe > Recipe::Online);
    assert_eq!(blocking.map(|step| step.sql.as_str()).collect::<Vec<_>>(), Vec::<&str>::new());
    law_with("online, back", new, old, None, &options).await;
}

#[tokio::test]
async fn a_type_of_ones_own_code_does_not_change_under_values() {
    let own = "create type word; create function word_in(cstring) returns word language internal immutable strict as 'textin';
        create function word_out(word) returns cstring language internal immutable strict as 'textout';
        create table t (id int);";
    let old = format!("{own} create type word (input = word_in, output = word_out); alter table t add w word[]");
    let new = format!(
        "{own} create type word (input = word_in, output = word_out, category = 'S'); alter table t add w word[]"
    );
    let (from, to) = (read(&old).await, read(&new).await);
    let (_, diagnostics) = relata_plan::plan(&from, &to, &PlanOptions::default());
    let errors = diagnostics.iter().filter(|found| found.severity == relata_schema::Severity::Error);
    let said: Vec<String> = errors.map(|found| format!("{}: {}", found.code, found.message)).collect();
    assert_eq!(said, ["plan-type-in-use: type public.word cannot change while public.t.w holds values of it"]);
}
