"""Early mixing: noise views mixed into one modality, encoded beside the pixels and fused scale by scale."""
