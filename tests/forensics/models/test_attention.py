"""Transformer blocks: the fast ways against the plain formula."""

import pytest
import torch
from torch import Tensor

from forensics.models import dropped_attention as dropped
from forensics.models.attention import Transformer, attend
from forensics.models.dropout import draw_kept, seeded_bits, share_kept
from forensics.models.dropped_attention import dropped_attention
from forensics.models.object_attention import ObjectGuide


def plain(q: Tensor, k: Tensor, v: Tensor, mask: Tensor | None, kept: Tensor | float = 1.0) -> Tensor:
    logits = torch.einsum("bhmd,bhnd->bhmn", q, k) / q.shape[-1] ** 0.5
    if mask is not None:
        logits = logits.masked_fill(~mask[:, None], -torch.inf)
    return torch.einsum("bhmn,bhnd->bhmd", logits.softmax(-1) * kept, v)


def make_qkv(queries: int, length: int, dtype: torch.dtype = torch.float64) -> tuple[Tensor, Tensor, Tensor]:
    torch.manual_seed(0)
    q, k, v = (torch.randn(2, 3, count, 8, dtype=dtype) for count in (queries, length, length))
    return q.requires_grad_(), k.requires_grad_(), v.requires_grad_()


def make_mask(queries: int, length: int) -> Tensor:
    mask = torch.rand(2, queries, length) > 0.5
    mask[:, :, 0] = True
    return mask


@pytest.mark.parametrize(("queries", "length"), [(5, 5), (1, 5), (40, 40), (1, 40)])
@pytest.mark.parametrize("masked", [True, False])
def test_attention_without_dropout_is_the_plain_formula(queries: int, length: int, masked: bool) -> None:
    q, k, v = make_qkv(queries, length)
    mask = make_mask(length, length) if masked else None
    expected = plain(q, k, v, None if mask is None else mask[:, :queries])
    torch.testing.assert_close(attend(q, k, v, mask, 0.0), expected)


# All at once, one head at a time, seven rows of one head at a time.
@pytest.mark.parametrize("weights_at_once", [2**20, 400, 150])
@pytest.mark.parametrize("masked", [True, False])
def test_dropped_attention_and_its_gradients(
    weights_at_once: int, masked: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dropped, "_WEIGHTS_AT_ONCE", weights_at_once)
    length, dropout = 20, 0.3
    mask = make_mask(length, length) if masked else None

    # What is dropped shows where every value is one of the unit vectors.
    q, k, _ = make_qkv(length, length)
    torch.manual_seed(1)
    weights = dropped_attention(q, k, torch.eye(length, dtype=q.dtype).expand(2, 3, -1, -1), mask, dropout)
    kept = (weights.detach() != 0).double() / share_kept(dropout)

    q, k, v = make_qkv(length, length)
    torch.manual_seed(1)
    mixed = dropped_attention(q, k, v, mask, dropout)
    expected = plain(q, k, v, mask, kept)
    torch.testing.assert_close(mixed, expected)
    seen = torch.randn_like(mixed)
    for gradient, other in zip(
        torch.autograd.grad(mixed, (q, k, v), seen), torch.autograd.grad(expected, (q, k, v), seen), strict=True
    ):
        torch.testing.assert_close(gradient, other)


def test_dropout_keeps_its_share_and_is_fixed_by_the_seed() -> None:
    shape = torch.Size([1000, 1001])
    kept = draw_kept(shape, 0.1, seeded_bits(5))
    assert kept.double().mean().item() == pytest.approx(share_kept(0.1), abs=1e-3)
    assert share_kept(0.1) == pytest.approx(0.9, abs=1e-5)
    assert torch.equal(kept, draw_kept(shape, 0.1, seeded_bits(5)))
    assert not torch.equal(kept, draw_kept(shape, 0.1, seeded_bits(6)))


def test_training_is_fixed_by_the_seed_and_right_on_average() -> None:
    torch.manual_seed(0)
    transformer = Transformer(1, 16, 2, 2.0, dropout=0.2, drop_path=0.2)
    with torch.no_grad():
        transformer.blocks[0].mlp[3].weight.zero_()  # the MLP is no mean of its inputs; attention's values are
    tokens = torch.randn(1, 20, 16)
    still = transformer.eval()(tokens)
    transformer.train()
    with torch.no_grad():
        assert (transformer(tokens.expand(5000, -1, -1)).mean(0) - still).abs().max() < 0.02
        torch.manual_seed(7)
        once = transformer(tokens)
        torch.manual_seed(7)
        assert torch.equal(once, transformer(tokens))
        assert not torch.equal(once, transformer(tokens))


@pytest.mark.parametrize("shape", [(1, 20, 16), (50, 3, 16)])
def test_drop_path_leaves_samples_as_they_were(shape: tuple[int, int, int]) -> None:
    torch.manual_seed(0)
    transformer = Transformer(1, 16, 2, drop_path=0.5).train()
    tokens = torch.randn(shape, requires_grad=True)
    results = [transformer(tokens) for _ in range(20)]
    skipped = torch.stack([(result == tokens).all(2).all(1) for result in results]).float().mean()
    assert skipped.item() == pytest.approx(0.25, abs=0.15)  # both branches
    sum(result.sum() for result in results).backward()
    assert all(parameter.grad is not None for parameter in transformer.parameters())


def test_a_batch_that_skips_a_block_gives_every_parameter_a_gradient() -> None:
    transformer = Transformer(1, 16, 2, dropout=0.1, drop_path=1 - 1e-9).train()
    guide = ObjectGuide(torch.ones(2, 1, 20, dtype=torch.bool))
    transformer(torch.randn(2, 20, 16), guide).sum().backward()
    assert all(parameter.grad is not None and not parameter.grad.any() for parameter in transformer.parameters())


@torch.no_grad()
@pytest.mark.parametrize("length", [4, 40])
def test_wanted_tokens_are_those_of_the_whole(length: int) -> None:
    torch.manual_seed(0)
    transformer = Transformer(3, 16, 2).eval()
    tokens = torch.randn(2, length, 16)
    guide = ObjectGuide(torch.rand(2, 3, length) > 0.5)
    for mask in (None, guide, guide.dense):
        whole = transformer(tokens, mask)
        for wanted in (1, 3, length):
            torch.testing.assert_close(transformer(tokens, mask, wanted=wanted), whole[:, :wanted])
    assert Transformer(0, 16, 2)(tokens, wanted=1).shape == (2, 1, 16)


def test_mixed_precision_stays_near_full_precision() -> None:
    torch.manual_seed(0)
    transformer = Transformer(2, 32, 2, dropout=0.2, drop_path=0.2).train()
    tokens = torch.randn(4, 40, 32)
    torch.manual_seed(1)
    full = transformer(tokens)
    torch.manual_seed(1)
    with torch.autocast("cpu", torch.bfloat16):
        mixed = transformer(tokens)
    assert (mixed - full).abs().max() < 0.05
    mixed.sum().backward()
    assert all(torch.isfinite(parameter.grad).all() for parameter in transformer.parameters())
