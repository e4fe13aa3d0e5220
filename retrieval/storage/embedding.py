"""Texts that have no vector yet get one: each batch is committed, so that a run that is killed loses one at most."""

from collections.abc import Mapping, Sequence

from retrieval.encoder import Encoder
from retrieval.progress import Progress
from retrieval.storage.writing import Writer

BATCH = 256


def embed_missing(
    writer: Writer,
    encoder: Encoder,
    *,
    all_files: bool,
    leaving: Sequence[int],
    reembed: bool,
    progress: Progress,
) -> int:
    """Embeds the passages and headings of staged files, or of `all_files`; returns how many passages.

    Files `leaving`, by id, are left out. Texts that have a vector are skipped, unless `reembed` is true.
    """
    pending = writer.pending(encoder.fingerprint, leaving, all_files=all_files, reembed=reembed, batch=BATCH)
    done = 0
    with progress("Embedding passages", pending.texts) as advance:
        for batch in pending.batches:
            embed(writer, encoder, batch.texts)
            # what another worker had and lost comes late
            advance(max(0, batch.done - done))
            done = max(done, batch.done)
        advance(pending.texts - done)
    return pending.passages


def embed(writer: Writer, encoder: Encoder, texts: Mapping[bytes, str]) -> None:
    """Gives each of the texts, by hash, its vector."""
    vectors = encoder.encode(list(texts.values()))
    writer.save_vectors(encoder.fingerprint, dict(zip(texts, vectors, strict=True)))
