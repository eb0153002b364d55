"""English words and what they hint at, with tolerance for one typing error in the long ones.

The tolerance is a table of deletions (every word of the vocabulary with one letter left out), so an unknown word costs a few
dictionary look-ups; everyday words that lie one letter from ours (charge/change, cancer/cancel) are listed as themselves.
"""

# ruff: noqa: E501 - a pattern or a word list reads best on one line

from __future__ import annotations

import re
from enum import IntFlag
from functools import lru_cache


class Sense(IntFlag):
    """What one English word can say about the purpose of the sentence."""

    NONE = 0
    CANCEL = 1
    REFUND = 2
    RETURN = 4
    EXCHANGE = 8
    ADDRESS = 16
    CHANGE = 32
    CREATE = 64
    ORDER = 128  # order, purchase
    GOODS = 256  # item, product, package
    TRACK = 512
    STATUS = 1024
    WAIT = 2048  # waiting, expect, not received yet
    ASK = 4096  # get, request, want
    CHECK = 8192
    POLICY = 1 << 14
    FOREIGN = 1 << 15  # other people's business: banks, flights, songs
    SHOP = 1 << 16  # ours, but nothing the bot does: payments, accounts, reviews
    STOCK = 1 << 17
    PROBLEM = 1 << 18
    BOUGHT = 1 << 19
    DELIVERY = 1 << 20
    GREET = 1 << 21
    MANY = 1 << 22
    FIELD = 1 << 23
    FEE = 1 << 24
    URGE = 1 << 25


S = Sense
_GROUPS: tuple[tuple[Sense, str], ...] = (
    (S.CANCEL, "cancel cancels canceled cancelled canceling cancelling cancellation cancellations cancelation cancle cancelled cancell canceld annul annulling void scrap abort"),
    (S.REFUND, "refund refunds refunded refunding reimburse reimburses reimbursed reimbursing reimbursement reimbursements rebate rebates rebating rebated compensation compensations compensate compensated restitution restitutions repayment moneyback"),
    (S.RETURN, "return returns returning returned"),
    (S.EXCHANGE, "exchange exchanges exchanging exchanged"),
    (S.ADDRESS, "address addresses adress adresses addres addr"),
    (S.CHANGE, "change changes changing changed edit edits editing edited correct corrects correcting corrected correction corrections update updates updating updated modify modifies modifying modified modification modifications alter altering amend amending fix fixing rectify rectifying switch switching swap swapping replace replacing wrong incorrect mistake mistyped misspelled moved moving outdated redirect reroute revise chang chnage chenge"),
    (S.CREATE, "set setup setting add adding create creating enter entering register registering submit submitting store storing save saving new secondary another second input"),
    (S.ORDER, "order orders purchase purchases ordr oder oreder orde ordrs orer purchse purchas purchace prchase"),
    (S.GOODS, "item items product products package packages parcel parcels article articles goods shipment shipments merchandise pkg box delivery stuff parcle"),
    (S.DELIVERY, "delivery deliveries shipping shipment deliver delivers delivering"),
    (S.TRACK, "track tracks tracked tracking trace tracing locate locating located location whereabouts eta arrive arrives arrived arriving arrival delivered shipped ship dispatched dispatch transit monitor late delayed delay lost missing arive arived"),
    (S.STATUS, "status statuses progress stage news current currently state situation update updates doing happening happened statue stat"),
    (S.WAIT, "wait waiting await awaiting awaited expect expecting expects expected pending yet received receive receiving process processed processing issued owed due outstanding supposed promised arrive arrived arriving come coming came"),
    (S.ASK, "get getting got request requesting ask asking want wanna need obtain obtaining claim claiming demand demanding apply applying seek seeking would like have help help process file"),
    (S.CHECK, "check checking see seeing view viewing look looking find finding know inquire enquire inquiring consult consulting follow following verify tell learn inform review"),
    (S.POLICY, "policy policies guarantee guarantees conditions terms cases situations circumstances eligible eligibility rules entitled scenarios instances requirements"),
    (S.FEE, "fee fees fere penalty penalties charge charges charged cost costs price fine termination penality"),
    (S.SHOP, "pay paying paid payment payments payed modality modalities modalities option options method methods invoice invoices bill bills billing receipt account accounts acount profile password passcode pin login log signup sign registration newsletter subscription subscriptions unsubscribe subscribe review reviews feedback opinion opinions comment comments complaint complaints complain claim reclamation human agent operator person someone representative assistant chat call phone number contact hours customer service platinum gold pro premium free freemium user email mail website site app store stores coupon coupons discount discounts promo sale gift catalog period alternatives choices available shipp modaliteis pamyent"),
    (S.FOREIGN, "card cards bank banks banking credit debit loan loans mortgage insurance flight flights plane hotel hotels reservation reservations restaurant restaurants car uber lyft taxi transfer transfers transferred transaction transactions statement cheque cheques checks checkbook checkbooks paycheck salary deposit deposits withdrawal atm topup top-up currency currencies euro crypto bitcoin exchange-rate rate rates weather alarm alarms timer reminder reminders meeting meetings calendar song songs music movie movies playlist recipe recipes food pizza meal dinner lunch gas tire tires oil vacation pto visa passport luggage ticket tickets appointment appointments membership payee beneficiary wifi application applications score apr interest tax taxes w2 401k rollover ira jury lease rent apartment doctor prescription vaccine electricity spotify netflix instagram facebook creatine burger coffee sushi taco tacos chicken beer vs discover wells fargo chase visa mastercard amex market stocks shares cash cashback direct joint overdraft routing swift iban virtual disposable fiat apple google pay pal bill autopay trip travel traffic bus train shuttle mpg plug oil mileage game team score president nutrition calories ingredient ingredients substitute job interview boss company shopping list todo tip dollars-to time timezone date holiday spelling spell definition translate language roll dice coin flip whisper joke fact name pets hobbies identity fraud stolen report freeze frozen block blocked replacement expiration expire limit limits merchant money-transfer atm's"),
    (S.STOCK, "stock instock restock restocked restocking inventory availability sold-out backorder backordered"),
    (S.PROBLEM, "problem problems trouble troubles issue issues error errors cannot cant unable difficulty"),
    (S.BOUGHT, "bought purchased ordered buy buying placed made"),
    (S.GREET, "hi hello hey thanks thank thx bye goodbye morning afternoon evening ok okay cheers howdy yo greetings cool great"),
    (S.MANY, "history all past previous list recent every"),
    (S.FIELD, "details detail total summary contents amount"),
    (S.URGE, "expedite hurry faster urgent urgently speed rush asap"),
)  # fmt: skip

