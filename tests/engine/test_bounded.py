"""A dictionary of limited size."""

from slimgate.engine.bounded import Bounded


def test_the_longest_unused_goes_first() -> None:
    """Reading and writing both count as use, and what goes is handed back."""
    held: Bounded[str, int] = Bounded(2)
    gone = [held.put("a", 1), held.put("b", 2), held.get("a"), held.put("c", 3), held.put("a", 4)]

    assert gone == [None, None, 1, 2, None]
    assert (list(held), held.items(), len(held)) == (["c", "a"], [("c", 3), ("a", 4)], 2)


def test_what_is_dropped_is_handed_back() -> None:
    """A key that is not there is no error."""
    held: Bounded[str, int] = Bounded(2)
    held.put("a", 1)

    assert (held.drop("a"), held.drop("a"), held.get("a"), len(held)) == (1, None, None, 0)


def test_it_may_change_while_its_keys_are_read() -> None:
    """What is read are the keys as they were."""
    held: Bounded[int, int] = Bounded(10)
    for number in range(5):
        held.put(number, number)
    for key in held:
        held.drop(key)

    assert len(held) == 0


def test_what_is_held_weighs_so_much_at_most() -> None:
    """The longest unused goes until the rest is light enough, and what is too heavy is not kept."""
    held: Bounded[str, int] = Bounded(9, lambda value: value, 10)
    for key, value in {"a": 4, "b": 3, "c": 2}.items():
        held.put(key, value)
    held.put("b", 5)
    assert (list(held), held.weight) == (["c", "b"], 7)

    held.put("d", 4)
    held.drop("b")
    assert (list(held), held.weight) == (["d"], 4)

    held.put("e", 11)
    assert (list(held), held.weight) == ([], 0)
