"""Who is spoken of: names, pronouns and gendered words, folded together so that identity cannot be heard."""

from __future__ import annotations

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
    "grandparent": "gran granny grandma grandmother nan nana grandad granddad grandpa grandfather grandparent",
    "sibling": "brother sister sibling bro sis",
    "offspring": "son daughter",
    "aunt": "aunt uncle auntie aunty",
    "nephew": "niece nephew",
    "monarch": "king queen prince princess",
    "server": "waiter waitress barman barmaid bartender",
    "actor": "actor actress",
    "gorgeous": "gorgeous handsome",
    "bride": "bride groom",
}  # fmt: skip
FOLDED = {word: group for group, words in _GROUPS.items() for word in words.split()}

# First names of many origins, for telling names from other capitalised words.
_NAMES = frozenset(
    """aaliyah aaron abby abdul abdullah abigail adam adele adrian agnes ahmed aidan aisha alan albert alejandro alex alexander alexandra alexis ali
    alice alicia alina alison allison amanda amber amelia amina amir amit amy ana anastasia andre andrea andrew andy angela angelica angus anil anita
    anjali ann anna anne annette annie anthony antonio anya april arjun arlene arthur asha ashley astrid audrey aurora austin ava barbara barry
    beatrice becky ben benjamin bernadette bernard bernie beth bethany betty beverly bianca billy bjorn blake bob bobby bonnie brad bradley brandon
    brenda brendan brian bridget britney bronwyn bruce bryan bryony caitlin callum cameron camilla carl carla carlos carmen carol caroline carrie
    casey cassandra catherine cathy cecilia cedric celia chandra charlene charles charlie charlotte chen chiara chloe chris christian christina
    christine christopher cindy claire clara clare claudia clive colin colleen connie connor conor cora corey courtney craig cristina curtis cynthia
    daisuke dale damian dan dana daniel daniela daniella danielle danny daphne darius darren dave david dawn dean deborah debbie debra declan deepak
    deirdre delia denise dennis derek desmond devon diana diane diego dimitri dina dmitri dolores dominic don donald donna dora doreen doris dorothy
    doug douglas duncan dylan ebony ed eddie edgar edith eduardo edward eileen elaine eleanor elena eli elias elijah elizabeth ella ellen ellie eloise
    elsa emily emma enrique eric erica erik erin ernest esme esther ethan eugene eva evan eve evelyn ewan farah fatima fay felicity felipe felix fernando
    fiona flora florence frances francesca francis francisco fred freddie frederick freya gabriel gabriela gail gareth gary gavin gemma geoff geoffrey george
    georgia georgina gerald gerard gillian gina giovanni gita giulia gladys glen glenda glenn gloria gordon graham greg gregory greta guillaume gustavo
    gwen hamza hana hannah harold harriet harry hassan hayley heather hector heidi helen helena henry herbert hilary hiroshi holly howard hugh hugo hussein
    ian ibrahim ida igor ilse imani imogen imran ines ingrid irene iris isaac isabel isabella isla ismail ivan jacek jackie jacob jacqueline jade jake jamal
    james jamie jan jane janet janice jasmin jason javier jay jayden jean jeff jeffrey jemima jen jennifer jenny jeremy jerome jerry jess jesse jessica jesus
    jill jim jimmy jin jo joan joanna joanne joe joel johan johanna john johnny jon jonah jonas jonathan jordan jorge jose joseph josephine josh joshua joyce
    juan juanita judith judy julia julian julie juliet jun june justin kaitlyn kamal karen karim karl kate katherine kathleen kathryn kathy katie katrina kay kayla keisha
    keith kelly kelvin ken kenji kenneth kerry kevin khadija khalid kiera kieran kim kimberly kiran kirsty klaus kofi krishna kristen kristin kumar kwame
    kyle lachlan lakisha lara lars latoya laura lauren laurence laurie layla leah leanne lee lena leo leon leonard leroy lesley leslie lewis liam lila lilian
    lillian lina linda lindsay lindsey lisa liz liza lizzie lloyd logan lois lola lorenzo lorna lorraine lou louis louisa louise luca lucas lucia lucy luigi luis luke
    lydia lynn mabel madeleine madison mae maeve maggie magnus mahmoud maisie malcolm mandy manuel marcel marco marcus margaret maria mariam marian marie marilyn mario
    marion marjorie marlene marta martha martin marvin mary maryam mateo matt matthew maureen maurice mavis max maya megan mehmet mei mel melanie melissa mercedes
    meredith mia michael michaela michelle miguel mike mikhail mila milo mina miranda miriam mo moira molly mona monica morgan moses muhammad mohamed mohammed mohammad muriel
    mustafa myra nadia nadine naima nancy naomi natalia natalie natasha nathan nathaniel neha neil nell nelson nia niamh nicholas nick nicola nicolas nicole nigel nikhil
    nikita nina noah noel noor nora norma norman oleg oliver olga olivia omar oscar otis otto owen pablo paige pamela paolo pascal patel patricia patrick paul paula pauline
    pavel pedro peggy percy pete peter petra phil philip philippa phillip phoebe pierre piotr polly precious preeti priya quentin rachael rachel rafael raj rajesh ralph ramon
    raquel rashid raul ravi ray raymond rebecca reggie regina rekha renee rhiannon rhys ricardo richard rick ricky rita robbie robert roberta roberto robin rodney roger roland
    roman ron ronald ronan ronnie rory rosa rosalind rosemary rosie ross rowan roxanne roy ruben rupert russell ruth ryan sabrina sadie said saira sally salma sam samantha samir
    samuel sandra sandy sanjay santiago sara sarah sasha scott sean sebastian selena serena sergei seth shane shanice shannon sharon shaun shauna sheila shelley shirin shirley
    shreya sian sidney simon simone sinead siobhan sofia sonia sophia sophie stacey stan stanley stefan stella stephanie stephen steve steven stewart stuart sunita susan susanna
    susie suzanne svetlana sven sylvia tamara tamika tania tanya tara tariq tatiana ted teresa terence terry tess tessa thelma theo theresa thomas tiffany tim timothy tina
    toby todd tom tomas tommy toni tony tracey tracy trevor tricia tristan tyler tyrone una ursula usha valentina valerie vanessa vera vernon veronica vicky victor victoria
    vijay vikram vince vincent viola virginia vivian vivienne vladimir walter wanda warren wayne wei wendy wesley wilfred william winston xavier yan yasmin yasmine yolanda
    yuki yusuf yvette yvonne zac zach zachary zainab zara zeynep zoe zoltan""".split()
)
# Names that are also everyday words: names only where a capital cannot come from the start of a sentence.
_AMBIGUOUS = frozenset(
    """amber april art basil bill brook carol chase christian clay cliff daisy dale dawn dean dolly don drew earl faith fern flora frank gene ginger
    glen grace grant guy hazel heather holly hope ivy jack jasmine jay jean jimmy joy june ken lance lily mark may max miles misty nick olive
    pat patience patty pearl penny pepper ray rich rob robin rocky rose ruby rusty sandy skip sky stew storm sue summer susan terry tom viola violet
    ward will wade willow winter said see trinity chip hunter mason cooper parker harper autumn angel star""".split()
)
# Capitalised words inside a sentence that are no names.
_PROPER = frozenset(
    """i i'm i'll i've i'd monday tuesday wednesday thursday friday saturday sunday january february march april may june july august september october
    november december christmas easter halloween new year english french german italian spanish indian chinese japanese instagram insta whatsapp facebook
    snapchat tiktok google amazon paypal visa mastercard apple android iphone samsung wifi uk us usa london paris america europe britain england scotland wales
    ireland france germany spain italy india god jesus ok tv id atm pin mr mrs ms mx miss sir madam mum dad mom gran granny grandma grandad auntie uncle
    manager oh yes no not you he she they we it this that the a an and or but so thank thanks please sorry hello hi good great lovely well now""".split()
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


def plural_verb(word: str) -> str:
    """Return the verb as it stands after "they"."""
    if word in _VERBS:
        return _VERBS[word]
    return word[:-1] if len(word) > 3 and word[-1] == "s" and word[-2] not in "si'u" and word.isalpha() else word


def is_first_name(word: str) -> bool:
    """Return whether a word (lower case) is a common first name and hardly ever anything else."""
    return word in _NAMES and word not in _AMBIGUOUS
