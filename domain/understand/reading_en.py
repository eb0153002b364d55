"""What an English sentence asks for. Same order of questions as the Chinese reader: harm first.

Two families of look-alikes decide most lines: other people's business (cards, flights, reservations), which is never ours even
when it says "cancel" or "order"; and things that belong to a shop but that the bot does not do (payment methods, accounts,
reviews, invoices, changing the items of an order).
"""

# ruff: noqa: E501 - a pattern or a word list reads best on one line

from __future__ import annotations

import re

from domain.understand.figures_en import read_figures_en, read_pinyin
from domain.understand.identifiers import Numbers
from domain.understand.plan import Intent
from domain.understand.reading_zh import Reading
from domain.understand.words_en import Sense, mend, senses

_ = Sense
CANCEL, REFUND, RETURN, EXCHANGE, ADDRESS = int(_.CANCEL), int(_.REFUND), int(_.RETURN), int(_.EXCHANGE), int(_.ADDRESS)
CHANGE, CREATE, ORDER, GOODS, TRACK = int(_.CHANGE), int(_.CREATE), int(_.ORDER), int(_.GOODS), int(_.TRACK)
STATUS, WAIT, CHECK, POLICY, FOREIGN = int(_.STATUS), int(_.WAIT), int(_.CHECK), int(_.POLICY), int(_.FOREIGN)
SHOP, STOCK, BOUGHT, DELIVERY, GREET = int(_.SHOP), int(_.STOCK), int(_.BOUGHT), int(_.DELIVERY), int(_.GREET)
MANY, FIELD, FEE, URGE, PROBLEM = int(_.MANY), int(_.FIELD), int(_.FEE), int(_.URGE), int(_.PROBLEM)

