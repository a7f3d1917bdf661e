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
    r"\bas an? (?:ai|artificial|language|large|virtual|digital|helpful)\b|\blanguage model\b|\b(?:i'm|i am) (?:an? )?(?:ai|assistant|chatbot|bot)\b"
    r"|\b(?:ai|virtual|digital) assistant\b|\bopenai\b|\bchatgpt\b|\bi (?:cannot|can't|am unable to|'m unable to) (?:assist|fulfil|comply|provide (?:that|this)|engage)"
    r"|\bhow (?:can|may|could|might) (?:i|we) (?:help|assist|be of|support)\b|\bwhat can i (?:do|help|assist|get)(?: \w+)? (?:for )?you\b"
    r"|\b(?:anything|something) else (?:i|we) can\b|\banything else (?:you(?:'d| would)? (?:like|need)|to add|i should know)"
    r"|\b(?:feel free|don't hesitate|do not hesitate) to\b|\b(?:happy|glad|pleased|delighted|here|ready) to (?:help|assist|answer)\b(?! me)|\bassist(?:ing)? you\b"
    r"|\blet me know if (?:you|there(?:'s| is)|i can|that|this)\b.{0,40}\b(?:need|have|want|like|anything|any|help|else|works)\b"
    r"|\bhere(?:'s| is) (?:a|an|the|my|your|one) (?:\w+ ){0,3}(?:response|reply|version|line|dialogue|example|rewrite|continuation|script|conversation)\b"
    r"|\b(?:in|for|during) this (?:role-?play|scenario|conversation|exercise|simulation)\b|\brole-?play(?:ing)?\b|\bas (?:the|a) customer\b|\bmy (?:prompt|instructions|guidelines|programming)\b"
    r"|\bhope (?:this|that) (?:helps|clarifies|answers)\b|\bto (?:answer|address) your (?:question|query|request|concern)\b|^(?:certainly|absolutely|of course|sure(?: thing)?)[!,.] (?:i|we|let|here|how|what|please)\b"
    r"|\bthis (?:response|reply|answer) (?:is|would|should)\b|\bprovide (?:you )?(?:with )?(?:more|further|additional) (?:information|details|context|assistance)\b"
)  # fmt: skip

_THING = r"(?:order|refund|request|purchase|return|replacement|exchange|item|parcel|package|delivery|account|booking|reservation|appointment|complaint|claim|ticket|case|payment|receipt|warranty|query|enquiry|inquiry|issue|concern|details)"
_PAPER = r"(?:receipt|proof of purchase|proof|order (?:number|id|details|confirmation)|order|invoice|booking (?:number|reference)|reference(?: number)?|confirmation(?: number)?|tracking number|warranty card|id|identification|account number|loyalty card|membership(?: number| card)?)"
_DO = r"(?:process|issue|refund|exchange|replace|arrange|escalate|resolve|investigate|reimburse|organi[sz]e a|schedule a|send (?:you|out)|waive|credit)"

