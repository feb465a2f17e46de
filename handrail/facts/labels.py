"""Two-word labels that mean nothing outside the programme: something to say at a counter instead of a name.

A label follows from a random id, so it needs no table. 4,096 labels: enough to tell apart who is expected this week,
too few to identify anybody (`domain/people.md` 3.2).
"""

from __future__ import annotations

import uuid

from django.conf import settings

FIRST = ["amber", "ashen", "autumn", "basalt", "birch", "blue", "brave", "bright", "bronze", "calm", "cedar", "clear", "copper", "coral", "crimson", "dappled", "dawn", "deep", "early", "elm", "ember", "evening", "fern", "flint", "gentle", "golden", "granite", "green", "harbour", "hazel", "high", "honey", "indigo", "ivory", "jade", "juniper", "kind", "lilac", "linen", "maple", "meadow", "mellow", "midnight", "mossy", "north", "olive", "open", "orchard", "pebble", "pine", "plain", "quiet", "rain", "river", "rowan", "russet", "sage", "sandy", "silver", "slate", "spring", "still", "summer", "tidal", "willow"][:64]
SECOND = ["acorn", "antler", "badger", "beaver", "bell", "bridge", "brook", "candle", "canoe", "cloud", "compass", "crane", "cricket", "crow", "dolphin", "door", "drum", "falcon", "feather", "finch", "fox", "gate", "goose", "hare", "heron", "hill", "hinge", "kettle", "kite", "lamp", "lantern", "lark", "leaf", "lynx", "magpie", "marten", "moth", "mountain", "nest", "oar", "otter", "owl", "path", "plover", "pond", "quill", "raven", "reed", "robin", "rope", "sail", "seal", "shell", "sparrow", "star", "stone", "swan", "swift", "thread", "thrush", "tile", "tower", "violin", "wren"][:64]


SPANISH_NAMES = ["abeja", "águila", "alondra", "ancla", "arce", "ardilla", "arpa", "ballena", "barca", "bosque", "brújula", "búho", "caballo", "campana", "candil", "canoa", "castor", "cedro", "ciervo", "cigüeña", "cisne", "colina", "cometa", "concha", "delfín", "erizo", "estrella", "faro", "flauta", "gaviota", "girasol", "golondrina", "grillo", "halcón", "hoja", "isla", "jardín", "lago", "lechuza", "liebre", "linterna", "lirio", "llave", "lobo", "luna", "manzano", "mariposa", "molino", "montaña", "nido", "nube", "nutria", "olivo", "pájaro", "pato", "pez", "puente", "río", "roble", "ruiseñor", "sauce", "sendero", "tambor", "tortuga"]
SPANISH_QUALITIES = ["ágil", "alegre", "amable", "audaz", "azul", "brillante", "celeste", "cordial", "cortés", "dulce", "elegante", "esmeralda", "estelar", "estival", "ferviente", "fiel", "firme", "flexible", "fuerte", "gentil", "grande", "gris", "hábil", "humilde", "ideal", "índigo", "invernal", "joven", "jovial", "leal", "libre", "lila", "marrón", "matinal", "móvil", "musical", "naranja", "natural", "noble", "otoñal", "paciente", "perenne", "persistente", "plural", "prudente", "púrpura", "radiante", "real", "rosa", "rural", "salvaje", "servicial", "silvestre", "suave", "sutil", "tenaz", "tropical", "turquesa", "valiente", "verde", "vivaz", "volante", "diligente", "feliz"]
"""Qualities that are the same for feminine and masculine names."""


def label(identity: uuid.UUID) -> str:
    """The two words of an id, in the language of the installation.

    Not in that of the reader: who refers and who receives must say the same words.
    """
    one, two = identity.int & 63, (identity.int >> 6) & 63
    if settings.LANGUAGE_CODE.startswith("es"):
        return f"{SPANISH_NAMES[two]} {SPANISH_QUALITIES[one]}"
    return f"{FIRST[one]} {SECOND[two]}"
