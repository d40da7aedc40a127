"""Lines of text: what they say and how they are drawn."""

from __future__ import annotations

from typing import Literal, get_args

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from forensics.data.forge.draw import choice, integer

Alpha = NDArray[np.float32]
Font = Literal["aileron", "aileron_bold", "bitmap", "opencv", "opencv_bold", "opencv_italic"]

FONTS: tuple[Font, ...] = get_args(Font)
_WORDS = """
    sale new photo holiday summer sunday city news live best price family garden winter coffee market report press
    archive studio travel breaking exclusive sample draft approved copy original confidential official update
    limited offer open closed today north harbor bridge museum festival birthday
"""
WORDS = tuple(_WORDS.split())
_LINES = {"words": 4, "date": 2, "time": 1, "number": 1, "price": 1, "file": 1, "handle": 1, "notice": 1}
# strokes of Hershey's in OpenCV 4, outlines of the same weights in OpenCV 5
_OPENCV = {
    "opencv": cv2.FONT_HERSHEY_SIMPLEX,
    "opencv_bold": cv2.FONT_HERSHEY_TRIPLEX,
    "opencv_italic": cv2.FONT_HERSHEY_SCRIPT_COMPLEX,
}


def draw_words(random: np.random.Generator) -> str:
    """A short line of ASCII: words, a date, a time, a number, a price, a file name, an address, a notice."""
    kind = choice(random, _LINES)
    word = WORDS[integer(random, 0, len(WORDS) - 1)]
    year, month, day = integer(random, 1990, 2030), integer(random, 1, 12), integer(random, 1, 28)
    hour, minute = integer(random, 0, 23), integer(random, 0, 59)
    number = integer(random, 1, 99999)
    if kind == "words":
        line = " ".join([word, *(WORDS[integer(random, 0, len(WORDS) - 1)] for _ in range(integer(random, 0, 3)))])
        return (line, line.upper(), line.title(), line.capitalize())[integer(random, 0, 3)]
    lines = {
        "date": (f"{year}-{month:02}-{day:02}", f"{day:02}.{month:02}.{year}", f"'{year % 100:02} {month} {day}"),
        "time": (f"{hour:02}:{minute:02}", f"{year}/{month:02}/{day:02} {hour:02}:{minute:02}"),
        "number": (str(number), f"No. {number}", f"#{number % 100}", f"{number % 100}%"),
        "price": (f"${number / 100:.2f}", f"EUR {number % 1000}", f"{number % 100},99"),
        "file": (f"IMG_{number:05}.JPG", f"DSC{number:05}", f"{word}_{number % 100}.png"),
        "handle": (f"@{word}{number % 100}", f"www.{word}.example", f"{word}@mail.example"),
        "notice": (f"(c) {year} {word}", f"(c) {word} press", f"Photo: {word} / {year}"),
    }[kind]
    return lines[integer(random, 0, len(lines) - 1)]


def render_line(text: str, font: Font, height: int) -> Alpha:
    """Draws a line of text, cropped to its ink.

    Args:
        text: ASCII.
        font: ``aileron`` and ``bitmap`` (as coarse as old displays) come with Pillow, the others with OpenCV.
        height: Size of the font in pixels; small letters are about half as high.

    Returns:
        float32 ``[h, w]`` in 0..1; ``[1, 1]`` zero where nothing shows.
    """
    if font in _OPENCV:
        canvas = _opencv(text, font, height)
    elif font == "bitmap":
        canvas = _bitmap(text, height)
    else:
        canvas = _aileron(text, height, weight=max(1, round(height / 24)) if font == "aileron_bold" else 0)
    rows, columns = np.flatnonzero(canvas.any(axis=1)), np.flatnonzero(canvas.any(axis=0))
    if len(rows) == 0:
        return np.zeros((1, 1), dtype=np.float32)
    ink = canvas[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    return np.asarray(ink / 255, dtype=np.float32)


def _aileron(text: str, height: int, weight: int) -> NDArray[np.uint8]:
    font = ImageFont.load_default(size=height)
    left, top, right, bottom = (int(edge) for edge in font.getbbox(text, stroke_width=weight))
    image = Image.new("L", (max(1, right - left + 4), max(1, bottom - top + 4)))
    ImageDraw.Draw(image).text((2 - left, 2 - top), text, fill=255, font=font, stroke_width=weight)
    return np.asarray(image, dtype=np.uint8)


def _bitmap(text: str, height: int) -> NDArray[np.uint8]:
    font = ImageFont.load_default_imagefont()
    image = Image.new("L", (max(1, round(font.getlength(text))), 11))
    ImageDraw.Draw(image).text((0, 0), text, fill=255, font=font)
    size = (max(1, round(image.width * height / 11)), height)
    return np.asarray(image.resize(size, Image.Resampling.NEAREST), dtype=np.uint8)


def _opencv(text: str, font: str, height: int) -> NDArray[np.uint8]:
    thickness = max(1, round(height / (10 if font == "opencv_bold" else 30)))
    # capitals of these fonts are 21 units high
    scale = height / 30
    (width, ascent), below = cv2.getTextSize(text, _OPENCV[font], scale, thickness)
    margin = thickness + 4
    canvas = np.zeros((ascent + below + 2 * margin, width + 2 * margin), dtype=np.uint8)
    cv2.putText(canvas, text, (margin, margin + ascent), _OPENCV[font], scale, 255, thickness, cv2.LINE_AA)
    return canvas


def rotate(alpha: Alpha, angle: float) -> Alpha:
    """Turns a drawing by ``angle`` degrees counterclockwise, on a canvas that holds all of it."""
    if angle == 0:
        return alpha
    height, width = alpha.shape[:2]
    matrix = cv2.getRotationMatrix2D(((width - 1) / 2, (height - 1) / 2), angle, 1.0)
    cosine, sine = abs(matrix[0, 0]), abs(matrix[0, 1])
    new_width = int(np.ceil(width * cosine + height * sine)) + 1
    new_height = int(np.ceil(width * sine + height * cosine)) + 1
    matrix[:, 2] += (new_width - width) / 2, (new_height - height) / 2
    return np.asarray(cv2.warpAffine(alpha, matrix, (new_width, new_height), flags=cv2.INTER_LINEAR), dtype=np.float32)


def draw_text_shape(random: np.random.Generator, size: tuple[int, int], area: float) -> Alpha:
    """A line of text at a random place as a shape; as large as the picture allows where the area asks for more.

    Args:
        size: Height and width of the picture in pixels.
        area: Wanted share of the picture that the letters cover.

    Returns:
        float32 ``[H, W]`` in 0..1.
    """
    height, width = size
    text, font = draw_words(random), FONTS[integer(random, 0, len(FONTS) - 1)]
    angle = float(random.uniform(-20, 20)) if random.random() < 0.5 else 0.0
    probe = 48
    turned = rotate(render_line(text, font, probe), angle)
    covered = max(1.0, float((turned > 0.5).sum()))
    fits = 0.98 * min(height / turned.shape[0], width / turned.shape[1])
    enlarge = min(np.sqrt(area * height * width / covered), fits)
    line = rotate(render_line(text, font, max(7, int(probe * enlarge))), angle)[:height, :width]
    top = integer(random, 0, height - line.shape[0])
    left = integer(random, 0, width - line.shape[1])
    alpha = np.zeros(size, dtype=np.float32)
    alpha[top : top + line.shape[0], left : left + line.shape[1]] = line
    return alpha
