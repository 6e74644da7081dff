"""A folder of camera and generated pictures with the metadata that real programs write.

Each entry is a file's name, its bytes, and what is to be found in it. Structures that Pillow
does not write (IPTC, sidecars, hidden texts) are put together here by their specifications.
"""

from __future__ import annotations

import gzip
import io
import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from PIL import Image, PngImagePlugin

Entry = tuple[str, bytes, dict[str, object]]

CAMERA = {
    "taken": "2024-05-01T12:30:00.25+02:00", "camera": "NIKON D850", "lens": "NIKKOR 50mm f/1.8", "orientation": 6,
    "exposure": 0.004, "aperture": 2.8, "iso": 100.0, "focal_length": 50.0, "latitude": 48.2083333,
    "longitude": -11.5, "caption": "Übersee at noon", "creator": "Ada",
}  # fmt: skip

WEBUI = (
    "a red fox, <lora:snow:1>, (soft light:1.2)\nin snow\nNegative prompt: blurry,\nugly\nSteps: 20, Sampler: Euler a, "
    'CFG scale: 7, Seed: 4294967296, Size: 512x512, Model hash: 6ce0161689, Model: dreamshaper_8, Lora hashes: "snow: ab, x: cd", '
    "Version: {}"
)
FOX = {"prompt": "a red fox, <lora:snow:1>, (soft light:1.2)\nin snow", "negative_prompt": "blurry,\nugly",
       "model": "dreamshaper_8", "seed": "4294967296"}

COMFY = {
    "1": {"class_type": "CheckpointLoaderSimple", "inputs": {"ckpt_name": "SDXL\\juggernaut_v9.safetensors"}},
    "2": {"class_type": "CLIPTextEncode", "inputs": {"text": "a lighthouse at dusk", "clip": ["1", 1]}},
    "3": {"class_type": "CLIPTextEncode", "inputs": {"text": ["9", 0], "clip": ["1", 1]}},
    "4": {"class_type": "EmptyLatentImage", "inputs": {"width": 512, "height": 512, "batch_size": 1}},
    "5": {"class_type": "KSampler", "inputs": {"seed": 18446744073709551615, "model": ["10", 0], "positive": ["11", 0],
                                               "negative": ["11", 1], "latent_image": ["4", 0], "is_changed": float("nan")}},
    "6": {"class_type": "VAEDecode", "inputs": {"samples": ["5", 0], "vae": ["1", 2]}},
    "7": {"class_type": "SaveImage", "inputs": {"images": ["6", 0]}},
    "9": {"class_type": "PrimitiveString", "inputs": {"value": "watermark"}},
    "10": {"class_type": "LoraLoader", "inputs": {"model": ["1", 0], "lora_name": "x.safetensors"}},
    "11": {"class_type": "ControlNetApplyAdvanced", "inputs": {"positive": ["2", 0], "negative": ["3", 0], "image": ["12", 0]}},
    "12": {"class_type": "LoadImage", "inputs": {"image": "in.png"}},
}  # fmt: skip
LIGHTHOUSE = {"generator": "ComfyUI", "prompt": "a lighthouse at dusk", "negative_prompt": "watermark",
              "model": "juggernaut_v9", "seed": "18446744073709551615"}
