"""Which items make a list."""

from collections.abc import Sequence

from tests.test_aggregate import asking, passage, read, reading, texts


def listed(*said: tuple[str, dict[str, float]]) -> list[str]:
    """The items of a list over articles "a", "b" and so on, each with what the list head makes of its phrases."""
    hits = [passage(number, "abc"[number], text) for number, (text, _) in enumerate(said)]
    return texts(read(asking([reading(hit, scores) for hit, (_, scores) in zip(hits, said, strict=True)], list=1.0)))


def test_a_list_is_of_the_source_with_the_likeliest_item() -> None:
    main = "There were Ana Ruiz as well as one Bo Lund too", {"Ana Ruiz": 1.0, "Bo Lund": 0.5}
    assert listed(main, ("So was Cy there", {"Cy": 0.8})) == ["Ana Ruiz", "Bo Lund"]
    assert listed(main, ("So was Cy there", {"Cy": 1.2})) == ["Cy"]


def test_one_article_lists_in_several_passages() -> None:
    text = "There were Ana Ruiz and Bo Lund too. Also Cy Orr was there."
    assert listed((text, {"Ana Ruiz": 1.0, "Bo Lund": 2.0, "Cy Orr": 0.5})) == ["Ana Ruiz", "Bo Lund", "Cy Orr"]


def test_an_item_never_runs_into_the_next_paragraph() -> None:
    hit = passage(0, "a", "So came Ana\n\nBo and Cy Orr")
    found: Sequence[str] = texts(read(asking([reading(hit, {"Ana\n\nBo": 3.0, "Cy Orr": 1.0})], list=1.0)))
    assert found == ["Cy Orr"]
