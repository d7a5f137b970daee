//! `relata query` and `relata data show`.

use expect_test::expect;

use crate::command::Project;

fn shop() -> Project {
    let project = Project::new();
    project.sqlite(
        "shop.db",
        "CREATE TABLE items (id INTEGER PRIMARY KEY, name TEXT, price REAL, picture BLOB);
         INSERT INTO items VALUES (2, 'a \"b\"', 1.5, NULL), (1, 'tab\there', NULL, x'00ff');
         CREATE VIEW dear AS SELECT name FROM items WHERE price > 1",
    );
    project.write("relata.toml", "[environments.dev]\nurl = 'sqlite:shop.db'\n");
    project
}

#[test]
fn rows_are_tab_separated_in_a_pipe_and_counted_on_standard_error() {
    let run = shop().ok(&["query", "select id, name, price from items order by id"]);
    assert_eq!(run.stdout, "id\tname\tprice\n1\ttab\\there\t\n2\ta \"b\"\t1.5\n");
    assert_eq!(run.stderr, "2 rows\n");
    assert_eq!(shop().ok(&["query", "-q", "select 1"]).stderr, "");
}

#[test]
fn rows_are_objects_in_json() {
    let run = shop().ok(&["query", "--json", "select * from items order by id"]);
    expect![[r#"
        [
          {"id": 1, "name": "tab\there", "price": null, "picture": "\\x00ff"},
          {"id": 2, "name": "a \"b\"", "price": 1.5, "picture": null}
        ]
    "#]]
    .assert_eq(&run.stdout);
}

#[test]
fn a_statement_without_rows_says_so() {
    let project = shop();
    let run = project.ok(&["query", "update items set price = 2"]);
    assert_eq!((run.stdout.as_str(), run.stderr.as_str()), ("", "2 rows changed\n"));
    let run = project.ok(&["query", "create table notes (x)"]);
    assert_eq!((run.stdout.as_str(), run.stderr.as_str()), ("", "done; the statement gives no rows\n"));
    let run = project.ok(&["query", "--json", "delete from notes"]);
    assert_eq!(run.stdout, "{\"rows_affected\":0}\n");
    let run = project.ok(&["query", "insert into notes values (1) returning x"]);
    assert_eq!(run.stdout, "x\n1\n");
    assert_eq!(project.ok(&["query", "select sum(price) as sum from items"]).stdout, "sum\n4\n");
}

#[test]
fn rows_that_refer_to_nothing_are_found_and_repaired() {
    let project = shop();
    project.ok(&["query", "create table orders (id integer primary key, item_id integer)"]);
    assert_eq!(project.ok(&["data", "check"]).stderr, "every row keeps what is said of it\n");
    project.ok(&["query", "insert into orders values (1, 1), (2, 7), (3, 8)"]);
    let run = project.run(&["data", "check"]);
    assert_eq!(run.code, 3);
    assert_eq!(run.stdout, "orders.item_id: 2 rows refer to no row of items (meant by its name, not declared): 7, 8\n");
    assert_eq!(
        run.stderr,
        "repair rows that refer to nothing with --repair null, --repair delete or --repair shelve, what a name alone says with --by-name besides\n"
    );
    for how in ["delete", "shelve", "null"] {
        let run = project.run(&["data", "check", "--repair", how]);
        let told = "what a name alone says stays as it is: look at it, and add --by-name\n0 rows were repaired; 1 findings are left\n";
        assert_eq!((run.code, run.stderr.as_str()), (3, told), "{how}");
    }
    assert_eq!(project.ok(&["query", "select count(*) as c from orders where item_id > 6"]).stdout, "c\n2\n");
    let run = project.run(&["data", "check", "--json", "--repair", "null", "--by-name"]);
    assert_eq!(run.code, 0);
    assert!(run.stdout.contains("\"repaired\": 2") && run.stdout.contains("\"left\": 0"), "{}", run.stdout);
    assert_eq!(run.stderr, "about to take the reference off: 2 of orders by item_id\n");
    assert_eq!(project.ok(&["query", "select count(*) as c from orders where item_id is null"]).stdout, "c\n2\n");
    project.ok(&["query", "insert into orders values (4, 9)"]);
    let run = project.run(&["data", "check", "--repair", "shelve", "--by-name"]);
    let told = "about to put aside: 1 of orders by item_id, and what refers to nothing then\n\
                rows of orders lie in relata_shelf_orphans_orders now\n1 rows were repaired; 0 findings are left\n";
    assert_eq!((run.code, run.stderr.as_str()), (0, told));
    assert_eq!(project.ok(&["query", "select id from relata_shelf_orphans_orders"]).stdout, "id\n4\n");
}

#[test]
fn tables_and_views_are_shown_in_the_order_of_their_key() {
    let project = shop();
    assert_eq!(
        project.ok(&["data", "show", "ITEMS", "--limit", "1"]).stdout,
        "id\tname\tprice\tpicture\n1\ttab\\there\t\t\\\\x00ff\n"
    );
    assert_eq!(project.ok(&["data", "show", "dear"]).stdout, "name\na \"b\"\n");
}

#[test]
fn rows_are_chosen_and_ordered() {
    let project = shop();
    let shown = |arguments: &[&str]| {
        let arguments = [&["data", "show", "items"], arguments].concat();
        let run = project.ok(&arguments);
        run.stdout
            .lines()
            .skip(1)
            .map(|line| line.split('\t').next().unwrap().to_string())
            .collect::<Vec<_>>()
            .join(" ")
    };
    assert_eq!(shown(&["--order", "id:desc"]), "2 1");
    assert_eq!(shown(&["--where", "price>1"]), "2");
    assert_eq!(shown(&["--where", "name~here"]), "1");
    assert_eq!(shown(&["--where", "id>=1", "--where", "id!=1"]), "2");
    let run = project.run(&["data", "show", "items", "--where", "prise>1"]);
    assert_eq!(run.code, 1);
    assert!(run.stderr.contains("prise") && run.stderr.contains("price"), "{}", run.stderr);
    let run = project.run(&["data", "show", "items", "--where", "price"]);
    assert!(run.stderr.contains("is no condition"), "{}", run.stderr);
}

#[test]
fn sql_may_begin_with_a_comment_and_options_are_still_known() {
    let project = shop();
    assert_eq!(project.ok(&["query", "-- how many\nselect count(*) n from items", "--quiet"]).stdout, "n\n2\n");
    assert_eq!(project.ok(&["query", "--json", "-- one\nselect 1 n"]).stdout, "[\n  {\"n\": 1}\n]\n");
    let wrong = project.run(&["query", "--jsno"]);
    assert_eq!(wrong.code, 2);
    assert!(wrong.stderr.contains("there is no option --jsno"), "{}", wrong.stderr);
}

#[test]
fn a_value_that_is_none_of_the_column_is_named() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let database = runtime.block_on(relata_testkit::TestDatabase::create(relata_schema::Dialect::Postgres));
    let url = database.url().expose();
    let project = Project::new();
    project.ok(&["query", "--url", &url, "CREATE TABLE items (id bigint PRIMARY KEY, sold boolean)"]);
    let show = |condition: &str| project.run(&["data", "show", "items", "--url", &url, "--where", condition]);
    expect![[r#"
        error: public.items.id is bigint, and "x" is no whole number [R0409]
          help: write id=VALUE with a whole number
    "#]]
    .assert_eq(&show("id=x").stderr);
    assert_eq!(show("sold=perhaps").code, 1);
    assert_eq!((show("id=7").code, show("sold=yes").code), (0, 0));
}

#[test]
fn a_statement_is_explained() {
    let project = shop();
    let run = project.ok(&["explain", "select * from items where id = 1"]);
    assert_eq!(run.stdout, "lookup by key of items by primary key\n    rowid=?\n");
    let run = project.ok(&["explain", "--json", "--analyze", "select name from items where price > 1 order by name"]);
    let json: serde_json::Value = serde_json::from_str(&run.stdout).unwrap();
    assert_eq!((&json["plan"]["rows"], &json["analyzed"]), (&1.0.into(), &true.into()));
    assert_eq!(json["plan"]["steps"][0]["operation"], "full_scan");
    let run = project.run(&["explain", "select nothing from items"]);
    assert_eq!(run.code, 1, "{}", run.stderr);
}
