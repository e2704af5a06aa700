"""What a model directory knows, changed step by step."""

import pytest

from scrubjay_proxy.errors import UsageMistake
from scrubjay_proxy.models import index as change
from scrubjay_proxy.models.index import LINE, MODELS, Entry, Index, Order, State, What


def entry(name):
    return Entry(sha256=name * 8, file=f"{name}.safetensors", added=1.0)


def order(why=""):
    return Order("command", 7.0, why)


A, B, C = (entry(name) for name in "abc")
BAD = Entry("", "bad.safetensors", 1.0)


def after(*steps, index=None):
    """The index after ("promote", A), ("rollback",), ("shadow", B), ("dismiss",), ("refuse", A)."""
    index = index or Index()
    for name, *words in steps:
        match name:
            case "dismiss":
                index = change.dismiss(index, order("did not lead"))
            case "refuse":
                index = change.refuse(index, words[0], order("no model"), "broken")
            case _:
                index = getattr(change, name)(index, *words, order())
    return index


def states(index):
    return {one.file[0]: index.state(one).value for one in index.models}


@pytest.mark.parametrize(
    ("steps", "expected"),
    [
        ([], {}),
        ([("promote", A)], {"a": "active"}),
        ([("promote", A), ("promote", B)], {"a": "previous", "b": "active"}),
        (
            [("promote", A), ("promote", B), ("promote", C)],
            {"a": "kept", "b": "previous", "c": "active"},
        ),
        ([("promote", A), ("promote", B), ("rollback",)], {"a": "active", "b": "refused"}),
        ([("promote", A), ("rollback",)], {"a": "refused"}),
        (
            [("promote", A), ("promote", B), ("rollback",), ("promote", B)],
            {"a": "previous", "b": "active"},
        ),
        ([("promote", A), ("shadow", B)], {"a": "active", "b": "shadow"}),
        (
            [("promote", A), ("shadow", B), ("shadow", C)],
            {"a": "active", "b": "kept", "c": "shadow"},
        ),
        ([("promote", A), ("shadow", B), ("dismiss",)], {"a": "active", "b": "refused"}),
        ([("promote", A), ("shadow", B), ("promote", B)], {"a": "previous", "b": "active"}),
        ([("promote", A), ("refuse", BAD)], {"a": "active", "b": "refused"}),
        ([("promote", A), ("promote", B), ("refuse", B)], {"a": "active", "b": "refused"}),
    ],
)
def test_states_follow_from_what_was_done(steps, expected):
    assert states(after(*steps)) == expected


def test_each_change_is_told_with_who_when_why_and_what_was_before():
    index = change.promote(after(("promote", A)), B, Order("api", 9.0, "better"))
    told = index.history[-1]
    assert (told.id, told.what, told.sha256, told.before) == (2, What.PROMOTED, B.sha256, A.sha256)
    assert (told.by, told.time, told.why) == ("api", 9.0, "better")


def test_what_is_in_force_already_is_not_promoted_again():
    index = after(("promote", A))
    assert change.promote(index, A, order()) is index


def test_roll_backs_go_further_and_further_back_and_never_to_what_was_rolled_back():
    index = after(("promote", A), ("promote", B), ("promote", A), ("promote", C))
    active = []
    for _ in range(3):
        index = change.rollback(index, order())
        active.append(index.active)
    assert active == [A.sha256, B.sha256, ""]
    with pytest.raises(UsageMistake, match="nothing to roll back to"):
        change.rollback(index, order())


def test_a_roll_back_says_who_and_why():
    index = change.rollback(after(("promote", A)), Order("watch", 9.0, "it trails"))
    assert index.model(A.sha256).refused == "rolled back by watch: it trails"


def test_what_is_in_force_cannot_shadow_itself():
    with pytest.raises(UsageMistake, match="in force already"):
        after(("promote", A), ("shadow", A))


def test_without_a_shadow_there_is_nothing_to_dismiss():
    index = after(("promote", A))
    assert after(("dismiss",), index=index) == index


def test_a_refused_file_that_became_a_model_is_refused_no_more():
    mended = Entry("d" * 8, BAD.file, 2.0)
    assert states(after(("refuse", BAD), ("promote", mended))) == {"b": "active"}


def test_history_lines_and_models_are_bounded_and_what_is_needed_stays():
    index = after(("promote", A))
    for number in range(2 * MODELS):
        index = change.refuse(index, Entry(f"{number:08}", "x", 1.0), order("no"), "broken")
    for _ in range(LINE):
        index = after(("promote", B), ("promote", A), index=index)
    assert len(index.models) == MODELS
    assert len(index.line) == LINE
    assert index.state(index.model(A.sha256)) is State.ACTIVE
    assert [one.id for one in index.history] == [*range(index.last - 63, index.last + 1)]


def test_changes_since_one_are_those_after_it():
    index = after(("promote", A), ("promote", B), ("rollback",))
    assert [one.what for one in index.since(1)] == [What.PROMOTED, What.ROLLED_BACK]
