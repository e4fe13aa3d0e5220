"""The tables that every database of a store has; what is searched beside them is each one's own.

A database fills in its own words for {serial}, a number that counts up and is never given twice, {number}, of 64 bits,
{text}, compared byte by byte, {bytes}, {flag}, and {compact}, what follows a table that is its own index.
"""

REFUSED = """
CREATE TABLE refused (  -- files that were read and hold no article, and what the file system said of them then
    path {text} PRIMARY KEY, stat {text} NOT NULL, reason {text} NOT NULL
) {compact};
"""
TABLES = """
CREATE TABLE files (
    id {serial}, path {text} NOT NULL, content_hash {bytes} NOT NULL,
    stat {text},  -- what the file system said of it when it was read; NULL if it may have changed in the same instant
    live {flag} NOT NULL, UNIQUE (path, live)
);
CREATE TABLE skipped (
    file {number} NOT NULL REFERENCES files(id) ON DELETE CASCADE, path {text} NOT NULL, reason {text} NOT NULL
);
CREATE INDEX skipped_by_file ON skipped(file);
CREATE TABLE articles (
    number {serial}, file {number} NOT NULL REFERENCES files(id) ON DELETE CASCADE,
    id {text} NOT NULL, title {text} NOT NULL, source {text}, url {text}, published {text}, published_utc {text},
    language {text}, path {text} NOT NULL, text {text} NOT NULL,
    digest {bytes} NOT NULL,  -- of all the columns above but number and file
    heading {text} NOT NULL, heading_hash {bytes} NOT NULL,
    signature {bytes} NOT NULL, source_group {text} NOT NULL,
    -- its passages have the ids from the one to the other, so that a filter need not look at each; NULL if it has none
    first_passage {number}, last_passage {number}
);
CREATE INDEX articles_by_id ON articles(id);
CREATE INDEX articles_by_file ON articles(file);
CREATE INDEX articles_by_heading ON articles(heading_hash);
CREATE INDEX articles_by_signature ON articles(signature);
CREATE INDEX articles_by_group ON articles(source_group);
CREATE TABLE dropped (
    article {number} NOT NULL REFERENCES articles(number) ON DELETE CASCADE,
    line INTEGER NOT NULL, text {text} NOT NULL, reason {text} NOT NULL
);
CREATE INDEX dropped_by_article ON dropped(article);
CREATE TABLE bands (
    band {number} NOT NULL, article {number} NOT NULL REFERENCES articles(number) ON DELETE CASCADE,
    PRIMARY KEY (band, article)
) {compact};
CREATE INDEX bands_by_article ON bands(article);
CREATE TABLE passages (
    id {serial},  -- never used again, so a vector can never meet another passage's text
    article {number} NOT NULL REFERENCES articles(number) ON DELETE CASCADE,
    start INTEGER NOT NULL, "end" INTEGER NOT NULL, text_hash {bytes} NOT NULL
);
CREATE INDEX passages_by_article ON passages(article);
CREATE INDEX passages_by_text ON passages(text_hash);
CREATE TABLE IF NOT EXISTS embeddings (  -- kept when all else is rebuilt
    text_hash {bytes} NOT NULL, fingerprint {text} NOT NULL, vector {bytes} NOT NULL, UNIQUE (text_hash, fingerprint)
);
CREATE TABLE generations (
    id {serial}, created {text} NOT NULL, model {text} NOT NULL, fingerprint {text} NOT NULL,
    dimension INTEGER NOT NULL, passages {number} NOT NULL
);
CREATE VIEW live_articles AS SELECT a.* FROM articles a JOIN files f ON f.id = a.file WHERE f.live;
CREATE VIEW live_passages AS
    SELECT p.*, a.id AS article_id FROM passages p JOIN articles a ON a.number = p.article
    JOIN files f ON f.id = a.file WHERE f.live;
"""
