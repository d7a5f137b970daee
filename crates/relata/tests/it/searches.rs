//! Filters, orders and pages from outside: what they give, what they refuse, and that nothing of them becomes SQL.

use expect_test::expect;
use relata::prelude::*;
use relata::search::Limits;
use relata::{Kind, Result, Searchable, Value};

use crate::functions::every_type;
use crate::model::*;
use crate::queries::blog;

crate::setup::everywhere!(
    searches_from_query_strings,
    searches_from_json,
    values_have_the_type_of_their_column,
    columns_chosen_at_run_time,
    naughty_strings_are_values,
    more_parameters_than_fit,
);

fn posts() -> Searchable<Post> {
    Searchable::new()
        .allow("slug", Post.slug)
        .allow("title", Post.title)
        .allow("author", Post.author().name)
        .allow_filter("body", Post.body)
        .allow_filter("author_id", Post.author_id)
        .allow_order("id", Post.id)
}

fn everything() -> Searchable<EveryType> {
    Searchable::new()
        .allow("flag", EveryType.flag)
        .allow("small", EveryType.small)
        .allow("large", EveryType.large)
        .allow("double", EveryType.double)
        .allow("exact", EveryType.exact)
        .allow("text", EveryType.text)
        .allow("uuid", EveryType.uuid)
        .allow("date", EveryType.date)
        .allow("instant", EveryType.instant)
        .allow("mood", EveryType.mood)
        .allow("type", EveryType.r#type)
}

async fn slugs(db: &mut Db, query: &str) -> Result<String> {
    let found = Post::find().search(posts().from_query(query)?).order(Post.slug.asc()).all(db).await?;
    Ok(found.into_iter().map(|post| post.slug).collect::<Vec<_>>().join(" "))
}

async fn searches_from_query_strings(mut db: Db) -> Result<()> {
    let [ann, ..] = blog(&mut db).await?;
    let by_id = format!("filter[author_id]={ann}&sort=-slug");
    for (query, expected) in [
        ("", "a1 a2 a3 b1"),
        ("?filter[slug]=a2", "a2"),
        ("filter[slug][ne]=a2&filter[slug][lt]=b", "a1 a3"),
        ("filter[slug][gte]=a2&sort=-author,-slug", "b1 a3 a2"),
        ("filter[slug][in]=a1,b1,zz", "a1 b1"),
        ("filter[slug][not_in]=a1,b1", "a2 a3"),
        ("filter[slug][between]=a2,a3", "a2 a3"),
        ("filter[title][starts_with]=A", "a1 a2 a3"),
        ("filter[title][contains]=%31", "a1 b1"),
        ("filter[author]=Bob", "b1"),
        ("filter[body][null]=true&other=1", "a1 a3"),
        ("filter%5Bbody%5D[contains]=50%25+off_", "a2"),
        ("sort=-slug&page[size]=2&page[number]=2", "a2 a1"),
        (&by_id, "a3 a2 a1"),
    ] {
        assert_eq!(slugs(&mut db, query).await?, expected, "{query}");
    }
    // Pages by cursor.
    let first = Post::find().search(posts().from_query("sort=-slug&page[size]=3")?).page(&mut db).await?;
    let after = format!("sort=-slug&page[size]=3&page[after]={}", first.next.clone().unwrap());
    let second = Post::find().search(posts().from_query(&after)?).page(&mut db).await?;
    assert_eq!((first.items.len(), second.items.len(), &*second.items[0].slug), (3, 1, "a1"));
    // Joined tables.
    let both: Searchable<(Post, User)> = Searchable::new()
        .allow("slug", relata::join::columns::<(Post, User)>().0.slug)
        .allow("name", relata::join::columns::<(Post, User)>().1.name);
    let joined = Post::find().join(User, |(post, user)| post.author_id.eq(user.id));
    let found = joined.search(both.from_query("filter[name]=Ann&sort=-slug&page[size]=1")?)?.all(&mut db).await?;
    assert_eq!(found[0].0.slug, "a3");
    Ok(())
}

async fn searches_from_json(mut db: Db) -> Result<()> {
    blog(&mut db).await?;
    for (json, expected) in [
        (r#"{"filter": {"slug": "a2"}}"#, "a2"),
        (r#"{"filter": {"slug": {"gt": "a1", "lt": "b"}}, "sort": ["-slug"]}"#, "a3 a2"),
        (r#"{"filter": {"or": [{"slug": "a1"}, {"author": {"in": ["Bob"]}}], "body": null}}"#, "a1"),
        (r#"{"filter": {"not": {"or": [{"slug": "a1"}, {"body": {"null": false}}]}}}"#, "a3"),
        (r#"{"filter": {"and": []}, "sort": "-slug", "page": {"size": 1, "number": "2"}}"#, "a3"),
        (r#"{"filter": {"body": {"ne": null}}}"#, "a2 b1"),
    ] {
        let search = posts().from_json(&json.parse().unwrap())?;
        let found = Post::find().search(search).order(Post.slug.asc()).all(&mut db).await?;
        let found: Vec<&str> = found.iter().map(|post| &*post.slug).collect();
        assert_eq!(found.join(" "), expected, "{json}");
    }
    let filter = posts().filter_from_json(&r#"{"slug": "b1"}"#.parse().unwrap())?;
    assert_eq!(Post::find().filter(filter).count(&mut db).await?, 1);
    Ok(())
}

async fn values_have_the_type_of_their_column(mut db: Db) -> Result<()> {
    let row = every_type("2024-02-29T23:30:00Z").insert(&mut db).await?;
    for query in [
        "filter[flag]=true",
        "filter[flag]=1",
        "filter[small]=-7",
        "filter[large][lte]=5",
        "filter[double][between]=2.3,2.4",
        "filter[exact]=12.5",
        "filter[uuid]=00000000-0000-0000-0000-000000000007",
        "filter[date]=2024-02-29",
        "filter[instant][gte]=2024-02-29T23:30:00Z",
        "filter[mood]=happy",
        "filter[type][null]=true",
    ] {
        let found = EveryType::find().search(everything().from_query(query)?).all(&mut db).await?;
        assert_eq!(found.iter().map(|found| found.id).collect::<Vec<_>>(), [row.id], "{query}");
    }
    for json in [
        r#"{"large": 5}"#,
        r#"{"double": {"lt": 3}}"#,
        r#"{"exact": 12.5}"#,
        r#"{"flag": true}"#,
        r#"{"mood": "happy"}"#,
    ] {
        let filter = everything().filter_from_json(&json.parse().unwrap())?;
        assert_eq!(EveryType::find().filter(filter).count(&mut db).await?, 1, "{json}");
    }
    Ok(())
}

async fn columns_chosen_at_run_time(mut db: Db) -> Result<()> {
    blog(&mut db).await?;
    let chosen = posts().columns("author,slug")?;
    assert_eq!(chosen.names(), ["author", "slug"]);
    let rows: Vec<Vec<Value>> = Post::find().select(chosen).order(Post.slug.desc()).limit(1).all(&mut db).await?;
    assert_eq!(rows, [["Bob", "b1"].map(|text| Value::Text(text.into()))]);
    let error = posts().columns("slug,deleted_at,pass\u{0}word").err().unwrap();
    assert_eq!(error.problems().len(), 2, "{error}");
    Ok(())
}

/// Texts that have broken programs elsewhere.
pub const NAUGHTY: &[&str] = &[
    "'",
    "''",
    "\"",
    "`",
    "\\",
    "\\'",
    "'; DROP TABLE posts; --",
    "1' OR '1'='1",
    "\" OR \"\"=\"",
    "` OR 1=1 #",
    "1; SELECT pg_sleep(10)",
    "'/**/UNION/**/SELECT/**/1--",
    "%27%20OR%201=1",
    "admin'--",
    "') OR ('1'='1",
    "$1",
    "?1",
    "?",
    "??",
    ":name",
    "{}",
    "{0}",
    "{{",
    "%",
    "_",
    "%s%n",
    "[a-z]*",
    "!%",
    "\u{feff}bom",
    "\u{202e}abc",
    "\u{1F980}\u{200d}\u{1F468}",
    "näïve ﬁ ß ı İ",
    "\u{7f}\u{1b}[31m",
    "line\nbreak\r\n\ttab",
    "NULL",
    "null",
    "true",
    "NaN",
    "Infinity",
    "1e309",
    "0x41",
    "-0",
    "9223372036854775808",
    "<script>alert(1)</script>",
    "${jndi:ldap://x}",
    "../../etc/passwd",
    " ",
    "",
    "　",
];

async fn naughty_strings_are_values(mut db: Db) -> Result<()> {
    let user = NewUser { email: "n@example.com".into(), name: "n".into() }.insert(&mut db).await?;
    let encoded = |text: &str| text.bytes().map(|byte| format!("%{byte:02X}")).collect::<String>();
    for (number, text) in NAUGHTY.iter().enumerate() {
        let slug = format!("n{number}");
        let new = NewPost { author_id: user.id, slug: slug.clone(), title: (*text).into() };
        let post = new.body(text.to_string()).insert(&mut db).await?;
        assert_eq!(post.title, *text);
        // As a value of each way in.
        for search in [
            posts().from_query(&format!("filter[body]={}&filter[slug]={slug}", encoded(text)))?,
            posts().from_query(&format!("filter[body][contains]={}&filter[slug]={slug}", encoded(text)))?,
            posts().filter_json(text, &slug)?,
        ] {
            let found = Post::find().search(search).all(&mut db).await?;
            assert_eq!(found.len(), 1, "{text:?}");
            assert_eq!(found[0].title, *text);
        }
        let literal =
            Post::find().filter(Post.slug.eq(slug.as_str())).select(relata::value::<_, String>(text.to_string()));
        assert_eq!(literal.one(&mut db).await?, *text);
        let exact =
            Post::find().filter(Post.title.eq(*text).and(Post.title.starts_with(*text)).and(Post.slug.eq(slug)));
        assert_eq!(exact.count(&mut db).await?, 1, "{text:?}");
        // As a name: refused, and nothing was sent.
        let before = db.statement_count();
        for query in [
            format!("sort={}", encoded(text)),
            format!("filter[{}]=1", encoded(text)),
            format!("filter[slug][{}]=1", encoded(text)),
        ] {
            let refused = posts().from_query(&query).err();
            assert!(refused.is_none_or(|error| error.kind() == Kind::Validation) || text.is_empty(), "{query}");
        }
        assert!(posts().columns(text).is_err());
        assert!(Post::find().order_by_input(text).is_err());
        assert_eq!(db.statement_count(), before);
    }
    assert_eq!(Post::find().count(&mut db).await?, NAUGHTY.len() as u64);
    Ok(())
}

async fn more_parameters_than_fit(mut db: Db) -> Result<()> {
    blog(&mut db).await?;
    let slugs = |count: usize| (0..count).map(|number| format!("a{number}"));
    assert_eq!(Post::find().filter(Post.slug.is_in(slugs(20_000))).count(&mut db).await?, 3);
    // One array, one text of JSON, or literals.
    let many = || Post.slug.is_in(slugs(70_000));
    assert_eq!(Post::find().filter(many()).count(&mut db).await?, 3);
    assert_eq!(Post::find().filter(!many()).count(&mut db).await?, 1);
    let collated = ["A1".to_string(), "\u{1F680}'\\\n".to_string()];
    let ignores_case = db.dialect() == relata::Dialect::Mysql;
    let mixed = slugs(70_000).skip(10).chain(collated);
    assert_eq!(Post::find().filter(Post.slug.is_in(mixed)).count(&mut db).await?, u64::from(ignores_case));
    // What has neither is refused before it is sent.
    let days = (0..70_000).map(|n| Timestamp::from_second(n).unwrap());
    let before = db.statement_count();
    let many = Post::find().filter(Post.published_at.is_in(days)).count(&mut db).await;
    if db.dialect() == relata::Dialect::Postgres {
        assert_eq!(many?, 0);
        return Ok(());
    }
    let error = many.unwrap_err();
    assert_eq!((error.kind(), db.statement_count()), (Kind::Parameters, before), "{error}");
    assert!(error.message().starts_with("the statement has 70000 parameters, and the database takes "), "{error}");
    Ok(())
}

trait ByJson {
    fn filter_json(&self, body: &str, slug: &str) -> Result<relata::Search<Post>>;
}

impl ByJson for Searchable<Post> {
    fn filter_json(&self, body: &str, slug: &str) -> Result<relata::Search<Post>> {
        let body = Json::String(body.into());
        self.from_json(&format!(r#"{{"filter": {{"body": {body}, "slug": "{slug}"}}}}"#).parse().unwrap())
    }
}

#[test]
fn mistakes_name_the_field_and_what_is_allowed() {
    let limits = Limits { depth: 2, conditions: 3, list: 2, text: 8, orders: 1, page: 10, offset: 20 };
    let posts = posts().limits(limits);
    let queries = [
        "filter[titel]=x",
        "filter[id]=1",
        "sort=body",
        "sort=slug,title",
        "filter[title][like]=x",
        "filter[author_id]=x",
        "filter[author_id][contains]=1",
        "filter[slug]=123456789",
        "filter[slug]=%00",
        "filter[slug]=%zz",
        "filter[slug][in]=a,b,c",
        "filter[slug][between]=a",
        "filter[body][null]=maybe",
        "filter[slug=1",
        "page[size]=11",
        "page[size]=-1",
        "page[number]=0",
        "page[number]=4&page[size]=10",
        "page[after]=abc",
        "page[from]=1",
        "filter[slug]=1&filter[slug]=2&filter[slug]=3&filter[slug]=4&filter[slug]=5",
    ];
    let jsons = [
        r#"{"filter": {"not": {"not": {"slug": "x"}}}}"#,
        r#"{"filter": {"slug": 5}}"#,
        r#"{"filter": {"author_id": 1.5}}"#,
        r#"{"filter": {"slug": {"eq": ["a"]}}}"#,
        r#"{"filter": {"slug": {"in": "a"}}}"#,
        r#"{"filter": {"slug": {}}}"#,
        r#"{"filter": {"slug": {"gt": null}}}"#,
        r#"{"filter": []}"#,
        r#"{"filters": {}}"#,
        r#"[]"#,
    ];
    let said =
        |error: relata::Error| error.problems().iter().map(|problem| format!("  {problem}\n")).collect::<String>();
    let mut out = String::new();
    for query in queries {
        out += &format!("{query}\n{}", said(posts.from_query(query).err().unwrap()));
    }
    for json in jsons {
        out += &format!("{json}\n{}", said(posts.from_json(&json.parse().unwrap()).err().unwrap()));
    }
    expect![[r#"
        filter[titel]=x
          titel cannot be filtered by, did you mean title? (allowed: slug, title, author, body, author_id)
        filter[id]=1
          id cannot be filtered by (allowed: slug, title, author, body, author_id)
        sort=body
          body cannot be ordered by (allowed: slug, title, author, id)
        sort=slug,title
          sort has more than 1 keys
        filter[title][like]=x
          title has no operator like (allowed: eq, ne, lt, lte, gt, gte, in, not_in, between, null, contains, starts_with, ends_with)
        filter[author_id]=x
          author_id must be a whole number from -9223372036854775808 to 9223372036854775807
        filter[author_id][contains]=1
          author_id has no operator contains (allowed: eq, ne, lt, lte, gt, gte, in, not_in, between, null)
        filter[slug]=123456789
          slug must not be longer than 8 bytes
        filter[slug]=%00
          slug must not contain the character 0
        filter[slug]=%zz
          filter[slug]=%zz is not encoded as URLs are
        filter[slug][in]=a,b,c
          slug has a list of more than 2 values
        filter[slug][between]=a
          slug between needs two values
        filter[body][null]=maybe
          body null takes true or false
        filter[slug=1
          filter is written filter[field] or filter[field][operator]
        page[size]=11
          page[size] must be from 1 to 10
        page[size]=-1
          page[size] must be from 1 to 10
        page[number]=0
          page[number] must be a whole number from 1 on
        page[number]=4&page[size]=10
          page[number] must not skip more than 20 rows: use page[after]
        page[after]=abc
          page[after] is no cursor that this program gave
        page[from]=1
          page[from] is not there (allowed: size, number, after)
        filter[slug]=1&filter[slug]=2&filter[slug]=3&filter[slug]=4&filter[slug]=5
          filter has more than 3 conditions
        {"filter": {"not": {"not": {"slug": "x"}}}}
          filter is nested more than 2 deep
        {"filter": {"slug": 5}}
          slug must be text
        {"filter": {"author_id": 1.5}}
          author_id must be a whole number from -9223372036854775808 to 9223372036854775807
        {"filter": {"slug": {"eq": ["a"]}}}
          slug must be one value
        {"filter": {"slug": {"in": "a"}}}
          slug needs a list of values
        {"filter": {"slug": {}}}
          slug has no operator (such as eq)
        {"filter": {"slug": {"gt": null}}}
          slug is compared with null by eq and ne only
        {"filter": []}
          filter must be an object
        {"filters": {}}
          filters is not there (allowed: filter, sort, page)
        []
          search must be an object with filter, sort and page
    "#]].assert_eq(&out);
}