_ART = r"(?:my|the|a|an|this|that|our|his|her|their|any|of|your|for|me|please|to|on|last|latest|recent|current|damn|goddamn|bloody|fucking|freaking|#)"
_NO = r"(?:don'?t|do not|doesn'?t|does not|didn'?t|did not|never|not|no longer|haven'?t|have not|hasn'?t|without|stop|avoid|isn'?t|wasn'?t)"
_WISH = r"(?:want|wish|need|needed|wanted|have|intend|meant?|ask(?:ed)?|request(?:ed)?|please|you|me|to|like|going|plan(?:ning)?|ever|actually|really|authori[sz]ed?|my|our|the|that|it|us|them|a|any|for|be|being|anymore|looking|trying|in)"
_NEGATED_CANCEL = re.compile(
    rf"\b{_NO} (?:{_WISH} ){{0,5}}(?:cancel|cancell?ing|cancell?ed|cancellation|call(?:ing)? off)\b"
)
_MIND = re.compile(
    r"changed my mind about (?:the )?cancel|(?:undo|reverse|revoke|stop|withdraw|retract|take back|ignore|disregard) (?:\w+ ){0,3}cancell?ation|(?:un-?cancel|reinstate|restore)|keep (?:my|the|this) (?:order|purchase)|cancel (?:the |my )?cancell?ation"
)
_DONE_CANCEL = re.compile(
    r"\b(?:was|were|been|got|is|has|already|why (?:did|have|has|was|is|would)|who|you|they|automatically|somebody|someone) (?:\w+ ){0,4}?cancell?ed\b|why did (?:you|they) cancel|\b(?:did|have|has|had) (?:you|they|someone|somebody|anyone|i) (?:\w+ ){0,2}cancel|cancell?ed (?:my|the) order without|did (?:my|the) (?:order )?cancell?ation"
)
_WANTED = re.compile(r"\b(?:want|need|like|have|get|wish|to be|would like) (?:\w+ ){0,6}cancell?ed\b")
_UNWANTED = re.compile(
    r"\b(?:do(?:es)?n'?t|do not|no longer|not|never) (?:really |even |actually |longer )?(?:want|need|wanna|interested in|like to (?:have|receive|buy)|wish to (?:have|receive|buy))\b(?! (?:to )?(?:cancel|return|refund|a refund|know|help))"
)
_AFTERSALE_NOUN = r"(?:refunds?|returns?|exchange|reimbursements?|rebates?|compensations?|restitutions?|return request|refund request|claim)"
_WITHDRAW = re.compile(
    rf"\b(?:cancel|cancell?ing|withdraw|withdrawing|revoke|stop|undo|drop|retract|call off|abort|take back|reverse) (?:{_ART} |requested |pending |request for |request of |application for ){{0,4}}{_AFTERSALE_NOUN}\b"
    rf"|\b(?:don'?t|do not|no longer|not|never ?mind)\s+(?:want|need|wish|wanna|require|like)?\s*(?:to )?(?:(?:be|get|have|make|do|request|ask for|proceed with|issue|give|process|send|approve|grant|him|her|them|the customer|the buyer) ){{0,3}}(?:{_ART} ){{0,3}}(?:to )?(?:{_AFTERSALE_NOUN}|return(?:ing)?|refunded)\b(?! (?:policy|yet))"
    r"|\bkeep (?:the |my |this )?(?:item|product|order|it)\b.*\b(?:return|refund)|\bchanged my mind about (?:the |my )?(?:return|refund)|\b(?:forget|never ?mind|scrap) (?:about )?(?:the|my|that) (?:return|refund|exchange)"
)
_DENIED = re.compile(
    rf"\b(?:not|n't|never|didnt|dont) (?:\w+ ){{0,2}}(?:ask|asked|asking|request|requested|requesting|apply|applied|applying|looking|authoriz\w+|order)(?:ed|ing)? (?:\w+ ){{0,4}}(?:{_AFTERSALE_NOUN}|refunded|to return)\b|\b(?:didn't|don't|haven't|wasn't|isn't) (?:\w+ ){{0,2}}(?:ask|asked|asking|request|requested|requesting|apply|applied|authoriz\w+) (?:\w+ ){{0,4}}(?:{_AFTERSALE_NOUN}|refunded|to return)\b"
)
_NOT_YET = re.compile(
    r"\b(?:haven'?t|have not|has not|hasn'?t|didn'?t|did not|never|not|still|don'?t|do not|no) (?:\w+ ){0,3}(?:received?|gotten|got|get|seen?|been|refunded|reimbursed|processed|credited|arrived?|show(?:n|ed|ing)?|appear(?:ed|ing)?|come|came|posted|reflected|landed)\b|\bmissing\b|where(?:'s| is| are) (?:my|the)|\byet\b"
)
_REFUND_STATUS = re.compile(
    r"\btold\b|been sent|\btaking (?:forever|ages|so long|too long|long)|\bin what (?:state|situation|stage)|\bstatus|\btrack|\btrace|\bfollow|\bmonitor|\blocat|\bprogress|\bwait|\bawait|\bexpect(?:ing|s)?\b|\bprocessed|\bissued|\bpending|\bowed?\b|\bdue\b|\barriv|\bupdates?\b|\bnews\b|\banything new|"
    r"\bcurrent|\bhow(?:'s| is| are)\b|\bwhat (?:has )?happened|\bwhat(?:'s| is| has) (?:up|going|happen|the (?:state|situation|deal))|\bwhen (?:will|do|does|am|is|are|should|would|can i (?:expect|receive))|\bhow long (?:until|till|before|will|does|do|is|should)|\bhas (?:my|the|it)|"
    r"\bhave you|\bdid (?:you|my|i)|\bis (?:my|the|there|it)|\bwhere(?:'s| is| are)|\bstate of|\bsituation|\breceived\b|\b(?:so|too) long\b|\bsupposed|\bpromised|\bquestions? about|\bwill (?:get|receive|arrive)|\bsee if|\bcheck if|\bfind out if"
)
_REFUND_LOOK = re.compile(
    r"\b(?:check|checking|see|seeing|view|look(?:ing)? (?:at|for|into)|find|finding|consult|verify|review)\b(?! (?:out )?(?:how|what|where|in))"
)
_REFUND_ASK = re.compile(
    r"\b(?:how|what) (?:\w+ ){0,6}(?:get|ask|request|obtain|claim|apply|demand|seek|to be|do)|\bhow (?:can|do|could|to|should)|\bhow (?:would|might)|what (?:do|must|should|would) i|\bask(?:ing)? for|\brequest(?:ing)?|\bobtain|\bget(?:ting)? (?:a |my |some |the |back |any )*(?:refund|reimburse|rebate|compens|restitut|money)|\bapply|\bclaim|\bdemand|\bfile\b|\bi want (?:a|my)|\bi need (?:a|my)|\bi(?:'d| would) like (?:a|my|to be|to get)|\bgive me|\bwhere (?:can|do|could)|\bhelp (?:me )?(?:to )?(?:get|process)|\bprocess (?:a|my|the|of)?"
)
_WHERE = re.compile(
    r"\bwhere(?:'s|s| is| are| the| my| exactly| in)\b|\bwhere (?:\w+ ){1,5}(?:is|are|it)\b|\bhow(?:'s| is| are)\b|\bwhat(?:'s|s| is| has)? ?(?:up|going|happen\w*|the (?:deal|latest|word|story))|\bwhen(?:'s|s| is| will| does| do| should| can| are| would| might|\b)|\bwhat (?:day|time|date)\b|\bhow (?:soon|long|far|many days|much longer)"
)
_COMES = re.compile(
    r"\b(?:arriv\w*|arive\w*|come|coming|came|get here|gets here|be here|here|deliver\w*|receiv\w*|recieve\w*|show(?:s|ed|ing)? up|ship\w*|expect\w*|reach\w*|on (?:its|the) way|out for|eta|land|get (?:it|them|my|the|to me)|got)\b"
)
_NOT_ARRIVED = re.compile(
    r"\b(?:haven'?t|have not|has not|hasn'?t|didn'?t|did not|never|not|still no|still waiting|waiting (?:for|on)|yet to|where)\b"
)
_DELIVERY_CHOICE = re.compile(
    r"\b(?:shipping|delivery|shipment|deliver(?:ing)?|dispatch)s? (?:option|method|modalit|alternative|choice|cost|fee|price|rate|charge|type|polic|compan|mode|countr|zone|cit)\w*|\b(?:options?|methods?|modalit\w*|alternatives|choices|types?|costs?|fees?|prices?|ways) (?:\w+ ){0,4}(?:shipping|shipment|delivery|deliver|ship|delivering)\b|\b(?:do|can|could|will|would) (?:you|u|they|i) (?:guys )?(?:ship|deliver|order|buy|get (?:it|my order) delivered)\w* (?:to|in|into|from|on|anywhere|abroad|internationally|overseas)\b|\bfree shipping"
)
_RETURN_OBJECT = re.compile(
    r"\b(?:return|returning|send back|sending back|give back|ship back)\b(?! (?:to|(?:\w+ )?calls?|flight|ticket|trip|on investment|label))"
)
_NEW_ADDRESS = re.compile(
    r"\b(?:set|setting|setup|add|adding|create|creating|enter|entering|register|registering|submit|submitting|store|storing|save|saving|input|put|write|type|introduce|provide|include|new|secondary|second|another|additional|not (?:valid|accepted|recognized)|notif\w*|report\w*|inform\w*|problem|issue|error)\b"
)
_ADDRESS_CHANGED = re.compile(
    r"\b(?:chang|edit|correct|updat|modif|alter|amend|fix|rectif|switch|swap|replac|wrong|incorrect|mistak|mistyp|misspel|moved|moving|redirect|rerout|revis|chnag|outdated|different|differs|old address)\w*"
)
_NO_ADDRESS_CHANGE = re.compile(
    r"\b(?:don'?t|do not|didn'?t|did not|never|no longer) (?:\w+ ){0,4}address(?:es)? (?:to be |be )?(?:chang|updat|edit|modif|correct)|\b(?:don'?t|do not|didn'?t|did not|never|not|no need to) (?:\w+ ){0,3}(?:chang|updat|edit|modif|correct)\w* (?:\w+ ){0,4}address|address (?:\w+ ){0,3}(?:not|never|hasn'?t|didn'?t) (?:been )?chang"
)
_BILLING_ADDRESS = re.compile(
    r"\b(?:houses?|billing|email|e-mail|mail|ip|web|mac|account|profile|bank|home|work) address\b|address book|\b(?:your|store|company|office|return|bank'?s?|branch|whats?|what'?s|what is) (?:the |your )?address\b"
)
_CONTACT_FIELD = re.compile(
    r"\b(?:chang|edit|correct|updat|modif)\w* (?:\w+ ){0,3}(?:receiver|recipient|consignee|contact (?:number|phone|details)|phone number|delivery (?:info|information|details|instructions)|shipping (?:info|information|details))\b"
)
_STOCK = re.compile(
    r"\b(?:in|out of|back in) stock\b|\bre-?stock|\binventory\b|\bsold out\b|\bback ?order|\b(?:do|did) you (?:still |currently |guys )?have (?:\w+ ){0,5}in stock|\bstock (?:of|for|level)"
)
# Rooms, drinks and gallons are available and left as well: these forms need a word of the trade beside them.
_STOCK_OF_GOODS = re.compile(
    r"\bhow many (?:\w+ ){0,4}(?:left|available)\b|\bavailability\b|\b(?:do|did) you (?:still |currently |guys )?have (?:\w+ ){0,5}(?:left|available)|\b(?:is|are) (?:\w+ ){1,5}(?:still |currently )?available\b|\bany (?:left|more (?:of|in))\b"
)
_STOCK_WORD = re.compile(
    r"\b(?:items?|products?|articles?|goods|sizes?|colou?rs?|models?|units?|pieces|skus?|warehouse|stock)\b"
)
_OUR_ORDER = re.compile(
    r"\b(?:my|our|the|this|that|an|last|latest|recent|of|amazon|online) (?:\w+ ){0,2}(?:orders?|purchases?|packages?|parcels?|items?|products?|shipments?|delivery|articles?|stuff|goods|order's|oder|ordr)\b|\b(?:orders?|purchases?|packages?|parcels?|shipments?|oder|ordr|orde|oreder|orer|purchas|purchse|purchace|prchase|parcle|stuff)\b|\bproducts?\b|\bitems?\b"
)
_PLAIN_ORDER = re.compile(
    r"\b(?:order|purchase|item|product|package|parcel|article|shipment|goods|delivery|box|stuff|merchandise)"
)
_BUYS = re.compile(
    r"\b(?:buy|buying|acquire|acquiring|shop for|make (?:a|an|some|several)? ?(?:order|purchase)|place (?:a|an|some|several)? ?(?:order|purchase)|get me an? |order (?:me |some |more |a |an |several |new |from )|purchase (?:some|a|an|several|more) |to order\b|can i order|how (?:do|can|could|to|would) (?:i )?(?:order|purchase|shop|buy))"
)
_CHANGE_ITEMS = re.compile(
    r"\b(?:add|remov|delet|swap|switch|chang|edit|modif|updat|correct|alter|amend|includ|insert|replac|exchang)\w* (?:\w+ ){0,6}(?:items?|products?|articles?|things?|order|purchase|ordr|oder|something|stuff|quantity|size|color)\b"
)
_LOOKED_FOR = re.compile(
    r"\bwaiting (?:for|on) (?:my|the|an?|our) (?:\w+ ){0,2}(?:order|purchase|package|parcel|items?|products?|shipment|delivery|stuff|goods)\b|\b(?:shipment|shipping|delivery|arrival) date\b|\bhold ?up\b|\b(?:so|too) long\b|\bforever\b|\bgot nothing\b|\bhow far\b|\bwill (?:\w+ ){0,4}(?:be here|arrive|come|get here)\b|\b(?:find|look(?:ing)? (?:up|for)|search(?:ing)? for) (?:my|the|our) (?:\w+ )?(?:orders?|packages?|parcels?|shipments?|purchases?|delivery)\b(?! (?:number|confirmation|history))"
)
_GREETS = re.compile(
    r"(?:\W|\b(?:hi|hello|hey|thanks?|thank|thx|ty|bye|goodbye|good|morning|afternoon|evening|night|ok|okay|cheers|howdy|yo|greetings|cool|great|you|u|so|very|much|a|lot|there|all|everyone|for|the|your|help|nice|day|have|see|later|again|that'?s|how|are|is|it|going|team|bot)\b){1,12}"
)
_ELSEWHERE = re.compile(
    r"\bhow (?:can|do|would|should|could) (?:i|you|we|one) (?:say|spell|pronounce|write|translate)\b|\b(?:in|to|into) (?:french|spanish|german|italian|chinese|japanese|russian|korean|portuguese)\b|\btravell?ing\b|\b(?:tax|income) (?:refund|return)s?\b|\brefund (?:\w+ ){0,6}this year\b|\bsettings?\b|\bexchange rates?\b|\bcryptocurrenc"
)
_IS_IT_HERE = re.compile(
    r"\b(?:is|was|has|did|will|where) (?:my|our|the) (?:\w+ ){0,3}(?:orders?|packages?|packaged|parcels?|shipments?|delivery)\b(?!.*\b(?:refundable|eligible|free|confirmed|correct|right|insured|taxed|complete)\b)|\bdelivery track\w*|\bneed (?:a|my|the) delivery tracked"
)
# What somebody may do one day, asks himself, or asks about in general, starts nothing.
_MAYBE = re.compile(
    r"\bif (?:it|you|they|this|that|the|my) (?:\w+(?:'t)? ){0,7}i(?:'ll|'d| will| would| am going to| have to|'m going to)\b|\bwhat happens (?:if|when)\b|\bthinking (?:about|of)\b|\bi (?:might|may)\b|\bshould i\b|\bwould never\b|\b(?:once|after|when) (?:it|they|the order|my order) (?:\w+ ){0,3}(?:ship\w*|sent|dispatched)\b|\bhow much (?:is|does|would|will) it\b"
)
_I_DID = re.compile(r"\bi(?:'ve| have| had)? ?(?:already |just |previously )*(?:cancell?ed|returned|sent back)\b")
_PAPERS = re.compile(r"\b(?:invoices?|receipts?|bills?|bil|biull|bull)\b(?! to\b)")
_UNAFFORDABLE = re.compile(r"\b(?:can'?t|cannot|can not|can no longer|could no longer|unable to) (?:afford|pay for)\b")
_TICKETISH = re.compile(r"\b(?:hurry|expedite|speed up|rush|faster)\b")


