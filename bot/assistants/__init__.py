"""The MCP face: people's own assistants ask in their name, and may propose; nothing here decides or carries out anything.

tokens   who may ask as whom: issued per person, kept as a hash, dead at once when the person leaves
tools    the closed list of tools and how their arguments become a plan
calls    one tool call: the same permissions, handlers and drafts as a sentence in the group
server   the tools over the official library, on stdio or HTTP; imported only when it is used
"""
