"""What the rules ask of the outside world: sales channels, carriers, chat platforms.

Storage's own protocols are in `domain.store`. A connector implements the protocols its card (`manifest.toml`) declares.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol, runtime_checkable

from domain.chat import Attachment, ChatRef, Incoming, MessageRef, Reply
from domain.money import Money
from domain.order import AddressRequest, Aftersale, Order, Receiver, Track
from domain.pace import Pace
from domain.roster import Colleague, RosterEvent


@dataclass(frozen=True, slots=True)
class Window:
    """Half-open span of update times, aware UTC."""

    start: datetime
    end: datetime


@dataclass(frozen=True, slots=True)
class Poison:
    """A record that could not be mapped. It goes to quarantine and never blocks its neighbours."""

    source: str  # connector
    ref: str  # the platform's id, or "" when unreadable
    reason: str
    raw: str  # JSON text with personal data removed


# --- channels ---------------------------------------------------------------------------------------------------------


@runtime_checkable
class PullsOrders(Protocol):
    def orders(self, window: Window) -> AsyncIterator[tuple[Order | Poison, ...]]:
        """Every order whose update time lies in the window, one tuple per page, complete whatever moves meanwhile.

        The caller cuts windows to the card's `window_hours` and repeats with overlap; order inside is not promised.
        """
        ...


@runtime_checkable
class FetchesOrder(Protocol):
    async def order(self, number: str) -> Order | None:
        """The order as the channel has it now, or None when the channel says that it does not exist."""
        ...


@runtime_checkable
class PullsAftersales(Protocol):
    def aftersales(self, window: Window) -> AsyncIterator[tuple[Aftersale | Poison, ...]]: ...


@runtime_checkable
class FetchesAftersale(Protocol):
    async def aftersale(self, number: str, order_number: str) -> Aftersale | None: ...


@dataclass(frozen=True, slots=True)
class RefundDecision:
    """Agree to or refuse one after-sale. The same `key` twice is one effect."""

    aftersale_number: str
    order_number: str
    amount: Money
    key: str
    version: str = ""  # Aftersale.version at decision time
    reason: str = ""  # for a refusal: the platform's reason code or text
    note: str = ""


@dataclass(frozen=True, slots=True)
class Receipt:
    """What the platform said it did, for the card and the evidence. `reference` is its own id for the effect."""

    reference: str
    at: datetime
    detail: str = ""


@runtime_checkable
class DecidesRefunds(Protocol):
    async def agree_refund(self, decision: RefundDecision) -> Receipt:
        """Raises Rejected with the platform's words; OutcomeUnknown when the answer was lost."""
        ...


@runtime_checkable
class RefusesRefunds(Protocol):
    async def refuse_refund(self, decision: RefundDecision) -> Receipt: ...

    async def refusal_reasons(self, aftersale_number: str) -> tuple[tuple[str, str], ...]:
        """(code, words) the platform accepts for this after-sale."""
        ...


@dataclass(frozen=True, slots=True)
class AddressDecision:
    """Answer a buyer's address request (`agree`), or set a new receiver on the seller's own initiative."""

    order_number: str
    key: str
    agree: bool = True
    refusal: str = ""  # our words: picking, allocating, in_warehouse, outbound, shipping
    receiver: Receiver | None = None


@runtime_checkable
class AnswersAddressRequests(Protocol):
    async def answer_address_request(self, decision: AddressDecision) -> Receipt: ...


@runtime_checkable
class ModifiesAddresses(Protocol):
    async def modify_address(self, decision: AddressDecision) -> Receipt: ...


@dataclass(frozen=True, slots=True)
class Shipment:
    order_number: str
    waybill: str
    carrier: str  # our carrier code
    key: str


@runtime_checkable
class ShipsOrders(Protocol):
    async def ship(self, shipment: Shipment) -> Receipt: ...


@runtime_checkable
class WritesRemarks(Protocol):
    async def remark(self, order_number: str, text: str, *, key: str) -> Receipt: ...


@dataclass(frozen=True, slots=True)
class StockLevel:
    sku: str
    platform_sku: str
    quantity: int
    key: str


@runtime_checkable
class WritesStock(Protocol):
    async def write_stock(self, level: StockLevel) -> Receipt: ...


# --- inbound pushes ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class RawRequest:
    """An HTTP request as it came: no meaning yet. Header names are lower-case."""

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes
    received_at: datetime
    remote: str = ""


@dataclass(frozen=True, slots=True)
class PushEvent:
    """One verified event. `dedupe` is stable across re-deliveries; `body` is what `resolve` needs, as JSON text."""

    kind: str
    dedupe: str
    body: str
    order_number: str = ""


