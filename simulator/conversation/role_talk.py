"""Telling a customer's talk from the talk of staff, of an assistant, and of somebody telling a story.

Two cues are weighed. Lexical: phrases that only the other side of the counter says. Semantic: whether a sentence lies nearer
to things staff say or to things customers say, by word vectors; it only decides where a phrase hints at it, as vectors alone
cannot tell "do you have it in blue?" from "do you have it in your account?".
"""

from __future__ import annotations

import re
from functools import lru_cache

from simulator.conversation.likeness import Encoder
from simulator.domain.text import fold

# What only a program says, whatever the role.
_ASSISTANT = re.compile(
    "|".join(
        (
            r"\bas an? (?:ai|artificial|language|large|virtual|digital|helpful)\b",
            r"\blanguage model\b",
            r"\b(?:i'm|i am) (?:an? )?(?:ai|assistant|chatbot|bot)\b",
            r"\b(?:ai|virtual|digital) assistant\b",
            r"\bopenai\b",
            r"\bchatgpt\b",
            r"\bi (?:cannot|can't|am unable to|'m unable to) (?:assist|fulfil|comply|provide (?:that|this)|engage)",
            r"\bhow (?:can|may|could|might) (?:i|we) (?:help|assist|be of|support)\b",
            r"\bwhat can i (?:do|help|assist|get)(?: \w+)? (?:for )?you\b",
            r"\b(?:anything|something) else (?:i|we) can\b",
            r"\banything else (?:you(?:'d| would)? (?:like|need)|to add|i should know)",
            r"\b(?:feel free|don't hesitate|do not hesitate) to\b",
            r"\b(?:happy|glad|pleased|delighted|here|ready) to (?:help|assist|answer)\b(?! me)",
            r"\bassist(?:ing)? you\b",
            (
                r"\blet me know if (?:you|there(?:'s| is)|i can|that|this)\b.{0,40}\b(?:need|have|want|like|anything"
                r"|any|help|else|works)\b"
            ),
            (
                r"\bhere(?:'s| is) (?:a|an|the|my|your|one) (?:\w+ ){0,3}(?:response|reply|version|line|dialogue"
                r"|example|rewrite|continuation|script|conversation)\b"
            ),
            r"\b(?:in|for|during) this (?:role-?play|scenario|conversation|exercise|simulation)\b",
            r"\brole-?play(?:ing)?\b",
            r"\bas (?:the|a) customer\b",
            r"\bmy (?:prompt|instructions|guidelines|programming)\b",
            r"\bhope (?:this|that) (?:helps|clarifies|answers)\b",
            r"\bto (?:answer|address) your (?:question|query|request|concern)\b",
            r"^(?:certainly|absolutely|of course|sure(?: thing)?)[!,.] (?:i|we|let|here|how|what|please)\b",
            r"\bthis (?:response|reply|answer) (?:is|would|should)\b",
            (
                r"\bprovide (?:you )?(?:with )?(?:more|further|additional) (?:information|details|context"
                r"|assistance)\b"
            ),
        )
    )
)

_THING = (
    r"(?:order|refund|request|purchase|return|replacement|exchange|item|parcel|package|delivery|account"
    r"|booking|reservation|appointment|complaint|claim|ticket|case|payment|receipt|warranty|query|enquiry"
    r"|inquiry|issue|concern|details)"
)
_PAPER = (
    r"(?:receipt|proof of purchase|proof|order (?:number|id|details|confirmation)|order|invoice"
    r"|booking (?:number|reference)|reference(?: number)?|confirmation(?: number)?|tracking number"
    r"|warranty card|id|identification|account number|loyalty card|membership(?: number| card)?)"
)
_DO = (
    r"(?:process|issue|refund|exchange|replace|arrange|escalate|resolve|investigate|reimburse"
    r"|organi[sz]e a|schedule a|send (?:you|out)|waive|credit)"
)

