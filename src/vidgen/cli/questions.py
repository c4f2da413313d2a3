"""Questions to the user. Each function returns None if nobody can answer: in a pipe, or with ``--json``."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from vidgen.cli.output import Output
from vidgen.cli.screen import screen
from vidgen.cli.signals import exit_code
from vidgen.errors import Cancelled
from vidgen.media.wording import counted
from vidgen.render.spending import Bill, Confirm
from vidgen.takes.budget import Limit


def confirm_spending(out: Output) -> Confirm | None:
    """A function that asks the user before money is spent."""
    if out.as_json or not screen().can_ask():
        return None
    return lambda bill, limit: _ask(list(_bill_lines(bill, limit)), _spending_question(bill), "nothing was sent")


def confirm_download(out: Output) -> Callable[[str], bool] | None:
    """A function that asks the user before a large download."""
    if out.as_json or not screen().can_ask():
        return None
    return lambda question: _ask((), question, "nothing was downloaded")


def _ask(lines: Sequence[str], question: str, so_far: str) -> bool:
    """The answer. Raises Cancelled on Ctrl-C, with ``so_far`` in its hint."""
    try:
        return screen().ask(lines, question)
    except KeyboardInterrupt as interrupt:
        cancelled = Cancelled(exit_code() - 128)
        cancelled.hint = f"{so_far}; run the same command again to be asked again"
        raise cancelled from interrupt


def _bill_lines(bill: Bill, limit: Limit | None) -> Iterator[str]:
    for item in bill.items:
        price = "an unknown price" if item.usd is None else "free" if item.usd == 0 else f"about ${item.usd:,.2f}"
        yield f"{item.maker}: {counted(item.takes, 'take')}, {price}"
    for notice in bill.again:
        yield f"{notice.shot}: {notice.message}"
    unpriced = f", and {counted(bill.unpriced, 'take')} whose price is not known" if bill.unpriced else ""
    yield f"this film has cost ${bill.spent_usd:,.2f} so far{unpriced}"
    if limit is None:
        yield "no budget is set"
    else:
        yield f"budget: ${limit.usd:,.2f}, of which ${limit.left:,.2f} is left"


def _spending_question(bill: Bill) -> str:
    known = sum(item.usd or 0.0 for item in bill.items)
    price = f"about ${known:,.2f}"
    if bill.estimated_usd is None:
        price = f"about ${known:,.2f} and an unknown price" if known else "an unknown price"
    return f"{counted(bill.paid_takes, 'take')} will cost {price}. Go on?"
