import random
from datetime import datetime, timedelta, UTC
from handrail.facts.record import *
from handrail.kernel import ids
import handrail.insight.examples as ex
from handrail.insight.disclose import share
from handrail.ledgers.stock.commands import add_item
def test_sim(warehouse):
    add_item(actor=warehouse.system, code=ex.SYRINGE, name="Syringe", item_class="syringe_with_needle")
    sites=[warehouse.sites[s].id for s in ("Van 1","Drop-in","Clinic")]
    r=random.Random(1); ds=[]
    people=[(ids.random(), r.choices(sites,(5,3,1))[0]) for _ in range(400)]
    for p,s in people: ds.append(Draft(kind="facts.asked",payload={"injects":r.choices(("last_month","last_12_months","never","not_said"),(70,15,10,5))[0]},site=s,participant=p,occurred_at=datetime(2026,1,1,tzinfo=UTC)))
    for n in range(2500):
        at=datetime(2025,10,1,tzinfo=UTC)+timedelta(minutes=r.randrange(365*1440)); v=ids.new(); (p,s)=r.choice(people)
        if r.random()<.4: p=None
        if r.random()<.1: s=r.choice(sites)
        c=dict(site=s,participant=p,occurred_at=at)
        ds.append(Draft(kind="facts.encounter",payload={"people_count":1},id=v,**c))
        if r.random()<.9: ds.append(Draft(kind="exchange.given",payload={"lines":[{"item":ex.SYRINGE,"quantity":30}]},encounter=v,**c))
        if r.random()<.03: ds.append(Draft(kind="exchange.test",payload={"disease":"HCV_Ab","state":"resulted","result":"negative"},encounter=v,**c))
        if r.random()<.1: ds.append(Draft(kind="exchange.returned",payload={"quantity":12},encounter=v,**c))
    for i in range(0,len(ds),2000): record_many(ds[i:i+2000],actor=warehouse.system,mode=Mode.CONFIRMED)
    for s in share(p:=warehouse.numbers("2026Q3")):
        row=p.get(s.key,s.site); print(f"{s.key:24}{s.site_name:10}{row.plain:>16}{row.people_behind!s:>6}{row.denominator_people!s:>6} {'HIDDEN' if s.is_hidden else ''}")
