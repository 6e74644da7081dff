"""Reasons in words: what the command line prints, and what JSON has of them."""

from __future__ import annotations

from dataclasses import asdict

from pipeline.reasons.score import Part
from pipeline.reasons.structure import Structure
from pipeline.reasons.why import Reasons

COLORS = 5  # that are named


def structure(found: Structure, texture: bool | None) -> str:
    """What the points of two pictures mean, in one sentence."""
    points = f"{found.inliers} of {len(found.pairs)} pairs of points lie where one movement puts them"
    if found.same:
        mirrored = ", mirrored" if found.mirrored else ""
        return f"The same thing or the same picture{mirrored}: {points}."
    if texture:
        return f"Alike in texture, not the same thing: {points}."
    return f"Nothing in common that points could show: {points}."


def as_text(reasons: Reasons) -> str:
    """Some lines for a terminal."""
    found = reasons.score
    lines = [f"Score {found.score:.4f}" + (" = the weighted geometric mean of how far it stands out" if found.scaled else "")]
    lines += [_part(part, found.scaled) for part in found.parts]
    if found.written:
        lines.append(f"  written about it ({found.written[1]}): raises {found.looks:.4f} to {found.score:.4f}")
    if reasons.structure:
        lines.append(structure(reasons.structure, reasons.texture))
    if reasons.colors and (shared := _shared(reasons)):
        lines.append(f"Shared colors: {shared}")
    if reasons.known.things:
        seen = (f"{one.name} {one.asked:.0%} and {one.found:.0%}" for one in reasons.known.things)
        lines.append(f"Things seen: {', '.join(seen)}")
    for name, values in reasons.known.shared.items():
        lines.append(f"Shared {name}s: {', '.join(values)}")
    return "\n".join(lines)


def _part(part: Part, scaled: bool) -> str:
    value = "lacks it, counts as average" if part.value is None else f"{'stands out' if scaled else 'cosine'} {part.value:.4f}"
    amount = f"takes {part.amount:.4f}" if scaled else f"adds {part.amount:.4f}"
    place = "" if part.place is None else f", {'about ' * part.place.about}rank {part.place.rank:,} of {part.place.of:,} by it alone"
    return f"  {part.name:<14}{amount}  (weight {part.share:.3f}, {value}{place})"


def _shared(reasons: Reasons) -> str:
    best = [(color, product) for color, product in zip(reasons.colors.colors, reasons.colors.products) if product > 0]
    return ", ".join(f"{color} adds {product:.3f}" for color, product in best[:COLORS])


def as_json(reasons: Reasons) -> dict:
    """What `why --json` prints: the score with its parts, what is known of both, and figures of the rest."""
    told = {"score": asdict(reasons.score), "known": asdict(reasons.known)}
    if (found := reasons.structure) is not None:
        told["structure"] = {
            "keypoints": [len(found.first), len(found.second)], "pairs": len(found.pairs), "inliers": found.inliers,
            "mirrored": found.mirrored, "same": found.same, "texture": reasons.texture,
            "said": structure(found, reasons.texture),
        }
    if (shared := reasons.colors) is not None:
        rows = zip(shared.bins.tolist(), shared.colors, shared.products.tolist())
        told["colors"] = [{"bin": b, "color": color, "adds": product} for b, color, product in rows if product]
    told["meaning"] = {
        name: {"asked": one.asked.adds.tolist(), "found": one.found.adds.tolist(), "sums": one.sums} for name, one in reasons.meaning.items()
    }
    told["words"] = {word: one.adds.tolist() for word, one in reasons.words.items()}
    return told