@dataclass(frozen=True, slots=True)
class PushReceipt:
    """What to store and what exactly to answer once it is stored."""

    events: tuple[PushEvent, ...]
    status: int
    body: bytes
    media_type: str = "application/json"


@dataclass(frozen=True, slots=True)
class DeadlineMoved:
    """The channel changed a promise: kind `ship_by` or `aftersale`."""

    channel: str
    shop: str
    order_number: str
    kind: str
    due_at: datetime
    aftersale_number: str = ""


Change = Order | Aftersale | Track | AddressRequest | DeadlineMoved | Poison


@runtime_checkable
class ReceivesPushes(Protocol):
    def receive(self, request: RawRequest) -> PushReceipt:
        """Verify and split; no network, no clock but `received_at`. Raises Forged; BadInput when signed but unreadable."""
        ...

    async def resolve(self, event: PushEvent) -> tuple[Change, ...]:
        """Turn a stored event into canonical changes, asking the platform for the full record where a push is thin."""
        ...


@runtime_checkable
class StreamsPushes(Protocol):
    """Pushes that arrive over a connection which we open and keep (Pinduoduo's message channel), not as HTTP requests."""

    async def listen(self, store: Callable[[Sequence[PushEvent]], Awaitable[None]]) -> None:
        """Run until cancelled; reconnects by itself. The platform is told "received" only after `store` has returned.

        Raises NeedsAuthorization when only a person can make the platform talk to us again.
        """
        ...

    async def resolve(self, event: PushEvent) -> tuple[Change, ...]:
        """As in `ReceivesPushes`."""
        ...


# --- carriers ---------------------------------------------------------------------------------------------------------


@runtime_checkable
class QueriesTracks(Protocol):
    async def track(self, waybill: str, carrier: str, *, phone_tail: str = "") -> Track | None:
        """The parcel's history now, or None when the carrier has nothing yet."""
        ...


@runtime_checkable
class SubscribesTracks(Protocol):
    async def subscribe(self, waybill: str, carrier: str, *, phone_tail: str = "", callback_url: str, salt: str) -> None:
        """Ask for pushes. Being subscribed already is success."""
        ...


# --- chat platforms ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class ChatAbilities:
    """What a platform can draw; the renderer falls back by these, handlers never look."""

    buttons: bool
    edit_for_all: bool
    pictures: bool
    files: bool
    private_notice: bool
    max_text_bytes: int
    max_buttons: int
    per_minute: int  # messages per conversation the platform accepts
    per_hour: int = 0  # the same in an hour; 0 where there is no such limit


@dataclass(frozen=True, slots=True)
class ChatReceipt:
    """Verified incoming things to store, and the exact answer for the platform once they are stored.

    `answer` is for platforms that take the reply itself as the answer to their request: it is awaited after storing, ends by
    itself within the platform's patience, and gives the body to answer with instead of `body`.
    """

    incoming: tuple[Incoming, ...]
    status: int = 200
    body: bytes = b"{}"
    media_type: str = "application/json"
    headers: tuple[tuple[str, str], ...] = field(default=())
    answer: Callable[[], Awaitable[bytes]] | None = field(default=None, compare=False)
    people: tuple[RosterEvent, ...] = ()  # what the platform's directory told; stored like `incoming`, before the answer


@runtime_checkable
class Chat(Protocol):
    """A chat platform."""

    abilities: ChatAbilities

    async def send(self, chat: ChatRef, reply: Reply, *, key: str, to_user: str = "") -> MessageRef:
        """Deliver. The same `key` twice shows one message where the platform lets us make it so.

        `to_user` is set for a private reply. Raises Unavailable, OutcomeUnknown, Rejected.
        """
        ...

    async def update(self, ref: MessageRef, reply: Reply, *, key: str) -> MessageRef:
        """Replace a sent message for everybody, or, where the platform cannot, send a reply quoting it.

        Pictures, documents and mentions that the reply leaves out stay as they were sent.
        """
        ...


@runtime_checkable
class FetchesMedia(Protocol):
    """A chat platform from which what people sent (pictures, files, voice) can be had."""

    async def fetch(self, attachment: Attachment, *, limit: int) -> bytes:
        """The content of an attachment of a message, decrypted.

        Raises Unavailable (ask again), Rejected (gone, expired, never ours), BadInput when it is larger than `limit` bytes:
        stop reading there instead of holding a stranger's gigabyte in memory.
        """
        ...


@dataclass(frozen=True, slots=True)
class Code:
    """One QR or bar code. `product` marks the codes of goods (EAN, UPC, ISBN), which name an article and never a parcel."""

    text: str
    product: bool = False


