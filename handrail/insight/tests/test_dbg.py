import time as T, cProfile, pstats
from handrail.insight.compile import Reader
import ibis
from handrail.insight.examples import *
from handrail.insight.spec import *
from handrail.insight.periods import Quarter
from handrail.insight import compute
def test_dbg(warehouse):
    play(INDICATORS["contacts"].example, actor=warehouse.system, site=warehouse.van)
    warehouse.build()
    with Reader(str(warehouse.harbour.id)) as r:
        w=Quarter.parse("2026Q3").window("quarter")
        orig=r._fetch
        def f(e):
            print(ibis.to_sql(e, dialect="duckdb"))
            return orig(e)
        r._fetch=f
        print(r.measure(INDICATORS["contacts"].numerator, w))
    pr=cProfile.Profile(); pr.enable()
    t=T.time(); compute.compute(warehouse.harbour.key,["2026Q3"]); print(T.time()-t)
    pr.disable(); pstats.Stats(pr).sort_stats("cumtime").print_stats(45)
