"""Pictures with truth: manifests, photos, generated forgeries, and the tensors made of them."""
