"""Which uploads are let in, judged by their first bytes and never by what the browser says they are."""

from __future__ import annotations

from dataclasses import dataclass

from domain.errors import BadInput

_IMAGES = (
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"GIF87a", "image/gif"),
    (b"GIF89a", "image/gif"),
)
_FILES = {
    ".csv": "text/csv",
    ".txt": "text/plain",
    ".json": "application/json",
    ".pdf": "application/pdf",
    ".xls": "application/vnd.ms-excel",
    ".xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    ".gz": "application/gzip",
    ".zip": "application/zip",
}
IMAGE_TYPES = frozenset({"image/png", "image/jpeg", "image/gif", "image/webp"})


@dataclass(frozen=True, slots=True)
class Judged:
    kind: str  # image, file
    media_type: str


def judge(content: bytes, name: str, *, max_image: int, max_file: int) -> Judged:
    """What an upload is. Raises BadInput with a sentence for the person when it is too big or of a kind we do not take."""
    if not content:
        raise BadInput("这个文件是空的，换一个再发。")
    image = _image_type(content)
    if image:
        if len(content) > max_image:
            raise BadInput(f"图片太大了（上限 {max_image // 1_048_576} MB），裁小一点再发。")
        return Judged("image", image)
    suffix = "." + name.rsplit(".", 1)[-1].lower() if "." in name else ""
    if suffix not in _FILES:
        raise BadInput("这种文件收不了。可以发图片、表格（csv、xlsx）、pdf 或 txt。")
    if len(content) > max_file:
        raise BadInput(f"文件太大了（上限 {max_file // 1_048_576} MB），拆开再发，或者用导入命令。")
    return Judged("file", _FILES[suffix])


def _image_type(content: bytes) -> str:
    for magic, media_type in _IMAGES:
        if content.startswith(magic):
            return media_type
    return "image/webp" if content[:4] == b"RIFF" and content[8:12] == b"WEBP" else ""