_SPACES = re.compile(r"\s{2,}")
_HELD = re.compile(r"\{\{[a-z ]+\}\}")  # {{order number}}: a template's hole where the number would stand


def read_english(text: str, numbers: Numbers) -> Reading:
    """The purpose of one English sentence (normalised, forwarded wrapper removed)."""
    words = mend(numbers.rest if numbers.joined else text)
    if "{{" in words or "  " in words:
        words = _SPACES.sub(" ", _HELD.sub(" ", words))
    seen = senses(words)
    if (figures := read_figures_en(words) or read_pinyin(words)) is not None:
        return figures
    if (seen & FOREIGN and not _ours(words, seen)) or _ELSEWHERE.search(words):
        return Reading(Intent.OUT_OF_SCOPE, 0.8)
    if seen & (REFUND | RETURN | EXCHANGE) or "my money" in words or "money back" in words or "back" in words:
        reading = _aftersale(words, seen)
        if reading is not None:
            return reading
    if (reading := _address(words, seen)) is not None:
        return reading
    if seen & CANCEL or _UNWANTED.search(words) or "call off" in words:
        reading = _cancel(words, seen, numbers)
        if reading is not None:
            return reading
    if _UNAFFORDABLE.search(words) and (numbers.first("order_no") or "{{order" in text) and not seen & FEE:
        return Reading(Intent.CANCEL_ORDER, 0.7, "", (Intent.ORDER_DETAIL,))
    return _ordinary(words, seen, numbers)