# What only the one serving says.
_STAFF = re.compile(
    "|".join(
        (
            (
                rf"\byour {_THING} (?:has|have|is being|is now|will be|was|should (?:be|arrive)|can be|is ready"
                r"|number)\b"
            ),
            (
                r"\b(?:(?:can|could|may|might) (?:i|we) (?:please )?(?:have|see|get|take|check|confirm|look at)"
                r"|(?:can|could|would|will) you (?:please |just |kindly )?(?:provide|give|show|tell|confirm|share"
                rf"|send|describe)(?: (?:me|us))?(?: with)?) (?:your|the|a|any) {_PAPER}\b"
            ),
            rf"\bdo you (?:still |happen to )?have (?:a|the|your|any|an) {_PAPER}\b",
            rf"\bhave you got (?:a|the|your|any|an) {_PAPER}\b",
            rf"\b(?:i'll|i will|we'll|we) (?:just )?need (?:to see )?your {_PAPER}",
            r"\b(?:could|can|would|will) you (?:please )?(?:provide|describe|share|elaborate|specify)\b",
            (
                r"\bplease (?:provide|bear with|take a seat|have a seat|follow me|fill (?:in|out)|hold the line"
                r"|sign here|enter your|insert your|allow)\b"
            ),
            (
                r"\b(?:i|we)(?:'ll| will| can|'d| would| could|'ve| have|'m going to| am going to)? (?:be able to "
                rf"|happily |gladly |just |now |certainly |definitely |also )*{_DO} (?:it|this|that|you|your|the|a"
                r"|an)\b(?! (?:back )?(?:to you|with you|myself))"
            ),
            (
                r"\b(?:i'm|we're|i am|we are) (?:going to )?(?:process|issu|replac|arrang|escalat|refund)ing (?:your"
                r"|the|a|this|that|it|you)\b"
            ),
            (
                r"\b(?:let me|i'll|i will|i can|i could|we'll|we can|we could|i'd be able to|i'm going to) (?:just "
                r"|quickly |also )?(?:check|get|find|see|look|grab|fetch|sort|fix|help|ring|bag|wrap|pull|bring"
                r"|take care of|handle|do|make|put|have|set|arrange|order|call|print|scan|show)\b(?!.{0,45}\b(?:my"
                r"|of the) ).{0,45} for you\b"
            ),
            (
                r"\b(?:let me|i'll|i will|i can|i'm going to) (?:just |quickly |now )?(?:check|look|see|pull|search"
                r"|verify)\b.{0,30}\b(?:our|the|your) (?:system|records?|stock|inventory|database|stockroom"
                r"|computer|back room|till|account|order|details|availability|policy)\b"
            ),
            r"\blet me (?:just )?(?:assist|help) (?:you|with)\b",
            r"\b(?:i|we) (?:can|could|will|would) (?:also )?(?:help|assist) you\b",
            (
                r"\b(?:i|we) (?:can|could|would|will|'d) (?:also |certainly )?(?:offer|recommend|suggest|provide"
                r"|give) you\b(?! my\b)"
            ),
            r"\bwe(?:'d| would)? (?:like to|can|could|will|'ll)? ?(?:offer|provide|recommend|suggest)\b",
            (
                r"\b(?:i|we)(?: do| sincerely| truly| deeply| really)? ?apologi[sz]e (?:for|that"
                r"|sincerely)\b.{0,20}\b(?:inconvenience|confusion|any|delay|trouble|wait|this|issue|frustration"
                r"|experience|misunderstanding|the)\b"
            ),
            (
                r"\b(?:sorry|apologies) for (?:any|the|this) (?:inconvenience|confusion|delay|trouble|issue|wait"
                r"|experience|misunderstanding|hassle)\b"
            ),
            (
                r"\bthank(?:s| you) (?:so much |very much )?for (?:contacting|reaching out|choosing|your (?:patience"
                r"|understanding|cooperation|purchase|business|loyalty|feedback|custom|interest|call|order|visit)"
                r"|bringing (?:this|that|it) to|shopping|visiting|calling|letting (?:us|me) know|coming in"
                r"|stopping by|waiting|being a)\b"
            ),
            (
                r"\bi (?:completely |totally |fully |do |can )?(?:understand|appreciate|hear|see) (?:your"
                r"|how you feel|how (?:frustrat|upset|disappoint|annoy)|that (?:this|you)|why you(?:'re| are"
                r"| feel)?)\b.{0,20}\b(?:frustrat|concern|disappoint|upset|feel|annoy|worr|situation|patience"
                r"|position)"
            ),
            (
                r"\bour (?:policy|polic(?:y|ies)|store|shop|team|customers?|records?|system|products?|manager"
                r"|returns?|website|staff|stock|service|selection|range|apologies|menu|opening|hours|technicians?"
                r"|supplier|support|goal|prices|guarantee|warranty|exchange|loyalty|expert|special|latest|collection"
                r"|best|head office)\b"
            ),
            (
                r"\bwe (?:do |also |currently |usually |normally |always |only |don't |do not |can't |cannot "
                r"|are able to |are happy to |'re happy to )*(?:offer|stock|sell|carry|accept|value|strive|require"
                r"|guarantee|appreciate your|take (?:this|these|your|all)|have (?:a|an|several|some|many|two|three"
                r"|plenty|lots|other|different|more|it|them|that) .{0,40}(?:in stock|available|policy|options?"
                r"|range|models?|selection|sale|replacement|return))\b"
            ),
            (
                r"\bwe(?:'ll| will) (?:get|have|send|make sure|do our best|be (?:happy|in touch|able)|take care"
                r"|look into|sort|fix|ensure|contact|call you|let you know|need your)\b"
            ),
            (
                r"\b(?:i|we)(?:'ll| will)? ?(?:make sure|ensure) (?:that )?(?:you(?:'re| are| get| receive| have)?"
                r"|your)\b"
            ),
            r"\b(?:i'll|i will|let me) (?:just )?(?:check|see|ask|find out) (?:if|whether) we\b",
            (
                r"\bi(?:'ll| will) (?:get|be) (?:right |straight )?(?:back (?:to|with) (?:you|a new|your|another)"
                r"|on it)\b"
            ),
            (
                r"\bi(?:'ll| will) (?:sort|fix|handle|take care of|look into|see to) (?:it|this"
                r"|that)(?: out)? (?:right away|for you|immediately|straight away|at once|now)\b"
            ),
            r"\bwhat seems to be (?:the|your)\b",
            (
                r"\bwhat(?:'s| is) (?:the (?:problem|issue|reason) (?:with (?:your|the)|for (?:your|the|returning))"
                r"|wrong with your)"
            ),
            r"\bwhat (?:brings you|can i get)\b",
            r"^(?:hi|hello|good \w+)?[,! ]*welcome (?:to|in\b|back to)|\bwelcome to (?:our|the)\b",
            r"\bvalued customer\b",
            r"\blet's get (?:you |this |it )?(?:started|sorted)\b",
            r"\byou(?:'re| are) (?:not )?(?:a|the|our|my) customer\b",
            r"\bwe (?:only |all |both |do )?work here\b",
            r"\b(?:i'll|i will|i can|let me) take care of (?:it|this|that)\b",
            r"\b(?:fix|repair|mend|refund|replace) your\b",
            r"\btake (?:it|this|that) apart\b|\brepair work\b",
            r"\bhow (?:do|will|would|are|shall) you (?:be |intend to |want to |like to |wish to |going to |prefer to "
            r")?pay(?:ing)?\b",
            r"\b(?:i|we)(?:'ll| will| can| could) (?:have|get) (?:it|this|that|them|one) (?:delivered|shipped|sent "
            r"(?:out )?to you|replaced for you)\b",
            (
                r"\b(?:i'd|i would|let me|i'll|i will|i can|i could) (?:like to |love to )?(?:make|get|bring|give|offer"
                r"|fetch) you "
                r"(?:a|an|some|your|another|the) (?:glass of water|new|replacement|refund|receipt|hand with|discount"
                r"|form|quote)\b"
            ),
            r"\b(?:i'd|i would) (?:like|love) to (?:help|assist|offer|take a look at (?:your|the|it|that))\b",
            (
                r"\bif you(?:'d| would) like (?:me|us) to "
                r"(?:give|get|check|find|look|send|help|show|order|make|refund|replace|exchange|process|arrange)\b"
            ),
            r"\b(?:what|which) (?:one|size|colou?r|kind|type|model|sort) (?:of \w+ )?(?:would you like|are you "
            r"(?:looking for|after))\b",
            r"\brest assured\b",
            r"\bfor your (?:patience|understanding|convenience|cooperation|records)\b",
            r"\bare you looking for (?:anything|something)\b",
            r"\bcan i interest you\b",
            r"\bhow would you like to (?:pay|proceed)\b",
            r"\bcash or card\b",
            (
                r"\b(?:would|do) you (?:like|want|prefer|need) (?:me to (?:refund|replace|exchange|check|order|wrap"
                r"|swap|process|find|look|help|show you|arrange|send|put)|us to|a (?:refund|replacement|receipt|bag"
                r"|copy|different|new|full|gift|hand with|sample)|an (?:exchange|alternative)|your (?:receipt|money"
                r"|refund)|to (?:exchange|return|purchase|buy|place an order|see our|try (?:it|another|a different)"
                r"|proceed|pay by|speak (?:to|with) (?:a|the|our) (?:manager|supervisor)|book|schedule|receive)"
                r"|some (?:help|assistance)|any (?:help|assistance))\b"
            ),
            (
                r"\b(?:when|where|how long ago|what day|which (?:store|shop|branch)) did you (?:buy|purchase|order"
                r"|get|receive) (?:it|this|that|them|the)\b"
            ),
            (
                r"\bdid you (?:buy|purchase|order) (?:it|this|that|them|the \w+) (?:here|from us|from (?:this|our)"
                r"|online|recently|with)\b"
            ),
            (
                r"\bhave you (?:tried (?:turning|resetting|restarting|checking|cleaning|tightening|using)|checked"
                r"|considered)\b"
            ),
            (
                r"\b(?:can|could|would) you (?:please )?(?:tell|give) me (?:more|a bit more|a little more"
                r"|some more)(?: details?| information)? about (?:the|your|what|it) ?(?:problem|issue|item|order"
                r"|purchase|happened|concern|situation|hose|product)?\b"
            ),
            r"\bhow (?:can|could|may) we\b",
            r"\byou(?:'ll| will) (?:receive|get|be (?:refunded|contacted|notified)) (?:a|an|your|the|it within)\b",
            r"\b(?:within|in) (?:\d+|\w+)(?: to \d+|-\d+)? (?:business|working) days\b",
            (
                r"\benjoy (?:your|the rest of your) (?:day|visit|stay|meal|purchase|evening|weekend|coffee|drink"
                r"|food)\b"
            ),
            (
                r"\bi'm sorry (?:to hear|that you(?:'re| are|'ve| have)|you(?:'re| are|'ve| have) (?:had|having"
                r"|experienc))"
            ),
            (
                r"\bplease (?:let me know|feel free|note that|contact us|be aware|come back)\b.{0,40}\b(?:you|us"
                r"|any|our|assist|help|need)\b"
            ),
            r"\b(?:that(?:'ll| will) be|your total is|the total (?:is|comes to)) (?:just )?[£$€]?\d",
            r"\bthe (?:customer|client|guest)\b.{0,25}\b(?:is|has|wants|needs|says|will|should)\b",
            r"(?<!call me )\b(?:sir|madam|ma'am)\b[,.!?]",
            r"\bhow (?:may|can) i direct\b",
            r"\bnext (?:customer|in line),? please\b|^next (?:customer|in line)\b|\bnext please\b",
            r"^next,? please",
        )
    )
)