# What only the one serving says.
_STAFF = re.compile(
    rf"\byour {_THING} (?:has|have|is being|is now|will be|was|should (?:be|arrive)|can be|is ready|number)\b"
    rf"|\b(?:(?:can|could|may|might) (?:i|we) (?:please )?(?:have|see|get|take|check|confirm|look at)|(?:can|could|would|will) you (?:please |just |kindly )?(?:provide|give|show|tell|confirm|share|send|describe)(?: (?:me|us))?(?: with)?) (?:your|the|a|any) {_PAPER}\b"
    rf"|\bdo you (?:still |happen to )?have (?:a|the|your|any|an) {_PAPER}\b|\bhave you got (?:a|the|your|any|an) {_PAPER}\b|\b(?:i'll|i will|we'll|we) (?:just )?need (?:to see )?your {_PAPER}"
    rf"|\b(?:could|can|would|will) you (?:please )?(?:provide|describe|share|elaborate|specify)\b|\bplease (?:provide|bear with|take a seat|have a seat|follow me|fill (?:in|out)|hold the line|sign here|enter your|insert your|allow)\b"
    rf"|\b(?:i|we)(?:'ll| will| can|'d| would| could|'ve| have|'m going to| am going to)? (?:be able to |happily |gladly |just |now |certainly |definitely |also )*{_DO} (?:it|this|that|you|your|the|a|an)\b(?! (?:back )?(?:to you|with you|myself))"
    rf"|\b(?:i'm|we're|i am|we are) (?:going to )?(?:process|issu|replac|arrang|escalat|refund)ing (?:your|the|a|this|that|it|you)\b"
    rf"|\b(?:let me|i'll|i will|i can|i could|we'll|we can|we could|i'd be able to|i'm going to) (?:just |quickly |also )?(?:check|get|find|see|look|grab|fetch|sort|fix|help|ring|bag|wrap|pull|bring|take care of|handle|do|make|put|have|set|arrange|order|call|print|scan|show)\b(?!.{{0,45}}\b(?:my|of the) ).{{0,45}} for you\b"
    rf"|\b(?:let me|i'll|i will|i can|i'm going to) (?:just |quickly |now )?(?:check|look|see|pull|search|verify)\b.{{0,30}}\b(?:our|the|your) (?:system|records?|stock|inventory|database|stockroom|computer|back room|till|account|order|details|availability|policy)\b"
    rf"|\blet me (?:just )?(?:assist|help) (?:you|with)\b|\b(?:i|we) (?:can|could|will|would) (?:also )?(?:help|assist) you\b|\b(?:i|we) (?:can|could|would|will|'d) (?:also |certainly )?(?:offer|recommend|suggest|provide|give) you\b(?! my\b)|\bwe(?:'d| would)? (?:like to|can|could|will|'ll)? ?(?:offer|provide|recommend|suggest)\b"
    rf"|\b(?:i|we)(?: do| sincerely| truly| deeply| really)? ?apologi[sz]e (?:for|that|sincerely)\b.{{0,20}}\b(?:inconvenience|confusion|any|delay|trouble|wait|this|issue|frustration|experience|misunderstanding|the)\b|\b(?:sorry|apologies) for (?:any|the|this) (?:inconvenience|confusion|delay|trouble|issue|wait|experience|misunderstanding|hassle)\b"
    rf"|\bthank(?:s| you) (?:so much |very much )?for (?:contacting|reaching out|choosing|your (?:patience|understanding|cooperation|purchase|business|loyalty|feedback|custom|interest|call|order|visit)|bringing (?:this|that|it) to|shopping|visiting|calling|letting (?:us|me) know|coming in|stopping by|waiting|being a)\b"
    rf"|\bi (?:completely |totally |fully |do |can )?(?:understand|appreciate|hear|see) (?:your|how you feel|how (?:frustrat|upset|disappoint|annoy)|that (?:this|you)|why you(?:'re| are| feel)?)\b.{{0,20}}\b(?:frustrat|concern|disappoint|upset|feel|annoy|worr|situation|patience|position)"
    rf"|\bour (?:policy|polic(?:y|ies)|store|shop|team|customers?|records?|system|products?|manager|returns?|website|staff|stock|service|selection|range|apologies|menu|opening|hours|technicians?|supplier|support|goal|prices|guarantee|warranty|exchange|loyalty|expert|special|latest|collection|best|head office)\b"
    rf"|\bwe (?:do |also |currently |usually |normally |always |only |don't |do not |can't |cannot |are able to |are happy to |'re happy to )*(?:offer|stock|sell|carry|accept|value|strive|require|guarantee|appreciate your|take (?:this|these|your|all)|have (?:a|an|several|some|many|two|three|plenty|lots|other|different|more|it|them|that) .{{0,40}}(?:in stock|available|policy|options?|range|models?|selection|sale|replacement|return))\b"
    rf"|\bwe(?:'ll| will) (?:get|have|send|make sure|do our best|be (?:happy|in touch|able)|take care|look into|sort|fix|ensure|contact|call you|let you know|need your)\b|\b(?:i|we)(?:'ll| will)? ?(?:make sure|ensure) (?:that )?(?:you(?:'re| are| get| receive| have)?|your)\b"
    rf"|\b(?:i'll|i will|let me) (?:just )?(?:check|see|ask|find out) (?:if|whether) we\b|\bi(?:'ll| will) (?:get|be) (?:right |straight )?(?:back (?:to|with) you|on it)\b|\bi(?:'ll| will) (?:sort|fix|handle|take care of|look into|see to) (?:it|this|that)(?: out)? (?:right away|for you|immediately|straight away|at once|now)\b"
    rf"|\bwhat seems to be (?:the|your)\b|\bwhat(?:'s| is) (?:the (?:problem|issue|reason) (?:with (?:your|the)|for (?:your|the|returning))|wrong with your)|\bwhat (?:brings you|can i get)\b|\bwelcome (?:to|in\b|back to)|\bvalued customer\b|\brest assured\b|\bfor your (?:patience|understanding|convenience|cooperation|records)\b"
    rf"|\bare you looking for (?:anything|something)\b|\bcan i interest you\b|\bhow would you like to (?:pay|proceed)\b|\bcash or card\b|\b(?:would|do) you (?:like|want|prefer|need) (?:me to (?:refund|replace|exchange|check|order|wrap|swap|process|find|look|help|show you|arrange|send|put)|us to|a (?:refund|replacement|receipt|bag|copy|different|new|full|gift|hand with|sample)|an (?:exchange|alternative)|your (?:receipt|money|refund)|to (?:exchange|return|purchase|buy|place an order|see our|try (?:it|another|a different)|proceed|pay by|speak (?:to|with) (?:a|the|our) (?:manager|supervisor)|book|schedule|receive)|some (?:help|assistance)|any (?:help|assistance))\b"
    rf"|\b(?:when|where|how long ago|what day|which (?:store|shop|branch)) did you (?:buy|purchase|order|get|receive) (?:it|this|that|them|the)\b|\bdid you (?:buy|purchase|order) (?:it|this|that|them|the \w+) (?:here|from us|from (?:this|our)|online|recently|with)\b|\bhave you (?:tried (?:turning|resetting|restarting|checking|cleaning|tightening|using)|checked|considered)\b"
    rf"|\b(?:can|could|would) you (?:please )?(?:tell|give) me (?:more|a bit more|a little more|some more)(?: details?| information)? about (?:the|your|what|it) ?(?:problem|issue|item|order|purchase|happened|concern|situation|hose|product)?\b|\bhow (?:can|could|may) we\b|\byou(?:'ll| will) (?:receive|get|be (?:refunded|contacted|notified)) (?:a|an|your|the|it within)\b|\b(?:within|in) (?:\d+|\w+)(?: to \d+|-\d+)? (?:business|working) days\b"
    rf"|\benjoy (?:your|the rest of your) (?:day|visit|stay|meal|purchase|evening|weekend|coffee|drink|food)\b|\bi'm sorry (?:to hear|that you(?:'re| are|'ve| have)|you(?:'re| are|'ve| have) (?:had|having|experienc))|\bplease (?:let me know|feel free|note that|contact us|be aware|come back)\b.{{0,40}}\b(?:you|us|any|our|assist|help|need)\b|\b(?:that(?:'ll| will) be|your total is|the total (?:is|comes to)) (?:just )?[£$€]?\d"
    rf"|\bthe (?:customer|client|guest)\b.{{0,25}}\b(?:is|has|wants|needs|says|will|should)\b|(?<!call me )\b(?:sir|madam|ma'am)\b[,.!?]|\bhow (?:may|can) i direct\b|\bnext (?:customer|in line|please)\b|^next,? please"
)  # fmt: skip

