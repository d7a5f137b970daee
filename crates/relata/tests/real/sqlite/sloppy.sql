-- SQLite compares what it is given: a key and what refers to it need not be of one type, or say any.
CREATE TABLE owners (id INTEGER PRIMARY KEY, name TEXT NOT NULL, code TEXT UNIQUE);
CREATE TABLE cars (
    plate TEXT PRIMARY KEY,
    owner TEXT REFERENCES owners(id),
    driver VARCHAR(10) REFERENCES owners(id),
    seller INT REFERENCES owners,
    by_code TEXT REFERENCES owners(code),
    anything REFERENCES owners(id)
);
CREATE TABLE tickets (
    number INTEGER PRIMARY KEY,
    plate VARCHAR NOT NULL REFERENCES cars(plate),
    amount NUMERIC
);
CREATE TABLE keepers (owner_id TEXT PRIMARY KEY REFERENCES owners(id), since DATE);
CREATE TABLE drives (owner_id TEXT, plate TEXT, PRIMARY KEY (owner_id, plate),
    FOREIGN KEY (owner_id) REFERENCES owners(id), FOREIGN KEY (plate) REFERENCES cars(plate));
-- Text in a column of bytes stays text.
CREATE TABLE labels (code CHAR(1) PRIMARY KEY, label BLOB NOT NULL);
INSERT INTO labels VALUES ('C', 'done');
-- A key of many columns.
CREATE TABLE readings (site TEXT, rack TEXT, shelf TEXT, probe TEXT, kind TEXT, day TEXT, value REAL,
    PRIMARY KEY (site, rack, shelf, probe, kind, day));
