"""OMG-Fuser: object-guided fusion of forensic signals (CVPR Workshops 2024)."""
