"""Where the endpoints of a fleet are: clients for each account and Region, and the journal of each.

Endpoints of one name live in several places, and a journal knows endpoints by their names. So each place has a journal of its own below
the fleet's, which is read and written with our own credentials: the roles that are assumed need not reach it.
"""

from dataclasses import dataclass, field
from dataclasses import replace as replaced

from policies.fleet.spec import Target
from rollway.aws.objects import ObjectStore
from rollway.aws.session import Assumed, Aws, connect


@dataclass
class Places:
    """All places of a fleet.

    Attributes:
        home: our own account and Region.
        journal: the fleet's journal.
    """

    home: Aws
    journal: ObjectStore
    _clients: dict[tuple[str, str, str], Aws] = field(default_factory=dict[tuple[str, str, str], Aws])

    def aws_of(self, target: Target) -> Aws:
        """Return the clients for an endpoint; those of one place are made once.

        Raises:
            AwsError: the role cannot be assumed.
        """
        if not target.place:
            return self.home
        who = (target.role, target.external_id, target.region)
        if who not in self._clients:
            assumed = Assumed(target.role, target.external_id) if target.role else None
            self._clients[who] = connect(target.region or self.home.region, assumed=assumed)
        return self._clients[who]

    def journal_of(self, target: Target) -> ObjectStore:
        """Return the journal of an endpoint's place: the fleet's own where no place is named."""
        if not target.place:
            return self.journal
        prefix = "/".join(part for part in (self.journal.prefix, target.place) if part)
        return replaced(self.journal, prefix=prefix)

    def location_of(self, target: Target) -> str:
        """Return that journal's location, as the verbs take it."""
        return self.journal_of(target).url("").rstrip("/")