def _ours(words: str, seen: int) -> bool:
    """A foreign word beside clear words of ours: a gift card in my order, the name on the package."""
    if not seen & (ORDER | GOODS):
        return False
    return not re.search(
        r"\b(?:cards?|banks?|checks|cheques?|flights?|hotels?|reservations?|restaurants?|transfers?|transactions?|loans?|mortgage|insurance|food|pizza|meal|lunch|dinner|visa|passport|tickets?|appointments?|membership|checkbooks?|tacos?|sushi|burger|coffee|creatine|shopping|statements?|shares|stocks|apr|atm|deposits?|paycheck|currenc(?:y|ies)|score)\b",
        words,
    )


def _how(words: str) -> dict[str, str]:
    if re.search(r"\bhow\b|\bwhat (?:do|must|should|would)\b|\bwhere (?:can|do)\b|know what", words):
        return {"question": "how"}
    return {"question": "can"} if re.search(r"\b(?:can|could|may|is it possible)\b", words) else {}


_CANCELS_ORDER = re.compile(
    rf"(?:cancel|call off) (?:(?!{_AFTERSALE_NOUN}\b)\w+ ){{0,3}}(?:order|purchase)\b(?! (?:{_AFTERSALE_NOUN}))"
)
# refund order …, it arrived broken: a deed, although something "arrived"
_REFUND_DO = re.compile(
    r"^(?:please |pls |can you |could you |just )?(?:refund|reimburse) (?:order|purchase|the order|this|him|her|them|me|it|the customer|full|\d|[$¥€£])(?!.*\b(?:yet|status|processed|when|where)\b)"
)
# Money that went astray is no refund: what is wanted back is named so.
_MY_MONEY_BACK = re.compile(
    r"\bback\b|\breturn|\b(?:request|ask|claim|demand|obtain|reclaim)|\b(?:give|send|want|get|need|pay|repay|release|receive|have) (?:\w+ ){0,3}my money|\b(?:when|where)\b(?! (?:\w+ )?(?:come|came|from))"
)
_OTHER_OFFICE = re.compile(
    r"\b(?:with|at|for|to) (?:the |my )?(?:dmv|irs|bank|employer|insurance|doctor|school|post office|county|hr|landlord)\b|\b(?:driver'?s? licen[cs]e|voter)\b"
)


