"""An OpenAI-compatible endpoint as `domain.ports.LanguageModel`. No card: it connects no shop, it changes nothing.

Wire: `POST {base}/chat/completions` (https://platform.openai.com/docs/api-reference/chat/create), as vLLM, Ollama,
llama.cpp, DeepSeek, Qwen and others offer it too. They differ in what they accept, so what works is found out (`ways`).
"""

from integrations.model.client import ChatCompletions, Settings, build

__all__ = ["ChatCompletions", "Settings", "build"]
