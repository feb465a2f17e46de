import os, time
from hypothesis import Phase, settings, seed
from handrail.facts.tests.test_properties import *
from handrail.facts.tests import test_properties as tp
for name in [n for n in dir() if n.startswith("test_")]: del globals()[name]
N=int(os.environ.get("N","200")); W=os.environ.get("W","order")
def test_it(owner):
    s = settings(FEW, max_examples=N, derandomize=bool(os.environ.get("DR")), phases=[Phase.generate])
    f = {"order": lambda: given(chains(), st.data())(arrive_in_some_order), "replay": lambda: HISTORY(live_then_replay), "shelf": lambda: SHELF(first_to_expire_goes_first)}[W]()
    t=time.time()
    s(f)()
    print(W, N, time.time()-t)