def _aftersale(words: str, seen: int) -> Reading | None:
    if re.search(r"\bwhere(?:'s|s| is) my (?:damn )?money$", words):
        return Reading(Intent.AFTERSALE_STATUS, 0.75, "", (Intent.REQUEST_REFUND,))
    money = seen & REFUND or re.search(r"\bmoney back\b|\bmy money\b", words)
    if not money and not seen & (RETURN | EXCHANGE) and not _RETURN_OBJECT.search(words) and not _I_DID.search(words):
        return None
    if re.search(r"\bthank(?:s| you) for (?:the|my|your) (?:\w+ )?(?:refund|return|exchange)", words):
        return Reading(Intent.AFTERSALE_STATUS, 0.6, "unsure")
    if _MAYBE.search(words):
        return Reading(Intent.OUT_OF_SCOPE, 0.65, "policy", (Intent.REQUEST_REFUND, Intent.AFTERSALE_STATUS))
    if _I_DID.search(words) and not re.search(r"\b(?:want|need|help|like|can|could|how) ", words):
        return Reading(Intent.AFTERSALE_STATUS, 0.75, "", (Intent.REQUEST_REFUND,))
    if _DENIED.search(words):
        return Reading(Intent.OUT_OF_SCOPE, 0.75, "negated", (Intent.AFTERSALE_STATUS,))
    if (
        _WITHDRAW.search(words)
        and not _CANCELS_ORDER.search(words)
        and not _NOT_YET.search(words.replace("don't", "").replace("do not", ""))
    ):
        return Reading(Intent.WITHDRAW_AFTERSALE, 0.85, "negated")
    if seen & CANCEL and seen & (ORDER | GOODS) and not _REFUND_STATUS.search(words) and not re.search(r"cancell?ed", words):
        return Reading(Intent.CANCEL_ORDER, 0.85, "", (Intent.REQUEST_REFUND,))
    if (
        seen & POLICY
        or (seen & FEE and not re.search(r"refund|reimburs|rebate", words))
        or re.search(
            r"\b(?:restocking|how many days|time limit|deadline|who pays|how long (?:do|have) i|how long (?:\w+ ){0,2}(?:refunds|reimbursements|rebates|compensations|restitutions|returns)|is it free|do you (?:accept|offer|allow|have|give|do)|when (?:can i|i can|may i|i may) (?:request|ask|get|return)|under what|in (?:what|which)(?! (?:state|situation|status|stage|phase) (?:is )?(?:my|the)))\b",
            words,
        )
    ):
        return Reading(Intent.OUT_OF_SCOPE, 0.75, "policy", (Intent.REQUEST_REFUND,))
    if re.search(
        r"\bhow (?:do|does) (?:your |the )?(?:refunds?|returns?|exchanges?|reimbursements?)(?: process)? works?", words
    ):
        return Reading(Intent.OUT_OF_SCOPE, 0.75, "policy", (Intent.REQUEST_REFUND,))
    if (
        not seen & REFUND
        and "my money" in words
        and (_MY_MONEY_BACK.search(words) is None or re.search(r"\b(?:come|comes|came|coming) from\b", words))
    ):
        return Reading(Intent.OUT_OF_SCOPE, 0.6, "unsure", (Intent.AFTERSALE_STATUS,))
    if money:
        status = _REFUND_STATUS.search(words) or _NOT_YET.search(words)
        asks = _REFUND_ASK.search(words)
        if _REFUND_DO.search(words):
            return Reading(Intent.REQUEST_REFUND, 0.85, "", (Intent.AFTERSALE_STATUS,), {"aftersale_kind": "refund"})
        if status and not (
            asks
            and not re.search(
                r"status|track|waiting|expect|processed|\bmissing\b|\bappear|\bnever (?:received|got|came)|\bi(?:'ve| have)? (?:already )?(?:requested|asked for|applied for)\b|where(?:'s| is)|when|has (?:my|the)|current|update|happened|\byet\b|did you|have you|\bstill\b|how (?:long|soon|many days) (?:until|till|before|will|do i)|\b(?:told|promised|supposed)\b|been sent",
                words,
            )
        ):
            return Reading(Intent.AFTERSALE_STATUS, 0.88, "", (Intent.REQUEST_REFUND,))
        if not asks and _REFUND_LOOK.search(words):
            return Reading(Intent.AFTERSALE_STATUS, 0.75, "", (Intent.REQUEST_REFUND,))
        return Reading(
            Intent.REQUEST_REFUND, 0.85, "", (Intent.AFTERSALE_STATUS,), _how(words) | {"aftersale_kind": "refund"}
        )
    if seen & EXCHANGE and not seen & RETURN:
        if seen & (ORDER | GOODS | BOUGHT) or re.search(
            r"\b(?:it|this|them|these|that|size|colou?r|one|shoes|shirts?|dress|jacket|pants|jeans|boots|coat|sweater|hat)\b",
            words,
        ):
            return Reading(
                Intent.REQUEST_EXCHANGE, 0.8, "", (Intent.REQUEST_REFUND,), _how(words) | {"aftersale_kind": "exchange"}
            )
        return None
    if re.search(
        r"\bstatus|\btrack|\b(?:get|got|receive|received) (?:my|the) return|\bprocessed|\bwhere is my return|\bupdate", words
    ):
        return Reading(Intent.AFTERSALE_STATUS, 0.8)
    if _RETURN_OBJECT.search(words) and (
        seen & (ORDER | GOODS | BOUGHT)
        or re.search(r"\b(?:it|this|them|these|that|something|shoes|shirt|dress|jacket)\b", words)
    ):
        return Reading(Intent.REQUEST_RETURN, 0.82, "", (Intent.REQUEST_REFUND,), _how(words) | {"aftersale_kind": "return"})
    return None


