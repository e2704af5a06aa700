"""What is remembered of how objects change: bounded, by class, the same every time."""

import pytest

from scrubjay_policies.changes import CHANGED, CLASSES, NEW, UNCHANGED, Changes
from scrubjay_policies.hold import Terms

TERMS = Terms(0.01)


def contact(changes, id, *, tag=0, now=0.0, age=None, kind="text/html"):
    return changes.contact(id, kind, tag=tag, now=now, age=age, terms=TERMS)


def test_a_contact_tells_what_it_found():
    changes = Changes(most=10)
    found = [contact(changes, 1, tag=tag, now=at).found for at, tag in enumerate((7, 7, 8, 8))]
    assert found == [NEW, UNCHANGED, CHANGED, UNCHANGED]


def test_tags_that_differ_in_63_bits_are_told_apart():
    changes = Changes(most=10)
    contact(changes, 1, tag=2**62 + 1)
    assert contact(changes, 1, tag=2**62 + 2, now=1.0).found == CHANGED


def test_the_object_whose_last_contact_is_longest_ago_is_forgotten():
    changes = Changes(most=3)
    for at, id in enumerate((1, 2, 3, 1, 4)):
        contact(changes, id, now=float(at))
    assert len(changes) == 3
    assert contact(changes, 1, now=9.0).found == UNCHANGED
    assert contact(changes, 2, now=9.0).found == NEW


def test_many_more_objects_than_there_is_room_for_stay_bounded_and_right():
    changes = Changes(most=2000)
    for id in range(10_000):
        contact(changes, id, now=float(id))
    assert len(changes) == 2000
    assert contact(changes, 9_999, now=1e5).found == UNCHANGED
    assert contact(changes, 0, now=1e5).found == NEW


def test_an_object_that_never_changes_is_held_longer_and_longer():
    changes = Changes(most=10)
    seconds, now = [], 0.0
    for _ in range(12):
        held = contact(changes, 1, now=now)
        seconds.append(held.seconds)
        now += held.seconds + 10.0
    assert seconds[2:] == sorted(seconds[2:])
    assert seconds[-1] > 4 * seconds[2]


def test_hits_count_for_objects_that_are_known():
    busy, idle = Changes(most=10), Changes(most=10)
    for changes, hits in ((busy, 200), (idle, 0)):
        changes.hit(99)
        for look in range(8):
            last = contact(changes, 1, now=look * 100.0)
            for _ in range(hits):
                changes.hit(1)
    assert busy.account[2] > 1000 > idle.account[2]  # answers
    assert last.seconds > 0


def test_a_class_that_changes_makes_its_newcomers_short_lived_and_no_others():
    changes = Changes(most=100)
    for id in range(20):
        for look in range(10):
            kind, tag = ("news", look) if id % 2 else ("images", 0)
            contact(changes, id, tag=tag, now=look * 60.0, kind=kind)
    news = contact(changes, 98, now=600.0, kind="news").seconds
    images = contact(changes, 99, now=600.0, kind="images").seconds
    assert images > 5 * news


def test_classes_beyond_the_bound_are_one():
    changes = Changes(most=1000)
    for number in range(2 * CLASSES):
        contact(changes, number, kind=f"type/{number}")
    assert len(changes._classes) <= CLASSES
    assert {*changes._kinds[: len(changes)]} == {*range(CLASSES)}


def test_the_same_contacts_give_the_same_lifetimes():
    def told():
        changes = Changes(most=50)
        return [
            contact(changes, id % 70, tag=id // 200, now=id * 3.0, age=id % 9 or None).seconds
            for id in range(1000)
        ]

    assert told() == told()


def test_times_of_day_lose_nothing_against_times_since_the_start():
    def told(start):
        changes = Changes(most=5)
        return [contact(changes, 1, tag=n // 4, now=start + n * 8.0).seconds for n in range(30)]

    assert told(1.8e9) == pytest.approx(told(0.0))


def test_contacts_that_come_in_another_order_than_their_times_do_no_harm():
    changes = Changes(most=50)
    for id, now in enumerate((100.0, 90.0, 99.0, 101.0, 95.0)):
        assert contact(changes, id, now=now).seconds >= 0
    assert contact(changes, 0, now=98.0).seconds >= 0


def test_nothing_given_yet_is_no_error():
    changes = Changes(most=5)
    assert (changes.staleness, changes.mean_lifetime) == (0.0, 0.0)
    contact(changes, 1, age=1000.0)
    assert changes.mean_lifetime > 0
