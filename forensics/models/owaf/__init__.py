"""OwAF: score maps fused by operation-wise attention."""