_ELSEWHERE_TO = re.compile(
    r"\b(?:ship|send|deliver|redirect|reroute|forward) (?:it|this|that|them|(?:my|the) (?:order|package|parcel|items?|stuff)) (?:to .{3,60} instead|instead to|to (?:another|a (?:different|new)|my (?:new|other|work|office|parents'?)) (?:place|house|home|address|location|office)|to \d+ \w+)"
)
_IN_ADDRESS = re.compile(
    r"\b(?:error|mistake|typo)s? (?:in|on) (?:my|the) (?:\w+ ){0,2}address|\bdeliver(?:ed)? (?:\w+ ){0,3}to (?:a|another|my) (?:new|different|other) address"
)
_POSTCODE = re.compile(
    r"\b(?:wrong|incorrect|change|correct|fix|update|bad|mistyped) (?:\w+ ){0,3}(?:zip|post(?:al)?) ?code|(?:zip|post(?:al)?) ?code (?:\w+ ){0,3}(?:wrong|incorrect|mistake)"
)


def _address(words: str, seen: int) -> Reading | None:
    if not seen & ADDRESS:
        if (
            seen & CHANGE
            and seen & ORDER
            and re.search(r"\bto \d* ?(?:\w+ ){1,4}(?:street|road|avenue|lane|drive|blvd|st|rd|ave)\b", words)
        ):
            return Reading(Intent.CHANGE_ADDRESS, 0.8)
        if _ELSEWHERE_TO.search(words) or (_POSTCODE.search(words) and seen & (ORDER | DELIVERY | GOODS | CHANGE)):
            return Reading(Intent.CHANGE_ADDRESS, 0.8, "", (), _how(words))
        if _CONTACT_FIELD.search(words) and not seen & FOREIGN and "account" not in words:
            return Reading(Intent.CHANGE_ADDRESS, 0.75, "", (), _how(words))
        return None
    if re.search(
        r"\b(?:did|have|has|had) (?:you|they|someone|somebody|anyone) (?:\w+ )?chang|\bwho (?:has |have )?chang", words
    ) and not re.search(r"\bi(?:'ve| have)?\b", words):
        return Reading(Intent.ORDER_DETAIL, 0.7, "", (), {"about": "address"})
    if (
        _BILLING_ADDRESS.search(words)
        or seen & FOREIGN
        or (re.search(r"\b(?:account|profile)\b", words) and not seen & (ORDER | DELIVERY | GOODS))
    ):
        return Reading(Intent.OUT_OF_SCOPE, 0.7)
    if _OTHER_OFFICE.search(words):
        return Reading(Intent.OUT_OF_SCOPE, 0.7)
    if _NO_ADDRESS_CHANGE.search(words) and not re.search(r"know|can'?t|cannot|unable|able", words):
        return Reading(Intent.OUT_OF_SCOPE, 0.7, "negated")
    if _ADDRESS_CHANGED.search(words) or seen & CHANGE:
        return Reading(Intent.CHANGE_ADDRESS, 0.9, "", (), _how(words))
    if _IN_ADDRESS.search(words):
        return Reading(Intent.CHANGE_ADDRESS, 0.8, "", (), _how(words))
    if _NEW_ADDRESS.search(words):
        return Reading(Intent.OUT_OF_SCOPE, 0.6, "unsure", (Intent.CHANGE_ADDRESS,))
    if seen & (ORDER | DELIVERY) and seen & CHECK and not re.search(r"can'?t|cannot|unable|not", words):
        return Reading(Intent.ORDER_DETAIL, 0.7, "", (Intent.CHANGE_ADDRESS,), {"about": "address"})
    return Reading(Intent.OUT_OF_SCOPE, 0.5, "unsure", (Intent.CHANGE_ADDRESS,))


