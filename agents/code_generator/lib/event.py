# ---- event: which of two levels is the one that happened ----
YES_WORDS = tuple(
    """
    1 yes y true t positive pos + dead died death deceased survived success event case cases malignant present
    diseased infected sick default defaulted churned admitted accepted approved passed pass won win cured recovered
    hired 1.0 ja oui si sí sim tak da да kyllä igen ano evet hai ναι так はい 是 有 あり 예 네 ใช่ نعم כן हाँ vrai verdadero
    verdadeiro vero wahr waar sant prawda правда istina doğru ✓ ✔ ☑ ✅ ○ ◯
    """.split()
)


def event_level(levels, wanted=None):
    """The level of a binary outcome that directions and rates speak of: the wanted one, the one that says that something
    is so, or the last. "1" is the event beside "0", not beside "2"."""
    if wanted in levels:
        return wanted
    for word in YES_WORDS:
        for level in sorted(levels):
            if level.lower() == word and not (word in ("1", "1.0") and "2" in levels):
                return level
    return max(levels)