FLUX = {
    "1": {"class_type": "UNETLoader", "inputs": {"unet_name": "flux1-dev.safetensors"}},
    "2": {"class_type": "CLIPTextEncode", "inputs": {"text": "a paper boat", "clip": ["8", 0]}},
    "3": {"class_type": "FluxGuidance", "inputs": {"guidance": 3.5, "conditioning": ["2", 0]}},
    "4": {"class_type": "BasicGuider", "inputs": {"model": ["1", 0], "conditioning": ["3", 0]}},
    "5": {"class_type": "RandomNoise", "inputs": {"noise_seed": 77}},
    "6": {"class_type": "SamplerCustomAdvanced", "inputs": {"noise": ["5", 0], "guider": ["4", 0], "latent_image": ["7", 0]}},
    "9": {"class_type": "SaveImage", "inputs": {"images": ["6", 0]}},
}  # fmt: skip
DRAWN = {
    "nodes": [
        {"id": 1, "type": "CheckpointLoaderSimple", "widgets_values": ["v1-5.ckpt"], "inputs": []},
        {"id": 2, "type": "CLIPTextEncode", "widgets_values": ["two owls"], "inputs": [{"name": "clip", "link": 4}]},
        {"id": 3, "type": "CLIPTextEncode", "widgets_values": ["text"], "inputs": [{"name": "clip", "link": 5}]},
        {"id": 5, "type": "KSampler", "widgets_values": [5, "fixed", 20], "inputs": [
            {"name": "model", "link": 1}, {"name": "positive", "link": 2}, {"name": "negative", "link": 3}]},
        {"id": 6, "type": "SaveImage", "widgets_values": ["out"], "inputs": [{"name": "images", "link": 6}]},
    ],
    "links": [[1, 1, 0, 5, 0, "MODEL"], [2, 2, 0, 5, 1, "C"], [3, 3, 0, 5, 2, "C"], [4, 1, 1, 2, 0, "CLIP"],
              [5, 1, 1, 3, 0, "CLIP"], [6, 5, 0, 6, 0, "LATENT"]],
}  # fmt: skip
NOVEL = {"Title": "AI generated image", "Description": "a knight", "Software": "NovelAI", "Source": "NovelAI Diffusion V4",
         "Comment": json.dumps({"prompt": "a knight", "uc": "lowres", "seed": 99, "steps": 28})}
KNIGHT = {"generator": "NovelAI", "prompt": "a knight", "negative_prompt": "lowres", "model": "NovelAI Diffusion V4", "seed": "99"}
DRAW_THINGS = json.dumps({"c": "a teapot", "uc": "cracks", "seed": 12, "model": "sd_xl_base.ckpt", "sampler": "DPM++"})
TEAPOT = {"generator": "Draw Things", "prompt": "a teapot", "negative_prompt": "cracks", "model": "sd_xl_base", "seed": "12"}

XMP = """<?xpacket begin='\ufeff' id='W5M0MpCehiHzreSzNTczkc9d'?>
<x:xmpmeta xmlns:x='adobe:ns:meta/'><rdf:RDF xmlns:rdf='http://www.w3.org/1999/02/22-rdf-syntax-ns#'>
<rdf:Description rdf:about='' xmlns:xmp='http://ns.adobe.com/xap/1.0/' xmlns:dc='http://purl.org/dc/elements/1.1/'
 xmlns:lr='http://ns.adobe.com/lightroom/1.0/' xmlns:exif='http://ns.adobe.com/exif/1.0/' xmp:Rating='{rating}'
 exif:GPSLatitude='33,51.5S' exif:GPSLongitude='151,12,36E'>
<dc:subject><rdf:Bag><rdf:li>harbor</rdf:li><rdf:li>Sydney</rdf:li></rdf:Bag></dc:subject>
<lr:hierarchicalSubject><rdf:Bag><rdf:li>Places|Australia|Sydney</rdf:li></rdf:Bag></lr:hierarchicalSubject>
<dc:title><rdf:Alt><rdf:li xml:lang='de'>Hafen</rdf:li><rdf:li xml:lang='x-default'>{title}</rdf:li></rdf:Alt></dc:title>
<dc:description><rdf:Alt><rdf:li xml:lang='x-default'>Ferries &lt;b&gt;at rest&lt;/b&gt;</rdf:li></rdf:Alt></dc:description>
<dc:creator><rdf:Seq><rdf:li>Ada</rdf:li><rdf:li>Grace</rdf:li></rdf:Seq></dc:creator>
<dc:rights><rdf:Alt><rdf:li xml:lang='x-default'>CC BY</rdf:li></rdf:Alt></dc:rights>
</rdf:Description></rdf:RDF></x:xmpmeta><?xpacket end='w'?>"""
HARBOR = {"title": "Harbor", "caption": "Ferries <b>at rest</b>", "creator": "Ada, Grace", "copyright": "CC BY", "rating": 4,
          "keywords": ("harbor", "Sydney"), "latitude": -33.8583333, "longitude": 151.21}


