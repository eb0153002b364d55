"""The body of FastAPI's typed echo: a module without postponed annotations, because FastAPI reads them at run time."""

from pydantic import BaseModel


class Callback(BaseModel):
    type: str
    id: str
    chat: str
    text: str
