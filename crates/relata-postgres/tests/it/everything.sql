create schema "My App";
create extension citext with schema "My App";
create extension btree_gist;
comment on schema "My App" is 'it''s mine';
create type mood as enum ('sad', 'o''k', 'happy');
comment on type mood is 'how one is';
create type "My App".pair as (a integer, b character varying(20)[]);
create domain positive as integer default 1 not null constraint positive_check check (value > 0);
comment on constraint positive_check on domain positive is 'above zero';
create type float_range as range (subtype = float8, subtype_diff = float8mi);
create function plus(a integer, b integer default 2) returns integer language sql immutable return a + b;
create function touch() returns trigger language plpgsql as $$ begin new.touched := now(); return new; end $$;
create procedure tidy(inout n integer) language plpgsql as $$ begin delete from posts where id = n; end $$;
comment on function plus(integer, integer) is 'adds';
create aggregate total(integer) (sfunc = int4pl, stype = integer, initcond = '0');
create sequence numbers as smallint increment by -2 minvalue -100 maxvalue 100 start with 50 cache 3 cycle;
create table users (
    id bigint generated always as identity (start with 100 increment by 5) primary key,
    name text collate "C" not null default 'x',
    email "My App".citext unique,
    feeling mood default 'sad' not null,
    feelings mood[],
    n positive,
    full_name text generated always as (name || '!') stored,
    "Select" integer default plus(1),
    price numeric(10,2) check (price > 0) no inherit,
    seen timestamp(3) with time zone default now(),
    constraint users_name_check check (length(name) > 0 and name <> ')')
);
comment on table users is 'people';
comment on column users.name is 'what they are called';
comment on constraint users_name_check on users is 'no empty names';
alter table users alter name set storage external, alter name set statistics 500;
alter table users alter email set (n_distinct = -0.5);
create table posts (
    id serial primary key,
    author bigint not null,
    second bigint,
    slug text not null,
    tags text[],
    span int4range,
    room integer,
    touched timestamptz,
    constraint posts_slug_key unique (author, slug) deferrable initially deferred,
    constraint no_overlap exclude using gist (room with =, span with &&) where (room > 0),
    unique nulls not distinct (second) include (slug) with (fillfactor = 70)
) with (fillfactor = 80, autovacuum_enabled = false, toast.autovacuum_enabled = false);
alter table posts add constraint posts_author_fk foreign key (author) references users on delete cascade on update restrict;
alter table posts add constraint posts_second_fk foreign key (second) references users (id) on delete set null (second) deferrable not valid;
alter table users add column favourite integer references posts (id);
alter table posts add constraint late check (room < 1000) not valid;
create index posts_slug_idx on posts (lower(slug) text_pattern_ops desc nulls last, author) include (room) where room is not null;
create index posts_tags_idx on posts using gin (tags);
create index posts_both on posts ((room + 1), (slug collate "C") asc nulls first) with (fillfactor = 50);
create unique index users_name_idx on users (name collate "POSIX");
comment on index posts_tags_idx is 'by tag';
create trigger touch before update on posts for each row when (old.* is distinct from new.*) execute function touch();
create constraint trigger checked after insert on posts deferrable initially deferred for each row execute function touch();
alter table posts disable trigger touch;
comment on trigger touch on posts is 'keeps the time';
alter table posts enable row level security;
alter table posts force row level security;
create policy own on posts as restrictive for update to public using (author = 1) with check (author > 0);
create policy sees on posts for select using (exists (select from users u where u.id = posts.author));
comment on policy own on posts is 'only mine';
alter table posts replica identity using index posts_pkey;
alter table users replica identity full;
create table parent (id integer not null, kind text default 'a', constraint parent_check check (id > 0));
create table child (extra text) inherits (parent);
alter table child alter kind set default 'b';
create table measures (id integer, day date not null, value numeric, constraint measures_value check (value > 0)) partition by range (day);
create table measures_2024 partition of measures for values from ('2024-01-01') to ('2025-01-01') partition by list (id);
create table measures_2024_1 partition of measures_2024 for values in (1, 2);
create table measures_rest partition of measures default;
alter table measures add constraint measures_pk primary key (day, id);
create index measures_value_idx on measures (value);
create unique index only_here on only measures (id, day);
create trigger touch_measures after insert on measures for each row execute function touch();
create table refers (day date, id integer, foreign key (day, id) references measures);
create table hashed (id bigint) partition by hash (id);
create table hashed_0 partition of hashed for values with (modulus 2, remainder 0);
create unlogged table fast (a integer);
create table "Odd ""name""" ("Ünïcode" integer, "from" text);
create table empty ();
create view active as select id, name, feeling from users where "Select" > 0 with local check option;
create view "over" with (security_barrier = true) as select a.id, p.slug from active a join posts p on p.author = a.id;
create view pairs (x, y) as values (1, 2), (3, 4);
create recursive view counting (n) as values (1) union all select n + 1 from counting where n < 5;
create materialized view summary as select author, count(*) as n from posts group by author with no data;
create unique index summary_idx on summary (author);
comment on view active is 'not gone';
comment on column active.name is 'shown';
comment on materialized view summary is 'counts';
create function later() returns setof users language sql as 'select * from users';
create view uses_function as select id from later() l;
create trigger instead instead of insert on active for each row execute function touch();
create rule protect as on delete to fast do instead nothing;
create statistics linked (dependencies) on author, room from posts;
grant select, insert on users to pg_read_all_data with grant option;
grant update (name) on users to pg_monitor;
grant usage on sequence numbers to pg_monitor;
grant usage on schema "My App" to public;
revoke execute on function plus(integer, integer) from public;
grant execute on function plus(integer, integer) to pg_monitor;
grant usage on type mood to pg_monitor;
comment on sequence numbers is 'down';
comment on column posts.slug is 'in the address';
create table orders (id int primary key, state varchar(20) not null check (state in ('new', 'paid, sent')),
    kind varchar default 'a' check (kind not in ('x', 'y')), loud boolean generated always as (kind in ('A', 'B')) stored);
create index orders_open on orders (id) where state in ('new', 'paid');
create view open_orders as select id, case when state in ('new', 'it''s') then 1 else 2 end as n from orders where kind in ('a', 'b');
create policy open_only on orders using (state in ('new', 'paid'));
create trigger paid before update on orders for each row when (new.state in ('new', 'paid')) execute function touch();
