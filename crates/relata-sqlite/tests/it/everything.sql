CREATE TABLE author (id INTEGER PRIMARY KEY AUTOINCREMENT, email VARCHAR(80) COLLATE NOCASE NOT NULL UNIQUE,
  born DATE DEFAULT (date('now')), "Mixed Case" DECIMAL(10,2) DEFAULT -1.5, [order] TEXT DEFAULT 'it''s',
  created TIMESTAMP DEFAULT CURRENT_TIMESTAMP NOT NULL, CONSTRAINT email_has_at CHECK (email LIKE '%@%'));
CREATE TABLE tag (name TEXT PRIMARY KEY ON CONFLICT IGNORE, rank INT NOT NULL ON CONFLICT REPLACE DEFAULT 0) STRICT;
CREATE TABLE post (author INT NOT NULL, slug TEXT NOT NULL, body, up INT, down INT,
  score INT GENERATED ALWAYS AS (up - down) STORED, label AS (slug || '!'),
  parent_author INT, parent_slug TEXT,
  CONSTRAINT post_pk PRIMARY KEY (author, slug DESC),
  CONSTRAINT post_author FOREIGN KEY (AUTHOR) REFERENCES Author ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED,
  FOREIGN KEY (parent_author, parent_slug) REFERENCES post (author, slug) ON UPDATE SET NULL,
  UNIQUE (body, slug COLLATE NOCASE) ON CONFLICT FAIL) WITHOUT ROWID;
CREATE TABLE loose (a, b "weird type", c VARCHAR);
CREATE TABLE down (id INTEGER PRIMARY KEY DESC, x);
CREATE TABLE up (id INTEGER, x, PRIMARY KEY (id DESC));
CREATE UNIQUE INDEX "post by label" ON post (lower(slug) DESC, body COLLATE NOCASE) WHERE up  >  1;
CREATE INDEX tag_rank ON tag (rank DESC, name);
CREATE VIRTUAL TABLE search USING fts5(title, body, tokenize = 'porter');
CREATE VIEW top AS SELECT * FROM best WHERE score > 1;
CREATE VIEW best (slug, score) AS SELECT slug, score FROM post; -- before what reads it
CREATE TRIGGER log_tag AFTER UPDATE OF rank ON tag WHEN new.rank > 1 BEGIN
  INSERT INTO loose VALUES (new.name, 'a;b', 1); DELETE FROM loose WHERE c = 2;
END;
CREATE TRIGGER top_insert INSTEAD OF INSERT ON top BEGIN SELECT 1; END;
