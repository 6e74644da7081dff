"""ComfyUI: a graph of nodes, of which the prompt is what leads into a sampler.

`prompt` is the graph as it was run, {id: {class_type, inputs}}, an input being a value or
[id of a node, number of its output]; `workflow` the graph as it was drawn. WebP files have
them in EXIF, with their names before a colon.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping

from pipeline.pictures.metadata.generators.made import Made, json_of

_MOST = 5_000  # nodes walked over
_SINKS = ("save", "preview", "output")
_TEXTS = (
    "text",
    "text_g",
    "text_l",
    "t5xxl",
    "clip_l",
    "clip_g",
    "prompt",
    "string",
    "value",
    "positive",
    "wildcard_text",
)
_MODELS = ("ckpt_name", "unet_name", "model_name", "base_ckpt_name", "gguf_name")
_NOT_WORDS = (
    "model",
    "clip",
    "vae",
    "image",
    "images",
    "samples",
    "latent_image",
    "latent",
    "pixels",
    "mask",
    "control_net",
)
_WIDGETS = {
    "CLIPTextEncode": ("text",), "CheckpointLoaderSimple": ("ckpt_name",), "UNETLoader": ("unet_name",),
    "KSampler": ("seed",), "KSamplerAdvanced": ("add_noise", "noise_seed"), "RandomNoise": ("noise_seed",),
    "PrimitiveString": ("value",), "PrimitiveStringMultiline": ("value",), "UnetLoaderGGUF": ("unet_name",),
}  # fmt: skip
"""What a drawn node's values are called, of those that matter."""

Node = Mapping[str, object]
Graph = dict[str, Node]


def recognize(texts: Mapping[str, str]) -> Made | None:
    """From the graph that was run, or else the one that was drawn."""
    graph = _run(json_of(texts.get("prompt")))
    drawn = json_of(texts.get("workflow"))
    if graph is None and drawn is not None:
        graph = _drawn(drawn)
    if not graph:
        return None
    for sampler in _samplers(graph):
        prompt = _words(graph, sampler, "positive")
        if prompt:
            return Made(
                "ComfyUI",
                prompt,
                _words(graph, sampler, "negative"),
                _model(graph, sampler),
                _seed(graph, sampler),
            )
    # No sampler of a kind that is known: what is written in it, and nothing of which is what.
    words = [text for node in graph.values() if "TextEncode" in _kind(node) for text in _own(node)]
    return Made("ComfyUI", "\n".join(dict.fromkeys(words)) or None)


def _run(found: dict | None) -> Graph | None:
    if found is None:
        return None
    nodes = {
        str(name): node
        for name, node in found.items()
        if isinstance(node, dict) and isinstance(node.get("inputs"), dict) and "class_type" in node
    }
    return nodes or None


def _drawn(workflow: dict) -> Graph | None:
    nodes, links = workflow.get("nodes"), workflow.get("links")
    if not isinstance(nodes, list) or not isinstance(links, list):
        return None
    sources = {link[0]: [str(link[1]), link[2]] for link in links if isinstance(link, list) and len(link) > 4}
    graph = {}
    for node in nodes:
        if not isinstance(node, dict) or node.get("mode") in (2, 4):  # muted, bypassed
            continue
        kind, values = str(node.get("type")), node.get("widgets_values")
        inputs = dict(values) if isinstance(values, dict) else dict(zip(_WIDGETS.get(kind, ()), values or ()))
        for slot in node.get("inputs") or ():
            if isinstance(slot, dict) and slot.get("link") in sources:
                inputs[str(slot.get("name"))] = sources[slot["link"]]
        graph[str(node.get("id"))] = {"class_type": kind, "inputs": inputs}
    return graph or None


def _kind(node: Node) -> str:
    return str(node["class_type"])


def _link(graph: Graph, value: object) -> Node | None:
    """The node that an input comes from; None where it is a value."""
    return graph.get(str(value[0])) if isinstance(value, list) and len(value) == 2 else None


def _up(graph: Graph, starts: list[Node], follow) -> Iterator[Node]:
    """The nodes that lead into some, the nearest first, each once; follow: (node, input) → whether to."""
    waiting, seen = deque(starts), set(map(id, starts))
    while waiting and len(seen) < _MOST:
        node = waiting.popleft()
        yield node
        for name, value in node["inputs"].items():
            above = _link(graph, value)
            if above is not None and id(above) not in seen and follow(node, name):
                seen.add(id(above))
                waiting.append(above)


def _samplers(graph: Graph) -> Iterator[Node]:
    """Nodes that take words for a picture, those that lead to the saved one first."""
    sinks = [node for node in graph.values() if any(word in _kind(node).lower() for word in _SINKS)]
    ordered = [*_up(graph, sinks, lambda *_: True), *graph.values()]
    seen = set()
    for node in ordered:
        if id(node) not in seen:
            seen.add(id(node))
            if "sampler" in _kind(node).lower() or "positive" in node["inputs"]:
                yield node


def _words(graph: Graph, sampler: Node, role: str) -> str | None:
    """The texts that lead into a sampler's `positive` or `negative`."""
    start = _link(graph, sampler["inputs"].get(role))
    if start is None and role == "positive":  # one that is guided, or conditioned, through another node
        start = _link(graph, sampler["inputs"].get("guider")) or _link(
            graph, sampler["inputs"].get("conditioning")
        )
    elif start is None:
        start = _link(graph, sampler["inputs"].get("guider"))
        start = start if start and "negative" in start["inputs"] else None
    if start is None:
        text = sampler["inputs"].get(role)
        return text if isinstance(text, str) else None

    def follow(node: Node, name: str) -> bool:
        if role in node["inputs"]:  # it hands both on
            return name == role
        return name not in _NOT_WORDS and name != ("negative" if role == "positive" else "positive")

    words = [
        text
        for node in _up(graph, [start], follow)
        if role not in node["inputs"] or _own(node)
        for text in _own(node)
    ]
    return "\n".join(dict.fromkeys(words)) or None


def _own(node: Node) -> list[str]:
    """What is written in a node itself."""
    return [
        text.strip() for name in _TEXTS if isinstance(text := node["inputs"].get(name), str) and text.strip()
    ]


def _model(graph: Graph, sampler: Node) -> str | None:
    start = _link(graph, sampler["inputs"].get("model")) or _link(graph, sampler["inputs"].get("guider"))
    for node in _up(graph, [start] if start else [], lambda *_: True):
        for name in _MODELS:
            if isinstance(value := node["inputs"].get(name), str):
                return value
    return None


def _seed(graph: Graph, sampler: Node) -> str | None:
    for name in ("seed", "noise_seed", "noise"):
        value = sampler["inputs"].get(name)
        above = _link(graph, value)
        if above is not None:
            value = next(
                (
                    above["inputs"].get(key)
                    for key in ("noise_seed", "seed", "value", "int")
                    if above["inputs"].get(key) is not None
                ),
                None,
            )
        if isinstance(value, int | float) and not isinstance(value, bool):
            return str(int(value))
    return None
