//! A chat: the newest message of each room, unread counts, pages both ways, reactions in JSON, edits that lose no update.

use relata::prelude::*;
use relata::{Result, exists, from, json_elements};

#[derive(Entity, Debug, Clone)]
#[has_many(messages: Message.room_id)]
#[many_to_many(members: Member via Membership)]
pub struct Room {
    #[id]
    pub id: Id<Room>,
    #[unique]
    pub name: String,
}

#[derive(Entity, Debug, Clone)]
#[many_to_many(rooms: Room via Membership)]
pub struct Member {
    #[id]
    pub id: Id<Member>,
    #[unique]
    pub handle: String,
}

#[derive(Entity, Debug, Clone)]
#[primary_key(room_id, member_id)]
pub struct Membership {
    #[references(Room, on_delete = cascade)]
    pub room_id: Id<Room>,
    #[references(Member, on_delete = cascade)]
    pub member_id: Id<Member>,
    /// The last message that was read.
    pub read_to: Option<i64>,
}

#[derive(Entity, Debug, Clone)]
#[entity(soft_delete, timestamps)]
#[index(room_id, id)]
pub struct Message {
    #[id]
    pub id: Id<Message>,
    #[references(Room, on_delete = cascade)]
    pub room_id: Id<Room>,
    #[references(Member)]
    pub author_id: Id<Member>,
    #[references(Message)]
    pub answers_id: Option<Id<Message>>,
    #[check(len(1..=2000))]
    pub text: String,
    pub reactions: Json,
    pub version: i32,
}

crate::setup::everywhere!(in "chat.rs": chat);

async fn chat(mut db: Db) -> Result<()> {
    let [ann, bob] = ["ann", "bob"].map(|handle| NewMember { handle: handle.into() });
    let (ann, bob) = (ann.insert(&mut db).await?, bob.insert(&mut db).await?);
    let rooms = ["rust", "sql"].map(|name| NewRoom { name: name.into() });
    let mut ids = Vec::new();
    for room in rooms {
        ids.push(room.connect(Room.members, [ann.id, bob.id]).insert(&mut db).await?.id);
    }
    for n in 0..25 {
        let author_id = if n % 2 == 0 { ann.id } else { bob.id };
        let room_id = ids[usize::from(n % 5 == 0)];
        let reactions: Json = if n % 3 == 0 { r#"["👍", "bob's"]"# } else { "[]" }.parse().unwrap();
        NewMessage { room_id, author_id, text: format!("message {n}"), reactions, version: 1 }.insert(&mut db).await?;
    }

    // The list of rooms: the newest message of each and how many of others are unread.
    let newest = Room::find()
        .order(Room.name.asc())
        .with(Room.messages.order(|message| message.id.desc()).limit(1).with(Message.author))
        .all(&mut db)
        .await?;
    let lines: Vec<String> = newest
        .iter()
        .map(|room| format!("{}: {} by {}", room.name, room.messages()[0].text, room.messages()[0].author().handle))
        .collect();
    assert_eq!(lines, ["rust: message 24 by ann", "sql: message 20 by ann"]);
    Membership::update((ids[0], bob.id)).set(Membership.read_to.to(10)).exec(&mut db).await?;
    let unread: Vec<(String, i64)> = Membership::find()
        .filter(Membership.member_id.eq(bob.id))
        .left_join(Message, |(seat, message)| {
            seat.room_id
                .eq(message.room_id)
                .and(message.author_id.ne(bob.id))
                .and(message.id.cast::<i64>().gt(seat.read_to.or_else(0)))
        })
        .join(Room, |(seat, _, room)| seat.room_id.eq(room.id))
        .group_by(|(_, _, room)| room.name)
        .order(|(_, _, room)| room.name.asc())
        .select(|(_, message, room)| (room.name, message.id.count()))
        .all(&mut db)
        .await?;
    let by_hand = |room: Id<Room>, after: i64| {
        let sql = "SELECT COUNT(*) FROM messages WHERE room_id = ? AND author_id <> ? AND id > ?";
        relata::sql::<(i64,)>(sql, (room, bob.id, after))
    };
    let counted = [by_hand(ids[0], 10).one(&mut db).await?.0, by_hand(ids[1], 0).one(&mut db).await?.0];
    assert_eq!(unread.iter().map(|line| line.1).collect::<Vec<_>>(), counted);

    // Pages from the newest down, and one that comes meanwhile shifts nothing.
    let page = |after| {
        let of_room = Message::find().filter(Message.room_id.eq(ids[0])).order(Message.id.desc()).limit(8);
        of_room.with(Message.author).after(after)
    };
    let first = page(None).page(&mut db).await?;
    let reactions: Json = "[]".parse().unwrap();
    NewMessage { room_id: ids[0], author_id: bob.id, text: "late".into(), reactions, version: 1 }
        .insert(&mut db)
        .await?;
    let second = page(first.next.clone()).page(&mut db).await?;
    let third = page(second.next.clone()).page(&mut db).await?;
    let all: Vec<&str> = first.iter().chain(&*second).chain(&*third).map(|message| message.text.as_str()).collect();
    assert_eq!((all.len(), all[0], all[19]), (20, "message 24", "message 1"));
    assert!(third.next.is_none());

    // Messages with a reaction, by SQL and by its elements.
    let liked = exists(from(json_elements(Message.reactions.outer::<()>())).filter(|(one,)| one.0.eq("👍")));
    assert_eq!(Message::find().filter(liked).count(&mut db).await?, 9);
    let reactions: Vec<(Option<String>, i64)> = Message::find()
        .join_lateral(|(message,)| json_elements(message.reactions))
        .group_by(|(_, reaction)| reaction.0)
        .order(|(_, reaction)| reaction.0.asc())
        .select(|(message, reaction)| (reaction.0, message.id.count()))
        .all(&mut db)
        .await?;
    assert_eq!(reactions.iter().map(|line| line.1).collect::<Vec<_>>(), [9, 9]);

    // An edit that was made on an old version changes nothing.
    let message = first[0].id;
    let edit = |version: i32, text: &str| {
        Message::update_many()
            .filter(Message.id.eq(message).and(Message.version.eq(version)))
            .set(Message.text.to(text))
            .set(Message.version.add(1))
    };
    assert_eq!(edit(1, "edited").exec(&mut db).await?, 1);
    assert_eq!(edit(1, "lost").exec(&mut db).await?, 0);
    Message::delete(message).exec(&mut db).await?;
    let count = Room::by_key(ids[0]).select(Room.messages.count()).one(&mut db).await?;
    assert_eq!(count, 20);
    Ok(())
}
