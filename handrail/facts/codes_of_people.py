"""Code lists about people (`domain/people.md` 2 and 3.3). Codes are stable, labels translated; languages call themselves."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from handrail.facts.spec import Codes


class YesNo(Codes):
    """An answer. Not asked is no answer at all."""

    YES = "yes", _("Yes")
    NO = "no", _("No")
    NOT_SAID = "not_said", _("Prefers not to say")


class AgeBand(Codes):
    """Age in bands that fit inside the bands of the usual reports (15–19, 20–24, 25 and over; under 20, 20–29, …)."""

    UNDER_15 = "under_15", _("Under 15")
    FROM_15 = "15_19", _("15–19")
    FROM_20 = "20_24", _("20–24")
    FROM_25 = "25_29", _("25–29")
    FROM_30 = "30_39", _("30–39")
    FROM_40 = "40_49", _("40–49")
    FROM_50 = "50_59", _("50–59")
    FROM_60 = "60_plus", _("60 or over")


class Pronouns(Codes):
    """How to speak of the person."""

    SHE = "she", _("she")
    HE = "he", _("he")
    THEY = "they", _("they")
    ANY = "any", _("any")
    ASK = "ask", _("ask them")


class Language(Codes):
    """Languages people ask for, each by its own name; codes of ISO 639-1, for signing ISO 639-3."""

    AR = "ar", "العربية"
    DE = "de", "Deutsch"
    EL = "el", "Ελληνικά"
    EN = "en", "English"
    ES = "es", "Español"
    FA = "fa", "فارسی"
    FR = "fr", "Français"
    HE = "he", "עברית"
    HY = "hy", "Հայերեն"
    IT = "it", "Italiano"
    KA = "ka", "ქართული"
    KK = "kk", "Қазақша"
    KY = "ky", "Кыргызча"
    MK = "mk", "Македонски"
    PL = "pl", "Polski"
    PT = "pt", "Português"
    RO = "ro", "Română"
    ROM = "rom", "Romani"
    RU = "ru", "Русский"
    SIGN = "sgn", _("Sign language")
    SQ = "sq", "Shqip"
    SR = "sr", "Српски"
    SW = "sw", "Kiswahili"
    TR = "tr", "Türkçe"
    UK = "uk", "Українська"
    UR = "ur", "اردو"


class Need(Codes):
    """What makes a visit easier. A list, so that nothing about a person is written in free words."""

    INTERPRETER = "interpreter", _("Interpreter")
    READING_SUPPORT = "reading_support", _("Help with reading")
    STEP_FREE = "step_free", _("No steps")
    FEMALE_WORKER = "female_worker", _("Prefers a female worker")
    HEARING = "hearing", _("Hears badly")
    SIGHT = "sight", _("Sees badly")
    ALLERGY_LATEX = "allergy_latex", _("Allergic to latex")
    ALLERGY_PLASTER = "allergy_plaster", _("Allergic to plasters")


class Flag(Codes):
    """Population flags besides injecting, which is asked as its own record. HIV is not among them: it is sealed."""

    SMOKES_CRACK = "smokes_crack", _("Smokes crack")
    SEX_WORK = "sex_work", _("Sex work")
    HOMELESS = "homeless", _("No home")
    PREGNANT = "pregnant", _("Pregnant")
    FORMERLY_IMPRISONED = "formerly_imprisoned", _("Was in prison")


class Said(Codes):
    """Where an answer comes from."""

    PERSON = "person", _("The person said so")
    REFERRAL = "referral", _("Whoever referred them said so")
    IMPORTED = "imported", _("From earlier records")


class Question(Codes):
    """Answers a person can take back."""

    BIRTH_YEAR = "birth_year", _("Year of birth")
    AGE_BAND = "age_band", _("Age, roughly")
    GENDER = "gender", _("Gender, as they say")
    TRANS = "trans", _("Trans, as they say")
    PRONOUNS = "pronouns", _("Pronouns")
    LANGUAGES = "languages", _("Languages")
    NEEDS = "needs", _("What makes it easier")
    SMOKES_CRACK = "smokes_crack", _("Smokes crack")
    SEX_WORK = "sex_work", _("Sex work")
    HOMELESS = "homeless", _("No home")
    PREGNANT = "pregnant", _("Pregnant")
    FORMERLY_IMPRISONED = "formerly_imprisoned", _("Was in prison")
    INJECTS = "injects", _("Last injected")


class Corroboration(Codes):
    """What speaks for two records being of one person (`domain/people.md` 3.3)."""

    AGE = "age_band", _("Age")
    HANDLE = "handle", _("Handle")
    LANGUAGE = "language", _("Language")
    SITE = "usual_site", _("Usual place")
    CARD = "issued_card", _("Has a card")


class Agreed(Codes):
    """Whether the person said yes to joining their records."""

    YES = "yes", _("The person said yes")
    NO = "no", _("The person said no")
    NOT_ASKED = "not_asked", _("The person could not be asked")
