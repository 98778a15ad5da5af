"""What the survey claims, measured. A claim holds, does not hold, or is not shown, by a rule fixed beforehand (`rule.py`).

>>> from medsegedu import claims
>>> mine = claims.get("03.skips").measure(seed=0)     # one seed, in a lesson
>>> claims.get("03.skips").figure(mine)               # beside the committed result
>>> claims.run(["03.skips"], seeds=5)                 # all seeds, in parallel
"""

from medsegedu.claims.registry import Claim, all_claims, claim, get
from medsegedu.claims.results import result, table
from medsegedu.claims.rule import Rule
from medsegedu.claims.runner import run

__all__ = ["Claim", "Rule", "all_claims", "claim", "get", "result", "run", "table"]
