-- In the manner of Pagila: a domain, an enum, arrays, full text, a partitioned table, a materialized view, circles.
CREATE DOMAIN year AS integer CONSTRAINT year_check CHECK (VALUE >= 1901 AND VALUE <= 2155);
CREATE DOMAIN public.bıgınt AS bigint;
CREATE TYPE mpaa_rating AS ENUM ('G', 'PG', 'PG-13', 'R', 'NC-17');
CREATE TABLE language (language_id serial PRIMARY KEY, name character(20) NOT NULL, last_update timestamptz DEFAULT now() NOT NULL);
CREATE TABLE actor (
    actor_id serial PRIMARY KEY, first_name text NOT NULL, last_name text NOT NULL, last_update timestamptz DEFAULT now() NOT NULL);
CREATE INDEX idx_actor_last_name ON actor USING btree (last_name);
CREATE TABLE category (category_id serial PRIMARY KEY, name text NOT NULL, last_update timestamptz DEFAULT now() NOT NULL);
CREATE TABLE film (
    film_id serial PRIMARY KEY, title text NOT NULL, description text, release_year year,
    language_id integer NOT NULL REFERENCES language ON UPDATE CASCADE ON DELETE RESTRICT,
    original_language_id integer REFERENCES language ON UPDATE CASCADE ON DELETE RESTRICT,
    rental_duration smallint DEFAULT 3 NOT NULL, rental_rate numeric(4, 2) DEFAULT 4.99 NOT NULL, length smallint,
    replacement_cost numeric(5, 2) DEFAULT 19.99 NOT NULL, rating mpaa_rating DEFAULT 'G'::mpaa_rating,
    last_update timestamptz DEFAULT now() NOT NULL, special_features text[], fulltext tsvector NOT NULL, wanted tsquery);
CREATE INDEX film_fulltext_idx ON film USING gist (fulltext);
CREATE TABLE film_actor (
    actor_id integer NOT NULL REFERENCES actor ON UPDATE CASCADE ON DELETE RESTRICT,
    film_id integer NOT NULL REFERENCES film ON UPDATE CASCADE ON DELETE RESTRICT,
    last_update timestamptz DEFAULT now() NOT NULL, PRIMARY KEY (actor_id, film_id));
CREATE TABLE film_category (
    film_id integer NOT NULL REFERENCES film, category_id integer NOT NULL REFERENCES category,
    last_update timestamptz DEFAULT now() NOT NULL, PRIMARY KEY (film_id, category_id));
CREATE TABLE store (store_id serial PRIMARY KEY, manager_staff_id integer NOT NULL, last_update timestamptz DEFAULT now() NOT NULL);
CREATE TABLE staff (
    staff_id serial PRIMARY KEY, first_name text NOT NULL, store_id integer NOT NULL REFERENCES store, active boolean DEFAULT true NOT NULL,
    username text NOT NULL, password text, picture bytea, hours interval, on_duty time with time zone, desk inet, badge uuid);
ALTER TABLE store ADD CONSTRAINT store_manager_fkey FOREIGN KEY (manager_staff_id) REFERENCES staff DEFERRABLE INITIALLY DEFERRED;
CREATE UNIQUE INDEX idx_unq_manager_staff_id ON store (manager_staff_id);
CREATE TABLE inventory (inventory_id serial PRIMARY KEY, film_id integer NOT NULL REFERENCES film, store_id integer NOT NULL REFERENCES store);
CREATE TABLE customer (
    customer_id serial PRIMARY KEY, store_id integer NOT NULL REFERENCES store, first_name text NOT NULL, email text,
    activebool boolean DEFAULT true NOT NULL, create_date date DEFAULT CURRENT_DATE NOT NULL, active integer);
CREATE TABLE rental (
    rental_id serial PRIMARY KEY, rental_period tstzrange NOT NULL, inventory_id integer NOT NULL REFERENCES inventory,
    customer_id integer NOT NULL REFERENCES customer, staff_id integer NOT NULL REFERENCES staff);
CREATE TABLE payment (
    payment_id serial NOT NULL, customer_id integer NOT NULL, amount numeric(5, 2) NOT NULL, payment_date timestamptz NOT NULL,
    PRIMARY KEY (payment_date, payment_id)) PARTITION BY RANGE (payment_date);
CREATE TABLE payment_p2022_01 PARTITION OF payment FOR VALUES FROM ('2022-01-01') TO ('2022-02-01');
CREATE TABLE payment_rest PARTITION OF payment DEFAULT;
CREATE VIEW actor_info AS SELECT a.actor_id, a.first_name, count(f.film_id) AS films
    FROM actor a LEFT JOIN film_actor f ON f.actor_id = a.actor_id GROUP BY a.actor_id;
CREATE MATERIALIZED VIEW rental_by_category AS SELECT c.name AS category, count(*) AS films
    FROM category c JOIN film_category f ON f.category_id = c.category_id GROUP BY c.name;
