"""One peer at work: run by `evaluation.peers` with the Python of an environment that has it, and nothing of Dateline.

    python peer.py haystack|txtai index|ask FOLDER < JSON > JSON

index  {"passages": [[id, text], ...], "more": [[id, text], ...], "encoder": FOLDER}
       -> {"index": seconds, "add": seconds that `more` takes when the rest is there}
ask    {"questions": [str, ...], "reader": FOLDER, "encoder": FOLDER, "passages": N}
       -> {"answers": [[text, score], ...], "waits": [seconds, ...], "memory": megabytes}

Each is used as its own documentation shows it: words and vectors joined, an extractive reader over the best passages.
"""

import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

Passages = list[tuple[str, str]]


def haystack_index(folder: Path, given: dict[str, Any]) -> tuple[Callable[[Passages], None], Callable[[], None]]:
    """Haystack's store in memory, written to disk as JSON."""
    from haystack import Document
    from haystack.components.embedders import SentenceTransformersDocumentEmbedder
    from haystack.document_stores.in_memory import InMemoryDocumentStore

    store = InMemoryDocumentStore(embedding_similarity_function="cosine")
    embedder = SentenceTransformersDocumentEmbedder(model=given["encoder"], progress_bar=False)
    embedder.warm_up()

    def add(passages: Passages) -> None:
        documents = [Document(id=key, content=text) for key, text in passages]
        store.write_documents(embedder.run(documents=documents)["documents"])

    return add, lambda: store.save_to_disk(str(folder / "store.json"))


def haystack_ask(folder: Path, given: dict[str, Any]) -> Callable[[str], tuple[str, float]]:
    """BM25 and vectors joined by reciprocal rank, then the extractive reader."""
    from haystack.components.embedders import SentenceTransformersTextEmbedder
    from haystack.components.joiners import DocumentJoiner
    from haystack.components.readers import ExtractiveReader
    from haystack.components.retrievers.in_memory import InMemoryBM25Retriever, InMemoryEmbeddingRetriever
    from haystack.document_stores.in_memory import InMemoryDocumentStore

    store = InMemoryDocumentStore.load_from_disk(str(folder / "store.json"))
    embedder = SentenceTransformersTextEmbedder(model=given["encoder"], progress_bar=False)
    reader = ExtractiveReader(model=given["reader"], top_k=1, no_answer=False)
    embedder.warm_up()
    reader.warm_up()
    words, vectors = InMemoryBM25Retriever(store), InMemoryEmbeddingRetriever(store)
    joiner = DocumentJoiner(join_mode="reciprocal_rank_fusion", top_k=given["passages"])

    def ask(question: str) -> tuple[str, float]:
        found = [
            words.run(query=question, top_k=50)["documents"],
            vectors.run(query_embedding=embedder.run(text=question)["embedding"], top_k=50)["documents"],
        ]
        documents = joiner.run(documents=found)["documents"]
        answers = reader.run(query=question, documents=documents, top_k=1)["answers"]
        return (answers[0].data or "", float(answers[0].score)) if answers else ("", 0.0)

    return ask


def txtai_index(folder: Path, given: dict[str, Any]) -> tuple[Callable[[Passages], None], Callable[[], None]]:
    """txtai's hybrid index, with the texts in SQLite."""
    from txtai import Embeddings

    store = Embeddings(path=given["encoder"], hybrid=True, content=True)
    begun = False

    def add(passages: Passages) -> None:
        nonlocal begun
        (store.upsert if begun else store.index)([(key, text, None) for key, text in passages])
        begun = True

    return add, lambda: store.save(str(folder / "store"))


def txtai_ask(folder: Path, given: dict[str, Any]) -> Callable[[str], tuple[str, float]]:
    """The best passages, each asked by the Questions pipeline, which gives no score: the first that answers counts."""
    from txtai import Embeddings
    from txtai.pipeline import Questions

    store = Embeddings()
    store.load(str(folder / "store"))
    questions = Questions(given["reader"])

    def ask(question: str) -> tuple[str, float]:
        found = store.search(question, given["passages"])
        texts = [each["text"] for each in found]
        answers = []
        for text in texts:
            try:
                answers += questions([question], [text])
            except TypeError:  # raised where the best end is not a word
                answers.append(None)
        for rank, (answer, passage) in enumerate(zip(answers, found, strict=True)):
            if answer:
                return answer, float(passage["score"]) - rank
        return "", 0.0

    return ask


def main() -> None:
    """See the module."""
    name, task, folder = sys.argv[1], sys.argv[2], Path(sys.argv[3])
    given = json.load(sys.stdin)
    said, sys.stdout = sys.stdout, sys.stderr  # whatever a library prints
    if task == "index":
        add, save = {"haystack": haystack_index, "txtai": txtai_index}[name](folder, given)
        marks = [time.perf_counter()]
        for passages in (given["passages"], given["more"]):
            add(passages)
            marks.append(time.perf_counter())
        save()
        result: dict[str, Any] = {"index": marks[1] - marks[0], "add": marks[2] - marks[1]}
    else:
        ask = {"haystack": haystack_ask, "txtai": txtai_ask}[name](folder, given)
        answers, waits = [], []
        for question in given["questions"]:
            began = time.perf_counter()
            answers.append(ask(question))
            waits.append(time.perf_counter() - began)
        # getrusage would count what the process that started this one had
        status = Path("/proc/self/status").read_text()
        memory = int(status.partition("VmHWM:")[2].split()[0]) / 1024
        result = {"answers": answers, "waits": waits, "memory": memory}
    json.dump(result, said)


if __name__ == "__main__":
    main()
