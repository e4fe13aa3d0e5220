CREATE TABLE secret (key BLOB NOT NULL);
CREATE TABLE answers (
    id TEXT PRIMARY KEY, asked TEXT NOT NULL, question TEXT NOT NULL, kind TEXT NOT NULL, generation INTEGER NOT NULL,
    scope TEXT NOT NULL  -- the filter, as JSON
) WITHOUT ROWID;
CREATE INDEX answers_by_time ON answers(asked);
CREATE TABLE items (
    answer TEXT NOT NULL REFERENCES answers(id) ON DELETE CASCADE, position INTEGER NOT NULL,
    text TEXT NOT NULL, confidence REAL NOT NULL, PRIMARY KEY (answer, position)
) WITHOUT ROWID;
CREATE TABLE places (
    answer TEXT NOT NULL REFERENCES answers(id) ON DELETE CASCADE, position INTEGER NOT NULL,
    article TEXT NOT NULL, start INTEGER NOT NULL, end INTEGER NOT NULL, score REAL NOT NULL, digest BLOB NOT NULL,
    PRIMARY KEY (answer, position)
) WITHOUT ROWID;
CREATE TABLE cited (
    answer TEXT NOT NULL REFERENCES answers(id) ON DELETE CASCADE, article TEXT NOT NULL,
    start INTEGER NOT NULL, end INTEGER NOT NULL, PRIMARY KEY (answer, article, start, end)
) WITHOUT ROWID;
CREATE TABLE votes (
    answer TEXT NOT NULL REFERENCES answers(id) ON DELETE CASCADE, person BLOB NOT NULL,
    good INTEGER NOT NULL, voted TEXT NOT NULL, PRIMARY KEY (answer, person)
) WITHOUT ROWID;
