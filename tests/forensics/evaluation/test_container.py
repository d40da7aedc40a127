"""What headers tell, on files made to tell something or nothing."""

import io

import numpy as np
import pytest
from PIL import Image, PngImagePlugin
from sklearn.metrics import roc_auc_score

from forensics.evaluation.container import container_features, content_features, header_row, header_scores
from signals import Evidence

SCENE = Image.fromarray(np.random.default_rng(0).integers(0, 256, (50, 70, 3), np.uint8))


def opened(image=SCENE, kind="JPEG", **options):
    file = io.BytesIO()
    image.save(file, kind, **options)
    return Evidence.open(file.getvalue())


def features(**options):
    return container_features(opened(**options))


def test_a_jpeg_tells_its_quality_sampling_and_tables():
    found = features(quality=83, subsampling=0, progressive=True)
    assert (found["luma_quality"], found["luma_distance"], found["chroma_quality"]) == (83, 0, 83)
    assert (found["jpeg_sampling"], found["jpeg_progressive"], found["jpeg_tables"]) == (11, 1, 2)
    assert features(quality=83)["jpeg_sampling"] == 22
    # ITU-T T.81, table K.1 at quality 50 is the table itself: 16 11 12 14 in zig-zag order.
    assert [features(quality=50)[f"luma_step_{number}"] for number in range(4)] == [16, 11, 12, 14]


def test_a_jpeg_tells_its_writer():
    assert features(quality=90)["jpeg_standard_huffman"] == 1
    assert features(quality=90, optimize=True)["jpeg_standard_huffman"] == 0
    assert features(quality=90, dpi=(72, 72))["jpeg_density"] != features(quality=90)["jpeg_density"]
    exif = Image.Exif()
    exif[0x0110] = "camera"
    assert (features(exif=exif)["has_exif"], features()["has_exif"]) == (1, 0)
    assert features(comment=b"made by")["marker_COM"] == 1


def test_sides_are_told_with_their_place_on_the_grid():
    found = features()
    assert (found["width"], found["height"], found["long_side"]) == (70, 50, 70)
    assert (found["width_mod_8"], found["width_mod_16"], found["height_mod_8"]) == (6, 6, 2)


def test_png_and_webp_tell_their_chunks():
    told = PngImagePlugin.PngInfo()
    told.add_text("Software", "an editor")
    png = features(kind="PNG", pnginfo=told, compress_level=9)
    assert (png["is_png"], png["has_software"], png["chunk_tEXt"], png["png_color"]) == (1, 1, 1, 2)
    assert png["png_effort"] == 3
    assert features(kind="PNG", compress_level=1)["png_effort"] == 0
    assert (features(kind="WEBP")["chunk_VP8"], features(kind="WEBP", lossless=True)["chunk_VP8L"]) == (1, 1)


def test_all_pictures_have_the_same_names_and_none_depends_on_the_content():
    kinds = [
        opened(),
        opened(kind="PNG"),
        opened(kind="WEBP"),
        opened(kind="BMP"),
        Evidence.from_pixels(np.asarray(SCENE)),
    ]
    assert len({tuple(container_features(evidence)) for evidence in kinds}) == 1
    flat = Image.new("RGB", SCENE.size)
    for kind in ("JPEG", "PNG", "WEBP"):
        assert np.array_equal(header_row(opened(flat, kind)), header_row(opened(kind=kind)), equal_nan=True), kind


def test_content_features_measure_bytes_sharpness_and_noise():
    random = np.random.default_rng(1)
    gray = np.repeat(random.normal(128, 5, (400, 400, 1)), 3, axis=2).round().clip(0, 255).astype(np.uint8)
    found = content_features(Evidence.from_pixels(gray))
    assert found["noise"] == pytest.approx(5, rel=0.03)
    assert found["sharpness"] == pytest.approx(20 * 25, rel=0.05)  # the mask 1 1 -4 1 1 has the energy 20
    assert np.isnan(found["bytes"])
    picture = opened()
    assert content_features(picture)["bytes_per_pixel"] == len(picture.data) / 3500


def labeled(tell, count=60, sources=None):
    """Header rows of a set whose forged pictures are saved with another quality, or not."""
    labels = np.arange(count) % 2
    forged, authentic = header_row(opened(quality=80 if tell else 90)), header_row(opened(quality=90))
    table = np.array([forged if label else authentic for label in labels])
    return table, labels, sources or [f"photo{number}" for number in range(count)]


def test_headers_that_differ_tell_the_classes_apart():
    table, labels, sources = labeled(tell=True)
    found = header_scores(table, labels, sources)
    assert roc_auc_score(labels, found.scores) == 1.0
    assert np.array_equal(found.scores, header_scores(table, labels, sources).scores)


def test_headers_that_are_the_same_are_a_coin():
    table, labels, sources = labeled(tell=False)
    assert set(header_scores(table, labels, sources).scores) == {0.5}


def test_no_fold_parts_a_source():
    # The label follows the source at random: who remembers a source knows its label, who generalizes knows nothing.
    random = np.random.default_rng(4)
    labels = np.repeat(random.permutation(np.arange(100) % 2), 4)
    table = np.repeat(np.arange(100.0), 4)[:, None]
    sources = [f"photo{int(number)}" for number in table[:, 0]]
    grouped, apart = (
        roc_auc_score(labels, header_scores(table, labels, names).scores)
        for names in (sources, [str(number) for number in range(400)])
    )
    assert apart > 0.9
    assert grouped < 0.65


def test_too_few_sources_give_the_reason():
    table, labels, _ = labeled(tell=True, count=20)
    found = header_scores(table, labels, ["a", "b", "c", "d"] * 5)
    assert found.scores is None
    assert "sources" in found.reason
    with pytest.raises(ValueError, match="not as many"):
        header_scores(table, labels[:-1], ["a"] * 20)