# Phrases that either side may say; the vectors decide.
_HINT = re.compile(
    "|".join(
        (
            (
                r"\b(?:i can|i could|i'll|i will|let me|we can|we could|we'll|do you (?:have|want|need"
                r"|remember|know)|have you|did you|can i (?:help|get|offer|ask|see|check)|could you|can you|your"
                r"|for you|sorry to hear|i understand|we have|we've)\b"
            ),
        )
    )
)

_STAFF_SAY = """
How can I help you today?|What can I do for you?|Let me check that for you.|I'll see what I can do for you.
Can I see your receipt?|I can offer you a full refund.|I can exchange it for a new one.
Would you like a refund or a replacement?|We have other models in stock.|I'm sorry to hear that, let me help.
I understand how frustrating that must be.|Could you tell me what the problem is?|What size are you looking for?
Which one would you like?|I'll get my manager to look at it.|We can have it delivered to your home.
It comes with a two-year guarantee.|Have you tried cleaning the filter?|When did you first notice the problem with it?
Did you keep the box it came in?|I'll put the order through for you.|Your table will be ready shortly.
We close at six, but you can come back tomorrow.|You can return it within thirty days.|Let me show you our latest range.
I will help you find the right one.|Do you have an account with us?|Is there a number we can reach you on?
I can look up your purchase by your card.|We'll refund the money to your card.|I can fix that for you.
I'll get you a new one from the back.|Do you remember when you bought it?|Can you show me where it is damaged?
Let's get this sorted out for you.|I can help you with that.|Let's see what we can do to fix this for you.
You can choose another one from the shelf.|Have you used it before?|Do you need help with anything?
I need some details from you first.|We can send someone to repair it for you.|What would you like to order?
"""
_CUSTOMERS_SAY = """
I bought it here two weeks ago.|I haven't got the receipt.|It leaks all over my shed.
Can you check if you have one in the back?|Could I get my money back?|Do you have it in blue?|Have you got any more of these?
I'd like to return this, please.|How long will it take?|Can I pay by card?|Is it still under guarantee?
I've been waiting for twenty minutes.|You told me it would be ready today.|Could you look it up for me?
Can I speak to your manager?|Do you work here every day?|What time do you finish?|Your colleague said I could bring it back.
Your shop is always so busy.|You've got a lovely smile.|Did you do anything nice at the weekend?
I'll take two of them, please.|I'll have a flat white.|I'll come back tomorrow then.|I can wait, I'm in no hurry.
I can show you what's wrong with it.|Let me find my glasses.|Let me just get my purse out.
Would you like to see a photo of it?|Do you need my card?|Do you want to see the box?|Can I ask you something?
Have you had a long day?|Did you hear about the new cafe?|Do you know anything about roses?|My husband would kill me.
I understand, but it's not my fault.|We have a big garden at home.|We've got guests on Saturday.|I could have told you that.
Could you do me a favour?|Thanks for your help.|Sorry to hear you've been so busy.|I made some cake for you.
I'll leave it here for you, then.
Can you hold it for me?|I will tell my sister about you.
"""

