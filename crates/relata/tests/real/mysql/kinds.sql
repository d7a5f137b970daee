-- A number of one digit that refers to another is no boolean, though both are called `tinyint(1)`.
CREATE TABLE kinds (id TINYINT(3) NOT NULL PRIMARY KEY, name VARCHAR(32) NOT NULL);
INSERT INTO kinds VALUES (2, 'changed'), (3, 'deleted');
CREATE TABLE moods (id TINYINT(1) NOT NULL PRIMARY KEY, name VARCHAR(32) NOT NULL);
INSERT INTO moods VALUES (5, 'calm');
CREATE TABLE events (
    id INT NOT NULL AUTO_INCREMENT PRIMARY KEY,
    kind TINYINT(1) NOT NULL DEFAULT 2,
    mood TINYINT(1),
    loud TINYINT(1) NOT NULL DEFAULT 0,
    FOREIGN KEY (kind) REFERENCES kinds (id),
    FOREIGN KEY (mood) REFERENCES moods (id)
);
INSERT INTO events (kind, mood) VALUES (2, 5), (3, NULL);