def _cancel(words: str, seen: int, numbers: Numbers) -> Reading | None:
    if _MIND.search(words) or (
        _NEGATED_CANCEL.search(words) and not re.search(r"\bif (?:you|it|they) (?:don'?t|do not)", words)
    ):
        intent = Intent.WITHDRAW_AFTERSALE if _MIND.search(words) else Intent.OUT_OF_SCOPE
        return Reading(intent, 0.75, "negated", (Intent.ORDER_DETAIL, Intent.WITHDRAW_AFTERSALE))
    if (
        seen & FEE
        or seen & POLICY
        or re.search(
            r"\b(?:account|subscription|newsletter|membership|plan|service|trial|appointment|booking|policy)\b", words
        )
    ):
        return Reading(Intent.OUT_OF_SCOPE, 0.75, "policy")
    if re.search(r"\bpay\b|\bcosts?\b|\bmoney\b.*\bif\b", words):
        return Reading(Intent.OUT_OF_SCOPE, 0.7, "policy", (Intent.CANCEL_ORDER,))
    subject = seen & (ORDER | GOODS | BOUGHT) or numbers.first("order_no") or numbers.extra.get("order_tail")
    if not seen & CANCEL:
        if subject and not re.search(r"want to|wanna|need to|need help|don'?t know|not sure|newsletter|email", words):
            return Reading(Intent.CANCEL_ORDER, 0.7, "", (Intent.REQUEST_REFUND,))
        return None
    if not subject:
        return Reading(Intent.OUT_OF_SCOPE, 0.6, "unsure", (Intent.CANCEL_ORDER,))
    if _MAYBE.search(words):
        return Reading(Intent.OUT_OF_SCOPE, 0.65, "policy", (Intent.CANCEL_ORDER, Intent.ORDER_DETAIL))
    if (_DONE_CANCEL.search(words) or _I_DID.search(words)) and not _WANTED.search(words):
        return Reading(Intent.ORDER_DETAIL, 0.7, "", (Intent.CANCEL_ORDER,))
    return Reading(Intent.CANCEL_ORDER, 0.9, "", (), _how(words))


_SPENT = re.compile(
    r"\bhow much (?:did|have|do) i (?:pay|paid|spend|spent|owe) (?:for|on) (?:my|the|this|that|order) ?(?:\w+ )?(?:order|purchase|item|$)?"
    r"|\bwhat did i pay for (?:my|the|this|that) (?:\w+ )?(?:order|purchase)"
)
_ALL_ORDERS = re.compile(
    r"\b(?:show|list|see|view|display|get|find|check|pull up) (?:me )?(?:all )?(?:of )?(?:my|the|his|her|their|this customer'?s) (?:recent |past |last |previous |open )?orders$|\ball (?:of )?(?:my |the )?orders (?:of|from|for|by)\b"
)
_NEVER_CAME = re.compile(
    r"\b(?:says?|shows?|marked|said|claims?|listed) (?:it(?:'s| is| was)? |that it (?:is|was) |as )?delivered\b|\bwhere(?:'s|s| is| are) (?:the|my|that|those) (?:\w+ ){1,3}(?:that )?(?:i|we) (?:ordered|bought|purchased|paid for)|\b(?:i|we)(?:'ve)? (?:ordered|bought|purchased) (?:\w+ ){1,8}(?:ago|yesterday|last \w+|days|weeks?|month)\b.*\b(?:nothing|still|haven'?t|hasn'?t|not|never|no)\b|\b(?:i|we)(?:'ve)? (?:ordered|bought|purchased) .{1,60}\bwhere (?:it|they) (?:is|are)\b|\bsupposed to (?:be here|arrive|come|get here|be delivered)\b|\b(?:delivery|shipping|shipment|package|parcel) status\b|\bwhen (?:\w+ ){0,3}my (?:new )?(?:shoes|shirts?|dress|jacket|pants|jeans|boots|coat|sweater|hat|headphones|sofa|couch|mattress|toys?|books?|clothes|furniture) (?:\w+ ){0,3}(?:arrive|come|ship|get here|be delivered|deliver)|(?:package|parcel|order|delivery|item|stuff)s? (?:is|are|was) ?(?:n'?t| not) (?:here|arriv)"
)


