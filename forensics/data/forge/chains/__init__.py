"""What happens after the edit: saves, platforms, screenshots, and the chains of them."""
