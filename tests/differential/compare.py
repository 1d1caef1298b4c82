"""What two pictures of one file have in common, and what not."""

from __future__ import annotations

from PIL import Image, ImageChops, ImageStat

SIZE, ORIENTATION, TRANSPARENCY, COLOUR = "size", "orientation", "transparency", "mean colour"
END = "one of them shows nothing"

_SIDE = 16
_ALPHA, _ALPHA_PLACE, _COLOUR = 4.0, 64, 8.0
_TURNED = 12.0


def differences(ours: Image.Image, theirs: Image.Image, *, where_ours_is: bool = False) -> dict[str, str]:
    """What differs, each with its numbers. Both are RGBA; an orientation that differs hides the rest.

    `where_ours_is`: what is transparent in ours is left out, since all of the picture is not there.
    """
    found = {}
    if not _near(ours.size, theirs.size):
        turned = _near(ours.size, theirs.size[::-1])
        return {ORIENTATION if turned else SIZE: f"{ours.size} and {theirs.size}"}
    if theirs.size != ours.size:
        theirs = theirs.resize(ours.size)
    if where_ours_is:
        theirs = theirs.copy()
        theirs.putalpha(ImageChops.darker(*(picture.getchannel("A") for picture in (ours, theirs))))
    if (best := _best(ours, theirs)) != "as it is":
        return {ORIENTATION: best}
    alphas = [picture.getchannel("A").resize((_SIDE, _SIDE), Image.Resampling.BOX) for picture in (ours, theirs)]
    apart = ImageChops.difference(*alphas)
    mean, place = ImageStat.Stat(apart).mean[0], apart.getextrema()[1]
    if mean > _ALPHA or place > _ALPHA_PLACE:  # type: ignore[operator]
        found[TRANSPARENCY] = f"{mean:.0f} of 255, in a place {place}"
    means = [ImageStat.Stat(_on_grey(picture)).mean for picture in (ours, theirs)]
    if max(abs(a - b) for a, b in zip(*means, strict=True)) > _COLOUR:
        found[COLOUR] = " and ".join(str(tuple(round(value) for value in mean)) for mean in means)
    return found


def _near(one: tuple[int, ...], other: tuple[int, ...]) -> bool:
    return all(abs(a - b) <= 1 for a, b in zip(one, other, strict=True))


def _on_grey(picture: Image.Image) -> Image.Image:
    return Image.alpha_composite(Image.new("RGBA", picture.size, (128, 128, 128, 255)), picture).convert("RGB")


def _best(ours: Image.Image, theirs: Image.Image) -> str:
    """How theirs must be turned to be like ours: the name of a turn after which they are."""
    one, other = (_on_grey(picture).resize((_SIDE, _SIDE), Image.Resampling.BOX) for picture in (ours, theirs))
    plain = _apart(one, other)
    if plain < _TURNED and _near(ours.size, theirs.size):
        return "as it is"
    turns = {_apart(one, other.transpose(turn)): turn.name for turn in Image.Transpose}
    least = min(turns)
    return turns[least] if least < min(_TURNED, plain / 2) else "as it is"


def _apart(one: Image.Image, other: Image.Image) -> float:
    return max(ImageStat.Stat(ImageChops.difference(one, other)).mean)
