"""How much longer each span could be before anybody noticed at the end of its trace."""

from otx.tracing.assembly import NO_PARENT
from otx.tracing.wait_plan import plan_of
from otx.tracing.waits import Waits


def slack_ns(waits: Waits, root: int) -> list[int | None]:
    """By number how much longer each span could be before its root ended later.

    0 on the critical path; None for what is not awaited below the root.
    """
    slack: list[int | None] = [None] * len(waits.starts)
    if root == NO_PARENT:
        return slack
    slack[root] = 0
    for number in waits.below(root):
        if waits.trace.children[number]:
            _slack_of_children(waits, number, slack)
    return slack


def _slack_of_children(waits: Waits, number: int, slack: list[int | None]) -> None:
    plan = plan_of(waits, number)
    above = slack[number]
    if not plan.children or above is None:
        return
    ends = [waits.ends[child] for child in plan.children]
    # The latest end that delays nothing: of the parent's last child, or of what a sibling awaits.
    parent_allows = max(ends) + above
    allowed = [parent_allows] * len(plan.children)
    behind = parent_allows
    waiting = len(plan.ended)
    for place in range(len(plan.children) - 1, -1, -1):
        before = plan.ended_before[place]
        # What ended after this one began waits for later siblings only.
        while waiting > before:
            waiting -= 1
            allowed[plan.ended[waiting]] = behind
        own = slack[plan.children[place]] = allowed[place] - ends[place]
        behind = min(behind, waits.starts[plan.children[place]] - plan.lags[place] + own)