def picture(seed: int = 0, size: int = 24, mode: str = "RGB") -> Image.Image:
    """Noise of a few colors, another one for each number."""
    generator = np.random.default_rng(seed)
    return Image.fromarray(generator.integers(0, 255, (size, size, len(mode)), np.uint8), mode)


def saved(kind: str, image: Image.Image | None = None, **more) -> bytes:
    """An encoded picture."""
    buffer = io.BytesIO()
    (image or picture()).save(buffer, kind, **more)
    return buffer.getvalue()


def texts(given: dict[str, str], *, packed: bool = False, image: Image.Image | None = None) -> bytes:
    """A PNG with texts; what is no Latin-1 goes into an iTXt chunk."""
    info = PngImagePlugin.PngInfo()
    for key, value in given.items():
        info.add_text(key, value, zip=packed)
    return saved("PNG", image, pnginfo=info)


def camera() -> Image.Exif:
    """What a camera writes of a shot."""
    tags = Image.Exif()
    tags.update({0x010F: "NIKON CORPORATION", 0x0110: "NIKON D850", 0x010E: "Übersee at noon".encode(),
                 0x0112: 6, 0x013B: "Ada"})
    tags.get_ifd(0x8769).update({
        0x9003: "2024:05:01 12:30:00", 0x9291: "25", 0x9011: "+02:00", 0x829A: 1 / 250, 0x829D: 2.8, 0x8827: 100,
        0x920A: 50.0, 0xA434: "NIKKOR 50mm f/1.8"})
    tags.get_ifd(0x8825).update({1: "N", 2: (48.0, 12.0, 30.0), 3: "W", 4: (11.0, 30.0, 0.0)})
    return tags


def commented(text: str, code: bytes = b"UNICODE\0", encoding: str = "utf-16-be") -> bytes:
    """An EXIF block with a user comment."""
    tags = Image.Exif()
    tags.get_ifd(0x8769)[0x9286] = code + text.encode(encoding)
    return tags.tobytes()


def iptc(fields: list[tuple[int, bytes]], utf8: bool = True) -> bytes:
    """A segment of Photoshop's image resources with an IPTC block (IIM 4.2), to stand behind a JPEG's first bytes."""
    block = b"\x1c\x01\x5a\x00\x03\x1b%G" if utf8 else b""
    block += b"".join(b"\x1c\x02" + bytes([number]) + len(text).to_bytes(2, "big") + text for number, text in fields)
    padded = block + b"\0" * (len(block) & 1)
    body = b"Photoshop 3.0\0" + b"8BIM\x04\x25\0\0" + (0).to_bytes(4, "big")
    body += b"8BIM\x04\x04\0\0" + len(block).to_bytes(4, "big") + padded
    return b"\xff\xed" + (len(body) + 2).to_bytes(2, "big") + body


def hidden(text: str, magic: bytes = b"stealth_pngcomp", size: int = 200, claim: int = 0) -> Image.Image:
    """A picture in whose transparency a text is hidden, column by column; claim: bits it says it has."""
    packed = gzip.compress(text.encode()) if magic.endswith(b"comp") else text.encode()
    bits = np.unpackbits(np.frombuffer(magic + (claim or 8 * len(packed)).to_bytes(4, "big") + packed, np.uint8))
    pixels = np.array(picture(5, size, "RGBA"))
    alpha = np.full(size * size, 254, np.uint8)
    alpha[: len(bits)] |= bits
    pixels[:, :, 3] = alpha.reshape(size, size).T
    return Image.fromarray(pixels, "RGBA")


