"""Pictures and voice notes become words before the message is understood.

Only for people we know who spoke to the bot, or sent a picture and nothing else: reading a picture costs, and a stranger's
costs us as much. What was read is said in the answer, since print can be misread; what cannot be read is one sentence.
"""

from __future__ import annotations

import asyncio
import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass

import structlog

from domain.chat import Attachment, Message, Reply
from domain.errors import BadInput, Rejected, Unavailable
from domain.pictures import Shown, shown
from domain.ports import Chat, FetchesMedia, Seen, SeesPictures
from domain.store import Store
from domain.understand.identifiers import read_numbers
from domain.understand.normal import normalise
from handlers.words.sight import words

log = structlog.get_logger()
MOST_PICTURES = 3
MAX_BYTES = 12 << 20
SLOW = 25.0  # seconds for fetching and reading all pictures of one message


@dataclass(frozen=True, slots=True)
class Looked:
    """The message with what was seen in its text; `said` goes before the answer; or `reply`, when nothing is to ask."""

    message: Message
    said: str = ""
    reply: Reply | None = None
    silent: bool = False  # nothing was said to us, and there are no words that could be meant for us


class Sight:
    """`eyes` is None where pictures are not read at all."""

    def __init__(self, store: Store, chats: Mapping[str, Chat], eyes: SeesPictures | None, *, lang: str = "zh") -> None:
        self._store = store
        self._chats = chats
        self._eyes = eyes
        self._say = words(lang)

    async def look(self, message: Message) -> Looked:
        """Never raises but for cancellation and what the store raises."""
        pictures = [one for one in message.attachments if one.kind == "image" and one.media_id]
        deaf = any(one.kind == "voice" and not one.text for one in message.attachments)
        wordless = not message.text.strip()
        if not await self._known(message):
            return Looked(message)  # turned away, and put on record, like any stranger
        if not (pictures or deaf) or not (message.addressed or (pictures and wordless)):
            return Looked(message, silent=wordless and not message.addressed)
        if not pictures:
            return Looked(message) if message.text.strip() else Looked(message, reply=Reply(self._say.not_heard()))
        try:
            async with asyncio.timeout(SLOW):
                found, why = await self._all(message.chat.platform, pictures[:MOST_PICTURES])
        except TimeoutError:
            found, why = Seen(), self._say.not_fetched()
        looked = self._joined(message, shown(found), why)
        if not message.addressed and not looked.said:
            return Looked(message, silent=True)  # a picture among colleagues that names no order is theirs
        return looked

    async def aclose(self) -> None:
        close = getattr(self._eyes, "aclose", None)
        if close is not None:
            await close()

    async def _known(self, message: Message) -> bool:
        platform, who = message.chat.platform, message.sender.user_id
        person = await self._store.read(lambda r: r.people.by_account(platform, who))
        return person is not None and person.active

    async def _all(self, platform: str, pictures: list[Attachment]) -> tuple[Seen, str]:
        """Everything on the pictures together, and why the last one that failed could not be read."""
        seen, why = Seen(), ""
        for picture in pictures:
            try:
                one = await self._one(platform, picture)
            except BadInput as bad:
                why = bad.sentence
            except (Unavailable, Rejected) as trouble:
                log.warning("picture.not_read", platform=platform, error=type(trouble).__name__)
                why = self._say.not_fetched()
            else:
                seen = Seen((*seen.codes, *one.codes), (*seen.lines, *one.lines))
        return seen, why

    async def _one(self, platform: str, picture: Attachment) -> Seen:
        chat = self._chats.get(platform)
        if self._eyes is None or not isinstance(chat, FetchesMedia):
            raise BadInput(self._say.cannot_see())
        return await self._eyes.see(await chat.fetch(picture, limit=MAX_BYTES))

    def _joined(self, message: Message, numbers: Shown, why: str) -> Looked:
        if read_numbers(normalise(message.text)[0]).found:
            return Looked(message)  # typed by a person: surer than what we read
        kind, asked = numbers.asked()
        if asked:
            text = f"{message.text.strip()} {self._say.asks(kind, asked)}".strip()
            said = self._say.read(kind, asked, len(numbers.orders if kind == "order_no" else asked))
            return Looked(dataclasses.replace(message, text=text), said)
        if message.text.strip():
            return Looked(message)  # the words stand for themselves: a photo beside them may be evidence
        reads_text = self._eyes is not None and self._eyes.reads_text
        return Looked(message, reply=Reply(why or self._say.nothing_read(reads_text=reads_text)))


def with_preface(reply: Reply | None, said: str) -> Reply | None:
    """The answer, which first says what was read from the picture."""
    if reply is None or not said:
        return reply
    card = reply.card and dataclasses.replace(reply.card, lines=(said, *reply.card.lines))
    return dataclasses.replace(reply, text=f"{said}\n{reply.text}", card=card)