# Phrases that either side may say; the vectors decide.
_HINT = re.compile(
    r"\b(?:i can|i could|i'll|i will|let me|we can|we could|we'll|would you like|do you (?:have|want|need|remember|know)|have you|did you|can i (?:help|get|offer|ask|see|check)|could you|can you|your|for you|sorry to hear|i understand|we have|we've)\b"
)  # fmt: skip

_STAFF_SAY = """
How can I help you today?|What can I do for you?|Let me check that for you.|I'll see what I can do for you.|Can I see your receipt?
I can offer you a full refund.|I can exchange it for a new one.|Would you like a refund or a replacement?|We have other models in stock.
I'm sorry to hear that, let me help.|I understand how frustrating that must be.|Could you tell me what the problem is?
What size are you looking for?|Which one would you like?|I'll get my manager to look at it.|We can have it delivered to your home.
It comes with a two-year guarantee.|Have you tried cleaning the filter?|When did you first notice the problem with it?
Did you keep the box it came in?|I'll put the order through for you.|Your table will be ready shortly.|We close at six, but you can come back tomorrow.
You can return it within thirty days.|Let me show you our latest range.|I will help you find the right one.|Do you have an account with us?
Is there a number we can reach you on?|I can look up your purchase by your card.|We'll refund the money to your card.|I can fix that for you.
I'll get you a new one from the back.|Do you remember when you bought it?|Can you show me where it is damaged?|Let's get this sorted out for you.
I can help you with that.|Let's see what we can do to fix this for you.|You can choose another one from the shelf.|Have you used it before?
Do you need help with anything?|I need some details from you first.|We can send someone to repair it for you.|What would you like to order?
"""
_CUSTOMERS_SAY = """
I bought it here two weeks ago.|I haven't got the receipt.|It leaks all over my shed.|Can you check if you have one in the back?|Could I get my money back?
Do you have it in blue?|Have you got any more of these?|I'd like to return this, please.|How long will it take?|Can I pay by card?|Is it still under guarantee?
I've been waiting for twenty minutes.|You told me it would be ready today.|Could you look it up for me?|Can I speak to your manager?|Do you work here every day?
What time do you finish?|Your colleague said I could bring it back.|Your shop is always so busy.|You've got a lovely smile.|Did you do anything nice at the weekend?
I'll take two of them, please.|I'll have a flat white.|I'll come back tomorrow then.|I can wait, I'm in no hurry.|I can show you what's wrong with it.
Let me find my glasses.|Let me just get my purse out.|Would you like to see a photo of it?|Do you need my card?|Do you want to see the box?
Can I ask you something?|Have you had a long day?|Did you hear about the new cafe?|Do you know anything about roses?|My husband would kill me.
I understand, but it's not my fault.|We have a big garden at home.|We've got guests on Saturday.|I could have told you that.|Could you do me a favour?
Sorry to hear you've been so busy.|I made some cake for you.|I'll leave it here for you, then.|Can you hold it for me?|I will tell my sister about you.
"""

_FAREWELL = re.compile(
    r"^(?:ok(?:ay)?|right|well|alright|all right|thanks|thank you|anyway)?[ ,.!]*(?:good ?bye|bye(?:-bye| bye)?|bye now|ta-?ra|cheerio|see you(?: (?:later|soon|around|next time|then))?|take care|farewell|so long|ciao)\b"
    r"|\bhave a (?:good|great|nice|lovely|wonderful|pleasant|fantastic) (?:day|one|evening|night|weekend|afternoon|morning|rest of)\b|\b(?:i'm|i am|i'll be|we're) (?:off|leaving|going|heading off)(?: now| then)?[.!]?$"
    r"|\bi(?:'d| had) better (?:go|be off|get going|be going)\b|\bi'll (?:get going|be on my way|be going|leave now)\b"
)  # fmt: skip


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
    MARGIN = 0.18

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
