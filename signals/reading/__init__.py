"""What a file is and what it holds: formats, markers, tags, damage and pixels, read from untrusted bytes."""
