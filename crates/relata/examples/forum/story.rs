//! A day in the forum, as a text: what the services do, one after the other.

use std::fmt::Write;
use std::sync::{Arc, Mutex};

use relata::prelude::*;
use relata::{Events, Result};
use serde_json::json;

use super::entities::*;
use super::services::*;

/// Lives through the day on a database with empty tables.
pub async fn tell(db: Db) -> Result<String> {
    let mut story = String::new();
    let mut say = |line: &str| writeln!(story, "{line}").expect("a text takes every line");
    let events = Events::new();
    let mailed = Arc::new(Mutex::new(Vec::new()));
    let mails = mailed.clone();
    events.on(move |posted: &Posted| {
        let mail = format!("in topic {}: {}", posted.topic, posted.text);
        mails.lock().expect("nobody panics with it").push(mail);
    });
    let accounts = Accounts { db: db.clone() };
    let forum = Discussions { db: db.clone(), events };
    let mut db = db;

    say("# Members");
    let wrong = json!({"email": "ann", "name": "A", "role": "moderator", "profile": {"homepage": "ann"}});
    let refused = accounts.register(&wrong).await.expect_err("everything about it is wrong");
    refused.problems().iter().for_each(|problem| say(&problem.to_string()));
    let ann = json!({"email": "ann@example.com", "name": "Ann", "profile": {"about": "I ask."}});
    let ann = accounts.register(&ann).await?.id;
    let bob = accounts.register(&json!({"email": "bob@example.com", "name": "Bob"})).await?.id;
    let again = accounts.register(&json!({"email": "bob@example.com", "name": "Robert"})).await;
    let taken = again.expect_err("the address is taken");
    say(&format!("{} {}", taken.http_status(), taken.problem_json()["errors"][0]["detail"]));
    accounts.promote(bob).await?;

    say("# Boards");
    let top = NewBoard { title: "Languages".into() }
        .create(Board.boards, |_| ["Rust", "SQL"].map(|title| NewBoard { title: title.into() }))
        .insert(&mut db)
        .await?;
    for board in forum.boards().await?.walk() {
        say(&format!("{}{}", "  ".repeat(board.depth()), board.title));
    }
    let rust = Board::find().filter(Board.parent_id.eq(top.id).and(Board.title.eq("Rust"))).one(&mut db).await?.id;

    say("# Topics");
    let wrong = json!({"title": "?", "posts": [{"text": "", "attachments": [{"link": "x", "bytes": 0}, {}]}]});
    let refused = forum.open(rust, ann, &wrong, &[]).await.expect_err("nothing of it is right");
    refused.problems().iter().for_each(|problem| say(&problem.to_string()));
    let file = json!({"link": "https://example.com/log.txt", "bytes": 99});
    let input = json!({"title": "Lifetimes?", "posts": [{"text": "Help!", "attachments": [file]}]});
    let topic = forum.open(rust, ann, &input, &["beginner", "lifetimes"]).await?.id;
    for number in 1..=4 {
        let input = json!({"title": format!("Topic {number}"), "posts": [{"text": "Hello"}]});
        forum.open(rust, bob, &input, &["beginner"]).await?;
    }
    let reply = forum.reply(topic, bob, &json!({"text": "Show us the code."})).await?;
    forum.edit(Post { text: "Please show us the code.".into(), ..reply.clone() }, bob).await?;
    let mut after = None;
    loop {
        let page = forum.page(rust, after, 2).await?;
        for headline in &page {
            let newest = headline.newest.as_deref().unwrap_or("nothing");
            let (title, author, tags) = (&headline.title, &headline.author, headline.tags.join(" "));
            say(&format!("{title} by {author} [{tags}], {} posts: {newest}", headline.posts));
        }
        after = page.next;
        if after.is_none() {
            break;
        }
        say("--");
    }

    say("# Comments");
    let log = Attachment::find().one(&mut db).await?.id;
    forum.comment(CommentSubject::Post(reply.id), ann, "Thanks").await?;
    forum.comment(CommentSubject::Attachment(log), bob, "Too long").await?;
    forum.comments().await?.iter().for_each(|comment| say(comment));

    say("# Moderation");
    forum.remove(reply.id, bob).await?;
    say(&format!("{} comment is left", forum.comments().await?.len()));
    forum.restore(reply.id, bob).await?;
    say(&format!("{} comments are back", forum.comments().await?.len()));
    forum.close(topic).await?;
    let late = forum.reply(topic, ann, &json!({"text": "Solved."})).await.expect_err("it is closed");
    say(late.message());

    say("# Audit");
    for entry in AuditEntry::find().with(AuditEntry.actor).order(AuditEntry.id.asc()).all(&mut db).await? {
        say(&format!("{} {:?} {}", entry.actor().name, entry.action, entry.details));
    }
    mailed.lock().expect("nobody panics with it").iter().for_each(|mail| say(&format!("mailed {mail}")));
    Ok(story)
}
