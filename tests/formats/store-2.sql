CREATE TABLE files (
    id INTEGER PRIMARY KEY AUTOINCREMENT, path TEXT NOT NULL, content_hash BLOB NOT NULL,
    stat TEXT,  -- what the file system said of it when it was read; NULL if it may have changed in the same instant
    live INTEGER NOT NULL, UNIQUE (path, live)
);
CREATE TABLE skipped (
    file INTEGER NOT NULL REFERENCES files(id) ON DELETE CASCADE, path TEXT NOT NULL, reason TEXT NOT NULL
);
CREATE INDEX skipped_by_file ON skipped(file);
CREATE TABLE articles (
    number INTEGER PRIMARY KEY AUTOINCREMENT, file INTEGER NOT NULL REFERENCES files(id) ON DELETE CASCADE,
    id TEXT NOT NULL, title TEXT NOT NULL, source TEXT, url TEXT, published TEXT, published_utc TEXT, language TEXT,
    path TEXT NOT NULL, text TEXT NOT NULL,
    digest BLOB NOT NULL,  -- of all the columns above but number and file
    heading TEXT NOT NULL, heading_hash BLOB NOT NULL,
    signature BLOB NOT NULL, source_group TEXT NOT NULL
);
CREATE INDEX articles_by_id ON articles(id);
CREATE INDEX articles_by_file ON articles(file);
CREATE INDEX articles_by_heading ON articles(heading_hash);
CREATE INDEX articles_by_signature ON articles(signature);
CREATE INDEX articles_by_group ON articles(source_group);
CREATE TABLE dropped (
    article INTEGER NOT NULL REFERENCES articles(number) ON DELETE CASCADE,
    line INTEGER NOT NULL, text TEXT NOT NULL, reason TEXT NOT NULL
);
CREATE INDEX dropped_by_article ON dropped(article);
CREATE TABLE bands (
    band INTEGER NOT NULL, article INTEGER NOT NULL REFERENCES articles(number) ON DELETE CASCADE,
    PRIMARY KEY (band, article)
) WITHOUT ROWID;
CREATE INDEX bands_by_article ON bands(article);
CREATE TABLE segments (
    id INTEGER PRIMARY KEY AUTOINCREMENT, passages INTEGER NOT NULL, bytes INTEGER NOT NULL, digest BLOB NOT NULL
);
CREATE TABLE passages (
    -- AUTOINCREMENT: an id is never used again, so a vector can never meet another passage's text
    id INTEGER PRIMARY KEY AUTOINCREMENT, article INTEGER NOT NULL REFERENCES articles(number) ON DELETE CASCADE,
    start INTEGER NOT NULL, end INTEGER NOT NULL, text_hash BLOB NOT NULL,
    segment INTEGER REFERENCES segments(id)  -- NULL until it is published
);
CREATE INDEX passages_by_article ON passages(article);
CREATE INDEX passages_by_text ON passages(text_hash);
CREATE INDEX passages_by_segment ON passages(segment);
CREATE TABLE dead (  -- vectors that a segment's file holds and that no passage has any more
    segment INTEGER NOT NULL REFERENCES segments(id) ON DELETE CASCADE, passage INTEGER NOT NULL,
    PRIMARY KEY (segment, passage)
) WITHOUT ROWID;
CREATE TABLE embeddings (
    text_hash BLOB NOT NULL, fingerprint TEXT NOT NULL, vector BLOB NOT NULL, UNIQUE (text_hash, fingerprint)
);
CREATE TABLE generations (
    id INTEGER PRIMARY KEY AUTOINCREMENT, created TEXT NOT NULL, model TEXT NOT NULL, fingerprint TEXT NOT NULL,
    dimension INTEGER NOT NULL, passages INTEGER NOT NULL
);
CREATE VIEW live_articles AS SELECT a.* FROM articles a JOIN files f ON f.id = a.file WHERE f.live;
CREATE VIEW live_passages AS
    SELECT p.*, a.id AS article_id FROM passages p JOIN articles a ON a.number = p.article
    JOIN files f ON f.id = a.file WHERE f.live;
