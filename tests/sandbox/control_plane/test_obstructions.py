"""Faults that obstruct a change: denied callers, changes that come to nothing or never end, quotas, a deleted endpoint."""

import pytest

from rollway.sandbox.errors import Refusal
from rollway.sandbox.fault_menu import ChangeRollsBack, Denied, InstanceQuota, OutsideChange, Stuck

pytestmark = pytest.mark.usefixtures("shop")


def weights(described):
    """The current weight of each variant."""
    return {each["VariantName"]: each["CurrentWeight"] for each in described["ProductionVariants"]}


def test_a_denied_caller_is_told_so_until_the_fault_is_over(cloud, update, describe, pass_time):
    """One operation is denied and no other; afterwards it is allowed again."""
    cloud.plant(Denied(operation="UpdateEndpoint", duration="1m"))
    with pytest.raises(Refusal, match="not authorized to perform: sagemaker:UpdateEndpoint") as refused:
        update("two")
    assert refused.value.code == "AccessDeniedException"
    assert describe()["EndpointStatus"] == "InService"
    pass_time(61)
    update("two")


def test_what_aws_does_by_itself_is_not_denied(cloud, shop, describe, pass_time):
    """A denial is about callers: somebody else's change, as a schedule's, goes through."""
    cloud.plant(Denied(operation="*"))
    cloud.plant(OutsideChange(endpoint=shop, weights={"baseline": 100, "candidate": 0}))
    cloud.tick()
    pass_time(5)
    cloud.faults.clear()
    assert weights(describe()) == {"baseline": 100, "candidate": 0}


def test_a_change_of_weights_may_come_to_nothing_in_silence(cloud, adjust, describe, pass_time):
    """It is accepted, shows RollingBack, and ends InService on the old weights without a reason."""
    cloud.plant(ChangeRollsBack())
    adjust({"baseline": 50, "candidate": 50})
    pass_time(1)
    assert describe()["EndpointStatus"] == "RollingBack"
    pass_time(5)
    after = describe()
    assert (after["EndpointStatus"], weights(after)) == ("InService", {"baseline": 90, "candidate": 10})
    assert "FailureReason" not in after


def test_a_stuck_change_keeps_every_other_one_out(cloud, update, adjust, describe, pass_time):
    """Accepted, it stays under way for as long as the fault says, and AWS takes nothing else meanwhile."""
    cloud.plant(Stuck(operation="UpdateEndpoint", by="1h"))
    update("two")
    pass_time(3000)
    assert describe()["EndpointStatus"] == "Updating"
    with pytest.raises(Refusal, match="in-progress"):
        adjust({"baseline": 100, "candidate": 0})
    pass_time(3000)
    assert describe()["EndpointConfigName"] == "two"


def test_an_instance_quota_counts_the_new_fleet_beside_the_old_one(cloud, update, adjust, describe, pass_time):
    """Four instances serve: an update needs eight, scaling by one needs five, and weights need none."""
    cloud.plant(InstanceQuota(instances=7))
    with pytest.raises(Refusal, match="service limit") as refused:
        update("two")
    assert refused.value.code == "ResourceLimitExceeded"
    adjust({"baseline": 100, "candidate": 0})
    pass_time(5)
    adjust(counts={"candidate": 1})
    pass_time(5)
    update("two")
    assert describe()["EndpointStatus"] == "Updating"


def test_somebody_may_delete_the_endpoint_once_it_is_at_rest(cloud, shop, update, pass_time):
    """As AWS refuses to delete a busy endpoint, the deletion waits for the update to end."""
    update("two")
    cloud.plant(OutsideChange(endpoint=shop, delete_endpoint=True))
    cloud.tick()
    assert cloud.endpoints.status(shop) == "Updating"
    pass_time(5)
    cloud.tick()
    pass_time(60)
    assert cloud.endpoints.status(shop) is None