def entries() -> Iterator[Entry]:
    """The pictures, and what each says; a name that ends in .xmp is a sidecar's and says nothing itself."""
    for name, kind in (("a.jpg", "JPEG"), ("a.png", "PNG"), ("a.webp", "WEBP")):
        yield f"camera/{name}", saved(kind, exif=camera().tobytes()), CAMERA
    turned = {key: value for key, value in CAMERA.items() if key not in ("orientation", "caption")}  # Pillow writes them anew
    yield "camera/a.avif", saved("AVIF", exif=camera().tobytes()), turned
    packet = XMP.format(title="Harbor", rating=4).encode()
    for name, kind in (("x.jpg", "JPEG"), ("x.webp", "WEBP"), ("x.png", "PNG")):
        more = {"pnginfo": PngImagePlugin.PngInfo()} if kind == "PNG" else {"xmp": packet}
        if kind == "PNG":
            more["pnginfo"].add_itxt("XML:com.adobe.xmp", packet.decode())
        yield f"agency/{name}", saved(kind, **more), HARBOR
    yield "agency/side.jpg", saved("JPEG", picture(1), exif=camera().tobytes(), xmp=packet), {
        **CAMERA, **HARBOR, "title": "From the sidecar", "rating": -1, "latitude": 48.2083333, "longitude": -11.5}
    yield "agency/side.xmp", XMP.format(title="From the sidecar", rating=-1).encode(), {}
    plain = saved("JPEG", picture(2))
    fields = [(5, b"Opening"), (25, "Fuß".encode()), (25, b"crowd"), (120, "A caption, größer".encode()), (80, b"Grace"),
              (116, b"(c) 1999"), (55, b"19991231"), (60, b"235959+0100")]
    told = {"title": "Opening", "keywords": ("Fuß", "crowd"), "caption": "A caption, größer", "creator": "Grace",
            "copyright": "(c) 1999", "taken": "1999-12-31T23:59:59+01:00"}
    yield "agency/iptc.jpg", plain[:2] + iptc(fields) + plain[2:], told
    yield from _generated()


