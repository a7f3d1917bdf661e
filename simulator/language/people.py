"""Who is spoken of: names, pronouns and gendered words, folded together so that identity cannot be heard."""

from __future__ import annotations

from simulator.language import wordlists

NAME = "name"
THEY = "they"

_GROUPS = {
    "they": "he she they he/she xe ze",
    "them": "him her his hers their theirs them himself herself themself themselves",
    "they-are": "he's she's they're",
    "they-will": "he'll she'll they'll",
    "they-would": "he'd she'd they'd",
    "they-have": "they've",
    "person": "man woman person guy bloke chap gal fella fellow male female lad lass",
    "people": "men women people guys blokes chaps gals ladies gentlemen males females lads lasses",
    "friend": "lady gentleman gent friend",
    "sir": "sir madam ma'am mister missus miss mr mrs ms mx",
    "child": "boy girl child kid",
    "children": "boys girls children kids",
    "spouse": "husband wife spouse hubby wifey",
    "partner": "boyfriend girlfriend partner bf gf",
    "fiance": "fiancé fiancée fiance fiancee",
    "parent": "mum dad mom mother father parent mummy daddy mam ma pa",
    "grandparents": "grandparents grandmas grandpas",
    "grandparent": "gran granny grandma grandmother nan nana grandad granddad grandpa grandfather grandparent",
    "sibling": "brother sister sibling bro sis",
    "offspring": "son daughter",
    "offsprings": "sons daughters",
    "grandchild": "grandson granddaughter grandchild",
    "grandchildren": "grandsons granddaughters grandchildren grandkids",
    "spouses": "husbands wives spouses",
    "partners": "boyfriends girlfriends partners",
    "siblings": "brothers sisters siblings",
    "parents": "mums dads moms mothers fathers parents",
    "widow": "widow widower",
    "aunt": "aunt uncle auntie aunty",
    "nephew": "niece nephew",
    "stepparent": "stepmother stepfather stepmum stepdad",
    "policeman": "policeman policewoman",
    "salesman": "salesman saleswoman",
    "businessman": "businessman businesswoman",
    "host": "host hostess",
    "hero": "hero heroine",
    "monarch": "king queen prince princess",
    "server": "waiter waitress barman barmaid bartender",
    "actor": "actor actress",
    "gorgeous": "gorgeous handsome",
    "bride": "bride groom",
}  # fmt: skip
FOLDED = {word: group for group, words in _GROUPS.items() for word in words.split()}

# First names of many origins; those that are everyday words too, which are names only where a capital cannot come from the
# start of a sentence; and capitalised words inside a sentence that are no names.
_NAMES, _AMBIGUOUS, _PROPER = (
    wordlists.read("names"),
    wordlists.read("names that are words too"),
    wordlists.read("capitalised, not names"),
)


def is_name(token: str, *, first: bool) -> bool:
    """Return whether a capitalised token is somebody's name; ``first`` when it opens its sentence."""
    word = token.casefold()
    for ending in ("'s", "’s", "'", "’"):
        word = word.removesuffix(ending)
    if word in _AMBIGUOUS:
        return not first and word not in _PROPER and len(token) > 1 and token[1:].islower()
    if word in _NAMES:
        return True
    return not first and word not in _PROPER and word not in FOLDED and len(word) > 2 and token[1:].islower() and "'" not in token


_VERBS = {"is": "are", "was": "were", "has": "have", "does": "do", "isn't": "aren't", "wasn't": "weren't", "hasn't": "haven't",
          "doesn't": "don't"}  # fmt: skip


def before_they(word: str) -> str:
    """Return the verb as it stands right before "they", as in a question."""
    return _VERBS.get(word, word)


def plural_verb(word: str) -> str:
    """Return the verb as it stands after "they"."""
    if word in _VERBS:
        return _VERBS[word]
    return word[:-1] if len(word) > 3 and word[-1] == "s" and word[-2] not in "si'u" and word.isalpha() else word


def is_first_name(word: str) -> bool:
    """Return whether a word (lower case) is a common first name and hardly ever anything else."""
    return word in _NAMES and word not in _AMBIGUOUS


def is_word_too(word: str) -> bool:
    """Return whether a first name (lower case) is an everyday word as well."""
    return word in _AMBIGUOUS
