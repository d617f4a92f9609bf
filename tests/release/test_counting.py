"""What counts as lost, late and wrong, of which the table of life is made."""

import pytest

from tests.release.asking import Answer, judged
from tests.release.counting import Asked, Counted, Heard, Outage

_ADMITTED, _REFUSED, _LOST = Answer.ADMITTED, Answer.REFUSED, Answer.LOST


def counted(*asked: tuple[float, float, bool, Answer], outage: Outage | None = None) -> Counted:
    """Return what was asked: when, how long it took, whether of the fat image, and the answer."""
    found = [
        Asked(due=due, lasted=lasted, is_fat=is_fat, answer=answer.value)
        for due, lasted, is_fat, answer in asked
    ]
    heard = Heard(seconds=10.0, processor=1.0, asked=found)
    return Counted(rate=1.0, heard=heard, outages=[outage] if outage else [])


@pytest.mark.parametrize(
    ("is_fat", "answer", "lost", "wrong"),
    [
        (True, _REFUSED, 0, 0),
        (False, _ADMITTED, 0, 0),
        (True, _ADMITTED, 0, 1),
        (False, _REFUSED, 0, 1),
        (True, _LOST, 1, 0),
        (False, _LOST, 1, 0),
    ],
)
def test_each_answer_is_checked(*, is_fat: bool, answer: Answer, lost: int, wrong: int) -> None:
    """A fat image that is admitted and a slim one that is refused are wrong; an error is lost."""
    found = counted((0.0, 0.1, is_fat, answer))

    assert (found.lost, found.wrong, found.late) == (lost, wrong, 0)


def test_late_is_more_than_a_second() -> None:
    """It does not matter what the answer is; overdue is what took longer than the webhook may."""
    found = counted(
        (0.0, 1.0, True, _REFUSED), (0.0, 1.2, False, _ADMITTED), (0.0, 5.1, True, _REFUSED)
    )

    assert (found.late, found.overdue, found.slowest) == (2, 1, 5.1)


def test_an_outage_excuses_what_was_asked_meanwhile() -> None:
    """Not what was asked before or after it, and never a wrong answer, but late ones."""
    found = counted(
        (1.0, 0.5, True, _LOST),
        (1.8, 0.5, True, _LOST),
        (3.0, 0.0, False, _LOST),
        (3.5, 1.1, True, _ADMITTED),
        (4.0, 0.0, False, _LOST),
        outage=Outage(began=2.0, ended=4.0),
    )

    assert (found.requests, found.unreached, found.lost, found.wrong) == (5, 2, 2, 1)
    assert (found.late, found.slowest) == (0, 0.5)


@pytest.mark.parametrize(
    ("status", "text", "expected"),
    [
        (201, "{}", _ADMITTED),
        (403, '{"message": "admission webhook \\"a\\" denied the request: too big"}', _REFUSED),
        (403, '{"message": "not yet ready to handle request"}', _LOST),
        (500, '{"message": "failed calling webhook: denied the request"}', _LOST),
        (502, "<html>", _LOST),
    ],
)
def test_only_the_webhook_refuses(status: int, text: str, expected: Answer) -> None:
    """An error of the API server is not an answer, whatever it says."""
    assert judged(status, text)[0] is expected
