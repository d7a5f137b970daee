CREATE TABLE attachments (
  id INTEGER PRIMARY KEY NOT NULL,
  post_id INTEGER NOT NULL,
  link TEXT NOT NULL,
  bytes INTEGER NOT NULL,
  deleted_at TIMESTAMP,
  FOREIGN KEY (post_id) REFERENCES posts (id) ON DELETE CASCADE,
  CONSTRAINT attachments_bytes_check CHECK (bytes >= 1 AND bytes <= 10000000),
  CONSTRAINT attachments_link_check CHECK (instr(link, '://') >= 2 AND link GLOB '[A-Za-z]*' AND substr(link, 1, instr(link, '://') - 1) NOT GLOB '*[^A-Za-z0-9+.-]*' AND substr(link, instr(link, '://') + 3) <> '' AND substr(link, instr(link, '://') + 3) NOT GLOB '/*' AND substr(link, instr(link, '://') + 3) NOT GLOB ('*[' || char(1) || '- ' || char(127) || ']*'))
);
CREATE TABLE audit_trail (
  id INTEGER PRIMARY KEY NOT NULL,
  actor_id INTEGER NOT NULL,
  "action" TEXT NOT NULL,
  post_id INTEGER NOT NULL,
  details JSON NOT NULL,
  created_at TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP,
  updated_at TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP,
  FOREIGN KEY (actor_id) REFERENCES members (id),
  CONSTRAINT audit_trail_action_check CHECK ("action" IN ('wrote', 'edited', 'removed', 'restored'))
);
CREATE TABLE boards (
  id INTEGER PRIMARY KEY NOT NULL,
  parent_id INTEGER,
  title TEXT NOT NULL UNIQUE,
  FOREIGN KEY (parent_id) REFERENCES boards (id)
);
CREATE TABLE comments (
  id INTEGER PRIMARY KEY NOT NULL,
  post_id INTEGER,
  attachment_id INTEGER,
  author_id INTEGER NOT NULL,
  text TEXT NOT NULL,
  deleted_at TIMESTAMP,
  FOREIGN KEY (attachment_id) REFERENCES attachments (id) ON DELETE CASCADE,
  FOREIGN KEY (author_id) REFERENCES members (id),
  FOREIGN KEY (post_id) REFERENCES posts (id) ON DELETE CASCADE,
  CONSTRAINT comments_check CHECK (((post_id IS NOT NULL) AND (attachment_id IS NULL)) OR ((post_id IS NULL) AND (attachment_id IS NOT NULL))),
  CONSTRAINT comments_text_check CHECK (length(text) >= 1 AND length(text) <= 500)
);
CREATE TABLE members (
  id INTEGER PRIMARY KEY NOT NULL,
  email TEXT NOT NULL,
  name TEXT NOT NULL,
  role TEXT NOT NULL,
  created_at TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP,
  updated_at TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP,
  deleted_at TIMESTAMP,
  CONSTRAINT members_email_check CHECK (instr(email, '@') >= 2 AND instr(email, '@') <= 65 AND substr(email, 1, instr(email, '@') - 1) NOT GLOB ('*[]' || char(1) || '- "(),:;<>[\' || char(127) || '-' || char(160) || ']*') AND substr(email, instr(email, '@') + 1) NOT GLOB ('*[' || char(1) || '-,/:-@[-`{-' || char(160) || ']*') AND substr(email, instr(email, '@') + 1) GLOB '*.*' AND '.' || substr(email, instr(email, '@') + 1) || '.' NOT GLOB '*[.-].*' AND '.' || substr(email, instr(email, '@') + 1) || '.' NOT GLOB '*.-*'),
  CONSTRAINT members_name_check CHECK (length(name) >= 2 AND length(name) <= 40),
  CONSTRAINT members_role_check CHECK (role IN ('guest', 'moderator'))
);
CREATE TABLE posts (
  id INTEGER PRIMARY KEY NOT NULL,
  topic_id INTEGER NOT NULL,
  author_id INTEGER NOT NULL,
  text TEXT NOT NULL,
  created_at TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP,
  updated_at TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP,
  deleted_at TIMESTAMP,
  FOREIGN KEY (author_id) REFERENCES members (id),
  FOREIGN KEY (topic_id) REFERENCES topics (id) ON DELETE CASCADE,
  CONSTRAINT posts_text_check CHECK (length(text) >= 1 AND length(text) <= 20000)
);
CREATE TABLE profiles (
  id INTEGER PRIMARY KEY NOT NULL,
  member_id INTEGER NOT NULL UNIQUE,
  about TEXT,
  homepage TEXT,
  FOREIGN KEY (member_id) REFERENCES members (id) ON DELETE CASCADE,
  CONSTRAINT profiles_about_check CHECK (length(about) <= 500),
  CONSTRAINT profiles_homepage_check CHECK (instr(homepage, '://') >= 2 AND homepage GLOB '[A-Za-z]*' AND substr(homepage, 1, instr(homepage, '://') - 1) NOT GLOB '*[^A-Za-z0-9+.-]*' AND substr(homepage, instr(homepage, '://') + 3) <> '' AND substr(homepage, instr(homepage, '://') + 3) NOT GLOB '/*' AND substr(homepage, instr(homepage, '://') + 3) NOT GLOB ('*[' || char(1) || '- ' || char(127) || ']*'))
);
CREATE TABLE tags (
  id INTEGER PRIMARY KEY NOT NULL,
  name TEXT NOT NULL UNIQUE,
  CONSTRAINT tags_name_check CHECK (length(name) >= 1 AND length(name) <= 30),
  CONSTRAINT tags_name_check1 CHECK (length(name) >= 1 AND name NOT GLOB '*[^a-z0-9-]*')
);
CREATE TABLE topic_tags (
  topic_id INTEGER NOT NULL,
  tag_id INTEGER NOT NULL,
  PRIMARY KEY (topic_id, tag_id),
  FOREIGN KEY (tag_id) REFERENCES tags (id) ON DELETE CASCADE,
  FOREIGN KEY (topic_id) REFERENCES topics (id) ON DELETE CASCADE
);
CREATE TABLE topics (
  id INTEGER PRIMARY KEY NOT NULL,
  board_id INTEGER NOT NULL,
  author_id INTEGER NOT NULL,
  title TEXT NOT NULL,
  closed BOOLEAN NOT NULL DEFAULT 0,
  created_at TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP,
  updated_at TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP,
  deleted_at TIMESTAMP,
  FOREIGN KEY (author_id) REFERENCES members (id),
  FOREIGN KEY (board_id) REFERENCES boards (id),
  CONSTRAINT topics_title_check CHECK (length(title) >= 3 AND length(title) <= 120)
);
CREATE UNIQUE INDEX members_email_key ON members (email) WHERE deleted_at IS NULL;