@dataclass(frozen=True, slots=True)
class Seen:
    """What a picture shows: its codes, and the printed text line by line, top to bottom."""

    codes: tuple[Code, ...] = ()
    lines: tuple[str, ...] = ()


@runtime_checkable
class SeesPictures(Protocol):
    """Reads codes and print from a picture on this machine: nothing leaves the house."""

    reads_text: bool
    """Whether print is read, or codes only (the optional text recogniser is not installed)."""

    async def see(self, content: bytes) -> Seen:
        """Raises BadInput for what is not a picture or too large, Unavailable when reading took too long or broke."""
        ...


@runtime_checkable
class ReceivesChat(Protocol):
    def receive(self, request: RawRequest) -> ChatReceipt:
        """HTTP mode: verify and decode. Raises Forged, BadInput."""
        ...


@runtime_checkable
class DirectorySync(Protocol):
    """A chat platform that tells who works here: asked for everybody by the timetable, and telling of changes by push."""

    on_people: Callable[[Sequence[RosterEvent]], Awaitable[None]] | None
    """Where pushes over a kept connection go: awaited before the platform is told "received". None: nobody listens."""

    @property
    def has_directory(self) -> bool:
        """Whether what it needs for that is set up."""
        ...

    async def roster(self) -> tuple[Colleague, ...]:
        """Everybody whom we may see, complete: half a list raises ProtocolBroken, so that nobody is taken for a leaver.

        Raises Unavailable, NeedsAuthorization (which permission is missing), Rejected.
        """
        ...

    async def colleague(self, user_id: str) -> Colleague | None:
        """One person as they are now; None when they are not there, or not any more within what we may see."""
        ...


@runtime_checkable
class StreamsChat(Protocol):
    """Chat that arrives over a connection which we open and keep (WeCom's long connection, DingTalk's Stream)."""

    one_holder: bool
    """Whether the platform lets only one connection live (WeCom): then one replica holds it, by lease."""

    async def listen(self, store: Callable[[Sequence[Incoming]], Awaitable[None]]) -> None:
        """Run until cancelled; reconnects by itself. The platform is told "received" only after `store` has returned.

        Raises NeedsAuthorization when only a person can make the platform talk to us again.
        """
        ...


@runtime_checkable
class SharesPace(Protocol):
    """A chat platform that counts what leaves: with the store's `Pace`, replicas stay below its limits together."""

    def share(self, pace: Pace) -> None:
        """Called once, before anything is sent."""
        ...


@runtime_checkable
class NoticesGaps(Protocol):
    """A chat platform on which messages can go unheard. Who listens tells the groups; see `scheduler/gaps.py`."""

    on_heard: Callable[[datetime | None, datetime], Awaitable[None]] | None
    """(unheard since, until): awaited whenever hearing has begun again; `None` when this process had not heard before.
    While it is None itself, the connector tells the groups that it remembers."""

    @property
    def hearing(self) -> bool:
        """Whether what people write now reaches us."""
        ...

    @property
    def forgiven_seconds(self) -> float:
        """Absences shorter than this are not announced: the platform tries again that long, or hardly anybody wrote."""
        ...


# --- a language model, when one is plugged in ---------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class ModelTask:
    """One question to a language model. `text` is data and was veiled by the caller; nothing personal may be in either.

    `schema` is the JSON schema (strict dialect) of the object wanted back. `answer_tokens` caps the answer.
    """

    name: str
    instructions: str
    text: str
    schema: Mapping[str, object]
    answer_tokens: int = 400


@dataclass(frozen=True, slots=True)
class ModelAnswer:
    """What came back, as data of a stranger: a parsed JSON value, nothing checked. Tokens as told, or guessed high.

    `way` is how it was asked for: json_schema, tool, json_object or text.
    """

    value: object
    tokens_in: int
    tokens_out: int
    way: str


@runtime_checkable
class LanguageModel(Protocol):
    """An endpoint that turns text into a JSON object. It is never told what it may do, since it may do nothing."""

    @property
    def endpoint(self) -> str:
        """Host and model name, without the key: for people and for remembering what it can do."""
        ...

    @property
    def way(self) -> str:
        """The best way that is known to work; "" while nothing is known."""
        ...

    def resume(self, way: str) -> None:
        """Begin where an earlier process found it; an unknown way is ignored."""
        ...

    async def probe(self) -> str:
        """Find the best way that works, with a question of our own that holds nothing. Raises as `ask`."""
        ...

    async def ask(self, task: ModelTask) -> ModelAnswer:
        """Raises Unavailable (also with `retry_after`), NeedsAuthorization, ProtocolBroken (an answer that is none),
        Rejected (the model or its host declines).
        """
        ...
