"""The one table of what happens by itself, and when.

A quick entry is done by every scheduler, for doing it twice does no harm. The others are claimed
in the database, so that of several schedulers one does it; and should two do it at once all the
same (the first one hangs), it does no harm either.
One entry is not the scheduler's: files are cleaned where they are, by who writes them.
"""

from collections.abc import Callable
from dataclasses import dataclass

from infra.jobs.due import enqueue_due
from infra.mail.due import enqueue_due_mail
from infra.schedule import Period
from workers.parts import SchedulerParts

Enough = Callable[[], bool]
"""Says that a run should end soon: its time is up, or the process is told to stop."""


@dataclass(frozen=True)
class Entry:
    """One line of the table."""

    name: str
    every_s: int
    """Seconds from the start of a run to the start of the next; a failed one is no exception."""
    longest_s: int
    """Seconds after which a run is told that it is enough, then complained of; a claim is void."""
    does: str
    missed: str
    """What it means that a run was missed, or fails for a while."""
    act: Callable[[SchedulerParts, Enough], object]
    is_claimed: bool = False

    @property
    def period(self) -> Period:
        """What the database keeps of it."""
        return Period(self.name, self.every_s, self.longest_s)


ENTRIES: tuple[Entry, ...] = (
    Entry(
        name="settle the log",
        every_s=1,
        longest_s=60,
        does="Advances the settled mark, so that replicas move without readers.",
        missed="Replicas stand still where nobody reads the log; the next run makes up for it.",
        act=lambda parts, _: parts.settle(),
    ),
    Entry(
        name="wake the lanes",
        every_s=1,
        longest_s=10,
        does="Sends a wake-up to every lane where no worker lingers.",
        missed="An event whose own wake-up was lost is projected later; none is lost.",
        act=lambda parts, _: parts.wakeup.tick(parts.lanes),
    ),
    Entry(
        name="tell of due mail",
        every_s=1,
        longest_s=10,
        does="Sends a message to the processes of jobs if notices wait or mail is due.",
        missed="Mail whose own message was lost, or that failed before, goes out later.",
        act=lambda parts, _: enqueue_due_mail(parts),
    ),
    Entry(
        name="tell of due jobs",
        every_s=1,
        longest_s=60,
        does="Sends a message for each job that is due: asked for, to be retried, or abandoned.",
        missed="A job whose message was lost, or whose worker died, begins later; none is lost.",
        act=lambda parts, _: enqueue_due(parts),
    ),
    Entry(
        name="clean the feed",
        every_s=600,
        longest_s=300,
        does="Deletes rows of the feed older than RINGI_FEED_DAYS, but for the newest.",
        missed="The feed takes more room; the next runs make up for it, five minutes each.",
        act=lambda parts, enough: parts.metrics.scheduling.cleaned(
            "feed", parts.clean_feed(enough)
        ),
        is_claimed=True,
    ),
    Entry(
        name="clean the keys",
        every_s=3600,
        longest_s=600,
        does="Deletes idempotency keys older than RINGI_KEY_DAYS, as the operation's account.",
        missed="Repetitions are known for longer; the next runs make up for it.",
        act=lambda parts, enough: parts.metrics.scheduling.cleaned(
            "keys", parts.clean_keys(enough)
        ),
        is_claimed=True,
    ),
    Entry(
        name="clean the mail",
        every_s=3600,
        longest_s=600,
        does="Deletes notices of which everything has been settled for RINGI_KEY_DAYS.",
        missed="The tables take more room; the next runs make up for it.",
        act=lambda parts, enough: parts.metrics.scheduling.cleaned(
            "mail", parts.clean_mail(enough)
        ),
        is_claimed=True,
    ),
)
"""The scheduler's, in the order of their importance. Whoever adds a timer adds a line here."""

CLEAN_RESULTS = Period("clean the results", every_s=3600, longest_s=600)
"""The processes of jobs', by `workers.sweeping`: deletes files that jobs made and nobody made again
for RINGI_RESULT_DAYS, in the folder of each machine. A missed run: the folder takes more room; the
next run makes up for it."""
