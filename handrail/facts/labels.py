"""Two-word labels that mean nothing outside the programme: something to say at a counter instead of a name.

A label follows from a random id, so it needs no table. 4,096 labels: enough to tell apart who is expected this week,
too few to identify anybody (`domain/people.md` 3.2).
"""

from __future__ import annotations

import uuid

FIRST = ["amber", "ashen", "autumn", "basalt", "birch", "blue", "brave", "bright", "bronze", "calm", "cedar", "clear", "copper", "coral", "crimson", "dappled", "dawn", "deep", "early", "elm", "ember", "evening", "fern", "flint", "gentle", "golden", "granite", "green", "harbour", "hazel", "high", "honey", "indigo", "ivory", "jade", "juniper", "kind", "lilac", "linen", "maple", "meadow", "mellow", "midnight", "mossy", "north", "olive", "open", "orchard", "pebble", "pine", "plain", "quiet", "rain", "river", "rowan", "russet", "sage", "sandy", "silver", "slate", "spring", "still", "summer", "tidal", "willow"][:64]
SECOND = ["acorn", "antler", "badger", "beaver", "bell", "bridge", "brook", "candle", "canoe", "cloud", "compass", "crane", "cricket", "crow", "dolphin", "door", "drum", "falcon", "feather", "finch", "fox", "gate", "goose", "hare", "heron", "hill", "hinge", "kettle", "kite", "lamp", "lantern", "lark", "leaf", "lynx", "magpie", "marten", "moth", "mountain", "nest", "oar", "otter", "owl", "path", "plover", "pond", "quill", "raven", "reed", "robin", "rope", "sail", "seal", "shell", "sparrow", "star", "stone", "swan", "swift", "thread", "thrush", "tile", "tower", "violin", "wren"][:64]


def label(identity: uuid.UUID) -> str:
    """The two words of an id."""
    return f"{FIRST[identity.int & 63]} {SECOND[(identity.int >> 6) & 63]}"