# Everyday words one letter away from ours; they mean themselves.
_INNOCENT = "wanting starts stars sites police relating treating riders produces whipping tracy packaged relate bites writing waking wailing training wasting hunting teacher except aspect expert exempt inspect respect export extract crackers trucks border boarder older holders ordered odder item times teams stems voices voice invoke chance charge cancer cancers charges older border holder orange dress stress truck trick crack tray there here were whale states statute produce parsec defund refine located locale return stack black trace counsel council address attract tracts process stage steak store score shore share chase phase phrase purchaser reference referent stuck shock shook custody corner border folder ordeal harder ardor"
_FUZZY = "cancel cancelling canceling cancellation purchase refund reimbursement reimbursements compensation compensations restitution rebate rebates address delivery shipping package parcel product products tracking payment payments invoice account status update updating correct correcting modify modifying purchases reservation newsletter shipment complaint penalty termination payment modalities options policy policies expect waiting tracking reimburse reimbursing rebating track order orders items invoice cancelled guarantee"


def _deletions(word: str) -> set[str]:
    return {word[:at] + word[at + 1 :] for at in range(len(word))}


def _table() -> dict[str, int]:
    table: dict[str, int] = {}
    for sense, words in _GROUPS:
        for word in words.split():
            table[word] = table.get(word, 0) | int(sense)
    for word in _INNOCENT.split():
        table.setdefault(word, 0)
    return table


def _fuzzy_index() -> dict[str, str]:
    index: dict[str, str] = {}
    for word in _FUZZY.split():
        index.setdefault(word, word)
        for shorter in _deletions(word):
            index.setdefault(shorter, word)
    return index


WORDS: dict[str, int] = _table()
_CLOSE: dict[str, str] = _fuzzy_index()
_OURS = Sense.CANCEL | Sense.REFUND | Sense.RETURN | Sense.ADDRESS | Sense.ORDER | Sense.GOODS | Sense.TRACK
_TRADE = frozenset(word for word, sense in WORDS.items() if sense & int(_OURS) and len(word) >= 5)
_WORD = re.compile(r"[a-z][a-z'-]*")


def near(word: str) -> int:
    """The senses of the vocabulary word that `word` is a one-letter error of (missing, extra, changed, swapped), or 0."""
    hit = _closest(word)
    return 0 if hit is None else WORDS[hit]


@lru_cache(maxsize=4096)
def _closest(word: str) -> str | None:
    if len(word) < 5:
        return None
    hit = _CLOSE.get(word)
    if hit is None:
        for shorter in _deletions(word):
            hit = _CLOSE.get(shorter)
            if hit is not None and abs(len(hit) - len(word)) <= 1:
                break
        else:
            return None
    return hit


_GLUE = re.compile(
    r"^(?:to|is|my|the|for|of|an?|this|that|your|obtain|delivery|shipping|not|want)(?=[a-z]{5})|(?:of|to|is|my|the|for|and|in|on)$"
)


def mend(text: str) -> str:
    """`text` with one-letter errors and glued words of the trade put right ("tocancel", "xepect"), so that patterns can read it.

    Only words outside the vocabulary are looked at, and only into words of the trade; everything else stays as typed.
    """
    return _WORD.sub(_mended, text) if text else text


def _mended(match: re.Match[str]) -> str:
    word = match.group()
    if len(word) < 5 or word in WORDS or "'" in word or "-" in word:
        return word
    close = _closest(word)
    if close is not None:
        return close
    if len(word) >= 7 and (glue := _GLUE.search(word)) is not None:
        head, tail = (word[: glue.end()], word[glue.end() :]) if glue.start() == 0 else (word[: glue.start()], glue.group())
        whole = tail if glue.start() == 0 else head
        if whole in _TRADE:
            return f"{head} {tail}"
    return word


def senses(text: str) -> int:
    """All senses of the words of `text` (lower case)."""
    words = WORDS
    together = 0
    for word in _WORD.findall(text):
        sense = words.get(word)
        if sense is None:
            if word.endswith("'s"):
                sense = words.get(word[:-2])
            if sense is None:
                sense = near(word)
        together |= sense
    return together
