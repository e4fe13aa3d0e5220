CREATE TABLE articles (
    id TEXT PRIMARY KEY, path TEXT NOT NULL, content_hash BLOB NOT NULL, title TEXT NOT NULL, source TEXT, url TEXT,
    published TEXT, published_utc TEXT, language TEXT, text TEXT NOT NULL
) WITHOUT ROWID;
CREATE TABLE passages (
    -- AUTOINCREMENT: an id is never used again, so a vector can never meet another passage's text
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    article_id TEXT NOT NULL REFERENCES articles(id) ON DELETE CASCADE,
    start INTEGER NOT NULL, end INTEGER NOT NULL, text_hash BLOB NOT NULL
);
CREATE INDEX passages_by_article ON passages(article_id);
CREATE INDEX passages_by_text ON passages(text_hash);
CREATE TABLE embeddings (
    text_hash BLOB NOT NULL, fingerprint TEXT NOT NULL, vector BLOB NOT NULL, UNIQUE (text_hash, fingerprint)
);
CREATE TABLE generations (
    id INTEGER PRIMARY KEY AUTOINCREMENT, created TEXT NOT NULL, index_file TEXT NOT NULL, model TEXT NOT NULL,
    fingerprint TEXT NOT NULL, dimension INTEGER NOT NULL, passages INTEGER NOT NULL
);
