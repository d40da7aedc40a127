"""What perturbations do to a localizer: the same set scored again and again, each time a little more damaged."""
