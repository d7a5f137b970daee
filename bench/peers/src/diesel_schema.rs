//! The tables and structs that diesel and diesel_async share.

use diesel::prelude::*;

diesel::table! {
    users (id) {
        id -> Integer,
        name -> Text,
        hair_color -> Nullable<Text>,
    }
}

diesel::table! {
    posts (id) {
        id -> Integer,
        user_id -> Integer,
        title -> Text,
        body -> Nullable<Text>,
    }
}

diesel::table! {
    comments (id) {
        id -> Integer,
        post_id -> Integer,
        text -> Text,
    }
}

diesel::joinable!(posts -> users (user_id));
diesel::joinable!(comments -> posts (post_id));
diesel::allow_tables_to_appear_in_same_query!(users, posts, comments);

#[derive(Queryable, Identifiable)]
#[diesel(table_name = users)]
pub struct User {
    pub id: i32,
    pub name: String,
    pub hair_color: Option<String>,
}

#[derive(Queryable, Identifiable, Associations)]
#[diesel(table_name = posts, belongs_to(User))]
pub struct Post {
    pub id: i32,
    pub user_id: i32,
    pub title: String,
    pub body: Option<String>,
}

#[derive(Queryable, Identifiable, Associations)]
#[diesel(table_name = comments, belongs_to(Post))]
pub struct Comment {
    pub id: i32,
    pub post_id: i32,
    pub text: String,
}

#[derive(Insertable)]
#[diesel(table_name = users)]
pub struct NewUser {
    pub name: String,
    pub hair_color: Option<String>,
}

/// So many new users.
pub fn new_users(size: usize) -> Vec<NewUser> {
    (0..size).map(bench_suite::new_user).map(|(name, hair_color)| NewUser { name, hair_color }).collect()
}

/// Nests the three lists and counts.
pub fn nest(users: Vec<User>, posts: Vec<Post>, comments: Vec<Comment>) -> u64 {
    let comments = comments.grouped_by(&posts);
    let posts: Vec<Vec<(Post, Vec<Comment>)>> = posts.into_iter().zip(comments).grouped_by(&users);
    let nested: Vec<(User, Vec<(Post, Vec<Comment>)>)> = users.into_iter().zip(posts).collect();
    let count = |posts: &Vec<(Post, Vec<Comment>)>| posts.iter().map(|(_, comments)| 1 + comments.len()).sum::<usize>();
    nested.iter().map(|(_, posts)| 1 + count(posts)).sum::<usize>() as u64
}
