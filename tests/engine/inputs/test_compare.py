from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from bscore.inputs.compare import Changes, path_of, unlisted
from bscore.inputs.manifest import encode_item

RECORDS = st.lists(
    st.builds(encode_item, st.sampled_from([b"/a", b"/b", b"/c", b"/d", b"/e"]), st.integers(-1, 2))
)


def cut(records: list[bytes], size: int) -> list[list[bytes]]:
    return [records[at : at + size] for at in range(0, len(records), size)]


@given(listed=RECORDS, known=RECORDS, chunk=st.integers(1, 4), block=st.integers(1, 4))
def test_what_stands_there_stays_and_the_rest_is_new(
    listed: list[bytes], known: list[bytes], chunk: int, block: int
) -> None:
    changes = Changes()
    blocks = [b"".join(records) for records in cut(known, block)]
    new = [record for records in unlisted(cut(listed, chunk), blocks, changes) for record in records]
    have, want = Counter(map(path_of, known)), Counter(map(path_of, listed))
    assert Counter(map(path_of, new)) == want - have
    assert changes.missing == (have - want).total()


def test_new_items_keep_their_order_when_the_manifest_is_a_beginning() -> None:
    records = [encode_item(b"/%03d" % i) for i in range(100)]
    new = list(unlisted(cut(records, 7), [b"".join(records[:33])], Changes()))
    assert [record for chunk in new for record in chunk] == records[33:]


def test_size_and_time_tell_a_change_unless_one_is_unknown() -> None:
    known = [encode_item(b"/a", 1, 5), encode_item(b"/b", 1, 5), encode_item(b"/c"), encode_item(b"/d", 1, 5)]
    listed = [
        encode_item(b"/a", 2, 5),
        encode_item(b"/b", 1, 6),
        encode_item(b"/c", 1, 5),
        encode_item(b"/d", 1, 5),
    ]
    changes = Changes()
    assert list(unlisted([listed], [b"".join(known)], changes)) == []
    assert (changes.missing, changes.changed) == (0, 2)
    assert changes.first_names == ["changed: /a", "changed: /b"]


@given(kept=st.lists(st.booleans(), max_size=30), chunk=st.integers(1, 4), block=st.integers(1, 4))
def test_what_is_found_is_there_and_what_is_missing_is_known_by_its_place(
    kept: list[bool], chunk: int, block: int
) -> None:
    known = [encode_item(b"/%03d" % i) for i in range(len(kept))]
    listed = [record for record, there in zip(known, kept, strict=True) if there]
    gone = [place for place, there in enumerate(kept) if not there]
    changes, found = Changes(), [0]
    blocks = [b"".join(records) for records in cut(known, block)]
    assert not list(unlisted(cut(listed, chunk), blocks, changes, found.append))
    assert list(changes.places) == gone
    assert max(found) <= min(gone, default=len(known))
    if not gone:
        assert found[-1] == len(known), "where nothing is missing nobody has to wait"


def test_of_mini_batches_that_are_done_nothing_is_missing_any_more() -> None:
    known = [encode_item(b"/%d" % i) for i in range(9)]
    changes = Changes(mini_batch_size=3, done=[(1, 2)])
    list(unlisted([], [b"".join(known)], changes))
    assert list(changes.places) == [0, 1, 2, 6, 7, 8]
    assert changes.missing == 6