_FAREWELL = re.compile(
    "|".join(
        (
            (
                r"^(?:ok(?:ay)?|right|well|alright|all right|thanks|thank you|anyway)?[ ,.!]*(?:good ?bye|bye(?:-bye"
                r"| bye)?|bye now|ta-?ra|cheerio|see you(?: (?:later|soon|around|next time|then))?|take care|farewell"
                r"|so long|ciao)\b"
            ),
            (
                r"\bhave a (?:good|great|nice|lovely|wonderful|pleasant|fantastic) (?:day|one|evening|night|weekend"
                r"|afternoon|morning|rest of)\b"
            ),
            r"\b(?:i'm|i am|i'll be|we're) (?:off|leaving|going|heading off)(?: now| then)?[.!]?$",
            r"\bi(?:'d| had) better (?:go|be off|get going|be going)\b",
            r"\bi'll (?:get going|be on my way|be going|leave now)\b",
        )
    )
)


def folded(text: str) -> str:
    """Return text as the phrases are matched: folded, straight quotes."""
    return fold(text)


@lru_cache(maxsize=4)
def _prototypes(block: str) -> tuple[str, ...]:
    return tuple(each.strip() for line in block.strip().splitlines() for each in line.split("|") if each.strip())


def says_goodbye(text: str) -> bool:
    """Return whether a sentence takes leave."""
    return _FAREWELL.search(fold(text)) is not None


def assistant_talk(text: str) -> bool:
    """Return whether only a program talks like this."""
    return _ASSISTANT.search(fold(text)) is not None


class RoleTalk:
    """Hears when a customer slips into being the one who serves."""

    # How much nearer to staff than to customers a hinted sentence must be.
    MARGIN = 0.22

    def __init__(self, encoder: Encoder) -> None:
        self._encoder = encoder
        self._staff = encoder.encode(_prototypes(_STAFF_SAY))
        self._customers = encoder.encode(_prototypes(_CUSTOMERS_SAY))

    def staff_talk(self, text: str) -> bool:
        """Return whether a sentence is what the one serving would say."""
        plain = fold(text)
        if _STAFF.search(plain):
            return True
        return bool(_HINT.search(plain)) and self.lean(text) >= self.MARGIN

    def lean(self, text: str) -> float:
        """Return how much nearer a sentence lies to staff (above 0) than to customers (below 0), about -0.5 to 0.5."""
        own = self._encoder.encode([text])[0]
        staff = sorted((float(row @ own) for row in self._staff), reverse=True)[:3]
        customers = sorted((float(row @ own) for row in self._customers), reverse=True)[:3]
        return sum(staff) / 3 - sum(customers) / 3
