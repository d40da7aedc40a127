"""Who may attend to whom: bits, blocks and dense masks say the same."""

import pytest
import torch
from torch import Tensor
from torch.nn import functional

from forensics.models.attention import Transformer
from forensics.models.object_attention import ObjectGuide, block_attention


def make_membership(kind: str, objects: int, patches: int) -> Tensor:
    """bool ``[2, K, N]``."""
    torch.manual_seed(objects)
    if kind == "scattered":
        return torch.rand(2, objects, patches) > 0.9
    if kind == "stretches":  # blocks of one object, blocks of several, and pairs of blocks without a common one
        label = torch.arange(patches) * objects // patches
        membership = functional.one_hot(label, objects).T.bool().repeat(2, 1, 1)
        membership[1, 0, patches // 2 :] = True
        return membership
    if kind == "one":
        return torch.ones(2, objects, patches, dtype=torch.bool)
    return torch.zeros(2, objects, patches, dtype=torch.bool)


def pairs(membership: Tensor) -> Tensor:
    """Object by object, as the paper says it."""
    patches = membership.shape[2]
    mask = torch.eye(patches, dtype=torch.bool).repeat(len(membership), 1, 1)
    for index in range(membership.shape[1]):
        mask |= membership[:, index, :, None] & membership[:, index, None, :]
    return mask


KINDS = [("scattered", 5, 300), ("scattered", 130, 256), ("stretches", 4, 512), ("stretches", 3, 300), ("one", 1, 257),
         ("none", 2, 200)]  # fmt: skip


@pytest.mark.filterwarnings("ignore:flex_attention called without torch.compile")
@pytest.mark.parametrize(("kind", "objects", "patches"), KINDS)
def test_blocks_and_bits_give_the_attention_of_the_dense_mask(kind: str, objects: int, patches: int) -> None:
    membership = make_membership(kind, objects, patches)
    guide = ObjectGuide(membership)
    expected = pairs(membership)
    assert torch.equal(guide.dense, expected)

    q, k, v = (torch.randn(2, 2, patches, 16) for _ in range(3))
    dense = functional.scaled_dot_product_attention(q, k, v, attn_mask=expected[:, None])
    torch.testing.assert_close(block_attention(q, k, v, guide), dense, atol=1e-5, rtol=1e-4)

    places = torch.arange(patches)
    sees = guide.block_mask.mask_mod
    seen = sees(torch.arange(2)[:, None, None], torch.tensor(0), places[:, None], places)
    assert torch.equal(seen, expected)


@pytest.mark.parametrize(("kind", "objects", "patches"), KINDS)
def test_blocks_are_skipped_and_full_exactly_where_they_should_be(kind: str, objects: int, patches: int) -> None:
    membership = make_membership(kind, objects, patches)
    mask = ObjectGuide(membership).block_mask
    blocks = -(-patches // 128)
    padded = functional.pad(pairs(membership), (0, -patches % 128, 0, -patches % 128))
    tiles = padded.unflatten(1, (blocks, 128)).unflatten(3, (blocks, 128)).transpose(2, 3)
    listed, full = (torch.zeros(2, blocks, blocks, dtype=torch.bool) for _ in range(2))
    for where, counts, columns in (
        (listed, mask.kv_num_blocks, mask.kv_indices), (full, mask.full_kv_num_blocks, mask.full_kv_indices),
    ):  # fmt: skip
        for sample in range(2):
            for row in range(blocks):
                where[sample, row, columns[sample, 0, row, : counts[sample, 0, row]].long()] = True
    assert not (listed & full).any()
    assert torch.equal(listed | full, tiles.any(4).any(3))
    assert (tiles.all(4).all(3) | ~full).all()
    if kind == "one" or patches == 512:
        assert full.any()


def test_a_guide_of_some_samples() -> None:
    guide = ObjectGuide(make_membership("scattered", 5, 40))
    rows = torch.tensor([1])
    assert torch.equal(guide.select(rows).dense, guide.dense[rows])
    assert guide.select(slice(None)) is guide


@torch.no_grad()
def test_a_large_grid_stays_inside_its_objects() -> None:
    """4,096 patches: what changes in one object shows in no other."""
    torch.manual_seed(0)
    guide = ObjectGuide(make_membership("stretches", 4, 4096)[:1])
    transformer = Transformer(2, 16, 1).eval()
    tokens = torch.randn(1, 4096, 16)
    changed = tokens.clone()
    changed[:, 5] += 1
    moved = (transformer(changed, guide) != transformer(tokens, guide)).any(2)[0]
    assert moved[:1024].sum() > 100
    assert not moved[1024:].any()


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
@pytest.mark.parametrize(("kind", "objects", "patches"), [("stretches", 4, 4096), ("scattered", 70, 1025)])
def test_blocks_on_a_gpu(kind: str, objects: int, patches: int) -> None:
    guide = ObjectGuide(make_membership(kind, objects, patches).cuda())
    q, k, v = (torch.randn(2, 2, patches, 32, device="cuda", requires_grad=True) for _ in range(3))
    dense = functional.scaled_dot_product_attention(q, k, v, attn_mask=guide.dense[:, None])
    skipped = block_attention(q, k, v, guide)
    torch.testing.assert_close(skipped, dense, atol=2e-3, rtol=2e-3)
    seen = torch.randn_like(dense)
    for gradient, other in zip(
        torch.autograd.grad(skipped, (q, k, v), seen), torch.autograd.grad(dense, (q, k, v), seen), strict=True
    ):
        torch.testing.assert_close(gradient, other, atol=5e-3, rtol=5e-3)