def _generated() -> Iterator[Entry]:
    fox = {"generator": "Stable Diffusion web UI", **FOX}
    yield "made/webui.png", texts({"parameters": WEBUI.format("v1.6.0")}), fox
    yield "made/webui_packed.png", texts({"parameters": WEBUI.format("v1.6.0")}, packed=True), fox
    for name, code, encoding in (("be", b"UNICODE\0", "utf-16-be"), ("le", b"UNICODE\0", "utf-16-le"), ("ascii", b"ASCII\0\0\0", "ascii")):
        yield f"made/webui_{name}.jpg", saved("JPEG", exif=commented(WEBUI.format("v1.6.0"), code, encoding)), fox
    yield "made/webui.webp", saved("WEBP", exif=commented(WEBUI.format("v1.6.0"))), fox
    yield "made/forge.png", texts({"parameters": WEBUI.format("f2.0.1v1.10.1-previous-1")}), {**fox, "generator": "Forge"}
    yield "made/comfy.png", texts({"prompt": json.dumps(COMFY), "workflow": json.dumps(DRAWN)}), LIGHTHOUSE
    yield "made/flux.png", texts({"prompt": json.dumps(FLUX)}), {
        "generator": "ComfyUI", "prompt": "a paper boat", "negative_prompt": None, "model": "flux1-dev", "seed": "77"}
    yield "made/drawn.png", texts({"workflow": json.dumps(DRAWN)}), {
        "generator": "ComfyUI", "prompt": "two owls", "negative_prompt": "text", "model": "v1-5", "seed": "5"}
    tags = Image.Exif()
    tags.update({0x0110: "prompt:" + json.dumps(COMFY), 0x010F: "workflow:" + json.dumps(DRAWN)})
    yield "made/comfy.webp", saved("WEBP", exif=tags.tobytes()), {**LIGHTHOUSE, "camera": None}
    invoke = {"positive_prompt": "a violin", "negative_prompt": "noise", "seed": 3, "model": {"name": "Analog"}, "app_version": "4.2"}
    violin = {"generator": "InvokeAI", "prompt": "a violin", "negative_prompt": "noise", "model": "Analog", "seed": "3"}
    yield "made/invoke.png", texts({"invokeai_metadata": json.dumps(invoke)}), violin
    older = {"model_weights": "Analog", "image": {"prompt": [{"prompt": "a violin [noise]", "weight": 1}], "seed": 3}}
    yield "made/invoke2.png", texts({"sd-metadata": json.dumps(older)}), violin
    yield "made/dream.png", texts({"Dream": '"a violin [noise]" -s 50 -S 3 -W 512'}), {**violin, "model": None}
    yield "made/novel.png", texts(NOVEL), KNIGHT
    yield "made/novel_hidden.png", saved("PNG", hidden(json.dumps(NOVEL))), KNIGHT
    yield "made/webui_hidden.png", saved("PNG", hidden(WEBUI.format("v1.6.0"), b"stealth_pnginfo")), fox
    yield "made/novel.webp", saved("WEBP", exif=commented(json.dumps(NOVEL))), KNIGHT
    scheme = {"prompt": "a cactus", "negative_prompt": "", "base_model": "juggernautXL", "seed": "8", "version": "Fooocus v2.5.5"}
    cactus = {"generator": "Fooocus", "prompt": "a cactus", "negative_prompt": None, "model": "juggernautXL", "seed": "8"}
    yield "made/fooocus.png", texts({"parameters": json.dumps(scheme), "fooocus_scheme": "fooocus"}), cactus
    yield "made/fooocus.jpg", saved("JPEG", exif=commented(json.dumps(scheme), b"UNICODE\0")), cactus
    yield "made/fooocus_webui.png", texts({"parameters": WEBUI.format("Fooocus v2.5.5")}), {**fox, "generator": "Fooocus"}
    yield "made/draw.jpg", saved("JPEG", exif=commented(DRAW_THINGS, b"ASCII\0\0\0", "ascii")), TEAPOT
    packet = XMP.format(title="x", rating=0).replace("xmp:Rating='0'", "").replace(
        "</rdf:Description>", f"<exif:UserComment><rdf:Alt><rdf:li xml:lang='x-default'>{DRAW_THINGS}</rdf:li></rdf:Alt>"
        "</exif:UserComment></rdf:Description>")
    yield "made/draw.png", texts({"XML:com.adobe.xmp": packet}), {**TEAPOT, "keywords": ("harbor", "Sydney")}
    swarm = {"sui_image_params": {"prompt": "a moth", "negativeprompt": "dust", "model": "a/b.safetensors", "seed": 4}}
    moth = {"generator": "SwarmUI", "prompt": "a moth", "negative_prompt": "dust", "model": "b", "seed": "4"}
    yield "made/swarm.png", texts({"parameters": json.dumps(swarm)}), moth
    yield "made/easy.png", texts({"prompt": "a moth", "negative_prompt": "dust", "seed": "4", "use_stable_diffusion_model": "b"}), {
        **moth, "generator": "Easy Diffusion"}
    yield "made/journey.png", texts({"Description": "a gate --v 6 Job ID: 01234567-89ab-cdef-0123-456789abcdef", "Author": "me"}), {
        "generator": "Midjourney", "prompt": "a gate --v 6"}
    yield "plain/said.png", texts({"Title": "Plain", "Description": "Said in PNG's own way", "Author": "Ada", "prompt": "{"}), {
        "title": "Plain", "caption": "Said in PNG's own way", "creator": "Ada", "generator": None}
    yield "plain/nothing.jpg", saved("JPEG", picture(3)), {"caption": None, "problem": None, "keywords": ()}


def write(folder: Path) -> dict[str, dict[str, object]]:
    """Make the folder; returns what each picture says, by its path."""
    expected = {}
    for name, data, said in entries():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(data)
        if not name.endswith(".xmp"):
            expected[name] = said
    return expected
