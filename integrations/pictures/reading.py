"""What runs in the process of its own: bytes of a stranger's picture in, codes and lines of print out.

Codes by zxing-cpp. Print by RapidOCR, when it is installed (the extra `ocr`); its models ship inside its wheel, so
nothing is fetched. `python -m integrations.pictures.reading` answers frames on its standard input until that closes:

    in    4 bytes, big endian: length; then the picture
    out   4 bytes, big endian: length; then JSON {"codes": [[text, product], …], "lines": [text, …]} or {"error": why}
"""

from __future__ import annotations

import io
import json
import resource
import struct
import sys
import warnings
from typing import Any, BinaryIO

from PIL import Image, ImageOps

from integrations.pictures.eyes import reads_text

MAX_PIXELS = 40_000_000  # beyond every phone's camera used for a screenshot; a bomb is refused before it is unpacked
MEMORY = 3 << 30  # address space of the process, bytes: what the recogniser maps, and no more
WIDE = 2000  # longest side that is looked at, pixels: print of a phone's screen is read well below that
SURE = 0.6  # of the recogniser's own confidence, 0 to 1
MAX_LINES, MAX_TEXT = 80, 300
_PRODUCTS = frozenset({"EAN13", "EAN8", "UPCA", "UPCE", "ISBN"})
_NOT_FORMATS = ("PNG", "JPEG", "GIF", "WEBP", "BMP")


class Reader:
    """Loads the recogniser at the first picture in which no code was found or print is wanted, and keeps it."""

    def __init__(self) -> None:
        self._print: Any = None

    def read(self, content: bytes) -> dict[str, Any]:
        """Codes and lines of one picture, or an `error` that is no fault of ours: `not-a-picture`, `too-large`."""
        try:
            picture = opened(content)
        except Image.DecompressionBombError:
            return {"error": "too-large"}
        except (OSError, ValueError, SyntaxError, struct.error, Image.DecompressionBombWarning):
            return {"error": "not-a-picture"}
        codes = found_codes(picture)
        return {"codes": codes, "lines": self._lines(picture)}

    def _lines(self, picture: Image.Image) -> list[str]:
        if not reads_text():
            return []
        if self._print is None:
            from rapidocr_onnxruntime import RapidOCR

            self._print = RapidOCR()
        import numpy as np

        found, _ = self._print(np.asarray(picture)[:, :, ::-1])
        # Boxes come in reading order but for the columns: sorted by line, then from the left.
        placed = sorted((round(box[0][1] / 12), box[0][0], text) for box, text, score in found or () if float(score) >= SURE)
        return [text[:MAX_TEXT] for _, _, text in placed[:MAX_LINES]]


def opened(content: bytes) -> Image.Image:
    """Upright, RGB, at most `WIDE` on its longest side. Raises what Pillow raises."""
    with warnings.catch_warnings():
        warnings.simplefilter("error", Image.DecompressionBombWarning)
        Image.MAX_IMAGE_PIXELS = MAX_PIXELS // 2  # Pillow refuses at twice this and warns from here on
        source = Image.open(io.BytesIO(content), formats=_NOT_FORMATS)
        if source.width * source.height > MAX_PIXELS:
            raise Image.DecompressionBombError
        source.draft("RGB", (WIDE, WIDE))
        upright = ImageOps.exif_transpose(source)
        picture = Image.new("RGB", upright.size, "white")
        picture.paste(upright, mask=upright.getchannel("A") if upright.mode in {"RGBA", "LA"} else None)
    picture.thumbnail((WIDE, WIDE))
    return picture


def found_codes(picture: Image.Image) -> list[list[Any]]:
    """[[text, whether it names goods], …]; a small code is looked for once more in a picture of twice the size."""
    import zxingcpp

    found = zxingcpp.read_barcodes(picture)
    if not found and max(picture.size) <= WIDE // 2:
        found = zxingcpp.read_barcodes(picture.resize((picture.width * 2, picture.height * 2)))
    return [[one.text[:MAX_TEXT], one.format.name in _PRODUCTS] for one in found[:20] if one.text.strip()]


def serve(given: BinaryIO, answers: BinaryIO) -> None:
    """Answer frames until the other side closes."""
    reader = Reader()
    while len(head := given.read(4)) == 4:
        content = given.read(struct.unpack(">I", head)[0])
        answer = json.dumps(reader.read(content), ensure_ascii=False).encode()
        answers.write(struct.pack(">I", len(answer)) + answer)
        answers.flush()


if __name__ == "__main__":  # pragma: no cover - run in the process of its own, through Eyes
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    out = sys.stdout.buffer
    sys.stdout = sys.stderr  # a library that prints must not break the frames
    serve(sys.stdin.buffer, out)
