"""The one exception with which the simulated AWS refuses a request.

Adapters turn it into the wire format of the service; the simulator core never knows about HTTP frameworks.
"""


class Refusal(Exception):
    """A request that the simulated AWS turns down, as AWS would word it.

    Attributes:
        code: AWS's error code, for example ``ValidationException``.
        message: AWS's message.
        status: the HTTP status of the answer.
    """

    def __init__(self, code: str, message: str, status: int = 400) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message
        self.status = status


def invalid(message: str) -> Refusal:
    """Return the refusal that SageMaker uses for nearly everything, also for "not found"."""
    return Refusal("ValidationException", message)
