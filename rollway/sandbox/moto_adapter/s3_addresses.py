"""Spares moto's S3 the reading of its own source at every request.

moto imports the module with S3's addresses anew each time, because an environment variable may have added some; nobody does that here. It
was a tenth of what a rehearsal takes.
"""

from moto.s3 import urls
from moto.s3.models import S3Backend

from rollway.sandbox.moto_adapter.patch import Patch


def patches() -> list[Patch]:
    """Return the replacement of the module that is read anew by the module as it is."""
    return [Patch(S3Backend, "_url_module", property(lambda _backend: urls))]