def _ordinary(words: str, seen: int, numbers: Numbers) -> Reading:
    if (_STOCK.search(words) or (_STOCK_OF_GOODS.search(words) and _STOCK_WORD.search(words))) and not re.search(
        r"market|customer|support|agent|phone|payment|delivery|shipping|shares?\b", words
    ):
        return Reading(Intent.STOCK, 0.85)
    thing = seen & (ORDER | GOODS) and (_OUR_ORDER.search(words) or _PLAIN_ORDER.search(words) is None)
    named = numbers.first("order_no") or numbers.first("waybill_no") or numbers.extra.get("order_tail")
    if _SPENT.search(words):
        return Reading(Intent.ORDER_DETAIL, 0.8, "", (), {"about": "amount"})
    if _ALL_ORDERS.search(words):
        return Reading(Intent.CUSTOMER_ORDERS, 0.8)
    if _NEVER_CAME.search(words) and not seen & SHOP:
        return Reading(Intent.WHERE_IS_ORDER, 0.8)
    if _DELIVERY_CHOICE.search(words):
        return Reading(Intent.OUT_OF_SCOPE, 0.75)
    if (thing or named or seen & BOUGHT) and _TICKETISH.search(words):
        return Reading(Intent.URGE_SHIPMENT, 0.75, "", (Intent.WHERE_IS_ORDER,))
    if _PAPERS.search(words):
        return Reading(Intent.OUT_OF_SCOPE, 0.7, "", (Intent.DOCUMENTS, Intent.ORDER_DETAIL))
    if _moves(words, seen, bool(thing or named)):
        return Reading(Intent.WHERE_IS_ORDER, 0.88)
    if seen & SHOP and not (seen & FIELD and thing):
        return Reading(Intent.OUT_OF_SCOPE, 0.7)
    if _CHANGE_ITEMS.search(words) or _BUYS.search(words):
        return Reading(Intent.OUT_OF_SCOPE, 0.7)
    if (
        thing
        and seen & MANY
        and re.search(r"\borders\b|(?:order|purchase) history|(?:my|customer's|their) (?:\w+ )?purchases$", words)
    ):
        return Reading(Intent.CUSTOMER_ORDERS, 0.8)
    if (thing or named) and (
        seen & FIELD
        or re.search(r"\bwhat (?:did i|have i) (?:buy|order|purchase)|how much (?:was|did|is) (?:my|the) order", words)
    ):
        return Reading(Intent.ORDER_DETAIL, 0.75)
    if named and seen & CHECK:
        return Reading(Intent.WHERE_IS_ORDER, 0.75, "", (Intent.ORDER_DETAIL,))
    if seen & GREET and not seen & ~(GREET | int(_.ASK)) and _GREETS.fullmatch(words):
        return Reading(Intent.SMALLTALK, 0.9)
    return Reading(Intent.OUT_OF_SCOPE, 0.5, "unsure", (Intent.WHERE_IS_ORDER, Intent.HELP) if thing else (Intent.HELP,))


def _moves(words: str, seen: int, thing: bool) -> bool:
    if not thing and not (seen & BOUGHT and seen & TRACK):
        return (
            bool(
                re.search(
                    r"\bwhen (?:will|is|does|can) (?:it|they|this) (?:arrive|come|get here|ship|be delivered|going to arrive)|\bwhere is it\b$|\btracking (?:info|number|update)",
                    words,
                )
            )
            and not seen & SHOP
        )
    if _BUYS.search(words) and not seen & (TRACK | STATUS):
        return False
    if seen & ORDER and seen & STATUS and not (seen & CHANGE and _CHANGE_ITEMS.search(words) and "status" not in words):
        return True
    if _LOOKED_FOR.search(words) and not seen & SHOP:
        return True
    if _IS_IT_HERE.search(words) and not seen & (SHOP | POLICY | FEE | CHANGE | CANCEL):
        return True
    if re.search(
        r"\b(?:any|an|latest|more) updates?\b|\bcheck(?:ing)?(?: up)? on\b|\b(?:has|have|did|is|was|will|it's|been|being) (?:\w+ ){0,4}(?:ship|shipped|left|dispatched|sent|out for|deliver(?:ed)?)\b",
        words,
    ):
        return True
    if re.search(
        r"\btrack|\btac?k (?:my|the|a|our)\b|\btrac(?:e|ing)\b|\blocat|\bwhereabouts|\beta\b|\bstatus|\bmonitor|\btransit|\bnews\b",
        words,
    ):
        return True
    if _WHERE.search(words) and (
        _COMES.search(words)
        or re.search(
            r"\bwhere(?!\s+(?:can|do|could|should|to))|\bhow(?:'s| is| are)\b|\bwhat(?:'s|s| is)? (?:up|going|happen)", words
        )
    ):
        return not re.search(
            r"\bhow (?:is|are) (?:\w+ ){0,3}(?:made|used|packed|different)|where (?:can|do|could|should) i (?:get|buy|order|find)",
            words,
        )
    if _NOT_ARRIVED.search(words) and _COMES.search(words):
        return True
    return bool(re.search(r"\b(?:late|delayed|lost|missing|stuck|on (?:its|the) way|not here|arriv\w+|get here)\b", words))
