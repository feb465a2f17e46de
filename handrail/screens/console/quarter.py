from __future__ import annotations
from django.http import HttpResponse
from handrail.kernel.access import ActorRequest, may
import uuid
@may("numbers.read")
def now(request: ActorRequest) -> HttpResponse: return HttpResponse("x")
@may("numbers.read")
def page(request: ActorRequest, quarter: str) -> HttpResponse: return HttpResponse("x")
@may("numbers.read")
def download(request: ActorRequest, quarter: str) -> HttpResponse: return HttpResponse("x")
@may("numbers.read")
def number(request: ActorRequest, quarter: str, indicator: str, site: uuid.UUID|None=None) -> HttpResponse: return HttpResponse("x")
