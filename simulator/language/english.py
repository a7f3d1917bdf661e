"""Is it English? A plain vote of common words and letters: enough to say "not understood" rather than to guess."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence

_WORD = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)*")
_COMMON = frozenset(
    """i you he she it we they me him her us them my your his its our their mine yours this that these those a an the and or but if so as of at by for
    with about into to from up down in out on off over under again then here there when where why how all any both each few more most other some such
    no not only own same than too very can will just don't should now is am are was were be been being have has had do does did would could may might
    must shall i'm you're it's we're they're i've you've we've i'll you'll we'll i'd you'd that's there's here's let's what's who what which yes yeah ok okay
    please sorry thanks thank hello hi hey bye goodbye good great lovely nice fine well right sure get got go going come back one two three time day today
    tomorrow want need like love know think see look help order name number refund coffee money card book table hose receipt problem""".split()
)
_FOREIGN = frozenset(
    """el la los las de del que y en un una por para con no se su lo le les des du et est une pour dans qui pas je vous nous il elle ce der die das und ist
    nicht ein eine ich sie wir mit auf für von zu den dem il di che è e non per con sono della gli o os as em uma não com para je een het niet ik van dat
    och att det som jag är inte på en och på ja nie się jest to w z na bir ve bu için değil mi ben sen hola gracias merci bonjour danke bitte ciao grazie
    por favor oui nein sí si obrigado tack cómo está qué où avec votre sehr gut""".split()
) - {"no", "a", "as", "in", "to", "on", "me", "die", "den", "des", "van", "com", "z", "w", "sen", "ben", "o", "son"}  # fmt: skip


def common(words: Sequence[str]) -> int:
    """Return how many of the words (lower case) are everyday English ones."""
    return sum(1 for word in words if word in _COMMON)


def likely(text: str) -> bool:
    """Return whether the text can be read as English; numbers alone can, text without any letter or digit cannot."""
    text = text[:4000]
    words = [word.casefold().replace("’", "'") for word in _WORD.findall(text)]
    if not words:
        return any(char.isdigit() for char in text)
    letters = "".join(words)
    latin = sum(char < "\u0250" or unicodedata.name(char, "").startswith("LATIN") for char in letters)
    if latin < 0.8 * len(letters):
        return False
    common = sum(word in _COMMON for word in words)
    foreign = sum(word in _FOREIGN and word not in _COMMON for word in words)
    accented = sum(char > "\x7f" and char != "'" for char in letters)
    return not (foreign + (accented > 0.03 * len(letters)) > common)
